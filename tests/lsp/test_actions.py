"""Edits that code actions make."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from edgelint.diagnostics import Confidence, Diagnostic, Edit, Fix, Severity, Span
from edgelint.lsp import actions
from edgelint.lsp.actions import Edits
from edgelint.lsp.analysis import Analysis
from edgelint.lsp.positions import Lines
from tests.lsp.apps import never, write


def edits(texts: dict[str, bytes], creates: bool = True) -> Edits:
    return Edits(lambda path: f"file:///{path}", lambda path: Lines(texts.get(path, b""), "utf-16"), creates)


def applied(text: bytes, edit: types.WorkspaceEdit | None) -> bytes:
    """A text after the one change that an edit makes of it."""
    assert edit is not None
    assert edit.changes is not None
    [[change]] = edit.changes.values()
    lines = Lines(text, "utf-16")
    start, end = lines.offset(change.range.start), lines.offset(change.range.end)
    return text[:start] + change.new_text.encode() + text[end:]


def item(path: str, start: int, end: int, fix: Fix | None = None, rule: str = "kv/ttl-too-short") -> Diagnostic:
    return Diagnostic(rule, Severity.ERROR, Confidence.HIGH, "m", Span(path, start, end), fix=fix)


SHOWN = types.Diagnostic(types.Range(types.Position(0, 0), types.Position(0, 1)), "m")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("let a = '漢';", "let a = '洟';"),  # the first and the last byte of the letters are the same
        ("let a = '漢';", "let a = '漣';"),
        ("let a = '漢';", "let a = '漢漢';"),
        ("x", ""),
        ("", "x"),
        ("aé", "aè"),
    ],
)
def test_a_whole_text_is_replaced_by_a_change_of_whole_letters(old: str, new: str) -> None:
    edit = edits({"a.ts": old.encode()}).replacing("a.ts", new.encode())
    assert applied(old.encode(), edit) == new.encode()


def test_a_fix_that_makes_a_file_needs_an_editor_that_can() -> None:
    fix = Fix("add", (Edit(Span("new.sql", 0, 0), "CREATE"), Edit(Span("a.ts", 0, 1), "y")))
    made = edits({"a.ts": b"x"}).of_fix(fix)
    assert made is not None
    assert made.document_changes is not None
    assert [type(each).__name__ for each in made.document_changes] == [
        "CreateFile", "TextDocumentEdit", "TextDocumentEdit",
    ]  # fmt: skip
    assert edits({"a.ts": b"x"}, creates=False).of_fix(fix) is None
    [suppress, document] = actions.of_findings("a.ts", [(item("a.ts", 0, 1, fix), SHOWN)], edits({"a.ts": b"x"}, False))
    assert suppress.title == "Suppress kv/ttl-too-short here"
    assert document.title == "Open the document of kv/ttl-too-short"


def test_what_cannot_be_suppressed_or_has_no_document() -> None:
    for rule, titles in (
        ("unreadable-file", []), ("syntax-error", []), ("unused-suppression", ["Suppress unused-suppression here"]),
    ):  # fmt: skip
        made = actions.of_findings("a.ts", [(item("a.ts", 0, 1, rule=rule), SHOWN)], edits({"a.ts": b"x"}))
        assert [each.title for each in made] == titles


@pytest.mark.parametrize(
    ("path", "text", "place", "expected"),
    [
        ("a.ts", "f(\n  x);\n", "x", "f(\n  // edgelint: ignore[kv/ttl-too-short] (say why)\n  x);\n"),
        ("a.ts", "f(\r\n\tx);\r\n", "x", "f(\r\n\t// edgelint: ignore[kv/ttl-too-short] (say why)\r\n\tx);\r\n"),
        ("a.py", "def f():\n    x()\n", "x", "def f():\n    # edgelint: ignore[kv/ttl-too-short] (say why)\n    x()\n"),
        ("m/0001.sql", "SELECT x;\n", "x", "-- edgelint: ignore[kv/ttl-too-short] (say why)\nSELECT x;\n"),
        ("wrangler.toml", "a = 1\nx = 2\n", "x", "a = 1\n# edgelint: ignore[kv/ttl-too-short] (say why)\nx = 2\n"),
        ("wrangler.jsonc", '{\n  "x": 1\n}\n', "x",
         '{\n  // edgelint: ignore[kv/ttl-too-short] (say why)\n  "x": 1\n}\n'),
        ("a.ts", "\ufefff(x);\n", "x", "\ufeff// edgelint: ignore[kv/ttl-too-short] (say why)\nf(x);\n"),
        ("a.ts", "g(`\n  a ${`\n b`} x`);\n", "x",
         "// edgelint: ignore[kv/ttl-too-short] (say why)\ng(`\n  a ${`\n b`} x`);\n"),
        ("a.py", 'def f():\n    g("""\n  x\n""")\n', "x",
         'def f():\n    # edgelint: ignore[kv/ttl-too-short] (say why)\n    g("""\n  x\n""")\n'),
        ("a.ts", "f(\0\nx)", "x", "f(\0\n// edgelint: ignore[kv/ttl-too-short] (say why)\nx)"),
    ],
)
def test_a_suppression_stands_above_the_statement(path: str, text: str, place: str, expected: str) -> None:
    data = text.encode()
    at = data.rindex(place.encode())
    [action] = [
        each for each in actions.of_findings(path, [(item(path, at, at + 1), SHOWN)], edits({path: data}))
        if isinstance(each, types.CodeAction) and each.title.startswith("Suppress")
    ]  # fmt: skip
    assert applied(data, action.edit) == expected.encode()


def test_all_safe_fixes_of_a_file(tmp_path: Path) -> None:
    code = "export default {\n  async fetch(r: Request, env: Env) {\n    // é\n"
    code += "    return Response.json([{}, {}]);\n  }\n};\n"
    one = 'await env.DB.prepare("SELECT id FROM goods WHERE title = NULL").all()'
    text = code.replace("{}", one) + "interface Env { DB: D1Database }\n"
    app = Analysis(write(tmp_path, {"src/index.ts": text}))
    app.overlay["src/index.ts"] = b"\n" + text.encode()  # not what lies on disk
    app.run(never)
    made = actions.fix_all(app, "src/index.ts", edits(app.overlay))
    assert made is not None
    assert applied(app.overlay["src/index.ts"], made.edit).decode() == "\n" + text.replace("= NULL", "IS NULL")
    assert actions.fix_all(app, "src/other.ts", edits({})) is None
