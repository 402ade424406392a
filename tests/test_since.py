"""What is new since a commit: on changed lines, or through changed facts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgelint import since
from edgelint.cli.commands import cli
from edgelint.project import git_base

CONFIG = """name = "a"
main = "src/i.ts"
compatibility_date = "2026-01-01"
kv_namespaces = [{ binding = "K", id = "0123456789abcdef0123456789abcdef" }]
"""
CODE = """interface Env { K: KVNamespace }
export default {
  async fetch(request: Request, env: Env) {
    await env.K.put("a", "v", { expirationTtl: 5 });
    return new Response(await env.K.get("a"));
  },
};
"""


def git(root: Path, *arguments: str) -> None:
    identity = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, env=os.environ | identity)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repository" / "app"
    (root / "src").mkdir(parents=True)
    (root / "wrangler.toml").write_text(CONFIG)
    (root / "src/i.ts").write_text(CODE)
    git(root.parent, "init", "-q")
    git(root.parent, "add", "-A")
    git(root.parent, "commit", "-qm", "first")
    monkeypatch.chdir(root)
    return root


def check(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["check", "--no-cache", "--format", "concise", "--since", "HEAD", *arguments])


def rules(result: Result) -> list[str]:
    return [line.split()[1] for line in result.stdout.splitlines()]


def test_nothing_has_changed(app: Path) -> None:
    result = check()
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_new_line_and_lines_that_only_moved(app: Path) -> None:
    more = '    await env.K.put("b", "v", { expirationTtl: 7 });\n    return'
    text = "// one more line\n\n" + CODE.replace("    return", more)
    (app / "src/i.ts").write_text(text)
    [line] = check().stdout.splitlines()
    assert "with 7" in line


def test_an_old_finding_on_a_changed_line_counts(app: Path) -> None:
    (app / "src/i.ts").write_text(CODE.replace('"a", "v"', '"a2", "v"'))
    assert rules(check()) == ["kv/ttl-too-short"]


def test_a_binding_that_goes_counts_for_the_code_that_uses_it(app: Path) -> None:
    (app / "wrangler.toml").write_text(CONFIG.replace("kv_namespaces", "#kv_namespaces"))
    assert set(rules(check())) == {"config/undeclared-binding"}
    assert all(line.startswith("src/i.ts") for line in check().stdout.splitlines())


def test_a_renamed_file_is_no_new_file(app: Path) -> None:
    git(app, "mv", "src/i.ts", "src/with spaces é.ts")
    (app / "wrangler.toml").write_text(CONFIG.replace("src/i.ts", "src/with spaces é.ts"))
    assert check().stdout == ""
    changes = since.changed(app, git_base.resolve(app, "HEAD"))
    assert changes.renamed == {"src/with spaces é.ts": "src/i.ts"}


def test_a_file_that_git_does_not_know_is_all_new(app: Path) -> None:
    (app / "src/j.ts").write_text('export const put = (kv: KVNamespace) => kv.put("a", "b", { expirationTtl: 3 });\n')
    used = CODE.replace("    return", "    await put(env.K);\n    return")
    (app / "src/i.ts").write_text(f'import {{ put }} from "./j";\n{used}')
    assert [line.split(":")[0] for line in check().stdout.splitlines()] == ["src/j.ts"]


def test_changes_outside_the_project_and_before_it_was_there(app: Path) -> None:
    (app.parent / "other.ts").write_text("x")
    assert check().stdout == ""
    later = app.parent / "later"
    later.mkdir()
    (later / "wrangler.toml").write_text(CONFIG.replace("src/i.ts", "none.ts"))
    result = CliRunner().invoke(cli, ["check", str(later), "--no-cache", "--format", "concise", "--since", "HEAD"])
    assert "config/main-not-found" in rules(result)


def test_local_values_that_git_ignores_are_facts_then_too(app: Path) -> None:
    (app / ".gitignore").write_text(".dev.vars\nnode_modules\n")
    used = CODE.replace("    return", "    console.log(env.T);\n    return")
    (app / "src/i.ts").write_text(used.replace("K: KVNamespace", "K: KVNamespace; T: string"))
    git(app, "add", "-A")
    git(app, "commit", "-qm", "second")
    (app / ".dev.vars").write_text("T=1\n")
    (app / "node_modules/x").mkdir(parents=True)
    assert check().stdout == ""


def test_lines_that_are_only_gone_touch_their_neighbours(app: Path) -> None:
    (app / "src/i.ts").write_text(CODE.replace("interface Env { K: KVNamespace }\n", ""))
    changes = since.changed(app, git_base.resolve(app, "HEAD"))
    assert changes.lines == {"src/i.ts": [range(2)]}


def test_a_commit_that_is_not_there(app: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["check", "--since", "nope"])
    assert result.exit_code == 2
    assert "--since: git knows no commit 'nope' here" in result.output
    (tmp_path / "plain").mkdir()
    outside = CliRunner().invoke(cli, ["check", str(tmp_path / "plain"), "--since", "HEAD"])
    assert "is in no git repository" in outside.output


def test_git_that_fails_is_said(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for function in (git_base.diff, git_base.tree):
        with pytest.raises(git_base.BaseError):
            list(function(app, "0" * 40))
    monkeypatch.setattr(git_base, "_git", lambda *arguments, **more: None)
    with pytest.raises(git_base.BaseError, match="cannot list the new files"):
        git_base.untracked(app)


def test_links_and_submodules_are_left_out(app: Path) -> None:
    (app / "link.ts").symlink_to("src/i.ts")
    git(app, "add", "-A")
    git(app, "commit", "-qm", "second")
    assert sorted(path for path, _ in git_base.tree(app, "HEAD")) == ["src/i.ts", "wrangler.toml"]


def test_names_below_a_folder_of_a_project_that_is_not_the_repository(app: Path) -> None:
    assert git_base.names(app, "HEAD", "src") == ["i.ts"]
