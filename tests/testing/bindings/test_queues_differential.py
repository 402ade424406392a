"""Queues beside Miniflare: what may be sent, what is delivered in which batches, what comes again, what is given up.

A sequence begins with a plan of what the consumer says; then messages are sent and delivered in rounds, since
Miniflare's batches hang on real time while a round goes on. Metrics are not compared for the same reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from edgelint.testing.bindings.queues import Batch, Message, QueueProducer
from edgelint.testing.errors import EdgeError
from edgelint.testing.json_text import dump
from edgelint.testing.values import UNDEFINED
from edgelint.testing.world import World
from tests.oracles import differential
from tests.oracles.differences import Seen
from tests.oracles.miniflare.oracle import Oracle, Outcome, Step, view
from tests.testing.bindings.fake_host import FakeHost, declared, world_of

Op = tuple[str, Any]
LENGTH = 20
OPTIONS = {"max_batch_size": 10, "max_batch_timeout": 0, "max_retries": 3}
WHEN = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)

ACKED: list[list[list[Any]]] = [[["ack"]], [["ack"], ["retry"]]]
AGAIN: list[list[list[Any]]] = [[["retry"]], [["retry", {"delaySeconds": 0}]], [["retry"], ["ack"]]]
"""What a consumer says of one delivery of one message."""
KEPT: list[list[list[Any]]] = [[["ackAll"]], [["ackAll"], ["retryAll"]]]
WHOLE: list[list[list[Any]]] = [[["retryAll"]], [["retryAll"], ["ackAll"]], [["throw", "no"]]]
"""What it says of a batch, after its messages."""
SAID: list[tuple[list[Any], list[Any]]] = [
    ([[]] * 3 + ACKED + AGAIN, [[]] * 2 + KEPT),
    ([[]] * 3 + AGAIN, [[]] * 3 + KEPT + WHOLE),
]
"""Together: a message is not acknowledged in a batch that comes again as a whole, which is a known difference."""
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.sampled_from(["", "é\u2028", "\ud800", "x" * 99, 1.5, -0.5, 1e21, 5e-324]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
typed = st.one_of(
    st.tuples(values, st.sampled_from([UNDEFINED, "json", "v8"])),
    st.tuples(st.sampled_from(["", "é", "text"]), st.just("text")),
    st.tuples(st.just(WHEN), st.sampled_from(["json", "v8", UNDEFINED])),
    st.tuples(st.sampled_from([{"a": UNDEFINED, "b": [UNDEFINED]}]), st.sampled_from(["json"])),
)
refused: st.SearchStrategy[tuple[Any, dict[str, Any]]] = st.sampled_from(
    [
        (UNDEFINED, {}), ("a", {"contentType": "xml"}), (1, {"contentType": "text"}), (None, {"contentType": "text"}),
        ("a", {"contentType": "bytes"}), (True, {"contentType": "bytes"}), ({"$bigint": "9007199254740993"}, {}),
        ("x" * 128_001, {"contentType": "text"}), ("é" * 64_000 + "x", {"contentType": "text"}),
        ("x" * 127_999, {}), ("x" * 127_996, {"contentType": "v8"}), ("a", {"delaySeconds": -1}),
        ("a", {"delaySeconds": 86_401}), ("a", {"delaySeconds": 2**31}), ([1], {"contentType": ""}),
    ]
)  # fmt: skip
"""A body and options that ``send`` does not take."""
refused_batches: st.SearchStrategy[tuple[list[Any], dict[str, Any]]] = st.one_of(
    st.sampled_from([([], {}), ([{"body": 1}] * 101, {}), ([{"body": 1}], {"delaySeconds": -1}),
                     ([{"body": 1}], {"delaySeconds": 86_401}), ([{"body": "x" * 100_000}] * 3, {})]),
    refused.map(lambda one: ([{"body": 0}, {"body": one[0], **one[1]}], {})),
    st.just(([{"body": "a", "contentType": "TEXT"}], {})),
)  # fmt: skip


@st.composite
def sequences(draw: st.DrawFn) -> list[Op]:
    """20 operations: a plan, then rounds of sending and waiting with what is refused and what is for later between."""
    ops: list[Op] = []
    plan: dict[str, Any] = {"messages": {}, "batches": []}
    number = 0
    verdicts, batches = draw(st.sampled_from(SAID))

    def message() -> tuple[Any, Any]:
        nonlocal number
        number += 1
        body: Any
        if draw(st.booleans()):
            body, kind = f"text {number}", draw(st.sampled_from(["text", "json", "v8", UNDEFINED]))
        else:
            body, kind = {"n": number, "v": draw(typed)[0]}, draw(st.sampled_from(["json", "v8", UNDEFINED]))
        actions = draw(st.lists(st.sampled_from(verdicts), max_size=4))
        if actions:
            plan["messages"][dump(body)] = actions
        return body, kind

    while len(ops) < LENGTH - 1:
        choice = draw(st.integers(0, 9))
        if choice < 2:
            ops.append(("send", draw(refused)))
        elif choice < 4:
            ops.append(("sendBatch", draw(refused_batches)))
        elif choice == 4:
            ops.append(
                ("send", (draw(typed)[0], {"delaySeconds": draw(st.sampled_from([3600, 86_400, 1e5 - 13_600]))}))
            )
        elif choice == 5:
            ops.append(("wait", 0))
        elif len(ops) < LENGTH - 2:
            if draw(st.booleans()):
                body, kind = message()
                ops.append(("send", (body, {"contentType": kind})))
            else:
                batch = [message() for _ in range(draw(st.integers(1, 14)))]
                own = draw(st.sampled_from([UNDEFINED, 0, 0.9]))
                ops.append(
                    ("sendBatch", ([{"body": b, "contentType": k, "delaySeconds": own} for b, k in batch],
                                   {"delaySeconds": draw(st.sampled_from([0, UNDEFINED]))}))
                )  # fmt: skip
            ops.append(("wait", 0))
    plan["batches"] = draw(st.lists(st.sampled_from(batches), min_size=6, max_size=6))
    return [("plan", plan), *ops]


def counted(sequence: list[Op]) -> list[Op]:
    """The sequence with each wait told how many deliveries there will have been."""
    found = ours(sequence)
    return [
        ("wait", sum(len(batch) for queue in outcome["ok"] for batch in queue)) if op[0] == "wait" else op
        for op, outcome in zip(sequence, found, strict=True)
    ]


def to_step(op: Op) -> Step:
    verb, given = op
    if verb == "plan":
        return {"on": "CONSUMER", "do": [["plan", given]]}
    if verb == "wait":
        return {"on": "CONSUMER", "do": [["wait", given]]}
    return {"on": "QUEUE", "do": [[verb, *given]]}


def ours(sequence: Sequence[Op]) -> list[Outcome]:
    return Ours().run(sequence)


class Ours:
    """A fake queue with its dead letter queue, and the same consumer as the oracle's worker."""

    def __init__(self) -> None:
        consumers = [{"queue": "main", **OPTIONS, "dead_letter_queue": "dead"},
                     {"queue": "dead", "max_batch_size": 100, "max_batch_timeout": 0, "max_retries": 0}]  # fmt: skip
        self.world: World = world_of(FakeHost(queue=self.consume), queues={"consumers": consumers})
        self.queue = QueueProducer(declared("queue", "QUEUE", "main"), self.world)
        self.plan: dict[str, Any] = {}
        self.log: dict[str, list[list[Any]]] = {"main": [], "dead": []}

    def consume(self, batch: Batch) -> None:
        number = len(self.log[batch.queue])
        plan = self.plan if batch.queue == "main" else {}
        seen = []
        for message in batch.messages:
            seen.append((message.body, message.attempts))
            for verb, *args in self.planned(plan, message):
                getattr(message, verb)(**_python(args))
        self.log[batch.queue].append(seen)
        for verb, *args in (plan.get("batches") or [])[number : number + 1] and plan["batches"][number]:
            if verb == "throw":
                raise ValueError(*args)
            getattr(batch, {"ackAll": "ack_all", "retryAll": "retry_all"}[verb])()

    @staticmethod
    def planned(plan: dict[str, Any], message: Message) -> list[list[Any]]:
        actions = plan.get("messages", {}).get(dump(message.body), [])
        return list(actions[message.attempts - 1]) if message.attempts <= len(actions) else []

    def run(self, sequence: Sequence[Op]) -> list[Outcome]:
        try:
            return [self.outcome(*op) for op in sequence]
        finally:
            self.world.close()

    def outcome(self, verb: str, given: Any) -> Outcome:
        try:
            match verb:
                case "plan":
                    self.plan = given
                case "wait":
                    self.world.advance_to(self.world.clock.now)
                    return {"ok": [list(self.log["main"]), list(self.log["dead"])]}
                case "send":
                    body, options = given
                    self.world.run(self.queue.send(_plain(body), **_python([options])))
                case _:
                    messages, options = given
                    plain = [{**message, "body": _plain(message["body"])} for message in messages]
                    self.world.run(self.queue.send_batch(plain, **_python([options])))
        except EdgeError as error:
            return differential.failure(error)
        return {"ok": UNDEFINED}


