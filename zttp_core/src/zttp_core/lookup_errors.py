"""The errors of protocol lookup: one class for each case, and all their messages.

All can be imported and caught without the plugin concerned. The first sentence of a message states the fact, the next
one the remedy.

Not compiled: a third party may subclass them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from zttp_core.wording import one_line, said_by, shown

Version = tuple[int, int]

# Protocols of this project, only for the hint: the display name, and the distribution that provides it.
KNOWN_PROTOCOLS: Final[Mapping[str, tuple[str, str]]] = {
    "http/1.1": ("HTTP/1.1", "zttp-h1"),
    "h2": ("HTTP/2", "zttp-h2"),
    "h3": ("HTTP/3", "zttp-h3"),
}

_LONGEST_SPELLING: Final = 255  # RFC 7301 3.1: a longer name is not a typing error

# Usual names of protocols whose ALPN identifier differs.
_OTHER_SPELLINGS: Final[Mapping[str, str]] = {
    "http": "http/1.1",
    "http1": "http/1.1",
    "http/1": "http/1.1",
    "http1.1": "http/1.1",
    "h1": "http/1.1",
    "http2": "h2",
    "http/2": "h2",
    "http/2.0": "h2",
    "h2c": "h2",
    "http3": "h3",
    "http/3": "h3",
    "http/3.0": "h3",
}


class ProtocolLookupError(LookupError):
    """The requested protocol is not available.

    Attributes:
        temporary: Whether the cause may pass: the failure is not remembered, and the next lookup may succeed.
    """

    temporary = False


class ProtocolNotInstalledError(ProtocolLookupError):
    """The protocol belongs to this project, and the distribution that provides it is not installed."""


class UnknownProtocolError(ProtocolLookupError, ValueError):
    """No installed distribution provides a protocol of that name."""


class ProtocolConflictError(ProtocolLookupError):
    """More than one distribution claims the protocol."""


class PluginLoadError(ProtocolLookupError):
    """The plugin that provides the protocol is broken; its error is ``__cause__``. Other protocols still work."""


class PluginVersionError(PluginLoadError):
    """The plugin was written for a plugin API that this zttp-core does not support."""


class PluginValidationError(PluginLoadError):
    """The plugin breaks the plugin contract."""


class PluginAttributeError(AttributeError):
    """The attribute of ``zttp`` is provided by a plugin that is not installed."""


def not_installed(protocol: str, faults: Iterable[str] = ()) -> ProtocolNotInstalledError:
    """Return the error for one of this project's protocols whose distribution is absent, or cannot be read."""
    from zttp_core.remedies import requirement_for

    title, distribution = KNOWN_PROTOCOLS[protocol]
    fact = f"{title} support is not installed: no provider for protocol '{protocol}'"
    requirement = requirement_for(distribution)
    remedy = f"Install it with: pip install {requirement}" if requirement else f"This zttp comes without {distribution}"
    return ProtocolNotInstalledError(f"{fact}. {remedy}{_faults(faults)}")


def unknown(protocol: object, installed: Iterable[str], faults: Iterable[str] = ()) -> UnknownProtocolError:
    """Return the error for an unknown name, with the nearest known one."""
    names = [one_line(name, 80) for name in installed]
    guess = _nearest_protocol(protocol, names) if isinstance(protocol, str) else None
    hint = f"; did you mean '{guess}'?" if guess else "."
    return UnknownProtocolError(
        f"unknown protocol {shown(protocol)}{hint} Installed: {one_line(', '.join(names) or 'none')}. "
        f"Run 'python -m zttp protocols' for details{_faults(faults)}"
    )


def broken(protocol: str, provider: str, cause: BaseException) -> PluginLoadError:
    """Return the error for a plugin that raised while it was loaded, to be raised from ``cause``."""
    return PluginLoadError(
        f"protocol '{one_line(protocol, 80)}' from {provider} could not be loaded: {said_by(cause)}. "
        "Other protocols are not affected"
    )


def being_loaded(protocol: str) -> PluginLoadError:
    """Return the error for a plugin that looks up its own protocol while it is loaded."""
    error = PluginLoadError(f"protocol '{one_line(protocol, 80)}' is being loaded, and its plugin asks for it")
    error.temporary = True
    return error


