"""Workflows whose class is JavaScript: the engine of the world, callbacks in workerd."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from edgelint.testing.bindings.workflows import WorkflowBinding
from edgelint.testing.edge import Edge
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host.errors import JsError
from tests.testing.workerd_host.conftest import MakeApp

CONFIG = {
    "workflows": [{"binding": "FLOW", "name": "flow", "class_name": "Flow"}],
    "kv_namespaces": [{"binding": "KV", "id": "kv"}],
}
HEAD = """
import { WorkerEntrypoint, WorkflowEntrypoint } from "cloudflare:workers";
import { NonRetryableError } from "cloudflare:workflows";
export default class extends WorkerEntrypoint {
  async create(options) { return (await this.env.FLOW.create(options)).id; }
  async batch(options) { return (await this.env.FLOW.createBatch(options)).map(({ id }) => id); }
  async status(id) { return (await this.env.FLOW.get(id)).status(); }
  async on(id, verb, ...args) { return (await this.env.FLOW.get(id))[verb](...args); }
  async deleteBatch(ids) { return this.env.FLOW.deleteBatch(ids); }
  async caught(method, ...args) {
    try { return await this[method](...args); } catch (error) { return [error.name, error.message]; }
  }
}
"""


def _flow(js_app: MakeApp, body: str) -> Edge:
    return js_app(f"{HEAD}\nexport class Flow extends WorkflowEntrypoint {{\n{body}\n}}\n", CONFIG)


def _output(edge: Edge, instance_id: str) -> Any:
    status = edge.rpc("status", instance_id)
    assert status["status"] == "complete", status
    return status["output"]


def test_steps_run_once_and_their_values_come_back(js_app: MakeApp) -> None:
    edge = _flow(
        js_app,
        """
        async run(event, step) {
          const first = await step.do("first", async (ctx) => {
            await this.env.KV.put("k", "v");
            return { when: new Date(5), set: new Set([1]), ctx };
          });
          const second = await step.do("second", { retries: { limit: 1, delay: 1 } }, () => this.env.KV.get("k"));
          return { payload: event.payload, id: event.instanceId, name: event.workflowName,
                   time: event.timestamp instanceof Date, first, second };
        }
        """,
    )
    seen: list[tuple[str, str | None]] = []
    edge.world.gate.observers.append(
        lambda each: seen.append((each.name, each.key)) if each.outcome == "pending" else None
    )
    assert edge.rpc("create", {"id": "a", "params": {"x": [1]}}) == "a"
    edge.world.settle()
    output = _output(edge, "a")
    assert (output["payload"], output["id"], output["name"], output["time"]) == ({"x": [1]}, "a", "flow", True)
    assert output["first"]["when"] == datetime(1970, 1, 1, 0, 0, 0, 5000, tzinfo=UTC)
    assert output["first"]["set"] == {1}
    assert output["first"]["ctx"]["step"] == {"name": "first", "count": 1}
    assert output["first"]["ctx"]["attempt"] == 1
    assert output["second"] == "v"
    assert seen[:5] == [
        ("FLOW.create", "a"), ("FLOW.do", "first"), ("KV.put", "k"), ("FLOW.do", "second"), ("KV.get", "k"),
    ]  # fmt: skip


def test_steps_that_fail_are_tried_again(js_app: MakeApp) -> None:
    edge = _flow(
        js_app,
        """
        async run(event, step) {
          const found = [];
          try {
            const retries = { limit: 2, delay: "10 seconds", backoff: "constant" };
            await step.do("fails", { retries }, ({ attempt }) => { throw new RangeError(`try ${attempt}`); });
          } catch (error) { found.push(error.name, error.message, error instanceof RangeError); }
          found.push(await step.do("heals", { retries: { limit: 5, delay: ({ ctx, error }) => {
            return ctx.attempt * 1000 + error.message.length;
          }, backoff: "constant" } }, ({ attempt }) => {
            if (attempt < 3) throw new Error("no");
            return attempt;
          }));
          return [...found, Date.now()];
        }
        """,
    )
    start = edge.world.clock.now
    edge.rpc("create", {"id": "a"})
    edge.world.settle()
    assert edge.rpc("status", "a")["status"] == "running"
    edge.clock.advance(seconds=60)
    name, message, same, attempts, now = _output(edge, "a")
    assert (name, message, same, attempts) == ("RangeError", "try 3", True, 3)
    assert now - start == 20_000 + 1002 + 2002
    binding = edge.world.worker.binding("FLOW")
    assert isinstance(binding, WorkflowBinding)
    records = binding.workflow.instances["a"].records.values()
    assert [[each.error for each in record.attempts] for record in records] == [
        [("RangeError", "try 1"), ("RangeError", "try 2"), ("RangeError", "try 3")],
        [("Error", "no"), ("Error", "no"), None],
    ]


def test_an_instance_that_fails(js_app: MakeApp) -> None:
    edge = _flow(
        js_app,
        """
        async run({ payload }, step) {
          if (payload === "run") throw new TypeError("in run");
          await step.do("never again", () => { throw new NonRetryableError("enough"); });
        }
        """,
    )
    edge.rpc("create", {"id": "a"})
    edge.rpc("create", {"id": "b", "params": "run"})
    edge.world.settle()
    assert edge.rpc("status", "a") | {"output": None} == {
        "status": "errored", "error": {"name": "NonRetryableError", "message": "enough"}, "output": None,
    }  # fmt: skip
    assert edge.rpc("status", "b")["error"] == {"name": "TypeError", "message": "in run"}


def test_a_callback_that_takes_too_long(js_app: MakeApp) -> None:
    edge = _flow(
        js_app,
        """
        async run(event, step) {
          return step.do("slow", { retries: { limit: 1, delay: 1 }, timeout: "1 minute" }, async ({ attempt }) => {
            if (attempt === 1) await scheduler.wait(600_000);
            return attempt;
          });
        }
        """,
    )
    edge.rpc("create", {"id": "a"})
    edge.clock.advance(minutes=2)
    assert _output(edge, "a") == 2
    edge.clock.advance(minutes=20)


def test_waits(js_app: MakeApp) -> None:
    edge = _flow(
        js_app,
        """
        async run(event, step) {
          await step.sleep("nap", "1 hour");
          await step.sleepUntil("dawn", new Date(Date.now() + 3_600_000));
          const event_ = await step.waitForEvent("answer", { type: "reply", timeout: "1 day" });
          try {
            await step.waitForEvent("none", { type: "never", timeout: 2000 });
          } catch (error) {
            return [event_.payload, event_.type, event_.timestamp instanceof Date, error.name, Date.now()];
          }
        }
        """,
    )
    start = edge.world.clock.now
    edge.rpc("create", {"id": "a"})
    edge.world.settle()
    assert edge.rpc("status", "a")["status"] == "waiting"
    edge.clock.advance(hours=2)
    edge.rpc("on", "a", "sendEvent", {"type": "reply", "payload": {"ok": True}})
    edge.clock.advance(seconds=3)
    assert _output(edge, "a") == [{"ok": True}, "reply", True, "WorkflowTimeoutError", start + 2 * 3_600_000 + 2000]


def test_parallel_steps(js_app: MakeApp) -> None:
    edge = _flow(
        js_app,
        """
        async run(event, step) {
          return Promise.all(["a", "b", "c"].map((name) => step.do(name, async () => {
            await scheduler.wait(1000);
            return name;
          })));
        }
        """,
    )
    edge.rpc("create", {"id": "a"})
    edge.clock.advance(seconds=1)
    assert _output(edge, "a") == ["a", "b", "c"]


def test_its_life(js_app: MakeApp) -> None:
    edge = _flow(
        js_app,
        """
        async run(event, step) {
          const first = await step.do("count", async () => {
            const n = Number(await this.env.KV.get("n")) + 1;
            await this.env.KV.put("n", String(n));
            return n;
          });
          await step.sleep("nap", "1 hour");
          return first;
        }
        """,
    )
    edge.rpc("create", {"id": "a"})
    edge.world.settle()
    edge.rpc("on", "a", "pause")
    assert edge.rpc("status", "a")["status"] == "paused"
    edge.clock.advance(hours=2)
    edge.rpc("on", "a", "resume")
    edge.clock.advance(hours=1)
    assert _output(edge, "a") == 1
    edge.rpc("on", "a", "restart")
    edge.world.settle()
    edge.rpc("on", "a", "terminate")
    assert edge.rpc("status", "a")["status"] == "terminated"
    assert edge.rpc("caught", "on", "a", "terminate")[1].startswith("(instance.cannot_terminate)")
    edge.rpc("on", "a", "restart", {"from": {"name": "nap", "type": "sleep"}})
    edge.clock.advance(hours=1)
    assert _output(edge, "a") == 2
    edge.rpc("on", "a", "delete")
    assert edge.rpc("caught", "status", "a") == ["Error", "instance.not_found"]
    assert edge.rpc("batch", [{"id": "x"}, {"id": "y"}]) == ["x", "y"]
    assert [each["id"] for each in edge.rpc("deleteBatch", ["x", "z"])["errors"]] == ["z"]
    assert edge.rpc("caught", "create", {"id": "y"}) == ["Error", "(instance.already_exists) Instance already exists"]
    assert edge.rpc("caught", "batch", {})[0] == "TypeError"
    assert len(edge.rpc("create", None)) == 36


def test_what_is_refused(js_app: MakeApp) -> None:
    edge = _flow(
        js_app,
        """
        async run({ payload }, step) {
          if (payload === "value") return step.do("bad", () => () => 1);
          if (payload === "name") return step.do("a\\nb", () => 1);
          if (payload === "callback") return step.do("none");
          return step.do("back", () => 1, { rollback: () => 2 });
        }
        """,
    )
    for each in ("value", "name", "callback"):
        edge.rpc("create", {"id": each, "params": each})
    edge.world.settle()
    words = {each: edge.rpc("status", each)["error"]["message"] for each in ("value", "name", "callback")}
    assert "returned a value which is not serialisable" in words["value"]
    assert words["name"].startswith('Step name "a\nb" exceeds max length')
    assert words["callback"] == 'Step "none" requires a callback function'
    edge.rpc("create", {"id": "more", "params": "more"})
    edge.world.settle()
    assert edge.rpc("status", "more")["status"] == "errored"
    assert any("rollback handlers of step.do are not supported" in str(error) for _, error in edge.world.failures)
    edge.world.failures.clear()
    with pytest.raises(JsError, match=r"FLOW: subscribe\(\) of an instance of a workflow is not supported"):
        edge.rpc("on", "more", "subscribe")
    assert isinstance(edge.world.failures.pop()[1], EdgeUsageError)


def test_a_class_without_run(js_app: MakeApp) -> None:
    edge = _flow(js_app, "")
    edge.rpc("create", {"id": "a"})
    edge.world.settle()
    assert edge.rpc("status", "a")["error"]["message"] == "Handler does not export a run() function."


def test_introspection_changes_what_steps_do(js_app: MakeApp) -> None:
    edge = _flow(
        js_app,
        """
        async run(event, step) {
          await step.sleep("long", "30 days");
          return step.do("real", () => "not this");
        }
        """,
    )
    introspector = edge.workflow("FLOW")
    introspector.modify_all(lambda each: (each.disable_sleeps(), each.mock_step_result({"name": "real"}, "mocked")))
    edge.rpc("create", {"id": "a"})
    edge.world.settle()
    assert _output(edge, "a") == "mocked"
