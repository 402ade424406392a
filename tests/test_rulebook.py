"""Rule documents: what is read from a good one, and where a bad one is said to be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint import rulebook
from edgelint.diagnostics import Confidence, Severity
from edgelint.examples import Expected, RulebookError, markers, sections
from tests.conftest import DOCUMENT, WriteRule

GOOD = DOCUMENT.format(id="kv/x", severity="error", profile="default", options="")


def test_metadata_and_sections() -> None:
    options = '\n[options]\nminimum = 60\nnames = ["a"]\n'
    rule = rulebook.parse("p", DOCUMENT.format(id="kv/x", severity="error", profile="strict", options=options), "kv/x")
    assert (rule.id, rule.family, rule.path) == ("kv/x", "kv", "p")
    assert (rule.severity, rule.confidence, rule.profile) == (Severity.ERROR, Confidence.HIGH, "strict")
    assert rule.languages == ("javascript", "typescript", "python")
    assert (rule.fix, rule.since, rule.sources) == ("none", "0.1.0", ("https://developers.cloudflare.com/kv/",))
    assert rule.options == {"minimum": 60, "names": ["a"]}
    assert rule.summary == "The edge refuses this."
    assert rule.prose.strip() == "The edge refuses this. There is more to say."
    assert "bad();" in rule.bad
    assert "good();" in rule.good
    assert rule.ignore.strip() == "Never."
    assert repr(rule) == "Rule(kv/x)"
    bad, good = rule.examples
    assert rule.examples is rule.examples
    assert (bad.heading, bad.files) == ("Bad", {"src/index.ts": 'bad(); // error: kv/x "bad"\n'})
    assert bad.expected == [Expected("src/index.ts", 1, Severity.ERROR, "kv/x", "bad")]
    assert (good.heading, good.expected) == ("Good", [])


def test_subsections_are_projects_of_their_own() -> None:
    text = GOOD.replace(
        "```ts\ngood();\n```",
        "### one\n\n```jsonc file=wrangler.jsonc\n{}\n```\n\n~~~~ts\n```\na\n~~~~\n\n"
        "### two ##\n\n  ```py\n  b\n    c\n  ```",
    )
    _, one, two = rulebook.parse("p", text, "kv/x").examples
    assert (one.title, one.files) == ("one", {"wrangler.jsonc": "{}\n", "src/index.ts": "```\na\n"})
    assert (two.title, two.files) == ("two", {"src/index.py": "b\n  c\n"})


def test_fixed_fences_are_kept_apart() -> None:
    text = GOOD.replace("## Good", "```ts fixed file=src/index.ts\ngood();\n```\n\n## Good")
    bad = rulebook.parse("p", text, "kv/x").examples[0]
    assert bad.fixed == {"src/index.ts": "good();\n"}
    assert len(bad.files) == 1


def test_a_byte_order_mark_and_crlf_are_nothing() -> None:
    assert rulebook.parse("p", "\ufeff" + GOOD.replace("\n", "\r\n"), "kv/x").summary == "The edge refuses this."


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("# kv/x", "# kv/y", 1, "first heading must be the rule's id, '# kv/x'"),
        ("# kv/x", "text\n# kv/x", 1, "begins with its heading"),
        ("```toml", "```ts", 2, "a toml block with the metadata must stand directly under the heading"),
        ("```toml", "Words.\n\n```toml", 2, "a toml block"),
        ('severity = "error"', 'severity = "fatal"', 4, "severity must be one of error, warning, info"),
        ('severity = "error"', "severity =", 4, "metadata: "),
        ('severity = "error"\n', "", 3, "metadata lacks severity"),
        ('since = "0.1.0"', 'since = "1"', 9, "since must be a version"),
        ('since = "0.1.0"', 'since = "0.1.0"\nfoo = 1', 10, "unknown key foo"),
        ('["javascript", "typescript", "python"]', '["ruby"]', 7, "'ruby' is not one of"),
        ('["javascript", "typescript", "python"]', "[]", 7, "languages must be a list of strings"),
        ('since = "0.1.0"', 'since = "0.1.0"\noptions = 1', 10, "options must be a table"),
        ('since = "0.1.0"', 'since = "0.1.0"\noptions.day = 2020-01-01', 10, "option day"),
        ("The edge refuses this. There is more to say.", "", 3, "must be followed by prose"),
        ("## When to ignore", "## When", 27, "'## When' is not one of Bad, Good, When to ignore"),
        ("## Good", "## Bad", 21, "there must be one '## Bad', not 2"),
        ("\n## When to ignore\n\nNever.\n", "", 1, "there must be one '## When to ignore', not 0"),
        ("# kv/x", "# kv/x\n# again", 2, "one first-level heading"),
        ("good();\n```", "good();", 23, "the fence is never closed"),
        ("```ts\ngood", "```ts nonsense\ngood", 23, "the fence's 'nonsense' is not understood"),
    ],
)
def test_mistakes_say_their_line(old: str, new: str, line: int, message: str) -> None:
    assert old in GOOD
    with pytest.raises(RulebookError) as caught:
        rulebook.parse("rules/kv/x.md", GOOD.replace(old, new, 1), "kv/x")
    assert message in caught.value.message
    assert caught.value.line == line
    assert str(caught.value).startswith(f"rules/kv/x.md:{line}: ")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("```ts\ngood();\n```", "words", 21, "'## Good' holds no example"),
        ("good();", "good(); // error: kv/x", 23, "an example under Good marks a finding"),
        (' // error: kv/x "bad"', "", 17, "an example under Bad marks no finding"),
        ("```ts\ngood", "```toml\ngood", 23, "a fence of 'toml' needs file="),
        ("```ts\ngood", "```ts file=../x.ts\ngood", 23, "leads out of the example"),
        ("```ts\ngood", "```ts file=/x.ts\ngood", 23, "leads out of the example"),
        ("```ts\ngood", "```ts fil=x.ts\ngood", 23, "unknown attribute fil="),
        ("good();\n```", "good();\n```\n```ts\n```", 26, "the example has src/index.ts twice"),
    ],
)
def test_mistakes_in_examples(old: str, new: str, line: int, message: str) -> None:
    rule = rulebook.parse("p", GOOD.replace(old, new, 1), "kv/x")
    with pytest.raises(RulebookError) as caught:
        _ = rule.examples
    assert (caught.value.line, message in caught.value.message) == (line, True)


def test_empty_and_headless_documents() -> None:
    for text, line in (("", 1), ("\n\n```ts\n```\n", 3)):
        with pytest.raises(RulebookError) as caught:
            sections("p", text)
        assert caught.value.line == line


def test_ids_must_look_like_ids() -> None:
    with pytest.raises(RulebookError, match="is not an id"):
        rulebook.parse("p", GOOD.replace("kv/x", "KV/x"), "KV/x")


def test_unreadable_documents(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_bytes(b"\xff")
    with pytest.raises(RulebookError, match=r"rules/kv/x\.md:1: the document cannot be read"):
        rulebook.read(tmp_path / "x.md", "kv/x")


def test_ids_are_file_names_and_rules_are_read_once(rules: WriteRule) -> None:
    rules("sql/b")
    rules("kv/a")
    assert rulebook.ids() == ("kv/a", "sql/b")
    assert list(rulebook.load()) == ["kv/a", "sql/b"]
    assert rulebook.rule("kv/a") is rulebook.rule("kv/a")
    with pytest.raises(KeyError):
        rulebook.rule("kv/b")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("One. Two.", "One."),
        ("One\ntwo `a.b` 0.5 three! Four", "One two `a.b` 0.5 three!"),
        ("No end\n\nNext.", "No end"),
        ("", ""),
    ],
)
def test_first_sentence(text: str, sentence: str) -> None:
    assert rulebook.first_sentence(text) == sentence


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.ts", "x // error: kv/a", [(1, "kv/a", None)]),
        ("a.ts", 'x // error: kv/a "q\\"\\\\n" // info: b', [(1, "kv/a", 'q"\\n'), (1, "b", None)]),
        ("a.ts", "# error: kv/a\n-- error: kv/a", []),
        ("a.py", "x # error: kv/a # warning: kv/b\n// error: kv/c", [(1, "kv/a", None), (1, "kv/b", None)]),
        ("a.sql", 'x -- error: kv/a "x"', [(1, "kv/a", "x")]),
        ("wrangler.toml", "# error: kv/a\n# error: kv/b\n\n", [(3, "kv/a", None), (3, "kv/b", None)]),
        (".dev.vars", "A=1 # error: kv/a", [(1, "kv/a", None)]),
        ("a.tsx", "{/* error: kv/a */}\nb", [(2, "kv/a", None)]),
        ("a.vue", "<!-- error: kv/a -->\n<b>", [(2, "kv/a", None)]),
        ("a.ts", "// error: kv/a\nb // error: kv/b", [(2, "kv/a", None), (2, "kv/b", None)]),
    ],
)
def test_markers(path: str, text: str, expected: list[tuple[int, str, str | None]]) -> None:
    assert [(item.line, item.rule, item.text) for item in markers(path, text)] == expected
