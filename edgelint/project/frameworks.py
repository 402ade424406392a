"""What frameworks call a project's functions with, told by the file they stand in and the name they are exported by.

Next.js (``app/**/route.ts``, ``pages/api``), SvelteKit (``+server.ts``, ``+page.server.ts``), Astro endpoints, loaders
and actions of Remix and React Router, handlers of TanStack routes. Their first argument is the request, or an object
that holds it: "loader-args".
"""

from __future__ import annotations

import re

from edgelint.project.atoms import Plat, Value, one
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

_HTTP = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "ALL"})
_EXTENSION = re.compile(r"\.(?:[mc]?[jt]s|[jt]sx)$")
_ARGUMENTS: Value = one(Plat("loader-args", None, True))
_REQUEST: Value = one(Plat("request", None, True))
_HOLDS_REQUEST = frozenset({"request", "params", "context", "url", "cookies"})


def called_with(function: tree.Function, name: str, path: str) -> dict[int, Value] | None:
    """What a framework gives ``function``, called ``name`` in the file at ``path``, by position; None when none
    calls it.
    """
    stem = _EXTENSION.sub("", f"/{path}").rpartition("/")[2]
    folders = f"/{path}".rpartition("/")[0] + "/"
    if name in _HTTP and _is_member(function):
        return {0: _ARGUMENTS} if _takes_request(function) else None  # { server: { handlers: { GET } } }
    if stem.startswith("+page.server") and _action(function):
        return {0: _ARGUMENTS}
    export = exported(function)
    if export is None or not function.params:
        return None
    if name in _HTTP:
        if stem == "route" and "/app/" in folders:
            return {0: _REQUEST, 1: _ARGUMENTS}
        return {0: _ARGUMENTS} if stem == "+server" or "/pages/" in folders else None
    if name == "load" and stem in ("+page.server", "+layout.server", "+page", "+layout"):
        return {0: _ARGUMENTS}
    if name in ("loader", "action") and _takes_request(function):
        return {0: _ARGUMENTS}
    if export.is_default:
        if "/pages/api/" in folders:
            return {0: _REQUEST}
        if stem == "page" and "/app/" in folders:
            return {0: _ARGUMENTS}
    return None


def exported(function: tree.Function) -> tree.Export | None:
    """The export statement that the function's declaration stands in."""
    at: Node | None = function.parent
    while isinstance(at, tree.Assign | tree.Cast | tree.Block):
        at = at.parent
    return at if isinstance(at, tree.Export) else None


def _is_member(function: tree.Function) -> bool:
    return isinstance(function.parent, tree.Property) and isinstance(function.parent.parent, tree.Object)


def _action(function: tree.Function) -> bool:
    """Whether ``function`` stands in ``export const actions = { default: ... }``."""
    owner = function.parent.parent if _is_member(function) and function.parent is not None else None
    at = owner.parent if owner is not None else None
    while isinstance(at, tree.Cast):
        at = at.parent
    return isinstance(at, tree.Assign) and isinstance(at.target, tree.Name) and at.target.id == "actions"


def _takes_request(function: tree.Function) -> bool:
    """Whether the first parameter is taken apart into a request, or is called as frameworks call such objects."""
    param = function.params[0] if function.params else None
    target = param.target if isinstance(param, tree.Param) else None
    if isinstance(target, tree.Object):
        return any(isinstance(p, tree.Property) and p.key in _HOLDS_REQUEST for p in target.props)
    return isinstance(target, tree.Name) and target.id in ("args", "event", "context", "ctx")
