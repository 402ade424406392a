"""Which files run on the edge: those that a worker's entry reaches, and those that could be nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.project import known
from edgelint.project.atoms import ClassRef, External, Inst, Obj
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project

_HANDLERS = frozenset({"fetch", "scheduled", "queue", "email", "tail", "trace", "tailStream"})
_ELSEWHERE = frozenset({"port", "hostname", "websocket", "development"})  # a server for Bun or Deno
_MODULES = ("cloudflare:", "agents", "@cloudflare/containers", "@cloudflare/sandbox", "partyserver")
_PYTHON_MODULES = frozenset({"workers", "js", "pyodide", "pyodide.ffi", "cloudflare"})


class Edge:
    """Answers for the files of a project, each looked at once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._reached: dict[str, bool] | None = None
        self._runs: dict[str, bool] = {}
        self._sets_env: bool | None = None

    def runs(self, file: SourceFile) -> bool:
        """Whether ``file`` is code of a worker: reached by an entry, or made of what only workers have."""
        found = self._runs.get(file.path)
        if found is None:
            found = self._runs[file.path] = file.path in self.reached or (
                not _is_script(file) and self._looks_like_worker(file)
            )
        return found

    def loads(self, file: SourceFile) -> bool:
        """Whether ``file`` is loaded when a worker starts, so that its module scope is the worker's global scope."""
        return self.reached.get(file.path, False)

    @property
    def reached(self) -> dict[str, bool]:
        """Path of every file that an entry reaches -> whether it is loaded at start (not by an ``import()`` in a
        handler)."""
        if self._reached is None:
            project = self._project
            reached: dict[str, bool] = {}
            entries = {entry.path for worker in project.all_workers for entry in worker.entries.values()}
            self._reach(entries, reached)
            # An entry that no config names exports handlers, and nothing that a config names reaches it.
            lone = {
                file.path for file in project.files.values()
                if file.path not in reached and not _is_script(file) and self._exports_handlers(file)
            }
            self._reach(lone, reached)
            self._reached = reached
        return self._reached

    @property
    def sets_global_env(self) -> bool:
        """Whether code makes a global of the name ``env``: ``globalThis.env = env``, or a ``define`` of a config."""
        if self._sets_env is None:
            project = self._project
            self._sets_env = any(
                isinstance(member.parent, tree.Assign) and member.parent.target is member
                and isinstance(member.obj, tree.Name) and member.obj.id in ("globalThis", "self", "global", "builtins")
                for file in project.files.values() for member in file.index.members.get("env", ())
            ) or any(config.source.data.find(b"define") >= 0 for config in project.all_configs)
        return self._sets_env

    def _reach(self, entries: set[str], reached: dict[str, bool]) -> None:
        for entry in sorted(entries):
            for path in self._project.graph.reachable(entry):
                reached.setdefault(path, False)
            for path in self._project.graph.reachable(entry, at_start=True):
                reached[path] = True

    def _exports_handlers(self, file: SourceFile) -> bool:
        if file.language == "python":
            return "Default" in file.index.root.symbols and any(
                node.source.split(".")[0] == "workers" for node in file.index.imports
            )
        if self._project.graph.is_service_worker(file):
            return True
        if not any(
            export.is_default or any(getattr(name, "exported", "") == "default" for name in export.names)
            for export in file.index.exports
        ):
            return False
        for atom in self._project.evaluator.exported(file.path, "default"):
            if isinstance(atom, Obj):
                keys = {prop.key for prop in atom.node.props if isinstance(prop, tree.Property)}
                if keys & _HANDLERS and not keys & _ELSEWHERE and all(
                    isinstance(prop.value, tree.Function | tree.Name | tree.Member | tree.Call)
                    for prop in atom.node.props if isinstance(prop, tree.Property) and prop.key in _HANDLERS
                ):
                    return True
            elif isinstance(atom, ClassRef | Inst):
                if self._project.graph.class_kind(atom.node, atom.file, self._project.evaluator) == "entrypoint":
                    return True
            elif isinstance(atom, External) and atom.module in known.HONO_MODULES and atom.path.endswith("()"):
                return self._mentions_env(file)
        return False

    @staticmethod
    def _mentions_env(file: SourceFile) -> bool:
        """Hono also runs elsewhere: only an app with bindings is a worker."""
        return bool(file.index.members.get("env")) or any(known.ENV_ANNOTATION.match(name) for name in file.index.types)

    def _looks_like_worker(self, file: SourceFile) -> bool:
        if file.language == "python":
            return any(node.source in _PYTHON_MODULES for node in file.index.imports)
        if any(node.source.startswith(_MODULES[0]) or node.source in _MODULES for node in file.index.imports):
            return True
        for function in file.index.functions:
            for param in function.params:
                if (
                    isinstance(param, tree.Param)
                    and param.annotation is not None
                    and _is_binding_type(self._project.evaluator.platform_type(param.annotation, file))
                ):
                    return True
        return any(call.trust != "name" for call in self._project.calls_in(file)) or _prepares(file)


def _is_binding_type(kind: str | None) -> bool:
    return (
        kind == "env"
        or kind in known.BINDING_KINDS
        or kind in ("execution-context", "do-state", "do-stub", "do-storage", "pages-context")
    )


def _prepares(file: SourceFile) -> bool:
    """``env.DB.prepare(...)`` with an env that comes from nowhere."""
    for call in file.index.calls.get("prepare", ()):
        func = call.func
        if (
            isinstance(func, tree.Member)
            and isinstance(func.obj, tree.Member)
            and isinstance(func.obj.obj, tree.Name)
            and func.obj.obj.id == "env"
        ):
            return True
    return False


def _is_script(file: SourceFile) -> bool:
    """A program for the command line: ``#!``."""
    data = file.source.data
    return data[file.source.bom : file.source.bom + 2] == b"#!"
