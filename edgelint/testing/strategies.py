"""hypothesis strategies for an app: requests for its routes, rows for its tables, operations on its bindings.

    @given(rows=strategies.rows("users", min_size=1))
    def test_list(edge, rows):
        with edge.fresh(rows=rows) as world:
            assert len(world.get("/users").json()) == len(rows["users"])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edgelint.d1 import candidates
from edgelint.d1 import schema as schemas
from edgelint.d1.errors import D1Error
from edgelint.syntax.ddl import quoted
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.routes import METHODS, Route, find

if TYPE_CHECKING:
    from edgelint.d1.engine import Database, Value
    from edgelint.d1.schema import Column, ForeignKey, Schema, Table
    from edgelint.testing.edge import Edge
    from edgelint.testing.session import App

_SAFE: Final = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"), max_size=12)
_INTEGERS: Final = st.integers(-(2**53) + 1, 2**53 - 1)
_REALS: Final = st.floats(allow_nan=False, allow_infinity=False, width=32)
_SEGMENT: Final = st.one_of(
    st.integers(0, 1000).map(str), st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=8)
)
_TRIES: Final = 4
"""How often a row that a constraint refuses is drawn again before it is left out."""


class Rows(dict[str, list[dict[str, "Value"]]]):
    """Rows by table, parents before children; ``binding`` is the D1 binding they are for (None: the only one)."""

    binding: str | None = None

    def insert(self, edge: Edge) -> None:
        """Put them into the database of a world."""
        database = edge.env[self.binding or _only_database(edge.app)]
        for table, rows in self.items():
            for row in rows:
                names = ", ".join(map(quoted, row))
                marks = ", ".join("?" * len(row))
                text = f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks})"
                statement = database.prepare(text if row else f"INSERT INTO {quoted(table)} DEFAULT VALUES")
                (statement.bind(*row.values()) if row else statement).run()


def rows(
    *tables: str, binding: str | None = None, min_size: int = 0, max_size: int = 5, app: App | None = None
) -> st.SearchStrategy[Rows]:
    """Rows that the constraints of the migrated schema accept: types, NOT NULL, CHECK, UNIQUE, and foreign keys, whose
    parents are made too. Each named table has ``min_size`` to ``max_size`` rows. ``binding`` names the D1 database when
    there are several; ``app`` is the one of this session unless given. Raises EdgeUsageError for a table that is not
    there."""
    if not tables:
        raise EdgeUsageError("strategies.rows: name the tables that get rows")
    return st.deferred(lambda: _rows(tables, binding, min_size, max_size, _session(app)))


def requests(
    *routes: str | tuple[str, str], methods: Sequence[str] | None = None, app: App | None = None
) -> st.SearchStrategy[httpx.Request]:
    """Requests for routes: those given ("/users/:id", ("GET", "/users")), else those that the app's source speaks of.
    ``methods`` narrows what a route without a method is asked with. Send one with ``edge_client.send``."""
    chosen = tuple(methods or METHODS)

    def made() -> st.SearchStrategy[httpx.Request]:
        known = [Route(None, each) if isinstance(each, str) else Route(*each) for each in routes]
        if not known:
            main = _session(app).config.main
            known = find(main.parent) if main is not None else []
        if not known:
            raise EdgeUsageError("strategies.requests: no route is found in the app's source: name them")
        return st.sampled_from(known).flatmap(lambda route: _request(route, chosen))

    return st.deferred(made)


def kv_operations(
    keys: st.SearchStrategy[str] | None = None, values: st.SearchStrategy[str] | None = None, max_size: int = 20
) -> st.SearchStrategy[list[tuple[str, tuple[Any, ...], dict[str, Any]]]]:
    """Sequences of (verb, arguments, options) for a KV namespace: ``getattr(edge.env.KV, verb)(*args, **options)``."""
    key = st.sampled_from(["a", "b", "c/1", "c/2", "ü"]) if keys is None else keys
    value = _SAFE if values is None else values
    ttl = st.one_of(st.none(), st.integers(60, 3600))
    operation = st.one_of(
        st.builds(lambda k: ("get", (k,), {}), key),
        st.builds(lambda k, v, t: ("put", (k, v), {} if t is None else {"expiration_ttl": t}), key, value, ttl),
        st.builds(lambda k: ("delete", (k,), {}), key),
        st.builds(lambda p, n: ("list", (), {"prefix": p, "limit": n}), st.sampled_from(["", "c"]), st.integers(1, 5)),
    )
    return st.lists(operation, max_size=max_size)


class KvMachine(RuleBasedStateMachine):
    """A ready state machine that drives one KV namespace of an app and holds it against a dict with expiry.

    Make one of your own to add what your app does to the same namespace::

        class Cache(KvMachine):
            binding = "CACHE"

            @rule()
            def purge(self):
                self.world.post("/purge")
                self.model.clear()

        def test_cache(edge):
            Cache.check(edge)
    """

    binding: str = ""
    edge: Edge

    def __init__(self) -> None:
        super().__init__()
        self._fresh = self.edge.fresh()
        self.world: Edge = self._fresh.__enter__()
        self.kv: Any = self.world.env[self.binding]
        self.model: dict[str, tuple[str, float]] = {}

    @classmethod
    def check(cls, edge: Edge) -> None:
        """Run the machine on fresh worlds of ``edge``'s app."""
        from hypothesis.stateful import run_state_machine_as_test

        if not cls.binding:
            raise EdgeUsageError(f"{cls.__name__}.binding: name the KV namespace that it drives")
        bound = type(cls.__name__, (cls,), {"edge": edge})
        run_state_machine_as_test(bound)

    @rule(key=st.sampled_from("abc"), value=_SAFE, ttl=st.one_of(st.none(), st.integers(60, 600)))
    def put(self, key: str, value: str, ttl: int | None) -> None:
        """Write a key."""
        self.kv.put(key, value, **({} if ttl is None else {"expiration_ttl": ttl}))
        self.model[key] = (value, float("inf") if ttl is None else self.world.world.clock.now + ttl * 1000)

    @rule(key=st.sampled_from("abc"))
    def delete(self, key: str) -> None:
        """Delete a key."""
        self.kv.delete(key)
        self.model.pop(key, None)

    @rule(seconds=st.integers(1, 400))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.world.clock.advance(seconds=seconds)

    @invariant()
    def same(self) -> None:
        """The namespace holds what the model holds."""
        now = self.world.world.clock.now
        alive = {key: value for key, (value, until) in self.model.items() if until > now}
        assert {key: self.kv.get(key) for key in "abc" if self.kv.get(key) is not None} == alive

    def teardown(self) -> None:
        """End this example's world."""
        self._fresh.__exit__(None, None, None)


