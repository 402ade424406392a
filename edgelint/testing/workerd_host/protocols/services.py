"""Service bindings: fetch as a request, RPC as calls (js/service.js). Who is behind one is the world's to say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.workerd_host.protocols import Wiring, calls

if TYPE_CHECKING:
    from edgelint.testing.bindings.assets import StaticAssets
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.bindings.services import ServiceBinding

_SCHEME: Final = "x-edgelint-scheme"
_CF: Final = "x-edgelint-cf"
_ADDED: Final = frozenset(("host", "content-length", "transfer-encoding", "connection", _SCHEME, _CF))
MAX_OPEN: Final = 32
"""Calls of services that are under way at once. The fakes count how deep a call is; here every call comes anew, and a
worker that calls itself for ever is found by this. Production allows 32 invocations of workers for one request:
https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/#limits."""
_TOO_DEEP: Final = (
    "Subrequest depth limit exceeded. This request recursed through Workers too many times. This can happen e.g. if "
    "you have a Worker or Durable Object that calls other Workers or objects recursively."
)


class _Open:
    def __init__(self) -> None:
        self.count = 0


def wiring(declared: Declared, service: str) -> Wiring:
    """A binding of our own."""
    return calls.wired("service", service)


async def answer(binding: ServiceBinding, request: HttpRequest) -> HttpResponse:
    """One fetch or call."""
    opened = binding.services.shared(("workerd", "open services"), _Open)
    if opened.count >= MAX_OPEN:
        return calls.failed(EdgeError(_TOO_DEEP))
    opened.count += 1
    try:
        if request.header(_SCHEME) is None:
            return await calls.answered(request, binding.call)
        return await fetched(binding, request)
    finally:
        opened.count -= 1


async def fetched(binding: ServiceBinding | StaticAssets, request: HttpRequest) -> HttpResponse:
    """Answer a fetch. What it raises as EdgeError is thrown."""
    try:
        response = await binding.fetch(as_sent(request))
    except EdgeError as error:
        return calls.failed(error)
    headers = [pair for pair in response.headers if pair[0].lower() not in ("content-length", "transfer-encoding")]
    response.headers = headers
    return response


def as_sent(request: HttpRequest) -> HttpRequest:
    """The request as the app made it: with its scheme and ``cf``, without what the way here added."""
    cf: Any = json.loads(request.header(_CF) or "null")
    url = f"{request.header(_SCHEME)}{request.url[request.url.index(':'):]}"
    headers = [pair for pair in request.headers if pair[0].lower() not in _ADDED]
    return HttpRequest(request.method, url, headers, request.body, cf)
