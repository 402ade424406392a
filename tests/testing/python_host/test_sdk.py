"""Apps under the real Workers SDK: events, bindings, frameworks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgelint.testing.bindings.queues import dispatch
from edgelint.testing.bindings.scheduled import ScheduledEvent
from edgelint.testing.errors import EdgeError, EdgeUsageError, HungError
from tests.testing.python_host.worlds import running

KV = {"kv_namespaces": [{"binding": "KV", "id": "kv"}]}


def app(handler: str, extra: str = "") -> str:
    """An app whose fetch handler has this body."""
    lines = "\n".join(f"        {line}" for line in handler.strip("\n").split("\n"))
    head = "import asyncio, json\nimport js\nfrom pyodide.ffi import create_proxy, to_js\nfrom workers import *\n"
    return f"{head}{extra}\nclass Default(WorkerEntrypoint):\n    async def fetch(self, request):\n{lines}\n"


def test_hello(tmp_path: Path) -> None:
    source = app(
        "body = await request.text()\n"
        "headers = {'x-b': 'c'}\n"
        "return Response(f'{request.method} {request.url} {body} {request.headers.get(\"x-a\")}', 201, headers=headers)"
    )
    with running(tmp_path, source) as worker:
        response = worker.fetch("/p?q=1", method="POST", body=b"hi", headers=[("x-a", "1")])
        assert (response.status, response.header("x-b")) == (201, "c")
        assert response.body == b"POST https://app.test/p?q=1 hi 1"
        assert worker.world.failures == []


def test_modules_are_put_back(tmp_path: Path) -> None:
    import sys

    sys.modules["js"] = before = type(sys)("js")
    try:
        with running(tmp_path, app("return Response('x')")) as worker:
            worker.fetch()
            assert sys.modules["js"] is not before
            assert "workers" in sys.modules
            assert "entry" not in sys.modules
        assert sys.modules["js"] is before
        assert not {"workers", "pyodide", "pyodide.ffi", "entry"} & set(sys.modules)
    finally:
        del sys.modules["js"]


def test_module_state_is_of_one_world(tmp_path: Path) -> None:
    source = app("global count\ncount += 1\nreturn Response(str(count))", "count = 0")
    for _ in range(2):
        with running(tmp_path, source) as worker:
            assert [worker.text(), worker.text()] == ["1", "2"]


def test_kv(tmp_path: Path) -> None:
    source = app(
        "kv = self.env.KV\n"
        "await kv.put('a', 'text', expirationTtl=60)\n"
        "await kv.put('b', b'xy', {'metadata': {'m': [1, None]}})\n"
        "await kv.put('c', json.dumps({'k': 1}))\n"
        "await kv.put('s', js.Response.new('streamed').body)\n"
        "meta = await kv.getWithMetadata('b', 'arrayBuffer')\n"
        "many = await kv.get(['a', 'zz'])\n"
        "page = await kv.list(prefix='', limit=2)\n"
        "stream = await kv.get('b', type='stream')\n"
        "await kv.delete('c')\n"
        "return Response.json({'text': await kv.get('a'), 'meta': meta.metadata, 'bytes': bytes(meta.value).decode(),"
        " 'none': await kv.get('zz'), 'many': many, 'keys': [k.name for k in page['keys']], 'cursor': 'cursor' in page,"
        " 's': await kv.get('s'), 'c': await kv.get('c', 'json'), 'stream': await js.Response.new(stream).text()})"
    )
    with running(tmp_path, source, KV) as worker:
        assert worker.json() == {
            "text": "text", "meta": {"m": [1, None]}, "bytes": "xy", "none": None, "many": {"a": "text", "zz": None},
            "keys": ["a", "b"], "cursor": True, "s": "streamed", "c": None, "stream": "xy",
        }  # fmt: skip
        worker.world.advance_to(worker.world.clock.now + 61_000)
        assert worker.world.run(worker.worker.binding("KV").get("a")) is None  # type: ignore[union-attr]


def test_snake_case_options_are_lost(tmp_path: Path) -> None:
    """As in production: nobody reads an option of that name."""
    source = app("await self.env.KV.put('a', '1', expiration_ttl=60)\nreturn Response('')")
    with running(tmp_path, source, KV) as worker:
        worker.fetch()
        worker.world.advance_to(worker.world.clock.now + 3600_000)
        assert worker.world.run(worker.worker.binding("KV").get("a")) == "1"  # type: ignore[union-attr]


def test_errors_of_bindings(tmp_path: Path) -> None:
    source = app(
        "from pyodide.ffi import JsException\n"
        "try:\n    await self.env.KV.put('', 'x')\nexcept JsException as error:\n    return Response(str(error))"
    )
    with running(tmp_path, source, KV) as worker:
        assert worker.text() == "TypeError: Key name cannot be empty."


D1 = {"d1_databases": [{"binding": "DB", "database_id": "d", "database_name": "d"}]}


def test_d1(tmp_path: Path) -> None:
    source = app(
        "db = self.env.DB\n"
        "await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, r REAL, b BLOB)')\n"
        "run = await db.prepare('INSERT INTO t (a, r, b) VALUES (?, ?, ?)').bind('x', 1.0, b'\\x01\\x02').run()\n"
        "await db.prepare('INSERT INTO t (a) VALUES (?)').bind(None).run()\n"
        "rows = (await db.prepare('SELECT * FROM t').all()).results\n"
        "both = await db.batch([db.prepare('SELECT 1 AS one'), db.prepare('SELECT ? AS two').bind(2)])\n"
        "raw = await db.prepare('SELECT id, a FROM t').raw(columnNames=True)\n"
        "first = await db.prepare('SELECT a FROM t WHERE id = 9').first()\n"
        "session = db.withSession('first-primary')\n"
        "await session.prepare('SELECT 1').run()\n"
        "return Response.json({'changes': run.meta.changes, 'rows': rows, 'both': [r.results for r in both],"
        " 'raw': raw,"
        " 'first': first, 'type': type(rows[0]['r']).__name__, 'mark': session.getBookmark() is not None})"
    )
    with running(tmp_path, source, D1) as worker:
        found = worker.json()
        assert found["rows"] == [
            {"id": 1, "a": "x", "r": 1, "b": [1, 2]}, {"id": 2, "a": None, "r": None, "b": None}
        ]  # fmt: skip
        assert found["type"] == "int"  # a number of JavaScript has no other type
        assert found["both"] == [[{"one": 1}], [{"two": 2}]]
        assert found["raw"] == [["id", "a"], [1, "x"], [2, None]]
        assert (found["changes"], found["first"], found["mark"]) == (1, None, True)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2**60", "D1_TYPE_ERROR: Type 'bigint' not supported for value '1152921504606846976'"),
        ("{'a': 1}", "D1_TYPE_ERROR: Type 'object' not supported for value '[object Object]'"),
        ("js.undefined", "no error"),
    ],
)
def test_d1_types(tmp_path: Path, value: str, words: str) -> None:
    source = app(
        "try:\n"
        f"    await self.env.DB.prepare('SELECT ?').bind({value}).all()\n"
        "except Exception as error:\n    return Response(error.message)\nreturn Response('no error')"
    )
    with running(tmp_path, source, D1) as worker:
        assert worker.text() == words


def test_d1_raw_binding_refuses_undefined(tmp_path: Path) -> None:
    """Without the SDK's wrapper None is undefined, which D1 does not take."""
    source = app(
        "try:\n    self.env._env.DB.prepare('SELECT ?').bind(None)\n"
        "except Exception as error:\n    return Response(str(error))"
    )
    with running(tmp_path, source, D1) as worker:
        assert worker.text() == "Error: D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'"


