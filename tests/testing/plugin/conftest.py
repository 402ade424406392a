"""A folder with a small app and its tests, run by a pytest of its own."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points

import pytest

import edgelint

INSTALLED = any(each.name == "edgelint" for each in entry_points(group="pytest11"))
LOAD = () if INSTALLED else ("-p", "edgelint.testing.plugin")
"""The options that load the plugin."""

CONFIG = """{
  "name": "notes",
  "main": "src/entry.py",
  "compatibility_date": "2026-03-01",
  "compatibility_flags": ["python_workers"],
  "triggers": { "crons": ["*/5 * * * *"] },
  "vars": { "GREETING": "hello" },
  "kv_namespaces": [{ "binding": "CACHE", "id": "1" }],
  "d1_databases": [{ "binding": "DB", "database_id": "2", "database_name": "notes" }],
  "env": { "staging": { "vars": { "GREETING": "staged" } } },
}
"""
MIGRATION = "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);\n"
APP = '''
import asyncio
from urllib.parse import urlparse

from js import console
from workers import Response, WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        path = urlparse(request.url).path
        if path == "/notes":
            if request.method == "POST":
                await self.env.DB.prepare("INSERT INTO notes (body) VALUES (?)").bind(await request.text()).run()
                return Response("made", status=201)
            found = await self.env.DB.prepare("SELECT id, body FROM notes").all()
            return Response.json(found.results)
        if path == "/cached":
            seen = await self.env.CACHE.get("seen")
            await self.env.CACHE.put("seen", str(int(seen or "0") + 1))
            return Response(str(seen))
        if path == "/fail":
            console.log("about to fail")
            raise ValueError("the app broke")
        if path == "/leak":
            self.env.CACHE.put("leaked", "1")
            return Response("left")
        if path == "/outside":
            return Response((await (await fetch("https://api.example.org/x")).text()))
        if path == "/secret":
            return Response(f"{self.env.GREETING} {self.env.TOKEN}")
        if path == "/slow":
            await asyncio.sleep(30)
            return Response("at last")
        return Response(self.env.GREETING)

    async def scheduled(self, controller, env, ctx):
        await self.env.CACHE.put("ran", controller.cron)
'''


@pytest.fixture(scope="session", autouse=True)
def loaded() -> None:
    """pytester takes out of sys.modules what a run in this process has loaded, and the next run loads it again: some of
    what edgelint keeps is then of classes that are no longer the same. So everything is loaded before the first run."""
    for module in pkgutil.walk_packages(edgelint.__path__, "edgelint."):
        if not module.name.endswith("__main__") and ".lsp" not in module.name:
            import_module(module.name)


@pytest.fixture
def app(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Writes the app; what is returned runs a test file over it with these options."""
    pytester.makefile(".jsonc", wrangler=CONFIG)
    pytester.mkdir("src").joinpath("entry.py").write_text(APP, encoding="utf-8")
    pytester.mkdir("migrations").joinpath("0001_init.sql").write_text(MIGRATION, encoding="utf-8")

    def run(test: str, *options: str, ini: str = "") -> pytest.RunResult:
        pytester.makepyfile(test_app=test)
        pytester.makeini(f"[pytest]\n{ini}\n")
        switched_off = ("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:asyncio")
        return pytester.runpytest_inprocess(*LOAD, *switched_off, *options)

    return run
