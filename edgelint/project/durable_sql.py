"""Databases that Durable Objects make themselves: the constant CREATE and ALTER statements that a class gives to
``ctx.storage.sql.exec``, in the order of its text.

A statement that drops is left out: where a class empties its storage to begin anew, it makes it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.project.atoms import ClassRef, Const, External
from edgelint.project.databases import DatabaseSource
from edgelint.syntax.sql import statements

if TYPE_CHECKING:
    from edgelint.project.calls import BindingCall
    from edgelint.project.durable import DurableClass
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project
    from edgelint.syntax import tree

_SHAPES = frozenset({"CREATE", "ALTER"})
_ONLY_ROWS = re.compile(r"[\s\"'`(fFrRbB]*(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH|PRAGMA|DROP|EXPLAIN)\b", re.I)
_PLATFORM_MODULES = ("cloudflare:workers", "workers")
_MIGRATORS = ("drizzle-orm/durable-sqlite",)


def sources(project: Project) -> list[DatabaseSource]:
    """One source for each Durable Object class that makes tables."""
    calls = list(project.calls("do-sql", "exec"))
    if not calls:
        return []
    classes = project.durables.classes
    homes = [(durable, list(_lineage(durable, project))) for durable in classes]
    shaping = [(call, *_shaping(call, project)) for call in calls]
    loose = [
        call for call, texts, clear in shaping
        if (texts or not clear) and not any(_inside(call, node, file) for _, line in homes for node, file in line)
    ]
    found = []
    for durable, line in homes:
        own = [item for item in shaping if any(_inside(item[0], node, file) for node, file in line)]
        if len(classes) == 1:
            own += [item for item in shaping if item[0] in loose]
        texts = [text for _, texts, _ in own for text in texts]
        if texts:
            source = DatabaseSource("durable-object", durable.node.name or "", ())
            source.durable = durable
            source.statements = tuple(texts)
            source.certain = (
                all(clear for _, _, clear in own) and (len(classes) == 1 or not loose) and _is_plain(line, project)
            )
            found.append(source)
    return found


def _shaping(call: BindingCall, project: Project) -> tuple[list[str], bool]:
    """The statements of a call that shape the database, and whether that is all of them."""
    text = call.arg(0)
    if text is None:
        return [], False
    values = project.evaluator.evaluate(text, call.file)
    if not values or not all(isinstance(atom, Const) and atom.kind == "string" for atom in values):
        return [], _ONLY_ROWS.match(call.file.text(text)) is not None
    found: list[str] = []
    for atom in values:
        assert isinstance(atom, Const)
        whole = str(atom.value)
        found += [whole[s.start : s.end] for s in statements(whole) if s.verb in _SHAPES]
    return found, len(values) == 1 or not found


def _lineage(durable: DurableClass, project: Project) -> Iterator[tuple[tree.Class, SourceFile]]:
    """The class and the project's classes that it is built on."""
    work = [(durable.node, durable.file)]
    seen: set[int] = set()
    while work:
        node, file = work.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node, file
        for base in node.bases:
            work += [
                (atom.node, atom.file) for atom in project.evaluator.evaluate(base, file) if isinstance(atom, ClassRef)
            ]


def _is_plain(line: list[tuple[tree.Class, SourceFile]], project: Project) -> bool:
    """Whether no library may make tables beside the class's own: neither a base class of one, nor an ORM's migrator."""
    for node, file in line:
        for base in node.bases:
            for atom in project.evaluator.evaluate(base, file) or [None]:
                known = isinstance(atom, External) and atom.module in _PLATFORM_MODULES
                if not known and not isinstance(atom, ClassRef):
                    return False
        if any(use.specifier.startswith(_MIGRATORS) for use in project.graph.imports(file)):
            return False
    return True


def _inside(call: BindingCall, node: tree.Class, file: SourceFile) -> bool:
    return call.file is file and node.start <= call.node.start < node.end
