"""What bound values are to a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.bound_values import kind_of
from edgelint.project.project import Project
from edgelint.settings import load

CONFIG = """\
name = "app"
main = "src/index.{end}"
compatibility_date = "2026-01-15"
{more}
[[d1_databases]]
binding = "DB"
"""
TS = """\
export default {{
  async fetch(request: Request, env: Env): Promise<Response> {{
    {before}
    await env.DB.prepare("SELECT ?").bind({value}).run();
    return new Response("x");
  }},
}};
"""
PY = """\
import datetime
from decimal import Decimal
from workers import WorkerEntrypoint, Response

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        {before}
        await self.env.DB.prepare("SELECT ?").bind({value}).run()
        return Response("x")
"""


def kind(root: Path, value: str, before: str, python: bool) -> str | None:
    (root / "src").mkdir()
    end, more = ("py", 'compatibility_flags = ["python_workers"]') if python else ("ts", "")
    (root / "wrangler.toml").write_text(CONFIG.format(end=end, more=more))
    (root / f"src/index.{end}").write_text((PY if python else TS).format(value=value, before=before))
    project = Project.load(root, load(root))
    [statement] = project.statements
    [place] = statement.texts[0].values
    return kind_of(place, project.evaluator)


@pytest.mark.parametrize(
    ("value", "before", "expected"),
    [
        ("undefined", "", "undefined"),
        ("void 0", "", "undefined"),
        ("x", "const undefined_ = 1; const x = null;", None),
        ("now", "const now = new Date();", "date"),
        ("new Date() as Date", "", "date"),
        ("now.toISOString()", "const now = new Date();", None),
        ("{ a: 1 }", "", "object"),
        ("() => 1", "", "function"),
        ("10n", "", "bigint"),
        ("BigInt(request.url)", "", "bigint"),
        ("big", "const big = BigInt(4);", "bigint"),
        ("Number(4)", "", None),
        ("true", "", "boolean"),
        ("9007199254740993", "", "large"),
        ("['a', 'b']", "", "text-array"),
        ("[1, 2]", "", "bytes-array"),
        ("[1, 'a']", "", "array"),
        ("[...new Uint8Array(4)]", "", "array"),
        ("ids.map((id) => `${id}`)", "const ids = [1, 2];", "array"),
        ("x", "const x = Math.random() > 0.5 ? ['a'] : null;", None),
        ("x", "const x = Math.random() > 0.5 ? ['a'] : [1];", "array"),
        ("await request.json()", "", None),
    ],
)
def test_javascript(tmp_path: Path, value: str, before: str, expected: str | None) -> None:
    assert kind(tmp_path, value, before, python=False) == expected


@pytest.mark.parametrize(
    ("value", "before", "expected"),
    [
        ("datetime.datetime.now()", "pass", "date"),
        ("datetime.datetime.now().isoformat()", "pass", None),
        ('Decimal("1.5")', "pass", "decimal"),
        ('{"a": 1}', "pass", "object"),
        ("9007199254740993", "pass", "large"),
        ("None", "pass", None),
        ("names", 'names = ["a", "b"]', "text-array"),
    ],
)
def test_python(tmp_path: Path, value: str, before: str, expected: str | None) -> None:
    assert kind(tmp_path, value, before, python=True) == expected
