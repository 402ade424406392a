"""Static assets: a fetch is all there is (js/assets.js)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.testing.workerd_host.protocols import Wiring, calls
from edgelint.testing.workerd_host.protocols.services import fetched

if TYPE_CHECKING:
    from edgelint.testing.bindings.assets import StaticAssets
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.http import HttpRequest, HttpResponse


def wiring(declared: Declared, service: str) -> Wiring:
    """A binding of our own."""
    return calls.wired("assets", service, "fetching")


async def answer(binding: StaticAssets, request: HttpRequest) -> HttpResponse:
    """One fetch."""
    return await fetched(binding, request)
