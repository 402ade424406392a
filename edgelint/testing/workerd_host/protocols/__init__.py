"""How workerd's own bindings speak to the state machines: a module for each kind of binding."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.http import HttpRequest, HttpResponse

MODULES: Final[dict[str, str]] = {
    "kv": "kv",
    "d1": "d1",
    "r2": "r2",
    "queue": "queues",
    "service": "services",
    "rate-limit": "rate_limit",
    "analytics-engine": "analytics_engine",
    "send-email": "email",
    "ai": "ai",
    "vectorize": "vectorize",
    "assets": "assets",
    "hyperdrive": "hyperdrive",
    "secrets-store": "secrets_store",
    "version-metadata": "version_metadata",
    "workflow": "workflows",
    "durable-object": "objects",
}
"""Kind of binding -> module in this package. Durable Objects in JavaScript are workerd's own."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """How a binding is written in workerd's config. ``value`` is the text behind its name (``kvNamespace = "b1"``),
    ``extensions`` the names of modules in ``workerd_host/js`` that it needs (loaded as ``edgelint:<name>``),
    ``services`` the texts of further services."""

    value: str
    extensions: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


class ProtocolModule(Protocol):
    """What each module of this package has."""

    answer: Callable[[Any, HttpRequest], Awaitable[HttpResponse]]
    wiring: Callable[[Declared, str], Wiring]


def of_kind(kind: str) -> ProtocolModule | None:
    """The module of a kind of binding, None for a kind that workerd does not reach through the loopback server."""
    name = MODULES.get(kind)
    return None if name is None else cast("ProtocolModule", import_module(f"{__name__}.{name}"))
