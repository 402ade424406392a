"""Secrets of a secrets store: js/secret.js calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgelint.testing.workerd_host.protocols import Wiring, calls

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.bindings.secrets_store import StoredSecret
    from edgelint.testing.http import HttpRequest, HttpResponse


def wiring(declared: Declared, service: str) -> Wiring:
    """A binding of our own."""
    return calls.wired("secret", service)


async def answer(binding: StoredSecret, request: HttpRequest) -> HttpResponse:
    """One call of ``get``."""

    async def get(method: str, args: list[Any]) -> Any:
        return await binding.get()

    return await calls.answered(request, get)
