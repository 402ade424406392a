"""``edgelint check --watch``: what makes it check again, what it writes where, and how it ends."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgelint.cli import check, watch
from edgelint.cli.check import Request
from tests.test_action import CODE, CONFIG

ROOT = Path(__file__).resolve().parents[1]
BAD, GOOD = CODE % 5, CODE % 60
Pause = Callable[[float], None]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "app"
    (root / "src").mkdir(parents=True)
    (root / "wrangler.toml").write_text(CONFIG)
    (root / "src/i.ts").write_text(BAD)
    monkeypatch.chdir(root)
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return root


class Steps:
    """Does the next thing at each wait, the last of which is Ctrl-C; ``None`` is a wait in which nothing happens."""

    def __init__(self, *steps: Callable[[], object] | None) -> None:
        self.steps: Iterator[Callable[[], object] | None] = iter(steps)
        self.waits: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)
        try:
            step = next(self.steps)
        except StopIteration:
            raise KeyboardInterrupt from None
        if step is not None:
            step()


def write(path: Path, text: str) -> Callable[[], object]:
    """Write a file, with a time that no other file has."""

    def do() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        write.at += 1_000_000_000  # type: ignore[attr-defined]
        os.utime(path, ns=(write.at, write.at))  # type: ignore[attr-defined]

    return do


write.at = 1_700_000_000_000_000_000  # type: ignore[attr-defined]


def watched(capsys: pytest.CaptureFixture[str], *steps: Callable[[], object] | None, **options: Any) -> Any:
    """Watch with these steps; what was written."""
    done = watch.run(Request(**{"format_": "concise", "watch": True, **options}), Steps(*steps))
    assert done == 130
    return capsys.readouterr()


def test_a_pipe_gets_one_report_after_another(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = watched(capsys, write(app / "src/i.ts", GOOD), None, write(app / "src/i.ts", BAD), None)
    lines = written.out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["src/i.ts", "src/i.ts"]
    assert written.err.count("Found 1 error") == 2, "a summary for each report with a finding"
    assert written.err.count("Ctrl-C stops") == 1
    assert "\x1b" not in written.out + written.err


def test_a_file_that_comes_and_one_that_goes(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = app / "src/new/j.ts"
    text = "export const p = (kv: KVNamespace) => kv.put('a', '', { expirationTtl: 3 });\n"
    written = watched(capsys, write(other, text), None, write(other, text.replace("3", "4")), None, other.unlink, None)
    reports = re.findall(r"^src/new/j\.ts:1", written.out, re.MULTILINE)
    assert len(reports) == 2, "new, changed in its new folder, and gone"
    assert len(re.findall(r"^src/i\.ts", written.out, re.MULTILINE)) == 4


def test_what_says_the_same_is_not_written_again(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = watched(capsys, write(app / "notes.bin", "x"), None, write(app / "notes.bin", "y"), None)
    assert len(written.out.splitlines()) == 1


def test_the_cache_is_no_change(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = Steps(None, None, None)
    assert watch.run(Request(format_="concise", watch=True), steps) == 130
    assert (app / ".edgelint_cache").is_dir()
    assert watch.SETTLING not in steps.waits
    capsys.readouterr()


def test_waits_grow_and_a_change_waits_until_all_is_still(
    app: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgelint.cli.watch.time.monotonic", lambda: 0.0)
    path = app / "src/i.ts"
    steps = Steps(*[None] * 20, write(path, ""), write(path, "// half"), write(path, GOOD), None)
    assert watch.run(Request(format_="concise", watch=True), steps) == 130
    idle = steps.waits[:21]
    assert idle == sorted(idle)
    assert (idle[0], idle[-1]) == (watch.SHORTEST, watch.LONGEST)
    assert steps.waits[21:] == [watch.SETTLING] * 3 + [watch.SHORTEST]
    assert capsys.readouterr().out.count("\n") == 1, "the half-written file was not checked"


def test_a_slow_look_is_taken_less_often(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(range(0, 100, 3))
    monkeypatch.setattr("edgelint.cli.watch.time.monotonic", lambda: float(next(times)))
    steps = Steps(None, None)
    assert watch.run(Request(format_="concise", watch=True, quiet=True), steps) == 130
    assert steps.waits == [watch.SHORTEST, 30.0, 30.0]


def test_settings_that_break_are_said_and_watching_goes_on(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = app / "edgelint.toml"
    written = watched(
        capsys, write(settings, "sellect = []\n"), None, write(settings, 'ignore = ["kv/*"]\n'), None,
    )  # fmt: skip
    assert "edgelint: error: edgelint.toml:1" in written.err
    assert len(written.out.splitlines()) == 1


def test_a_settings_file_and_a_baseline_elsewhere(
    app: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "own.toml"
    settings.write_text("")
    steps = (write(settings, 'ignore = ["kv/*"]\n'), None, write(settings, "\n"), None)
    written = watched(capsys, *steps, config=settings)
    assert len(written.out.splitlines()) == 2
    gone = watched(capsys, settings.unlink, None, config=settings)
    assert "own.toml" in gone.err


def test_links_to_nowhere_and_folders_that_go(app: Path) -> None:
    (app / "link").symlink_to(app / "nothing")
    seen = watch.snapshot([str(app), str(app / "gone"), str(app / "wrangler.toml")])
    assert seen[str(app / "link")] == (-1, -1)
    assert seen[str(app / "src")] == (0, 0)
    assert str(app / "gone") not in seen


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_a_terminal_is_drawn_anew(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    steps = Steps(write(app / "src/i.ts", GOOD), None)
    assert watch.run(Request(watch=True), steps) == 130
    first, second = screen.getvalue().split("\x1b[H\x1b[2J")[1:]
    assert "kv/ttl-too-short" in first
    assert "\x1b[" in first, "colours as at any terminal"
    assert "kv/ttl-too-short" not in second
    assert re.search(r"\[\d\d:\d\d:\d\d\] Watching \d+ files and folders\. Ctrl-C stops\.\n$", second)


def test_a_terminal_that_cannot_be_drawn_on_is_a_pipe(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "dumb")
    assert watch.run(Request(watch=True), Steps()) == 130
    assert "\x1b" not in screen.getvalue()
    assert "kv/ttl-too-short" in screen.getvalue()


def test_an_error_stands_above_the_report_at_a_terminal(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    (app / "edgelint.toml").write_text("sellect = []\n")
    assert watch.run(Request(watch=True), Steps()) == 130
    assert "edgelint: error: edgelint.toml:1" in screen.getvalue()


def test_a_reader_that_leaves_ends_it(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgelint.cli.terminal.write", lambda _pieces: False)
    assert watch.run(Request(format_="concise", watch=True), Steps()) == 1


def test_a_crash_is_said_and_watching_goes_on(
    app: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(_request: Request) -> int:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(check, "run", crash)
    assert watch.run(Request(watch=True), Steps(None)) == 130
    assert "ZeroDivisionError: ours" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fix": True}, "--fix cannot"), ({"fix_only": True}, "--fix-only cannot"), ({"diff": True}, "--diff cannot"),
        ({"output_file": Path("x")}, "--output-file cannot"), ({"outputs": (("json", Path("x")),)}, "--output cannot"),
        ({"stdin_filename": Path("x")}, "--stdin-filename cannot"), ({"paths": (Path("-"),)}, "- cannot"),
        ({"exit_zero": True}, "--exit-zero cannot"), ({"format_": "sarif"}, "sarif is not made for"),
        ({"format_": "json"}, "use --format full, concise, json-lines or pylint"),
        ({"unsafe_fixes": True}, "--unsafe-fixes is for"), ({"select": ("kv/nothing",)}, "--select: 'kv/nothing'"),
    ],
)
def test_what_makes_no_sense_with_it(
    app: Path, capsys: pytest.CaptureFixture[str], options: dict[str, Any], said: str
) -> None:
    assert check.run(Request(watch=True, **options)) == 2
    written = capsys.readouterr()
    assert said in written.err
    assert written.out == ""
    assert not (app / "x").exists()


def test_ctrl_c_at_a_real_terminal(app: Path) -> None:
    own, theirs = pty.openpty()
    env = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-m", "edgelint", "check", "--watch"], cwd=app, env=env,
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        assert "kv/ttl-too-short" in read_until(own, "Ctrl-C stops.")
        (app / "src/i.ts").write_text(GOOD)
        assert "kv/ttl-too-short" not in read_until(own, "Ctrl-C stops.")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert read_until(own, "nothing more comes").strip() == ""
    os.close(own)


def read_until(terminal: int, text: str) -> str:
    """What a terminal shows up to ``text``, or up to its end. Fails when nothing comes for a minute."""
    seen = ""
    while text not in seen:
        ready, _, _ = select.select([terminal], [], [], 60)
        assert ready, f"nothing more came after: {seen}"
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other side is closed
            break
        if not piece:
            break
        seen += piece.decode()
    return seen
