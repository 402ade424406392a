"""The host around an app: what events leave behind, imports, time, chance, threads."""

from __future__ import annotations

import asyncio
import os
import random
import threading
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.python_host import importing
from edgelint.testing.python_host.dispatch import Entrypoints
from edgelint.testing.python_host.io_context import Leak, LeftPending
from edgelint.testing.python_host.names import Later, Names
from edgelint.testing.python_host.patches import PATCHES, can_run_sync
from edgelint.testing.python_host.profile import PY312, PY313, PY314, choose
from tests.testing.python_host.test_sdk import KV, app
from tests.testing.python_host.worlds import running


def leaks_of(folder: Path, handler: str, extra: str = "") -> list[tuple[str, int]]:
    """What a handler leaves behind: (what, line in the handler)."""
    source = app(handler, extra)
    first = source.split("\n").index("    async def fetch(self, request):") + 1
    with running(folder, source, KV) as worker:
        worker.fetch()
        worker.world.settle()
        assert [str(error) for _, error in worker.world.failures if isinstance(error, LeftPending)] == [
            str(leak) for leak in worker.host.leaks
        ]
        assert all(leak.file.endswith("entry.py") for leak in worker.host.leaks)
        return sorted((leak.what, leak.line - first) for leak in worker.host.leaks)


def test_unawaited_call(tmp_path: Path) -> None:
    assert leaks_of(tmp_path, "self.env.KV.put('a', '1')\nreturn Response('')") == [
        ("put() was never awaited", 1)
    ]


def test_unawaited_call_of_a_raw_binding(tmp_path: Path) -> None:
    assert leaks_of(tmp_path, "x = self.env._env.KV.put('a', '1')\nreturn Response('')") == [
        ("the promise of put() is still pending, and nobody waits for it", 1)
    ]


def test_coroutine_of_the_app_never_awaited(tmp_path: Path) -> None:
    assert leaks_of(tmp_path, "work()\nreturn Response('')", "async def work():\n    pass") == [
        ("work() was never awaited", 1)
    ]


def test_task_left_running(tmp_path: Path) -> None:
    handler = "task = asyncio.create_task(asyncio.sleep(5))\ntask.add_done_callback(print)\nreturn Response('')"
    assert leaks_of(tmp_path, handler) == [("the task of sleep() is still running, and is not in waitUntil", 1)]


def test_task_left_running_is_cut_off(tmp_path: Path) -> None:
    handler = "asyncio.create_task(later(self.env))\nreturn Response('')"
    extra = "async def later(env):\n    await asyncio.sleep(5)\n    await env.KV.put('late', '1')"
    with running(tmp_path, app(handler, extra), KV) as worker:
        worker.fetch()
        worker.world.advance_to(worker.world.clock.now + 10_000)
        assert worker.world.run(worker.worker.binding("KV").get("late")) is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "handler",
    [
        "await self.env.KV.put('a', '1')\nreturn Response('')",
        "await asyncio.gather(self.env.KV.put('a', '1'), self.env.KV.get('a'))\nreturn Response('')",
        "async with asyncio.TaskGroup() as g:\n    g.create_task(self.env.KV.put('a', '1'))\nreturn Response('')",
        "self.ctx.waitUntil(self.env.KV.put('a', '1'))\nreturn Response('')",
        "self.ctx.waitUntil(create_proxy(asyncio.create_task(asyncio.sleep(5))))\nreturn Response('')",
        "wait_until(asyncio.ensure_future(self.env.KV.put('a', '1')))\nreturn Response('')",
        "task = asyncio.create_task(asyncio.sleep(5))\nself.ctx.waitUntil(asyncio.gather(task))\nreturn Response('')",
        "self.env._env.KV.put('a', '1').then(lambda x: None)\nawait asyncio.sleep(1)\nreturn Response('')",
    ],
)
def test_nothing_left(tmp_path: Path, handler: str) -> None:
    assert leaks_of(tmp_path, handler, "from workers import wait_until") == []


def test_rejection_that_nobody_sees(tmp_path: Path) -> None:
    handler = "x = self.env._env.KV.put('', '1')\nawait asyncio.sleep(1)\nreturn Response('')"
    ((what, line),) = leaks_of(tmp_path, handler)
    assert (what, line) == ("the promise of put() was rejected unseen: TypeError: Key name cannot be empty.", 1)


def test_wait_until(tmp_path: Path) -> None:
    """It goes on after the response; what it raises is one of the world's failures."""
    handler = (
        "async def after(kind):\n    await asyncio.sleep(60)\n    await self.env.KV.put(kind, '1')\n    raise"
        " ValueError(kind)\n"
        "self.ctx.waitUntil(create_proxy(after('a')))\nreturn Response('now')"
    )
    with running(tmp_path, app(handler), KV) as worker:
        assert worker.text() == "now"
        kv: Any = worker.worker.binding("KV")
        assert worker.world.run(kv.get("a")) is None
        worker.world.advance_to(worker.world.clock.now + 61_000)
        assert worker.world.run(kv.get("a")) == "1"
        ((label, error),) = worker.world.failures
        assert (label, type(error), str(error)) == ("waitUntil of fetch", ValueError, "a")


