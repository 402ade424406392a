"""Rate limiters: workerd has none of its own, js/ratelimit.js calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgelint.testing.workerd_host.protocols import Wiring, calls

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.bindings.rate_limit import RateLimiter
    from edgelint.testing.http import HttpRequest, HttpResponse


def wiring(declared: Declared, service: str) -> Wiring:
    """A binding of our own."""
    return calls.wired("ratelimit", service)


async def answer(binding: RateLimiter, request: HttpRequest) -> HttpResponse:
    """One call of ``limit``."""

    async def limit(method: str, args: list[Any]) -> Any:
        return await binding.limit(args[0])

    return await calls.answered(request, limit)