def test_r2(tmp_path: Path) -> None:
    source = app(
        "r2 = self.env.R2\n"
        "put = await r2.put('k', 'hello', httpMetadata={'contentType': 'text/x'}, customMetadata={'a': 'b'})\n"
        "got = await r2.get('k', range={'offset': 1, 'length': 3})\n"
        "part = await got.text()\n"
        "head = await r2.head('k')\n"
        "page = await r2.list(include=['customMetadata'])\n"
        "refused = await r2.put('k', 'x', onlyIf={'etagMatches': 'nope'})\n"
        "upload = await r2.createMultipartUpload('m')\n"
        "piece = await upload.uploadPart(1, b'part')\n"
        "whole = await upload.complete([piece])\n"
        "body = js.Response.new((await r2.get('m')).body)\n"
        "headers = js.Headers.new()\n"
        "self.env._env.R2  # the bucket itself\n"
        "raw = await self.env._env.R2.get('k')\n"
        "raw.writeHttpMetadata(headers)\n"
        "await r2.delete('m')\n"
        "try:\n    await raw.text(); await raw.text()\nexcept Exception as error:\n    twice = error.message\n"
        "return Response.json({'etag': put.httpEtag, 'part': part, 'size': head.size, 'type':"
        " head.httpMetadata.contentType,"
        " 'keys': [[o.key, o.customMetadata.a] for o in page.objects], 'refused': refused, 'whole': whole.key,"
        " 'body': await body.text(), 'gone': await r2.get('m'), 'header': headers.get('content-type'), 'twice': twice,"
        " 'uploaded': raw.uploaded.getTime(), 'md5': raw.checksums.toJSON().md5})"
    )
    with running(tmp_path, source, {"r2_buckets": [{"binding": "R2", "bucket_name": "b"}]}) as worker:
        found = worker.json()
        assert found.pop("uploaded") == worker.world.clock.now
        assert found.pop("twice").startswith("Body has already been used")
        assert found == {
            "etag": '"5d41402abc4b2a76b9719d911017c592"', "part": "ell", "size": 5, "type": "text/x",
            "keys": [["k", "b"]], "refused": None, "whole": "m", "body": "part", "gone": None, "header": "text/x",
            "md5": "5d41402abc4b2a76b9719d911017c592",
        }  # fmt: skip


