"""fixtures/hostile: bad encodings, odd line ends, truncated, cyclic, malformed. Nothing raises; what is bad is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgelint.engine import Options, analyse, check
from edgelint.settings import Settings
from tests.test_fuzz import EVERYTHING, sound

HOSTILE = Path(__file__).parents[1] / "fixtures/hostile"
CASES = sorted(path.name for path in HOSTILE.iterdir())


@pytest.fixture(params=CASES)
def hostile(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of one hostile project, which nothing may change."""
    root = tmp_path / str(request.param)
    shutil.copytree(HOSTILE / str(request.param), root)
    return root


def test_nothing_raises(hostile: Path) -> None:
    sound(hostile, analyse(hostile, EVERYTHING))


@pytest.mark.parametrize("style", ["full", "json", "sarif"])
def test_every_format_can_say_it(hostile: Path, style: str) -> None:
    command = [sys.executable, "-c", "import sys; from edgelint.cli import main; sys.exit(main())", "check"]
    done = subprocess.run(
        [*command, "--no-cache", "--format", style, str(hostile)], capture_output=True, check=False, cwd=hostile.parent,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode in (0, 1), done.stderr.decode()
    assert b"Traceback" not in done.stderr + done.stdout
    assert b"\x1b" not in done.stdout
    if style != "full":
        json.loads(done.stdout)


def outcome(name: str) -> list[tuple[str, str]]:
    """(path, rule) of what is reported on a hostile project."""
    result = check(HOSTILE / name, [], Settings(), Options(cache=False))
    return [(item.span.path, item.rule) for item in result.diagnostics]


def test_every_bad_encoding_is_named_and_the_others_are_checked() -> None:
    unreadable = {path for path, rule in outcome("encodings") if rule == "unreadable-file"}
    assert unreadable == {f"src/{name}" for name in (
        "latin1.ts", "utf16.ts", "nul.py", "surrogate.js", "cut.py", "cookie.py"
    )}  # fmt: skip
    assert ("src/index.js", "kv/ttl-too-short") in outcome("encodings")


def test_line_ends_and_byte_order_marks_are_no_problem() -> None:
    found = outcome("endings")
    assert ("src/bom.js", "kv/ttl-too-short") in found
    assert not [item for item in found if item[1] in ("syntax-error", "unreadable-file")]


def test_truncated_files_are_syntax_errors() -> None:
    broken = {path for path, rule in outcome("truncated") if rule == "syntax-error"}
    assert broken >= {
        "wrangler.jsonc", "src/index.ts", "src/class.js", "src/string.py", "src/def.py", "src/app.vue",
        "src/page.svelte",
    }


def test_links_are_not_followed_out_of_the_project(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.ts").write_bytes(b"export const env = (;\n")
    root = tmp_path / "app"
    (root / "src").mkdir(parents=True)
    (root / "src/index.ts").write_text("import './link';\nexport const env = 1;\n")
    (root / "src/link.ts").symlink_to(outside / "secret.ts")
    (root / "src/folder").symlink_to(outside)
    (root / "src/loop").symlink_to(root)
    (root / "src/self.ts").symlink_to(root / "src/self.ts")
    (root / "src/dangling.ts").symlink_to(root / "src/none.ts")
    made = analyse(root, EVERYTHING)
    sound(root, made)
    assert "syntax-error" not in {item.rule for item in made.diagnostics}


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind the superuser")
def test_files_without_permission_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_text("env")
    (tmp_path / "a.ts").chmod(0)
    (tmp_path / "closed").mkdir(mode=0)
    made = analyse(tmp_path, EVERYTHING)
    assert [item.rule for item in made.diagnostics] == ["unreadable-file"]


def test_a_file_that_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ts")
    (tmp_path / "a.ts").write_text("export const env = 1;\n")
    sound(tmp_path, analyse(tmp_path, EVERYTHING))
