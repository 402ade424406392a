"""Cases for every function and every PRAGMA that SQLite has, whether D1 lets it through or not."""

from __future__ import annotations

from collections.abc import Iterator

from edgelint.d1.engine import Database
from edgelint.platform import d1_sql
from tests.conformance.corpus import Case

_SETUP = ("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT REFERENCES t); INSERT INTO t VALUES (1, NULL)",)
_FORMS = (
    "PRAGMA {0}", "PRAGMA {0} = 1", "PRAGMA {0} = 'on'", "PRAGMA {0}(t)", "PRAGMA {0} = -2", "PRAGMA {0}(_cf_x)",
    "PRAGMA main.{0}", "SELECT * FROM pragma_{0}", "SELECT * FROM pragma_{0}('t')",
)  # fmt: skip


def cases() -> list[Case]:
    """Nothing is expected of them but that both sides agree."""
    return [*_functions(), *_pragmas()]


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
            yield Case(f"every function: {sql}", _SETUP, sql, (), False, None)


def _pragmas() -> Iterator[Case]:
    for (name,) in sorted(_asked("SELECT name FROM pragma_pragma_list")):
        for form in _FORMS:
            sql = form.format(name)
            yield Case(f"every PRAGMA: {sql}", _SETUP, sql, (), False, None)


def _asked(sql: str) -> list[tuple[int | float | str | bytes | None, ...]]:
    database = Database.memory(unlimited=True)
    try:
        return list(database.execute(sql).rows)
    finally:
        database.close()
