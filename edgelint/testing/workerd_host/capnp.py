"""Text of workerd's configuration: Cap'n Proto's own notation, as ``workerd serve`` reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

CF: Final = "x-edgelint-cf"
"""The header that bears ``cf`` of a request, both ways."""


def text(value: str) -> str:
    """A quoted string. What is not ASCII stays as it is (the file is UTF-8); control characters are escaped."""
    if value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    out = ['"']
    for char in value:
        code = ord(char)
        if char in '"\\':
            out.append("\\" + char)
        elif code < 32 or code == 127:
            out.append(f"\\x{code:02x}")
        else:
            out.append(char)
    return "".join((*out, '"'))


def struct(**fields: str | None) -> str:
    """``(a = 1, b = "x")``: the values are texts already, those that are None are left out."""
    return "(" + ", ".join(f"{name} = {value}" for name, value in fields.items() if value is not None) + ")"


def array(items: list[str]) -> str:
    """A list of texts."""
    return "[" + ",\n    ".join(items) + "]"


def external(name: str, address: str, headers: Mapping[str, str], style: str = "host") -> str:
    """A service that is reached over HTTP. ``headers`` are added to every request, ``style`` is "host" or "proxy" (the
    request line has the whole URL, and CF what the app said of the request in ``cf``)."""
    injected = array([struct(name=text(key), value=text(value)) for key, value in headers.items()])
    cf = text(CF) if style == "proxy" else None
    http = struct(style=style, injectRequestHeaders=injected, cfBlobHeader=cf)
    return struct(name=text(name), external=struct(address=text(address), http=http))


def variable(name: str, value: Any) -> str:
    """A binding of a plain value: text for a string, JSON for anything else."""
    if isinstance(value, str):
        return struct(name=text(name), text=text(value))
    return struct(name=text(name), json=text(json.dumps(value, ensure_ascii=False)))
