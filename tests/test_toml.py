"""TOML: values as tomli has them, the place of every key and value, recovery."""

from __future__ import annotations

import datetime
import math
from typing import Any

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from edgelint.source import Source
from edgelint.syntax import toml
from edgelint.syntax.document import Document, Value, walk


def parse(text: str | bytes) -> Document:
    return toml.parse(Source("wrangler.toml", text if isinstance(text, bytes) else text.encode()))


def at(text: str, start: int, end: int) -> str:
    return text.encode()[start:end].decode()


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and list(ours) == list(theirs) and all(same(ours[k], theirs[k]) for k in theirs)
    if isinstance(theirs, list):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, datetime.datetime | datetime.date | datetime.time):
        parser = type(theirs).fromisoformat
        return parser(ours.replace("z", "Z").replace("Z", "+00:00")) == theirs
    if isinstance(theirs, float) and math.isnan(theirs):
        return isinstance(ours, float) and math.isnan(ours)
    return type(ours) is type(theirs) and ours == theirs


SEED = """\
name = "my-edge-app"
[env.production]
name = "prod"

# KV Namespace
kv_namespaces = [
  { binding = "CACHE", id = "abc123" }
]

[[d1_databases]]
binding = "DB"
"""


def test_keys_values_and_tables_have_their_places() -> None:
    document = parse(SEED)
    assert document.errors == []
    assert document.duplicates == []
    assert document.root.plain() == tomli.loads(SEED)
    production = document.root.get("env").get("production")  # type: ignore[union-attr]
    assert production is not None
    assert at(SEED, production.start, production.end) == "[env.production]"
    entry = production.entry("kv_namespaces")
    assert entry is not None
    assert at(SEED, entry.key_start, entry.key_end) == "kv_namespaces"
    assert entry.table is not None
    assert at(SEED, *entry.table) == "[env.production]"
    binding = entry.value.items[0].entry("binding")
    assert binding is not None
    assert at(SEED, binding.value.start, binding.value.end) == '"CACHE"'
    assert entry.value.items[0].entry("id").table is None  # type: ignore[union-attr]
    databases = document.root.entry("d1_databases")
    assert databases is not None
    assert databases.table is None
    element = databases.value.items[0]
    assert at(SEED, element.start, element.end) == "[[d1_databases]]"
    assert [at(SEED, *element.entry("binding").table)] == ["[[d1_databases]]"]  # type: ignore[misc, union-attr]
    assert document.root.entry("name").table is None  # type: ignore[union-attr]
    assert [comment.text for comment in document.comments] == [" KV Namespace"]
    assert document.format == "toml"


@pytest.mark.parametrize(
    "text",
    [
        'a = {b = 1,\n  # why\n  c = "x", }\n',
        "a.b.c = 1\na.b.d = 2\n",
        '"quoted key".\'lit\' = true\n',
        'a = """\nx\\\n   y""" # c\n',
        'a = """q"""""\nb = """a""b"""\n',
        "a = '''x'y''z'''''\n",
        'a = "\\t\\u00e9\\U0001F600\\e\\x41\\"\\\\"\n',
        "a = [1, [2.5, 'x'], # c\n {k = 1}, ]\n",
        "a = 0xDEAD_beef\nb = 0o17\nc = 0b1_0\nd = +1_000\ne = -0.5e+3\nf = inf\ng = -nan\nh = 1e5\n",
        "a = 1979-05-27T07:32:00Z\nb = 1979-05-27 07:32:00.5-07:00\nc = 1979-05-27\nd = 07:32\n",
        "e = 07:32:10\nf = 2000-01-01T10:00\n",
        "[a]\n[a.b]\nx = 1\n[c.d]\n[c]\ny = 2\n",
        "[[a]]\nx = 1\n[a.t]\ny = 1\n[[a.u]]\n[[a]]\nx = 2\n",
        "[fruit]\napple.color = 1\n[fruit.apple.taste]\n",
        "a = {}\nb = []\nc = {x.y = 1, x.z = 2}\n",
        " [ a . b ]  # c\n k = 1",
        "",
        "# only a comment",
        "\n\n",
    ],
)
def test_agrees_with_tomli(text: str) -> None:
    for variant in (text, text.replace("\n", "\r\n")):
        document = parse(variant)
        expected = None
        try:
            expected = tomli.loads(variant)
        except tomli.TOMLDecodeError:
            assert document.errors
            continue
        assert document.errors == []
        assert same(document.root.plain(), expected)


