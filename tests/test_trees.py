"""Remembered trees: read back as they were, and never a reason to fail."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelint import cache, engine, trees
from edgelint.cache import read_sealed, write_sealed
from edgelint.settings import Settings
from edgelint.source import Source, UnreadableSource
from edgelint.syntax import serial, tree
from edgelint.syntax.parse import EXTENSIONS, extension, parse_file
from edgelint.trees import Trees

ROOT = Path(__file__).parents[1]

PYTHON = """\
from workers import Response as R  # é
class A[T](B, metaclass=M):
    x: int = 99999999999999999999999999
    async def f(self, a, /, b=-1.5, *c, d: "x" = 1j, **e) -> None:
        return [f"{n!r}é" async for n in m if n], {**e, 'k': b'\\xff'}, ..., True, None, 1e400, "\\ud800"
"""


def same(one: tree.Parsed, other: tree.Parsed) -> None:
    """Node by node, slot by slot."""
    assert (one.path, one.language, one.errors) == (other.path, other.language, other.errors)
    assert [(c.start, c.end, c.text) for c in one.comments] == [(c.start, c.end, c.text) for c in other.comments]
    left, right = list(tree.walk(one.module)), list(tree.walk(other.module))
    assert [repr(node) for node in left] == [repr(node) for node in right]
    assert all(child.parent is node for node in right for child in node.children())
    assert [len(list(node.children())) for node in left] == [len(list(node.children())) for node in right]


def files() -> list[Path]:
    folders = ("edgelint", "fixtures/hostile")
    found = (path for folder in folders for path in sorted((ROOT / folder).rglob("*")))
    return [path for path in found if path.is_file() and extension(path.name) in EXTENSIONS][::3]


def test_whatever_parses_comes_back_as_it_was() -> None:
    texts = [(path.name, path.read_bytes()) for path in files()]
    assert len(texts) > 20
    for name, data in [*texts, ("a.py", PYTHON.encode()), ("b.py", b"def ("), ("a.js", b"1n;/a/g;'\\ud800'")]:
        try:
            parsed = parse_file(name, Source(name, data))
        except UnreadableSource:
            continue
        same(parsed, serial.decode(serial.encode(parsed)))


def test_types_come_back_as_they_were() -> None:
    parsed = parse_file("a.ts", Source("a.ts", b"interface Env extends A { KV?: KVNamespace; b: string }"))
    [before] = [node for node in tree.walk(parsed.module) if isinstance(node, tree.TypeDecl)]
    back = serial.decode(serial.encode(parsed))
    [after] = [node for node in tree.walk(back.module) if isinstance(node, tree.TypeDecl)]
    assert after.members == before.members
    assert {type(item) for item in after.members.values()} == {tuple}
    assert after.optional == before.optional == frozenset({"KV"})


@pytest.mark.parametrize(
    "value",
    ["\ud800é", "é", 1 << 80, -(1 << 63), 1j, 1e400, b"\xff", True, None, ["a", ["b"]], (1, "x"), frozenset("ba"),
     {"a": (1, 2)}],
)
def test_values_come_back_as_they_were(value: object) -> None:
    parsed = tree.Parsed("\udcff.py", "python", tree.Module(0, 1, [tree.Literal(0, 1, value, "x")]), [], [])
    back = serial.decode(serial.encode(parsed))
    [literal] = back.module.body
    assert isinstance(literal, tree.Literal)
    assert (back.path, type(literal.value), literal.value) == ("\udcff.py", type(value), value)


def test_depth_is_no_limit() -> None:
    node: tree.Node = tree.Name(0, 1, "a")
    for _ in range(50_000):
        node = tree.Unary(0, 1, "!", node)
    parsed = tree.Parsed("a.py", "python", tree.Module(0, 1, [node]), [], [])
    assert sum(1 for _ in tree.walk(serial.decode(serial.encode(parsed)).module)) == 50_002


def test_values_without_a_plain_form_are_refused() -> None:
    parsed = tree.Parsed("a.py", "python", tree.Module(0, 1, [tree.Literal(0, 1, object(), "x")]), [], [])
    with pytest.raises(TypeError, match="a object has no plain form"):
        serial.encode(parsed)


@given(st.binary(max_size=200), st.integers(0, 10_000), st.integers(0, 50))
def test_other_bytes_are_refused_or_read(junk: bytes, at: int, length: int) -> None:
    good = serial.encode(parse_file("a.py", Source("a.py", PYTHON.encode())))
    at %= len(good)
    for data in (junk, good[:at] + junk + good[at + length :]):
        try:
            assert isinstance(serial.decode(data), tree.Parsed)
        except serial.NotSerial:
            continue


def test_a_tree_that_does_not_end_in_a_module_is_refused() -> None:
    number = [kind.cls for kind in serial._kinds()].index(tree.Name)
    with pytest.raises(serial.NotSerial, match="not the module"):
        serial.decode(msgspec.msgpack.encode(["a.py", "python", [], [], [[number, 0, 1, "a"]]]))


def test_only_the_first_run_parses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def counting(path: str, source: Source) -> tree.Parsed:
        parsed.append(path)
        return parse_file(path, source)

    monkeypatch.setattr(trees, "parse_file", counting)
    one, two = Source("one.py", PYTHON.encode()), Source("two.py", b"x = 1\n")
    first = Trees(tmp_path)
    made = first.parse("one.py", one)
    first.save()
    again = Trees(tmp_path)
    same(made, again.parse("one.py", one))
    assert again.parse("moved.py", one).path == "moved.py"
    again.save()
    again.parse("two.py", two)
    again.parse("a.ts", Source("a.ts", b"1"))
    again.save()
    assert parsed == ["one.py", "two.py", "a.ts"]
    last = Trees(tmp_path)
    last.parse("two.py", two)
    last.parse("three.py", Source("three.py", b"x = 3\n"))
    last.save()
    assert parsed[3:] == ["three.py"]
    Trees(tmp_path).parse("one.py", one)
    assert parsed[4:] == ["one.py"], "what a run did not use is forgotten"


def test_a_damaged_or_foreign_store_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source("one.py", PYTHON.encode())
    expected = parse_file("one.py", source)

    def fresh() -> Trees:
        made = Trees(tmp_path)
        same(expected, made.parse("one.py", source))
        return made

    store = fresh()
    store.save()
    data = read_sealed(store.file)
    key, kept = msgspec.msgpack.decode(data, type=tuple[str, dict[bytes, bytes]])
    for damage in (b"", b"\xff", data[:-1], msgspec.msgpack.encode([key, dict.fromkeys(kept, b"junk")])):
        write_sealed(store.file, damage)
        assert fresh()._new is True
    write_sealed(store.file, data)
    assert fresh()._new is False
    store.file.write_bytes(data)
    assert fresh()._new is True
    write_sealed(store.file, data)
    monkeypatch.setattr(trees, "fingerprint", lambda: "another")
    assert fresh()._new is True


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / cache.FOLDER).write_text("")
    store = Trees(tmp_path)
    store.parse("a.py", Source("a.py", b"x = 1\n"))
    store.save()
    assert (tmp_path / cache.FOLDER).read_text() == ""


def test_the_engine_keeps_trees_and_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text("env = 1\n")
    time.sleep(0.03)
    engine.check(tmp_path, [], Settings())
    assert sorted(path.name for path in (tmp_path / cache.FOLDER).iterdir() if path.suffix in (".bin", ".json")) == [
        next((tmp_path / cache.FOLDER).glob("outcome-*")).name, "trees.bin"
    ]
    assert engine.check(tmp_path, [], Settings()).stats.cached
    (tmp_path / "b.py").write_text("env = 2\n")
    seen: list[str] = []

    def counting(path: str, source: Source) -> tree.Parsed:
        seen.append(path)
        return parse_file(path, source)

    monkeypatch.setattr(trees, "parse_file", counting)
    engine.check(tmp_path, [], Settings())
    assert seen == ["b.py"]
