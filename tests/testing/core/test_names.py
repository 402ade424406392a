"""What a test names and is not there is refused, with the nearest name that is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edgelint.testing.edge import Edge, Options
from edgelint.testing.errors import EdgeUsageError
from tests.testing.core.apps import HEAD, NOTHING, handler, opened, write

CONFIG = {
    "kv_namespaces": [{"binding": "CACHE", "id": "k"}],
    "d1_databases": [
        {"binding": "DB", "database_id": "d", "database_name": "d"},
        {"binding": "DB_OLD", "database_id": "o", "database_name": "o"},
    ],
    "services": [{"binding": "AUTH", "service": "auth-worker"}],
    "durable_objects": {"bindings": [{"name": "COUNTER", "class_name": "Counter"}]},
    "migrations": [{"tag": "v1", "new_sqlite_classes": ["Counter", "Room"]}],
    "workflows": [{"binding": "FLOW", "name": "flow", "class_name": "Flow"}],
    "assets": {"directory": "public"},
}
OBJECT = "class Counter(DurableObject):\n    async def get(self):\n        return await self.ctx.storage.get('n')\n\n\n"
COUNTER = HEAD + OBJECT + handler("return Response(str(await self.env.COUNTER.getByName('a').get()))")[len(HEAD) :]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(seed_data={"DBB": "SELECT 1"}), "seed_data: there is no D1 database 'DBB': did you mean 'DB'?"),
        (Options(seed_data={"CACHE": ""}), "seed_data: there is no D1 database 'CACHE' (there are: 'DB', 'DB_OLD')"),
        (Options(faults=["cache.get"]), "edge_faults: nothing in this app is called 'cache': did you mean 'CACHE'?"),
        (Options(vars={"DB": "x"}), "vars: 'DB' is a binding (d1), no variable"),
        (Options(secrets={"AUTH": "x"}), "secrets: 'AUTH' is a binding (service), no variable"),
    ],
)
def test_a_world_that_is_set_up_with_what_is_not_there(tmp_path: Path, options: Options, said: str) -> None:
    app = write(tmp_path, **CONFIG)
    with pytest.raises(EdgeUsageError) as raised:
        Edge(app, options)
    assert str(raised.value) == said


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda edge: edge.faults.on("DBS.*"), "edge_faults: nothing in this app is called 'DBS': did you mean 'DB'?"),
        (lambda edge: edge.faults.on("C?UNTERS.call"), "nothing in this app is called 'C?UNTERS'"),
        (lambda edge: edge.meter.count("CACHE*"), "edge_meter.count: nothing in this app is called 'CACHE*'"),
        (lambda edge: edge.durable_object("COUNTERS"), "no Durable Object namespace: did you mean 'COUNTER'?"),
        (lambda edge: edge.workflow("flow"), "'flow' is no workflow: did you mean 'FLOW'?"),
        (lambda edge: edge.app.database("DB_"), "no D1 database of the config: did you mean 'DB' or 'DB_OLD'?"),
        (lambda edge: edge.stub_service("auth-work", len), "leads to 'auth-work': did you mean 'auth-worker'?"),
        (lambda edge: edge.stub_service("x", len), "no service binding leads to 'x' (there are: 'auth-worker')"),
        (lambda edge: edge.override(CACHE="x").__enter__(), "override: 'CACHE' is a binding (kv), no variable"),
        (lambda edge: edge.fresh(seed_data={"D": ""}).__enter__(), "no D1 database 'D': did you mean 'DB'?"),
    ],
    ids=["fault", "glob", "count", "object", "workflow", "database", "service", "other service", "override", "fresh"],
)
def test_a_test_that_asks_for_what_is_not_there(tmp_path: Path, ask: Callable[[Edge], object], said: str) -> None:
    with opened(tmp_path, **CONFIG) as edge:
        with pytest.raises(EdgeUsageError) as raised:
            ask(edge)
        assert said in str(raised.value)
        assert edge.faults.unused() == []
        assert not isinstance(edge.env.CACHE, str)


def test_an_app_without_any(tmp_path: Path) -> None:
    with opened(tmp_path) as edge, pytest.raises(EdgeUsageError, match=r"'DB' is no workflow \(there is none\)"):
        edge.workflow("DB")


@pytest.mark.parametrize(
    "name",
    ["CACHE", "C*", "*", "outbound", "email", "caches.default", "caches.open('pages')", "Counter", "Room", "assets"],
)
def test_what_operations_are_called(tmp_path: Path, name: str) -> None:
    with opened(tmp_path, **CONFIG) as edge:
        edge.faults.on(f"{name}.get")
        assert len(edge.faults.unused()) == 1
        if "*" not in name:
            assert edge.meter.count(name) == 0


def test_the_storage_of_an_object_is_called_by_its_class(tmp_path: Path) -> None:
    with opened(tmp_path, COUNTER, **{**CONFIG, "assets": None}) as edge:
        fault = edge.faults.on("Counter.get").delay(1)
        assert edge.get("/").text == "None"
        assert fault.hits == edge.meter.count("Counter", "get") == 1


def test_bindings_of_other_workers_of_the_world(tmp_path: Path) -> None:
    other = {"name": "other", "d1_databases": [{"binding": "THEIRS", "database_id": "t", "database_name": "t"}]}
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "wrangler.json").write_text(json.dumps(other), encoding="utf-8")
    options = Options(seed_data={"THEIRS": "CREATE TABLE t (a)"}, faults=["THEIRS.all"])
    services = [{"binding": "O", "service": "other"}]
    with opened(tmp_path, NOTHING, options, services=services) as edge:
        assert edge.world.workers["other"].binding("THEIRS") is not None
        assert len(edge.faults.unused()) == 1
