"""A TypeScript app in workerd, its counts held against those written beside each line by hand."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

import edgelint
from edgelint.testing.edge import Edge
from edgelint.testing.errors import EdgeError
from edgelint.testing.workerd_host.build import build
from edgelint.testing.workerd_host.bundle import Bundle, Module
from edgelint.testing.workerd_host.coverage.session import Coverage, Measured, is_own
from edgelint.testing.workerd_host.host import running
from edgelint.testing.workerd_host.runtime import Runtime
from edgelint.testing.workerd_host.source_maps import of_file
from tests.testing.workerd_host.conftest import MakeApp

# After a line: how often its statement ran (-: none begins there), and how often each way of its branches was taken.
INDEX = """
import { pick } from "pkg";
import * as everything from "./everything";
import { total } from "./total";
import type { Env, Kind } from "./types";

export enum Color { Red = "red", Blue = "blue" } // 1
const later = () => import("./later"); // 1
let seen = 0; // 1

function nobody(calls: number): number {
  if (calls > 1) { // 0 if 0,0
    return 2; // 0
  }
  return calls; // 0
}

export class Greeter {                             // 1
  count = 0;                                       // 3
  greet = (name: string) => `${name} ${++this.count}`; // 3
  constructor(private readonly word: string, public loud?: boolean) { // 3
    seen++;                                        // 3
  }
  get text(): string {
    return this.loud ? this.word.toUpperCase() : this.word; // 2 conditional 0,2
  }
}

export default { // 1
  async fetch(request: Request, env: Env): Promise<Response> {
    const path = new URL(request.url).pathname;    // 6
    if (path === "/fail") throw new Error("as asked"); // 6 if 1,5
    else if (path === "/sum") {                    // 5 if 2,3
      const numbers = request.headers.get("numbers")?.split(",").map(Number) ?? [1]; // 2 logical 2,1
      return Response.json(total(numbers));        // 2
    }
    const greeter = new Greeter("hello");          // 3
    switch (path as Kind) {                        // 3 switch 0,1,2
      case "/blue":
        return new Response(Color.Blue);           // 0
      case "/later": {
        const { answer } = await later();          // 1
        return new Response(`${answer(env.N)} ${everything.two()}`); // 1
      }
      default:
        return new Response(                       // 2
          request.method === "POST" && env.N       // - logical 2,0 conditional 0,2
            ? "posted"
            : pick(greeter.greet(greeter.text))
        );
    }
  },
} satisfies ExportedHandler<Env>;
"""
TOTAL = """
export const unit = 1; // 0
export function total(numbers: number[], start = 0): number { // - default 2
  let sum = start;                // 2
  for (const number of numbers) { // 2 loop 4
    if (number < 0) continue;     // 4 if 1,3
    sum += number;                // 3
  }
  return sum;                     // 2
}
"""
LATER = """
export const answer = (n: number) => // 1
  n > 1 ? n : 1; // 1 conditional 1,0
"""
EVERYTHING = """
export function one() {
  return 1; // 0
}
export function two() {
  return 2; // 1
}
"""
TYPES = "export interface Env { N: number }\nexport type Kind = '/blue' | '/later';\n"
"""A file that is no code has no lines."""
FILES = {
    "src/total.ts": TOTAL, "src/later.ts": LATER, "src/everything.ts": EVERYTHING, "src/types.ts": TYPES,
    "node_modules/pkg/package.json": '{"name": "pkg", "main": "a.js", "type": "module"}',
    "node_modules/pkg/a.js": "export function pick(x) { return x ? x : 1 }",
}  # fmt: skip


def measured_app(js_app: MakeApp, runtime: Runtime, *args: Any, **named: Any) -> tuple[Edge, Coverage]:
    """An app whose bundle has counters."""
    edge = js_app(*args, **named)
    coverage = Coverage()
    config = edge.app.config
    bundle = build(config, runtime, transform=coverage.transform)
    edge.app.kept["workerd bundle", config.path, config.environment] = bundle
    return edge, coverage


def written(text: str) -> tuple[dict[int, int], dict[tuple[int, str], list[int]]]:
    """What the comments say: line -> count, and (line, kind) -> counts of the ways."""
    lines, branches = {}, {}
    for number, line in enumerate(text.split("\n"), 1):
        found = re.search(r"// (\d+|-)((?: [a-z]+ [\d,]+)*)$", line)
        if found is not None:
            if found[1] != "-":
                lines[number] = int(found[1])
            for kind, counts in re.findall(r"([a-z]+) ([\d,]+)", found[2]):
                branches[number, kind] = [int(each) for each in counts.split(",")]
    return lines, branches


def test_lines_and_branches_are_those_counted_by_hand(js_app: MakeApp, runtime: Runtime) -> None:
    edge, coverage = measured_app(
        js_app, runtime, INDEX, {"vars": {"N": 42}}, files=FILES, main="src/index.ts", raise_exceptions=False
    )
    client = edge.client
    assert client.get("/").text == "hello 1"
    assert client.get("/").text == "hello 1"
    assert client.get("/later").text == "42 2"
    assert client.get("/sum").json() == 1
    assert client.get("/sum", headers={"numbers": "4,-1,5"}).json() == 9
    assert client.get("/fail").status_code == 500
    coverage.read(running(edge.world))
    measured = Measured()
    measured.add(coverage.data())
    files = measured.relative(edge.app.config.root)
    assert list(files) == ["src/everything.ts", "src/index.ts", "src/later.ts", "src/total.ts"]
    for name, text in {"src/index.ts": INDEX, **FILES}.items():
        if name in files:
            lines, branches = written(text)
            assert files[name].lines == lines, name
            found = {(key.line, key.kind): ways.counts for key, ways in files[name].branches.items()}
            assert {key: found.get(key) for key in branches} == branches, name


def test_what_is_read_is_what_came_since(js_app: MakeApp, runtime: Runtime) -> None:
    source = "let n = 0;\nexport default { fetch() {\n  n++;\n  return new Response('x');\n} };\n"
    edge, coverage = measured_app(js_app, runtime, source)
    name = str(edge.app.config.root / "src" / "index.js")
    seen = []
    for _ in range(3):
        edge.client.get("/")
        coverage.read(running(edge.world))
        seen.append(coverage.data()["files"][name]["lines"])
    assert seen == [[[1, 1], [2, 1], [3, 1], [4, 1]], [[3, 1], [4, 1]], [[3, 1], [4, 1]]]
    assert coverage.data() == {"files": {}, "problems": []}


def test_the_counts_of_a_workerd_that_was_killed_are_lost_quietly(js_app: MakeApp, runtime: Runtime) -> None:
    edge, coverage = measured_app(js_app, runtime, "export default { fetch() { return new Response('x') } };")
    edge.client.get("/")
    coverage.data()
    workerd = running(edge.world)
    os.kill(int((workerd.process.folder / "pid").read_text(encoding="utf-8")), signal.SIGKILL)
    coverage.read(workerd)
    assert coverage.data()["files"] == {}


def test_stacks_tell_the_apps_own_places(js_app: MakeApp, runtime: Runtime) -> None:
    source = """interface Env { N: number }
