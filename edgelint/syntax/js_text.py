"""The values of JavaScript's string and number literals."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,8})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([0-7]{1,3})|(\r\n|[\s\S]))")
_SIMPLE = {
    "n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v",
    "\n": "", "\r": "", "\r\n": "", "\u2028": "", "\u2029": "",
}


def unescape(text: str) -> str:
    """The value of the inside of a string or template literal; a broken escape stays as it is written."""
    if "\\" not in text:
        return text
    value = _ESCAPE.sub(_escape, text)
    if not value.isascii():
        # Two halves make one character; a half alone is no text and cannot be written out again.
        value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value


def _escape(match: re.Match[str]) -> str:
    braced, four, two, octal, other = match.groups()
    if other is not None:
        return match.group() if other in "ux" else _SIMPLE.get(other, other)
    if octal is not None:
        # \377 is the largest octal escape: "\400" is "\40" and a zero.
        value = int(octal, 8)
        return chr(value) if value < 256 else chr(value >> 3) + octal[-1]
    code = int(braced or four or two, 16)
    return chr(code) if code <= 0x10FFFF else match.group()


def number(text: str) -> tuple[int | float | str, str]:
    """(value, kind) of a numeric literal: kind "number" or "bigint". What Python cannot hold stays text."""
    plain = text.replace("_", "")
    kind = "number"
    if plain.endswith("n"):
        plain, kind = plain[:-1], "bigint"
    try:
        prefix = plain[:2].lower()
        if prefix in ("0x", "0o", "0b"):
            return int(plain, 0), kind
        if plain.isdecimal():
            if len(plain) > 1 and plain[0] == "0" and not set(plain) & {"8", "9"}:
                return int(plain, 8), kind
            return int(plain), kind
        return float(plain), kind
    except ValueError:
        return text, kind
