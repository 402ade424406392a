"""JSON as JavaScript reads and writes it, with V8's words for what is no JSON (src/json/json-parser.cc)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from edgelint.testing.coercion import integer, number_text
from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.values import Undefined

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_PLAIN: Final = re.compile(r'[^"\\\x00-\x1f]*')
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_SPECIAL: Final = frozenset(("NaN", "Infinity", "undefined", "[object Object]"))
_CONTEXT: Final = 10
"""How many characters on each side of the wrong one V8 quotes."""


def parse(text: str) -> Any:
    """What JSON.parse makes of ``text``, as plain Python. Raises EdgeError (SyntaxError) as V8 words it."""
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        _Scanner(_units(text)).whole()
        raise EdgeError("Maximum call stack size exceeded", "RangeError") from None


def dump(value: Any) -> str | None:
    """What JSON.stringify makes of a value; None where it makes undefined. Raises EdgeError (TypeError) for a value
    that contains itself."""
    return _written(value, ())


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER: Final = json.JSONDecoder(
    parse_float=lambda text: integer(float(text)),
    parse_int=lambda text: integer(float(text)) if len(text) > 15 or text == "-0" else int(text),
    parse_constant=_no_constant,
)


def _written(value: Any, inside: tuple[int, ...]) -> str | None:
    if value is None:
        return "null"
    if isinstance(value, Undefined) or callable(value):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value) if math.isfinite(value) else "null"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, datetime):
        return quoted(date_text(value))
    if isinstance(value, (list, tuple)):
        inside = _deeper(value, inside)
        return f"[{','.join(_written(item, inside) or 'null' for item in value)}]"
    if isinstance(value, Mapping):
        inside = _deeper(value, inside)
        pairs = ((str(key), _written(item, inside)) for key, item in value.items())
        return f"{{{','.join(f'{quoted(key)}:{item}' for key, item in pairs if item is not None)}}}"
    return "{}"  # an ArrayBuffer, a Map, a Set: nothing of their own that is enumerable


def quoted(text: str) -> str:
    """A string as JSON.stringify writes it: what is no ASCII stays, a lone surrogate is escaped."""
    written = json.dumps(text, ensure_ascii=False)
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", written)


def date_text(value: datetime) -> str:
    """A Date as JSON.stringify writes it."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"


def _units(text: str) -> str:
    """The UTF-16 code units of a text, a character each: what V8 counts and quotes."""
    return "".join(map(chr, memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")))


def _joined(units: str) -> str:
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _deeper(value: Any, inside: tuple[int, ...]) -> tuple[int, ...]:
    if id(value) in inside:
        raise type_error("Converting circular structure to JSON")
    return (*inside, id(value))


class _Scanner:
    """Finds the first thing that is no JSON in a text's UTF-16 code units, and says it as V8 does."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def whole(self) -> None:
        """Scan the text. Raises EdgeError where it goes wrong."""
        self._value()
        self._space()
        if self.at < len(self.text):
            self._fail("Unexpected non-whitespace character after JSON")

    def _space(self) -> str:
        """Go past white space; the character there, "" at the end."""
        match = _SPACE.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return self._peek()

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _value(self) -> None:
        # The containers that are open, kept here: their depth has no bound.
        stack: list[str] = []
        while True:
            char = self._space()
            if char == "{":
                self.at += 1
                if self._space() != "}":
                    self._name("Expected property name or '}'")
                    stack.append("}")
                    continue
                self.at += 1
            elif char == "[":
                self.at += 1
                if self._space() != "]":
                    stack.append("]")
                    continue
                self.at += 1
            else:
                self._scalar(char)
            while stack:
                after = self._space()
                if after == ",":
                    self.at += 1
                    if stack[-1] == "}":
                        self._space()
                        self._name("Expected double-quoted property name")
                    break
                if after != stack[-1]:
                    what = "property value" if stack[-1] == "}" else "array element"
                    self._fail(f"Expected ',' or '{stack[-1]}' after {what}")
                self.at += 1
                stack.pop()
            else:
                return

    def _name(self, otherwise: str) -> None:
        if self._peek() != '"':
            self._fail(otherwise)
        self._string()
        if self._space() != ":":
            self._fail("Expected ':' after property name")
        self.at += 1

    def _scalar(self, char: str) -> None:
        if char == '"':
            self._string()
        elif char == "-" or (char and char in "0123456789"):
            self._number()
        else:
            literal = {"t": "true", "f": "false", "n": "null"}.get(char)
            if literal is None:
                self._unexpected()
            else:
                for wanted in literal:
                    if self._peek() != wanted:
                        self._unexpected()
                    self.at += 1

    def _string(self) -> None:
        self.at += 1
        while True:
            match = _PLAIN.match(self.text, self.at)
            assert match is not None
            self.at = match.end()
            char = self._peek()
            if char == '"':
                self.at += 1
                return
            if not char:
                self._fail("Unterminated string")
            if char != "\\":
                self._fail("Bad control character in string literal")
            self.at += 1
            escaped = self._peek()
            if escaped == "u":
                for _ in range(4):
                    self.at += 1
                    if self._peek() not in set("0123456789abcdefABCDEF"):
                        self._fail("Bad Unicode escape")
            elif not escaped:
                self._unexpected()
            elif escaped not in '"\\/bfnrt':
                self._fail("Bad escaped character")
            self.at += 1

    def _number(self) -> None:
        if self._peek() == "-":
            self.at += 1
            if not self._digit():
                self._fail("No number after minus sign")
        if self._peek() == "0":
            self.at += 1
            if self._digit():
                self._fail("Unexpected number")
        self._digits()
        if self._peek() == ".":
            self.at += 1
            if not self._digit():
                self._fail("Unterminated fractional number")
            self._digits()
        if self._peek() in ("e", "E"):
            self.at += 1
            if self._peek() in ("+", "-"):
                self.at += 1
            if not self._digit():
                self._fail("Exponent part is missing a number")
            self._digits()

    def _digit(self) -> bool:
        char = self._peek()
        return bool(char) and char in "0123456789"

    def _digits(self) -> None:
        while self._digit():
            self.at += 1

    def _fail(self, what: str) -> NoReturn:
        before = _LINE_END.split(self.text[: self.at])
        place = f"position {self.at} (line {len(before)} column {len(before[-1]) + 1})"
        raise EdgeError(f"{what} in JSON at {place}".replace("JSON in JSON", "JSON"), "SyntaxError")

    def _unexpected(self) -> NoReturn:
        text, at = self.text, self.at
        if at >= len(text):
            raise EdgeError("Unexpected end of JSON input", "SyntaxError")
        if text in _SPECIAL:
            raise EdgeError(f'"{text}" is not valid JSON', "SyntaxError")
        start, end = 0, len(text)
        if len(text) > 2 * _CONTEXT:
            start = at - _CONTEXT if at >= _CONTEXT else 0
            end = at + _CONTEXT if at < len(text) - _CONTEXT else end
        source = f'{"..." if start else ""}"{text[start:end]}"{"..." if end < len(text) else ""}'
        raise EdgeError(f"Unexpected token '{text[at]}', {_joined(source)} is not valid JSON", "SyntaxError")
