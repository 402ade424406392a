"""Shared caches in front of answers that depend on who asks.

A key made of the URL alone is the same for everyone. When the answer behind it is made from the caller's credentials,
or was guarded by them, the first one's answer is what the next one gets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.diagnostics import Span
from edgelint.patterns import later
from edgelint.project.atoms import Const, Func, Plat, SafeText, Taint
from edgelint.project.call_contexts import functions_around
from edgelint.project.calls import BindingCall
from edgelint.project.derivation import Place
from edgelint.project.flow import conditions, leaves
from edgelint.project.identity import callee_name
from edgelint.project.kvclaims import KvClaims
from edgelint.project.reaching import reaching
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.caching import Caches
    from edgelint.project.files import SourceFile

_HEADERS = frozenset({
    "authorization", "cookie", "x-api-key", "x-auth-token", "x-access-token", "x-session-id", "x-session-token",
    "x-user-id", "cf-access-jwt-assertion", "cf-access-authenticated-user-email", "api-key", "apikey", "x-token",
    "proxy-authorization",
})
_ANSWER_HEADERS = frozenset({"cache-control", "set-cookie", "vary", "cdn-cache-control"})
_COOKIES = frozenset({"getCookie", "getSignedCookie", "get_cookie"})
_WHO = later(
    r"^(?:(?:current|auth|authenticated|session|logged_?in)_?)?"
    r"(?:user|session|account|auth|identity|viewer|principal|claims)(?:_?(?:id|data|info|context|email))?$"
    r"|^(?:jwt_?)?payload$|^me$",
    re.IGNORECASE,
)
_LOGIN = later(
    r"^(?:verify|check|require|get|load|resolve|read|validate|decode|parse|fetch|current)?_?(?:current|auth\w*|my)?_?"
    r"(?:user|session|jwt|token|auth|identity|claims|account)(?:_?from)?_?"
    r"(?:request|req|cookie|cookies|header|headers|context)?s?$"
    r"|^authenticate$|^authorize$",
    re.IGNORECASE,
)
_LOGGED_IN = later(r"logged|auth|session|user|account", re.IGNORECASE)  # a helper that tells whether someone is
_URL_MEMBERS = frozenset({
    "url", "pathname", "search", "href", "origin", "host", "hostname", "searchParams", "path", "params",
    "protocol", "hash",
    "query", "netloc", "scheme",  # of Python's urlparse()
})
_URL_TYPES = frozenset({"request", "url", "hono-request", "search-params"})
_REWRITING = frozenset({
    "URL", "Request", "String", "encodeURIComponent", "sha256", "hash", "digest", "md5", "encode", "btoa", "str",
    "quote", "urlparse", "urlsplit", "unquote",
})
_DEPTH = 8


class Shared(NamedTuple):
    """A cache whose key does not say who asked.

    ``put`` stores the answer, ``lookup`` gives it to the next. ``who`` is where the caller's credentials are read; None
    for a wrapper around a handler that it knows nothing of.
    """

    put: BindingCall
    lookup: BindingCall
    who: Place | None

    @property
    def span(self) -> Span:
        return self.put.callee_span


class SharedCaches:
    """The shared caches of a project."""

    def __init__(self, caches: Caches, claims: KvClaims) -> None:
        self.project = caches.project
        self.e = caches.e
        self.caches = caches
        self.flows = claims.flows
        self.claims = claims
        self._auth: bool | None = None

    def found(self) -> Iterator[Shared]:
        """Every put under a key that is made of the URL alone, of an answer that depends on who asks."""
        for put in self.caches.puts():
            key, value = put.arg(0), put.arg(1)
            lookup = self.lookup(put) if key is not None and value is not None else None
            if (
                lookup is None
                or key is None
                or value is None
                or not self.is_url_only(key, put.file)
                or self.is_anonymous(put)
            ):
                continue
            who = self.who(value, put.file, 0) or self.gate(put, lookup)
            if who is not None:
                yield Shared(put, lookup, who)
            elif self.wraps(put, value) and not self.bypasses(put):
                yield Shared(put, lookup, None)

    def lookup(self, put: BindingCall) -> BindingCall | None:
        """The read of the same key, in the same function, whose find is the answer."""
        around = list(functions_around(put.node))
        for call in self.project.calls_in(put.file):
            if call.kind != put.kind or call.verb not in ("get", "match", "getWithMetadata") or not around:
                continue
            if call.node.start < put.node.start and around[-1] in functions_around(call.node):
                if _elsewhere(call.node, put.node) or not self.flows.same_key(call, None, put, None):
                    continue
                if not self.claims.only_tested(call.node, call.file, 0):
                    return call
        return None

    # -- the key -----------------------------------------------------------------------------------------------------

    def is_url_only(self, key: Node, file: SourceFile) -> bool:
        """Whether a key is made of the URL (or the request itself), the method and constants, and of nothing else."""
        parts = self.ingredients(key, file, 0)
        return "url" in parts and "other" not in parts

    def ingredients(self, node: Node, file: SourceFile, depth: int) -> set[str]:
        """What a key is made of: "url", "constant", "other"."""
        while isinstance(node, tree.Await | tree.Cast):
            node = node.value
        if depth > _DEPTH:
            return {"other"}
        depth += 1
        value = self.e.evaluate(node, file)
        if value and all(isinstance(a, Const) or (isinstance(a, SafeText) and a.what == "method") for a in value):
            return {"constant"}
        if any(isinstance(a, Plat) and a.type in _URL_TYPES for a in value):
            return {"url"}
        if isinstance(node, tree.Name):
            return self.named(node, file, depth)
        if isinstance(node, tree.Template | tree.Binary):
            parts = node.parts if isinstance(node, tree.Template) else [node.left, node.right]
            return set().union(*(self.ingredients(part, file, depth) for part in parts))
        if isinstance(node, tree.Member):
            if node.name in _URL_MEMBERS and self.ingredients(node.obj, file, depth) <= {"url", "constant"}:
                return {"url"}
            return {"other"}
        if isinstance(node, tree.Call):
            return self.called(node, file, depth)
        return {"constant"} if isinstance(node, tree.Literal | tree.Object) else {"other"}

    def named(self, node: tree.Name, file: SourceFile, depth: int) -> set[str]:
        symbol = file.index.resolve(node)
        definitions = reaching(symbol, node) if symbol is not None else []
        if len(definitions) != 1:
            return {"other"}
        d = definitions[0]
        if d.kind == "param" and isinstance(d.node, tree.Param) and "request" in (d.node.annotation or "").lower():
            return {"url"}
        if d.kind == "value" and d.node is not None and all(step in _URL_MEMBERS for step in d.path):
            found = self.ingredients(d.node, file, depth)
            return {"url"} if d.path and "other" not in found else found
        if d.kind == "param" and d.path and d.path[0] in ("request", "params"):
            return {"url"}
        return {"other"}

    def called(self, node: tree.Call, file: SourceFile, depth: int) -> set[str]:
        name = callee_name(node)
        functions = [a for a in self.e.evaluate(node.func, file) if isinstance(a, Func)]
        if functions:
            given = [self.ingredients(arg, file, depth) for arg in node.args]
            # a helper that looks at the request's headers may put anything into the key
            if any(self.reads_credentials(f.node, f.file, 0) is not None or _reads_headers(f.node) for f in functions):
                return {"other"}
            return set().union(*given)
        if name in _REWRITING:
            return self.ingredients(node.args[0], file, depth) if node.args else {"other"}
        if isinstance(node.func, tree.Member):
            if name in ("header", "headers"):
                return {"other"}
            receiver = self.ingredients(node.func.obj, file, depth)
            if receiver <= {"url", "constant"}:
                if name in ("get", "query", "param", "queries", "toString", "clone"):
                    return {"url"}
                return receiver.union(*(self.ingredients(arg, file, depth) for arg in node.args if not _is_plain(arg)))
        return {"other"}

    # -- the answer --------------------------------------------------------------------------------------------------

    def who(self, node: Node, file: SourceFile, depth: int, seen: set[Node] | None = None) -> Place | None:
        """Where the caller's credentials enter what ``node`` is made of, or None. ``seen``: what was looked at."""
        seen = set() if seen is None else seen
        if depth > _DEPTH or node in seen:
            return None
        seen.add(node)
        for part in tree.walk(node):
            if isinstance(part, tree.Call):
                found = self.credentials(part, file, 0)
                if found is not None:
                    return found
            elif isinstance(part, tree.Name):
                found = self.who_named(part, file, depth, seen)
                if found is not None:
                    return found
        return None

    def who_named(self, node: tree.Name, file: SourceFile, depth: int, seen: set[Node]) -> Place | None:
        symbol = file.index.resolve(node)
        if symbol is None:
            return None
        for d in reaching(symbol, node):
            if d.kind == "param":
                function = d.at.parent
                if _WHO.match(node.id) and isinstance(function, tree.Function) and function.params[:1] != [d.at]:
                    return Place(d.at, file, None)
                if _WHO.match(node.id) and isinstance(function, tree.Function) and len(function.params) > 1:
                    return Place(d.at, file, None)
            elif d.kind == "value" and d.node is not None and not tree_contains(d.node, node):
                found = self.who(d.node, file, depth + 1, seen)
                if found is not None:
                    return found
        return None

    def credentials(self, call: tree.Call, file: SourceFile, depth: int) -> Place | None:
        """``call`` itself when it reads who asks: a header, a cookie, what a middleware left, a helper that does."""
        name = callee_name(call)
        if name in _COOKIES or any(header in _HEADERS for header in _header_names(call)):
            return Place(call, file, None)
        if isinstance(call.func, tree.Member) and name == "get" and call.args:
            first = call.args[0]
            if isinstance(first, tree.Literal) and isinstance(first.value, str) and _WHO.match(first.value):
                if any(isinstance(a, Plat) and a.type == "hono-context" for a in self.e.evaluate(call.func.obj, file)):
                    return Place(call, file, None)
        functions = [a for a in self.e.evaluate(call.func, file) if isinstance(a, Func)]
        for func in functions if depth < 3 else ():
            if self.reads_credentials(func.node, func.file, depth + 1) is not None:
                return Place(call, file, None)
        if not functions and _LOGIN.match(name) and any(self.is_request(arg, file) for arg in call.args):
            return Place(call, file, None)
        return None

    def reads_credentials(self, function: tree.Function, file: SourceFile, depth: int) -> Place | None:
        for node in tree.walk(function):
            if isinstance(node, tree.Call):
                found = self.credentials(node, file, depth)
                if found is not None:
                    return found
        return None

    def is_request(self, node: Node, file: SourceFile) -> bool:
        value = self.e.evaluate(node, file)
        return any(
            (isinstance(a, Plat) and a.type in ("request", "hono-context", "headers", "hono-request", "pages-context"))
            or isinstance(a, Taint) for a in value
        )

    def gate(self, put: BindingCall, lookup: BindingCall) -> Place | None:
        """The test of who asks that stands before the put and after the lookup: the next one gets past it."""
        before = {condition.test for condition in conditions(lookup.node)}
        for condition in conditions(put.node):
            if condition.test not in before:
                found = self.who(condition.test, put.file, 0)
                if found is not None:
                    return found
        return None

    def is_anonymous(self, put: BindingCall) -> bool:
        """Whether only callers without credentials reach the put: ``if (!cookie)``, or after ``if (cookie) return``."""
        return any(self.is_absent(condition.test, condition.holds, put.file, 0) for condition in conditions(put.node))

    def is_absent(self, test: Node, holds: bool, file: SourceFile, depth: int) -> bool:
        """Whether ``test`` being ``holds`` says that the caller's credentials are not there."""
        while isinstance(test, tree.Await | tree.Cast) or (isinstance(test, tree.Unary) and test.op in ("!", "not")):
            holds = not holds if isinstance(test, tree.Unary) else holds
            test = test.value
        if isinstance(test, tree.Binary) and test.op in ("===", "==", "!==", "!=", "is", "is not"):
            none = all(isinstance(a, Const) and a.value is None for a in self.e.evaluate(test.right, file))
            return none and self.is_absent(test.left, holds is (test.op in ("!==", "!=", "is not")), file, depth)
        if isinstance(test, tree.Name) and depth < 3:
            symbol = file.index.resolve(test)
            values = (
                [d.node for d in reaching(symbol, test) if d.kind == "value" and not d.path]
                if symbol is not None
                else []
            )
            return len(values) == 1 and values[0] is not None and self.is_absent(values[0], holds, file, depth + 1)
        if holds or not isinstance(test, tree.Call) or self.credentials(test, file, 0) is None:
            return False
        name = callee_name(test)
        return name in _COOKIES or any(_header_names(test)) or _LOGGED_IN.search(name) is not None

    # -- wrappers ----------------------------------------------------------------------------------------------------

    def wraps(self, put: BindingCall, value: Node) -> bool:
        """Whether the answer comes from a handler that is given to the code around the put."""
        return self.from_handler(value, put.file, 0)

    def from_handler(self, node: Node, file: SourceFile, depth: int) -> bool:
        if depth > _DEPTH:
            return False
        for part in tree.walk(node):
            if isinstance(part, tree.Call) and isinstance(part.func, tree.Name | tree.Member):
                if self.is_handler(part, file):
                    return True
            elif isinstance(part, tree.Name):
                symbol = file.index.resolve(part)
                for d in reaching(symbol, part) if symbol is not None else ():
                    if d.kind == "value" and d.node is not None and not tree_contains(d.node, part):
                        if self.from_handler(d.node, file, depth + 1):
                            return True
        return False

    def is_handler(self, call: tree.Call, file: SourceFile) -> bool:
        """Whether ``call`` hands the request to a function that was given as a parameter."""
        func = call.func
        if not isinstance(func, tree.Name):
            return False
        symbol = file.index.resolve(func)
        if symbol is None or not any(d.kind == "param" for d in symbol.defs):
            return False
        return any(self.is_request(arg, file) for arg in call.args)

    def bypasses(self, put: BindingCall) -> bool:
        """Whether the wrapper looks at what tells public answers from private ones, or asks someone who does."""
        around = list(functions_around(put.node))
        for node in tree.walk(around[-1]) if around else ():
            if isinstance(node, tree.Call):
                if self.credentials(node, put.file, 0) is not None:
                    return True
                if any(name in _ANSWER_HEADERS for name in _header_names(node)):
                    return True
        for condition in conditions(put.node):
            for node in tree.walk(condition.test):
                if isinstance(node, tree.Call) and isinstance(node.func, tree.Name) and node.args:
                    return True
                if isinstance(node, tree.Call) and any(self.is_request(arg, put.file) for arg in node.args):
                    return True
        return False


