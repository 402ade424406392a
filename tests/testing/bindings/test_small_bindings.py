"""Rate limits, analytics, secrets, version metadata, Hyperdrive and Workers AI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from edgelint.testing.bindings.ai import WorkersAi
from edgelint.testing.bindings.analytics_engine import AnalyticsEngineDataset, DataPoint
from edgelint.testing.bindings.base import Declared
from edgelint.testing.bindings.hyperdrive import Hyperdrive
from edgelint.testing.bindings.rate_limit import RateLimiter
from edgelint.testing.bindings.secrets_store import StoredSecret
from edgelint.testing.bindings.version_metadata import VersionMetadata
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.operation import Operation, invocation
from edgelint.testing.values import UNDEFINED
from tests.oracles import differential
from tests.oracles.miniflare.oracle import Oracle, Outcome, Step
from tests.testing.bindings.worlds import Bound, bound

SIMPLE = {"name": "LIMIT", "namespace_id": "1001", "simple": {"limit": 2, "period": 60}}


@pytest.fixture
def limiter() -> Iterator[Bound[RateLimiter]]:
    with bound(RateLimiter, Declared("LIMIT", "rate-limit", "1001", SIMPLE)) as made:
        yield made


def allowed(limiter: Bound[RateLimiter], **options: Any) -> bool:
    result: dict[str, bool] = limiter("limit", **options)
    assert set(result) == {"success"}
    return result["success"]


def test_windows_are_those_of_the_clock(limiter: Bound[RateLimiter]) -> None:
    limiter.advance(50)
    assert [allowed(limiter, key="a") for _ in range(3)] == [True, True, False]
    assert limiter.last.attributes["success"] is False
    assert allowed(limiter, key="b") is True
    limiter.advance(9.999)
    assert allowed(limiter, key="a") is False
    limiter.advance(0.001)
    assert [allowed(limiter, key="a") for _ in range(3)] == [True, True, False]


def test_limit_and_period_can_be_given(limiter: Bound[RateLimiter]) -> None:
    assert [allowed(limiter, key="a", limit=1, period=10) for _ in range(2)] == [True, False]
    assert allowed(limiter, key="a") is True  # each period counts for itself
    limiter.advance(10)
    assert allowed(limiter, key="a", limit=1, period=10.0) is True
    assert limiter("limit", {"key": "z", "limit": UNDEFINED}) == {"success": True}


def test_a_namespace_is_shared(limiter: Bound[RateLimiter]) -> None:
    other = RateLimiter(Declared("OTHER", "rate-limit", "1001", SIMPLE), limiter.world)
    assert [limiter.run(other.limit(key="a"))["success"] for _ in range(2)] == [True, True]
    assert allowed(limiter, key="a") is False
    limiter.binding.store.slack = 1
    assert [allowed(limiter, key="a") for _ in range(2)] == [True, False]


def test_each_location_counts_for_itself(limiter: Bound[RateLimiter]) -> None:
    where = "LHR"

    async def located(operation: Operation, proceed: Any) -> Any:
        operation.attributes["location"] = where
        return await proceed()

    limiter.world.gate.consistency = located
    assert [allowed(limiter, key="a") for _ in range(3)] == [True, True, False]
    where = "SIN"
    assert allowed(limiter, key="a") is True


WRONG: list[Any] = [
    UNDEFINED, None, 5, "x", {"key": 5}, {"key": None}, {"keys": "a"}, {"a": 1, "b": 2, "key": "k"}, {"limit": "1"},
    {"period": "1"}, {"period": 30}, {"period": 10.5}, {"key": {}}, {"limit": True}, {"period": None},
]  # fmt: skip


def test_options_are_refused_as_miniflare_refuses_them(limiter: Bound[RateLimiter], oracle: Oracle) -> None:
    def ours(ops: Any) -> list[Outcome]:
        return [{"error": {"name": "Error", "message": limiter.error("limit", op)[7:], "code": None}} for op in ops]

    def step(op: Any) -> Step:
        return {"on": "LIMIT", "do": [["limit", op]]}

    assert differential.check("rate-limit", oracle, [WRONG], step=step, ours=ours) == len(WRONG)


def test_a_limiter_without_its_numbers() -> None:
    with (
        bound(RateLimiter, Declared("LIMIT", "rate-limit", "1", {"simple": 5})) as limiter,
        pytest.raises(EdgeUsageError, match=r"LIMIT: the config gives no 'simple\.limit'"),
    ):
        limiter("limit", key="a")


@pytest.fixture
def dataset() -> Iterator[Bound[AnalyticsEngineDataset]]:
    with bound(AnalyticsEngineDataset, Declared("EVENTS", "analytics-engine", "events")) as made:
        yield made


def test_data_points_are_kept(dataset: Bound[AnalyticsEngineDataset]) -> None:
    write = dataset.binding.write_data_point
    write({"indexes": ["i"], "blobs": ["a", b"b", b"\xff", None, UNDEFINED, 5, []], "doubles": [1, 2.5, "3", True]})
    write(blobs=("x",))
    write()
    write(None)
    start = dataset.world.clock.start
    assert dataset.binding.points == [
        DataPoint(("i",), ("a", "b", b"\xff", None, None, "5", "[object Object]"), (1.0, 2.5, 3.0, 1.0), start),
        DataPoint((), ("x",), (), start), DataPoint((), (), (), start), DataPoint((), (), (), start),
    ]  # fmt: skip
    assert (dataset.operations[0].name, dataset.operations[0].key) == ("EVENTS.writeDataPoint", "i")
    other = AnalyticsEngineDataset(Declared("MORE", "analytics-engine", "events"), dataset.world)
    assert len(other.points) == 4


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"indexes": ["a", "b"]}, "writeDataPoint(): Maximum of 1 indexes supported."),
        ({"indexes": ["é" * 49]}, "writeDataPoint(): Size of indexes[0] exceeds 96 bytes)."),
        ({"blobs": ["x"] * 21}, "writeDataPoint(): Maximum of 20 blobs supported."),
        ({"blobs": ["x" * 16_000, "y"]}, "writeDataPoint(): Cumulative size of blobs exceeds 16000 bytes)."),
        ({"doubles": [0] * 21}, "writeDataPoint(): Maximum of 20 doubles supported."),
        ({"blobs": "text"}, ("Incorrect type for the 'blobs' field on 'AnalyticsEngineEvent': the provided value is "
                            "not of type 'Array'.")),
        (5, ("Failed to execute 'writeDataPoint' on 'AnalyticsEngine': parameter 1 is not of type "
            "'AnalyticsEngineEvent'.")),
    ],
)  # fmt: skip
def test_data_points_beyond_the_limits(dataset: Bound[AnalyticsEngineDataset], event: Any, error: str) -> None:
    with pytest.raises(EdgeError) as raised:
        dataset.binding.write_data_point(event)
    assert (raised.value.name, raised.value.message) == ("TypeError", error)
    assert dataset.binding.points == []
    dataset.binding.write_data_point(indexes=["é" * 48], blobs=["x" * 16_000], doubles=[0] * 20)
    dataset.binding.write_data_point(blobs=["x"] * 20)
    assert len(dataset.binding.points) == 2


def test_an_invocation_has_a_number_of_data_points(dataset: Bound[AnalyticsEngineDataset]) -> None:
    token = invocation.set("fetch 1")
    try:
        for number in range(252):
            dataset.binding.write_data_point(doubles=[number])
    finally:
        invocation.reset(token)
    assert (len(dataset.binding.points), len(dataset.binding.dropped)) == (250, 2)
    assert dataset.last.attributes["dropped"] is True
    assert dataset.world.logs[0] == ("warning", "EVENTS.writeDataPoint: more than 250 points in one invocation")
    for _ in range(251):
        dataset.binding.write_data_point()
    assert len(dataset.binding.dropped) == 2


def test_secrets_of_a_store() -> None:
    declared = Declared("TOKEN", "secrets-store", "api", {"store_id": "s1", "secret_name": "api"})
    with bound(StoredSecret, declared) as secret:
        assert secret.error("get") == 'Error: Secret "api" not found'
        assert secret.last.outcome == "error"
        secret.binding.set("value")
        assert secret("get") == "value"
        assert (secret.last.key, secret.last.outcome) == ("api", "hit")
        same = StoredSecret(Declared("T", "secrets-store", "api", declared.fields), secret.world)
        other = StoredSecret(Declared("T", "secrets-store", "api", {**declared.fields, "store_id": "s2"}), secret.world)
        assert secret.run(same.get()) == "value"
        with pytest.raises(EdgeError):
            secret.run(other.get())
        secret.binding.set(None)
        secret.binding.set(None)
        assert secret.error("get") == 'Error: Secret "api" not found'


def test_version_metadata() -> None:
    with bound(VersionMetadata, Declared("VERSION", "version-metadata", "VERSION", worker="w")) as made:
        version = made.binding
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", version.id)
        assert (version.tag, version.timestamp) == ("", "2026-01-01T00:00:00.000Z")
        id = version.id
        version.set(tag="v1")
        again = VersionMetadata(Declared("V", "version-metadata", "V", worker="w"), made.world)
        assert again.values() == {"id": id, "tag": "v1", "timestamp": "2026-01-01T00:00:00.000Z"}
        version.set(id="i", timestamp="t")
        assert (version.id, version.tag, version.timestamp) == ("i", "v1", "t")
    with bound(VersionMetadata, Declared("VERSION", "version-metadata", "VERSION", worker="w")) as same:
        assert same.binding.id == id  # of the world's seed


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bound[Hyperdrive]]:
    for prefix in ("CLOUDFLARE", "WRANGLER"):
        monkeypatch.delenv(f"{prefix}_HYPERDRIVE_LOCAL_CONNECTION_STRING_DB", raising=False)
    with bound(Hyperdrive, Declared("DB", "hyperdrive", "h1")) as made:
        yield made


def test_a_connection_string_in_its_parts(database: Bound[Hyperdrive]) -> None:
    made = database.binding
    with pytest.raises(EdgeUsageError, match=r"Hyperdrive 'DB' has no database in this test.*edge\.env\.DB\.use"):
        _ = made.connection_string
    made.use("postgres://us%40er:p%3Aw@localhost:5433/my%20db?sslmode=disable")
    assert (made.host, made.port, made.user, made.password, made.database) == (
        "localhost", 5433, "us@er", "p:w", "my db"
    )  # fmt: skip
    assert made.connection_string == "postgres://us%40er:p%3Aw@localhost:5433/my%20db?sslmode=disable"
    made.use("mysql://u:p@h/d")
    assert made.port == 3306
    made.use("postgresql://u:p@h/d")
    assert made.port == 5432
    assert Hyperdrive(Declared("OTHER", "hyperdrive", "h1"), database.world).host == "h"
    with pytest.raises(EdgeUsageError, match=r"DB\.connect\(\) is not supported"):
        made.connect()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("http://u:p@h/d", "it begins with 'postgres://'"), ("postgres:///d", "it needs a host"),
        ("postgres://u:p@h", "it needs a database's name"), ("postgres://:p@h/d", "it needs a user"),
        ("postgres://u@h/d", "it needs a password"), ("postgres://u:p@h:x/d", "Port could not be cast"),
    ],
)  # fmt: skip
def test_connection_strings_that_wrangler_refuses(database: Bound[Hyperdrive], text: str, why: str) -> None:
    with pytest.raises(EdgeUsageError, match=f"Hyperdrive 'DB' takes no such connection string: {why}") as raised:
        database.binding.use(text)
    assert "u:p" not in str(raised.value)  # a password is not shown


def test_where_a_connection_string_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = Declared("DB", "hyperdrive", "h1", {"localConnectionString": "postgres://u:p@config/d"})
    with bound(Hyperdrive, declared) as configured:
        assert configured.binding.host == "config"
    monkeypatch.setenv("WRANGLER_HYPERDRIVE_LOCAL_CONNECTION_STRING_DB", "postgres://u:p@old/d")
    with bound(Hyperdrive, declared) as older:
        assert older.binding.host == "old"
    monkeypatch.setenv("CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_DB", "postgres://u:p@new/d")
    with bound(Hyperdrive, declared) as newer:
        assert newer.binding.host == "new"


@pytest.fixture
def ai() -> Iterator[Bound[WorkersAi]]:
    with bound(WorkersAi, Declared("AI", "ai", "AI")) as made:
        yield made


def test_the_last_answer_that_fits_counts(ai: Bound[WorkersAi]) -> None:
    answer = ai.binding.answer
    answer({"response": "any"})
    answer({"response": "meta"}, model="@cf/meta/*")
    answer({"response": "first"}, model="@cf/meta/a", times=1)
    answer({"response": "nested"}, inputs={"messages": {"role": "user"}})
    answer({"response": "short"}, inputs=lambda inputs: len(str(inputs)) < 5)
    assert ai("run", "@cf/meta/a", {"prompt": "x"}) == {"response": "first"}
    assert ai("run", "@cf/meta/a", {"prompt": "x"}) == {"response": "meta"}
    assert ai("run", "other", {"prompt": "x"}) == {"response": "any"}
    assert ai("run", "other", {"messages": {"role": "user", "content": "x"}}) == {"response": "nested"}
    assert ai("run", "other", {"messages": "x"}) == {"response": "any"}
    assert ai("run", "other", "abc", {"gateway": {"id": "g"}}) == {"response": "short"}
    assert [run.model for run in ai.binding.runs] == ["@cf/meta/a", "@cf/meta/a", "other", "other", "other", "other"]
    assert ai.binding.runs[-1].options == {"gateway": {"id": "g"}}
    assert (ai.last.name, ai.last.key, ai.last.request["inputs"]) == ("AI.run", "other", "abc")


def test_answers_that_are_made_or_raised(ai: Bound[WorkersAi]) -> None:
    async def later(model: str, inputs: Any) -> Any:
        return f"{model}: {inputs['prompt']}"

    ai.binding.answer(lambda model, inputs: inputs["prompt"].upper(), model="up")
    ai.binding.answer(later, model="later")
    ai.binding.answer(EdgeError("3040: no capacity", "InferenceUpstreamError"), model="busy")
    ai.binding.answer(lambda model, inputs: EdgeError("made"), model="made")
    assert ai("run", "up", {"prompt": "a"}) == "A"
    assert ai("run", "later", {"prompt": "a"}) == "later: a"
    assert ai.error("run", "busy", {}) == "InferenceUpstreamError: 3040: no capacity"
    assert ai.error("run", "made", {}) == "Error: made"


def test_a_run_without_an_answer_names_model_and_inputs(ai: Bound[WorkersAi]) -> None:
    with pytest.raises(EdgeUsageError) as raised:
        ai("run", "@cf/x", {"prompt": "p" * 300})
    text = str(raised.value)
    assert text.startswith("AI.run('@cf/x') has no answer in this test (inputs: {'prompt': 'ppp")
    assert "edge.env.AI.answer(..., model='@cf/x')" in text
    assert len(text) < 400
    assert [run.model for run in ai.binding.unanswered] == ["@cf/x"]


@pytest.mark.parametrize(
    ("verb", "said"),
    [("gateway", "gateway"), ("to_markdown", "toMarkdown"), ("models", "models"), ("autorag", "autorag"),
     ("ai_search", "aiSearch")],
)  # fmt: skip
def test_what_the_fake_of_ai_does_not_do(ai: Bound[WorkersAi], verb: str, said: str) -> None:
    with pytest.raises(EdgeUsageError, match=rf"AI\.{said}\(\) is not supported"):
        getattr(ai.binding, verb)()