def test_queue(tmp_path: Path) -> None:
    source = (
        app("await self.env.Q.send({'id': 1}, delaySeconds=5)\n"
            "await self.env.Q.sendBatch([{'body': 'a', 'contentType': 'text'}, {'body': [1]}])\nreturn Response('')")
        + "    async def queue(self, batch, env, ctx):\n"
        "        assert env is None and ctx is None\n"
        "        seen = []\n"
        "        for message in batch.messages:\n"
        "            seen.append([message.body, message.attempts])\n"
        "            if message.body == 'later':\n"
        "                message.retry(delaySeconds=7)\n"
        "            else:\n"
        "                message.ack()\n"
        "        await self.env.KV.put('seen', json.dumps([batch.queue, seen]))\n"
    )  # fmt: skip
    config = {**KV, "queues": {"producers": [{"binding": "Q", "queue": "jobs"}]}}
    with running(tmp_path, source, config) as worker:
        worker.fetch()
        producer: Any = worker.worker.binding("Q")
        kv: Any = worker.worker.binding("KV")
        result = worker.world.run(dispatch(worker.world, "jobs", [{"id": 1}, "later"]), origin="app")
        assert (result.acked, result.retried) == ([0], {1: 7})
        assert worker.world.run(kv.get("seen")) == '["jobs", [[{"id": 1}, 1], ["later", 1]]]'
        assert producer.queue is not None


def test_scheduled_takes_three_arguments(tmp_path: Path) -> None:
    good = "    async def scheduled(self, controller, env, ctx):\n        await self.env.KV.put('c', controller.cron)\n"
    with running(tmp_path, app("return Response('')") + good, KV) as worker:
        worker.world.run(worker.host.scheduled(ScheduledEvent(worker.world.clock.now, "* * * * *")), origin="app")
        assert worker.world.run(worker.worker.binding("KV").get("c")) == "* * * * *"  # type: ignore[union-attr]
        assert worker.host.has_handler("scheduled")
        assert not worker.host.has_handler("queue")
    bad = "    async def scheduled(self, controller):\n        pass\n"
    with running(tmp_path, app("return Response('')") + bad, KV) as worker:
        event = ScheduledEvent(worker.world.clock.now, "* * * * *")
        with pytest.raises(TypeError, match="takes 2 positional arguments but 4 were given"):
            worker.world.run(worker.host.scheduled(event), origin="app")


def test_email(tmp_path: Path) -> None:
    from edgelint.testing.bindings.email import IncomingEmail

    source = app("return Response('')") + (
        "    async def email(self, message, env, ctx):\n"
        "        text = await js.Response.new(message.raw).text()\n"
        "        if 'spam' in text:\n"
        "            message.setReject('no')\n"
        "        else:\n"
        "            await message.forward('b@x.test', js.Headers.new([['X-A', message.headers.get('subject')]]))\n"
    )
    with running(tmp_path, source) as worker:
        good = IncomingEmail(worker.world, "a@y.test", "me@x.test", b"From: a@y.test\r\nSubject: hi\r\n\r\nham")
        worker.world.run(worker.host.email(good), origin="app")
        assert [(each.recipient, each.headers) for each in good.forwards] == [("b@x.test", [("x-a", "hi")])]
        bad = IncomingEmail(worker.world, "a@y.test", "me@x.test", b"From: a@y.test\r\n\r\nspam")
        worker.world.run(worker.host.email(bad), origin="app")
        assert bad.reject_reason == "no"


