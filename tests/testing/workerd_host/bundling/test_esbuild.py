"""esbuild as a service: its packets, and builds with hooks."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host.esbuild import Answer, Asked, BuildError, Esbuild, Hooks, Lookup, decode, encode
from edgelint.testing.workerd_host.runtime import Program, Runtime, needed_esbuild

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2**32 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.integers(0, 2**31 - 1), _VALUES, st.booleans())
def test_packets(number: int, value: Any, answer: bool) -> None:
    packet = encode(number, value, answer=answer)
    assert int.from_bytes(packet[:4], "little") == len(packet) - 4
    assert decode(packet[4:]) == (number, value, answer)


@given(_VALUES, st.data())
def test_a_packet_that_is_cut_is_refused(value: Any, data: st.DataObject) -> None:
    content = encode(1, value, answer=True)[4:]
    with pytest.raises(ValueError):
        decode(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(ValueError, match="longer than its value"):
        decode(content + b"\0")


def test_a_value_of_an_unknown_kind() -> None:
    with pytest.raises(ValueError, match="kind 9"):
        decode(b"\0\0\0\0\x09\0\0\0\0")


@pytest.fixture
def program(runtime: Runtime) -> Program:
    return needed_esbuild(runtime)


FLAGS = ["--bundle", "--format=esm", "--outdir=/out", "--sourcemap=external"]


def test_a_build_with_hooks(program: Program, tmp_path: Path) -> None:
    (tmp_path / "main.js").write_text('import a from "virtual:a"; import "./x.data"; import "./b"; export default a;')
    (tmp_path / "b.js").write_text("console.log(1)")
    (tmp_path / "x.data").write_text("")
    asked: list[Asked] = []
    looked: list[dict[str, Any]] = []

    def data(each: Asked) -> Generator[Lookup, dict[str, Any], Answer]:
        asked.append(each)
        if each.marked:
            return None
        found = yield Lookup("./b", each)
        again = yield Lookup("./nope", each, str(tmp_path / "deeper"))
        looked.extend((found, again))
        return {"path": "./else.data", "external": True}

    def begins(each: Asked) -> Generator[Lookup, dict[str, Any], Answer]:
        yield Lookup("./x.data", each)
        return None  # and those behind it are asked

    def nobody(each: Asked) -> Generator[Lookup, dict[str, Any], Answer]:
        if each.path == "never":
            yield Lookup("./b", each)
        return None

    hooks = Hooks()
    hooks.on_resolve(r"\.data$", lambda each: None)
    hooks.on_resolve(r"\.data$", data)
    hooks.on_resolve(r"/b$", nobody)
    hooks.on_resolve("^virtual:", begins)
    hooks.on_resolve("^virtual:", lambda each: {"path": each.path, "namespace": "v"})
    hooks.on_load(".*", lambda each: {"contents": f"export default {each.path!r}".encode(), "loader": "js"}, "v")
    with Esbuild(program) as esbuild:
        built = esbuild.build(tmp_path / "main.js", tmp_path, FLAGS, hooks)
        alone = esbuild.build(tmp_path / "b.js", tmp_path, FLAGS)
    output = {each.path.name: each.content.decode() for each in built.outputs}
    assert sorted(output) == ["main.js", "main.js.map"]
    assert 'import "./else.data";' in output["main.js"]
    assert '"virtual:a"' in output["main.js"]
    first = next(each for each in asked if not each.marked)
    assert (first.path, first.kind, first.folder, first.importer) == (
        "./x.data", "import-statement", str(tmp_path), str(tmp_path / "main.js"),
    )  # fmt: skip
    assert looked[0]["path"] == str(tmp_path / "b.js")
    assert [error["text"] for error in looked[1]["errors"]] == ['Could not resolve "./nope"']
    assert set(built.metafile["inputs"]) == {"main.js", "b.js", "v:virtual:a"}
    assert len(alone.outputs) == 2


def test_errors_and_warnings_as_esbuild_shows_them(program: Program, tmp_path: Path) -> None:
    (tmp_path / "main.js").write_text('export let x = typeof y === "nope"\n')
    (tmp_path / "bad.js").write_text("let x = 1;\nlet = ;\nlet x;")
    hooks = Hooks()
    hooks.on_resolve("main", lambda each: {"errors": [{"text": "not this one"}]})
    with Esbuild(program) as esbuild:
        built = esbuild.build(tmp_path / "main.js", tmp_path, FLAGS)
        assert len(built.warnings) == 1
        assert built.warnings[0].startswith("▲ [WARNING] The \"typeof\" operator will never evaluate to \"nope\"")
        assert "main.js:1:" in built.warnings[0]
        with pytest.raises(BuildError) as raised:
            esbuild.build(tmp_path / "bad.js", tmp_path, FLAGS)
        assert str(raised.value).startswith("✘ [ERROR] ")
        assert "bad.js:2:6:" in str(raised.value)

        def amend(errors: list[dict[str, Any]]) -> None:
            errors[0]["text"] += "!"

        with pytest.raises(BuildError, match="not this one!"):
            esbuild.build(tmp_path / "main.js", tmp_path, FLAGS, hooks, amend)
        with pytest.raises(EdgeUsageError, match="--nope"):
            esbuild.build(tmp_path / "main.js", tmp_path, ["--nope"])


def test_another_version_is_refused(program: Program) -> None:
    with pytest.raises(EdgeUsageError, match="esbuild"), Esbuild(Program(program.path, "0.1.0")):
        pass


def test_a_program_that_does_not_run(tmp_path: Path) -> None:
    with pytest.raises(EdgeUsageError, match="does not run: No such file"):
        Esbuild(Program(tmp_path / "absent", "0.28.0"))


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands for the program")
def test_a_program_that_ends_or_says_another_version(tmp_path: Path) -> None:
    def script(text: str) -> Program:
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return Program(path, "0.28.0")

    with pytest.raises(EdgeUsageError, match=r"ended before it had answered\nno such service"):
        started(script("echo no such service >&2; exit 1"))
    with pytest.raises(EdgeUsageError, match=r"is esbuild 9, not 0\.28\.0"):
        started(script(r"printf '\001\000\000\0009'; sleep 5"))
    with pytest.raises(EdgeUsageError, match="ended before it had answered"):
        started(script(r"printf '\006\000\000\0000.28.0\004\000'; exit 0"), ["x" * 200_000])


def started(program: Program, flags: list[str] | None = None) -> None:
    """Start it, and build something with it."""
    with Esbuild(program) as esbuild:
        for _ in range(2):  # the second finds the pipe broken, if the first does not
            esbuild.build(program.path, program.path.parent, flags or [])
