"""The modules of the runtime: pyodide.http, pyodide.code, js."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.python_host import importing, modules
from tests.testing.python_host.test_sdk import app
from tests.testing.python_host.worlds import running


def test_pyfetch(tmp_path: Path) -> None:
    source = app(
        "from pyodide.http import pyfetch, HttpStatusError, AbortError, BodyUsedError\n"
        "got = await pyfetch('https://api.test/a', method='POST', headers={'X-A': 'b'}, body='q')\n"
        "copy = got.clone()\n"
        "found = [got.status, got.status_text, got.ok, got.redirected, got.type, got.url, got.headers['x-c'],"
        " await got.json()]\n"
        "found.append(bytes(await copy.memoryview()).decode())\n"
        "words = []\n"
        "for work in (lambda: pyfetch('https://api.test/fails'), lambda: got.text(), lambda:"
        " pyfetch('https://api.test/slow',"
        " signal=js.AbortSignal.timeout(5))):\n"
        "    try:\n        await work()\n    except (OSError, AbortError) as error:\n       "
        " words.append(type(error).__name__)\n"
        "missing = await pyfetch(js.Request.new('https://api.test/missing'))\n"
        "try:\n    missing.raise_for_status()\nexcept HttpStatusError as error:\n    words.append(str(error))\n"
        "try:\n    missing.abort()\nexcept ValueError as error:\n    words.append(str(error))\n"
        "signal = js.AbortController.new()\nlate = await pyfetch('https://api.test/a',"
        " signal=signal.signal)\nsignal.abort()\n"
        "try:\n    await late.text()\nexcept AbortError as error:\n    words.append('aborted')\n"
        "return Response.json([found, words])"
    )
    with running(tmp_path, source) as worker:
        asked: list[HttpRequest] = []

        async def answer(request: HttpRequest) -> HttpResponse:
            import asyncio

            asked.append(request)
            if request.path == "/fails":
                raise EdgeError("internal error")
            if request.path == "/slow":
                await asyncio.sleep(60)
            if request.path == "/missing":
                return HttpResponse(404, [], b"", "Nope")
            return HttpResponse(200, [("X-C", "d")], b'{"a": 1}', "OK", url=request.url)

        worker.world.answer_outbound = answer
        found, words = worker.json()
        assert found[0] == 200
        assert found[2:4] == [True, False]
        assert found[5:] == ["https://api.test/a", "d", {"a": 1}, '{"a": 1}']
        assert words[:3] == ["OSError", "BodyUsedError", "OSError"]
        assert words[3].startswith("404 Client Error: Nope for url: ")
        assert words[4:] == ["abort_controller is not set", "aborted"]
        assert (asked[0].method, asked[0].header("x-a")) == ("POST", "b")


def test_relaxed_call() -> None:
    assert modules.relaxed_call(lambda a: a, 1, 2) == 1
    assert modules.relaxed_call(lambda *, k=0: k, 1, k=5, z=6) == 5
    assert modules.relaxed_call(lambda **rest: rest, 1, z=6) == {"z": 6}
    assert modules.relaxed_call(dict.fromkeys, [1], 2) == {1: 2}  # its signature is known
    assert modules.relaxed_call(max, 1, 2) == 2  # this one's is not


def test_js_needs_a_worker() -> None:
    importing.open_modules()
    try:
        import js  # type: ignore[import-not-found]

        with pytest.raises(RuntimeError, match="can be used by code that runs in a Worker"):
            _ = js.Object
        assert str(js) == "[object global]"
    finally:
        importing.close_modules()


def test_js_is_global_this(tmp_path: Path) -> None:
    source = app(
        "js.mine = {'a': 1}\n"
        "found = ['mine' in dir(js), js.globalThis == js, hasattr(js, 'mine'), js == 5,"
        " str(import_from_javascript('cloudflare:workers'))]\n"
        "del js.mine\n"
        "found += [hasattr(js, 'mine'), js.Object.keys(js).includes('JSON')]\n"
        "import pyodide, pyodide.ffi, _pyodide_entrypoint_helper as helper\n"
        "for module, name in ((pyodide, 'nope'), (pyodide.ffi, 'nope'), (helper, 'nope'), (helper, '__nope__')):\n"
        "    found.append(hasattr(module, name))\n"
        "try:\n    pyodide.ffi.JsArray()\nexcept TypeError as error:\n    found.append(str(error))\n"
        "module = await helper.doAnImport('cloudflare:workers')\n"
        "return Response.json([*found, hasattr(module, 'env'), hasattr(self.env._env, 'toString')])"
    )
    with running(tmp_path, source) as worker:
        assert worker.json() == [
            True, True, True, False, "[object Module]", False, True, False, False, False, False,
            "JsArray cannot be instantiated.", True, True,
        ]  # fmt: skip


def test_patch_env_of_a_map_and_of_an_object(tmp_path: Path) -> None:
    for date in ("2026-05-01", "2026-10-01"):  # to_js makes a Map of a dict, and an object
        source = app(
            "from workers import patch_env\nimport workers\n"
            "with patch_env({'NAME': 'x'}):\n    inside = workers.env.NAME\n"
            "return Response(f'{inside} {workers.env.NAME}')"
        )
        with running(tmp_path, source, {"vars": {"NAME": "n"}}, date=date) as worker:
            assert worker.text() == "x n"


def test_a_stream_from_outside_is_read_as_it_comes(tmp_path: Path) -> None:
    source = app(
        "answer = await fetch('https://api.test/')\nparts = []\n"
        "async for part in answer.body:\n    parts.append(part.to_bytes().decode())\nreturn Response.json(parts)"
    )
    with running(tmp_path, source) as worker:

        async def chunks() -> AsyncIterator[bytes]:
            yield b"a"
            yield b"b"

        async def answer(request: HttpRequest) -> HttpResponse:
            return HttpResponse(200, [], stream=chunks())

        worker.world.answer_outbound = answer
        assert worker.json() == ["a", "b"]


def test_vendored_packages_are_no_files_of_the_app(tmp_path: Path) -> None:
    """What a vendored package leaves behind is not the app's leak."""
    source = app("import brought\nbrought.begin()\nreturn Response('')")
    files = {"python_modules/brought.py": "import asyncio\ndef begin():\n    asyncio.create_task(asyncio.sleep(9))\n"}
    with running(tmp_path, source, files=files) as worker:
        worker.fetch()
        assert worker.host.leaks == []
        assert not worker.host.realm.is_app_file(str(tmp_path / "python_modules" / "brought.py"))


def test_answers_are_kept_in_order() -> None:
    """answers.json holds what the table asks, and nothing else."""
    from tests.oracles.pyodide import pyodide, table

    kept: dict[str, Any] = json.loads((pyodide.HERE / "answers.json").read_text())
    assert set(kept) == set(pyodide.VERSIONS)
    for answers in kept.values():
        assert not set(answers) - set(table.probes())
