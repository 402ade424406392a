"""Small apps that are built, and bundles that are run in workerd."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgelint.testing import config as configs
from edgelint.testing.workerd_host import custom_build
from edgelint.testing.workerd_host.build import build
from edgelint.testing.workerd_host.bundle import Bundle
from edgelint.testing.workerd_host.capnp import text
from edgelint.testing.workerd_host.runtime import Runtime

Files = dict[str, str | bytes]
Built = Callable[..., Bundle]


def write(root: Path, files: Files) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of the app."""
    folder = tmp_path / "app"
    folder.mkdir()
    return folder.resolve()


@pytest.fixture
def bundled(root: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Built:
    """``bundled({"src/index.ts": ...}, main=..., **config)``: what an app is built to; the config is wrangler's."""
    for name in ("NODE_ENV", "WRANGLER_BUILD_CONDITIONS", "WRANGLER_BUILD_PLATFORM", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)
    custom_build.forget()

    def make(
        files: Files, *, cache: Path | None = None, transform: Callable[[Bundle], Bundle] | None = None,
        unenv: bool = False, **config: Any,
    ) -> Bundle:  # fmt: skip
        written = {"name": "app", "main": "src/index.ts", "compatibility_date": "2026-06-01", **config}
        write(root, {"wrangler.json": json.dumps(written), **files})
        found = runtime if unenv else replace(runtime, root=root)
        return build(configs.read(root / "wrangler.json"), found, cache=cache, transform=transform)

    return make


@pytest.fixture
def answer(runtime: Runtime, tmp_path: Path) -> Callable[[Bundle], str]:
    """What the app of a bundle answers to GET /: run in workerd, without bindings."""

    def ask(bundle: Bundle) -> str:
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        caller = (
            f"import app from {json.dumps(bundle.modules[0].name)};\n"
            "export default { async test(_, env, ctx) {\n"
            '  const response = await app.fetch(new Request("http://app/"), env, ctx);\n'
            '  console.log("ANSWER " + await response.text());\n} };\n'
        )
        written = []
        for index, (name, kind, content) in enumerate([
            ("caller", "esModule", caller.encode()),
            *((module.name, module.kind, module.content) for module in bundle.modules),
        ]):  # fmt: skip
            (folder / str(index)).write_bytes(content)
            written.append(f"(name = {text(name)}, {kind} = embed {text(str(index))})")
        (folder / "workerd.capnp").write_text(
            'using Workerd = import "/workerd/workerd.capnp";\n'
            'const config :Workerd.Config = (services = [(name = "app", worker = (\n'
            f"compatibilityDate = {text(bundle.date)}, compatibilityFlags = [{', '.join(map(text, bundle.flags))}],\n"
            f"modules = [{', '.join(written)}]))]);\n",
            encoding="utf-8",
        )
        ran = subprocess.run(
            [str(runtime.workerd.path), "test", str(folder / "workerd.capnp")], capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        said = [line.removeprefix("ANSWER ") for line in ran.stdout.splitlines() if line.startswith("ANSWER ")]
        assert said, ran.stdout + ran.stderr
        return said[0]

    return ask
