"""Calls of a class that wraps the platform, found by types: ``constructor(private db: Database)`` where nothing says
which value ``db`` is, and a class of the project implements ``Database``.

What flows from a known place is found by ``callers``. This is for code that is called by a framework, by a test or by
another package, where a declared type is all that is known of the receiver.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from edgelint.project.atoms import ClassRef
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.callers import CallSite
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile

_SQL = re.compile(
    r"\s*(?:SELECT\s|INSERT\s+(?:OR\s+\w+\s+)?INTO\s|UPDATE\s+[\w\"`]+\s+SET\s|DELETE\s+FROM\s|CREATE\s+TABLE\s)", re.I
)
_NOTHING = frozenset({"null", "undefined", ""})
_LEVELS = 4  # types of members of members, interfaces that extend interfaces


class Wrappers:
    """Types of receivers, over all files of a project."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator
        self._types: dict[tree.Class, frozenset[Node]] = {}

    def calls(self, function: tree.Function, file: SourceFile) -> Iterator[CallSite]:
        """The calls of a method on something that is declared to be of its class, or of an interface that the class
        implements, and of which no value is known."""
        owner = function.parent
        if not isinstance(owner, tree.Class) or file.language == "python" or function.kind == "constructor":
            return
        callers = self.e.parameters.calls
        for site, call in callers.named(function.name):
            func = call.func
            if isinstance(func, tree.Member) and not callers.targets(call, site):
                if self.types_of(func.obj, site) & self.types(owner, file):
                    yield site, call, 0

    def unfollowed(self, read: Container[int]) -> Iterator[tuple[SourceFile, tree.Call]]:
        """The calls that give SQL to something that is declared to be of a type of the project's, which no class of the
        project implements. ``read`` are the ids of the literals that are part of a known statement."""
        callers = self.e.parameters.calls
        for file in self.e.files.values():
            for call in (call for calls in file.index.calls.values() for call in calls):
                text = call.args[0] if call.args and isinstance(call.func, tree.Member) else None
                first = text.parts[0] if isinstance(text, tree.Template) and text.parts else text
                if not isinstance(first, tree.Literal) or first.kind != "string" or id(first) in read:
                    continue
                if _SQL.match(str(first.value)) and not callers.targets(call, file):
                    assert isinstance(call.func, tree.Member)
                    wanted = self.types_of(call.func.obj, file)
                    if wanted and not self.implemented(call.func.name or "", wanted):
                        yield file, call

    def implemented(self, name: str, wanted: set[Node]) -> bool:
        """Whether a class of the project that has one of the types ``wanted`` has a method ``name``."""
        return any(
            name in self.e.graph.fields.methods(owner) and wanted & self.types(owner, file)
            for file in self.e.files.values() for owner in file.index.classes
        )

    def types(self, owner: tree.Class, file: SourceFile) -> frozenset[Node]:
        """The declarations of the types that an instance of ``owner`` has: its class, those it extends, interfaces."""
        found = self._types.get(owner)
        if found is None:
            self._types[owner] = frozenset((owner,))  # a class that extends itself
            into: set[Node] = {owner}
            for text in owner.implements:
                into |= self.named(text, file, 0)
            for base in owner.bases:
                for atom in self.e.evaluate(base, file):
                    if isinstance(atom, ClassRef):
                        into |= self.types(atom.node, atom.file)
            found = self._types[owner] = frozenset(into)
        return found

    def named(self, text: str, file: SourceFile, level: int) -> set[Node]:
        """The class or interface that an annotation names, with the interfaces which that one extends."""
        name = _bare(text)
        found: set[Node] = set()
        if not name.isidentifier() or level > _LEVELS:
            return found
        for decl, home in self.e.parameters.declared(name, file):
            found.add(decl)
            for other in decl.extends:
                found |= self.named(other, home, level + 1)
        return found or {klass for klass, _ in self.classes(name, file, 0)}

    def classes(self, name: str, file: SourceFile, level: int) -> Iterator[tuple[tree.Class, SourceFile]]:
        """The class called ``name``, as ``file`` sees it."""
        own = [klass for klass in file.index.classes if klass.name == name]
        yield from ((klass, file) for klass in own)
        if own or level > _LEVELS:
            return
        for node in (*file.index.imports, *(file.index.exports if level else ())):
            for item in node.names:
                wanted = _imported_as(item, name)
                target = self.e.graph.resolve(file, node.source) if wanted is not None and node.source else None
                other = self.e.files.get(target) if target is not None else None
                if other is not None and wanted is not None and other is not file:
                    yield from self.classes(wanted, other, level + 1)

    # -- what an expression is declared to be ------------------------------------------------------------------------

    def types_of(self, node: Node, file: SourceFile) -> set[Node]:
        """The declarations of the type that ``node`` is declared to be of; empty when none is."""
        found: set[Node] = set()
        for text, home in self.annotations(node, file, 0):
            found |= self.named(text, home, 0)
        return found

    def annotations(self, node: Node, file: SourceFile, level: int) -> Iterator[tuple[str, SourceFile]]:
        """The types, as text, that ``node`` is declared to be of, each with the file that it is written in."""
        while isinstance(node, tree.Await):
            node = node.value
        if level > _LEVELS:
            return
        if isinstance(node, tree.Cast):
            yield node.annotation, file
        elif isinstance(node, tree.Name):
            yield from self.of_name(node, file, level)
        elif isinstance(node, tree.Member) and node.name is not None:
            owner = tree.enclosing_class(node)
            if isinstance(node.obj, tree.Name) and node.obj.id == "this" and owner is not None:
                yield from self.of_field(owner, file, node.name, 0)
            else:
                for text, home in self.annotations(node.obj, file, level + 1):
                    yield from self.of_member(text, home, node.name)

    def of_name(self, node: tree.Name, file: SourceFile, level: int) -> Iterator[tuple[str, SourceFile]]:
        symbol = file.index.resolve(node)
        if symbol is None or len(symbol.defs) != 1:
            return
        d = symbol.defs[0]
        if not d.path:
            written = d.node.annotation if isinstance(d.node, tree.Param) else symbol.annotation
            if written is not None:
                yield written, file
            elif d.kind == "value" and d.node is not None:
                yield from self.annotations(d.node, file, level + 1)
        elif len(d.path) == 1 and isinstance(d.path[0], str) and d.node is not None:
            outer = [(d.node.annotation, file)] if isinstance(d.node, tree.Param) else (
                self.annotations(d.node, file, level + 1) if d.kind == "value" else ()
            )
            for text, home in outer:
                if text is not None:
                    yield from self.of_member(text, home, d.path[0])

    def of_field(self, owner: tree.Class, file: SourceFile, name: str, level: int) -> Iterator[tuple[str, SourceFile]]:
        """What a field of a class, or of one that it extends, is declared to be."""
        sources = self.e.graph.fields.sources(owner, file, name)
        for source in sources:
            if isinstance(source, str):
                yield source, file
            elif isinstance(source, tree.Param) and source.annotation is not None:
                yield source.annotation, file
        for base in owner.bases if not sources and level < _LEVELS else ():
            for atom in self.e.evaluate(base, file):
                if isinstance(atom, ClassRef):
                    yield from self.of_field(atom.node, atom.file, name, level + 1)

    def of_member(self, text: str, file: SourceFile, name: str) -> Iterator[tuple[str, SourceFile]]:
        for decl, home in self.e.parameters.declared(_bare(text), file):
            if name in decl.members:
                yield decl.members[name][0], home


def _bare(text: str) -> str:
    """The name of a type without its arguments, and without the null it may be: ``Readonly<Database> | null``."""
    parts = {part.strip() for part in text.strip().lstrip(":").strip().split("|")} - _NOTHING
    if len(parts) != 1:
        return ""
    (name,) = parts
    if name.startswith("Readonly<") and name.endswith(">"):
        return _bare(name[len("Readonly<") : -1])
    return name.split("<", 1)[0].strip()


def _imported_as(item: Node, name: str) -> str | None:
    """What ``name`` is called where an import or a re-export takes it from."""
    if isinstance(item, tree.ImportName):
        return item.imported if item.local == name else None
    if isinstance(item, tree.ExportName):
        return name if item.exported == "*" else item.local if item.exported == name else None
    return None
