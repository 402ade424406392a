"""Request (https://github.com/cloudflare/workerd/blob/main/src/workerd/api/http.c++)."""

from __future__ import annotations

import copy
from typing import Any, Final

from edgelint.testing.errors import type_error
from edgelint.testing.http import HttpRequest
from edgelint.testing.python_host.web.abort import AbortSignal
from edgelint.testing.python_host.web.base import MISSING, field, given, text, truth, wrong_field, wrong_type
from edgelint.testing.python_host.web.body import Body, Content, extract
from edgelint.testing.python_host.web.headers import Headers
from edgelint.testing.python_host.web.readable import ReadableStream
from edgelint.testing.python_host.web.urls import URL, scalars
from edgelint.testing.values import UNDEFINED

_UPPER: Final = frozenset(("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"))
"""Methods whose case does not matter. PATCH is among them from compatibility date 2024-10-14 on
(flag upper_case_all_http_methods)."""
_METHODS: Final = _UPPER | {
    "ACL", "BIND", "CHECKOUT", "CONNECT", "COPY", "LINK", "LOCK", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MOVE",
    "MSEARCH", "NOTIFY", "PROPFIND", "PROPPATCH", "PURGE", "REBIND", "REPORT", "SEARCH", "SUBSCRIBE", "TRACE", "UNBIND",
    "UNLINK", "UNLOCK", "UNSUBSCRIBE",
}  # fmt: skip
"""Every method that workerd knows: HTTP's of kj (https://github.com/capnproto/capnproto/blob/v2/c++/src/kj/compat/http.h)."""
_CACHE_MODES: Final = frozenset(("no-store", "no-cache", "reload"))
_BODYLESS: Final = ("GET", "HEAD")
_GET_BODY: Final = "Request with a GET or HEAD method cannot have a body."
_REDIRECT: Final = (
    'Invalid redirect value, must be one of "follow" or "manual" ("error" won\'t be implemented since it does not make '
    'sense at the edge; use "manual" and check the response status code).'
)


