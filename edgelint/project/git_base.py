"""Files as they were at a commit, read through git: no hook, filter or fetch runs, and nothing is written."""

from __future__ import annotations

import os
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
    listed = _git(root, "ls-tree", "-r", "--name-only", "-z", f"{commit}:./{directory}")
    return [os.fsdecode(name) for name in (listed or b"").split(b"\0") if name]


def _git(root: Path, *arguments: str) -> bytes | None:
    import subprocess  # only when a base is asked for

    environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(
            ["git", "-C", os.fspath(root), "-c", "core.fsmonitor=false", *arguments],
            capture_output=True, stdin=subprocess.DEVNULL, env=environment, timeout=TIMEOUT, check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
