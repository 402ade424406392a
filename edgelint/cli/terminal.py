"""What stands between a report and whoever reads it: colours, closed pipes, odd encodings, progress, last words."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TextIO

PROGRESS_AFTER = 2.0
"""Seconds of silence that a person at a terminal is asked to bear."""


def colours(choice: str, stream: TextIO, environ: Mapping[str, str] | None = None) -> bool:
    """Whether to colour ``stream``. A choice wins over NO_COLOR, NO_COLOR over FORCE_COLOR, that over a pipe."""
    if choice != "auto":
        return choice == "always"
    environ = os.environ if environ is None else environ
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0", "false"):
        return True
    return is_terminal(stream) and environ.get("TERM") != "dumb"


def is_terminal(stream: TextIO) -> bool:
    """Whether a person reads the stream."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def width(stream: TextIO, otherwise: int) -> int:
    """Cells of a line of the terminal, or ``otherwise`` where there is none."""
    if not is_terminal(stream):
        return otherwise
    import shutil

    return max(shutil.get_terminal_size((otherwise, 24)).columns, 40)


def prepare_streams() -> None:
    """Let a character that the terminal's encoding lacks become a question mark, and a closed stream swallow all."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller (>&-)
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            with suppress(ValueError, OSError):
                reconfigure(errors="replace")


def write(pieces: Iterable[str], stream: TextIO | None = None) -> bool:
    """Write to standard output. False when the reader has gone (``| head``), which is no failure."""
    stream = stream or sys.stdout
    try:
        for piece in pieces:
            stream.write(piece)
        stream.flush()
    except BrokenPipeError:
        drop_output()
        return False
    return True


def write_bytes(data: bytes) -> None:
    """Write to standard output as it is, whatever encoding a terminal would have."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        drop_output()


def say(text: str) -> None:
    """A line on standard error."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def fail(text: str) -> int:
    """Say why the job cannot be done; returns the exit status for it."""
    from edgelint.report.escape import lines_visible

    for line in lines_visible(text):
        say(f"edgelint: error: {line}")
    return 2


def warn(text: str) -> None:
    """Say what a person should know although the run goes on."""
    from edgelint.report.escape import visible

    say(f"edgelint: warning: {visible(text)}")


def drop_output() -> None:
    """Point standard output nowhere, so that the interpreter's own flush at exit does not fail on a closed pipe."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def flush(status: int) -> int:
    """Flush standard output; the status is not changed by a reader that has gone, but is by a full disk."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        drop_output()
    except OSError as error:
        drop_output()
        return fail(f"standard output: {error.strerror}")
    return status


def report_crash(error: Exception, verbose: bool) -> int:
    """Last words on a defect of our own."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if isinstance(error.filename, str) else ""
        return fail(f"{where}{error.strerror}")
    if verbose:
        import traceback

        say("".join(traceback.format_exception(error)).rstrip())
    hint = "" if verbose else "; --verbose shows where"
    return fail(f"internal error, a defect of edgelint: {type(error).__name__}: {error}{hint}")


@contextmanager
def progress(what: str, *, quiet: bool = False) -> Iterator[None]:
    """A spinner on standard error while the body runs, at a terminal, from ``PROGRESS_AFTER`` seconds on."""
    if quiet or not is_terminal(sys.stderr):
        yield
        return
    shown: list[Any] = []
    done = threading.Event()

    def show() -> None:
        if done.wait(PROGRESS_AFTER):
            return
        from rich.console import Console

        status = Console(stderr=True).status(what)
        status.start()
        shown.append(status)

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        for status in shown:
            status.stop()
