"""Flows through KV: a value that is read under a key, changed, and written back under the same key.

KV has no transactions. Between the read and the write another request may do the same, and a read may be up to a minute
old: one of the two changes is lost. ``KvFlows.pairs`` finds such flows inside a function, through helpers, wrappers and
fields, and says whether the value is a count that something is refused by.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.diagnostics import Span
from edgelint.project.call_contexts import Context, contexts, functions_around
from edgelint.project.calls import BindingCall
from edgelint.project.derivation import Derivation, Origin, Place
from edgelint.project.flow import leaves
from edgelint.project.identity import Identities, callee_name, reads_clock
from edgelint.project.made_of import CALL, COMPARISONS, COUNT, LIST, MERGE, MIXED, TEST, TEXT, Path
from edgelint.project.mutations import Mutation, mutations
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.frames import Frame
    from edgelint.project.project import Project

READS = frozenset({"get", "getWithMetadata", "get_with_metadata"})
_ORDERINGS = frozenset({"<", ">", "<=", ">=", "===", "=="})
_LIMITER = re.compile(r"rate_?limit|limiter|throttl|too_?many", re.IGNORECASE)
_VERDICTS = ("allow", "limit", "success", "ok", "block", "exceed", "permit", "den", "over", "valid", "reject", "refus")


class Pair(NamedTuple):
    """A read and a write of one key, with the written value made from the one that was read.

    ``seen`` and ``site`` are the read and the write as the flow sees them: the calls themselves, or the calls of the
    helpers that hold them. ``limit`` is the comparison by which something is refused, None when there is none;
    ``named``: the code calls itself a limiter and gives the count to whoever asks.
    """

    read: BindingCall
    write: BindingCall
    seen: Node
    context: Context
    limit: Place | None
    named: bool = False

    @property
    def is_limiter(self) -> bool:
        """Whether what is counted here is there to refuse something."""
        return self.limit is not None or self.named

    @property
    def site(self) -> Place:
        return self.context.site

    @property
    def span(self) -> Span:
        """What is called to write: ``this.kv.put``, or the helper."""
        node = self.site.node
        return self.site.file.span(node.func if isinstance(node, tree.Call) else node)

    @property
    def functions(self) -> set[tree.Function]:
        """The functions that the write and what leads to it stand in."""
        return {function for place in self.context.chain for function in functions_around(place.node)}


class _Change(NamedTuple):
    """How a value was changed between its read and its write. ``paths``: of the members that were counted."""

    counted: bool
    paths: frozenset[Path]


class KvFlows:
    """The read-and-write flows of a project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.e = project.evaluator
        self.identities = Identities(self.e)
        self.from_reads = Derivation(self.e, self.is_read)
        self.from_clock = Derivation(self.e, lambda node, file: isinstance(node, tree.Call) and reads_clock(node, file))
        self.from_tests = Derivation(
            self.e, lambda node, file: isinstance(node, tree.Binary) and node.op in COMPARISONS
        )
        self._reads: dict[str, dict[Node, BindingCall]] = {}
        self._pairs: list[Pair] | None = None
        self._mutations: dict[Node, list[Mutation]] = {}

    # -- reads and writes --------------------------------------------------------------------------------------------

    def reads_in(self, file: SourceFile) -> dict[Node, BindingCall]:
        """The reads of KV in ``file`` by their node."""
        found = self._reads.get(file.path)
        if found is None:
            calls = self.project.calls_in(file)
            found = self._reads[file.path] = {c.node: c for c in calls if c.kind == "kv" and c.verb in READS}
        return found

    def is_read(self, node: Node, file: SourceFile) -> bool:
        return isinstance(node, tree.Call) and node in self.reads_in(file)

    def writes(self) -> Iterator[BindingCall]:
        """Every put to KV in the project, one for each call."""
        seen: set[Node] = set()
        for file in self.project.files.values():
            for call in self.project.calls_in(file):
                if call.kind == "kv" and call.verb == "put" and call.node not in seen:
                    seen.add(call.node)
                    yield call

    def same_key(self, read: BindingCall, read_frame: Frame | None, write: BindingCall, frame: Frame | None) -> bool:
        """Whether a read and a write, each in its call context, are of one key of one store."""
        keys = read.arg(0), write.arg(0)
        if keys[0] is None or keys[1] is None:
            return False
        key = self.identities.of(keys[0], read.file, read_frame)
        if key is None or key != self.identities.of(keys[1], write.file, frame):
            return False
        store = self.identities.store(read.receiver, read.file, read_frame)
        return store is not None and store == self.identities.store(write.receiver, write.file, frame)

    def is_timely(self, node: Node, file: SourceFile, frame: Frame | None) -> bool:
        """Whether the current time is part of the value of ``node``."""
        if any(isinstance(n, tree.Name) and n.id in ("now", "nowMs", "now_ms") for n in tree.walk(node)):
            return True
        return any(TEST not in origin.how for origin in self.from_clock.origins(node, file, frame))

    # -- pairs -------------------------------------------------------------------------------------------------------

    def pairs(self) -> list[Pair]:
        """Every flow, one for each read: the write that counts before the others."""
        if self._pairs is None:
            best: dict[tuple[Node, Node | None], Pair] = {}
            for write in self.writes():
                for pair in self.pairs_of(write):
                    key = (pair.seen, next(functions_around(pair.site.node), None))
                    kept = best.get(key)
                    if kept is None or (pair.is_limiter and not kept.is_limiter):
                        best[key] = pair
            self._pairs = list(best.values())
        return self._pairs

    def pairs_of(self, write: BindingCall) -> Iterator[Pair]:
        """The flows that end in ``write``, each where both its ends are first seen together."""
        level: int | None = None
        for context in contexts(write.node, write.file, self.e):
            if level is not None and context.level > level:
                return
            if is_serialised(context) or self.is_scheduled(context):
                continue
            for read, origins in self.read_by(write, context).items():
                change = self.change(origins, write, context)
                if change is not None:
                    level = context.level
                    limit = self.limit(write, context, change) if change.counted else None
                    named = change.counted and limit is None and self.is_named(write, context)
                    yield Pair(read, write, seen_at(origins[0]), context, limit, named)

    def read_by(self, write: BindingCall, context: Context) -> dict[BindingCall, list[Origin]]:
        """The reads of the same key that the written value comes from, but for those inside the very same helper."""
        found: dict[BindingCall, list[Origin]] = {}
        for node in stored(write):
            for origin in self.from_reads.origins(node, write.file, context.frame):
                read = self.reads_in(origin.file)[origin.node]
                if TEST in origin.how or _together(origin.frame, context.frame):
                    continue
                if self.same_key(read, origin.frame, write, context.frame):
                    found.setdefault(read, []).append(origin)
        return found

    def change(self, origins: list[Origin], write: BindingCall, context: Context) -> _Change | None:
        """What was done to the value between the read and the write; None when it is written back as it was."""
        changed = counted = False
        paths: set[Path] = set()
        for origin in origins:
            if origin.how & {COUNT, TEXT, MERGE, LIST} or (MIXED in origin.how and not origin.path):
                changed = True
            if COUNT in origin.how:
                counted = True
                paths.add(origin.path)
            for mutation, reached in self.mutated(origin, context):
                kind, path = self.mutation_kind(mutation, reached)
                changed = True
                if kind == COUNT:
                    counted = True
                    paths.add(path)
        if changed and not counted:
            # a list of moments: every one is a count
            stamped = [o for o in origins if o.how & {MERGE, LIST, TEXT}]
            for node in stored(write) if stamped else ():
                if self.is_timely(node, write.file, context.frame):
                    counted = True
                    paths.update(o.path for o in stamped)
        return _Change(counted, frozenset(paths)) if changed else None

    # -- changes in place --------------------------------------------------------------------------------------------

    def mutated(self, origin: Origin, context: Context) -> Iterator[tuple[Mutation, Origin]]:
        """The changes made in place, between the read and the write, to the object that ``origin`` is about."""
        if origin.how & {TEXT, CALL}:
            return
        for scope in self.scopes((*context.chain, *origin.hops)):
            if scope.node not in self._mutations:
                self._mutations[scope.node] = mutations(scope.node)
            for mutation in self._mutations[scope.node]:
                if _comes_late(mutation.node, context.chain):
                    continue
                for reached in self.from_reads.origins(mutation.target, scope.file, scope.frame):
                    if reached.node is origin.node and reached.frame is origin.frame and reached.how <= origin.how:
                        if _prefix(reached.path, origin.path):
                            yield mutation, reached
                            break

    def mutation_kind(self, mutation: Mutation, reached: Origin) -> tuple[str, Path]:
        """COUNT, or MERGE for any other change; and the member that is counted."""
        path = (*reached.path, mutation.name) if isinstance(mutation.node, tree.Assign) else reached.path
        file = reached.file
        if mutation.op in ("+=", "-="):
            glued = mutation.op == "+=" and any(isinstance(a, tree.Template) or _is_string(a) for a in mutation.args)
            return (MERGE if glued else COUNT), path
        for arg in mutation.args:
            where = self.file_of(mutation.node) or file
            if mutation.op == "=":
                for origin in self.from_reads.origins(arg, where, None):
                    if COUNT in origin.how:
                        return COUNT, path
            elif self.is_timely(arg, where, None):
                return COUNT, reached.path
        return MERGE, path

    def file_of(self, node: Node) -> SourceFile | None:
        return self.e.parameters.file_of(node)

    def scopes(self, places: Iterable[Place]) -> list[Place]:
        """The outermost functions that ``places`` stand in; the class, for a field."""
        found: dict[tuple[Node, int], Place] = {}
        for place in places:
            around = list(functions_around(place.node))
            if isinstance(place.node, tree.Member):
                owner = tree.enclosing_class(place.node)
                if owner is not None:
                    found.setdefault((owner, 0), Place(owner, place.file, None))
            if around:
                found.setdefault((around[-1], id(place.frame)), Place(around[-1], place.file, place.frame))
        return list(found.values())

    # -- limits ------------------------------------------------------------------------------------------------------

    def limit(self, write: BindingCall, at: Context, change: _Change) -> Place | None:
        """The comparison of what is counted by which something is refused: in the flow, or in what calls it."""
        for context in contexts(write.node, write.file, self.e):
            inside = context.level <= at.level
            if inside and context.chain != at.chain:
                continue
            if context.level > at.level + 2:
                return None
            for scope in self.scopes(context.chain):
                for test in _tests(scope.node):
                    for found in self.from_tests.origins(test, scope.file, scope.frame):
                        if self.counts(found, write, context, change) and _refuses(test, found, context):
                            return found.place
        return None

    def is_named(self, write: BindingCall, context: Context) -> bool:
        """Whether the code around a count is called a limiter, and gives the new count back."""
        place = context.site
        around = list(functions_around(place.node))
        owner = tree.enclosing_class(place.node)
        names = [owner.name if owner is not None else "", *(_named(function) for function in around)]
        if not around or not any(_LIMITER.search(name) for name in names):
            return False
        for node in tree.walk_function(around[0]):
            if isinstance(node, tree.Return) and node.value is not None:
                for origin in self.from_reads.origins(node.value, place.file, place.frame):
                    read = self.reads_in(origin.file)[origin.node]
                    if COUNT in origin.how and self.same_key(read, origin.frame, write, context.frame):
                        return True
        return False

    def counts(self, found: Origin, write: BindingCall, context: Context, change: _Change) -> bool:
        """Whether a comparison is of what ``write`` counts with something that is neither that nor a moment."""
        node = found.node
        if not isinstance(node, tree.Binary) or node.op not in _ORDERINGS:
            return False
        sides = (node.left, node.right)
        counted = [self.is_counted(side, found, write, context, change) for side in sides]
        if counted.count(True) != 1 or any(self.is_timely(side, found.file, found.frame) for side in sides):
            return False
        other = sides[counted.index(False)]
        empty = isinstance(other, tree.Literal) and other.kind in ("null", "string")
        return node.op not in ("===", "==") or not empty

    def is_counted(self, side: Node, at: Origin, write: BindingCall, context: Context, change: _Change) -> bool:
        for origin in self.from_reads.origins(side, at.file, at.frame):
            path = origin.path[:-1] if origin.path[-1:] == ("length",) else origin.path
            if TEST in origin.how or (change.paths and path not in change.paths):
                continue
            read = self.reads_in(origin.file)[origin.node]
            if self.same_key(read, origin.frame, write, context.frame):
                return True
        return False

    # -- who runs it -------------------------------------------------------------------------------------------------

    def is_scheduled(self, context: Context) -> bool:
        """Whether only a cron trigger runs the flow: one run at a time, far apart."""
        return self._scheduled(context.site.node, 0)

    def _scheduled(self, node: Node, depth: int) -> bool:
        around = list(functions_around(node))
        if any(_named(function) in ("scheduled", "on_scheduled") for function in around):
            return True
        if depth > 4:
            return False
        calls = [call for function in around for _, call, _ in self.e.parameters.callers(function)]
        return bool(calls) and all(self._scheduled(call, depth + 1) for call in calls)


