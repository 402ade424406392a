"""Bindings from the side of JavaScript: what the SDK's tests leave out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgelint.testing.bindings.queues import dispatch
from edgelint.testing.bindings.rpc import RpcStub
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.python_host.adapters.base import http_request, options, snake
from edgelint.testing.python_host.adapters.durable_objects import WebSocketRequestResponsePair
from edgelint.testing.python_host.adapters.rpc import JsRpcStub, incoming, outgoing
from edgelint.testing.python_host.adapters.rpc import sent as sent_args
from edgelint.testing.python_host.buffers import JsUint8Array
from edgelint.testing.python_host.containers import JsArray
from edgelint.testing.python_host.js_errors import JsException
from edgelint.testing.python_host.jsvalue import JsFunction, JsObject
from edgelint.testing.python_host.maps import JsMap, JsSet, LiteralMap
from edgelint.testing.python_host.promises import settled
from edgelint.testing.python_host.pyproxy import proxy
from edgelint.testing.values import UNDEFINED
from tests.testing.python_host.test_sdk import D1, KV, OBJECTS, app
from tests.testing.python_host.worlds import running

RAW = "env = self.env._env\n"


def test_options() -> None:
    given = JsObject({"expirationTtl": 5, "metadata": UNDEFINED, "other": 1, "list": JsArray([1])})
    assert options(given, "expirationTtl", "metadata", "list", "absent") == {"expiration_ttl": 5, "list": [1]}
    assert options(UNDEFINED, "a") == {}
    assert snake("allowConcurrency") == "allow_concurrency"


def test_kv_raw(tmp_path: Path) -> None:
    source = app(
        RAW + "kv = env.KV\n"
        "await kv.put('a', '{\"x\": [1]}', to_js({'metadata': {'m': 1}}, dict_converter=js.Object.fromEntries))\n"
        "one = await kv.getWithMetadata('a', 'json')\n"
        "many = await kv.getWithMetadata(to_js(['a', 'b']))\n"
        "return Response.json([one.value.x[0], one.metadata.m, many['a'].value, str(many['b']), str(await"
        " kv.get('b', None))])"
    )
    with running(tmp_path, source, KV) as worker:
        assert worker.json() == [1, 1, '{"x": [1]}', "jsnull", "jsnull"]


def test_kv_takes_no_objects(tmp_path: Path) -> None:
    source = app("await self.env.KV.put('a', {'x': 1})")
    with running(tmp_path, source, KV) as worker, pytest.raises(Exception, match="accepts only strings"):
        worker.fetch()


def test_d1_raw(tmp_path: Path) -> None:
    source = app(
        RAW + "statement = env.DB.prepare('SELECT ? AS a').bind(to_js([1, 2]))\n"
        "words = []\n"
        "for wrong in (lambda: env.DB.batch(5), lambda: env.DB.dump()):\n"
        "    try:\n        await wrong()\n    except Exception as error:\n        words.append(error.message)\n"
        "row = await statement.first()\n"
        "return Response.json([statement.statement, len(statement.params), words, list(row.a), await"
        " statement.first('a') == row.a])"
    )
    with running(tmp_path, source, D1) as worker:
        assert worker.json() == [
            "SELECT ? AS a", 1, ["statements.map is not a function", "D1_DUMP_ERROR: Status + 404"], [1, 2], False
        ]  # fmt: skip


def test_queue_event(tmp_path: Path) -> None:
    source = app("return Response('')") + (
        "    async def queue(self, batch, env, ctx):\n"
        "        message = batch.messages[0]\n"
        "        assert message.id and message.timestamp.year == 2026, message.timestamp\n"
        "        assert batch.metadata.metrics.backlogCount == 0\n"
        "        if message.body == 'all':\n            batch.ackAll()\n"
        "        else:\n            batch.retryAll(delaySeconds=9)\n"
    )
    config = {"queues": {"producers": [{"binding": "Q", "queue": "jobs"}]}}
    with running(tmp_path, source, config) as worker:
        result = worker.world.run(dispatch(worker.world, "jobs", ["all", "b"]), origin="app")
        assert (result.acked, result.ack_all) == ([0, 1], True)
        result = worker.world.run(dispatch(worker.world, "jobs", ["none"]), origin="app")
        assert result.retried == {0: 9}


def test_queue_bodies(tmp_path: Path) -> None:
    source = app(
        "await self.env.Q.send(b'x', contentType='bytes')\n"
        "await self.env.Q.send({'when': js.Date.new(0)}, contentType='v8')\n"
        "await self.env.Q.send({'when': js.Date.new(0)})\n"
        "try:\n    await self.env.Q.sendBatch([])\nexcept Exception as error:\n    return Response(error.message)"
    )
    config = {"queues": {"producers": [{"binding": "Q", "queue": "jobs"}]}}
    with running(tmp_path, source, config) as worker:
        assert worker.text() == "sendBatch() requires at least one message"
        producer: Any = worker.worker.binding("Q")
        bodies = [each.body for each in producer.queue.waiting]
        assert [(body.content_type, body.payload) for body in bodies[::2]] == [
            ("bytes", b"x"), ("json", '{"when":"1970-01-01T00:00:00.000Z"}')
        ]  # fmt: skip
        assert bodies[1].payload["when"].year == 1970


def test_scheduled_controller(tmp_path: Path) -> None:
    from edgelint.testing.bindings.scheduled import ScheduledEvent

    source = app("return Response('')") + (
        "    async def scheduled(self, controller, env, ctx):\n"
        "        assert (controller.scheduledTime, controller.cron, controller.type) == (5000, '* * * * *',"
        " 'scheduled')\n"
        "        controller.noRetry()\n"
    )
    with running(tmp_path, source) as worker:
        event = ScheduledEvent(5000, "* * * * *")
        worker.world.run(worker.host.scheduled(event), origin="app")
        assert not event.retry


SOCKETS = """
class Counter(DurableObject):
    async def fetch(self, request):
        if request.method == "POST":
            return Response.json(await self.state())
        pair = js.WebSocketPair.new().object_values()
        self.ctx.acceptWebSocket(pair[1], to_js(["t"]))
        pair[1].serializeAttachment(to_js({"a": 1}, dict_converter=js.Object.fromEntries))
        return Response(None, status=101, web_socket=pair[0])
    async def state(self):
        ctx = self.ctx
        ctx.setWebSocketAutoResponse(js.WebSocketRequestResponsePair.new("ping", "pong"))
        pair = ctx.getWebSocketAutoResponse()
        sockets = ctx.getWebSockets("t")
        ctx.setHibernatableWebSocketEventTimeout(500)
        found = [len(sockets), list(ctx.getTags(sockets[0])), pair.request, pair.response,
                 ctx.getHibernatableWebSocketEventTimeout(), str(ctx.getWebSocketAutoResponseTimestamp(sockets[0])),
                 sockets[0].deserializeAttachment().a]
        ctx.setWebSocketAutoResponse()
        return [*found, str(ctx.getWebSocketAutoResponse())]
    async def webSocketMessage(self, socket, message):
        socket.send(message if isinstance(message, str) else b"%d" % len(message.to_bytes()))
    async def webSocketClose(self, socket, code, reason, clean):
        await self.env.KV.put("closed", json.dumps([code, reason, clean]))
    async def webSocketError(self, socket, error):
        await self.env.KV.put("error", error.message)
