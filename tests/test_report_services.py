"""The formats of services and pages: gitlab, junit, azure, rdjson, pylint, markdown, html, and several at once."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from edgelint.cli.commands import cli
from edgelint.diagnostics import Confidence, Edit, Fix, Severity, Span
from edgelint.report import azure, gitlab, html_, junit, markdown, pylint, rdjson
from edgelint.report.model import Report, fingerprints
from tests.reporting import Desk, error, report, two_files

# The fields that GitLab requires: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "not": {"pattern": r"^(\./|/)"}},
                    "lines": {"type": "object", "required": ["begin"], "properties": {"begin": {"minimum": 1}}},
                },
            },
        },
    },
}
# https://github.com/reviewdog/reviewdog/blob/master/proto/rdf/reviewdog.proto
POSITION = {"type": "object", "required": ["line"], "properties": {"line": {"minimum": 1}, "column": {"minimum": 1}}}
RANGE = {"type": "object", "required": ["start"], "properties": {"start": POSITION, "end": POSITION}}
LOCATION = {"type": "object", "required": ["path"], "properties": {"path": {"type": "string"}, "range": RANGE}}
RDJSON = {
    "type": "object",
    "required": ["diagnostics"],
    "properties": {
        "diagnostics": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["message", "location"],
                "additionalProperties": False,
                "properties": {
                    "message": {"type": "string"},
                    "location": LOCATION,
                    "severity": {"enum": ["ERROR", "WARNING", "INFO"]},
                    "code": {"type": "object", "required": ["value"]},
                    "suggestions": {
                        "type": "array",
                        "items": {"required": ["range", "text"], "properties": {"range": RANGE}},
                    },
                    "relatedLocations": {"type": "array", "items": {"properties": {"location": LOCATION}}},
                },
            },
        }
    },
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return two_files(tmp_path)


@pytest.fixture
def mixed(desk: Desk) -> Report:
    fix = Fix("Await it", (Edit(desk.span("src/a.ts", "await"), "await "),), safe=True)
    elsewhere = Fix("Write a file", (Edit(Span("wrangler.toml", 0, 0), "x"),))
    return report(
        desk.root,
        error(
            desk.span("src/a.ts", "env.KV"), (desk.span("wrangler.toml", '"KV"'), "declared here"),
            message="It breaks: 100%, <b>really</b> | `env.KV`", help="Do this\nor that", fix=fix,
        ),
        error(
            desk.span("src/a.ts", "put(n,\n  1)"), rule="d1/y", severity=Severity.WARNING, message="Two lines",
            confidence=Confidence.LOW, fix=elsewhere,
        ),
        error(desk.span("src/a.ts", '漢"'), rule="kv/z", severity=Severity.INFO, message="After ` it"),
        error(Span(".", 0, 0), rule="kv/project", message="Of the whole"),
        checked=2,
        unanalysed={"too large": ["b.js"]},
    )  # fmt: skip


def test_gitlab(mixed: Report) -> None:
    found = json.loads("".join(gitlab.render(mixed)))
    jsonschema.validate(found, GITLAB)
    assert found[0]["description"].startswith("kv/x: It breaks")
    assert found[1]["location"] == {"path": "src/a.ts", "lines": {"begin": 2, "end": 3}}
    assert [each["severity"] for each in found] == ["critical", "major", "info", "critical"]


def test_fingerprints_are_stable_under_moved_lines_and_differ_among_likes(desk: Desk) -> None:
    def of(text: str) -> list[str]:
        desk.write("src/b.ts", text)
        spans = [desk.span("src/b.ts", "put()", nth) for nth in (1, 2)]
        return fingerprints(report(desk.root, *(error(span) for span in spans)))

    before = of("put();\nput();\n")
    assert before == of("// one more line\n\n  put();\nput();\n")
    assert before[0] != before[1]
    assert before[0] != of("put(); // not the same\nput();\n")[0]


def test_junit(mixed: Report) -> None:
    tree = ElementTree.fromstring("".join(junit.render(mixed)))
    assert (tree.tag, tree.get("tests"), tree.get("failures")) == ("testsuites", "4", "4")
    suites = tree.findall("testsuite")
    assert [(suite.get("name"), suite.get("tests")) for suite in suites] == [("src/a.ts", "3"), (".", "1")]
    case = suites[0].findall("testcase")[0]
    assert case.attrib == {
        "name": "kv/x at line 2, column 7", "classname": "src.a", "file": "src/a.ts", "line": "2", "time": "0",
    }  # fmt: skip
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message") == "It breaks: 100%, <b>really</b> | `env.KV`"
    more = (failure.text or "").splitlines()[1:]
    assert more == ["wrangler.toml:1:11: declared here", "help: Do this", "help: or that"]


def test_junit_of_nothing_is_a_test_that_passed(desk: Desk) -> None:
    tree = ElementTree.fromstring("".join(junit.render(report(desk.root))))
    [case] = tree.findall("testsuite/testcase")
    assert (case.get("name"), list(case)) == ("nothing found", [])


def test_junit_takes_any_text(desk: Desk) -> None:
    desk.write("src/c.ts", "x")
    made = report(desk.root, error(desk.span("src/c.ts", "x"), message="\x1b[31m\x00 \ud800 ]]> \" ' &"))
    text = "".join(junit.render(made)).encode("utf-8", "strict")
    assert ElementTree.fromstring(text).find("testsuite/testcase/failure") is not None


def test_azure(mixed: Report) -> None:
    lines = "".join(azure.render(mixed)).splitlines()
    assert lines[0] == (
        "##vso[task.logissue type=error;sourcepath=src/a.ts;linenumber=2;columnnumber=7;code=kv/x;]"
        "It breaks: 100%AZP25, <b>really</b> | `env.KV`"
    )
    assert lines[2].startswith("##vso[task.logissue type=warning;")


def test_azure_escapes_what_would_end_a_property(desk: Desk) -> None:
    desk.write("a;b]c.ts", "x")
    [line] = azure.render(report(desk.root, error(desk.span("a;b]c.ts", "x"))))
    assert "sourcepath=a%3Bb%5Dc.ts;" in line


def test_rdjson_counts_bytes(mixed: Report) -> None:
    found = json.loads("".join(rdjson.render(mixed)))
    jsonschema.validate(found, RDJSON)
    first, second, third, _ = found["diagnostics"]
    assert third["location"]["range"] == {"start": {"line": 1, "column": 12}, "end": {"line": 1, "column": 16}}
    assert first["suggestions"][0]["text"] == "await "
    assert first["relatedLocations"][0]["message"] == "declared here"
    assert "suggestions" not in second  # its edit is in another file


def test_pylint(mixed: Report) -> None:
    assert "".join(pylint.render(mixed)).splitlines()[1] == "src/a.ts:2: [d1/y] Two lines"


def test_markdown(mixed: Report) -> None:
    text = "".join(markdown.render(mixed))
    assert text.startswith("### edgelint\n\nFound 2 errors, 1 warning, 1 info in 1 file (2 files checked).\n\n| | R")
    rows = [line for line in text.splitlines() if line.startswith("| 🔴")]
    assert rows[0] == (
        "| 🔴 error | `kv/x` | `src/a.ts:2` | It breaks: 100%, &lt;b&gt;really&lt;/b&gt; \\| `env.KV`"
        "<br>`wrangler.toml:1` declared here |"
    )
    assert "After ' it" in text
    assert "1 can be mended with --fix (1 more with --unsafe-fixes).\\\nNot analysed: 1 (1 too large)" in text


def test_markdown_of_nothing_and_of_very_much(desk: Desk) -> None:
    nothing = "".join(markdown.render(report(desk.root, checked=3)))
    assert nothing == "### edgelint\n\nNothing found (3 files checked).\n"
    many = report(desk.root, *(error(desk.span("src/a.ts", "n"), message=f"m{n}") for n in range(markdown.MOST + 3)))
    assert "\nThe 3 findings after these are left out.\n" in "".join(markdown.render(many))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a `b|c` d", "a `b\\|c` d"), ("``", ""), ("a*b_c[d]#e@f$", "a\\*b\\_c\\[d\\]\\#e\\@f\\$"),
        ("a & <i>", "a &amp; &lt;i&gt;"),
    ],
)  # fmt: skip
def test_markdown_shows_text_word_for_word(text: str, shown: str) -> None:
    assert markdown._text(text) == shown
    assert markdown._code("`x`") == "`` `x` ``"


class Page(HTMLParser):
    """Every element, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[Any] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_needs_nothing_else(mixed: Report) -> None:
    text = "".join(html_.render(mixed))
    page = Page(text)
    assert "script" not in page.tags
    assert page.links == []
    assert "@import" not in text
    assert "url(" not in text
    assert page.tags.count("article") == 4
    assert page.tags.count("mark") == 5
    assert "It breaks: 100%, <b>really</b> | `env.KV`" in page.text
    assert re.search(r"<mark>env.KV</mark>\.put\(n,", text)
    assert "2 │   1);" in page.text.replace("3 │", "2 │")
    assert "safe fix: Await it" in page.text
    assert "confidence: low" in page.text
    assert "edgelint 1.2.3" in page.text


