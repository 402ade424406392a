"""What adapters share: options objects, bodies, requests and responses."""

from __future__ import annotations

import re
from typing import Any, Final

from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.python_host.buffers import bytes_of
from edgelint.testing.python_host.convert import plain
from edgelint.testing.python_host.jsvalue import JsHost, JsProxy
from edgelint.testing.python_host.promises import settled
from edgelint.testing.values import UNDEFINED

_WORDS: Final = re.compile(r"(?<!^)(?=[A-Z])")


class Adapter(JsHost, js_name="Object"):
    """The JavaScript side of one binding."""

    def __init__(self, binding: Any) -> None:
        self._binding = binding


def snake(name: str) -> str:
    """"expirationTtl" as Python spells it: "expiration_ttl"."""
    return _WORDS.sub("_", name).lower()


def options(value: Any, *names: str) -> dict[str, Any]:
    """Members of an options object as keywords, those left out that are not there or undefined. Names are spelt as
    JavaScript does, and nothing else in the object counts: that is how an ``expiration_ttl`` is lost in silence."""
    if not isinstance(value, JsProxy):
        return {}
    found = {snake(name): plain(value._js_get(name)) for name in names if value._js_has(name)}
    return {name: member for name, member in found.items() if member is not UNDEFINED}


async def content(value: Any) -> Any:
    """A body as str or bytes: a stream is read. Anything else stays what it is."""
    if isinstance(value, str):
        return value
    data = bytes_of(value)
    if data is not None:
        return data
    from edgelint.testing.python_host.web.blobs import Blob
    from edgelint.testing.python_host.web.exposed import plain as web
    from edgelint.testing.python_host.web.readable import ReadableStream

    blob = web(value, Blob)
    if blob is not None:
        return bytes(blob._data)
    stream = web(value, ReadableStream)
    if stream is None:
        return plain(value)
    parts = [bytes(chunk) async for chunk in stream.values()]
    return b"".join(parts)


def http_request(value: Any, init: Any = UNDEFINED) -> HttpRequest:
    """What ``fetch(input, init)`` sends. Raises EdgeError."""
    from edgelint.testing.python_host.web.exposed import constructor
    from edgelint.testing.python_host.web.exposed import plain as web
    from edgelint.testing.python_host.web.request import Request

    made = constructor(Request)._js_new([value] if init is UNDEFINED else [value, init])
    request = web(made, Request)
    assert request is not None
    return request._to_http()


def js_request(request: HttpRequest) -> Any:
    """The Request of a fetch event."""
    from edgelint.testing.python_host.web.exposed import wrap
    from edgelint.testing.python_host.web.request import Request

    return wrap(Request._from_http(request))


def js_response(response: HttpResponse) -> Any:
    """A Response that came from elsewhere."""
    received(response)
    from edgelint.testing.python_host.web.exposed import wrap
    from edgelint.testing.python_host.web.response import Response

    return wrap(Response._from_http(response))


def received(response: HttpResponse) -> HttpResponse:
    """A response that crossed: whoever gets it may hand its socket on, though the other side did so already."""
    if response.web_socket is not None:
        response.web_socket.used = False
    return response


async def http_response(value: Any) -> HttpResponse:
    """The response that a handler gave. Raises EdgeError (TypeError) for what is none."""
    from edgelint.testing.python_host.web.exposed import plain as web
    from edgelint.testing.python_host.web.response import Response

    response = web(await settled(value), Response)
    if response is None:
        raise type_error(
            "Incorrect type for Promise: the Promise did not resolve to 'Response'."
        )  # https://github.com/cloudflare/workerd/blob/main/src/workerd/jsg/util.c++
    return received(response._to_http())


def js_stream(data: bytes) -> Any:
    """A ReadableStream of bytes that are there."""
    from edgelint.testing.python_host.web.exposed import wrap
    from edgelint.testing.python_host.web.readable import ReadableStream

    return wrap(ReadableStream._of_bytes(data))


def needed(count: int, given: int, name: str, method: str) -> None:
    """Raise EdgeError (TypeError) for arguments that are not there."""
    if given < count:
        raise EdgeError(
            f"Failed to execute '{method}' on '{name}': parameter {given + 1} is not of type 'string'.", "TypeError"
        )
