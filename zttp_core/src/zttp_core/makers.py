"""Finding the maker of a protocol's connections: the slow part of ``connect``, and its errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zttp_core import lookup_errors
from zttp_core.constants import CLIENT, HTTP1, SERVER
from zttp_core.descriptor import BOTH_ROLES, ProtocolDescriptor
from zttp_core.errors import LocalProtocolError
from zttp_core.registry import REGISTRY, spelling
from zttp_core.wording import class_name, one_line, shown


def prepare(protocol: object) -> Callable[..., Any]:
    """Find the maker for a spelling that is not known yet, and keep it."""
    key = HTTP1 if protocol is None else spelling(protocol)
    REGISTRY.resolve(key)  # may scan, which changes the state
    state = REGISTRY.state
    registration = REGISTRY.resolve(key)
    connection_class, factory = REGISTRY.connection_class(registration)
    from zttp_core.connection import remember

    descriptor = registration.descriptor
    remember(connection_class, descriptor.transport)
    make = factory if descriptor.roles == BOTH_ROLES else _one_role_only(descriptor, factory)
    REGISTRY.keep_maker(key, registration, make, state)
    if protocol is None:
        REGISTRY.keep_maker(None, registration, make, state)
    return make


def checked_role(role: object) -> int:
    """Return one of the two roles, given directly or as a member of an enumeration.

    Raises:
        ValueError: It is none of them.
    """
    if isinstance(role, int) and not isinstance(role, bool) and role in (SERVER, CLIENT):
        return int(role)
    raise ValueError(f"role must be zttp.SERVER (1) or zttp.CLIENT (2), got {shown(role)}")


def _one_role_only(descriptor: ProtocolDescriptor, factory: Callable[..., Any]) -> Callable[..., Any]:
    (supported,) = descriptor.roles

    def make(role: int, **options: Any) -> Any:
        if role != supported:
            side = "server" if supported == SERVER else "client"
            raise LocalProtocolError(
                f"protocol '{descriptor.name}' supports the {side} role only", reason="role_not_supported"
            )
        return factory(role, **options)

    return make


def check_options(protocol: object, options: dict[str, Any]) -> None:
    """After a refusal: raise a better error than Python's if there is no such option. Other errors are the plugin's.

    Raises:
        TypeError: There is no such option.
    """
    fault = _unknown_option(protocol, options)
    if fault is not None:
        raise TypeError(fault) from None


def _unknown_option(protocol: object, options: dict[str, Any]) -> str | None:
    """Return the fault in the names of the options, by the signature of the callable."""
    from inspect import Parameter

    connection_class, factory = REGISTRY.connection_class(
        REGISTRY.resolve(HTTP1 if protocol is None else spelling(protocol))
    )
    parameters = _parameters(factory)
    if parameters is None or any(one.kind is Parameter.VAR_KEYWORD for one in parameters):
        return None
    first_is_role = parameters[:1] and parameters[0].kind is not Parameter.KEYWORD_ONLY
    named = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    known = [one.name for one in parameters[1 if first_is_role else 0 :] if one.kind in named]
    for option in options:
        if option not in known:
            guess = lookup_errors.nearest(option, known) if len(option) < 80 else None
            hint = f"; did you mean '{guess}'?" if guess else f". It has: {', '.join(known) or 'none'}"
            return f"{class_name(connection_class)} has no option '{one_line(option, 80)}'{hint}"
    return None


def _parameters(function: Callable[..., Any]) -> list[Any] | None:
    from inspect import signature

    try:
        return list(signature(function).parameters.values())
    except (Exception, SystemExit):  # noqa: BLE001 - written in C, without a signature; or it is made up on the way
        return None