"""


def test_hibernating_sockets(tmp_path: Path) -> None:
    handler = "return await self.env.DO.getByName('a').fetch(request.js_object)"
    with running(tmp_path, app(handler, SOCKETS), OBJECTS) as worker:
        opened = worker.fetch(headers=[("upgrade", "websocket")])
        assert opened.status == 101
        end = opened.web_socket
        assert end is not None
        end.accept()
        end.send("hello")
        end.send(b"abc")
        worker.world.settle()
        assert end.received() == ["hello", b"3"]
        assert worker.json(method="POST") == [1, ["t"], "ping", "pong", 500, "jsnull", 1, "jsnull"]
        end.close(3001, "bye")
        worker.world.settle()
        kv: Any = worker.worker.binding("KV")
        assert worker.world.run(kv.get("closed")) == '[3001, "bye", true]'


def test_error_of_a_socket(tmp_path: Path) -> None:
    with running(tmp_path, app("return Response('')", SOCKETS), OBJECTS) as worker:
        from edgelint.testing.sockets import SocketEnd

        namespace: Any = worker.worker.binding("DO")

        async def instance() -> Any:
            life = namespace.handle("a")._home.awake()
            return (await life.answer(life.deliver(_itself, "test")))[0]

        made = worker.world.run(instance())
        assert made.handles("webSocketError")
        assert not made.handles("alarm")
        worker.world.run(made.web_socket_error(SocketEnd(), ValueError("lost")), origin="app")
        assert worker.world.run(worker.worker.binding("KV").get("error")) == "lost"  # type: ignore[union-attr]


async def _itself(instance: Any) -> Any:
    return instance


STORAGE = """
class Counter(DurableObject):
    async def all(self):
        s = self.ctx.storage
        raw = s._binding
        await s.put({"a": 1, "b": {"x": [1]}})
        await raw.put(to_js({"c": js.Date.new(0)}, dict_converter=js.Object.fromEntries))
        cursor = raw.sql.exec("SELECT 1 AS a UNION SELECT 2")
        names, first, rest = list(cursor.columnNames), cursor.next(), [row.a for row in cursor]
        counts = [cursor.rowsRead >= 0, cursor.rowsWritten, cursor.next().done]
        rows = [list(row) for row in raw.sql.exec("SELECT 1, 'x'").raw()]
        s.kv.put("k", 5)
        listed = [list(pair) for pair in raw.kv.list(prefix="k")]
        deleted = [s.kv.delete("k"), await s.delete(["a", "zz"])]
        def sync():
            raw.kv.put("in", 1)
            return 7
        done = raw.transactionSync(sync)
        async def undo(txn):
            await txn.put("gone", 1)
            txn.rollback()
        await raw.transaction(create_proxy(undo))
        async def broken(txn):
            raise KeyError("mine")
        try:
            await raw.transaction(create_proxy(broken))
        except Exception as error:
            words = type(error).__name__
        await s.setAlarm(js.Date.new(js.Date.now() + 5))
        await s.deleteAlarm()
        await s.sync()
        marks = [await s.getCurrentBookmark()]
        for wrong in (lambda: s.getBookmarkForTime(5), lambda: s.onNextSessionRestoreBookmark("x")):
            try:
                await wrong()
            except Exception as error:
                marks.append(error.message[:10])
        await s.waitForBookmark("x")
        found = await raw.get(to_js(["b", "gone"]))
        size = raw.sql.databaseSize > 0
        async def blocked():
            return 9
        nine = await self.ctx.blockConcurrencyWhile(create_proxy(blocked))
        other = self.ctx.exports.Counter.idFromName("a").equals(self.ctx.id)
        self.ctx.waitUntil(create_proxy(blocked()))
        await s.deleteAll()
        return [names, first.value.a, rest, counts, rows, listed, deleted, done, words, len(marks), list(found), size,
                nine, other, await s.getAlarm(), len(await s.list()), len(self.ctx.props.object_keys())]
    async def alarm(self, info):
        pass
    async def gone(self):
        self.ctx.abort("reset")