def test_byte_order_mark_and_wide_characters() -> None:
    data = b"\xef\xbb\xbf" + 'é = "ü"\n"ключ" = 1\n'.encode()
    document = parse(data)
    assert document.errors
    assert document.errors[0][0] == 3
    entry = document.root.entry("ключ")
    assert entry is not None
    assert data[entry.key_start : entry.key_end].decode() == '"ключ"'
    fine = parse(b"\xef\xbb\xbfa = 1\n")
    assert fine.errors == []
    assert fine.root.entry("a").key_start == 3  # type: ignore[union-attr]


def test_duplicate_keys_and_tables_have_their_place() -> None:
    text = 'a = 1\na = 2\n[t]\nx = 1\n[t]\ny = 1\n[t.x]\n[[t]]\n'
    document = parse(text)
    assert [(e.key, at(text, e.key_start, e.key_end)) for e in document.duplicates] == [
        ("a", "a"), ("t", "t"), ("x", "x"), ("t", "t"),
    ]  # fmt: skip
    assert len(document.errors) == 4
    assert document.errors[0] == (6, 7, "'a' is already defined in this table")
    assert document.root.get("a").value == 2  # type: ignore[union-attr]
    assert document.root.get("t").kind == "array"  # type: ignore[union-attr]


def test_a_conflict_only_tomli_knows_is_still_an_error() -> None:
    document = parse("a = {b = 1}\n[a.c]\nd = 1\n")
    assert document.duplicates == []
    assert len(document.errors) == 1


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a = \nb = 1\n", "", "a value is missing here"),
        ("a = hello\nb = 1\n", "hello", "not a TOML value: text needs quotes"),
        ('a = "open\nb = 1\n', '"open', "this string is not closed on its line"),
        ("a\nb = 1\n", "a", "'=' and a value are missing after this key"),
        ("a = 1 2\nb = 1\n", "2", "the line should end here"),
        ("[a\nx = 1\n[z]\nb = 1\n", "\n", "']' is missing at the end of this header"),
        ("[[a]\nb = 1\n", "]", "']]' is missing at the end of this header"),
        ("= 1\nb = 1\n", "=", "a key was expected here"),
        ('"a = 1\nb = 1\n', '"a = 1', "this quoted key is not closed"),
        ("a = {x = 1 y = 2}\nb = 1\n", "y", "',' or '}' is missing here"),
        ("b = 1\na = [1, 2\n", "[", "this array is never closed"),
        ("b = 1\na = {x = 1\n", "{", "this inline table is never closed"),
        ('b = 1\na = """x\n', '"""', "this multi-line string is never closed"),
    ],
)
def test_recovery(text: str, place: str, message: str) -> None:
    document = parse(text)
    start, end, said = document.errors[0]
    assert (at(text, start, end), said) == (place, message)
    tables = [document.root, *(value for value in walk(document.root) if value.kind == "object")]
    assert any(table.get("b") is not None and table.get("b").value == 1 for table in tables)  # type: ignore[union-attr]


def test_several_errors_are_all_told() -> None:
    document = parse("a = x\nb = 1\nc = y\n[t\nd = 2\n")
    assert [error[2] for error in document.errors] == [
        "not a TOML value: text needs quotes",
        "not a TOML value: text needs quotes",
        "']' is missing at the end of this header",
    ]


def test_what_only_tomli_sees_is_placed_by_its_line_and_column() -> None:
    text = 'ok = 1\r\nключ2 = 1\r\n'
    document = parse('a = "é\\z"\r\nb = 1\r\n')
    assert len(document.errors) == 1
    start, _, message = document.errors[0]
    assert start > 0
    assert "escape" in message.lower()
    assert parse(text).errors[0][0] == 8


