"""What a parameter may be: by its annotation, by the role of its function, by the calls that are known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.project.atoms import (
    EMPTY,
    Const,
    Func,
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
from edgelint.project.callers import Callers, CallSite, is_self
from edgelint.project.roles import Roles
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile
    from edgelint.project.frames import Frame

_LITERAL_UNION = re.compile(
    r"^\s*\|?\s*(?:'[^']*'|\"[^\"]*\"|[\d.]+|true|false)(?:\s*\|\s*(?:'[^']*'|\"[^\"]*\"|[\d.]+|null"
    r"|undefined|true|false))*\s*$"
)
_NUMBER_TYPE = re.compile(
    r"^\s*(?:number|int|float|bigint|boolean|bool)(?:\s*\|\s*(?:null|undefined|None|number))*\s*$"
)


_ITERATING = frozenset({
    "map", "flatMap", "forEach", "filter", "some", "every", "find", "findIndex", "findLast", "reduce", "reduceRight",
    "sort", "toSorted",
})


def is_tag_text(param: tree.Param, function: tree.Function) -> bool:
    """Whether ``param`` is the constant texts of a tagged template: ``(strings: TemplateStringsArray, ...values)``."""
    if param.annotation is not None:
        return "TemplateStringsArray" in param.annotation
    following = function.params[1] if len(function.params) == 2 else None
    named = isinstance(param.target, tree.Name) and param.target.id in ("strings", "literals", "parts", "chunks")
    return named and isinstance(following, tree.Param) and following.rest == "*"


class Parameters:
    """Values of parameters. A part of ``Evaluator``."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator
        self.roles = Roles(evaluator)
        self.calls = Callers(evaluator)

    def value(self, param: tree.Param, file: SourceFile, frame: Frame | None) -> Value:
        function = param.parent
        if not isinstance(function, tree.Function):
            return one(Unknown("param", param))
        position = function.params.index(param)
        if param.rest == "**":
            return self.keywords(param, function)
        found = frame.find(function) if frame is not None else None
        if found is not None:
            value = self.in_frame(param, position, found)
            if value is not None:
                return value
        default = self.e.evaluate(param.default, file, frame) if param.default is not None else EMPTY
        if param.annotation is not None:
            kind = self.e.platform_type(param.annotation, file)
            if kind == "hono-context" or (kind is not None and kind != "env"):
                return one(Plat(kind, tainted=kind in ("headers", "url", "search-params") and False))
            if kind == "env":
                return one(Plat("env"))
        role = self.roles.value(function, position, file)
        if role is not None:
            return role | default
        if position == 0 and is_self(param, function):
            return (
                one(Inst(function.parent, file))
                if isinstance(function.parent, tree.Class)
                else one(Unknown("param", param))
            )
        if position == 0 and is_tag_text(param, function):
            return one(ListOf(one(SafeText("template"))))
        item = self.callback_item(function, position, file, frame)
        if item is not None:
            return item | default
        called = self.from_callers(function, param, position)
        if called is not None:
            if (
                param.annotation is not None
                and _NUMBER_TYPE.match(param.annotation)
                and not any(isinstance(a, Number | Taint) for a in called)
            ):
                return (frozenset(a for a in called if isinstance(a, Const | Number)) or one(Number())) | default
            return self.e.typed.fill(called, param.annotation, file) | default
        typed = self.by_type(param.annotation, param, file)
        if typed is not None:
            return typed | default
        named = self.roles.by_name(param, function, position, file)
        if named is not None:
            return named | default
        return default | self.e.typed.fill(one(Unknown("param", param)), param.annotation, file)

    def callback_item(
        self, function: tree.Function, position: int, file: SourceFile, frame: Frame | None
    ) -> Value | None:
        """A parameter of a function given to ``xs.map`` and its kin: an item of ``xs``, or its index; of ``then``, the
        value."""
        call = function.parent
        if not isinstance(call, tree.Call) or not call.args or call.args[0] is not function:
            return None
        method = call.func
        if not isinstance(method, tree.Member):
            return None
        if method.name == "then":
            return self.e.evaluate(method.obj, file, frame) if position == 0 else None
        first = {"reduce": 1, "reduceRight": 1, "sort": None, "toSorted": None}.get(method.name or "", 0)
        if method.name not in _ITERATING:
            return None
        if first is None or position == first:
            return self.e.elements(self.e.evaluate(method.obj, file, frame), frame)
        return one(Number(0, None)) if position == first + 1 else None

    def keywords(self, param: tree.Param, function: tree.Function) -> Value:
        """Python's ``**kwargs``: names that the code gives, but for the keys of what a call spreads (``f(**body)``)."""
        value: Value = one(Unknown("keywords", param))
        for file, call, _ in self.callers(function):
            for arg in call.args:
                if isinstance(arg, tree.Spread) and arg.value.start - arg.start == 2:
                    spread = self.e.evaluate(arg.value, file)
                    value |= frozenset(a for a in spread if not isinstance(a, Unknown) or a.reason != "keywords")
        return value

    def by_type(self, annotation: str | None, param: tree.Param, file: SourceFile) -> Value | None:
        """What a TypeScript annotation alone says: a number, one of some literals, a key of a constant."""
        if annotation is None:
            return None
        text = annotation.strip().lstrip(":").strip()
        if _NUMBER_TYPE.match(text):
            return one(Number())
        if _LITERAL_UNION.match(text) or text.startswith("keyof typeof "):
            return one(SafeText("literal type"))
        for decl, home in self.declared(text, file):
            if decl.text and decl.text != text:
                return self.by_type(decl.text, param, home)
        return None

    def member_by_type(self, param: tree.Param, name: str) -> Value | None:
        """What the type of ``param`` says of its member ``name``: ``{ order?: "asc" | "desc" }``, or an interface's."""
        file = self.file_of(param)
        text = (param.annotation or "").strip().lstrip(":").strip()
        if file is None or not text:
            return None
        inline = (
            re.search(rf"[{{;,]\s*(?:readonly\s+)?{re.escape(name)}\??\s*:\s*([^;,}}]+)", text)
            if text.startswith("{")
            else None
        )
        if inline is not None:
            return self.by_type(inline[1], param, file)
        for decl, home in self.declared(text, file):
            if name in decl.members:
                return self.by_type(decl.members[name][0], param, home)
        return None

    def declared(self, name: str, file: SourceFile, depth: int = 0) -> Iterator[tuple[tree.TypeDecl, SourceFile]]:
        """The declarations of type ``name`` as ``file`` sees it: its own, or through what it imports and re-exports."""
        own = file.index.types.get(name, ())
        for decl in own:
            yield decl, file
        if own or depth > 4 or not name.isidentifier():
            return
        sources = [
            (i.source, n.imported)
            for i in file.index.imports
            for n in i.names
            if isinstance(n, tree.ImportName) and n.local == name
        ]
        sources += [
            (e.source, name if n.exported == "*" else n.local)
            for e in file.index.exports
            if depth and e.source is not None
            for n in e.names
            if isinstance(n, tree.ExportName) and n.exported in (name, "*")
        ]
        for source, wanted in sources:
            target = self.e.graph.resolve(file, source)
            other = self.e.files.get(target) if target is not None else None
            if other is not None and other is not file:
                yield from self.declared(wanted, other, depth + 1)

    def in_frame(self, param: tree.Param, position: int, frame: Frame) -> Value | None:
        if isinstance(param.target, tree.Name) and param.target.id in frame.keywords:
            return self.e.evaluate(frame.keywords[param.target.id], frame.file, frame.parent)
        if param.rest:
            value: Value = EMPTY
            for arg in frame.args[position:]:
                value |= arg if isinstance(arg, frozenset) else self.e.evaluate(arg, frame.file, frame.parent)
            return one(ListOf(value)) if not frame.rest else None
        if position < len(frame.args):
            arg = frame.args[position]
            value = arg if isinstance(arg, frozenset) else self.e.evaluate(arg, frame.file, frame.parent)
            if param.default is not None:
                value = frozenset(a for a in value if not (isinstance(a, Const) and a.kind == "null")) or value
            if param.annotation is not None and not any(isinstance(a, Plat) for a in value):
                where = self.file_of(param)
                kind = self.e.platform_type(param.annotation, where) if where is not None else None
                if kind is not None:
                    return one(Plat(kind))
                if _NUMBER_TYPE.match(param.annotation) and not any(
                    isinstance(a, Number | Const | Taint) for a in value
                ):
                    return one(Number())
                if where is not None:
                    value = self.e.typed.fill(value, param.annotation, where)
            return value
        if frame.rest:
            return None
        if param.default is not None:
            return self.e.evaluate(param.default, frame.file, None)
        return one(Const("null", None)) if frame.args or frame.keywords or position > 0 else None

    # -- callers
    # -----------------------------------------------------------------------------------------------------------

    def from_callers(self, function: tree.Function, param: tree.Param, position: int) -> Value | None:
        """The join over every known call, or None when none is known."""
        sites = self.callers(function)
        if not sites:
            return None
        value: Value = EMPTY
        seen = False
        for file, call, offset in sites:
            given = self.argument(call, param, position - offset, file)
            if given is not None:
                seen = True
                value |= given
        return value if seen and value else (EMPTY if seen else None)

    def argument(self, call: tree.Call, param: tree.Param, position: int, file: SourceFile) -> Value | None:
        """What ``call`` gives for ``param``, None when a spread hides it."""
        for arg in call.args:
            if isinstance(arg, tree.Keyword) and isinstance(param.target, tree.Name) and arg.name == param.target.id:
                return self.e.evaluate(arg.value, file)
        plain = [a for a in call.args if not isinstance(a, tree.Keyword)]
        if any(isinstance(a, tree.Spread) for a in plain[: position + 1]):
            return None
        if param.rest:
            return one(ListOf(self.e.join(self.e.evaluate(a, file) for a in plain[max(position, 0) :])))
        if 0 <= position < len(plain):
            return self.e.evaluate(plain[position], file)
        return EMPTY if param.default is not None else one(Const("null", None))

    def given(
        self, param: tree.Param, function: tree.Function, frame: Frame | None
    ) -> Iterator[tuple[Node | Value, SourceFile, Frame | None]]:
        """What calls hand over for ``param``, each with where it stands: the call of ``frame``, or every known call
        when None."""
        position = function.params.index(param)
        if frame is not None:
            if isinstance(param.target, tree.Name) and param.target.id in frame.keywords:
                yield frame.keywords[param.target.id], frame.file, frame.parent
            else:
                for arg in frame.args[position:] if param.rest else frame.args[position : position + 1]:
                    yield arg, frame.file, frame.parent
            return
        for file, call, offset in self.callers(function):
            named = [
                a.value
                for a in call.args
                if isinstance(a, tree.Keyword) and isinstance(param.target, tree.Name) and a.name == param.target.id
            ]
            plain = [a for a in call.args if not isinstance(a, tree.Keyword)]
            at = position - offset
            if not named and any(isinstance(a, tree.Spread) for a in plain[: at if param.rest else at + 1]):
                continue
            for arg in named or (plain[at:] if param.rest else plain[at : at + 1]):
                yield arg, file, None

    def callers(self, function: tree.Function) -> list[CallSite]:
        """The known calls of ``function``: by its name, through imports, as a method of an instance, as a constructor.
        """
        return self.calls.of(function)

    # -- fields
    # ------------------------------------------------------------------------------------------------------------

    def constructor_frame(self, atom: Inst) -> Frame | None:
        """The frame of the ``new`` that made ``atom``, when known: its constructor's parameters then are that call's
        arguments."""
        if atom.call is None:
            return None
        return self._constructor_frame(atom)

    def _constructor_frame(self, atom: Inst) -> Frame | None:
        assert atom.call is not None
        for member in atom.node.members:
            if isinstance(member, tree.Function) and member.kind == "constructor":
                file = self.file_of(atom.call)
                if file is None:
                    return None
                return self.e.call_values.frame(
                    Func(member, atom.file, one(Inst(atom.node, atom.file))), atom.call, file, None
                )
        return None

    def file_of(self, node: Node) -> SourceFile | None:
        """The file a node stands in."""
        at = node
        while at.parent is not None:
            at = at.parent
        if not hasattr(self, "_roots"):
            self._roots = {id(file.module): file for file in self.e.files.values()}
        return self._roots.get(id(at))

    def field_value(self, param: tree.Param, atom: Inst, name: str) -> Value:
        """A TypeScript parameter property: ``constructor(private db: D1Database)``."""
        return self.value(param, atom.file, self.constructor_frame(atom))