def _elsewhere(lookup: Node, put: Node) -> bool:
    """Whether the lookup stands in a branch that ends without coming to the put: a store's GET beside its PUT."""
    for parent in tree.ancestors(lookup):
        if isinstance(parent, tree.Block) and isinstance(parent.parent, tree.If | tree.Case):
            if not tree_contains(parent, put) and leaves(parent):
                return True
    return False


def tree_contains(outer: Node, inner: Node) -> bool:
    """Whether ``inner`` stands inside ``outer``."""
    return outer.start <= inner.start and inner.end <= outer.end


def _header_names(call: tree.Call) -> Iterator[str]:
    """The names of the headers that ``call`` asks for, in lower case."""
    if callee_name(call) in ("get", "has", "header", "getAll", "getSetCookie") and call.args:
        first = call.args[0]
        if isinstance(first, tree.Literal) and isinstance(first.value, str):
            yield first.value.lower()
    if callee_name(call) == "getSetCookie":
        yield "set-cookie"


def _reads_headers(function: tree.Function) -> bool:
    names = ("headers", "header", "cf", "cookies")
    return any(isinstance(n, tree.Member) and n.name in names for n in tree.walk(function))


def _is_plain(node: Node) -> bool:
    return isinstance(node, tree.Literal | tree.Function)


