"""Durable Objects: classes that the platform cannot use as such, and state that does not outlive the object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import (
    check,
    do_config,  # noqa: F401  (it registers missing-migration and legacy-storage)
)
from edgelint.checks._fixes_durable import extended
from edgelint.checks._fixes_exports import exported, renamed
from edgelint.diagnostics import Finding, Fix, Related, Severity, Span
from edgelint.project.durable_state import Forgotten, forgotten

if TYPE_CHECKING:
    from edgelint.project.durable import Bound, DurableClass
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project
    from edgelint.syntax import tree


@check("durable-objects/class-not-exported")
def class_not_exported(project: Project) -> Iterator[Finding]:
    """A config binds a class that the entry does not export."""
    for bound in project.durables.bound:
        if bound.binding is None or not project.shows(bound.span.path):
            continue
        entry = bound.worker.entries.get(bound.environment) or bound.worker.entry
        exports = bound.worker.exports_of(entry) if entry is not None else None
        if entry is None or exports is None or bound.name in exports:
            continue
        message = (
            f"{entry.path} does not export {bound.name}, so the binding {bound.binding} has no class and "
            "the deploy fails"
        )
        declared = project.durables.declared(bound.name)
        related = [Related(_name(file, node), f"{bound.name} is declared here") for file, node in declared[:1]]
        yield Finding(
            bound.span,
            message,
            tuple(related),
            _export_help(bound, entry, declared, set(exports) - {"default"}, project),
            _export_fix(bound, entry, declared, set(exports) - {"default"}, project),
        )


def _export_fix(
    bound: Bound, entry: SourceFile, declared: list[tuple[SourceFile, tree.Class]], exports: set[str], project: Project
) -> Fix | None:
    if declared:
        return exported(bound.name, entry, declared, project)
    from difflib import get_close_matches  # only when something is wrong

    near = get_close_matches(bound.name, sorted(exports), n=1, cutoff=0.6)
    same = (b.span for b in project.durables.bound if b.name == bound.name and b.span.path == bound.span.path)
    return renamed(same, near[0]) if near else None


def _export_help(
    bound: Bound, entry: SourceFile, declared: list[tuple[SourceFile, tree.Class]], exports: set[str], project: Project
) -> str:
    if declared:
        file = declared[0][0]
        if entry.language == "python":
            return f"import {bound.name} in {entry.path}"
        if file is entry:
            return f"write `export` before `class {bound.name}`"
        return (
            f'add `export {{ {bound.name} }} from "{project.graph.specifier(entry.path, file.path)}"` to {entry.path}'
        )
    from difflib import get_close_matches

    near = get_close_matches(bound.name, sorted(exports), n=1, cutoff=0.6)
    return (
        f"did you mean {near[0]}?"
        if near
        else f"export a class {bound.name} that extends DurableObject from {entry.path}"
    )


@check("durable-objects/not-a-durable-object")
def not_a_durable_object(project: Project) -> Iterator[Finding]:
    """A class is used as a Durable Object and is not built on its base class."""
    for durable in project.durables.classes:
        if project.shows(durable.file.path):
            yield from _misbuilt(durable, project)


def _misbuilt(durable: DurableClass, project: Project) -> Iterator[Finding]:
    node, file, name = durable.node, durable.file, durable.node.name or "this class"
    base = project.durables.extends(node, file)
    bound = tuple(Related(b.span, f"{b.name} is bound here") for b in durable.bound if b.binding is not None)[:1]
    help = f"write `class {name} extends DurableObject`, and call `super(ctx, env)` first in its constructor"
    if base in ("entrypoint", "workflow") and durable.bound:
        yield Finding(
            _name(file, node),
            f"{name} is bound as a Durable Object, but is built on another class of the runtime",
            bound,
            help,
        )
        return
    if base != "nothing":
        return
    calls = list(project.durables.rpc_calls(durable))
    called = tuple(Related(f.span(call), "the runtime refuses this call") for f, call in calls[:3])
    implemented = project.durables.implemented(node, file)
    if implemented is not None:
        related = (Related(file.span(implemented), "the imported DurableObject is a class to extend"), *called, *bound)
        reads = project.durables.reads_of_base(durable)
        message = (
            f"{name} implements DurableObject but does not extend it: its methods cannot be called on a "
            "stub, and this.ctx and this.env are not set"
        )
        yield Finding(
            _name(file, node), message, related, help, extended(node, file),
            severity=Severity.ERROR if calls or reads else Severity.WARNING,
        )
    elif file.language == "python" and durable.bound:
        help = f"write `class {name}(DurableObject):`, imported from workers, and call `super().__init__(ctx, env)`"
        yield Finding(
            _name(file, node),
            f"{name} is bound as a Durable Object but does not inherit from DurableObject",
            bound,
            help,
            extended(node, file),
        )
    elif calls:
        message = (
            f"{name} does not extend DurableObject, so calling its methods on a stub throws: without it "
            "only fetch() works"
        )
        yield Finding(_name(file, node), message, (*called, *bound), help, extended(node, file))


@check("durable-objects/state-never-loaded")
def state_never_loaded(project: Project) -> Iterator[Finding]:
    """A field is written to storage and never read back, so that it is empty after an eviction."""
    for durable in project.durables.classes:
        if project.shows(durable.file.path):
            for lost in forgotten(durable, project):
                yield _never_loaded(lost, durable)


def _never_loaded(lost: Forgotten, durable: DurableClass) -> Finding:
    file = durable.file
    what = f'"{lost.key}"' if lost.key is not None else "it"
    related = [Related(file.span(lost.change), "changed here, in memory")]
    if lost.field is not None:
        related.insert(0, Related(file.span(lost.field), f"{lost.name} begins anew with every new object in memory"))
    effect = (
        "the next write replaces what was stored"
        if lost.accumulates
        else "it is empty after that, although it was stored"
    )
    message = f"{lost.name} is written to storage, but nothing reads {what} back: when the object is evicted, {effect}"
    return Finding(
        lost.put.span, message, tuple(related),
        "read it in the constructor, inside `ctx.blockConcurrencyWhile(...)`, or on first use",
        severity=Severity.ERROR if lost.accumulates else Severity.WARNING,
    )


def _name(file: SourceFile, node: tree.Class) -> Span:
    if node.name_end > node.name_start:
        return Span(file.path, node.name_start, node.name_end)
    return Span(file.path, node.start, min(node.start + len("class"), node.end))
