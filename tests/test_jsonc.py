"""JSONC: what wrangler accepts, the place of every key and value, recovery."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgelint.source import Source
from edgelint.syntax import jsonc
from edgelint.syntax.document import Document, walk


def parse(text: str | bytes) -> Document:
    return jsonc.parse(Source("wrangler.jsonc", text if isinstance(text, bytes) else text.encode()))


def at(text: str, start: int, end: int) -> str:
    return text.encode()[start:end].decode()


TEXT = """\
{
  // the name
  "name": "my-app", /* é */
  "kv_namespaces": [
    { "binding": "CACHE", "id": "abc", },
  ],
  "limits": { "cpu_ms": 50, "x": -1.5e3, "y": null, "z": [true, false] },
}
"""


def test_values_places_and_comments() -> None:
    document = parse(TEXT)
    assert document.errors == []
    assert document.duplicates == []
    assert document.format == "jsonc"
    assert document.root.plain() == {
        "name": "my-app",
        "kv_namespaces": [{"binding": "CACHE", "id": "abc"}],
        "limits": {"cpu_ms": 50, "x": -1500.0, "y": None, "z": [True, False]},
    }
    assert [comment.text for comment in document.comments] == [" the name", " é "]
    entry = document.root.entry("kv_namespaces")
    assert entry is not None
    assert at(TEXT, entry.key_start, entry.key_end) == '"kv_namespaces"'
    assert entry.table is None
    item = entry.value.items[0]
    assert at(TEXT, item.start, item.end) == '{ "binding": "CACHE", "id": "abc", }'
    name = item.get("binding")
    assert name is not None
    assert at(TEXT, name.start, name.end) == '"CACHE"'
    assert name.text() == "CACHE"
    assert at(TEXT, document.root.start, document.root.end) == TEXT.rstrip()


def test_byte_order_mark_and_crlf() -> None:
    data = b'\xef\xbb\xbf{\r\n  "a": "\xc3\xbc", // c\r\n  "b": 1\r\n}\r\n'
    document = parse(data)
    assert document.errors == []
    assert document.root.start == 3
    assert document.root.plain() == {"a": "ü", "b": 1}
    assert document.comments[0].text == " c"


def test_the_last_duplicate_wins_and_both_are_kept() -> None:
    text = '{"a": 1, "b": {"a": 2}, "a": 3}'
    document = parse(text)
    assert document.errors == []
    assert [(e.key, e.key_start) for e in document.duplicates] == [("a", 24)]
    assert document.root.plain() == {"a": 3, "b": {"a": 2}}
    assert document.root.keys() == ["a", "b"]
    assert len(document.root.entries) == 3
    assert document.root.get("missing") is None
    assert document.root.entry("missing") is None


def test_escapes() -> None:
    document = parse(r'{"a\u0041\n": "\"\\\/\t\ud83d\ude00", "lone": "\ud800"}')
    assert document.errors == []
    assert document.root.plain() == {"aA\n": '"\\/\t😀', "lone": "?"}


@pytest.mark.parametrize(
    ("text", "errors", "plain"),
    [
        ("", [("", "there is no JSON value in this file")], {}),
        ("// only\n", [("", "there is no JSON value in this file")], {}),
        ('{"a": 1 "b": 2}', [('"b"', "a ',' is missing before this key")], {"a": 1, "b": 2}),
        ("[1 2]", [("2", "a ',' is missing before this value")], [1, 2]),
        ("[1,,2]", [(",", "a value is missing before this ','")], [1, 2]),
        ('{"a" 1}', [("1", "a ':' is missing before this value")], {"a": 1}),
        ('{"a": }', [('"a"', "this key has no value")], {}),
        ('{"a", "b": 1}', [('"a"', "this key has no value")], {"b": 1}),
        ('{"a": 1, "b"', [("{", "this '{' is never closed"), ('"b"', "this key has no value")], {"a": 1}),
        ("{a: 1}", [("a", "a key needs double quotes")], {"a": 1}),
        ("{'a': 'b'}", [("'a'", "JSON strings take double quotes"), ("'b'", "JSON strings take double quotes")],
         {"a": "b"}),
        ('{"a": hello, "b": 1}', [("hello", "not a JSON value: text needs double quotes")], {"a": "hello", "b": 1}),
        ('{"a": "open\n, "b": 1}', [('"open', "this string is not closed on its line")], {"a": "open", "b": 1}),
        ('{"a": "x\\"\n}', [('"x\\"', "this string is not closed on its line")], {"a": 'x"'}),
        ('{"a": "\\z"}', [('"\\z"', "invalid escape or control character in this string")], {"a": "\\z"}),
        ('{"a": "x\ty"}', [('"x\ty"', "invalid escape or control character in this string")], {"a": "x\ty"}),
        ('{"a": [1, {"b": 2], "c": 3}', [("{", "this '{' is never closed")], {"a": [1, {"b": 2}], "c": 3}),
        ('{"a": 1]}', [("]", "unexpected ']'")], {"a": 1}),
        ('{"a": 1}}', [("}", "unexpected '}'")], {"a": 1}),
        ('{"a": 1} {"b": 2} ]]]', [("{", "only one value may stand in a JSON file")], {"a": 1}),
        ('{"a": 1}, 2', [(",", "a value is missing before this ','"), ("2", "only one value may stand in a JSON file")],
         {"a": 1}),
        ('{"a": 01}', [("01", "not a JSON value: text needs double quotes")], {"a": "01"}),
        ('{"a":: 1}', [(":", "unexpected ':'")], {"a": 1}),
        ('{1: 2, {"x": 1}, [3], "b": 4}',
         [("1", "a key needs double quotes"), ("{", "a key in double quotes was expected here"),
          ("[", "a key in double quotes was expected here")], {"1": 2, "b": 4}),
        ('{"a": 1} /* x', [("/*", "this comment is never closed")], {"a": 1}),
        ('{"a": @1}', [("@", "unexpected character")], {"a": 1}),
        ("[,]", [(",", "a value is missing before this ','")], []),
        ('"scalar"', [], "scalar"),
    ],
)  # fmt: skip
def test_recovery(text: str, errors: list[tuple[str, str]], plain: Any) -> None:
    document = parse(text)
    assert [(at(text, start, end), message) for start, end, message in document.errors] == errors
    assert document.root.plain() == plain


def test_deep_nesting_and_long_numbers_do_not_crash() -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        document = parse(opening * 10_000 + "1" + closing * 10_000)
        assert document.errors == []
        assert sum(1 for _ in walk(document.root)) == 10_001
        plain = document.root.plain()
        for _ in range(10_000):
            plain = plain[0] if isinstance(plain, list) else plain["a"]
        assert plain == 1
    assert len(parse("[" * 10_000).errors) == jsonc.MAX_ERRORS
    assert parse("1" * 5000).root.kind == "number"


def test_repr_says_what_it_is() -> None:
    assert repr(parse('{"a": [1]}').root) == "Value[0:10](object, 1)"
    assert "'a'" in repr(parse('{"a": 1}').root.entries[0])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(JSON, st.booleans(), st.booleans())
def test_agrees_with_json(value: Any, ascii_only: bool, indent: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=2 if indent else None)
    if "\0" in text:
        return
    document = parse(text)
    assert document.errors == []
    assert document.duplicates == []
    assert document.root.plain() == json.loads(text.encode("utf-8", "replace").decode())


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab{}[]:,\"'\\/* \n1-.tё"), max_size=40))
def test_any_text_parses_without_an_exception(text: str) -> None:
    source = Source("wrangler.jsonc", text.encode())
    document = jsonc.parse(source)
    try:
        expected = json.loads(text)
    except ValueError:
        pass
    else:
        assert document.errors == []
        assert document.root.plain() == expected
    for value in walk(document.root):
        assert 0 <= value.start <= value.end <= len(source.data)
        for entry in value.entries:
            assert entry.key_start < entry.key_end
    for start, end, message in document.errors:
        assert 0 <= start <= end <= len(source.data)
        assert message
