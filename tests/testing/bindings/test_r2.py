"""R2: objects, conditions, ranges, lists, uploads in parts, limits, and what an operation tells of itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edgelint.platform import limits
from edgelint.testing.bindings.base import Declared
from edgelint.testing.bindings.r2 import R2Bucket
from edgelint.testing.bindings.r2_objects import R2Object, R2ObjectBody
from edgelint.testing.bindings.r2_values import Conditional, Etag, Range, conditional
from edgelint.testing.config import WorkerConfig
from edgelint.testing.errors import EdgeError
from edgelint.testing.facade import Held
from edgelint.testing.faults import Faults
from edgelint.testing.values import UNDEFINED
from edgelint.testing.world import World
from tests.testing.bindings.worlds import Bound, bound

X = hashlib.md5(b"x").hexdigest()
START = datetime(2026, 1, 1, tzinfo=UTC)
INCORRECT = "TypeError: Incorrect type for the '{}' field on 'ListOptions': the provided value is not of type"
STARTS = "This would otherwise indicate the start of a new {} etag."
PART = b"\0" * limits.R2_MIN_PART


@pytest.fixture
def r2() -> Iterator[Bound[R2Bucket]]:
    with bound(R2Bucket, Declared("FILES", "r2", "files")) as found:
        yield found


def test_an_object_comes_back_with_what_was_said_of_it(r2: Bound[R2Bucket]) -> None:
    r2.advance(1.0004)
    http = {"content_type": "text/plain", "cacheControl": "no-store", "cache_expiry": START}
    put = r2("put", "k", "hé", http_metadata=http, custom_metadata={"a": 1}, sha1=hashlib.sha1("hé".encode()).digest())
    assert isinstance(put, R2Object)
    assert not isinstance(put, R2ObjectBody)
    assert (put.key, put.size, put.storage_class) == ("k", 3, "Standard")
    assert (put.range, put.ssec_key_md5) == (UNDEFINED, UNDEFINED)
    assert put.etag == hashlib.md5("hé".encode()).hexdigest()
    assert put.http_etag == f'"{put.etag}"'
    assert put.uploaded == START + timedelta(seconds=1)
    assert put.checksums == {"md5": bytes.fromhex(put.etag), "sha1": hashlib.sha1("hé".encode()).digest()}
    got = r2("get", "k")
    assert isinstance(got, R2ObjectBody)
    assert (got.body, got.text(), got.range) == ("hé".encode(), "hé", {"offset": 0, "length": 3})
    assert got.http_metadata == {"contentType": "text/plain", "cacheControl": "no-store", "cacheExpiry": START}
    assert got.custom_metadata == {"a": "1"}
    assert r2("head", "k") == R2Object(**{name: getattr(got, name) for name in R2Object.__slots__})
    assert "body" not in repr(got)
    assert len(put.version) == 32
    assert put.version != r2("put", "k", "").version


def test_what_is_not_there_is_none(r2: Bound[R2Bucket]) -> None:
    assert r2("get", "k") is None
    assert (r2.last.verb, r2.last.key, r2.last.outcome) == ("get", "k", "miss")
    assert r2("head", "k") is None
    assert r2.last.outcome == "miss"
    r2("put", "k", b"abc")
    assert r2.last.attributes["bytes"] == 3
    assert r2.last.attributes["stored"] is True
    r2("get", "k", range={"length": 2})
    assert (r2.last.outcome, r2.last.attributes["bytes"]) == ("hit", 2)
    r2("delete", ["k", "other"])
    assert (r2.last.key, r2.last.attributes["keys"]) == (None, ["k", "other"])
    assert r2("head", "k") is None
    r2("delete", "k")
    assert r2.last.key == "k"


def test_a_result_is_a_copy(r2: Bound[R2Bucket]) -> None:
    r2("put", "k", "x", custom_metadata={"a": "1"}).custom_metadata["a"] = "2"
    r2("head", "k").checksums.clear()
    assert r2("head", "k").custom_metadata == {"a": "1"}
    assert r2("head", "k").checksums == {"md5": bytes.fromhex(X)}


def test_values(r2: Bound[R2Bucket]) -> None:
    for value, stored in [("a", b"a"), (b"b", b"b"), (bytearray(b"c"), b"c"), (memoryview(b"d"), b"d"), (None, b""),
                          (UNDEFINED, b"")]:  # fmt: skip
        r2("put", "k", value)
        assert r2("get", "k").body == stored
    for other in (5, {"a": 1}, ["a"], True):
        assert "parameter 2 is not of type 'ReadableStream or ArrayBuffer" in r2.error("put", "k", other)
    r2("put", 5, "x")
    assert r2("get", "5").text() == "x"
    r2("put", {}, "x")
    assert r2("get", "[object Object]").text() == "x"


def test_conditions_of_a_read_and_a_write(r2: Bound[R2Bucket]) -> None:
    r2("put", "k", "x")
    failed = r2("get", "k", only_if={"etag_matches": "other"}, range={"offset": 9})
    assert isinstance(failed, R2Object)
    assert not isinstance(failed, R2ObjectBody)
    assert r2.last.outcome == "hit"
    assert r2("get", "k", only_if={"etagMatches": X}).body == b"x"
    assert r2("put", "k", "y", only_if={"etag_does_not_match": "*"}) is None
    assert r2.last.attributes["stored"] is False
    assert r2("put", "new", "y", only_if={"etag_does_not_match": "*"}).size == 1
    assert r2("put", "none", "y", only_if={"etag_matches": "*"}) is None
    assert r2("get", "k", only_if=[("If-None-Match", '"a"'), ("if-none-match", f'W/"{X}"')]).etag == X
    message = 'TypeError: Conditional ETag should not be wrapped in quotes ("a").'
    assert r2.error("get", "k", only_if={"etag_matches": '"a"'}) == message


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ('"x"', (Etag("x"),)), (' ,\t"x",W/"y" ,, "z"', (Etag("x"), Etag("y", True), Etag("z"))),
        ('"x", *, "y"', (Etag(None),)), ('"x", y', (Etag("x"),)),
        ("", "Invalid ETag in if-match header"), ("x", "Invalid ETag in if-match header"),
        ('"x', "Unclosed double quote for Etag"), ('W/"x', "Unclosed double quote for Etag"),
        ("W/x", 'Weak etags must start with W/ and their value must be quoted'),
        ("W/", 'Weak etags must start with W/ and their value must be quoted'),
        ('"x" *', "Comma was expected to separate etags. Encountered a wildcard character '*' instead."),
        ('"x" "y"', "Encountered a double quote character '\"' instead. " + STARTS.format("strong")),
        ('"x" W/"y"', "Encountered a weak quotation character 'W' instead. " + STARTS.format("weak")),
    ],
)  # fmt: skip
def test_entity_tags_of_a_header(header: str, found: Any) -> None:
    check = conditional([("If-Match", header)], "GetOptions")
    if isinstance(found, tuple):
        assert check() == Conditional(found, seconds=True)
    else:
        with pytest.raises(EdgeError) as raised:
            check()
        assert str(raised.value).endswith(found)


def test_dates_of_conditions() -> None:
    pairs = [("if-modified-since", "Thu, 01 Jan 1970 00:00:05 GMT"), ("if-unmodified-since", "nope")]
    assert conditional(pairs, "GetOptions")() == Conditional(after=5000, before=0, seconds=True)
    given = {"uploaded_after": START, "uploadedBefore": 7.9, "seconds_granularity": True}
    assert conditional(given, "GetOptions")() == Conditional(after=START.timestamp() * 1000, before=7, seconds=True)
    assert conditional(None, "GetOptions")() == Conditional()
    for wrong in ({"uploaded_after": "x"}, {"etag_matches": 5}, 5):
        with pytest.raises(EdgeError, match="TypeError: Incorrect type for the"):
            conditional(wrong, "GetOptions")


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        (Conditional(), True), (Conditional(matches=(Etag("e"),)), True),
        (Conditional(matches=(Etag("e", True),)), False), (Conditional(matches=(Etag("a"), Etag(None))), True),
        (Conditional(matches_not=(Etag("e", True),)), False), (Conditional(matches_not=(Etag("a"),)), True),
        (Conditional(after=1500), False), (Conditional(after=1499), True),
        (Conditional(before=1500), False), (Conditional(before=1501), True),
        (Conditional(after=1499, seconds=True), False), (Conditional(after=999, seconds=True), True),
        (Conditional(before=1999, seconds=True), False), (Conditional(before=2000, seconds=True), True),
        # a tag that is said and holds outweighs a date that does not (RFC 7232, 6)
        (Conditional(matches_not=(Etag("a"),), after=9999), True),
        (Conditional(matches=(Etag("e"),), before=0), True),
        (Conditional(matches_not=(Etag("e"),), after=0), False),
        (Conditional(matches=(Etag("a"),), before=9999), False),
    ],
)  # fmt: skip
def test_precedence_of_conditions(condition: Conditional, allowed: bool) -> None:
    assert condition.allows("e", 1500) is allowed


def test_conditions_on_what_is_not_there() -> None:
    assert Conditional(matches_not=(Etag(None),), before=5).allows(None, 0)
    assert not Conditional(after=5).allows(None, 0)
    assert not Conditional(matches=(Etag(None),)).allows(None, 0)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Range(), (0, 5)), (Range(offset=2), (2, 3)), (Range(offset=2, length=2), (2, 2)), (Range(length=9), (0, 5)),
        (Range(suffix=2), (3, 2)), (Range(suffix=9), (0, 5)), (Range(suffix=0), None), (Range(offset=5), None),
        (Range(offset=5, length=1), None), (Range(length=0), None), (Range(header="bytes=1-2"), (1, 2)),
        (Range(header="bytes=0-0,2-2"), (0, 5)), (Range(header="nope"), (0, 5)),
    ],
)  # fmt: skip
def test_ranges(wanted: Range, found: tuple[int, int] | None) -> None:
    assert wanted.of(5) == found
    assert Range().of(0) is Range(length=1).of(0) is Range(suffix=1).of(0) is None


def test_ranges_that_are_refused(r2: Bound[R2Bucket]) -> None:
    r2("put", "k", "hello")
    assert r2("get", "k", range={"offset": 1, "length": 3}).body == b"ell"
    assert r2("get", "k", range=[("range", "bytes=-2")]).range == {"offset": 3, "length": 2}
    assert r2("get", "k", range=[]).body == b"hello"
    assert r2.error("get", "k", range={"offset": 5}) == "Error: get: The requested range is not satisfiable (10039)"
    assert r2.error("get", "k", range={"offset": float("inf")}).endswith("(10039)")
    message = "RangeError: Invalid range. Starting offset (-1) must be greater than or equal to 0."
    assert r2.error("get", "k", range={"offset": -1}) == message
    assert r2.error("get", "k", range={"suffix": 1.5}) == (
        "RangeError: Invalid range. Suffix (1.5) must be an integer, not floating point."
    )
    assert r2.error("get", "k", range={"suffix": 1, "length": 1}) == "TypeError: Suffix is incompatible with length."
    assert r2.error("get", "k", range={"suffix": 1, "offset": 1}) == "TypeError: Suffix is incompatible with offset."


def test_types_are_looked_at_before_what_they_say(r2: Bound[R2Bucket]) -> None:
    quoted = {"etag_matches": '"a"'}
    assert "'customMetadata' field" in r2.error("put", "k", "x", only_if=quoted, custom_metadata=5)
    assert "'md5' field" in r2.error("put", "k", "x", only_if=quoted, md5=5)
    assert "'range' field" in r2.error("get", "k", only_if=quoted, range=5)
    assert "wrapped in quotes" in r2.error("put", "k", "x", only_if=quoted, md5="a")


def test_checksums(r2: Bound[R2Bucket]) -> None:
    for name in ("md5", "sha1", "sha256", "sha384", "sha512"):
        digest = hashlib.new(name, b"x").digest()
        assert r2("put", "k", "x", **{name: digest.hex().upper()}).checksums[name] == digest
    assert r2.error("put", "k", "x", md5=bytes(16)) == (
        "Error: put: The MD5 checksum you specified did not match what we received.\n"
        f"You provided a MD5 checksum with value: {'00' * 16}\nActual MD5 was: {X} (10037)"
    )
    assert r2.error("put", "k", "x", sha1=b"1") == "TypeError: SHA-1 is 20 bytes, not 1"
    assert r2.error("put", "k", "x", sha1="1") == "TypeError: SHA-1 is 40 hex characters, not 1"
    assert r2.error("put", "k", "x", md5="x" * 32) == "TypeError: Provided MD5 wasn't a valid hex string"
    assert "You cannot specify multiple hashing algorithms." in r2.error("put", "k", "x", md5=X, sha1=bytes(20))


def test_http_metadata_is_written_to_headers(r2: Bound[R2Bucket]) -> None:
    expires = "Fri, 02 Jan 2026 00:00:00 GMT"
    pairs = [("Content-Type", "a/b"), ("content-language", "en"), ("Expires", expires), ("x", "y")]
    r2("put", "k", "x", http_metadata=pairs)
    headers: dict[str, str] = {"x-mine": "1"}
    r2("get", "k").write_http_metadata(headers)
    assert headers == {"x-mine": "1", "content-type": "a/b", "content-language": "en", "expires": expires}
    [listed] = r2("list").objects
    assert (listed.http_metadata, listed.custom_metadata) == (UNDEFINED, UNDEFINED)
    with pytest.raises(EdgeError, match=r"HTTP metadata unknown for key `k`\. Did you forget to add 'httpMetadata'"):
        listed.write_http_metadata(headers)
    plain = {"cache_expiry": START.replace(tzinfo=None), "cacheControl": UNDEFINED}
    assert r2("put", "k", "x", http_metadata=plain).http_metadata == {"cacheExpiry": START}
    assert r2("put", "k", "x", http_metadata={"cacheExpiry": 1.5}).http_metadata == {
        "cacheExpiry": datetime(1970, 1, 1, 0, 0, 0, 1000, UTC)
    }
    assert r2("put", "k", "x", http_metadata=None).http_metadata == {}
    assert "'HttpMetadata or Headers'" in r2.error("put", "k", "x", http_metadata=5)
    assert "is not of type 'date'" in r2.error("put", "k", "x", http_metadata={"cache_expiry": True})


def test_a_page_of_objects(r2: Bound[R2Bucket]) -> None:
    for key in ("b/2", "a", "b/1", "c", "b/x/3", "\U0001f600", "\uffff"):
        r2("put", key, "x", custom_metadata={"k": key})
    first = r2("list", limit=2)
    assert ([each.key for each in first.objects], first.truncated) == (["a", "b/1"], True)
    assert r2.last.attributes["keys"] == ["a", "b/1"]
    rest = r2("list", cursor=first.cursor)
    assert [each.key for each in rest.objects] == ["b/2", "b/x/3", "c", "\uffff", "\U0001f600"]
    assert (rest.truncated, rest.cursor) == (False, UNDEFINED)
    grouped = r2("list", delimiter="/", limit=2)
    assert ([each.key for each in grouped.objects], grouped.delimited_prefixes) == (["a"], ["b/"])
    assert r2("list", delimiter="/", cursor=grouped.cursor).objects[0].key == "c"
    inner = r2("list", prefix="b/", delimiter="/", start_after="b/1")
    assert ([each.key for each in inner.objects], inner.delimited_prefixes) == (["b/2"], ["b/x/"])
    both = r2("list", include=["customMetadata"]).objects[0]
    assert (both.custom_metadata, both.http_metadata) == ({"k": "a"}, UNDEFINED)
    assert r2("list", cursor="YQ", start_after="b/2").objects[0].key == "b/x/3"
    assert len(r2("list", limit=-1).objects) == 7


def test_a_page_with_metadata_is_shorter(r2: Bound[R2Bucket]) -> None:
    for index in range(limits.R2_MAX_LIST_WITH_METADATA + 1):
        r2("put", f"{index:03}", "")
    assert not r2("list").truncated
    page = r2("list", include=["httpMetadata"])
    assert (len(page.objects), page.truncated) == (100, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 0}, "Error: list: MaxKeys params must be positive integer <= 1000. (10022)"),
        ({"limit": 1001}, "Error: list: MaxKeys params must be positive integer <= 1000. (10022)"),
        ({"limit": 2**31}, "TypeError: Value out of range. Must be between -2147483648 and 2147483647 (inclusive)."),
        ({"include": ["nope"]}, "RangeError: Unsupported include value nope"),
        ({"include": "x"}, f"{INCORRECT.format('include')} 'Array'."),
        ({"prefix": None}, f"{INCORRECT.format('prefix')} 'string'."),
    ],
)  # fmt: skip
def test_lists_that_are_refused(r2: Bound[R2Bucket], options: dict[str, Any], message: str) -> None:
    assert r2.error("list", **options) == message


@pytest.mark.parametrize(
    ("date", "flags", "included"),
    [("2022-08-03", (), True), ("2022-08-04", (), False), ("2022-01-01", ("r2_list_honor_include",), False)],
)
def test_old_workers_get_all_metadata(date: str, flags: tuple[str, ...], included: bool) -> None:
    world = World()
    declared = Declared("FILES", "r2", "files", worker="app")
    world.add(WorkerConfig(Path("w.json"), Path(), None, "app", None, date, flags, (declared,), {}, ()))
    bucket = world.worker.binding("FILES")
    assert isinstance(bucket, R2Bucket)
    world.run(bucket.put("k", "x"))
    [listed] = world.run(bucket.list()).objects
    assert (listed.http_metadata == {}) is included
    world.close()


def test_limits(r2: Bound[R2Bucket], monkeypatch: pytest.MonkeyPatch) -> None:
    r2("put", "é" * 512, "x")
    long = "é" * 512 + "x"
    for verb in ("get", "head", "delete", "create_multipart_upload"):
        assert r2.error(verb, long).endswith(": The specified object name is not valid. (10020)")
    assert r2.error("put", long, "x") == "Error: put: The specified object name is not valid. (10020)"
    upload = r2.binding.resume_multipart_upload(long, "u")
    for call in (upload.upload_part(1, ""), upload.complete([]), upload.abort()):
        with pytest.raises(EdgeError, match=r"\(10020\)"):
            r2.run(call)
    most = limits.R2_MAX_METADATA
    r2("put", "k", "x", custom_metadata={"a": "x" * (most - 1)})
    assert r2.error("put", "k", "x", custom_metadata={"a": "x" * most}).endswith("metadata size. (10012)")
    r2("put", "k", "x", custom_metadata={"": "Ā" * (most // 2)})
    assert r2.error("put", "k", "x", custom_metadata={"": "Ā" * (most // 2 + 1)}).endswith("(10012)")
    assert r2.error("create_multipart_upload", "k", custom_metadata={"a": "x" * most}).startswith(
        "Error: createMultipartUpload: Your metadata"
    )
    r2("delete", [str(n) for n in range(1000)])
    assert r2.error("delete", [str(n) for n in range(1001)]).endswith("(10022)")
    monkeypatch.setattr(limits, "R2_MAX_SINGLE_PUT", 3)
    r2("put", "k", "xyz")
    assert r2.error("put", "k", "xyza").endswith("maximum allowed object size. (100100)")
    upload = r2("create_multipart_upload", "k")
    with pytest.raises(EdgeError, match=r"uploadPart: .* \(100100\)"):
        r2.run(upload.upload_part(1, "xyza"))


def test_writes_to_one_key_may_be_limited(r2: Bound[R2Bucket]) -> None:
    r2("put", "k", "1")
    r2("put", "k", "2")
    r2.binding.store.limit_writes = True
    assert r2.error("put", "k", "3") == "Error: put: Reduce your concurrent request rate for the same object. (10058)"
    r2("put", "other", "1")
    r2.advance(1)
    r2("put", "k", "4")
    assert r2("get", "k").text() == "4"


def test_storage_classes(r2: Bound[R2Bucket]) -> None:
    assert r2("put", "k", "x", storage_class="InfrequentAccess").storage_class == "InfrequentAccess"
    assert r2("get", "k").storage_class == "InfrequentAccess"
    assert "is no storage class" in r2.error("put", "k", "x", storage_class="Cold")
    upload = r2("create_multipart_upload", "m", storage_class="InfrequentAccess")
    assert r2.run(upload.complete([])).storage_class == "InfrequentAccess"


def test_a_key_of_the_customer(r2: Bound[R2Bucket]) -> None:
    secret = bytes(range(32))
    md5 = hashlib.md5(secret).hexdigest()
    assert r2("put", "k", "x", ssec_key=secret).ssec_key_md5 == md5
    assert r2.last.request["ssec_key"] is True
    assert r2("get", "k", ssec_key=secret.hex()).body == b"x"
    assert r2("head", "k").ssec_key_md5 == md5
    assert "another SSE-C key" in r2.error("get", "k")
    assert "another SSE-C key" in r2.error("get", "k", ssec_key=bytes(32))
    assert r2.error("get", "k", ssec_key="zz") == "Error: SSE-C Key has invalid format"
    assert r2.error("get", "k", ssec_key="ab") == "Error: SSE-C Key must be 32 bytes in length"
    assert r2.error("get", "k", ssec_key=b"ab") == "Error: SSE-C Key must be 32 bytes in length"
    upload = r2("create_multipart_upload", "m", ssec_key=secret)
    with pytest.raises(EdgeError, match="another SSE-C key"):
        r2.run(upload.upload_part(1, "x"))
    part = r2.run(upload.upload_part(1, "x", ssec_key=secret))
    assert r2.run(upload.complete([part])).ssec_key_md5 == md5


def test_an_upload_in_parts(r2: Bound[R2Bucket]) -> None:
    upload = r2("create_multipart_upload", "big", http_metadata={"contentType": "a/b"}, custom_metadata={"a": "1"})
    assert (upload.key, len(upload.upload_id), repr(upload)) == ("big", 128, "R2MultipartUpload('big')")
    same = r2.binding.resume_multipart_upload("big", upload.upload_id)
    first = r2.run(upload.upload_part(1, PART))
    assert (first["partNumber"], r2.last.attributes["bytes"]) == (1, len(PART))
    r2.run(upload.upload_part(2, "replaced"))
    last = r2.run(same.upload_part(2, "end"))
    assert r2("head", "big") is None
    made = r2.run(upload.complete([last, {"part_number": 1, "etag": first["etag"]}][::-1]))
    digests = hashlib.md5(PART).digest() + hashlib.md5(b"end").digest()
    assert (made.size, made.etag) == (len(PART) + 3, hashlib.md5(digests).hexdigest() + "-2")
    assert (made.checksums, made.http_metadata, made.custom_metadata) == ({}, {"contentType": "a/b"}, {"a": "1"})
    assert r2("get", "big", range={"suffix": 4}).body == b"\0end"
    for call in (same.upload_part(1, ""), same.complete([])):
        with pytest.raises(EdgeError, match=r": The specified multipart upload does not exist\. \(10024\)$"):
            r2.run(call)
    r2.run(same.abort())
    assert r2("head", "big").size == len(PART) + 3


def uploaded(r2: Bound[R2Bucket], *contents: bytes) -> tuple[Any, list[dict[str, Any]]]:
    upload = r2("create_multipart_upload", "k")
    return upload, [r2.run(upload.upload_part(index + 1, content)) for index, content in enumerate(contents)]


def test_parts_that_do_not_fit(r2: Bound[R2Bucket]) -> None:
    def failure(upload: Any, parts: Any) -> str:
        with pytest.raises(EdgeError) as raised:
            r2.run(upload.complete(parts))
        return str(raised.value)

    small = "completeMultipartUpload: Your proposed upload is smaller than the minimum allowed object size. (10011)"
    uneven = "completeMultipartUpload: There was a problem with the multipart upload. (10048)"
    upload, (one, two) = uploaded(r2, b"a", b"b")
    assert failure(upload, [one, two]) == f"Error: {small}"
    assert failure(upload, [one, one]).endswith("(10001)")
    assert failure(upload, [{**one, "etag": "x"}]).endswith("parts could not be found. (10025)")
    assert failure(upload, [{"partNumber": 9, "etag": one["etag"]}]).endswith("(10025)")
    assert failure(upload, [{"partNumber": 0, "etag": ""}]).startswith("TypeError: Part number must be")
    assert failure(upload, [5]).endswith("array element 0: the provided value is not of type 'UploadedPart'.")
    assert failure(upload, 5).endswith("parameter 1 is not of type 'Array'.")
    upload, (one, two) = uploaded(r2, PART, PART + b"x")
    assert failure(upload, [one, two]) == f"Error: {uneven}"  # the last is larger
    upload, (one, two, three) = uploaded(r2, PART, PART + b"x", b"")
    assert failure(upload, [one, two, three]) == f"Error: {uneven}"  # not of one size
    upload, (one, two) = uploaded(r2, b"a", PART)
    assert failure(upload, [two, one]) == f"Error: {uneven}"  # by their numbers the small one comes first


def test_uploads_that_are_not_there(r2: Bound[R2Bucket]) -> None:
    upload = r2("create_multipart_upload", "k")
    for other in (r2.binding.resume_multipart_upload("k", "nope"),
                  r2.binding.resume_multipart_upload("other", upload.upload_id)):  # fmt: skip
        for call, code in ((other.upload_part(1, ""), 10024), (other.complete([]), 10001), (other.abort(), 10001)):
            with pytest.raises(EdgeError, match=f"({code})"):
                r2.run(call)
    r2.run(upload.abort())
    r2.run(upload.abort())
    with pytest.raises(EdgeError, match="10024"):
        r2.run(upload.complete([]))


def test_a_fault_says_what_the_service_says(r2: Bound[R2Bucket]) -> None:
    missing = r2.binding.resume_multipart_upload("k", "nope")

    def failure(call: Any) -> tuple[str, int | None]:
        with pytest.raises(EdgeError) as raised:
            r2.run(call)
        return str(raised.value), raised.value.code

    r2("put", "k", "1")
    r2.binding.store.limit_writes = True
    own = [failure(r2.binding.put("k", "2")), failure(missing.complete([])), failure(missing.abort())]
    r2.world.gate.faults = faults = Faults(r2.world.random)
    faults.on("FILES.put").fail("unavailable")
    faults.on("FILES.*").fail("internal")
    assert [failure(r2.binding.put("k", "2")), failure(missing.complete([])), failure(missing.abort())] == own


def test_an_upload_ends_after_seven_days(r2: Bound[R2Bucket]) -> None:
    upload, [part] = uploaded(r2, b"x")
    r2.advance(7 * 86_400 - 1)
    r2.run(upload.upload_part(2, "y"))
    r2.advance(1)
    with pytest.raises(EdgeError, match="10024"):
        r2.run(upload.complete([part]))


def test_a_part_is_numbered_and_has_a_value(r2: Bound[R2Bucket]) -> None:
    upload = r2("create_multipart_upload", "k")
    for number, value, message in [
        (0, "", "Part number must be between 1 and 10000 (inclusive). Actual value was: 0"),
        (10_001, "", "Part number must be between 1 and 10000 (inclusive). Actual value was: 10001"),
        (2**31, 5, "Value out of range."), (0, 5, "Failed to execute 'uploadPart' on 'R2MultipartUpload'"),
        (1, None, "Failed to execute 'uploadPart' on 'R2MultipartUpload'"),
    ]:  # fmt: skip
        with pytest.raises(EdgeError) as raised:
            r2.run(upload.upload_part(number, value))
        assert str(raised.value).startswith(f"TypeError: {message}")


def test_a_test_holds_it_without_await() -> None:
    world = World()
    try:
        held = Held(R2Bucket(Declared("FILES", "r2", "files"), world), world, awaited=False)
        upload = held.create_multipart_upload("k")
        upload.complete([upload.upload_part(1, "abc")])
        assert held.get("k").text() == "abc"
        assert R2Bucket(Declared("SAME", "r2", "files"), world).store.objects["k"].size == 3
    finally:
        world.close()
