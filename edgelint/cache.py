"""The last outcome, kept so that a run over an unchanged project only looks at the files' times.

A file of the cache is believed only if it was written on this file system by a run of edgelint: its modification time
must be the one written inside it, which a checkout or a copy does not keep. So a cache that came with a clone is not
used. What is read is validated; anything odd is a miss. Nothing here can make a run fail.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelint import __version__, rulebook
from edgelint.diagnostics import Confidence, Diagnostic, Edit, Fix, Related, Severity, Span
from edgelint.outcome import Note, Outcome

try:
    from _blake2 import blake2b  # what hashlib gives, without the time to load OpenSSL
except ImportError:  # pragma: no cover
    from hashlib import blake2b

if TYPE_CHECKING:
    from edgelint.settings import Settings

FOLDER = ".edgelint_cache"
FORMAT = 1
KEPT = 8
"""How many outcomes (of different settings) stay in the folder."""

_TICK_NS = 20_000_000
"""A file's time may lag behind the clock by a tick of the kernel (4 to 16 ms): what is so young may change unseen."""

_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by edgelint. It may be deleted at any time.\n"
_PARSERS = (
    "apsw", "libcst", "pyyaml", "sqlglot", "tomli", "tree_sitter", "tree_sitter_javascript", "tree_sitter_typescript",
)  # fmt: skip
"""Distributions whose versions may change what is found, as their .dist-info folders spell them, in lower case."""


class Cache:
    """The cached outcome of one project under one set of settings."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.folder = root / FOLDER
        key = "\0".join((str(FORMAT), __version__, fingerprint(), os.fspath(root), settings.canonical()))
        self.file = self.folder / f"outcome-{blake2b(key.encode(), digest_size=12).hexdigest()}.json"

    def load(self) -> Outcome | None:
        """The outcome, if no file and no folder that it came from has changed; else None."""
        try:
            data = json.loads(read_sealed(self.file))
            seen = _unchanged(self.root, data["folders"], _listing) | _unchanged(self.root, data["files"], _stamp)
            outcome = _decode(data["outcome"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        if seen:
            # The times say "changed" and the contents "unchanged": with the new times the next run need not look.
            self._write(data, time.time_ns())
        return outcome

    def save(self, outcome: Outcome, inputs: Iterable[str], folders: Iterable[str], started_ns: int) -> None:
        """Keep ``outcome``, which came from the files ``inputs`` and from the listings of ``folders``.

        Both are relative to the root ("" or "." for the root). ``started_ns`` is when reading began, by
        ``time.time_ns``: when something has changed since, nothing is kept.
        """
        try:
            made = make_folder(self.folder)
        except OSError:
            return
        files = {path: _stamp(self.root / path) for path in inputs}
        listings = {path: _listing(self.root / path) for path in folders}
        self._write({"files": files, "folders": listings, "outcome": _encode(outcome)}, started_ns, made)

    def _write(self, data: dict[str, Any], started_ns: int, made: bool = False) -> None:
        """``made``: that the root has just changed was our own doing."""
        folders = (stamp for path, stamp in data["folders"].items() if not (made and path in ("", ".")))
        if max((stamp[0] for stamp in (*data["files"].values(), *folders) if stamp), default=0) > started_ns - _TICK_NS:
            return
        try:
            write_sealed(self.file, json.dumps(data, separators=(",", ":")).encode())
            self._prune()
        except (OSError, ValueError):
            return

    def _prune(self) -> None:
        kept = sorted(self.folder.glob("outcome-*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in (*kept[KEPT:], *self.folder.glob("*.tmp")):
            path.unlink(missing_ok=True)


# Files that only their writer can have made


def write_sealed(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` in one step, with its own modification time inside. Raises ``OSError``."""
    # Whole microseconds: the coarsest that the file systems in use keep.
    seal = time.time_ns() // 1000 * 1000
    name = f"{path}.{os.getpid()}.{seal}.tmp"
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(b"%d\n" % seal)
            file.write(data)
        os.utime(name, ns=(seal, seal))
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def read_sealed(path: Path) -> bytes:
    """What ``write_sealed`` wrote. Raises ``OSError``, and ``ValueError`` when it was not written here."""
    with open(path, "rb") as file:
        seal, _, data = file.read().partition(b"\n")
        if int(seal) != os.fstat(file.fileno()).st_mtime_ns:
            raise ValueError("not written here")
    return data


def make_folder(folder: Path) -> bool:
    """Make the cache folder, marked so that git and backups leave it out; whether it is new. Raises ``OSError``."""
    if folder.is_symlink():
        raise OSError("the cache folder is a link")
    made = not folder.is_dir()
    folder.mkdir(exist_ok=True)
    for name, text in ((".gitignore", "*\n"), ("CACHEDIR.TAG", _TAG)):
        try:
            handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            continue
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    return made


