"""The command as a process: pipes, signals, terminals, encodings, closed streams."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import tomllib
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "edgelint"]
BROKEN = "export default { fetch(request, env) {\n"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """Forty files that do not parse."""
    (tmp_path / "wrangler.toml").write_text('name = "app"\nmain = "src/a00.ts"\n')
    (tmp_path / "src").mkdir()
    for number in range(40):
        (tmp_path / f"src/a{number:02}.ts").write_text(BROKEN)
    return tmp_path


def environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    return {**kept, "PYTHONPATH": str(Path(__file__).parent.parent), "TERM": "xterm", **more}


def run(folder: Path, *arguments: str, stdin: bytes = b"", **variables: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, input=stdin, capture_output=True, env=environment(**variables), check=False
    )


def at_terminal(folder: Path, *arguments: str, **variables: str) -> tuple[str, int]:
    """What a person would see, and the exit status."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=environment(**variables)
    )
    os.close(theirs)
    seen = b""
    while True:
        ready, _, _ = select.select([ours], [], [], 60)
        try:
            data = os.read(ours, 65536) if ready else b""
        except OSError:  # the other end is closed
            break
        if not data:
            break
        seen += data
    os.close(ours)
    return seen.decode(), process.wait(60)


def test_a_reader_that_leaves_early_is_no_failure(app: Path) -> None:
    for name in ("full", "concise", "json", "sarif"):
        line = f"{' '.join(COMMAND)} check . --no-cache --format {name} | head -1"
        done = subprocess.run(
            ["bash", "-c", f'set -o pipefail; {line}; echo "status ${{PIPESTATUS[0]}}"'],
            cwd=app, capture_output=True, text=True, env=environment(PYTHONUNBUFFERED="1"), check=False,
        )
        assert re.fullmatch(r"(Found \d+ errors in \d+ files .*\n(\d+ can be mended .*\n)?)?", done.stderr)
        assert done.stdout.splitlines()[-1] == "status 1"
        assert len(done.stdout.splitlines()) == 2


def test_a_list_whose_reader_leaves_early(app: Path) -> None:
    for command in ("rules --format json", "settings", "bindings", "explain syntax-error"):
        done = subprocess.run(
            ["bash", "-c", f"{' '.join(COMMAND)} {command} | true; exit ${{PIPESTATUS[0]}}"],
            cwd=app, capture_output=True, text=True, env=environment(PYTHONUNBUFFERED="1"), check=False,
        )
        assert (done.stderr, done.returncode) == ("", 0), command


def test_output_that_cannot_be_written(app: Path) -> None:
    with open("/dev/full", "wb") as full:
        command = [*COMMAND, "check", "--no-cache"]
        done = subprocess.run(command, cwd=app, stdout=full, stderr=subprocess.PIPE, env=environment(), check=False)
    assert done.returncode == 2
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


def test_ctrl_c_is_quiet(app: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "check", "--stdin-filename", "src/a00.ts", "-"],
        cwd=app, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )
    assert process.stdin is not None
    process.stdin.write(b"x" * 500_000)  # more than a pipe holds: when this returns, it reads and waits for the rest
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, err.strip()) == (b"", b"")


INTERRUPTED_IMPORT = """
import sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Finder())
sys.argv = ["edgelint", "check"]
from edgelint.__main__ import main
main()
print("not reached")
"""


@pytest.mark.parametrize("name", [
    "edgelint.cli", "edgelint.cli.quick", "edgelint.cli.terminal", "edgelint.cli.check", "edgelint.engine",
])
def test_ctrl_c_while_modules_load_is_quiet(app: Path, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IMPORT.format(name=name)],
        cwd=app, capture_output=True, env=environment(), check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_the_installed_command_begins_where_ctrl_c_is_quiet() -> None:
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
    assert project["project"]["scripts"]["edgelint"] == "edgelint.__main__:main"
    code = "import sys; before = set(sys.modules); import edgelint.__main__; print(*sorted(set(sys.modules) - before))"
    command = [sys.executable, "-S", "-c", code]
    loaded = subprocess.run(command, capture_output=True, env=environment(), check=True)
    assert loaded.stdout.decode().split() == ["edgelint", "edgelint.__main__"]


