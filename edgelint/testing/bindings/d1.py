"""D1: a database, its prepared statements, batches and sessions.

Facts: developers.cloudflare.com/d1/worker-api and /d1/platform/limits; the words of errors are those of workerd
(https://github.com/cloudflare/workerd/blob/main/src/cloudflare/internal/d1-api.ts) and of Miniflare's service behind it
(https://github.com/cloudflare/workers-sdk/blob/main/packages/miniflare/src/workers/d1/database.worker.ts).

The store is one primary. What production does with replicas is the matter of the gate's consistency stage, which finds
in an operation's ``attributes``:

- ``store``: the D1Store. With ``keep_history`` it keeps what the database was after each write: ``versions``, of which
  each has its number, instant and content;
- ``session``: the constraint or bookmark that the app sent, None outside of a session (always the primary);
- ``as_of``: the number of a version, which the stage may set before it proceeds: a query that only reads is answered
  from that version, as by a replica that is no further. A query that writes goes to the primary.

For the meter: ``queries`` (also ``units``), ``rows`` that came out, ``rows_read`` and ``rows_written``, which are
modelled (``estimate``: see d1_rows). ``statements`` says the same of each statement of a batch or an exec.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from edgelint.d1.engine import Value
from edgelint.d1.errors import D1Error
from edgelint.platform import limits
from edgelint.testing.bindings import d1_migrations
from edgelint.testing.bindings.base import Binding, Declared, Services
from edgelint.testing.bindings.d1_engine import Answer, Query, ServedDatabase
from edgelint.testing.bindings.d1_values import Cell, bind_value, cell, objects
from edgelint.testing.bindings.object_sql import refusal
from edgelint.testing.coercion import primitive_text
from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.facade import Verbs
from edgelint.testing.operation import Operation
from edgelint.testing.values import UNDEFINED, Undefined

if TYPE_CHECKING:
    from edgelint.testing.clock import Clock

FIRST_PRIMARY: Final = "first-primary"
FIRST_UNCONSTRAINED: Final = "first-unconstrained"
TOO_MANY: Final = "Too many API requests by single worker invocation."
"""What workerd answers to an operation of a binding beyond an invocation's limit."""
_NOTHING: Final = "No SQL statements detected."
# JavaScript's white space (ECMA-262, WhiteSpace and LineTerminator)
_SPACE: Final = "\t\n\v\f\r \xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
# A line that is a comment behind white space is nothing to the service; one that begins with the comment is SQL.
_COMMENT: Final = re.compile(rf"(?:^|(?<=[\n\r\u2028\u2029]))[{_SPACE}]+--[^\n\r\u2028\u2029]*")


class Version(NamedTuple):
    """What a database was after its ``number``-th write, at an instant (ms since the epoch)."""

    number: int
    at: float
    content: bytes


class D1Store:
    """The contents of a database. ``max_queries`` is how many calls one invocation may make (1,000 on the paid
    plan; a test of the free one sets it to 50); a batch is one call."""

    def __init__(self, clock: Clock, content: bytes | None = None) -> None:
        self.database = ServedDatabase(clock, content)
        self.written = 0
        self.max_queries = limits.D1_MAX_QUERIES_PAID
        self.versions: list[Version] = []
        self.keep_history = False
        self._clock = clock
        self._replica: tuple[int, ServedDatabase] | None = None

    def transact(self, queries: Sequence[Query], as_of: int | None) -> tuple[list[Answer], int]:
        """Run the queries in one transaction, on a version that was kept when they only read. Returns the answers and
        the number of the version that answered. Raises D1Error."""
        if self.keep_history and not self.versions:
            self._keep()
        if as_of is not None and as_of < self.written and not any(self.database.writes(each.sql) for each in queries):
            return [answer._replace(primary=False) for answer in self._at(as_of).transact(queries)], as_of
        answers = self.database.transact(queries)
        if any(answer.changed_db for answer in answers):
            self.written += 1
            if self.keep_history:
                self._keep()
        return answers, self.written

    def _keep(self) -> None:
        self.versions.append(Version(self.written, self._clock.now, self.database.content()))

    def _at(self, number: int) -> ServedDatabase:
        if self._replica is None or self._replica[0] != number:
            kept = next(version for version in reversed(self.versions) if version.number <= number)
            self._replica = number, ServedDatabase(self._clock, kept.content)
        return self._replica[1]


