"""atob and btoa (https://html.spec.whatwg.org/#atob), with workerd's words of refusal."""

from __future__ import annotations

import base64
import re
from typing import Any, Final

from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.web.base import MISSING, text

_WHITESPACE: Final = re.compile(r"[\t\n\f\r ]+")
_ALPHABET: Final = re.compile(r"[A-Za-z0-9+/]*")
_REFUSED: Final = (
    "atob() called with invalid base64-encoded data. (Only whitespace, '+', '/', alphanumeric ASCII, and up to two "
    "terminal '=' signs when the input data length is divisible by 4 are allowed.)"
)


def btoa(data: Any = MISSING) -> str:
    """Base64 of a string of bytes. Raises EdgeError (InvalidCharacterError) for a character over U+00FF."""
    try:
        raw = text(data, "btoa on ServiceWorkerGlobalScope 1").encode("latin-1")
    except UnicodeEncodeError:
        raise EdgeError(
            "btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range.", "InvalidCharacterError"
        ) from None
    return base64.b64encode(raw).decode("ascii")


def atob(data: Any = MISSING) -> str:
    """The string of bytes that a Base64 text stands for. Raises EdgeError (InvalidCharacterError) for what is none."""
    packed = _WHITESPACE.sub("", text(data, "atob on ServiceWorkerGlobalScope 1"))
    if len(packed) % 4 == 0:
        packed = re.sub("={1,2}$", "", packed)
    if len(packed) % 4 == 1 or not _ALPHABET.fullmatch(packed):
        raise EdgeError(_REFUSED, "InvalidCharacterError")
    return base64.b64decode(packed + "=" * (-len(packed) % 4)).decode("latin-1")
