"""YAML with the place of every key and value, as the data tree that TOML and JSONC give.

PyYAML composes the nodes and their marks; what it resolves by YAML 1.1 (``on`` as true) is left as the text it is. An
alias is expanded where it stands, up to ``MAX_VALUES`` in all, so that neither a cycle nor a bomb is followed to its
end.
"""

from __future__ import annotations

import re

from edgelint.source import Source
from edgelint.syntax.document import Document, Entry, Error, Value

MAX_BYTES = 100_000
"""A larger file is not read: PyYAML takes a second or more for so many bytes, and people write a tenth of it."""
MAX_VALUES = 20_000
MAX_DEPTH = 200
"""Open brackets at once: PyYAML's time grows with their square."""

_BRACKET = re.compile(rb"[\[{]|[\]}]")
_WORDS: dict[str, tuple[str, bool | None]] = {
    "true": ("boolean", True), "True": ("boolean", True), "TRUE": ("boolean", True),
    "false": ("boolean", False), "False": ("boolean", False), "FALSE": ("boolean", False),
    "": ("null", None), "~": ("null", None), "null": ("null", None), "Null": ("null", None), "NULL": ("null", None),
}  # fmt: skip
"""The plain words that are no strings in YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#1032-tag-resolution)."""
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def parse(source: Source) -> Document:
    """The first document of a YAML file. A number stays its text: that is what its readers are given. Never raises: a
    file that is no YAML gives an error and an empty object."""
    import yaml

    empty = Value("object", None, source.bom, source.bom)
    if len(source.data) > MAX_BYTES:
        return Document(empty, [(source.bom, source.bom, f"larger than {MAX_BYTES} bytes")], [], [], "yaml")
    if _depth(source.data) > MAX_DEPTH:
        return Document(empty, [(source.bom, source.bom, "nested too deeply")], [], [], "yaml")
    loader: yaml.SafeLoader | None = None
    try:
        loader = yaml.SafeLoader(source.text)
        node = loader.get_node() if loader.check_node() else None
    except yaml.YAMLError as error:
        return Document(empty, [_error(source, error)], [], [], "yaml")
    except RecursionError:
        return Document(empty, [(source.bom, source.bom, "nested too deeply")], [], [], "yaml")
    finally:
        if loader is not None:
            loader.dispose()
    if node is None:
        return Document(empty, [], [], [], "yaml")
    builder = _Builder(source)
    return Document(builder.build(node), builder.errors, builder.duplicates, [], "yaml")


def _depth(data: bytes) -> int:
    """The most brackets that are open at once, those in strings among them."""
    depth = most = 0
    for match in _BRACKET.finditer(data):
        depth = depth + 1 if match.group() in b"[{" else max(depth - 1, 0)
        most = max(most, depth)
    return most


def _error(source: Source, error: Exception) -> Error:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    index = mark.index if mark is not None else getattr(error, "position", 0)
    at = source.byte_offset(min(index, len(source.text)))
    return at, at, str(getattr(error, "problem", None) or "not YAML")


class _Builder:
    """Nodes to values, without recursion."""

    def __init__(self, source: Source) -> None:
        self.offsets = source.byte_offsets()
        self.errors: list[Error] = []
        self.duplicates: list[Entry] = []
        self.left = MAX_VALUES

    def build(self, root: object) -> Value:
        import yaml

        top = self.value(root)
        work = [(root, top)]
        while work:
            node, value = work.pop()
            if isinstance(node, yaml.SequenceNode):
                for item in node.value:
                    if self.spent(value):
                        break
                    value.items.append(self.value(item))
                    work.append((item, value.items[-1]))
            elif isinstance(node, yaml.MappingNode):
                seen: set[str] = set()
                for key, member in node.value:
                    if self.spent(value):
                        break
                    if not isinstance(key, yaml.ScalarNode):
                        continue  # a list or a map as a key: no format here has one
                    entry = Entry(key.value, *self.place(key), self.value(member))
                    if entry.key in seen:
                        self.duplicates.append(entry)
                    seen.add(entry.key)
                    value.entries.append(entry)
                    work.append((member, entry.value))
        return top

    def spent(self, value: Value) -> bool:
        """Whether no further value may be made; said once, where it happens."""
        self.left -= 1
        if self.left == -1:
            self.errors.append((value.start, value.start, f"more than {MAX_VALUES} values"))
        return self.left < 0

    def value(self, node: object) -> Value:
        import yaml

        if isinstance(node, yaml.ScalarNode):
            kind, plain = _scalar(node.value, node.tag, node.style)
            return Value(kind, plain, *self.place(node))
        kind = "array" if isinstance(node, yaml.SequenceNode) else "object"
        return Value(kind, None, *self.place(node))

    def place(self, node: object) -> tuple[int, int]:
        return self.offsets[node.start_mark.index], self.offsets[node.end_mark.index]  # type: ignore[attr-defined]


def _scalar(text: str, tag: str, style: str | None) -> tuple[str, str | bool | None]:
    if style is None and tag != "tag:yaml.org,2002:str" and text in _WORDS:
        return _WORDS[text]
    return ("number" if style is None and tag in _NUMBERS else "string"), text
