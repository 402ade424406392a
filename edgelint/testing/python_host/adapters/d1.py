"""D1Database, its statements and sessions."""

from __future__ import annotations

from typing import Any

from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.adapters.base import Adapter, options
from edgelint.testing.python_host.buffers import Bytes
from edgelint.testing.python_host.containers import JsArray
from edgelint.testing.python_host.jsvalue import JsProxy, getter, iterate, method, text, typeof
from edgelint.testing.values import UNDEFINED


class _Asked(Adapter, js_name="Object"):
    """What a database and a session have in common."""

    @method
    def prepare(self, sql: Any = UNDEFINED) -> Any:
        return D1PreparedStatement(self._binding.prepare(sql))

    @method
    async def batch(self, statements: Any = UNDEFINED) -> Any:
        if not isinstance(statements, JsProxy) or not statements._js_has("map"):
            return await self._binding.batch(UNDEFINED)
        found = [each._binding if isinstance(each, D1PreparedStatement) else each for each in iterate(statements)]
        return await self._binding.batch(found)


class D1Database(_Asked, js_name="D1Database"):
    """``env.DB``."""

    @method
    async def exec(self, sql: Any = UNDEFINED) -> Any:
        return await self._binding.exec(sql)

    @method
    def withSession(self, constraint: Any = UNDEFINED) -> Any:
        return D1DatabaseSession(self._binding.with_session(constraint))

    @method
    async def dump(self) -> Any:
        return await self._binding.dump()


class D1DatabaseSession(_Asked, js_name="D1DatabaseSession"):
    """What ``withSession`` gives."""

    @method
    def getBookmark(self) -> Any:
        return self._binding.get_bookmark()


class D1PreparedStatement(Adapter, js_name="D1PreparedStatement"):
    """What ``prepare`` and ``bind`` give."""

    @method
    def bind(self, *values: Any) -> Any:
        return D1PreparedStatement(self._binding.bind(*(_bound(value) for value in values)))

    @method
    async def first(self, column: Any = UNDEFINED) -> Any:
        return await self._binding.first(column if column is not None else UNDEFINED)

    @method
    async def all(self) -> Any:
        return await self._binding.all()

    @method
    async def run(self) -> Any:
        return await self._binding.run()

    @method
    async def raw(self, given: Any = UNDEFINED) -> Any:
        return await self._binding.raw(**options(given, "columnNames"))

    @getter
    def statement(self) -> Any:
        return self._binding.statement

    @getter
    def params(self) -> Any:
        return list(self._binding.params)


def _bound(value: Any) -> Any:
    """A parameter as the state machine takes it. What is a list of Python's comes as an array when the SDK converted
    it, and as an object when not; dates and other objects are refused.
    https://github.com/cloudflare/workerd/blob/main/src/cloudflare/internal/d1-api.ts"""
    if isinstance(value, Bytes):
        return value.to_bytes()
    if isinstance(value, JsArray):
        return [_bound(item) for item in value._items()]
    if isinstance(value, JsProxy):
        kind = typeof(value)
        raise EdgeError(
            f"D1_TYPE_ERROR: Type '{kind}' not supported for value '{text(value)}'",
            cause=EdgeError(f"Type '{kind}' not supported for value '{text(value)}'"),
        )
    return value
