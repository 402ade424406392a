"""A TypeScript app in workerd, its counts held against those written beside each line by hand."""

from __future__ import annotations

import re
from typing import Any

from edgelint.testing.edge import Edge
from edgelint.testing.workerd_host.build import build
from edgelint.testing.workerd_host.coverage.session import Coverage, Measured
from edgelint.testing.workerd_host.host import running
from edgelint.testing.workerd_host.runtime import Runtime
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
