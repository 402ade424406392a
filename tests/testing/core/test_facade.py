"""How a test holds bindings: without await, with it, and what verbs return in turn."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from edgelint.testing.bindings.kv import KvNamespace
from edgelint.testing.errors import EdgeError
from edgelint.testing.facade import Held, released
from tests.testing.core.apps import HEAD, opened

CONFIG = {
    "vars": {"NAME": "ada"},
    "kv_namespaces": [{"binding": "KV", "id": "k"}],
    "d1_databases": [{"binding": "DB", "database_id": "d", "database_name": "d"}],
    "r2_buckets": [{"binding": "R2", "bucket_name": "b"}],
    "analytics_engine_datasets": [{"binding": "EVENTS", "dataset": "e"}],
}


def test_verbs_without_await(tmp_path: Path) -> None:
    with opened(tmp_path, **CONFIG) as edge:
        kv = edge.env.KV
        assert kv.put("a", "1") is None
        assert kv.get("a") == "1"
        assert kv.name == "KV"
        assert repr(kv) == repr(released(kv))
        assert {"get", "put", "list"} <= set(dir(kv))
        assert edge.meter.counts["operations"] == 0
        with pytest.raises(EdgeError, match="Key name cannot be empty"):
            kv.get("")
        with pytest.raises(AttributeError, match="frobnicate"):
            kv.frobnicate()


def test_what_verbs_return_is_held_too(tmp_path: Path) -> None:
    with opened(tmp_path, **CONFIG) as edge:
        database = edge.env.DB
        database.exec("CREATE TABLE t (a)")
        insert = database.prepare("INSERT INTO t VALUES (?)")
        assert isinstance(insert, Held)
        assert isinstance(insert.bind(1), Held)
        database.batch([insert.bind(1), insert.bind(2)])
        database.batch((insert.bind(3),))
        assert database.prepare("SELECT sum(a) AS s FROM t").first("s") == 6
        upload = edge.env.R2.create_multipart_upload("big")
        part = upload.upload_part(1, b"all of it")
        assert upload.complete([part]).size == 9


def test_verbs_with_await(tmp_path: Path) -> None:
    with opened(tmp_path, **CONFIG) as edge:

        async def test() -> None:
            await edge.aenv.KV.put("a", "1")
            assert await edge.aenv.KV.get("a") == "1"
            await edge.aenv.DB.exec("CREATE TABLE t (a)")
            statement = edge.aenv.DB.prepare("INSERT INTO t VALUES (?) RETURNING a").bind(7)
            assert await statement.first("a") == 7
            upload = await edge.aenv.R2.create_multipart_upload("big")
            assert isinstance(upload, Held)
            part = await upload.upload_part(1, b"x")
            assert (await upload.complete([part])).size == 1
            assert edge.aenv.EVENTS.points == []
            assert all(each.origin == "test" for each in edge.timeline.operations)

        asyncio.run(test())


def test_env_by_attribute_and_by_item(tmp_path: Path) -> None:
    with opened(tmp_path, **CONFIG) as edge:
        assert edge.env.NAME == edge.env["NAME"] == "ada"
        assert isinstance(released(edge.env["KV"]), KvNamespace)
        assert dir(edge.env) == sorted(["KV", "DB", "R2", "EVENTS", "NAME"])
        with pytest.raises(AttributeError, match="has no binding, variable or secret 'NONE' in this environment"):
            _ = edge.env.NONE
        with pytest.raises(KeyError, match="NONE"):
            edge.env["NONE"]


def test_a_kind_that_has_no_fake_fails_when_it_is_touched(tmp_path: Path) -> None:
    with opened(tmp_path, browser={"binding": "BROWSER"}) as edge:
        assert "BROWSER" in dir(edge.env)
        with pytest.raises(Exception, match=r"BROWSER is .*: edgelint has no fake of that kind of binding"):
            _ = edge.env.BROWSER


def test_lists_of_what_has_verbs(tmp_path: Path) -> None:
    config = {"workflows": [{"binding": "FLOW", "name": "flow", "class_name": "Flow"}]}
    source = f"{HEAD}class Flow(WorkflowEntrypoint):\n    async def run(self, event, step):\n        pass\n"
    with opened(tmp_path, source, **config) as edge:
        made = edge.env.FLOW.create_batch([{"id": "a"}, {"id": "b"}])
        assert [(isinstance(each, Held), each.id) for each in made] == [(True, "a"), (True, "b")]
        assert made[0].status()["status"] in ("running", "complete", "queued")


def test_what_is_not_there_is_none_for_a_test(tmp_path: Path) -> None:
    source = (
        f"{HEAD}class Room(DurableObject):\n    async def nothing(self):\n        return js.undefined\n\n"
        "    async def raw(self):\n        return await self.ctx.storage.get('nope') is js.undefined\n"
    )
    config = {
        "durable_objects": {"bindings": [{"name": "ROOM", "class_name": "Room"}]},
        "migrations": [{"tag": "v1", "new_sqlite_classes": ["Room"]}],
        "kv_namespaces": [{"binding": "KV", "id": "k"}],
    }
    with opened(tmp_path, source, **config) as edge:
        room = edge.durable_object("ROOM", "a")
        room.storage.put("there", 1)
        assert (room.storage.get("nope"), room.storage.kv.get("nope"), edge.env.KV.get("nope")) == (None, None, None)
        assert (room.storage.get("there"), room.storage.get(["there", "nope"])) == (1, {"there": 1})
        assert room.run(lambda instance, state: state.storage.get("nope")) is None
        assert room.call("nothing") is None
