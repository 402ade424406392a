"""What runs the workers of a session: found once, and used as well by a world that belongs to none."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.session import App
from edgelint.testing.workerd_host import apps
from edgelint.testing.workerd_host.runtime import Runtime
from tests.testing.workerd_host.conftest import INSTALLED, MakeApp


def test_a_version_that_was_not_tried_is_warned_of_once(js_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apps, "untested", lambda version: f"workerd {version} was not tried")
    edge = js_app("export default { fetch: () => new Response('ok') };")

    with pytest.warns(UserWarning, match="was not tried"):
        edge.get("/")
    with warnings.catch_warnings(), edge.fresh() as other:
        warnings.simplefilter("error", UserWarning)
        assert other.get("/").text == "ok"


def test_a_world_without_an_app_finds_its_own(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGELINT_WORKERD", raising=False)
    world: Any = SimpleNamespace(app=None)
    worker: Any = SimpleNamespace(config=SimpleNamespace(root=INSTALLED))

    assert apps.runtime_of(None, INSTALLED).workerd.path == runtime.workerd.path
    assert apps.pool_of(worker, world) is not apps.pool_of(worker, world)


def test_a_worker_that_cannot_be_built_says_so_each_time(js_app: MakeApp, tmp_path: Path) -> None:
    edge = js_app("export default {")
    assert isinstance(edge.app, App)

    for _ in range(2):
        with pytest.raises(EdgeUsageError, match=r"src/index.js:1"):
            edge.get("/")
