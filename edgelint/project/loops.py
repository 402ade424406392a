"""Queries that run once for each item of a collection.

Every loop around a query is looked at, also those around the calls of a helper that holds one. A loop counts when it
goes over the items of something and the query takes its values from the item. Loops over chunks, pages, attempts,
queue messages, a few constants, and loops that end with the first answer do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from edgelint.project import known
from edgelint.project.atoms import Arr, Const, External, Func, Global, Plat, SafeText, Unknown, Value
from edgelint.project.guards import last_name
from edgelint.project.numbers import as_number
from edgelint.project.objects import array_pushes
from edgelint.project.scopes import Symbol
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.calls import BindingCall
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project

RUNS = ("first", "all", "run", "raw")
FEW = 12  # constants in a literal that a loop goes over: a number of queries that does not grow
_EACH = frozenset({"map", "forEach", "flatMap", "filter", "reduce", "some", "every", "find"})
_SLEEPS = frozenset({"sleep", "sleepUntil", "sleep_until", "waitForEvent", "wait_for_event"})
_TAKES = frozenset({"shift", "pop", "popleft"})
_CHUNK = re.compile(r"chunk|batch|partition|slice|page|window", re.IGNORECASE)
_ONCE = re.compile(r"migrat|seed|backfill", re.IGNORECASE)
_COLLECTIONS = frozenset({"map", "flatMap", "length", "join", "slice", "filter", "forEach"})
_ERRORS = frozenset({"success", "error", "ok", "meta"})
# What a loop may do with each item besides, so that one query more is the least of it.
_OTHER_WORK = frozenset(
    {
        "ai",
        "service",
        "send-email",
        "browser",
        "r2",
        "workflow",
        "queue",
        "do-stub",
        "vectorize",
        "images",
        "assets",
        "dispatch-namespace",
    }
)


class Repeated(NamedTuple):
    """``call`` in ``file`` runs ``query`` (itself, or what it calls does) for each round of ``loop``: a Loop, a
    Comprehension or a Call.
    """

    file: SourceFile
    call: tree.Call
    loop: Node
    query: BindingCall


def repeated_queries(project: Project) -> Iterator[Repeated]:
    """Every D1 query that runs once for each item, and every call of a helper that does no more than such a query."""
    finder = _Finder(project)
    sites = [(query.file, query.node, query) for query in project.calls("d1-statement", RUNS)]
    wrappers: dict[tree.Function, tuple[BindingCall, int]] = {}
    helpers: dict[tree.Function, BindingCall] = {}
    for query in project.calls("d1-statement", RUNS):
        wrapper = finder.wrapper(query)
        if wrapper is not None:
            wrappers.setdefault(wrapper[0], (query, wrapper[1]))
    for function, (query, position) in wrappers.items():
        for file, call, offset in finder.calls_of(function):
            if finder.says_text(call, position - offset, file):
                finder.given_texts[call] = call.args[position - offset]
                sites.append((file, call, query))
    for file, node, query in sites:
        loop = finder.loop_of(node, file, query)
        if loop is not None:
            yield Repeated(file, node, loop, query)
        helper = finder.helper(node, file, query) if loop is None else None
        if helper is not None:
            helpers.setdefault(helper, query)
    for function, query in helpers.items():
        for file, call, _ in finder.calls_of(function):
            loop = finder.loop_of(call, file, query)
            if loop is not None:
                yield Repeated(file, call, loop, query)


class _Finder:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.e = project.evaluator
        self._works: dict[Node, bool] = {}
        self.given_texts: dict[tree.Call, Node] = {}  # what calls of wrappers give as the text to run

    # -- around a query ----------------------------------------------------------------------------------------------

    def loop_of(self, node: tree.Call, file: SourceFile, query: BindingCall) -> Node | None:
        """The nearest loop around ``node`` that runs it once for each item."""
        if _ONCE.search(file.path) or self.is_setup(node):
            return None
        at: Node = node
        while at.parent is not None:
            parent = at.parent
            if isinstance(parent, tree.Loop) and at is not parent.iterable and at is not parent.init:
                if self.counts(parent, node, file, query):
                    return parent
            elif isinstance(parent, tree.Comprehension) and at is parent.element:
                if self.counts(parent, node, file, query):
                    return parent
            elif isinstance(parent, tree.Catch):
                return None  # what went wrong is looked into: not for each item
            elif isinstance(parent, tree.Function):
                call = parent.parent
                while isinstance(call, tree.Cast):
                    call = call.parent
                if not isinstance(call, tree.Call) or last_name(call.func) == "catch":
                    return None
                if call.func is not parent and last_name(call.func) in _EACH and self.counts(call, node, file, query):
                    return call
                at = call
                continue
            at = parent
        return None

    @staticmethod
    def is_setup(node: Node) -> bool:
        function = tree.enclosing_function(node)
        while function is not None:
            if _ONCE.search(function.name):
                return True
            function = tree.enclosing_function(function)
        return False

    def calls_of(self, function: tree.Function) -> Iterator[tuple[SourceFile, tree.Call, int]]:
        """The calls that are known to call ``function``, each with how many parameters come before its arguments."""
        for file, call, offset in self.e.parameters.callers(function):
            if any(isinstance(a, Func) and a.node is function for a in self.e.evaluate(call.func, file)):
                yield file, call, offset

    def helper(self, node: tree.Call, file: SourceFile, query: BindingCall) -> tree.Function | None:
        """The function around a query when it does little more than run it: a repository's method."""
        function = self.around(node)
        if function is None or function.body is None or self.works(function.body, file):
            return None
        if node is query.node and any(self.is_made_of_parameters(text, function, file) for text in self.texts(query)):
            return None  # the callers say what is run
        return function

    def wrapper(self, query: BindingCall) -> tuple[tree.Function, int] | None:
        """The function around a query that is given the text of what it runs, and which parameter that is."""
        function, texts = self.around(query.node), self.texts(query)
        text = texts[0] if len(texts) == 1 else None
        if function is None or not isinstance(text, tree.Name) or self.works(function, query.file):
            return None
        symbol = query.file.index.resolve(text)
        for position, param in enumerate(function.params):
            if isinstance(param, tree.Param) and isinstance(param.target, tree.Name) and not param.rest:
                if symbol is not None and any(d.node is param for d in symbol.defs):
                    return function, position
        return None

    def says_text(self, call: tree.Call, position: int, file: SourceFile) -> bool:
        """Whether ``call`` gives a wrapper a constant text."""
        if not 0 <= position < len(call.args):
            return False
        value = self.e.evaluate(call.args[position], file)
        return bool(value) and all(isinstance(a, Const | SafeText) for a in value)

    @staticmethod
    def around(node: tree.Call) -> tree.Function | None:
        """The function around ``node`` that has a name to be called by, callbacks left out."""
        function = tree.enclosing_function(node)
        while function is not None and isinstance(function.parent, tree.Call):
            function = tree.enclosing_function(function)
        return function

    def is_made_of_parameters(self, text: Node, function: tree.Function, file: SourceFile) -> bool:
        targets = [p.target for p in function.params if isinstance(p, tree.Param)]
        assert function.body is not None
        return self.depends(text, function, self.symbols(targets, function.body, file), file)

    # -- which loops count -------------------------------------------------------------------------------------------

    def counts(self, loop: Node, call: tree.Call, file: SourceFile, query: BindingCall) -> bool:
        items = self.items(loop, file)
        if not items or self.is_chunked(loop, items, file):
            return False
        if call is not query.node and self.depends(call.func, loop, items, file):
            return False  # the item itself is what is called
        given = [call, *self.statement(query, file)] if call is query.node else [call]
        if not any(self.depends(node, loop, items, file) for node in given):
            return False
        given_text = self.given_texts.get(call)
        texts = self.texts(query) if call is query.node else [given_text] if given_text is not None else []
        if any(self.depends(text, loop, items, file) for text in texts):
            return False  # a statement of its own for each item
        if self.is_carried(given, loop, call, file):
            return False
        return not self.ends_early(loop, call, file) and not self.works(loop, file)

    def is_carried(self, given: Sequence[Node], loop: Node, call: tree.Call, file: SourceFile) -> bool:
        """Whether each query needs what the one before it gave: a path that is walked down, a chain of parents."""
        result = _result(call, file)
        for name in (n for node in given for n in tree.walk(node) if isinstance(n, tree.Name)) if result else ():
            symbol = file.index.resolve(name)
            if symbol is None or symbol in result or not any(d.at.start < loop.start for d in symbol.defs):
                continue
            for d in symbol.defs:
                inside = loop.start <= d.at.start < loop.end
                if d.node is not None and inside and self.depends(d.node, loop, result, file):
                    return True
        return False

    def items(self, loop: Node, file: SourceFile) -> list[Symbol]:
        """The variables that hold the item of a loop over a collection; none for a loop that is no such loop."""
        if isinstance(loop, tree.Comprehension):
            return [s for clause in loop.clauses if isinstance(clause, tree.Loop) for s in self.items(clause, file)]
        if isinstance(loop, tree.Call):
            function = loop.args[0] if loop.args else None
            over = loop.func.obj if isinstance(loop.func, tree.Member) else None
            if not isinstance(function, tree.Function) or over is None or self.is_fixed(over, file):
                return []
            return self.symbols(
                [p.target for p in function.params if isinstance(p, tree.Param)], function.body or function, file
            )
        assert isinstance(loop, tree.Loop)
        if loop.kind in ("of", "in") and loop.iterable is not None and loop.target is not None:
            if loop.is_async or self.is_fixed(loop.iterable, file):
                return []
            return self.symbols([loop.target], loop.body, file)
        if loop.kind == "for" and isinstance(loop.init, tree.Assign | tree.Block):
            return [] if self.ends_soon(loop.test, file) else self.symbols([loop.init], loop.body, file)
        return self.taken(loop, file)

    @staticmethod
    def symbols(targets: list[Node], body: Node, file: SourceFile) -> list[Symbol]:
        found = []
        for target in targets:
            for node in tree.walk(target):
                if isinstance(node, tree.Name):
                    symbol = file.index.resolve(node) or file.index.scope_of(body).lookup(node.id)
                    if symbol is not None and symbol not in found:
                        found.append(symbol)
        return found

    def taken(self, loop: tree.Loop, file: SourceFile) -> list[Symbol]:
        """``while (queue.length) { const item = queue.shift(); ... }``: the variables that items are taken into."""
        if loop.test is None:
            return []
        tested = {n.id for n in tree.walk(loop.test) if isinstance(n, tree.Name)}
        found = []
        for node in tree.walk_function(loop.body):
            value = node.value if isinstance(node, tree.Assign) else None
            if isinstance(value, tree.Call) and isinstance(value.func, tree.Member) and value.func.name in _TAKES:
                if (
                    isinstance(value.func.obj, tree.Name)
                    and value.func.obj.id in tested
                    and isinstance(node, tree.Assign)
                ):
                    found += self.symbols([node.target], loop.body, file)
        return found

    def is_fixed(self, over: Node, file: SourceFile) -> bool:
        """Whether it goes over a few constants, over the messages of a queue, or over what is made to be gone over in
        pieces.
        """
        if isinstance(over, tree.Call):
            if isinstance(over.func, tree.Member) and over.func.name == "slice":
                return self.is_few(over, file) or self.is_fixed(over.func.obj, file)
            if _CHUNK.search(last_name(over.func)):
                return True
            if last_name(over.func) == "range" and len(over.args) == 3:
                return True
            if last_name(over.func) in ("enumerate", "list", "reversed", "entries", "keys", "values") and over.args:
                return self.is_fixed(over.args[0], file)
        value = self.e.evaluate(over, file)
        if any(isinstance(a, Plat) and a.type in ("queue-messages", "queue-batch", "queue-message") for a in value):
            return True
        return bool(value) and all(
            isinstance(a, Arr) and len(a.node.items) <= FEW and not array_pushes(a.node, a.file)
            and not any(isinstance(i, tree.Spread) for i in a.node.items)
            for a in value
        )

    def ends_soon(self, test: Node | None, file: SourceFile) -> bool:
        """Whether ``i < xs.length`` or ``i < 5`` ends a loop with a few constants, or after a few rounds."""
        end = test.right if isinstance(test, tree.Binary) and test.op in ("<", "<=") else None
        if isinstance(end, tree.Member) and end.name == "length":
            return self.is_fixed(end.obj, file)
        rounds = None if end is None else as_number(self.e.evaluate(end, file))
        return rounds is not None and rounds.upper is not None and rounds.upper <= FEW

    def is_few(self, cut: tree.Call, file: SourceFile) -> bool:
        """Whether ``xs.slice(0, 5)`` cuts out a few items only."""
        bounds = [as_number(self.e.evaluate(arg, file)) for arg in cut.args]
        if len(bounds) != 2 or bounds[0] is None or bounds[1] is None:
            return False
        return bounds[0].lower == bounds[0].upper == 0 and bounds[1].upper is not None and bounds[1].upper <= FEW

    def is_chunked(self, loop: Node, items: list[Symbol], file: SourceFile) -> bool:
        """Whether an item is a list itself, or the loop steps over several items at once."""
        if isinstance(loop, tree.Loop) and loop.kind == "for":
            step = loop.update
            if isinstance(step, tree.Assign) and not (isinstance(step.value, tree.Literal) and step.value.value == 1):
                return True
            for node in tree.walk(loop.body):
                if isinstance(node, tree.Call) and last_name(node.func) in ("slice", "subarray", "substring"):
                    if any(self.depends(arg, loop, items, file) for arg in node.args):
                        return True
        for symbol in items:
            for use in file.index.uses(symbol):
                parent = use.parent
                if not loop.start <= use.start < loop.end:
                    continue
                if isinstance(parent, tree.Spread) and isinstance(parent.parent, tree.Call):
                    return True
                if (
                    isinstance(parent, tree.Member)
                    and parent.obj is use
                    and parent.name in _COLLECTIONS
                    and _CHUNK.search(symbol.name)
                ):
                    return True
                if (
                    isinstance(parent, tree.Member)
                    and parent.obj is use
                    and parent.name in ("map", "flatMap", "forEach")
                ):
                    return True
        return False

    # -- what a query is made of -------------------------------------------------------------------------------------

    def statement(self, query: BindingCall, file: SourceFile) -> list[Node]:
        """The calls that made the statement which ``query`` runs."""
        value = self.e.evaluate(query.receiver, file)
        return [atom.origin for atom in value if isinstance(atom, Plat) and atom.origin is not None]

    def texts(self, query: BindingCall) -> list[Node]:
        return [
            made.args[0] for made in self.statement(query, query.file)
            if isinstance(made, tree.Call) and made.args and self.e.parameters.file_of(made) is query.file
        ]

    def depends(
        self, node: Node, loop: Node, items: list[Symbol], file: SourceFile, depth: int = 0,
        seen: set[Node] | None = None,
    ) -> bool:
        """Whether ``node`` is made of an item, through variables that the loop sets. ``seen``: what was looked at."""
        seen = set() if seen is None else seen
        if node in seen:
            return False
        seen.add(node)
        for name in tree.walk(node):
            if not isinstance(name, tree.Name):
                continue
            symbol = file.index.resolve(name)
            if symbol is None:
                continue
            if symbol in items:
                return True
            if depth > 5:
                continue
            for d in symbol.defs:
                if (
                    d.node is not None
                    and d.kind in ("value", "element", "augment")
                    and loop.start <= d.at.start < loop.end
                ):
                    inside = d.at.start <= node.start < d.at.end
                    if not inside and self.depends(d.node, loop, items, file, depth + 1, seen):
                        return True
        return False

    # -- loops that are not what they seem ---------------------------------------------------------------------------

    def ends_early(self, loop: Node, call: tree.Call, file: SourceFile) -> bool:
        """Whether the answer to the query ends the loop: a search, an attempt."""
        if not isinstance(loop, tree.Loop):
            return False
        result = _result(call, file)
        for node in tree.walk_function(loop.body):
            leaves = isinstance(node, tree.Return) or (isinstance(node, tree.Jump) and node.kind == "break")
            if not leaves or node.end <= call.start or (isinstance(node, tree.Jump) and _inner_loop(node, loop)):
                continue
            verdict = _answered(node, loop, result, file)
            if verdict is True or (verdict is None and not _is_conditional(node, loop)):
                return True
        return False

    def works(self, node: Node, file: SourceFile) -> bool:
        """Whether ``node`` also waits for what is no database: a fetch, a model, a mail, here or in what it calls."""
        found = self._works.get(node)
        if found is None:
            self._works[node] = False  # while it is looked for
            found = self._works[node] = self.looks_for_work(node, file)
        return found

    def waits_for_time(self, call: tree.Call, file: SourceFile) -> bool:
        """Whether ``call`` lets a workflow sleep, or wait for an event."""
        func = call.func
        return isinstance(func, tree.Member) and func.name in _SLEEPS and any(
            isinstance(a, Plat) and a.type == "workflow-step" for a in self.e.evaluate(func.obj, file)
        )

    def looks_for_work(self, node: Node, file: SourceFile) -> bool:
        calls = {id(c.node): c.kind in _OTHER_WORK for c in self.project.calls_in(file)}
        handlers = [n for n in tree.walk(node) if isinstance(n, tree.Catch)]  # a failure that is reported is no work
        for inner in tree.walk(node):
            if not isinstance(inner, tree.Call) or any(h.start <= inner.start < h.end for h in handlers):
                continue
            known_call = calls.get(id(inner))
            if known_call:
                return True
            if self.waits_for_time(inner, file):
                return True
            called = self.e.evaluate(inner.func, file)
            if known_call is None and isinstance(inner.parent, tree.Await) and _is_anything(called):
                func = inner.func
                if not isinstance(func, tree.Member) or _is_anything(self.e.evaluate(func.obj, file)):
                    return True  # it waits for something else, whatever that is
            for atom in called:
                if isinstance(atom, Global) and atom.path in ("fetch", "scheduler.wait"):
                    return True
                if isinstance(atom, External) and (
                    atom.module in known.HTTP_CLIENTS or f"{atom.module}.{atom.path}" in known.FETCHES
                ):
                    return True
                if isinstance(atom, Func) and atom.node.body is not None and self.works(atom.node.body, atom.file):
                    return True
        return False


