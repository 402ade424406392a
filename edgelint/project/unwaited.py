"""Places that take a promise and do not wait for it: where it is only shown or tested, a field that nobody reads, an
item that a destructuring leaves out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from edgelint.project.atoms import ClassRef, External
from edgelint.project.known import BASE_MODULES
from edgelint.project.objects import receiver_class
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project

Step = str | int | None
"""A key or an index by which an expression is part of an object or a list; None where it cannot be told."""

_TEXT_FUNCTIONS = frozenset({"String", "Boolean", "print", "str", "repr", "bool"})
_TEXT_METHODS = frozenset({("JSON", "stringify"), ("Response", "json"), ("json", "dumps")})
# Members of what a D1 statement resolves to: of the promise itself they are undefined.
_RESULT_MEMBERS = frozenset({"success", "meta", "results"})


# What streams call while they go on, and with them the request whose answer they are. What is called at their end
# (flush, close, cancel, abort) is not among them.
_WHILE_STREAMING = {
    "ReadableStream": frozenset({"start", "pull"}),
    "TransformStream": frozenset({"start", "transform"}),
    "WritableStream": frozenset({"start", "write"}),
}


def in_source_of_stream(node: Node, file: SourceFile) -> bool:
    """Whether ``node`` stands in what a stream calls while it goes on: ``new ReadableStream({ start(controller) {...}
    })``."""
    for function in tree.ancestors(node):
        if not isinstance(function, tree.Function):
            continue
        prop = function.parent
        made = prop.parent if isinstance(prop, tree.Property) else None
        call = made.parent if isinstance(made, tree.Object) else None
        if isinstance(prop, tree.Property) and isinstance(call, tree.Call) and isinstance(call.func, tree.Name):
            called = _WHILE_STREAMING.get(call.func.id, frozenset())
            if call.is_new and prop.key in called and file.index.resolve(call.func) is None:
                return True
    return False


def only_shows(call: tree.Call, file: SourceFile) -> bool:
    """Whether ``call`` makes text of what it is given, or prints it: ``console.log(promise)``."""
    func = call.func
    if isinstance(func, tree.Name):
        return func.id in _TEXT_FUNCTIONS and not call.is_new and file.index.resolve(func) is None
    if not isinstance(func, tree.Member) or not isinstance(func.obj, tree.Name):
        return False
    symbol = file.index.resolve(func.obj)
    if symbol is not None and any(d.kind != "import" for d in symbol.defs):
        return False
    if func.obj.id == "console":
        return symbol is None
    return (func.obj.id, func.name) in _TEXT_METHODS and (symbol is None or func.obj.id == "json")


def only_tests(parent: Node, at: Node) -> bool:
    """Whether ``parent`` asks of ``at``, a promise, no more than whether it is there, or compares it, or makes text of
    it."""
    if isinstance(parent, tree.If | tree.Conditional | tree.Loop):
        return at is parent.test
    if isinstance(parent, tree.Unary):
        return True
    if isinstance(parent, tree.Binary):
        return parent.op not in ("&&", "||", "??", ",") or (parent.op == "&&" and at is parent.left)
    return isinstance(parent, tree.Template) and parent.tag is None


def reads_result(member: tree.Member) -> bool:
    """Whether ``member`` is read of a promise as though it were what the promise resolves to."""
    return member.name in _RESULT_MEMBERS


# -- destructuring ---------------------------------------------------------------------------------------------------


class Taken(NamedTuple):
    """What a pattern takes of its value: ``target`` gets what ``path`` is the way to the wanted part of, innermost step
    first."""

    target: Node
    path: tuple[Step, ...]


def taken(target: Node, path: tuple[Step, ...]) -> Taken | bool:
    """What of the pattern ``target`` takes the part of its value that ``path`` leads to, innermost step first: False
    when it leaves that out, True when it may take it but where cannot be told."""
    while isinstance(target, tree.Assign | tree.Cast):  # a default
        target = target.target if isinstance(target, tree.Assign) else target.value
    if not path or not isinstance(target, tree.Object | tree.Array):
        return Taken(target, path)
    rest, step = path[:-1], path[-1]
    if step is None:
        return True
    if isinstance(target, tree.Object):
        for prop in target.props:
            if not isinstance(prop, tree.Property) or prop.key is None:
                return True
            if prop.key == str(step):
                return taken(prop.value, rest)
        return False
    if not isinstance(step, int) or any(isinstance(item, tree.Spread) for item in target.items[: step + 1]):
        return True
    if step >= len(target.items) or isinstance(target.items[step], tree.Literal):
        return False
    return taken(target.items[step], rest)


def is_read(member: tree.Member, path: tuple[Step, ...]) -> bool | None:
    """Whether ``member``, of the object or list in which ``path`` leads to a promise, is on the way to it; None where
    it cannot be told."""
    step = path[-1] if path else None
    if path and not isinstance(step, str) and member.name == "length":
        return False  # how many there are
    if step is None or (isinstance(member.parent, tree.Call) and member.parent.func is member):
        return None
    if member.name is not None:
        return None if isinstance(step, int) else member.name == step
    index = member.index.value if isinstance(member.index, tree.Literal) else None
    return index == step if isinstance(index, int) and isinstance(step, int) else None


def step_of(parent: Node, at: Node) -> Step:
    """By which key or index ``at`` is part of the object or list that ``parent`` is (a property of)."""
    if isinstance(parent, tree.Property):
        return parent.key
    if isinstance(parent, tree.Array) and parent.kind != "set":
        position = next((n for n, item in enumerate(parent.items) if item is at), None)
        if position is not None and not any(isinstance(item, tree.Spread) for item in parent.items[:position]):
            return position
    return None


# -- fields ----------------------------------------------------------------------------------------------------------


def kept_field(assign: tree.Assign, file: SourceFile, project: Project) -> str | None:
    """The name of the field that a statement ``this.x = promise`` writes, when all that may read it is known: a class
    of the project, built on others of it or on the platform's. None otherwise."""
    target = assign.target
    statement = isinstance(assign.parent, tree.ExprStmt | tree.Block)
    if not isinstance(target, tree.Member) or target.name is None or not statement:
        return None
    owner = receiver_class(target.obj)
    if owner is None or assign.op not in ("=", "??=", "||="):
        return None
    for base in owner.bases:
        atoms = project.evaluator.evaluate(base, file)
        if not atoms or not all(
            isinstance(a, ClassRef) or (isinstance(a, External) and a.module in BASE_MODULES) for a in atoms
        ):
            return None
    return target.name if not _gives_itself(owner) else None


def _gives_itself(owner: tree.Class) -> bool:
    """Whether a class reads its fields by names that are put together, or all of them at once."""
    for node in tree.walk(owner):
        if isinstance(node, tree.Member) and node.name is None and _is_self(node.obj):
            return True
        if isinstance(node, tree.Spread) and _is_self(node.value):
            return True
        if isinstance(node, tree.Call) and any(_is_self(arg) for arg in node.args):
            return True
    return False


def _is_self(node: Node) -> bool:
    return receiver_class(node) is not None


def field_reads(name: str, project: Project) -> list[tuple[Node, SourceFile]] | None:
    """Every expression of the project that may read a field called ``name``; None when a pattern may."""
    found: list[tuple[Node, SourceFile]] = []
    for file in project.evaluator.files.values():
        for member in file.index.members.get(name, ()):
            parent = member.parent
            if not (isinstance(parent, tree.Assign) and parent.target is member and parent.op == "="):
                found.append((member, file))
        if any(isinstance(p, tree.Property) and p.key == name for made in file.index.objects for p in made.props):
            return None
    return found
