"""Small projects made of texts, and what the analysis says of their expressions.

An expression to ask about stands in a call of ``probe``: ``probe(env.DB)``. ``probed`` gives what each is, in words.
"""

from __future__ import annotations

from pathlib import Path

from edgelint.project.atoms import (
    Arr,
    Atom,
    ClassRef,
    Const,
    External,
    Func,
    Global,
    Inst,
    ListOf,
    Namespace,
    Number,
    Obj,
    Pair,
    Plat,
    SafeText,
    Taint,
    Unknown,
    Value,
)
from edgelint.project.files import SourceFile
from edgelint.project.project import Project
from edgelint.project.workers import EnvUse, Worker
from edgelint.settings import load
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

TOML = 'name = "app"\nmain = "src/index.ts"\ncompatibility_date = "2025-09-01"\n'
PYTHON_TOML = (
    'name = "app"\nmain = "src/entry.py"\ncompatibility_date = "2025-09-01"\n'
    'compatibility_flags = ["python_workers"]\n'
)
D1 = '[[d1_databases]]\nbinding = "DB"\ndatabase_name = "d"\ndatabase_id = "1"\n'
KV = '[[kv_namespaces]]\nbinding = "KV"\nid = "1"\n'


def project(root: Path, files: dict[str, str]) -> Project:
    """The project made of ``files`` (path -> text), written below ``root`` and read."""
    for name, text in files.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
    return Project.load(root, load(root))


def worker(root: Path, files: dict[str, str]) -> Worker:
    """The only worker of the project made of ``files``."""
    (found,) = project(root, files).workers
    return found


def probes(project: Project, path: str | None = None) -> list[tuple[SourceFile, Node]]:
    """The argument of every call of ``probe``, by file and place."""
    found = [
        (file, call.args[0]) for file in sorted(project.files.values(), key=lambda file: file.path) if path in (None,
         file.path)
        for call in sorted(file.index.calls.get("probe", []), key=lambda call: call.start)
    ]
    assert found, "nothing is probed"
    return found


def probe(project: Project, path: str | None = None) -> tuple[SourceFile, Node]:
    """The only probe."""
    (found,) = probes(project, path)
    return found


def probed(project: Project, path: str | None = None) -> list[str]:
    """What each probe may be, in words (see ``words``)."""
    return [words(project.evaluator.evaluate(node, file)) for file, node in probes(project, path)]


def words(value: Value) -> str:
    """A value as text: its alternatives in order, "nothing" when there is none."""
    return " | ".join(sorted(word(atom) for atom in value)) or "nothing"


def word(atom: Atom) -> str:
    """One alternative: "kv:CACHE", "request!" (the sender decides), "env~shape" (trusted less), "number 0..5"."""
    if isinstance(atom, Plat):
        binding = f":{atom.binding}" if atom.binding else ""
        trust = "" if atom.trust == "high" else f"~{atom.trust}"
        return f"{atom.type}{binding}{'!' if atom.tainted else ''}{trust}"
    if isinstance(atom, Const):
        return repr(atom.value) if atom.kind != "regex" else str(atom.value)
    if isinstance(atom, Taint):
        return f"from {atom.source}"
    if isinstance(atom, Number):
        lower = "" if atom.lower is None else f"{atom.lower:g}"
        upper = "" if atom.upper is None else f"{atom.upper:g}"
        return f"number {lower}..{upper}{' or NaN' if atom.nan else ''}{'!' if atom.tainted else ''}"
    if isinstance(atom, SafeText):
        return f"safe {atom.what}"
    if isinstance(atom, Func):
        return f"function {atom.node.name}".strip()
    if isinstance(atom, ClassRef):
        return f"class {atom.node.name}"
    if isinstance(atom, Inst):
        return f"instance of {atom.node.name}"
    if isinstance(atom, Obj):
        return "object"
    if isinstance(atom, Arr):
        return "array"
    if isinstance(atom, ListOf):
        return f"list of ({words(atom.items)})"
    if isinstance(atom, Pair):
        return f"pair ({words(atom.key)}, {words(atom.value)})"
    if isinstance(atom, External):
        return f"external {atom.module} {atom.path}"
    if isinstance(atom, Namespace):
        return f"module {atom.path}"
    if isinstance(atom, Global):
        return f"global {atom.path}"
    assert isinstance(atom, Unknown)
    return f"unknown {atom.reason}"


def function(project: Project, name: str) -> tuple[SourceFile, tree.Function]:
    """The function called ``name``."""
    (found,) = [(file, f) for file in project.files.values() for f in file.index.functions if f.name == name]
    return found


def klass(project: Project, name: str) -> tuple[SourceFile, tree.Class]:
    """The class called ``name``."""
    (found,) = [(file, c) for file in project.files.values() for c in file.index.classes if c.name == name]
    return found


def uses(worker: Worker) -> list[str]:
    """The reads of env in words: name, "?" when the code allows for its absence, method called, trust."""
    return [_use(use) for use in worker.env_uses]


def _use(use: EnvUse) -> str:
    verb = f".{use.verb}" if use.verb else ""
    return f"{use.name}{'?' if use.guarded else ''}{verb}{'' if use.trust == 'high' else '~' + use.trust}"


def spans(worker: Worker) -> list[str]:
    """The source texts of the places where env is read in a way that is not known."""
    files = {file.path: file for file in worker.files}
    return [files[span.path].source.slice(span.start, span.end) for span in worker.dynamic_env]
