"""Plain objects as mappings: ``as_object_map`` and ``as_py_json``."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from edgelint.testing.python_host.containers import JsArray, Sequenced
from edgelint.testing.python_host.jsvalue import JsObject, JsProxy, from_python, into_python


class ObjectMap(JsProxy, js_name="Object"):
    """A mapping over the own properties of an object; ``hereditary``: so are the objects in it."""

    def __init__(self, target: JsProxy, hereditary: bool = False) -> None:
        object.__setattr__(self, "_target", target)
        object.__setattr__(self, "_hereditary", hereditary)

    def _js_has(self, name: str) -> bool:
        return bool(self._target._js_has(name))

    def _js_get(self, name: str) -> Any:
        return self._target._js_get(name)

    def _js_set(self, name: str, value: Any) -> None:
        self._target._js_set(name, value)

    def _js_delete(self, name: str) -> None:
        self._target._js_delete(name)

    def _js_keys(self) -> list[str]:
        return list(self._target._js_keys())

    def __getitem__(self, key: str) -> Any:
        if key not in self._js_keys():
            raise KeyError(key)
        found = into_python(self._target._js_get(key))
        return ObjectMap(found, True) if self._hereditary and type(found) is JsObject else found

    def __setitem__(self, key: str, value: Any) -> None:
        self._target._js_set(key, from_python(value))

    def __delitem__(self, key: str) -> None:
        if key not in self._js_keys():
            raise KeyError(key)
        self._target._js_delete(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._js_keys())

    def __len__(self) -> int:
        return len(self._js_keys())

    def __contains__(self, key: object) -> bool:
        return key in self._js_keys()

    get = MutableMapping.get
    keys = MutableMapping.keys
    values = MutableMapping.values
    items = MutableMapping.items
    pop = MutableMapping.pop
    popitem = MutableMapping.popitem
    setdefault = MutableMapping.setdefault
    update = MutableMapping.update


MutableMapping.register(ObjectMap)


class JsonArray(JsArray, js_name="Array"):
    """An array whose objects are seen as mappings."""

    def __init__(self, target: Sequenced) -> None:
        self._list = target._items()

    def __getitem__(self, key: Any) -> Any:
        return as_py_json(super().__getitem__(key))

    def __iter__(self) -> Iterator[Any]:
        return (as_py_json(into_python(item)) for item in self._items())


class JsonObject(ObjectMap, js_name="Object"):
    """An object whose objects are seen as mappings too."""

    def __getitem__(self, key: str) -> Any:
        return as_py_json(super().__getitem__(key))


def as_py_json(value: Any) -> Any:
    """A value with plain objects as mappings and arrays as sequences, all the way down."""
    if type(value) is JsObject:
        return JsonObject(value)
    return JsonArray(value) if type(value) is JsArray else value
