"""Regular expressions that are compiled when they are first used.

Compiling takes a tenth of a millisecond or two, and most runs use half of the patterns that their modules define.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast

_METHODS = ("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split")


class _Later:
    """Stands for a pattern. The methods of the compiled one are put on it, so that a later call costs what it does
    there."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        compiled: re.Pattern[Any] = re.compile(self._text, self._flags)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def later(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """``re.compile``, put off. What it gives has the methods of a pattern; ``re.sub`` and its kin do not take it."""
    return cast("re.Pattern[AnyStr]", _Later(text, flags))