"""


def test_storage(tmp_path: Path) -> None:
    handler = (
        "stub = self.env.DO.getByName('a')\nfound = await stub.all()\n"
        "try:\n    await stub.gone()\nexcept Exception as error:\n    words = error.message\n"
        "ns = self.env._env.DO\n"
        "one = ns.idFromString(ns.idFromName('a').toString())\n"
        "try:\n    ns.get('a')\nexcept Exception as error:\n    wrong = error.message\n"
        "eu = self.env.DO.jurisdiction('eu').newUniqueId().toString()\n"
        "return Response.json([found, words, one.equals(ns.idFromName('a')), one.equals(5), str(one.name),"
        " len(eu), wrong[:40],"
        " ns.getByName('a').id.equals(one), str(ns.get(ns.newUniqueId()).name)])"
    )
    with running(tmp_path, app(handler, STORAGE), OBJECTS) as worker:
        found, words, *rest = worker.json()
        assert found == [
            ["a"], 1, [2], [True, 0, True], [[1, "x"]], [["k", 5]], [True, 1], 7, "JsException", 3, ["b"], True, 9,
            True, None, 0, 0,
        ]  # fmt: skip
        assert "reset" in words
        assert rest == [True, False, "None", 64, "Failed to execute 'get' on 'DurableObjec", True, "None"]


def test_workflow_methods(tmp_path: Path) -> None:
    from tests.testing.python_host.test_sdk import FLOW

    handler = (
        "flow = self.env.FLOW\n"
        "both = await flow.create_batch([{'id': 'a', 'params': {'p': 1}}, {'id': 'b', 'params': {'p': 1}}])\n"
        "one, two = both\n"
        "await one.pause(); paused = (await one.status()).status\nawait one.resume()\n"
        "await one.restart()\nawait two.terminate()\nended = (await two.status()).status\n"
        "raw = self.env._env.FLOW\n"
        "gone = await raw.deleteBatch(to_js(['b', 'zz']))\n"
        "made = await raw.create()\nawait made.delete()\n"
        "return Response.json([one.id, paused, ended, [each.id for each in gone.deleted], len(gone.errors),"
        " len(made.id)])"
    )
    config = {"workflows": [{"binding": "FLOW", "name": "flow", "class_name": "Flow"}]}
    with running(tmp_path, app(handler, FLOW), config) as worker:
        one, paused, ended, deleted, errors, length = worker.json()
        assert (one, ended, deleted, errors, length) == ("a", "terminated", ["b"], 1, 36)
        assert paused in ("paused", "waitingForPause", "waiting")


def test_sleep_until_and_config_of_steps(tmp_path: Path) -> None:
    flow = (
        "class Flow(WorkflowEntrypoint):\n"
        "    async def run(self, event, step):\n"
        "        @step.do('work', config={'retries': {'limit': 1, 'delay': 1000}})\n"
        "        async def work(ctx):\n"
        "            if ctx['attempt'] == 1:\n                raise ValueError('once')\n"
        "            return ctx['attempt']\n"
        "        from datetime import datetime, timedelta, timezone\n"
        "        await step.sleep_until('later', datetime.now(timezone.utc) + timedelta(minutes=1))\n"
        "        return await work()\n"
    )
    handler = "i = await self.env.FLOW.create({'id': 'x'})\nreturn Response('')"
    config = {"workflows": [{"binding": "FLOW", "name": "flow", "class_name": "Flow"}]}
    with running(tmp_path, app(handler, flow), config) as worker:
        worker.fetch()
        worker.world.advance_to(worker.world.clock.now + 120_000)
        flows: Any = worker.worker.binding("FLOW")
        assert worker.world.run(worker.world.run(flows.get("x")).status())["output"] == 2


def test_vectors_and_models(tmp_path: Path) -> None:
    handler = (
        "v = self.env.VECTORS\n"
        "await v.insert([{'id': '1', 'values': [1, 0], 'metadata': {'k': 'v'}}])\n"
        "about = await v.describe()\n"
        "near = await v.query([1, 0], topK=1)\n"
        "same = await v.queryById('1')\n"
        "gone = await v.deleteByIds(['1'])\n"
        "ai = self.env._env.AI\n"
        "words = []\n"
        "for name in ('gateway', 'toMarkdown', 'models', 'autorag', 'aiSearch'):\n"
        "    try:\n        getattr(ai, name)('x')\n    except Exception as error:\n       "
        " words.append(str(error)[:4])\n"
        "image = await self.env.AI.run('@cf/image', {'prompt': 'x'})\n"
        "web = await self.env.AI.run('@cf/web', {'prompt': 'x'}, {'returnRawResponse': True})\n"
        "return Response.json([about.dimensions if hasattr(about, 'dimensions') else about.config.dimensions,"
        " near.count,"
        " len(same.matches), 'mutationId' in gone, words, await js.Response.new(image).text(), await web.text()])"
    )
    config = {"vectorize": [{"binding": "VECTORS", "index_name": "v"}], "ai": {"binding": "AI"}}
    with running(tmp_path, app(handler), config) as worker:
        bound: Any = worker.worker.binding
        bound("VECTORS").configure(dimensions=2, metric="cosine")
        bound("AI").answer(b"png", model="@cf/image")
        bound("AI").answer(HttpResponse(200, [], b"web"), model="@cf/web")
        found = worker.json()
        assert found[0] == 2
        assert found[3:] == [True, ["AI.g", "AI.t", "AI.m", "AI.a", "AI.a"], "png", "web"]


def test_hyperdrive(tmp_path: Path) -> None:
    handler = (
        RAW + "h = env.HYPER\n"
        "try:\n    h.connect()\nexcept Exception as error:\n    words = type(error).__name__\n"
        "return Response.json([h.connectionString, h.host, h.port, h.password, h.database, words])"
    )
    with running(tmp_path, app(handler), {"hyperdrive": [{"binding": "HYPER", "id": "h"}]}) as worker:
        bound: Any = worker.worker.binding("HYPER")
        bound.use("postgres://me:pw@db.test:5433/x")
        string, host, port, password, database, words = worker.json()
        assert string.startswith("postgres")
        assert host
        assert port
        assert (password, database, words) == ("pw", "x", "EdgeUsageError")


def test_r2_rest(tmp_path: Path) -> None:
    handler = (
        RAW + "r2 = env.R2\n"
        "await r2.put('k', js.Blob.new(to_js(['blob'])), httpMetadata=js.Headers.new([['content-type', 'text/h']]))\n"
        "body = await r2.get('k')\n"
        "kinds = [body.version != '', body.storageClass, str(body.ssecKeyMd5), body.range.length, body.bodyUsed]\n"
        "data = (await body.arrayBuffer()).to_bytes().decode()\n"
        "again = [(await (await r2.get('k')).bytes()).to_bytes().decode(), await (await (await"
        " r2.get('k')).blob()).text()]\n"
        "upload = await r2.createMultipartUpload('m')\n"
        "resumed = r2.resumeMultipartUpload('m', upload.uploadId)\n"
        "key = resumed.key\nawait resumed.abort()\n"
        "await r2.put('j', '{\"a\": 1}')\nparsed = (await (await r2.get('j')).json()).a\n"
        "page = await r2.list(limit=1)\n"
        "try:\n    page.objects[0].writeHttpMetadata(5)\nexcept Exception as error:\n    words = error.message\n"
        "return Response.json([kinds, data, again, key, parsed, page.truncated, hasattr(page, 'cursor'),"
        " body.httpMetadata.contentType,"
        " words[:30]])"
    )
    with running(tmp_path, app(handler), {"r2_buckets": [{"binding": "R2", "bucket_name": "b"}]}) as worker:
        assert worker.json() == [
            [True, "Standard", "None", 4, False], "blob", ["blob", "blob"], "m", 1, True, True, "text/h",
            "Failed to execute 'writeHttpMe",
        ]  # fmt: skip


def test_email_rest(tmp_path: Path) -> None:
    from edgelint.testing.bindings.email import IncomingEmail

    source = app(
        "mail = import_from_javascript('cloudflare:email').EmailMessage.new('a@x.test', 'b@x.test', 'raw')\n"
        "return Response.json([mail.to, mail.raw])"
    ) + (
        "    async def email(self, message, env, ctx):\n"
        "        assert (message.to, message.rawSize, getattr(message, 'from')) == ('me@x.test', 45, 'a@y.test')\n"
        "        assert message.raw == message.raw\n"
        "        await message.reply({'from': 'me@x.test', 'subject': 's', 'text': 't'})\n"
        "        await message.forward('c@x.test')\n"
    )
    with running(tmp_path, source) as worker:
        assert worker.json() == ["b@x.test", "raw"]
        good = IncomingEmail(
            worker.world, "a@y.test", "me@x.test", b"From: a@y.test\r\nMessage-ID: <1@y.test>\r\n\r\nham"
        )
        worker.world.run(worker.host.email(good), origin="app")
        assert (len(good.replies), [each.headers for each in good.forwards]) == (1, [[]])


def test_services_and_assets(tmp_path: Path) -> None:
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "a.txt").write_text("asset")
    handler = (
        "answer = await self.env.ASSETS.fetch('https://x.test/a.txt')\nwords = []\n"
        "for name in ('ASSETS', 'API'):\n"
        "    try:\n        getattr(self.env._env, name).connect('a:1')\n    except Exception as error:\n"
        "        words.append(type(error).__name__)\n"
        "return Response.json([await answer.text(), words])"
    )
    config = {
        "assets": {"directory": "public", "binding": "ASSETS"}, "services": [{"binding": "API", "service": "api"}]
    }  # fmt: skip
    with running(tmp_path, app(handler), config) as worker:
        assert worker.json() == ["asset", ["UnsupportedBindingError", "UnsupportedBindingError"]]


def test_a_binding_that_is_not_supported(tmp_path: Path) -> None:
    config = {"browser": {"binding": "BROWSER"}}
    with (
        running(tmp_path, app("self.env.BROWSER"), config) as worker,
        pytest.raises(EdgeUsageError, match="BROWSER is"),
    ):
        worker.fetch()


def test_ctx(tmp_path: Path) -> None:
    handler = (
        "self.ctx.passThroughOnException()\n"
        "return Response.json([self.ctx.props.to_py(), self.env._env.object_keys().to_py()])"
    )
    with running(tmp_path, app(handler), {**KV, "vars": {"A": 1}}) as worker:

        async def event() -> bytes:
            response = await worker.host.fetch(HttpRequest("GET", "https://x.test/"), props={"p": 1})
            return await response.read()

        assert worker.world.run(event(), origin="app") == b'[{"p": 1}, ["KV", "A"]]'


def test_what_crosses_rpc(tmp_path: Path) -> None:
    with running(tmp_path, app("return Response('')")) as worker:
        host = worker.host
        with host._inside():

            async def double(x: Any) -> Any:
                return x * 2

            stub = JsRpcStub(RpcStub(double))
            cycle = JsObject()
            cycle._own()["me"] = cycle
            sent = outgoing(
                JsArray(
                    [JsSet([1]), JsMap([("a", 1)]), JsUint8Array._over(b"x"), stub, JsFunction(len, "f"), proxy(print)]
                )
            )
            assert sent[:3] == [{1}, {"a": 1}, b"x"]
            assert isinstance(sent[3], RpcStub)
            assert (sent[4].__name__, sent[5].__name__) == ("f", "print")
            found = outgoing(cycle)
            assert found["me"] is found
            for wrong in (LiteralMap(), proxy(object())):
                with pytest.raises(EdgeError, match="could not be cloned"):
                    outgoing(wrong)

            stream = incoming(HttpResponse(200, [], b"x")).body
            fields = JsObject()
            fields._own()["a"] = JsArray([JsMap([("k", JsArray([stream]))])])
            for given, place in (
                (fields, "it.a[0]['k'][0]"), (JsMap([(stream, 1)]), r"it \(a key of a Map\)"),
                (JsSet([stream]), r"it \(in a Set\)"), (stream, "it"),
            ):  # fmt: skip
                told = place.replace("[", r"\[") + " is a ReadableStream, which does not cross here: values, functions"
                with pytest.raises(EdgeError, match=f"DataCloneError: {told}"):
                    outgoing(given, "it")
            with pytest.raises(EdgeError, match=r"arguments\[1\] is a ReadableStream"):
                sent_args([1, stream])

            async def work() -> list[Any]:
                copy = stub._js_get("dup")._js_apply(UNDEFINED, [])
                called = await outgoing(JsFunction(lambda x, named: [x, named], "g"))(1, k=2)
                both = [stub._js_apply(UNDEFINED, [4]), copy._js_apply(UNDEFINED, [5])]
                return [*[await settled(each) for each in both], called]

            assert worker.world.run(work()) == [8, 10, [1, {"k": 2}]]
            assert str(incoming(HttpRequest("GET", "https://x.test/")).url) == "https://x.test/"
            assert incoming(HttpResponse(201)).status == 201
            crossed = outgoing(incoming(HttpResponse(202, [], b"b")))
            assert (crossed.status, crossed.body) == (202, b"b")
            assert http_request("https://x.test/", JsObject({"method": "PUT"})).method == "PUT"
            pair = WebSocketRequestResponsePair._js_construct(["a"])
            assert (pair.request, pair.response) == ("a", "undefined")
            assert isinstance(JsException("A", "b"), JsException)


def test_cache(tmp_path: Path) -> None:
    handler = (
        "cache = js.caches.default\n"
        "other = await js.caches.open('other')\n"
        "response = js.Response.new('kept', headers=[['cache-control', 'max-age=60']])\n"
        "await cache.put('https://x.test/a', response)\n"
        "found = await (await cache.match('https://x.test/a')).text()\n"
        "return Response.json([found, await other.match('https://x.test/a'), await cache.delete('https://x.test/a'),"
        " await cache.match('https://x.test/a')])"
    )
    with running(tmp_path, app(handler)) as worker:
        assert worker.json() == ["kept", None, True, None]
