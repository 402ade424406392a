"""URL and URLSearchParams. Parsing is Ada's, the parser that workerd itself uses (https://github.com/ada-url/ada)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus, unquote_to_bytes

from edgelint.testing.errors import type_error
from edgelint.testing.python_host.web.base import MISSING, WebObject, given, text, wrong_type
from edgelint.testing.values import UNDEFINED

if TYPE_CHECKING:
    from ada_url import URL as Ada

_USV: Final = "USVString"


class URLSearchParams(WebObject):
    """A list of pairs in the form that queries have (application/x-www-form-urlencoded)."""

    js_iterates = "entries"

    def __init__(self, init: Any = MISSING) -> None:
        self._list: list[tuple[str, str]] = []
        self._changed: Callable[[], None] | None = None
        if not given(init):
            return
        if isinstance(init, URLSearchParams):
            self._list = list(init._list)
        elif isinstance(init, Mapping):
            self._list = [(scalars(text(key)), scalars(text(value))) for key, value in init.items()]
        elif not isinstance(init, (str, bytes, int, float)) and hasattr(init, "__iter__"):
            self._list = [_pair(entry) for entry in init]
        else:
            self._list = parse_form(scalars(text(init)).removeprefix("?"))

    @property
    def size(self) -> int:
        """How many pairs there are."""
        return len(self._list)

    def append(self, name: Any = MISSING, value: Any = MISSING) -> None:
        """Add a pair at the end."""
        self._list.append((self._text(name, "append", 1), self._text(value, "append", 2)))
        self._update()

    def delete(self, name: Any = MISSING, value: Any = MISSING) -> None:
        """Take away every pair of that name (and that value, when one is given)."""
        name = self._text(name, "delete", 1)
        wanted = scalars(text(value)) if given(value) else None
        self._list = [pair for pair in self._list if pair[0] != name or (wanted is not None and pair[1] != wanted)]
        self._update()

    def get(self, name: Any = MISSING) -> str | None:
        """The first value of that name, None when there is none."""
        name = self._text(name, "get", 1)
        return next((value for key, value in self._list if key == name), None)

    def getAll(self, name: Any = MISSING) -> list[str]:
        """Every value of that name."""
        name = self._text(name, "getAll", 1)
        return [value for key, value in self._list if key == name]

    def has(self, name: Any = MISSING, value: Any = MISSING) -> bool:
        """Whether there is a pair of that name (and that value, when one is given)."""
        name = self._text(name, "has", 1)
        wanted = scalars(text(value)) if given(value) else None
        return any(key == name and wanted in (None, found) for key, found in self._list)

    def set(self, name: Any = MISSING, value: Any = MISSING) -> None:
        """Give a name one value, where its first one stood."""
        name, value = self._text(name, "set", 1), self._text(value, "set", 2)
        kept: list[tuple[str, str]] = []
        done = False
        for pair in self._list:
            if pair[0] != name:
                kept.append(pair)
            elif not done:
                kept.append((name, value))
                done = True
        self._list = kept if done else [*kept, (name, value)]
        self._update()

    def sort(self) -> None:
        """Sort by name, in UTF-16 code units; pairs of one name keep their order."""
        self._list.sort(key=lambda pair: pair[0].encode("utf-16-be", "surrogatepass"))
        self._update()

    def entries(self) -> Iterator[list[str]]:
        """[name, value] of each; live, as iteration in JavaScript is."""
        index = 0
        while index < len(self._list):
            yield list(self._list[index])
            index += 1

    def keys(self) -> Iterator[str]:
        """The names."""
        return (name for name, _ in self.entries())

    def values(self) -> Iterator[str]:
        """The values."""
        return (value for _, value in self.entries())

    def forEach(self, callback: Callable[..., Any], this: Any = UNDEFINED) -> None:
        """Call with (value, name, params) for each."""
        for name, value in self.entries():
            callback(value, name, self)

    def toString(self) -> str:
        """The query without "?"."""
        return serialize_form(self._list)

    def _js_text(self) -> str:
        return self.toString()

    def _text(self, value: Any, method: str, index: int) -> str:
        return scalars(text(value, f"{method} on URLSearchParams {index}", _USV))

    def _update(self) -> None:
        if self._changed is not None:
            self._changed()


class _Part:
    """One component of a URL, read and written through Ada; what does not parse is ignored."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, url: URL, owner: type[URL] | None = None) -> str:
        return str(getattr(url._ada, self._name))

    def __set__(self, url: URL, value: Any) -> None:
        url._set(self._name, value)


