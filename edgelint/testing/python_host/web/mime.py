"""Media types: what Content-Type says (https://mimesniff.spec.whatwg.org/#parsing-a-mime-type)."""

from __future__ import annotations

import re
from typing import Final

_ESSENCE: Final = re.compile(r"\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*(?:;(.*))?$", re.S)
_PARAMETER: Final = re.compile(r'\s*([^=;]+)(?:=(?:"((?:[^"\\]|\\.)*)"[^;]*|([^;]*)))?(?:;|$)', re.S)


def parse(value: str) -> tuple[str, dict[str, str]] | None:
    """The type in lower case and its parameters (the first of each name); None for what is no media type."""
    found = _ESSENCE.match(value)
    if found is None:
        return None
    parameters: dict[str, str] = {}
    for name, quoted, bare in _PARAMETER.findall(found[2] or ""):
        plain = re.sub(r"\\(.)", r"\1", quoted, flags=re.S) if quoted else bare.strip()
        if plain:
            parameters.setdefault(name.strip().lower(), plain)
    return found[1].lower(), parameters

