"""The plugin of coverage.py, on data files of its own."""

from __future__ import annotations

import io
import json
from pathlib import Path

import coverage
import pytest
from coverage.exceptions import NoSource

from edgelint.testing.workerd_host.coverage import coverage_py
from edgelint.testing.workerd_host.coverage.hits import BranchKey, FileHits, Ways
from edgelint.testing.workerd_host.coverage.report import way_name


def file_hits() -> FileHits:
    return FileHits(
        {1: 2, 2: 1, 4: 0, 6: 1},
        {},
        {
            BranchKey(1, 1, "if", 0): Ways([1, 0], [2, 4]), BranchKey(1, 9, "logical", 0): Ways([1, 1, 0], [0, 0, 0]),
            BranchKey(2, 1, "conditional", 0): Ways([0, 1], [6, 6]), BranchKey(6, 1, "loop", 0): Ways([0], [7]),
            BranchKey(6, 2, "if", 0): Ways([1, 0], [6, 0]),
        },
    )  # fmt: skip


@pytest.fixture
def measuring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> coverage.Coverage:
    """A Coverage that counts as the one that measures this process."""
    monkeypatch.chdir(tmp_path)
    return measuring_as(tmp_path, monkeypatch, branch=True)


def measuring_as(folder: Path, monkeypatch: pytest.MonkeyPatch, branch: bool, more: str = "") -> coverage.Coverage:
    config = folder / ".coveragerc"
    config.write_text(f"[run]\nbranch = {branch}\nplugins = {coverage_py.MODULE}\n{more}", encoding="utf-8")
    made = coverage.Coverage(data_file=str(folder / ".coverage"), config_file=str(config))
    monkeypatch.setattr(coverage.Coverage, "current", lambda: made)
    return made


def source(folder: Path, name: str = "a.ts") -> str:
    path = folder / name
    path.write_text("if (a || b || c)\n  x ? y : z;\nelse\n  d();\n\nwhile (e) f();\n", encoding="utf-8")
    return str(path)


def reported(measured: coverage.Coverage) -> list[list[str]]:
    out = io.StringIO()
    measured.report(file=out, show_missing=True, skip_covered=False)
    return [line.split() for line in out.getvalue().splitlines() if ".ts" in line]


def test_jumps_of_branches() -> None:
    key = BranchKey(1, 1, "if", 0)
    assert coverage_py.arcs_of(file_hits()) == {
        (1, 2): (key, 0), (1, 4): (key, 1),
        (1, -900): (BranchKey(1, 9, "logical", 0), 0), (1, -901): (BranchKey(1, 9, "logical", 0), 1),
        (1, -902): (BranchKey(1, 9, "logical", 0), 2),
        (2, 6): (BranchKey(2, 1, "conditional", 0), 0), (2, -101): (BranchKey(2, 1, "conditional", 0), 1),
        (6, -200): (BranchKey(6, 2, "if", 0), 0), (6, -201): (BranchKey(6, 2, "if", 0), 1),
    }  # fmt: skip


def test_jumps_of_branches_at_one_place_are_told_apart() -> None:
    keys = BranchKey(1, 1, "if", 0), BranchKey(1, 1, "if", 1)
    arcs = coverage_py.arcs_of(FileHits(branches={key: Ways([0, 0], [0, 0]) for key in keys}))
    assert sorted(arcs) == [(1, -103), (1, -102), (1, -101), (1, -100)]
    assert sorted(arcs.values()) == [(keys[0], 0), (keys[0], 1), (keys[1], 0), (keys[1], 1)]


def test_files_are_in_the_report(measuring: coverage.Coverage, tmp_path: Path) -> None:
    name = source(tmp_path)
    assert coverage_py.add({name: file_hits(), source(tmp_path, "never.ts"): FileHits({1: 0})}) is None
    measuring.save()
    assert reported(measuring) == [
        ["a.ts", "4", "1", "9", "4", "62%", "1->exit,", "2->6,", "4,", "6->exit"],
        ["never.ts", "1", "1", "0", "0", "0%", "1"],
    ]


