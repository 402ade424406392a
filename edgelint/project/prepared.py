"""Statements on the databases they reach: what SQLite says of each, on the schema that migrations and code make.

Tables that the code makes itself (``CREATE TABLE IF NOT EXISTS`` in a request, an ``ALTER TABLE`` at start) join the
schema of the migrations. What the schema lacks is only held against a statement when nothing else may have made it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.project.atoms import Plat, Value
from edgelint.project.elsewhere import Elsewhere, elsewhere
from edgelint.project.sql_text import Here, SqlText
from edgelint.project.statements import SqlStatement
from edgelint.syntax import tree
from edgelint.syntax.sql import statements
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.d1.engine import Database, Prepared
    from edgelint.d1.errors import D1Error
    from edgelint.d1.plans import PlanStep
    from edgelint.d1.schema import Schema
    from edgelint.diagnostics import Span
    from edgelint.project.databases import DatabaseSource
    from edgelint.project.files import SourceFile
    from edgelint.project.indexes import Proposal
    from edgelint.project.project import Project
    from edgelint.project.refusals import Refusal

_RENAMES = re.compile(r"\bRENAME\b", re.I)
_ADDS = re.compile(r"\bADD\b", re.I)


class Shape:
    """A database with what the code itself adds to it. ``whole``: what it lacks is not there. ``dynamic``: the code
    also runs SQL that is not known, so that tables may have names that are put together."""

    def __init__(
        self, source: DatabaseSource, database: Database, whole: bool, dynamic: bool
    ) -> None:
        self.source = source
        self.dynamic = dynamic
        self.database = database
        self.whole = whole
        self._schema: Schema | None = None
        self._exact: Database | None = None
        self._asked: dict[str, tuple[Prepared | None, D1Error | None]] = {}
        self._plans: dict[str, tuple[PlanStep, ...]] = {}
        self.proposals: dict[str, Proposal | None] = {}  # what ``indexes`` found, by statement
        self._scratch: Database | None = None

    @property
    def schema(self) -> Schema:
        """The tables, views and triggers it holds."""
        if self._schema is None:
            from edgelint.d1.schema import read

            self._schema = read(self.database)
        return self._schema

    @property
    def scratch(self) -> Database:
        """A copy to try things on; whoever changes it puts it back."""
        if self._scratch is None:
            self._scratch = self.database.clone()
        return self._scratch

    def prepare(self, sql: str) -> tuple[Prepared | None, D1Error | None]:
        """What SQLite knows of one statement, or why it refuses."""
        found = self._asked.get(sql)
        if found is None:
            from edgelint.d1.errors import D1Error

            try:
                found = self.database.prepare(sql), None
            except D1Error as error:
                found = None, error
            self._asked[sql] = found
        return found

    def exact(self) -> Database:
        """The database, in which a name in double quotes is never taken for a string."""
        if self._exact is None:
            self._exact = self.database.without_quoted_strings()
        return self._exact

    def plan(self, sql: str) -> tuple[PlanStep, ...]:
        """How SQLite runs one statement; empty when it refuses it."""
        found = self._plans.get(sql)
        if found is None:
            from edgelint.d1.errors import D1Error

            try:
                found = self.database.plan(sql)
            except D1Error:
                found = ()
            self._plans[sql] = found
        return found


class Asked(NamedTuple):
    """One statement of one text, on one database. ``at`` is where it begins in the text."""

    statement: SqlStatement
    text: SqlText
    at: int
    sql: str
    shape: Shape
    prepared: Prepared | None
    error: D1Error | None

    @property
    def plan(self) -> tuple[PlanStep, ...]:
        """How SQLite runs it."""
        return self.shape.plan(self.sql) if self.prepared is not None else ()

    def span(self, start: int, end: int) -> Span | None:
        """Where a range of code points of ``sql`` stands."""
        return self.text.span(self.at + start, self.at + end)


class Query(NamedTuple):
    """A statement and what was asked of it. ``sure``: the databases are those it reaches, all of them; ``skipped``: why
    nothing (or not all) was asked."""

    statement: SqlStatement
    sources: list[DatabaseSource]
    sure: bool
    asked: list[Asked]
    skipped: str | None


NO_SCHEMA = "the schema of its database is not known"
NO_IMPLEMENTATION = "no class of the project implements the type that it is given to"
NO_DATABASE = "which database it reaches is not known"


class Queries:
    """Statements on their databases, found on demand."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._shapes: dict[int, Shape | None] = {}
        self._all: list[Query] | None = None
        self._shaping: list[SqlStatement] | None = None
        self.refused: list[Refusal] | None = None
        """What SQLite refuses of them, once asked for: see ``refusals``."""
        self._elsewhere: Elsewhere | None = None
        self._blank: Shape | None = None
        # by the id of the statement, which is kept so that it stays its own
        self._reached: dict[int, tuple[SqlStatement, list[DatabaseSource], bool]] = {}
        self._of_durables: list[DatabaseSource] | None = None
        self._grown: dict[DatabaseSource, set[str] | None] = {}

    def is_small(self, shape: Shape, table: str) -> bool:
        """Whether a table only has the rows that migrations give it: no statement of the code inserts any, and all of
        them are known."""
        grown = self.grown(shape)
        if grown is None or table.lower() in grown:
            return False
        from edgelint.d1.errors import D1Error

        try:
            quoted = table.replace('"', '""')
            return bool(shape.database.execute(f'SELECT 1 FROM "{quoted}" LIMIT 1').rows)
        except D1Error:
            return False

    def grown(self, shape: Shape) -> set[str] | None:
        """The tables that the code inserts into, in lower case; None when not all of its statements are known."""
        if shape.source not in self._grown:
            grown: set[str] | None = set()
            for query in self.all():
                if shape.source in query.sources or not query.sources:
                    if query.skipped is not None and query.statement.reason is not None:
                        grown = None
                        break
                    for asked in query.asked:
                        if asked.shape is shape and asked.prepared is not None and grown is not None:
                            grown |= {name.lower() for verb, name in asked.prepared.writes if verb == "insert"}
            self._grown[shape.source] = grown
        return self._grown[shape.source]

    def blank(self, statement: SqlStatement) -> list[Asked]:
        """What SQLite says of a statement on a database without tables: whether it is SQL at all."""
        if self._blank is None:
            from edgelint.d1.engine import Database
            from edgelint.project.databases import DatabaseSource

            self._blank = Shape(DatabaseSource("d1", ""), Database.memory(), False, True)
        return self._asked(statement, self._blank)

    @staticmethod
    def _asked(statement: SqlStatement, shape: Shape) -> list[Asked]:
        return [
            Asked(statement, text, one.start, sql, shape, *shape.prepare(sql)) for text in statement.known
            for one in statements(text.text) if (sql := text.text[one.start : one.end])
        ]

    @property
    def elsewhere(self) -> Elsewhere:
        """What the texts of the project make that are run nowhere we know of."""
        if self._elsewhere is None:
            self._elsewhere = elsewhere(self._project)
        return self._elsewhere

    def all(self) -> list[Query]:
        """Every statement with what SQLite says of each of its texts."""
        if self._all is None:
            self._all = [self._query(s) for s in self._project.statements_found.all()]
        return self._all

    def not_analysed(self) -> list[tuple[str, str]]:
        """(why, the file) for each statement that the rules asked for and that is not analysed, or not as a whole. That
        a schema is not known is said of the database, once."""
        if self._all is None:
            return []
        found = [
            (f"SQL statement: {query.skipped}", query.statement.call.file.path)
            for query in self._all if query.skipped not in (None, NO_SCHEMA)
        ]
        if self._project.databases:
            unfollowed = self._project.statements_found.unfollowed()
            found += [(f"SQL statement: {NO_IMPLEMENTATION}", path) for path in unfollowed]
        return found

    def _query(self, statement: SqlStatement) -> Query:
        sources, sure = self.reached(statement)
        asked: list[Asked] = []
        skipped = statement.reason
        if statement.known:
            shapes = [self.shape(source) for source in sources]
            if not sources:
                skipped = NO_DATABASE
            elif not any(shapes):
                skipped = skipped or NO_SCHEMA
            for shape in shapes:
                if shape is not None:
                    asked += self._asked(statement, shape)
        return Query(statement, sources, sure, asked, skipped)

    # -- which database ------------------------------------------------------------------------------------------------

    def reached(self, statement: SqlStatement) -> tuple[list[DatabaseSource], bool]:
        """The databases a statement may reach, and whether that is certain."""
        kept = self._reached.get(id(statement))
        if kept is None:
            kept = self._reached[id(statement)] = (statement, *self._find_reached(statement))
        return list(kept[1]), kept[2]

    def _find_reached(self, statement: SqlStatement) -> tuple[list[DatabaseSource], bool]:
        project = self._project
        call = statement.call
        if call.kind == "do-sql":
            found = self._durable()
            home = tree.enclosing_class(call.node)
            own = [s for s in found if s.durable is not None and s.durable.node is home] if home is not None else []
            if own or home is not None:
                return own, bool(own)
            return (found, True) if len(project.durables.classes) == 1 else ([], False)
        names = self._names(call.receiver, Here(call.file, statement.frame), 0)
        file = call.file
        sources: list[DatabaseSource] = []
        for name, where in names or ():
            for source in project.databases_found.reached(where, name) or project.databases_found.reached(file, name):
                if source not in sources:
                    sources.append(source)
        if sources:
            return sources, True
        if names and not self._only(file):
            return [], False
        only = self._only(file)
        return only, len(only) == 1 and not names and call.trust in ("high", "import")

    def _durable(self) -> list[DatabaseSource]:
        """The databases of Durable Objects whose class is known."""
        if self._of_durables is None:
            found = self._project.databases
            self._of_durables = [s for s in found if s.kind == "durable-object" and s.durable is not None]
        return self._of_durables

    def _only(self, file: SourceFile) -> list[DatabaseSource]:
        """The D1 databases of the Workers that hold a file."""
        configs = [w.config for w in self._project.workers_of(file) if w.config is not None]
        return [
            s for s in self._project.databases_found.d1 if any(b.config is c for b in s.bindings for c in configs)
        ]

    def _names(self, node: Node, here: Here, level: int) -> list[tuple[str, SourceFile]] | None:
        """The names in env that ``node`` may be, each with a file of the Worker; None when one of them is not known."""
        e = self._project.evaluator
        while isinstance(node, tree.Cast | tree.Await):
            node = node.value
        value: Value = e.evaluate(node, here.file, here.frame)
        plats = [a for a in value if isinstance(a, Plat) and a.type in ("d1", "d1-session")]
        if plats and all(a.binding for a in plats):
            return [(str(a.binding), here.file) for a in plats]
        if level > 4:
            return None
        found: list[tuple[str, SourceFile]] = []
        for other, where in self._sources(node, here):
            more = self._names(other, where, level + 1)
            if more is None:
                return None
            found += more
        return found or None

    def _sources(self, node: Node, here: Here) -> Iterator[tuple[Node, Here]]:
        """What gives a parameter or a field its value."""
        e = self._project.evaluator
        if isinstance(node, tree.Call) and isinstance(node.func, tree.Member) and node.func.name == "withSession":
            yield node.func.obj, here
        elif isinstance(node, tree.Name):
            symbol = here.file.index.resolve(node)
            for d in symbol.defs if symbol is not None else ():
                if d.kind == "param" and isinstance(d.node, tree.Param) and isinstance(d.node.parent, tree.Function):
                    yield from self._callers(d.node, d.node.parent, here)
                elif d.kind == "value" and d.node is not None and not d.path:
                    yield d.node, here
        elif isinstance(node, tree.Member) and node.name is not None:
            owner = tree.enclosing_class(node)
            if isinstance(node.obj, tree.Name) and node.obj.id in ("this", "self") and owner is not None:
                for source in e.graph.fields.sources(owner, here.file, node.name):
                    if isinstance(source, tree.Param) and isinstance(source.parent, tree.Function):
                        yield from self._callers(source, source.parent, here)
                    elif isinstance(source, Node):
                        yield source, here

    def _callers(self, param: tree.Param, function: tree.Function, here: Here) -> Iterator[tuple[Node, Here]]:
        frame = here.frame.find(function) if here.frame is not None else None
        for arg, file, outer in self._project.evaluator.parameters.given(param, function, frame):
            if isinstance(arg, Node):
                yield arg, Here(file, outer)

    # -- what is in it -------------------------------------------------------------------------------------------------

    def shape(self, source: DatabaseSource) -> Shape | None:
        """A database with what the code adds; None when nothing says what is in it."""
        key = id(source)
        if key not in self._shapes:
            self._shapes[key] = self._shaped(source)
        return self._shapes[key]

    def _shaped(self, source: DatabaseSource) -> Shape | None:
        if not source.is_known:
            return None
        return self._with(source, *self._made_by_code(source))

    def _with(self, source: DatabaseSource, made: Iterable[str], clear: bool, dynamic: bool) -> Shape:
        """A database with the statements of the code that add to it."""
        if not made:
            return Shape(source, source.database(), source.is_whole and clear, dynamic)
        from edgelint.d1.errors import D1Error

        database = source.database().clone(foreign_keys=False)
        for sql in made:
            try:
                database.execute(sql)
            except D1Error:
                continue  # it is there already, or it will be refused there too
        return Shape(source, database, source.is_whole and clear, dynamic)

    def made_by_code(self, source: DatabaseSource) -> dict[str, Span]:
        """The statements of the code that add to a database, with their places."""
        return self._made_by_code(source)[0]

    def _made_by_code(self, source: DatabaseSource) -> tuple[dict[str, Span], bool, bool]:
        """(the statements of the code that add to a database, whether that is all of them, whether the code runs SQL of
        which even the first word is not known)."""
        created: dict[str, Span] = {}
        altered: dict[str, Span] = {}
        clear, dynamic = True, False
        if self._shaping is None:
            self._shaping = [
                s for s in self._project.statements_found.all() if any(_may_shape(t, None) for t in s.texts)
            ]
        for statement in self._shaping:
            if source not in self.reached(statement)[0]:
                continue
            for text in statement.texts:
                if not text.is_known:
                    clear = clear and not _may_shape(text, statement)
                    dynamic = True
                    continue
                for one in statements(text.text):
                    sql = text.text[one.start : one.end]
                    span = text.span(one.start, one.end) or statement.span
                    if one.verb == "CREATE":
                        created.setdefault(sql, span)
                    elif one.verb == "ALTER":
                        if _RENAMES.search(sql):
                            clear = False
                        altered.setdefault(sql, span)
        added = {sql: span for sql, span in altered.items() if _ADDS.search(sql)}
        return {**created, **added}, clear, dynamic


def _may_shape(text: SqlText, statement: SqlStatement | None) -> bool:
    """Whether a text may make or change a table: it begins with CREATE or ALTER, or nobody knows with what. Of a
    ``statement`` that is prepared the latter does not count: what it makes, some text of the project makes."""
    unknown = statement is None or statement.call.verb == "exec"
    return any(one.verb in ("CREATE", "ALTER") or (unknown and not one.verb) for one in statements(text.text))
