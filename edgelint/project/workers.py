"""One wrangler config is one worker: its entry, the files that reach it, its handlers, and how its code uses env."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from edgelint.diagnostics import Span
from edgelint.platform import bindings
from edgelint.project import env_types, known
from edgelint.project.atoms import ClassRef, External, Func, Inst, Obj, Plat
from edgelint.project.env_guards import allows_for
from edgelint.project.env_types import EnvType
from edgelint.project.env_uses import EnvUse, env_uses, is_guarded, service_worker_globals
from edgelint.project.files import SourceFile
from edgelint.project.roles import HANDLER_NAMES
from edgelint.project.wrangler import WranglerConfig
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.modules import Exported, ModuleGraph

__all__ = ["EnvUse", "Worker"]

_DRIVERS = frozenset((  # modules whose functions and classes take a binding: of D1, Browser Rendering, Workers AI
    "drizzle-orm/d1", "kysely-d1", "@prisma/adapter-d1", "workers-qb", "superflare", "@cloudflare/puppeteer",
    "@cloudflare/playwright", "workers-ai-provider",
))  # fmt: skip
_PLATFORM_MODULES = ("cloudflare:workers", "workers", "cloudflare")  # of the classes that a worker's entry extends


class Worker:
    """A worker: config (None for code without one), entry, files, and facts on demand. ``entries`` has the entry of
    each environment of the config that has one (nearly always the same); ``entry`` is the top level's, or else the
    first.

    ``complete`` means that the entry was found and that every relative import from it was resolved: then what is not
    used in
    ``files`` is not used at all.
    """

    def __init__(
        self,
        config: WranglerConfig | None,
        entry: SourceFile | None,
        files: list[SourceFile],
        complete: bool,
        evaluator: Evaluator,
        graph: ModuleGraph,
        declarations: list[SourceFile] | None = None,
    ) -> None:
        self.config = config
        self.entry = entry
        self.files = files
        self.complete = complete
        self.declarations = declarations or []
        self.entries: dict[str | None, SourceFile] = {} if entry is None else {None: entry}
        self._evaluator = evaluator
        self._graph = graph
        self._uses: tuple[list[EnvUse], list[Span]] | None = None
        self._called: set[str] | None = None
        self._handlers: dict[str, Span] | None = None
        self._handlers_known = False
        self._env_types: dict[str, EnvType] | None = None

    @property
    def directory(self) -> str:
        """The folder of the config ("" for the root)."""
        return self.config.directory if self.config is not None else ""

    @property
    def env_uses(self) -> list[EnvUse]:
        """Every read of a member of env in the worker's files, in order."""
        if self._uses is None:
            self._uses = self._find_uses()
        return self._uses[0]

    @property
    def called_bindings(self) -> set[str]:
        """Names in env on whose values methods of bindings are called, wherever those values were handed to, and those
        that are handed to a package which does so itself (``drizzle(env.DB)``)."""
        if self._called is None:
            self._called = {
                atom.binding
                for file in self.files for verb, calls in file.index.calls.items() if bindings.kinds_of_verb(verb)
                for call in calls if isinstance(call.func, tree.Member)
                for atom in self._evaluator.evaluate(call.func.obj, file)
                if isinstance(atom, Plat) and atom.binding is not None
                and (atom.type == "binding" or atom.type in known.BINDING_KINDS)
            }
            self._called.update(use.name for use in self.env_uses if self._is_driven(use))
        return self._called

    def _is_driven(self, use: EnvUse) -> bool:
        """Whether the value goes into a driver for bindings, as it is or as an option."""
        at: Node = use.node
        while isinstance(at.parent, tree.Cast | tree.Property | tree.Object):
            at = at.parent
        call = at.parent
        if not isinstance(call, tree.Call) or call.func is at:
            return False
        called = self._evaluator.evaluate(call.func, use.file)
        return bool(called) and all(isinstance(a, External) and a.module in _DRIVERS for a in called)

    def runs(self, use: EnvUse) -> bool:
        """Whether this worker may run the code of a use: not when it stands in a function of a shared file that none of
        the worker's files imports or names."""
        name = _outermost(use.node)
        if name is None or use.file is self.entry:
            return True
        own = use.file.index.names.get(name, ())
        if any(_outermost(node) != name for node in own):
            return True  # the file itself uses it outside of it
        for file in self.files:
            for found in self._graph.imports(file):
                if found.target == use.file.path and _brings(found.node, name):
                    return True
        return False

    def hands_to_tester(self, use: EnvUse) -> bool:
        """Whether the value goes into functions of the project that all allow for its absence."""
        at: Node = use.node
        while isinstance(at.parent, tree.Cast):
            at = at.parent
        call = at.parent
        if not isinstance(call, tree.Call) or at not in call.args:
            return False
        called = self._evaluator.evaluate(call.func, use.file)
        position = call.args.index(at)
        return bool(called) and all(isinstance(a, Func) and allows_for(a.node, position) for a in called)

    @property
    def renamed_calls(self) -> Iterator[tuple[str, str, Node, SourceFile]]:
        """(name in env, method, receiver, file) of calls on a binding that a variable or a parameter holds.

        Only where the receiver can be nothing else, and the code does not test it."""
        for file in self.files:
            for verb, calls in file.index.calls.items():
                if verb != "fetch" and not bindings.kinds_of_verb(verb):
                    continue
                for call in calls:
                    if isinstance(call.func, tree.Member) and isinstance(call.func.obj, tree.Name):
                        values = self._evaluator.evaluate(call.func.obj, file)
                        atom = next(iter(values)) if len(values) == 1 else None
                        if (
                            isinstance(atom, Plat)
                            and atom.binding is not None
                            and atom.type in known.BINDING_KINDS
                            and not is_guarded(call.func.obj, file)
                        ):
                            yield atom.binding, verb, call.func.obj, file

    @property
    def dynamic_env(self) -> list[Span]:
        """Places where env is read by a name that is not constant, or handed to code that is not the project's."""
        if self._uses is None:
            self._uses = self._find_uses()
        return self._uses[1]

    @property
    def exports(self) -> dict[str, Exported] | None:
        """What the entry exports by name; None when there is no entry, or it re-exports all of an unknown module."""
        return None if self.entry is None else self.exports_of(self.entry)

    def exports_of(self, entry: SourceFile) -> dict[str, Exported] | None:
        """What an entry exports by name; None when it takes over all of a module that cannot be seen."""
        return None if self._graph.is_open(entry.path) else self._graph.exports(entry.path)

    def reaches(self, environment: str | None, files: Iterable[SourceFile]) -> bool:
        """Whether an environment's entry reaches any of ``files``; true as well when its entry is not known."""
        entry = self.entries.get(environment)
        if entry is None or entry is self.entry:
            return True
        reached = set(self._graph.reachable(entry.path))
        return any(file.path in reached for file in files)

    @property
    def handlers(self) -> dict[str, Span] | None:
        """Handler name -> where it stands; None when the default export is not something we can see into."""
        if not self._handlers_known:
            self._handlers = self._find_handlers()
            self._handlers_known = True
        return self._handlers

    @property
    def env_types(self) -> dict[str, EnvType]:
        """The members of the hand-written or generated types of env."""
        if self._env_types is None:
            self._env_types = env_types.declared([*self.files, *self.declarations])
        return self._env_types

    # -- handlers ----------------------------------------------------------------------------------------------------

    def _find_handlers(self) -> dict[str, Span] | None:
        entry = self.entry
        if entry is None:
            return None
        found: dict[str, Span] = {}
        if entry.language == "python":
            return self._python_handlers(entry)
        service = False
        for file in self.files:
            for call in file.index.calls.get("addEventListener", ()):
                if isinstance(call.func, tree.Name) and call.args and isinstance(call.args[0], tree.Literal):
                    found.setdefault(str(call.args[0].value), file.span(call))
                    service = service or call.args[0].value in ("fetch", "scheduled")
        table = self.exports
        if table is None:
            return None
        default = table.get("default")
        if default is None:
            return found if service else ({} if not self._has_unknown_exports() else None)
        file, thing = default
        if isinstance(thing, External):
            return None
        value = self._evaluator.exported(entry.path, "default")
        if not value:
            return None
        for atom in value:
            if not self._handlers_of(atom, found, entry, thing if isinstance(thing, Node) else None):
                return None
        self._add_assigned(found)
        return found

    def _add_assigned(self, found: dict[str, Span]) -> None:
        """``app.scheduled = async () => {}``, on whatever: it may be what is exported."""
        for file in self.files:
            for name in HANDLER_NAMES - found.keys():
                for member in file.index.members.get(name, ()):
                    if isinstance(member.parent, tree.Assign) and member.parent.target is member:
                        found[name] = Span(file.path, member.name_start, member.name_end)

    def _has_unknown_exports(self) -> bool:
        return self.entry is not None and not self.entry.index.exports

    def _handlers_of(self, atom: object, found: dict[str, Span], entry: SourceFile, node: Node | None) -> bool:
        """Add the handlers of one value of the default export; False when it cannot be seen into."""
        if isinstance(atom, Obj):
            for prop in atom.node.props:
                if isinstance(prop, tree.Property):
                    if prop.key is None:
                        return False
                    found.setdefault(prop.key, Span(atom.file.path, prop.key_start, prop.key_end))
                elif isinstance(prop, tree.Spread):
                    spread = self._evaluator.evaluate(prop.value, atom.file)
                    if not spread or not all(self._handlers_of(a, found, entry, node) for a in spread):
                        return False
            return True
        if isinstance(atom, ClassRef | Inst):
            for member in _members(atom.node.members):
                found.setdefault(member.name, Span(atom.file.path, member.name_start, member.name_end))
            for base in atom.node.bases:
                for parent in self._evaluator.evaluate(base, atom.file):
                    if isinstance(parent, ClassRef):
                        if not self._handlers_of(parent, found, entry, node):
                            return False
                    elif not (isinstance(parent, External) and parent.module.split(".")[0] in _PLATFORM_MODULES):
                        return False
            return True
        if isinstance(atom, External) and (
            atom.module.startswith("hono") or atom.path.startswith(("Hono()", "OpenAPIHono()"))
        ):
            place = node if node is not None else entry.module
            found.setdefault("fetch", Span(entry.path, place.start, max(place.start, min(place.end, place.start + 1))))
            return True
        if isinstance(atom, External) and atom.call is not None:
            return self._wrapped(atom.call, found, entry, node)
        return False

    def _wrapped(self, call: tree.Call, found: dict[str, Span], entry: SourceFile, node: Node | None) -> bool:
        """``withSentry(options, handler)``: a package's wrapper gives back the handlers that it is given."""
        file = self._evaluator.parameters.file_of(call) or entry
        for arg in call.args:
            for atom in self._evaluator.evaluate(arg, file):
                if (
                    isinstance(atom, Obj)
                    and {p.key for p in atom.node.props if isinstance(p, tree.Property)} & HANDLER_NAMES
                ):
                    return self._handlers_of(atom, found, entry, node)
                if (
                    isinstance(atom, ClassRef)
                    and self._graph.class_kind(atom.node, atom.file, self._evaluator) == "entrypoint"
                ):
                    return self._handlers_of(atom, found, entry, node)
        return False

    def _python_handlers(self, entry: SourceFile) -> dict[str, Span] | None:
        found: dict[str, Span] = {}
        for name, symbol in entry.index.root.symbols.items():
            if name.startswith("on_"):
                for d in symbol.defs:
                    if isinstance(d.node, tree.Function):
                        found[name.removeprefix("on_")] = Span(entry.path, d.node.name_start, d.node.name_end)
        default = entry.index.root.symbols.get("Default")
        if default is None:
            return found or None
        for atom in self._evaluator.symbol_value(default, entry, None, None):
            if not isinstance(atom, ClassRef):
                return None
            own: dict[str, Span] = {}
            if not self._handlers_of(atom, own, entry, None):
                return None
            for name, span in own.items():
                found.setdefault(name.removeprefix("on_"), span)
        return found

    # -- uses of env -------------------------------------------------------------------------------------------------

    def _find_uses(self) -> tuple[list[EnvUse], list[Span]]:
        uses: list[EnvUse] = []
        dynamic: list[Span] = []
        kept = self._evaluator.env_uses
        for file in self.files:
            if file.path not in kept:
                kept[file.path] = env_uses(file, self._evaluator)
            found, open_ = kept[file.path]
            uses += found
            dynamic += open_
            service_worker_globals(file, self._evaluator, self.config, uses)
        uses.sort(key=lambda use: use.span)
        return uses, dynamic