def test_standard_input_that_is_no_text(app: Path) -> None:
    done = run(app, "check", "--stdin-filename", "src/a00.ts", "-", "--format", "concise", stdin=b"\xff\xfe")
    assert done.stdout.startswith(b"src/a00.ts:1:1: unreadable-file error: the file is not UTF-8")
    assert done.returncode == 2


def test_a_pipe_has_no_colours_and_no_progress(app: Path) -> None:
    done = run(app, "check", "--no-cache")
    assert b"\x1b" not in done.stdout + done.stderr
    assert done.stderr == b""
    assert b"\x1b[" in run(app, "check", "--no-cache", FORCE_COLOR="1").stdout
    assert b"\x1b[" not in run(app, "check", "--no-cache", FORCE_COLOR="1", NO_COLOR="1").stdout


def test_a_terminal_has_colours_and_its_own_width(app: Path) -> None:
    (app / "src/a00.ts").write_text("export default { fetch(" + "x" * 300)
    seen, status = at_terminal(app, "check", "--no-cache", "src/a00.ts")
    assert status == 1
    assert "\x1b[1;31merror[syntax-error]\x1b[0m" in seen
    plain = re.sub(r"\x1b\[[\d;]*m", "", seen)
    assert max(map(len, plain.splitlines())) <= 80
    for choice in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b[" not in at_terminal(app, "check", "--no-cache", "src/a00.ts", **choice)[0]


def test_explain_is_laid_out_at_a_terminal(app: Path) -> None:
    seen, status = at_terminal(app, "explain", "syntax-error")
    assert status == 0
    assert "# syntax-error" not in seen
    assert "Reported by edgelint itself" in seen
    assert run(app, "explain", "syntax-error").stdout.startswith(b"# syntax-error\n\n")


def test_a_terminal_that_lacks_a_character(app: Path) -> None:
    (app / "src/a00.ts").write_text("export default { f\u00fc\u6f22(" + "x" * 300)
    done = run(app, "check", "--no-cache", "src/a00.ts", PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def test_closed_streams(app: Path) -> None:
    for redirect in (">&-", "2>&-", ">&- 2>&-"):
        done = subprocess.run(
            ["bash", "-c", f"{' '.join(COMMAND)} check --no-cache {redirect}"],
            cwd=app, capture_output=True, text=True, env=environment(), check=False,
        )
        assert "Traceback" not in done.stderr, redirect
        assert done.returncode in (1, 2)


def test_version_and_help(app: Path) -> None:
    assert re.fullmatch(rb"edgelint \d+\.\d+\.\d+\n", run(app, "--version").stdout)
    assert run(app, "--help").returncode == 0
    assert run(app).returncode == 2  # no command


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chek"], b"No such command 'chek'. Did you mean 'check'?"),
        (["nonsense"], b"No such command 'nonsense'. There are baseline, bindings, check,"),
        (["src"], b"To check that path: edgelint check src"),
        (["check", "--selct", "x"], b"Did you mean"),
        (["--nope"], b"No such option"),
    ],
)
def test_wrong_words(app: Path, arguments: list[str], said: bytes) -> None:
    done = run(app, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == b""


def test_a_light_start(app: Path) -> None:
    """What is heavy is imported only when it is needed."""
    code = (
        "import sys, edgelint.cli\ntry:\n  edgelint.cli.main(['check', '--no-cache'])\n"
        "except SystemExit:\n  print(*sorted(sys.modules))"
    )
    (app / "src").rename(app / "gone")
    (app / "wrangler.toml").unlink()
    for path in (app / "gone").iterdir():
        path.unlink()
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=app, capture_output=True, text=True, env=environment(), check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"rich", "libcst", "sqlglot", "jsonschema", "asyncio", "apsw", "tree_sitter"}