def cannot_look(cause: BaseException) -> ProtocolLookupError:
    """Return the error for a lookup while the process could not read what is installed."""
    error = ProtocolLookupError(f"what is installed cannot be read: {said_by(cause)}. This is not kept: ask again")
    error.temporary = True
    return error


def too_new(provider: str, wanted: Version, core_version: str, provided: Version) -> PluginVersionError:
    """Return the error for a plugin that needs a newer plugin API than this core has."""
    return PluginVersionError(
        f"{provider} needs plugin API {_dotted(wanted)}, zttp-core {core_version} provides {_dotted(provided)}. "
        "It takes a newer zttp, or an older release of the plugin"
    )


def too_old(
    provider: str, wanted: Version, core_version: str, supported: tuple[Version, Version]
) -> PluginVersionError:
    """Return the error for a plugin whose plugin API this core no longer supports."""
    return PluginVersionError(
        f"{provider} was written for plugin API {wanted[0]}.x, zttp-core {core_version} supports "
        f"{_dotted(supported[0])} to {_dotted(supported[1])}. Ask its author for a release"
    )


def ageing(provider: str, wanted: Version, core_version: str, removed_in: str) -> str:
    """Return the text of the DeprecationWarning for a plugin of an older plugin API that is still supported."""
    return (
        f"{provider} was written for plugin API {_dotted(wanted)}; zttp-core {core_version} still supports it, "
        f"zttp-core {removed_in} will not. Ask its author for a release"
    )


def conflict(protocol: str, providers: Iterable[str]) -> ProtocolConflictError:
    """Return the error for a protocol with several providers, naming each."""
    return ProtocolConflictError(
        f"protocol '{one_line(protocol, 80)}' is provided by {one_line(' and '.join(providers))}. "
        "Uninstall one, or settle it with zttp.register_protocol(..., replace=True)"
    )


def shared_preface(protocol: str, rival: str) -> ProtocolConflictError:
    """Return the error for first bytes that match two protocols."""
    return ProtocolConflictError(
        f"protocols '{protocol}' and '{rival}' have prefaces that begin alike: the first bytes do not tell which it is"
    )


def not_registered(protocol: object) -> UnknownProtocolError:
    """Return the error for undoing a registration that does not exist."""
    return UnknownProtocolError(f"protocol {shown(protocol)} was not registered with zttp.register_protocol()")


def over_datagrams(protocol: str) -> UnknownProtocolError:
    """Return the error for an ALPN identifier that cannot be negotiated on a byte stream."""
    return UnknownProtocolError(f"protocol '{protocol}' runs over datagrams, a byte stream cannot have negotiated it")


def invalid(provider: str, fault: str) -> PluginValidationError:
    """Return the error for a plugin that breaks the contract; ``fault`` names the fault."""
    return PluginValidationError(f"protocol plugin {provider}: {fault}")


def missing_attribute(name: str, protocol: str) -> PluginAttributeError:
    """Return the error for an attribute of ``zttp`` that a missing plugin would provide."""
    from zttp_core.remedies import requirement_for

    title, distribution = KNOWN_PROTOCOLS[protocol]
    requirement = requirement_for(distribution)
    remedy = f": pip install {requirement}" if requirement else f", and this zttp comes without {distribution}"
    return PluginAttributeError(f"zttp.{name} needs {title} support{remedy}", name=name)


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that ``name`` probably misspells."""
    from difflib import get_close_matches  # 3 ms, only for an error

    matches = get_close_matches(name, list(candidates), n=1)
    return matches[0] if matches else None


def _nearest_protocol(name: str, installed: list[str]) -> str | None:
    if len(name) > _LONGEST_SPELLING:
        return None
    lowered = name.lower()
    if lowered in _OTHER_SPELLINGS:
        return _OTHER_SPELLINGS[lowered]
    return nearest(lowered, [*installed, *(known for known in KNOWN_PROTOCOLS if known not in installed)])


def _dotted(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


def _faults(faults: Iterable[str]) -> str:
    """Return everything that could not be read, because the missing protocol may be there."""
    return "".join(f". Could not be read: {fault}" for fault in list(faults)[:3])
