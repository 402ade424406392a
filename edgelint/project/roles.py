"""The part a function plays for the runtime or a framework, and so what it is called with.

Module handlers, classes of the platform, Pages functions, service-worker listeners, Hono and itty routers, framework
loaders, Python entrypoints. A role is a fact about where the function stands; ``by_name`` is the last resort, with
lower trust.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from edgelint.project import known
from edgelint.project.atoms import External, Global, Obj, Plat, Taint, Unknown, Value, one
from edgelint.project.frameworks import called_with, exported
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile

ENV = Plat("env")
CTX = Plat("execution-context")
REQUEST = Plat("request", None, True)
HANDLER_NAMES = frozenset({"fetch", "scheduled", "queue", "email", "tail", "trace", "tailStream", "test", "alarm"})

# first parameter of a module handler
_FIRST: dict[str, Plat] = {
    "fetch": REQUEST,
    "scheduled": Plat("scheduled-controller"),
    "queue": Plat("queue-batch"),
    "email": Plat("email-message"),
    "tail": Plat("tail-events"),
    "trace": Plat("tail-events"),
    "tailStream": Plat("tail-events"),
    "test": Plat("test-controller"),
}
_PYTHON_GLOBAL = {"on_fetch": "fetch", "on_scheduled": "scheduled", "on_queue": "queue", "on_email": "email"}
_PAGES = re.compile(r"^onRequest(?:Get|Post|Put|Patch|Delete|Options|Head)?$")
# What comes before env in the signature of a module handler: a router of the app's own calls its handlers so too.
_EVENT_NAMES = frozenset({"request", "req", "batch", "controller", "event", "message"})
_BINDING = re.compile(r"^[A-Z][A-Z0-9_]*$")


class Roles:
    """Roles of functions, found on demand. A part of ``Evaluator``."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator
        self._known: dict[tree.Function, Callable[[int], Value | None] | None] = {}

    def value(self, function: tree.Function, position: int, file: SourceFile) -> Value | None:
        """What parameter ``position`` is by the function's role, or None when it has none."""
        if function not in self._known:
            self._known[function] = None  # while it is looked for: no role
            self._known[function] = self.find(function, file)
        role = self._known[function]
        return role(position) if role is not None else None

    def find(self, function: tree.Function, file: SourceFile) -> Callable[[int], Value | None] | None:
        parent = function.parent
        if file.language == "python":
            return self.python(function, file)
        if isinstance(parent, tree.Class):
            return self.method(function, parent, file)
        if isinstance(parent, tree.Property) and isinstance(parent.parent, tree.Object) and parent.key:
            return self.property(function, parent, parent.parent, file)
        found = self.argument(function, file)
        if found is not None:
            return found
        return self.declared(function, file)

    # -- classes -----------------------------------------------------------------------------------------------------

    def method(
        self, function: tree.Function, klass: tree.Class, file: SourceFile
    ) -> Callable[[int], Value | None] | None:
        kind = self.e.graph.class_kind(klass, file, self.e) or implemented_kind(klass)
        if function.kind == "constructor":
            if kind is None and not looks_like_durable_object(klass):
                return None
            state = Plat("do-state") if kind in ("durable-object", None) else CTX
            return _positions({0: one(state), 1: one(ENV)})
        if kind is None and not looks_like_durable_object(klass):
            return None
        table: dict[str, dict[int, Value]] = {
            "fetch": {0: one(REQUEST)},
            "webSocketMessage": {0: one(Plat("websocket")), 1: one(Taint("message", function, file.path))},
            "queue": {0: one(Plat("queue-batch"))},
            "email": {0: one(Plat("email-message"))},
            "scheduled": {0: one(Plat("scheduled-controller"))},
            "onMessage": {0: one(Plat("websocket")), 1: one(Taint("message", function, file.path))},
            "onRequest": {0: one(REQUEST)},
            "onConnect": {0: one(Plat("websocket")), 1: one(Unknown("other"))},
            "webSocketClose": {0: one(Plat("websocket"))},
        }
        if kind == "workflow" and function.name == "run":
            return _positions({0: one(Plat("workflow-event")), 1: one(Plat("workflow-step"))})
        found = table.get(function.name)
        return _positions(found) if found is not None else None

    # -- object handlers -----------------------------------------------------------------------------------------------

    def property(
        self, function: tree.Function, prop: tree.Property, owner: tree.Object, file: SourceFile
    ) -> Callable[[int], Value | None] | None:
        name = prop.key or ""
        if name in _FIRST:
            named = [_param_name(p) for p in function.params]
            exported = is_handler_object(owner, file)
            if exported or (len(named) > 1 and named[1].lstrip("_") == "env"):
                return _positions({0: one(_FIRST[name]), 1: one(ENV), 2: one(CTX)})
        found = called_with(function, name, file.path)
        return _positions(found) if found is not None else None

    # -- arguments of calls --------------------------------------------------------------------------------------------

    def argument(self, function: tree.Function, file: SourceFile) -> Callable[[int], Value | None] | None:
        node: Node = function
        while isinstance(node.parent, tree.Cast | tree.Array):
            node = node.parent
        call = node.parent
        if isinstance(call, tree.Call) and call.func is not node:
            return self.callback(call, function, file)
        # A function passed by its name: look at where the name is an argument of a router's method.
        name = _bound_name(function)
        if not name:
            return None
        symbol = file.index.scope_of(function.parent or function).lookup(name)
        if symbol is None:
            return None
        for use in file.index.uses(symbol):
            holder = use.parent
            if isinstance(holder, tree.Call) and any(a is use for a in holder.args):
                found = self.callback(holder, function, file)
                if found is not None:
                    return found
        return None

    def callback(
        self, call: tree.Call, function: tree.Function, file: SourceFile
    ) -> Callable[[int], Value | None] | None:
        func = call.func
        if isinstance(func, tree.Name) and func.id == "addEventListener" and call.args:
            event = call.args[0]
            if isinstance(event, tree.Literal):
                if event.value == "fetch":
                    return _positions({0: one(Plat("fetch-event"))})
                if event.value == "message":
                    return _positions({0: one(Plat("message-event"))})
            return None
        if isinstance(func, tree.Member):
            if func.name in ("addEventListener", "on") and call.args and isinstance(call.args[0], tree.Literal):
                if call.args[0].value == "message" and func.name == "addEventListener":
                    return _positions({0: one(Plat("message-event"))})
            if func.name in known.ROUTE_METHODS:
                return self.route(func, function, file)
            if func.name in ("tool", "registerTool") and call.args and call.args[-1] is function:
                return self.tool(call, file)
            return None
        if isinstance(func, tree.Name):
            for atom in self.e.evaluate(func, file):
                if isinstance(atom, External):
                    if atom.module in known.HONO_MODULES and atom.path in ("createMiddleware",):
                        return _positions({0: one(Plat("hono-context"))})
                if isinstance(atom, External | Global) and atom.path in known.H3_HANDLERS:
                    return _positions({0: one(Plat("h3-event", None, True))})
        return None

    def tool(self, call: tree.Call, file: SourceFile) -> Callable[[int], Value | None] | None:
        """The handler of an MCP server's tool: its first argument has passed the schema that stands beside it."""
        for arg in call.args[1:-1]:
            for atom in self.e.evaluate(arg, file):
                shape = next(iter(self.e.atom_member(atom, "inputSchema", file, None, None)), None)
                for given in (shape, atom):
                    if isinstance(given, Obj) and given.node.props and is_shape(given, self.e):
                        return _positions({0: one(Unknown("validated", given.node))})
                    if isinstance(given, External) and given.call is not None:
                        return _positions({0: one(Unknown("validated", given.call))})
        return None

    def route(
        self, func: tree.Member, function: tree.Function, file: SourceFile
    ) -> Callable[[int], Value | None] | None:
        receiver = self.e.evaluate(func.obj, file)
        position = 1 if func.name == "onError" else 0
        for atom in receiver:
            if isinstance(atom, External):
                if (
                    atom.module in known.HONO_MODULES
                    or atom.module.startswith("hono/")
                    or atom.path.startswith(("Hono(", "OpenAPIHono("))
                ):
                    return _positions({position: one(Plat("hono-context"))})
                if atom.module in known.ITTY_MODULES:
                    return _positions({0: one(REQUEST), 1: one(ENV), 2: one(CTX)})
        named = [_param_name(p) for p in function.params]
        if named[:1] in (["c"], ["ctx"], ["context"]) and uses_like_hono(function, named[0], file):
            if any(isinstance(a, Unknown | External) for a in receiver):
                return _positions({position: one(Plat("hono-context", trust="shape"))})
        if len(named) >= 2 and named[1].lstrip("_") == "env" and not isinstance(function.params[0], tree.Spread):
            return _positions({0: one(REQUEST), 1: one(Plat("env", trust="name")), 2: one(CTX)})
        return None

    # -- declarations --------------------------------------------------------------------------------------------------

    def declared(self, function: tree.Function, file: SourceFile) -> Callable[[int], Value | None] | None:
        name = _bound_name(function)
        annotation = _bound_annotation(function)
        if annotation is not None:
            if annotation.startswith(("PagesFunction", "PagesPluginFunction")):
                return _positions({0: one(Plat("pages-context", None, True))})
            if "ExportedHandlerFetchHandler" in annotation:
                return _positions({0: one(REQUEST), 1: one(ENV), 2: one(CTX)})
            head = annotation.split("<")[0]
            if head == "MiddlewareHandler" or (head in ("Handler", "H") and "Bindings" in annotation):
                return _positions({0: one(Plat("hono-context"))})
        in_pages = "/functions/" in f"/{file.path}"
        if name and _PAGES.match(name) and (in_pages or exported(function) is not None):
            return _positions({0: one(Plat("pages-context", None, True))})
        found = called_with(function, name, file.path)
        return _positions(found) if found is not None else None

    # -- Python --------------------------------------------------------------------------------------------------------

    def python(self, function: tree.Function, file: SourceFile) -> Callable[[int], Value | None] | None:
        klass = function.parent
        if isinstance(klass, tree.Block):
            klass = klass.parent
        if isinstance(klass, tree.Class):
            kind = self.e.graph.class_kind(klass, file, self.e)
            if kind is None:
                return None
            if function.kind == "constructor":
                state = Plat("do-state") if kind == "durable-object" else CTX
                return _positions({1: one(state), 2: one(ENV)})
            first: dict[str, Value] = {
                "fetch": one(REQUEST),
                "on_fetch": one(REQUEST),
                "queue": one(Plat("queue-batch")),
                "email": one(Plat("email-message")),
                "scheduled": one(Plat("scheduled-controller")),
                "webSocketMessage": one(Plat("websocket")),
            }
            if kind == "workflow" and function.name == "run":
                return _positions({1: one(Plat("workflow-event")), 2: one(Plat("workflow-step"))})
            if function.name in first:
                table = {1: first[function.name]}
                if function.name == "webSocketMessage":
                    table[2] = one(Taint("message", function, file.path))
                return _positions(table)
            return None
        handler = _PYTHON_GLOBAL.get(function.name)
        if handler is not None and isinstance(function.parent, tree.Module | tree.Block):
            return _positions({0: one(_FIRST[handler]), 1: one(ENV), 2: one(CTX)})
        return None

    # -- names ---------------------------------------------------------------------------------------------------------

    def by_name(self, param: tree.Param, function: tree.Function, position: int, file: SourceFile) -> Value | None:
        """The last resort, for code without types and without known calls: a parameter called ``env`` is the env."""
        name = _param_name(param)
        names = [_param_name(p) for p in function.params]
        after_event = position == 1 and names[0].lstrip("_") in _EVENT_NAMES
        if name.lstrip("_") == "env" and param.annotation in (None, "any") and not param.rest:
            return one(Plat("env", trust="shape" if after_event else "name"))
        if after_event and isinstance(param.target, tree.Object) and param.annotation in (None, "any"):
            taken = [p.key or "" for p in param.target.props if isinstance(p, tree.Property)]
            if taken and all(_BINDING.match(key) for key in taken):
                return one(Plat("env", trust="shape"))
        if name in ("request", "req") and position == 0 and "env" in names and param.annotation is None:
            return one(REQUEST)
        if (
            name in ("c", "ctx", "context")
            and position == 0
            and param.annotation in (None, "Context", "any")
            and uses_like_hono(function, name, file)
        ):
            return one(Plat("hono-context", trust="shape"))
        if isinstance(param.target, tree.Object):
            keys = {p.key for p in param.target.props if isinstance(p, tree.Property)}
            if "env" in keys and keys & {"request", "params", "waitUntil", "next", "data", "ctx"}:
                return one(Plat("pages-context", None, True, trust="shape"))
            if "context" in keys and keys & {"request", "params"}:
                return one(Plat("loader-args", None, True))
        return None


