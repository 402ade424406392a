"""Python Workers: what the runtime calls, with what; what it refuses at import; what its SDK takes and gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import check
from edgelint.checks._fixes_python import as_json, as_response, of_self, renamed_option, with_parameters
from edgelint.checks._fixes_text import insertion
from edgelint.diagnostics import Edit, Finding, Fix, Related, Severity, Span
from edgelint.platform import python_workers as runtime
from edgelint.project import python_handlers as handlers
from edgelint.project.atoms import External, Obj
from edgelint.project.env_uses import is_guarded
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.calls import BindingCall
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project
    from edgelint.syntax.tree import Node


@check("python/env-parameter")
def env_parameter(project: Project) -> Iterator[Finding]:
    """A handler of a class uses the env or ctx that it is not given."""
    for file in project.sources():
        for handler in handlers.class_handlers(file, project):
            if project.evaluator.parameters.callers(handler.function):
                continue  # the project's own code calls it, and may give what the runtime does not
            plain = [
                p for p in handler.function.params if isinstance(p, tree.Param) and not p.rest and not p.keyword_only
            ]
            for param, own in zip(plain[2:4], ("self.env", "self.ctx"), strict=False):
                yield from _unset(param, own, handler, file)


def _unset(param: tree.Param, own: str, handler: handlers.Handler, file: SourceFile) -> Iterator[Finding]:
    """One finding at the first use of ``param``, when it is neither tested nor given another value."""
    assert isinstance(param.target, tree.Name)
    symbol = file.index.scope_of(param.target).lookup(param.target.id)
    if symbol is None or len(symbol.defs) != 1:
        return
    uses = [name for name in file.index.uses(symbol) if name is not param.target]
    if not uses or any(is_guarded(use, file) for use in uses):
        return
    used = [use for use in uses if isinstance(use.parent, tree.Member) and use.parent.obj is use]
    first = min(used or uses, key=lambda use: use.start)
    related = Related(
        Span(file.path, param.target.start, param.target.end), f"{handler.name}() of a class is given None here"
    )
    message = (
        f"{first.id} is None: the runtime gave {own.removeprefix('self.')} to the constructor, not to {handler.name}()"
    )
    yield Finding(
        file.span(first), message, (related,), f"use {own}", of_self(handler, uses, own, file, sure=bool(used)),
        severity=None if used else Severity.WARNING,
    )


@check("python/handler-signature")
def handler_signature(project: Project) -> Iterator[Finding]:
    """A handler that the runtime cannot call, or does not call."""
    for file in project.sources():
        for handler in handlers.class_handlers(file, project):
            event = runtime.EXACT_HANDLERS.get(handler.name)
            fewest, most, needs_keyword = handlers.positional(handler.function)
            if event is not None and (needs_keyword or not fewest <= runtime.HANDLER_ARGUMENTS + 1 <= most):
                yield Finding(
                    _name(handler.function, file),
                    f"{handler.name}() is called with 3 arguments ({event}, env, ctx): each call is a TypeError",
                    (),
                    f"write `async def {handler.name}(self, {event}, env, ctx)`, and use self.env and self.ctx",
                    with_parameters(handler.function, event, file, project),
                )
        yield from _not_called(file, project)


def _not_called(file: SourceFile, project: Project) -> Iterator[Finding]:
    """Handlers under a name that the compatibility date has done away with, or has not brought yet."""
    if file.language != "python" or not any(worker.entry is file for worker in project.workers_of(file)):
        return
    default = next(
        (klass for klass in file.index.classes if klass.name == "Default" and isinstance(klass.parent, tree.Module)),
        None,
    )
    legacy = handlers.has_global_handlers(file, project)
    if legacy is None:
        return
    if default is None:
        if "Default" in file.index.root.symbols or any(
            name.local == "*" for node in file.index.imports for name in _imported(node)
        ):
            return
        for function in file.index.functions:
            if (
                not legacy
                and function.name in runtime.GLOBAL_HANDLERS - {"test"}
                and isinstance(function.parent, tree.Module)
            ):
                yield Finding(
                    _name(function, file),
                    f"{function.name}() is not called: since compatibility date 2025-08-14 a class has the handlers",
                    (),
                    f"write `class Default(WorkerEntrypoint)` with a method {function.name.removeprefix('on_')}()",
                )
        return
    methods = {member.name: member for member in default.members if isinstance(member, tree.Function)}
    called, other = ("on_fetch", "fetch") if legacy else ("fetch", "on_fetch")
    bases = [atom for base in default.bases for atom in project.evaluator.evaluate(base, file)]
    if (
        other in methods
        and called not in methods
        and bases
        and all(isinstance(atom, External) and atom.module in handlers.SDK for atom in bases)
    ):
        when = "before" if legacy else "since"
        message = f"{other}() is not called: {when} compatibility date 2025-08-14 the handler is {called}()"
        span = _name(methods[other], file)
        yield Finding(span, message, (), f"rename it to {called}", Fix(f"Rename it to {called}", (Edit(span, called),)))


@check("python/import-time-entropy")
def import_time_entropy(project: Project) -> Iterator[Finding]:
    """Random values are drawn while the worker is imported."""
    for file in project.sources():
        if file.language != "python" or not project.edge.loads(file):
            continue
        told: set[Node] = set()
        for step in project.startup.steps(file):
            if not isinstance(step.node, tree.Call) or step.node in told:
                continue
            name = _drawn(step.node, step.file, project)
            if name is not None:
                told.add(step.node)
                related = (
                    ()
                    if step.call is None
                    else (Related(step.call[1].span(step.call[0]), "module scope calls it here"),)
                )
                yield Finding(
                    step.file.span(step.node),
                    f"{name}() has no random values before the first request: the worker fails to start",
                    related,
                    "do it in a handler, or in a function that a handler calls",
                )


def _drawn(call: tree.Call, file: SourceFile, project: Project) -> str | None:
    """The name of the function, when ``call`` draws random values or is blocked because it would."""
    found = handlers.callee(call, file, project)
    if found is None:
        return None
    module, path = found.module, found.path
    if module == "numpy":
        module, _, path = f"numpy.{path}".rpartition(".")
    if path.startswith("SystemRandom().") and module in ("random", "secrets"):
        return f"{module}.{path}"
    names = runtime.ENTROPY.get(module, frozenset())
    if "." in path or "(" in path or not path:
        return None
    if names is None and path in runtime.ALLOWED_AT_START[module]:
        unseeded = not call.args or _is_none(call.args[0])
        return f"{module}.{path}" if path in runtime.SEEDED[module] and unseeded else None
    return f"{module}.{path}" if names is None or path in names else None


def _is_none(node: Node) -> bool:
    return isinstance(node, tree.Literal) and node.kind == "null"


@check("python/snake-case-option")
def snake_case_option(project: Project) -> Iterator[Finding]:
    """An option of a binding by a name that only Python would give it."""
    for call in project.calls():
        known = runtime.OPTIONS.get((call.kind, call.verb))
        if known is None or call.file.language != "python" or (call.trust == "name" and call.binding is None):
            continue
        for name, span, allowed in _options(call, known, project):
            camel = _camel(name)
            if camel != name and camel in allowed:
                yield Finding(
                    span, f"{call.verb}() has no option {name}: it is ignored without a word", (), f"write {camel}",
                    renamed_option(span, camel, project),
                )


def _options(
    call: BindingCall, known: frozenset[str], project: Project
) -> Iterator[tuple[str, Span, frozenset[str]]]:
    """The names of the options that are given, with those that exist: keyword arguments, keys of a dict (``**`` before
    it), of one wrapped in ``to_js`` too."""
    for arg in call.node.args:
        if isinstance(arg, tree.Keyword):
            yield arg.name, Span(call.file.path, arg.start, arg.start + len(arg.name.encode())), known
            yield from _within(arg.value, call.file, runtime.NESTED.get(arg.name, frozenset()), project)
            continue
        at = arg.value if isinstance(arg, tree.Spread) else arg
        if isinstance(at, tree.Name):
            symbol = call.file.index.resolve(at)
            made = [d.node for d in symbol.defs if d.kind == "value" and not d.path] if symbol is not None else []
            at = made[0] if len(made) == 1 and isinstance(made[0], tree.Call) else at
        if isinstance(at, tree.Call) and at.args and _is_to_js(at, call.file, project):
            at = at.args[0]
        if at is call.node.args[0] and call.verb not in ("list", "createMultipartUpload"):
            continue  # the key, or the value
        yield from _within(at, call.file, known, project)


def _within(
    node: Node, file: SourceFile, known: frozenset[str], project: Project
) -> Iterator[tuple[str, Span, frozenset[str]]]:
    """The keys of the dict that ``node`` is, and of the dicts inside it that are options themselves."""
    for atom in project.evaluator.evaluate(node, file) if known else ():
        if not isinstance(atom, Obj):
            continue
        for prop in atom.node.props:
            if isinstance(prop, tree.Property) and prop.key is not None:
                yield prop.key, Span(atom.file.path, prop.key_start, prop.key_end), known
                yield from _within(prop.value, atom.file, runtime.NESTED.get(prop.key, frozenset()), project)


def _is_to_js(call: tree.Call, file: SourceFile, project: Project) -> bool:
    found = handlers.callee(call, file, project)
    return found is not None and found.module.startswith("pyodide") and found.path.rsplit(".", 1)[-1] == "to_js"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest) if first else name


@check("python/not-a-response")
def not_a_response(project: Project) -> Iterator[Finding]:
    """fetch() returns something that is no Response, or a Response is made of something that it does not take."""
    for file in project.sources():
        if file.language != "python" or not project.edge.runs(file):
            continue
        for function in _fetch_handlers(file, project):
            if function.body is None or function.is_generator:
                continue
            for node in tree.walk_function(function):
                if isinstance(node, tree.Return):
                    what = ["None"] if node.value is None else handlers.plain_values(node.value, file, project)
                    if what:
                        yield Finding(
                            file.span(node.value or node),
                            f"{function.name}() returns {' or '.join(what)}: the runtime wants a Response, and fails",
                            (),
                            "return Response.json(...)" if _is_json(what) else "return Response(...)",
                            as_response(node.value, what, function, file, project) if node.value is not None else None,
                        )
        for call in [call for calls in file.index.calls.values() for call in calls]:
            yield from _bad_body(call, file, project)


def _fetch_handlers(file: SourceFile, project: Project) -> Iterator[tree.Function]:
    for handler in handlers.class_handlers(file, project):
        if handler.name in ("fetch", "on_fetch"):
            yield handler.function
    if not handlers.has_global_handlers(file, project):
        return
    for function in file.index.functions:
        if function.name == "on_fetch" and isinstance(function.parent, tree.Module):
            if all(handlers.is_sdk_handler(decorator, file, project) for decorator in function.decorators):
                yield function


def _bad_body(call: tree.Call, file: SourceFile, project: Project) -> Iterator[Finding]:
    """``Response({...})``: the SDK's class takes text, bytes, FormData and what JavaScript knows as a body."""
    body = next((arg.value for arg in call.args if isinstance(arg, tree.Keyword) and arg.name == "body"), None)
    if body is None:
        body = call.args[0] if call.args and not isinstance(call.args[0], tree.Keyword | tree.Spread) else None
    if body is None:
        return
    found = handlers.callee(call, file, project)
    if found is None or found.module not in handlers.SDK or found.path != "Response":
        return
    what = handlers.plain_values(body, file, project)
    if what and "None" not in what and "a string" not in what:
        yield Finding(
            file.span(body),
            f"Response() does not take {' or '.join(what)}: it raises a TypeError",
            (),
            "use Response.json(...)" if _is_json(what) else "make it text or bytes first",
            as_json(call, what, file),
        )


def _is_json(what: list[str]) -> bool:
    return all(text in ("a dict", "a list") for text in what)


@check("python/missing-new")
def missing_new(project: Project) -> Iterator[Finding]:
    """A class of JavaScript is called as Python calls a class."""
    for file in project.sources():
        if file.language != "python" or not project.edge.runs(file):
            continue
        for calls in file.index.calls.values():
            for call in calls:
                found = handlers.callee(call, file, project)
                if found is not None and found.module == "js" and found.path in runtime.CONSTRUCTORS:
                    text = file.text(call.func)
                    yield Finding(
                        file.span(call.func),
                        f"{text}() is a TypeError: JavaScript wants `new` for {found.path}",
                        (),
                        f"write {text}.new(...)",
                        Fix("Call new", (insertion(file.path, call.func.end, ".new"),), True),
                    )


def _imported(node: tree.Import) -> list[tree.ImportName]:
    return [name for name in node.names if isinstance(name, tree.ImportName)]


def _name(function: tree.Function, file: SourceFile) -> Span:
    return Span(file.path, function.name_start, function.name_end)
