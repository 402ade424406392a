"""Which paths a .gitignore (or an ``exclude`` setting) leaves out.

Plain lines (names, ``*``, simple classes: nearly all that people write) are translated here; any other line goes to
pathspec, which costs tens of milliseconds to import. All lines of one polarity become one regular expression.
A path is matched as one entry: the walk does not go into a directory that is ignored, as git does not.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from edgelint.patterns import later

_NAME = later(r"[\w.@+~$, -]+/?")
_SUFFIX = later(r"\*[\w.@+~$, -]+")
_PLAIN = later(r"(/|\*\*/)?((?:[\w.@+~$, ?-]|\*(?!\*)|\[[a-zA-Z0-9-]+\]|/(?!/))+?)(/?)")
_PIECE = later(r"\*|\?|\[[a-zA-Z0-9-]+\]|[^*?\[]+")


class _Group:
    """Lines of one polarity in a row: whole names and endings are looked up, the rest is one regular expression."""

    __slots__ = ("include", "names", "directories", "suffixes", "patterns", "expression")

    def __init__(self, include: bool) -> None:
        self.include = include
        self.names: set[str] = set()
        self.directories: set[str] = set()
        self.suffixes: tuple[str, ...] = ()
        self.patterns: list[str] = []
        self.expression: re.Pattern[str] | None = None

    def add(self, line: str) -> None:
        if _NAME.fullmatch(line):
            (self.directories if line.endswith("/") else self.names).add(line.rstrip("/"))
        elif _SUFFIX.fullmatch(line):
            self.suffixes += (line[1:],)
        elif (pattern := _translate(line)) is not None:
            self.patterns.append(pattern)

    def matches(self, path: str, name: str, is_directory: bool) -> bool:
        if name in self.names or (is_directory and name in self.directories):
            return True
        if self.suffixes and name.endswith(self.suffixes):
            return True
        if not self.patterns:
            return False
        if self.expression is None:
            self.expression = re.compile("|".join(f"(?:{pattern})" for pattern in self.patterns), re.DOTALL)
        return self.expression.match(path + "/" if is_directory else path) is not None


class Rules:
    """The lines of one file. ``match`` says what the last line that matches says: True ignored, False kept, None
    nothing said."""

    __slots__ = ("_groups",)

    def __init__(self, lines: Iterable[str]) -> None:
        self._groups: list[_Group] = []
        for raw in lines:
            line = _stripped(raw)
            if not line or line.startswith("#"):
                continue
            include = not line.startswith("!")
            if not self._groups or self._groups[0].include != include:
                self._groups.insert(0, _Group(include))
            self._groups[0].add(line if include else line[1:])

    def match(self, path: str, is_directory: bool) -> bool | None:
        """``path`` is relative to where the rules lie, with ``/`` and none at either end."""
        name = path.rsplit("/", 1)[-1]
        for group in self._groups:
            if group.matches(path, name, is_directory):
                return group.include
        return None

    def __bool__(self) -> bool:
        return bool(self._groups)


def _stripped(line: str) -> str:
    """Without the line's end and the spaces before it, unless a backslash keeps them."""
    line = line.rstrip("\r\n")
    short = line.rstrip(" ")
    return short + " " if short.endswith("\\") and len(short) < len(line) else short


def _translate(line: str) -> str | None:
    """The pattern of one line over a whole entry (a directory ends in a slash); None for what is no pattern."""
    found = _PLAIN.fullmatch(line)
    if found is None:
        return _by_pathspec(line)
    prefix, body, directory = found.groups()
    pieces = "".join(
        {"*": "[^/]*", "?": "[^/]"}.get(piece) or (piece if piece.startswith("[") else re.escape(piece))
        for piece in _PIECE.findall(body)
    )
    pieces = re.sub(r"(^|/)\[\^/\]\*(?=/|$)", r"\1[^/]+", pieces)  # a lone * stands for a name, which is never empty
    start = "^" if prefix == "/" or (not prefix and "/" in body) else "^(?:.+/)?"
    return f"{start}{pieces}{'/$' if directory else '/?$'}"


def _by_pathspec(line: str) -> str | None:
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    try:
        pattern = GitIgnoreSpecPattern(line)
    except ValueError:  # git ignores a pattern that makes no sense, and so do we
        return None
    if pattern.regex is None:
        return None
    text = str(pattern.regex.pattern).replace("(?:(?P<ps_d>/)|$)", "/?$").replace("(?P<ps_d>/)", "/$")
    return text if text.startswith("^") else f".*{text}"


def is_ignored(root: str, path: str) -> bool:
    """Whether the .gitignore files from ``root`` down leave out ``path`` (relative, a file) or a folder above it."""
    parts = path.split("/")
    chain: list[tuple[int, Rules]] = []
    for depth in range(len(parts)):
        directory = "/".join(parts[:depth])
        lines = read_lines(os.path.join(root, directory, ".gitignore"))
        if lines:
            chain.append((len(directory) + 1 if directory else 0, Rules(lines)))
        entry = "/".join(parts[: depth + 1])
        for start, rules in reversed(chain):
            said = rules.match(entry[start:], depth < len(parts) - 1)
            if said is not None:
                if said:
                    return True
                break
    return False


def read_lines(path: str) -> list[str]:
    """The lines of a file; none when it cannot be read."""
    try:
        with open(path, "rb") as handle:
            return handle.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
