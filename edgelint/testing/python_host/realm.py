"""The state that JavaScript keeps per isolate: the profile, the globals, what is pending."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from edgelint.testing.python_host.profile import PY313, Profile

if TYPE_CHECKING:
    from edgelint.testing.python_host.jsvalue import JsObject


class Realm:
    """One isolate. ``globals`` is its globalThis, set by who makes it (``globals.make_globals``).

    ``loop`` is where its promises run (None: whatever loop runs). ``now`` gives ms since the epoch. ``watch`` is told
    of every promise and task that begins, with a label for it (``io_context``); ``in_handler`` says whether an event is
    being handled: outside one, what does I/O is refused.
    """

    def __init__(
        self, profile: Profile = PY313, *, loop: asyncio.AbstractEventLoop | None = None,
        now: Callable[[], float] | None = None,
    ) -> None:  # fmt: skip
        self.profile = profile
        self.loop = loop
        self.now = now or _no_time
        self.globals: JsObject | None = None
        self.watch: Callable[[asyncio.Future[Any], str], None] | None = None
        self.in_handler: Callable[[], bool] = _always

    def running_loop(self) -> asyncio.AbstractEventLoop:
        """The loop for a new promise."""
        return self.loop or asyncio.get_running_loop()


def _always() -> bool:
    return True


def _no_time() -> float:
    return 0.0


_default = Realm()
_current: ContextVar[Realm] = ContextVar("edgelint_realm", default=_default)


def realm() -> Realm:
    """The isolate whose code runs."""
    return _current.get()


@contextmanager
def entered(inside: Realm) -> Iterator[Realm]:
    """Run code of an isolate."""
    token = _current.set(inside)
    try:
        yield inside
    finally:
        _current.reset(token)
