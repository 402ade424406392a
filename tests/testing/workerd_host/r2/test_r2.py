"""R2 in workerd: what the tables of the state machine have not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from edgelint.testing.errors import EdgeError
from tests.testing.workerd_host.in_javascript import InJavaScript, Made
from tests.testing.workerd_host.r2.test_same_cases import Bucket


@pytest.fixture
def r2(in_javascript: Made) -> InJavaScript:
    return in_javascript("R2", "FILES", Bucket)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("internal", "get: We encountered an internal error. Please try again. (10001)"),
        ("lost", "Network connection lost."), (EdgeError("n\xf6\n"), "get: n\xf6\n (0)"),
        (EdgeError("other: words", code=7), "get: other: words (7)"), (EdgeError("put: words"), "get: words (0)"),
    ],
)
def test_a_fault(r2: InJavaScript, how: Any, said: str) -> None:
    r2("put", "k", "x")
    r2("get", "k")
    fault = r2.edge.faults.on("FILES.get").fail(how)
    assert r2.error("get", "k") == f"Error: {said}"
    assert fault.hits == 1


def test_names_and_metadata_of_every_character(r2: InJavaScript) -> None:
    name = "".join(map(chr, (*range(128), 0xE9, 0x1F600)))
    custom, http = {"$object": [[name, name]]}, {"contentType": "é\U0001f600"}
    put = r2("put", name, b"\0\xff", custom_metadata=custom, http_metadata=http)
    assert put.key == name
    found = r2("get", name)
    assert (found.key, found.body, found.custom_metadata) == (name, b"\0\xff", {name: name})
    assert found.http_metadata == {"contentType": "é\U0001f600"}
    [listed] = r2("list", prefix=name[:100], delimiter="\U0001f601").objects
    assert listed.key == name
    assert r2("list", delimiter="\U0001f600").delimited_prefixes == [name]
    r2("delete", [name])
    assert r2("head", name) is None


def test_instants_before_the_epoch(r2: InJavaScript) -> None:
    before = datetime(1969, 12, 31, 23, 59, 59, 5000, tzinfo=UTC)
    assert r2("put", "k", "x", http_metadata={"cache_expiry": before}).http_metadata == {"cacheExpiry": before}
    assert r2("get", "k", only_if={"uploaded_after": before}).body == b"x"
    assert not hasattr(r2("get", "k", only_if={"uploaded_before": before}), "body")
    said = "TypeError: This API doesn't support dates after 2189."
    assert r2.error("put", "k", "x", http_metadata={"cache_expiry": {"$date": 8.64e15}}) == said


def test_conditions_that_only_headers_say(r2: InJavaScript) -> None:
    r2("put", "k", "x")
    assert r2("get", "k", only_if=[("if-match", '"*"')]).range is not None
    assert not hasattr(r2("get", "k", only_if=[("if-match", '"*"')]), "body")  # a tag, no wildcard
    assert r2("get", "k", only_if=[("if-match", '"a", *')]).body == b"x"


def test_a_stream_and_a_blob(r2: InJavaScript) -> None:
    r2("put", "k", {"$stream": "aGVsbG8="})
    assert r2("get", "k", range={"suffix": 2}).body == b"lo"
    r2("put", "k", {"$new": ["Blob", ["blob"]]})
    assert r2("get", "k").body == b"blob"
