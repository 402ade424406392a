"""KvNamespace."""

from __future__ import annotations

from typing import Any

from edgelint.testing.python_host.adapters.base import Adapter, content, js_stream, options
from edgelint.testing.python_host.buffers import JsArrayBuffer
from edgelint.testing.python_host.convert import plain
from edgelint.testing.python_host.jsvalue import JsObject, lower, method
from edgelint.testing.python_host.maps import JsMap
from edgelint.testing.values import UNDEFINED


class KvNamespace(Adapter, js_name="KvNamespace"):
    """``env.KV``."""

    @method
    async def get(self, key: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        kind, more = _type(given)
        found = await self._binding.get(plain(key), kind, **more)
        return _many(found, JsMap) if isinstance(plain(key), list) else _value(found, kind)

    @method
    async def getWithMetadata(self, key: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        kind, more = _type(given)
        found = await self._binding.get_with_metadata(plain(key), kind, **more)
        if isinstance(plain(key), list):
            return _many(found, JsMap)
        others = {name: lower(value) for name, value in found.items()}
        return JsObject({**others, "value": _value(found["value"], kind)})

    @method
    async def put(self, key: Any = UNDEFINED, value: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        more = options(given, "expiration", "expirationTtl", "metadata")
        await self._binding.put(plain(key), await content(value), **more)
        return UNDEFINED

    @method
    async def delete(self, key: Any = UNDEFINED) -> Any:
        await self._binding.delete(plain(key))
        return UNDEFINED

    @method
    async def list(self, given: Any = UNDEFINED) -> Any:
        return await self._binding.list(**options(given, "prefix", "limit", "cursor"))


def _type(given: Any) -> tuple[Any, dict[str, Any]]:
    """The type that the second argument asks for, and the other options."""
    if given is UNDEFINED or given is None:
        return UNDEFINED, {}
    if isinstance(given, str):
        return given, {}
    found = options(given, "type", "cacheTtl")
    return found.pop("type", UNDEFINED), found


def _value(value: Any, kind: Any) -> Any:
    if isinstance(value, bytes):
        return js_stream(value) if kind == "stream" else JsArrayBuffer(value)
    return lower(value)


def _many(found: dict[str, Any], kind: type[JsMap]) -> JsMap:
    return kind((key, lower(value)) for key, value in found.items())
