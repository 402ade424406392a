"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { find, NotThere } = require("../out/find.js");

function machine(files, more = {}) {
  return { windows: false, home: "/home/ada", searched: "/usr/bin:/opt/bin", isFile: (file) => files.includes(file), ...more };
}

test("the setting comes first, with its variables replaced", () => {
  const all = ["/app/tools/edgelint", "/app/.venv/bin/edgelint", "/home/ada/bin/edgelint"];
  for (const [setting, command] of [
    ["tools/edgelint", "/app/tools/edgelint"],
    ["${workspaceFolder}/tools/edgelint", "/app/tools/edgelint"],
    [" ~/bin/edgelint ", "/home/ada/bin/edgelint"],
    ["/app/.venv/bin/edgelint", "/app/.venv/bin/edgelint"],
  ]) {
    assert.deepEqual(find(setting, ["/app"], machine(all)), { command, args: ["server"], found: "the setting edgelint.path" });
  }
});

test("a setting that names no file is not passed over", () => {
  assert.throws(() => find("/gone/edgelint", ["/app"], machine(["/app/.venv/bin/edgelint"])), NotThere);
});

test("then the environment of a workspace folder", () => {
  const files = ["/two/.venv/bin/edgelint", "/two/venv/bin/edgelint", "/usr/bin/edgelint"];
  assert.equal(find("", ["/one", "/two"], machine(files)).command, "/two/.venv/bin/edgelint");
  assert.equal(find("", ["/two"], machine(files.slice(1))).command, "/two/venv/bin/edgelint");
});

test("then PATH, and last a Python", () => {
  const searched = machine(["/opt/bin/edgelint", "/usr/bin/python3"]);
  assert.deepEqual(find("", ["/app"], searched), { command: "/opt/bin/edgelint", args: ["server"], found: "PATH" });
  const python = machine(["/opt/bin/python", "/usr/bin/python3"]);
  assert.deepEqual(find("", [], python).args, ["-m", "edgelint", "server"]);
  assert.equal(find("", [], python).command, "/usr/bin/python3");
  assert.equal(find("", [], machine([], { searched: "" })).command, "python");
});

test("Windows has other names", () => {
  const windows = { windows: true, home: "C:\\Users\\ada", searched: "C:\\bin;C:\\py" };
  const venv = "C:\\app\\.venv\\Scripts\\edgelint.exe";
  assert.equal(find("", ["C:\\app"], machine([venv], windows)).command, venv);
  assert.equal(find("", ["C:\\app"], machine(["C:\\bin\\edgelint.exe"], windows)).command, "C:\\bin\\edgelint.exe");
  assert.equal(find("", ["C:\\app"], machine(["C:\\py\\py.exe"], windows)).command, "C:\\py\\py.exe");
  const home = "C:\\Users\\ada\\edgelint.exe";
  assert.equal(find("~\\edgelint.exe", ["C:\\app"], machine([home], windows)).command, home);
});
