"""The Cache API, as workerd asks for it: requests for the URLs themselves.

https://github.com/cloudflare/workerd/blob/main/src/workerd/api/cache.c++: a match is a GET, a put is a PUT whose body
is the response as HTTP/1.1 writes it, a delete is a PURGE; a cache that was opened by name is named in a header. What
cannot be cached at all workerd refuses by itself. A match that fails is an error only when the connection is lost, and
a put never is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from edgelint.testing.bindings.cache import Cache, CacheStorage
from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpRequest, HttpResponse, Pairs
from edgelint.testing.workerd_host.protocols.failing import connection_lost
from edgelint.testing.workerd_host.protocols.incoming import as_app_sent

if TYPE_CHECKING:
    from edgelint.testing.world import World

_NAME: Final = "CF-Cache-Namespace"
_STATUS: Final = "CF-Cache-Status"


async def answer(world: World, worker: str, request: HttpRequest) -> HttpResponse:
    """One call of a cache. Caches belong to the world, whichever ``worker`` asks."""
    name = request.header(_NAME)
    request.set_header(_NAME, None)
    caches = CacheStorage(world)
    cache = caches.default if name is None else await caches.open(unquote(name))
    try:
        return await _asked(cache, as_app_sent(request))
    except EdgeError:
        return HttpResponse(500, [(_STATUS, "MISS")]) if request.method == "PURGE" else connection_lost()


async def _asked(cache: Cache, request: HttpRequest) -> HttpResponse:
    keyed = HttpRequest("GET", request.url, request.headers, cf=request.cf)
    if request.method == "PUT":
        await cache.put(keyed, stored_response(request.body))
        return HttpResponse(204)
    if request.method == "PURGE":
        return HttpResponse(200 if await cache.delete(keyed) else 404)
    found = await cache.match(keyed)
    return HttpResponse(504, [(_STATUS, "MISS")]) if found is None else found


def stored_response(written: bytes) -> HttpResponse:
    """The response that a PUT bears. Its body is never chunked, whatever its headers say."""
    head, _, body = written.partition(b"\r\n\r\n")
    first, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    _, status, reason = (*first.split(" ", 2), "")[:3]
    headers: Pairs = []
    for line in lines:
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    return HttpResponse(int(status), headers, body, reason)
