"""What the app fetches from the world outside: answered by the test, as pytest-httpx does it; blocked otherwise.

An unexpected request fails in the app, and the test at its end; so does an answer that was never asked for.
"""

from __future__ import annotations

import json as json_module
import re
import socket
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.operation import Gate, Operation

if TYPE_CHECKING:
    import httpx

    from edgelint.testing.bindings.base import Services
    from edgelint.testing.http import HttpRequest, HttpResponse

_ANY = object()
_CONNECT_SECONDS: Final = 5
"""Real time in which the other side of a socket has to accept it."""


def databases(services: Services) -> set[str]:
    """The addresses of databases that the test gave to the app, as "host:port" in lower case."""
    return services.shared(("outbound", "databases"), set)


class Answer:
    """One answer and what it answers. ``used`` counts the requests it answered."""

    def __init__(
        self, answer: Callable[[httpx.Request], httpx.Response], url: str | re.Pattern[str] | None, method: str | None,
        headers: Mapping[str, str] | None, content: bytes | None, json: Any, reusable: bool, optional: bool,
    ) -> None:  # fmt: skip
        self.answer = answer
        self.used = 0
        self.reusable = reusable
        self.optional = optional
        self._url, self._method, self._headers, self._content, self._json = url, method, headers, content, json

    def matches(self, request: httpx.Request) -> bool:
        """Whether it answers this request."""
        import httpx

        url = str(request.url)
        if isinstance(self._url, re.Pattern):
            if not self._url.search(url):
                return False
        elif self._url is not None and httpx.URL(self._url) != request.url:
            return False
        if self._method is not None and self._method.upper() != request.method:
            return False
        if self._headers is not None and any(request.headers.get(k) != v for k, v in self._headers.items()):
            return False
        if self._content is not None and request.content != self._content:
            return False
        if self._json is not _ANY:
            try:
                return bool(json_module.loads(request.content) == self._json)
            except ValueError:
                return False
        return True

    def __repr__(self) -> str:
        url = self._url.pattern if isinstance(self._url, re.Pattern) else self._url
        return f"{self._method or 'any method'} {url or 'any URL'}"


class Socket:
    """A TCP socket that the app may open: to which address, and who is there. ``used`` counts those it opened."""

    def __init__(self, address: str | re.Pattern[str], to: tuple[str, int] | None, optional: bool) -> None:
        self.to = to
        self.used = 0
        self.optional = optional
        self._address = address

    def matches(self, address: str) -> bool:
        """Whether it is for this "host:port"."""
        if isinstance(self._address, re.Pattern):
            return self._address.search(address) is not None
        return self._address.lower() == address.lower()

    def __repr__(self) -> str:
        return self._address.pattern if isinstance(self._address, re.Pattern) else self._address


