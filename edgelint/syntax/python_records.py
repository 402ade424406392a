"""The constructor that Python writes for a class of fields: dataclasses, attrs, NamedTuple, pydantic's models.

What such a class is made with ends up in its fields, as with TypeScript's ``constructor(private db: D1Database)``:
it gets the same tree, an empty ``__init__`` whose parameters are the fields ("public"). Facts:
https://docs.python.org/3/library/dataclasses.html, https://www.attrs.org/en/stable/api.html,
https://docs.python.org/3/library/typing.html#typing.NamedTuple.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgelint.syntax import tree

_DECORATORS = frozenset({"dataclass", "define", "mutable", "frozen"})
_MODULES = frozenset({"dataclasses", "attr", "attrs", "pydantic"})
_RECORDS = {"NamedTuple": False, "BaseModel": True}  # a base: whether its fields are given by name only
_FIELDLESS = frozenset({"object", "ABC", "Protocol", "Generic"})  # bases that bring no field


def constructor(record: tree.Class) -> tree.Function | None:
    """What makes an instance of ``record`` when its text has no ``__init__`` and a decorator or its base writes one;
    None for every other class, and for one whose base may bring fields of its own: their order is not known."""
    if any(isinstance(member, tree.Function) and member.kind == "constructor" for member in record.members):
        return None
    names = [_last(base) for base in record.bases]
    if len(names) == 1 and names[0] in _RECORDS:
        by_name = _RECORDS[names[0]]
    elif all(name in _FIELDLESS for name in names):
        options = next(_options(record.decorators), None)
        if options is None or options.get("init") is False:
            return None
        by_name = options.get("kw_only") is True
    else:
        return None
    at = record.name_end
    params: list[tree.Node] = [tree.Param(at, at, tree.Name(at, at, "self"))]
    for member in record.members:
        if isinstance(member, tree.Field) and member.annotation is not None:
            kind = member.annotation.split("[", 1)[0].rsplit(".", 1)[-1]
            if kind == "KW_ONLY":
                by_name = True
            elif kind != "ClassVar" and _given(member.value, "init") is not False:
                alone = by_name or _given(member.value, "kw_only") is True
                name = tree.Name(at, at, member.name)
                params.append(tree.Param(at, at, name, accessibility="public", keyword_only=alone))
    return tree.Function(at, at, "__init__", at, at, params, tree.Block(at, at, []), "constructor")


def _options(decorators: list[tree.Node]) -> Iterator[dict[str, object]]:
    """The keyword arguments of each decorator that writes a constructor."""
    for decorator in decorators:
        named = decorator.func if isinstance(decorator, tree.Call) else decorator
        if isinstance(named, tree.Member) and (not isinstance(named.obj, tree.Name) or named.obj.id not in _MODULES):
            continue
        if _last(named) in _DECORATORS:
            yield _keywords(decorator)


def _given(value: tree.Node | None, option: str) -> object:
    """The constant that ``option`` is given in ``field(...)``, None when it is not."""
    if isinstance(value, tree.Call) and _last(value.func) in ("field", "Field", "ib"):
        return _keywords(value).get(option)
    return None


def _keywords(node: tree.Node | None) -> dict[str, object]:
    if not isinstance(node, tree.Call):
        return {}
    return {
        arg.name: arg.value.value
        for arg in node.args if isinstance(arg, tree.Keyword) and isinstance(arg.value, tree.Literal)
    }


def _last(node: tree.Node | None) -> str:
    """The last name of ``a.b.c``, of ``c`` and of ``c[T]``; "" for anything else."""
    if isinstance(node, tree.Member):
        return node.name if node.name is not None else _last(node.obj)
    return node.id if isinstance(node, tree.Name) else ""
