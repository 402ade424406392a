"""VectorizeIndexImpl."""

from __future__ import annotations

from typing import Any

from edgelint.testing.python_host.adapters.base import Adapter
from edgelint.testing.python_host.convert import plain
from edgelint.testing.python_host.jsvalue import method
from edgelint.testing.values import UNDEFINED


class VectorizeIndexImpl(Adapter, js_name="VectorizeIndexImpl"):
    """``env.INDEX``."""

    @method
    async def describe(self) -> Any:
        return await self._binding.describe()

    @method
    async def insert(self, vectors: Any = UNDEFINED) -> Any:
        return await self._binding.insert(plain(vectors))

    @method
    async def upsert(self, vectors: Any = UNDEFINED) -> Any:
        return await self._binding.upsert(plain(vectors))

    @method
    async def query(self, vector: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        return await self._binding.query(plain(vector), plain(given))

    @method
    async def queryById(self, vector: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        return await self._binding.query_by_id(plain(vector), plain(given))

    @method
    async def getByIds(self, ids: Any = UNDEFINED) -> Any:
        return await self._binding.get_by_ids(plain(ids))

    @method
    async def deleteByIds(self, ids: Any = UNDEFINED) -> Any:
        return await self._binding.delete_by_ids(plain(ids))
