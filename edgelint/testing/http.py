"""Requests and responses as plain data: what passes between hosts, services, caches, assets and the world outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx

    from edgelint.testing.sockets import SocketEnd

Pairs = list[tuple[str, str]]
_FRAMING: Final = frozenset(("content-length", "transfer-encoding"))
_NULL_BODY: Final = frozenset((101, 204, 205, 304))
"""Statuses whose responses have no body (https://fetch.spec.whatwg.org/#null-body-status)."""


class _Message:
    """What requests and responses share: headers in order, and a body that is whole or still to come."""

    headers: Pairs
    body: bytes
    stream: AsyncIterator[bytes] | None

    def header(self, name: str) -> str | None:
        """The value of a header, several joined with ", "; None when there is none."""
        found = self.header_values(name)
        return ", ".join(found) if found else None

    def header_values(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        name = name.lower()
        return [value for key, value in self.headers if key.lower() == name]

    def set_header(self, name: str, value: str | None) -> None:
        """Give a header one value, where its first one stood; None takes it away."""
        lower = name.lower()
        kept: Pairs = []
        for key, old in self.headers:
            if key.lower() != lower:
                kept.append((key, old))
            elif value is not None:
                kept.append((name, value))
                value = None
        if value is not None:
            kept.append((name, value))
        self.headers[:] = kept

    async def read(self) -> bytes:
        """The whole body; what is still to come is waited for. Raises what the stream raises."""
        stream, self.stream = self.stream, None
        if stream is not None:
            parts = [self.body] if self.body else []
            parts += [part async for part in stream]
            self.body = b"".join(parts)
        return self.body

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. What was given out is not kept."""
        if self.body:
            body, self.body = self.body, b""
            yield body
        stream, self.stream = self.stream, None
        if stream is not None:
            async for part in stream:
                yield part

    def whole(self) -> bytes:
        """The body of a message that was read. Raises RuntimeError when some of it is still to come."""
        if self.stream is not None:
            raise RuntimeError("the body is still to come: await read() first")
        return self.body


@dataclass
class HttpRequest(_Message):
    """A request. ``url`` is absolute, ``headers`` keep order and repetition, ``cf`` is the platform's own data (None:
    none was given). ``stream`` is what follows ``body``, for a body that is produced while it is read. ``redirect`` is
    "follow", "manual" or "error"."""

    method: str
    url: str
    headers: Pairs = field(default_factory=list)
    body: bytes = b""
    cf: dict[str, Any] | None = None
    stream: AsyncIterator[bytes] | None = None
    redirect: str = "manual"

    @property
    def is_upgrade(self) -> bool:
        """Whether it asks for a WebSocket."""
        return (self.header("upgrade") or "").lower() == "websocket"

    @property
    def path(self) -> str:
        """The path of the URL, "/" at least."""
        return urlsplit(self.url).path or "/"

    @classmethod
    def from_httpx(cls, request: httpx.Request) -> HttpRequest:
        """What an httpx client is about to send. Its body has to be readable at once."""
        return cls(request.method, str(request.url), _pairs(request.headers.raw), request.read())

    def to_httpx(self) -> httpx.Request:
        """The same for a test to look at, or an httpx client to send. Raises RuntimeError for a body still to come."""
        import httpx

        return httpx.Request(self.method, self.url, headers=_raw(_unframed(self.headers)), content=self.whole())


@dataclass
class HttpResponse(_Message):
    """A response. ``reason`` is its status text; ``stream`` is what follows ``body``. ``web_socket`` is the client's
    end of a connection that was accepted with status 101; ``url`` is where it came from, after redirects; ``cf`` the
    platform's own data."""

    status: int
    headers: Pairs = field(default_factory=list)
    body: bytes = b""
    reason: str = ""
    stream: AsyncIterator[bytes] | None = None
    web_socket: SocketEnd | None = None
    url: str = ""
    redirected: bool = False
    cf: dict[str, Any] | None = None

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def has_null_body(self) -> bool:
        """Whether the status allows no body."""
        return self.status in _NULL_BODY

    @classmethod
    def from_httpx(cls, response: httpx.Response) -> HttpResponse:
        """What came of an httpx request, read and decoded: without the header that said how it was compressed.
        ``extensions["web_socket"]`` is the client's end of a connection that it accepted."""
        body = response.read()
        headers = _pairs(response.headers.raw)
        if response.headers.get("content-encoding"):
            headers = [(name, value) for name, value in _unframed(headers) if name.lower() != "content-encoding"]
        url = str(response.request.url) if response._request is not None else ""
        made = cls(response.status_code, headers, body, response.reason_phrase, url=url)
        made.redirected = bool(response.history)
        made.web_socket = response.extensions.get("web_socket")
        return made

    def to_httpx(self, request: httpx.Request | None = None) -> httpx.Response:
        """The same as a test holds it. ``content-encoding`` is taken off: the body is what the app gave, and nothing
        compressed it. A connection is in ``extensions["web_socket"]``. Raises RuntimeError for a body still to come."""
        import httpx

        extensions: dict[str, Any] = {"http_version": b"HTTP/1.1"}
        if self.reason:
            extensions["reason_phrase"] = self.reason.encode("latin-1", "replace")
        if self.web_socket is not None:
            extensions["web_socket"] = self.web_socket
        headers = [(name, value) for name, value in _unframed(self.headers) if name.lower() != "content-encoding"]
        body = self.whole()
        if not self.has_null_body:
            headers.append(("content-length", str(len(body))))
        made = httpx.Response(
            self.status, headers=_raw(headers), stream=httpx.ByteStream(body), request=request, extensions=extensions
        )
        made.read()
        return made


def _unframed(headers: Iterable[tuple[str, str]]) -> Pairs:
    """Without what says how the body was framed on a wire."""
    return [(name, value) for name, value in headers if name.lower() not in _FRAMING]


def _raw(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("utf-8", "surrogateescape")) for name, value in headers]


def _pairs(raw: Iterable[tuple[bytes, bytes]]) -> Pairs:
    return [(name.decode("latin-1"), value.decode("utf-8", "surrogateescape")) for name, value in raw]
