"""Cases for every function, PRAGMA and virtual table that SQLite has, whether D1 lets it through or not; and for every
way to rebuild a table that others refer to."""

from __future__ import annotations

from collections.abc import Iterator

from edgelint.d1.engine import Database
from edgelint.platform import d1_sql
from tests.conformance.corpus import Case

_SETUP = ("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT REFERENCES t); INSERT INTO t VALUES (1, NULL)",)
_FORMS = ("PRAGMA {0}", "PRAGMA {0} = 1", "PRAGMA {0}(t)", "SELECT * FROM pragma_{0}")
_MORE_FORMS = (
    "PRAGMA {0} = 'on'", "PRAGMA {0} = -2", "PRAGMA {0}(_cf_x)", "PRAGMA main.{0}", "SELECT * FROM pragma_{0}('t')",
)  # fmt: skip


def cases() -> list[Case]:
    """Nothing is expected of them but that both sides agree."""
    return [*_functions(), *_pragmas(), *_modules(), *_rebuilds()]


def _functions() -> Iterator[Case]:
    """Each with as many arguments as it takes; where it takes any number, with none to three. The type of the value: a
    random value and the time of day have one too."""
    counts: dict[str, set[int]] = {name: {-1} for name in d1_sql.functions() | d1_sql.known_functions()}
    for name, number in _asked("SELECT name, narg FROM pragma_function_list"):
        counts.setdefault(str(name), set()).add(int(number or 0))
    for name, numbers in sorted(counts.items()):
        known = sorted(number for number in numbers if number >= 0)
        for count in known or range(4):
            sql = f'SELECT typeof("{name}"({", ".join(["1"] * count)}))'
            yield Case(f"every > function: {sql}", _SETUP, sql, (), False, None)


def _pragmas() -> Iterator[Case]:
    for (name,) in sorted(_asked("SELECT name FROM pragma_pragma_list")):
        for form in (*_FORMS, *(_MORE_FORMS if name in d1_sql.pragmas() else ())):
            sql = form.format(name)
            yield Case(f"every > PRAGMA: {sql}", _SETUP, sql, (), False, None)


def _modules() -> Iterator[Case]:
    names = {str(name) for (name,) in _asked("SELECT name FROM pragma_module_list WHERE name NOT LIKE 'pragma%'")}
    for name in sorted(names):
        for sql in (f'SELECT count(*) FROM "{name}"', f'CREATE VIRTUAL TABLE x USING "{name}"(a)'):
            yield Case(f"every > virtual table: {sql}", _SETUP, sql, (), False, None)


_ACTIONS = ("NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT")
_PARENT = "(id INTEGER PRIMARY KEY, name TEXT{0})"
_COPY = "INSERT INTO {0} (id, name) SELECT id, name FROM {1}"
_WAYS = {
    "copied and renamed": (
        f"CREATE TABLE new_parent {_PARENT}", _COPY.format("new_parent", "parent"), "DROP TABLE parent",
        "ALTER TABLE new_parent RENAME TO parent",
    ),
    "renamed first": (
        "ALTER TABLE parent RENAME TO old_parent", f"CREATE TABLE parent {_PARENT}",
        _COPY.format("parent", "old_parent"), "DROP TABLE old_parent",
    ),
    "through a second copy": (
        "CREATE TABLE kept AS SELECT * FROM parent", "DROP TABLE parent", f"CREATE TABLE parent {_PARENT}",
        _COPY.format("parent", "kept"), "DROP TABLE kept",
    ),
    "emptied first": (
        "CREATE TABLE kept AS SELECT * FROM parent", "DELETE FROM parent", "DROP TABLE parent",
        f"CREATE TABLE parent {_PARENT}", _COPY.format("parent", "kept"), "DROP TABLE kept",
    ),
}  # fmt: skip
_AROUND: dict[str, tuple[str | None, str | None]] = {
    "no PRAGMA": (None, None),
    "foreign_keys OFF and ON": ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"),
    "defer_foreign_keys ON": ("PRAGMA defer_foreign_keys = ON", None),
    "defer_foreign_keys ON and OFF": ("PRAGMA defer_foreign_keys = ON", "PRAGMA defer_foreign_keys = OFF"),
    "legacy_alter_table ON": ("PRAGMA legacy_alter_table = ON", None),
}


def _rebuilds() -> Iterator[Case]:
    """The parent gets a column; a child has rows that refer to it; what is left of both is compared."""
    for action in _ACTIONS:
        setup = (
            f"CREATE TABLE parent {_PARENT.format('')};"
            "CREATE TABLE child (id INTEGER PRIMARY KEY,"
            f" p INTEGER DEFAULT 1 REFERENCES parent (id) ON DELETE {action});"
            "INSERT INTO parent VALUES (1, 'one'), (2, 'two'); INSERT INTO child VALUES (1, 1), (2, 2), (3, NULL)"
        )
        for around, (first, last) in _AROUND.items():
            for way, steps in _WAYS.items():
                wanted = (first, *(step.format(", age INTEGER") for step in steps), last)
                script = ";\n".join(step for step in wanted if step)
                yield Case(f"every > rebuild: {action}, {around}, {way}", (setup,), script, (), True, None)


def _asked(sql: str) -> list[tuple[int | float | str | bytes | None, ...]]:
    database = Database.memory(unlimited=True)
    try:
        return list(database.execute(sql).rows)
    finally:
        database.close()
