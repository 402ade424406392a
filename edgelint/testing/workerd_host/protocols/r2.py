"""R2, as workerd asks for it: JSON before the content, in both directions.

https://github.com/cloudflare/workerd/blob/main/src/workerd/api/r2-rpc.c++ (the frame) and r2-api.capnp (the JSON, where
64-bit numbers are texts). What only reads is a GET with the JSON in a header; everything else is a PUT whose body
begins with it. workerd refuses wrong arguments by itself; an error of the service is a header with its number.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.bindings.r2 import R2Bucket, R2MultipartUpload
from edgelint.testing.bindings.r2_objects import R2Object, R2ObjectBody
from edgelint.testing.bindings.r2_values import HASHES, Conditional, Etag, Range
from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.values import UNDEFINED, Undefined
from edgelint.testing.workerd_host.capnp import text
from edgelint.testing.workerd_host.protocols import Wiring
from edgelint.testing.workerd_host.protocols.failing import lost

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared

_SIZE: Final = "CF-R2-Metadata-Size"
_REQUEST: Final = "CF-R2-Request"
_ERROR: Final = "CF-R2-Error"
_SAID: Final = re.compile(r"(?:(?P<action>[A-Za-z]+): )?(?P<words>.*?)(?: \((?P<code>\d+)\))?", re.DOTALL)
_NOT_FOUND: Final = (404, 10007, "The specified key does not exist.")
_CONDITION: Final = (412, 10031, "At least one of the pre-conditions you specified did not hold.")
"""Status, code and words that workerd takes for null, or for an object without a body."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNLIMITED: Final = 2**32 - 1
_INCLUDED: Final = ("httpMetadata", "customMetadata")
Asked = Mapping[str, Any]


def wiring(declared: Declared, service: str) -> Wiring:
    """workerd's own bucket."""
    return Wiring(f"r2Bucket = {text(service)}")


async def answer(binding: R2Bucket, request: HttpRequest) -> HttpResponse:
    """One call of a bucket, or of an upload in parts."""
    size = request.header(_SIZE)
    head = request.header(_REQUEST) if size is None else request.body[: int(size)]
    content = b"" if size is None else request.body[int(size) :]
    asked: Asked = json.loads(head or "")
    try:
        return await _METHODS[asked["method"]](binding, asked, content)
    except EdgeError as error:
        return _failure(error)


async def _head(binding: R2Bucket, asked: Asked, content: bytes) -> HttpResponse:
    found = await binding.head(asked["object"])
    return _error(*_NOT_FOUND) if found is None else _described(_written(found))


async def _get(binding: R2Bucket, asked: Asked, content: bytes) -> HttpResponse:
    found = await binding.get(
        asked["object"], only_if=_conditional(asked.get("onlyIf")), range=_range(asked), ssec_key=_secret(asked)
    )
    if found is None:
        return _error(*_NOT_FOUND)
    if isinstance(found, R2ObjectBody):
        return _described(_written(found), found.body)
    refused = _error(*_CONDITION)
    described = _described(_written(found))
    return HttpResponse(refused.status, [*refused.headers, *described.headers], described.body)


async def _put(binding: R2Bucket, asked: Asked, content: bytes) -> HttpResponse:
    digests: dict[str, Any] = {
        name: base64.b64decode(asked[name]) if name == "md5" else bytes.fromhex(asked[name])
        for name in HASHES
        if name in asked
    }
    found = await binding.put(
        asked["object"], content, only_if=_conditional(asked.get("onlyIf")),
        storage_class=asked.get("storageClass", UNDEFINED), ssec_key=_secret(asked), **_metadata(asked), **digests,
    )  # fmt: skip
    return _error(*_CONDITION) if found is None else _json(_written(found))


async def _delete(binding: R2Bucket, asked: Asked, content: bytes) -> HttpResponse:
    await binding.delete(asked["objects"] if "objects" in asked else asked["object"])
    return HttpResponse(200)


async def _list(binding: R2Bucket, asked: Asked, content: bytes) -> HttpResponse:
    limit = asked.get("limit", _UNLIMITED)
    page = await binding.list(
        # the number without a sign of one with a sign that the app gave: -1 is none
        limit=UNDEFINED if limit == _UNLIMITED else limit if limit < 2**31 else limit - 2**32,
        prefix=asked.get("prefix", UNDEFINED), cursor=asked.get("cursor", UNDEFINED),
        delimiter=asked.get("delimiter", UNDEFINED), start_after=asked.get("startAfter", UNDEFINED),
        include=[_INCLUDED[field] for field in asked.get("include", ())],
    )  # fmt: skip
    written = {
        "objects": [_written(each) for each in page.objects], "truncated": page.truncated,
        "delimitedPrefixes": page.delimited_prefixes,
    }  # fmt: skip
    if not isinstance(page.cursor, Undefined):
        written["cursor"] = page.cursor
    return _described(written)


async def _create(binding: R2Bucket, asked: Asked, content: bytes) -> HttpResponse:
    upload = await binding.create_multipart_upload(
        asked["object"], storage_class=asked.get("storageClass", UNDEFINED), ssec_key=_secret(asked), **_metadata(asked)
    )
    return _json({"uploadId": upload.upload_id})


async def _upload_part(binding: R2Bucket, asked: Asked, content: bytes) -> HttpResponse:
    part = await _upload(binding, asked).upload_part(asked["partNumber"], content, ssec_key=_secret(asked))
    return _json({"etag": part["etag"]})