class Outbound:
    """``edge_outbound``. ``allow`` lets through what no answer is for, to the real network; the ``assert_*`` and
    ``can_send_already_matched_responses`` options are pytest-httpx's own. ``databases`` are the addresses that the test
    gave to the app as databases ("host:port"): sockets to them are allowed."""

    def __init__(self, gate: Gate, databases: Collection[str] = ()) -> None:
        self.allow = False
        self.assert_all_responses_were_requested = True
        self.assert_all_requests_were_expected = True
        self.can_send_already_matched_responses = False
        self._gate = gate
        self._answers: list[Answer] = []
        self._requests: list[httpx.Request] = []
        self._sockets: list[Socket] = []
        self._databases = databases
        self.unexpected: list[httpx.Request] = []
        self.unexpected_sockets: list[str] = []

    def add_response(
        self, status_code: int = 200, *, url: str | re.Pattern[str] | None = None, method: str | None = None,
        headers: Mapping[str, str] | None = None, content: bytes | None = None, text: str | None = None,
        html: str | None = None, json: Any = None, match_headers: Mapping[str, str] | None = None,
        match_content: bytes | None = None, match_json: Any = _ANY, is_reusable: bool = False,
        is_optional: bool = False,
    ) -> None:  # fmt: skip
        """Answer a matching request with this response. An answer is given once unless ``is_reusable``."""
        import httpx

        body: dict[str, Any] = {} if json is None else {"json": json}

        def answer(request: httpx.Request) -> httpx.Response:
            return httpx.Response(status_code, headers=headers, content=content, text=text, html=html, **body)

        self._add(answer, url, method, match_headers, match_content, match_json, is_reusable, is_optional)

    def add_exception(
        self, error: BaseException | None = None, *, url: str | re.Pattern[str] | None = None,
        method: str | None = None, is_reusable: bool = False, is_optional: bool = False,
    ) -> None:  # fmt: skip
        """A matching request fails: without ``error`` as a lost connection does."""

        def answer(request: httpx.Request) -> httpx.Response:
            raise EdgeError("Network connection lost.", retryable=True) if error is None else error

        self._add(answer, url, method, None, None, _ANY, is_reusable, is_optional)

    def add_callback(
        self, callback: Callable[[httpx.Request], httpx.Response], *, url: str | re.Pattern[str] | None = None,
        method: str | None = None, match_headers: Mapping[str, str] | None = None, match_content: bytes | None = None,
        match_json: Any = _ANY, is_reusable: bool = False, is_optional: bool = False,
    ) -> None:  # fmt: skip
        """Answer a matching request with what ``callback`` makes of it."""
        self._add(callback, url, method, match_headers, match_content, match_json, is_reusable, is_optional)

    def allow_connect(
        self, address: str | re.Pattern[str], to: tuple[str, int] | None = None, *, is_optional: bool = False
    ) -> None:
        """Let the app's ``connect()`` to ``address`` ("db.example.com:5432") through, any number of times: to who
        listens at ``to`` (host, port), or to the address itself. Raises EdgeUsageError for a text without a port."""
        if isinstance(address, str) and not re.fullmatch(r".+:\d+", address):
            raise EdgeUsageError(f"edge_outbound.allow_connect takes 'host:port', not '{address}'")
        self._sockets.append(Socket(address, to, is_optional))

    def get_requests(
        self, *, url: str | re.Pattern[str] | None = None, method: str | None = None
    ) -> list[httpx.Request]:
        """The requests that the app made, in order, those that match."""
        wanted = Answer(_unused, url, method, None, None, _ANY, True, True)
        return [request for request in self._requests if wanted.matches(request)]

    def get_request(
        self, *, url: str | re.Pattern[str] | None = None, method: str | None = None
    ) -> httpx.Request | None:
        """The one request that matches, None when there is none. Raises EdgeUsageError when there are several."""
        found = self.get_requests(url=url, method=method)
        if len(found) > 1:
            raise EdgeUsageError(f"{len(found)} requests match; ask for get_requests()")
        return found[0] if found else None

    def reset(self) -> None:
        """No answers and no requests any more."""
        self._answers.clear()
        self._requests.clear()
        self.unexpected.clear()
        self._sockets.clear()
        self.unexpected_sockets.clear()

    def problems(self) -> list[str]:
        """What is wrong at the end of a test, in words."""
        found: list[str] = []
        if self.assert_all_requests_were_expected:
            found += [
                f"outbound fetch without an answer: {request.method} {request.url}" for request in self.unexpected
            ]
            found += [f"connect() that the test does not allow: {address}" for address in self.unexpected_sockets]
        if self.assert_all_responses_were_requested:
            found += [
                f"an answer of edge_outbound was never asked for: {answer!r}"
                for answer in self._answers
                if not answer.used and not answer.optional
            ]
            found += [
                f"a socket of edge_outbound.allow_connect was never opened: {each!r}"
                for each in self._sockets
                if not each.used and not each.optional
            ]
        return found

    async def fetch(self, request: HttpRequest) -> HttpResponse:
        """Answer one request of the app; it passes the gate as ``fetch`` on "outbound"."""
        operation = Operation("outbound", "outbound", "fetch", f"{request.method} {request.url}", {})
        return await self._gate.perform(operation, lambda operation: self._answer(request))

    async def connect(self, address: str) -> socket.socket:
        """Open the app's socket to "host:port"; it passes the gate as ``connect`` on "outbound". Raises EdgeError for
        one that is not allowed, or that nobody accepts."""
        operation = Operation("outbound", "outbound", "connect", address, {})
        return await self._gate.perform(operation, lambda operation: self._opened(address))

    def _opened(self, address: str) -> socket.socket:
        found = next((each for each in self._sockets if each.matches(address)), None)
        if found is not None:
            found.used += 1
        elif not self.allow and address.lower() not in self._databases:
            self.unexpected_sockets.append(address)
            raise EdgeError(
                f"edgelint blocks connect() to {address}; let it through with "
                f"edge_outbound.allow_connect('{address}', to=('127.0.0.1', port))"
            )
        host, _, port = address.rpartition(":")
        to = (host.strip("[]"), int(port)) if found is None or found.to is None else found.to
        try:
            return socket.create_connection(to, timeout=_CONNECT_SECONDS)
        except OSError as error:
            raise EdgeError(f"connect() to {address}: nobody is at {to[0]}:{to[1]}: {error}") from error

    def _answer(self, request: HttpRequest) -> HttpResponse:
        from edgelint.testing.http import HttpResponse

        asked = request.to_httpx()
        self._requests.append(asked)
        matching = [answer for answer in self._answers if answer.matches(asked)]
        fresh = [answer for answer in matching if not answer.used or answer.reusable]
        if not fresh and matching and self.can_send_already_matched_responses:
            fresh = matching[-1:]
        if fresh:
            fresh[0].used += 1
            return HttpResponse.from_httpx(fresh[0].answer(asked))
        if self.allow:
            return HttpResponse.from_httpx(_sent(asked))
        self.unexpected.append(asked)
        again = " (its answer was given already; is_reusable=True gives it again)" if matching else ""
        raise EdgeError(
            f"edgelint blocks outbound fetch: no answer for {asked.method} {asked.url}{again}; "
            "give one with edge_outbound.add_response"
        )

    def _add(
        self, answer: Callable[[httpx.Request], httpx.Response], url: str | re.Pattern[str] | None, method: str | None,
        headers: Mapping[str, str] | None, content: bytes | None, json: Any, reusable: bool, optional: bool,
    ) -> None:  # fmt: skip
        self._answers.append(Answer(answer, url, method, headers, content, json, reusable, optional))


def _sent(request: httpx.Request) -> httpx.Response:
    """The answer of the real world, redirects not followed: that is the app's matter."""
    import httpx

    try:
        with httpx.Client() as client:
            return client.send(request)
    except httpx.TransportError as error:
        raise EdgeError(f"Network connection lost: {error}", retryable=True) from error


def _unused(request: httpx.Request) -> httpx.Response:
    raise NotImplementedError
