"""TextEncoder and TextDecoder (https://encoding.spec.whatwg.org/). The table of labels is webencodings'."""

from __future__ import annotations

import codecs
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from edgelint.testing.errors import range_error, type_error
from edgelint.testing.python_host.web.base import (
    MISSING,
    WebObject,
    field,
    given,
    is_buffer,
    or_else,
    text,
    truth,
    wrong_type,
)  # fmt: skip
from edgelint.testing.python_host.web.urls import scalars

if TYPE_CHECKING:
    from webencodings import Encoding

_BOMS: Final = frozenset(("utf-8", "utf-16le", "utf-16be"))
"""Encodings whose byte order mark is not part of the text."""
_SINGLE: Final = ("windows-", "iso-8859-", "koi8-", "macintosh", "x-mac-", "ibm866")


class _Decoder(Protocol):
    def decode(self, data: bytes, final: bool = False) -> str: ...

    def reset(self) -> None: ...


class TextEncoder(WebObject):
    """UTF-8 of a string."""

    @property
    def encoding(self) -> str:
        """ "utf-8"."""
        return "utf-8"

    def encode(self, value: Any = MISSING) -> bytes:
        """Its bytes; a lone surrogate becomes U+FFFD."""
        return scalars(text(value)).encode() if given(value) else b""

    def encodeInto(self, value: Any = MISSING, into: Any = MISSING) -> dict[str, int]:
        """Write as many whole characters as fit into a writable buffer. Returns UTF-16 units ``read`` and bytes
        ``written``."""
        source = scalars(text(value, "encodeInto on TextEncoder 1"))
        if not is_buffer(into) or isinstance(into, bytes):
            raise wrong_type("encodeInto on TextEncoder 2", "Uint8Array")
        room = memoryview(into).cast("B")
        read = written = 0
        for char in source:
            piece = char.encode()
            if written + len(piece) > len(room):
                break
            room[written : written + len(piece)] = piece
            written += len(piece)
            read += 1 if char <= "\uffff" else 2
        return {"read": read, "written": written}


class TextDecoder(WebObject):
    """Text of bytes in one of the encodings of the Web."""

    def __init__(self, label: Any = MISSING, options: Any = MISSING) -> None:
        named = text(or_else(label, "utf-8"))
        found = _lookup(named)
        if found is None or found.name == "replacement":
            raise range_error(f'"{named}" is not a valid encoding.')
        self._encoding = found
        self._fatal = truth(field(options, "fatal"))
        self._ignore_bom = truth(field(options, "ignoreBOM"))
        self._decoder = _decoder(found, self._fatal)
        self._at_start = True

    @property
    def encoding(self) -> str:
        """The name of the encoding, in lower case."""
        return str(self._encoding.name)

    @property
    def fatal(self) -> bool:
        """Whether malformed bytes are an error."""
        return self._fatal

    @property
    def ignoreBOM(self) -> bool:
        """Whether a byte order mark stays in the text."""
        return self._ignore_bom

    def decode(self, data: Any = MISSING, options: Any = MISSING) -> str:
        """The text of ``data`` after what earlier calls with ``stream`` left over. Raises EdgeError (TypeError) for
        malformed bytes when ``fatal``."""
        if given(data) and not is_buffer(data):
            raise wrong_type("decode on TextDecoder 1", "Array")
        streaming = truth(field(options, "stream"))
        found = self._decode(bytes(data) if given(data) else b"", final=not streaming)
        if not streaming:
            self._restart()
        return found

    def _decode(self, data: bytes, *, final: bool) -> str:
        try:
            found = self._decoder.decode(data, final)
        except UnicodeError:
            self._restart()
            raise type_error("Failed to decode input.") from None
        if found and self._at_start:
            self._at_start = False
            if self._encoding.name in _BOMS and not self._ignore_bom:
                found = found.removeprefix("\ufeff")
        return found

    def _restart(self) -> None:
        self._decoder.reset()
        self._at_start = True


def _lookup(label: str) -> Encoding | None:
    import webencodings

    return webencodings.lookup(label.strip("\t\n\f\r "))


def _decoder(encoding: Encoding, fatal: bool) -> _Decoder:
    if encoding.name.startswith(_SINGLE):
        return _SingleByte(_table(encoding.codec_info), fatal)
    made: _Decoder = encoding.codec_info.incrementaldecoder("strict" if fatal else "replace")
    return made


class _SingleByte:
    """Encodings of one byte a character. Bytes that Python's tables leave open are C1 controls in those of the Web
    (https://encoding.spec.whatwg.org/#legacy-single-byte-encodings); what is open there too is an error."""

    def __init__(self, table: str, fatal: bool) -> None:
        self._table = table
        self._fatal = fatal

    def decode(self, data: bytes, final: bool = False) -> str:
        found = data.decode("latin-1").translate(dict(enumerate(self._table)))
        if self._fatal and "\ufffd" in found:
            raise UnicodeError("no such character")
        return found

    def reset(self) -> None:
        return


@cache
def _table(codec: codecs.CodecInfo) -> str:
    return "".join(_character(codec, byte) for byte in range(256))


def _character(codec: codecs.CodecInfo, byte: int) -> str:
    try:
        return codec.decode(bytes([byte]), "strict")[0]
    except UnicodeError:
        return chr(byte) if 0x80 <= byte < 0xA0 else "\ufffd"


def utf8(data: bytes) -> str:
    """UTF-8 decode as bodies are read: malformed bytes become U+FFFD, a byte order mark goes."""
    return data.decode("utf-8", "replace").removeprefix("\ufeff")
