"""The Web classes as Python code in a Worker meets them: through the foreign-function layer."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from edgelint.testing.http import HttpResponse
from edgelint.testing.python_host.convert import to_js
from edgelint.testing.python_host.js_errors import JsException
from edgelint.testing.python_host.jsvalue import JsFunction, JsObject, into_python, jsnull
from edgelint.testing.python_host.pyproxy import proxy
from edgelint.testing.python_host.realm import Realm, entered
from edgelint.testing.python_host.web.exposed import constructor, expose, js_scope, plain, wrap
from edgelint.testing.python_host.web.foreign import Foreign, foreign, inward, outward
from edgelint.testing.python_host.web.headers import Headers
from edgelint.testing.python_host.web.urls import URL
from edgelint.testing.values import UNDEFINED
from tests.testing.web.conftest import Isolate

Test = Callable[[Any], Coroutine[Any, Any, Any]]


class App:
    """The module ``js`` of one isolate. ``begun`` are the labels of the promises that were pending."""

    def __init__(self, isolate: Isolate) -> None:
        self.isolate = isolate
        self.begun: list[str] = []
        self.realm = Realm(loop=isolate.world.loop)
        self.realm.watch = lambda future, label: self.begun.append(label)

    def run(self, test: Test) -> Any:
        async def inside() -> Any:
            with entered(self.realm):
                scope = js_scope(self.isolate.timers)
                return await test(SimpleNamespace(**{name: into_python(value) for name, value in scope.items()}))

        return self.isolate.run(inside)


@pytest.fixture
def app(isolate: Isolate) -> App:
    return App(isolate)


def kept(function: Any) -> Any:
    """``create_proxy``."""
    return proxy(function, roundtrip=True)


def test_headers_are_a_mapping_and_iterate_as_pairs(app: App) -> None:
    async def test(js: Any) -> None:
        headers = js.Headers.new([["b", "2"], ["a", "1"]])
        assert [list(pair) for pair in headers] == [["a", "1"], ["b", "2"]]
        assert headers["a"] == "1"
        assert "a" in headers
        assert headers.get("x") is jsnull
        assert headers.set("c", "3") is None
        assert list(headers.keys()) == ["a", "b", "c"]
        assert (headers.constructor.name, str(headers)) == ("Headers", "[object Headers]")
        seen: list[Any] = []
        headers.forEach(kept(lambda value, name, all_: seen.append((name, value, all_ == headers))))
        assert seen[0] == ("a", "1", True)

    app.run(test)


def test_what_python_passes_as_headers(app: App) -> None:
    async def test(js: Any) -> None:
        assert js.Headers.new(to_js({"a": "1"}, dict_converter=JsFunction(_object)))["a"] == "1"
        assert js.Headers.new({"a": "1"}.items())["a"] == "1"
        with pytest.raises(JsException, match="not of type 'Sequence'"):
            js.Headers.new({"a": "1"})  # a dict that is not converted is the list of its keys to JavaScript
        with pytest.raises(JsException, match="Please use the 'new' operator"):
            js.Headers()

    def _object(pairs: Any) -> Any:
        return JsObject({item._items()[0]: item._items()[1] for item in pairs._items()})

    app.run(test)


def test_a_response_and_its_body(app: App) -> None:
    async def test(js: Any) -> None:
        response = js.Response.new("héllo", status=201, headers=[["x", "1"]])
        assert (response.status, response.ok, response.headers["x"]) == (201, True, "1")
        copy = response.clone()
        assert (await response.arrayBuffer()).to_bytes() == "héllo".encode()
        assert (await copy.bytes()).to_bytes() == "héllo".encode()
        with pytest.raises(JsException, match="already been used") as caught:
            await response.text()
        assert caught.value.name == "TypeError"
        data = js.Response.json(to_js([1, None]), status=404)
        assert data.status == 404
        assert await data.text() == "[1,null]"
        assert (await js.Response.new('{"a":[1,{"b":null}]}').json()).a[1].b is jsnull
        with pytest.raises(AttributeError):
            data.headers.nonsense  # noqa: B018 - the access is what is tested

    app.run(test)


def test_bytes_of_python_and_of_javascript(app: App) -> None:
    async def test(js: Any) -> None:
        assert await js.Response.new(b"raw").text() == "raw"
        assert await js.Response.new(to_js(b"typed")).text() == "typed"
        assert await js.Response.new(js.TextEncoder.new().encode("é").buffer).text() == "é"
        view = to_js(bytearray(5))
        written = js.TextEncoder.new().encodeInto("aé", view.subarray(1))
        assert (written.read, written.written) == (2, 3)
        assert view.to_bytes() == b"\x00a\xc3\xa9\x00"
        filled = js.crypto.getRandomValues(view)
        assert filled.to_bytes() == view.to_bytes() != b"\x00a\xc3\xa9\x00"
        digest = await js.crypto.subtle.digest("SHA-1", b"a")
        assert digest.constructor.name == "ArrayBuffer"

    app.run(test)


def test_properties_and_statics(app: App) -> None:
    async def test(js: Any) -> None:
        url = js.URL.new("http://a.example/?q=1")
        url.hash = "z"
        url.searchParams.append("r", "2")
        assert str(url) == url.href == "http://a.example/?q=1&r=2#z"
        assert url.searchParams == url.searchParams
        url.origin = "ignored"
        assert url.origin == "http://a.example"
        assert js.URL.canParse("nonsense") is False
        assert js.URL.parse("nonsense") is jsnull
        assert (js.WebSocket.OPEN, js.WebSocketPair.new().object_values()[0].OPEN) == (1, 1)
        stream = js.ReadableStream.from_(["a", "b"])
        assert [chunk async for chunk in stream] == ["a", "b"]
        assert js.navigator.userAgent == "Cloudflare-Workers"
        assert js.crypto.DigestStream.new("MD5").constructor.name == "DigestStream"

    app.run(test)


def test_callbacks_go_over(app: App) -> None:
    async def test(js: Any) -> None:
        seen: list[Any] = []
        target = js.EventTarget.new()
        listener = kept(lambda event: seen.append(event.type))
        target.addEventListener("x", listener)
        target.addEventListener("x", listener)
        target.dispatchEvent(js.Event.new("x"))
        target.removeEventListener("x", listener)
        target.dispatchEvent(js.Event.new("x"))
        assert seen == ["x"]

        def fails(event: Any) -> None:
            raise KeyError("python's own")

        target.onx = fails
        target.addEventListener("y", kept(fails))
        with pytest.raises(KeyError, match="python's own"):
            target.dispatchEvent(js.Event.new("y"))

    app.run(test)


def test_streams_made_in_python(app: App) -> None:
    async def test(js: Any) -> None:
        parts = iter([b"a", b"b"])

        async def pull(controller: Any) -> None:
            part = next(parts, None)
            if part is None:
                controller.close()
            else:
                controller.enqueue(to_js(part))

        stream = js.ReadableStream.new(pull=kept(pull))
        assert await js.Response.new(stream).text() == "ab"
        through = js.TransformStream.new(transform=kept(lambda chunk, controller: controller.enqueue(chunk * 2)))
        writer = through.writable.getWriter()
        writer.write(4)
        assert (await through.readable.getReader().read()).value == 8
        reader = js.Response.new("xyz").body.getReader(mode="byob")
        got = await reader.read(to_js(bytearray(2)))
        assert (got.value.to_bytes(), got.done) == (b"xy", False)

    app.run(test)


def test_objects_come_out_of_a_stream_as_they_went_in(app: App) -> None:
    async def test(js: Any) -> None:
        through = js.TransformStream.new()
        writer = through.writable.getWriter()
        reader = through.readable.getReader()
        for sent in (to_js([1, [2]]), js.Headers.new(), to_js({"a": 1}), js.URL.new("http://a.example")):
            writer.write(sent)
            assert (await reader.read()).value == sent

    app.run(test)


def test_what_python_iterates_is_a_body(app: App) -> None:
    async def test(js: Any) -> None:
        async def later() -> Any:
            yield to_js(b"x")
            yield to_js(b"y")

        assert await js.Response.new(js.ReadableStream.from_(kept(later()))).text() == "xy"
        iterator = js.Response.new("q").body.values()
        step = await iterator.next()
        assert (step.value.to_bytes(), step.done) == (b"q", False)
        assert (await iterator.next()).done
        assert [chunk.to_bytes() async for chunk in js.Response.new("q").body.values()] == [b"q"]

    app.run(test)


def test_rejections_and_things_thrown(app: App) -> None:
    async def test(js: Any) -> None:
        controller = js.AbortController.new()
        controller.abort("just text")
        with pytest.raises(JsException, match="just text"):
            controller.signal.throwIfAborted()
        stream = js.ReadableStream.new(start=kept(lambda c: c.error("broken")))
        with pytest.raises(JsException, match="broken"):
            await stream.getReader().read()
        failing = js.AbortSignal.abort()
        assert (failing.reason.name, failing.reason.message) == ("AbortError", "The operation was aborted")
        failure = JsException("Error", "no such thing")
        with pytest.raises(JsException, match="no such thing"):
            await js.ReadableStream.new(start=kept(lambda c: c.error(failure))).getReader().read()

    app.run(test)


def test_html_is_rewritten_by_an_object_of_python(app: App) -> None:
    async def test(js: Any) -> None:
        class Handler:
            async def element(self, element: Any) -> None:
                await js.scheduler.wait(1)
                element.setAttribute("seen", "&".join(name for name, _ in element.attributes))

            def text(self, text: Any) -> None:
                if text.lastInTextNode:
                    text.after("<end>", html=True)

        rewriter = js.HTMLRewriter.new().on("p", kept(Handler()))
        answer = rewriter.transform(js.Response.new("<p a=1 b>x</p>"))
        assert await answer.text() == '<p a=1 b seen="a&b">x<end></p>'

    app.run(test)


def test_fetch_and_sockets(app: App) -> None:
    app.isolate.answer = lambda request: HttpResponse(200, [("X", request.method)], request.body)

    async def test(js: Any) -> None:
        response = await js.fetch("https://a.example/", method="POST", body="b")
        assert (await response.text(), response.headers["x"]) == ("b", "POST")
        pair = js.WebSocketPair.new()
        one, other = pair.object_values()
        assert list(pair.object_keys()) == ["0", "1"]
        heard: list[Any] = []
        other.accept()
        other.onmessage = kept(lambda event: heard.append(event.data))
        one.accept()
        one.send("hi")
        one.send(to_js(b"\x01"))
        await js.scheduler.wait(1)
        assert heard[0] == "hi"
        assert heard[1].to_bytes() == b"\x01"

    app.run(test)
    assert "fetch" in app.begun


def test_timers_and_console(app: App) -> None:
    async def test(js: Any) -> None:
        heard: list[int] = []
        js.setTimeout(kept(heard.append), 1000, 7)
        js.clearTimeout(js.setTimeout(kept(heard.append), 10, 8))
        js.queueMicrotask(kept(lambda: heard.append(0)))
        await js.scheduler.wait(2000)
        assert heard == [0, 7]
        js.console.log("%s", "x", to_js([1, [2]]), js.Headers.new(), None, js.URL)

    app.run(test)
    level, text = app.isolate.world.logs[0]
    assert level == "log"
    assert text.startswith("x [ 1, [ 2 ] ] Headers {} undefined function ")


def test_names_of_the_classes_that_the_sdk_dispatches_on(app: App) -> None:
    async def test(js: Any) -> None:
        made = [js.Request.new("http://a.example"), js.Response.new(), js.FormData.new(), js.Blob.new()]
        assert [each.constructor.name for each in made] == ["Request", "Response", "FormData", "Blob"]
        file = js.File.new(to_js(["x"]), "n.txt", type="t/x", lastModified=5)
        assert (file.constructor.name, file.name, file.type, file.lastModified) == ("File", "n.txt", "t/x", 5)
        form = js.FormData.new()
        form.append("f", js.Blob.new(to_js(["x"])), "called")
        assert form["f"].name == "called"
        assert form.get("f").constructor.name == "File"
        body = js.Request.new("http://a.example", method="POST", body=form)
        assert (await (await body.formData()).get("f").text()) == "x"

    app.run(test)


def test_one_object_is_one_value() -> None:
    headers = Headers()
    wrapped = wrap(headers)
    assert wrap(headers) is wrapped
    assert plain(wrapped, Headers) is headers
    assert plain(wrapped, URL) is None
    assert constructor(Headers) is constructor(Headers)
    assert expose(Headers) is expose(Headers)
    assert constructor(Headers).name == "Headers"


def test_foreign_values_keep_their_nature() -> None:
    number = inward(5)
    assert number == 5
    function = JsFunction(lambda value=UNDEFINED: [value], "f")
    held: Any = inward(function)
    assert isinstance(held, Foreign)
    called: Any = held
    assert called(1) == [1]
    assert outward(held) is wrap(held) is function
    assert held == foreign(function)
    assert held != foreign(JsFunction(lambda: None, "g"))
    assert hash(held) == id(function)
    assert held._js_shown() == held._js_text() == "function f() { [native code] }"
    assert held.name == "f"
    with pytest.raises(AttributeError):
        held.nothing  # noqa: B018 - the access is what is tested
    target: list[int] = []
    assert inward(proxy(target)) == inward(proxy(target))
    assert outward((1, {"a": b"x"}))._items()[0] == 1
    made = outward(bytearray(b"shared"))
    assert made._view().tobytes() == b"shared"
    part = outward(memoryview(bytearray(b"shared"))[2:4])
    assert part._view().tobytes() == b"ar"
    assert outward(memoryview(bytearray())[0:0])._view().tobytes() == b""
    assert outward(ValueError("x"))._own()["name"] == "PythonError"
