"""R2 beside Miniflare: sequences of operations give the same answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from edgelint.testing.bindings.base import Declared
from edgelint.testing.bindings.r2 import R2Bucket
from edgelint.testing.bindings.r2_objects import R2Object, R2ObjectBody, R2Objects
from edgelint.testing.errors import EdgeError
from edgelint.testing.values import UNDEFINED
from tests.oracles import differential
from tests.oracles.miniflare.oracle import Oracle, Outcome, Step, stream, view
from tests.testing.bindings.worlds import bound

Op = tuple[Any, ...]
"""(verb, arguments, options); ("begin", name, key, options), ("resume", name, key), ("part", name, number, value,
kept as), ("finish", name, parts) and ("abort", name) of uploads."""

KEYS = ["a", "b", "a/1", "a/2", "a/b/3", "b/1", "é", "\U0001f600", "\uffff", "", "a\x00", "x" * 1024, "x" * 1025,
        "é" * 513, "\ud800", 5, None, True]  # fmt: skip
CONTENTS = ["", "x", "hello", "é", "\ud800", b"", b"\x00\xff\xfe", "x" * 3000]
EMPTY, X = "d41d8cd98f00b204e9800998ecf8427e", "9dd4e461268c8034f5c8564e155c67a6"
HELLO = "5d41402abc4b2a76b9719d911017c592"
PAST, FUTURE = datetime(2001, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)


class Headers(dict[str, str]):
    """Options that are given as Headers."""


CONDITIONS: list[Any] = [
    {"etagMatches": X}, {"etagMatches": EMPTY}, {"etagMatches": "*"}, {"etagMatches": f'"{X}"'}, {"etagMatches": 5},
    {"etagDoesNotMatch": X}, {"etagDoesNotMatch": HELLO}, {"etagDoesNotMatch": "*"}, {"etagDoesNotMatch": '"'},
    {"uploadedBefore": PAST}, {"uploadedBefore": FUTURE}, {"uploadedAfter": PAST}, {"uploadedAfter": FUTURE},
    {"uploadedAfter": FUTURE, "etagDoesNotMatch": EMPTY}, {"uploadedBefore": PAST, "etagMatches": X},
    {"uploadedAfter": FUTURE, "secondsGranularity": True}, {"uploadedAfter": 0}, {"uploadedAfter": "x"}, {}, None, 5,
    Headers({"if-match": f'"{X}"'}), Headers({"if-match": f'W/"{X}"'}), Headers({"if-match": "*"}),
    Headers({"if-match": f'"q", "{X}"'}), Headers({"if-match": f'"{X}", *'}), Headers({"if-match": X}),
    Headers({"if-none-match": f'W/"{X}"'}), Headers({"if-none-match": f' ,\t"q",W/"{HELLO}" ,'}),
    Headers({"if-none-match": ""}), Headers({"if-none-match": '"a" "b"'}), Headers({"if-none-match": '"a'}),
    Headers({"if-none-match": "W/a"}), Headers({"if-none-match": '"a" W/"b"'}), Headers({"if-none-match": '"a" *'}),
    Headers({"if-modified-since": "Mon, 01 Jan 2001 00:00:00 GMT"}), Headers({"if-modified-since": "nope"}),
    Headers({"if-unmodified-since": "Mon, 01 Jan 2001 00:00:00 GMT", "if-match": f'"{X}"'}), Headers(),
]  # fmt: skip
RANGES: list[Any] = [
    {"offset": 0}, {"offset": 1}, {"offset": 1, "length": 2}, {"length": 1}, {"length": 0}, {"length": 99},
    {"offset": 5}, {"offset": 6}, {"suffix": 1}, {"suffix": 0}, {"suffix": 99}, {"offset": -1}, {"offset": 1.5},
    {"length": -1}, {"length": 0.5}, {"suffix": -2}, {"suffix": 1.5}, {"suffix": 1, "offset": 1},
    {"suffix": 1, "length": 1}, {}, None, 5,
    {"offset": None}, {"offset": "1"}, {"offset": float("nan")}, {"length": UNDEFINED}, Headers(),
    Headers(range="bytes=0-0"), Headers(range="bytes=1-"), Headers(range="bytes=-2"), Headers(range="bytes=-0"),
    Headers(range="bytes=9-"), Headers(range="bytes=0-0,1-1"), Headers(range="nope"), Headers(range="bytes=2-1"),
    Headers(range=" BYTES = 1 - 2 "), Headers(range="bytes="), Headers(range="bytes=1-99"), Headers(range="bytes=-99"),
]  # fmt: skip
HTTP: list[Any] = [
    {"contentType": "text/plain", "cacheControl": "no-store"}, {"contentType": 5, "cacheExpiry": PAST}, {}, None, 5,
    {"contentLanguage": "en", "contentDisposition": "inline", "contentEncoding": "gzip"}, {"cacheExpiry": 7},
    {"cacheExpiry": "x"}, {"contentType": UNDEFINED}, {"contentType": None}, {"nope": 1},
    Headers({"content-type": "a/b", "expires": "Thu, 01 Jan 1970 00:00:05 GMT", "x-other": "1"}),
    Headers({"expires": "nope", "content-language": "de"}),
]  # fmt: skip
CUSTOM: list[Any] = [
    {"a": "1"}, {"a": 1, "b": None, "c": True}, {}, {"é": "ü"}, {"a": "x" * 2047}, {"a": "x" * 8192},
    {"a": "Ā" * 4096}, 5,
]  # fmt: skip
SSEC = [UNDEFINED] * 3 + ["ab", "AB" * 32, "zz" * 32, b"k" * 31]
HASHED: list[dict[str, Any]] = [
    {"md5": X}, {"md5": X.upper()}, {"md5": bytes.fromhex(HELLO)}, {"md5": "zz" * 16}, {"md5": "aa"}, {"md5": b"1"},
    {"sha1": "11f6ad8ec52a2984abaafd7c3b516503785c2072"}, {"sha1": "1" * 40}, {"sha256": "1" * 64},
    {"sha384": b"1" * 48},
    {"sha256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}, {"sha512": "1" * 128},
    {"sha512": 5}, {"sha256": "1" * 62 + "zz"}, {"sha1": b"2" * 19}, {"sha384": "a"}, {"sha512": b""},
    {"md5": X, "sha1": "1" * 40},
]  # fmt: skip

keys = st.sampled_from([*KEYS[:6] * 12, *KEYS])


def _one(name: str, found: Sequence[Any], rarely: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    """An option: left out mostly."""
    return st.integers(0, rarely).flatmap(
        lambda n: st.sampled_from(found).map(lambda value: {name: value}) if n == 0 else st.just({})
    )


def _options(*found: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*found).map(lambda each: {name: value for one in each for name, value in one.items()})


hashes = st.integers(0, 5).flatmap(lambda n: st.sampled_from(HASHED) if n == 0 else st.just({}))
puts = st.tuples(
    st.just("put"), st.tuples(keys, st.sampled_from([*CONTENTS * 6, None, 5, True, UNDEFINED, {"a": 1}])),
    _options(_one("onlyIf", CONDITIONS, 4), _one("httpMetadata", HTTP), _one("customMetadata", CUSTOM), hashes,
             _one("storageClass", ["Standard", "InfrequentAccess"], 9), _one("ssecKey", SSEC, 9)),
)  # fmt: skip
gets = st.tuples(
    st.just("get"), st.tuples(keys),
    _options(_one("onlyIf", CONDITIONS, 2), _one("range", RANGES, 1), _one("ssecKey", SSEC, 19)),
)  # fmt: skip
nothing: dict[str, Any] = {}
heads = st.tuples(st.just("head"), st.tuples(keys), st.just(nothing))
deletes = st.tuples(st.just("delete"), st.tuples(keys | st.lists(keys, max_size=3)), st.just(nothing))
lists = st.tuples(
    st.just("list"), st.just(()),
    _options(
        _one("limit", [1, 2, 3, 1.9, "2", 1000, 1001, 0, -1, -2, float("nan"), 2**31], 1),
        _one("prefix", ["", "a", "a/", "é", "zz", 5, None], 2), _one("delimiter", ["/", "", "a", "//", "/b/"], 1),
        _one("cursor", ["", "YQ==", "YS8x", "!!", "YQ"], 5), _one("startAfter", ["a", "a/1", "b", ""], 4),
        _one("include", [["httpMetadata"], ["customMetadata", "httpMetadata"], [], ["nope"], "httpMetadata"], 2),
    ),
)  # fmt: skip
uploads = st.sampled_from(["u", "v"])
begins = st.tuples(
    st.just("begin"), uploads, keys, _options(_one("httpMetadata", HTTP, 2), _one("customMetadata", CUSTOM[:5], 4))
)  # fmt: skip
resumes = st.tuples(st.just("resume"), uploads, keys)
parts = st.tuples(
    st.just("part"), uploads, st.sampled_from([1, 2, 3, 1, 2, "2", 1.7, 0, 10_001, 2**31]),
    st.sampled_from(["x", b"abc", "hello", "x", b"", None, 5]), st.sampled_from(["p", "q", "r"]),
)  # fmt: skip
chosen = st.lists(st.sampled_from(["p", "q", "r"]), max_size=3) | st.sampled_from([
    [{"partNumber": 1, "etag": "x"}], [{"partNumber": 0, "etag": "x"}], [{"partNumber": 2}], [5], 5,
])  # fmt: skip
finishes = st.tuples(st.just("finish"), uploads, chosen)
aborts = st.tuples(st.just("abort"), uploads)
operations = differential.weighted(
    (puts, 8), (gets, 7), (heads, 2), (deletes, 2), (lists, 4), (begins, 2), (parts, 4), (finishes, 3), (aborts, 1),
    (resumes, 1),
)  # fmt: skip
sequences = st.lists(operations, min_size=20, max_size=20)


def _said(value: Any) -> Any:
    """A value as it is said to the oracle."""
    if isinstance(value, Headers):
        return {"$new": ["Headers", dict(value)]}
    if isinstance(value, dict) and "$new" not in value:
        return {name: _said(each) for name, each in value.items()}
    if isinstance(value, bytes) and len(value) % 3:
        return view("Uint8Array", value) if len(value) % 3 == 1 else stream(value)
    return value


def _step(op: Op) -> Step:
    match op:
        case ("begin", name, key, options):
            return {"on": "R2", "do": [["createMultipartUpload", key, _said(options)]], "as": name}
        case ("resume", name, key):
            return {"on": "R2", "do": [["resumeMultipartUpload", key, "nope"]], "as": name}
        case ("part", name, number, value, kept):
            return {"on": name, "do": [["uploadPart", number, _said(value)]], "as": kept, "show": True}
        case ("finish", name, chosen):
            given = [{"$ref": part} if isinstance(part, str) else part for part in chosen] if chosen != 5 else 5
            return {"on": name, "do": [["complete", given]]}
        case ("abort", name):
            return {"on": name, "do": [["abort"]]}
    verb, args, options = op
    if verb == "put" and isinstance(args[1], bytes):
        args = (args[0], _said(args[1]))
    if "ssecKey" in options and isinstance(options["ssecKey"], bytes):
        return {"on": "R2", "do": [[verb, *args, {**_said({**options, "ssecKey": 0}), "ssecKey": options["ssecKey"]}]]}
    digests = {name: value for name, value in options.items() if isinstance(value, bytes)}
    return {"on": "R2", "do": [[verb, *args, *([{**_said({**options, **dict.fromkeys(digests)}), **digests}]
                                               if options else [])]]}  # fmt: skip


PYTHON = {
    "onlyIf": "only_if", "httpMetadata": "http_metadata", "customMetadata": "custom_metadata", "ssecKey": "ssec_key",
    "storageClass": "storage_class", "startAfter": "start_after",
}  # fmt: skip


def _python(options: dict[str, Any]) -> dict[str, Any]:
    return {
        PYTHON.get(name, name): list(value.items()) if isinstance(value, Headers) else value
        for name, value in options.items()
    }


def _ours(ops: Sequence[Op]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    kept: dict[str, Any] = {}
    with bound(R2Bucket, Declared("R2", "r2", "r2")) as r2:

        def known(name: str) -> Any:
            if name not in kept:
                raise EdgeError(f"the sequence has nothing of the name {name}", "TypeError")
            return kept[name]

        def answer(op: Op) -> Any:
            match op:
                case ("begin", name, key, options):
                    kept[name] = r2("create_multipart_upload", key, **_python(options))
                    return UNDEFINED
                case ("resume", name, key):
                    kept[name] = r2.binding.resume_multipart_upload(key, "nope")
                    return UNDEFINED
                case ("part", name, number, value, kept_as):
                    given = bytes(value["$new"][1]) if isinstance(value, dict) else value
                    kept[kept_as] = r2.run(known(name).upload_part(number, given))
                    return kept[kept_as]
                case ("finish", name, chosen):
                    upload = known(name)
                    given = [known(part) if isinstance(part, str) else part for part in chosen] if chosen != 5 else 5
                    return r2.run(upload.complete(given))
                case ("abort", name):
                    r2.run(known(name).abort())
                    return UNDEFINED
            verb, args, options = op
            result = r2(verb, *args, **_python(options))
            return UNDEFINED if verb == "delete" else result

        for op in ops:
            try:
                outcomes.append({"ok": answer(op)})
            except EdgeError as error:
                outcomes.append(differential.failure(error))
    return outcomes


def _plain(outcome: Outcome) -> Any:
    """An outcome without instants and what is drawn by chance; without the storage class too, and metadata that a list
    did not ask for are none: Miniflare has no class, and says that there are no metadata."""
    if "error" in outcome:
        return {**outcome["error"], "$": "error"}
    return _described(outcome["ok"])


def _described(value: Any) -> Any:
    """An object of either side in one form."""
    if isinstance(value, R2Objects):
        objects = [_described(each) for each in value.objects]
        return {"objects": objects, "truncated": value.truncated, "cursor": value.cursor, "p": value.delimited_prefixes}
    if isinstance(value, R2Object):
        body = value.body if isinstance(value, R2ObjectBody) else None
        return [value.key, value.size, value.etag, value.http_etag, value.range, value.checksums,
                value.http_metadata or {}, value.custom_metadata or {}, body]  # fmt: skip
    if isinstance(value, dict) and "objects" in value:
        objects = [_described(each) for each in value["objects"]]
        return {"objects": objects, "truncated": value["truncated"], "cursor": value["cursor"],
                "p": value["delimitedPrefixes"]}  # fmt: skip
    if isinstance(value, dict) and value.get("$class") in ("HeadResult", "GetResult"):
        http, custom, whole, sums = (
            {name: each for name, each in (value[field] or {}).items() if each is not UNDEFINED and name != "$class"}
            for field in ("httpMetadata", "customMetadata", "range", "checksums")
        )
        return [value["key"], value["size"], value["etag"], value["httpEtag"], whole or UNDEFINED, sums, http, custom,
                value.get("body")]  # fmt: skip
    if isinstance(value, dict) and "partNumber" in value:
        return {"partNumber": value["partNumber"]}
    return value


def _same(ours: Outcome, theirs: Outcome) -> bool:
    return bool(_plain(ours) == _plain(theirs))


def test_sequences_agree_with_miniflare(oracle: Oracle) -> None:
    made = differential.generated(sequences, differential.amount(150))
    assert differential.check("r2", oracle, made, step=_step, ours=_ours, same=_same) == 20 * len(made)


ZEROS = {"$new": ["Uint8Array", 5 * 1024 * 1024]}
LARGE = [
    ("begin", "u", "big", {"customMetadata": {"a": "1"}}),
    ("part", "u", 1, ZEROS, "p"), ("part", "u", 3, ZEROS, "q"), ("part", "u", 7, b"abcd", "r"),
    ("finish", "u", ["r", "p"]), ("finish", "u", ["q", "r", "p"]), ("finish", "u", ["r"]), ("head", ("big",), {}),
    ("begin", "u", "big", {}),
    ("part", "u", 1, ZEROS, "p"), ("part", "u", 3, ZEROS, "q"), ("part", "u", 7, b"abcd", "r"),
    ("finish", "u", ["q", "p", "r"]), ("head", ("big",), {}),
    ("get", ("big",), {"range": {"offset": 2 * 5 * 1024 * 1024 - 2}}), ("get", ("big",), {"range": {"suffix": 6}}),
    ("get", ("big",), {"range": {"offset": 5 * 1024 * 1024 - 2, "length": 4}}),
    ("put", ("big", "small"), {}), ("get", ("big",), {}), ("abort", "u"),
]  # fmt: skip


def test_parts_of_five_mebibytes_agree_with_miniflare(oracle: Oracle) -> None:
    assert differential.check("r2", oracle, [LARGE], step=_step, ours=_ours, same=_same) == len(LARGE)
