"""Ids of Durable Objects, made as workerd makes them: the same name has the same id as in ``wrangler dev``.

Facts: https://github.com/cloudflare/workerd/blob/main/src/workerd/server/actor-id-impl.c++ (there jurisdictions are not
implemented; here each is a key of its own) and developers.cloudflare.com/durable-objects/reference/data-location.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from edgelint.testing.errors import EdgeError, type_error

JURISDICTIONS: Final = ("eu", "fedramp", "fedramp-high", "us")
BAD_ID: Final = "Invalid Durable Object ID: must be 64 hex digits"
FOREIGN_ID: Final = "Durable Object ID is not valid for this namespace."
_BASE: Final = 16
"""Bytes of an id that say which object it is; as many behind them prove that it is of this namespace."""
_HEX: Final = re.compile("[0-9a-fA-F]{64}")


class DurableObjectId:
    """The id of one object. ``name`` is what it was made from, None when nothing tells."""

    __slots__ = ("_hex", "name", "jurisdiction")

    def __init__(self, text: str, name: str | None = None, jurisdiction: str | None = None) -> None:
        self._hex = text
        self.name = name
        self.jurisdiction = jurisdiction

    def __str__(self) -> str:
        return self._hex

    def __repr__(self) -> str:
        return f"DurableObjectId({self._hex!r}{'' if self.name is None else f', {self.name!r}'})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DurableObjectId) and self._hex == other._hex

    def __hash__(self) -> int:
        return hash(self._hex)

    def equals(self, other: DurableObjectId) -> bool:
        """Whether both are the id of one object."""
        return self == other


class IdFactory:
    """Makes the ids of one namespace. ``unique_key`` says which namespace: the script's and the class's name, as
    wrangler joins them; ``jurisdiction`` narrows it."""

    def __init__(self, unique_key: str, jurisdiction: str | None = None) -> None:
        self.unique_key = unique_key
        self.jurisdiction = jurisdiction
        text = unique_key if jurisdiction is None else f"{unique_key}\0{jurisdiction}"
        self._key = hashlib.sha256(text.encode("utf-8", "replace")).digest()

    def from_name(self, name: str) -> DurableObjectId:
        """The id that belongs to a name."""
        return self._made(self._mac(name.encode("utf-8", "replace")), name)

    def unique(self, random: bytes) -> DurableObjectId:
        """A new id from 16 random bytes."""
        return self._made(random, None)

    def from_string(self, text: str) -> DurableObjectId:
        """The id that ``str`` gave. Raises EdgeError (TypeError) for what is none, or none of this namespace."""
        if _HEX.fullmatch(text) is None:
            raise type_error(BAD_ID)
        given = bytes.fromhex(text)
        candidates = [self.jurisdiction] if self.jurisdiction is not None else [None, *JURISDICTIONS]
        for jurisdiction in candidates:
            factory = IdFactory(self.unique_key, jurisdiction)
            if factory._mac(given[:_BASE]) == given[_BASE:]:
                return DurableObjectId(given.hex(), None, jurisdiction)
        raise type_error(FOREIGN_ID)

    def within(self, jurisdiction: str | None) -> IdFactory:
        """The same namespace in a jurisdiction. Raises EdgeError for one that is not known."""
        if jurisdiction is not None and jurisdiction not in JURISDICTIONS:
            raise EdgeError(f"Invalid jurisdiction: {jurisdiction} (known: {', '.join(JURISDICTIONS)}).")
        return IdFactory(self.unique_key, jurisdiction)

    def matches(self, given: DurableObjectId) -> bool:
        """Whether an id may be used here: a narrowed namespace takes its own only."""
        return self.jurisdiction is None or given.jurisdiction == self.jurisdiction

    def _mac(self, data: bytes) -> bytes:
        return hmac.new(self._key, data, "sha256").digest()[:_BASE]

    def _made(self, base: bytes, name: str | None) -> DurableObjectId:
        return DurableObjectId((base + self._mac(base)).hex(), name, self.jurisdiction)
