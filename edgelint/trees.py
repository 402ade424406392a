"""Trees of the files that did not change since the last run, for the language whose parser is slow: Python.

Lowering a tree-sitter tree costs about what reading it back would; libcst takes twenty times as long, and a quarter of
a second to load. Trees go by the hash of the file's bytes, so what else has changed does not matter.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from edgelint.cache import FOLDER, fingerprint, make_folder, read_sealed, write_sealed
from edgelint.syntax.parse import PYTHON, extension, parse_file

if TYPE_CHECKING:
    from edgelint.source import Source
    from edgelint.syntax import tree


class Trees:
    """The remembered trees of one project: ``parse`` in place of ``parse_file``, then ``save``. Neither fails."""

    def __init__(self, root: Path) -> None:
        self.folder = root / FOLDER
        self.file = self.folder / "trees.bin"
        self._known: dict[bytes, bytes] | None = None
        self._used: dict[bytes, bytes] = {}
        self._new = False

    def parse(self, path: str, source: Source) -> tree.Parsed:
        """As ``edgelint.syntax.parse.parse_file``."""
        if extension(path) not in PYTHON:
            return parse_file(path, source)
        from edgelint.syntax import serial

        key = blake2b(source.data, digest_size=16).digest()
        kept = self._load().get(key)
        if kept is not None:
            try:
                parsed = serial.decode(kept)
            except serial.NotSerial:
                pass
            else:
                self._used[key] = kept
                parsed.path = path
                return parsed
        parsed = parse_file(path, source)
        self._used[key] = serial.encode(parsed)
        self._new = True
        return parsed

    def save(self) -> None:
        """Keep the trees that this run used, if any was new."""
        if not self._new:
            return
        import msgspec

        try:
            make_folder(self.folder)
            write_sealed(self.file, msgspec.msgpack.encode([_key(), self._used]))
        except OSError:
            return

    def _load(self) -> dict[bytes, bytes]:
        if self._known is None:
            import msgspec

            self._known = {}
            try:
                key, known = msgspec.msgpack.decode(read_sealed(self.file), type=tuple[str, dict[bytes, bytes]])
                if key == _key():
                    self._known = known
            except (OSError, ValueError):
                pass
        return self._known


def _key() -> str:
    from edgelint.syntax import serial

    return blake2b(f"{fingerprint()} {serial.shape()}".encode(), digest_size=16).hexdigest()
