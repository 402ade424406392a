"""What a call gives: known methods, globals, constructors, and the project's own functions looked into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.project import known
from edgelint.project.atoms import (
    EMPTY,
    UNKNOWN,
    Atom,
    ClassRef,
    Const,
    External,
    Func,
    Global,
    Inst,
    ListOf,
    Number,
    Plat,
    SafeText,
    Taint,
    Unknown,
    Value,
    one,
)
from edgelint.project.callers import is_bound_python
from edgelint.project.global_calls import GlobalCalls, is_tainted
from edgelint.project.method_values import MethodValues
from edgelint.project.numbers import to_number
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile
    from edgelint.project.frames import Frame

_CALLBACKS = frozenset(
    {"map", "flatMap", "forEach", "filter", "some", "every", "find", "findIndex", "reduce", "sort", "then", "catch"}
)
class CallValues:
    """The value of calls. A part of ``Evaluator``."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator
        self.methods = MethodValues(self)
        self.globals = GlobalCalls(self)
        self._frames: dict[tuple[object, ...], Frame] = {}

    def forget(self) -> None:
        """Drop the calls that were looked into, with what was evaluated in them."""
        self._frames.clear()

    def call(self, node: tree.Call, file: SourceFile, frame: Frame | None) -> Value:
        func = node.func
        while isinstance(func, tree.Cast):
            func = func.value
        if isinstance(func, tree.Member) and func.name is not None and not node.is_new:
            base = self.e.evaluate(func.obj, file, frame)
            return self.e.join(self.methods.method(atom, func.name, node, func, file, frame) for atom in base)
        if isinstance(func, tree.Name) and func.id == "import" and node.args:
            return self.dynamic_import(node, file)
        if isinstance(func, tree.Name) and func.id == "getattr" and file.language == "python" and len(node.args) >= 2:
            return self.getattr(node, file, frame)
        if isinstance(func, tree.Name) and func.id == "super" and file.language == "python":
            return self.e.super_value(node, file)
        if isinstance(func, tree.Function):
            return self.returned(Func(func, file), node, file, frame)
        return self.e.join(self.apply(atom, node, file, frame) for atom in self.e.evaluate(func, file, frame))

    def apply(self, atom: Atom, node: tree.Call, file: SourceFile, frame: Frame | None) -> Value:
        """The value of calling ``atom`` (not as a method)."""
        if isinstance(atom, Func):
            return self.returned(atom, node, file, frame)
        if isinstance(atom, ClassRef):
            return one(Inst(atom.node, atom.file, node))
        if isinstance(atom, Global):
            return self.globals.call(atom.path, node, file, frame)
        if isinstance(atom, External):
            return self.external_call(atom, node, file, frame)
        if isinstance(atom, Taint):
            return one(atom)
        return one(Unknown("other", node))

    def external_call(self, atom: External, node: tree.Call, file: SourceFile, frame: Frame | None) -> Value:
        last = atom.path.rsplit(".", 1)[-1]
        if last in known.CONTEXT_FUNCTIONS:
            return one(Plat("cloudflare-context"))
        if (atom.module, last) == ("hono/adapter", "env"):
            return one(Plat("env"))
        if last in known.SAFE_TEXT_FUNCTIONS or (atom.module in ("uuid", "nanoid") and not node.is_new):
            return one(SafeText(last))
        if atom.module == "js" and last in ("Object", "JSON"):
            return one(Unknown("external", node))
        # zod and its kin: a parsed value was checked, but is not harmless text.
        if last in ("parse", "safeParse", "parseAsync", "safeParseAsync") and "()" in atom.path:
            return one(Unknown("validated", atom.call))
        if last in ("parse", "safeParse", "parseAsync", "safeParseAsync") and node.args:
            schema = [
                a.call
                for a in self.e.evaluate(node.args[0], file, frame)
                if isinstance(a, External) and a.call is not None
            ]
            if schema:  # valibot: parse(schema, value)
                return one(Unknown("validated", schema[0]))
        if last in known.H3_READERS or last in known.H3_VALIDATORS:
            read = self.read_event(last, node, file, frame)
            if read is not None:
                return read
        if last in known.READERS.get(atom.module, ()):
            sent = frozenset(
                a for arg in node.args for a in self.e.evaluate(arg, file, frame)
                if is_tainted(a) or (isinstance(a, Plat) and a.type == "hono-context")
            )
            if sent:
                return one(Taint("request", node, file.path))
        if len(atom.path) > 120:
            return UNKNOWN
        return one(External(atom.module, f"{atom.path}()", node))

    def read_event(self, name: str, node: tree.Call, file: SourceFile, frame: Frame | None) -> Value | None:
        """What h3's ``readBody(event)`` and its kin give; None when they are given no event."""
        if not node.args or not any(
            isinstance(a, Plat) and a.type == "h3-event" for a in self.e.evaluate(node.args[0], file, frame)
        ):
            return None
        sent: Value = one(Taint("request", node, file.path))
        if name in known.H3_READERS:
            return sent
        value: Value = EMPTY
        for atom in self.e.evaluate(node.args[1], file, frame) if len(node.args) > 1 else ():
            if isinstance(atom, External) and atom.call is not None:  # schema.parse
                value |= one(Unknown("validated", atom.call))
            elif isinstance(atom, Func):
                value |= self.called_back(atom, [sent], file, frame)
        return value or one(Unknown("validated"))

    def dynamic_import(self, node: tree.Call, file: SourceFile) -> Value:
        arg = node.args[0]
        if isinstance(arg, tree.Literal) and isinstance(arg.value, str):
            target = self.e.graph.resolve(file, arg.value)
            from edgelint.project.atoms import Namespace

            return one(Namespace(target)) if target is not None else one(External(arg.value, "*"))
        return UNKNOWN

    def getattr(self, node: tree.Call, file: SourceFile, frame: Frame | None) -> Value:
        name = node.args[1]
        base = self.e.evaluate(node.args[0], file, frame)
        names = self.e.evaluate(name, file, frame)
        if names and all(isinstance(a, Const) and a.kind == "string" for a in names):
            value = self.e.join(
                self.e.member_of(base, str(a.value), file, frame) for a in names if isinstance(a, Const)
            )
            return value | (self.e.evaluate(node.args[2], file, frame) if len(node.args) > 2 else EMPTY)
        return self.e.elements(base, frame, computed=True)

    # -- the project's own functions -----------------------------------------------------------------------------------

    def frame(self, func: Func, node: tree.Call | None, file: SourceFile, frame: Frame | None) -> Frame | None:
        """The frame of calling ``func`` by ``node``; None when it is too deep, or recursive."""
        from edgelint.project.frames import MAX_FRAMES, Frame

        if frame is not None and (frame.depth >= MAX_FRAMES or frame.find(func.node) is not None):
            return None
        key = (func, node, file.path, frame)
        kept = self._frames.get(key)
        if kept is not None:
            return kept
        args: list[Node | Value] = []
        keywords: dict[str, Node] = {}
        rest = False
        offset = 1 if is_bound_python(func) else 0
        if offset:
            owner = func.node.parent
            args.append(func.this or (one(Inst(owner, func.file)) if isinstance(owner, tree.Class) else EMPTY))
        for arg in node.args if node is not None else ():
            if isinstance(arg, tree.Spread):
                rest = True
            elif isinstance(arg, tree.Keyword):
                keywords[arg.name] = arg.value
            elif not rest:
                args.append(arg)
        made = Frame(func.node, args, keywords, rest, file, frame, func.this, node)
        self._frames[key] = made
        return made

    def returned(self, func: Func, node: tree.Call | None, file: SourceFile, frame: Frame | None) -> Value:
        """What ``func`` returns when called by ``node``."""
        function = func.node
        if function.body is None:
            return self.typed_result(UNKNOWN, func)
        inner = self.frame(func, node, file, frame)
        if inner is None:
            recursive = frame is not None and frame.find(function) is not None
            return EMPTY if recursive else one(Unknown("depth"))
        return self.typed_result(self.returns(function, func.file, inner), func)

    def typed_result(self, value: Value, func: Func) -> Value:
        """``value``, which ``func`` returns, or what its type says where nothing is known of it."""
        function = func.node
        if function.returns is not None and all(isinstance(a, Unknown) for a in value):
            returned = _awaited(function.returns)
            kind = self.e.platform_type(returned, func.file)
            return one(Plat(kind)) if kind is not None else self.e.typed.fill(value, returned, func.file)
        return value

    def returns(self, function: tree.Function, file: SourceFile, frame: Frame | None) -> Value:
        body = function.body
        if body is None:
            return UNKNOWN
        if not isinstance(body, tree.Block):
            return self.e.evaluate(body, file, frame)
        if function.is_generator:
            return UNKNOWN
        value: Value = EMPTY
        for statement in self.e.returns_of(function):
            if statement.value is not None:
                value |= self.e.evaluate(statement.value, file, frame)
        return value or one(Const("null", None))

    def callback(self, node: Node, args: list[Node | Value], file: SourceFile, frame: Frame | None) -> Value:
        """What the function that ``node`` evaluates to returns for ``args``."""
        value: Value = EMPTY
        for atom in self.e.evaluate(node, file, frame):
            if isinstance(atom, Func):
                value |= self.called_back(atom, args, file, frame)
            elif isinstance(atom, Global) and atom.path in ("Number", "parseInt", "parseFloat", "int", "float"):
                given = args[0] if args else EMPTY
                given = given if isinstance(given, frozenset) else self.e.evaluate(given, file, frame)
                number = to_number(given, node, file.path)
                value |= number if given else one(Number(nan=True, node=node, path=file.path))
            elif isinstance(atom, Global) and atom.path in ("String", "str", "encodeURIComponent"):
                value |= args[0] if isinstance(args[0], frozenset) else UNKNOWN
            else:
                value |= UNKNOWN
        return value

    def called_back(self, func: Func, args: list[Node | Value], file: SourceFile, frame: Frame | None) -> Value:
        """What ``func`` returns when other code calls it with ``args``."""
        from edgelint.project.frames import MAX_FRAMES, Frame

        if frame is not None and (frame.depth >= MAX_FRAMES or frame.find(func.node) is not None):
            return one(Unknown("depth"))
        return self.returns(func.node, func.file, Frame(func.node, args, {}, False, file, frame, func.this))

    def tagged(self, node: tree.Template, file: SourceFile, frame: Frame | None) -> Value:
        """A tagged template: what a function of the project gives is looked at, a library's tag is the library's."""
        assert node.tag is not None
        value: Value = EMPTY
        for atom in self.e.evaluate(node.tag, file, frame):
            if isinstance(atom, Func):
                # called with the constant parts, and then with each of the values
                strings: Value = one(ListOf(one(SafeText("constant"))))
                values: list[Node | Value] = [part for part in node.parts if _is_substitution(part, node, file)]
                value |= self.called_back(atom, [strings, *values], file, frame)
            elif isinstance(atom, External):
                value |= one(External(atom.module, f"{atom.path}``"))
            else:
                value |= one(Unknown("tagged", node))
        return value

    @staticmethod
    def stringified(value: Value) -> Value:
        if value and all(isinstance(a, Number) for a in value):
            return value
        return (
            frozenset(
                a
                if isinstance(a, Taint | SafeText | Number | Const)
                else Unknown(a.reason if isinstance(a, Unknown) else "other")
                for a in value
            )
            or UNKNOWN
        )


def _awaited(annotation: str) -> str:
    """``T`` of ``Promise<T>``."""
    text = annotation.strip().lstrip(":").strip()
    return text[len("Promise<") : -1] if text.startswith("Promise<") and text.endswith(">") else text


def _is_substitution(part: Node, template: tree.Template, file: SourceFile) -> bool:
    """Whether a part of a template stands in ``${}``: a constant may."""
    return not isinstance(part, tree.Literal) or file.source.slice(template.start, part.start).rstrip().endswith("${")


def returns_of(function: tree.Function) -> list[tree.Return]:
    """The return statements of ``function`` itself."""
    body = function.body
    if body is None:
        return []
    return [node for node in tree.walk_function(body) if isinstance(node, tree.Return)]
