"""The httpx clients in front of a world."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from tests.testing.core.apps import handler, opened

ECHO = handler(
    "seen = (request.headers.get('cookie') or '-')\n"
    "body = await request.text()\n"
    "return Response(f'{request.method} {request.url} {body} {seen}', headers={'set-cookie': 'a=1', 'x-b': 'c'})"
)


def test_an_ordinary_client(tmp_path: Path) -> None:
    with opened(tmp_path, ECHO) as edge:
        first = edge.client.post("/p", params={"q": "ü"}, content="body")
        assert first.text == "POST https://example.com/p?q=%C3%BC body -"
        assert first.headers["x-b"] == "c"
        assert edge.client.get("https://other.test/").text == "GET https://other.test/  -"
        assert edge.client.get("/again").text.endswith(" a=1"), "cookies are kept, as a browser does"
        assert edge.client is edge.client
        assert edge.request("OPTIONS", "/").text.startswith("OPTIONS ")


def test_nothing_of_the_machine_reaches_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine example.com login me password mine\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:1")
    with opened(tmp_path, handler("return Response(str(request.headers.get('authorization')))")) as edge:
        assert edge.client.get("/").text == "None"


def test_redirects_are_the_test_s_choice(tmp_path: Path) -> None:
    source = handler(
        "if request.url.endswith('/end'):\n    return Response('there')\nreturn Response.redirect('https://example.com/end')"
    )
    with opened(tmp_path, source) as edge:
        assert edge.client.get("/").status_code == 302
        assert edge.client.get("/", follow_redirects=True).text == "there"


def test_awaited_requests_run_together(tmp_path: Path) -> None:
    source = handler(
        "kv = self.env.KV\nseen = int(await kv.get('n') or '0')\nawait kv.put('n', str(seen + 1))\n"
        "return Response(str(seen) + await request.text())"
    )
    with opened(tmp_path, source, kv_namespaces=[{"binding": "KV", "id": "k"}]) as edge:

        async def parts() -> object:
            yield b"x"
            yield b"y"

        async def test() -> list[str]:
            client = edge.async_client
            assert client is edge.async_client
            sent = client.post("/", content=parts())  # type: ignore[arg-type]
            answers = await asyncio.gather(client.get("/"), sent, client.get("/"))
            after = await client.get("/")
            return [answer.text for answer in (*answers, after)]

        assert asyncio.run(test()) == ["0", "0xy", "0", "1"]


def test_what_the_handler_raises(tmp_path: Path) -> None:
    with opened(tmp_path, handler("raise KeyError('mine')")) as edge:
        with pytest.raises(KeyError, match="mine"):
            edge.client.get("/")

        async def test() -> httpx.Response:
            return await edge.async_client.get("/")

        with pytest.raises(KeyError, match="mine"):
            asyncio.run(test())
