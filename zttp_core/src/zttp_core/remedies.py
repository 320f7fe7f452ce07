"""What to install for a protocol of this project, as the metadata of the installed ``zttp`` have it.

A remedy must not put another zttp in the place of this one, so it names the version; and it must work, so what this
release does not offer has none.
"""

from __future__ import annotations

from zttp_core.installed import fields_of, normalized
from zttp_core.wording import one_line


def requirement_for(distribution: str) -> str | None:
    """Return what to give to pip for one of this project's distributions.

    ``"zttp[h2]==0.1.0"`` where an extra brings it, and the requirement itself where ``zttp`` cannot do without it;
    ``None`` if this zttp offers nothing of that name, or does not say what it is.
    """
    fields = fields_of("zttp")
    version = fields.get("version", [""])[0]
    for requirement in fields.get("requires-dist", ()):
        wanted, _, marker = requirement.partition(";")
        if normalized(_name(wanted)) != normalized(distribution):
            continue
        extra = _extra(marker)
        if extra is None:
            return one_line(f'"{wanted.strip()}"')
        return one_line(f'"zttp[{extra}]=={version}"') if version else None
    return None


def _name(requirement: str) -> str:
    end = next((at for at, one in enumerate(requirement) if one in " <>=!~[(@"), len(requirement))
    return requirement[:end]


def _extra(marker: str) -> str | None:
    before, equals, after = marker.partition("==")
    return after.strip().strip("'\"") if equals and before.strip() == "extra" else None