def test_html_charts_hold_the_most_and_the_rest(desk: Desk) -> None:
    span = desk.span("src/a.ts", "n")
    found = [error(span, rule=f"kv/r{n:02d}") for n in range(html_.BARS + 5)] + [error(span, rule="kv/r00")]
    page = Page("".join(html_.render(report(desk.root, *found))))
    assert page.tags.count("section") == 2
    assert "5 more" in page.text
    assert "kv/r002" in page.text  # its name and its total


def test_html_of_long_and_missing_code(desk: Desk) -> None:
    desk.write("long.ts", "\n".join(f"line {n}" for n in range(50)))
    whole = error(Span("long.ts", 0, 300))
    gone = error(Span("gone.ts", 3, 4))
    empty = error(Span("long.ts", 7, 7), message="Here")
    text = "".join(html_.render(report(desk.root, whole, gone, empty)))
    assert text.count("<mark>line ") == html_.LONGEST
    assert re.search(r"… │ \d+ more lines", text)
    assert "the file is no longer there" in text
    assert "<mark>l</mark>ine 1" in text


def test_html_masks_secrets(desk: Desk) -> None:
    desk.write("wrangler.toml", 'vars = { API_TOKEN = "ghp_0123456789012345678901234567890123456" }\n')
    found = error(desk.span("wrangler.toml", "API_TOKEN"), rule="config/secret-in-vars")
    text = "".join(html_.render(report(desk.root, found)))
    assert "API_TOKEN" in text
    assert "ghp_0123456789" not in text


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "wrangler.toml").write_text('name = "a"\nmain = "src/none.ts"\ncompatibility_date = "2026-01-01"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_several_reports_at_once(app: Path) -> None:
    result = CliRunner().invoke(
        cli, ["check", "--no-cache", "--output", "sarif=r.sarif", "--output", "junit=r.xml", "--format", "pylint"]
    )
    assert result.exit_code == 1
    assert result.stdout.startswith("wrangler.toml:2: [config/main-not-found] ")
    assert "Found 1 error" in result.stderr
    assert json.loads((app / "r.sarif").read_text())["version"] == "2.1.0"
    assert ElementTree.parse(app / "r.xml").getroot().get("failures") == "1"


@pytest.mark.parametrize("format_", ["gitlab", "junit", "azure", "rdjson", "pylint", "markdown", "html"])
def test_each_format_by_name(app: Path, format_: str) -> None:
    result = CliRunner().invoke(cli, ["check", "--no-cache", "--format", format_, "--quiet"])
    assert result.exit_code == 1
    assert "main-not-found" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("sarif", "'sarif' is not FORMAT=FILE, such as sarif=report.sarif"),
        ("xml=a", "there is no format 'xml'; there are full, concise"),
        ("sarif=no/r.sarif", "no/r.sarif: No such file or directory"),
    ],
)
def test_outputs_that_cannot_be(app: Path, value: str, said: str) -> None:
    result = CliRunner().invoke(cli, ["check", "--no-cache", "--output", value])
    if result.exit_code == 2 and result.exception is not None and not result.output:
        pytest.fail(str(result.exception))
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_output_is_for_a_report(app: Path) -> None:
    result = CliRunner().invoke(cli, ["check", "--diff", "--output", "sarif=r.sarif"])
    assert "--output is for a report, and --diff makes none" in result.output


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def test_html_in_a_browser(mixed: Report, tmp_path: Path) -> None:
    """The page, which lets no script run, is drawn at two widths with everything in it."""
    browser = chromium()
    if browser is None:
        if os.environ.get("EDGELINT_NEEDS_CHROMIUM"):
            pytest.fail("chromium is not installed")
        pytest.skip("chromium is not installed")
    (tmp_path / "report.html").write_text("".join(html_.render(mixed)), encoding="utf-8")
    common = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]  # fmt: skip
    page = (tmp_path / "report.html").as_uri()
    dom = subprocess.run([*common, "--dump-dom", page], capture_output=True, text=True, check=True).stdout
    assert "default-src 'none'" in dom
    assert dom.count("<article") == 4
    assert dom.rstrip().endswith("</html>")
    for width in (1200, 400):
        picture = tmp_path / f"{width}.png"
        subprocess.run(
            [*common, f"--window-size={width},1500", f"--screenshot={picture}", page], capture_output=True, check=True
        )
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size > 10_000  # an empty page of this size has some 5 kB
