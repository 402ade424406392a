"""Version metadata: three texts. Nothing is asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host.protocols import Wiring
from edgelint.testing.workerd_host.protocols.values import wired

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.bindings.version_metadata import VersionMetadata
    from edgelint.testing.http import HttpRequest, HttpResponse


def wiring(declared: Declared, service: str) -> Wiring:
    """A binding of our own: the runtime has none, and a test may set its texts."""
    return wired(declared, "id", "tag", "timestamp")


def values(binding: VersionMetadata) -> dict[str, Any]:
    """What the binding is."""
    return binding.values()


async def answer(binding: VersionMetadata, request: HttpRequest) -> HttpResponse:
    """Nothing is asked over HTTP."""
    raise EdgeUsageError(f"{binding.name} was asked for {request.url}")
