"""JSON with comments and trailing commas, as wrangler reads it: positions of every key and value, and recovery.

One regular expression makes tokens of the bytes, one loop with a stack of its own makes the tree of them, so depth is
no limit. Every mistake becomes an error with its place, and the reader goes on with what it can still understand.
"""

from __future__ import annotations

import json
import re

from edgelint.source import Source
from edgelint.syntax.document import Document, Entry, Error, Value, whole
from edgelint.syntax.tree import Comment

MAX_ERRORS = 50  # more than anybody reads; keeps noise that happens to be UTF-8 from making a report of megabytes

_TOKEN = re.compile(
    rb"""(?P<space>[\ \t\r\n]+)
    |(?P<line>//[^\r\n]*)
    |(?P<block>/\*(?:.*?\*/|.*))
    |(?P<punct>[{}\[\]:,])
    |(?P<string>"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*"?)
    |(?P<single>'[^'\\\r\n]*(?:\\[^\r\n][^'\\\r\n]*)*'?)
    |(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.$]))
    |(?P<word>[\w$.+\x80-\xff-]+)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {b"true": ("boolean", True), b"false": ("boolean", False), b"null": ("null", None)}
_CLOSERS = {"object": b"}", "array": b"]"}


class _Parser:
    """State of one parse. ``stack`` holds the open containers; ``key`` the key that waits for its value."""

    def __init__(self, source: Source) -> None:
        self.data = source.data
        self.errors: list[Error] = []
        self.duplicates: list[Entry] = []
        self.comments: list[Comment] = []
        self.stack: list[Value] = []
        self.seen: list[set[str]] = []
        self.root: Value | None = None
        self.key: tuple[str, int, int] | None = None
        self.colon = False  # the key's colon has been read
        self.comma = True  # a separator has been read since the last value (true at a container's start)
        self.end = source.bom
        self.stop = False

    def error(self, start: int, end: int, message: str) -> None:
        if len(self.errors) < MAX_ERRORS and not (self.errors and self.errors[-1][0] == start):
            self.errors.append((start, end, message))

    def run(self, start: int) -> None:
        for match in _TOKEN.finditer(self.data, start):
            kind = match.lastgroup
            if kind == "space":
                continue
            begin, end = match.span()
            if kind == "line":
                self.comments.append(Comment(begin, end, _decode(self.data[begin + 2 : end])))
            elif kind == "block":
                self.block_comment(begin, end)
            else:
                if kind == "punct":
                    self.punctuation(match.group(), begin, end)
                elif kind == "string" or kind == "single":
                    self.string(begin, end, kind)
                elif kind == "number" and not (self.key is None and self.expects_key()):
                    self.value("number", _number(match.group()), begin, end)
                elif kind == "word" or kind == "number":
                    self.word(match.group(), begin, end)
                else:
                    self.error(begin, end, "unexpected character")
                self.end = end
                if self.stop:
                    break
        self.finish()

    def block_comment(self, begin: int, end: int) -> None:
        closed = end - begin >= 4 and self.data[end - 2 : end] == b"*/"
        if not closed:
            self.error(begin, begin + 2, "this comment is never closed")
        self.comments.append(Comment(begin, end, _decode(self.data[begin + 2 : end - 2 if closed else end])))

    def punctuation(self, token: bytes, begin: int, end: int) -> None:
        if token == b"{" or token == b"[":
            container = self.value("object" if token == b"{" else "array", None, begin, end)
            if container is not None:
                self.stack.append(container)
                self.seen.append(set())
                self.comma = True
        elif token == b"}" or token == b"]":
            self.close(token, begin, end)
        elif token == b":":
            if self.key is None or self.colon:
                self.error(begin, end, "unexpected ':'")
            self.colon = True
        elif not self.stack or (self.comma and self.key is None):
            self.error(begin, end, "a value is missing before this ','")
        else:
            self.drop_key(begin)
            self.comma = True

    def close(self, token: bytes, begin: int, end: int) -> None:
        depth = next((i for i in range(len(self.stack) - 1, -1, -1) if _CLOSERS[self.stack[i].kind] == token), -1)
        if depth < 0:
            self.error(begin, end, f"unexpected '{token.decode()}'")
            return
        self.drop_key(begin)
        while len(self.stack) > depth:
            container = self.stack.pop()
            self.seen.pop()
            if len(self.stack) > depth:
                self.error(container.start, container.start + 1, _unclosed(container))
                container.end = begin
            else:
                container.end = end
        self.comma = False

    def string(self, begin: int, end: int, kind: str) -> None:
        raw = self.data[begin:end]
        quote = raw[:1]
        closed = len(raw) > 1 and raw.endswith(quote) and not _ends_in_escape(raw)
        if not closed:
            self.error(begin, end, "this string is not closed on its line")
        elif kind == "single":
            self.error(begin, end, "JSON strings take double quotes")
        text, fine = _unescape(raw[1:-1] if closed else raw[1:])
        if not fine:
            self.error(begin, end, "invalid escape or control character in this string")
        if self.expects_key():
            self.begin_key(text, begin, end)
        else:
            self.value("string", text, begin, end)

    def word(self, token: bytes, begin: int, end: int) -> None:
        if self.expects_key():
            self.error(begin, end, "a key needs double quotes")
            self.begin_key(_decode(token), begin, end)
        elif token in _WORDS:
            kind, plain = _WORDS[token]
            self.value(kind, plain, begin, end)
        else:
            self.error(begin, end, "not a JSON value: text needs double quotes")
            self.value("string", _decode(token), begin, end)

    def expects_key(self) -> bool:
        """In an object a string is a key unless a key and its colon wait for a value."""
        return bool(self.stack) and self.stack[-1].kind == "object" and not (self.key is not None and self.colon)

    def begin_key(self, key: str, begin: int, end: int) -> None:
        self.drop_key(begin)
        if not self.comma:
            self.error(begin, end, "a ',' is missing before this key")
        self.key, self.colon, self.comma = (key, begin, end), False, True

    def drop_key(self, at: int) -> None:
        """A key that got no value: an error, and the key is not kept."""
        if self.key is not None:
            _, begin, end = self.key
            self.error(begin, end, "this key has no value")
            self.key, self.colon = None, False

    def value(self, kind: str, plain: object, begin: int, end: int) -> Value | None:
        made = Value(kind, plain, begin, end)
        if not self.stack:
            if self.root is not None:
                self.error(begin, end, "only one value may stand in a JSON file")
                self.stop = True
                return None
            self.root = made
            self.comma = False
            return made
        into = self.stack[-1]
        if into.kind == "array":
            if not self.comma:
                self.error(begin, end, "a ',' is missing before this value")
            into.items.append(made)
        elif self.key is None:
            self.error(begin, end, "a key in double quotes was expected here")
            self.comma = False
            if kind in ("object", "array"):
                return made  # opened all the same, so that its closing bracket is understood
            return None
        else:
            key, key_start, key_end = self.key
            if not self.colon:
                self.error(begin, end, "a ':' is missing before this value")
            entry = Entry(key, key_start, key_end, made)
            if key in self.seen[-1]:
                self.duplicates.append(entry)
            self.seen[-1].add(key)
            into.entries.append(entry)
            self.key, self.colon = None, False
        self.comma = False
        return made

    def finish(self) -> None:
        self.drop_key(self.end)
        while self.stack:
            container = self.stack.pop()
            container.end = self.end
            self.error(container.start, container.start + 1, _unclosed(container))
        if self.root is None:
            self.error(self.end, self.end, "there is no JSON value in this file")
        self.errors.sort()


def parse(source: Source) -> Document:
    """Parse any text: mistakes are in ``errors`` and the tree holds what could be read. Never raises.

    ``root`` is an empty object when the file holds no value at all.
    """
    parser = _Parser(source)
    parser.run(source.bom)
    root = parser.root if parser.root is not None else Value("object", None, source.bom, len(source.data))
    errors = [whole(source.data, error) for error in parser.errors]
    return Document(root, errors, parser.duplicates, parser.comments, "jsonc")


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _number(raw: bytes) -> int | float:
    try:
        return int(raw)
    except ValueError:
        return float(raw)  # a fraction or an exponent, or more digits than Python turns into an int


def _ends_in_escape(raw: bytes) -> bool:
    """Whether the last quote of ``raw`` is escaped, so that it does not close the string."""
    body = raw[1:-1]
    return (len(body) - len(body.rstrip(b"\\"))) % 2 == 1


def _unescape(body: bytes) -> tuple[str, bool]:
    """The text of a string's inside, and whether it was valid JSON."""
    text = _decode(body)
    if b"\\" not in body and (not body or min(body) >= 0x20):
        return text, True
    try:
        decoded = json.loads(f'"{text}"')
    except ValueError:
        return text, False
    return str(decoded).encode("utf-8", "replace").decode("utf-8"), True


def _unclosed(container: Value) -> str:
    return f"this '{'{' if container.kind == 'object' else '['}' is never closed"
