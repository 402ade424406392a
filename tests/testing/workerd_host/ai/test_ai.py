"""Workers AI in JavaScript: workerd's own binding, answered by the test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from edgelint.testing.edge import Edge
from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpResponse
from edgelint.testing.workerd_host.errors import JsError
from tests.testing.workerd_host.conftest import MakeApp

SOURCE = """
import { WorkerEntrypoint } from "cloudflare:workers";
export default class extends WorkerEntrypoint {
  async run(model, inputs, options) { return this.env.AI.run(model, inputs, options); }
  async text(...args) { return new Response(await this.run(...args)).text(); }
  async raw(...args) {
    const response = await this.env.AI.run(args[0], args[1], { returnRawResponse: true });
    return [response.status, await response.text()];
  }
  async stream() {
    const audio = { body: new Response("sound").body, contentType: "audio/x" };
    return this.run("@cf/openai/whisper", { audio, lang: "en" });
  }
  async other(verb) { return this.env.AI[verb]({}); }
  async viaGateway() { return this.env.AI.gateway("g").run({}); }
  async caught(method, ...args) {
    try { return await this[method](...args); } catch (error) { return [error.name, error.message]; }
  }
}
"""


@pytest.fixture
def edge(js_app: MakeApp) -> Edge:
    return js_app(SOURCE, {"ai": {"binding": "AI"}})


def test_the_test_answers(edge: Edge) -> None:
    edge.env.AI.answer(lambda model, inputs: {"model": model, "said": inputs["prompt"]}, model="@cf/meta/*")
    options = {"gateway": {"id": "g"}, "extraHeaders": {"a": "b"}}
    assert edge.rpc("run", "@cf/meta/x", {"prompt": "Hi"}) == {"model": "@cf/meta/x", "said": "Hi"}
    assert edge.rpc("run", "@cf/meta/x", {"prompt": "Hi"}, options)["said"] == "Hi"
    assert edge.rpc("raw", "@cf/meta/x", {"prompt": "Hi"}) == [200, '{"model":"@cf/meta/x","said":"Hi"}']
    first, second, _ = edge.env.AI.runs
    assert (first.model, first.inputs, dict(first.options)) == ("@cf/meta/x", {"prompt": "Hi"}, {})
    assert dict(second.options) == {"gateway": {"id": "g"}}


def test_answers_that_are_streams(edge: Edge) -> None:
    async def events() -> AsyncIterator[bytes]:
        yield b"data: one\n\n"
        yield b"data: [DONE]\n\n"

    edge.env.AI.answer(b"image", model="image")
    edge.env.AI.answer(HttpResponse(200, [("content-type", "text/event-stream")], stream=events()), model="chat")
    assert edge.rpc("text", "image", {}) == "image"
    assert edge.rpc("text", "chat", {"stream": True}) == "data: one\n\ndata: [DONE]\n\n"


def test_an_input_that_is_a_stream(edge: Edge) -> None:
    edge.env.AI.answer(lambda model, inputs: {"bytes": len(inputs["body"]), "type": inputs["contentType"]})
    assert edge.rpc("stream") == {"bytes": 5, "type": "audio/x"}
    assert edge.env.AI.runs[0].inputs["lang"] == "en"


def test_errors(edge: Edge) -> None:
    edge.env.AI.answer(EdgeError("5007: No such model", "InferenceUpstreamError"), model="none")
    edge.env.AI.answer(HttpResponse(400, [], b'{"errors": [{"code": 7, "message": "bad"}]}'), model="bad")
    assert edge.rpc("caught", "run", "none", {}) == ["InferenceUpstreamError", "5007: No such model"]
    assert edge.rpc("caught", "run", "bad", {}) == ["InferenceUpstreamError", "7: bad"]
    edge.faults.on("AI.run").fail("lost")
    assert edge.rpc("caught", "run", "x", {})[1] == "Network connection lost."


def test_a_run_without_an_answer_fails_the_test(edge: Edge) -> None:
    with pytest.raises(JsError, match=r"AI.run\('m'\) has no answer in this test"):
        edge.rpc("run", "m", {"prompt": "x"})
    assert "has no answer" in str(edge.world.failures.pop()[1])


@pytest.mark.parametrize("verb", ["toMarkdown", "models", "aiSearch", "autorag", "websearch"])
def test_what_has_no_fake_is_refused_by_name(edge: Edge, verb: str) -> None:
    message = f"AI.{verb}() is not supported: edgelint's fake of Workers AI has 'run'"
    assert edge.rpc("caught", "other", verb)[1] == message
    assert str(edge.world.failures.pop()[1]) == message


def test_the_gateway_is_refused_by_name(edge: Edge) -> None:
    assert edge.rpc("caught", "viaGateway")[1].startswith("AI.gateway() is not supported")
    edge.world.failures.clear()
    message = "AI.run() with the option 'websocket' is not supported"
    assert edge.rpc("caught", "run", "m", {}, {"websocket": True})[1] == message
    assert str(edge.world.failures.pop()[1]) == message