def test_deep_nesting_does_not_crash() -> None:
    for opening, closing in (("[", "]"), ("{a=", "}")):
        document = parse("a = " + opening * 10_000 + "1" + closing * 10_000)
        assert document.errors[0][2] == "nested deeper than TOML readers accept"
        assert sum(1 for _ in walk(document.root)) == 10_002
    assert parse("[" + ".".join("a" * 1 for _ in range(5000)) + "]").errors
    assert parse("a = " + "[" * 10_000).errors
    assert parse("a = " + "1" * 5000 + "\n").root.get("a").kind == "number"  # type: ignore[union-attr]


KEYS = st.sampled_from(["a", "b", "c-d", '"q k"', "'l'", "a.b", 'a . "x"', "b.c.d", "1"])
SCALARS = st.sampled_from(
    ["1", "-2", "0x1F", "1_000", "1.5", "6e-2", "true", "false", '"x"', "'y'", '"\\u00e9\\n"', '""', "inf",
     "2024-01-01", "2024-01-01T00:00:00Z", "07:32:00", '"""\nm\n  l"""', "'''a\n'b'''", '"""x\\\n   y"""', '"é"', "'#'"]
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: "[\n  " + ",\n # c\n ".join(items) + ",\n]"),
        st.lists(st.tuples(KEYS, inner), max_size=3).map(lambda kv: "{" + ", ".join(f"{k} = {v}" for k, v in kv) + "}"),
        st.lists(st.tuples(KEYS, inner), min_size=1, max_size=2).map(
            lambda kv: "{\n" + ",\n".join(f"{k}={v}" for k, v in kv) + ", # c\n}"
        ),
    ),
    max_leaves=6,
)
STATEMENTS = st.one_of(
    st.tuples(KEYS, VALUES).map(lambda kv: f"{kv[0]} = {kv[1]}"),
    KEYS.map(lambda key: f"[{key}]"),
    KEYS.map(lambda key: f"[[ {key} ]] # t"),
    st.sampled_from(["", "# comment", "  "]),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(STATEMENTS, max_size=6), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_the_scanner_and_tomli_agree(statements: list[str], newline: str, bom: bool) -> None:
    text = newline.join(statement.replace("\n", newline) for statement in statements)
    source = Source("wrangler.toml", (b"\xef\xbb\xbf" if bom else b"") + text.encode())
    document = toml.parse(source)
    try:
        expected = tomli.loads(text)
    except tomli.TOMLDecodeError:
        assert document.errors
    else:
        scanner = toml._Scanner(source)
        scanner.run()
        assert document.errors == []
        assert scanner.errors == []
        assert document.duplicates == []
        assert _unordered(document.root, expected)
    check_spans(document, source)


def _unordered(ours: Value, theirs: Any) -> bool:
    """As ``same`` but for the order of keys: a later header may add to a table that an earlier one made."""

    def ordered(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: ordered(value[key]) for key in sorted(value)}
        return [ordered(item) for item in value] if isinstance(value, list) else value

    return same(ordered(ours.plain()), ordered(theirs))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab=.[]{}\"'#\\\n\r ,10-:éT"), max_size=40))
def test_any_text_parses_without_an_exception(text: str) -> None:
    source = Source("wrangler.toml", text.encode())
    document = toml.parse(source)
    try:
        expected = tomli.loads(text)
    except tomli.TOMLDecodeError:
        assert document.errors
    else:
        assert document.errors == []
        assert _unordered(document.root, expected)
    check_spans(document, source)


def check_spans(document: Document, source: Source) -> None:
    size = len(source.data)
    for value in walk(document.root):
        assert 0 <= value.start <= value.end <= size
        for entry in value.entries:
            assert source.bom <= entry.key_start < entry.key_end <= size
    for start, end, message in document.errors:
        assert 0 <= start <= end <= size
        assert message
    for comment in document.comments:
        assert source.slice(comment.start, comment.end) == "#" + comment.text
