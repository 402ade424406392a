"""Joins rule documents and checks: which rules there are, which a run selects, and the check of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from edgelint import rulebook
from edgelint.diagnostics import Severity

if TYPE_CHECKING:
    from edgelint.checks import Check

BUILT_IN: dict[str, tuple[Severity, str]] = {
    "syntax-error": (Severity.ERROR, "The file has a part that no parser of its language accepts."),
    "unreadable-file": (Severity.ERROR, "The file cannot be read as UTF-8 text."),
    "internal-error": (Severity.ERROR, "A rule failed on this file. This is a defect of edgelint, not of the app."),
    "unknown-suppression": (Severity.WARNING, "A suppression comment names a rule that does not exist."),
    "unused-suppression": (Severity.WARNING, "A suppression comment has nothing to suppress."),
}
"""What the engine itself reports, with no rule document and no check behind it. Always on; see ``NEVER_IGNORED``."""

NEVER_IGNORED = frozenset({"internal-error", "unreadable-file"})
"""A run that could not do its job must not look clean: no selector and no comment silences these."""

_ALL, _GLOB, _EXACT = 1, 2, 3


class UnknownSelector(ValueError):
    """A selector that names no rule. ``nearest`` is the closest id or glob, or None."""

    def __init__(self, selector: str, nearest: str | None, reason: str = "names no rule") -> None:
        hint = f"; did you mean '{nearest}'?" if nearest else ""
        super().__init__(f"'{selector}' {reason}{hint}")
        self.selector = selector
        self.nearest = nearest


class MissingCheck(LookupError):
    """A rule has a document but no check."""


def known_ids() -> tuple[str, ...]:
    """Every id that a diagnostic can carry: the rules' and the built-in ones."""
    return (*rulebook.ids(), *BUILT_IN)


def expand(selector: str) -> tuple[str, ...]:
    """The ids that ``selector`` names: an id, a glob (``kv/*``, ``*/unused-*``) or ``ALL``.

    Raises ``UnknownSelector`` when it names none.
    """
    if selector == "ALL":
        return rulebook.ids()
    if "*" in selector:
        pattern = re.compile(".*".join(map(re.escape, selector.split("*"))) + r"\Z")
        found = tuple(id for id in known_ids() if pattern.match(id))
    else:
        found = (selector,) if selector in known_ids() else ()
    if not found:
        raise UnknownSelector(selector, nearest(selector))
    return found


def expand_ignore(selector: str) -> tuple[str, ...]:
    """Like ``expand``, for selectors that silence. Raises ``UnknownSelector`` for ids that cannot be silenced."""
    if selector in NEVER_IGNORED:
        raise UnknownSelector(selector, None, "cannot be ignored")
    return expand(selector)


def nearest(selector: str) -> str | None:
    """The id or family glob that ``selector`` was probably meant to be."""
    families = {f"{id.split('/')[0]}/*" for id in rulebook.ids()}
    if f"{selector.rstrip('/')}/*" in families:
        return f"{selector.rstrip('/')}/*"
    return closest(selector, (*known_ids(), *sorted(families), "ALL"))


def closest(word: str, among: Iterable[str]) -> str | None:
    """The member of ``among`` that ``word`` is a likely slip of, or None. The last part of an id alone finds it too."""
    from difflib import get_close_matches

    names = list(among)
    for name in names:
        if "/" in name and name.split("/", 1)[1] == word:
            return name
    lower = {name.lower(): name for name in names}
    found = get_close_matches(word.lower(), lower, n=1, cutoff=0.6)
    return lower[found[0]] if found else None


def selected(
    select: Sequence[str] = (), extend_select: Sequence[str] = (), ignore: Sequence[str] = (), *, strict: bool = False
) -> tuple[str, ...]:
    """The ids of the rules to run, sorted.

    Without ``select``: the default profile, and with ``strict`` the strict one too. The more specific selector wins: an
    id over a glob, a glob over ``ALL``; ``ignore`` wins between equals. A glob takes strict rules only when ``strict``;
    an id and ``ALL`` take them always. Raises ``UnknownSelector``.
    """
    on: dict[str, int] = {}
    if not select:
        on = {id: _ALL for id in rulebook.ids() if strict or not _is_strict(id)}
    for selector in (*select, *extend_select):
        rank = _rank(selector)
        for id in expand(selector):
            if rank != _GLOB or strict or id in BUILT_IN or not _is_strict(id):
                on[id] = max(rank, on.get(id, 0))
    off: dict[str, int] = {}
    for selector in ignore:
        for id in expand_ignore(selector):
            off[id] = max(_rank(selector), off.get(id, 0))
    return tuple(id for id in rulebook.ids() if on.get(id, 0) > off.get(id, 0))


def ignored_built_ins(ignore: Sequence[str]) -> frozenset[str]:
    """The built-in ids that ``ignore`` silences; only an exact id does, so that a glob cannot hide a syntax error."""
    return frozenset(ignore) & (BUILT_IN.keys() - NEVER_IGNORED)


def _rank(selector: str) -> int:
    return _ALL if selector == "ALL" else _GLOB if "*" in selector else _EXACT


def _is_strict(id: str) -> bool:
    return rulebook.profile(id) == "strict"


def check_of(id: str) -> Check:
    """The check of a rule; imports its family's module. Raises ``MissingCheck``."""
    from edgelint import checks

    found = checks.CHECKS.get(id)
    if found is None:
        name = checks.module_of(id)
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
        found = checks.CHECKS.get(id)
    if found is None:
        raise MissingCheck(f"no check is registered for {id}")
    return found


def registered() -> frozenset[str]:
    """The ids of all checks; imports every family module."""
    import pkgutil

    from edgelint import checks

    for module in pkgutil.iter_modules(checks.__path__):
        import_module(f"{checks.__name__}.{module.name}")
    return frozenset(checks.CHECKS)
