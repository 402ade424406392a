"""Which paths a .gitignore leaves out: the same as git says."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from edgelint.project.ignore import Rules


@pytest.mark.parametrize(
    ("lines", "path", "is_directory", "expected"),
    [
        (["node_modules"], "node_modules", True, True),
        (["node_modules"], "a/b/node_modules", False, True),
        (["dist/"], "dist", False, None),
        (["dist/"], "x/dist", True, True),
        (["/dist"], "x/dist", True, None),
        (["/dist"], "dist", True, True),
        (["a/b"], "a/b", False, True),
        (["a/b"], "x/a/b", False, None),
        (["*.log", "!keep.log"], "x/keep.log", False, False),
        (["*.log", "!keep.log"], "x/a.log", False, True),
        (["!keep.log", "*.log"], "keep.log", False, True),
        (["# note", "", "  ", "x "], "x", False, True),
        (["x\\ "], "x ", False, True),
        (["\\#x"], "#x", False, True),
        (["/*", "!/src"], "src", True, False),
        (["/*", "!/src"], "lib", True, True),
        (["/*", "!/src"], "src/a.ts", False, None),
        (["*", "!*/", "!*.ts"], "src/a.js", False, True),
        (["*", "!*/", "!*.ts"], "src/a.ts", False, False),
        (["*", "!*/", "!*.ts"], "src", True, False),
        (["report.[0-9]*.json"], "report.1.json", False, True),
        (["report.[0-9]*.json"], "report.x.json", False, None),
        (["a*/b"], "ab/b", False, True),
        (["a/*"], "a/", False, None),
        (["**/x/y"], "a/b/x/y", False, True),
        (["**/x"], "x", False, True),
        (["*.sw?"], "a.swp", False, True),
        (["*.sw?"], "a.sw", False, None),
        (["a/**/b"], "a/x/y/b", False, True),
        (["[!a]b"], "cb", False, True),
        (["a///"], "a", True, None),
        (["/"], "a", True, None),
        (["!"], "a", True, None),
    ],
)
def test_match(lines: list[str], path: str, is_directory: bool, expected: bool | None) -> None:
    assert Rules(lines).match(path, is_directory) is expected


def test_no_lines_no_rules() -> None:
    assert not Rules(["# only a comment", ""])
    assert Rules(["x"])


PATTERNS = st.lists(
    st.tuples(
        st.sampled_from(["", "", "", "!"]), st.sampled_from(["", "", "/", "**/"]),
        st.sampled_from(["a", "b", "*", "a*", "*.b", "a/b", "a/*", "?", "[ab]", "a/**/b", "b/**", "c d", "[!a]"]),
        st.sampled_from(["", "", "/"]),
    ).map("".join),
    min_size=1, max_size=5,
)  # fmt: skip
PATHS = [
    ("a", True), ("b", True), ("a/b", True), ("a/a", False), ("a/x.b", False), ("b/a", True), ("b/a/b", False),
    ("x.b", False), ("c d", False), ("a/b/a", False), ("a/b/b", True),
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(PATTERNS)
def test_the_walk_leaves_out_what_pathspec_does(lines: list[str]) -> None:
    """A file is left out when it or a directory above it is; pathspec is asked about the same entries one by one."""
    ours = Rules(lines)
    spec = GitIgnoreSpec.from_lines(lines)
    for path, is_directory in PATHS:
        if "/" in path or any(line.startswith("!") for line in lines):
            continue  # pathspec judges a path with all above it: only single entries can be compared
        assert bool(ours.match(path, is_directory)) == spec.match_file(path + "/" if is_directory else path)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is the judge here")
def test_the_walk_leaves_out_what_git_does(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, capture_output=True)
    for path, is_directory in PATHS:
        target = tmp_path / path
        if is_directory:
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text("")
    cases = [
        ["a"], ["/a"], ["a/"], ["a/b"], ["a/*"], ["*", "!a", "!a/*"], ["*.b", "!x.b"], ["**/b"], ["b/**"], ["a/**/b"],
        ["?"], ["[ab]"], ["[!a]"], ["c d"], ["/*", "!/a"], ["*", "!*/", "!*.b"], ["b/a"], ["**/a/b"], ["a/b/"],
    ]  # fmt: skip
    for lines in cases:
        (tmp_path / ".gitignore").write_text("\n".join(lines) + "\n")
        rules = Rules(lines)
        asked = "\n".join(path for path, is_directory in PATHS if not is_directory)
        said = subprocess.run(
            ["git", "-C", str(tmp_path), "check-ignore", "--no-index", "--stdin"],
            input=asked, capture_output=True, text=True, check=False,
        )  # fmt: skip
        expected = {line.strip('"') for line in said.stdout.splitlines()}
        ours = {path for path, is_directory in PATHS if not is_directory and left_out(rules, path)}
        assert ours == expected, lines


def left_out(rules: Rules, path: str) -> bool:
    parts = path.split("/")
    above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    return any(rules.match(directory, True) for directory in above) or bool(rules.match(path, False))