def _is_anything(value: Value) -> bool:
    return all(isinstance(a, Unknown) and a.reason in ("param", "other") for a in value)


def _result(call: tree.Call, file: SourceFile) -> list[Symbol]:
    """The variables that take the answer of ``call``."""
    at: Node = call
    while isinstance(at.parent, tree.Await | tree.Cast | tree.Member):
        at = at.parent
    if not isinstance(at.parent, tree.Assign):
        return []
    found = []
    for node in tree.walk(at.parent.target):
        symbol = file.index.resolve(node) if isinstance(node, tree.Name) else None
        if symbol is not None:
            found.append(symbol)
    return found


def _answered(node: Node, loop: tree.Loop, result: list[Symbol], file: SourceFile) -> bool | None:
    """Whether ``node`` leaves because of what the query gave (True), or of its failure (False); None: no test of the
    answer.
    """
    at = node
    while at.parent is not None and at.parent is not loop:
        parent = at.parent
        if isinstance(parent, tree.Catch):
            return False
        if isinstance(parent, tree.If) and at is not parent.test:
            names = [n for n in tree.walk(parent.test) if isinstance(n, tree.Name) and file.index.resolve(n) in result]
            if names:
                if any(isinstance(n.parent, tree.Member) and n.parent.name in _ERRORS for n in names):
                    return False
                negative = isinstance(parent.test, tree.Unary) and parent.test.op == "!"
                return not (negative and at is parent.then and loop.kind in ("of", "in"))
            return False
        at = parent
    return None


def _is_conditional(node: Node, loop: tree.Loop) -> bool:
    at = node
    while at.parent is not None and at.parent is not loop:
        if isinstance(at.parent, tree.If | tree.Switch | tree.Catch | tree.Conditional):
            return True
        at = at.parent
    return False


def _inner_loop(node: Node, loop: tree.Loop) -> bool:
    """Whether a ``break`` belongs to a loop or switch inside ``loop``."""
    for parent in tree.ancestors(node):
        if parent is loop:
            return False
        if isinstance(parent, tree.Loop | tree.Switch):
            return True
    return False
