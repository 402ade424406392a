"""A shell text as simple commands: their words with their places, and the folder that ``cd`` has led to.

Enough of the shell for what people write into CI: quotes, ``cd``, subshells, comments, here-documents, lines that go
on after a backslash, and the ``${{ }}`` of GitHub, which may hold anything. What a shell would expand stays as written,
and its word says so.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

_EXPRESSION = r"\$\{\{.*?\}\}"
_TOKEN = re.compile(
    rf"""(?P<space>(?:[ \t\r]|\\\r?\n)+)
    |(?P<comment>\#[^\n]*)
    |(?P<here><<-?[ \t]*(?P<quote>['"]?)(?P<mark>\w+)(?P=quote))
    |(?P<open>\$?\()
    |(?P<close>\))
    |(?P<end>&&|\|\||;;|[;|&\n])
    |(?P<word>(?:{_EXPRESSION}|\\.|"(?:{_EXPRESSION}|\\.|[^"\\])*"?|'[^']*'?|\$(?!\()|[^\s"'\\$;|&()])+)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_EXPANDED = re.compile(rf"{_EXPRESSION}|[$`*?\[]")
_QUOTED = re.compile(r"'[^']*'?")
_DOUBLE = re.compile(r'"[^"]*"?')
_MARKS = re.compile(rf"({_EXPRESSION})|[\"'\\]")


class Word(NamedTuple):
    """One word. ``text`` is without quotes; ``[start, end)`` are offsets in the shell text, quotes counted. ``open``:
    the shell, or GitHub, puts something else in its place. ``loose``: it may become several words, or none."""

    text: str
    start: int
    end: int
    open: bool = False
    loose: bool = False


class SimpleCommand(NamedTuple):
    """The words of one command, and where it runs: a folder relative to the root, or None when that is not plain."""

    words: tuple[Word, ...]
    directory: str | None


def commands(text: str, directory: str | None) -> Iterator[SimpleCommand]:
    """The simple commands of a shell text that begins in ``directory``, in order; ``cd`` itself is not among them."""
    here = directory
    outer: list[str | None] = []
    words: list[Word] = []
    marks: list[str] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match is not None  # the last alternative takes anything
        at = match.end()
        kind = match.lastgroup
        if match["mark"]:
            marks.append(match["mark"])
        elif kind == "word":
            words.append(_word(match.group(), match.start(), at))
        elif kind in ("end", "open", "close"):
            if words and _is_cd(words):
                here = _after(here, words)
            elif words:
                yield SimpleCommand(tuple(words), here)
            words = []
            if kind == "open":
                outer.append(here)
            elif kind == "close" and outer:
                here = outer.pop()
            if match.group() == "\n" and marks:
                at = _past(text, at, marks)
                marks = []
    if words and not _is_cd(words):
        yield SimpleCommand(tuple(words), here)


def folder(here: str | None, to: str) -> str | None:
    """The folder ``to`` as seen from ``here``; None when it is not plain, or outside the root."""
    if here is None or _EXPANDED.search(to) or to.startswith(("/", "~", "-")):
        return None
    found = posixpath.normpath(posixpath.join(here, to))
    return None if found.startswith("..") else "" if found == "." else found


def _word(text: str, start: int, end: int) -> Word:
    bare = _QUOTED.sub("", text)
    unquoted = _DOUBLE.sub("", bare)
    shown = _MARKS.sub(lambda match: match[1] or "", text)
    return Word(shown, start, end, _EXPANDED.search(bare) is not None, _EXPANDED.match(unquoted) is not None)


def _is_cd(words: list[Word]) -> bool:
    return words[0].text in ("cd", "pushd", "popd")


def _after(here: str | None, words: list[Word]) -> str | None:
    return folder(here, words[1].text) if len(words) == 2 and words[0].text != "popd" else None


def _past(text: str, at: int, marks: list[str]) -> int:
    """Where the here-documents that begin at ``at`` end."""
    for mark in marks:
        found = re.compile(rf"^[ \t]*{re.escape(mark)}[ \t\r]*$", re.MULTILINE).search(text, at)
        if found is None:
            return len(text)
        at = found.end()
    return at
