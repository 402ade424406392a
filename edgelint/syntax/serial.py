"""A parsed file to bytes and back, for the cache: plain data through MessagePack, never code.

A tree is a table of nodes, children before parents. A node is its class's number, then its slots; where
the class says that a slot holds nodes, it holds their places in the table. So depth is no limit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from edgelint.syntax import tree

FORMAT = 1
"""Raise it when what is written changes otherwise than through the classes of ``tree``."""

_PLAIN = (str, float, bool, type(None), bytes)
_INT64 = 1 << 63


class NotSerial(ValueError):
    """The bytes are not those of a parsed file."""


class _Kind(NamedTuple):
    """A class of nodes. ``slots`` are those of the class and its bases, but ``parent``."""

    cls: type[tree.Node]
    slots: tuple[str, ...]
    holds_nodes: tuple[bool, ...]
    setters: tuple[Callable[[tree.Node, Any], None], ...]


@cache
def _kinds() -> tuple[_Kind, ...]:
    kinds = []
    classes = (item for item in vars(tree).values() if isinstance(item, type) and issubclass(item, tree.Node))
    for cls in sorted(classes, key=lambda item: item.__name__):
        every = (name for base in reversed(cls.__mro__) for name in getattr(base, "__slots__", ()))
        slots = tuple(name for name in every if name != "parent")
        setters = tuple(getattr(cls, name).__set__ for name in slots)
        kinds.append(_Kind(cls, slots, tuple(name in cls.fields for name in slots), setters))
    return tuple(kinds)


@cache
def shape() -> str:
    """Changes when the classes of the tree do: part of the key of whatever is stored."""
    return repr((FORMAT, [(kind.cls.__name__, kind.slots, kind.holds_nodes) for kind in _kinds()]))


def encode(parsed: tree.Parsed) -> bytes:
    """The bytes of ``parsed``. Raises ``TypeError`` for a value that has no plain form."""
    import msgspec

    kinds = _kinds()
    numbers = {kind.cls: number for number, kind in enumerate(kinds)}
    places: dict[int, int] = {}
    table: list[list[Any]] = []
    # Twice on the stack: on the way down to reach the children, on the way up to write the node.
    stack: list[tuple[tree.Node, bool]] = [(parsed.module, False)]
    while stack:
        node, ready = stack.pop()
        if not ready:
            stack.append((node, True))
            stack.extend((child, False) for child in node.children())
            continue
        number = numbers[type(node)]
        row: list[Any] = [number]
        for name, holds_nodes in zip(kinds[number].slots, kinds[number].holds_nodes, strict=True):
            value = getattr(node, name)
            if not holds_nodes:
                row.append(value if type(value) is bool or value is None else _pack(value))
            elif value.__class__ is list:
                row.append([places[id(child)] for child in value])
            else:
                row.append(None if value is None else places[id(value)])
        places[id(node)] = len(table)
        table.append(row)
    comments = [[comment.start, comment.end, _pack(comment.text)] for comment in parsed.comments]
    errors = [list(error) for error in parsed.errors]
    return msgspec.msgpack.encode([_pack(parsed.path), parsed.language, comments, errors, table])


def decode(data: bytes) -> tree.Parsed:
    """The parsed file that ``encode`` was given, its parents set. Raises ``NotSerial`` for any other bytes."""
    import msgspec

    try:
        path, language, comments, errors, table = msgspec.msgpack.decode(data)
        nodes: list[tree.Node] = []
        for row in table:
            nodes.append(_build(row, nodes))
        module = nodes[-1]
        if not isinstance(module, tree.Module):
            raise NotSerial("the last node is not the module")
        return tree.Parsed(
            _unpack(path), language, module,
            [tree.Comment(start, end, _unpack(text)) for start, end, text in comments],
            [(start, end, message) for start, end, message in errors],
        )
    except (msgspec.DecodeError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise NotSerial(str(error)) from None


def _build(row: list[Any], nodes: list[tree.Node]) -> tree.Node:
    kind = _kinds()[row[0]]
    node: tree.Node = object.__new__(kind.cls)
    node.parent = None
    for set_slot, holds_nodes, value in zip(kind.setters, kind.holds_nodes, row[1:], strict=True):
        if value.__class__ is list:
            if holds_nodes:
                value = [nodes[place] for place in value]
                for child in value:
                    child.parent = node
            else:
                value = _unpack(value)
        elif holds_nodes and value is not None:
            value = nodes[value]
            value.parent = node
        set_slot(node, value)
    return node


def _pack(value: Any) -> Any:
    """Plain values as they are, all others as a list of a tag and parts. They are shallow: recursion is safe."""
    kind = type(value)
    if kind is str:
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                return ["s", value.encode("utf-8", "surrogatepass")]
        return value
    if kind is int:
        return value if -_INT64 <= value < _INT64 else ["i", hex(value)]
    if kind in _PLAIN:
        return value
    if kind in (list, tuple, frozenset):
        return [kind.__name__[0], *map(_pack, sorted(value) if kind is frozenset else value)]
    if kind is dict:
        return ["d", *(_pack(part) for item in value.items() for part in item)]
    if kind is complex:
        return ["c", value.real, value.imag]
    raise TypeError(f"a {kind.__name__} has no plain form")


def _unpack(value: Any) -> Any:
    if value.__class__ is not list:
        return value
    tag, *parts = value
    if tag == "s":
        return parts[0].decode("utf-8", "surrogatepass")
    if tag == "i":
        return int(parts[0], 16)
    if tag == "c":
        return complex(*parts)
    items = map(_unpack, parts)
    if tag == "d":
        return dict(zip(items, items, strict=True))
    return {"l": list, "t": tuple, "f": frozenset}[tag](items)
