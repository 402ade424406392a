"""Operations on bindings made by JavaScript in workerd, said as tests/oracles/miniflare says them.

The app is the oracle's worker with one more address, which makes one step on bindings as they are. ``InJavaScript``
looks like ``tests.testing.bindings.worlds.Bound``, so that one table of cases runs on both hosts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from edgelint.testing.edge import Edge, Options
from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpRequest
from edgelint.testing.operation import Operation
from edgelint.testing.session import App, Tools
from edgelint.testing.values import UNDEFINED
from edgelint.testing.workerd_host.runtime import Runtime
from tests.oracles.miniflare import oracle
from tests.oracles.miniflare.oracle import Outcome, Step

STEP = "http://oracle/__edgelint__/step"
RUN = "http://oracle/__edgelint__/run"
_MORE = """
export default {
  ...oracle,
  async fetch(request, env) {
    if (new URL(request.url).pathname !== "/__edgelint__/step") return oracle.fetch(request, env);
    const targets = { KV: env.CACHE, R2: env.FILES, QUEUE: env.JOBS, CACHES: caches, CACHE: caches.default };
    return Response.json(await new Sequence(targets).step(await request.json()));
  },
};
"""
_CONSUMERS = [  # one batch after the other, as Miniflare delivers them
    {"queue": "queue-0", "max_batch_size": 10, "max_batch_timeout": 0, "max_retries": 3, "max_concurrency": 1,
     "dead_letter_queue": "dead-0"},
    {"queue": "dead-0", "max_batch_size": 100, "max_batch_timeout": 0, "max_retries": 0, "max_concurrency": 1},
]  # fmt: skip


def write_app(folder: Path, runtime: Runtime, **config: Any) -> App:
    """The app in a folder; ``config`` is added to the wrangler config."""
    worker = (oracle.HERE / "worker.mjs").read_text(encoding="utf-8")
    assert "export default {" in worker
    (folder / "worker.mjs").write_text(worker.replace("export default {", "const oracle = {") + _MORE, encoding="utf-8")
    written = {
        "name": "oracle", "main": "worker.mjs", "compatibility_date": "2026-04-20",
        "vars": {"SLOTS": 1, "QUEUES": 1},
        "kv_namespaces": [{"binding": "KV0", "id": "kv0"}, {"binding": "CACHE", "id": "ns1"}],
        "r2_buckets": [{"binding": "R20", "bucket_name": "r20"}, {"binding": "FILES", "bucket_name": "files"}],
        "queues": {"producers": [{"binding": "QUEUE0", "queue": "queue-0"}, {"binding": "JOBS", "queue": "jobs"}],
                   "consumers": _CONSUMERS}, **config,
    }  # fmt: skip
    (folder / "wrangler.json").write_text(json.dumps(written), encoding="utf-8")
    esbuild = "" if runtime.esbuild is None else str(runtime.esbuild.path)
    return App.load(folder, None, folder, Tools(str(runtime.workerd.path), esbuild))


class InJavaScript:
    """One world of the app. ``binding`` is the binding that ``target`` of a step is in Python, ``operations`` are those
    of the app that the gate has finished."""

    def __init__(self, app: App, target: str, name: str) -> None:
        self.edge = Edge(app, Options(isolation="oracle"))
        self.world = self.edge.world
        self.operations: list[Operation] = []
        self._target = target
        self._name = name
        self.world.gate.observers.append(self._observe)

    @property
    def binding(self) -> Any:
        return self.world.worker.binding(self._name)

    def __call__(self, verb: str, *args: Any, **options: Any) -> Any:
        return self.run(self.done(verb, *args, **options))

    async def done(self, verb: str, *args: Any, on: Sequence[Any] = (), **options: Any) -> Any:
        """A call of a verb, after the calls ``on``. Raises EdgeError."""
        given = [to_step(each) for each in args]
        more = {camel(name): to_step(value) for name, value in options.items()}
        return await self.step({"on": self._target, "do": [*on, [camel(verb), *given, *([more] if more else [])]]})

    async def step(self, step: Step) -> Any:
        """The result of a step. Raises EdgeError: what the step threw."""
        outcome: Outcome = oracle.decode(json.loads(await self._post(STEP, oracle.encode(step))))
        if "error" in outcome:
            raise EdgeError(outcome["error"]["message"], outcome["error"]["name"], code=outcome["error"]["code"])
        return outcome["ok"]

    def outcomes(self, sequences: Sequence[Sequence[Step]]) -> list[list[Outcome]]:
        """As ``Oracle.run``: the outcomes of each step of each sequence, on emptied bindings."""
        answer = json.loads(self.run(self._post(RUN, oracle.encode(sequences))))
        if "failed" in answer:
            raise AssertionError(answer["failed"])
        outcomes: list[list[Outcome]] = oracle.decode(answer["outcomes"])
        return outcomes

    async def _post(self, url: str, body: Any) -> bytes:
        response = await self.world.host_of(None).fetch(HttpRequest("POST", url, [], json.dumps(body).encode()))
        return await response.read()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.world.run(coroutine, origin="app")

    def error(self, verb: str, *args: Any, **options: Any) -> str:
        try:
            result = self(verb, *args, **options)
        except EdgeError as error:
            return str(error)
        raise AssertionError(f"{verb} answered {result!r}")

    def advance(self, seconds: float) -> None:
        self.world.advance_to(self.world.clock.now + seconds * 1000)

    @property
    def last(self) -> Operation:
        return self.operations[-1]

    def close(self) -> None:
        """End the world. What failed beside the calls is an error here."""
        failures = list(self.world.failures)
        self.edge.close()
        assert failures == []

    def _observe(self, operation: Operation) -> None:
        if operation.outcome != "pending":
            self.operations.append(operation)


def cases_of(module: ModuleType) -> dict[str, Any]:
    """The tests of another module, for the globals of one that has fixtures of its own for them."""
    return {name: value for name, value in vars(module).items() if name.startswith("test_")}


def table_of(test: Any) -> tuple[Any, Any]:
    """The names and rows of a test's table, to run another test over it."""
    [found] = [mark.args for mark in test.pytestmark if mark.name == "parametrize"]
    return found[0], found[1]


def camel(name: str) -> str:
    """A name of Python's as JavaScript has it."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def to_step(value: Any) -> Any:
    """A plain value as a step has it; pairs are Headers."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return oracle.view("Uint8Array", bytes(value))
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return {"$bigint": str(value)}
    if callable(value) and value is not UNDEFINED:
        return {"$function": ""}
    if isinstance(value, dict):
        return value if any(key.startswith("$") for key in value) else {camel(k): to_step(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(each, tuple) for each in value):
            return {"$new": ["Headers", [list(pair) for pair in value]]}
        return [to_step(each) for each in value]
    return value


Made = Callable[..., InJavaScript]


@pytest.fixture(scope="module")
def oracle_app(tmp_path_factory: pytest.TempPathFactory, runtime: Runtime) -> Iterator[App]:
    """The app, whose process the tests of a module share."""
    app = write_app(tmp_path_factory.mktemp("oracle"), runtime)
    yield app
    app.close()


@pytest.fixture
def in_javascript(oracle_app: App) -> Iterator[Made]:
    """Makes worlds: ``in_javascript("KV", "CACHE")`` for a target of steps and its binding's name; a third argument is
    what to make instead of InJavaScript."""
    made: list[InJavaScript] = []

    def make(target: str, name: str, kind: type[InJavaScript] = InJavaScript) -> InJavaScript:
        made.append(kind(oracle_app, target, name))
        return made[-1]

    yield make
    for each in made:
        each.close()
