"""Bindings of a method or two: rate limits, Analytics Engine, Hyperdrive, a secret of a store, version metadata."""

from __future__ import annotations

from typing import Any

from edgelint.testing.python_host.adapters.base import Adapter
from edgelint.testing.python_host.convert import plain
from edgelint.testing.python_host.jsvalue import JsObject, JsProxy, getter, method
from edgelint.testing.values import UNDEFINED


class Ratelimit(Adapter, js_name="Ratelimit"):
    """``env.LIMITER``."""

    @method
    async def limit(self, given: Any = UNDEFINED) -> Any:
        return await self._binding.limit(_fields(given))


class AnalyticsEngineDataset(Adapter, js_name="AnalyticsEngine"):
    """``env.ANALYTICS``."""

    @method
    def writeDataPoint(self, event: Any = UNDEFINED) -> Any:
        self._binding.write_data_point(_fields(event))
        return UNDEFINED


class SecretsStoreSecret(Adapter, js_name="Fetcher"):
    """``env.SECRET`` of a secrets store."""

    @method
    async def get(self) -> Any:
        return await self._binding.get()


class Hyperdrive(Adapter, js_name="Hyperdrive"):
    """``env.HYPERDRIVE``."""

    @getter
    def connectionString(self) -> Any:
        return self._binding.connection_string

    @getter
    def host(self) -> Any:
        return self._binding.host

    @getter
    def port(self) -> Any:
        return self._binding.port

    @getter
    def user(self) -> Any:
        return self._binding.user

    @getter
    def password(self) -> Any:
        return self._binding.password

    @getter
    def database(self) -> Any:
        return self._binding.database

    @method
    def connect(self, *args: Any) -> Any:
        return self._binding.connect(*args)


def version_metadata(binding: Any) -> JsObject:
    """``env.VERSION``: a plain object."""
    return JsObject(dict(binding.values()))


def _fields(value: Any) -> Any:
    """An options object as a dict, whatever is in it."""
    if isinstance(value, JsProxy) and not isinstance(plain(value), (dict, list)):
        return {name: plain(value._js_get(name)) for name in value._js_keys()}
    return plain(value)
