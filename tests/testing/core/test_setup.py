"""What the plugin does with marks, and what its reports show."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from edgelint.testing.edge import Options
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.setup import cost_table, instant, sections, without_machinery
from tests.testing.core.apps import handler, opened


def test_instants() -> None:
    assert instant("2026-02-03T04:05:06Z", "x") == datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert instant("2026-02-03", "x") == datetime(2026, 2, 3, tzinfo=UTC)
    assert instant("2026-02-03T01:00+02:00", "x").astimezone(UTC).hour == 23
    assert instant(datetime(2026, 1, 1), "x").tzinfo is UTC
    with pytest.raises(EdgeUsageError, match="start: 'soon' is no instant"):
        instant("soon", "start")


def test_the_cost_table_is_dearest_first() -> None:
    lines = cost_table({
        "free": {}, "cheap": {"kv_reads": 1, "operations": 1},
        "dear": {"kv_writes": 2, "d1_rows_read": 3, "kv_lists": 0},
    })  # fmt: skip
    assert [line.split()[1] for line in lines[1:-1]] == ["dear:", "cheap:", "free:"]
    assert lines[1].endswith("dear: d1_rows_read ≈3, kv_writes 2")
    assert lines[3].endswith("free: nothing")


def test_sections_of_a_report(tmp_path: Path) -> None:
    with opened(tmp_path, handler("return Response('')"), Options(seed=3)) as edge:
        edge.get("/")
        assert [title for title, _ in sections(edge)] == ["edge timeline"]
        edge.world.logs += [("log", f"line {number}") for number in range(300)]
        (_, timeline), (title, console) = sections(edge)
        assert timeline.startswith("seed 3 (--edge-seed=3)\n")
        assert title == "edge console"
        assert console.splitlines()[0] == "  log  line 100"
        assert len(console.splitlines()) == 200


def traceback_of(names: list[str]) -> TracebackType | None:
    """A traceback with one frame for each file name."""
    scope: dict[str, Any] = {}
    below = "1 / 0"
    for name in reversed(names):
        scope = {"inner": scope.get("call")}
        exec(compile(f"def call():\n    {below}", name, "exec"), scope)
        below = "inner()"
    with pytest.raises(ZeroDivisionError) as raised:
        scope["call"]()
    assert raised.value.__traceback__ is not None
    return raised.value.__traceback__.tb_next


def files(traceback: TracebackType | None) -> list[str]:
    found = []
    while traceback is not None:
        found.append(traceback.tb_frame.f_code.co_filename)
        traceback = traceback.tb_next
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="paths with slashes")
def test_the_machinery_between_the_test_and_the_app_is_left_out() -> None:
    names = [
        "/t/test_a.py", "/x/site-packages/httpx/_client.py", "/x/asyncio/events.py", "/x/edgelint/testing/world.py",
        "/app/entry.py",
    ]  # fmt: skip
    shown = without_machinery(traceback_of(names))
    assert files(shown) == ["/t/test_a.py", "/app/entry.py"]
    assert files(without_machinery(traceback_of(names[1:4]))) == names[1:4], "what has no other frame stays"
    assert without_machinery(None) is None
