"""What a project answers: views, kinds of bindings, the entry of a config."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.hot import is_minified
from edgelint.project.project import env_type_kind, is_hot, is_test, read_bytes
from tests.projects import KV, TOML, project

PLAIN = "export default { async fetch(request, env) { await env.KV.get('a'); return new Response('x'); } };\n"


def test_a_view_shows_one_file(tmp_path: Path) -> None:
    index = 'import "./a";\n' + PLAIN
    files = {"wrangler.toml": TOML + KV, "src/index.ts": index, "src/a.ts": "export const env = 1;\n"}
    found = project(tmp_path, files)
    view = found.focus("src/a.ts")
    assert [file.path for file in view.sources()] == ["src/a.ts"]
    assert [call.verb for call in found.calls("kv", "get")] == ["get"]
    assert not [*view.calls("kv"), *view.configs()]
    assert [worker.config.path for worker in view.workers if worker.config] == ["wrangler.toml"]
    assert found.focus("nowhere.ts").workers == []
    assert (view.shows("src/a.ts"), view.shows("src/index.ts"), found.shows("src/index.ts")) == (True, False, True)


@pytest.mark.parametrize(
    ("files", "path", "name", "kind"),
    [
        ({"wrangler.toml": TOML + KV, "src/index.ts": PLAIN}, "src/index.ts", "KV", "kv"),
        ({"wrangler.toml": TOML, ".dev.vars": "TOKEN=x\n", "src/index.ts": PLAIN}, "src/index.ts", "TOKEN", "secret"),
        ({"wrangler.toml": TOML, "src/index.ts": "interface Env { R: R2Bucket }\n" + PLAIN}, "src/index.ts", "R", "r2"),
        ({"src/index.ts": "interface Env { R: R2Bucket }\n" + PLAIN}, "src/index.ts", "R", "r2"),
        ({"src/index.ts": PLAIN, "types.d.ts": "type Bindings = { Q: Queue };\n"}, "src/index.ts", "Q", "queue"),
        ({"src/index.ts": PLAIN.replace("('a')", "('a', 'json')")}, "src/index.ts", "KV", "kv"),
        ({"src/index.ts": PLAIN}, "src/index.ts", "NONE", None),
        # one worker beside the code: its config counts, unless each is a package of its own
        ({"app/wrangler.toml": TOML + KV, "app/src/index.ts": PLAIN, "lib/a.ts": PLAIN}, "lib/a.ts", "KV", "kv"),
        (
            {"app/wrangler.toml": TOML + KV, "app/src/index.ts": PLAIN, "lib/a.ts": PLAIN, "lib/package.json": "{}",
             "app/package.json": "{}"}, "lib/a.ts", "KV", None,
        ),
    ],
)
def test_kind_of(tmp_path: Path, files: dict[str, str], path: str, name: str, kind: str | None) -> None:
    found = project(tmp_path, files)
    assert found.kind_of(found.files[path], name) == found.kind_of(found.files[path], name) == kind


@pytest.mark.parametrize(
    ("config", "entry"),
    [
        ('main = "src/index.ts"\n', "src/index.ts"), ('main = "src/index.js"\n', "src/index.ts"),
        ('main = "src/index"\n', "src/index.ts"), ('main = "gone/index.ts"\n', None), ('main = "../index.ts"\n', None),
        ('main = "data.txt"\n', None), ("", None), ('pages_build_output_dir = "out"\n', "out/_worker.js"),
        ('pages_build_output_dir = "gone"\n', None), ('[env.live]\nmain = "src/index.ts"\n', "src/index.ts"),
    ],
)
def test_entry(tmp_path: Path, config: str, entry: str | None) -> None:
    files = {"wrangler.toml": f'name = "a"\n{config}', "src/index.ts": PLAIN, "out/_worker.js": PLAIN, "data.txt": "x"}
    (worker,) = project(tmp_path, files).all_workers
    assert (worker.entry.path if worker.entry is not None else None) == entry


def test_an_entry_that_a_script_names(tmp_path: Path) -> None:
    files = {
        "wrangler.toml": 'name = "a"\n', "src/index.ts": PLAIN,
        "package.json": '{"scripts": {"deploy": "wrangler deploy --minify src/index.ts"}}',
    }
    (worker,) = project(tmp_path, files).all_workers
    assert worker.entry is not None
    assert worker.entry.path == "src/index.ts"


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ("KVNamespace", "kv"), (": D1Database", "d1"), ("string", "var"), ("'a' | 'b'", "var"), ("number", "var"),
        ("Request", None), ("Something", None),
    ],
)
def test_env_type_kind(annotation: str, kind: str | None) -> None:
    assert env_type_kind(annotation) == kind


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/a.test.ts", True), ("src/a.test-d.ts", True), ("tests/a.ts", True), ("e2e-tests/a.ts", True),
        ("test_a.py", True),
        ("vite.config.ts", True), ("src/a.ts", False), ("src/latest.ts", False), ("src/contest/a.ts", False),
    ],
)
def test_is_test(path: str, expected: bool) -> None:
    assert is_test(path) is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"env", True), (b"export default { fetch(r) {} }", True), (b"environment", False), (b"\xff", True),
        (b"a\0", True),
    ],
)
def test_is_hot(data: bytes, expected: bool) -> None:
    assert is_hot(data) is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"const a = 1;" * 10_000, True), (b"const a = 1;\n" * 10_000, False), (b"const a = 1;" * 1_000, False),
        ((b"const a = 1;" * 100 + b"\n") * 100, False),
    ],
)  # fmt: skip
def test_is_minified(data: bytes, expected: bool) -> None:
    assert is_minified(data) is expected


def test_what_a_bundler_wrote_is_not_read_unless_the_worker_is_it(tmp_path: Path) -> None:
    bundle = "export default { fetch(request, env) { return new Response(env.KV) } };" + "a(1);" * 20_000
    config = '{"name": "app", "main": "src/index.js", "compatibility_date": "2026-01-15"}'
    code = "export default { fetch(request, env) { return new Response(env.KV) } };"
    found = project(tmp_path, {"wrangler.json": config, "src/index.js": code, "public/swagger.js": bundle})
    assert [(note.reason, note.path) for note in found.notes] == [("minified", "public/swagger.js")]
    assert "public/swagger.js" not in found.files
    itself = project(tmp_path / "itself", {"wrangler.json": config, "src/index.js": bundle})
    assert list(itself.files) == ["src/index.js"]


def test_links_out_of_the_project_are_not_read(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside.ts", tmp_path / "root"
    root.mkdir()
    outside.write_bytes(b"env")
    (root / "link.ts").symlink_to(outside)
    (root / "kept.ts").write_bytes(b"env")
    assert read_bytes(root, "link.ts") is None
    assert (read_bytes(root, "kept.ts"), read_bytes(root, "gone.ts")) == (b"env", None)
