"""YAML as a positioned tree."""

from __future__ import annotations

import pytest
import yaml as pyyaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgelint.source import Source
from edgelint.syntax import yaml
from edgelint.syntax.document import Document, Value, walk

TEXT = """\
# é
on: [push, "pull_request"]
jobs:
  a: &shared
    run: |
      one
      two
    n: 4.10
    yes: no
    t: true
    e:
  b: *shared
"""


@pytest.fixture(autouse=True, params=["own", "libyaml"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test with PyYAML's own parser, and with libyaml's."""
    own: type[object] = pyyaml.SafeLoader
    monkeypatch.setattr(yaml, "LOADER", own if request.param == "own" else getattr(pyyaml, "CSafeLoader", own))


def parse(text: str) -> Document:
    return yaml.parse(Source("w.yml", text.encode()))


def at(root: Value, *path: str) -> Value:
    for key in path:
        found = root.get(key)
        assert found is not None, key
        root = found
    return root


def test_values_and_their_places() -> None:
    data = TEXT.encode()
    document = parse(TEXT)
    assert (document.errors, document.format) == ([], "yaml")
    root = document.root
    assert root.plain() == {
        "on": ["push", "pull_request"],
        "jobs": {
            name: {"run": "one\ntwo\n", "n": "4.10", "yes": "no", "t": True, "e": None} for name in ("a", "b")
        },
    }
    assert [data[item.start : item.end].decode() for item in at(root, "on").items] == ["push", '"pull_request"']
    assert at(root, "jobs", "a", "n").kind == "number"
    assert at(root, "jobs", "a", "yes").kind == "string", "YAML 1.2: no is a word"
    entry = at(root, "jobs").entry("b")
    assert entry is not None
    assert data[entry.key_start : entry.key_end] == b"b"


def test_byte_order_mark_and_line_ends() -> None:
    source = Source("w.yml", b"\xef\xbb\xbfa: \xc3\xa9\r\nb: x\r\n")
    root = yaml.parse(source).root
    value = at(root, "b")
    assert source.data[value.start : value.end] == b"x"


def test_keys_written_twice() -> None:
    document = parse("a: 1\na: 2\n? [x]\n: 3\n")
    assert [entry.key for entry in document.duplicates] == ["a"]
    assert at(document.root, "a").value == "2"
    assert document.root.keys() == ["a"], "a list as a key is passed over"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [b", "xpected"), ("\x07", ""), ("a: 'b", "unexpected end of stream"),
        ("a: *x", ""),
        ("[" * 300, "nested too deeply"), ("- " * 9, "nested too deeply"),
        ("a" * (yaml.MAX_BYTES + 1), "larger than"),
        ("a: &a [*a, *a]", "more than"), ("a: &a {b: *a, c: *a}", "more than"), ("é: \t[", ""),
    ],
)
def test_what_is_no_yaml_is_said(text: str, message: str) -> None:
    document = parse(text)
    [(start, end, said)] = document.errors
    assert message in said
    assert 0 <= start <= end <= len(text.encode())
    assert sum(1 for _ in walk(document.root)) <= yaml.MAX_VALUES + 1


def test_too_deep_for_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    class Shallow(pyyaml.SafeLoader):
        def get_node(self) -> pyyaml.Node:
            raise RecursionError

    monkeypatch.setattr(yaml, "LOADER", Shallow)
    assert parse("a: b").errors == [(0, 0, "nested too deeply")]


def test_nothing_at_all() -> None:
    for text in ("", "# only a comment\n", "---\n"):
        assert parse(text).errors == []


def test_the_first_of_several_documents() -> None:
    assert parse("a: 1\n---\nb: 2\n").root.plain() == {"a": "1"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="ab:-[]{}&*!|>'\"# \n\t?,é", max_size=60))
def test_any_text_is_read(text: str) -> None:
    document = parse(text)
    size = len(text.encode())
    assert len(document.errors) <= 1
    for value in walk(document.root):
        assert 0 <= value.start <= value.end <= size


def test_as_deep_as_its_size_allows() -> None:
    text = "".join(f"{' ' * level}a:\n" for level in range(440))
    assert len(text) < yaml.MAX_BYTES
    assert sum(1 for _ in walk(parse(text).root)) == 441