def _outermost(node: Node) -> str | None:
    """The name of the function, class or variable of the module around ``node``."""
    at = node
    while at.parent is not None and not isinstance(at.parent, tree.Module):
        if isinstance(at.parent, tree.Export) and isinstance(at.parent.parent, tree.Module):
            break
        at = at.parent
    if isinstance(at, tree.Function | tree.Class):
        return at.name
    return at.target.id if isinstance(at, tree.Assign) and isinstance(at.target, tree.Name) else None


def _brings(node: Node, name: str) -> bool:
    """Whether an import or a re-export takes ``name`` of its module, or everything, or something unknown."""
    if isinstance(node, tree.Import):
        names = [part.imported for part in node.names if isinstance(part, tree.ImportName)]
    elif isinstance(node, tree.Export):
        names = [part.local for part in node.names if isinstance(part, tree.ExportName)]
    else:
        return True
    return not names or any(found in (name, "*", "default") for found in names)


def _members(statements: Iterable[Node]) -> Iterator[tree.Function | tree.Field]:
    """The methods and fields of a class body, those under a condition in Python's among them."""
    for node in statements:
        if isinstance(node, tree.Function | tree.Field):
            if node.name:
                yield node
        elif isinstance(node, tree.If):
            yield from _members([*node.then.body, *(node.other.body if node.other is not None else ())])