def bookmark(number: int) -> str:
    """The bookmark of a version: later ones are larger as text. Its form is production's, its parts are not."""
    return f"{0:08x}-{number:08x}-{0:08x}-{0:032x}"


class D1Database(Binding):
    """A D1 database. Results are dicts with the platform's own keys; values are str, int, float, None and lists of int
    for BLOBs. ``prepare`` and ``with_session`` are synchronous, as they are in JavaScript."""

    kind: ClassVar[str] = "d1"

    def __init__(self, declared: Declared, services: Services) -> None:
        super().__init__(declared, services)
        self.store = services.shared(("d1", declared.resource), self._open)
        self._primary = D1Session(self, None)

    def prepare(self, sql: Any) -> D1PreparedStatement:
        """A statement, which is looked at when it runs."""
        return self._primary.prepare(sql)

    async def batch(self, statements: Any) -> list[dict[str, Any]]:
        """Run prepared statements in one transaction. Raises EdgeError, and nothing is changed then."""
        return await self._primary.batch(statements)

    async def exec(self, sql: Any) -> dict[str, Any]:
        """Run text, one query for each line: {"count", "duration"}. Raises EdgeError (D1_EXEC_ERROR), and nothing is
        changed then; the line it names is always the first, as in production."""
        if not isinstance(sql, str):
            raise type_error("query.trim is not a function")
        lines = sql.strip(_SPACE).split("\n")
        try:
            answers = await self.ask("exec", sql, [Query(line) for line in lines], self._primary)
        except EdgeError as error:
            if error.__cause__ is None:  # not the service's
                raise
            words = f"Error in line 1: {lines[0]}: {_message(error.__cause__)}"
            raise EdgeError(f"D1_EXEC_ERROR: {words}", cause=EdgeError(words))  # noqa: B904 - as above
        return {"count": len(answers), "duration": 0}

    def with_session(self, constraint_or_bookmark: Any = UNDEFINED) -> D1Session:
        """A session: "first-primary", "first-unconstrained" (the default) or a bookmark of an earlier one."""
        if constraint_or_bookmark is None or isinstance(constraint_or_bookmark, Undefined):
            return D1Session(self, FIRST_UNCONSTRAINED)
        if not isinstance(constraint_or_bookmark, str):
            raise type_error("constraintOrBookmark?.trim is not a function")
        return D1Session(self, constraint_or_bookmark.strip(_SPACE) or FIRST_UNCONSTRAINED)

    async def dump(self) -> bytes:
        """Always EdgeError: only databases of the alpha have it: developers.cloudflare.com/d1/worker-api."""

        def effect(operation: Operation) -> bytes:
            raise EdgeError("D1_DUMP_ERROR: Status + 404", cause=EdgeError("Status 404"))

        return await self.perform("dump", None, None, effect)

    async def seed(self, sql: str, name: str = "seed") -> None:
        """Run the text of a .sql file, as ``wrangler d1 execute --file`` does: for tests. Raises EdgeUsageError, which
        says ``name``, the line and the statement."""
        d1_migrations.run(self.store.database, sql, name)
        self.store.written += 1

    # -- the service ---------------------------------------------------------------------------------------------------

    async def ask(self, verb: str, key: str, queries: Sequence[Query], session: D1Session) -> list[Answer]:
        """Take queries through the gate to the service. What is no more than comments behind white space is left out.
        Raises EdgeError: one with a cause is the service's."""
        params = [list(query.params) for query in queries]
        operation = self.operation(verb, key, {"params": params if verb == "batch" else params[0] if params else []})
        attributes = operation.attributes
        count = max(len(queries), 1)
        attributes.update(store=self.store, session=session.sent, queries=count, units=count, estimate=True)
        if verb in ("batch", "exec"):
            attributes["statements"] = [{"sql": query.sql} for query in queries]
        else:
            attributes["sql"] = key

        def effect(operation: Operation) -> list[Answer]:
            self._allow(operation)
            real = [index for index, query in enumerate(queries) if _COMMENT.sub("", query.sql).strip(_SPACE)]
            if not real:
                raise _failed(EdgeError(_NOTHING))
            asked = [queries[index] for index in real]
            try:
                answers, version = self.store.transact(asked, operation.attributes.get("as_of"))
            except D1Error as error:
                raise _failed(_words(error, asked))  # noqa: B904 - its cause is what workerd says
            operation.attributes["version"] = version
            _record(operation, real, answers)
            session.seen(bookmark(version))
            return answers

        return await self.gate.perform(operation, effect)

    def _allow(self, operation: Operation) -> None:
        """Count the calls of an invocation on all its databases. Raises EdgeError for those that are too many."""
        if operation.origin != "app" or not operation.invocation:
            return
        taken = self.services.shared(("d1", "queries"), Counter[str])
        taken[operation.invocation] += 1
        operation.attributes["calls_of_invocation"] = taken[operation.invocation]
        if taken[operation.invocation] > self.store.max_queries:
            raise EdgeError(TOO_MANY)

    def _open(self) -> D1Store:
        config = self.services.worker_named(self.declared.worker).config if self.declared.worker else None
        wanted = self.services.shared(d1_migrations.ARRANGEMENT, d1_migrations.Arrangement)
        return D1Store(self.clock, d1_migrations.arranged(config, self.declared, wanted))


