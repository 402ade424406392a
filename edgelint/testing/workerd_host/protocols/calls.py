"""Calls of methods as JSON over HTTP, for bindings that workerd has no form of HTTP for: js/calls.js is the other half.

``POST http://<anything>/<method>`` with the arguments as the codec writes them; the answer is the result, or with the
header ``x-edgelint-error`` the error to throw.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.workerd_host.capnp import array, struct, text
from edgelint.testing.workerd_host.protocols import Wiring, codec

EXTENSIONS: Final = ("codec", "place", "calls")
"""Modules that a wrapped binding needs which calls Python."""
FAILED: Final = "x-edgelint-error"
_JSON: Final = ("content-type", "application/json")


async def answered(request: HttpRequest, call: Callable[[str, list[Any]], Awaitable[Any]]) -> HttpResponse:
    """Answer a call: ``call`` gets the method's name and the arguments. What it raises as EdgeError is thrown."""
    method = unquote(urlsplit(request.url).path.removeprefix("/"), errors="surrogatepass")
    try:
        form = codec.encode(await call(method, codec.decode(json.loads(request.body))), "the result")
    except EdgeError as error:
        return failed(error)
    return HttpResponse(200, [_JSON], json.dumps(form).encode())


def failed(error: EdgeError) -> HttpResponse:
    """What makes the other half throw."""
    return HttpResponse(500, [_JSON, (FAILED, "1")], json.dumps(codec.encode_error(error)).encode())


def wired(module: str, service: str, *needed: str, inner: tuple[str, ...] = ()) -> Wiring:
    """A binding that js/<module>.js makes of a fetcher to ``service``. ``needed``: more modules that it imports;
    ``inner``: texts of more bindings that it is made of."""
    bindings = array([struct(name=text("fetcher"), service=text(service)), *inner])
    value = f'wrapped = (moduleName = "edgelint:{module}", innerBindings = {bindings})'
    return Wiring(value, (*EXTENSIONS, *needed, module))
