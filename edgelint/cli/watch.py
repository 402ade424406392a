"""``edgelint check --watch``: the check again whenever a file of the project changes, until Ctrl-C.

The folders that the project is read from are polled: their listings, and the times and sizes of the files in them. That
is more than a check reads, but an outcome that comes from the cache and says the same is not shown again.
"""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from edgelint import settings as settings_module
from edgelint.cli import FAILED, INTERRUPTED, terminal

if TYPE_CHECKING:
    from edgelint.cli.check import Request

SHORTEST, LONGEST = 0.2, 2.0
"""Seconds between two looks: soon after a change, and after a long time without."""
SLOWER = 1.2
"""How much longer each wait is than the one before it."""
SHARE = 10
"""A look may take one part in so many of the time."""
SETTLING = 0.05
"""Seconds in which nothing must change before the check begins: editors write a file in several steps."""

_FORMATS = ("full", "concise", "json-lines", "pylint")
_CLEAR = "\x1b[H\x1b[2J"

Stamp = tuple[int, int]
Snapshot = dict[str, Stamp]
"""Path -> time in ns and size of a file; (0, 0) for a folder."""


class _Run(NamedTuple):
    """What one check wrote, and its exit status."""

    out: str
    err: str
    status: int


class _Held(io.StringIO):
    """Holds back what is written to a stream, and says of itself what the stream says."""

    def __init__(self, stream: TextIO, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal
        self._encoding = stream.encoding

    def isatty(self) -> bool:
        """Whether a person reads the stream in the end."""
        return self._is_terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's."""
        return self._encoding


def run(request: Request, pause: Callable[[float], None] = time.sleep) -> int:
    """Check, and check again after each change, until Ctrl-C (exit status 130) or until the reader has gone.

    ``pause`` waits so many seconds.
    """
    refused = _refused(request)
    if refused is not None:
        return terminal.fail(refused)
    from edgelint.cli import check

    request = request._replace(watch=False)
    try:
        check.validate(request)
    except check.CannotRun as error:
        return terminal.fail(str(error))
    shown: _Run | None = None
    try:
        while True:
            watched = _watched(request)
            before = snapshot(watched)
            done = _once(request)
            if done != shown:
                if not _show(done, len(before), again=shown is not None):
                    return done.status
                shown = done
            _until_changed(watched, before, pause)
    except KeyboardInterrupt:
        return INTERRUPTED


def _refused(request: Request) -> str | None:
    """Why a request cannot be watched."""
    refused = (
        ("--fix", request.fix), ("--fix-only", request.fix_only), ("--diff", request.diff),
        ("--output-file", request.output_file is not None), ("--output", bool(request.outputs)),
        ("--stdin-filename", request.stdin_filename is not None), ("-", Path("-") in request.paths),
        ("--exit-zero", request.exit_zero),
    )  # fmt: skip
    for option, given in refused:
        if given:
            return f"--watch shows what is found for as long as it runs: {option} cannot be given together with it"
    if request.format_ not in _FORMATS:
        return f"--watch writes one report after another, which {request.format_} is not made for; use --format " + (
            ", ".join(_FORMATS[:-1]) + f" or {_FORMATS[-1]}"
        )
    return None


# Looking for changes


def _watched(request: Request) -> list[str]:
    """The folders and files to look at."""
    from edgelint.project.discovery import discover

    paths = tuple(path for path in request.paths if path.exists()) or (Path("."),)
    root = settings_module.find_root(paths, ignore_settings=request.config is not None).resolve()
    try:
        exclude = settings_module.load(root, request.config).excluded
    except settings_module.SettingsError:
        exclude = ()
    folders = discover(root, exclude).directories
    files = [path for path in (request.config, request.baseline) if path is not None]
    return [*(os.path.join(root, folder) for folder in folders), *map(os.path.abspath, files)]


def snapshot(watched: list[str]) -> Snapshot:
    """What is there now, in the folders and at the files ``watched``. Never raises."""
    from edgelint.cache import FOLDER

    found: Snapshot = {}
    for place in watched:
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.name != FOLDER:
                        _note(found, entry.path, entry.is_dir(follow_symlinks=False))
        except NotADirectoryError:
            _note(found, place, False)
        except OSError:
            continue  # gone: that is a difference too
    return found


def _note(found: Snapshot, path: str, is_folder: bool) -> None:
    try:
        status = os.stat(path)
        found[path] = (0, 0) if is_folder else (status.st_mtime_ns, status.st_size)
    except OSError:  # a link to nowhere, or gone since it was listed
        found[path] = (-1, -1)


def _until_changed(watched: list[str], before: Snapshot, pause: Callable[[float], None]) -> None:
    """Wait until something differs from ``before``, and then until nothing moves any more."""
    wait = SHORTEST
    while True:
        pause(wait)
        started = time.monotonic()
        now = snapshot(watched)
        if now != before:
            break
        took = time.monotonic() - started
        wait = max(min(wait * SLOWER, LONGEST), took * SHARE)
    while True:
        pause(SETTLING)
        later = snapshot(watched)
        if later == now:
            return
        now = later


# One check


def _once(request: Request) -> _Run:
    from edgelint.cli import check

    out = _Held(sys.stdout, is_terminal=terminal.is_terminal(sys.stdout))
    err = _Held(sys.stderr, is_terminal=False)  # no spinner in what is held back
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = check.run(request)
        except Exception as error:
            status = terminal.report_crash(error, request.verbose)
    return _Run(out.getvalue(), err.getvalue(), status)


def _show(done: _Run, files: int, *, again: bool) -> bool:
    """Write what a check wrote: over what stands at a terminal, else after it. False when the reader has gone."""
    in_place = terminal.is_terminal(sys.stdout) and os.environ.get("TERM") != "dumb"
    if in_place:
        mixed = done.err + done.out if done.status == FAILED else done.out + done.err
        at = time.strftime("%H:%M:%S")
        return terminal.write([f"{_CLEAR}{mixed}\n[{at}] Watching {files} files and folders. Ctrl-C stops.\n"])
    if done.err:
        terminal.say(done.err.removesuffix("\n"))
    if not again:
        terminal.say(f"edgelint: watching {files} files and folders; Ctrl-C stops")
    return terminal.write([done.out])
