"""The benchmark of the language server runs; what it measures is not asserted, a clock is no oracle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import lsp
from benchmarks.lsp import Measured
from edgelint import engine, settings


def test_it_types_and_prints_what_it_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lsp, "INTERVAL", (0.0, 0.0))
    monkeypatch.setattr(lsp, "PAUSE", 0.0)
    monkeypatch.setattr(lsp, "_TYPED", ('await env.CACHE.put("a", id, {{ expirationTtl: 3 }});',))
    assert lsp.main(["--functions", "1", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["lines"] > 1000
    assert figures["statements"] == 42
    assert figures["parses"]["keys"] > 10
    assert figures["broken"]["keys"] > 10
    assert figures["whole"]["keys"] == 1


def test_the_app_is_one_that_edgelint_reads_whole(tmp_path: Path) -> None:
    tables = lsp.make(tmp_path)
    assert len(tables) == lsp.STATEMENTS
    outcome = engine.analyse(tmp_path, settings.load(tmp_path, None))
    assert lsp.FILE in outcome.files
    assert [item for item in outcome.diagnostics if item.span.path == lsp.FILE] == []


def test_the_table() -> None:
    text = lsp.as_text(Measured([0.01, 0.02, 0.03], [], [0.4], [0.02], 1000))
    assert "src/big.ts: 1000 lines, 42 SQL statements" in text
    assert "parses      3 keys   p50   20.0 ms   p95   30.0 ms   max   30.0" in text
    assert "broken      0 keys   p50    0.0 ms" in text
    assert "parse    20.0 ms" in text


def test_wrong_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        lsp.main(["--functions", "0"])
    assert "--functions must be between 1 and 42" in capsys.readouterr().err