def fingerprint() -> str:
    """Changes when edgelint, its rules or its parsers do: names, sizes and times of the files they are made of."""
    digest = blake2b(digest_size=16)
    package = Path(__file__).parent
    for folder in (package, rulebook.directory()):
        for path, size, changed in sorted(_tree(os.fspath(folder))):
            digest.update(f"{path}\0{size}\0{changed}\n".encode())
    for entry in sys.path:
        try:
            names = os.listdir(entry or ".")
        except OSError:
            continue
        parsers = (name for name in names if name.endswith(".dist-info") and name.partition("-")[0].lower() in _PARSERS)
        digest.update(" ".join(sorted(parsers)).encode())
    return digest.hexdigest()


def _tree(folder: str) -> Iterable[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _tree(entry.path)
            else:
                status = entry.stat()
                yield entry.path, status.st_size, status.st_mtime_ns


# What a file or folder was


def _stamp(path: Path) -> list[Any] | None:
    """[modification time in ns, size, hash of the bytes]; None when there is no such file."""
    try:
        status = path.stat()
        return [status.st_mtime_ns, status.st_size, blake2b(path.read_bytes(), digest_size=16).hexdigest()]
    except OSError:
        return None


def _listing(path: Path) -> list[Any] | None:
    """[modification time in ns, hash of the names]; None when there is no such folder."""
    try:
        changed = path.stat().st_mtime_ns
        names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in os.scandir(path))
    except OSError:
        return None
    return [changed, blake2b("\0".join(names).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()]


def _unchanged(
    root: Path, known: dict[str, list[Any] | None], read: Callable[[Path], list[Any] | None]
) -> bool:
    """Check that what is at the paths is as ``known``; whether any time had to be brought up to date in it.

    Raises ``ValueError`` when something has changed.
    """
    base = os.fspath(root)
    renewed = {}
    for path, stamp in known.items():
        full = os.path.join(base, path)
        try:
            status = os.stat(full)
        except OSError:
            if stamp is not None:
                raise ValueError("gone") from None
            continue
        if stamp is None:
            raise ValueError("new")
        if status.st_mtime_ns == stamp[0] and (len(stamp) == 2 or status.st_size == stamp[1]):
            continue
        # The time says nothing (a checkout, a tool's scratch file come and gone): the contents do.
        now = read(Path(full))
        if now is None or now[1:] != stamp[1:]:
            raise ValueError("changed")
        renewed[path] = now
    known.update(renewed)
    return bool(renewed)


# The outcome as plain data


def _encode(outcome: Outcome) -> dict[str, Any]:
    return {
        "diagnostics": [_encode_diagnostic(item) for item in outcome.diagnostics],
        "notes": [[note.reason, list(note.paths), list(note.details)] for note in outcome.notes],
        "files": list(outcome.files),
        "also_read": list(outcome.also_read),
        "rules": outcome.rules,
        "suppressed": dict(outcome.suppressed),
    }


def _encode_diagnostic(item: Diagnostic) -> list[Any]:
    fix = item.fix and [item.fix.message, [[list(edit.span), edit.text] for edit in item.fix.edits], item.fix.safe]
    related = [[list(part.span), part.message] for part in item.related]
    return [
        item.rule, item.severity.value, item.confidence.value, item.message, list(item.span), related, item.help, fix
    ]


def _decode(data: dict[str, Any]) -> Outcome:
    return Outcome(
        diagnostics=tuple(map(_decode_diagnostic, data["diagnostics"])),
        notes=tuple(
            Note(_text(reason), tuple(map(_path, paths)), tuple(map(_text, details)))
            for reason, paths, details in data["notes"]
        ),
        files=tuple(map(_path, data["files"])),
        also_read=tuple(map(_path, data["also_read"])),
        rules=_number(data["rules"]),
        suppressed={_path(path): _number(count) for path, count in data["suppressed"].items()},
    )


def _decode_diagnostic(data: list[Any]) -> Diagnostic:
    rule, severity, confidence, message, span, related, help, fix = data
    return Diagnostic(
        _text(rule), Severity(severity), Confidence(confidence), _text(message), _span(span),
        tuple(Related(_span(place), _text(label)) for place, label in related),
        None if help is None else _text(help),
        None if fix is None else _decode_fix(*fix),
    )


def _decode_fix(message: Any, edits: Any, safe: Any) -> Fix:
    return Fix(_text(message), tuple(Edit(_span(span), _text(text)) for span, text in edits), safe is True)


def _span(data: Any) -> Span:
    path, start, end = data
    if not 0 <= _number(start) <= _number(end):
        raise ValueError("not a span")
    return Span(_path(path), start, end)


def _path(data: Any) -> str:
    path = _text(data)
    if path.startswith("/") or ".." in path.split("/"):
        raise ValueError("a path that leads out of the project")
    return path


def _text(data: Any) -> str:
    if type(data) is not str:
        raise TypeError("not a text")
    return data


def _number(data: Any) -> int:
    if type(data) is not int:
        raise TypeError("not a number")
    return data