class D1Session(Verbs):
    """What ``with_session`` returns; also what a database without one asks through. ``sent``: the constraint or
    bookmark that goes with every query, None for always the primary."""

    __slots__ = ("_database", "sent")

    def __init__(self, database: D1Database, sent: str | None) -> None:
        self._database = database
        self.sent = sent

    def prepare(self, sql: Any) -> D1PreparedStatement:
        """A statement of this session."""
        return D1PreparedStatement(self._database, self, sql)

    async def batch(self, statements: Any) -> list[dict[str, Any]]:
        """Run prepared statements in one transaction, in order: their results. Raises EdgeError, and nothing is
        changed then."""
        if not isinstance(statements, (list, tuple)):
            raise type_error("statements.map is not a function")
        queries = []
        for statement in statements:
            if not isinstance(statement, D1PreparedStatement):
                raise type_error("batch() takes statements that prepare() made")  # production's words are not known
            queries.append(statement.query())
        text = "\n".join(query.sql for query in queries)
        answers = await self._database.ask("batch", text, queries, self)
        return [_result(answer) for answer in answers]

    def get_bookmark(self) -> str | None:
        """The latest bookmark this session has seen; None before its first query."""
        return None if self.sent in (None, FIRST_PRIMARY, FIRST_UNCONSTRAINED) else self.sent

    def seen(self, bookmark: str) -> None:
        """Take a bookmark that an answer brought, when it is later than what is known."""
        known = self.get_bookmark()
        if self.sent is not None and (known is None or known < bookmark):
            self.sent = bookmark


