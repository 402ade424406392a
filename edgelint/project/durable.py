"""Durable Objects: which classes the configs bind, what they are built on, who calls them, and what they keep in
storage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.diagnostics import Span
from edgelint.project import known
from edgelint.project.atoms import ClassRef, External, Plat
from edgelint.project.objects import receiver_class
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project
    from edgelint.project.workers import Worker

_RESERVED = frozenset(
    {"fetch", "alarm", "webSocketMessage", "webSocketClose", "webSocketError", "constructor", "then", "dup", "connect"}
)


class Bound(NamedTuple):
    """A config's word that class ``name`` is a Durable Object of ``worker``; ``span`` is that name in the config.

    ``binding`` is the binding's name, None when a migration names the class.
    """

    worker: Worker
    environment: str | None
    name: str
    span: Span
    binding: str | None


class DurableClass(NamedTuple):
    """A class of the project that is, or means to be, a Durable Object. ``bound`` is empty when no config says so."""

    node: tree.Class
    file: SourceFile
    bound: tuple[Bound, ...]


class Durables:
    """Facts about the Durable Objects of a project, found on demand."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._bound: list[Bound] | None = None
        self._classes: dict[tree.Class, DurableClass] | None = None

    # -- what the configs say ----------------------------------------------------------------------------------------

    @property
    def bound(self) -> list[Bound]:
        """Every class that a config binds without naming another script, or gives new storage to."""
        if self._bound is None:
            self._bound = [bound for worker in self._project.all_workers for bound in _bound(worker)]
        return self._bound

    def class_of(self, bound: Bound) -> ClassRef | None:
        """The project's class that a config means; None when it is missing, or made by code we cannot see into."""
        entry = bound.worker.entries.get(bound.environment) or bound.worker.entry
        if entry is None:
            return None
        found = self._project.graph.exports(entry.path).get(bound.name)
        if found is None or isinstance(found[1], External):
            return None
        values = self._project.evaluator.exported(entry.path, bound.name)
        classes = [atom for atom in values if isinstance(atom, ClassRef)]
        return classes[0] if len(values) == 1 and classes else None

    def declared(self, name: str) -> list[tuple[SourceFile, tree.Class]]:
        """The classes of the project that go by ``name``, wherever they stand."""
        return [
            (file, node) for file in self._project.files.values() for node in file.index.classes if node.name == name
        ]

    # -- classes -----------------------------------------------------------------------------------------------------

    @property
    def classes(self) -> list[DurableClass]:
        """The classes that configs bind, and those that extend, or implement, a Durable Object."""
        if self._classes is None:
            table: dict[tree.Class, tuple[SourceFile, list[Bound]]] = {}
            for bound in self.bound:
                found = self.class_of(bound)
                if found is not None:
                    table.setdefault(found.node, (found.file, []))[1].append(bound)
            for file in self._project.files.values():
                for node in file.index.classes:
                    if node not in table and (
                        self.extends(node, file) == "durable-object" or self.implemented(node, file) is not None
                    ):
                        table[node] = (file, [])
            self._classes = {node: DurableClass(node, file, tuple(bound)) for node, (file, bound) in table.items()}
        return list(self._classes.values())

    def extends(self, node: tree.Class, file: SourceFile, seen: frozenset[int] = frozenset()) -> str | None:
        """What ``node`` is built on: a kind of ``known.BASE_CLASSES``, "nothing", or None when that cannot be seen."""
        if not node.bases:
            return "nothing"
        kinds: set[str | None] = set()
        for base in node.bases:
            values = self._project.evaluator.evaluate(base, file)
            kinds |= {self._base_kind(atom, seen | {id(node)}) for atom in values} or {None}
        for kind in kinds - {None, "nothing"}:
            return kind
        return "nothing" if kinds == {"nothing"} else None

    def _base_kind(self, atom: object, seen: frozenset[int]) -> str | None:
        if isinstance(atom, ClassRef):
            return None if id(atom.node) in seen else self.extends(atom.node, atom.file, seen)
        if isinstance(atom, External) and (
            atom.module in known.BASE_MODULES or atom.module.split("/")[0] in known.BASE_MODULES
        ):
            return known.BASE_CLASSES.get(atom.path.rsplit(".", 1)[-1].removesuffix("()"))
        return "nothing" if getattr(atom, "path", None) == "object" else None

    def implemented(self, node: tree.Class, file: SourceFile) -> tree.Import | None:
        """The import of the base class that ``node`` names after ``implements``; None for the ambient type of the same
        name."""
        for text in node.implements:
            head = text.split("<")[0].strip()
            symbol = file.index.root.lookup(head.split(".")[0])
            for d in symbol.defs if symbol is not None else ():
                if d.kind == "import" and isinstance(d.at, tree.Import) and isinstance(d.node, tree.ImportName):
                    name = head.split(".")[-1] if d.node.imported == "*" else d.node.imported
                    if d.at.source == "cloudflare:workers" and name == "DurableObject":
                        return d.at
        return None

    # -- who calls them ----------------------------------------------------------------------------------------------

    def rpc_calls(self, durable: DurableClass) -> Iterator[tuple[SourceFile, tree.Call]]:
        """Calls of the class's own methods on a stub of it, anywhere in the project."""
        names = {b.name for b in durable.bound}
        targets = {
            (worker.config.path, decl.name)
            for worker in self._project.all_workers
            if worker.config is not None
            for decl in worker.config.declarations()
            if decl.kind == "durable-object"
            and decl.text("class_name") in names
            and self._means(decl.text("script_name"), worker, durable)
        }
        bindings = {name for _, name in targets}
        for method in sorted(_methods(durable.node)):
            for file in self._project.files.values():
                for call in file.index.calls.get(method, ()):
                    if isinstance(call.func, tree.Member) and self._is_stub(call.func.obj, file, bindings):
                        yield file, call

    def reads_of_base(self, durable: DurableClass) -> list[tree.Member]:
        """Reads of ``this.ctx`` and ``this.env`` in a class that never sets them itself."""
        own = self._project.graph.fields.table(durable.node, durable.file)
        return [
            member for name in ("ctx", "env") if name not in own
            for member in durable.file.index.members.get(name, ()) if receiver_class(member.obj) is durable.node
        ]

    @staticmethod
    def _means(script: str | None, worker: Worker, durable: DurableClass) -> bool:
        if script is None:
            return any(b.worker is worker for b in durable.bound)
        return any(b.worker.config is not None and b.worker.config.name == script for b in durable.bound)

    def _is_stub(self, node: tree.Node, file: SourceFile, bindings: set[str]) -> bool:
        values = self._project.evaluator.evaluate(node, file)
        return any(
            isinstance(a, Plat)
            and a.type == "do-stub"
            and (a.binding in bindings or (a.binding is None and len(bindings) == 1))
            for a in values
        )


def _methods(node: tree.Class) -> set[str]:
    return {
        member.name for member in node.members
        if isinstance(member, tree.Function) and member.kind == "method" and not member.is_static
        and member.name not in _RESERVED and not member.name.startswith(("#", "__"))
    }


def _bound(worker: Worker) -> Iterator[Bound]:
    config = worker.config
    if config is None:
        return
    for decl in config.declarations():
        name, script = decl.field("class_name"), decl.text("script_name")
        if decl.kind == "durable-object" and name is not None and name.text() and script in (None, config.name):
            yield Bound(worker, decl.environment, name.value, config.inner_span(name), decl.name)
    for place in config.environments:
        migrations = place.value.get("migrations") if place.value.kind == "object" else None
        for migration in migrations.items if migrations is not None else ():
            if migration.kind != "object":
                continue
            for key in ("new_classes", "new_sqlite_classes"):
                listed = migration.get(key)
                for item in listed.items if listed is not None else ():
                    if item.text():
                        yield Bound(worker, place.name, item.value, config.inner_span(item), None)
