"""Many calls of an app at once: each has a connection of its own, or finds one that is free again."""

from __future__ import annotations

from tests.testing.workerd_host.conftest import MakeApp

APP = """
export default {
  async fetch(request, env) {
    const { keys } = await env.KV.list();
    await Promise.all(keys.map(({ name }) => env.KV.delete(name)));
    return new Response(`${keys.length} deleted`);
  },
};
"""


def test_a_thousand_calls_at_once(js_app: MakeApp) -> None:
    edge = js_app(APP, {"kv_namespaces": [{"binding": "KV", "id": "a"}]})
    for _ in range(3):
        for number in range(1000):
            edge.env.KV.put(f"{number:04}", "1")

        assert edge.get("/").text == "1000 deleted"
        assert edge.env.KV.list()["keys"] == []
    edge.verify()
