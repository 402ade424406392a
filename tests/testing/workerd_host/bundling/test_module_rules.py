"""Module rules: which are in effect, and what their globs match."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edgelint.testing.config import WorkerConfig
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host.module_rules import DEFAULTS, Rule, Rules, additional, pattern


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("**/*.txt", "a.txt", True),
        ("**/*.txt", "x/y/a.txt", True),
        ("**/*.txt", "a.txt.js", False),
        ("*.txt", "a.txt", True),
        ("*.txt", "x/a.txt", False),
        ("lang/**", "lang/de/a.js", True),
        ("lang/**", "other/lang/a.js", False),
        ("x**.txt", "xab.txt", True),
        ("x**.txt", "xa/b.txt", False),
        ("**/*.wasm?module", "a.wasm?module", True),
        ("**/*.wasm?module", "a.wasmXmodule", False),
        ("a+(b)[c]{d,e}.txt", "a+(b)[c]{d,e}.txt", True),
    ],
)
def test_globs_of_files(glob: str, path: str, matches: bool) -> None:
    assert bool(re.search(pattern(glob, paths=True), path)) is matches


@pytest.mark.parametrize(
    ("glob", "written", "matches"),
    [
        ("**/*.txt", "./a.txt", True),
        ("**/*.txt", "a.txt", False),
        ("**/*.txt", "package/deep/a.txt", True),
        ("*.txt", "./x/a.txt", True),
        ("**/*.wasm?module", "./a.wasm?module", True),
        ("**/*.wasm", "./a.wasm?module", False),
    ],
)
def test_globs_of_imports(glob: str, written: str, matches: bool) -> None:
    assert bool(re.search(pattern(glob, paths=False), written)) is matches


def test_without_rules_there_are_the_defaults() -> None:
    rules = Rules.read(None)
    assert rules == Rules(DEFAULTS, (), ())
    found = {name: rule and rule.kind for name in ("a.txt", "b/c.html", "q.sql", "x.bin", "y.wasm", "z.js")
             for rule in [rules.of_file(name)]}  # fmt: skip
    assert found == {
        "a.txt": "text", "b/c.html": "text", "q.sql": "text", "x.bin": "data", "y.wasm": "wasm", "z.js": None,
    }  # fmt: skip


def test_a_rule_hides_those_of_its_type_behind_it() -> None:
    rules = Rules.read([{"type": "Text", "globs": ["**/*.md"]}])
    assert rules.of_file("a.txt") is None
    assert rules.shadowed == DEFAULTS[:1]
    assert rules.warnings == (
        ('the rule Text ["**/*.md"] has no fallthrough, so Text ["**/*.txt", "**/*.html", "**/*.sql"] is not used: '
         "say `fallthrough = true` in it to have both, or `false` to have no warning"),
    )


def test_fallthrough() -> None:
    both = Rules.read([{"type": "Text", "globs": ["**/*.md"], "fallthrough": True}])
    assert both.of_file("a.md") == Rule("Text", ("**/*.md",), True)
    assert both.of_file("a.txt") == DEFAULTS[0]
    assert both.warnings == ()
    silent = Rules.read([{"type": "Data", "globs": ["**/*.pem"], "fallthrough": False}])
    assert silent.shadowed == (DEFAULTS[1],)
    assert silent.warnings == ()


@pytest.mark.parametrize(
    "written", ["Text", {"type": "PythonModule", "globs": ["*.py"]}, {"type": "Text"}, {"type": "Text", "globs": [1]}]
)
def test_what_is_no_rule(written: object) -> None:
    with pytest.raises(EdgeUsageError, match="is no module rule of a JavaScript worker"):
        Rules.read([written])


def test_files_that_are_modules(tmp_path: Path) -> None:
    for name in ("src/index.js", "src/lang/de.js", "src/.wrangler/x.txt", "src/a.txt", "wrangler.txt", "src/b.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".wrangler").mkdir()
    (tmp_path / ".wrangler/tmp.txt").write_text("")
    config = WorkerConfig(tmp_path / "wrangler.txt", tmp_path, None, "w", None, "", (), (), {}, ())
    rules = Rules.read([{"type": "ESModule", "globs": ["**/*.js"]}])
    found = additional(config, rules, tmp_path / "src/index.js", tmp_path)
    assert {module.name: (module.kind, module.content) for module in found.values()} == {
        "src/lang/de.js": ("esModule", b"src/lang/de.js"),
        "src/a.txt": ("text", b"src/a.txt"),
        "src/.wrangler/x.txt": ("text", b"src/.wrangler/x.txt"),
    }
