"""The Cache API: responses kept under URLs until they expire, on the virtual clock.

Facts: developers.cloudflare.com/workers/runtime-apis/cache and /cache/concepts/cache-control; workerd
src/workerd/api/cache.c++; Miniflare packages/miniflare/src/workers/cache. Where they disagree production's docs win:

- a response without a lifetime of its own is kept as its status says (/cache/how-to/configure-cache-status-code);
- ``stale-while-revalidate`` and ``stale-if-error`` prolong nothing, and Last-Modified gives no lifetime;
- any status but 206 and 304 is kept when the response gives a lifetime;
- Vary is not looked at ("*" is refused): the docs name the request headers that ``match`` respects.

A cache is of one data centre: the gate's consistency stage may set ``location`` in an operation's attributes, and each
location has contents of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final
from urllib.parse import urlsplit, urlunsplit

from edgelint.platform import limits
from edgelint.testing.bindings import http_rules
from edgelint.testing.bindings.base import Binding, Declared, Services
from edgelint.testing.coercion import utf8
from edgelint.testing.errors import type_error
from edgelint.testing.facade import Verbs
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.operation import Operation

_HOP_BY_HOP: Final = frozenset((
    "connection", "date", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade",
))  # fmt: skip
"""Headers that are not kept (RFC 9110, 7.6.1); Date is written anew."""
_BY_DEFAULT: Final = frozenset((200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501))
"""Statuses that a cache may keep although the response does not say so (RFC 9110, 15.1)."""
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Cached:
    """One response. ``age`` is what its Age header said when it was stored (s), ``stored`` and ``expires`` are in ms
    since the epoch."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    age: float
    stored: float
    expires: float

    def header(self, name: str) -> str | None:
        """A header by its lower-case name."""
        return next((value for key, value in self.headers if key == name), None)


class CacheStore:
    """What one cache holds, by location and key."""

    def __init__(self) -> None:
        self.locations: dict[str, dict[str, Cached]] = {}

    def at(self, location: str) -> dict[str, Cached]:
        """The contents at a location ("" where there is but one)."""
        return self.locations.setdefault(location, {})

    def get(self, location: str, key: str, now: float) -> Cached | None:
        """What is there and has not expired."""
        found = self.at(location).get(key)
        return found if found is not None and found.expires > now else None


class Cache(Binding):
    """One cache. Requests are HttpRequest or an absolute URL; responses are HttpResponse."""

    kind: ClassVar[str] = "cache"

    def __init__(self, declared: Declared, services: Services) -> None:
        super().__init__(declared, services)
        self.store = services.shared(("cache", declared.resource), CacheStore)

    async def match(self, request: HttpRequest | str, *, ignore_method: bool = False) -> HttpResponse | None:
        """The response kept for a request, None when there is none: 304 or 206 where the request asks for that.
        Raises EdgeError for a URL that is not absolute."""
        asked = _request(request)
        if asked.method != "GET" and not ignore_method:
            return None
        key = _key(asked)

        def effect(operation: Operation) -> HttpResponse | None:
            now = self.clock.now
            found = self.store.get(_location(operation), key, now)
            operation.outcome = "miss" if found is None else "hit"
            if found is None:
                return None
            operation.attributes["bytes"] = len(found.body)
            return _answer(asked, found, now, self.services)

        return await self.gate.perform(self.operation("match", key), effect)

    async def put(self, request: HttpRequest | str, response: HttpResponse) -> None:
        """Keep a response for a request. What its headers forbid to keep is not kept, and nothing says so but the
        operation's attribute ``not_stored``. Raises EdgeError for what cannot be cached at all."""
        asked = _request(request)
        if asked.method != "GET":
            raise type_error("Cannot cache response to non-GET request.")
        if response.status == 206:
            raise type_error("Cannot cache response to a range request (206 Partial Content).")
        if "*" in (response.header("vary") or ""):
            raise type_error("Cannot cache response with 'Vary: *' header.")
        if response.web_socket is not None:
            raise type_error("Cannot cache WebSocket upgrade response.")
        if response.status == 304:
            return  # workerd drops it without asking the cache
        body = await response.read()
        key = urlsplit(asked.url).scheme in _PORTS and _key(asked)

        def effect(operation: Operation) -> None:
            if not key:
                operation.attributes["not_stored"] = "scheme"
                return
            now = self.clock.now
            headers = _joined(response)
            refusal, seconds = lifetime(response.status, headers, asked.header("authorization") is not None, now)
            operation.attributes["lifetime"] = seconds
            if refusal is not None:
                operation.attributes["not_stored"] = refusal
                return
            age = _whole(headers.get("age")) or 0
            kept = tuple(_kept(headers, now, len(body)).items())
            stored = Cached(response.status, kept, body, age, now, now + (seconds - age) * 1000)
            self.store.at(_location(operation))[key] = stored

        operation = self.operation("put", key or asked.url, {"status": response.status}, bytes=len(body))
        await self.gate.perform(operation, effect)

    async def delete(self, request: HttpRequest | str, *, ignore_method: bool = False) -> bool:
        """Forget what is kept for a request, here and not elsewhere. Returns whether there was something."""
        asked = _request(request)
        if asked.method != "GET" and not ignore_method:
            return False
        key = _key(asked)

        def effect(operation: Operation) -> bool:
            location = _location(operation)
            found = self.store.get(location, key, self.clock.now)
            self.store.at(location).pop(key, None)
            return found is not None

        return await self.gate.perform(self.operation("delete", key), effect)


