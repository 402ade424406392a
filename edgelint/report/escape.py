"""What may be printed of a user's file: control characters become pictures, and every character has a width."""

from __future__ import annotations

import re
import unicodedata

from edgelint.patterns import later

TAB = 4
"""A tab stop every four cells, as most editors show it."""

HIDDEN = later("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""What a terminal would obey or not show."""

_ZWJ, _EMOJI_STYLE = "\u200d", "\ufe0f"


def picture(char: str) -> str:
    """A visible stand-in, one cell wide, for a character that would move the cursor or change how text is shown."""
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return "\ufffd"


def visible(text: str) -> str:
    """``text`` on one line with nothing in it that a terminal would obey.

    C0 controls (escape, newline and tab among them) become their Unicode control pictures; C1 controls, marks that turn
    the direction of text (CVE-2021-42574), line separators and bytes that were not UTF-8 become U+FFFD.
    """
    return HIDDEN.sub(lambda match: picture(match.group()), text)


def lines_visible(text: str) -> list[str]:
    """The lines of a text that may have several, each made ``visible``."""
    return [visible(line.replace("\t", " " * TAB)) for line in re.split(r"\r\n|\r|\n", text)]


def cells(text: str) -> list[int]:
    """How many terminal cells each character of ``text`` takes: 0, 1 or 2. Sequences count once.

    Widths are those of Unicode's EastAsianWidth; what is joined by U+200D, a skin tone after its emoji and the second
    half of a flag add nothing, as current terminals draw them.
    """
    if text.isascii():
        return [1] * len(text)
    widths: list[int] = []
    base = -1  # index of the character that starts the current sequence
    joined = flag = False
    for index, char in enumerate(text):
        code = ord(char)
        width = _width(char)
        if char == _EMOJI_STYLE and base >= 0:
            if widths[base] == 1 and ord(text[base]) > 0xA8:
                widths[base] = 2
        elif joined and width:
            width = 0
        elif 0x1F3FB <= code <= 0x1F3FF and base >= 0 and widths[base] == 2:
            width = 0
        elif 0x1F1E6 <= code <= 0x1F1FF:
            width = 0 if flag else 2
            flag = not flag
            base = base if width == 0 else index
        elif width:
            base = index
        if not 0x1F1E6 <= code <= 0x1F1FF:
            flag = False
        joined = char == _ZWJ and base >= 0
        widths.append(width)
    return widths


def _width(char: str) -> int:
    if char < "\x7f":
        return 1
    category = unicodedata.category(char)
    if category in ("Mn", "Me") or (category == "Cf" and char != "\xad"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def unicode(text: str) -> str:
    """``text`` without lone surrogates (a file name that is not UTF-8 has them), so that any JSON reader takes it."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
