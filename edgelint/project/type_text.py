"""The text of a type, taken apart: unions, intersections, type arguments. Nothing is looked up."""

from __future__ import annotations

from collections.abc import Iterator

_OPENING, _CLOSING, _QUOTES = "{[(<", "}])>", "'\"`"
_NOTHING = frozenset({"null", "undefined", "None", "void", "never", ""})
# What gives a type with the members of its first argument, some of them perhaps optional or read-only.
_SAME_MEMBERS = frozenset({
    "Readonly", "Required", "Partial", "NonNullable", "Optional", "Annotated", "NotRequired", "ReadOnly", "Final",
    "ClassVar",
})


def split(text: str, separator: str) -> Iterator[str]:
    """The parts of ``text`` between the separators (one character) that stand outside of brackets and quotes, stripped.
    """
    if separator not in text:  # most types by far
        yield text.strip()
        return
    depth, begin, quote = 0, 0, ""
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in _QUOTES:
            quote = char
        elif char in _OPENING:
            depth += 1
        elif char in _CLOSING and not (char == ">" and text[at - 1 : at] == "="):
            depth -= 1
        elif char == separator and depth == 0:
            yield text[begin:at].strip()
            begin = at + 1
    yield text[begin:].strip()


def bare(text: str) -> str:
    """``text`` without the colon, the quotes and the parentheses around it."""
    text = text.strip().lstrip(":").strip()
    while text[:1] == "(" and text[-1:] == ")" and _is_closed_by_last(text):
        text = text[1:-1].strip()
    if len(text) > 1 and text[0] in _QUOTES and text.find(text[0], 1) == len(text) - 1:  # Python's "Deps"
        text = text[1:-1].strip()
    return text


def without_null(text: str) -> str | None:
    """``text`` without what is nothing in its union; None when several types are left, or none."""
    parts = [part for part in split(bare(text), "|") if part not in _NOTHING]
    return bare(parts[0]) if len(parts) == 1 else None


def applied(text: str) -> tuple[str, list[str]]:
    """The head of a type and its arguments: ``Pick<Env, "DB">`` gives ("Pick", ["Env", '"DB"'])."""
    for at, char in enumerate(text) if "<" in text or "[" in text else ():
        if char in "<[":
            close = ">" if char == "<" else "]"
            if not text.endswith(close) or at == 0:
                break
            return text[:at].strip(), [part for part in split(text[at + 1 : -1], ",") if part]
        if not (char.isalnum() or char in "_$. "):
            break
    return text, []


def whole(text: str) -> str | None:
    """``text`` with what does not change which members there are taken off: null, ``Readonly<...>``, ``Optional[...]``.
    None for a union of several types."""
    for _ in range(6):
        plain = without_null(text)
        if plain is None:
            return None
        head, arguments = applied(plain)
        if not arguments or head.rsplit(".", 1)[-1] not in _SAME_MEMBERS:
            return plain
        text = arguments[0]
    return text


def _is_closed_by_last(text: str) -> bool:
    depth = 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth == 0:
            return at == len(text) - 1
    return False