def _python(args: list[Any]) -> dict[str, Any]:
    """Options as the fakes take them: keywords, those that are undefined left out."""
    names = {"delaySeconds": "delay_seconds", "contentType": "content_type"}
    return {names[key]: value for options in args for key, value in options.items() if value is not UNDEFINED}


def _plain(body: Any) -> Any:
    return int(body["$bigint"]) if isinstance(body, dict) and "$bigint" in body else body


def same(mine: Outcome, theirs: Outcome) -> bool:
    """Errors by their words; what was sent without its metrics; deliveries by body and attempt (of the dead letters
    the order only: in which batches they come is a race in Miniflare)."""
    if "error" in mine or "error" in theirs:
        return differential.alike(mine, theirs)
    if not isinstance(mine["ok"], list):
        return True
    main, dead = ([[(m["body"], m["attempts"]) for m in batch] for batch in queue] for queue in theirs["ok"])
    own_main, own_dead = mine["ok"]
    return _text(own_main) == _text(main) and _text(_flat(own_dead)) == _text(_flat(dead))


def _flat(batches: list[list[Any]]) -> list[Any]:
    return [message for batch in batches for message in batch]


def _text(batches: Any) -> str | None:
    return dump(batches)


def test_sequences_give_the_same_answers(oracle: Oracle) -> None:
    made = [counted(each) for each in differential.generated(sequences(), differential.amount(60))]
    compared = differential.check("queue", oracle, made, step=to_step, ours=ours, same=same)
    assert compared == len(made) * LENGTH


