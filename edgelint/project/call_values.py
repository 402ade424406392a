"""What a call gives: known methods, globals, constructors, and the project's own functions looked into."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from edgelint.project import known
from edgelint.project.atoms import (
    EMPTY,
    UNKNOWN,
    Arr,
    Atom,
    ClassRef,
    Const,
    External,
    Func,
    Global,
    Inst,
    ListOf,
    Number,
    Obj,
    Pair,
    Plat,
    SafeText,
    Taint,
    Unknown,
    Value,
    one,
)
from edgelint.project.callers import is_bound_python
from edgelint.project.numbers import as_number, is_number_format, maximum, minimum, rounded, to_number
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile
    from edgelint.project.frames import Frame

_LIST_METHODS = frozenset(
    {"filter", "slice", "reverse", "sort", "toSorted", "toReversed", "concat", "flat", "copy", "splice"}
)
_ITEM_METHODS = frozenset({"find", "at", "pop", "shift", "findLast", "popleft"})
_CALLBACKS = frozenset(
    {"map", "flatMap", "forEach", "filter", "some", "every", "find", "findIndex", "reduce", "sort", "then", "catch"}
)
_CONSTRUCTED = {
    "Request": "request", "Headers": "headers", "Response": "response", "FormData": "form-data",
    "URLSearchParams": "search-params",
}


_TEXT_CHANGES: dict[str, Callable[[str], str]] = {
    "toUpperCase": str.upper,
    "toLowerCase": str.lower,
    "trim": str.strip,
    "upper": str.upper,
    "lower": str.lower,
    "strip": str.strip,
}


class CallValues:
    """The value of calls. A part of ``Evaluator``."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator
        self._frames: dict[tuple[object, ...], Frame] = {}

    def call(self, node: tree.Call, file: SourceFile, frame: Frame | None) -> Value:
        func = node.func
        while isinstance(func, tree.Cast):
            func = func.value
        if isinstance(func, tree.Member) and func.name is not None and not node.is_new:
            if isinstance(func.obj, tree.Name) and func.obj.id == "super":
                return UNKNOWN
            base = self.e.evaluate(func.obj, file, frame)
            return self.e.join(self.method(atom, func.name, node, func, file, frame) for atom in base)
        if isinstance(func, tree.Name) and func.id == "import" and node.args:
            return self.dynamic_import(node, file)
        if isinstance(func, tree.Name) and func.id == "getattr" and file.language == "python" and len(node.args) >= 2:
            return self.getattr(node, file, frame)
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
            return self.global_call(atom.path, node, file, frame)
        if isinstance(atom, External):
            return self.external_call(atom, node, file, frame)
        if isinstance(atom, Taint):
            return one(atom)
        return one(Unknown("other", node))

    def external_call(self, atom: External, node: tree.Call, file: SourceFile, frame: Frame | None) -> Value:
        last = atom.path.rsplit(".", 1)[-1]
        if last in known.CONTEXT_FUNCTIONS:
            return one(Plat("cloudflare-context"))
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
        if last in known.READERS.get(atom.module, ()):
            sent = frozenset(
                a for arg in node.args for a in self.e.evaluate(arg, file, frame)
                if _is_tainted(a) or (isinstance(a, Plat) and a.type == "hono-context")
            )
            if sent:
                return one(Taint("request", node, file.path))
        if len(atom.path) > 120:
            return UNKNOWN
        return one(External(atom.module, f"{atom.path}()", node))

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
            return UNKNOWN
        inner = self.frame(func, node, file, frame)
        if inner is None:
            recursive = frame is not None and frame.find(function) is not None
            return EMPTY if recursive else one(Unknown("depth"))
        value = self.returns(function, func.file, inner)
        if function.returns is not None and all(isinstance(a, Unknown) for a in value):
            kind = self.e.platform_type(_awaited(function.returns), func.file)
            if kind is not None:
                return one(Plat(kind))
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
        for statement in returns_of(function):
            if statement.value is not None:
                value |= self.e.evaluate(statement.value, file, frame)
        return value or one(Const("null", None))

    def callback(self, node: Node, args: list[Node | Value], file: SourceFile, frame: Frame | None) -> Value:
        """What the function that ``node`` evaluates to returns for ``args``."""
        value: Value = EMPTY
        for atom in self.e.evaluate(node, file, frame):
            if isinstance(atom, Func):
                value |= self.called_back(atom, args, file, frame)
            elif isinstance(atom, Global) and atom.path in ("Number", "parseInt", "parseFloat"):
                value |= one(Number(nan=True, node=node, path=file.path))
            elif isinstance(atom, Global) and atom.path in ("String", "encodeURIComponent"):
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

    # -- methods
    # ---------------------------------------------------------------------------------------------------------

    def method(
        self, atom: Atom, name: str, node: tree.Call, func: tree.Member, file: SourceFile, frame: Frame | None
    ) -> Value:
        if isinstance(atom, Plat):
            return self.plat_method(atom, name, node, file, frame)
        if name in ("then", "finally", "catch") and not isinstance(atom, Inst | ClassRef | External):
            if name == "then" and node.args:
                return self.callback(node.args[0], [one(atom)], file, frame)
            return one(atom)
        if isinstance(atom, Obj) and file.language == "python" and name in ("get", "pop", "setdefault"):
            return self.dict_get(atom, node, file, frame)
        if (
            name in ("items", "keys", "values")
            and file.language == "python"
            and isinstance(atom, Obj | Unknown)
            and not node.args
        ):
            return self.dict_method(atom, name, frame)
        if isinstance(atom, Inst | ClassRef | Obj):
            members = self.e.atom_member(atom, name, file, frame, func)
            return self.e.join(self.apply(m, node, file, frame) for m in members)
        if isinstance(atom, Arr | ListOf):
            return self.list_method(atom, name, node, file, frame)
        if isinstance(atom, Taint):
            if name in known.NUMBER_METHODS:
                return one(Number(tainted=True))
            if name in ("map", "flatMap") and node.args:
                return one(ListOf(self.callback(node.args[0], [one(atom)], file, frame)))
            if name in ("includes", "startsWith", "endsWith", "some", "every", "test", "has", "hasOwnProperty"):
                return one(Number(0, 1))
            return one(Taint(atom.source, node, file.path))
        if isinstance(atom, Const | SafeText | Number):
            return self.text_method(atom, name, node, file, frame)
        if isinstance(atom, Global):
            if atom.path == "Promise" and name in ("all", "allSettled", "race", "any", "resolve") and node.args:
                value = self.e.evaluate(node.args[0], file, frame)
                return value if name in ("all", "allSettled", "resolve") else self.e.elements(value, frame)
            path = name if atom.path in ("globalThis", "self", "window") else f"{atom.path}.{name}"
            return self.global_call(path, node, file, frame)
        if isinstance(atom, External):
            return self.external_call(self.as_external(atom, name), node, file, frame)
        members = self.e.atom_member(atom, name, file, frame, func)
        if any(isinstance(m, Func | ClassRef) for m in members):
            return self.e.join(self.apply(m, node, file, frame) for m in members)
        if name in known.SAFE_TEXT_METHODS:
            return one(SafeText(name))
        if name in known.NUMBER_METHODS:
            return one(Number())
        if isinstance(atom, Unknown) and atom.reason in ("stored", "validated"):
            return one(atom)
        if name == "prepare" and known.is_d1_chain(node):
            return one(Plat("d1-statement", None, False, node, "shape"))
        return one(Unknown("param" if isinstance(atom, Unknown) and atom.reason == "param" else "other", node))

    @staticmethod
    def as_external(atom: External, name: str) -> External:
        return External(atom.module, f"{atom.path}.{name}" if atom.path else name, atom.call)

    def plat_method(self, atom: Plat, name: str, node: tree.Call, file: SourceFile, frame: Frame | None) -> Value:
        if atom.type == "binding" and name in known.TELLING_METHODS:
            atom = atom._replace(type=known.TELLING_METHODS[name], trust="shape")
        if atom.type == "env":
            return one(Unknown("other", node))
        to = known.METHODS.get(atom.type, {}).get(name)
        if to is None and file.language == "python":
            to = known.METHODS.get(atom.type, {}).get(_camel(name))
        if name in ("then", "catch", "finally") and to is None:
            if name == "then" and node.args:
                return self.callback(node.args[0], [one(atom)], file, frame)
            return one(atom)
        if to is None:
            if atom.tainted and atom.type in ("headers", "search-params", "form-data"):
                return one(Taint("request", node, file.path))
            return one(Unknown("other", node))
        return self.e.typed(to, atom, node, file)

    def list_method(
        self, atom: Arr | ListOf, name: str, node: tree.Call, file: SourceFile, frame: Frame | None
    ) -> Value:
        items = self.e.atom_elements(atom, frame, False)
        if name in ("map", "flatMap") and node.args:
            given = self.callback(node.args[0], [items, one(Number(0, None))], file, frame)
            return one(ListOf(self.e.elements(given, frame) if name == "flatMap" else given))
        if name in _LIST_METHODS:
            extra = EMPTY
            if name == "concat":
                for arg in node.args:
                    extra |= self.e.elements(self.e.evaluate(arg, file, frame), frame)
            return one(ListOf(items | extra)) if extra else one(atom)
        if name in _ITEM_METHODS or name == "get":
            return items
        if name in ("entries",):
            return one(ListOf(items | one(Number(0, None))))
        if name in ("join", "toString"):
            separators = [self.e.evaluate(arg, file, frame) for arg in node.args if not isinstance(arg, tree.Spread)]
            return self.e.joined_text([items, one(SafeText("constant")), *separators])
        if name in ("includes", "some", "every", "push", "unshift", "indexOf", "has", "findIndex"):
            return one(Number(-1, None))
        if name in ("keys",):
            return one(ListOf(one(Number(0, None))))
        if name in ("values",):
            return one(atom)
        if name == "fill" and node.args:
            return one(ListOf(self.e.evaluate(node.args[0], file, frame)))
        if name == "reduce":
            return UNKNOWN
        return one(Unknown("other", node))

    def dict_get(self, atom: Obj, node: tree.Call, file: SourceFile, frame: Frame | None) -> Value:
        """Python's ``d.get(key, fallback)``."""
        fallback = self.e.evaluate(node.args[1], file, frame) if len(node.args) > 1 else EMPTY
        keys = self.e.evaluate(node.args[0], file, frame) if node.args else EMPTY
        if not keys or any(not isinstance(a, Const) or a.kind != "string" for a in keys):
            return self.e.elements(one(atom), frame, computed=True) | fallback
        found = self.e.join(self.e.objects.object_member(atom, str(a.value)) for a in keys if isinstance(a, Const))
        return frozenset(a for a in found if not isinstance(a, Const) or a.kind != "null") | fallback or found

    def dict_method(self, atom: Obj | Unknown, name: str, frame: Frame | None) -> Value:
        """Python's ``d.items()``, ``d.keys()``, ``d.values()``."""
        if isinstance(atom, Unknown) and atom.reason != "keywords":
            return one(atom)
        keys, values = self.e.keys(one(atom)), self.e.elements(one(atom), frame, computed=True)
        if isinstance(atom, Unknown):
            values = one(Unknown("param", atom.node))
        return one(ListOf(keys if name == "keys" else values if name == "values" else one(Pair(keys, values))))

    def text_method(
        self, atom: Const | SafeText | Number, name: str, node: tree.Call, file: SourceFile, frame: Frame | None
    ) -> Value:
        if name in ("join", "format") and node.args:
            parts: list[Value] = []
            for arg in node.args:
                value = self.e.evaluate(arg.value if isinstance(arg, tree.Keyword | tree.Spread) else arg, file, frame)
                parts.append(self.e.elements(value, frame) if name == "join" or isinstance(arg, tree.Spread) else value)
            return self.e.joined_text([*parts, one(SafeText("constant"))])
        if name in known.NUMBER_METHODS or name in ("includes", "startsWith", "endsWith", "charCodeAt"):
            return one(Number(-1, None))
        if name in ("concat", "replace", "replaceAll", "padStart", "padEnd"):
            parts = [self.e.evaluate(arg, file, frame) for arg in node.args]
            if len(parts) == 2 and any(isinstance(a, Func) for a in parts[1]):  # what stands for each match
                parts[1] = self.callback(node.args[1], [one(atom)], file, frame)
            return self.e.joined_text([one(SafeText("constant")), *parts])
        if name in ("split", "rsplit", "splitlines"):
            return one(ListOf(one(SafeText("constant"))))
        if isinstance(atom, Const) and isinstance(atom.value, str) and not node.args:
            changed = _TEXT_CHANGES.get(name)
            if changed is not None:
                return one(Const("string", changed(atom.value)))
            if name in ("toString", "valueOf"):
                return one(atom)
        if isinstance(atom, Number) and name not in ("toString", "toFixed", "toLocaleString"):
            return one(Unknown("other", node))
        return one(SafeText("constant"))

    # -- globals
    # -----------------------------------------------------------------------------------------------------------

    def global_call(self, path: str, node: tree.Call, file: SourceFile, frame: Frame | None) -> Value:
        args = [a for a in node.args if not isinstance(a, tree.Keyword)]
        first = args[0] if args else None
        if isinstance(first, tree.Spread):
            first = first.value

        def value(position: int = 0) -> Value:
            if position >= len(args):
                return EMPTY
            arg = args[position]
            return self.e.evaluate(arg.value if isinstance(arg, tree.Spread) else arg, file, frame)

        if path in known.CONTEXT_FUNCTIONS:
            return one(Plat("cloudflare-context"))
        if path in known.CONVERSIONS:
            return to_number(value(), node, file.path)
        if path in ("Math.min", "Math.max", "min", "max"):
            numbers = [as_number(self.e.evaluate(a, file, frame)) for a in args]
            if numbers and not any(isinstance(a, tree.Spread) for a in args):
                joined: Value = self.e.join(self.e.evaluate(a, file, frame) for a in args)
                found = (minimum if path.endswith("min") else maximum)(numbers)
                tainted = found.tainted or any(isinstance(a, Taint) for a in joined)
                return one(found._replace(tainted=tainted))
            return one(Number())
        if path in ("Math.floor", "Math.ceil", "Math.round", "Math.trunc", "round", "Math.abs", "abs"):
            found_number = as_number(value())
            if found_number is None:
                return one(
                    Number(
                        tainted=any(isinstance(a, Taint) for a in value()),
                        nan=any(isinstance(a, Taint) for a in value()),
                        node=node,
                        path=file.path,
                    )
                )
            if path == "round" and len(args) > 1:  # to so many digits
                return one(found_number._replace(lower=None, upper=None))
            return one(rounded(path.rsplit(".", 1)[-1], found_number))
        if path == "Math.random":
            return one(Number(0, 1))
        if path in ("Date.now", "time.time", "performance.now"):
            return one(Number(1.6e9 if path == "time.time" else 0, None))
        if path in known.NUMBER_FUNCTIONS:
            return one(Number(0 if path == "len" else None, None))
        if path == "format" and is_number_format(node):
            return one(Number(tainted=any(_is_tainted(a) for a in value())))
        if path in ("String", "str", "format"):
            return self.stringified(value())
        if path in known.SAFE_TEXT_FUNCTIONS:
            return one(SafeText(path))
        if path in _CONSTRUCTED:
            return one(Plat(_CONSTRUCTED[path], None, any(_is_tainted(a) for a in value()), node))
        if path in ("URL", "URL.new", "URL.parse"):
            return one(Plat("url", None, any(_is_tainted(a) for arg in range(len(args)) for a in value(arg)), node))
        if path == "fetch":
            return one(Plat("response", None, False, node))
        if path == "caches.open":
            return one(Plat("cache"))
        if path in ("Response.json", "Response.redirect", "Response.new"):
            return one(Plat("response", None, False, node))
        if path in ("Object.keys", "Reflect.ownKeys"):
            return one(ListOf(self.e.keys(value())))
        if path == "Object.values":
            return one(ListOf(self.e.elements(value(), frame, computed=True)))
        if path == "Object.entries":
            found_value = value()
            taints = frozenset(a for a in found_value if isinstance(a, Taint))
            return one(
                ListOf(
                    taints or one(Pair(self.e.keys(found_value), self.e.elements(found_value, frame, computed=True)))
                )
            )
        if path in (
            "Object.assign",
            "structuredClone",
            "Object.freeze",
            "Object.fromEntries",
            "list",
            "tuple",
            "set",
            "sorted",
            "dict",
            "frozenset",
            "iter",
            "reversed",
            "enumerate",
        ):
            joined = self.e.join(value(i) for i in range(len(args)))
            return self.e.sent(joined, node, file) or UNKNOWN
        if path in ("Array.from", "Array.of", "Array"):
            if path == "Array.from" and len(args) > 1:
                return one(
                    ListOf(self.callback(args[1], [self.e.elements(value(), frame), one(Number(0, None))], file, frame))
                )
            if path == "Array.from":
                found_value = value()
                return (
                    found_value
                    if all(isinstance(a, Arr | ListOf | Taint) for a in found_value)
                    else one(ListOf(self.e.elements(found_value, frame)))
                )
            return one(
                ListOf(EMPTY if path == "Array" and len(args) < 2 else self.e.join(value(i) for i in range(len(args))))
            )
        if path in ("Set", "Map"):
            if path == "Map" and isinstance(first, tree.Array):
                pairs = [item for item in first.items if isinstance(item, tree.Array) and len(item.items) == 2]
                return one(ListOf(self.e.join(self.e.evaluate(pair.items[1], file, frame) for pair in pairs)))
            return one(ListOf(self.e.elements(value(), frame)))
        if path == "JSON.parse" or path == "json.loads":
            found_value = value()
            return frozenset(a for a in found_value if isinstance(a, Taint)) or one(
                Unknown("stored" if _stored(found_value) else "other", node)
            )
        if path in (
            "JSON.stringify",
            "encodeURIComponent",
            "encodeURI",
            "decodeURIComponent",
            "decodeURI",
            "atob",
            "btoa",
            "escape",
            "unescape",
            "json.dumps",
            "repr",
            "quote",
        ):
            found_value = value()
            return frozenset(a for a in found_value if isinstance(a, Taint | Const | SafeText | Number)) or one(
                Unknown("other", node)
            )
        if path in ("Promise.all", "asyncio.gather", "gather"):
            return value()
        if path in ("range",):
            return one(ListOf(one(Number(0, None))))
        return one(Unknown("other", node))

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


def _is_tainted(atom: Atom) -> bool:
    return (
        isinstance(atom, Taint)
        or (isinstance(atom, Plat | Number) and atom.tainted)
        or (isinstance(atom, Plat) and atom.type == "request")
    )


def _stored(value: Value) -> bool:
    return any(isinstance(a, Unknown) and a.reason == "stored" for a in value)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
