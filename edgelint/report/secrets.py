"""Which bytes of a quoted line may hold a secret's value. A report shows a mask in their place.

The reporter does not judge whether a value is a secret (rules do): it masks whatever might be one, in files that carry
such values and wherever a text has the shape of a known kind of token.
"""

from __future__ import annotations

import re

MASK = "********"

_DOTENV = re.compile(r"(^|/)\.(dev\.vars|env)(\.[^/]*)?$")
_WORKFLOW = re.compile(r"(^|/)\.github/workflows/[^/]+\.ya?ml$")
_CONFIG = re.compile(r"(^|/)wrangler\.(toml|jsonc?)$")
_ALL_VALUES = frozenset({"config/secret-in-vars"})
"""Rules whose finding says that this very value is a secret."""

_ASSIGNMENT = re.compile(rb"^\s*(?:export\s+)?[A-Za-z_][\w.-]*\s*=\s*(.*?)\s*$")
_STRING = rb'"{3}[^\r\n]*?(?:"{3}|$)|\'{3}[^\r\n]*?(?:\'{3}|$)|"(?:[^"\\\r\n]|\\.)*"?|\'[^\'\r\n]*\'?'
_PAIR = re.compile(rb'(?:"([^"\\\r\n]*)"|\'([^\'\r\n]*)\'|([\w.-]+))\s*[:=]\s*(' + _STRING + rb")")
_YAML_PAIR = re.compile(
    rb"(?=(?<![\w.-])([\w.-]+)[\"']?(?:\s*:\s+|=)(?![\"']?\$|[|>]|(?:write|read|none)\b)[\"']?([^\s\"'#]+))"
)
"""A key and a plain value in YAML or in a script, also of one that stands in the value of another."""
_LONG_QUOTES = (b'"""', b"'''")
_SECRET_KEY = re.compile(
    rb"secret(?!_name|s_store)|token|passw|api_?key|private_?key|access_?key|signing_?key|encryption_?key"
    rb"|credential|connection_?string|dsn$",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    rb"\b(?:sk|rk|pk)[_-](?:live|test|ant|proj)[_-][\w-]{8,}"
    rb"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abeoprs]-[\w-]{10,}"
    rb"|\bcf(?:k|ut|at)_\w{20,}|\bAKIA[0-9A-Z]{16}\b|\bAIza[\w-]{30,}|\bSG\.[\w-]{16,}\.[\w-]{16,}"
    rb"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"
    rb"|(?<=://)[^\s/:@\"'`${}]+:[^\s/@\"'`${}]+(?=@)"
)


def masked(path: str, rule: str, data: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """The byte ranges to mask, in order, of the line ``data[start:end]`` of the file ``path`` that holds ``data``."""
    return [(start + low, start + high) for low, high in _masked(path, rule, data, start, data[start:end])]


def _masked(path: str, rule: str, data: bytes, start: int, line: bytes) -> list[tuple[int, int]]:
    if path.endswith(".toml") and _CONFIG.search(path):
        if any(data.count(quote, 0, start) % 2 for quote in _LONG_QUOTES):
            return [(0, len(line))] if line else []  # within a string of several lines
    ranges = [match.span() for match in _TOKEN.finditer(line)]
    if _DOTENV.search(path):
        ranges += _dotenv(line)
    elif _CONFIG.search(path):
        ranges += _config(line, rule in _ALL_VALUES)
    elif _WORKFLOW.search(path):
        ranges += [match.span(2) for match in _YAML_PAIR.finditer(line) if _SECRET_KEY.search(match[1])]
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
            text = line[start:end]
            quote = text[:3] if text[:3] in _LONG_QUOTES else text[:1]
            if len(text) >= 2 * len(quote) and text.endswith(quote):
                end -= len(quote)
            ranges.append((start + len(quote), end))
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