const fail = (path: string) => path === "/x" ? path : deeper(path && path);
function deeper(path: string): never { throw new Error(`no ${path}`) }

export default { fetch: (request: Request, env: Env) => new Response(fail(new URL(request.url).pathname)) };
"""
    edge, _ = measured_app(js_app, runtime, source, main="src/index.ts")
    with pytest.raises(EdgeError) as caught:
        edge.client.get("/y")
    frames = re.findall(r"at (\S+) \((src/index\.ts:\d+:\d+)\)", caught.value.stack)  # type: ignore[attr-defined]
    assert frames[:3] == [
        ("deeper", "src/index.ts:3:46"), ("fail", "src/index.ts:2:55"), ("Object.fetch", "src/index.ts:5:70"),
    ]  # fmt: skip


def test_modules_of_several_bundles_are_told_apart() -> None:
    path = Path(__file__).with_name("__init__.py")  # any file that is there
    coverage = Coverage()
    for text in ("a();", "b();\nc();"):
        module = Module("index.js", "esModule", text.encode())
        maps = {"index.js": of_file(path, path.parent)}
        made = coverage.transform(Bundle((module,), False, (), maps, (), "2026-01-01", (), ()))
        assert made.modules[0].content != module.content
        assert made.maps["index.js"] is not maps["index.js"]
    coverage.data()
    coverage.add({"0:index.js": [1], "1:index.js": [1, 3], "another": [1]})
    coverage.add(None)
    assert coverage.data()["files"][str(path)]["lines"] == [[1, 2], [2, 3]]


def test_modules_without_counters_stay_as_they_are() -> None:
    path = Path(__file__).with_name("__init__.py")
    here = of_file(path, path.parent)
    modules = (
        Module("a.txt", "text", b"a();"), Module("b.js", "esModule", b"b();"),
        Module("c.js", "commonJsModule", b"\xff"), Module("d.js", "esModule", b"d("),
        Module("e.js", "esModule", b"// nothing"),
    )  # fmt: skip
    maps = dict.fromkeys(("a.txt", "c.js", "d.js", "e.js"), here)
    coverage = Coverage()
    bundle = Bundle(modules, False, (), maps, (), "2026-01-01", (), ())
    assert coverage.transform(bundle) == bundle
    assert coverage.data()["problems"] == [
        "c.js is not UTF-8: what runs of it is not measured",
        f"{path}:1: JavaScript that is not understood: it is not measured",
    ]  # fmt: skip
    assert coverage.data()["problems"] == []


def test_whose_a_source_is(tmp_path: Path) -> None:
    for name in ("a.ts", "data.json", "node_modules/p/b.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    layer = Path(edgelint.__file__).parent / "testing" / "workerd_host" / "js" / "control.js"
    sources = [str(tmp_path / name) for name in ("a.ts", "data.json", "node_modules/p/b.js", "gone.ts")]
    assert [is_own(each) for each in (*sources, str(layer), "node:fs", "a.ts")] == [True] + [False] * 6
