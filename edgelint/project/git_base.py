"""Files as they were at a commit, read through git: no hook, filter or fetch runs, and nothing is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

TIMEOUT = 20
"""Seconds that one question to git may take."""


class BaseError(Exception):
    """The commit cannot be read; the message says why."""


def resolve(root: Path, revision: str) -> str:
    """The full hash of the commit that ``revision`` names. Raises ``BaseError``."""
    if revision.startswith("-"):
        raise BaseError(f"'{revision}' is no revision")
    if _git(root, "rev-parse", "--is-inside-work-tree") is None:
        raise BaseError(f"{root} is in no git repository, or git is not installed")
    found = _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if found is None:
        raise BaseError(f"git knows no commit '{revision}' here")
    return found.decode("ascii", "replace").strip()


def content(root: Path, commit: str, path: str) -> bytes | None:
    """The content of a file at a commit (``path`` relative to ``root``); None when it was not there."""
    return _git(root, "cat-file", "blob", f"{commit}:./{path}")


def names(root: Path, commit: str, directory: str) -> list[str]:
    """The files below a folder at a commit, relative to the folder."""
    listed = _git(root, "ls-tree", "-r", "--full-tree", "--name-only", "-z", f"{commit}:./{directory}")
    return [os.fsdecode(name) for name in (listed or b"").split(b"\0") if name]


def tree(root: Path, commit: str) -> Iterator[tuple[str, bytes]]:
    """Every file below ``root`` at a commit (paths relative to ``root``), links and submodules left out. Raises
    ``BaseError``."""
    listed = _git(root, "ls-tree", "-r", "--full-tree", "-z", f"{commit}:./")
    if listed is None:
        if _git(root, "cat-file", "-e", f"{commit}^{{commit}}") is None:
            raise BaseError(f"git cannot list the files of {commit}")
        return  # the folder was not there yet
    entries = []
    for line in listed.split(b"\0"):
        head, _, path = line.partition(b"\t")
        mode, _, rest = head.partition(b" ")
        if mode in (b"100644", b"100755"):
            entries.append((rest.rpartition(b" ")[2], os.fsdecode(path)))
    asked = b"".join(digest + b"\n" for digest, _ in entries)
    answer = _git(root, "cat-file", "--batch", given=asked)
    if answer is None:
        raise BaseError(f"git cannot read the files of {commit}")
    at = 0
    for _, name in entries:
        end = answer.index(b"\n", at)
        size = int(answer[at:end].rpartition(b" ")[2])
        yield name, answer[end + 1 : end + 1 + size]
        at = end + size + 2


def diff(root: Path, commit: str) -> list[bytes]:
    """The lines of the diff from a commit to the working tree, below ``root`` and with paths relative to it, without
    context. Raises ``BaseError``."""
    found = _git(
        root, "-c", "core.quotePath=true", "diff", "--no-ext-diff", "--no-textconv", "--no-color", "--find-renames",
        "--unified=0", "--relative", "--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules", commit, "--", ".",
    )  # fmt: skip
    if found is None:
        raise BaseError(f"git cannot compare the files with {commit}")
    return found.split(b"\n")


def untracked(root: Path) -> list[str]:
    """Files below ``root`` that git neither knows nor ignores. Raises ``BaseError``."""
    found = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    if found is None:
        raise BaseError("git cannot list the new files")
    return [os.fsdecode(name) for name in found.split(b"\0") if name]


def _git(root: Path, *arguments: str, given: bytes | None = None) -> bytes | None:
    import subprocess  # only when a base is asked for

    environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(
            ["git", "-C", os.fspath(root), "-c", "core.fsmonitor=false", *arguments],
            capture_output=True, input=given or b"", env=environment, timeout=TIMEOUT, check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
