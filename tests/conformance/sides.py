"""A case on the engine, a case for workerd, and both answers in one form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from edgelint.d1.engine import Database, Result
from edgelint.d1.errors import D1Error
from edgelint.platform import limits
from edgelint.syntax.sql import statements
from tests.conformance.corpus import Case, Value, encoded

Cell: TypeAlias = "str | float | tuple[str, str] | None"
"""A number as JavaScript has it: every one is a double. A BLOB is ("blob", its hex)."""
Row: TypeAlias = "tuple[Cell, ...]"

_SPACE = b" \t\n\r\v\f"
_REFUSAL = re.compile(r"(.*?)(?: at offset (\d+))?: (SQLITE_\w+)(?: \(extended: (SQLITE_\w+)\))?", re.S)
_AT_COMMIT = re.compile(r"Durable Object was reset and rolled back to its last known good state because .*? violated: ")
_REFERENCE = re.compile(r"(?<=^internal error); reference = \w+$")
# The same questions as worker.js asks.
_SCHEMA = r"""SELECT type, name, tbl_name, sql FROM sqlite_schema
  WHERE name NOT LIKE '\_cf\_%' ESCAPE '\' ORDER BY type, name"""
_TABLES = r"""SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')
  AND name NOT LIKE '\_cf\_%' ESCAPE '\' AND name NOT LIKE 'sqlite_schema%' ORDER BY name"""


Asked: TypeAlias = "tuple[Row, ...] | str | None"
"""The rows of a question beside the case, or the words of its refusal; None: it was not asked."""


class Refusal(NamedTuple):
    """``statement``: which of a script's, None for none (the end of the transaction). ``offset``: in bytes, where the
    mistake is in the text from where SQLite began to read the statement."""

    message: str
    code: str | None
    statement: int | None
    offset: int | None


class Answer(NamedTuple):
    """What one statement gave."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    changes: int
    last_row_id: float


class Outcome(NamedTuple):
    """``broken``: why the setup failed; then nothing else is there. ``types``: of every cell of a query; ``plan``: the
    number, parent and words of each step; ``schema`` and ``tables``: what the database holds afterwards."""

    broken: str | None = None
    refusal: Refusal | None = None
    answers: tuple[Answer, ...] = ()
    types: Asked = None
    plan: Asked = None
    schema: tuple[Row, ...] = ()
    tables: tuple[tuple[str, tuple[Row, ...] | str], ...] = ()


def engine(case: Case) -> tuple[Outcome, dict[str, str]]:
    """What the engine makes of a case, and what workerd is to be asked besides: "types", the types of the answer's
    cells, and "plan"."""
    database = Database.memory()
    try:
        try:
            for text in case.setup:
                database.script(text)
        except D1Error as error:
            return Outcome(broken=str(error)), {}
        refusal, answers = _run(database, case)
        asked = {} if case.script or refusal else _asked(case.sql, len(answers[0].columns))
        types = _ask(database, asked["types"], case.params) if "types" in asked else None
        plan = _plan(database, case.sql) if "plan" in asked else None
        schema = _answer(database.execute(_SCHEMA)).rows
        return Outcome(None, refusal, answers, types, plan, schema, _tables(database)), asked
    finally:
        database.close()


def engine_steps(steps: Sequence[Case]) -> list[Outcome]:
    """What the engine makes of each step on one database (their setup is not looked at), and what it holds then."""
    database = Database.memory()
    try:
        found = [Outcome(None, *_run(database, step)) for step in steps]
        schema = _answer(database.execute(_SCHEMA)).rows
        return [*found, Outcome(schema=schema, tables=_tables(database))]
    finally:
        database.close()


def _run(database: Database, case: Case) -> tuple[Refusal | None, tuple[Answer, ...]]:
    try:
        if case.script:
            return None, tuple(map(_answer, database.script(case.sql)))
        return None, (_answer(database.execute(case.sql, case.params)),)
    except D1Error as error:
        return _refusal(case, error), ()


def request(case: Case, asked: dict[str, str]) -> dict[str, Any]:
    """The case as worker.js takes it. A script is divided here: wrangler sends a migration's statements one by one."""

    return {"setup": [_statements(text) for text in case.setup], "run": _transaction(case), "asked": asked}


def request_steps(steps: Sequence[Case]) -> dict[str, Any]:
    """The steps as worker.js takes them."""
    return {"steps": [_transaction(step) for step in steps]}


def _statements(text: str) -> list[dict[str, Any]]:
    return [{"sql": text[found.start : found.stop], "params": []} for found in statements(text)]


def _transaction(case: Case) -> list[dict[str, Any]]:
    if case.script:
        return _statements(case.sql)
    return [{"sql": case.sql, "params": [encoded(value) for value in case.params]}]


def workerd(answer: dict[str, Any]) -> Outcome:
    """What worker.js said of a case."""
    if "setup" in answer:
        return Outcome(broken=str(answer["setup"]["refused"]))
    asked = answer.get("asked", {})
    types = _answered(asked["types"]) if "types" in asked else None
    plan = _answered(asked["plan"]) if "plan" in asked else None
    if isinstance(plan, tuple):
        plan = _numbered([(row[0], row[1], row[3]) for row in plan])  # the third is for SQLite itself
    return Outcome(None, *_said(answer), types, plan, *_state(answer["state"]))


def _answered(asked: dict[str, Any]) -> Asked:
    return _text(asked["refused"]) if "refused" in asked else _rows(asked["rows"])


