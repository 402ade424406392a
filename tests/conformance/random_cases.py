"""Schemas, rows and statements made at random, for a comparison of the engine with workerd that nobody thought of.

Nothing here depends on the time or on chance at run time, so both sides must answer the same. A part of the names and
of the text is wrong on purpose: refusals are compared too, with their words and places. Text that is not UTF-8 is left
out (differences.toml).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.conformance.corpus import Case, Value

_TYPES = ("", "INTEGER", "INT", "TEXT", "REAL", "NUMERIC", "BLOB", "VARCHAR(9)", "DATETIME", "BOOLEAN")
_STRICT_TYPES = ("INTEGER", "INT", "TEXT", "REAL", "BLOB", "ANY")
_ACTIONS = ("", " ON DELETE CASCADE", " ON DELETE SET NULL", " ON DELETE RESTRICT", " ON UPDATE CASCADE",
            " ON DELETE SET DEFAULT", " DEFERRABLE INITIALLY DEFERRED")  # fmt: skip
_LITERALS = ("0", "1", "-1", "2", "3", "1.5", "-0.25", "1e3", "9007199254740993", "'a'", "'B'", "''", "'1'",
             "'2025-01-02'", "'{\"a\":[1,2]}'", "'é'", "x'610062'", "x''", "NULL", "TRUE")  # fmt: skip
_BINARY = ("+", "-", "*", "/", "%", "||", "=", "<>", "<", ">=", "IS", "IS NOT", "AND", "OR", "&", "|", "<<", "LIKE",
           "GLOB", "->>", "->")  # fmt: skip
_FUNCTIONS = {
    "abs": 1, "coalesce": 2, "ifnull": 2, "nullif": 2, "iif": 3, "hex": 1, "instr": 2, "length": 1, "lower": 1,
    "upper": 1, "trim": 1, "ltrim": 2, "max": 2, "min": 3, "quote": 1, "replace": 3, "round": 2, "sign": 1, "substr": 3,
    "typeof": 1, "unicode": 1, "printf": 2, "date": 1, "datetime": 2, "strftime": 2, "julianday": 1, "unixepoch": 1,
    "json": 1, "json_valid": 1, "json_array": 2, "json_type": 1, "json_quote": 1, "json_patch": 2, "char": 2,
    "sqrt": 1, "pow": 2, "floor": 1, "log": 1, "mod": 2, "concat": 2, "octet_length": 1, "unhex": 1, "glob": 2,
    "sqlite_version": 0, "nope": 1, "power": 2, "likely": 1, "concat_ws": 3, "timediff": 2, "format": 2,
}  # fmt: skip
_AGGREGATES = ("count", "sum", "total", "avg", "min", "max", "group_concat", "json_group_array")
_WINDOWS = ("row_number()", "rank()", "dense_rank()", "ntile(2)", "lag({0})", "lead({0}, 1, 0)", "first_value({0})",
            "sum({0})", "count(*)")  # fmt: skip
_PRAGMAS = ("foreign_keys = OFF", "foreign_keys", "defer_foreign_keys = ON", "defer_foreign_keys = OFF", "user_version",
            "foreign_key_check", "recursive_triggers = ON", "ignore_check_constraints = ON", "table_info(t0)",
            "index_list(t1)", "legacy_alter_table = ON", "case_sensitive_like = 1", "quick_check")  # fmt: skip
_ALONE = ("BEGIN", "COMMIT", "SAVEPOINT x", "VACUUM", "REINDEX", "SELECT 1", "DROP TABLE IF EXISTS t9", "VALUES (1)")
_COMPOUNDS = ("UNION", "UNION ALL", "EXCEPT", "INTERSECT")
_INSERTS = ("INSERT INTO", "INSERT INTO", "INSERT OR IGNORE INTO", "REPLACE INTO", "INSERT OR ABORT INTO")


class _Maker:
    """Text for one case. ``tables``: each table and its columns, as they were made; ``inputs``: those that can be
    written."""

    def __init__(self, draw: DrawFn) -> None:
        self._draw = draw
        self.tables: dict[str, list[str]] = {}
        self.inputs: dict[str, list[str]] = {}
        self.referring: set[tuple[str, str]] = set()
        self.params: list[Value] | None = None  # None: what is made now may have no parameters

    def pick(self, choices: Sequence[str]) -> str:
        return self._draw(st.sampled_from(choices))

    def number(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    def chance(self, one_in: int) -> bool:
        """Shrinks to no."""
        return self.number(1, one_in) == one_in

    def some(self, made: Callable[[], str], low: int, high: int, separator: str = ", ") -> str:
        return separator.join(made() for _ in range(self.number(low, high)))

    # -- the schema ---------------------------------------------------------------------------------------------------

    def table(self, name: str) -> str:
        strict = self.chance(5)
        columns = [f"c{number}" for number in range(self.number(1, 4))]
        parents = list(self.tables)
        self.tables[name] = []
        self.inputs[name] = ["id"]
        key = self.pick(("INTEGER PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT PRIMARY KEY", "INT UNIQUE"))
        parts = [f"id {key}"]
        for column in columns:
            parts.append(self.column(column, strict, parents))
            self.tables[name].append(column)
            if " AS (" not in parts[-1]:
                self.inputs[name].append(column)
            if "REFERENCES" in parts[-1]:
                self.referring.add((name, column))
        if self.chance(4):
            check = f"CHECK ({self.expression(2, [name])})"
            parts.append(self.pick((f"UNIQUE ({columns[0]})", check, "UNIQUE (id, c0)")))
        self.tables[name].insert(0, "id")
        without = "PRIMARY KEY" in key and "AUTO" not in key and self.chance(5)
        options = ", ".join(["STRICT"] * strict + ["WITHOUT ROWID"] * without)
        return f"CREATE TABLE {name} ({', '.join(parts)}) {options}".rstrip()

    def column(self, name: str, strict: bool, parents: Sequence[str]) -> str:
        made = f"{name} {self.pick(_STRICT_TYPES if strict else _TYPES)}".rstrip()
        if self.chance(4):
            made += " NOT NULL"
        if self.chance(4):
            made += f" DEFAULT {self.pick(('0', '1', 'NULL', repr('x'), 'CURRENT_DATE', '(1 + 1)', '-1.5'))}"
        if self.chance(6):
            made += " UNIQUE"
        if self.chance(6):
            made += f" CHECK ({name} {self.pick(('>', '<>', 'IS NOT', 'IN (1, 2,'))} 0)".replace(", 0)", ", 0))")
        if self.chance(8):
            made += " COLLATE NOCASE"
        if parents and self.chance(2):
            made += f" REFERENCES {self.pick(parents)} (id){self.pick(_ACTIONS)}"
        elif self.chance(8):
            made += f" AS ({self.pick(('id', 'lower(id)', 'id + 1'))}) {self.pick(('', 'STORED'))}"
        return made

    def more(self) -> str:
        """An index, a view or a trigger."""
        table = self.pick(list(self.tables))
        kind = self.number(0, 3)
        name = f"o{self.number(0, 2)}"
        if kind == 0:
            terms = self.some(lambda: self.pick(("{0}", "{0} DESC", "lower({0})")).format(self.name(table)), 1, 2)
            where = f" WHERE {self.expression(2, [table], plain=True)}" if self.chance(4) else ""
            return f"CREATE {self.pick(('', 'UNIQUE '))}INDEX {name} ON {table} ({terms}){where}"
        if kind == 1:
            return f"CREATE VIEW {name} AS {self.select(1)}"
        event = self.pick(("INSERT", "DELETE", "UPDATE", f"UPDATE OF {self.name(table)}"))
        when = self.pick(("", "", f" WHEN {self.expression(1, [])}"))
        body = self.some(lambda: self.write(inside=True), 1, 2, "; ")
        if self.chance(6):
            what = self.pick(("IGNORE", "ABORT, 'no'"))
            body += f"; SELECT RAISE({what}) WHERE {self.pick(('new', 'old'))}.id > 2"
        return f"CREATE TRIGGER {name} {self.pick(('AFTER', 'BEFORE'))} {event} ON {table}{when} BEGIN {body}; END"

    def alter(self) -> str:
        table = self.wrong(self.pick(list(self.tables)))
        kind = self.number(0, 4)
        if kind <= 1:
            return f"ALTER TABLE {table} ADD COLUMN {self.column(f'c{self.number(3, 6)}', False, list(self.tables))}"
        if kind == 2:
            return f"ALTER TABLE {table} DROP COLUMN {self.name(table)}"
        if kind == 3:
            return f"ALTER TABLE {table} RENAME COLUMN {self.name(table)} TO {self.pick(('renamed', 'c0', 'id'))}"
        return f"ALTER TABLE {table} RENAME TO {self.pick(('t8', 't0', '_cf_t', 'T1'))}"

    def drop(self) -> str:
        kind = self.pick(("TABLE", "TABLE", "INDEX", "VIEW", "TRIGGER"))
        name = self.pick(list(self.tables)) if kind == "TABLE" else f"o{self.number(0, 2)}"
        return f"DROP {kind} {self.pick(('', 'IF EXISTS '))}{name}"

    # -- names and values ---------------------------------------------------------------------------------------------

    def wrong(self, name: str) -> str:
        return "nope" if self.chance(40) else name

    def name(self, table: str) -> str:
        return self.wrong(self.pick(self.tables.get(table) or ["id"]))

    def value(self) -> str:
        if self.params is not None and self.chance(5) and len(self.params) < 5:
            self.params.append(self._draw(st.sampled_from((1, 2.5, "x", "1", None, b"\x00", -3, 2**53))))
            return "?"
        return self.pick(_LITERALS)

    def expression(self, depth: int, tables: Sequence[str], plain: bool = False) -> str:
        kind = self.number(0, 9) if depth else self.number(0, 1)
        if kind == 0 or (kind == 1 and not tables):
            return self.pick(_LITERALS) if plain else self.value()
        if kind == 1:
            table = self.pick(list(tables))
            return self.name(table) if len(tables) == 1 or self.chance(8) else f"{table}.{self.name(table)}"

        def below() -> str:
            return self.expression(depth - 1, tables, plain)

        if kind <= 4:
            return f"({below()} {self.pick(_BINARY)} {below()})"
        if kind == 5:
            name = self.pick(list(_FUNCTIONS))
            count = _FUNCTIONS[name] + (1 if self.chance(30) else 0)
            return f"{name}({', '.join(below() for _ in range(count))})"
        if kind == 6:
            return f"CASE WHEN {below()} THEN {below()} {self.pick(('', 'ELSE ' + below()))} END"
        if kind == 7:
            return f"CAST({below()} AS {self.pick(_TYPES[1:])})"
        if kind == 8 or plain:
            return f"({below()} {self.pick(('IN', 'NOT IN'))} ({self.some(below, 0, 3)}))"
        return self.pick((f"({self.select(depth - 1, one=True)})", f"EXISTS ({self.select(depth - 1)})", f"-{below()}"))

    # -- statements ---------------------------------------------------------------------------------------------------

    def select(self, depth: int, one: bool = False) -> str:
        tables = [self.pick(list(self.tables))]
        source = self.wrong(tables[0])
        if self.chance(12):
            return self.other_source(one)
        if depth and self.chance(3):
            other = self.pick(list(self.tables))
            join = self.pick(("JOIN", "LEFT JOIN", "CROSS JOIN", "FULL JOIN", "RIGHT JOIN"))
            if other not in tables:
                tables.append(other)
                source += f" {join} {other} ON {self.expression(1, tables)}"
        grouped = self.chance(4)
        count = 1 if one else self.number(1, 3)
        columns = [self.result(depth, tables, grouped) for _ in range(count)]
        text = f"SELECT {self.pick(('', '', 'DISTINCT '))}{', '.join(columns)} FROM {source}"
        if self.chance(2):
            text += f" WHERE {self.expression(depth + 1, tables)}"
        if grouped and self.chance(2):
            text += f" GROUP BY {self.expression(1, tables, plain=True)}"
            text += f" HAVING {self.pick(('count(*) > 0', self.expression(1, tables)))}" if self.chance(3) else ""
        if depth and self.chance(6):
            text += f" {self.pick(_COMPOUNDS)} SELECT {self.some(self.value, count, count)}"
        if self.chance(2):
            term = self.pick(("1", self.expression(1, tables, plain=True)))
            text += f" ORDER BY {term}{self.pick(('', ' DESC', ' NULLS LAST'))}"
        if self.chance(3):
            text += f" LIMIT {self.pick(('0', '1', '3', '-1', '2 OFFSET 1', 'NULL'))}"
        if depth > 1 and self.chance(8):
            text = f"WITH w AS ({self.select(0)}) {text}"
        return text

    def other_source(self, one: bool) -> str:
        """Rows that no table has: of a view, of JSON, of a recursion."""
        kind = self.number(0, 3)
        columns = "1" if one else self.pick(("*", "1", "count(*)"))
        if kind == 0:
            return f"SELECT {columns} FROM o{self.number(0, 2)} ORDER BY 1"
        if kind == 1:
            values = self.pick(("'[1, \"two\", null]'", "'{\"a\": {\"b\": 2}}'", "json_array(1, 2.5)", "'nope'"))
            wanted = "value" if one else self.pick(("key, value, type, path", "count(value)", "max(key)"))
            return f"SELECT {wanted} FROM {self.pick(('json_each', 'json_tree'))}({values})"
        if kind == 2:
            step = self.pick(("i + 1", "i * 2", "i + 1.5"))
            union = self.pick(("UNION", "UNION ALL"))
            return f"WITH RECURSIVE n (i) AS (SELECT 1 {union} SELECT {step} FROM n WHERE i < 9) SELECT sum(i) FROM n"
        return f"SELECT {columns} FROM ({self.select(0, one)})"

    def result(self, depth: int, tables: Sequence[str], grouped: bool) -> str:
        if grouped:
            inner = self.expression(1, tables)
            return self.pick(("count(*)", f"{self.pick(_AGGREGATES)}({inner})", inner))
        if depth and self.chance(10):
            order = self.expression(1, tables, plain=True)
            return f"{self.pick(_WINDOWS).format(self.expression(1, tables))} OVER (ORDER BY {order})"
        if self.chance(8):
            return self.pick(("*", f"{tables[0]}.*", "rowid"))
        return self.expression(depth + 1, tables) + (" AS x" if self.chance(6) else "")

    def write(self, inside: bool = False) -> str:
        """An INSERT, UPDATE or DELETE; ``inside`` a trigger, without what a trigger may not have."""
        table = self.pick(list(self.tables))
        kind = self.number(0, 3)
        if kind <= 1:
            text = self.insert(table, inside)
        elif kind == 2:
            pairs = self.some(lambda: f"{self.name(table)} = {self.expression(2, [table], plain=inside)}", 1, 2)
            text = f"UPDATE {self.pick(('', '', 'OR IGNORE ', 'OR REPLACE '))}{self.wrong(table)} SET {pairs}"
            if self.chance(8):
                text += f" FROM {self.pick(('(SELECT 1 AS one)', 'json_each(' + repr('[1,2]') + ') AS j'))}"
        else:
            text = f"DELETE FROM {self.wrong(table)}"
        if kind > 1 and self.chance(2):
            text += f" WHERE {self.expression(2, [table], plain=inside)}"
        if not inside and self.chance(4):
            text += f" RETURNING {self.pick(('*', self.expression(1, [table])))}"
        if not inside and kind > 1 and self.chance(6):
            order = self.pick(("ORDER BY id ", "ORDER BY 1 DESC ", ""))
            text += f" {order}LIMIT {self.pick(('1', '2 OFFSET 1', '-1', '0'))}"
        return text

    def insert(self, table: str, plain: bool) -> str:
        columns = list(self.inputs[table])
        if self.chance(5):
            columns = list(dict.fromkeys(self.name(table) for _ in range(self.number(1, 3))))
        verb = self.pick(_INSERTS)
        if self.chance(40):
            columns.append(self.name(table))

        def cell(column: str) -> str:
            if (column == "id" or (table, column) in self.referring) and not self.chance(8):
                return self.pick(("1", "2", "3", "4", "NULL"))
            return self.expression(0 if plain or self.chance(2) else 1, [], plain)

        def row() -> str:
            return f"({', '.join(map(cell, columns))})"

        values = f"VALUES {self.some(row, 1, 3)}"
        if not plain and self.chance(6):
            other = self.pick(list(self.tables))
            values = f"SELECT {', '.join(self.expression(1, [other]) for _ in columns)} FROM {other} WHERE 1"
        text = f"{verb} {self.wrong(table)} ({', '.join(columns)}) {values}"
        if not plain and self.chance(4):
            target = self.pick(("", f" ({self.name(table)})", " (id)"))
            action = self.pick(("NOTHING", "UPDATE SET {0} = excluded.{0}", "UPDATE SET {0} = 7")).format(columns[0])
            text += f" ON CONFLICT{target} DO {action}"
        return text

    def statement(self) -> str:
        """Any; now and then with a word less, for the places of mistakes."""
        kinds = (self.write, self.write, lambda: self.select(2), self.alter, self.more, self.drop,
                 lambda: f"PRAGMA {self.pick(_PRAGMAS)}", lambda: self.pick(_ALONE),
                 lambda: f"EXPLAIN QUERY PLAN {self.select(1)}")  # fmt: skip
        text = kinds[self.number(0, len(kinds) - 1)]()
        if self.chance(25):
            words = text.split(" ")
            del words[self.number(0, len(words) - 1)]
            text = " ".join(words)
        return text


@st.composite
def steps(draw: DrawFn) -> list[Case]:
    """A database's life: tables, rows, statements and migrations, one transaction each."""
    maker = _Maker(draw)
    tables = [maker.table(f"t{number}") for number in range(maker.number(1, 3))]
    texts = [*tables, *(maker.more() for _ in range(maker.number(0, 2)))]
    for table in maker.tables:
        texts += [maker.insert(table, plain=True) for _ in range(maker.number(0, 3))]
    made = [Case("setup", (), text, (), True, None) for text in texts]
    for _ in range(maker.number(1, 8)):
        if maker.chance(3):
            text = ";\n".join(maker.statement() for _ in range(maker.number(1, 5)))
            made.append(Case("migration", (), text, (), True, None))
            continue
        maker.params = []
        text = maker.statement()
        # Some were made for what was not chosen after all: as many as are asked for.
        made.append(Case("statement", (), text, tuple(maker.params[: text.count("?")]), False, None))
        maker.params = None
    return made


def batches() -> SearchStrategy[list[list[Case]]]:
    """What one request carries."""
    return st.lists(steps(), min_size=1, max_size=6)
