"""R2: a bucket, its objects and uploads in parts.

Facts: developers.cloudflare.com/r2/api/workers/workers-api-reference and /r2/platform/limits; the words of errors are
those of workerd (https://github.com/cloudflare/workerd/blob/main/src/workerd/api/r2-bucket.c++) and of the service
(``r2_store``). A bucket is strongly consistent, in production too.

Bodies are bytes here: that one is read once only, and streamed, is the matter of the host.
"""

from __future__ import annotations

from typing import Any, ClassVar

from edgelint.testing.bindings import r2_values as values
from edgelint.testing.bindings.base import Binding, Declared, Services
from edgelint.testing.bindings.r2_objects import R2Object, R2ObjectBody, R2Objects, Stored, described
from edgelint.testing.bindings.r2_store import (
    CLASSES,
    STANDARD,
    Described,
    R2Store,
    check_ssec,
    decoded_cursor,
    encoded_cursor,
)
from edgelint.testing.coercion import int32
from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.facade import Verbs
from edgelint.testing.operation import Operation
from edgelint.testing.values import UNDEFINED, Undefined

HONORS_INCLUDE = "2022-08-04"
"""From this compatibility date on ``list`` heeds ``include`` (the flag r2_list_honor_include)."""


class R2Bucket(Binding):
    """An R2 bucket."""

    kind: ClassVar[str] = "r2"

    def __init__(self, declared: Declared, services: Services) -> None:
        super().__init__(declared, services)
        self.store = services.shared(("r2", declared.resource), R2Store)

    async def head(self, key: Any) -> R2Object | None:
        """An object's description, None when there is none. Raises EdgeError."""
        name = values.key(key)

        def effect(operation: Operation) -> R2Object | None:
            stored = _found(operation, self.store.head("head", name))
            return None if stored is None else _whole(stored)

        return await self.perform("head", name, None, effect)

    async def get(
        self, key: Any, *, only_if: Any = UNDEFINED, range: Any = UNDEFINED, ssec_key: Any = UNDEFINED
    ) -> R2ObjectBody | R2Object | None:
        """An object with its body, None when there is none; its description alone when ``only_if`` does not hold.
        ``only_if``: {"etag_matches", "etag_does_not_match", "uploaded_before", "uploaded_after",
        "seconds_granularity"} or headers; ``range``: {"offset", "length"} or {"suffix"} in bytes, or headers.
        Raises EdgeError."""
        name = values.key(key)
        check_conditional = values.conditional(only_if, "GetOptions")
        check_range = values.byte_range(range)
        conditional, wanted, secret = check_conditional(), check_range(), values.ssec_key(ssec_key)

        def effect(operation: Operation) -> R2ObjectBody | R2Object | None:
            stored = _found(operation, self.store.head("get", name))
            if stored is None:
                return None
            if conditional is not None and not conditional.allows(stored.etag, stored.uploaded):
                return _whole(stored)
            offset, length = self.store.part_of(stored, wanted)
            check_ssec("get", stored, secret)
            operation.attributes["bytes"] = length
            fields = _fields(stored, {"offset": offset, "length": length})
            return R2ObjectBody(**fields, body=stored.content[offset : offset + length])

        request = {"onlyIf": conditional, "range": wanted, "ssecKey": secret is not None}
        return await self.perform("get", name, request, effect)

    async def put(
        self, key: Any, value: Any, *, only_if: Any = UNDEFINED, http_metadata: Any = UNDEFINED,
        custom_metadata: Any = UNDEFINED, md5: Any = UNDEFINED, sha1: Any = UNDEFINED, sha256: Any = UNDEFINED,
        sha384: Any = UNDEFINED, sha512: Any = UNDEFINED, storage_class: Any = UNDEFINED, ssec_key: Any = UNDEFINED,
    ) -> R2Object | None:  # fmt: skip
        """Store text or bytes (None: nothing); None when ``only_if`` does not hold. ``http_metadata``:
        {"content_type", "content_language", "content_disposition", "content_encoding", "cache_control",
        "cache_expiry"} or headers; one checksum at most. Raises EdgeError."""
        name = values.key(key)
        content = b"" if value is None or value is UNDEFINED else values.content(value, "put", "R2Bucket")
        digests = {"md5": md5, "sha1": sha1, "sha256": sha256, "sha384": sha384, "sha512": sha512}
        check_conditional = values.conditional(only_if, "PutOptions")
        http = values.http_metadata(http_metadata, "PutOptions")
        custom = values.custom_metadata(custom_metadata, "PutOptions")
        check_digests = values.checksum(digests)
        conditional, checksum = check_conditional(), check_digests()
        about = Described(http, custom, _class_of("put", storage_class), values.ssec_key(ssec_key))

        def effect(operation: Operation) -> R2Object | None:
            version = self.services.token()
            stored = self.store.put(name, content, about, checksum, conditional, version, self.clock.now)
            operation.attributes["stored"] = stored is not None
            return None if stored is None else R2Object(**_fields(stored, UNDEFINED))

        request = {"onlyIf": conditional, **about._asdict(), "ssec_key": about.ssec_key is not None}
        return await self.gate.perform(self.operation("put", name, request, bytes=len(content)), effect)

    async def delete(self, keys: Any) -> None:
        """Delete one key or several, there or not. Raises EdgeError."""
        names = values.keys(keys)
        single = names[0] if len(names) == 1 else None

        def effect(operation: Operation) -> None:
            self.store.delete(names)

        await self.gate.perform(self.operation("delete", single, {"keys": names}, keys=names), effect)

    async def list(
        self, *, limit: Any = UNDEFINED, prefix: Any = UNDEFINED, cursor: Any = UNDEFINED, delimiter: Any = UNDEFINED,
        start_after: Any = UNDEFINED, include: Any = UNDEFINED,
    ) -> R2Objects:  # fmt: skip
        """One page of objects by the bytes of their keys. ``include``: ["httpMetadata", "customMetadata"], for which a
        page may be shorter. Raises EdgeError."""
        most = None if isinstance(limit, Undefined) else int32(limit) % 2**32
        begins = values.optional_text(prefix, "prefix") or ""
        opaque = values.optional_text(cursor, "cursor")
        divider = values.optional_text(delimiter, "delimiter") or ""
        after = values.optional_text(start_after, "startAfter")
        wanted = values.included(include)
        if not self._honors_include():
            wanted = frozenset(("httpMetadata", "customMetadata"))
        if most == 2**32 - 1:  # workerd sends -1 as "no limit"
            most = None
        if opaque is not None:
            begin = decoded_cursor(opaque)
            after = begin if after is None or begin > after else after

        def effect(operation: Operation) -> R2Objects:
            page = self.store.list(most, begins, after, divider, wanted)
            operation.attributes["keys"] = [stored.key for stored in page.objects]
            following = UNDEFINED if page.last is None else encoded_cursor(page.last)
            objects = [_listed(stored, wanted) for stored in page.objects]
            return R2Objects(objects, page.last is not None, following, page.prefixes)

        request = {
            "limit": most, "prefix": begins, "cursor": opaque, "delimiter": divider, "startAfter": after,
            "include": sorted(wanted),
        }  # fmt: skip
        return await self.perform("list", None, request, effect)

    async def create_multipart_upload(
        self, key: Any, *, http_metadata: Any = UNDEFINED, custom_metadata: Any = UNDEFINED,
        storage_class: Any = UNDEFINED, ssec_key: Any = UNDEFINED,
    ) -> R2MultipartUpload:  # fmt: skip
        """Begin an upload in parts. Raises EdgeError."""
        name = values.key(key)
        http = values.http_metadata(http_metadata, "MultipartOptions")
        custom = values.custom_metadata(custom_metadata, "MultipartOptions")
        storage = _class_of("createMultipartUpload", storage_class)
        about = Described(http, custom, storage, values.ssec_key(ssec_key))

        def effect(operation: Operation) -> R2MultipartUpload:
            upload = self.services.token(64)
            self.store.create(name, about, upload, self.clock.now)
            return R2MultipartUpload(self, name, upload)

        request = {**about._asdict(), "ssec_key": about.ssec_key is not None}
        return await self.perform("createMultipartUpload", name, request, effect)

    def resume_multipart_upload(self, key: Any, upload_id: Any) -> R2MultipartUpload:
        """An upload by its id; whether there is one is not asked."""
        return R2MultipartUpload(self, values.key(key), values.key(upload_id))

    def _honors_include(self) -> bool:
        if not self.declared.worker:
            return True
        config = self.services.worker_named(self.declared.worker).config
        return config.compatibility_date >= HONORS_INCLUDE or "r2_list_honor_include" in config.compatibility_flags