class URL(WebObject):
    """A parsed URL. Setters ignore what does not parse, except ``href``, as the standard has it."""

    protocol = _Part("protocol")
    username = _Part("username")
    password = _Part("password")
    host = _Part("host")
    hostname = _Part("hostname")
    port = _Part("port")
    pathname = _Part("pathname")
    hash = _Part("hash")

    def __init__(self, url: Any = MISSING, base: Any = MISSING) -> None:
        from ada_url import URL as AdaUrl

        address = scalars(text(url, "new URL 1", _USV))
        try:
            self._ada: Ada = AdaUrl(address, scalars(text(base)) if given(base) else None)
        except ValueError:
            raise type_error("Invalid URL string.") from None
        self._params: URLSearchParams | None = None

    @staticmethod
    def canParse(url: Any = MISSING, base: Any = MISSING) -> bool:
        """Whether it parses."""
        from ada_url import URL as AdaUrl

        address = scalars(text(url, "canParse on URL 1", _USV))
        return bool(AdaUrl.can_parse(address, scalars(text(base)) if given(base) else None))

    @classmethod
    def parse(cls, url: Any = MISSING, base: Any = MISSING) -> URL | None:
        """The parsed URL, None when it does not parse."""
        text(url, "parse on URL 1", _USV)
        return cls(url, base) if cls.canParse(url, base) else None

    @property
    def href(self) -> str:
        """All of it."""
        return str(self._ada.href)

    @href.setter
    def href(self, value: Any) -> None:
        try:
            self._ada.href = scalars(text(value))
        except ValueError:
            raise wrong_type("href on URL set", "valid URL string") from None
        self._refresh()

    @property
    def origin(self) -> str:
        """Scheme, host and port; "null" for a scheme that has none."""
        return str(self._ada.origin)

    @property
    def search(self) -> str:
        """The query with "?"."""
        return str(self._ada.search)

    @search.setter
    def search(self, value: Any) -> None:
        self._set("search", value)
        self._refresh()

    @property
    def searchParams(self) -> URLSearchParams:
        """The query as pairs; changes go both ways."""
        if self._params is None:
            self._params = URLSearchParams(self.search)
            self._params._changed = self._write_query
        return self._params

    def toString(self) -> str:
        """``href``."""
        return self.href

    def toJSON(self) -> str:
        """``href``."""
        return self.href

    def _js_text(self) -> str:
        return self.href

    def _set(self, part: str, value: Any) -> None:
        try:
            setattr(self._ada, part, scalars(text(value)))
        except ValueError:
            return

    def _refresh(self) -> None:
        if self._params is not None:
            self._params._list = parse_form(self.search.removeprefix("?"))

    def _write_query(self) -> None:
        assert self._params is not None
        self._set("search", self._params.toString())


def scalars(value: str) -> str:
    """A string of scalar values (Web IDL's USVString): a lone surrogate becomes U+FFFD, a pair its character."""
    if not any("\ud800" <= char <= "\udfff" for char in value):
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def parse_form(query: str) -> list[tuple[str, str]]:
    """The pairs of a query (https://url.spec.whatwg.org/#concept-urlencoded-parser)."""
    found: list[tuple[str, str]] = []
    for piece in query.split("&"):
        if piece:
            name, _, value = piece.partition("=")
            found.append((_decoded(name), _decoded(value)))
    return found


def serialize_form(pairs: list[tuple[str, str]]) -> str:
    """Pairs as a query (https://url.spec.whatwg.org/#concept-urlencoded-serializer)."""
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in pairs)


def _decoded(piece: str) -> str:
    return unquote_to_bytes(piece.replace("+", " ")).decode("utf-8", "replace")


def _encoded(piece: str) -> str:
    return quote_plus(piece, safe="*-._").replace("~", "%7E")


def _pair(entry: Any) -> tuple[str, str]:
    if isinstance(entry, str) or not hasattr(entry, "__iter__"):
        raise type_error("Incorrect type: the provided value is not of type 'Sequence'.")
    both = list(entry)
    if len(both) != 2:
        raise type_error("Invalid URL search params sequence.")
    return scalars(text(both[0])), scalars(text(both[1]))
