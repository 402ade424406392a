"""Where a value comes from, and what was done to it on the way: backwards through variables, fields and helpers.

``Derivation.origins`` goes from an expression back to the sources that a caller asks for (reads of a store, fetches,
comparisons). What it passes is kept in ``Origin.how``: nothing for a value that is only parsed, cast, awaited or handed
on. What comes from elsewhere (another binding, a fetch, a library that is awaited) is not followed into its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.project.atoms import Const, Func, Inst, Number, Plat, SafeText
from edgelint.project.frames import callback_frame
from edgelint.project.identity import argument_of
from edgelint.project.made_of import (
    CALL,
    COMPARISONS,
    COUNT,
    LIST,
    MERGE,
    MIXED,
    PIECE,
    SAME,
    TEST,
    TEXT,
    How,
    Path,
    compares,
    is_empty,
    parts_of,
    path_of,
    step_of,
)
from edgelint.project.objects import assigned_members
from edgelint.project.reaching import reaching
from edgelint.project.scopes import Def, PathStep, Symbol
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile
    from edgelint.project.frames import Frame


_PASSING = frozenset({
    "toString", "valueOf", "trim", "strip", "clone", "text", "json", "arrayBuffer", "blob", "bytes", "to_py", "copy",
    "decode", "encode", "split", "join", "toFixed", "toISOString", "normalize", "flat", "to_bytes", "getReader", "tee",
    "toWellFormed", "isoformat", "rstrip", "lstrip", "asFloat", "string", "buffer", "pipeThrough",
})
_CHANGING = frozenset({
    "filter", "map", "flatMap", "concat", "slice", "splice", "sort", "reverse", "toSorted", "toReversed", "toSpliced",
    "with", "union", "difference", "intersection", "reduce", "fill",
})
_TEXTUAL = frozenset({"replace", "replaceAll", "padStart", "padEnd", "repeat", "substring", "substr"})
_ITEM = frozenset({"find", "findLast", "at", "pop", "shift", "popleft", "next"})
_ITEMS = frozenset({"entries", "values", "keys", "items"})
_ASKING = frozenset({
    "has", "includes", "some", "every", "startsWith", "endsWith", "test", "hasOwnProperty", "indexOf", "findIndex",
    "startswith", "endswith", "isdigit", "match", "localeCompare", "equals",
})
_ITERATING = frozenset({
    "map", "forEach", "filter", "find", "findLast", "some", "every", "flatMap", "findIndex", "sort", "partition",
})
_PASSING_CALLS = frozenset({
    "JSON.parse", "JSON.stringify", "json.loads", "json.dumps", "String", "str", "Number", "parseInt", "parseFloat",
    "Number.parseInt", "Number.parseFloat", "int", "float", "structuredClone", "Object.freeze", "Promise.resolve",
    "decodeURIComponent", "encodeURIComponent", "atob", "btoa", "list", "dict", "set", "tuple", "sorted", "Set", "Map",
    "Array.from", "Object.fromEntries", "Object.entries", "Object.values", "Math.floor", "Math.round", "Math.ceil",
    "Math.trunc", "math.floor", "math.ceil", "round", "copy.copy", "copy.deepcopy", "pyodide.ffi.to_js", "BigInt",
    "iter", "asyncio.ensure_future", "asyncio.create_task", "Date", "Response", "Object", "reversed", "enumerate",
    "typing.cast", "js.JSON.parse", "js.JSON.stringify", "js.Response.new", "workers.Response", "Response.json",
    "Array",
})
_ANSWERING = frozenset({"json", "text", "html", "body"})
_GATHERING_CALLS = frozenset({"Promise.all", "Promise.allSettled", "Promise.race", "Promise.any"})
_JOINING_CALLS = frozenset({"Math.max", "Math.min", "max", "min", "sum", "Object.assign"})
_ASKING_CALLS = frozenset({
    "Array.isArray", "Boolean", "bool", "isNaN", "Number.isNaN", "Number.isFinite", "Number.isInteger", "isinstance",
})
_BUDGET = 1500  # nodes looked at for one question: bounds the time on generated code
_DEPTH = 80  # expressions one inside the other: bounds the Python stack
_PATH = 6  # members of members


class Place(NamedTuple):
    """A node in a call context."""

    node: Node
    file: SourceFile
    frame: Frame | None


class Origin(NamedTuple):
    """A source that a value comes from.

    ``path`` leads from the source's value to the part that was used (None: some item). ``hops`` are the uses and
    returns passed on the way, from the end to the source.
    """

    node: Node
    file: SourceFile
    frame: Frame | None
    path: Path
    how: How
    hops: tuple[Place, ...]

    @property
    def place(self) -> Place:
        return Place(self.node, self.file, self.frame)


IsSource = Callable[[Node, "SourceFile"], bool]


class Derivation:
    """Origins of values. ``is_source`` says which calls and comparisons are looked for; the walk ends at them."""

    def __init__(self, evaluator: Evaluator, is_source: IsSource) -> None:
        self.e = evaluator
        self.is_source = is_source
        self._memo: dict[tuple[Node, Frame | None, Path], list[Origin]] = {}
        self._barren: set[tuple[Node, Frame | None, Path]] = set()  # what is known to come from no source

    def origins(self, node: Node, file: SourceFile, frame: Frame | None = None, path: Path = ()) -> list[Origin]:
        """The sources that ``node`` comes from, each once for every way it is used."""
        key = (node, frame, path)
        found = self._memo.get(key)
        if found is None:
            walk = _Walk(self.e, self.is_source, self._barren)
            unique: dict[tuple[object, ...], Origin] = {}
            for origin in walk.visit(node, _At(file, frame, path, SAME, (), 0)):
                unique.setdefault((id(origin.node), id(origin.frame), origin.path, origin.how), origin)
            found = self._memo[key] = list(unique.values())
        return found


class _At:
    """Where a walk is, and how it came there."""

    __slots__ = ("file", "frame", "path", "how", "hops", "depth")

    def __init__(
        self, file: SourceFile, frame: Frame | None, path: Path, how: How, hops: tuple[Place, ...], depth: int
    ) -> None:
        self.file = file
        self.frame = frame
        self.path = path
        self.how = how
        self.hops = hops
        self.depth = depth

    def done(self, *what: str) -> _At:
        return _At(self.file, self.frame, self.path, self.how.union(what), self.hops, self.depth)

    def into(self, *steps: PathStep) -> _At:
        return _At(self.file, self.frame, steps + self.path, self.how, self.hops, self.depth) if steps else self

    def along(self, path: Path) -> _At:
        return _At(self.file, self.frame, path, self.how, self.hops, self.depth)

    def within(self, file: SourceFile, frame: Frame | None) -> _At:
        return _At(file, frame, self.path, self.how, self.hops, self.depth)

    def passing(self, node: Node) -> _At:
        hops = (*self.hops, Place(node, self.file, self.frame))
        return _At(self.file, self.frame, self.path, self.how, hops, self.depth)

    def deeper(self) -> _At:
        return _At(self.file, self.frame, self.path, self.how, self.hops, self.depth + 1)


class _Walk:
    def __init__(
        self, evaluator: Evaluator, is_source: IsSource, barren: set[tuple[Node, Frame | None, Path]]
    ) -> None:
        self.e = evaluator
        self.is_source = is_source
        self.seen: set[tuple[Node, Frame | None, Path, How]] = set()
        self.left = _BUDGET
        self.barren = barren
        self.events = 0  # sources found, and places where the walk was cut short or had been before

    def visit(self, node: Node, at: _At) -> Iterator[Origin]:
        place = (node, at.frame, at.path)
        if place in self.barren or isinstance(node, tree.Literal | tree.Function):
            return
        key = (node, at.frame, at.path, at.how)
        if key in self.seen or self.left <= 0 or at.depth > _DEPTH:
            self.events += 1
            return
        self.seen.add(key)
        self.left -= 1
        before = self.events
        yield from self.follow(node, at.deeper())
        if self.events == before:
            self.barren.add(place)

    def follow(self, node: Node, at: _At) -> Iterator[Origin]:
        if isinstance(node, tree.Name):
            yield from self.name(node, at)
        elif isinstance(node, tree.Member):
            yield from self.member(node, at)
        elif isinstance(node, tree.Call | tree.Binary) and self.is_source(node, at.file):
            self.events += 1
            yield Origin(node, at.file, at.frame, at.path, at.how, at.hops)
            if isinstance(node, tree.Binary):
                yield from self.binary(node, at)
        elif isinstance(node, tree.Call):
            yield from self.call(node, at)
        elif isinstance(node, tree.Binary):
            yield from self.binary(node, at)
        elif isinstance(node, tree.Object):
            yield from self.object(node, at)
        elif isinstance(node, tree.Array):
            yield from self.array(node, at)
        else:
            for part, done in parts_of(node):
                yield from self.visit(part, at if done is None else at.done(done).along(()))

    def object(self, node: tree.Object, at: _At) -> Iterator[Origin]:
        props = [p for p in node.props if isinstance(p, tree.Property)]
        spreads = [p for p in node.props if isinstance(p, tree.Spread)]
        if at.path and isinstance(at.path[0], str):
            named = [p for p in props if p.key == at.path[0]]
            if named:
                yield from self.visit(named[-1].value, at.along(at.path[1:]))
                return
            for spread in spreads:
                yield from self.visit(spread.value, at)
            return
        for spread in spreads:
            yield from self.visit(spread.value, at.done(MERGE) if len(node.props) > 1 else at)
        for prop in props:
            yield from self.visit(prop.value, at.done(PIECE).along(at.path[1:]))
        for value in assigned_members(node, at.file):
            yield from self.visit(value, at.done(PIECE).along(()))

    def array(self, node: tree.Array, at: _At) -> Iterator[Origin]:
        spread = any(isinstance(item, tree.Spread) for item in node.items)
        if at.path and isinstance(at.path[0], int) and not spread:
            if at.path[0] < len(node.items):
                yield from self.visit(node.items[at.path[0]], at.along(at.path[1:]))
            return
        for item in node.items:
            if isinstance(item, tree.Spread):
                yield from self.visit(item.value, at.done(MERGE) if len(node.items) > 1 else at)
            elif at.path:
                yield from self.visit(item, at.along(at.path[1:]))
            else:
                yield from self.visit(item, at.done(MERGE if spread else PIECE))
        for pushed, _ in self.e.graph.pushes(node, at.file):
            yield from self.visit(pushed, at.done(MERGE).along(()))

    def binary(self, node: tree.Binary, at: _At) -> Iterator[Origin]:
        op = node.op
        sides = [node.left, node.right]
        if op in COMPARISONS:
            at = at.done(TEST)
        elif op in ("&&", ","):
            # what is tested on the left is the value only when it is false
            if op == "&&" and compares(node.left):
                yield from self.visit(node.left, at.done(TEST))
            sides = [node.right]
        elif op == "+":
            at = at.done(TEXT if self.is_text(node, at) else COUNT)
        elif op == "-":
            at = at.done(COUNT)
        elif op not in ("||", "??"):
            at = at.done(MERGE)
        for side in sides:
            yield from self.visit(side, at)

    def is_text(self, node: tree.Binary, at: _At) -> bool:
        """Whether ``+`` glues text: one side is known to be text (or a list), or may be none but a text that stands in
        the code (``(log ? log + "\\n" : "") + line``), and neither to be a number."""
        values = []
        for side in (node.left, node.right):
            if isinstance(side, tree.Template | tree.Array):
                return True
            value = self.e.evaluate(side, at.file, at.frame)
            if any(isinstance(a, Number) or (isinstance(a, Const) and a.kind == "number") for a in value):
                return False
            if value and all(isinstance(a, SafeText) or (isinstance(a, Const) and a.kind == "string") for a in value):
                return True
            values.append(value)
        texts = [a.value for value in values for a in value if isinstance(a, Const) and a.kind == "string"]
        return bool(texts) and not any(str(text).strip().isdigit() for text in texts)

    # -- names and members -------------------------------------------------------------------------------------------

    def name(self, node: tree.Name, at: _At) -> Iterator[Origin]:
        symbol = at.file.index.resolve(node)
        if symbol is None or len(at.path) > _PATH:
            return
        definitions = reaching(symbol, node) if len(symbol.defs) > 1 else symbol.defs
        at = at.passing(node)
        for d in definitions:
            if d.kind == "augment" and isinstance(d.node, tree.Assign):
                at = at.done(self.augmented(d.node, at))
        for d in definitions:
            yield from self.definition(d, at)

    def augmented(self, node: tree.Assign, at: _At) -> str:
        if node.op not in ("+=", "-=") or node.value is None:
            return MERGE
        glued = tree.Binary(node.start, node.end, "+", node.value, node.value)
        return TEXT if node.op == "+=" and self.is_text(glued, at) else COUNT

    def definition(self, d: Def, at: _At) -> Iterator[Origin]:
        if d.default is not None:
            yield from self.visit(d.default, at)
        if d.node is None:
            return
        if d.kind == "value":
            yield from self.visit(d.node, at.into(*d.path))
        elif d.kind in ("element", "key"):
            yield from self.visit(d.node, at.into(None, *d.path))
        elif d.kind == "augment" and isinstance(d.node, tree.Assign) and d.node.value is not None:
            yield from self.visit(d.node.value, at.done(PIECE).along(()))
        elif d.kind == "param" and isinstance(d.node, tree.Param):
            yield from self.param(d.node, at.into(*d.path))
        elif d.kind == "import" and isinstance(d.at, tree.Import) and isinstance(d.node, tree.ImportName):
            yield from self.imported(d.at, d.node, at)

    def imported(self, node: tree.Import, name: tree.ImportName, at: _At) -> Iterator[Origin]:
        target = self.e.graph.resolve(at.file, node.source, node.level)
        exported = self.e.graph.export(target, name.imported) if target is not None else None
        if exported is None:
            return
        file, thing = exported
        there = at.within(file, None)
        if isinstance(thing, Node):
            yield from self.visit(thing, there)
        elif isinstance(thing, Symbol):
            for d in thing.defs:
                if d.kind == "value":
                    yield from self.definition(d, there)

    def param(self, param: tree.Param, at: _At) -> Iterator[Origin]:
        function = param.parent
        if not isinstance(function, tree.Function):
            return
        found = at.frame.find(function) if at.frame is not None else None
        if found is not None:
            given = argument_of(param, function, found)
            if given is not None:
                yield from self.visit(given, at.within(found.file, found.parent))
            return
        call = function.parent
        if isinstance(call, tree.Call) and call.func is not function and isinstance(call.func, tree.Member):
            position = function.params.index(param)
            if call.func.name in ("then", "finally") and position == 0 and call.args[0] is function:
                yield from self.visit(call.func.obj, at)
            elif call.func.name in _ITERATING and position == 0:
                yield from self.visit(call.func.obj, at.into(None))
            elif call.func.name == "reduce" and position == 1:
                yield from self.visit(call.func.obj, at.into(None).done(LIST))

    def member(self, node: tree.Member, at: _At) -> Iterator[Origin]:
        instances = [a for a in self.e.evaluate(node.obj, at.file, at.frame) if isinstance(a, Inst)]
        for atom in instances if node.name is not None else ():
            yield from self.field(atom, node.name or "", at.passing(node))
        if not instances:
            yield from self.visit(node.obj, at.into(step_of(node)))

    def field(self, atom: Inst, name: str, at: _At) -> Iterator[Origin]:
        at = at.within(atom.file, self.e.parameters.constructor_frame(atom))
        for source in self.e.graph.fields.sources(atom.node, atom.file, name):
            if isinstance(source, tree.Param):
                yield from self.param(source, at)
            elif isinstance(source, Node):
                yield from self.visit(source, at)
            elif isinstance(source, tuple):
                yield from self.definition(source[0], at)
        for member in atom.node.members:
            if isinstance(member, tree.Function) and member.kind == "getter" and member.name == name:
                func = Func(member, atom.file, frozenset({atom}))
                yield from self.returned(func, None, at.within(at.file, None))

    # -- calls -------------------------------------------------------------------------------------------------------

    def call(self, node: tree.Call, at: _At) -> Iterator[Origin]:
        value = self.e.evaluate(node.func, at.file, at.frame)
        ours = [a for a in value if isinstance(a, Func)]
        if ours:
            for func in ours:
                yield from self.returned(func, node, at)
            return
        what = next((name for name in map(path_of, value) if name), "")
        if what in _PASSING_CALLS or what in _GATHERING_CALLS:
            inner = at.along(at.path[1:]) if what in ("Object.values", "Array") else at
            for arg in node.args[:1]:
                yield from self.visit(arg, inner)
        elif what in ("asyncio.gather", "gather"):
            step = at.path[0] if at.path else None
            chosen = node.args[step : step + 1] if isinstance(step, int) else node.args
            for arg in chosen:
                yield from self.visit(arg, at.along(at.path[1:]))
        elif what in _JOINING_CALLS:
            alone = sum(not is_empty(arg) for arg in node.args) < 2
            for arg in node.args:
                yield from self.visit(arg, at if alone else at.done(MERGE))
        elif what == "len":
            for arg in node.args[:1]:
                yield from self.visit(arg, at.along(("length",)))
        elif what in _ASKING_CALLS:
            for arg in node.args:
                yield from self.visit(arg, at.done(TEST).along(()))
        elif isinstance(node.func, tree.Member) and node.func.name in _ANSWERING and self.is_answer(node.func, at):
            for arg in node.args[:1]:
                yield from self.visit(arg, at)
        elif isinstance(node.func, tree.Member):
            yield from self.method(node, node.func, at)
        else:
            yield from self.unknown(node, at)

    def is_answer(self, func: tree.Member, at: _At) -> bool:
        """Whether a method is one of a Hono context: ``c.json(data)`` is a response made of data."""
        value = self.e.evaluate(func.obj, at.file, at.frame)
        return any(isinstance(a, Plat) and a.type == "hono-context" for a in value)

    def unknown(self, node: tree.Call, at: _At) -> Iterator[Origin]:
        """A call that is not followed. One that is awaited gives what it has from elsewhere."""
        if isinstance(node.parent, tree.Await):
            return
        plain = [arg for arg in node.args if not isinstance(arg, tree.Literal)]
        subjects = len(plain) + isinstance(node.func, tree.Member)
        at = (at.done(CALL, MIXED) if subjects > 1 else at.done(CALL)).along(())
        if isinstance(node.func, tree.Member):
            if any(isinstance(a, Plat) for a in self.e.evaluate(node.func.obj, at.file, at.frame)):
                return
            yield from self.visit(node.func.obj, at)
        elif isinstance(node.func, tree.Name) and node.func.id == "fetch":
            return
        for arg in node.args:
            yield from self.visit(arg, at)

    def method(self, node: tree.Call, func: tree.Member, at: _At) -> Iterator[Origin]:
        name = func.name or ""
        if name in ("then", "catch", "finally"):
            yield from self.chained(node, func, at)
        elif name in _PASSING:
            yield from self.visit(func.obj, at)
        elif name in _CHANGING or name in _TEXTUAL:
            done = at.done(LIST if name in _CHANGING else TEXT)
            for part in (func.obj, *(node.args if name in ("concat", "union") else ())):
                yield from self.visit(part, done)
        elif name in _ITEM or name in _ITEMS:
            yield from self.visit(func.obj, at.into(None))
        elif name == "get" and node.args:
            first = node.args[0]
            step = first.value if isinstance(first, tree.Literal) and isinstance(first.value, str) else None
            yield from self.visit(func.obj, at.into(step))
            for arg in node.args[1:]:
                yield from self.visit(arg, at)
        elif name in _ASKING:
            yield from self.visit(func.obj, at.done(TEST).along(()))
        else:
            yield from self.unknown(node, at)

    def chained(self, node: tree.Call, func: tree.Member, at: _At) -> Iterator[Origin]:
        """``promise.then(f)``, ``.catch(f)``, ``.finally(f)``."""
        if func.name != "then":
            yield from self.visit(func.obj, at)
        if func.name == "finally" or not node.args:
            return
        value = self.e.evaluate(node.args[0], at.file, at.frame)
        ours = [a for a in value if isinstance(a, Func)]
        for atom in ours:
            yield from self.body(atom, at.within(at.file, callback_frame(atom, func, node, at.file, at.frame)))
        if not ours and func.name == "then":
            known = any(path_of(a) in _PASSING_CALLS for a in value)
            yield from self.visit(func.obj, at if known else at.done(CALL))

    def returned(self, func: Func, node: tree.Call | None, at: _At) -> Iterator[Origin]:
        inner = self.e.call_values.frame(func, node, at.file, at.frame)
        if inner is not None:
            yield from self.body(func, at.within(at.file, inner))

    def body(self, func: Func, at: _At) -> Iterator[Origin]:
        """What a function returns in the frame of ``at``."""
        at = at.within(func.file, at.frame)
        body = func.node.body
        if body is not None and not isinstance(body, tree.Block):
            yield from self.visit(body, at.passing(body))
            return
        for statement in self.e.returns_of(func.node):
            if statement.value is not None:
                yield from self.visit(statement.value, at.passing(statement))
