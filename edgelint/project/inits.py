"""Option objects of the web's constructors, with the keys that no constructor reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.platform import web
from edgelint.project.atoms import Global
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project

# Path of the callee -> (whether it is called with new, what a message calls it, what it makes, the keys it reads)
_CALLEES: dict[str, tuple[bool, str, str, frozenset[str]]] = {
    "Request": (True, "Request", "request", web.REQUEST_INIT),
    "Response": (True, "Response", "response", web.RESPONSE_INIT),
    "fetch": (False, "fetch", "request", web.REQUEST_INIT),
    "Response.json": (False, "Response.json", "response", web.RESPONSE_INIT),
}
_FETCHERS = ("service", "assets", "do-stub")


class UnknownKey(NamedTuple):
    """A key of an option literal that is dropped. ``what`` names the callee, ``kind`` what it makes."""

    prop: tree.Property
    key: str
    what: str
    kind: str
    known: frozenset[str]


def inits(file: SourceFile, project: Project) -> Iterator[UnknownKey]:
    """The unknown keys of option literals in ``file``, in source order."""
    found: list[UnknownKey] = []
    for name in ("Request", "Response", "fetch", "json"):
        for call in file.index.calls.get(name, ()):
            callee = _callee(call, file, project)
            if callee is not None and len(call.args) > 1:
                found.extend(_unknown(_literal(call.args[1], file), *callee[1:]))
    yield from sorted(found, key=lambda unknown: unknown.prop.key_start)


def _callee(call: tree.Call, file: SourceFile, project: Project) -> tuple[bool, str, str, frozenset[str]] | None:
    values = project.evaluator.evaluate(call.func, file)
    if len(values) == 1:
        (atom,) = values
        found = _CALLEES.get(atom.path) if isinstance(atom, Global) else None
        if found is not None:
            return found if found[0] == call.is_new else None
    if any(c.node is call and c.kind in _FETCHERS and c.trust != "name" for c in project.calls_in(file)):
        return _CALLEES["fetch"]
    return None


def _literal(options: tree.Node, file: SourceFile) -> tree.Node:
    """The object literal that is handed over, itself or by a variable that is used for nothing else."""
    while isinstance(options, tree.Cast):
        options = options.value
    if not isinstance(options, tree.Name):
        return options
    symbol = file.index.resolve(options)
    if symbol is None or len(symbol.defs) != 1 or symbol.defs[0].kind != "value" or symbol.defs[0].path:
        return options
    uses = [
        use
        for use in file.index.uses(symbol)
        if not isinstance(use.parent, tree.Assign) or use.parent.target is not use
    ]
    value = symbol.defs[0].node
    return value if len(uses) == 1 and value is not None else options


def _unknown(options: tree.Node, what: str, kind: str, known: frozenset[str]) -> Iterator[UnknownKey]:
    while isinstance(options, tree.Cast):
        options = options.value
    if isinstance(options, tree.Object):
        for prop in options.props:
            if isinstance(prop, tree.Property) and prop.key is not None and prop.key not in known:
                yield UnknownKey(prop, prop.key, what, kind, known)
