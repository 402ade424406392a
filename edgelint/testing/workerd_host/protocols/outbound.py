"""What the app fetches from the world outside, as it leaves workerd: the whole URL in the request line, never any TLS.

Redirects are the app's matter: workerd follows them by asking again. ``connect()`` comes as a CONNECT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.http import HttpRequest, HttpResponse, Pairs
from edgelint.testing.workerd_host.protocols.failing import LOST, connection_lost, status_text
from edgelint.testing.workerd_host.protocols.incoming import as_app_sent
from edgelint.testing.workerd_host.tunnels import Connected

if TYPE_CHECKING:
    from edgelint.testing.world import World

_OF_THE_CONNECTION: Final = frozenset(("connection", "host", "keep-alive", "proxy-connection"))


async def answer(world: World, request: HttpRequest) -> HttpResponse:
    """One request of the app. What fails is a lost connection to it (a socket that was refused, for ``connect()``), and
    the world's logs say why. Raises EdgeUsageError for what cannot be answered here, and what a stub of the test raises
    that is no failure of a connection."""
    if request.method == "CONNECT":
        try:
            return Connected(await world.connect(request.url))
        except Exception as error:
            _told(world, error)
            return HttpResponse(502, reason="Refused")
    asked = as_app_sent(request)
    asked.headers = [pair for pair in asked.headers if pair[0].lower() not in _OF_THE_CONNECTION]
    try:
        answered = await world.outbound(asked)
    except Exception as error:
        _told(world, error)
        return connection_lost()
    return _sendable(asked, answered)


def _told(world: World, error: Exception) -> None:
    """Tell the logs why a connection fails. Raises what is no failure of one."""
    if not _is_of_connection(error):
        raise error
    if getattr(error, "message", "") != LOST:
        world.log("warn", str(error))


def _is_of_connection(error: Exception) -> bool:
    """Whether a stub, or the network, raised what stands for a connection that fails."""
    import httpx

    return isinstance(error, (EdgeError, OSError, httpx.TransportError))


def _sendable(asked: HttpRequest, answered: HttpResponse) -> HttpResponse:
    if answered.web_socket is not None:
        return answered
    if answered.status < 200:
        told = f"a stub that answers {answered.status} has to give an end of a WebSocket too"
        raise EdgeUsageError(f"{asked.url}: {told}")
    headers: Pairs = [pair for pair in answered.headers if pair[0].lower() not in _OF_THE_CONNECTION]
    made = HttpResponse(answered.status, headers, answered.body, status_text(answered.reason), answered.stream)
    if asked.method == "HEAD":
        made.body, made.stream = b"", None
    return made
