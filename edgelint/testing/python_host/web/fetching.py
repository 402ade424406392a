"""fetch: a request out of the worker, and its redirects."""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.python_host.web import mime, realm
from edgelint.testing.python_host.web.base import MISSING
from edgelint.testing.python_host.web.promises import Future, pending, reject, rejected, resolve, started, then
from edgelint.testing.python_host.web.request import Request
from edgelint.testing.python_host.web.response import Response
from edgelint.testing.python_host.web.urls import URL

Send = Callable[[HttpRequest], Awaitable[HttpResponse]]
MAX_REDIRECTS: Final = 20
"""https://github.com/cloudflare/workerd/blob/main/src/workerd/api/http.c++ (MAX_REDIRECT_COUNT)."""
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_NO_BODY_HEADERS: Final = frozenset(("content-encoding", "content-language", "content-length", "content-location",
                                     "content-type", "transfer-encoding"))  # fmt: skip
_ONE_TIME: Final = (
    "A request with a one-time-use body (it was initialized from a stream, not a buffer) encountered a redirect "
    "requiring the body to be retransmitted. To avoid this error in the future, construct this request from a "
    "buffer-like body initializer."
)


def fetch(input: Any = MISSING, init: Any = MISSING) -> Future[Any]:
    """``fetch``: answered by the world of the code that runs. Rejected as in production, and with what the world
    raises."""
    return fetch_with(realm.current().fetch, input, init)


def fetch_with(send: Send, input: Any = MISSING, init: Any = MISSING) -> Future[Any]:
    """The same with another answerer: what ``env.SERVICE.fetch`` and a Durable Object's stub do."""
    try:
        request = Request(input, init)
        signal = request._signal
        if signal is not None and signal.aborted:
            return rejected(signal.reason)
        if request.url.startswith("data:"):
            return started(_data(request))
        if not request.url.startswith(("http:", "https:")):
            raise type_error(f"Fetch API cannot load: {request.url}")
    except EdgeError as error:
        return rejected(error)
    work = started(_follow(send, request))
    if signal is None:
        return work
    done = pending()

    def abort() -> None:
        work.cancel()
        reject(done, signal.reason)

    signal._when_aborted(abort)
    then(work, lambda value: resolve(done, value), lambda reason: reject(done, reason))
    return done


async def _follow(send: Send, request: Request) -> Response:
    plain = request._to_http()
    if request._cache is not None:
        for name in ("cache-control", "pragma"):
            if plain.header(name) is None:
                plain.set_header(name, "no-cache")
    redirects = 0
    while True:
        again = HttpRequest(plain.method, plain.url, list(plain.headers), plain.body, plain.cf, redirect=plain.redirect)
        has_stream = plain.stream is not None
        answer = await send(plain)
        location = answer.header("location")
        if request.redirect != "follow" or answer.status not in _REDIRECTS or location is None:
            answer.url = plain.url if not answer.url else answer.url
            answer.redirected = answer.redirected or redirects > 0
            return Response._from_http(answer)
        if redirects >= MAX_REDIRECTS:
            raise type_error("Too many redirects.")
        target = URL.parse(location, plain.url)
        if target is None:
            raise type_error("Invalid Location header; unable to follow redirect.")
        if has_stream and answer.status != 303:
            raise type_error(_ONE_TIME)
        redirects += 1
        plain = _redirected(again, answer.status, target)


def _redirected(plain: HttpRequest, status: int, target: URL) -> HttpRequest:
    """The next request (https://fetch.spec.whatwg.org/#http-redirect-fetch): GET after 303, and after 301 and 302 of a
    POST; credentials stay with their origin."""
    becomes_get = status == 303 and plain.method not in ("GET", "HEAD")
    if becomes_get or (status in (301, 302) and plain.method == "POST"):
        plain.method, plain.body = "GET", b""
        plain.headers = [pair for pair in plain.headers if pair[0].lower() not in _NO_BODY_HEADERS]
    if URL(plain.url).origin != target.origin:
        plain.set_header("authorization", None)
    plain.url = target.href
    return plain


_DATA: Final = re.compile(r"data:([^,]*?)(;\s*base64)?,(.*)$", re.S | re.I)


async def _data(request: Request) -> Response:
    """A data: URL (https://fetch.spec.whatwg.org/#data-url-processor)."""
    found = _DATA.match(request.url.partition("#")[0])
    if found is None:
        raise type_error(f"Fetch API cannot load: {request.url}")
    kind, is_base64, content = found[1].strip(), found[2], unquote_to_bytes(found[3])
    if is_base64:
        packed = re.sub(rb"[\t\n\f\r ]", b"", content).rstrip(b"=")
        content = base64.b64decode(packed + b"=" * (-len(packed) % 4))
    if kind.startswith(";"):
        kind = "text/plain" + kind
    if mime.parse(kind) is None:
        kind = "text/plain;charset=US-ASCII"
    body = content if request.method == "GET" else None
    return Response(body, {"headers": {"content-type": kind}})
