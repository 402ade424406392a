"""What is read of a project's files, and what is told from their bytes alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.files import read_bytes
from edgelint.project.hot import is_hot
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
