"""The benchmark of the pytest plugin runs and adds up; what it measures is not asserted, a clock is no oracle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import testing as benchmarks
from benchmarks.testing import Measured, Session
from benchmarks.whole import Ran


def session(ms: float, megabytes: float) -> Session:
    return Session((ms / 1000, ms / 1000 + 1, ms / 1000 - 1), (int(megabytes * 1e6),) * 3)


def found() -> Measured:
    return Measured({
        ("bare", 1): session(200, 40), ("bare", 2): session(201, 40), ("bare", 12): session(211, 41),
        ("idle", 1): session(210, 40), ("idle", 2): session(211, 40), ("idle", 12): session(221, 41),
        ("alone", 1): session(390, 59), ("alone", 2): session(391, 59), ("alone", 12): session(421, 60),
        ("fetch", 1): session(395, 59), ("fetch", 2): session(398, 59), ("fetch", 12): session(433, 60),
        ("edge", 1): session(400, 60), ("edge", 2): session(404, 61), ("edge", 12): session(444, 64),
    }, 2, 12)  # fmt: skip


def test_differences_and_ratios() -> None:
    measured = found()
    assert measured.fixed_ms("idle") == pytest.approx(10)
    assert measured.fixed_ms("edge") == pytest.approx(200)
    assert measured.test_ms("bare") == pytest.approx(1)
    assert measured.test_ms("edge") == pytest.approx(4)
    assert measured.test_ms("alone") == pytest.approx(3)
    assert measured.memory_mb == pytest.approx(23)
    text = benchmarks.as_text(measured)
    assert "edge    12 tests     444 ms CPU (-556-1444),   64.0 MB" in text
    assert "per test with a world       4.00 ms CPU (4.0 x an empty one)" in text
    assert "per test, world alone       3.00 ms CPU" in text
    assert "per test, one request       3.50 ms CPU" in text
    assert "fixed cost, first world    200.0 ms CPU (1.00 x bare)" in text
    whole = benchmarks.as_json(measured)
    assert whole["edge_test_cpu_ms"] == pytest.approx(4)
    assert json.loads(json.dumps(whole)) == whole


@pytest.mark.parametrize("arguments", [["--runs", "0"], ["--few", "1"], ["--few", "9", "--many", "9"]])
def test_wrong_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        benchmarks.main(arguments)
    assert "--runs must be at least 1" in capsys.readouterr().err


@pytest.mark.slow
def test_it_measures_and_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmarks.main(["--runs", "1", "--few", "2", "--many", "3", "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert [(each["kind"], each["tests"]) for each in measured["sessions"]] == [
        (kind, count) for kind in benchmarks.KINDS for count in (1, 2, 3)
    ]
    assert all(each["cpu_ms"] > 0 and each["memory_mb"] > 1 for each in measured["sessions"])


def test_tests_that_fail_are_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmarks, "TESTS", "def test_it(edge): assert {count} == 0, 'no luck'\n")
    assert benchmarks.main(["--runs", "1", "--few", "2", "--many", "3"]) == 1
    assert "no luck" in capsys.readouterr().err


def test_the_table_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(benchmarks, "measure", lambda *_: found())
    assert benchmarks.main([]) == 0
    assert capsys.readouterr().out == benchmarks.as_text(found()) + "\n"


def suites() -> dict[str, list[Ran]]:
    return {name: [Ran(1, 2, 60_000_000), Ran(3, 9, 70_000_000), Ran(2, 3, 50_000_000)] for name in benchmarks.SUITES}


def test_the_suites_are_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(benchmarks, "measure_suites", lambda *_: suites())
    assert benchmarks.main(["--suite"]) == 0
    out = capsys.readouterr().out
    assert "20 files of 1 test     3.00 s wall   2.00 s CPU   60.0 MB" in out
    assert out == benchmarks.suites_as_text(suites()) + "\n"
    assert benchmarks.main(["--suite", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["1 test"] == {"wall_ms": 3000, "cpu_ms": 2000, "memory_mb": 60}


def test_each_suite_is_run_and_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmarks, "FEW", 2)
    monkeypatch.setattr(benchmarks, "SUITES", {"1 test": ["test_edge_1.py"], "20 files of 1 test": ["files"]})
    told: list[str] = []
    found = benchmarks.measure_suites(tmp_path / "app", 1, told.append)
    assert told == ["run 1 of 1"]
    assert list(found) == ["1 test", "20 files of 1 test"]
    assert all(ran.cpu > 0 and ran.wall > 0 and ran.memory > 1e6 for [ran] in found.values())