def is_shape(atom: Obj, e: Evaluator) -> bool:
    """Whether every property of an object is a schema of a package: ``{ table: z.string() }``."""
    return all(
        isinstance(prop, tree.Property)
        and any(isinstance(a, External) and a.call is not None for a in e.evaluate(prop.value, atom.file))
        for prop in atom.node.props
    )


def uses_like_hono(function: tree.Function, name: str, file: SourceFile) -> bool:
    """Whether ``name.env`` and a Hono context's own members are used in ``function``."""
    if function.body is None:
        return False
    seen: set[str] = set()
    for member_name in ("env", "req", "json", "text", "html", "executionCtx", "var", "redirect"):
        for member in file.index.members.get(member_name, ()):
            if (
                function.start <= member.start < function.end
                and isinstance(member.obj, tree.Name)
                and member.obj.id == name
            ):
                seen.add(member_name)
                break
    return ("req" in seen and bool(seen & {"env", "json", "text", "html", "executionCtx"})) or ({"env", "json"} <= seen)


def implemented_kind(klass: tree.Class) -> str | None:
    """"durable-object" for ``class X implements DurableObject``."""
    for text in klass.implements:
        if text.split("<")[0].rsplit(".", 1)[-1] == "DurableObject":
            return "durable-object"
    return None


