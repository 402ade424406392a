"""Which bytes of a quoted line may hold a secret's value. A report shows a mask in their place.

The reporter does not judge whether a value is a secret (rules do): it masks whatever might be one, in files that carry
such values and wherever a text has the shape of a known kind of token.
"""

from __future__ import annotations

import re

MASK = "********"

_DOTENV = re.compile(r"(^|/)\.(dev\.vars|env)(\.[^/]*)?$")
_CONFIG = re.compile(r"(^|/)wrangler\.(toml|jsonc?)$")
_ALL_VALUES = frozenset({"config/secret-in-vars"})
"""Rules whose finding says that this very value is a secret."""

_ASSIGNMENT = re.compile(rb"^\s*(?:export\s+)?[A-Za-z_][\w.-]*\s*=\s*(.*?)\s*$")
_STRING = rb'"(?:[^"\\\r\n]|\\.)*"?|\'[^\'\r\n]*\'?'
_PAIR = re.compile(rb'(?:"([^"\\\r\n]*)"|\'([^\'\r\n]*)\'|([\w.-]+))\s*[:=]\s*(' + _STRING + rb")")
_SECRET_KEY = re.compile(
    rb"secret(?!_name|s_store)|token|passw|api_?key|private_?key|access_?key|signing_?key|encryption_?key"
    rb"|credential|connection_?string|dsn$",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    rb"\b(?:sk|rk|pk)[_-](?:live|test|ant|proj)[_-][\w-]{8,}"
    rb"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abeoprs]-[\w-]{10,}"
    rb"|\bAKIA[0-9A-Z]{16}\b|\bAIza[\w-]{30,}|\bSG\.[\w-]{16,}\.[\w-]{16,}"
    rb"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"
    rb"|(?<=://)[^\s/:@\"'`${}]+:[^\s/@\"'`${}]+(?=@)"
)


def masked(path: str, rule: str, line: bytes) -> list[tuple[int, int]]:
    """The byte ranges of ``line`` (one line of the file ``path``, without its line break) to mask, in order."""
    ranges = [match.span() for match in _TOKEN.finditer(line)]
    if _DOTENV.search(path):
        ranges += _dotenv(line)
    elif _CONFIG.search(path):
        ranges += _config(line, rule in _ALL_VALUES)
    return _merged(ranges)


def _dotenv(line: bytes) -> list[tuple[int, int]]:
    stripped = line.strip()
    if not stripped or stripped.startswith(b"#"):
        return []
    match = _ASSIGNMENT.match(line)
    if match is None:  # a later line of a value that spans several
        start = line.index(stripped[:1])
        return [(start, start + len(stripped))]
    return [match.span(1)] if match.group(1) else []


def _config(line: bytes, everything: bool) -> list[tuple[int, int]]:
    ranges = []
    found = False
    for match in _PAIR.finditer(line):
        found = True
        key = match.group(1) or match.group(2) or match.group(3) or b""
        start, end = match.span(4)
        if everything or _SECRET_KEY.search(key):
            quote = line[start : start + 1]
            end -= end - start > 1 and line[end - 1 : end] == quote
            ranges.append((start + 1, end))
    stripped = line.strip()
    if everything and not found and stripped not in (b"{", b"}", b"},", b"") and not stripped.startswith((b"[", b"#")):
        start = line.index(stripped)
        ranges.append((start, start + len(stripped)))
    return [(start, end) for start, end in ranges if end > start]


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    result: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result
