"""What ran, merged over tests, held against what the linter finds in the code."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from edgelint.testing import coverage_report as reports
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.linter_facts import HOLE, Known, KnownSite, KnownStatement, read
from edgelint.testing.operation import Operation, asked_by
from edgelint.testing.usage import Statement, Usage

FILES = {
    "wrangler.jsonc": """{
  "name": "notes", "main": "src/entry.py", "compatibility_date": "2026-03-01",
  "compatibility_flags": ["python_workers"],
  "kv_namespaces": [{"binding": "CACHE", "id": "1"}],
  "d1_databases": [{"binding": "DB", "database_id": "2", "database_name": "notes"}]
}
""",
    "migrations/0001_init.sql": "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);\n",
    "src/entry.py": '''from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        cached = await self.env.CACHE.get("notes")
        if cached is not None:
            return Response(cached)
        found = await self.env.DB.prepare("SELECT id, body FROM notes WHERE id = ?").bind(1).first()
        await self.env.DB.prepare("DELETE FROM notes WHERE id = ?").bind(2).run()
        await self.env.CACHE.put(
            "notes",
            str(found),
        )
        return Response.json(found)
''',
}


def operation(kind: str, verb: str, binding: str, outcome: str, line: int, **attributes: Any) -> Operation:
    with asked_by("app"):
        made = Operation(binding, kind, verb, "key")
    made.outcome = outcome  # type: ignore[assignment]
    made.place = ("src/entry.py", line)
    made.attributes.update(attributes)
    return made


def test_usage_is_merged_as_plain_data(tmp_path: Path) -> None:
    one, two = Usage(), Usage()
    sql = {"sql": "SELECT 1", "rows": 2, "rows_read": 5}
    one.add([operation("d1", "all", "DB", "ok", 3, **sql), operation("kv", "get", "CACHE", "hit", 4)], tmp_path)
    two.add([operation("d1", "all", "DB", "error", 3, **sql), operation("kv", "get", "CACHE", "miss", 4)], tmp_path)
    batch = {"statements": [{"sql": "INSERT 1"}, {"sql": "INSERT 2", "rows": 1}]}
    two.add([operation("d1", "batch", "DB", "ok", 9, **batch)], tmp_path)
    with asked_by("test"):
        looked = Operation("DB", "d1", "all", "SELECT 2")
    two.add([looked], tmp_path)
    one.merge(json.loads(json.dumps(two.data())))
    assert one.statements == {
        ("DB", "SELECT 1"): Statement(2, 1, 4, 10),
        ("DB", "INSERT 1"): Statement(1, 0, 0, 0),
        ("DB", "INSERT 2"): Statement(1, 0, 1, 0),
    }
    assert one.sites["src/entry.py", 4, "CACHE", "kv", "get"] == Counter(hit=1, miss=1)


def test_a_file_below_the_root_is_relative(tmp_path: Path) -> None:
    usage = Usage()
    made = operation("kv", "get", "CACHE", "hit", 4)
    made.place = (str(tmp_path / "src/entry.py"), 4)
    usage.add([made], tmp_path)
    assert list(usage.sites) == [("src/entry.py", 4, "CACHE", "kv", "get")]


def test_a_statement_is_known_by_its_text_whatever_its_space() -> None:
    known = KnownStatement("a.py", 1, (f"SELECT * FROM t WHERE id IN ({HOLE}) AND b = ?",), ())
    assert known.is_text_of("SELECT *\n  FROM t\tWHERE id IN (?, ?) AND b = ?")
    assert not known.is_text_of("SELECT * FROM other WHERE id IN (?) AND b = ?")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_what_the_linter_knows(app: Path) -> None:
    known = read(app)
    assert [(each.path, each.line, each.texts) for each in known.statements] == [
        ("src/entry.py", 9, ("SELECT id, body FROM notes WHERE id = ?",)),
        ("src/entry.py", 10, ("DELETE FROM notes WHERE id = ?",)),
    ]
    assert known.statements[0].plan == ("SEARCH notes USING INTEGER PRIMARY KEY (rowid=?)",)
    assert [(each.line, each.end_line, each.kind, each.verb, each.binding) for each in known.sites] == [
        (6, 6, "kv", "get", "CACHE"), (9, 9, "d1", "first", "DB"), (10, 10, "d1", "run", "DB"),
        (11, 14, "kv", "put", "CACHE"),
    ]  # fmt: skip


def test_calls_that_say_no_place_are_left_out(tmp_path: Path) -> None:
    """Nothing can be known of them: those of the runtime's own bindings in JavaScript."""
    config = '''
name = "app"
main = "index.js"
compatibility_date = "2026-06-01"
kv_namespaces = [{ binding = "CACHE", id = "0f2ac74b498b48028cb68387c421e279" }]
d1_databases = [{ binding = "DB", database_name = "d", database_id = "7a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d" }]
'''
    source = """
export default { async fetch(request, env) {
  await env.CACHE.get("a");
  return Response.json(await env.DB.prepare("SELECT 1").all());
} };
"""
    (tmp_path / "wrangler.toml").write_text(config, encoding="utf-8")
    (tmp_path / "index.js").write_text(source, encoding="utf-8")
    assert [(each.line, each.kind, each.verb) for each in read(tmp_path).sites] == [(4, "d1", "all")]


