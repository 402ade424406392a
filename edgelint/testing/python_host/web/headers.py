"""Headers, as workerd's headers.c++ has them.

https://github.com/cloudflare/workerd/blob/main/src/workerd/api/headers.c++, https://fetch.spec.whatwg.org/#headers-class
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from edgelint.testing.errors import type_error
from edgelint.testing.python_host.web.base import MISSING, WebObject, given, text, wrong_type
from edgelint.testing.values import UNDEFINED

_TOKEN: Final = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
"""Characters of a header's name (RFC 9110, 5.6.2)."""
_WHITESPACE: Final = "\t\n\r "
_SET_COOKIE: Final = "set-cookie"
_INIT: Final = "Headers or Sequence or object"


class Headers(WebObject):
    """An ordered multimap of names without case. Iteration is sorted by name, values joined, cookies apart."""

    js_iterates = "entries"

    def __init__(self, init: Any = MISSING) -> None:
        self._immutable = False
        self._entries: dict[str, list[str]] = {}
        self._spelt: dict[str, str] = {}
        if not given(init):
            return
        if isinstance(init, Headers):
            self._entries = {name: list(values) for name, values in init._entries.items()}
            self._spelt = dict(init._spelt)
            return
        for name, value in _pairs_of(init):
            self.append(name, value)

    @classmethod
    def _of(cls, pairs: list[tuple[str, str]], *, immutable: bool = False) -> Headers:
        """From plain pairs that were valid already."""
        made = cls()
        for name, value in pairs:
            made._entries.setdefault(name.lower(), []).append(value)
            made._spelt.setdefault(name.lower(), name)
        made._immutable = immutable
        return made

    def _pairs(self) -> list[tuple[str, str]]:
        """Each value on its own, names as they were first spelt, sorted by name."""
        return [(self._spelt[name], value) for name in sorted(self._entries) for value in self._entries[name]]

    def _default(self, name: str, value: str) -> None:
        """Set a header that has no value yet."""
        self._entries.setdefault(name, [value])
        self._spelt.setdefault(name, name)

    def append(self, name: Any = MISSING, value: Any = MISSING) -> None:
        """Add a value. Raises EdgeError (TypeError) for what is no header, and on headers that do not change."""
        key, written = _key(text(name, "append on Headers 1")), _value(text(value, "append on Headers 2"))
        self._writable()
        self._entries.setdefault(key, []).append(written)
        self._spelt.setdefault(key, text(name))

    def set(self, name: Any = MISSING, value: Any = MISSING) -> None:
        """Give a header one value. Raises as ``append`` does."""
        key, written = _key(text(name, "set on Headers 1")), _value(text(value, "set on Headers 2"))
        self._writable()
        self._entries[key] = [written]
        self._spelt[key] = text(name)

    def delete(self, name: Any = MISSING) -> None:
        """Take a header away."""
        key = _key(text(name, "delete on Headers 1"))
        self._writable()
        self._entries.pop(key, None)
        self._spelt.pop(key, None)

    def get(self, name: Any = MISSING) -> str | None:
        """Its values joined with ", ", None when it has none."""
        found = self._entries.get(_key(text(name, "get on Headers 1")))
        return None if found is None else ", ".join(found)

    def getAll(self, name: Any = MISSING) -> list[str]:
        """The values of Set-Cookie. Raises EdgeError (TypeError) for any other name."""
        if text(name, "getAll on Headers 1").lower() != _SET_COOKIE:
            raise type_error('getAll() can only be used with the header name "Set-Cookie".')
        return self.getSetCookie()

    def getSetCookie(self) -> list[str]:
        """The values of Set-Cookie, one each."""
        return list(self._entries.get(_SET_COOKIE, ()))

    def has(self, name: Any = MISSING) -> bool:
        """Whether the header is there."""
        return _key(text(name, "has on Headers 1")) in self._entries

    def entries(self) -> Iterator[list[str]]:
        """[name, value] of each, as iteration gives them. Headers that change meanwhile do not show."""
        found: list[list[str]] = []
        for name in sorted(self._entries):
            values = self._entries[name]
            found += [[name, value] for value in (values if name == _SET_COOKIE else [", ".join(values)])]
        return iter(found)

    def keys(self) -> Iterator[str]:
        """The names that ``entries`` gives."""
        return (name for name, _ in self.entries())

    def values(self) -> Iterator[str]:
        """The values that ``entries`` gives."""
        return (value for _, value in self.entries())

    def forEach(self, callback: Callable[..., Any], this: Any = UNDEFINED) -> None:
        """Call with (value, name, headers) for each."""
        for name, value in self.entries():
            callback(value, name, self)

    def _writable(self) -> None:
        if self._immutable:
            raise type_error("Can't modify immutable headers.")


def _pairs_of(init: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(init, Mapping):
        yield from init.items()
        return
    if isinstance(init, (str, bytes, int, float)) or not hasattr(init, "__iter__"):
        raise wrong_type("new Headers 1", _INIT)
    for pair in init:
        if isinstance(pair, str) or not hasattr(pair, "__iter__"):
            raise type_error("Incorrect type: the provided value is not of type 'Sequence'.")
        both = list(pair)
        if len(both) != 2:
            raise type_error(
                "To initialize a Headers object from a sequence, each inner sequence must have exactly two elements."
            )
        yield both[0], both[1]


def _key(name: str) -> str:
    # A name outside ASCII is refused too, though older runtimes let "é" pass; see tests/testing/web/differences.toml
    if not all(char in _TOKEN for char in name):
        raise type_error("Invalid header name.")
    return name.lower()


def _value(value: str) -> str:
    trimmed = value.strip(_WHITESPACE)
    if any(char in "\0\r\n" for char in trimmed):
        raise type_error("Invalid header value.")
    return trimmed