def test_leak_says_its_place() -> None:
    assert str(Leak("x was left", "entry.py", 3)) == "x was left (entry.py:3)"
    assert str(Leak("x was left", "", 0)) == "x was left"


def test_operations_know_their_place(tmp_path: Path) -> None:
    source = app("await self.env.KV.get('a')\nreturn Response('')")
    line = next(index for index, text in enumerate(source.split("\n"), 1) if "KV.get" in text)
    with running(tmp_path, source, KV) as worker:
        places: list[Any] = []
        worker.world.gate.observers.append(lambda operation: places.append(operation.place))
        worker.fetch()
        assert {(Path(place[0]).name, place[1]) for place in places} == {("entry.py", line)}


def test_streamed_response_keeps_the_event_alive(tmp_path: Path) -> None:
    """What the body is made of is no leak while it is read."""
    source = app(
        "stream = js.TransformStream.new()\nwriter = stream.writable.getWriter()\n"
        "async def pump():\n    for part in (b'a', b'b'):\n        await asyncio.sleep(1)\n        await"
        " writer.write(to_js(part))\n"
        "    await writer.close()\n"
        "asyncio.create_task(pump())\nreturn Response(stream.readable)"
    )
    with running(tmp_path, source) as worker:
        assert worker.text() == "ab"
        assert worker.host.leaks == []


# Time, chance, threads


def test_time_is_virtual(tmp_path: Path) -> None:
    source = app(
        "import time\nfrom datetime import datetime, date, timezone, timedelta\n"
        "class Mine(datetime):\n    pass\n"
        "before = time.time()\nawait asyncio.sleep(60)\n"
        "return Response.json([before, time.time(), time.time_ns(), datetime.now().isoformat(),"
        " datetime.now(timezone.utc).isoformat(),"
        " datetime.utcnow().isoformat(), datetime.today().isoformat(), date.today().isoformat(),"
        " Mine.now().isoformat(),"
        " js.Date.now(), js.Date.new().toISOString(), datetime.now(timezone(timedelta(hours=1))).isoformat()])"
    )
    with running(tmp_path, source) as worker:
        start = worker.world.clock.now / 1000
        now = "2026-01-01T00:01:00"
        assert worker.json() == [
            start, start + 60, round((start + 60) * 1e9), now, f"{now}+00:00", now, now, "2026-01-01", now,
            (start + 60) * 1000, f"{now}.000Z", "2026-01-01T01:01:00+01:00",
        ]  # fmt: skip
        assert abs(datetime.now(UTC).timestamp() - time.time()) < 60  # the test's own time is the real one
        assert datetime.now(UTC).year >= 2026
        assert date.today() == datetime.now().date()


def test_what_an_app_puts_on_a_global_object_is_gone_in_the_next_world(tmp_path: Path) -> None:
    source = app(
        "import js\nglobals = (js.Math, js.Math.floor, js.JSON, js.parseInt, js.console)\n"
        "seen = [hasattr(each, 'mine') for each in globals]\nfor each in globals:\n    each.mine = 1\n"
        "return Response.json([seen, js.Math.mine, js.Math.floor.mine, 'Math' in js.Object.keys(js).to_py()])"
    )
    for _ in range(2):
        with running(tmp_path, source) as worker:
            assert worker.json() == [[False] * 5, 1, 1, True]


def test_names_are_made_when_they_are_read() -> None:
    made: list[str] = []

    def make() -> str:
        made.append("later")
        return "value"

    names = Names({"plain": 1, "later": Later(make)})
    assert (list(names), "later" in names, made) == (["plain", "later"], True, [])
    copy = Names(names)
    assert names["later"] == names["later"] == "value"
    assert made == ["later"]
    assert (copy.get("later"), copy.get("other"), copy.get("other", 5)) == ("value", None, 5)
    assert (copy.items(), copy.values()) == ([("plain", 1), ("later", "value")], [1, "value"])
    assert made == ["later"] * 2


def test_patches_are_taken_out() -> None:
    before = (time.time, time.sleep, os.urandom, random.random, threading.Thread.start, asyncio.run, datetime.now)
    PATCHES.hold()
    PATCHES.hold()
    assert time.time is not before[0]
    PATCHES.release()
    assert time.time is not before[0]
    PATCHES.release()
    after = (time.time, time.sleep, os.urandom, random.random, threading.Thread.start, asyncio.run, datetime.now)
    assert before == after


