"""wrangler commands in package.json scripts and workflows."""

from __future__ import annotations

import json

import pytest

from edgelint.project.commands import Command, in_manifest, in_script, in_workflow


def script(text: str, directory: str = "") -> list[Command]:
    return list(in_script("package.json", directory, text, 0))


def flagged(command: Command, data: bytes) -> str:
    assert command.span is not None
    return data[command.span.start : command.span.end].decode()


@pytest.mark.parametrize(
    ("text", "verb", "environment", "config", "directory"),
    [
        ("wrangler deploy", "deploy", None, None, ""),
        ("wrangler deploy --env production", "deploy", "production", None, ""),
        ("wrangler deploy --env=production --minify", "deploy", "production", None, ""),
        ("wrangler deploy -e 'production'", "deploy", "production", None, ""),
        ("wrangler deploy --env='production'", "deploy", "production", None, ""),
        ('wrangler deploy --env="production" --config=\'../w.toml\'', "deploy", "production", "../w.toml", ""),
        ("npx wrangler@4 deploy -e qa", "deploy", "qa", None, ""),
        ("pnpm exec wrangler secret put X -e qa", "secret", "qa", None, ""),
        ("./node_modules/.bin/wrangler dev -e dev", "dev", "dev", None, ""),
        ("wrangler deploy -c conf/w.toml -e qa", "deploy", "qa", "conf/w.toml", ""),
        ("wrangler deploy --config=../w.toml", "deploy", None, "../w.toml", ""),
        ("wrangler deploy --cwd apps/a -e qa", "deploy", "qa", None, "apps/a"),
        ("CLOUDFLARE_ENV=qa wrangler deploy", "deploy", "qa", None, ""),
        ("cross-env CLOUDFLARE_ENV=qa vite build", "build", "qa", None, ""),
        ("CLOUDFLARE_ENV=a wrangler deploy --env b", "deploy", "b", None, ""),
        ("npm test && cd apps/a && wrangler deploy -e qa", "deploy", "qa", None, "apps/a"),
        ("cd apps && cd ./a; wrangler deploy", "deploy", None, None, "apps/a"),
        ("(cd apps && wrangler deploy)", "deploy", None, None, "apps"),
        ("wrangler types --env-interface E --env-file x", "types", None, None, ""),
        ("wrangler deploy -e", "deploy", None, None, ""),
        ("wrangler deploy -e --minify", "deploy", None, None, ""),
    ],
)
def test_one_command(text: str, verb: str, environment: str | None, config: str | None, directory: str) -> None:
    [command] = script(text)
    assert (command.verb, command.environment, command.config) == (verb, environment, config)
    assert command.directory == directory
    if environment is not None:
        assert flagged(command, text.encode()) == environment


@pytest.mark.parametrize(
    "text",
    [
        "", "npm test", "echo wrangler deploy -e qa", "wrangler", "wrangler --version", "wrangler pages deploy -e qa",
        "wrangler login", "wrangler deploy -e $TARGET", "wrangler deploy -e ${TARGET}",
        "wrangler deploy -c $CONF -e qa",
        "cd $DIR && wrangler deploy -e qa", "cd .. && wrangler deploy", "cd /tmp && wrangler deploy",
        "cd a b && wrangler deploy",
        "cd && wrangler deploy", "wrangler-like deploy -e qa", "wrangler deploy --cwd ../x",
    ],
)  # fmt: skip
def test_nothing_certain(text: str) -> None:
    assert script(text) == []


def test_places_in_a_manifest() -> None:
    data = json.dumps({
        "name": "é", "scripts": {"a": 'echo "ü" && wrangler deploy -e "qa"', "b": 1, "c": ""}, "wrangler": "-e no",
    }, ensure_ascii=False, indent=1).encode()  # fmt: skip
    [command] = in_manifest("apps/a/package.json", data)
    assert (command.directory, command.environment) == ("apps/a", "qa")
    assert flagged(command, data) == "qa"
    quoted = rb'{"scripts": {"d": "cd \"apps/a\" && wrangler deploy --env=\"qa\""}}'
    [command] = in_manifest("package.json", quoted)
    assert (command.directory, command.environment, flagged(command, quoted)) == ("apps/a", "qa", "qa")
    assert "\1" not in command.text
    assert list(in_manifest("package.json", b"\xff wrangler")) == []
    assert list(in_manifest("package.json", b'{"scripts": "wrangler deploy"}')) == []


WORKFLOW = """\
jobs:
  deploy:
    steps:
      - name: wrangler deploy --env name
      # wrangler deploy --env comment
      - run: npx wrangler deploy --env one
      - run: |
          npm ci
          npx wrangler d1 migrations apply DB -e two
      - name: Deploy
        uses: cloudflare/wrangler-action@v3
        with:
          apiToken: ${{ secrets.X }}
          command: deploy --env three
          environment: ignored
      - uses: cloudflare/wrangler-action@v3
        with:
          environment: 'four'
      - uses: "cloudflare/wrangler-action@v3"
        with:
          environment: five
          command: |
            deploy
            d1 migrations apply DB --env six
          quiet: true
      - uses: cloudflare/wrangler-action@v3
        with:
          environment: ${{ matrix.x }}
          command: deploy
      - run: npx wrangler deploy --env seven
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_workflow(newline: str) -> None:
    data = WORKFLOW.replace("\n", newline).encode()
    found = list(in_workflow(".github/workflows/d.yml", data, {"apps/a"}))
    assert [command.environment for command in found] == ["one", "two", "three", "four", "five", "six", None, "seven"]
    assert {command.directory for command in found} == {"apps/a"}
    for command in found:
        if command.environment is not None:
            assert flagged(command, data) == command.environment


def test_workflow_in_a_repository_with_several_configs() -> None:
    data = b"steps:\n  - run: wrangler deploy -e qa\n"
    [command] = in_workflow("w.yml", data, {"", "apps/a"})
    assert command.directory == ""
    assert list(in_workflow("w.yml", data + b"    working-directory: apps/a\n", {"", "apps/a"})) == []
    assert list(in_workflow("w.yml", data + b"        workingDirectory: apps/a\n", {"", "apps/a"})) == []
    assert list(in_workflow("w.yml", b"\xff wrangler", {""})) == []
