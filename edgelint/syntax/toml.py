"""TOML 1.1 with the place of every key and value.

``tomli`` says whether the file is valid; the scanner here knows where everything stands and goes on after a mistake.
On a valid file the two agree on every value (a property test holds them to it). Nesting is no limit to the scanner.
"""

from __future__ import annotations

import re

from edgelint.source import Source
from edgelint.syntax.document import Document, Entry, Error, Value, whole
from edgelint.syntax.tree import Comment

MAX_ERRORS = 50
DEEP = 100  # where to point when tomli gives up on the depth

_SPACE = re.compile(rb"[ \t]*")
_BLANK = re.compile(rb"[ \t\r\n]*")
_LINE = re.compile(rb"[^\n]*")
_COMMENT = re.compile(rb"#[^\r\n]*")
_BARE_KEY = re.compile(rb"[A-Za-z0-9_-]+")
_BASIC = re.compile(rb'"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*"')
_LITERAL = re.compile(rb"'[^'\r\n]*'")
_LONG_BASIC = re.compile(rb'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"{3,5}', re.DOTALL)
_LONG_LITERAL = re.compile(rb"'''[^']*(?:'(?!'')[^']*)*'{3,5}")
_TIME = rb"\d\d:\d\d(?::\d\d(?:\.\d+)?)?"
_DATETIME = re.compile(rb"\d{4}-\d\d-\d\d(?:[Tt ]" + _TIME + rb"(?:[Zz]|[+-]\d\d:\d\d)?)?|" + _TIME)
_NUMBER = re.compile(
    rb"0x[0-9A-Fa-f](?:_?[0-9A-Fa-f])*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*"
    rb"|[+-]?(?:inf|nan)"
    rb"|[+-]?(?:0|[1-9](?:_?[0-9])*)(?:\.[0-9](?:_?[0-9])*)?(?:[eE][+-]?[0-9](?:_?[0-9])*)?"
)
_WORD = re.compile(rb"[^\s,\]}#=]+")
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|([btnfre"\\])|[ \t]*\n[ \t\n]*)')
_SIMPLE = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}
_CONFLICT = re.compile(r"overwrite|twice|redefine|immutable")

Part = tuple[str, int, int]


class _Mistake(Exception):
    def __init__(self, start: int, end: int, message: str) -> None:
        super().__init__(message)
        self.start = start
        self.end = end
        self.message = message


class _Scanner:
    """One pass over the bytes. ``table`` is the object that key lines now go to, ``header`` its header's span."""

    def __init__(self, source: Source) -> None:
        self.data = source.data
        self.at = source.bom
        self.root = Value("object", None, source.bom, len(source.data))
        self.table = self.root
        self.header: tuple[int, int] | None = None
        self.defined: dict[Value, bool] = {}  # tables made by headers and paths -> whether they are defined for good
        self.index: dict[Value, dict[str, Entry]] = {}
        self.outer: Value | None = None  # the value of the key line being read, complete or not
        self.deep: Value | None = None
        self.errors: list[Error] = []
        self.duplicates: list[Entry] = []
        self.comments: list[Comment] = []

    # -- statements

    def run(self) -> None:
        while self.at < len(self.data):
            self.blank()
            if self.at >= len(self.data):
                return
            try:
                if self.data[self.at] == 0x5B:  # "["
                    self.header_line()
                else:
                    self.key_line(self.table, self.header)
                self.end_of_line()
            except _Mistake as mistake:
                if len(self.errors) < MAX_ERRORS:
                    self.errors.append((mistake.start, mistake.end, mistake.message))
                self.at = _end(_LINE, self.data, max(self.at, mistake.start))

    def end_of_line(self) -> None:
        self.at = _end(_SPACE, self.data, self.at)
        self.comment()
        rest = self.data[self.at : self.at + 2]
        if rest and not rest.startswith(b"\n") and rest != b"\r\n":
            raise self.mistake("the line should end here")

    def header_line(self) -> None:
        start = self.at
        double = self.data.startswith(b"[[", start)
        self.at += 2 if double else 1
        path = self.key_path()
        if not self.data.startswith(b"]]" if double else b"]", self.at):
            raise self.mistake(f"'{']]' if double else ']'}' is missing at the end of this header")
        self.at += 2 if double else 1
        self.header = (start, self.at)
        into = self.root
        for part in path[:-1]:
            into = self.descend(into, part, self.header)
        self.table = self.open_array_table(into, path[-1]) if double else self.open_table(into, path[-1])

    def open_table(self, into: Value, part: Part) -> Value:
        span = self.header or (part[1], part[2])
        old = self.find(into, part[0])
        if old is not None and old.value.kind == "object" and self.defined.get(old.value) is False:
            old.value.start, old.value.end = span
            old.key_start, old.key_end = part[1], part[2]
            self.defined[old.value] = True
            return old.value
        if old is not None and old.value.kind == "object":
            self.duplicates.append(Entry(*part, old.value))
            return old.value
        made = Value("object", None, *span)
        self.defined[made] = True
        self.add(into, Entry(*part, made))
        return made

    def open_array_table(self, into: Value, part: Part) -> Value:
        span = self.header or (part[1], part[2])
        element = Value("object", None, *span)
        self.defined[element] = True
        old = self.find(into, part[0])
        if old is not None and old.value.kind == "array" and old.value in self.defined:
            old.value.items.append(element)
            return element
        array = Value("array", None, *span)
        self.defined[array] = True
        array.items.append(element)
        self.add(into, Entry(*part, array))
        return element

    def descend(self, into: Value, part: Part, span: tuple[int, int], table: tuple[int, int] | None = None) -> Value:
        """The table ``part`` names inside ``into``, made when it is not there: all but the last part of a path."""
        old = self.find(into, part[0])
        if old is not None:
            value = old.value
            if value.kind == "array" and value.items and value in self.defined:
                return value.items[-1]
            if value.kind == "object":
                return value
        made = Value("object", None, *span)
        self.defined[made] = False
        self.add(into, Entry(*part, made, table))
        return made

    def key_line(self, into: Value, table: tuple[int, int] | None) -> None:
        path = self.key_path()
        self.assign(path)
        try:
            self.value()
        finally:
            if self.outer is not None:  # also when a mistake cut it short: what was read is kept
                self.put(into, path, self.outer, table)

    def assign(self, path: list[Part]) -> None:
        if not self.data.startswith(b"=", self.at):
            start, end = path[0][1], path[-1][2]
            raise _Mistake(start, end, "'=' and a value are missing after this key")
        self.at = _end(_SPACE, self.data, self.at + 1)

    def put(self, into: Value, path: list[Part], value: Value, table: tuple[int, int] | None) -> None:
        for part in path[:-1]:
            into = self.descend(into, part, (part[1], part[2]), table)
            self.defined[into] = True  # a header may not open again what key lines made
        self.add(into, Entry(*path[-1], value, table))

    # -- tree

    def find(self, into: Value, key: str) -> Entry | None:
        return self.index.get(into, {}).get(key)

    def add(self, into: Value, entry: Entry) -> None:
        known = self.index.setdefault(into, {})
        if entry.key in known:
            self.duplicates.append(entry)
        known[entry.key] = entry
        into.entries.append(entry)

    # -- tokens

    def mistake(self, message: str, length: int = 1) -> _Mistake:
        end = min(len(self.data), self.at + length)
        return _Mistake(self.at, max(end, self.at), message)

    def comment(self) -> None:
        if self.data.startswith(b"#", self.at):
            end = _end(_COMMENT, self.data, self.at)
            self.comments.append(Comment(self.at, end, self.data[self.at + 1 : end].decode("utf-8", "replace")))
            self.at = end

    def blank(self) -> None:
        """Skip spaces, line ends and comments."""
        while True:
            self.at = _end(_BLANK, self.data, self.at)
            if not self.data.startswith(b"#", self.at):
                return
            self.comment()

    def key_path(self) -> list[Part]:
        path: list[Part] = []
        while True:
            self.at = _end(_SPACE, self.data, self.at)
            start = self.at
            quote = self.data[start : start + 1]
            if quote in (b'"', b"'"):
                match = (_BASIC if quote == b'"' else _LITERAL).match(self.data, start)
                if match is None:
                    raise _Mistake(start, _end(_LINE, self.data, start), "this quoted key is not closed")
                key = _unescape(match.group()[1:-1]) if quote == b'"' else _text(match.group()[1:-1])
            else:
                match = _BARE_KEY.match(self.data, start)
                if match is None:
                    raise self.mistake("a key was expected here")
                key = _text(match.group())
            path.append((key, start, match.end()))
            self.at = _end(_SPACE, self.data, match.end())
            if not self.data.startswith(b".", self.at):
                return path
            self.at += 1

    def value(self) -> Value:
        """A value, with everything nested in it: a loop with its own stack, for arrays and inline tables."""
        stack: list[Value] = []
        paths: list[list[Part]] = []  # of every open container: the key whose value is being read
        self.outer = None
        while True:
            made = self.start_value()
            if self.outer is None:
                self.outer = made
            if stack:
                self.attach(stack[-1], paths[-1], made)
            if made.kind in ("array", "object"):
                stack.append(made)
                paths.append([])
                if len(stack) == DEEP and self.deep is None:
                    self.deep = made
            elif not stack:
                return made
            while not self.next_member(stack[-1], paths[-1]):
                closed = stack.pop()
                paths.pop()
                if not stack:
                    return closed

    def attach(self, into: Value, path: list[Part], value: Value) -> None:
        if into.kind == "array":
            into.items.append(value)
        else:
            self.put(into, path, value, None)

    def next_member(self, into: Value, path: list[Part]) -> bool:
        """Whether another member begins here; else the closing bracket has been read and ``into`` is complete."""
        closer = b"]" if into.kind == "array" else b"}"
        self.blank()
        if into.items or into.entries:
            if self.data.startswith(b",", self.at):
                self.at += 1
                self.blank()
            elif not self.data.startswith(closer, self.at):
                into.end = self.at
                raise self.unclosed(into, f"',' or '{closer.decode()}' is missing here")
        if self.data.startswith(closer, self.at):
            self.at += 1
            into.end = self.at
            return False
        into.end = self.at
        if self.at >= len(self.data):
            raise self.unclosed(into, "")
        if into.kind == "object":
            path[:] = self.key_path()
            self.assign(path)
        return True

    def unclosed(self, into: Value, message: str) -> _Mistake:
        if self.at >= len(self.data):
            what = "array" if into.kind == "array" else "inline table"
            return _Mistake(into.start, into.start + 1, f"this {what} is never closed")
        return self.mistake(message)

    def start_value(self) -> Value:
        """A whole scalar, or a container of which only the opening bracket has been read."""
        start, data = self.at, self.data
        first = data[start : start + 1]
        if first == b"[" or first == b"{":
            self.at += 1
            return Value("array" if first == b"[" else "object", None, start, self.at)
        if first == b'"' or first == b"'":
            return self.string(start, first)
        match = _DATETIME.match(data, start)
        if match is not None and self.ends_value(match.end()):
            return self.made("datetime", _text(match.group()), match)
        match = _NUMBER.match(data, start)
        if match is not None and self.ends_value(match.end()):
            return self.made("number", _number(match.group()), match)
        match = _WORD.match(data, start)
        if match is None:
            raise self.mistake("a value is missing here", 0)
        if match.group() in (b"true", b"false"):
            return self.made("boolean", match.group() == b"true", match)
        raise _Mistake(start, match.end(), "not a TOML value: text needs quotes")

    def made(self, kind: str, plain: object, match: re.Match[bytes]) -> Value:
        self.at = match.end()
        return Value(kind, plain, match.start(), match.end())

    def ends_value(self, at: int) -> bool:
        return at >= len(self.data) or self.data[at : at + 1] in (b" ", b"\t", b"\r", b"\n", b",", b"]", b"}", b"#")

    def string(self, start: int, quote: bytes) -> Value:
        long = self.data.startswith(quote * 3, start)
        basic = quote == b'"'
        pattern = (_LONG_BASIC if long else _BASIC) if basic else (_LONG_LITERAL if long else _LITERAL)
        match = pattern.match(self.data, start)
        if match is None:
            if long:
                self.at = len(self.data)
                raise _Mistake(start, start + 3, "this multi-line string is never closed")
            raise _Mistake(start, _end(_LINE, self.data, start), "this string is not closed on its line")
        raw = match.group()
        if long:
            raw = raw[3:-3].replace(b"\r\n", b"\n")
            raw = raw[1:] if raw.startswith(b"\n") else raw
        else:
            raw = raw[1:-1]
        return self.made("string", _unescape(raw) if basic else _text(raw), match)


def parse(source: Source) -> Document:
    """Parse any text: mistakes are in ``errors`` and the tree holds what could be read. Never raises."""
    scanner = _Scanner(source)
    scanner.run()
    errors = [whole(source.data, error) for error in _errors(source, scanner)]
    return Document(scanner.root, errors, scanner.duplicates, scanner.comments, "toml")


def _errors(source: Source, scanner: _Scanner) -> list[Error]:
    """Empty when tomli accepts the file; else what the scanner saw, and tomli's own word where that is not the same."""
    import tomli

    try:
        tomli.loads(source.text)
        return []
    except RecursionError:
        at = scanner.deep or scanner.root
        return [(at.start, at.end, "nested deeper than TOML readers accept")]
    except (ValueError, OverflowError) as error:
        message = getattr(error, "msg", None) or str(error)
        offset = _offset(source, getattr(error, "lineno", 1), getattr(error, "colno", 1))
    errors = list(scanner.errors)
    errors += [(e.key_start, e.key_end, f"'{e.key}' is already defined in this table") for e in scanner.duplicates]
    if not errors or (not _CONFLICT.search(message) and min(errors)[0] > offset):
        errors.append((offset, min(offset + 1, len(source.data)), message[:1].lower() + message[1:]))
    return sorted(errors)


def _offset(source: Source, line: int, column: int) -> int:
    """The byte offset of tomli's line and column: both from 1, columns in code points, lines ended by LF or CRLF."""
    start = source.bom
    for _ in range(line - 1):
        found = source.data.find(b"\n", start)
        if found < 0:
            return len(source.data)
        start = found + 1
    text = source.slice(start, _end(_LINE, source.data, start))
    return start + len(text[: column - 1].encode("utf-8"))


def _end(pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
    match = pattern.match(data, at)
    return at if match is None else match.end()


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _unescape(raw: bytes) -> str:
    text = _text(raw)
    return _ESCAPE.sub(_replace, text) if "\\" in text else text


def _replace(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2) or match.group(3)
    if code:
        number = int(code, 16)
        return chr(number) if number < 0xD800 or 0xE000 <= number < 0x110000 else "\ufffd"
    return _SIMPLE[match.group(4)] if match.group(4) else ""


def _number(raw: bytes) -> int | float:
    text = raw.decode("ascii").replace("_", "")
    try:
        return int(text, 0) if text[1:2] in ("x", "o", "b") else int(text)
    except ValueError:
        return float(text)  # a fraction, an exponent, inf, nan, or more digits than Python turns into an int