def _session(app: App | None) -> App:
    from edgelint.testing.session import App as Loaded

    found = app or Loaded.current
    if found is None:
        raise EdgeUsageError("a strategy draws only in a test that takes one of the edge fixtures, or with app=")
    return found


def _only_database(app: App) -> str:
    names = [declared.name for declared in app.config.bindings if declared.kind == "d1"]
    if len(names) != 1:
        raise EdgeUsageError(f"strategies.rows: name the binding (D1 databases: {', '.join(names) or 'none'})")
    return names[0]


@st.composite
def _request(draw: st.DrawFn, route: Route, methods: Sequence[str]) -> httpx.Request:
    path = "".join(draw(_SEGMENT) if part is None else part for part in route.parts)
    method = route.method or draw(st.sampled_from(methods))
    parameters = draw(st.dictionaries(_SEGMENT, _SEGMENT, max_size=2))
    headers = {"cf-connecting-ip": draw(st.ip_addresses(v=4).map(str))}
    content: dict[str, Any] = {}
    if method in ("POST", "PUT", "PATCH"):
        body = st.dictionaries(_SEGMENT, st.one_of(st.none(), st.booleans(), st.integers(-9, 99), _SAFE), max_size=4)
        content = {"json": draw(body)}
    return httpx.Request(method, f"https://example.com{path}", params=parameters or None, headers=headers, **content)


@st.composite
def _rows(
    draw: st.DrawFn, tables: Sequence[str], binding: str | None, min_size: int, max_size: int, app: App
) -> Rows:
    name = binding or _only_database(app)
    database = app.database(name)
    schema = schemas.read(database)
    known = {table.lower(): found for table, found in schema.tables.items()}
    for asked in tables:
        if asked.lower() not in known:
            listed = ", ".join(schema.tables) or "none"
            raise EdgeUsageError(f"strategies.rows: {name} has no table '{asked}' (tables: {listed})")
    made = Rows()
    made.binding = binding
    wanted = {table.lower() for table in tables}
    try:
        for table in _in_order(wanted, known):
            lower = table.name.lower()
            least, most = (min_size, max_size) if lower in wanted else (1, 2)
            made[table.name] = _table(draw, database, schema, table, draw(st.integers(least, most)))
    finally:
        database.close()
    return made


