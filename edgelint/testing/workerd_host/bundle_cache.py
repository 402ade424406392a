"""Bundles kept between sessions, each for as long as everything that it was made from stays as it was.

One file for each way to build an app: a line of JSON, and the contents of the modules and maps behind it. It names
every file that was read with its hash, every file that would have been read if it were there, and what is in the
folders of the app's own sources, where a new file may be what an import means now.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edgelint.testing.workerd_host import packages

_VERSION: Final = 1
_MOST: Final = 20
"""Files in a cache folder: the oldest make room."""
_SETTINGS: Final = ("package.json", "tsconfig.json", "jsconfig.json")
"""Files that esbuild looks for in every folder above a source."""
_EXTENDS: Final = re.compile(r'"extends"\s*:\s*(\[[^\]]*\]|"[^"]*")')


@dataclass(frozen=True, slots=True)
class Kept:
    """A build's outcome: ``facts`` is JSON, ``parts`` contents that belong to it, ``files`` what it was made from."""

    facts: dict[str, Any]
    parts: tuple[bytes, ...]
    files: tuple[Path, ...]


def load(folder: Path, key: str) -> Kept | None:
    """What is kept under a key, None when there is nothing or something that it was made from has changed."""
    try:
        content = (folder / f"{key}.bundle").read_bytes()
        head, _, rest = content.partition(b"\n")
        found = json.loads(head)
        lengths: list[int] = found["lengths"]
        if found["version"] != _VERSION or sum(lengths) != len(rest):
            return None
        if not _unchanged(found):
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    parts = []
    at = 0
    for length in lengths:
        parts.append(rest[at : at + length])
        at += length
    return Kept(found["facts"], tuple(parts), tuple(map(Path, found["files"])))


def store(folder: Path, key: str, kept: Kept, settings: Iterable[Path] = ()) -> None:
    """Keep what a build gave. ``settings`` are further files that count. What cannot be written is not kept."""
    files = {str(path): _hash(path) for path in kept.files}
    for path in (*_settings(kept.files), *settings):
        for each in _extended(path):
            files[str(each)] = _hash(each)
    folders = {str(path): _names(path) for path in _folders(kept.files)}
    head = json.dumps({
        "version": _VERSION, "facts": kept.facts, "lengths": [len(part) for part in kept.parts],
        "files": files, "folders": folders,
    })  # fmt: skip
    write(folder / f"{key}.bundle", b"\n".join((head.encode(), b"".join(kept.parts))))
    _prune(folder)


def write(path: Path, content: bytes) -> None:
    """Write a file of the cache in one step, for others that read it now. A folder that cannot be written is none."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise


def _unchanged(found: Mapping[str, Any]) -> bool:
    return all(_hash(Path(path)) == known for path, known in found["files"].items()) and all(
        _names(Path(path)) == known for path, known in found["folders"].items()
    )


def _hash(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _names(folder: Path) -> str | None:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return None
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def _above(files: Iterable[Path]) -> set[Path]:
    """The folders of files and all above them."""
    found: set[Path] = set()
    for path in files:
        for folder in path.parents:
            if folder in found:
                break
            found.add(folder)
    return found


def _settings(files: Iterable[Path]) -> Iterator[Path]:
    for folder in sorted(_above(files)):
        for name in _SETTINGS:
            yield folder / name


def _extended(path: Path) -> Iterator[Path]:
    """A file of settings and those that it extends."""
    waiting, seen = [path], set()
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        yield here
        try:
            text = "" if here.name == "package.json" else here.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for found in _EXTENDS.finditer(text):
            for name in re.findall(r'"([^"]*)"', found[1]):
                waiting += _named(name, here.parent)


def _named(name: str, folder: Path) -> list[Path]:
    """What ``extends`` may name: a file, with or without its suffix, or one of a package."""
    if name.startswith(".") or Path(name).is_absolute():
        start = folder / name
    else:
        count = 2 if name.startswith("@") else 1
        parts = name.split("/")
        package = packages.resolve("/".join(parts[:count]), folder)
        if package is None:
            return []
        start = package / "/".join(parts[count:] or ["tsconfig.json"])
    return [start, start.with_name(f"{start.name}.json")]


def _folders(files: Iterable[Path]) -> set[Path]:
    """The folders in which a new file would count: those of the app's own files, and the lists of packages."""
    own = {path for path in files if "node_modules" not in path.parts}
    modules = {folder / "node_modules" for folder in _above(own)}
    return {path.parent for path in own} | modules


def _prune(folder: Path) -> None:
    with contextlib.suppress(OSError):
        kept = sorted(folder.glob("*.bundle"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in kept[_MOST:]:
            path.unlink(missing_ok=True)
