"""Strategies: what they draw is what the schema and the routes take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from hypothesis.stateful import rule

from edgelint.testing import strategies
from edgelint.testing.edge import Edge, Options
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.session import App
from tests.testing.core.apps import handler, write

SCHEMA = """
CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, born DATE, active BOOLEAN NOT NULL, score REAL,
  photo BLOB, balance NUMERIC, free);
CREATE TABLE books (id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES authors(id),
  kind TEXT NOT NULL CHECK (kind IN ('novel', 'poem')), pages INTEGER CHECK (pages > 0),
  shelf INTEGER REFERENCES shelves(id),
  slug TEXT GENERATED ALWAYS AS (kind || id));
CREATE TABLE shelves (id INTEGER PRIMARY KEY, label TEXT NOT NULL);
CREATE TABLE tree (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES tree(id));
CREATE TABLE "odd names" ("a ""b" TEXT NOT NULL, gone INTEGER REFERENCES nowhere(id));
CREATE TABLE pair (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b));
CREATE TABLE child (x INTEGER NOT NULL, y INTEGER NOT NULL, FOREIGN KEY (x, y) REFERENCES pair);
CREATE TABLE tiny (only_one INTEGER PRIMARY KEY CHECK (only_one = 1));
"""
DATABASE = {"d1_databases": [{"binding": "DB", "database_id": "d", "database_name": "d"}]}
SOURCE = handler(
    'path = request.url\nif path == "/books/:id":\n    return Response("")\nif path.startswith("/files"):\n    pass\n'
    "return Response('')"
)
few = settings(
    max_examples=25, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0001_init.sql").write_text(SCHEMA, encoding="utf-8")
    before = App.current
    App.current = None
    yield write(tmp_path, SOURCE, kv_namespaces=[{"binding": "KV", "id": "k"}], **DATABASE)
    App.current = before


@pytest.fixture
def edge(app: App) -> Iterator[Edge]:
    made = Edge(app, Options())
    yield made
    made.close()


@pytest.mark.parametrize(
    "tables", [("authors",), ("books",), ("BOOKS", "shelves"), ("tree",), ("odd names",), ("child",), ("tiny",)]
)
def test_rows_are_accepted(app: App, edge: Edge, tables: tuple[str, ...]) -> None:
    @few
    @given(rows=strategies.rows(*tables, min_size=1, max_size=3, app=app))
    def insert(rows: strategies.Rows) -> None:
        with edge.fresh(rows=rows) as world:
            for table, made in rows.items():
                count = world.env.DB.prepare(f'SELECT count(*) AS n FROM "{table}"').first("n")
                assert count == len(made) <= 3

    insert()


def test_rows_bring_the_parents_that_they_need(app: App) -> None:
    strategy = strategies.rows("books", min_size=1, app=app)
    rows = find(strategy, lambda rows: len(rows["books"]) == 1)
    assert list(rows) == ["authors", "books"]
    assert rows["books"][0]["author"] in [author["id"] for author in rows["authors"]]
    assert rows["books"][0]["kind"] in ("novel", "poem")
    assert "slug" not in rows["books"][0]
    strategy = strategies.rows("books", "shelves", min_size=1, app=app)
    both = find(strategy, lambda rows: rows["books"][0]["shelf"] is not None)
    assert list(both) == ["authors", "shelves", "books"]
    assert find(strategies.rows("tiny", min_size=2, max_size=2, app=app), bool)["tiny"] == [{"only_one": 1}]
    assert rows.binding is None


@few
@given(data=st.data())
def test_values_have_the_types_of_their_columns(app: App, data: st.DataObject) -> None:
    for row in data.draw(strategies.rows("authors", min_size=1, app=app))["authors"]:
        assert isinstance(row["name"], str)
        assert row["active"] in (0, 1)
        assert row["score"] is None or isinstance(row["score"], float)
        assert row["photo"] is None or isinstance(row["photo"], bytes)
        assert row["balance"] is None or isinstance(row["balance"], int)
        assert row["born"] is None or (isinstance(row["born"], str) and row["born"][4] == "-")


def test_rows_without_columns_and_a_named_binding(tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text("CREATE TABLE t (id INTEGER PRIMARY KEY);", encoding="utf-8")
    other = {"binding": "OTHER", "database_id": "d", "database_name": "d"}
    app = write(tmp_path, SOURCE, d1_databases=[*DATABASE["d1_databases"], other])
    rows = find(strategies.rows("t", binding="OTHER", min_size=1, app=app), lambda rows: len(rows["t"]) == 1)
    empty = strategies.Rows(t=[{}])
    empty.binding = "DB"
    world = Edge(app, Options())
    rows.insert(world)
    empty.insert(world)
    assert world.env.OTHER.prepare("SELECT count(*) AS n FROM t").first("n") == 2
    world.close()
    with pytest.raises(EdgeUsageError, match=r"name the binding \(D1 databases: DB, OTHER\)"):
        find(strategies.rows("t", app=app), bool)


def test_mistakes_are_said(app: App, edge: Edge, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(EdgeUsageError, match="name the tables that get rows"):
        strategies.rows()
    with pytest.raises(EdgeUsageError, match="a strategy draws only in a test that takes one of the edge fixtures"):
        find(strategies.rows("authors"), bool)
    with pytest.raises(EdgeUsageError, match=r"DB has no table 'none' \(tables: "):
        find(strategies.rows("none", app=app), bool)
    bare = write(tmp_path_factory.mktemp("bare"), None)
    with pytest.raises(EdgeUsageError, match=r"name the binding \(D1 databases: none\)"):
        find(strategies.rows("none", app=bare), bool)
    with pytest.raises(EdgeUsageError, match="no route is found in the app's source: name them"):
        find(strategies.requests(app=bare), bool)
    with pytest.raises(EdgeUsageError, match="name the KV namespace that it drives"):
        strategies.KvMachine.check(edge)


def test_requests_for_routes_that_are_named(app: App) -> None:
    @few
    @given(request=strategies.requests("/books/:id", ("GET", "/"), methods=["POST", "DELETE"], app=app))
    def check(request: httpx.Request) -> None:
        if request.url.path == "/":
            assert request.method == "GET"
        else:
            assert request.url.path.startswith("/books/")
            assert request.url.path != "/books/"
            assert request.method in ("POST", "DELETE")
        assert request.url.host == "example.com"
        assert request.headers["cf-connecting-ip"].count(".") == 3
        assert (request.headers.get("content-type") == "application/json") == (request.method == "POST")

    check()


def test_requests_for_routes_of_the_source(app: App, edge: Edge) -> None:
    App.current = app
    found = find(strategies.requests(), lambda request: request.url.path.startswith("/books/"))
    assert edge.client.send(found).status_code == 200
    with pytest.raises(NoSuchExample):
        find(strategies.requests(), lambda request: request.url.path.startswith("/other"), settings=few)


def test_operations_on_kv(edge: Edge) -> None:
    seen: set[str] = set()

    @few
    @given(strategies.kv_operations(), strategies.kv_operations(st.just("k"), st.just("v"), max_size=3))
    def run(operations: list[Any], named: list[Any]) -> None:
        with edge.fresh() as world:
            for verb, args, options in operations:
                getattr(world.env.KV, verb)(*args, **options)
                seen.add(verb)
        assert all(args in (("k",), ("k", "v"), ()) for _, args, _ in named)

    run()
    assert seen == {"get", "put", "delete", "list"}


class Namespace(strategies.KvMachine):
    """The machine with a rule of its own."""

    binding = "KV"

    @rule()
    def purge(self) -> None:
        """Delete everything."""
        for key in "abc":
            self.kv.delete(key)
        self.model.clear()


class Forgetful(strategies.KvMachine):
    """A model that is wrong about deletions."""

    binding = "KV"

    @rule()
    def forget(self) -> None:
        """Delete a key and not tell the model."""
        self.kv.put("a", "1")
        self.model["a"] = ("1", float("inf"))
        self.kv.delete("a")


def test_the_machine_holds_a_namespace_against_a_dict(edge: Edge) -> None:
    Namespace.check(edge)
    with pytest.raises(AssertionError):
        Forgetful.check(edge)
