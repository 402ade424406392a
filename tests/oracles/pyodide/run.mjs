// Runs probes (JSON on stdin: {"version": "pyodide-py313", "python": source of probing.py, "probes": [...]}) in one
// Pyodide and writes each outcome as a line of JSON after a NUL.
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { probe } from "./fixtures.mjs";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { version, python, probes } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
const { loadPyodide } = await import(version);
const indexURL = dirname(createRequire(import.meta.url).resolve(`${version}/package.json`));
const pyodide = await loadPyodide({ indexURL, stdout: () => {}, stderr: () => {} });
pyodide.FS.writeFile("/home/pyodide/probing.py", python);
const module = pyodide.pyimport("probing");
process.on("uncaughtException", () => {}); // what a probe leaves behind is not its outcome
process.on("unhandledRejection", () => {});
globalThis.probe = probe;
for (const source of probes) {
  process.stdout.write("\u0000" + JSON.stringify(await module.probe(source)) + "\n");
}
process.stdout.write("\u0000done\n", () => process.exit(0));
