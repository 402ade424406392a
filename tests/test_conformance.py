"""The D1 engine and the real workerd agree; and the harness that asks them."""

from __future__ import annotations

import os
import socket
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from edgelint.d1.engine import Database
from edgelint.d1.errors import D1Error
from edgelint.syntax.sql import statements
from tests.conformance import compare, corpus, generated, run, sides, workerd
from tests.conformance.corpus import Case, CorpusError, expanded
from tests.conformance.sides import Outcome, Refusal

_T = TypeVar("_T")


def test_engine_agrees_with_workerd(server: workerd.Workerd) -> None:
    written, made = corpus.read(), generated.cases()
    assert len(written) > 1_300
    assert len(made) > 800
    report = run.run(server, [*written, *made])
    assert not report.mistakes, "\n".join(report.mistakes)
    assert not report.new, "\n".join(f"{each.case}\n{each.detail}" for each in report.new)
    assert not report.stale, "\n".join(report.stale)
    assert report.agreeing + len(report.explained) == report.cases


def test_nothing_is_left_behind(server: workerd.Workerd) -> None:
    """A second server, started and stopped while the first runs."""
    before = _folders()
    with workerd.running() as second:
        assert _folders() != before
        assert second.port != server.port
        case = Case("x", (), "SELECT 1 AS one", (), False, False)
        assert sides.workerd(second.outcomes([sides.request(case, {})])[0]).answers[0].rows == ((1.0,),)
        port, process = second.port, second.process
    assert process.returncode is not None
    assert _folders() == before
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def _folders() -> set[str]:
    roots = {Path(tempfile.gettempdir()), workerd.MEMORY}
    mine = f"edgelint-workerd-{os.getpid()}-"
    return {entry for root in roots if root.is_dir() for entry in os.listdir(root) if entry.startswith(mine)}


def test_an_answer_that_never_comes(server: workerd.Workerd) -> None:
    with pytest.raises(workerd.Crashed, match="status 500"):
        server.outcomes([{"nonsense": True}])


def test_without_workerd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(workerd, "HERE", tmp_path)
    with pytest.raises(workerd.Unavailable, match="npm install"), workerd.running():
        pass
    monkeypatch.setattr("platform.system", lambda: "Plan9")
    with pytest.raises(workerd.Unavailable, match="Plan9"):
        workerd.binary()


def test_a_server_that_does_not_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "workerd"
    program.write_text("#!/bin/sh\necho 'the config is wrong' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(workerd, "binary", lambda: program)
    with pytest.raises(workerd.Crashed, match="the config is wrong"), workerd.running():
        pass


TEXT = """# Topic

```sql setup
CREATE TABLE a (b)
```

## First

```sql setup
INSERT INTO a VALUES (1)
```

```sql each
SELECT 1
! SELECT ? <- ["x", {"blob": "00ff"}, {{3 * "#" / ", "}}]
```

## Second

```sql migration refused
{{2 * "SELECT '#';" / " "}} {{U+00E9}}
```
"""


def test_cases_are_read(tmp_path: Path) -> None:
    (tmp_path / "topic.md").write_text(TEXT, encoding="utf-8")
    table, row = "CREATE TABLE a (b)\n", "INSERT INTO a VALUES (1)\n"
    bound = 'topic > First: SELECT ? <- ["x", {"blob": "00ff"}, {{3 * "#" / ", "}}]'
    assert corpus.read(tmp_path) == [
        Case("topic > First: SELECT 1", (table, row), "SELECT 1", (), False, False),
        Case(bound, (table, row), "SELECT ?", ("x", b"\x00\xff", 1, 2, 3), False, True),
        Case("topic > Second", (table,), "SELECT '1'; SELECT '2'; é", (), True, True),
    ]


@pytest.mark.parametrize("text, message", [
    ("```sql each\nSELECT 1\nSELECT 1\n```\n", "two cases"),
    ("\n```sql eaach\nSELECT 1\n```\n", "of no kind"),
    ("\n```sql each\nSELECT 1\n", "not closed"),
])  # fmt: skip
def test_a_corpus_with_a_mistake(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "topic.md").write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match=message):
        corpus.read(tmp_path)


def test_repetitions() -> None:
    assert expanded('{{3 * "c# \\"x\\"" / ", "}}') == 'c1 "x", c2 "x", c3 "x"'
    assert expanded('{{2 * "(("}}{{U+0000}}') == "((((\0"


def test_differences_are_seen() -> None:
    refused = Outcome(refusal=Refusal("no", "SQLITE_ERROR", 0, 3))
    assert compare.difference("x", refused, refused) is None
    assert compare.difference("x", refused, Outcome(refusal=Refusal("no", None, 0, 3))) is None
    found = compare.difference("x", refused, Outcome(refusal=Refusal("never", "SQLITE_AUTH", 0, 4)))
    assert found is not None
    assert found.aspects == ("code", "message", "offset")
    accepted = compare.difference("x", Outcome(), refused)
    assert accepted is not None
    assert accepted.aspects == ("accepted",)
    assert "workerd Refusal(message='no'" in accepted.detail
    other = compare.difference("x", Outcome(tables=(("t", ()),)), Outcome(tables=(("t", "gone"),)))
    assert other is not None
    assert other.aspects == ("tables",)


def test_the_list_of_differences_is_held_to() -> None:
    one, two, three = (compare.Difference(name, ("rows",), "") for name in ("one", "two", "three"))
    entry = compare.Known("because", ("rows",), ("one", "gone"))
    wrong = compare.Known("because", ("message",), ("two",))
    report = compare.report(9, [one, two, three], [entry, wrong, entry])
    assert report.explained == ((one, entry),)
    assert report.new == (two, three)
    assert report.stale == ("gone: does not differ in rows alone", "two: does not differ in message alone")
    assert report.mistakes == ("one: listed twice", "gone: listed twice")
    assert report.agreeing == 6


def test_every_known_difference_has_a_reason() -> None:
    for entry in compare.known():
        assert entry.reason.strip()
        assert entry.aspects
        assert entry.cases


def test_what_is_prepared_is_what_runs() -> None:
    """Without workerd: a statement that is refused when it is prepared is refused alike when it runs, and one that is
    prepared has the columns and parameters that it runs with."""
    outcomes: Counter[tuple[bool, bool]] = Counter()
    for case in corpus.read():
        if case.script or len(statements(case.sql)) > 1:
            continue
        database = Database.memory()
        for text in case.setup:
            database.script(text)
        prepared, refused = _tried(lambda: database.prepare(case.sql))  # noqa: B023 - called at once
        result, failed = _tried(lambda: database.execute(case.sql, case.params))  # noqa: B023
        outcomes[prepared is not None, result is not None] += 1
        if refused is not None:
            assert failed is not None, case.name
            assert failed.args == refused.args, case.name
        elif prepared is not None and result is not None:
            assert tuple(column.name for column in prepared.columns) == result.columns, case.name
            assert len(prepared.parameters) == len(case.params), case.name
        database.close()
    assert outcomes[True, True] > 500
    assert outcomes[False, False] > 400
    assert outcomes[True, False] > 100


def _tried(ask: Callable[[], _T]) -> tuple[_T | None, D1Error | None]:
    try:
        return ask(), None
    except D1Error as error:
        return None, error
