"""The SDK inside of the runtime: what Workers of older compatibility dates are handed out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgelint.testing.bindings.queues import dispatch
from tests.testing.python_host.test_sdk import app
from tests.testing.python_host.worlds import Running, running

OLD, NEW = "2026-03-01", "2026-06-01"
CONFIG: dict[str, Any] = {
    "kv_namespaces": [{"binding": "KV", "id": "kv"}],
    "d1_databases": [{"binding": "DB", "database_id": "1", "database_name": "db"}],
    "durable_objects": {"bindings": [{"name": "OBJECTS", "class_name": "Object"}]},
    "migrations": [{"tag": "v1", "new_sqlite_classes": ["Object"]}],
    "queues": {"producers": [{"binding": "JOBS", "queue": "jobs"}], "consumers": [{"queue": "jobs"}]},
}
EXTRA = """
from pyodide.ffi import JsProxy, jsnull
import workers

class Object(DurableObject):
    async def kept(self):
        await self.ctx.storage.put("a", to_js({"b": 1}, dict_converter=js.Object.fromEntries))
        found = await self.ctx.storage.get("a")
        return f"{type(self.ctx).__name__} {isinstance(found, JsProxy)}"

    async def nothing(self):
        return None

    async def same(self, value):
        return f"{type(value).__name__} {value}"
"""


def outcome(worker: Running, by_date: bool = True) -> Any:
    worker.world.sdk_by_date = by_date
    return worker.json()


def told(folder: Path, handler: str, date: str = OLD, by_date: bool = True) -> Any:
    with running(folder, app(handler, EXTRA), CONFIG, date=date) as worker:
        return outcome(worker, by_date)


SHOWN = (
    "missing = await self.env.KV.get('missing')\n"
    "rows = (await self.env.DB.prepare('SELECT 1 AS a').all()).results\n"
    "return Response.json([missing is None, missing is jsnull, isinstance(rows, JsProxy),"
    " isinstance(workers.env.KV, JsProxy)])"
)


def test_results_of_bindings_are_raw(tmp_path: Path) -> None:
    assert told(tmp_path, SHOWN) == [False, True, True, True]


def test_workers_of_other_dates_keep_the_installed_sdk(tmp_path: Path) -> None:
    assert told(tmp_path, SHOWN, date=NEW) == [True, False, False, False]
    assert told(tmp_path, SHOWN, by_date=False) == [True, False, False, False]


def test_one_that_brings_an_sdk_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "python_modules" / "workers").mkdir(parents=True)
    assert told(tmp_path, SHOWN) == [True, False, False, False]


def test_none_is_undefined_for_a_binding(tmp_path: Path) -> None:
    bound = (
        "try:\n    await self.env.DB.prepare('SELECT ? AS a').bind(None).first()\n"
        "except Exception as error:\n    return Response.json(str(error))\nreturn Response.json('fine')"
    )
    assert "D1_TYPE_ERROR: Type 'undefined' not supported" in told(tmp_path, bound)
    assert told(tmp_path, bound, date=NEW) == "fine"


def test_objects_and_what_crosses_to_them(tmp_path: Path) -> None:
    handler = (
        "stub = self.env.OBJECTS.getByName('one')\n"
        "nothing = await stub.nothing()\n"
        "try:\n    sent = await stub.same(lambda: 1)\nexcept TypeError as error:\n    sent = str(error)\n"
        "try:\n    nested = await stub.same({'a': [lambda: 1]})\nexcept TypeError as error:\n    nested = str(error)\n"
        "return Response.json([await stub.kept(), nothing is None, await stub.same({'a': [1, None]}),"
        " await stub.same([1, 'b']), sent, nested])"
    )
    refused = "<class 'function'> cannot be sent over RPC."
    assert told(tmp_path, handler) == [
        "JsProxy True", True, "dict {'a': [1, None]}", "list [1, 'b']", refused, refused
    ]  # fmt: skip
    kept = "return Response.json(await self.env.OBJECTS.getByName('one').kept())"
    assert told(tmp_path, kept, date=NEW) == "DurableObjectContext False"


def test_values_with_a_form_of_their_own_cross(tmp_path: Path) -> None:
    handler = (
        "import datetime\n"
        "when = workers.python_to_rpc(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))\n"
        "error = workers.python_to_rpc(ValueError('no'))\n"
        "response = workers.python_to_rpc(Response('x'))\n"
        "table = workers.python_to_rpc({'a': 1})\n"
        "other = workers.python_to_rpc(type)\n"
        "return Response.json([when.toISOString(), error.message, response.constructor.name, table.constructor.name,"
        " table.get('a'), workers.python_from_rpc(5), workers.python_from_rpc(when).year, callable(other)])"
    )
    assert told(tmp_path, handler) == [
        "2026-01-01T00:00:00.000Z", "no", "Response", "Map", 1, 5, 2026, True
    ]  # fmt: skip


@pytest.mark.parametrize(("date", "raw"), [(OLD, True), (NEW, False)])
def test_a_batch_is_raw(tmp_path: Path, date: str, raw: bool) -> None:
    source = app("return Response('x')", EXTRA) + (
        "    async def queue(self, batch, env, ctx):\n"
        "        body = batch.messages[0].body\n"
        "        await self.env.KV.put('seen', f'{isinstance(batch, JsProxy)} {isinstance(body, JsProxy)}')\n"
    )
    with running(tmp_path, source, CONFIG, date=date) as worker:
        worker.world.sdk_by_date = True
        worker.world.run(dispatch(worker.world, "jobs", [{"a": 1}]))
        seen = worker.world.run(worker.worker.binding("KV").get("seen"))  # type: ignore[union-attr]
        assert seen == f"{raw} {raw}"