def test_outside_of_the_app_everything_is_as_it_was() -> None:
    PATCHES.hold()
    try:
        thread = threading.Thread(target=time.sleep, args=(0,))
        thread.start()
        thread.join()
        assert asyncio.run(asyncio.to_thread(lambda: 5)) == 5
        assert len(os.urandom(4)) == 4
        assert 0 <= random.random() < 1
        assert not can_run_sync()
    finally:
        PATCHES.release()


def test_sleep_and_nested_loops(tmp_path: Path) -> None:
    source = app(
        "import time\nfrom pyodide.ffi import run_sync, can_run_sync\nticks = []\n"
        "async def background():\n    for tick in range(5):\n        await asyncio.sleep(0.1)\n       "
        " ticks.append(tick)\n"
        "task = asyncio.create_task(background())\ntime.sleep(1)\n"
        "loop = asyncio.get_running_loop()\n"
        "return Response.json([ticks, asyncio.run(asyncio.sleep(1, 'a')),"
        " loop.run_until_complete(asyncio.sleep(1, 'b')),"
        " await asyncio.to_thread(lambda x: x, 'c'), await loop.run_in_executor(None, str, 5),"
        " run_sync(asyncio.sleep(0, 'd')),"
        " can_run_sync()])"
    )
    with running(tmp_path, source) as worker:
        assert worker.json() == [[0, 1, 2, 3, 4], "a", "b", "c", "5", "d", True]


def test_threads_cannot_start(tmp_path: Path) -> None:
    source = app("import threading\nthreading.Thread(target=print).start()")
    with running(tmp_path, source) as worker, pytest.raises(RuntimeError, match="can't start new thread"):
        worker.fetch()


def test_executor_hands_on_errors(tmp_path: Path) -> None:
    source = app("await asyncio.get_running_loop().run_in_executor(None, int, 'x')")
    with running(tmp_path, source) as worker, pytest.raises(ValueError, match="invalid literal"):
        worker.fetch()


@pytest.mark.parametrize(
    ("line", "error", "words"),
    [
        ("import random\nrandom.random()", RuntimeError, r"Cannot use random.random\(\) outside of request context"),
        ("import random\nrandom.seed(1)", RuntimeError, r"Cannot use random.seed\(\) outside of request context"),
        ("from random import choice\nchoice([1])", RuntimeError, r"Cannot use random.choice\(\) outside"),
        ("import uuid\nuuid.uuid4()", OSError, "Cannot get entropy outside of request context"),
        ("import secrets\nsecrets.token_hex()", OSError, "Cannot get entropy outside of request context"),
        ("import os\nos.urandom(4)", OSError, "Cannot get entropy outside of request context"),
    ],
)
def test_entropy_at_import(tmp_path: Path, line: str, error: type[Exception], words: str) -> None:
    with running(tmp_path, app("return Response('')", line)) as worker, pytest.raises(error, match=words):
        worker.fetch()


def test_entropy_that_is_allowed_at_import(tmp_path: Path) -> None:
    extra = "import random, tempfile\nseeded = random.Random(1).random()\ntempfile.gettempdir()"
    with running(tmp_path, app("return Response(str(seeded))", extra)) as worker:
        assert float(worker.text()) == random.Random(1).random()


def test_chance_is_the_worlds(tmp_path: Path) -> None:
    source = app(
        "import random, uuid, secrets\nreturn Response.json([random.random(), str(uuid.uuid4()), secrets.token_hex(4),"
        " js.Math.random(), js.crypto.randomUUID()])"
    )
    answers = []
    for _ in range(2):
        with running(tmp_path, source) as worker:
            answers.append([worker.json(), worker.json()])
    assert answers[0] == answers[1]
    assert answers[0][0] != answers[0][1]


# Imports


def test_modules_of_the_app(tmp_path: Path) -> None:
    source = app(
        "from late import NAME\nimport package.inner\nreturn Response(f'{NAME} {package.inner.VALUE}"
        " {vendored.V} {__file__}')",
        "import vendored",
    )
    files = {
        "src/late.py": "NAME = 'late'\n", "src/package/__init__.py": "", "src/package/inner.py": "VALUE = 3\n",
        "python_modules/vendored.py": "V = 'v'\n",
    }  # fmt: skip
    with running(tmp_path, source, files=files) as worker:
        name, value, vendored, file = worker.text().split(" ")
        assert (name, value, vendored) == ("late", "3", "v")
        assert Path(file) == tmp_path / "src" / "entry.py"


def test_dataclasses_of_the_app_find_their_module(tmp_path: Path) -> None:
    extra = "from __future__ import annotations\nimport dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int = 1"
    source = extra.split("\n", 1)[0] + "\n" + app("return Response(str(P().x))", extra.split("\n", 1)[1])
    with running(tmp_path, source) as worker:
        assert worker.text() == "1"