class Request(Body):
    """A request, that came in or is to go out."""

    def __init__(self, input: Any = MISSING, init: Any = MISSING) -> None:
        self._begin()
        if isinstance(input, Request):
            self._from_request(input, init)
        else:
            address = text(input, "new Request 1", "Request or string")
            if not URL.canParse(address):
                raise type_error(f"Invalid URL: {address}")
            self._url = URL(scalars(address)).href
        if isinstance(init, Request):
            self._like(init)
        elif given(init) and init is not None:
            self._apply(init)

    def _begin(self) -> None:
        self._method = "GET"
        self._headers = Headers()
        self._content: Content | None = None
        self._redirect = "follow"
        self._cache: str | None = None
        self._cf: Any = UNDEFINED
        self._signal: AbortSignal | None = None
        self._fetcher: Any = None

    @classmethod
    def _from_http(cls, plain: HttpRequest) -> Request:
        """The request that a fetch event brings: its URL was parsed where it came from."""
        made = cls.__new__(cls)
        made._begin()
        made._url = plain.url
        made._method = plain.method
        made._headers = Headers._of(plain.headers, immutable=True)
        if plain.stream is not None:
            made._content = Content(ReadableStream._of_chunks(plain.chunks()), None, None)
        elif plain.body:
            made._content = Content(None, plain.body, None)
        elif plain.method not in _BODYLESS and plain.header("content-length") is not None:
            made._content = Content(None, b"", None)
        made._redirect = "manual"  # what a fetch event brings is passed on as it is
        made._cf = UNDEFINED if plain.cf is None else copy.deepcopy(plain.cf)
        return made

    def _to_http(self) -> HttpRequest:
        """The request as it goes out. Its body is gone here. Raises EdgeError (TypeError) when it was read."""
        made = HttpRequest(self._method, self._url, self._headers._pairs(), redirect=self._redirect)
        if isinstance(self._cf, dict):
            made.cf = copy.deepcopy(self._cf)
        made.body, made.stream = self._send()
        return made

    @property
    def method(self) -> str:
        """In capitals."""
        return self._method

    @property
    def url(self) -> str:
        """All of it."""
        return self._url

    @property
    def redirect(self) -> str:
        """ "follow" or "manual"."""
        return self._redirect

    @property
    def signal(self) -> AbortSignal:
        """What gives it up."""
        if self._signal is None:
            self._signal = AbortSignal._new()
        return self._signal

    @property
    def cf(self) -> Any:
        """The platform's own data, UNDEFINED when there is none."""
        return self._cf

    @property
    def fetcher(self) -> Any:
        """Who answers it, None for the world outside."""
        return self._fetcher

    @property
    def integrity(self) -> str:
        """ ""."""
        return ""

    @property
    def keepalive(self) -> bool:
        """False."""
        return False

    @property
    def cache(self) -> Any:
        """The cache mode, UNDEFINED when there is none."""
        return UNDEFINED if self._cache is None else self._cache

    def clone(self) -> Request:
        """A second one of it. Raises EdgeError (TypeError) when its body was read from or is locked."""
        content = self._fork()
        made = self._copy()
        made._headers = Headers(self._headers)
        made._headers._immutable = self._headers._immutable
        made._content = content
        made._cf = copy.deepcopy(self._cf) if isinstance(self._cf, dict) else self._cf
        return made

    def _from_request(self, other: Request, init: Any) -> None:
        self._url = other._url
        self._like_plainly(other)
        replaced = isinstance(init, Request) or field(init, "body", None) is not None
        if not replaced:
            if other.bodyUsed:
                raise type_error("Cannot reconstruct a Request with a used body.")
            if other._content is not None and other._content.locked:
                raise type_error("The ReadableStream has been locked to a reader.")
            self._content = other._take()

    def _like(self, other: Request) -> None:
        self._like_plainly(other)
        if other._content is not None:
            self._content = extract_again(other._content)

    def _like_plainly(self, other: Request) -> None:
        self._method = other._method
        self._headers = Headers(other._headers)
        self._redirect, self._cache = other._redirect, other._cache
        self._signal, self._fetcher = other._signal, other._fetcher
        self._cf = copy.deepcopy(other._cf) if isinstance(other._cf, dict) else other._cf

    def _apply(self, init: Any) -> None:
        if isinstance(init, (str, int, float, bool)):
            raise wrong_type("new Request 2", "RequestInitializerDict or Request")
        if truth(field(init, "integrity", "")):
            raise type_error(
                "Subrequest integrity checking is not implemented. The integrity option must be either undefined or "
                "an empty string."
            )
        method, body = field(init, "method", MISSING), field(init, "body", MISSING)
        if method is not MISSING:
            self._method = _method(text(method))
        if (headers := field(init, "headers", MISSING)) is not MISSING:
            self._headers = init_headers(headers, "RequestInitializerDict")
        if (fetcher := field(init, "fetcher", MISSING)) is not MISSING:
            self._fetcher = fetcher
        if (signal := field(init, "signal", MISSING)) is not MISSING:
            if signal is not None and not isinstance(signal, AbortSignal):
                raise wrong_field("signal", "RequestInitializerDict", "AbortSignal")
            self._signal = signal
        if (cf := field(init, "cf", MISSING)) is not MISSING:
            self._cf = copy.deepcopy(cf) if isinstance(cf, dict) else cf
        if body is not MISSING and body is not None:
            self._content = extract(body)
            if self._method in _BODYLESS:
                raise type_error(_GET_BODY)
            _bring_type(self)
        if (redirect := field(init, "redirect", MISSING)) is not MISSING:
            self._redirect = text(redirect)
            if self._redirect not in ("follow", "manual"):
                raise type_error(_REDIRECT)
        if (cache := field(init, "cache", MISSING)) is not MISSING:
            self._cache = text(cache)
            if self._cache not in _CACHE_MODES:
                raise type_error(f"Unsupported cache mode: {self._cache}")
        if (encode := field(init, "encodeResponseBody", MISSING)) is not MISSING:
            if text(encode) not in ("automatic", "manual"):
                raise type_error(f"encodeResponseBody: unexpected value: {text(encode)}")
        if (method is not MISSING or body is not MISSING) and self._content is not None and self._method in _BODYLESS:
            raise type_error(_GET_BODY)


def extract_again(content: Content) -> Content | None:
    """A body for another message, taken from one that only lends its fields: its bytes, or the very stream."""
    return extract(content.data if content.data is not None else content.stream)


def init_headers(value: Any, dictionary: str) -> Headers:
    """The ``headers`` of an init object. Raises EdgeError (TypeError) as workerd words a wrong field."""
    if value is None or isinstance(value, (str, int, float, bool)):
        raise wrong_field("headers", dictionary, "Headers or Sequence or object")
    return Headers(value)


def _bring_type(message: Request) -> None:
    if message._content is not None and message._content.kind is not None:
        message._headers._default("content-type", message._content.kind)


def _method(name: str) -> str:
    upper = name.upper()
    if upper not in _METHODS or (name != upper and upper not in _UPPER):
        raise type_error(f"Invalid HTTP method string: {name}")
    return upper