def test_lines_only_where_branches_are_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    measuring = measuring_as(tmp_path, monkeypatch, branch=False)
    coverage_py.add({source(tmp_path): file_hits()})
    measuring.save()
    assert reported(measuring) == [["a.ts", "4", "1", "75%", "4"]]


def test_relative_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    measuring = measuring_as(tmp_path, monkeypatch, branch=True, more="relative_files = true\n")
    coverage_py.add({source(tmp_path): file_hits()})
    measuring.save()
    assert measuring.get_data().measured_files() == {"a.ts"}
    assert reported(measuring)[0][:3] == ["a.ts", "4", "1"]


def test_ways_are_told(measuring: coverage.Coverage, tmp_path: Path) -> None:
    name = source(tmp_path)
    coverage_py.add({name: file_hits()})
    plugin = coverage_py.JavaScript()
    plugin.configure(measuring)
    reporter = plugin.file_reporter(name)
    assert reporter.missing_arc_description(1, 4) == "line 1: if at column 1: false never happened"
    assert reporter.arc_description(1, -902) == "logical at column 9: operand 3"
    assert reporter.source().startswith("if (a")


def test_a_file_that_the_table_has_not(measuring: coverage.Coverage, tmp_path: Path) -> None:
    plugin = coverage_py.JavaScript()
    plugin.configure(measuring)
    with pytest.raises(NoSource) as caught:
        plugin.file_reporter(source(tmp_path))
    assert ".coverage-edgelint.json does not have" in str(caught.value)


def test_nothing_is_added_where_nothing_measures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage.Coverage, "current", lambda: None)
    assert coverage_py.add({source(tmp_path): file_hits()}) is None


def test_no_files_write_no_table(measuring: coverage.Coverage, tmp_path: Path) -> None:
    assert coverage_py.add({}) is None
    assert not (tmp_path / ".coverage-edgelint.json").exists()


def test_a_configuration_without_the_plugin_gets_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = coverage.Coverage(data_file=str(tmp_path / ".coverage"), config_file=False)
    monkeypatch.setattr(coverage.Coverage, "current", lambda: made)
    assert coverage_py.add({source(tmp_path): file_hits()}) == coverage_py.HINT
    assert coverage_py.MODULE in coverage_py.HINT


def test_tables_of_several_sessions(measuring: coverage.Coverage, tmp_path: Path) -> None:
    one, two, three = (source(tmp_path, name) for name in ("one.ts", "two.ts", "three.ts"))
    table = tmp_path / ".coverage-edgelint.json"
    table.write_text("{", encoding="utf-8")
    coverage_py.add({one: file_hits(), two: FileHits({1: 1}), three: FileHits({1: 0, 2: 0})})
    Path(two).write_text("changed()", encoding="utf-8")
    Path(three).write_text("changed()", encoding="utf-8")
    coverage_py.add({one: FileHits({7: 1}), three: FileHits({5: 0})})
    files = json.loads(table.read_text(encoding="utf-8"))["files"]
    assert sorted(files) == sorted((one, three))  # the text that two's lines were of is gone
    assert [line for line, _ in files[one]["lines"]] == [1, 2, 4, 6, 7]
    assert [line for line, _ in files[three]["lines"]] == [5]
    Path(one).unlink()
    coverage_py.add({three: FileHits({5: 0})})
    assert list(json.loads(table.read_text(encoding="utf-8"))["files"]) == [three]


def test_the_names_of_ways() -> None:
    kinds = ("if", "conditional", "logical", "assignment", "switch", "loop", "default")
    assert [way_name(BranchKey(1, 1, kind, 0), 1, 2) for kind in kinds] == [
        "false", "false", "operand 2", "assigned", "case 2", "loop", "default",
    ]  # fmt: skip
