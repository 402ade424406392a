"""KV beside Miniflare: sequences of operations give the same answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from edgelint.testing.bindings.base import Declared
from edgelint.testing.bindings.kv import KvNamespace
from edgelint.testing.errors import EdgeError
from edgelint.testing.values import UNDEFINED
from tests.oracles import differential
from tests.oracles.differences import DIFFERENCES
from tests.oracles.miniflare.oracle import Oracle, Outcome, Step, stream, view
from tests.testing.bindings.worlds import bound

Op = tuple[str, tuple[Any, ...], dict[str, Any]]
KEYS = ["a", "b", "ab", "a/b?c#d%20 e", "é", "\U0001f600", "\uffff", "a\x00", "10", "%zz", "", ".", "..", "x" * 512,
        "x" * 513, "é" * 257, "\ud800", 5, None]  # fmt: skip
TEXTS = ["", "1", '{"a": [1.0, null]}', "nojson", "é", "\ufeffx", "\ud800", " [1, 2", "null", b"", b"\xff\xfe\x00",
         b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", "x" * 2000]  # fmt: skip
VALUES = [*TEXTS, 1, 1.5, -0.0, True, None, UNDEFINED, [1], {"a": 1}]
METADATA: list[Any] = [
    UNDEFINED, None, 0, "", False, "x" * 1022, "x" * 1023, "é" * 511, {"a": [1, {"b": None}]}, {"a": UNDEFINED},
    float("nan"), [], 1.0,
]  # fmt: skip

key = st.sampled_from([*KEYS[:3] * 30, *KEYS])  # mostly few keys, so that what is read was mostly put
types = st.sampled_from([UNDEFINED, "text", "json", "arrayBuffer", "stream"] * 6 + ["nope", ""])
ttls = st.sampled_from([UNDEFINED, 30, 60.7] * 20 + [29, 0, -1, 2**31, None, float("nan")])


def _options(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(strategies)


puts = st.tuples(
    st.just("put"), st.tuples(key, st.sampled_from([*TEXTS * 4, *VALUES])),
    _options(
        metadata=st.sampled_from(METADATA),
        expirationTtl=st.sampled_from([UNDEFINED] * 30 + [60.5, 600, "61", 0, -5, 59, 2**31, "x"]),
        expiration=st.sampled_from([UNDEFINED] * 60 + [0, -1, 1, 2**31, None]),
    ),
)  # fmt: skip
gets = st.tuples(
    st.sampled_from(["get", "getWithMetadata"]), st.tuples(key), _options(type=types, cacheTtl=ttls)
)  # fmt: skip
bulks = st.tuples(
    st.sampled_from(["get", "getWithMetadata"]), st.tuples(st.lists(key, min_size=1, max_size=4) | st.just([])),
    _options(type=st.sampled_from([UNDEFINED, "text", "json"] * 6 + ["stream"]), cacheTtl=ttls),
)  # fmt: skip
nothing: dict[str, Any] = {}
deletes = st.tuples(st.just("delete"), st.tuples(key), st.just(nothing))
lists = st.tuples(
    st.just("list"), st.just(()),
    _options(
        prefix=st.sampled_from([UNDEFINED, "", "a"] * 4 + [None, "é", "x" * 513, "\U0001f600", "zz"]),
        limit=st.sampled_from([UNDEFINED, 1, 2] * 4 + [2.9, 0, -1, 1000, 1001, float("nan")]),
        cursor=st.sampled_from([UNDEFINED] * 20 + [None, "", "YQ==", "YTE=", "!!"]),
    ),
)  # fmt: skip
sequences = st.lists(differential.weighted((puts, 8), (gets, 6), (bulks, 3), (deletes, 1), (lists, 4)),
                     min_size=20, max_size=20)  # fmt: skip


def _step(op: Op) -> Step:
    verb, args, options = op
    if verb == "put" and isinstance(args[1], bytes):
        # the same bytes in one of the forms that JavaScript has for them
        form = len(args[1]) % 3
        args = (args[0], args[1] if form == 0 else view("Uint8Array", args[1]) if form == 1 else stream(args[1]))
    call = [verb, *args, options] if options else [verb, *args]
    return {"on": "KV", "do": [call]}


PYTHON = {"cacheTtl": "cache_ttl", "expirationTtl": "expiration_ttl", "getWithMetadata": "get_with_metadata"}


def _ours(ops: Sequence[Op]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with bound(KvNamespace, Declared("KV", "kv", "kv")) as kv:
        for verb, args, options in ops:
            try:
                result = kv(PYTHON.get(verb, verb), *args, **{PYTHON.get(key, key): of for key, of in options.items()})
                outcomes.append({"ok": UNDEFINED if verb in ("put", "delete") else result})
            except EdgeError as error:
                outcomes.append(differential.failure(error))
    return outcomes


def _timeless(outcome: Outcome) -> Outcome:
    """Without the instants: Miniflare's clock is the machine's."""
    result = outcome.get("ok")
    if isinstance(result, dict) and "keys" in result:
        keys = [{**key, "expiration": True} if "expiration" in key else key for key in result["keys"]]
        return {"ok": {**result, "keys": keys}}
    return outcome


def _same(ours: Outcome, theirs: Outcome) -> bool:
    return differential.alike(_timeless(ours), _timeless(theirs))


def test_sequences_agree_with_miniflare(oracle: Oracle) -> None:
    made = differential.generated(sequences, differential.amount(150))
    assert differential.check("kv", oracle, made, step=_step, ours=_ours, same=_same) == 20 * len(made)


def test_each_known_difference_is_there(oracle: Oracle) -> None:
    known = {each.reason for each in DIFFERENCES if each.binding == "kv"}
    ops: list[Op] = [("put", ("a", ""), {"metadata": 1}), ("getWithMetadata", (["a"],), {})]
    assert differential.seen_differences("kv", oracle, ops, step=_step, ours=_ours, same=_same) == known
