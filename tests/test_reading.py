"""What is read of a project's files, and what is told from their bytes alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.files import read_bytes
from edgelint.project.hot import is_edge_python, is_hot
from edgelint.project.project import Project
from edgelint.settings import Settings

FILLER = b"// nothing of interest\n" * 4000
MARK = b"// Begin runtime types\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"env", True), (b"x env.DB", True), (b"(Env)", True), (b"environment", False), (b"process_env", False),
        (b"myenv", False), (b"_Env", False), (b"D1DatabaseSession", True), (b"MyD1Database", False),
        (b"caches.default", True), (b"subcaches", False), (b"KV", True), (b"KVx", False), (b"a_KV", False),
        (b"addEventListener( 'fetch'", True), (b"addEventListener('click'", False),
        (b"export default {\n async fetch(", True), (b"export default { render(", False), (b"new Request(url)", True),
        (b"a.prepare(", True), (b"import workers", True), (b"\0", True), (b"\xff", True), (b"let a = 1", False),
        (b"subenv; env", True),
    ],
)  # fmt: skip
def test_what_may_hold_a_fact(data: bytes, expected: bool) -> None:
    assert is_hot(data) is expected


def test_bytes_up_to_a_limit(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abcdef")
    assert read_bytes(tmp_path, "a") == b"abcdef"
    assert read_bytes(tmp_path, "a", 4) == b"abcd"
    assert read_bytes(tmp_path, "a", 6) == b"abcdef"
    assert read_bytes(tmp_path, "a", 60) == b"abcdef"
    assert read_bytes(tmp_path, "b") is None
    assert read_bytes(tmp_path, ".") is None


def test_links_are_followed_within_the_root_only(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").write_bytes(b"out")
    (tmp_path / "in/real").write_bytes(b"real")
    (tmp_path / "in/near").symlink_to("real")
    (tmp_path / "in/far").symlink_to("../out")
    assert read_bytes(tmp_path / "in", "near") == b"real"
    assert read_bytes(tmp_path / "in", "far") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"interface Env { A: KVNamespace }\n", True),
        (b"interface Env { A: KVNamespace }\n" + MARK + FILLER, True),
        (b"interface Env { A: KVNamespace }\n" + FILLER, True),
        (FILLER + b"interface Env { A: KVNamespace }\n" + MARK, True),
        (MARK + FILLER + b"interface Env { A: KVNamespace }\n", False),  # of the runtime, not of the app
        (FILLER, False),
    ],
)
def test_env_in_declaration_files_of_any_size(tmp_path: Path, text: bytes, found: bool) -> None:
    (tmp_path / "wrangler.toml").write_text('name = "app"\nmain = "a.ts"\n')
    (tmp_path / "a.ts").write_text("export default { fetch() { return new Response() } }\n")
    (tmp_path / "worker-configuration.d.ts").write_bytes(text)
    project = Project.load(tmp_path, Settings())
    (worker,) = project.workers
    assert ("A" in worker.env_types) is found


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"from workers import Response", True), (b"  import js\n", True), (b"from pyodide.ffi import to_js", True),
        (b"async def on_fetch(request, env):", True), (b"class Default(WorkerEntrypoint):", True),
        (b"await env.KV.get('a')", True), (b"db.prepare('SELECT 1')", True), (b"class Room(DurableObject):", True),
        (b"x = 1  # edgelint: ignore[kv/key-too-long]", True),
        (b"parser.add_argument('--env')", False), (b"pool = Pool(workers=4)", False), (b"environ['KV']", False),
        (b"import json", False),
    ],
)  # fmt: skip
def test_python_that_may_run_at_the_edge(data: bytes, expected: bool) -> None:
    assert is_edge_python(data) is expected


def python_files(root: Path, files: dict[str, str], overlay: dict[str, bytes] | None = None) -> set[str]:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    project = Project.load(root, Settings(), overlay=overlay)
    return {path for path in project.files if path.endswith(".py")}


SCRIPT = "import argparse\nargparse.ArgumentParser().add_argument('--env')\nKV = 1\n"
WORKER = "export default { fetch: () => new Response('') };\n"


def test_scripts_beside_a_worker_are_not_read(tmp_path: Path) -> None:
    files = {"wrangler.toml": 'main = "src/index.js"\n', "src/index.js": WORKER, "tools/deploy.py": SCRIPT}
    assert python_files(tmp_path, files) == set()


def test_they_are_read_where_some_python_runs_at_the_edge(tmp_path: Path) -> None:
    files = {
        "wrangler.toml": 'main = "src/index.js"\n', "src/index.js": WORKER, "tools/deploy.py": SCRIPT,
        "other/entry.py": "async def on_fetch(request, env):\n    return None\n",
    }
    assert python_files(tmp_path, files) == {"tools/deploy.py", "other/entry.py"}


def test_they_are_read_beside_a_worker_of_python(tmp_path: Path) -> None:
    entry = "import json\n"
    files = {"wrangler.toml": 'main = "src/entry.py"\n', "src/entry.py": entry, "src/help.py": SCRIPT}
    assert python_files(tmp_path, files) == {"src/entry.py", "src/help.py"}


def test_they_are_read_where_no_worker_is_known(tmp_path: Path) -> None:
    assert python_files(tmp_path, {"tools/deploy.py": SCRIPT, "src/index.js": WORKER}) == {"tools/deploy.py"}


def test_a_script_is_read_where_it_is_what_is_asked_about(tmp_path: Path) -> None:
    files = {"wrangler.toml": 'main = "src/index.js"\n', "src/index.js": WORKER}
    assert python_files(tmp_path, files, {"deploy.py": SCRIPT.encode()}) == {"deploy.py"}


def test_a_script_that_is_no_text_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "wrangler.toml").write_text('main = "index.js"\n')
    (tmp_path / "index.js").write_text(WORKER)
    (tmp_path / "deploy.py").write_bytes(b"env = '\xff'\n")
    project = Project.load(tmp_path, Settings())
    assert [(one.rule, one.span.path) for one in project.problems] == [("unreadable-file", "deploy.py")]


def test_what_is_consulted_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_bytes(b"all:\n")
    project = Project.load(tmp_path, Settings())
    before = len(project.inputs)
    assert [project.consult("Makefile"), project.consult("none")] == [b"all:\n", None]
    (tmp_path / "Makefile").write_bytes(b"other:\n")
    assert [project.consult("Makefile"), project.consult("none")] == [b"all:\n", None]
    assert project.inputs[before:] == ["Makefile", "none"]