async def _complete(binding: R2Bucket, asked: Asked, content: bytes) -> HttpResponse:
    parts = [{"partNumber": part["part"], "etag": part["etag"]} for part in asked["parts"]]
    return _json(_written(await _upload(binding, asked).complete(parts)))


async def _abort(binding: R2Bucket, asked: Asked, content: bytes) -> HttpResponse:
    await _upload(binding, asked).abort()
    return HttpResponse(200)


_METHODS: Final[Mapping[str, Callable[[R2Bucket, Asked, bytes], Awaitable[HttpResponse]]]] = {
    "head": _head, "get": _get, "put": _put, "delete": _delete, "list": _list, "createMultipartUpload": _create,
    "uploadPart": _upload_part, "completeMultipartUpload": _complete, "abortMultipartUpload": _abort,
}  # fmt: skip


# -- what is asked ---------------------------------------------------------------------------------------------------


def _upload(binding: R2Bucket, asked: Asked) -> R2MultipartUpload:
    return binding.resume_multipart_upload(asked["object"], asked["uploadId"])


def _secret(asked: Asked) -> Any:
    return asked["ssec"]["key"] if "ssec" in asked else UNDEFINED


def _conditional(given: Asked | None) -> Conditional | Undefined:
    if given is None:
        return UNDEFINED
    return Conditional(
        _etags(given.get("etagMatches")), _etags(given.get("etagDoesNotMatch")), _signed(given.get("uploadedBefore")),
        _signed(given.get("uploadedAfter")), bool(given.get("secondsGranularity")),
    )  # fmt: skip


def _etags(given: list[Asked] | None) -> tuple[Etag, ...] | None:
    if given is None:
        return None
    return tuple(
        Etag(None if each["type"] == "wildcard" else each.get("value", ""), each["type"] == "weak") for each in given
    )


def _range(asked: Asked) -> Range | Undefined:
    if "rangeHeader" in asked:
        return Range(header=asked["rangeHeader"])
    if "range" not in asked:
        return UNDEFINED
    given = {name: int(value) for name, value in asked["range"].items()}
    return Range(given.get("offset"), given.get("length"), given.get("suffix"))


def _metadata(asked: Asked) -> dict[str, Any]:
    """HTTP metadata and the app's own, as keywords."""
    found: dict[str, Any] = {}
    if "httpFields" in asked:
        found["http_metadata"] = dict(asked["httpFields"])
        expiry = _signed(found["http_metadata"].pop("cacheExpiry", None))
        if expiry is not None:
            found["http_metadata"]["cacheExpiry"] = expiry
    if "customFields" in asked:
        found["custom_metadata"] = {each.get("k", ""): each.get("v", "") for each in asked["customFields"]}
    return found


def _signed(number: str | int | None) -> int | None:
    """ms since the epoch: an instant before it comes as a number without a sign."""
    if number is None:
        return None
    found = int(number)
    return found if found < 2**63 else found - 2**64


# -- what is answered ------------------------------------------------------------------------------------------------


def _written(found: R2Object) -> dict[str, Any]:
    written: dict[str, Any] = {
        "name": found.key, "version": found.version, "size": found.size, "etag": found.etag,
        "uploaded": (found.uploaded - _EPOCH) // timedelta(milliseconds=1), "storageClass": found.storage_class,
        "checksums": {str(number): found.checksums[name].hex() for number, name in enumerate(HASHES)
                      if name in found.checksums},
    }  # fmt: skip
    if not isinstance(found.http_metadata, Undefined):
        written["httpFields"] = dict(found.http_metadata)
        expiry = written["httpFields"].pop("cacheExpiry", None)
        if expiry is not None:
            written["httpFields"]["cacheExpiry"] = str((expiry - _EPOCH) // timedelta(milliseconds=1) % 2**64)
    if not isinstance(found.custom_metadata, Undefined):
        written["customFields"] = [{"k": name, "v": value} for name, value in found.custom_metadata.items()]
    if not isinstance(found.range, Undefined):
        written["range"] = {name: str(value) for name, value in found.range.items()}
    if not isinstance(found.ssec_key_md5, Undefined):
        written["ssec"] = {"algorithm": "AES256", "keyMd5": found.ssec_key_md5}
    return written


def _text(value: Any) -> str:
    """JSON without escapes of surrogates: workerd's decoder (capnp::JsonCodec) does not join two of them."""
    return json.dumps(value, ensure_ascii=False)


def _json(value: Any) -> HttpResponse:
    """The answer to a PUT: all of it is JSON."""
    return HttpResponse(200, [], _text(value).encode("utf-8", "replace"))


def _described(value: Any, content: bytes = b"") -> HttpResponse:
    """The answer to a GET: JSON of the size that a header says, then the content."""
    head = _text(value).encode("utf-8", "replace")
    return HttpResponse(200, [(_SIZE, str(len(head)))], head + content)


def _error(status: int, code: int, words: str) -> HttpResponse:
    """What makes workerd say ``<action>: <words> (<code>)``."""
    return HttpResponse(status, [(_ERROR, _text({"version": 1, "v4code": code, "message": words}))])


def _failure(error: EdgeError) -> HttpResponse:
    said = _SAID.fullmatch(error.message)
    assert said is not None  # it takes any text
    action = said["action"]
    words = said["words"] if action in (None, *_METHODS) else f"{action}: {said['words']}"
    return lost(error) or _error(500, int(said["code"] or error.code or 0), words)
