"""httpx in front of a world: ``edge_client`` and ``edge_async_client`` are ordinary httpx clients."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import httpx

from edgelint.testing.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    import asyncio

    from edgelint.testing.world import World

BASE_URL = "https://example.com"
"""What a path alone is relative to."""

Serve = Callable[[HttpRequest], Awaitable[HttpResponse]]


class Transport(httpx.BaseTransport):
    """Each request is a fetch event of the worker under test. What the handler raises comes out of the call."""

    def __init__(self, world: World, serve: Serve) -> None:
        self._world = world
        self._serve = serve

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = HttpRequest.from_httpx(request)
        return self._world.run(_served(self._serve, asked), origin="app").to_httpx(request)


class AsyncTransport(httpx.AsyncBaseTransport):
    """The same for a test that awaits: requests that are in flight together run together."""

    def __init__(self, world: World, serve: Serve) -> None:
        self._world = world
        self._serve = serve

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        from anyio.lowlevel import checkpoint

        await request.aread()
        started: asyncio.Task[HttpResponse] = self._world.start(_served(self._serve, HttpRequest.from_httpx(request)))
        await checkpoint()  # the test's other requests start too before the world runs
        return self._world.run(_finished(started), origin="app").to_httpx(request)


async def _served(serve: Serve, request: HttpRequest) -> HttpResponse:
    return await serve(request)


async def _finished(task: asyncio.Task[HttpResponse]) -> HttpResponse:
    return await task
