"""The abstract values of expressions. A value is a frozenset of atoms: what the expression may be at run time.

The empty set means "nothing known to flow here" (a cycle, or dead code); ``UNKNOWN`` means that anything may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile


class Const(NamedTuple):
    """A constant: str, int, float, bool or None. ``kind`` keeps 1 and True apart."""

    kind: str
    value: str | int | float | bool | None


class Plat(NamedTuple):
    """An object of the platform, by the names of ``edgelint.project.known`` ("kv", "d1-statement", "request" ...).

    ``binding`` is the name in env when it came from there; ``tainted`` when whoever sends the request decides what it
    holds; ``origin`` the node that made it, where that matters (a prepared statement, a response).
    """

    type: str
    binding: str | None = None
    tainted: bool = False
    origin: tree.Node | None = None
    trust: str = "high"


class Taint(NamedTuple):
    """Data that whoever sends the request, message or event decides. ``source``: "request", "message", "event"."""

    source: str
    node: tree.Node
    path: str


class Number(NamedTuple):
    """A number. ``nan`` when it may be NaN; ``node`` is the conversion that made it; bounds are None when open.

    ``tainted``: whoever sends the request decides it.
    """

    lower: float | None = None
    upper: float | None = None
    nan: bool = False
    tainted: bool = False
    node: tree.Node | None = None
    path: str = ""


class SafeText(NamedTuple):
    """Text that holds no quote or operator whoever sends the request: a UUID, an ISO date, a hex digest."""

    what: str


class Func(NamedTuple):
    """A function of the project. ``this`` is the value of ``this`` it is called on, where known."""

    node: tree.Function
    file: SourceFile
    this: frozenset[Atom] | None = None


class ClassRef(NamedTuple):
    """A class of the project, the class itself."""

    node: tree.Class
    file: SourceFile


class Inst(NamedTuple):
    """An instance of a class of the project; ``call`` is the ``new`` that made it, when known."""

    node: tree.Class
    file: SourceFile
    call: tree.Call | None = None


class Obj(NamedTuple):
    """An object literal or dict, with the frame (a call context) it was made in."""

    node: tree.Object
    file: SourceFile
    frame: object = None


class Arr(NamedTuple):
    """An array literal; what is pushed into it is found through its symbol."""

    node: tree.Array
    file: SourceFile
    frame: object = None


class ListOf(NamedTuple):
    """An array of which only the items are known (the result of map, keys, split ...)."""

    items: frozenset[Atom]


class Pair(NamedTuple):
    """A key and its value, as ``Object.entries`` and a dict's ``items`` give them."""

    key: frozenset[Atom]
    value: frozenset[Atom]


class Record(NamedTuple):
    """An object of which the keys and the values are known, not which belongs to which: ``Object.fromEntries``."""

    key: frozenset[Atom]
    value: frozenset[Atom]


class External(NamedTuple):
    """A name imported from a package or a built-in module, or what its members and calls give: ``path`` is "Hono",
    "z.object()".

    ``call`` is the last call on that way, which has the arguments.
    """

    module: str
    path: str
    call: tree.Call | None = None


class Namespace(NamedTuple):
    """A module of the project as an object (``import * as db``, Python ``import db``)."""

    path: str


class Global(NamedTuple):
    """A global of the language or the runtime that no scope defines: ``JSON``, ``fetch``, ``Math.max``."""

    path: str


class Type(NamedTuple):
    """The text of a type, and the file in which its names are to be understood."""

    text: str
    file: SourceFile


class Unknown(NamedTuple):
    """Anything. ``reason``: "param" (no call is known), "external", "stored" (read from a database), "validated" (a
    schema passed it), "keywords" (Python's ``**kwargs``), "depth", "other". ``node`` of what is stored is the call that
    read it; of what is validated, the schema's last call. ``type`` is the type that the code gives it, when members of
    it are bindings: see ``edgelint.project.typed``.
    """

    reason: str = "other"
    node: tree.Node | None = None
    type: Type | None = None


Atom = (
    Const
    | Plat
    | Taint
    | Number
    | SafeText
    | Func
    | ClassRef
    | Inst
    | Obj
    | Arr
    | ListOf
    | Pair
    | Record
    | External
    | Namespace
    | Global
    | Unknown
)
Value = frozenset[Atom]

UNKNOWN: Value = frozenset({Unknown()})
EMPTY: Value = frozenset()


def one(atom: Atom) -> Value:
    """The value of a single atom."""
    return frozenset((atom,))
