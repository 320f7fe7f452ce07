"""Finding what makes the connections of a protocol: the slow part of ``connect``, and its errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zttp_core import lookup_errors
from zttp_core.constants import HTTP1, SERVER
from zttp_core.descriptor import BOTH_ROLES, ProtocolDescriptor
from zttp_core.errors import LocalProtocolError
from zttp_core.registry import REGISTRY


def prepare(protocol: object) -> Callable[..., Any]:
    """Find the plugin for a spelling that is used for the first time, and keep what to call for it."""
    registration = REGISTRY.resolve(HTTP1 if protocol is None else protocol)
    connection_class, factory = REGISTRY.connection_class(registration)
    from zttp_core.connection import register_connection_class

    descriptor = registration.descriptor
    register_connection_class(connection_class, descriptor.transport)
    make = factory if descriptor.roles == BOTH_ROLES else _one_role_only(descriptor, factory)
    REGISTRY.makers[protocol] = make
    return make


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


def make_with_options(make: Callable[..., Any], role: object, protocol: object, options: dict[str, Any]) -> Any:
    """Call ``make`` with options, and say it better than Python does if there is no such option."""
    try:
        return make(role, **options)
    except TypeError:
        # Either there is no such option, or the plugin refuses its value: only the first needs better words.
        fault = _unknown_option(protocol, options)
        if fault is None:
            raise
    raise TypeError(fault)


def _unknown_option(protocol: object, options: dict[str, Any]) -> str | None:
    from inspect import Parameter, signature

    registration = REGISTRY.resolve(HTTP1 if protocol is None else protocol)
    connection_class, _ = REGISTRY.connection_class(registration)
    try:
        parameters = signature(connection_class).parameters
    except ValueError:  # a class written in C may have no signature
        return None
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values()):
        return None
    known = [name for name in parameters if name != "role"]
    for option in options:
        if option not in known:
            guess = lookup_errors.nearest(option, known)
            hint = f"; did you mean '{guess}'?" if guess else f". It has: {', '.join(known) or 'none'}"
            return f"{connection_class.__name__} has no option '{option}'{hint}"
    return None
