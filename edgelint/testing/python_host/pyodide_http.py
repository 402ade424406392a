"""``pyodide.http``: pyfetch and the response it gives."""

from __future__ import annotations

import json
from typing import Any

from edgelint.testing.python_host.convert import to_js
from edgelint.testing.python_host.js_errors import JsException
from edgelint.testing.python_host.jsvalue import JsObject, from_python
from edgelint.testing.python_host.realm import realm


class HttpStatusError(OSError):
    """The status of a response is one of an error."""

    def __init__(self, status: int, status_text: str, url: str) -> None:
        self.status = status
        self.status_text = status_text
        self.url = url
        kind = "Client" if 400 <= status < 500 else "Server" if 500 <= status < 600 else "Invalid"
        super().__init__(f"{status} {kind} Error: {status_text} for url: {url}")


class BodyUsedError(OSError):
    """The body was read before."""

    def __init__(self, *args: Any) -> None:
        super().__init__("Response body is already used")


class AbortError(OSError):
    """The request was aborted."""

    def __init__(self, reason: Any = None) -> None:
        super().__init__(reason)


class FetchResponse:
    """A response (``js_response``) as Python reads it."""

    def __init__(self, url: str, js_response: Any, abort_controller: Any = None, abort_signal: Any = None) -> None:
        self._url = url
        self.js_response = js_response
        self.abort_controller = abort_controller
        self.abort_signal = abort_signal

    @property
    def body_used(self) -> bool:
        """Whether the body was read."""
        return bool(self.js_response.bodyUsed)

    @property
    def headers(self) -> dict[str, str]:
        """Headers by their names in lower case."""
        return {name.lower(): value for name, value in self.js_response.headers.entries()}

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return bool(self.js_response.ok)

    @property
    def redirected(self) -> bool:
        """Whether redirects were followed."""
        return bool(self.js_response.redirected)

    @property
    def status(self) -> int:
        """The status."""
        return int(self.js_response.status)

    @property
    def status_text(self) -> str:
        """Its text."""
        return str(self.js_response.statusText)

    @property
    def type(self) -> str:
        """The type of the response."""
        return str(self.js_response.type)

    @property
    def url(self) -> str:
        """Where it came from."""
        return str(self.js_response.url)

    def _raise_if_failed(self) -> None:
        if self.abort_signal is not None and self.abort_signal.aborted:
            raise AbortError(self.abort_signal.reason)
        if self.js_response.bodyUsed:
            raise BodyUsedError

    def raise_for_status(self) -> None:
        """Raise HttpStatusError for a status of 400 or more."""
        if 400 <= self.status < 600:
            raise HttpStatusError(self.status, self.status_text, self.url)

    def clone(self) -> FetchResponse:
        """The same response once more."""
        self._raise_if_failed()
        return type(self)(self._url, self.js_response.clone(), self.abort_controller, self.abort_signal)

    async def buffer(self) -> Any:
        """The body as an ArrayBuffer."""
        self._raise_if_failed()
        return await self.js_response.arrayBuffer()

    async def text(self) -> str:
        """The body as text."""
        self._raise_if_failed()
        return str(await self.js_response.text())

    async def string(self) -> str:
        """The body as text."""
        return await self.text()

    async def json(self, **kwargs: Any) -> Any:
        """The body as JSON; keywords are those of ``json.loads``."""
        self._raise_if_failed()
        return json.loads(await self.string(), **kwargs)

    async def memoryview(self) -> Any:
        """The body as a memoryview."""
        self._raise_if_failed()
        return (await self.buffer()).to_memoryview()

    async def bytes(self) -> Any:
        """The body as bytes."""
        self._raise_if_failed()
        return (await self.buffer()).to_bytes()

    def abort(self, reason: Any = None) -> None:
        """Abort the request."""
        if self.abort_controller is None:
            raise ValueError("abort_controller is not set")
        self.abort_controller.abort(reason)


async def pyfetch(request: Any, /, *, signal: Any = None, fetcher: Any = None, **kwargs: Any) -> FetchResponse:
    """``fetch`` with options as keywords. Raises OSError when it fails, AbortError when it was aborted."""
    scope = realm().globals
    assert scope is not None
    options = to_js(kwargs, dict_converter=scope.Object.fromEntries)
    if signal is not None:
        from_python(options)._js_set("signal", from_python(signal))
    fetch = fetcher if fetcher is not None else scope.fetch
    try:
        response = await fetch(request, options if isinstance(options, JsObject) else to_js({}))
    except JsException as error:
        if error.name == "AbortError":
            raise AbortError(error.message) from None
        raise OSError(error.message) from None
    return FetchResponse(request if isinstance(request, str) else request.url, response, None, signal)


for _kind in (HttpStatusError, BodyUsedError, AbortError, FetchResponse):
    _kind.__module__ = "pyodide.http"
