"""``explain``, ``rules``, ``settings``, ``bindings``, and the document of the command line."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from edgelint import registry, rulebook
from edgelint.cli import cli, rules, terminal

ROOT = Path(__file__).parent.parent


def edgelint(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    lay(tmp_path, {
        "wrangler.toml": (
            'name = "shop"\nmain = "src/index.ts"\ncompatibility_date = "2026-01-01"\n'
            '[[kv_namespaces]]\nbinding = "CACHE"\nid = "1"\n\n[vars]\nSTAGE = "dev"\n\n'
            '[[env.staging.kv_namespaces]]\nbinding = "CACHE"\nid = "2"\n'
            '[[env.staging.kv_namespaces]]\nbinding = "CACHE"\nid = "3"\n'
        ),
        ".dev.vars": "# local\nAPI_KEY=hunter2\n",
        "src/index.ts": (
            "interface Env { CACHE: KVNamespace; STAGE: string; API_KEY: string; GONE: R2Bucket }\n"
            "export default {\n"
            "  async fetch(request: Request, env: Env): Promise<Response> {\n"
            "    const key = env.API_KEY;\n"
            "    await env.CACHE.put(key, 'x');\n"
            "    if (env.GONE) return new Response(null);\n"
            "    return new Response(await env.CACHE.get(key));\n"
            "  },\n"
            "};\n"
        ),
    })
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lay(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


# explain


@pytest.mark.usefixtures("some_rules")
def test_explain_in_a_pipe_is_the_document_itself() -> None:
    result = edgelint("explain", "kv/ttl-too-short")
    assert result.stdout == (rulebook.directory() / "kv/ttl-too-short.md").read_text()
    assert result.exit_code == 0


@pytest.mark.usefixtures("some_rules")
def test_explain_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for choice, coloured in (("always", True), ("never", False)):
        screen = Terminal()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", screen)
            assert rules.explain("kv/ttl-too-short", choice) == 0
        shown = screen.getvalue()
        assert ("\x1b[" in shown) is coloured
        assert "When to ignore" in shown
        assert coloured or "option minimum = 60" in shown
        assert "```" not in shown
        assert "severity =" not in shown


@pytest.mark.usefixtures("some_rules")
@pytest.mark.parametrize("id", list(registry.BUILT_IN))
def test_explain_what_edgelint_itself_reports(id: str) -> None:
    result = edgelint("explain", id)
    assert result.stdout.startswith(f"# {id}\n")
    assert ("cannot be ignored" in result.stdout) == (id in registry.NEVER_IGNORED)


@pytest.mark.usefixtures("some_rules")
@pytest.mark.parametrize(
    ("id", "said"),
    [
        ("kv/ttl-to-short", "; did you mean 'kv/ttl-too-short'?"),
        ("ttl-too-short", "; did you mean 'kv/ttl-too-short'?"),
        ("zzz", "no rule is called 'zzz'\n"),
        ("\x1b[2J", "no rule is called '␛[2J'\n"),
    ],
)
def test_explain_what_is_no_rule(id: str, said: str) -> None:
    result = edgelint("explain", id)
    assert result.exit_code == 2
    assert said in result.stderr


# rules


@pytest.mark.usefixtures("some_rules")
def test_rules() -> None:
    lines = edgelint("rules").stdout.splitlines()
    assert lines[0] == "kv/ttl-too-short     error    default   The edge refuses this."
    assert "kv/wide-list         warning  strict    The edge refuses this." in lines
    assert any(line.startswith("internal-error ") and "built-in" in line for line in lines)


@pytest.mark.usefixtures("some_rules")
def test_rules_at_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "width", lambda *_: 64)
    lines = edgelint("rules").stdout.splitlines()
    assert all(len(line) <= 64 for line in lines)
    assert any(line.endswith("…") for line in lines)


@pytest.mark.usefixtures("some_rules")
def test_rules_as_json() -> None:
    found = json.loads(edgelint("rules", "--format", "json").stdout)
    by_id = {rule["id"]: rule for rule in found["rules"]}
    assert by_id["kv/ttl-too-short"] == {
        "id": "kv/ttl-too-short",
        "severity": "error",
        "confidence": "high",
        "profile": "default",
        "languages": ["javascript", "typescript", "python"],
        "fix": "none",
        "since": "0.1.0",
        "sources": ["https://developers.cloudflare.com/kv/"],
        "options": {"minimum": 60, "ratio": 0.5, "names": ["a"], "mode": "x", "on": True},
        "summary": "The edge refuses this.",
    }
    assert by_id["syntax-error"]["profile"] == "built-in"


# settings


@pytest.mark.usefixtures("some_rules")
def test_settings_by_default(app: Path) -> None:
    result = edgelint("settings")
    assert result.exit_code == 0
    assert f"# project: {app}\n# settings: none\n" in result.stdout
    assert "select = []            # default\n" in result.stdout
    assert "# env is not set       # default\n" in result.stdout
    assert result.stdout.endswith(
        "# 3 rules run:\n#   kv/ttl-too-short\n#   kv/unpaginated-list\n#   sql/unbound-value\n"
    )


@pytest.mark.usefixtures("some_rules")
def test_settings_with_the_line_that_says_so(app: Path) -> None:
    lay(app, {
        "edgelint.toml": 'strict = true\nignore = ["kv/*"]\n\n[per-file-ignores]\n"test/**" = ["sql/*"]\n',
        "other/pyproject.toml": '[project]\nname = "x"\n\n[tool.edgelint]\nmin-severity = "error"\n',
    })
    shown = edgelint("settings", "src").stdout
    assert "# settings: edgelint.toml\n" in shown
    assert "strict = true " in shown
    assert "# edgelint.toml:1\n" in shown
    assert 'per-file-ignores = { "test/**" = ["sql/*"] }  # edgelint.toml:4\n' in shown
    shown = edgelint("settings", "--config", "other/pyproject.toml").stdout
    assert 'min-severity = "error"' in shown
    assert "# other/pyproject.toml:5\n" in shown
    lay(app, {"empty/pyproject.toml": "[tool]\n"})
    assert "# empty" not in edgelint("settings", "--config", "empty/pyproject.toml").stdout.split("\n\n")[1]


@pytest.mark.usefixtures("some_rules")
@pytest.mark.parametrize("command", ["settings", "bindings"])
def test_wrong_settings_stop_the_other_commands_too(app: Path, command: str) -> None:
    lay(app, {"edgelint.toml": "selct = []\n"})
    result = edgelint(command)
    assert result.exit_code == 2
    assert "edgelint.toml:1:1: unknown key 'selct'; did you mean 'select'?" in result.stderr
    assert edgelint(command, "gone").exit_code == 2


# bindings


def test_bindings(app: Path) -> None:
    result = edgelint("bindings")
    assert result.exit_code == 0
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines[0] == "shop (wrangler.toml, main src/index.ts)"
    assert lines[2].split() == ["binding", "kind", "top", "level", "staging", "used"]
    rows = {line.split()[0]: line for line in lines[3:7]}
    assert rows["API_KEY"].split() == ["API_KEY", "secret", ".dev.vars:2", ".dev.vars:2", "src/index.ts:4:21"]
    places = ["line", "12,", "line", "15", "src/index.ts:5:15"]
    assert rows["CACHE"].split() == ["CACHE", "kv", "line", "5", *places, "and", "1", "more"]
    assert rows["GONE"].split()[:5] == ["GONE", "not", "declared", "-", "-"]
    assert rows["STAGE"].split() == ["STAGE", "var", "line", "9", "-", "never"]
    assert "hunter2" not in result.stdout


def test_bindings_as_json(app: Path) -> None:
    found = json.loads(edgelint("bindings", "--format", "json").stdout)
    assert found["version"] == 1
    (worker,) = found["workers"]
    assert (worker["name"], worker["config"], worker["main"]) == ("shop", "wrangler.toml", "src/index.ts")
    assert worker["environments"] == [None, "staging"]
    assert worker["complete"] is True
    by_name = {binding["name"]: binding for binding in worker["bindings"]}
    assert by_name["CACHE"]["kinds"] == ["kv"]
    assert [place["environment"] for place in by_name["CACHE"]["declared"]] == [None, "staging", "staging"]
    assert by_name["CACHE"]["declared"][0] == {
        "environment": None, "kind": "kv", "path": "wrangler.toml", "line": 5, "column": 12,
    }
    assert [use["verb"] for use in by_name["CACHE"]["uses"]] == ["put", "get"]
    assert by_name["GONE"]["declared"] == []
    assert by_name["GONE"]["uses"][0]["guarded"] is True
    assert "hunter2" not in json.dumps(found)


def test_bindings_of_a_folder_with_no_worker(app: Path) -> None:
    lay(app, {"void/edgelint.toml": ""})
    result = edgelint("bindings", "void")
    assert (result.stdout, result.exit_code) == ("", 0)
    assert "no Worker found here" in result.stderr
    assert json.loads(edgelint("bindings", "void", "--format", "json").stdout)["workers"] == []


def test_bindings_of_a_worker_without_any(app: Path) -> None:
    lay(app, {"bare/wrangler.toml": 'main = "gone.ts"\n'})
    assert edgelint("bindings", "bare").stdout.splitlines()[:2] == [
        "Worker (bare/wrangler.toml, main gone.ts not found)", "  no bindings",
    ]
    lay(app, {"bare/wrangler.toml": "x = 1\n"})
    assert "(bare/wrangler.toml, no main)" in edgelint("bindings", "bare").stdout
    lay(app, {"bare/wrangler.toml": 'pages_build_output_dir = "dist"\n'})
    assert "(bare/wrangler.toml, Pages)" in edgelint("bindings", "bare").stdout


def test_bindings_of_one_worker_of_several(app: Path, tmp_path: Path) -> None:
    lay(tmp_path, {
        "mono/package.json": '{"workspaces": ["apps/*"]}',
        **{f"mono/apps/{name}/wrangler.toml": f'name = "{name}"\n[vars]\nX = "1"\n' for name in "ab"},
    })
    both = edgelint("bindings", "mono").stdout
    assert "a (mono/apps/a/wrangler.toml" in both
    assert "\n\nb (mono/apps/b/wrangler.toml" in both
    one = edgelint("bindings", "mono/apps/b").stdout
    assert "apps/a" not in one
    assert one.startswith("b (")


def test_bindings_says_what_it_cannot_follow(app: Path) -> None:
    source = (app / "src/index.ts").read_text().replace("const key = env.API_KEY;", "const key = env[request.url];")
    (app / "src/index.ts").write_text(source.replace("interface", 'import "./gone";\ninterface'))
    shown = edgelint("bindings").stdout
    assert "env is used in a way that is not followed at src/index.ts:5:" in shown
    assert "not every file of this Worker was found" in shown
    assert "not seen" in shown
    lines = "".join(f"    use{n}(env[request.url]);\n" for n in range(8))
    (app / "src/index.ts").write_text(source.replace("    const key", f"{lines}    const key"))
    assert " and 4 more\n" in edgelint("bindings").stdout


# The document


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, (*path, name))


def test_the_document_names_every_command_and_option() -> None:
    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    for path, command in commands(cli):
        if path:
            assert f"## edgelint {' '.join(path)}\n" in text, path
        part = text.split(f"## edgelint {' '.join(path)}\n", 1)[-1].split("\n## ", 1)[0] if path else text
        for option in command.params:
            if isinstance(option, click.Option):
                for name in (*option.opts, *option.secondary_opts):
                    assert f"`{name}" in part, (path, name)
                if isinstance(option.type, click.Choice):
                    assert all(f"`{choice}`" in part for choice in option.type.choices), (path, option.name)


def test_the_document_names_nothing_else() -> None:
    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    known: set[Any] = {"--help", "--version"}
    for _, command in commands(cli):
        known.update(name for option in command.params for name in option.opts)
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= known
