"""Hyperdrive: the parts of a connection string. Nothing is asked of it; where a driver connects to is outbound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host.protocols import Wiring
from edgelint.testing.workerd_host.protocols.values import wired

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.bindings.hyperdrive import Hyperdrive
    from edgelint.testing.http import HttpRequest, HttpResponse


def wiring(declared: Declared, service: str) -> Wiring:
    """A binding of our own: the runtime's has its address in the configuration, and a test may give another."""
    name = declared.name
    why = f"connect: {name}.connect() is not supported: give {name}.connectionString to a driver"
    return wired(declared, "connectionString", "host", "port", "user", "password", "database", refused=why)


def values(binding: Hyperdrive) -> dict[str, Any]:
    """What the binding is. Raises EdgeUsageError when the test gave no database."""
    return {
        "connectionString": binding.connection_string, "host": binding.host, "port": binding.port,
        "user": binding.user, "password": binding.password, "database": binding.database,
    }  # fmt: skip


async def answer(binding: Hyperdrive, request: HttpRequest) -> HttpResponse:
    """Nothing is asked over HTTP."""
    raise EdgeUsageError(f"{binding.name} was asked for {request.url}")
