"""Array and iterators, and what values of collections have in common."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, MutableSequence
from typing import Any, Final, cast

from edgelint.testing.coercion import number
from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.jsvalue import (
    JsHost,
    JsObject,
    JsProxy,
    call,
    from_python,
    getter,
    into_python,
    iterate,
    lower,
    method,
    static,
    text,
)
from edgelint.testing.values import UNDEFINED

_MISSING: Final = object()


class JsIterator(JsHost, js_name="Iterator"):
    """An iterator over values of the JavaScript side. ``tag`` is what it says of itself ("Map Iterator")."""

    def __init__(self, values: Iterable[Any], tag: str = "Iterator") -> None:
        self._values = iter(values)
        self._tag = tag

    def _js_tag(self) -> str:
        return f"[object {self._tag}]"

    def _js_iterate(self) -> Iterator[Any]:
        return self._values

    @method
    def next(self, sent: Any = UNDEFINED) -> JsObject:
        try:
            return JsObject({"value": lower(next(self._values)), "done": False})
        except StopIteration:
            return JsObject({"value": UNDEFINED, "done": True})

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return into_python(lower(next(self._values)))


class Sequenced(JsHost):
    """What arrays and typed arrays have in common. ``_items`` gives the values, in order."""

    def _items(self) -> list[Any]:
        raise NotImplementedError

    def _like(self, items: list[Any]) -> Any:
        """A new one of the same class."""
        raise NotImplementedError

    def _js_iterate(self) -> Iterator[Any]:
        def live() -> Iterator[Any]:
            index = 0
            while index < len(self._items()):
                yield self._items()[index]
                index += 1

        return live()

    def _js_keys(self) -> list[str]:
        return [*(str(index) for index in range(len(self._items()))), *(self._js_own or ())]

    def _js_has(self, name: str) -> bool:
        return (name.isdecimal() and int(name) < len(self._items())) or super()._js_has(name)

    def _js_get(self, name: str) -> Any:
        if name.isdecimal():
            return self._items()[int(name)] if int(name) < len(self._items()) else UNDEFINED
        return super()._js_get(name)

    def _js_text(self) -> str:
        return joined(self._items(), ",")

    @getter
    def length(self) -> int:
        return len(self._items())

    @method
    def at(self, index: Any = 0) -> Any:
        items, where = self._items(), int(number(index))
        return items[where] if -len(items) <= where < len(items) else UNDEFINED

    @method
    def indexOf(self, value: Any = UNDEFINED) -> int:
        return next((index for index, item in enumerate(self._items()) if same(item, value)), -1)

    @method
    def lastIndexOf(self, value: Any = UNDEFINED) -> int:
        return max((index for index, item in enumerate(self._items()) if same(item, value)), default=-1)

    @method
    def includes(self, value: Any = UNDEFINED) -> bool:
        return any(same(item, value) for item in self._items())

    @method
    def join(self, separator: Any = UNDEFINED) -> str:
        return joined(self._items(), "," if separator is UNDEFINED else text(separator))

    @method
    def slice(self, start: Any = UNDEFINED, end: Any = UNDEFINED) -> Any:
        first, last = None if start is UNDEFINED else int(number(start)), None if end is UNDEFINED else int(number(end))
        return self._like(self._items()[first:last])

    @method
    def map(self, function: Any = UNDEFINED) -> Any:
        return self._like([call(function, item, index, self) for index, item in enumerate(self._items())])

    @method
    def filter(self, function: Any = UNDEFINED) -> Any:
        kept = [item for i, item in enumerate(self._items()) if truthy(call(function, item, i, self))]
        return self._like(kept)

    @method
    def forEach(self, function: Any = UNDEFINED) -> None:
        for index, item in enumerate(self._items()):
            call(function, item, index, self)

    @method
    def some(self, function: Any = UNDEFINED) -> bool:
        return any(truthy(call(function, item, index, self)) for index, item in enumerate(self._items()))

    @method
    def every(self, function: Any = UNDEFINED) -> bool:
        return all(truthy(call(function, item, index, self)) for index, item in enumerate(self._items()))

    @method
    def find(self, function: Any = UNDEFINED) -> Any:
        found = (item for index, item in enumerate(self._items()) if truthy(call(function, item, index, self)))
        return next(found, UNDEFINED)

    @method
    def findIndex(self, function: Any = UNDEFINED) -> int:
        return next((i for i, item in enumerate(self._items()) if truthy(call(function, item, i, self))), -1)

    @method
    def reduce(self, function: Any = UNDEFINED, initial: Any = _MISSING) -> Any:
        items = list(enumerate(self._items()))
        if initial is _MISSING:
            if not items:
                raise EdgeError("Reduce of empty array with no initial value", "TypeError")
            initial = items.pop(0)[1]
        return functools.reduce(lambda total, each: call(function, total, each[1], each[0], self), items, initial)

    @method
    def keys(self) -> JsIterator:
        return JsIterator(range(len(self._items())), "Array Iterator")

    @method
    def values(self) -> JsIterator:
        return JsIterator(self._js_iterate(), "Array Iterator")

    @method
    def entries(self) -> JsIterator:
        return JsIterator(([index, item] for index, item in enumerate(self._items())), "Array Iterator")

    def __len__(self) -> int:
        return len(self._items())

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return self._like(self._items()[key])
        try:
            return into_python(self._items()[key])
        except IndexError:
            raise IndexError(key) from None

    def __contains__(self, value: Any) -> bool:
        return any(same(item, from_python(value)) for item in self._items())

    def __reversed__(self) -> Iterator[Any]:
        return (into_python(item) for item in reversed(self._items()))

    def index(self, value: Any, /, start: int = 0, stop: int | None = None) -> int:
        """The index of a value. Raises ValueError when it is not there."""
        for index, item in list(enumerate(self._items()))[start:stop]:
            if same(item, from_python(value)):
                return index
        raise ValueError(f"{value!r} is not in list")

    def count(self, value: Any, /) -> int:
        """How often a value is there."""
        return sum(same(item, from_python(value)) for item in self._items())


class JsArray(Sequenced, js_name="Array"):
    """An array."""

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self._list = list(items)

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        if len(args) == 1 and isinstance(args[0], (int, float)) and not isinstance(args[0], bool):
            if args[0] < 0 or args[0] != int(args[0]):
                raise EdgeError("Invalid array length", "RangeError")
            return cls([UNDEFINED] * int(args[0]))
        return cls(args)

    @classmethod
    def _js_call_class(cls, args: list[Any]) -> Any:
        return cls._js_construct(args)

    def _items(self) -> list[Any]:
        return self._list

    def _like(self, items: list[Any]) -> JsArray:
        return JsArray(items)

    def _js_set(self, name: str, value: Any) -> None:
        if name.isdecimal():
            missing = int(name) + 1 - len(self._list)
            self._list.extend([UNDEFINED] * missing)
            self._list[int(name)] = value
        elif name == "length":
            del self._list[int(number(value)) :]
        else:
            super()._js_set(name, value)

    @static(name="from")
    def from_(values: Any = UNDEFINED, function: Any = UNDEFINED) -> JsArray:
        if isinstance(values, JsProxy) and values._js_iterate() is None:
            size = values._js_get("length")
            found = [values._js_get(str(index)) for index in range(0 if size is UNDEFINED else int(number(size)))]
        else:
            found = list(iterate(values))
        if function is not UNDEFINED:
            found = [call(function, item, index) for index, item in enumerate(found)]
        return JsArray(found)

    @static
    def isArray(value: Any = UNDEFINED) -> bool:
        return isinstance(value, JsArray)

    @static
    def of(*values: Any) -> JsArray:
        return JsArray(values)

    @method
    def push(self, *values: Any) -> int:
        self._list.extend(values)
        return len(self._list)

    @method
    def shift(self) -> Any:
        return self._list.pop(0) if self._list else UNDEFINED

    @method
    def unshift(self, *values: Any) -> int:
        self._list[:0] = values
        return len(self._list)

    @method
    def concat(self, *others: Any) -> JsArray:
        made = list(self._list)
        for other in others:
            made.extend(list(iterate(other)) if is_array(other) else [other])
        return JsArray(made)

    @method
    def splice(self, start: Any = 0, count: Any = UNDEFINED, *values: Any) -> JsArray:
        first = int(number(start))
        first = max(0, len(self._list) + first) if first < 0 else min(first, len(self._list))
        taken = len(self._list) - first if count is UNDEFINED else max(0, int(number(count)))
        removed = self._list[first : first + taken]
        self._list[first : first + taken] = values
        return JsArray(removed)

    @method
    def fill(self, value: Any = UNDEFINED) -> JsArray:
        self._list[:] = [value] * len(self._list)
        return self

    @method
    def flat(self, depth: Any = 1) -> JsArray:
        return JsArray(_flat(self._list, int(number(depth))))

    @method
    def sort(self, function: Any = UNDEFINED) -> JsArray:
        if function is UNDEFINED:
            self._list.sort(key=lambda item: text(item).encode("utf-16-be", "surrogatepass"))
        else:
            self._list.sort(key=functools.cmp_to_key(lambda one, other: int(number(call(function, one, other)))))
        return self

    @method
    def toSorted(self, function: Any = UNDEFINED) -> JsArray:
        return cast("JsArray", JsArray(self._list)._js_get("sort")._js_apply(UNDEFINED, [function]))

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, slice):
            self._list[key] = [from_python(item) for item in value]
            return
        try:
            self._list[key] = from_python(value)
        except IndexError:
            raise IndexError(key) from None

    def __delitem__(self, key: Any) -> None:
        try:
            del self._list[key]
        except IndexError:
            raise IndexError(key) from None

    def __add__(self, other: Any) -> JsArray:
        return JsArray([*self._list, *(from_python(item) for item in other)])

    def __iadd__(self, other: Any) -> JsArray:
        self.extend(other)
        return self

    def __mul__(self, times: int) -> JsArray:
        return JsArray(self._list * times)

    def append(self, value: Any, /) -> None:
        """Add at the end."""
        self._list.append(from_python(value))

    def extend(self, values: Iterable[Any], /) -> None:
        """Add several at the end."""
        self._list.extend(from_python(item) for item in values)

    def insert(self, index: int, value: Any, /) -> None:
        """Put before ``index``."""
        self._list.insert(index, from_python(value))

    def pop(self, index: int = -1, /) -> Any:
        """Take out. Raises IndexError when it is not there."""
        if not self._list:
            raise IndexError("pop from empty list")
        try:
            return into_python(self._list.pop(index))
        except IndexError:
            raise IndexError("pop index out of range") from None

    def remove(self, value: Any, /) -> None:
        """Take the first of a value out. Raises ValueError."""
        del self._list[self.index(value)]

    def reverse(self) -> JsArray:
        """Turn round in place."""
        self._list.reverse()
        return self

    def clear(self) -> None:
        """Take everything out."""
        self._list.clear()


MutableSequence.register(JsArray)


def identity(value: Any) -> Any:
    """A key for what Map and Set hold to be the same (SameValueZero)."""
    if isinstance(value, JsProxy):
        return ("object", id(value))
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, (int, float)):
        return ("nan",) if value != value else ("number", type(value).__name__ == "JsBigInt", value)
    return value


def is_array(value: Any) -> bool:
    """Whether a value is an array, or a list or tuple of Python's."""
    return isinstance(value, JsArray) or isinstance(getattr(value, "_target", None), (list, tuple))


def same(one: Any, other: Any) -> bool:
    """``===``."""
    return bool(identity(one) == identity(other))


def truthy(value: Any) -> bool:
    """``Boolean(value)``."""
    if isinstance(value, JsProxy):
        return True
    return bool(value == value and value)


def joined(items: Iterable[Any], separator: str) -> str:
    """``Array.prototype.join``."""
    return separator.join("" if item is None or item is UNDEFINED else text(item) for item in items)


def pairs_of(values: Any) -> Iterator[tuple[Any, Any]]:
    """The pairs that an iterable of arrays gives. Raises EdgeError (TypeError)."""
    for entry in iterate(values):
        if not isinstance(entry, JsProxy):
            raise EdgeError(f"Iterator value {text(entry)} is not an entry object", "TypeError")
        found = entry._js_iterate()
        both = list(found) if found is not None else [entry._js_get("0"), entry._js_get("1")]
        both += [UNDEFINED, UNDEFINED]
        yield both[0], both[1]


def _flat(items: list[Any], depth: int) -> list[Any]:
    found: list[Any] = []
    for item in items:
        found.extend(_flat(item._list, depth - 1) if isinstance(item, JsArray) and depth > 0 else [item])
    return found
