"""Fixes: the edits that findings bring, applied together, over and over until nothing is left to mend.

Contents are changed in memory first and looked at again as the project would be with them: a file whose new text no
longer parses keeps its old one. Only then ``write`` replaces files, each at once or not at all.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from edgelint import engine
from edgelint.diagnostics import Diagnostic, Edit, Fix
from edgelint.outcome import Outcome
from edgelint.settings import Settings

MAX_ROUNDS = 20
"""A fix may bring about another; what still changes after so many rounds goes in a circle."""
MAX_MADE = 200
"""Rounds that make a file do not count among these, for a new migration is numbered after the one before and so each
has a round of its own. Their number ends here."""

_BROKEN = ("syntax-error", "unreadable-file")


class Fixed(NamedTuple):
    """What fixing made.

    ``files`` maps paths to (content before or None for a new file, content after). ``applied`` are the diagnostics
    whose fix is in them. ``refused`` are those whose fix would have left a file that does not parse. ``settled`` is
    False when the rounds ran out.
    """

    files: dict[str, tuple[bytes | None, bytes]]
    applied: tuple[Diagnostic, ...]
    refused: tuple[Diagnostic, ...]
    settled: bool


class WriteError(Exception):
    """A file that could not be replaced; the message names it and says why. What was written before it stays."""


def fix(
    root: Path, settings: Settings, wanted: Callable[[Diagnostic], bool], *, unsafe: bool = False,
    overlay: Mapping[str, bytes] | None = None,
) -> Fixed:
    """Mend what can be mended of the findings that ``wanted`` says yes to, in memory. ``overlay`` gives contents in
    place of those on disk (unsaved buffers).

    Raises ``engine.UsageError`` as ``engine.check`` does. Nothing is written.
    """
    overlay = dict(overlay or {})
    before: dict[str, bytes | None] = dict(overlay)
    applied: list[Diagnostic] = []
    refused: list[Diagnostic] = []
    outcome = engine.analyse(root, settings, overlay)
    rounds = made = 0
    while rounds < MAX_ROUNDS and made < MAX_MADE:
        is_new = partial(_is_new, root, overlay)
        chosen = _choose(outcome, wanted, unsafe, refused, is_new)
        if not chosen:
            return _fixed(before, overlay, applied, refused, True)
        if any(is_new(edit.span.path) for item in chosen for edit in item.fix.edits):
            made += 1
        else:
            rounds += 1
        texts = _apply(root, overlay, chosen, before)
        candidate = overlay | texts
        after = engine.analyse(root, settings, candidate)
        broken = _newly_broken(outcome, after, set(texts))
        if broken or after.failures:
            spoilt = [item for item in chosen if not broken or broken & {edit.span.path for edit in item.fix.edits}]
            refused += [item.diagnostic for item in spoilt]
            continue
        applied += [item.diagnostic for item in chosen]
        overlay, outcome = candidate, after
    return _fixed(before, overlay, applied, refused, False)


def _is_new(root: Path, overlay: Mapping[str, bytes], path: str) -> bool:
    return path not in overlay and not os.path.lexists(root / path)


class _Chosen(NamedTuple):
    diagnostic: Diagnostic
    fix: Fix


def _choose(
    outcome: Outcome, wanted: Callable[[Diagnostic], bool], unsafe: bool, refused: Iterable[Diagnostic],
    is_new: Callable[[str], bool],
) -> list[_Chosen]:
    """The fixes of one round: none that touches what another one changes, so that each does what it says; and one at
    most that makes a file, whose name may hang on the files that are there."""
    tried = {(item.rule, item.span, item.fix) for item in refused}
    taken: dict[str, list[Edit]] = {}
    chosen = []
    for diagnostic in outcome.diagnostics:
        offered = diagnostic.fix
        if offered is None or not offered.edits or not (offered.safe or unsafe) or not wanted(diagnostic):
            continue
        if (diagnostic.rule, diagnostic.span, offered) in tried:
            continue
        makes = any(is_new(edit.span.path) for edit in offered.edits)
        if makes and any(is_new(path) for path in taken):
            continue
        if any(_collide(edit, other) for edit in offered.edits for other in taken.get(edit.span.path, ())):
            continue
        for edit in offered.edits:
            taken.setdefault(edit.span.path, []).append(edit)
        chosen.append(_Chosen(diagnostic, offered))
    return chosen


def _collide(one: Edit, other: Edit) -> bool:
    """Whether two edits of one file overlap or insert at the same place."""
    a, b = one.span, other.span
    return (a.start < b.end and b.start < a.end) or a.start == b.start


def _apply(
    root: Path, overlay: Mapping[str, bytes], chosen: list[_Chosen], before: dict[str, bytes | None]
) -> dict[str, bytes]:
    """The new contents of every file that the chosen fixes touch."""
    edits: dict[str, list[Edit]] = {}
    for item in chosen:
        for edit in item.fix.edits:
            edits.setdefault(edit.span.path, []).append(edit)
    texts = {}
    for path, changes in edits.items():
        if path not in before:
            before[path] = _read(root / path)
        data = overlay.get(path, before[path] or b"")
        line_end = "\r\n" if b"\r\n" in data and data.count(b"\r\n") * 2 > data.count(b"\n") else "\n"
        for edit in sorted(changes, key=lambda e: e.span.start, reverse=True):
            text = edit.text.replace("\r\n", "\n").replace("\n", line_end).encode()
            data = data[: edit.span.start] + text + data[edit.span.end :]
        texts[path] = data
    return texts


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _newly_broken(before: Outcome, after: Outcome, touched: set[str]) -> set[str]:
    """The touched files that parse worse than they did."""

    def count(outcome: Outcome) -> Counter[str]:
        return Counter(item.span.path for item in outcome.diagnostics if item.rule in _BROKEN)

    was, now = count(before), count(after)
    return {path for path in touched if now[path] > was[path]}


def _fixed(
    before: Mapping[str, bytes | None],
    overlay: Mapping[str, bytes],
    applied: list[Diagnostic],
    refused: list[Diagnostic],
    settled: bool,
) -> Fixed:
    files = {path: (before[path], data) for path, data in sorted(overlay.items()) if before[path] != data}
    return Fixed(files, tuple(applied), tuple(refused), settled)


def write(root: Path, fixed: Fixed) -> None:
    """Put the new contents on disk: each file is replaced at once, with the mode it had.

    Raises ``WriteError`` for a file that has changed since it was read, that lies outside ``root``, or that cannot be
    written.
    """
    inside = root.resolve()
    for path, (old, new) in fixed.files.items():
        target = (root / path).resolve()
        if not target.is_relative_to(inside):
            raise WriteError(f"{path}: it leads out of the project")
        if _read(target) != old:
            raise WriteError(f"{path}: it has changed while it was being checked")
        try:
            _replace(target, new)
        except OSError as error:
            raise WriteError(f"{path}: {error.strerror or error}") from None


def _replace(target: Path, data: bytes) -> None:
    import tempfile

    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        mode = target.stat().st_mode & 0o7777
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        mode = 0o666 & ~umask
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, mode)
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def diff(fixed: Fixed) -> str:
    """The changes as a unified diff, paths with ``a/`` and ``b/`` before them, as ``git apply`` takes it."""
    from difflib import unified_diff

    pieces: list[str] = []
    for path, (old, new) in fixed.files.items():
        lines = unified_diff(
            _lines(old or b""), _lines(new), f"a/{path}" if old is not None else "/dev/null", f"b/{path}"
        )
        pieces += (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return "".join(pieces)


def _lines(data: bytes) -> list[str]:
    # Only \n ends a line for diff and git; what cannot be decoded is kept as surrogates and written back as it was.
    text = data.decode("utf-8", "surrogateescape")
    return [line for line in text.replace("\n", "\n\0").split("\0") if line]
