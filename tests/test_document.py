"""The positioned data tree."""

from __future__ import annotations

from edgelint.source import Source
from edgelint.syntax import jsonc, toml
from edgelint.syntax.document import Document, Entry, Value, walk


def scalar(kind: str, plain: object) -> Value:
    return Value(kind, plain, 0, 1)


def test_plain_of_a_mixed_tree() -> None:
    root = Value("object", None, 0, 10)
    array = Value("array", None, 2, 8)
    array.items += [scalar("number", 1), scalar("null", None), Value("object", None, 3, 4)]
    root.entries += [Entry("a", 0, 1, array), Entry("d", 1, 2, scalar("datetime", "2024-01-01"))]
    assert root.plain() == {"a": [1, None, {}], "d": "2024-01-01"}
    assert scalar("string", "x").plain() == "x"
    assert scalar("string", "x").text() == "x"
    assert scalar("number", 1).text() is None
    assert [value.kind for value in walk(root)] == ["object", "array", "number", "null", "object", "datetime"]
    assert Document(root, [], [], [], "toml").root is root


def test_the_last_entry_of_a_key_wins() -> None:
    root = Value("object", None, 0, 10)
    root.entries += [Entry("a", 0, 1, scalar("number", 1)), Entry("a", 5, 6, scalar("number", 2))]
    assert root.get("a").value == 2  # type: ignore[union-attr]
    assert root.keys() == ["a"]
    assert root.get("b") is None
    assert root.plain() == {"a": 2}


def test_mistakes_do_not_split_characters() -> None:
    for name, text in (("a.toml", "[tri😀]\n"), ("b.toml", "é = 1 ü\n"), ("c.jsonc", '{"a": [1 é]}'), ("d.jsonc", "é")):
        data = text.encode()
        document = (toml if name.endswith(".toml") else jsonc).parse(Source(name, data))
        assert document.errors
        for start, end, _ in document.errors:
            data[start:end].decode()
