"""What is told of counts: by file, added up, as a table, lcov and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgelint.testing.workerd_host.coverage import report
from edgelint.testing.workerd_host.coverage.hits import (
    BranchKey,
    FileHits,
    Ways,
    as_data,
    from_data,
    hits,
    merge,
    what_ran,
)
from edgelint.testing.workerd_host.coverage.probes import NOWHERE, Branch, Function, Line, Place, Probes, Way
from edgelint.testing.workerd_host.coverage.session import Measured

A, B = Place("/app/a.ts", 1, 1), Place("/app/b.ts", 3, 5)
TABLE = Probes(
    6,
    [Line(A, 0), Line(A._replace(column=9), 1), Line(B, 2), Line(B._replace(line=9), NOWHERE)],
    [Function(A, "f", 1), Function(A._replace(line=2), "f", 2), Function(B, "g", 9)],
    [
        Branch(A, "if", 0, (Way(2, 3), Way(0, 4))), Branch(A, "if", 1, (Way(0, 4), Way(0, NOWHERE))),
        Branch(B, "loop", 0, (Way(4, 5),)),
    ],
)  # fmt: skip
IF, ELSE = BranchKey(1, 1, "if", 0), BranchKey(1, 1, "if", 1)


def file_hits() -> FileHits:
    return FileHits(
        {1: 2, 2: 0, 3: 0, 5: 0, 8: 1, 9: 0},
        {(1, 1, "f"): 2, (2, 3, "f"): 0, (8, 1, "g"): 1},
        {
            BranchKey(1, 4, "if", 0): Ways([2, 0], [2, 0]), BranchKey(2, 1, "logical", 0): Ways([0, 0], [0, 0]),
            BranchKey(8, 1, "logical", 0): Ways([1, 0], [0, 0]),
            BranchKey(8, 2, "conditional", 0): Ways([0, 1], [0, 0]),
            BranchKey(8, 3, "switch", 0): Ways([1, 0, 3], [0, 0, 0]), BranchKey(8, 4, "loop", 0): Ways([0], [0]),
            BranchKey(8, 5, "default", 0): Ways([0], [0]), BranchKey(8, 6, "assignment", 0): Ways([0], [0]),
        },
    )  # fmt: skip


def test_counts_by_file() -> None:
    found = hits([1, 5, 0, 1, 2, 7], TABLE)
    assert list(found) == ["/app/a.ts", "/app/b.ts"]
    assert found["/app/a.ts"].lines == {1: 5}  # the most of the statements of a line
    assert found["/app/a.ts"].functions == {(1, 1, "f"): 5, (2, 1, "f"): 0}
    assert found["/app/a.ts"].branches == {IF: Ways([1, 2], [2, 0]), ELSE: Ways([2, 0], [0, 0])}
    assert found["/app/b.ts"] == FileHits({3: 0, 9: 0}, {(3, 5, "g"): 0}, {BranchKey(3, 5, "loop", 0): Ways([7], [4])})
    assert hits((), TABLE)["/app/a.ts"].lines == {1: 0}


def test_sums() -> None:
    into = hits((), TABLE)
    merge(into, hits([1, 5, 0, 1, 2, 7], TABLE))
    merge(into, {"/app/c.ts": FileHits({1: 1})})
    merge(into, what_ran(hits([1, 1, 0, 0, 1, 1], TABLE)))
    assert into["/app/a.ts"].lines == {1: 6}
    assert into["/app/a.ts"].functions == {(1, 1, "f"): 6, (2, 1, "f"): 0}
    assert into["/app/a.ts"].branches[IF] == Ways([1, 3], [2, 0])
    assert into["/app/b.ts"].branches == {BranchKey(3, 5, "loop", 0): Ways([8], [4])}
    assert into["/app/c.ts"].lines == {1: 1}
    file = file_hits()
    assert (file.lines_hit, file.functions_hit, file.ways, file.ways_taken) == (2, 2, 14, 5)


def test_only_what_ran_is_sent_again() -> None:
    ran = what_ran(hits([0, 0, 0, 0, 1], TABLE))
    assert ran == {"/app/a.ts": FileHits(branches={IF: Ways([0, 1], [2, 0]), ELSE: Ways([1, 0], [0, 0])})}


def test_data_travels_as_json() -> None:
    found = {"/app/a.ts": file_hits(), "/app/b.ts": FileHits()}
    assert from_data(json.loads(json.dumps(as_data(found)))) == found


def test_measured_in_several_processes() -> None:
    measured = Measured()
    for problems in (["p"], ["p", "q"]):
        measured.add({"files": as_data(hits([1, 1], TABLE)), "problems": problems})
    measured.add({"files": as_data({"/other/d.ts": FileHits({1: 1}), "/app/types.ts": FileHits()}), "problems": []})
    assert measured.problems == ["p", "q"]
    files = measured.relative(Path("/app"))
    assert list(files) == ["/other/d.ts", "a.ts", "b.ts"]
    assert files["a.ts"].lines == {1: 2}


def test_the_table() -> None:
    files = {"src/a.ts": file_hits(), "src/whole.ts": FileHits({1: 1}), "src/none.ts": FileHits({4: 0, 5: 0})}
    assert list(report.as_table(files)) == [
        "File          Lines  Miss  Branch  Miss  Cover  Missing",
        "-------------------------------------------------------",
        (
            "src/a.ts          6     4      14     9    35%  1:false, 2-5, 8:operand 2, 8:true, 8:case 2, 8:loop, "
            "8:default, 8:assigned, 9"
        ),
        "src/whole.ts      1     0       0     0   100%",
        "src/none.ts       2     2       0     0     0%  4-5",
        "-------------------------------------------------------",
        "TOTAL             9     6      14     9    35%",
    ]  # fmt: skip
    one = list(report.as_table({"a": FileHits({1: 1})}))
    assert len(one) == 3
    assert not one[-1].startswith("TOTAL")


def test_percentages() -> None:
    assert [report.told(each) for each in (0, 0.2, 49.6, 99.6, 100)] == ["0%", "1%", "50%", "99%", "100%"]
    assert report.totals([]).percent == 100


def test_lcov() -> None:
    assert report.as_lcov({"src/a.ts": file_hits(), "b.ts": FileHits({1: 0})}) == """TN:
SF:src/a.ts
FN:1,f@1:1
FN:2,f@2:3
FN:8,g
FNDA:2,f@1:1
FNDA:0,f@2:3
FNDA:1,g
FNF:3
FNH:2
BRDA:1,0,0,2
BRDA:1,0,1,0
BRDA:2,1,0,-
BRDA:2,1,1,-
BRDA:8,2,0,1
BRDA:8,2,1,0
BRDA:8,3,0,0
BRDA:8,3,1,1
BRDA:8,4,0,1
BRDA:8,4,1,0
BRDA:8,4,2,3
BRDA:8,5,0,0
BRDA:8,6,0,0
BRDA:8,7,0,0
BRF:14
BRH:5
DA:1,2
DA:2,0
DA:3,0
DA:5,0
DA:8,1
DA:9,0
LF:6
LH:2
end_of_record
TN:
SF:b.ts
FNF:0
FNH:0
BRF:0
BRH:0
DA:1,0
LF:1
LH:0
end_of_record
"""


def test_json() -> None:
    found = json.loads(report.as_json({"src/a.ts": file_hits()}, ["p"]))
    assert found["version"] == 1
    assert found["problems"] == ["p"]
    file = found["files"]["src/a.ts"]
    assert file["lines"] == {"1": 2, "2": 0, "3": 0, "5": 0, "8": 1, "9": 0}
    assert file["functions"][0] == {"name": "f", "line": 1, "column": 1, "count": 2}
    assert file["branches"][0] == {"line": 1, "column": 4, "kind": "if", "counts": [2, 0]}
    assert file["summary"] == found["totals"] == {
        "lines": 6, "lines_missed": 4, "branches": 14, "branches_missed": 9, "functions": 3, "functions_missed": 1,
        "percent": 35.0,
    }  # fmt: skip


def test_targets() -> None:
    assert report.target("term") == report.Target("term", "")
    assert report.target("lcov:out/c:x.info") == report.Target("lcov", "out/c:x.info")
    for wrong in ("", "xml:a", "lcov", "lcov:", "term:a", "json"):
        with pytest.raises(ValueError) as caught:
            report.target(wrong)
        assert str(caught.value) == f"--edge-cov-report takes term, lcov:FILE or json:FILE, not '{wrong}'"


def test_the_least() -> None:
    assert [report.least(each) for each in ("0", "80.5", "100")] == [0, 80.5, 100]
    for wrong in ("", "x", "-1", "101", "nan"):
        with pytest.raises(ValueError) as caught:
            report.least(wrong)
        assert str(caught.value) == f"--edge-cov-fail-under takes a number from 0 to 100, not '{wrong}'"
    files = {"a": file_hits()}
    assert report.too_little(files, 35) is None
    assert report.too_little(files, 35.5) == "edge coverage of 35.00% is under the 35.5% of --edge-cov-fail-under"


def test_reports_are_written(tmp_path: Path) -> None:
    files = {"a.ts": FileHits({1: 1})}
    targets = [report.target(each) for each in ("lcov:out/lcov.info", "json:c.json", "term", "json:.")]
    lines = list(report.write(targets, files, ["a problem"], tmp_path))
    assert (tmp_path / "out" / "lcov.info").read_text(encoding="utf-8") == report.as_lcov(files)
    assert (tmp_path / "c.json").read_text(encoding="utf-8") == report.as_json(files, ["a problem"])
    table = list(report.as_table(files))
    assert lines == [
        "edge coverage: out/lcov.info", "edge coverage: c.json", *table, ".: cannot be written: Is a directory",
        "a problem",
    ]  # fmt: skip
    nothing = list(report.write([report.target("term")], {}, [], tmp_path))
    assert nothing == ["no JavaScript or TypeScript ran in workerd"]
