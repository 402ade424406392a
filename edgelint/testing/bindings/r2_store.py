"""The contents of a bucket, and the service in front of it: what it refuses, in its own words.

https://github.com/cloudflare/workers-sdk/tree/main/packages/miniflare/src/workers/r2; codes:
https://developers.cloudflare.com/r2/api/error-codes/. An error's code is the end of its message, as in production; the
error itself has none.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from edgelint.platform import fault_words, limits
from edgelint.testing.bindings.r2_objects import Stored
from edgelint.testing.bindings.r2_values import HASHES, Conditional, Range, metadata_size
from edgelint.testing.errors import EdgeError

_DAY: Final = 86_400_000  # ms
_BASE64: Final = re.compile("[^A-Za-z0-9+/_-]")
STANDARD: Final = "Standard"
CLASSES: Final = (STANDARD, "InfrequentAccess")


class Described(NamedTuple):
    """What is stored with a value besides it."""

    http_metadata: Mapping[str, Any]
    custom_metadata: Mapping[str, str]
    storage_class: str
    ssec_key: bytes | None


@dataclass(slots=True)
class _Part:
    content: bytes
    etag: str


@dataclass(slots=True)
class _Upload:
    key: str
    described: Described
    created: float  # ms since the epoch
    open: bool = True
    parts: dict[int, _Part] = field(default_factory=dict)


class Page(NamedTuple):
    """A page of a list: objects and prefixes in order, and what comes next begins after ``last`` (None: nothing)."""

    objects: list[Stored]
    prefixes: list[str]
    last: str | None


def failed(action: str, code: int) -> EdgeError:
    """What workerd makes of an answer of the service."""
    return EdgeError(fault_words.r2_message(action, code))


class R2Store:
    """The contents of a bucket. With ``limit_writes`` a second write to a key within a second is refused (10058), as
    production does at times (developers.cloudflare.com/r2/platform/limits: one write a second to one key)."""

    def __init__(self) -> None:
        self.objects: dict[str, Stored] = {}
        self.limit_writes = False
        self._uploads: dict[str, _Upload] = {}
        self._last_write: dict[str, float] = {}

    def head(self, action: str, key: str) -> Stored | None:
        """The object of a key. Raises EdgeError."""
        _check_key(action, key)
        return self.objects.get(key)

    def part_of(self, stored: Stored, wanted: Range | None) -> tuple[int, int]:
        """(offset, length) of what is asked for. Raises EdgeError."""
        found = (0, stored.size) if wanted is None else wanted.of(stored.size)
        if found is None:
            raise failed("get", 10039)
        return found

    def put(
        self, key: str, content: bytes, described: Described, checksum: tuple[str, bytes] | None,
        only_if: Conditional | None, version: str, now: float,
    ) -> Stored | None:  # fmt: skip
        """Store an object; None when the condition does not hold. Raises EdgeError."""
        _check_key("put", key)
        if len(content) > limits.R2_MAX_SINGLE_PUT:
            raise failed("put", 100100)
        check_metadata("put", described)
        md5 = hashlib.md5(content, usedforsecurity=False).digest()
        checksums = {"md5": md5}
        if checksum is not None:
            checksums[checksum[0]] = _verified(content, *checksum)
        before = self.objects.get(key)
        etag, uploaded = (None, 0.0) if before is None else (before.etag, before.uploaded)
        if only_if is not None and not only_if.allows(etag, uploaded):
            return None
        self._count_write("put", key, now)
        stored = _stored(key, content, version, md5.hex(), now, described, checksums)
        self.objects[key] = stored
        return stored

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects, there or not. Raises EdgeError."""
        if len(keys) > limits.R2_MAX_DELETE:
            raise failed("delete", 10022)  # documented; production's words are not known
        for key in keys:
            _check_key("delete", key)
        for key in keys:
            self.objects.pop(key, None)

    def list(self, limit: int | None, prefix: str, after: str | None, delimiter: str, included: Iterable[str]) -> Page:
        """A page of objects by the bytes of their keys. Raises EdgeError."""
        most = limits.R2_MAX_LIST if limit is None else limit
        if not 1 <= most <= limits.R2_MAX_LIST:
            raise failed("list", 10022)
        if included:
            most = min(most, limits.R2_MAX_LIST_WITH_METADATA)
        groups: dict[tuple[bool, str], str] = {}  # (is a prefix, name) -> the last key of it
        for key in sorted(self.objects):
            if key.startswith(prefix) and (after is None or key > after):
                at = key.find(delimiter, len(prefix)) if delimiter else -1
                groups[(True, key[: at + len(delimiter)]) if at >= 0 else (False, key)] = key
        ordered = sorted(groups.items(), key=lambda item: item[1])
        page = ordered[:most]
        return Page(
            [self.objects[name] for (is_prefix, name), _ in page if not is_prefix],
            [name for (is_prefix, name), _ in page if is_prefix],
            page[-1][1] if len(ordered) > most else None,
        )

    # -- uploads in parts ----------------------------------------------------------------------------------------------

    def create(self, key: str, described: Described, upload: str, now: float) -> None:
        """Begin an upload. Raises EdgeError."""
        _check_key("createMultipartUpload", key)
        check_metadata("createMultipartUpload", described)
        self._uploads[upload] = _Upload(key, described, now)

    def add_part(
        self, key: str, upload: str, number: int, content: bytes, ssec_key: bytes | None, etag: str, now: float
    ) -> None:
        """Take a part, in place of one with its number. Raises EdgeError."""
        _check_key("uploadPart", key)
        found = self._upload(key, upload, now)
        if found is None or not found.open:
            raise failed("uploadPart", 10024)
        if len(content) > limits.R2_MAX_SINGLE_PUT:
            raise failed("uploadPart", 100100)
        if ssec_key != found.described.ssec_key:
            raise _other_key("uploadPart")
        found.parts[number] = _Part(content, etag)

    def complete(
        self, key: str, upload: str, chosen: Sequence[tuple[int, str]], version: str, now: float
    ) -> Stored:
        """Make the object of the chosen (number, etag). Raises EdgeError."""
        action = "completeMultipartUpload"
        _check_key(action, key)
        found = self._upload(key, upload, now)
        if found is None:
            raise failed(action, 10001)
        if not found.open:
            raise failed(action, 10024)
        if len({number for number, _ in chosen}) < len(chosen):
            raise failed(action, 10001)
        parts: list[tuple[int, _Part]] = []
        for number, etag in chosen:
            part = found.parts.get(number)
            if part is None or part.etag != etag:
                raise failed(action, 10025)
            parts.append((number, part))
        if any(len(part.content) < limits.R2_MIN_PART for _, part in parts[:-1]):
            raise failed(action, 10011)
        parts.sort(key=lambda each: each[0])
        sizes = [len(part.content) for _, part in parts]
        if any(size < limits.R2_MIN_PART or size != sizes[0] for size in sizes[:-1]) or sizes[-1:] > sizes[:1]:
            raise failed(action, 10048)
        self._count_write(action, key, now)
        joined = b"".join(hashlib.md5(part.content, usedforsecurity=False).digest() for _, part in parts)
        etag = f"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(parts)}"
        content = b"".join(part.content for _, part in parts)
        stored = _stored(key, content, version, etag, now, found.described, {})
        self.objects[key] = stored
        found.open = False
        found.parts.clear()
        return stored

    def abort(self, key: str, upload: str, now: float) -> None:
        """Give an upload up; one that is over stays as it is. Raises EdgeError."""
        _check_key("abortMultipartUpload", key)
        found = self._upload(key, upload, now)
        if found is None:
            raise failed("abortMultipartUpload", 10001)
        found.open = False
        found.parts.clear()

    def _upload(self, key: str, upload: str, now: float) -> _Upload | None:
        found = self._uploads.get(upload)
        if found is None or found.key != key:
            return None
        if found.open and now >= found.created + limits.R2_UPLOAD_DAYS * _DAY:
            found.open = False
            found.parts.clear()
        return found

    def _count_write(self, action: str, key: str, now: float) -> None:
        last = self._last_write.get(key)
        if self.limit_writes and last is not None and now - last < 1000 / limits.R2_MAX_WRITES_PER_SECOND_PER_KEY:
            raise failed(action, 10058)
        self._last_write[key] = now