class CacheStorage(Verbs):
    """``caches``: the default cache, and those that are opened by name. No config declares them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.default = Cache(Declared("caches.default", "cache", "default"), services)

    async def open(self, name: str) -> Cache:
        """The cache of a name, made at first use. Raises EdgeError when the name is too long."""
        if len(utf8(name)) > limits.CACHE_MAX_NAME:
            raise type_error("Cache name is too long.")
        return Cache(Declared(f"caches.open({name!r})", "cache", f"named:{name}"), self._services)


def lifetime(status: int, headers: Mapping[str, str], authorized: bool, now: float) -> tuple[str | None, float]:
    """How a shared cache takes a response: why it does not keep it (None: it does), and for how many seconds since it
    was made (0: it replaces what was there and is stale at once). ``headers`` by lower-case names, several of one name
    joined; ``authorized``: the request had an Authorization header; ``now`` in ms since the epoch."""
    directives = cache_control(headers.get("cache-control", ""))
    refusal = _refusal(directives, headers, authorized)
    if refusal is not None:
        return refusal, 0
    if "no-cache" in directives or ("cache-control" not in headers and "no-cache" in headers.get("pragma", "")):
        return None, 0
    for name in ("s-maxage", "max-age"):
        if name in directives:
            return None, _whole(directives[name]) or 0
    if "expires" in headers:
        expires = http_rules.date(headers["expires"])
        made = http_rules.date(headers.get("date", ""))
        return None, 0 if expires is None else max(0, (expires - (now if made is None else made)) / 1000)
    seconds = limits.CACHE_DEFAULT_TTL.get(status)
    if seconds is None and status not in _BY_DEFAULT and not directives.keys() & {"public", "immutable"}:
        return "status", 0
    return None, seconds or 0


def cache_control(header: str) -> dict[str, str]:
    """The directives of a Cache-Control header by their lower-case names, "" for one without a value. The first of two
    counts (RFC 9111, 4.2.1)."""
    directives: dict[str, str] = {}
    for part in _unquoted_split(header):
        name, _, value = part.partition("=")
        if name.strip():
            directives.setdefault(name.strip().lower(), value.strip().strip('"'))
    return directives


def _unquoted_split(header: str) -> list[str]:
    """At the commas that are not between quotes."""
    parts = [""]
    quoted = False
    for char in header:
        quoted ^= char == '"'
        if char == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _refusal(directives: Mapping[str, str], headers: Mapping[str, str], authorized: bool) -> str | None:
    private = directives.get("private")
    strips_cookie = private is not None and "set-cookie" in private.lower()
    if "no-store" in directives:
        return "no-store"
    if private is not None and not strips_cookie:
        return "private"
    if "set-cookie" in headers and not strips_cookie:
        return "set-cookie"
    # RFC 9111, 3.5
    if authorized and not directives.keys() & {"must-revalidate", "public", "s-maxage"}:
        return "authorization"
    return None


def _kept(headers: Mapping[str, str], now: float, size: int) -> dict[str, str]:
    """The headers that are stored. Set-Cookie is there only when it is to be stripped (``private=Set-Cookie``)."""
    kept = {
        name: value
        for name, value in headers.items()
        if name not in _HOP_BY_HOP and name not in ("set-cookie", "age")
    }
    kept["date"] = http_rules.date_text(now)
    kept["content-length"] = str(size)
    return kept


def _answer(request: HttpRequest, found: Cached, now: float, services: Services) -> HttpResponse:
    """What a match gives: whole, 304, 206 or 416."""
    headers = dict(found.headers)
    headers["age"] = str(round(found.age + (now - found.stored) / 1000))
    headers["cf-cache-status"] = "HIT"
    unchanged = http_rules.not_modified(
        request.header("if-none-match"), request.header("if-modified-since"), found.header("etag"),
        found.header("last-modified"),
    )  # fmt: skip
    if unchanged:
        return _response(304, headers, b"")
    wanted = request.header("range")
    if wanted is None or found.status != 200:
        return _response(found.status, headers, found.body)
    size = len(found.body)
    parts = http_rules.ranges(wanted, size)
    if parts is None:
        return _response(416, {"content-range": f"bytes */{size}", "cf-cache-status": "HIT"}, b"")
    if not parts:
        return _response(200, headers, found.body)
    if len(parts) == 1:
        first, last = parts[0]
        headers["content-range"] = f"bytes {first}-{last}/{size}"
        body = found.body[first : last + 1]
    else:
        boundary = services.token()
        body = _multipart(found, parts, boundary)
        headers["content-type"] = f"multipart/byteranges; boundary={boundary}"
    headers["content-length"] = str(len(body))
    return _response(206, headers, body)


def _multipart(found: Cached, parts: list[tuple[int, int]], boundary: str) -> bytes:
    """Several ranges in one body (RFC 9110, 14.6)."""
    kind = found.header("content-type")
    chunks: list[bytes] = []
    for first, last in parts:
        head = f"--{boundary}\r\n" + ("" if kind is None else f"Content-Type: {kind}\r\n")
        head += f"Content-Range: bytes {first}-{last}/{len(found.body)}\r\n\r\n"
        chunks += [head.encode(), found.body[first : last + 1], b"\r\n"]
    return b"".join([*chunks, f"--{boundary}--".encode()])


def _response(status: int, headers: Mapping[str, str], body: bytes) -> HttpResponse:
    return HttpResponse(status, list(headers.items()), body, http_rules.phrase(status))


def _request(request: HttpRequest | str) -> HttpRequest:
    """The request of a URL, or the one given. Raises EdgeError (TypeError) when the URL is not absolute."""
    made = HttpRequest("GET", request) if isinstance(request, str) else request
    try:
        parts = urlsplit(made.url)
        _ = parts.port
        absolute = bool(parts.scheme and parts.hostname)
    except ValueError:
        absolute = False
    if not absolute:
        raise type_error(f"Invalid URL: {made.url}")
    return made


def _key(request: HttpRequest) -> str:
    """What a response is kept under: the URL without its fragment, or ``cf.cacheKey``. Raises EdgeError (TypeError) for
    a URL that is not HTTP's."""
    url = normalised(request.url)
    if request.cf is not None and request.cf.get("cacheKey"):
        return str(request.cf["cacheKey"])
    return url


def normalised(url: str) -> str:
    """An absolute URL as it is compared: without fragment and default port. Raises EdgeError (TypeError) when it is not
    HTTP's."""
    parts = urlsplit(url)
    port, name = parts.port, parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    if parts.scheme not in _PORTS:
        raise type_error(f"Fetch API cannot load: {urlunsplit(parts._replace(path=parts.path or '/', fragment=''))}")
    shown = host if port in (None, _PORTS[parts.scheme]) else f"{host}:{port}"
    return urlunsplit((parts.scheme, shown, parts.path or "/", parts.query, ""))


def _joined(response: HttpResponse) -> dict[str, str]:
    """The headers by lower-case names. One without a value is lost on the way to the cache (seen on workerd)."""
    headers: dict[str, str] = {}
    for name, value in response.headers:
        name = name.lower()
        if value:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _location(operation: Operation) -> str:
    return str(operation.attributes.get("location", ""))


def _whole(text: str | None) -> int | None:
    """The number that a text begins with."""
    digits = ""
    for index, char in enumerate((text or "").strip()):
        if not (char.isascii() and char.isdigit()) and not (index == 0 and char == "-"):
            break
        digits += char
    return int(digits) if digits.strip("-") else None
