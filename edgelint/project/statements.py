"""Every SQL text that reaches a binding: what it may be, where its parts stand, what is bound to it.

A statement is one way from a text to ``prepare`` or ``exec``: of a helper that takes text, each known call is a
statement of its own. Its texts are the alternatives that the code can put together, each with the arguments that go
with it. What builds SQL without text (drizzle, kysely, prisma) has no statements.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from edgelint.project.assembly import Assembly
from edgelint.project.atoms import Func, Plat
from edgelint.project.parameters import is_tag_text
from edgelint.project.reaching import reaching
from edgelint.project.sql_text import Chunk, Here, SqlText, Text
from edgelint.project.worlds import MAX_WORLDS, World, worlds
from edgelint.project.wrappers import Wrappers
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.diagnostics import Span
    from edgelint.project.calls import BindingCall
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile
    from edgelint.project.frames import Frame
    from edgelint.project.project import Project

MAX_CALLS = 1_000  # known calls of one helper that are looked at
MAX_LEVELS = 3  # helpers that call helpers
_RUNS = ("run", "all", "first", "raw")

# Why a text is not analysed, as it is counted.
UNKNOWN_TEXT = "its text comes from elsewhere"
UNKNOWN_PART = "part of its text is not known"
UNKNOWN_COUNT = "it has more alternatives than are looked at"


class SqlStatement:
    """A text on its way to a binding.

    ``call`` is the ``prepare`` or ``exec``; ``bind`` the call that binds, in ``file`` (for a Durable Object the
    ``exec`` itself), None when nothing is bound. ``run`` is a call that runs the statement as it was prepared, nothing
    bound to it. ``whole`` is False when there are more alternatives than ``texts``. ``receiver`` is what the text was
    given to.
    """

    __slots__ = ("call", "file", "bind", "frame", "texts", "whole", "run")

    def __init__(
        self, call: BindingCall, file: SourceFile, bind: tree.Call | None, frame: Frame | None, texts: list[SqlText],
        whole: bool, run: BindingCall | None,
    ) -> None:
        self.call = call
        self.file = file
        self.bind = bind
        self.frame = frame
        self.texts = texts
        self.whole = whole
        self.run = run

    @property
    def known(self) -> list[SqlText]:
        """The texts that are analysed."""
        return [t for t in self.texts if t.is_known and t.feasible]

    @property
    def reason(self) -> str | None:
        """Why (part of) it is not analysed, None when all of it is."""
        if any(not t.is_known for t in self.texts):
            whole = all(not any(isinstance(p, Chunk) and p.text.strip() for p in t.body.pieces) for t in self.texts)
            return UNKNOWN_TEXT if whole else UNKNOWN_PART
        return None if self.whole else UNKNOWN_COUNT

    @property
    def span(self) -> Span:
        """Where its text stands; the call where it stands nowhere."""
        for text in self.texts:
            for piece in text.body.pieces:
                found = piece.place(0, len(piece.text)) if isinstance(piece, Chunk) else None
                if found is not None:
                    whole = text.span(0, len(text.text))
                    return whole or found
        return self.call.span


class Way(NamedTuple):
    """How an expression leads back to a ``prepare``: the call, its file and frame; ``bound`` when a bind is between."""

    prepare: tree.Call
    file: SourceFile
    frame: Frame | None
    bound: bool


class Statements:
    """The statements of a project, found once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._found: list[SqlStatement] | None = None
        self._depends: dict[tuple[int, str], frozenset[tree.Function]] = {}
        self.wrappers = Wrappers(project.evaluator)
        self._cut = False  # more calls of a helper are known than were looked at
        self._tags: list[tuple[SourceFile, tree.Template]] | None = None

    @property
    def e(self) -> Evaluator:
        return self._project.evaluator

    def all(self) -> list[SqlStatement]:
        """Every statement, by file and place of its call."""
        if self._found is None:
            self._found = _in_order(list(self._read()))
        return self._found

    def unfollowed(self) -> list[str]:
        """The file of each call that gives SQL to a type of the project's whose implementation is not found."""
        read = {id(p.node) for s in self.all() for t in s.texts for p in t.body.pieces}
        return [file.path for file, _ in self.wrappers.unfollowed(read)]

    def _read(self) -> Iterator[SqlStatement]:
        project = self._project.whole
        made = {id(call.node): call for call in project.calls(("d1", "d1-session"), "prepare") if call.node.args}
        runs = self._runs(project)
        bound: set[int] = set()
        for bind in project.calls("d1-statement", "bind"):
            origins = {
                id(a.origin) for a in self.e.evaluate(bind.receiver, bind.file) if isinstance(a, Plat) and a.origin
            } & made.keys()
            if origins:
                bound |= origins
                yield from self._bound(bind, [made[o] for o in origins])
        for call in made.values():
            unbound = runs.get(id(call.node), [])
            if id(call.node) not in bound:
                yield from self._plain(call, [], None, unbound[0][1] if unbound else None)
                continue
            for way, run in unbound:  # prepared by a helper, and bound elsewhere
                yield self._statement(call, Here(way.file, way.frame), None, Here(run.file, None), [], run)
        for call in project.calls("do-sql", "exec"):
            yield from self._plain(call, call.node.args[1:], call.node, None)
        for call in project.calls("d1", "exec"):
            yield from self._plain(call, [], None, None)

    def _runs(self, project: Project) -> dict[int, list[tuple[Way, BindingCall]]]:
        """The prepares that are run with nothing bound to them: by id, the ways to them and the calls that run them."""
        found: dict[int, list[tuple[Way, BindingCall]]] = {}
        for run in project.calls("d1-statement", _RUNS):
            self._unbound(run.receiver, run, found)
        for batch in project.calls(("d1", "d1-session"), "batch"):
            listed = batch.arg(0)
            for item in listed.items if isinstance(listed, tree.Array) else ():
                self._unbound(item, batch, found)
        return found

    def _unbound(self, node: Node, run: BindingCall, into: dict[int, list[tuple[Way, BindingCall]]]) -> None:
        ways = list(self.ways(node, Here(run.file, None)))
        if ways and not any(way.bound for way in ways):
            for way in ways:
                into.setdefault(id(way.prepare), []).append((way, run))

    # -- from a bind back to its prepare -----------------------------------------------------------------------------

    def ways(self, node: Node, here: Here, bound: bool = False, level: int = 0) -> Iterator[Way]:
        """The prepares that ``node`` may be the statement of."""
        while isinstance(node, tree.Await | tree.Cast):
            node = node.value
        if level > 8:
            return
        if isinstance(node, tree.Call) and isinstance(node.func, tree.Member):
            if node.func.name == "prepare":
                yield Way(node, here.file, here.frame, bound)
                return
            if node.func.name == "bind":
                yield from self.ways(node.func.obj, here, True, level + 1)
                return
        if isinstance(node, tree.Conditional):
            yield from self.ways(node.then, here, bound, level + 1)
            yield from self.ways(node.other, here, bound, level + 1)
        elif isinstance(node, tree.Name):
            symbol = here.file.index.resolve(node)
            for d in reaching(symbol, node) if symbol is not None else ():
                if d.kind == "value" and d.node is not None and not d.path:
                    yield from self.ways(d.node, here, bound, level + 1)
        elif isinstance(node, tree.Call):
            for function in (a for a in self.e.evaluate(node.func, here.file, here.frame) if isinstance(a, Func)):
                frame = self.e.call_values.frame(function, node, here.file, here.frame)
                body = function.node.body
                if frame is None or body is None:
                    continue
                results = [body] if not isinstance(body, tree.Block) else [
                    r.value for r in tree.walk_function(body) if isinstance(r, tree.Return) and r.value is not None
                ]
                for result in results:
                    yield from self.ways(result, Here(function.file, frame), bound, level + 1)

    def _bound(self, bind: BindingCall, prepares: list[BindingCall]) -> Iterator[SqlStatement]:
        by_node = {id(call.node): call for call in prepares}
        ways = [w for w in self.ways(bind.receiver, Here(bind.file, None)) if id(w.prepare) in by_node]
        if not ways:  # the statement came a way that is not followed: what is bound to it is not known
            for call in prepares:
                unknown: list[Node] = [tree.Spread(bind.node.start, bind.node.end, bind.node)]
                yield from self._plain(call, unknown, bind.node, None)
            return
        function = tree.enclosing_function(bind.node)
        found = []
        for frame in self._frames_for(function, bind.file, [w.prepare for w in ways], bind):
            for way in dict.fromkeys(self.ways(bind.receiver, Here(bind.file, frame))):
                prepare = by_node.get(id(way.prepare))
                if prepare is not None:
                    here, there = Here(way.file, way.frame), Here(bind.file, frame)
                    found.append(self._statement(prepare, here, bind.node, there, bind.node.args, None))
        yield from self._counted(found)

    def _frames_for(
        self, function: tree.Function | None, file: SourceFile, prepares: list[tree.Call], bind: BindingCall
    ) -> list[Frame | None]:
        """The calls of the function around a bind, when its text is made of what they give."""
        for prepare in prepares:
            if not prepare.args:
                continue
            if tree.enclosing_function(prepare) is function:
                given = self.given(prepare.args[0], file)
            else:  # prepared by a helper that is called here
                calls = [n for n in tree.walk_function(bind.receiver) if isinstance(n, tree.Call)]
                given = frozenset(g for call in calls for arg in call.args for g in self.given(arg, file))
            if given:
                return self.frames(_innermost(given), 0)
        return [None]

    def _plain(
        self, call: BindingCall, args: list[Node], bind: tree.Call | None, run: BindingCall | None
    ) -> Iterator[SqlStatement]:
        text = call.arg(0)
        if text is None:
            return
        given = self.given(text, call.file)
        found = []
        for frame in self.frames(_innermost(given), 0) if given else (None,):
            here = Here(call.file, frame)
            found.append(self._statement(call, here, bind, here, args, run))
        yield from self._counted(found)

    def _counted(self, found: list[SqlStatement]) -> list[SqlStatement]:
        """``found``, one of them not whole when calls of the helper were left out: so that it is said."""
        if self._cut and found:
            found[-1].whole = False
        self._cut = False
        return found

    def _statement(
        self, call: BindingCall, here: Here, bind: tree.Call | None, there: Here, args: list[Node],
        run: BindingCall | None,
    ) -> SqlStatement:
        text = call.node.args[0]

        def read(world: World) -> SqlText:
            reading = Assembly(self.e, world)
            self._tag(reading, here)
            reading.require(call.node, here)
            if bind is not None and bind is not call.node:
                reading.require(bind, there)
            at = there.frame
            while at is not None and at.call is not None:
                reading.require(at.call, Here(at.file, at.parent))
                at = at.parent
            reading.assume()
            body = Text(reading.written(text, here)).settled()
            asked = set(world.asked)
            world.asked.clear()
            values = reading.arguments(args, there)
            aligned = world.asked == asked
            reading.checked()
            return SqlText(body, values, reading.exact, not reading.empty_join, aligned)

        outcomes = worlds(read)
        seen: dict[tuple[object, ...], SqlText] = {}
        for one in outcomes.results:
            nodes = tuple(id(p.node) for p in one.body.pieces)
            seen.setdefault((one.text, nodes, tuple(id(v.node) for v in one.values), one.exact), one)
        return SqlStatement(call, there.file, bind, here.frame, list(seen.values()), outcomes.whole, run)

    # -- helpers ------------------------------------------------------------------------------------------------

    def given(self, text: Node, file: SourceFile) -> frozenset[tree.Function]:
        """The functions whose parameters the text is made of."""
        key = (id(text), file.path)
        found = self._depends.get(key)
        if found is None:
            into: set[tree.Function] = set()
            self._given(text, file, into, set(), 0)
            found = self._depends[key] = frozenset(into)
        return found

    def _given(self, node: Node, file: SourceFile, into: set[tree.Function], seen: set[int], level: int) -> None:
        for name in tree.walk_function(node):
            if not isinstance(name, tree.Name) or level > 4:
                continue
            symbol = file.index.resolve(name)
            if symbol is None or id(symbol) in seen:
                continue
            seen.add(id(symbol))
            for d in symbol.defs:
                if d.kind == "param" and isinstance(d.node, tree.Param) and isinstance(d.node.parent, tree.Function):
                    if not _is_callback(d.node.parent):
                        into.add(d.node.parent)
                elif d.kind == "value" and d.node is not None:
                    if not isinstance(d.node, tree.Await | tree.Function):
                        self._given(d.node, file, into, seen, level + 1)
                elif d.kind == "augment" and isinstance(d.node, tree.Assign) and d.node.value is not None:
                    self._given(d.node.value, file, into, seen, level + 1)

    def frames(self, function: tree.Function, level: int) -> list[Frame | None]:
        """A frame for each known call of ``function``, each inside those of the function that calls; ``[None]`` when no
        call is known."""
        found: list[Frame | None] = []
        file = self.e.parameters.file_of(function)
        if file is None or level >= MAX_LEVELS:
            return [None]
        for site_file, site, _ in (*self.e.parameters.callers(function), *self.wrappers.calls(function, file)):
            if len(found) >= MAX_CALLS:
                self._cut = True
                break
            given = frozenset(g for arg in site.args for g in self.given(arg, site_file)) - {function}
            for parent in self.frames(_innermost(given), level + 1) if given else (None,):
                frame = self.e.call_values.frame(Func(function, file), site, site_file, parent)
                if frame is not None:
                    found.append(frame)
        first = function.params[0] if function.params else None
        if isinstance(first, tree.Param) and is_tag_text(first, function):
            found += self._tag_frames(function, file)
        return found or [None]

    # -- tags ------------------------------------------------------------------------------------------------

    def _tag_frames(self, function: tree.Function, file: SourceFile) -> list[Frame]:
        """A frame for each template that ``function`` is the tag of."""
        if self._tags is None:
            self._tags = [
                (f, node) for f in self.e.files.values() for node in tree.walk(f.module)
                if isinstance(node, tree.Template) and node.tag is not None
            ]
        found: list[Frame] = []
        for site, template in self._tags:
            assert template.tag is not None
            for atom in self.e.evaluate(template.tag, site):
                if isinstance(atom, Func) and atom.node is function:
                    reading = Assembly(self.e, World([]))
                    frame = reading.tag_frame(atom, template, Here(site, None))
                    self._tagged[id(frame)] = (frame, template)
                    found.append(frame)
        return found

    @property
    def _tagged(self) -> dict[int, tuple[Frame, tree.Template]]:
        found: dict[int, tuple[Frame, tree.Template]] = self.__dict__.setdefault("_tagged_frames", {})
        return found

    def _tag(self, reading: Assembly, here: Here) -> None:
        """Tell a reading which of the frames around it are calls by a tag."""
        at = here.frame
        while at is not None:
            if id(at) in self._tagged:
                reading.tags[id(at)] = self._tagged[id(at)][1]
            at = at.parent


def _in_order(found: list[SqlStatement]) -> list[SqlStatement]:
    """By file and place of the call; those of one call by their texts' places, which take time to find."""

    def place(statement: SqlStatement) -> tuple[str, int]:
        return statement.call.file.path, statement.call.node.start

    found.sort(key=place)
    ordered: list[SqlStatement] = []
    for _, group in groupby(found, place):
        same = list(group)
        ordered += sorted(same, key=lambda s: s.span) if len(same) > 1 else same
    return ordered


def _innermost(functions: frozenset[tree.Function]) -> tree.Function:
    """Of nested functions the one inside the others."""
    return max(functions, key=lambda f: (f.start, -f.end))


def _is_callback(function: tree.Function) -> bool:
    """Whether a function is given to a call where it stands: its parameters are no one's to give."""
    return isinstance(function.parent, tree.Call) and function in function.parent.args


__all__ = ["MAX_WORLDS", "SqlStatement", "Statements"]
