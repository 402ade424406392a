"""Apps in the real workerd for tests: written into a folder of the test, held as ``edge`` holds them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from edgelint.testing.edge import Edge, Options
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.session import App
from edgelint.testing.workerd_host.runtime import Runtime, find

NEEDED = "EDGELINT_NEEDS_WORKERD"
INSTALLED = Path(__file__).parents[2] / "conformance"
MakeApp = Callable[..., Edge]


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    """The workerd and the esbuild of tests/conformance; skips, or fails where they are needed (.ci/run)."""
    try:
        found = find(INSTALLED)
    except EdgeUsageError as error:
        if os.environ.get(NEEDED):
            pytest.fail(str(error))
        pytest.skip(str(error))
    return found


@pytest.fixture
def js_app(tmp_path: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeApp]:
    """Makes a world of an app: ``js_app(source, {"kv_namespaces": [...]}, files={"src/b.ts": ...}, main="src/index.ts",
    **options)``; the config gets a name, ``main`` and a date, and options are those of Options."""
    monkeypatch.setenv("EDGELINT_WORKERD", str(runtime.workerd.path))
    if runtime.esbuild is not None:
        monkeypatch.setenv("EDGELINT_ESBUILD", str(runtime.esbuild.path))
    with ExitStack() as stack:

        def make(
            source: str, config: dict[str, Any] | None = None, *, files: dict[str, str] | None = None,
            main: str = "src/index.js", **options: Any,
        ) -> Edge:  # fmt: skip
            written = {"name": "app", "main": main, "compatibility_date": "2026-06-01", **(config or {})}
            for name, text in {main: source, "wrangler.json": json.dumps(written), **(files or {})}.items():
                path = tmp_path / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            app = App.load(tmp_path, None, tmp_path)
            stack.callback(app.close)
            edge = Edge(app, Options(**options))
            stack.callback(edge.close)
            return edge

        yield make
