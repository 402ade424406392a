"""R2Bucket, its objects and uploads."""

from __future__ import annotations

from typing import Any

from edgelint.testing.errors import type_error
from edgelint.testing.python_host.adapters.base import Adapter, content, js_stream, options
from edgelint.testing.python_host.buffers import JsArrayBuffer
from edgelint.testing.python_host.convert import plain
from edgelint.testing.python_host.jsvalue import JsHost, JsObject, JsProxy, getter, iterate, lower, method
from edgelint.testing.values import UNDEFINED

_DIGESTS = ("md5", "sha1", "sha256", "sha384", "sha512")


class R2Bucket(Adapter, js_name="R2Bucket"):
    """``env.BUCKET``."""

    @method
    async def head(self, key: Any = UNDEFINED) -> Any:
        return found(await self._binding.head(plain(key)))

    @method
    async def get(self, key: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        more = _options(given, "onlyIf", "range", "ssecKey")
        return found(await self._binding.get(plain(key), **more))

    @method
    async def put(self, key: Any = UNDEFINED, value: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        more = _options(given, "onlyIf", "httpMetadata", "customMetadata", "storageClass", "ssecKey", *_DIGESTS)
        return found(await self._binding.put(plain(key), await content(value), **more))

    @method
    async def delete(self, keys: Any = UNDEFINED) -> Any:
        await self._binding.delete(plain(keys))
        return UNDEFINED

    @method
    async def list(self, given: Any = UNDEFINED) -> Any:
        names = ("limit", "prefix", "cursor", "delimiter", "startAfter", "include")
        page = await self._binding.list(**_options(given, *names))
        fields: dict[str, Any] = {
            "objects": lower([HeadResult(each) for each in page.objects]), "truncated": page.truncated,
            "delimitedPrefixes": lower(page.delimited_prefixes),
        }  # fmt: skip
        if page.cursor is not UNDEFINED:
            fields["cursor"] = page.cursor
        return JsObject(fields)

    @method
    async def createMultipartUpload(self, key: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        more = _options(given, "httpMetadata", "customMetadata", "storageClass", "ssecKey")
        return R2MultipartUpload(await self._binding.create_multipart_upload(plain(key), **more))

    @method
    def resumeMultipartUpload(self, key: Any = UNDEFINED, upload: Any = UNDEFINED) -> Any:
        return R2MultipartUpload(self._binding.resume_multipart_upload(plain(key), plain(upload)))


class R2MultipartUpload(Adapter, js_name="R2MultipartUpload"):
    """An upload in parts."""

    @getter
    def key(self) -> Any:
        return self._binding.key

    @getter
    def uploadId(self) -> Any:
        return self._binding.upload_id

    @method
    async def uploadPart(self, number: Any = UNDEFINED, value: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        return await self._binding.upload_part(plain(number), await content(value), **_options(given, "ssecKey"))

    @method
    async def complete(self, parts: Any = UNDEFINED) -> Any:
        return found(await self._binding.complete(plain(parts)))

    @method
    async def abort(self) -> Any:
        await self._binding.abort()
        return UNDEFINED


class HeadResult(JsHost, js_name="HeadResult"):
    """An object's description (R2Object in the documentation; the class is workerd's)."""

    def __init__(self, target: Any) -> None:
        self._target = target

    @getter
    def key(self) -> Any:
        return self._target.key

    @getter
    def version(self) -> Any:
        return self._target.version

    @getter
    def size(self) -> Any:
        return self._target.size

    @getter
    def etag(self) -> Any:
        return self._target.etag

    @getter
    def httpEtag(self) -> Any:
        return self._target.http_etag

    @getter
    def uploaded(self) -> Any:
        return self._target.uploaded

    @getter
    def httpMetadata(self) -> Any:
        return self._target.http_metadata

    @getter
    def customMetadata(self) -> Any:
        return self._target.custom_metadata

    @getter
    def range(self) -> Any:
        return self._target.range

    @getter
    def checksums(self) -> Any:
        return Checksums(self._target.checksums)

    @getter
    def storageClass(self) -> Any:
        return self._target.storage_class

    @getter
    def ssecKeyMd5(self) -> Any:
        return self._target.ssec_key_md5

    @method
    def writeHttpMetadata(self, headers: Any = UNDEFINED) -> Any:
        if not isinstance(headers, JsProxy) or headers._js_class_name != "Headers":
            raise type_error(
                "Failed to execute 'writeHttpMetadata' on 'HeadResult': parameter 1 is not of type 'Headers'."
            )
        written: dict[str, str] = {}
        self._target.write_http_metadata(written)
        for name, value in written.items():
            headers._js_get("set")._js_apply(headers, [name, value])
        return UNDEFINED


del HeadResult.__len__  # type: ignore[attr-defined]  # its size is that of the content


class Checksums(JsHost, js_name="Checksums"):
    """The digests of an object."""

    def __init__(self, digests: dict[str, bytes]) -> None:
        self._digests = digests
        for name, digest in digests.items():
            self._own()[name] = JsArrayBuffer(digest)

    @method
    def toJSON(self) -> Any:
        return {name: digest.hex() for name, digest in self._digests.items()}


class GetResult(HeadResult, js_name="GetResult"):
    """An object with its body, which can be read once."""

    def __init__(self, target: Any) -> None:
        super().__init__(target)
        self._stream = js_stream(target.body)

    def _read(self, name: str) -> Any:
        from edgelint.testing.python_host.web.exposed import constructor
        from edgelint.testing.python_host.web.response import Response

        if self._used():
            raise type_error(
                "Body has already been used. It can only be used once. Use tee() first if you need to read it twice."
            )
        reading = constructor(Response)._js_new([self._stream])
        return reading._js_get(name)._js_apply(reading, [])

    def _used(self) -> bool:
        return bool(self._stream._plain._disturbed)

    @getter
    def body(self) -> Any:
        return self._stream

    @getter
    def bodyUsed(self) -> Any:
        return self._used()

    @method
    def text(self) -> Any:
        return self._read("text")

    @method
    def json(self) -> Any:
        return self._read("json")

    @method
    def arrayBuffer(self) -> Any:
        return self._read("arrayBuffer")

    @method
    def bytes(self) -> Any:
        return self._read("bytes")

    @method
    def blob(self) -> Any:
        return self._read("blob")


def found(target: Any) -> Any:
    """What an operation on an object gives: null, its description, or with its body."""
    if target is None:
        return None
    return GetResult(target) if hasattr(target, "body") else HeadResult(target)


def _options(value: Any, *names: str) -> dict[str, Any]:
    """Options as keywords; Headers among them come as pairs."""
    result = options(value, *names)
    for name, member in result.items():
        if isinstance(member, JsProxy) and member._js_class_name == "Headers":
            result[name] = [tuple(plain(pair)) for pair in iterate(member)]
    return result