def check_ssec(action: str, stored: Stored, ssec_key: bytes | None) -> None:
    """A content under a customer's key is read with that key. Raises EdgeError, in words that are not production's."""
    if stored.ssec_md5 != _md5(ssec_key):
        raise _other_key(action)


def check_metadata(action: str, described: Described) -> None:
    """Raises EdgeError for metadata that is too large."""
    if metadata_size(described.custom_metadata) > limits.R2_MAX_METADATA:
        raise failed(action, 10012)


def encoded_cursor(key: str) -> str:
    """A cursor for the page after ``key``."""
    return base64.b64encode(key.encode()).decode()


def decoded_cursor(cursor: str) -> str:
    """The key that a cursor says, "" for what is none."""
    text = _BASE64.sub("", cursor).replace("-", "+").replace("_", "/")
    text = text[: len(text) - 1] if len(text) % 4 == 1 else text
    return base64.b64decode(text + "=" * (-len(text) % 4)).decode("utf-8", "replace")


def _stored(
    key: str, content: bytes, version: str, etag: str, now: float, described: Described, checksums: Mapping[str, bytes]
) -> Stored:
    return Stored(
        key, content, version, etag, now // 1, described.http_metadata, described.custom_metadata, checksums,
        described.storage_class, _md5(described.ssec_key),
    )  # fmt: skip


def _md5(key: bytes | None) -> str | None:
    return None if key is None else hashlib.md5(key, usedforsecurity=False).hexdigest()


def _other_key(action: str) -> EdgeError:
    return EdgeError(f"{action}: The object is encrypted with another SSE-C key, or with none.")


def _check_key(action: str, key: str) -> None:
    if len(key.encode()) > limits.R2_MAX_KEY:
        raise failed(action, 10020)


def _verified(content: bytes, algorithm: str, digest: bytes) -> bytes:
    found = hashlib.new(algorithm, content, usedforsecurity=False).digest()
    if found != digest:
        title = HASHES[algorithm][0]
        raise EdgeError(
            f"put: The {title} checksum you specified did not match what we received.\n"
            f"You provided a {title} checksum with value: {digest.hex()}\nActual {title} was: {found.hex()} (10037)"
        )
    return found
