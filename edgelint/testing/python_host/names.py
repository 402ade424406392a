"""The names of a globalThis: what most apps never touch is made when it is first looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Later:
    """Stands for a value that ``make`` gives."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


class Names(dict[str, Any]):
    """Properties of an object, in order. A Later among them is made the first time that it is read."""

    def __getitem__(self, name: str) -> Any:
        found = super().__getitem__(name)
        if type(found) is Later:
            found = self[name] = found.make()
        return found

    def items(self) -> Any:
        """Names and values, all of them made."""
        return [(name, self[name]) for name in self]

    def values(self) -> Any:
        """The values, all of them made."""
        return [self[name] for name in self]

    def get(self, name: str, default: Any = None) -> Any:
        """A value, ``default`` when there is none of the name."""
        try:
            return self[name]
        except KeyError:
            return default