class D1PreparedStatement(Verbs):
    """A statement with the values of its parameters. It never changes: ``bind`` returns another."""

    __slots__ = ("_database", "_session", "statement", "params")

    def __init__(self, database: D1Database, session: D1Session, sql: Any, params: Sequence[Value] = ()) -> None:
        self._database = database
        self._session = session
        self.statement = sql
        self.params = tuple(params)

    def bind(self, *values: Any) -> D1PreparedStatement:
        """The statement with these values. Raises EdgeError (D1_TYPE_ERROR) at once."""
        return D1PreparedStatement(self._database, self._session, self.statement, [bind_value(each) for each in values])

    async def first(self, column: Any = UNDEFINED) -> Any:
        """The first row as a dict, or one column of it; None when there is no row. Raises EdgeError
        (D1_COLUMN_NOTFOUND) when the row has no such column."""
        answer = await self._ask("first")
        if not answer.rows:
            return None
        row = _objects(answer)[0]
        if isinstance(column, Undefined):
            return row
        name = primitive_text(column) or "[object Object]"
        if name not in row:
            raise EdgeError(f"D1_COLUMN_NOTFOUND: Column not found ({name})", cause=EdgeError("Column not found"))
        return row[name]

    async def all(self) -> dict[str, Any]:
        """{"success", "meta", "results"}, the rows as dicts. Raises EdgeError."""
        return _result(await self._ask("all"))

    async def run(self) -> dict[str, Any]:
        """The same, for a statement of which the rows do not matter. Raises EdgeError."""
        return _result(await self._ask("run"))

    async def raw(self, *, column_names: Any = False) -> list[list[Cell]]:
        """The rows as lists; with ``column_names`` their names come first. Raises EdgeError."""
        answer = await self._ask("raw")
        rows = [[cell(value) for value in row] for row in answer.rows]
        return [list[Cell](answer.columns), *rows] if column_names else rows

    def query(self) -> Query:
        """The statement as it is sent. Raises EdgeError (TypeError) for one that is no text."""
        if not isinstance(self.statement, str):
            raise type_error("prepare() takes a string")  # production's words are not known
        return Query(self.statement, self.params)

    def __repr__(self) -> str:
        return f"D1PreparedStatement({self.statement!r}, {list(self.params)!r})"

    async def _ask(self, verb: str) -> Answer:
        query = self.query()
        return (await self._database.ask(verb, query.sql, [query], self._session))[0]


def _objects(answer: Answer) -> list[dict[str, Cell]]:
    return objects(answer.columns, [[cell(value) for value in row] for row in answer.rows])


def _result(answer: Answer) -> dict[str, Any]:
    """A result as the app gets it."""
    return {"success": True, "meta": meta(answer), "results": _objects(answer)}


def meta(answer: Answer) -> dict[str, Any]:
    """What a result says of how it was made. The place that served it is made up, the time is the virtual clock's:
    none."""
    return {
        "served_by": "v3-prod", "served_by_region": "ENAM", "served_by_colo": "EWR",
        "served_by_primary": answer.primary, "timings": {"sql_duration_ms": 0}, "duration": 0,
        "changes": answer.changes, "last_row_id": answer.last_row_id, "changed_db": answer.changed_db,
        "size_after": answer.size_after, "rows_read": answer.rows_read, "rows_written": answer.rows_written,
        "total_attempts": 1,
    }  # fmt: skip


def _record(operation: Operation, real: Iterable[int], answers: Sequence[Answer]) -> None:
    """Say in the operation's attributes what it took."""
    attributes = operation.attributes
    for index, answer in zip(real, answers, strict=True):
        took = {"rows": len(answer.rows), "rows_read": answer.rows_read, "rows_written": answer.rows_written}
        if "statements" in attributes:
            attributes["statements"][index].update(took)
        for name, number in took.items():
            attributes[name] = attributes.get(name, 0) + number
    if operation.verb == "first":
        operation.outcome = "hit" if answers[0].rows else "miss"


def _words(error: D1Error, queries: Sequence[Query]) -> EdgeError:
    """The error of the query that failed, in workerd's words."""
    sql = next((query.sql for query in queries if error.statement and error.statement in query.sql), "")
    return refusal(error, sql)


def _failed(error: EdgeError) -> EdgeError:
    return EdgeError(f"D1_ERROR: {error.message}", cause=error)


def _message(error: BaseException) -> str:
    return error.message if isinstance(error, EdgeError) else str(error)
