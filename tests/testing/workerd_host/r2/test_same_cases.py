"""The cases of tests/testing/bindings/test_r2.py, asked by JavaScript in workerd."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from edgelint.testing.bindings.r2_objects import R2Object, R2ObjectBody, R2Objects
from edgelint.testing.values import UNDEFINED
from tests.testing.bindings import test_r2
from tests.testing.workerd_host.in_javascript import InJavaScript, Made, cases_of

globals().update(cases_of(test_r2))


class Bucket(InJavaScript):
    """A bucket whose answers are what the state machine's are."""

    @property
    def binding(self) -> Any:
        """The store is the world's; what has verbs is JavaScript's."""
        verbs = {"put": partial(self.done, "put"), "resume_multipart_upload": self.resumed}
        return SimpleNamespace(store=super().binding.store, **verbs)

    def error(self, verb: str, *args: Any, **options: Any) -> str:
        """Words in which workerd's own name for a class shows, as it was called before it was renamed."""
        return super().error(verb, *args, **options).replace("'JsReadableStream or", "'ReadableStream or")

    def resumed(self, key: str, upload_id: str) -> Upload:
        return Upload(self, key, upload_id)

    async def done(self, verb: str, *args: Any, **options: Any) -> Any:
        for name in ("only_if", "range", "http_metadata"):
            if options.get(name) == []:
                options[name] = {"$new": ["Headers"]}
        found = await super().done(verb, *args, **options)
        if verb == "create_multipart_upload":
            return Upload(self, found["key"], found["uploadId"])
        return None if verb == "delete" else plain(found)


class Upload:
    """An upload in parts, each call of which JavaScript makes."""

    def __init__(self, bucket: Bucket, key: str, upload_id: str) -> None:
        self._bucket, self.key, self.upload_id = bucket, key, upload_id

    async def upload_part(self, number: Any, value: Any, **options: Any) -> Any:
        return await self._bucket.done("upload_part", number, value, on=self._resumed(), **options)

    async def complete(self, parts: Any) -> Any:
        return await self._bucket.done("complete", parts, on=self._resumed())

    async def abort(self) -> None:
        await self._bucket.done("abort", on=self._resumed())

    def _resumed(self) -> list[Any]:
        return [["resumeMultipartUpload", self.key, self.upload_id]]

    def __repr__(self) -> str:
        return f"R2MultipartUpload({self.key!r})"


def plain(found: Any) -> Any:
    """What JavaScript gives, as the state machine gives it."""
    if not isinstance(found, dict):
        return found
    if "objects" in found:
        return R2Objects(
            [plain(each) for each in found["objects"]], found["truncated"], found.get("cursor", UNDEFINED),
            found["delimitedPrefixes"],
        )  # fmt: skip
    if "$class" not in found:
        return found
    assert found["httpEtag"] == f'"{found["etag"]}"'
    assert isinstance(found["uploaded"], datetime)
    fields = {
        "key": found["key"], "version": found["version"], "size": found["size"], "etag": found["etag"],
        "uploaded": found["uploaded"], "http_metadata": given(found["httpMetadata"]),
        "custom_metadata": given(found["customMetadata"]), "range": given(found["range"]),
        "checksums": given({name: value for name, value in found["checksums"].items() if name != "$class"}),
        "storage_class": found["storageClass"], "ssec_key_md5": found["ssecKeyMd5"],
    }  # fmt: skip
    return R2ObjectBody(**fields, body=found["body"]) if found["$class"] == "GetResult" else R2Object(**fields)


def given(found: Any) -> Any:
    """Without the members that are undefined."""
    return {k: v for k, v in found.items() if v is not UNDEFINED} if isinstance(found, dict) else found


@pytest.fixture
def r2(in_javascript: Made) -> InJavaScript:
    return in_javascript("R2", "FILES", Bucket)
