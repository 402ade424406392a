"""Vectorize: nearest vectors, filters, limits and changes that take their time."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgelint.testing.bindings.base import Declared
from edgelint.testing.bindings.vector_filter import Filter, FilterError
from edgelint.testing.bindings.vectorize import VectorizeIndex
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.values import UNDEFINED
from tests.testing.bindings.worlds import Bound, bound


@pytest.fixture
def index() -> Iterator[Bound[VectorizeIndex]]:
    with bound(VectorizeIndex, Declared("INDEX", "vectorize", "docs")) as made:
        yield made


def ids(result: dict[str, Any]) -> list[str]:
    assert result["count"] == len(result["matches"])
    return [match["id"] for match in result["matches"]]


def vector(id: str, *values: float, **more: Any) -> dict[str, Any]:
    return {"id": id, "values": list(values), **more}


CROSS = [vector("e", 1, 0), vector("n", 0, 2), vector("w", -3, 0), vector("ne", 4, 4)]


@pytest.mark.parametrize(
    ("metric", "order", "scores"),
    [
        ("cosine", ["e", "ne", "n", "w"], [1, math.sqrt(0.5), 0, -1]),
        ("euclidean", ["e", "n", "ne", "w"], [1, math.sqrt(8), math.sqrt(20), 5]),
        ("dot-product", ["ne", "e", "n", "w"], [-8, -2, 0, 6]),
    ],
)
def test_the_nearest_come_first(index: Bound[VectorizeIndex], metric: Any, order: list[str], scores: Any) -> None:
    index.binding.configure(metric=metric, dimensions=2)
    index("upsert", CROSS)
    result = index("query", [2, 0])
    assert ids(result) == order
    assert [match["score"] for match in result["matches"]] == pytest.approx(scores)
    assert set(result["matches"][0]) == {"id", "score"}
    assert index.last.attributes["dimensions"] == 2 * 5
    assert ids(index("query_by_id", "e", topK=2)) == order[:2]
    assert index.error("query_by_id", "x") == "Error: VECTOR_QUERY_ERROR: vector not found: x"


def test_a_vector_is_itself(index: Bound[VectorizeIndex]) -> None:
    index("insert", [vector("a", 1, 2), vector("b", 0.1, 0.7)])
    assert [index("query_by_id", id)["matches"][0]["score"] for id in ("a", "b")] == [1.0, 1.0]


def test_a_zero_vector_is_near_nothing(index: Bound[VectorizeIndex]) -> None:
    index("insert", [vector("o", 0, 0), vector("e", 1, 0)])
    assert [match["score"] for match in index("query", [1, 0])["matches"]] == [1, 0]


def test_insert_keeps_and_upsert_replaces(index: Bound[VectorizeIndex]) -> None:
    first = index("insert", [vector("a", 1, 0, metadata={"v": 1}, namespace="n")])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first["mutationId"])
    index("insert", [vector("a", 0, 1), vector("b", 0, 1)])
    assert index("get_by_ids", ["b", "a", "a", "x"]) == [
        {"id": "b", "values": [0, 1]}, {"id": "a", "values": [1, 0], "namespace": "n", "metadata": {"v": 1}}
    ]  # fmt: skip
    index("upsert", [vector("a", 0.1, 1)])
    assert index("get_by_ids", ["a"]) == [{"id": "a", "values": pytest.approx([0.1, 1])}]
    assert index("get_by_ids", ["a"])[0]["values"][0] != 0.1  # 32 bits
    last = index("delete_by_ids", ["a", "x"])
    assert index("describe") == {
        "vectorCount": 1, "dimensions": 2, "processedUpToDatetime": "2026-01-01T00:00:00.000Z",
        "processedUpToMutation": last["mutationId"],
    }  # fmt: skip
    assert ids(index("query", [1, 0])) == ["b"]


def test_an_index_with_nothing_in_it(index: Bound[VectorizeIndex]) -> None:
    assert index("describe") == {
        "vectorCount": 0, "dimensions": 0, "processedUpToDatetime": None, "processedUpToMutation": None
    }  # fmt: skip
    assert index("query", [1, 0]) == {"count": 0, "matches": []}


def test_changes_can_take_their_time(index: Bound[VectorizeIndex]) -> None:
    index.binding.configure(lag=5)
    mutation = index("insert", [vector("a", 1, 0)])["mutationId"]
    index.advance(4.999)
    assert ids(index("query", [1, 0])) == []
    assert index("describe")["processedUpToMutation"] is None
    index.advance(0.001)
    assert ids(index("query", [1, 0])) == ["a"]
    assert index("describe")["processedUpToMutation"] == mutation
    index("delete_by_ids", ["a"])
    assert ids(index("query", [1, 0])) == ["a"]
    index.advance(5)
    assert ids(index("query", [1, 0])) == []


def test_namespaces(index: Bound[VectorizeIndex]) -> None:
    index("insert", [vector("a", 1, 0, namespace="x"), vector("b", 1, 0, namespace="y"), vector("c", 1, 0)])
    assert ids(index("query", [1, 0])) == ["a", "b", "c"]
    found = index("query", [1, 0], namespace="y")
    assert ids(found) == ["b"]
    assert found["matches"][0]["namespace"] == "y"


def test_what_a_match_shows(index: Bound[VectorizeIndex]) -> None:
    index("insert", [vector("a", 1, 0, metadata={"k": 1, "o": {"p": 2}}), vector("b", 0, 1)])

    def shown(**options: Any) -> Any:
        return index("query", [1, 0], **options)["matches"][0]

    assert "metadata" not in shown()
    assert shown(return_metadata="all")["metadata"] == {"k": 1, "o": {"p": 2}}
    assert shown(return_metadata=True)["metadata"] == {"k": 1, "o": {"p": 2}}
    assert shown(return_metadata="indexed")["metadata"] == {"k": 1, "o": {"p": 2}}
    for nothing in ("none", False, None, UNDEFINED, ""):
        assert "metadata" not in shown(return_metadata=nothing)
    assert shown(return_values=True)["values"] == [1, 0]
    index.binding.configure(metadata_indexes=["o.p", "absent"])
    assert shown(return_metadata="indexed")["metadata"] == {"o.p": 2}
    matches = index("query", [1, 0], {"returnMetadata": "all", "topK": 2})["matches"]
    assert "metadata" not in matches[1]
    assert index.error("query", [1, 0], return_metadata="some") == (
        'Error: Invalid returnMetadata option. Expected: true, false, "none", "indexed" or "all"; got: some'
    )


@pytest.mark.parametrize(
    ("options", "most"),
    [({}, 100), ({"returnValues": True}, 20), ({"returnMetadata": "all"}, 20), ({"returnMetadata": "indexed"}, 100)],
)
def test_top_k_has_a_most(index: Bound[VectorizeIndex], options: dict[str, Any], most: int) -> None:
    index("insert", [vector(f"{number:03}", 1, number) for number in range(101)])
    assert len(index("query", [1, 0], {**options, "topK": most})["matches"]) == most
    assert len(index("query", [1, 0], options)["matches"]) == 5
    for wrong in (most + 1, 0, -1, 1.5, "5", True):
        assert index.error("query", [1, 0], {**options, "topK": wrong}) == (
            f"Error: VECTOR_QUERY_ERROR: topK is a whole number from 1 to {most}, not {wrong}"
        )


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (vector("", 1, 0), "a vector needs an id"),
        ({"values": [1, 0]}, "a vector needs an id"),
        (vector("é" * 33, 1, 0), "an id has at most 64 bytes: " + "é" * 33),
        (vector("a", 1, 0, namespace="x" * 65), "a namespace has at most 64 bytes: " + "x" * 65),
        (vector("a"), "a vector needs values"),
        ({"id": "a", "values": "12"}, "a vector needs values"),
        ({"id": "a", "values": [1, "b"]}, "the values of a vector are numbers"),
        (vector("a", 1, 2, 3), "invalid vector: expected 2 dimensions, and got 3 dimensions"),
        (vector("a", 1, 0, metadata={"t": "x" * 10_240}), "metadata has at most 10240 bytes: a"),
    ],
)
def test_vectors_that_are_refused(index: Bound[VectorizeIndex], bad: dict[str, Any], reason: str) -> None:
    index.binding.configure(dimensions=2)
    for verb in ("insert", "upsert"):
        assert index.error(verb, [vector("ok", 1, 0), bad]) == f"Error: VECTOR_{verb.upper()}_ERROR: {reason}"
    assert index("describe")["vectorCount"] == 0


def test_batches_and_dimensions_have_a_most(index: Bound[VectorizeIndex]) -> None:
    assert index.error("insert", [vector("a", 1)] * 1001) == (
        "Error: VECTOR_INSERT_ERROR: at most 1000 vectors in a batch, not 1001"
    )
    assert index.error("insert", [vector("a", *[0.0] * 1537)]) == (
        "Error: VECTOR_INSERT_ERROR: a vector has at most 1536 dimensions"
    )
    index("insert", [vector("a", 1, 0)])
    assert index.error("query", [1]) == (
        "Error: VECTOR_QUERY_ERROR: invalid vector: expected 2 dimensions, and got 1 dimensions"
    )
    for wrong, text in (({"metric": "manhattan"}, "no metric"), ({"dimensions": 0}, "1 to 1536 dimensions"),
                        ({"metadata_indexes": map(str, range(11))}, "at most 10")):  # fmt: skip
        with pytest.raises(EdgeUsageError, match=text):
            index.binding.configure(**wrong)


MOVIES = {
    "a": {"year": 1999, "title": "x", "seen": True, "by": {"name": "p"}},
    "b": {"year": 2005, "title": "y", "seen": False, "by": {"name": "q"}, "by.name": "dotted"},
    "c": {"year": "2005", "title": None},
    "d": {},
}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"year": 2005}, "b"), ({"year": {"$eq": 2005}}, "b"), ({"year": {"$ne": 2005}}, "acd"), ({"seen": True}, "a"),
        ({"seen": 1}, ""), ({"title": None}, "cd"), ({"title": {"$ne": None}}, "ab"), ({"by.name": "p"}, "a"),
        ({"by.name": "dotted"}, "b"), ({"by.name.x": "p"}, ""), ({"year": {"$in": [1999, "2005"]}}, "ac"),
        ({"year": {"$nin": [1999, "2005"]}}, "bd"), ({"year": {"$gt": 1999}}, "b"), ({"year": {"$gte": 1999}}, "ab"),
        ({"year": {"$lt": 2005}}, "a"), ({"year": {"$lte": "2005"}}, "c"), ({"seen": {"$gt": 0}}, ""),
        ({"year": {"$gt": 1999, "$lte": 2005}}, "b"), ({"title": "x", "year": 1999}, "a"),
        ({"title": "x", "year": 1}, ""),
        (None, "abcd"),
    ],
)  # fmt: skip
def test_filters(index: Bound[VectorizeIndex], wanted: Any, found: str) -> None:
    index("insert", [vector(id, 1, 0, metadata=metadata) for id, metadata in MOVIES.items()])
    assert ids(index("query", [1, 0], filter=wanted)) == list(found)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({}, "filter is an object"), ([], "filter is an object"), ({"": 1}, "key that cannot be one"),
        ({"$eq": 1}, "key that cannot be one"), ({'a"': 1}, "key that cannot be one"), ({"k" * 513: 1}, "has a key"),
        ({"a": {}}, "filter says nothing of a"), ({"a": {"$like": 1}}, "there is no operator $like"),
        ({"a": {"$eq": 1, "$ne": 2}}, "do not go together"), ({"a": {"$gt": 1, "$gte": 2}}, "do not go together"),
        ({"a": {"$gt": 1, "$lt": 5, "$ne": 2}}, "do not go together"), ({"a": {"$in": []}}, "takes a list"),
        ({"a": {"$in": 1}}, "takes a list"), ({"a": {"$nin": [[1]]}}, "takes a list"), ({"a": {"$gt": None}}, "$gt of"),
        ({"a": {"$lt": True}}, "takes a string or a number"), ({"a": [1]}, "a boolean or null"),
        ({"a": "x" * 2050}, "filter is less than 2048 bytes"),
    ],
)  # fmt: skip
def test_filters_that_are_refused(index: Bound[VectorizeIndex], wanted: Any, reason: str) -> None:
    error = index.error("query", [1, 0], filter=wanted)
    assert error.startswith("Error: VECTOR_QUERY_ERROR: ")
    assert reason in error
    with pytest.raises(FilterError):
        Filter(wanted)


def test_only_what_was_indexed_when_it_was_written_can_be_filtered_by(index: Bound[VectorizeIndex]) -> None:
    index.binding.configure(metadata_indexes=[])
    index("insert", [vector("early", 1, 0, metadata={"k": 1})])
    index.binding.configure(metadata_indexes=["k"])
    index("insert", [vector("late", 1, 0, metadata={"k": 1})])
    assert ids(index("query", [1, 0], filter={"k": 1})) == ["late"]
    index("upsert", [vector("early", 1, 0, metadata={"k": 1})])
    assert ids(index("query", [1, 0], filter={"k": 1})) == ["early", "late"]


def test_a_text_is_indexed_by_its_first_bytes(index: Bound[VectorizeIndex]) -> None:
    index("insert", [vector("a", 1, 0, metadata={"k": "é" * 40})])
    assert ids(index("query", [1, 0], filter={"k": "é" * 32 + "other"})) == ["a"]
    assert ids(index("query", [1, 0], filter={"k": "é" * 31})) == []


@settings(max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["cosine", "euclidean", "dot-product"]),
    st.lists(st.lists(st.floats(-100, 100, width=32), min_size=3, max_size=3), min_size=1, max_size=12),
    st.lists(st.floats(-100, 100, width=32), min_size=3, max_size=3), st.integers(1, 12),
)  # fmt: skip
def test_what_is_left_out_is_no_nearer(metric: Any, stored: list[list[float]], asked: list[float], most: int) -> None:
    with bound(VectorizeIndex, Declared("INDEX", "vectorize", "docs")) as index:
        index.binding.configure(metric=metric)
        index("insert", [vector(str(number), *values) for number, values in enumerate(stored)])
        everything = index("query", asked, topK=100)["matches"]
        assert len(everything) == len(stored)
        scores = [match["score"] for match in everything]
        assert scores == sorted(scores, reverse=metric == "cosine")
        assert index("query", asked, topK=most)["matches"] == everything[:most]
