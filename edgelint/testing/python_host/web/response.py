"""Response (https://github.com/cloudflare/workerd/blob/main/src/workerd/api/http.c++)."""

from __future__ import annotations

import copy
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing import json_text
from edgelint.testing.errors import range_error, type_error
from edgelint.testing.http import HttpResponse
from edgelint.testing.python_host.web.base import MISSING, StaticAndMethod, field, given, text, whole, wrong_type
from edgelint.testing.python_host.web.body import Body, Content, extract
from edgelint.testing.python_host.web.headers import Headers
from edgelint.testing.python_host.web.readable import ReadableStream
from edgelint.testing.python_host.web.request import init_headers
from edgelint.testing.python_host.web.urls import URL, scalars
from edgelint.testing.values import UNDEFINED

if TYPE_CHECKING:
    from edgelint.testing.python_host.web.web_socket import WebSocket

_NULL_BODY: Final = (101, 204, 205, 304)
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_TEXTS: Final = {
    413: "Payload Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 418: "I'm a teapot",
    422: "Unprocessable Entity",
}  # fmt: skip
"""Where workerd's texts differ from those of some version of Python."""


class Response(Body):
    """A response, made or received."""

    def __init__(self, body: Any = MISSING, init: Any = MISSING) -> None:
        self._status = 200
        self._text = ""
        self._headers = Headers()
        self._cf: Any = UNDEFINED
        self._web_socket: WebSocket | None = None
        self._content: Content | None = None
        self._url = ""
        self._redirected = False
        self._kind = "default"
        self._manual_encoding = False
        if isinstance(init, Response):
            self._like(init)
        elif given(init) and init is not None:
            self._apply(init)
        if self._web_socket is None:
            if not 200 <= self._status <= 599:
                raise range_error(
                    "Responses may only be constructed with status codes in the range 200 to 599, inclusive."
                )
        elif self._status != 101:
            raise range_error("Responses with a WebSocket must have status code 101.")
        if any(char < " " for char in self._text):
            raise type_error("Invalid statusText")
        if given(body) and body is not None:
            self._set_body(extract(body))

    @staticmethod
    def redirect(url: Any = MISSING, status: Any = MISSING) -> Response:
        """A response that sends elsewhere; its headers do not change. Raises EdgeError (TypeError, RangeError)."""
        address = scalars(text(url, "redirect on Response 1"))
        code = whole(status, 302)
        if code not in _REDIRECTS:
            raise range_error(
                f"{code} is not a redirect status code. It must be one of: 301, 302, 303, 307, or 308."
            )
        if not URL.canParse(address):
            raise type_error(f"Unable to parse URL: {address}")
        made = Response()
        made._status = code
        made._headers = Headers._of([("location", URL(address).href)], immutable=True)
        return made

    @staticmethod
    def error() -> Response:
        """What a failed fetch would be."""
        made = Response()
        made._status, made._kind = 0, "error"
        made._headers._immutable = True
        return made

    @classmethod
    def _from_http(cls, plain: HttpResponse) -> Response:
        """What a fetch came to."""
        from edgelint.testing.python_host.web.web_socket import WebSocket

        made = cls()
        made._status = plain.status
        made._text = plain.reason
        made._headers = Headers._of(plain.headers, immutable=True)
        made._url, made._redirected = plain.url, plain.redirected
        made._cf = UNDEFINED if plain.cf is None else plain.cf
        if plain.web_socket is not None:
            made._web_socket = WebSocket._of(plain.web_socket)
        elif plain.stream is not None:
            made._content = Content(ReadableStream._of_chunks(plain.chunks()), None, None)
        elif not plain.has_null_body:
            made._content = Content(None, plain.body, None)
        return made

    def _to_http(self) -> HttpResponse:
        """The response as it leaves the worker. Its body is gone here. Raises EdgeError (TypeError) when it was read,
        or its WebSocket was used already."""
        made = HttpResponse(self._status, self._headers._pairs(), url=self._url)
        made.reason = self._text or status_text(self._status)
        made.redirected = self._redirected
        if isinstance(self._cf, dict):
            made.cf = copy.deepcopy(self._cf)
        if self._web_socket is not None:
            made.web_socket = self._web_socket._give_away()
            return made
        made.body, made.stream = self._send()
        return made

    @property
    def status(self) -> int:
        """The code."""
        return self._status

    @property
    def statusText(self) -> str:
        """The text to the code; "" when none was given, as workerd 1.20261117.1 has it (older ones: the usual text)."""
        return self._text

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self._status <= 299

    @property
    def redirected(self) -> bool:
        """Whether redirects led to it."""
        return self._redirected

    @property
    def url(self) -> str:
        """Where it came from, "" when it was made here."""
        return self._url

    @property
    def webSocket(self) -> WebSocket | None:
        """The connection, None when there is none."""
        return self._web_socket

    @property
    def cf(self) -> Any:
        """The platform's own data, UNDEFINED when there is none."""
        return self._cf

    @property
    def type(self) -> str:
        """ "default" or "error"."""
        return self._kind

    def clone(self) -> Response:
        """A second one of it. Raises EdgeError (TypeError) when its body was read from or is locked."""
        if self._web_socket is not None:
            raise type_error("Cannot clone a response to a WebSocket handshake.")
        content = self._fork()
        made = self._copy()
        made._headers = Headers(self._headers)
        made._headers._immutable = self._headers._immutable
        made._content = content
        made._cf = copy.deepcopy(self._cf) if isinstance(self._cf, dict) else self._cf
        return made

    def _like(self, other: Response) -> None:
        self._status, self._text = other._status, other._text
        self._manual_encoding = other._manual_encoding
        self._headers = Headers(other._headers)
        self._cf = copy.deepcopy(other._cf) if isinstance(other._cf, dict) else other._cf
        self._web_socket = other._web_socket

    def _apply(self, init: Any) -> None:
        from edgelint.testing.python_host.web.web_socket import WebSocket

        if isinstance(init, (str, int, float, bool)):
            raise wrong_type("new Response 2", "InitializerDict or Response")
        self._status = whole(field(init, "status", 200))
        self._text = text(field(init, "statusText", ""))
        encode = text(field(init, "encodeBody", "automatic"))
        if encode not in ("automatic", "manual"):
            raise type_error(f"encodeBody: unexpected value: {encode}")
        self._manual_encoding = encode == "manual"
        if (headers := field(init, "headers", MISSING)) is not MISSING:
            self._headers = init_headers(headers, "InitializerDict")
        if (cf := field(init, "cf", MISSING)) is not MISSING:
            self._cf = copy.deepcopy(cf) if isinstance(cf, dict) else cf
        socket = field(init, "webSocket", None)
        self._web_socket = socket if isinstance(socket, WebSocket) else None

    def _set_body(self, content: Content | None) -> None:
        if content is not None and self._status in _NULL_BODY:
            if content.data != b"":
                raise type_error("Response with null body status (101, 204, 205, or 304) cannot have a body.")
            return
        self._content = content
        self._brought_type = not self._headers.has("content-type")
        if content is not None and content.kind is not None:
            self._headers._default("content-type", content.kind)

    _brought_type = False
    json = StaticAndMethod(lambda *args: _json(*args), Body.json)


def _json(data: Any = MISSING, init: Any = MISSING) -> Response:
    """A response of a value as JSON (``Response.json``)."""
    if data is MISSING:
        raise wrong_type("json on Response 1", "Value")
    written = json_text.dump(data)
    made = Response("undefined" if written is None else written, init)
    if made._brought_type:
        made._headers.set("content-type", "application/json")
    return made


def status_text(status: int) -> str:
    """The usual text of a status, "" for an unknown one."""
    if status in _TEXTS:
        return _TEXTS[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""

