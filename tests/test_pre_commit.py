"""The hooks as pre-commit runs them, from this checkout, on a repository of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
CONFIG = """name = "a"
main = "src/i.ts"
compatibility_date = "2026-01-01"
kv_namespaces = [{ binding = "K", id = "0123456789abcdef0123456789abcdef" }]
"""
CODE = """interface Env { K: KVNamespace }
export default {
  async fetch(request: Request, env: Env) {
    %s
    return new Response(await env.K.get("a"));
  },
};
"""
GOOD = 'await env.K.put("a", "v", { expirationTtl: 60 });'
BAD = 'await env.K.put("a", "v", { expirationTtl: 5 });'


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps the environment that it builds: once for all tests."""
    return tmp_path_factory.mktemp("pre-commit-home")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "wrangler.toml").write_text(CONFIG)
    (tmp_path / "src/i.ts").write_text(CODE % GOOD)
    (tmp_path / "src/j.ts").write_text('export const p = (kv: KVNamespace) => kv.put("a", "", { expirationTtl: 3 });\n')
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, "git", "add", "-A")
    return tmp_path


def run(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    mine = ("GIT_", "COV", "PYTHONPATH")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
    return subprocess.run(command, cwd=folder, env=clean | variables, capture_output=True, text=True, check=False)


def hook(name: str, repository: Path, home: Path, *files: str) -> subprocess.CompletedProcess[str]:
    return run(
        repository, sys.executable, "-m", "pre_commit", "try-repo", str(ROOT), name, "--color", "never", "--files",
        *files, PRE_COMMIT_HOME=str(home),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("src/index.ts", True), ("worker/entry.py", True), ("migrations/0001_a.sql", True), ("wrangler.jsonc", True),
        ("apps/shop/wrangler.toml", True), ("package.json", True), (".dev.vars.staging", True),
        (".github/workflows/deploy.yml", True), (".github/workflows/deploy.yaml", True),
        (".github/workflows/part/deploy.yml", False), ("apps/.github/workflows/deploy.yml", False),
        (".github/dependabot.yml", False), ("README.md", False), ("src/wrangler.jsonc.bak", False),
    ],
)  # fmt: skip
def test_which_changed_files_the_hooks_take(path: str, taken: bool) -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [re.search(hook["files"], path) is not None for hook in hooks] == [taken, taken]


@pytest.mark.slow
def test_the_hooks_on_a_repository(repository: Path, home: Path) -> None:
    passed = hook("edgelint", repository, home, "src/i.ts", "wrangler.toml")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "Passed" in passed.stdout

    (repository / "src/i.ts").write_text(CODE % BAD)
    failed = hook("edgelint", repository, home, "src/i.ts", "README.md")
    assert failed.returncode == 1
    assert "error[kv/ttl-too-short]" in failed.stdout
    assert "src/j.ts" not in failed.stdout  # it has a finding too, but has not changed

    skipped = hook("edgelint", repository, home, "README.md")
    assert "(no files to check)Skipped" in skipped.stdout

    (repository / "schema.sql").write_text("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT);\n")
    query = 'await env.K.put("a", JSON.stringify(await env.D.prepare("SELECT a FROM t WHERE b = NULL").all()));'
    (repository / "wrangler.toml").write_text(CONFIG + 'd1_databases = [{ binding = "D", database_id = "1" }]\n')
    (repository / "src/i.ts").write_text((CODE % query).replace("K: KV", "D: D1Database; K: KV"))
    mended = hook("edgelint-fix", repository, home, "src/i.ts")
    assert mended.returncode == 1
    assert "files were modified by this hook" in mended.stdout
    assert "b IS NULL" in (repository / "src/i.ts").read_text()