class R2MultipartUpload(Verbs):
    """An upload in parts."""

    __slots__ = ("_bucket", "key", "upload_id")

    def __init__(self, bucket: R2Bucket, key: str, upload_id: str) -> None:
        self._bucket = bucket
        self.key = key
        self.upload_id = upload_id

    async def upload_part(self, part_number: Any, value: Any, *, ssec_key: Any = UNDEFINED) -> dict[str, Any]:
        """Upload one part: {"partNumber", "etag"}, which ``complete`` takes. Raises EdgeError."""
        check_number = values.part_number(part_number)
        content = values.content(value, "uploadPart", "R2MultipartUpload")
        number = check_number()
        secret = values.ssec_key(ssec_key)
        bucket = self._bucket

        def effect(operation: Operation) -> dict[str, Any]:
            etag = bucket.services.token(64)
            bucket.store.add_part(self.key, self.upload_id, number, content, secret, etag, bucket.clock.now)
            return {"partNumber": number, "etag": etag}

        request = {"uploadId": self.upload_id, "partNumber": number}
        operation = bucket.operation("uploadPart", self.key, request, bytes=len(content))
        return await bucket.gate.perform(operation, effect)

    async def complete(self, uploaded_parts: Any) -> R2Object:
        """Make the object of parts, each but the last of one size and at least 5 MiB. Raises EdgeError."""
        if not isinstance(uploaded_parts, (list, tuple)):
            raise type_error("Failed to execute 'complete' on 'R2MultipartUpload': parameter 1 is not of type 'Array'.")
        given = [_uploaded(index, part) for index, part in enumerate(uploaded_parts)]
        chosen = [(check_number(), etag) for check_number, etag in given]
        bucket = self._bucket

        def effect(operation: Operation) -> R2Object:
            version = bucket.services.token()
            stored = bucket.store.complete(self.key, self.upload_id, chosen, version, bucket.clock.now)
            operation.attributes["bytes"] = stored.size
            return R2Object(**_fields(stored, UNDEFINED))

        request = {"uploadId": self.upload_id, "parts": [number for number, _ in chosen]}
        return await bucket.perform("complete", self.key, request, effect)

    async def abort(self) -> None:
        """Give the upload up; again does nothing. Raises EdgeError."""
        bucket = self._bucket

        def effect(operation: Operation) -> None:
            bucket.store.abort(self.key, self.upload_id, bucket.clock.now)

        await bucket.perform("abort", self.key, {"uploadId": self.upload_id}, effect)

    def __repr__(self) -> str:
        return f"R2MultipartUpload({self.key!r})"