def _in_order(wanted: set[str], known: Mapping[str, Table]) -> list[Table]:
    """The wanted tables and every table they must point at, parents first."""
    ordered: dict[str, Table] = {}

    def visit(name: str, above: frozenset[str]) -> None:
        if name in ordered or name in above or name not in known:
            return
        for key in known[name].foreign_keys:
            if key.table.lower() in wanted or _must(known[name], key):
                visit(key.table.lower(), above | {name})
        ordered[name] = known[name]

    for name in sorted(wanted):
        visit(name, frozenset())
    return list(ordered.values())


def _must(table: Table, key: ForeignKey) -> bool:
    columns = {column.name.lower(): column for column in table.columns}
    return all(columns[name.lower()].not_null for name in key.columns if name.lower() in columns)


def _table(
    draw: st.DrawFn, database: Database, schema: Schema, table: Table, number: int
) -> list[dict[str, Value]]:
    """Up to ``number`` rows that SQLite took."""
    columns = [column for column in table.columns if not column.generated and not column.hidden]
    groups = candidates.groups(database, candidates.checks(table), {c.name.lower(): _usual(c) for c in columns})
    made: list[dict[str, Value]] = []
    for _ in range(number):
        for _ in range(_TRIES):
            values = {column.name.lower(): draw(_value(column)) for column in columns}
            for group in groups:
                if group.combinations:
                    values.update(zip(group.columns, draw(st.sampled_from(group.combinations)), strict=True))
            for key in table.foreign_keys:
                values.update(_parent(draw, database, schema, table, key))
            row = {column.name: values[column.name.lower()] for column in columns}
            try:
                names, marks = ", ".join(map(quoted, row)), ", ".join("?" * len(row))
                database.execute(f"INSERT INTO {quoted(table.name)} ({names}) VALUES ({marks})", tuple(row.values()))
            except D1Error:
                continue
            made.append(row)
            break
    return made


def _parent(
    draw: st.DrawFn, database: Database, schema: Schema, table: Table, key: ForeignKey
) -> dict[str, Value]:
    target = next((t for name, t in schema.tables.items() if name.lower() == key.table.lower()), None)
    if target is None:
        return {}
    columns = key.target_columns or target.primary_key
    with database.hidden():
        found = database.execute(
            f"SELECT {', '.join(map(quoted, columns))} FROM {quoted(target.name)} LIMIT 50"
        ).rows
    choices: list[tuple[Value, ...]] = list(found)
    if not _must(table, key):
        choices.append((None,) * len(key.columns))
    if not choices:
        return {}
    return dict(zip((name.lower() for name in key.columns), draw(st.sampled_from(choices)), strict=False))


def _usual(column: Column) -> list[Value]:
    kind = schemas.affinity(column.type)
    usual: dict[str, list[Value]] = {"INTEGER": [1, 2, 3], "REAL": [0.5, 1.5], "NUMERIC": [1, 2], "BLOB": [b"a"]}
    return usual.get(kind, ["a", "b", "c"])


def _value(column: Column) -> st.SearchStrategy[Any]:
    kind = schemas.affinity(column.type)
    upper = column.type.upper()
    if kind == "INTEGER":
        found: st.SearchStrategy[Any] = st.integers(0, 1) if "BOOL" in upper else _INTEGERS
    elif kind == "REAL":
        found = _REALS
    elif kind == "NUMERIC":
        found = _dates() if "DATE" in upper or "TIME" in upper else st.integers(0, 1) if "BOOL" in upper else _INTEGERS
    elif kind == "BLOB" and column.type:
        found = st.binary(max_size=16)
    else:
        found = _SAFE
    return found if column.not_null or column.pk_position else st.one_of(st.none(), found)


def _dates() -> st.SearchStrategy[str]:
    return st.datetimes().map(lambda when: when.strftime("%Y-%m-%d %H:%M:%S") if when.year > 999 else "2025-01-01")