def test_send_email(tmp_path: Path) -> None:
    source = app(
        "module = import_from_javascript('cloudflare:email')\n"
        "raw = 'From: a@x.test\\r\\nTo: b@y.test\\r\\nMessage-ID: <1@x.test>\\r\\nSubject: s\\r\\n\\r\\nhello'\n"
        "message = module.EmailMessage.new('a@x.test', 'b@y.test', raw)\n"
        "await self.env.MAIL.send(message)\nreturn Response(getattr(message, 'from_'))"
    )
    with running(tmp_path, source, {"send_email": [{"name": "MAIL"}]}) as worker:
        assert worker.text() == "a@x.test"
        sender: Any = worker.worker.binding("MAIL")
        assert [(each.from_, each.to, each.subject) for each in sender.sent] == [("a@x.test", ["b@y.test"], "s")]


OTHER = """
class Other(WorkerEntrypoint):
    async def add(self, a, b):
        return {"sum": a + b, "list": [None, 1]}
    async def boom(self):
        raise ValueError("bad")
    async def twice(self, f):
        return await f(3)
    async def fetch(self, request):
        return Response("other " + request.url, headers={"x-m": request.method.value})
"""
SELF = {"services": [{"binding": "OTHER", "service": "app", "entrypoint": "Other"}]}


def test_rpc(tmp_path: Path) -> None:
    source = app(
        "other = self.env.OTHER\n"
        "async def f(x): return x * 2\n"
        "try:\n    await other.boom()\nexcept Exception as error:\n    words = error.message\n"
        "try:\n    await other.none()\nexcept Exception as error:\n    missing = error.message\n"
        "answer = await other.fetch('https://x.test/y', method='POST')\n"
        "return Response.json([await other.add(1, 2), await other.twice(create_proxy(f)),"
        " words.strip().split('\\n')[-1],"
        " missing, await answer.text(), answer.headers['x-m']])",
        OTHER,
    )
    with running(tmp_path, source, SELF) as worker:
        assert worker.json() == [
            {"sum": 3, "list": [None, 1]}, 6, "ValueError: bad", "Method none does not exist",
            "other https://x.test/y", "POST",
        ]  # fmt: skip
        call = worker.host.call("Other", "add", [1], {"b": 2})
        assert worker.world.run(call, origin="app") == {"sum": 3, "list": [None, 1]}
        with pytest.raises(EdgeError, match="does not implement"):
            worker.world.run(worker.host.call("Other", "_secret", [], {}), origin="app")
        with pytest.raises(EdgeError, match="There is no 'Nope' class"):
            worker.world.run(worker.host.call("Nope", "add", [], {}), origin="app")


OBJECT = """
class Counter(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.made = js.Date.now()
    async def fetch(self, request):
        return Response(f"object {self.ctx.id.name}")
    async def inc(self, by):
        storage = self.ctx.storage
        value = (await storage.get("n") or 0) + by
        await storage.put("n", value)
        storage.sql.exec("CREATE TABLE IF NOT EXISTS t (a)")
        storage.sql.exec("INSERT INTO t VALUES (?)", value)
        storage.kv.put("k", {"v": value})
        rows = storage.sql.exec("SELECT * FROM t ORDER BY a").toArray()
        one = storage.sql.exec("SELECT count(*) AS n FROM t").one()
        await storage.setAlarm(js.Date.now() + 1000)
        async def work(txn):
            await txn.put("t", 1)
        await storage.transaction(create_proxy(work))
        found = await storage.list(prefix="n")
        many = await storage.get(["n", "t"])
        return {"n": value, "rows": rows, "one": one.n, "list": found, "many": many, "kv": storage.kv.get("k"),
                "gone": await storage.delete("t"), "alarm": await storage.getAlarm() is not None}
    async def fails(self):
        raise ValueError("in the object")
    async def alarm(self, info):
        await self.env.KV.put("alarm", json.dumps([info.retryCount, info.isRetry]))
    async def echo(self, request):
        return None
"""
OBJECTS = {
    **KV, "durable_objects": {"bindings": [{"name": "DO", "class_name": "Counter"}]},
    "migrations": [{"tag": "v1", "new_sqlite_classes": ["Counter"]}],
}  # fmt: skip