def workerd_steps(answer: dict[str, Any]) -> list[Outcome]:
    """What worker.js said of steps, in the form of ``engine_steps``."""
    schema, tables = _state(answer["state"])
    return [*(Outcome(None, *_said(each)) for each in answer["answers"]), Outcome(schema=schema, tables=tables)]


def _said(answer: dict[str, Any]) -> tuple[Refusal | None, tuple[Answer, ...]]:
    if "refused" not in answer:
        return None, tuple(
            Answer(tuple(each["columns"]), _rows(each["rows"]), each["changes"], float(each["last"]))
            for each in answer["results"]
        )
    text = _REFERENCE.sub("", _AT_COMMIT.sub("", answer["refused"]))
    match = _REFUSAL.fullmatch(text)
    if match is None:
        return Refusal(text, None, answer["index"], None), ()
    offset = None if match[2] is None else int(match[2])
    return Refusal(match[1], match[4] or match[3], answer["index"], offset), ()


def _state(state: dict[str, Any]) -> tuple[tuple[Row, ...], tuple[tuple[str, tuple[Row, ...] | str], ...]]:
    tables = tuple(
        (name, _text(held) if isinstance(held, str) else _rows(held)) for name, held in state["tables"].items()
    )
    return _rows(state["schema"]), tables


def _text(refused: str) -> str:
    match = _REFUSAL.fullmatch(refused)
    return match[1] if match else refused


def _rows(rows: Sequence[Sequence[Any]]) -> tuple[Row, ...]:
    return tuple(tuple(map(_decoded, row)) for row in rows)


def _decoded(value: Any) -> Cell:
    if isinstance(value, dict):
        return ("blob", value["blob"]) if "blob" in value else _number(float(value["real"]))
    return _number(value) if isinstance(value, int | float) else value


def _cell(value: Value) -> Cell:
    if isinstance(value, bytes):
        return ("blob", value.hex())
    return _number(value) if isinstance(value, int | float) else value


def _number(value: float) -> Cell:
    """0.0 and -0.0 are equal to Python, not to a database."""
    number = float(value)
    return "-0.0" if str(number) == "-0.0" else number


def _answer(result: Result) -> Answer:
    rows = tuple(tuple(map(_cell, row)) for row in result.rows)
    return Answer(result.columns, rows, result.changes, float(result.last_row_id))


_READING = ("SELECT", "WITH", "VALUES")
_WRITING = ("INSERT", "REPLACE", "UPDATE", "DELETE")


def _asked(sql: str, columns: int) -> dict[str, str]:
    """What to ask besides about the one statement in ``sql``; nothing about several, and nothing about definitions."""
    found = statements(sql)
    if len(found) != 1 or found[0].verb not in (*_READING, *_WRITING):
        return {}
    text = sql[found[0].start : found[0].end]
    plan = f"EXPLAIN QUERY PLAN {text}"
    asked = {"plan": plan} if len(plan.encode()) <= limits.D1_MAX_SQL_LENGTH else {}
    if columns and found[0].verb in _READING:
        names = [f"c{number}" for number in range(columns)]
        types = ", ".join(f"typeof({name})" for name in names)
        asked["types"] = f"WITH answer({', '.join(names)}) AS ({text}\n) SELECT {types} FROM answer"
    return asked


def _plan(database: Database, sql: str) -> Asked:
    try:
        return _numbered([(float(step.id), float(step.parent), step.detail) for step in database.plan(sql)])
    except D1Error as error:
        return error.message


def _numbered(steps: Sequence[tuple[Cell, Cell, Cell]]) -> tuple[Row, ...]:
    """SQLite numbers the steps by the operations they become, which a build option changes: by their order instead."""
    numbers: dict[Cell, Cell] = {0.0: 0.0}
    for step, _, _ in steps:
        numbers.setdefault(step, float(len(numbers)))
    return tuple((numbers[step], numbers.get(parent, parent), detail) for step, parent, detail in steps)


def _ask(database: Database, sql: str, params: Sequence[Value] = ()) -> tuple[Row, ...] | str:
    try:
        return _answer(database.execute(sql, params)).rows
    except D1Error as error:
        return error.message


def _tables(database: Database) -> tuple[tuple[str, tuple[Row, ...] | str], ...]:
    found = []
    for (name,) in database.execute(_TABLES).rows:
        columns = database.execute("SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1", (name,)).rows
        shown = ", ".join(_shown(_quoted(str(column))) for (column,) in columns)
        found.append((str(name), _ask(database, f"SELECT {shown} FROM {_quoted(str(name))}")))
    return tuple(found)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _shown(column: str) -> str:
    return f"iif(length({column}) > 2000, typeof({column}) || length({column}), quote({column}))"


def _refusal(case: Case, error: D1Error) -> Refusal:
    """The engine counts code points of the whole text; workerd counts bytes from where SQLite began to read."""
    found = statements(case.sql)
    if case.script:
        index = next((i for i, each in enumerate(found) if each.start == error.start and error.statement), None)
        begin = 0 if index is None else found[index].start
        offset = None if error.offset is None else len(case.sql[begin : error.offset].encode(errors="replace"))
        return Refusal(error.message, error.code, index, offset)
    if error.offset is None:
        return Refusal(error.message, error.code, 0 if error.statement or not case.sql else None, None)
    before = next((each for each in reversed(found) if each.end <= error.start), None)
    begin = 0 if before is None else case.sql.index(";", before.end) + 1
    rest = case.sql[begin : error.offset].encode(errors="replace")
    return Refusal(error.message, error.code, 0, len(rest.lstrip(_SPACE) if before else rest))