def test_the_known_differences_are_still_there(oracle: Oracle) -> None:
    """Each of them is seen, so that none stays on the list when Miniflare has changed."""
    acknowledged = {"messages": {'"text 1"': [[["ack"]]]}, "batches": [[["throw", "no"]]]}
    messages = [{"body": "text 1"}, {"body": "text 2"}]
    told: list[tuple[str, list[Op]]] = [
        ("queue of batches that come again",
         [("plan", acknowledged), ("sendBatch", (messages, {})), ("wait", 3)]),
        ("queue", [("sendBatch", ([{"body": "x" * 90_000}] * 3, {}))]),
        ("queue", [("send", ("x" * 128_001, {"contentType": "text"}))]),
    ]  # fmt: skip
    for name, sequence in told:
        theirs = oracle.run([[to_step(op) for op in sequence]])[0]
        seen = [Seen(to_step(op), a, b) for op, a, b in zip(sequence, ours(sequence), theirs, strict=True)]
        assert any(not same(each.ours, each.theirs) for each in seen)
        assert differential.check(name, oracle, [sequence], step=to_step, ours=ours, same=same) == len(sequence)


def test_bytes_arrive_as_bytes(oracle: Oracle) -> None:
    step: list[Step] = [
        {"on": "QUEUE", "do": [["send", view("Uint8Array", b"\x00\xff"), {"contentType": "bytes"}]]},
        {"on": "CONSUMER", "do": [["wait", 1]]},
    ]
    assert oracle.run([step])[0][1]["ok"][0][0][0]["body"] == b"\x00\xff"
    fake = Ours()
    fake.outcome("send", (b"\x00\xff", {"contentType": "bytes"}))
    assert fake.outcome("wait", 1)["ok"][0] == [[(b"\x00\xff", 1)]]
