"""The runtime: what a worker's global scope refuses, what outlives a request, what constructors and the bundler do not
know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import check
from edgelint.checks._fixes_imports import imported
from edgelint.diagnostics import Confidence, Edit, Finding, Fix, Related, Severity, Span
from edgelint.project.global_scope import Refused, free_env, refused, unbound_env
from edgelint.project.global_state import kept
from edgelint.project.inits import inits
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.imports import Missing
    from edgelint.project.inits import UnknownKey
    from edgelint.project.project import Project
    from edgelint.project.startup import Step
    from edgelint.syntax.tree import Node


@check("runtime/env-outside-handler")
def env_outside_handler(project: Project) -> Iterator[Finding]:
    """``env`` is read while the worker is loaded, where nothing of that name exists."""
    for file in project.sources():
        if not project.edge.runs(file):
            continue
        told: set[tree.Node] = set()
        for step in free_env(file, project):
            told.add(step.node)
            python = step.file.language == "python"
            kind = "NameError" if python else "ReferenceError"
            module = "workers" if python else "cloudflare:workers"
            given = f"from {module} import env" if python else f'import {{ env }} from "{module}"'
            yield Finding(
                step.file.span(step.node),
                f"there is no env at module scope: the worker fails to start with a {kind}",
                _led_by(step),
                f"use the env that the handler is given, or `{given}`",
                _import_env(step.file),
            )
        for name in unbound_env(file, project) if project.edge.loads(file) else ():
            if name in told:
                continue
            python = file.language == "python"
            kind = "NameError" if python else "ReferenceError"
            yield Finding(
                file.span(name),
                f"there is no env in this function: each call fails with a {kind}",
                (),
                "hand the env of the handler on as an argument",
                _import_env(file),
                severity=Severity.WARNING if _is_caught(name) else None,
            )


def _import_env(file: SourceFile) -> Fix | None:
    """The env that can be imported. Unsafe: it is that of the Worker, and a function may be meant to have another."""
    module = "workers" if file.language == "python" else "cloudflare:workers"
    if file.index.root.lookup("env") is not None:
        return None  # a declaration that nothing stands behind
    edit = imported(file, "env", module)
    return Fix(f"Import env from {module}", (edit,)) if edit is not None else None


@check("runtime/io-at-module-scope")
def io_at_module_scope(project: Project) -> Iterator[Finding]:
    """I/O, a timer or a random value is started while the worker is loaded."""
    for file in project.sources():
        if project.edge.loads(file):
            for found in refused(file, project):
                yield Finding(
                    found.step.file.span(found.step.node),
                    _refusal(found),
                    _led_by(found.step),
                    "do it in a handler, and keep the result in a variable of the module "
                    "when it is the same for all requests",
                )


def _is_caught(node: Node) -> bool:
    return any(isinstance(at, tree.Try) and bool(at.handlers) for at in tree.ancestors(node))


def _refusal(found: Refused) -> str:
    if found.rejects:
        return f"{found.what} is refused in the global scope: its promise is rejected before any request"
    return f"{found.what} is refused in the global scope: the worker fails to start"


def _led_by(step: Step) -> tuple[Related, ...]:
    if step.call is None:
        return ()
    call, file = step.call
    return (Related(file.span(call), "module scope calls it here"),)


@check("runtime/global-mutable-state")
def global_mutable_state(project: Project) -> Iterator[Finding]:
    """Something of one request is kept where the next one finds it."""
    for file in project.sources():
        if not project.edge.runs(file):
            continue
        for found in kept(file, project):
            related = [Related(file.span(found.value), "this belongs to one request")]
            if found.declared is not None:
                related.append(
                    Related(_head(file, found.declared), "one isolate serves many requests with this one variable")
                )
            yield Finding(
                file.span(found.node),
                f"{found.name} keeps data of one request for the others that this isolate serves",
                tuple(related),
                "pass it as an argument, or keep it in an AsyncLocalStorage or the framework's context",
            )


def _head(file: SourceFile, node: Node) -> Span:
    line = file.source.data.find(b"\n", node.start, node.end)
    return Span(file.path, node.start, node.end if line < 0 else line)


@check("runtime/unknown-init-option")
def unknown_init_option(project: Project) -> Iterator[Finding]:
    """An option that Request, Response or fetch does not have is dropped without a word."""
    for file in project.sources():
        if not project.edge.runs(file):
            continue
        for init in inits(file, project):
            from difflib import get_close_matches

            near = get_close_matches(init.key, sorted(init.known), n=1, cutoff=0.7)
            yield Finding(
                Span(file.path, init.prop.key_start, init.prop.key_end),
                f"{init.what} has no option {init.key}: it is dropped without a word",
                (),
                f"did you mean {near[0]}?" if near else f"pass it on beside the {init.kind}, as an argument of its own",
                _renamed(init, near[0], file) if near else None,
            )


def _renamed(init: UnknownKey, name: str, file: SourceFile) -> Fix | None:
    """The option under the name that was probably meant. Unsafe: it is a guess, and takes effect."""
    prop, owner = init.prop, init.prop.parent
    if isinstance(owner, tree.Object) and any(isinstance(p, tree.Property) and p.key == name for p in owner.props):
        return None
    start, end = prop.key_start, prop.key_end
    if file.source.data[start : start + 1] in (b'"', b"'"):
        start, end = start + 1, end - 1
    if file.source.slice(start, end) != init.key:
        return None
    text = f"{name}: {init.key}" if prop.shorthand else name
    return Fix(f"Write {name}", (Edit(Span(file.path, start, end), text),))


@check("runtime/unresolved-import")
def unresolved_import(project: Project) -> Iterator[Finding]:
    """An import names a file that is not there, or a package that no package.json names."""
    for file in project.sources():
        if project.edge.runs(file):
            apart = _is_apart(file, project)
            for missing in project.imports.missing(file):
                yield _unresolved(missing, file, apart)


def _is_apart(file: SourceFile, project: Project) -> bool:
    """Whether a config governs the file and its entry, which is known, does not reach it: nothing bundles it today."""
    workers = project.workers_of(file)
    return bool(workers) and all(worker.entry is not None and file not in worker.files for worker in workers)


def _unresolved(missing: Missing, file: SourceFile, apart: bool) -> Finding:
    severity, confidence = (Severity.WARNING, Confidence.MEDIUM) if apart else (None, None)
    effect = "a worker that reaches this file" if apart else "the worker"
    use = missing.use
    quoted = file.source.data[use.start : use.start + 1] in (b'"', b"'", b"`")
    span = Span(file.path, use.start + 1, use.end - 1) if quoted else Span(file.path, use.start, use.end)
    if missing.package is None:
        help = f'did you mean "{missing.near}"?' if missing.near is not None else None
        message = f"there is no file for {use.specifier}: {effect} cannot be bundled"
        fix = Fix(f"Use {missing.near}", (Edit(span, missing.near),)) if missing.near is not None and quoted else None
        return Finding(span, message, (), help, fix, severity=severity, confidence=confidence)
    if missing.installed:
        message = f"no package.json names {missing.package}: it is there only because another package needs it"
        return Finding(
            span, message, (), "add it to the dependencies", severity=Severity.WARNING, confidence=Confidence.MEDIUM
        )
    return Finding(
        span,
        f"no package.json names {missing.package}: it is not installed, and {effect} cannot be bundled",
        (),
        "add it to the dependencies, if there is such a package",
        severity=severity,
        confidence=confidence,
    )