def seen_at(origin: Origin) -> Node:
    """A read as the flow sees it: the call of the outermost helper that holds it, or the read itself."""
    call = origin.frame.outermost.call if origin.frame is not None else None
    return call or origin.node


def stored(write: BindingCall) -> list[Node]:
    """What a put stores: the value, and the metadata beside it."""
    value = write.arg(1)
    found = [] if value is None else [value]
    options = write.arg(2)
    if isinstance(options, tree.Object):
        found += [p.value for p in options.props if isinstance(p, tree.Property) and p.key == "metadata"]
    return found + [k.value for k in write.node.args if isinstance(k, tree.Keyword) and k.name == "metadata"]


def is_serialised(context: Context) -> bool:
    """Whether the flow runs inside ``blockConcurrencyWhile``: nothing comes between."""
    return any(
        isinstance(parent, tree.Call) and callee_name(parent) in ("blockConcurrencyWhile", "block_concurrency_while")
        for place in context.chain for parent in tree.ancestors(place.node)
    )


def _together(read: Frame | None, write: Frame | None) -> bool:
    """Whether both ends lie inside one and the same call that is looked into."""
    return read is not None and write is not None and read.outermost is write.outermost


def _comes_late(node: Node, chain: tuple[Place, ...]) -> bool:
    """Whether ``node`` stands after the write in the same function, with no loop that brings it before the next one."""
    for place in chain:
        at = place.node
        if node.start <= at.start or not _share_function(node, at):
            continue
        if not any(isinstance(p, tree.Loop) and p.start <= at.start < p.end for p in tree.ancestors(node)):
            return True
    return False