def test_durable_object(tmp_path: Path) -> None:
    source = app(
        "stub = self.env.DO.getByName('a')\n"
        "same = self.env.DO.get(self.env.DO.idFromName('a'))\n"
        "response = await stub.fetch('https://x.test/')\n"
        "first = await stub.inc(2)\nsecond = await same.inc(3)\n"
        "try:\n    await stub.fails()\nexcept Exception as error:\n    words = error.message\n"
        "name = self.env.DO.idFromName('a')\n"
        "return Response.json([await response.text(), first, second, words.strip().split('\\n')[-1], stub.name,"
        " name.toString() == str(same.id.toString()), len(self.env.DO.newUniqueId().toString())])",
        OBJECT,
    )
    with running(tmp_path, source, OBJECTS) as worker:
        text, first, second, words, name, equal, length = worker.json()
        assert text == "object a"
        assert first == {
            "n": 2, "rows": [{"a": 2}], "one": 1, "list": {"n": 2}, "many": {"n": 2, "t": 1}, "kv": {"v": 2},
            "gone": True, "alarm": True,
        }  # fmt: skip
        assert (second["n"], second["rows"]) == (5, [{"a": 2}, {"a": 5}])
        assert (words, name, equal, length) == ("PythonError: ValueError: in the object", "a", True, 64)
        worker.world.advance_to(worker.world.clock.now + 2000)
        assert worker.world.run(worker.worker.binding("KV").get("alarm")) == "[0, false]"  # type: ignore[union-attr]
        assert worker.world.failures == []


FLOW = """
from workers.workflows import NonRetryableError
class Flow(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("first")
        async def first():
            return {"x": event["payload"]["p"]}
        @step.do()
        async def second(first):
            return first["x"] + 1
        await step.sleep("wait", "1 minute")
        if event["payload"]["p"] == 0:
            @step.do("never")
            async def never():
                raise NonRetryableError("stop")
            await never()
        got = await step.wait_for_event("answer", "reply")
        return {"r": await second(), "got": got["payload"]}
"""


def test_workflow(tmp_path: Path) -> None:
    source = app(
        "flow = self.env.FLOW\n"
        "path = js.URL.new(request.url).pathname[1:]\n"
        "if request.method == 'POST':\n"
        "    made = await flow.create({'id': path, 'params': {'p': int(await request.text())}})\n"
        "    return Response.json([made.id, await made.status()])\n"
        "instance = await flow.get(path)\n"
        "if request.method == 'PUT':\n    await instance.send_event({'type': 'reply', 'payload': [1]})\n"
        "return Response.json(await instance.status())",
        FLOW,
    )
    config = {"workflows": [{"binding": "FLOW", "name": "flow", "class_name": "Flow"}]}
    with running(tmp_path, source, config) as worker:
        assert worker.json("/one", method="POST", body=b"4")[0] == "one"
        worker.fetch("/two", method="POST", body=b"0")
        worker.world.advance_to(worker.world.clock.now + 61_000)
        assert worker.json("/two")["status"] == "errored"
        assert "NonRetryableError" in worker.json("/two")["error"]["message"]
        steps: Any = worker.worker.binding("FLOW")
        records = steps.workflow.find("two").records.values()
        assert [len(each.attempts) for each in records if each.name == "never"] == [1]
        worker.fetch("/one", method="PUT")
        worker.world.settle()
        assert worker.json("/one") == {"status": "complete", "error": None, "output": {"r": 5, "got": [1]}}