def looks_like_durable_object(klass: tree.Class) -> bool:
    """A class without a base whose constructor takes (state, env) or a DurableObjectState: the old way to write an
    object."""
    for member in klass.members:
        if isinstance(member, tree.Function) and member.kind == "constructor" and member.params:
            first = member.params[0]
            if isinstance(first, tree.Param):
                if first.annotation is not None and "DurableObjectState" in first.annotation:
                    return True
                names = [_param_name(p).lstrip("_") for p in member.params]
                if (
                    not klass.bases
                    and len(names) == 2
                    and names[0] in ("state", "ctx", "controller", "storage")
                    and names[1] == "env"
                ):
                    return True
    return False


def is_handler_object(owner: tree.Object, file: SourceFile) -> bool:
    """Whether ``owner`` is the worker's default export: directly, by name, or through a wrapper's call."""
    node: Node = owner
    while True:
        parent = node.parent
        if isinstance(parent, tree.Cast):
            if parent.annotation.startswith("ExportedHandler"):
                return True
        elif isinstance(parent, tree.Call):
            if parent.func is node:
                return False
        elif isinstance(parent, tree.Export):
            return parent.is_default
        elif isinstance(parent, tree.Assign):
            if parent.annotation is not None and parent.annotation.startswith("ExportedHandler"):
                return True
            if isinstance(parent.target, tree.Member):
                return parent.target.name == "exports"
            if not isinstance(parent.target, tree.Name):
                return False
            symbol = file.index.resolve(parent.target)
            if symbol is None:
                return False
            for use in file.index.uses(symbol):
                if use is parent.target:
                    continue
                if _in_default_export(use):
                    return True
            return any(
                isinstance(n, tree.ExportName) and n.exported == "default" and n.local == symbol.name
                for export in file.index.exports for n in export.names
            )
        else:
            return False
        assert parent is not None
        node = parent


def _in_default_export(node: Node) -> bool:
    at = node.parent
    while isinstance(at, tree.Cast | tree.Call):
        at = at.parent
    return isinstance(at, tree.Export) and at.is_default


def _bound_name(function: tree.Function) -> str:
    parent = function.parent
    while isinstance(parent, tree.Cast | tree.Call):
        parent = parent.parent
    if isinstance(parent, tree.Assign) and isinstance(parent.target, tree.Name):
        return parent.target.id
    return function.name


def _bound_annotation(function: tree.Function) -> str | None:
    parent = function.parent
    if isinstance(parent, tree.Cast):
        return parent.annotation
    if isinstance(parent, tree.Assign):
        return parent.annotation.lstrip(": ").strip() if parent.annotation is not None else None
    return None


def _param_name(param: Node) -> str:
    if isinstance(param, tree.Param) and isinstance(param.target, tree.Name):
        return param.target.id
    return ""


def _positions(table: dict[int, Value]) -> Callable[[int], Value | None]:
    return table.get
