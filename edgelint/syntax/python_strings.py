"""The value of a Python string literal. ``ast`` would cost more and warn of ``"\\d"`` on standard error."""

from __future__ import annotations

import re
import unicodedata

from edgelint.patterns import later

_ESCAPE = later(
    r"\\(?:(\n)|([\\'\"abfnrtv])|([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|N\{([^}]*)\}|(x|u|U|N))"
)
_BYTES_ESCAPE = later(r"\\(?:(\n)|([\\'\"abfnrtv])|([0-7]{1,3})|x([0-9a-fA-F]{2})|(x))")
_PLAIN = {"\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_NEWLINE = later(r"\r\n|\r")


class _BrokenEscape(Exception):
    pass


def split(literal: str) -> tuple[str, str]:
    """(prefix in lower case, text between the quotes) of a plain string literal as written."""
    at = 0
    while literal[at] not in "'\"":
        at += 1
    width = 3 if literal[at : at + 3] in ('"""', "'''") and len(literal) >= at + 6 else 1
    return literal[:at].lower(), literal[at + width : len(literal) - width]


def evaluate(literal: str) -> str | bytes | None:
    """The value of a plain string or bytes literal; None when an escape in it is broken."""
    prefix, body = split(literal)
    text = unescape(body, prefix)
    if text is None or "b" not in prefix:
        return text
    return text.encode("latin-1") if body.isascii() else None


def unescape(body: str, prefix: str) -> str | None:
    """``body`` with its escapes resolved as ``prefix`` asks; None when one is broken. Line breaks become ``\\n``."""
    if "\r" in body:
        body = _NEWLINE.sub("\n", body)
    if "\\" not in body or "r" in prefix:
        return body
    try:
        text = _BYTES_ESCAPE.sub(_bytes_escape, body) if "b" in prefix else _ESCAPE.sub(_escape, body)
    except _BrokenEscape:
        return None
    return text


def _escape(match: re.Match[str]) -> str:
    if match[1] is not None:
        return ""
    if match[2] is not None:
        return _PLAIN[match[2]]
    if match[3] is not None:
        return chr(int(match[3], 8))
    digits = match[4] or match[5] or match[6]
    try:
        if digits is not None:
            code = int(digits, 16)
            if not 0xD800 <= code <= 0xDFFF:  # half a surrogate pair could not be written out again
                return chr(code)
        elif match[7] is not None:
            return unicodedata.lookup(match[7])
    except (ValueError, KeyError, OverflowError):
        pass
    raise _BrokenEscape


def _bytes_escape(match: re.Match[str]) -> str:
    if match[1] is not None:
        return ""
    if match[2] is not None:
        return _PLAIN[match[2]]
    if match[3] is not None:
        return chr(int(match[3], 8) & 0xFF)
    if match[4] is not None:
        return chr(int(match[4], 16))
    raise _BrokenEscape
