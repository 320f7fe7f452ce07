"""The requirement to install for a protocol of this project, from the metadata of the installed ``zttp``.

A remedy must not replace this zttp by another one, so it names the version; and it must work, so a protocol that this
release does not offer has none.
"""

from __future__ import annotations

from zttp_core.installed import fields_of, normalized
from zttp_core.wording import one_line


def requirement_for(distribution: str) -> str | None:
    """Return the requirement for pip for one of this project's distributions.

    ``"zttp[h2]==0.1.0"`` if an extra provides it, and the requirement itself if ``zttp`` always needs it; ``None`` if
    this zttp offers nothing of that name, or its metadata is missing.
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
