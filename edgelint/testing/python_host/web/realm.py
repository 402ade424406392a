"""What the Web classes ask of the world they run in: time, chance, logs, and the way out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from contextvars import ContextVar
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from edgelint.platform.limits import DATE_WEBSOCKET_AUTO_CLOSE, DATE_WEBSOCKET_BINARY_TYPE
from edgelint.testing.errors import EdgeError

if TYPE_CHECKING:
    from edgelint.testing.clock import Clock
    from edgelint.testing.http import HttpRequest, HttpResponse


def _no_log(level: str, text: str) -> None:
    """Nobody listens."""


async def _no_fetch(request: HttpRequest) -> HttpResponse:
    raise EdgeError(f"there is no network here: {request.method} {request.url}")


def _raise(error: BaseException) -> None:
    raise error


@dataclass
class Realm:
    """One isolate's surroundings. ``clock`` None: nothing was started yet, and time stands at 0 as in production.

    ``fetch`` answers what leaves the worker. ``uncaught`` is told of what a timer, a listener or a microtask raised.
    """

    clock: Clock | None = None
    random: Random = field(default_factory=lambda: Random(0))
    log: Callable[[str, str], None] = _no_log
    fetch: Callable[[HttpRequest], Awaitable[HttpResponse]] = _no_fetch
    uncaught: Callable[[BaseException], None] = _raise
    binary_type: str = "arraybuffer"
    """What ``WebSocket.binaryType`` is at first: "blob" from compatibility date 2026-03-17 on
    (flag websocket_standard_binary_type)."""
    auto_reply: bool = False
    """Whether a close that comes in over a WebSocket is answered by one (compatibility flag
    web_socket_auto_reply_to_close)."""

    def now(self) -> float:
        """Ms since the epoch; 0 before there is a clock. Rounded to microseconds: the loop counts in seconds since the
        epoch, of which a float holds a quarter of one."""
        return 0.0 if self.clock is None else round(self.clock.now, 3)


def socket_defaults(compatibility_date: str, flags: Collection[str]) -> tuple[str, bool]:
    """``binary_type`` and ``auto_reply`` of a worker, from its date and flags
    (https://github.com/cloudflare/workerd/blob/main/src/workerd/io/compatibility-date.capnp)."""
    blobs = compatibility_date >= DATE_WEBSOCKET_BINARY_TYPE and "no_websocket_standard_binary_type" not in flags
    replies = compatibility_date >= DATE_WEBSOCKET_AUTO_CLOSE and "web_socket_manual_reply_to_close" not in flags
    return (
        "blob" if blobs or "websocket_standard_binary_type" in flags else "arraybuffer",
        replies or "web_socket_auto_reply_to_close" in flags,
    )


_current: ContextVar[Realm] = ContextVar("edgelint_realm")
_nowhere = Realm()


def current() -> Realm:
    """The realm of the code that runs."""
    return _current.get(_nowhere)


class inside:
    """Run code in a realm; tasks that it starts stay in it."""

    __slots__ = ("_realm", "_token")

    def __init__(self, realm: Realm) -> None:
        self._realm = realm

    def __enter__(self) -> Realm:
        self._token = _current.set(self._realm)
        return self._realm

    def __exit__(self, *raised: object) -> None:
        _current.reset(self._token)


def enter(realm: Realm) -> None:
    """From here on, this task and all that it starts are in a realm."""
    _current.set(realm)
