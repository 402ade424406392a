"""The part of a project that an edit concerns: what was changed, what that uses, and who uses it.

The first answer to an edit comes from this part alone. Everything else is left out of the texts, with spaces in its
place, so that every offset is that of the whole text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from edgelint.lsp.moved import difference
from edgelint.lsp.outline import Outline, Part, words
from edgelint.project.hot import is_hot

MOST: Final = 60_000
"""Bytes of JavaScript or TypeScript in a slice; a larger one is no quicker than the whole."""
MOST_PYTHON: Final = 25_000
"""The same of Python, whose parser is slower."""
_LOADS: Final = frozenset((b"import", b"require"))
_MARKS: Final = {True: b"\n# env", False: b"\n// env"}


class Slice(NamedTuple):
    """``texts`` are the files of the slice, ``before`` those of the same slice before the edit. ``start`` to ``end`` is
    what changed in the new text of ``path``, whole parts, and ``old_start`` to ``old_end`` the same in the old one."""

    path: str
    texts: dict[str, bytes]
    before: dict[str, bytes]
    start: int
    end: int
    old_start: int
    old_end: int


def cut(outlines: Mapping[str, Outline], entries: Iterable[str], path: str, new: bytes, at: int = 0) -> Slice | None:
    """The slice of an edit that made a file's text ``new``. Of the ``entries`` of Workers it has what they import and
    export. Without an edit it
    is the slice that one at ``at`` would have. None when it has no use: an import changed, or the slice
    is nearly everything."""
    old = outlines[path]
    start, old_end, _ = difference(old.data, new) if new != old.data else (at, at, at)
    changed = [
        number for number, part in enumerate(old.parts)
        if part.start <= old_end and start <= part.end and not _inside_child(old, number, start, old_end)
    ]  # fmt: skip
    first = min([start, *(old.parts[number].start for number in changed)])
    last = max([old_end, *(old.parts[number].end for number in changed)])
    shift = len(new) - len(old.data)
    written = words(new[first : last + shift])
    own = _Seeds(changed, written | words(old.data[first:last]))
    if written & _LOADS or any(old.parts[number].links or old.parts[number].stays for number in changed):
        return None
    found = _Closure(outlines)
    found.seed(path, own)
    for entry in entries:
        found.enter(entry)
    if found.size() > (MOST_PYTHON if old.python else MOST):
        return None
    before = {other: _text(outline, found.kept.get(other, set()), other == path) for other, outline in outlines.items()}
    texts = before | {path: _text(old, found.kept.get(path, set()), True, new, old_end, shift)}
    return Slice(path, texts, before, first, last + shift, first, last)


def _text(
    outline: Outline, kept: set[int], edited: bool, data: bytes | None = None, after: int = 0, shift: int = 0
) -> bytes:
    """A file of the slice; parts from ``after`` on stand ``shift`` later in ``data``."""
    if not kept and not edited:
        return b""
    text = outline.without(_left_out(outline, kept), outline.data if data is None else data, after, shift)
    return text if is_hot(text) else text + _MARKS[outline.python]  # it is read for what it says elsewhere


def _inside_child(outline: Outline, number: int, start: int, end: int) -> bool:
    """Whether a change lies inside one method of a class: then it is the method's, not the class's."""
    return any(
        outline.parts[child].start < start and end < outline.parts[child].end
        for child in outline.children.get(number, ())
    )


def _left_out(outline: Outline, kept: set[int]) -> Iterator[int]:
    """The outermost parts that are not kept."""
    for number, part in enumerate(outline.parts):
        if number not in kept and not part.stays and (part.parent is None or part.parent in kept):
            yield number


class _Seeds(NamedTuple):
    numbers: list[int]
    words: frozenset[bytes]


class _Closure:
    """What belongs to an edit, by name."""

    def __init__(self, outlines: Mapping[str, Outline]) -> None:
        self.outlines = outlines
        self.kept: dict[str, set[int]] = {}
        self._used: set[tuple[str, int]] = set()
        self._asked: set[tuple[str, bytes, bool]] = set()
        self._importers: dict[str, list[tuple[str, int]]] = {}
        for path, outline in outlines.items():
            for number, part in enumerate(outline.parts):
                for link in part.links:
                    self._importers.setdefault(link.target, []).append((path, number))

    def seed(self, path: str, own: _Seeds) -> None:
        outline = self.outlines[path]
        for number in own.numbers:
            self.keep(path, number)
        self.uses(path, own.words, _any)
        for number in own.numbers:
            self.used_by(path, outline.parts[number], number)

    def enter(self, path: str) -> None:
        """Keep what makes a file the entry of a Worker."""
        outline = self.outlines.get(path)
        for number, part in enumerate(outline.parts if outline is not None else ()):
            if part.links or part.is_default or part.is_class:
                self.keep(path, number)

    def size(self) -> int:
        """The bytes of what is kept."""
        return sum(
            part.end - part.start - sum(outline.parts[c].end - outline.parts[c].start
                                        for c in outline.children.get(number, ()))
            for path, numbers in self.kept.items() for outline in (self.outlines[path],)
            for number in numbers for part in (outline.parts[number],)
        )  # fmt: skip

    def keep(self, path: str, number: int) -> bool:
        """Keep a part and what holds it; whether it is new."""
        kept = self.kept.setdefault(path, set())
        if number in kept:
            return False
        kept.add(number)
        parent = self.outlines[path].parts[number].parent
        if parent is not None and self.keep(path, parent):
            self.uses(path, self.outlines[path].parts[parent].words, _any)
        return True

    # -- what a part uses --------------------------------------------------------------------------------------------

    def uses(self, path: str, named: frozenset[bytes], takes: Callable[[Part], bool]) -> None:
        """Keep what ``named`` are in a file, and what that uses in turn: of the parts that ``takes`` says yes to."""
        outline = self.outlines[path]
        for word in named & outline.by_name.keys():
            if (path, word, takes is _any) in self._asked:
                continue
            self._asked.add((path, word, takes is _any))
            for number in outline.by_name[word]:
                part = outline.parts[number]
                if part.links:
                    self.keep(path, number)
                    for link in part.links:
                        for there, here in link.names:
                            if here in (word, b"*"):
                                self.follow(link.target, there, named, takes)
                elif takes(part) and self.keep(path, number):
                    self.uses(path, part.words, takes)

    def follow(self, path: str, name: bytes, named: frozenset[bytes], takes: Callable[[Part], bool]) -> None:
        """Keep what a name imported from ``path`` is: with "*" or an unknown one, all that is named there."""
        outline = self.outlines.get(path)
        if outline is None:
            return
        wanted = frozenset((name,)) if name in outline.by_name else named
        if name == b"default":
            for number, part in enumerate(outline.parts):
                if part.is_default and takes(part) and self.keep(path, number):
                    self.uses(path, part.words, takes)
        self.uses(path, wanted, takes)
        # The methods of what was found that are called here.
        self.uses(path, named & frozenset(
            method for number in list(self.kept.get(path, ())) for child in outline.children.get(number, ())
            for method in outline.parts[child].names
        ), takes)  # fmt: skip
        for number, part in enumerate(outline.parts):
            for link in part.links:
                if link.again and (b"*", b"*") in link.names and name not in outline.by_name:
                    self.keep(path, number)
                    if (link.target, name, takes is _any) not in self._asked:
                        self._asked.add((link.target, name, takes is _any))
                        self.follow(link.target, name, named, takes)

    # -- who uses a part ---------------------------------------------------------------------------------------------

    def used_by(self, path: str, part: Part, number: int) -> None:
        """Keep what names a part, and what names that in turn; of what those use only what is short."""
        todo = [(path, part, number)]
        while todo:
            at, user, index = todo.pop()
            if (at, index) in self._used:
                continue
            self._used.add((at, index))
            here = self.outlines[at]
            if user.parent is not None:
                todo.append((at, here.parts[user.parent], user.parent))
            for name in user.names:
                todo += [self.user(at, other) for other in here.by_word.get(name, ()) if other != index]
            for importer, imported in self._importers.get(at, ()):
                todo += self.through(importer, imported, at, user)

    def through(self, path: str, number: int, target: str, part: Part) -> Iterator[tuple[str, Part, int]]:
        """The parts of an importing file that name what it imports of ``part``."""
        outline = self.outlines[path]
        for link in outline.parts[number].links:
            if link.target != target:
                continue
            for there, here in link.names:
                if there in part.names or there == b"*" or (there == b"default" and part.is_default):
                    self.keep(path, number)
                    if link.again:
                        yield path, outline.parts[number], number
                    for other in outline.by_word.get(here, ()):
                        if other != number:
                            yield self.user(path, other)

    def user(self, path: str, number: int) -> tuple[str, Part, int]:
        part = self.outlines[path].parts[number]
        if self.keep(path, number):
            self.uses(path, part.words, _light)
        return path, part, number


def _any(part: Part) -> bool:
    return True


def _light(part: Part) -> bool:
    return part.light