def test_small_bindings(tmp_path: Path) -> None:
    source = app(
        "env = self.env\n"
        "limited = [(await env.LIMIT.limit(key='a')).success for _ in range(3)]\n"
        "env.EVENTS.writeDataPoint(indexes=['i'], blobs=['b'], doubles=[1])\n"
        "answer = await env.AI.run('@cf/m', {'prompt': 'x'})\n"
        "version = env.VERSION\n"
        "secret = await env.SECRET.get()\n"
        "await env.VECTORS.upsert([{'id': '1', 'values': [0.1, 0.2]}])\n"
        "return Response.json({'limited': limited, 'answer': answer.response, 'tag': version.tag, 'secret': secret,"
        " 'user': env.HYPER.user, 'list': env.OBJ.a.to_py(), 'name': env.NAME, 'ids': len(await"
        " env.VECTORS.getByIds(['1']))})"
    )
    config = {
        "ratelimits": [{"name": "LIMIT", "namespace_id": "1", "simple": {"limit": 2, "period": 10}}],
        "analytics_engine_datasets": [{"binding": "EVENTS", "dataset": "d"}], "ai": {"binding": "AI"},
        "version_metadata": {"binding": "VERSION"}, "vars": {"OBJ": {"a": [1]}, "NAME": "n"},
        "secrets_store_secrets": [{"binding": "SECRET", "store_id": "s", "secret_name": "k"}],
        "hyperdrive": [{"binding": "HYPER", "id": "h"}], "vectorize": [{"binding": "VECTORS", "index_name": "v"}],
    }  # fmt: skip
    with running(tmp_path, source, config) as worker:
        bound: Any = worker.worker.binding
        bound("AI").answer({"response": "yes"})
        bound("SECRET").set("hidden")
        bound("HYPER").use("postgres://me:pw@db.test:5432/x")
        bound("VECTORS").configure(dimensions=2, metric="cosine")
        source_list = worker.host
        assert source_list is not None
        found = worker.json()
        assert found["limited"] == [True, True, False]
        assert (found["answer"], found["secret"], found["user"], found["name"]) == ("yes", "hidden", "me", "n")
        assert [point.blobs for point in bound("EVENTS").points] == [("b",)]


def test_env_of_the_module(tmp_path: Path) -> None:
    source = app(
        "from workers import env, patch_env\n"
        "with patch_env(NAME='other'):\n    inside = __import__('workers').env.NAME\n"
        "return Response(f'{top} {inside} {__import__(\"workers\").env.NAME}')",
        "from workers import env\ntop = env.NAME",
    )
    with running(tmp_path, source, {"vars": {"NAME": "first"}}) as worker:
        assert worker.text() == "first other first"


def test_fastapi(tmp_path: Path) -> None:
    source = """
    from fastapi import FastAPI, Request
    from fastapi.responses import StreamingResponse
    from workers import WorkerEntrypoint, asgi
    import asyncio
    api = FastAPI()

    @api.get("/items/{item}")
    async def read(item: int, request: Request):
        await request.scope["env"].KV.put("item", str(item))
        return {"item": item}

    @api.post("/sync")
    def sync(body: dict):
        return {"got": body}

    @api.get("/stream")
    async def stream():
        async def parts():
            for part in "abc":
                await asyncio.sleep(1)
                yield part
        return StreamingResponse(parts())

    class Default(WorkerEntrypoint):
        async def fetch(self, request):
            return await asgi.fetch(api, request, self.env, self.ctx)
    """
    with running(tmp_path, source, KV) as worker:
        assert worker.json("/items/7") == {"item": 7}
        assert worker.world.run(worker.worker.binding("KV").get("item")) == "7"  # type: ignore[union-attr]
        answer = worker.fetch("/sync", method="POST", body=b'{"a": 1}', headers=[("content-type", "application/json")])
        assert answer.body == b'{"got":{"a":1}}'
        assert worker.fetch("/items/x").status == 422
        assert worker.text("/stream") == "abc"
        assert worker.world.failures == []


def test_wsgi(tmp_path: Path) -> None:
    source = """
    from flask import Flask, request
    from workers import wsgi
    site = Flask(__name__)

    @site.post("/echo")
    def echo():
        return {"got": request.get_json(), "path": request.path}, 201, {"X-A": "b"}

    Default = wsgi.entrypoint(site)
    """
    with running(tmp_path, source, KV) as worker:
        answer = worker.fetch("/echo", method="POST", body=b'{"a": 1}', headers=[("content-type", "application/json")])
        assert (answer.status, answer.header("x-a")) == (201, "b")
        assert answer.body.strip() == b'{"got":{"a":1},"path":"/echo"}'


def test_wsgi_without_framework(tmp_path: Path) -> None:
    source = """
    from workers import wsgi
    def site(environ, start_response):
        body = environ["wsgi.input"].read()
        start_response("200 OK", [("content-type", "text/plain"), ("set-cookie", "a=1"), ("set-cookie", "b=2")])
        return [body, environ["PATH_INFO"].encode(), environ["QUERY_STRING"].encode()]
    Default = wsgi.entrypoint(site)
    """
    with running(tmp_path, source) as worker:
        answer = worker.fetch("/p%20q?x=1", method="POST", body=b"body ")
        assert answer.body == b"body /p qx=1"
        assert answer.header_values("set-cookie") == ["a=1", "b=2"]


