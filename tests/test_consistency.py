"""What must be the same in several places is the same."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from edgelint import __version__, registry, rulebook
from tests import rule_runner, rule_table

ROOT = Path(__file__).parents[1]
HEAVY = (
    "apsw", "hypothesis", "jsonschema", "libcst", "msgspec", "pathspec", "pygls", "pytest", "rich", "sqlglot",
    "tree_sitter", "tree_sitter_javascript", "tree_sitter_typescript", "yaml",
)


def test_documents_checks_tests_and_readme_have_the_same_rules() -> None:
    documented = set(rulebook.ids())
    assert documented == registry.registered()
    tested = {
        expected.rule
        for case in rule_runner.cases()
        for expected in case.example.expected
        if expected.rule not in registry.BUILT_IN
    }
    assert documented == tested
    readme = rule_table.README.read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[`([a-z0-9-]+/[a-z0-9-]+)`\]\(rules/\1\.md\)", rule_table.parts(readme)[1], re.MULTILINE)
    assert sorted(documented) == listed


def test_the_table_of_rules_in_the_readme_is_fresh() -> None:
    readme = rule_table.README.read_text(encoding="utf-8")
    assert rule_table.parts(readme)[1] == rule_table.table(), "run: python -m tests.rule_table"


def test_markers_in_fixture_apps_name_rules() -> None:
    from edgelint.examples import markers

    known = set(registry.known_ids())
    for path in (ROOT / "fixtures/apps").rglob("*"):
        if path.is_file():
            named = {item.rule for item in markers(path.name, path.read_text(encoding="utf-8"))}
            assert named <= known, path


def test_checks_are_documented_by_a_docstring() -> None:
    from edgelint.checks import CHECKS

    registry.registered()
    assert [rule for rule, function in CHECKS.items() if not function.__doc__] == []


def test_imports_run_one_way() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, verbose=False) == 0


@pytest.mark.parametrize("modules", ["edgelint.cli", "edgelint.cli.check, edgelint.engine, edgelint.cache"])
def test_nothing_heavy_is_imported_before_it_is_needed(modules: str) -> None:
    code = f"import {modules}\nimport sys\nprint(*sorted({set(HEAVY)!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


def test_the_two_hook_files_are_the_same_bytes() -> None:
    assert (ROOT / ".pre-commit-hooks.yaml").read_bytes() == (ROOT / "pre-commit-hooks.yaml").read_bytes()


def test_the_ci_script_is_the_command_of_the_readme() -> None:
    readme = rule_table.README.read_text(encoding="utf-8")
    assert "bash .ci/run" in readme
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    tested = ("coverage run -m pytest", "coverage report")
    commands = ("ruff check", "mypy --strict", "lint-imports", *tested, "build --wheel")
    for command in commands:
        assert command in script


def test_in_the_ci_script_no_test_is_skipped_for_what_npm_installs() -> None:
    pattern = re.compile(r"\bEDGELINT_NEEDS_[A-Z]+\b")
    asked = {
        name for path in (ROOT / "tests").rglob("*.py") for name in pattern.findall(path.read_text(encoding="utf-8"))
    }
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    browser = {"EDGELINT_NEEDS_CHROMIUM"}  # no package of npm's: its test runs where there is one
    assert set(re.findall(r"\b(EDGELINT_NEEDS_[A-Z]+)=1", script)) == asked - browser


def test_the_version_is_said_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def test_architecture_names_every_package_that_exists() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for path in sorted((ROOT / "edgelint").iterdir()):
        if path.name.startswith("_") or path.name == "py.typed":
            continue
        name = f"{path.name}/" if path.is_dir() else path.name
        assert name in page, f"ARCHITECTURE.md does not speak of {name}"