def test_what_the_linter_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "edgelint.toml").write_text("selekt = 1\n", encoding="utf-8")
    with pytest.raises(EdgeUsageError, match=r"edgelint queries could not read .*selekt"):
        read(tmp_path)


def joined() -> reports.Report:
    known = Known(
        (
            KnownStatement("src/a.py", 3, ("SELECT a FROM t",), ("SCAN t",)),
            KnownStatement("src/a.py", 9, (f"SELECT <b> FROM {HOLE}",), ()),
        ),
        (
            KnownSite("src/a.py", 3, 3, "kv", "get", "CACHE"),
            KnownSite("src/a.py", 5, 7, "kv", "put", None),
            KnownSite("src/a.py", 8, 8, "kv", "delete", "CACHE"),
            KnownSite("src/a.py", 20, 20, "durable-object", "increment", "COUNTER"),
        ),
    )
    usage = Usage()
    usage.statements = {("DB", "SELECT a  FROM t"): Statement(3, 1, 6, 60), ("DB", "SELECT 1"): Statement(1, 0, 1, 0)}
    usage.sites = {
        ("src/a.py", 3, "CACHE", "kv", "get"): Counter(hit=2),
        ("src/a.py", 3, "OTHER", "kv", "get"): Counter(miss=2),
        ("src/a.py", 7, "CACHE", "kv", "put"): Counter(ok=1),
        ("src/a.py", 20, "COUNTER", "durable-object", "call"): Counter(ok=1),
    }
    return reports.join(known, usage)


def test_the_report_in_the_terminal() -> None:
    assert list(reports.as_text(joined())) == [
        "SQL statements: 1 of 2 ran",
        "  never ran: src/a.py:9  SELECT <b> FROM …",
        "calls on bindings: 3 of 4 ran",
        "  never a miss: src/a.py:3  CACHE.get",
        "  never ran: src/a.py:8  CACHE.delete",
        "SQL that ran and that edgelint does not find in the code: 1",
    ]


def test_the_report_as_json() -> None:
    whole = json.loads(reports.as_json(joined()))
    assert whole["version"] == 1
    assert whole["statements"][0]["ran"] == {"runs": 3, "errors": 1, "rows": 6, "rows_read_estimate": 60}
    assert whole["statements"][1]["ran"] is None
    assert whole["sites"][0]["outcomes"] == {"hit": 2}
    assert whole["sites"][0]["missing"] == ["miss"]
    assert whole["unknown"][0]["sql"] == "SELECT 1"


def test_the_report_as_a_page() -> None:
    page = reports.as_html(joined())
    assert "SELECT &lt;b&gt; FROM …" in page
    assert "<td class=no>never ran</td>" in page
    assert "<td class=some>miss</td>" in page
    assert "SCAN t" in page
    assert "does not find in the code" in page
    assert "http" not in page.replace("<!doctype html>", "")


def test_the_report_is_written_where_it_is_asked_for(app: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    out = tmp_path_factory.mktemp("out")
    usage = Usage()
    usage.add([operation("kv", "get", "CACHE", "hit", 6)], app)
    lines = list(reports.write(["term", "r.html", "r.json", "no/r.json"], usage, app / "wrangler.jsonc", out))
    assert lines[0] == "SQL statements: 0 of 2 ran"
    assert lines[-3:-1] == ["edge report: r.html", "edge report: r.json"]
    assert lines[-1] == "no/r.json: cannot be written: No such file or directory"
    assert json.loads((out / "r.json").read_text(encoding="utf-8"))["sites"][0]["outcomes"] == {"hit": 1}
    assert (out / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_report_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "edgelint.toml").write_text("selekt = 1\n", encoding="utf-8")
    [line] = reports.write(["term"], Usage(), tmp_path, tmp_path)
    assert "could not read" in line


def test_targets() -> None:
    assert reports.check_targets(["term", "a.html", "b.json"]) is None
    assert reports.check_targets(["a.xml"]) == "--edge-report takes FILE.html, FILE.json or term, not 'a.xml'"
