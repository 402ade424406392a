"""Map and Set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any, ClassVar

from edgelint.testing.python_host.containers import JsArray, JsIterator, identity, pairs_of
from edgelint.testing.python_host.jsvalue import JsHost, call, from_python, getter, into_python, iterate, method
from edgelint.testing.values import UNDEFINED


class JsMap(JsHost, js_name="Map"):
    """A Map, and the mapping that Python sees. ``entries`` are pairs of values of the JavaScript side."""

    _js_needs_new: ClassVar[str] = "Constructor Map requires 'new'"

    def __init__(self, entries: Iterable[tuple[Any, Any]] = ()) -> None:
        self._map: dict[Any, tuple[Any, Any]] = {}
        for key, value in entries:
            self._map[identity(key)] = (key, value)

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        if not args or args[0] is UNDEFINED or args[0] is None:
            return cls()
        return cls(pairs_of(args[0]))

    def _entries(self) -> list[tuple[Any, Any]]:
        return list(self._map.values())

    def _js_iterate(self) -> Iterator[Any]:
        return (JsArray(entry) for entry in self._entries())

    def _lookup(self, key: Any) -> Any:
        """The value under a key of the JavaScript side; UNDEFINED when it is not there."""
        return self._map.get(identity(key), (UNDEFINED, UNDEFINED))[1]

    @getter
    def size(self) -> int:
        return len(self._map)

    @method(name="get")
    def _get(self, key: Any = UNDEFINED) -> Any:
        return self._lookup(key)

    @method(name="set")
    def _set(self, key: Any = UNDEFINED, value: Any = UNDEFINED) -> Any:
        self._map[identity(key)] = (key, value)
        return self

    @method
    def has(self, key: Any = UNDEFINED) -> bool:
        return identity(key) in self._map

    @method
    def delete(self, key: Any = UNDEFINED) -> bool:
        return self._map.pop(identity(key), None) is not None

    @method
    def forEach(self, function: Any = UNDEFINED) -> None:
        for key, value in self._entries():
            call(function, value, key, self)

    @method
    def entries(self) -> JsIterator:
        return JsIterator((list(entry) for entry in self._entries()), "Map Iterator")

    @method(name="keys")
    def _keys_js(self) -> JsIterator:
        return JsIterator((key for key, _ in self._entries()), "Map Iterator")

    @method(name="values")
    def _values_js(self) -> JsIterator:
        return JsIterator((value for _, value in self._entries()), "Map Iterator")

    def __len__(self) -> int:
        return len(self._map)

    def __iter__(self) -> Iterator[Any]:
        return (into_python(key) for key, _ in self._entries())

    def __contains__(self, key: Any) -> bool:
        return identity(from_python(key)) in self._map

    def __getitem__(self, key: Any) -> Any:
        found = self._map.get(identity(from_python(key)))
        if found is None:
            raise KeyError(key)
        return into_python(found[1])

    def __setitem__(self, key: Any, value: Any) -> None:
        js_key = from_python(key)
        self._map[identity(js_key)] = (js_key, from_python(value))

    def __delitem__(self, key: Any) -> None:
        if self._map.pop(identity(from_python(key)), None) is None:
            raise KeyError(key)

    def get(self, key: Any, default: Any = None, /) -> Any:
        """The value under a key, or the default."""
        found = self._map.get(identity(from_python(key)))
        return default if found is None else into_python(found[1])

    keys = MutableMapping.keys
    items = MutableMapping.items
    values = MutableMapping.values
    pop = MutableMapping.pop
    popitem = MutableMapping.popitem
    setdefault = MutableMapping.setdefault
    update = MutableMapping.update

    def clear(self) -> None:
        """Take everything out."""
        self._map.clear()


class LiteralMap(JsMap, js_name="LiteralMap"):
    """What ``to_js`` made of a dict before Pyodide 314: a Map whose entries can also be read as properties. It is a
    Proxy, so it cannot be cloned."""

    def _js_tag(self) -> str:
        return "[object Map]"

    def _js_has(self, name: str) -> bool:
        return super()._js_has(name) or identity(name) in self._map

    def _js_get(self, name: str) -> Any:
        return super()._js_get(name) if super()._js_has(name) else self._lookup(name)

    def _js_set(self, name: str, value: Any) -> None:
        self._map[identity(name)] = (name, value)

    def _js_keys(self) -> list[str]:
        return [key for key, _ in self._entries() if isinstance(key, str)]


class JsSet(JsHost, js_name="Set"):
    """A Set."""

    _js_needs_new: ClassVar[str] = "Constructor Set requires 'new'"

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self._set: dict[Any, Any] = {identity(item): item for item in items}

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        return cls(iterate(args[0])) if args and args[0] not in (None, UNDEFINED) else cls()

    def _items(self) -> list[Any]:
        return list(self._set.values())

    def _js_iterate(self) -> Iterator[Any]:
        return iter(self._items())

    @getter
    def size(self) -> int:
        return len(self._set)

    @method
    def add(self, value: Any = UNDEFINED) -> JsSet:
        self._set.setdefault(identity(value), value)
        return self

    @method
    def has(self, value: Any = UNDEFINED) -> bool:
        return identity(value) in self._set

    @method
    def delete(self, value: Any = UNDEFINED) -> bool:
        key = identity(value)
        found = key in self._set
        self._set.pop(key, None)
        return found

    @method
    def clear(self) -> None:
        self._set.clear()

    @method
    def forEach(self, function: Any = UNDEFINED) -> None:
        for item in self._items():
            call(function, item, item, self)

    @method
    def values(self) -> JsIterator:
        return JsIterator(self._items(), "Set Iterator")

    @method
    def keys(self) -> JsIterator:
        return JsIterator(self._items(), "Set Iterator")

    @method
    def entries(self) -> JsIterator:
        return JsIterator(([item, item] for item in self._items()), "Set Iterator")


del JsSet.__delitem__  # type: ignore[attr-defined]  # a Set has no items, though it has delete


MutableMapping.register(JsMap)
