"""The benchmarks run, on a tiny corpus; what they measure is not asserted, a clock is no oracle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import corpus, d1
from benchmarks.density import density
from benchmarks.density import main as main_of_density
from benchmarks.floor import copied, revisited, walk
from benchmarks.floor import main as main_of_floor
from benchmarks.measure import D1Measured, Measured, Timing, run
from benchmarks.parse import checked, parse
from edgelint import engine, settings
from edgelint.outcome import Outcome
from edgelint.source import Source
from edgelint.syntax import javascript
from edgelint.syntax.js_statements import grammar as javascript_grammar


def outcome(root: Path) -> Outcome:
    return engine.analyse(root, settings.load(root))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_seed_makes_the_same_corpus(tmp_path: Path) -> None:
    assert corpus.make(tmp_path / "a", 4000) == corpus.make(tmp_path / "b", 4000)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    corpus.make(tmp_path / "c", 4000, seed=1)
    assert contents(tmp_path / "a") != contents(tmp_path / "c")


def test_the_corpus_has_the_lines_asked_for_and_parses(tmp_path: Path) -> None:
    written = corpus.make(tmp_path, 16_000)
    assert written >= 16_000
    scripts = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.[jt]s")]
    checked_files = checked(tmp_path)
    assert parse(tmp_path, checked_files)["lines"] == written
    assert set(checked_files) < set(scripts)
    assert not any("/test/" in path for path in checked_files)
    files = contents(tmp_path)
    assert any(name.endswith(".js") for name in files)
    assert not any("⟦".encode() in data or b"@Entity@" in data for data in files.values())
    import tree_sitter
    import tree_sitter_javascript
    import tree_sitter_typescript

    languages = {".js": tree_sitter_javascript.language(), ".ts": tree_sitter_typescript.language_typescript()}
    for name, data in files.items():
        language = languages.get(Path(name).suffix)
        if language is not None:
            assert not tree_sitter.Parser(tree_sitter.Language(language)).parse(data).root_node.has_error, name


def test_a_corpus_like_apps_has_few_bindings_and_the_same_lines(tmp_path: Path) -> None:
    for name, bound in (("like", corpus.LIKE_APPS), ("dense", corpus.DENSE)):
        assert corpus.make(tmp_path / name, 7000, bound=bound) >= 7000
    like, dense = (density(tmp_path / name) for name in ("like", "dense"))
    assert 8 < like.calls / like.checked < 16
    assert 1 < like.statements / like.checked < 4
    assert dense.calls / dense.checked > 4 * like.calls / like.checked
    assert like.parsed < like.checked  # components that no entry reaches
    panels = list((tmp_path / "like").rglob("*.tsx"))
    assert panels
    for path in (*panels, *(tmp_path / "like").rglob("features/*.ts")):
        assert javascript.parse(Source(path.name, path.read_bytes()), path.name).errors == []
    assert outcome(tmp_path / "like").failures == ()


def test_density_prints_a_row_for_each_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus.make(tmp_path / "one", 300)
    assert main_of_density([str(tmp_path / "one")]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["kLOC", "parsed", "calls", "env", "reads", "statements", "dynamic"]
    assert row.startswith("one ")
    assert float(row.split()[3]) > 10


def test_the_floor_counts_the_same_nodes_each_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus.make(tmp_path, 300)
    tree = javascript_grammar("typescript").parser.parse(b"export const a = (b: number) => b + 1;")
    assert revisited(copied(tree.root_node)) == walk(tree.root_node) + 1
    assert main_of_floor([str(tmp_path), "1"]) == 0
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines()[1:]] == [
        "parse", "walk", "objects", "revisit", "lower", "index", "start",
    ]


def test_wrong_arguments_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--corpus", str(tmp_path / "gone")], ["--runs", "0"]):
        with pytest.raises(SystemExit, match="2"):
            benchmarks.main(arguments)
    assert "is not a folder" in capsys.readouterr().err


def test_a_command_that_fails_is_not_measured() -> None:
    with pytest.raises(RuntimeError, match="exited with 3"):
        run(["sh", "-c", "exit 3"])


def test_a_run_that_fails_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> Measured:
        raise RuntimeError("no luck")

    monkeypatch.setattr(benchmarks, "measure", fails)
    assert benchmarks.main(["--corpus", str(tmp_path), "--app-lines", "100"]) == 1
    assert capsys.readouterr().err == "benchmarks: no luck\n"


def test_ratios() -> None:
    timing = Timing((0.3, 0.1, 0.2), (0.4, 0.4, 0.4))
    found = Measured({"files": 1, "lines": 1000, "bytes": 5}, (0.1,), timing, timing, timing, 0, timing, 3000)
    assert (timing.cpu_ms, timing.wall_ms, found.parse_ms) == (200, 400, 100)
    assert found.cold_to_parse == 2
    text = benchmarks.as_text(found, "here")
    assert "cold / parse              2.00" in text
    assert "3.0 kLOC app, cold         200 ms CPU" in text
    without = Measured(found.size, found.parse, timing, timing, timing, 0, None, 0)
    assert "kLOC app, cold" not in benchmarks.as_text(without, "here")
    assert benchmarks.as_json(without, "here")["app_cpu_ms"] is None


def test_the_d1_half() -> None:
    made = d1.make(6)
    assert made == d1.make(6)
    assert made != d1.make(6, seed=1)
    found = d1.run(made, 1)
    assert (found["tables"], found["queries"]) == (6, 66)
    measured = D1Measured(
        {name: value for name, value in found.items() if isinstance(value, int)},
        {name: tuple(value) for name, value in found.items() if isinstance(value, list)},
        {"apsw": (0.002,), "sqlglot": (0.1,)},
    )
    text = benchmarks.d1_as_text(measured)
    assert "import of apsw                         2.0 ms CPU" in text
    assert "us a query" in text
    assert benchmarks.d1_as_json(measured)["sqlglot_import_cpu_ms"] == 100


@pytest.mark.slow
def test_the_benchmarks_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "kept"
    arguments = ["--lines", "300", "--app-lines", "300", "--runs", "1", "--tables", "4"]
    assert benchmarks.main([*arguments, "--keep", str(kept), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    for name in ("like", "dense"):
        assert found[name]["corpus"]["lines"] >= 300
        assert found[name]["cold_to_parse"] > 0
    assert found["d1"]["tables"] == 4
    assert benchmarks.main([*arguments, "--corpus", str(kept / "like")]) == 0
    printed = capsys.readouterr().out
    assert f"({kept / 'like'})" in printed
    assert "warm no-op" in printed
    assert "prepare and plan / sqlglot's parse" in printed