def _uploaded(index: int, part: Any) -> tuple[values.Check[int], str]:
    if not isinstance(part, dict):
        raise type_error(f"Incorrect type for array element {index}: the provided value is not of type 'UploadedPart'.")
    number = part.get("partNumber", part.get("part_number", UNDEFINED))
    return values.part_number(number), values.key(part.get("etag", UNDEFINED))


def _class_of(action: str, storage_class: Any) -> str:
    if isinstance(storage_class, Undefined):
        return STANDARD
    found = values.key(storage_class)
    if found not in CLASSES:
        raise EdgeError(f"{action}: '{found}' is no storage class.")  # production's words are not known
    return found


def _found(operation: Operation, stored: Stored | None) -> Stored | None:
    operation.outcome = "miss" if stored is None else "hit"
    return stored


def _fields(stored: Stored, range: dict[str, int] | Undefined) -> dict[str, Any]:
    return described(stored, range, dict(stored.http_metadata), dict(stored.custom_metadata))


def _whole(stored: Stored) -> R2Object:
    return R2Object(**_fields(stored, {"offset": 0, "length": stored.size}))


def _listed(stored: Stored, wanted: frozenset[str]) -> R2Object:
    http = dict(stored.http_metadata) if "httpMetadata" in wanted else UNDEFINED
    custom = dict(stored.custom_metadata) if "customMetadata" in wanted else UNDEFINED
    return R2Object(**described(stored, UNDEFINED, http, custom))