def test_global_handlers(tmp_path: Path) -> None:
    source = """
    from workers import Response, handler

    @handler
    async def on_fetch(request, env):
        await env.KV.put("a", "1")
        return Response(request.url)

    async def on_scheduled(controller, env, ctx):
        await env.KV.put("cron", controller.cron)
    """
    with running(tmp_path, source, KV, date="2025-06-01") as worker:
        assert worker.text("/p") == "https://app.test/p"
        worker.world.run(worker.host.scheduled(ScheduledEvent(0, "* * * * *")), origin="app")
        assert worker.world.run(worker.worker.binding("KV").get("cron")) == "* * * * *"  # type: ignore[union-attr]
        with pytest.raises(EdgeError, match="does not export a handler named"):
            worker.world.run(worker.host.queue(None), origin="app")
    words = "on_fetch, on_scheduled at the top level is not called"
    with running(tmp_path, source, KV) as worker, pytest.raises(EdgeUsageError, match=words):
        worker.fetch()


def test_two_defaults(tmp_path: Path) -> None:
    source = app("return Response('')") + "def on_fetch(request):\n    pass\n"
    words = "multiple default entrypoints"
    with running(tmp_path, source, date="2025-06-01") as worker, pytest.raises(EdgeUsageError, match=words):
        worker.fetch()


def test_not_a_response(tmp_path: Path) -> None:
    words = "did not resolve to 'Response'"
    with running(tmp_path, app("return {'a': 1}")) as worker, pytest.raises(EdgeError, match=words):
        worker.fetch()


def test_what_the_handler_raises_comes_out(tmp_path: Path) -> None:
    with running(tmp_path, app("raise KeyError('mine')")) as worker, pytest.raises(KeyError, match="mine") as raised:
        worker.fetch()
    assert any(entry.path.name == "entry.py" for entry in raised.traceback if hasattr(entry.path, "name"))


def test_hung(tmp_path: Path) -> None:
    source = app("await asyncio.Future()")
    with running(tmp_path, source) as worker, pytest.raises(HungError):
        worker.fetch()


def test_outbound(tmp_path: Path) -> None:
    from edgelint.testing.http import HttpRequest, HttpResponse

    source = app(
        "answer = await fetch('https://api.test/x', method='POST', body='q', headers={'A': 'b'})\n"
        "return Response(f'{answer.status} {await answer.text()}')"
    )
    with running(tmp_path, source) as worker:
        asked: list[HttpRequest] = []

        async def answer(request: HttpRequest) -> HttpResponse:
            await request.read()
            asked.append(request)
            return HttpResponse(203, [], b"found")

        worker.world.answer_outbound = answer
        assert worker.text() == "203 found"
        assert (asked[0].method, asked[0].url, asked[0].body, asked[0].header("a")) == (
            "POST", "https://api.test/x", b"q", "b"
        )  # fmt: skip


def test_two_workers_with_modules_of_one_name(tmp_path: Path) -> None:
    from edgelint.testing.config import read
    from edgelint.testing.python_host.host import PythonHost

    first, second = tmp_path / "a", tmp_path / "b"
    helper = {"src/helper.py": "NAME = 'first'\n"}
    config = {"services": [{"binding": "B", "service": "b"}]}
    source = app("import helper\nother = await (await self.env.B.fetch('https://x.test/')).text()\n"
                 "return Response(f'{helper.NAME} {other}')")  # fmt: skip
    with running(second, app("import helper\nreturn Response(helper.NAME)"), {"name": "b"},
                 files={"src/helper.py": "NAME = 'second'\n"}):  # fmt: skip
        pass
    with running(first, source, config, files=helper) as worker:
        other = worker.world.add(read(second / "wrangler.json"))
        other.start = lambda: PythonHost(other, worker.world)
        assert worker.text() == "first second"


def test_fresh_error_of_import(tmp_path: Path) -> None:
    """An app that cannot be imported says so each time, and leaves nothing behind."""
    import sys

    with running(tmp_path, "import src.helper\n") as worker:
        for _ in range(2):
            with pytest.raises(ModuleNotFoundError) as raised:
                worker.fetch()
            assert "without the 'src.' prefix" in raised.value.__notes__[0]
        assert "js" not in sys.modules
