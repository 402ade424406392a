"""What the command does around its output, piece by piece."""

from __future__ import annotations

import io
import sys
import time
from typing import Any

import pytest

from edgelint import cli
from edgelint.cli import terminal


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    """A pipe whose reader has left."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


class Full(io.StringIO):
    def flush(self) -> None:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("choice", "tty", "environ", "expected"),
    [
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("auto", True, {"NO_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": ""}, True),
        ("auto", False, {"FORCE_COLOR": "1"}, True),
        ("auto", False, {"FORCE_COLOR": "0"}, False),
        ("auto", False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("auto", True, {"TERM": "dumb"}, False),
        ("always", False, {"NO_COLOR": "1"}, True),
        ("never", True, {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colours(choice: str, tty: bool, environ: dict[str, str], expected: bool) -> None:
    assert terminal.colours(choice, Terminal() if tty else io.StringIO(), environ) is expected


def test_a_closed_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    stream.close()
    assert not terminal.is_terminal(stream)
    assert terminal.width(stream, 99) == 99


def test_the_width_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "77")
    assert terminal.width(Terminal(), 99) == 77
    monkeypatch.setenv("COLUMNS", "3")
    assert terminal.width(Terminal(), 99) == 40


def test_writing_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    dropped: list[int] = []
    monkeypatch.setattr(terminal, "drop_output", lambda: dropped.append(1))
    assert not terminal.write(["a"], Gone())
    out = io.StringIO()
    assert terminal.write(["a", "b"], out)
    assert (out.getvalue(), dropped) == ("ab", [1])
    monkeypatch.setattr(sys, "stdout", Gone())
    assert terminal.flush(1) == 1
    monkeypatch.setattr(sys, "stdout", Full())
    assert terminal.flush(0) == 2


def test_last_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert terminal.report_crash(FileNotFoundError(2, "No such file", "a\x1b.ts"), False) == 2
    assert capsys.readouterr().err == "edgelint: error: a␛.ts: No such file\n"
    assert terminal.report_crash(OSError(5, "Input/output error"), False) == 2
    assert capsys.readouterr().err == "edgelint: error: Input/output error\n"
    assert terminal.report_crash(ValueError("x"), False) == 2
    assert capsys.readouterr().err == (
        "edgelint: error: internal error, a defect of edgelint: ValueError: x; --verbose shows where\n"
    )
    assert terminal.report_crash(ValueError("x"), True) == 2
    assert "ValueError: x\nedgelint: error:" in capsys.readouterr().err


def test_what_goes_wrong_anywhere_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def raising(error: BaseException) -> Any:
        def run(**_: object) -> None:
            raise error

        return run

    monkeypatch.setattr(terminal, "drop_output", lambda: None)
    for error, status in (
        (ZeroDivisionError("ours"), 2),
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 0),
        (PermissionError(13, "Permission denied", "x"), 2),
    ):
        monkeypatch.setattr(cli.cli, "main", raising(error))
        with pytest.raises(SystemExit) as stopped:
            cli.main([])
        assert stopped.value.code == status
    said = capsys.readouterr().err
    assert "ZeroDivisionError: ours" in said
    assert "x: Permission denied" in said
    assert "Traceback" not in said


def test_progress_only_at_a_terminal_and_only_when_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with terminal.progress("Checking"):
        pass
    assert screen.getvalue() == ""
    monkeypatch.setattr(terminal, "PROGRESS_AFTER", 0.01)
    with terminal.progress("Checking", quiet=True):
        time.sleep(0.05)
    assert screen.getvalue() == ""
    with terminal.progress("Checking"):
        deadline = time.monotonic() + 20
        while "Checking" not in screen.getvalue() and time.monotonic() < deadline:
            time.sleep(0.02)
    assert "Checking" in screen.getvalue()
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    with terminal.progress("Checking"):
        time.sleep(0.05)
    assert pipe.getvalue() == ""


def test_closed_streams_swallow_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    terminal.prepare_streams()
    assert terminal.write(["nobody reads this"])
    sys.stdout.close()


def test_streams_without_an_encoding_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    terminal.prepare_streams()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    terminal.prepare_streams()
    assert sys.stdout.errors == "replace"
