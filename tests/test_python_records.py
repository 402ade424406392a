"""The constructors that Python writes: which classes get one, and with which parameters."""

from __future__ import annotations

import pytest

from edgelint.source import Source
from edgelint.syntax import python, tree


def made(text: str) -> list[str] | None:
    """The parameters of the last class's constructor: "name", or "*name" when it is given by name only."""
    parsed = python.parse(Source("a.py", text.encode()), "a.py")
    found = [node for node in parsed.module.body if isinstance(node, tree.Class)][-1]
    functions = [m for m in found.members if isinstance(m, tree.Function) and m.kind == "constructor"]
    if not functions:
        return None
    (function,) = functions
    assert all(param.start == param.end == found.name_end for param in function.params)
    names = []
    for param in function.params[1:]:
        assert isinstance(param, tree.Param)
        assert isinstance(param.target, tree.Name)
        assert param.accessibility == "public"
        names.append("*" * param.keyword_only + param.target.id)
    return names


@pytest.mark.parametrize("head", [
    "@dataclass\nclass A:", "@dataclass()\nclass A(object):",
    "@dataclasses.dataclass(frozen=True, slots=True)\nclass A:",
    "@attrs.define\nclass A:", "@attr.frozen\nclass A:", "@define(kw_only=False)\nclass A(Protocol):",
    "@dataclass\nclass A(Generic[T]):", "@dataclass\nclass A(abc.ABC):", "class A(NamedTuple):",
    "class A(typing.NamedTuple):", "@other\n@dataclass\nclass A:",
])  # fmt: skip
def test_a_class_of_fields_has_a_constructor(head: str) -> None:
    assert made(f"{head}\n    db: Any\n    size: int = 1\n    NAME = 'x'\n    def f(self): pass\n") == ["db", "size"]


@pytest.mark.parametrize("text", [
    "class A:\n    db: Any\n", "@other\nclass A:\n    db: Any\n", "@dataclass(init=False)\nclass A:\n    db: Any\n",
    "@other.dataclass\nclass A:\n    db: Any\n", "@a.b.dataclass\nclass A:\n    db: Any\n",
    "@dataclass\nclass A(Base):\n    db: Any\n", "@dataclass\nclass A(make()):\n    db: Any\n",
    "class A(NamedTuple, Generic[T]):\n    db: Any\n", "class A(TypedDict):\n    db: Any\n",
])  # fmt: skip
def test_any_other_class_has_not(text: str) -> None:
    assert made(text) is None


def test_a_constructor_of_its_own_is_kept() -> None:
    parsed = python.parse(Source("a.py", b"@dataclass\nclass A:\n    db: Any\n    def __init__(self): pass\n"), "a.py")
    (found,) = [node for node in parsed.module.body if isinstance(node, tree.Class)]
    assert len([m for m in found.members if isinstance(m, tree.Function)]) == 1


def test_what_is_given_by_name_and_what_is_not_given() -> None:
    assert made("class A(BaseModel):\n    db: Any\n    size: int = Field(1)\n") == ["*db", "*size"]
    assert made("@dataclass(kw_only=True)\nclass A:\n    db: Any\n") == ["*db"]
    assert made("@dataclass\nclass A:\n    db: Any\n    _: KW_ONLY\n    size: int\n") == ["db", "*size"]
    fields = "db: Any = field(kw_only=True)\n    made: list = field(init=False)\n    n: ClassVar[int] = 1"
    fields += "\n    a: int = f(init=False)"
    assert made(f"@dataclass\nclass A:\n    {fields}\n    b: typing.ClassVar = 2\n") == ["*db", "a"]