def _share_function(a: Node, b: Node) -> bool:
    outer_a, outer_b = list(functions_around(a)), list(functions_around(b))
    return bool(outer_a) and bool(outer_b) and outer_a[-1] is outer_b[-1]


def _prefix(a: Path, b: Path) -> bool:
    return all(x == y or x is None or y is None for x, y in zip(a, b, strict=False))


def _named(function: tree.Function) -> str:
    if function.name:
        return function.name
    parent = function.parent
    return parent.key or "" if isinstance(parent, tree.Property) else ""


def _is_string(node: Node) -> bool:
    return isinstance(node, tree.Literal) and node.kind == "string"


# -- refusals --------------------------------------------------------------------------------------------------------


def _tests(scope: Node) -> Iterator[Node]:
    """The expressions of a function that decide something: tests, and what is returned."""
    for node in tree.walk(scope):
        if isinstance(node, tree.If | tree.Conditional):
            yield node.test
        elif isinstance(node, tree.Return) and node.value is not None:
            yield node.value
        elif isinstance(node, tree.Function) and node.body is not None and not isinstance(node.body, tree.Block):
            yield node.body


def _refuses(test: Node, found: Origin, context: Context) -> bool:
    """Whether going one way at ``test`` turns something away: it leaves before the write, fails, or says no."""
    parent = test.parent
    if isinstance(parent, tree.If):
        branches = [branch for branch in (parent.then, parent.other) if branch is not None]
        for place in context.chain:
            if any(branch.start <= place.node.start < branch.end for branch in branches):
                return True
            if _share_function(place.node, parent) and parent.start < place.node.start:
                if any(leaves(branch) for branch in branches):
                    return True
        return any(leaves(branch) and is_refusal(branch) for branch in branches)
    if isinstance(parent, tree.Conditional):
        return is_refusal(parent.then) or is_refusal(parent.other)
    return any(_is_verdict(node, test) for node in (found.node, *(hop.node for hop in found.hops)))


def _is_verdict(node: Node, returned: Node) -> bool:
    """Whether ``node``, a part of what is returned, stands there as the answer to "may it?"."""
    at: Node | None = node
    while at is not None and at is not returned:
        parent = at.parent
        if isinstance(parent, tree.Property):
            return any(word in (parent.key or "").lower() for word in _VERDICTS)
        if not isinstance(parent, tree.Unary | tree.Binary | tree.Cast | tree.Await):
            return False
        at = parent
    return at is returned


def is_refusal(block: Node) -> bool:
    """Whether a branch turns something away: it throws, answers with a status over 399, returns false or nothing."""
    for node in tree.walk(block):
        if isinstance(node, tree.Throw):
            return True
        if isinstance(node, tree.Literal):
            if node.kind == "number" and isinstance(node.value, int) and 400 <= node.value < 600:
                return True
            if node.kind == "boolean" and node.value is False:
                return True
        if isinstance(node, tree.Return) and (
            node.value is None or (isinstance(node.value, tree.Literal) and node.value.kind in ("null", "boolean"))
        ):
            return True
        if isinstance(node, tree.Property) and (node.key or "").lower() in ("error", "errors", "retryafter", "limited"):
            return True
    return False



