"""Source maps: the format, places in them, and stacks told in the app's own places."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelint.testing.workerd_host.source_maps import (
    Position,
    Segment,
    SourceMap,
    decode,
    encode,
    frames,
    mapped_stack,
    of_file,
)

_NUMBER = st.integers(0, 2**31 - 1)
_PLACED = st.builds(Segment, _NUMBER, _NUMBER, _NUMBER, _NUMBER, st.none() | _NUMBER)
_SEGMENT = _NUMBER.map(Segment) | _PLACED


@given(st.lists(st.lists(_SEGMENT, max_size=6), min_size=1, max_size=6))
def test_what_is_encoded_is_decoded(lines: list[list[Segment]]) -> None:
    assert decode(encode(lines)) == lines


def test_known_mappings() -> None:
    # The example of https://tc39.es/ecma426/: differences to the segment before, in base 64 VLQ
    assert decode("AAAA,IAAM,WAAW;;AACA") == [
        [Segment(0, 0, 0, 0), Segment(4, 0, 0, 6), Segment(15, 0, 0, 17)], [], [Segment(0, 0, 1, 17)],
    ]  # fmt: skip
    assert decode("") == [[]]
    assert encode([[Segment(0, 0, 0, 0), Segment(0, 0, 0, 1000)]]) == "AAAA,AAAw+B"


@pytest.mark.parametrize("text", ["A!", "g", "AA", "AAAAAA"])
def test_what_is_no_mapping(text: str) -> None:
    with pytest.raises(ValueError):
        decode(text)


def _map(root: Path, **more: object) -> SourceMap:
    lines = [
        [Segment(0, 0, 0, 0), Segment(10, 0, 2, 4, 0), Segment(20)],
        [],
        [Segment(2, 1, 7, 1)],
    ]
    content = {
        "version": 3, "sources": ["../src/a.ts", "../../other/b.ts"], "names": ["boom"], "mappings": encode(lines),
        "sourcesContent": ["one\ntwo\r\nthree\n", None], **more,
    }  # fmt: skip
    return SourceMap.read(json.dumps(content), root / "out", root)


def test_places(tmp_path: Path) -> None:
    found = _map(tmp_path)
    assert found.original(1, 1) == Position(0, 1, 1)
    assert found.original(1, 10) == Position(0, 1, 1)
    assert found.original(1, 11) == Position(0, 3, 5, "boom")
    assert found.original(1, 21) is None  # esbuild's own text
    assert found.original(2, 1) is None
    assert found.original(3, 2) is None  # before the first segment
    assert found.original(3, 99) == Position(1, 8, 2)
    assert found.original(0, 1) is None
    assert found.original(4, 1) is None
    assert found.path(0) == "src/a.ts"
    assert found.path(1) == str(tmp_path.parent / "other/b.ts")
    assert [found.text(0, line) for line in (1, 2, 3, 4, 9)] == ["one", "two", "three", "", ""]


def test_the_text_of_a_source_comes_from_its_file(tmp_path: Path) -> None:
    found = _map(tmp_path, sourcesContent=None)
    assert found.text(0, 1) == ""
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.ts").write_bytes(b"first\xff\n")
    assert found.text(0, 1) == "first\ufffd"


def test_sources_of_every_kind(tmp_path: Path) -> None:
    sources = ["file:///x/a%20b.ts", "https://e.org/c.ts", None, "/abs/d.ts"]
    content = {"version": 3, "sourceRoot": "", "sources": sources, "mappings": "ACAA,CACA"}
    found = SourceMap.read(json.dumps(content), tmp_path, tmp_path)
    assert found.sources == ("/x/a b.ts", "https://e.org/c.ts", "", "/abs/d.ts")
    assert found.original(1, 1) == Position(1, 1, 1)


def test_segments_that_are_not_in_order(tmp_path: Path) -> None:
    lines = [[Segment(9, 0, 5, 0), Segment(0, 0, 1, 0)]]
    found = _map(tmp_path, mappings=encode(lines))
    assert found.original(1, 1) == Position(0, 2, 1)
    assert found.original(1, 10) == Position(0, 6, 1)


def test_a_source_or_name_that_the_map_does_not_have(tmp_path: Path) -> None:
    found = _map(tmp_path, mappings=encode([[Segment(0, 7, 0, 0), Segment(5, 0, 0, 0, 9)]]))
    assert found.original(1, 1) is None
    assert found.original(1, 6) == Position(0, 1, 1)


@pytest.mark.parametrize("content", ["[]", '{"version": 2, "mappings": ""}', '{"version": 3}', "nonsense"])
def test_what_is_no_map(content: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        SourceMap.read(content, tmp_path, tmp_path)


_STACK = """Error: boom (at home:1:2)
    at fail (file:///index.js:1:11)
    at async Object.fetch (index.js:1:1)
    at file:///index.js:3:3
    at async index.js:3:9
    at __name (index.js:1:25)
    at control (edgelint/control.js:3:4)
    at jsrpc (cloudflare-internal:thing:1:1)
    at plain (other.js:5:6)
    at new Promise (<anonymous>)
    at Array.map"""


def test_a_stack_in_the_apps_own_places(tmp_path: Path) -> None:
    assert mapped_stack(_STACK, {"index.js": _map(tmp_path)}).split("\n") == [
        "Error: boom (at home:1:2)",
        "    at fail (src/a.ts:3:5)",
        "    at async Object.fetch (src/a.ts:1:1)",
        f"    at {tmp_path.parent}/other/b.ts:8:2",
        f"    at async ({tmp_path.parent}/other/b.ts:8:2)",
        "    at plain (other.js:5:6)",
        "    at new Promise (<anonymous>)",
        "    at Array.map",
    ]


def test_frames_with_their_source(tmp_path: Path) -> None:
    found = frames(_STACK, {"index.js": _map(tmp_path)})
    assert [(each.function, each.where, each.line, each.column, each.text) for each in found] == [
        ("fail", "src/a.ts", 3, 5, "three"),
        ("async Object.fetch", "src/a.ts", 1, 1, "one"),
        ("", f"{tmp_path.parent}/other/b.ts", 8, 2, ""),
        ("async", f"{tmp_path.parent}/other/b.ts", 8, 2, ""),
        ("plain", "other.js", 5, 6, ""),
        ("new Promise", "", 0, 0, ""),
        ("Array.map", "", 0, 0, ""),
    ]
    assert [each.file for each in found[:1]] == [Path("src/a.ts")]
    assert found[4].file is None


def test_a_source_that_is_no_file(tmp_path: Path) -> None:
    found = _map(tmp_path, sources=["https://e.org/a.ts", "x"])
    (frame, *_) = frames("at f (index.js:1:1)", {"index.js": found})
    assert (frame.file, frame.where) == (None, "https://e.org/a.ts")


def test_a_module_that_is_the_file_itself(tmp_path: Path) -> None:
    path = tmp_path / "src" / "index.js"
    path.parent.mkdir()
    path.write_text("a\nb\n")
    maps = {"index.js": of_file(path, tmp_path)}
    assert mapped_stack("    at f (index.js:2:1)", maps) == "    at f (src/index.js:2:1)"
    assert frames("    at f (index.js:2:1)", maps)[0].text == "b"


@pytest.mark.parametrize("inline", [False, True])
def test_a_module_that_names_its_map(inline: bool, tmp_path: Path) -> None:
    path = tmp_path / "dist" / "index.js"
    path.parent.mkdir()
    content = json.dumps({"version": 3, "sources": ["../src/a.ts"], "names": [], "mappings": "AAEA"})
    (path.parent / "a b.map").write_text(content)
    url = f"data:application/json;base64,{b64encode(content.encode()).decode()}" if inline else "a%20b.map"
    path.write_text(f"a\n//# sourceMappingURL=old.map\n//# sourceMappingURL={url}\n")
    assert mapped_stack("    at f (x.js:1:1)", {"x.js": of_file(path, tmp_path)}) == "    at f (src/a.ts:3:1)"


@pytest.mark.parametrize("text", ["", "//# sourceMappingURL=gone.map", "//# sourceMappingURL=a;base64,e30="])
def test_a_module_without_a_map_that_can_be_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "index.js"
    path.write_text(text)
    assert mapped_stack("    at f (x.js:1:1)", {"x.js": of_file(path, tmp_path)}) == "    at f (index.js:1:1)"