def test_sdk_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("importlib.import_module", absent)
    with pytest.raises(EdgeUsageError, match="pip install workers-runtime-sdk"):
        importing.sdk()


def test_no_default_class(tmp_path: Path) -> None:
    with running(tmp_path, "x = 1\n") as worker, pytest.raises(EdgeUsageError, match="no class Default"):
        worker.fetch()


def test_private_and_all(tmp_path: Path) -> None:
    """Only what is exported counts: ``__all__`` when there is one."""
    extra = "class Hidden(WorkerEntrypoint):\n    async def m(self): return 1\n__all__ = ['Default']"
    with running(tmp_path, app("return Response('')", extra)) as worker:
        entrypoints = worker.host.entrypoints
        assert isinstance(entrypoints, Entrypoints)
        assert list(entrypoints._workers) == ["Default"]
        with pytest.raises(Exception, match="There is no 'Hidden' class"):
            entrypoints.object_class("Hidden")


@pytest.mark.parametrize(
    ("date_", "flags", "base"),
    [
        ("2025-01-01", (), PY312), ("2025-09-29", (), PY313), ("2026-09-08", (), PY314),
        ("2025-01-01", ("python_workers_314",), PY314),
        ("2026-10-01", ("no_python_workers_314",), PY313), ("2025-01-01", ("python_workers_20250116",), PY313),
    ],
)  # fmt: skip
def test_profiles(date_: str, flags: tuple[str, ...], base: Any) -> None:
    found = choose(date_, flags)
    assert (found.name, found.pyodide, found.dict_is_map) == (base.name, base.pyodide, base.dict_is_map)
    assert found.global_handlers == (date_ < "2025-08-14")
    assert found.bundled_sdk == (date_ < "2026-04-21")


def test_flags_reach_the_app(tmp_path: Path) -> None:
    source = app(
        "import _cloudflare_compat_flags as flags, pyodide\n"
        "return Response.json([flags.python_workflows_implicit_dependencies, flags.no_such_flag, pyodide.__version__])"
    )
    with running(tmp_path, source, date="2026-10-01") as worker:
        assert worker.json() == [True, False, "314.0.7"]
    with running(tmp_path, source, date="2025-10-01") as worker:
        assert worker.json() == [False, False, "0.28.2"]


def test_oldest_pyodide(tmp_path: Path) -> None:
    """There null is None, and pyodide.ffi has no jsnull."""
    source = app(
        "import pyodide.ffi\nfound = await self.env._env.KV.get('none')\n"
        "return Response.json([found is None, hasattr(pyodide.ffi, 'jsnull'), hasattr(pyodide.ffi, 'JsBigInt')])"
    )
    with running(tmp_path, source, KV, date="2025-09-01") as worker:
        assert worker.json() == [True, False, False]


def test_older_dates_say_that_their_sdk_is_another(tmp_path: Path) -> None:
    with running(tmp_path, app("return Response('')"), date="2026-04-20") as worker:
        worker.fetch()
        assert [level for level, text in worker.world.logs if "SDK inside of the runtime" in text] == ["warning"]
    with running(tmp_path, app("return Response('')"), date="2026-04-21") as worker:
        worker.fetch()
        assert worker.world.logs == []


def test_module_of_javascript(tmp_path: Path) -> None:
    source = app(
        "try:\n    import_from_javascript('cloudflare:nope')\nexcept ImportError as error:\n    words = str(error)\n"
        "name = import_from_javascript('cloudflare:workers').env.NAME\n"
        "try:\n    import_from_javascript('cloudflare:sockets').connect('a:1')\nexcept Exception as error:\n   "
        " refused = error.message\n"
        "return Response.json([words, name, refused])"
    )
    with running(tmp_path, source, {"vars": {"NAME": "n"}}) as worker:
        words, name, refused = worker.json()
        assert words == "Failed to import 'cloudflare:nope': Error: No such module \"cloudflare:nope\"."
        assert name == "n"
        assert "not supported" in refused


def test_global_scope_has_no_io(tmp_path: Path) -> None:
    source = app("return Response('')", "from workers import env\nenv.KV.get('a')")
    words = "Disallowed operation called within global scope"
    with running(tmp_path, source, KV) as worker, pytest.raises(Exception, match=words):
        worker.fetch()


def test_env_that_is_not_there(tmp_path: Path) -> None:
    source = app("return Response(str([hasattr(self.env, 'NOPE'), hasattr(self.env.KV, 'gett')]))")
    with running(tmp_path, source, KV) as worker:
        assert worker.text() == "[False, False]"


def test_override_of_a_variable(tmp_path: Path) -> None:
    with running(tmp_path, app("return Response(self.env.NAME)"), {"vars": {"NAME": "a"}}) as worker:
        assert worker.text() == "a"
        worker.worker.vars["NAME"] = "b"
        assert worker.text() == "b"
