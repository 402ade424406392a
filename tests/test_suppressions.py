"""Suppression comments: what they cover, in every language, and when they are called unknown or unused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest

from edgelint import suppressions
from edgelint.diagnostics import Confidence, Diagnostic, Severity, Span
from edgelint.project.files import read_bytes
from edgelint.source import Source
from edgelint.syntax import jsonc, toml
from edgelint.syntax.parse import parse_file

pytestmark = pytest.mark.usefixtures("some_rules")

TTL, LIST = "kv/ttl-too-short", "kv/unpaginated-list"


@dataclass
class FakeProject:
    files: dict[str, str]
    root: Path = Path()

    @property
    def discovered(self) -> Any:
        others = [path for path in self.files if path.endswith((".sql", ".yml", ".vars"))]
        for path in others:
            (self.root / path).write_text(self.files[path])
        return SimpleNamespace(workflows=[], dotenv=[*others, "gone"], sql=[])

    def bytes_of(self, path: str) -> bytes | None:
        return read_bytes(self.root, path)

    @property
    def databases_found(self) -> Any:
        return SimpleNamespace(files={})

    def sources(self) -> Iterable[Any]:
        for path, text in self.files.items():
            if path.endswith((".ts", ".js", ".tsx", ".py")):
                source = Source(path, text.encode())
                yield SimpleNamespace(path=path, source=source, parsed=parse_file(path, source))

    def configs(self) -> Iterable[Any]:
        for path, text in self.files.items():
            if path.endswith((".toml", ".jsonc")):
                source = Source(path, text.encode())
                document = (toml if path.endswith(".toml") else jsonc).parse(source)
                yield SimpleNamespace(path=path, source=source, document=document)


def apply(
    path: str, text: str, *, ran: Iterable[str] = (TTL, LIST), failed: Iterable[tuple[str, str]] = (), rule: str = TTL
) -> tuple[list[str], list[str], int]:
    """Texts of the findings left at each ``BAD...``; ``rule: text`` of those about comments; how many are gone."""
    found = []
    data = text.encode()
    for match in re.finditer(rb"BAD\w*(?:\(\n[^)]*\))?", data):
        span = Span(path, match.start(), match.end())
        found.append(Diagnostic(rule, Severity.ERROR, Confidence.HIGH, "bad", span))
    with TemporaryDirectory() as folder:
        project: Any = FakeProject({path: text}, Path(folder))
        applied = suppressions.apply(project, found, ran, failed)

    def at(item: Diagnostic) -> str:
        return data[item.span.start : item.span.end].decode()

    left = [at(item) for item in applied.diagnostics if item.rule == rule]
    about = [f"{item.rule}: {at(item)}" for item in applied.diagnostics if item.rule != rule]
    assert all(item.severity is Severity.WARNING for item in applied.diagnostics if item.rule != rule)
    return left, about, sum(applied.suppressed.values())


@pytest.mark.parametrize(
    ("path", "text", "left"),
    [
        # At the end of a line: that line.
        ("a.ts", "BAD1(); // edgelint: ignore[kv/ttl-too-short] reason\nBAD2();", ["BAD2"]),
        ("a.js", "BAD1(); /* edgelint: ignore[kv/ttl-too-short] */ BAD2();", []),
        ("a.tsx", "x(BAD1); // ok // edgelint: ignore[kv/*]", []),
        ("a.py", "BAD1()  # edgelint: ignore[sql/unbound-value, kv/ttl-too-short]: reason\nBAD2()\n", ["BAD2"]),
        ("a.py", "é = BAD1()  # type: ignore # edgelint:ignore[kv/ttl-too-short]\n", []),
        ("w.toml", "a = 'BAD1' # edgelint: ignore[kv/*]\nb = 'BAD2'\n", ["BAD2"]),
        ("w.jsonc", '{"a": "BAD1", // edgelint: ignore[kv/*]\n"b": "BAD2"}', ["BAD2"]),
        # A finding over several lines: its first or its last line.
        ("a.js", "BAD(\n1\n); // edgelint: ignore[kv/ttl-too-short]", []),
        ("a.js", "BAD( // edgelint: ignore[kv/ttl-too-short]\n1\n);", []),
        # Alone: the next statement, over blank lines and other comments.
        ("a.ts", "// edgelint: ignore[kv/ttl-too-short]\n\n// more\nBAD1();\nBAD2();", ["BAD2"]),
        ("a.ts", "// edgelint: ignore[kv/ttl-too-short]\nconst a =\n  f(BAD1,\n  BAD2);\nBAD3();", ["BAD3"]),
        ("a.ts", "f({\n// edgelint: ignore[kv/ttl-too-short]\na: [\nBAD1],\nb: BAD2})", ["BAD2"]),
        ("a.ts", "f(\n  // edgelint: ignore[kv/ttl-too-short]\n  g(\nBAD1),\n  BAD2)", ["BAD2"]),
        ("a.py", "if x:\n    # edgelint: ignore[kv/ttl-too-short]\n    a = f(\n        BAD1)\n    BAD2()\n", ["BAD2"]),
        ("a.py", "# edgelint: ignore[kv/ttl-too-short]\nx = [a\n  for a in y\n  if BAD1]\nBAD2()\n", ["BAD2"]),
        ("a.ts", "/*\n * edgelint: ignore[kv/ttl-too-short]\n */\nBAD1();\nBAD2()", ["BAD2"]),
        ("a.tsx", "const x = <a>\n{/* edgelint: ignore[kv/*] */}\n{BAD1}\n{BAD2}</a>", ["BAD2"]),
        # Of a statement with a body, the head.
        ("a.ts", "// edgelint: ignore[kv/ttl-too-short]\nif (\n  BAD1) {\n  BAD2();\n}", ["BAD2"]),
        ("a.ts", "// edgelint: ignore[kv/ttl-too-short]\nfunction BAD1() {\n  BAD2();\n}", ["BAD2"]),
        ("a.ts", "// edgelint: ignore[kv/ttl-too-short]\nclass BAD1 {\n  a = BAD2;\n}", ["BAD2"]),
        ("a.py", "# edgelint: ignore[kv/ttl-too-short]\nfor a in BAD1:\n    BAD2()\n", ["BAD2"]),
        ("a.ts", "// edgelint: ignore[kv/ttl-too-short]\napp.get(BAD1, (c) => {\n  BAD2();\n});", ["BAD2"]),
        # Config entries: whole when they hold no table.
        ("w.jsonc", '{\n// edgelint: ignore[kv/*]\n"a": [\n"BAD1"],\n"b": "BAD2"}', ["BAD2"]),
        ("w.jsonc", '{\n// edgelint: ignore[kv/*]\n"BAD1": [{\n"a": "BAD2"}]}', ["BAD2"]),
        ("w.jsonc", '["x",\n// edgelint: ignore[kv/*]\n"BAD1",\n"BAD2"]', ["BAD2"]),
        ("w.toml", "# edgelint: ignore[kv/*]\n[BAD1]\na = 'BAD2'\n", ["BAD2"]),
        ("w.toml", "# edgelint: ignore[kv/*]\na = [\n'BAD1']\nb = 'BAD2'\n", ["BAD2"]),
        # Files that no front-end reads.
        ("a.sql", "x BAD1 'a -- edgelint: ignore[kv/*]'; -- edgelint: ignore[kv/*]\nBAD2", ["BAD2"]),
        ("a.sql", "/* edgelint: ignore[kv/*] */\na,\n'x;' BAD1;\nBAD2", ["BAD2"]),
        ("a.sql", "-- edgelint: ignore[kv/*]\na,\nBAD1", []),
        ("a.yml", "- run: BAD1 # edgelint: ignore[kv/*]\n- run: BAD2", ["BAD2"]),
        ("a.yml", "# edgelint: ignore[kv/*]\n- BAD1\n- BAD2", ["BAD2"]),
        (".dev.vars", "# edgelint: ignore-file[kv/*]\nBAD1=1", []),
        ("b.yml", "- run: 'x#edgelint: ignore[kv/*]' BAD", ["BAD"]),
        # The file.
        ("a.ts", "BAD1();\nBAD2();\n// edgelint: ignore-file[kv/ttl-too-short]", []),
        ("a.py", "'''doc'''\n# edgelint: ignore-file[kv/*] generated\nBAD1()\n", []),
    ],
)
def test_what_a_comment_covers(path: str, text: str, left: list[str]) -> None:
    kept, about, suppressed = apply(path, text)
    assert kept == left
    assert suppressed == len(re.findall(r"BAD", text)) - len(left)
    assert about == []


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("BAD(); // edgelint: ignore[kv/ttl-to-short]", ["unknown-suppression: kv/ttl-to-short"]),
        ("BAD(); // edgelint: ignore[ kv/x , é/*]", ["unknown-suppression: kv/x", "unknown-suppression: é/*"]),
        ("BAD(); // edgelint: ignore", ["unknown-suppression: ignore"]),
        ("BAD(); // edgelint: ignore[]", ["unknown-suppression: ignore[]"]),
        ("BAD(); // edgelint: ignore-next-line[kv/*]", ["unknown-suppression: ignore-next-line[kv/*]"]),
        ("BAD(); // edgelint: disable", ["unknown-suppression: disable"]),
        ("BAD(); // edgelint: ignore[internal-error]", ["unknown-suppression: internal-error"]),
        ("BAD(); // edgelint: is a linter", []),
        ("BAD(); // write edgelint: ignore[kv/x] here", []),
        ("BAD(); 'edgelint: ignore[kv/x]'", []),
    ],
)
def test_what_is_no_suppression_is_said(text: str, about: list[str]) -> None:
    assert apply("a.ts", text) == (["BAD"], about, 0)


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("ok(); // edgelint: ignore[kv/ttl-too-short]", ["unused-suppression: kv/ttl-too-short"]),
        ("// edgelint: ignore[kv/ttl-too-short]\n", ["unused-suppression: kv/ttl-too-short"]),
        ("// edgelint: ignore-file[kv/unpaginated-list]", ["unused-suppression: kv/unpaginated-list"]),
        ("ok(); // edgelint: ignore[syntax-error]", ["unused-suppression: syntax-error"]),
        # A rule that did not run may need it: by name, or behind a glob.
        ("ok(); // edgelint: ignore[sql/unbound-value]", []),
        ("ok(); // edgelint: ignore[kv/*]", []),
        # In a file that did not parse, and for a rule that failed, nobody knows.
        ("ok(); // edgelint: ignore[kv/ttl-too-short]\n)(", []),
    ],
)
def test_unused_suppressions(text: str, about: list[str]) -> None:
    assert apply("a.ts", text) == ([], about, 0)


def test_a_suppression_for_a_rule_that_failed_is_not_called_unused() -> None:
    text = "ok(); // edgelint: ignore[kv/ttl-too-short]"
    assert apply("a.ts", text, failed=[(TTL, "b.ts")])[1] == ["unused-suppression: kv/ttl-too-short"]
    assert apply("a.ts", text, failed=[(TTL, "a.ts")])[1] == []
    assert apply("a.ts", text, failed=[(TTL, ".")])[1] == []


def test_each_name_is_judged_by_itself() -> None:
    text = "BAD(); // edgelint: ignore[kv/unpaginated-list, kv/ttl-too-short]"
    assert apply("a.ts", text) == ([], ["unused-suppression: kv/unpaginated-list"], 1)


def test_what_is_said_of_comments_can_be_suppressed() -> None:
    text = "// edgelint: ignore-file[unused-suppression]\nok(); // edgelint: ignore[kv/ttl-too-short]"
    assert apply("a.ts", text) == ([], [], 1)
    assert apply("a.ts", "// edgelint: ignore-file[unused-suppression]") == ([], [], 0)


def test_failures_are_not_suppressible() -> None:
    text = "// edgelint: ignore-file[*]\nBAD();"
    assert apply("a.ts", text, rule="internal-error")[0] == ["BAD"]
    assert apply("a.ts", text, rule="unreadable-file")[0] == ["BAD"]
    assert apply("a.ts", text, rule="syntax-error")[0] == []


def test_findings_in_files_without_comments_stay() -> None:
    found = [Diagnostic(TTL, Severity.ERROR, Confidence.HIGH, "x", Span("package.json", 0, 1))]
    project: Any = FakeProject({"a.ts": "x // edgelint: ignore-file[kv/*]"})
    assert suppressions.apply(project, found, [TTL]).diagnostics == found
