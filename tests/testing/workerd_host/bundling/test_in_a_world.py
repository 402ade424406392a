"""Built apps in a world: what the host makes of a bundle."""

from __future__ import annotations

import pytest

from edgelint.testing.workerd_host.errors import JsError
from tests.testing.workerd_host.conftest import MakeApp


def test_a_script_has_its_bindings_as_globals(js_app: MakeApp) -> None:
    edge = js_app(
        """const greeting = GREETING;
        async function answer(request) {
          await CACHE.put("seen", new URL(request.url).pathname);
          return new Response(`${greeting} ${await CACHE.get("seen")}`);
        }
        addEventListener("fetch", (event) => event.respondWith(answer(event.request)));
        addEventListener("scheduled", (event) => event.waitUntil(CACHE.put("cron", event.cron)));
        """,
        {"vars": {"GREETING": "hello"}, "kv_namespaces": [{"binding": "CACHE", "id": "1"}]},
    )
    assert edge.get("/a").text == "hello /a"
    assert edge.env.CACHE.get("seen") == "/a"
    edge.scheduled("* * * * *")
    assert edge.env.CACHE.get("cron") == "* * * * *"


def test_what_a_script_throws_has_its_own_places(js_app: MakeApp) -> None:
    edge = js_app(
        'const fail = (x: string): never => {\n  throw new TypeError("boom " + x);\n};\n'
        'addEventListener("fetch", (event: any) => {\n  fail(event.request.method);\n});\n',
        main="src/index.ts",
    )
    with pytest.raises(JsError, match="boom GET") as raised:
        edge.get("/")
    assert "at fail (src/index.ts:2:9)" in str(raised.value)
    assert "at src/index.ts:5:3" in str(raised.value)
    assert "script.js" not in str(raised.value)


def test_modules_beside_the_main_one(js_app: MakeApp) -> None:
    edge = js_app(
        'import text from "./a.txt"; import path from "node:path"; import { Buffer } from "buffer";\n'
        'const all = [text, path.join("a", "b"), Buffer.from("x").toString("hex")];\n'
        "export default { fetch: () => new Response(all.join()) };",
        {"compatibility_flags": ["nodejs_compat"]}, files={"src/a.txt": "text"},
    )  # fmt: skip
    assert edge.get("/").text == "text,a/b,78"
