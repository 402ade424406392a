"""The oracle: values go in and come out, resources are fresh, errors are said."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import strategies as st

from edgelint.testing.values import UNDEFINED
from tests.oracles import differential
from tests.oracles.miniflare import oracle as miniflare
from tests.oracles.miniflare.oracle import Oracle, Step, decode, encode, stream, view
from tests.testing.conftest import available
from tests.testing.conftest import oracle as _fixture

oracle = _fixture


def step(on: str, *links: Any, **more: Any) -> Step:
    return {"on": on, "do": list(links), **more}


@pytest.mark.parametrize(
    "value",
    [None, True, 1, 2.5, "ü", b"\x00\xff", math.inf, -math.inf, UNDEFINED, [1, [None]], {"a": {"b": b""}}, {1, 2},
     datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)],
)  # fmt: skip
def test_values_go_in_and_come_out(oracle: Oracle, value: Any) -> None:
    assert oracle.call(step("GLOBAL", ["structuredClone", value])) == {"ok": value}


def test_floats_that_json_lacks() -> None:
    assert encode(math.nan) == {"$number": "NaN"}
    assert math.copysign(1, decode(encode(-0.0))) == -1
    assert math.isnan(decode({"$number": "NaN"}))
    assert decode({"$bigint": "9007199254740993"}) == 2**53 + 1
    assert decode({"$function": "f"}) == {"$function": "f"}


def test_each_sequence_has_fresh_resources(oracle: Oracle) -> None:
    cached = {"$new": ["Response", "x", {"headers": {"cache-control": "max-age=9"}}]}
    sequence = [
        step("KV", ["get", "a"]),
        step("KV", ["put", "a", "1"]),
        step("R2", ["list"], "objects"),
        step("R2", ["put", "a", "1"]),
        step("DB", ["exec", "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE VIEW b AS SELECT * FROM a"]),
        step("CACHE", ["match", "https://a.test/"]),
        step("CACHE", ["put", "https://a.test/", cached]),
    ]
    for outcomes in oracle.run([sequence] * 20):
        assert all("ok" in outcome for outcome in outcomes), outcomes
        assert outcomes[0] == {"ok": None}
        assert outcomes[2] == {"ok": []}
        assert outcomes[5] == {"ok": UNDEFINED}


def test_results_are_kept_and_used(oracle: Oracle) -> None:
    [[_, part, done, read]] = oracle.run([[
        step("R2", ["createMultipartUpload", "k"], **{"as": "upload"}),
        step("upload", ["uploadPart", 1, stream(b"abc")], **{"as": "part", "show": True}),
        step("upload", ["complete", [{"$ref": "part"}]]),
        step("R2", ["get", "k"]),
    ]])  # fmt: skip
    assert part["ok"]["partNumber"] == 1
    assert done["ok"]["size"] == 3
    assert read["ok"]["body"] == b"abc"
    assert read["ok"]["bodyUsed"] is False


def test_views_and_streams_are_values(oracle: Oracle) -> None:
    [outcomes] = oracle.run([[
        step("KV", ["put", "a", view("Uint8Array", b"\x01")]), step("KV", ["put", "b", stream(b"\x02")]),
        step("KV", ["get", "a", "arrayBuffer"]), step("KV", ["get", "b", "arrayBuffer"]),
    ]])  # fmt: skip
    assert outcomes[2:] == [{"ok": b"\x01"}, {"ok": b"\x02"}]


def test_errors_say_name_message_and_code(oracle: Oracle) -> None:
    error = oracle.call(step("KV", ["get", ""]))["error"]
    assert (error["name"], error["message"], error["code"]) == ("TypeError", "Key name cannot be empty.", None)
    cause = oracle.call(step("DB", ["prepare", "nonsense"], ["run"]))["error"]["cause"]
    assert "syntax error" in cause["message"]


def test_the_consumer_follows_its_plan_and_records(oracle: Oracle) -> None:
    [[_, _, outcome]] = oracle.run([[
        step("CONSUMER", ["plan", {"messages": {'"a"': [[["retry"]], [["retry"]], [["retry"]], [["retry"]]]}}]),
        step("QUEUE", ["sendBatch", [{"body": "a"}, {"body": "b"}]]),
        step("CONSUMER", ["wait", 6]),
    ]])  # fmt: skip
    queue, dead = outcome["ok"]
    assert [[(message["body"], message["attempts"]) for message in batch] for batch in queue] == [
        [("a", 1), ("b", 1)], [("a", 2)], [("a", 3)], [("a", 4)]
    ]  # fmt: skip
    assert [[message["body"] for message in batch] for batch in dead] == [["a"]]


def test_a_mistake_in_a_step_is_no_outcome(oracle: Oracle) -> None:
    with pytest.raises(miniflare.Broken):
        oracle.ask({"sequences": {}})
    assert oracle.call(step("NOTHING", "x"))["error"]["message"] == "the sequence has nothing of the name NOTHING"


def test_generated_sequences_are_the_same_each_time() -> None:
    strategy = st.lists(st.integers(), min_size=3)
    assert differential.generated(strategy, 20) == differential.generated(strategy, 20)
    assert len(differential.generated(strategy, 20)) == 20


def test_a_difference_is_said_with_the_operations_it_takes(oracle: Oracle) -> None:
    def ours(ops: Any) -> list[dict[str, Any]]:
        stored = None
        outcomes: list[dict[str, Any]] = []
        for op in ops:
            if op == "get":
                outcomes.append({"ok": "2" if stored else None})
            else:
                stored = op
                outcomes.append({"ok": UNDEFINED})
        return outcomes

    def said(op: str) -> Step:
        return step("KV", ["get", "a"]) if op == "get" else step("KV", ["put", "a", op])

    assert differential.check("none", oracle, [["get", "2", "get"]], step=said, ours=ours) == 3
    with pytest.raises(AssertionError) as raised:
        differential.check("none", oracle, [["get", "2", "get"], ["get", "2", "get", "1", "get"]], step=said, ours=ours)
    assert str(raised.value).splitlines() == [
        "none: the fake and Miniflare differ",
        "  {'on': 'KV', 'do': [['put', 'a', '1']]}",
        "    both      {'ok': undefined}",
        "  {'on': 'KV', 'do': [['get', 'a']]}",
        "    fake      {'ok': '2'}",
        "    Miniflare {'ok': '1'}",
    ]


def test_without_miniflare_a_test_is_skipped_or_fails_where_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise miniflare.Unavailable("not there")

    monkeypatch.setattr(miniflare, "installed", absent)
    monkeypatch.delenv(miniflare.NEEDED, raising=False)
    with pytest.raises(pytest.skip.Exception, match="not there"):
        available()
    monkeypatch.setenv(miniflare.NEEDED, "1")
    with pytest.raises(pytest.fail.Exception, match="not there"):
        available()
