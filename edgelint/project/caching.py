"""Responses that are stored: did anyone look whether the fetch went well?

A ``fetch`` does not fail on a 404 or a 500. What was fetched is followed to the put that stores it; a test of ``ok`` or
``status``, of what the answer says, or a helper that throws, anywhere on the way, settles the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.diagnostics import Span
from edgelint.project import known
from edgelint.project.atoms import External, Func, Global
from edgelint.project.call_contexts import Context, contexts, functions_around
from edgelint.project.calls import BindingCall
from edgelint.project.derivation import Derivation, Origin, Place
from edgelint.project.flow import Condition, conditions, replaced_when
from edgelint.project.guards import last_name
from edgelint.project.identity import callee_name
from edgelint.project.made_of import CALL, COUNT, LIST, MIXED, TEST
from edgelint.project.numbers import as_number
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project

_LEVELS = 2
_STATUS = frozenset({"status", "status_code", "statusCode"})
_SUCCESS = frozenset({"ok", "is_success"})
_ENVELOPE = frozenset({"headers", "body", "url", "statusText", "type", "redirected", "cf", "webSocket", "length"})
_CHECKERS = re.compile(r"check|assert|ensure|raise|throw|valid|expect|verify|guard|must", re.IGNORECASE)


class Unchecked(NamedTuple):
    """A put that stores what a fetch gave, with no look at how the fetch went."""

    call: BindingCall
    site: Place
    fetch: Place

    @property
    def span(self) -> Span:
        """What is called to store it."""
        node = self.site.node
        return self.site.file.span(node.func if isinstance(node, tree.Call) else node)


class Caches:
    """Stored responses of a project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.e = project.evaluator
        self.from_fetches = Derivation(self.e, self.is_fetch)
        self._fetches: dict[Node, bool] = {}

    def is_fetch(self, node: Node, file: SourceFile) -> bool:
        """Whether ``node`` calls the global ``fetch``, or a client that gives errors as answers."""
        if not isinstance(node, tree.Call) or callee_name(node) not in ("fetch", "pyfetch", "get", "post", "request"):
            return False
        found = self._fetches.get(node)
        if found is None:
            found = self._fetches[node] = any(
                (isinstance(a, Global) and a.path == "fetch")
                or (isinstance(a, External) and f"{a.module}.{a.path}" in known.FETCHES)
                for a in self.e.evaluate(node.func, file)
            )
        return found

    def puts(self) -> Iterator[BindingCall]:
        """Every put to KV or to a cache, one for each call."""
        seen: set[Node] = set()
        for call in self.project.calls(("kv", "cache"), "put"):
            if call.node not in seen:
                seen.add(call.node)
                yield call

    def unchecked(self) -> Iterator[Unchecked]:
        """Every put that stores what was fetched, whatever it was."""
        for call in self.puts():
            yield from self.unchecked_put(call)

    def unchecked_put(self, call: BindingCall) -> Iterator[Unchecked]:
        value = call.arg(1)
        level: int | None = None
        for context in contexts(call.node, call.file, self.e) if value is not None else ():
            if context.level > (_LEVELS if level is None else level):
                return
            assert value is not None
            for origin in self.from_fetches.origins(value, call.file, context.frame):
                if _stores(origin) and not _together(origin, context) and not (
                    self.checked(origin, context) or self.is_weighed(call, origin, context)
                ):
                    level = context.level
                    yield Unchecked(call, context.site, origin.place)
                    break

    # -- checks ------------------------------------------------------------------------------------------------------

    def checked(self, origin: Origin, context: Context) -> bool:
        """Whether it was looked at how the fetch went, on the way from the fetch to the put."""
        places = (*context.chain, *origin.hops)
        for place in places:
            for condition in (*conditions(place.node), *replaced_when(place.node)):
                if self.settles(condition, place, origin):
                    return True
        return any(self.asserted(place, origin) for place in places)

    def is_weighed(self, call: BindingCall, origin: Origin, context: Context) -> bool:
        """Whether how long it is stored depends on how the fetch went: ``{ expirationTtl: response.ok ? 3600 : 60 }``.
        """
        place = Place(call.node, call.file, context.frame)
        return any(
            isinstance(node, tree.Conditional) and self.settles(Condition(node.test, holds), place, origin)
            for arg in call.node.args[2:] for node in tree.walk(arg) for holds in (True, False)
        )

    def settles(self, condition: Condition, place: Place, origin: Origin) -> bool:
        """Whether ``condition`` says that the response was a good one, or that its content was looked at."""
        test = condition.test
        for node in self.looked_at(test, place.file):
            if not isinstance(node, tree.Name | tree.Member):
                continue
            for seen in self.from_fetches.origins(node, place.file, place.frame):
                if seen.node is not origin.node:
                    continue
                last = seen.path[-1] if seen.path else None
                if seen.path and seen.path[0] in _ENVELOPE:
                    continue
                if last in _SUCCESS:
                    if node is not test or condition.holds:
                        return True
                elif last in _STATUS:
                    parent = node.parent
                    if not isinstance(parent, tree.Binary) or parent is not test:
                        return True
                    if self.is_success(parent, node, condition.holds, place.file):
                        return True
                elif seen.path or (isinstance(node.parent, tree.Call) and node.parent.func is not node):
                    return True
        return False

    def looked_at(self, test: Node, file: SourceFile) -> Iterator[Node]:
        """The nodes of a test, and of what its variables stand for."""
        for node in tree.walk(test):
            yield node
            if isinstance(node, tree.Name):
                symbol = file.index.resolve(node)
                for d in symbol.defs if symbol is not None else ():
                    if d.kind == "value" and d.node is not None and _is_question(d.node):
                        yield from tree.walk(d.node)

    def is_success(self, test: tree.Binary, status: Node, holds: bool, file: SourceFile) -> bool:
        """Whether a comparison of a status leaves the good ones only (or at least no server error)."""
        other, flipped = (test.right, False) if test.left is status else (test.left, True)
        number = as_number(self.e.evaluate(other, file))
        bound = number.lower if number is not None else None
        if test.op in ("===", "==", "!==", "!="):
            equal = (test.op in ("===", "==")) == holds
            return equal and (bound is None or 200 <= bound < 400)
        if test.op in ("<", "<=", ">", ">="):
            below = (test.op in ("<", "<=")) != flipped
            return below == holds and (bound is None or bound >= 299)
        return True  # one of a list

    def asserted(self, place: Place, origin: Origin) -> bool:
        """Whether the response was handed to something that throws when it is not good, before ``place``."""
        for function in functions_around(place.node):
            for node in tree.walk(function):
                if not isinstance(node, tree.Call) or node.start >= place.node.start or node is origin.node:
                    continue
                if callee_name(node) == "raise_for_status" and isinstance(node.func, tree.Member):
                    subjects: list[Node] = [node.func.obj]
                elif _is_statement(node) and self.may_throw(node, place):
                    subjects = list(node.args)
                else:
                    continue
                for subject in subjects:
                    if any(o.node is origin.node for o in self.from_fetches.origins(subject, place.file, place.frame)):
                        return True
        return False

    def may_throw(self, call: tree.Call, place: Place) -> bool:
        if isinstance(call.func, tree.Member) and last_name(call.func.obj) == "console":
            return False
        functions = [a for a in self.e.evaluate(call.func, place.file, place.frame) if isinstance(a, Func)]
        if functions:
            return any(isinstance(n, tree.Throw) for f in functions for n in tree.walk(f.node))
        return _CHECKERS.search(callee_name(call)) is not None


def _stores(origin: Origin) -> bool:
    """Whether what is stored is what was fetched: its body, its text, its data or one member of it."""
    if origin.how & {TEST, CALL, MIXED, COUNT, LIST} or len(origin.path) > 1:
        return False
    return not origin.path or origin.path[0] == "body" or (
        isinstance(origin.path[0], str) and origin.path[0] not in _ENVELOPE | _STATUS | _SUCCESS
    )


def _together(origin: Origin, context: Context) -> bool:
    read, write = origin.frame, context.frame
    return read is not None and write is not None and read.outermost is write.outermost


def _is_question(node: Node) -> bool:
    """Whether a variable holds an answer about a response, not the response or what it carries."""
    if isinstance(node, tree.Call):
        if isinstance(node.func, tree.Member):
            return node.func.name in ("includes", "has", "test", "some", "every")
        return isinstance(node.func, tree.Name) and not node.is_new
    return isinstance(node, tree.Unary | tree.Binary | tree.Member)


def _is_statement(call: tree.Call) -> bool:
    parent = call.parent
    while isinstance(parent, tree.Await):
        parent = parent.parent
    return isinstance(parent, tree.ExprStmt)
