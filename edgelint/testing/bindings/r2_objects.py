"""What R2 gives back: objects without and with their body, and pages of them."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

from edgelint.testing.bindings.r2_values import HTTP_FIELDS
from edgelint.testing.errors import type_error
from edgelint.testing.values import UNDEFINED, Undefined

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stored:
    """One object of a bucket. ``uploaded`` is in whole ms since the epoch; ``checksums`` are digests by algorithm;
    ``ssec_md5`` is the digest of the customer's key in hex, None without one."""

    key: str
    content: bytes
    version: str
    etag: str
    uploaded: float
    http_metadata: Mapping[str, Any]
    custom_metadata: Mapping[str, str]
    checksums: Mapping[str, bytes]
    storage_class: str
    ssec_md5: str | None = None

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.content)


@dataclass(frozen=True, slots=True)
class R2Object:
    """An object's description. ``http_metadata`` (by the platform's names, ``cacheExpiry`` a datetime) and
    ``custom_metadata`` are UNDEFINED in a list that did not ask for them; ``range`` is {"offset", "length"} in bytes,
    UNDEFINED after a write and in a list; ``checksums`` are digests by algorithm ("md5")."""

    key: str
    version: str
    size: int
    etag: str
    uploaded: datetime
    http_metadata: dict[str, Any] | Undefined
    custom_metadata: dict[str, str] | Undefined
    range: dict[str, int] | Undefined
    checksums: dict[str, bytes]
    storage_class: str
    ssec_key_md5: str | Undefined

    @property
    def http_etag(self) -> str:
        """The etag in quotes, as a header has it."""
        return f'"{self.etag}"'

    def write_http_metadata(self, headers: MutableMapping[str, str]) -> None:
        """Set the headers that the HTTP metadata says. Raises EdgeError (TypeError) for an object of a list that did
        not include it."""
        if isinstance(self.http_metadata, Undefined):
            raise type_error(
                f"HTTP metadata unknown for key `{self.key}`. "
                "Did you forget to add 'httpMetadata' to `include` when listing?"
            )
        for name, (_, header) in HTTP_FIELDS.items():
            value = self.http_metadata.get(name)
            if value is not None:
                headers[header] = format_datetime(value, usegmt=True) if isinstance(value, datetime) else value


@dataclass(frozen=True, slots=True)
class R2ObjectBody(R2Object):
    """An object with its content, or the part of it that was asked for."""

    body: bytes = field(default=b"", repr=False)

    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode("utf-8-sig", "replace")


@dataclass(frozen=True, slots=True)
class R2Objects:
    """A page of a list. ``cursor`` is UNDEFINED on the last one."""

    objects: list[R2Object]
    truncated: bool
    cursor: str | Undefined
    delimited_prefixes: list[str]


def described(
    stored: Stored, range: dict[str, int] | Undefined, http_metadata: dict[str, Any] | Undefined,
    custom_metadata: dict[str, str] | Undefined,
) -> dict[str, Any]:  # fmt: skip
    """The fields of an R2Object."""
    return {
        "key": stored.key, "version": stored.version, "size": stored.size, "etag": stored.etag,
        "uploaded": _EPOCH + timedelta(milliseconds=stored.uploaded), "http_metadata": http_metadata,
        "custom_metadata": custom_metadata, "range": range, "checksums": dict(stored.checksums),
        "storage_class": stored.storage_class,
        "ssec_key_md5": UNDEFINED if stored.ssec_md5 is None else stored.ssec_md5,
    }  # fmt: skip
