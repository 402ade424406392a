"""What text a regular expression lets through, and what it stops: tried on samples that no name, number or word looks
like.
"""

from __future__ import annotations

import re

MAX_PATTERN = 200  # characters; the samples are short, so that no pattern can take long on them
# Each holds one thing that ends a name, a string or a number of SQL. The words are none of anyone's list.
_SAMPLES = ("zq'xw", 'zq"xw', "zq`xw", "zq xw", "zq;xw", "zq(xw", "zq,xw", "zq=9", "9 xw", "'zq@xw.zq")
_NAMED = re.compile(r"\(\?<(?=[A-Za-z_])")


def lets_only_words(pattern: str, whole: bool = False) -> bool:
    """Whether text that fits holds none of the samples' marks. ``whole``: all of the text has to fit, with no anchors.

    ``pattern`` is the source between the slashes. What cannot be read is trusted.
    """
    compiled = _compiled(pattern)
    if compiled is None:
        return True
    if not whole and not all(part.startswith("^") and part.endswith("$") for part in _alternatives(pattern)):
        return False
    return not any((compiled.fullmatch if whole else compiled.search)(sample) for sample in _SAMPLES)


def stops_marks(pattern: str) -> bool:
    """Whether text in which it is not found holds none of the samples' marks: ``[^a-z]``. What cannot be read is
    trusted.
    """
    compiled = _compiled(pattern)
    return compiled is None or all(compiled.search(sample) for sample in _SAMPLES)


def _compiled(pattern: str) -> re.Pattern[str] | None:
    if len(pattern) > MAX_PATTERN:
        return None
    try:
        return re.compile(_NAMED.sub("(?P<", pattern))
    except (re.error, OverflowError, RecursionError):
        return None


def _alternatives(pattern: str) -> list[str]:
    """The parts of a pattern between the ``|`` that stand in no group; one group around all is looked into."""
    parts, depth, start, position = [], 0, 0, 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 1
        elif char == "[":
            end = pattern.find("]", position + 2)
            position = end if end >= 0 else len(pattern)
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and depth == 0:
            parts.append(pattern[start:position])
            start = position + 1
        position += 1
    parts.append(pattern[start:])
    return parts
