"""A world, and the Web classes in it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.python_host.web import realm
from edgelint.testing.python_host.web.scope import web_scope
from edgelint.testing.python_host.web.timers import Timers
from edgelint.testing.world import World

Answer = Callable[[HttpRequest], HttpResponse]


class Isolate:
    """``run`` a coroutine function in the realm. ``answer`` is what the world outside says; ``requests`` what it was
    asked; ``uncaught`` what nobody caught."""

    def __init__(self) -> None:
        self.world = World()
        self.timers = Timers()
        self.answer: Answer = lambda request: HttpResponse(200, [], request.url.encode())
        self.requests: list[HttpRequest] = []
        self.uncaught: list[BaseException] = []
        self.realm = realm.Realm(
            clock=self.world.clock, random=self.world.random, log=self.world.log, fetch=self._fetch,
            uncaught=self.uncaught.append,
        )  # fmt: skip
        self.scope = web_scope(self.timers)

    async def _fetch(self, request: HttpRequest) -> HttpResponse:
        await request.read()
        self.requests.append(request)
        return self.answer(request)

    def run(self, test: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        async def inside() -> Any:
            realm.enter(self.realm)
            return await test()

        return self.world.run(inside(), origin="app")


@pytest.fixture
def isolate() -> Iterator[Isolate]:
    made = Isolate()
    yield made
    made.world.close()
