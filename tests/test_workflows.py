"""GitHub workflows as facts: triggers, places of words, and the wrangler commands of a job in order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgelint.project import workflow_deploys, workflow_files, workflow_tokens, workflow_versions
from edgelint.project.project import Project
from edgelint.project.workflow_commands import JobCommands, WranglerCommand, config_of, job_commands
from tests.projects import TOML, project

PATH = ".github/workflows/w.yml"


def load(root: Path, jobs: str, files: dict[str, str] | None = None, on: str = "on: push") -> Project:
    """A project with one workflow of the jobs ``jobs``."""
    indented = "".join(f"  {line}\n" for line in jobs.strip("\n").splitlines())
    return project(root, {PATH: f"{on}\njobs:\n{indented}", **(files or {})})


def job(root: Path, steps: str, files: dict[str, str] | None = None) -> JobCommands:
    """The only job, of these steps."""
    text = "".join(f"    {line}\n" for line in steps.strip("\n").splitlines())
    made = load(root, f"deploy:\n  runs-on: ubuntu-latest\n  steps:\n{text}", files)
    (workflow,) = workflow_files.workflows(made)
    (found,) = job_commands(made, workflow)
    return found


def shown(found: JobCommands) -> list[tuple[str, str | None, str, str]]:
    """Each command: its words, folder, runner, and what is pointed at."""
    data = found.workflow.source.data
    return [
        (" ".join(word.text for word in c.words), c.directory, c.runner, data[c.span.start : c.span.end].decode())
        for c in found.commands
    ]


def run(root: Path, script: str, files: dict[str, str] | None = None) -> list[tuple[str, str | None, str, str]]:
    return shown(job(root, f"- run: {script}", files))


@pytest.mark.parametrize(
    ("script", "words", "runner", "pointed"),
    [
        ("wrangler deploy", "deploy", "installed", "wrangler deploy"),
        ("npx wrangler deploy -e qa", "deploy -e qa", "npx", "wrangler deploy"),
        ("npx --yes -p x wrangler@4 d1 migrations apply DB", "d1 migrations apply DB", "npx",
         "wrangler@4 d1 migrations apply"),
        ("npm exec -- wrangler deploy", "deploy", "npx", "wrangler deploy"),
        ("bunx wrangler pages deploy out", "pages deploy out", "npx", "wrangler pages deploy"),
        ("bun x wrangler deploy", "deploy", "npx", "wrangler deploy"),
        ("pnpm dlx wrangler deploy", "deploy", "dlx", "wrangler deploy"),
        ("pnpm exec wrangler versions upload", "versions upload", "installed", "wrangler versions upload"),
        ("yarn wrangler deploy", "deploy", "installed", "wrangler deploy"),
        ("./node_modules/.bin/wrangler deploy", "deploy", "installed", "./node_modules/.bin/wrangler deploy"),
        ("CLOUDFLARE_ENV=x sudo wrangler deploy", "deploy", "installed", "wrangler deploy"),
        ("if wrangler d1 --help; then true; fi", "d1 --help", "installed", "wrangler d1"),
        ("npx opennextjs-cloudflare deploy", "deploy", "wrapper", "opennextjs-cloudflare deploy"),
        ("wrangler", "", "installed", "wrangler"),
    ],
)  # fmt: skip
def test_how_wrangler_is_run(tmp_path: Path, script: str, words: str, runner: str, pointed: str) -> None:
    assert run(tmp_path, script) == [(words, "", runner, pointed)]


@pytest.mark.parametrize(
    "script",
    [
        "echo wrangler deploy", "grep wrangler x", "npx tsc", "npx", "npm", "pnpm --filter x", "npm run nothing",
        "npm run", "npm deploy", "opennextjs-cloudflare build", "pnpm exec tsc", "pnpm exec", "git commit -m wrangler",
        "pnpm deploy", "yarn workspace nothing deploy", "npm run deploy --prefix $X", "npm run deploy -w",
    ],
)
def test_what_is_no_wrangler_command(tmp_path: Path, script: str) -> None:
    steps = f"- run: {script}\n- run: wrangler tail"
    found = job(tmp_path, steps, {"package.json": '{"scripts": {"deploy": "wrangler deploy"}}'})
    assert [command.verbs for command in found.commands] == [("tail",)]


PACKAGES = {
    "package.json": json.dumps({
        "name": "root", "workspaces": ["apps/*"], "scripts": {
            "deploy": "tsc && wrangler deploy", "predeploy": "wrangler types", "postdeploy": "wrangler tail",
            "start": "npm run deploy", "a": "cd apps/a && npm run ship", "loop": "npm run loop && wrangler x",
            "odd": 1,
        },
    }),
    "apps/a/package.json": json.dumps({"name": "@x/a", "scripts": {"ship": "npx wrangler deploy -c w.toml"}}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("npm run deploy -- --env qa", [("types", ""), ("deploy --env qa", ""), ("tail", "")]),
        ("pnpm run deploy --env qa", [("deploy --env qa", "")]),
        ("yarn deploy --env=qa", [("deploy --env=qa", "")]),
        ("npm start", [("types", ""), ("deploy", ""), ("tail", "")]),
        ("bun run a", [("deploy -c w.toml", "apps/a")]),
        ("pnpm --filter @x/a ship --minify", [("deploy -c w.toml --minify", "apps/a")]),
        ("pnpm -C apps/a run ship", [("deploy -c w.toml", "apps/a")]),
        ("pnpm --dir=apps/a ship", [("deploy -c w.toml", "apps/a")]),
        ("npm --prefix apps/a run ship", [("deploy -c w.toml", "apps/a")]),
        ("npm run ship -w @x/a", [("deploy -c w.toml", "apps/a")]),
        ("npm run ship --workspace=apps/a -- --minify", [("deploy -c w.toml --minify", "apps/a")]),
        ("npm run ship --prefix apps/a", [("deploy -c w.toml", "apps/a")]),
        ("yarn workspace @x/a ship", [("deploy -c w.toml", "apps/a")]),
        ("pnpm --filter @x/a exec wrangler tail", [("tail", "apps/a")]),
        ("pnpm --filter nothing exec wrangler tail", [("tail", None)]),
        ("npm run odd", []),
    ],
)
def test_scripts_of_package_json(tmp_path: Path, script: str, expected: list[tuple[str, str | None]]) -> None:
    found = run(tmp_path, script, PACKAGES)
    assert [(words, place) for words, place, _, _ in found] == expected
    for _, _, _, pointed in found:
        assert script.startswith(pointed) or "wrangler" in pointed


def test_a_script_that_names_itself_ends(tmp_path: Path) -> None:
    assert 0 < len(run(tmp_path, "npm run loop", PACKAGES)) < 10


STEPS = """
- uses: actions/checkout@v4
- run: |
    # wrangler nothing
    cd apps
    npx wrangler deploy \\
      --env qa
- name: folded
  run: >-
    npx wrangler
    deploy --é
  working-directory: apps/b
- run: "npx wrangler deploy --name \\"x\\"\\nwrangler tail"
- run: 'npx wrangler deploy --name ''x'''
- run: &a npx wrangler
    deploy
- uses: cloudflare/wrangler-action@v3
  with:
    workingDirectory: apps/c
    environment: qa
    wranglerVersion: 4.20
    preCommands: npx wrangler types
    command: |
      deploy --minify
      d1 migrations apply DB --remote --env prod
    postCommands: |
      echo done
      wrangler tail
- uses: cloudflare/wrangler-action@v3
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_places_in_every_kind_of_text(tmp_path: Path, newline: str) -> None:
    found = shown(job(tmp_path, STEPS.replace("\n", newline)))
    action = "cloudflare/wrangler-action@v3"
    assert [(words, place, pointed.split()) for words, place, _, pointed in found] == [
        ("deploy --env qa", "apps", ["wrangler", "deploy"]),
        ("deploy --é", "apps/b", ["wrangler", "deploy"]),
        ("deploy --name x", "", ["wrangler", "deploy"]),
        ("tail", "", ["wrangler", "tail"]),
        ("deploy --name x", "", ["wrangler", "deploy"]),
        ("deploy", "", ["wrangler", "deploy"]),
        ("types", "apps/c", ["wrangler", "types"]),
        ("deploy --minify", "apps/c", ["deploy"]),
        ("d1 migrations apply DB --remote --env prod", "apps/c", ["d1", "migrations", "apply"]),
        ("tail", "apps/c", ["wrangler", "tail"]),
        ("deploy", "", [action]),
    ]


def test_what_a_command_says(tmp_path: Path) -> None:
    found = job(tmp_path, STEPS).commands
    named = [None if command.environment is None else command.environment.text for command in found]
    assert named == ["qa", None, None, None, None, None, None, "qa", "prod", None, None]
    assert [command.is_deploy for command in found].count(True) == 7
    assert [command.shown for command in found if command.applies_migrations] == ["wrangler d1 migrations apply"]
    assert {command.version for command in found if command.runner == "action"} == {"4.20", None}


def one(root: Path, script: str, files: dict[str, str] | None = None) -> WranglerCommand:
    (found,) = job(root, f"- run: {script}", files).commands
    return found


@pytest.mark.parametrize(
    ("script", "live"),
    [
        ("wrangler deploy", True), ("wrangler publish", True), ("wrangler versions deploy -y", True),
        ("wrangler --config x.toml -e qa deploy", True), ("wrangler versions upload", False),
        ("wrangler deploy --dry-run", False), ("wrangler pages deploy", False), ("wrangler", False),
    ],
)
def test_what_makes_code_live(tmp_path: Path, script: str, live: bool) -> None:
    assert one(tmp_path, script).is_deploy is live


def test_options(tmp_path: Path) -> None:
    command = one(tmp_path, "wrangler deploy --env= --name --var X -e")
    assert [word.text if word else None for word in map(command.option, ("--env", "--name", "--var", "-e", "-c"))] == [
        "", "", "X", "", None
    ]
    assert not command.is_open
    assert one(tmp_path, "wrangler deploy $ARGS").is_open


@pytest.mark.parametrize(
    ("script", "config"),
    [
        ("wrangler deploy", "wrangler.toml"), ("wrangler deploy --cwd apps/a", "apps/a/wrangler.toml"),
        ("wrangler deploy -c apps/a/wrangler.toml", "apps/a/wrangler.toml"), ("wrangler deploy -c x.toml", None),
        ("wrangler deploy -c $X", None), ("cd $X && wrangler deploy", None), ("cd apps && wrangler deploy", None),
    ],
)
def test_the_config_of_a_command(tmp_path: Path, script: str, config: str | None) -> None:
    made = load(tmp_path, f"a:\n  steps:\n    - run: {script}", {"wrangler.toml": TOML, "apps/a/wrangler.toml": TOML})
    ((found,),) = [job_commands(made, workflow) for workflow in workflow_files.workflows(made)]
    (command,) = found.commands
    place = config_of(made, command)
    assert (place.path if place is not None else None) == config


def test_folders_of_jobs_and_workflows(tmp_path: Path) -> None:
    text = """\
on: push
defaults: { run: { working-directory: top } }
jobs:
  a:
    steps: [{ run: wrangler deploy }, { run: wrangler deploy, working-directory: own }]
  b:
    defaults: { run: { working-directory: "${{ x }}" } }
    steps: [{ run: wrangler deploy }]
  c:
    steps: [{ uses: actions/checkout@v4, with: { path: x } }, { run: wrangler deploy },
            { uses: cloudflare/wrangler-action@v3 }]
  d: text
  e: { steps: [text, { run: 5 }, { uses: x, run: { a: b } }] }
"""
    made = project(tmp_path, {PATH: text})
    (workflow,) = workflow_files.workflows(made)
    places = [[command.directory for command in found.commands] for found in job_commands(made, workflow)]
    assert places == [["top", "own"], [None], [None, None], []]
    assert workflow_files.workflows(made)[0] is workflow, "read once"
    assert job_commands(made, workflow) is job_commands(made, workflow)


@pytest.mark.parametrize(
    ("on", "branches"),
    [
        ("on: push", None), ("on: [push, pull_request]", None), ("on: pull_request", []), ("on: {push: }", None),
        ("on: {push: {branches: [a, b]}}", ["a", "b"]), ("on: {push: {branches: a}}", ["a"]),
        ("on: {push: {tags: [v1]}}", []), ("on: {push: {paths: [x]}}", None), ("name: x", []),
        ("on: {push: {branches-ignore: [x], tags: [v1]}}", None),
    ],
)
def test_branches(tmp_path: Path, on: str, branches: list[str] | None) -> None:
    (workflow,) = workflow_files.workflows(load(tmp_path, "a:\n  steps:\n    - run: wrangler x", on=on))
    assert workflow.branches() == branches


def test_workflows_that_are_none_are_noted(tmp_path: Path) -> None:
    folder = ".github/workflows"
    made = project(tmp_path, {f"{folder}/a.yml": "wrangler: [", f"{folder}/b.yml": "- wrangler",
                              f"{folder}/c.yml": "on: push # nothing of ours", f"{folder}/d.yml": "wrangler: 1"})
    (tmp_path / folder / "e.yml").write_bytes(b"\xff wrangler")
    made = Project.load(tmp_path, made.settings)
    assert [workflow.path for workflow in workflow_files.workflows(made)] == [f"{folder}/d.yml"]
    assert {note.path for note in made.notes if "workflow" in note.reason} == {
        f"{folder}/{name}.yml" for name in ("a", "b", "e")
    }


# Versions


def unpinned(root: Path, steps: str, files: dict[str, str] | None = None, more: str = "") -> list[tuple[str, str]]:
    text = "".join(f"    {line}\n" for line in steps.strip("\n").splitlines())
    made = load(root, f"deploy:\n  runs-on: x\n{more}  steps:\n{text}", files)
    (workflow,) = workflow_files.workflows(made)
    (found,) = job_commands(made, workflow)
    return [(place.how, place.version) for place in workflow_versions.unpinned(made, found)]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("- run: npx wrangler@latest deploy", [("tag", "latest")]),
        ("- run: npx wrangler@beta deploy", [("tag", "beta")]),
        ("- run: npx wrangler@4 deploy", []),
        ("- run: npx wrangler@^4.1 deploy", []),
        ("- run: npx wrangler@$V deploy", []),
        ("- run: npx wrangler deploy && npx wrangler tail", [("npx", "")]),
        ("- run: pnpm dlx wrangler deploy", [("npx", "")]),
        ("- run: wrangler deploy", []),
        ("- run: npm i -g wrangler\n- run: npx wrangler deploy", [("install", "")]),
        ("- run: npm i -g typescript wrangler@latest", [("tag", "latest")]),
        ("- run: yarn global add wrangler@4.1.0\n- run: npx wrangler deploy", []),
        ("- uses: cloudflare/wrangler-action@v4", [("action", "v4")]),
        ("- uses: cloudflare/wrangler-action@v4\n  with: {wranglerVersion: latest}", [("tag", "latest")]),
        ("- uses: cloudflare/wrangler-action@v4\n  with: {wranglerVersion: 4}", []),
        ("- uses: cloudflare/wrangler-action@main", [("action", "main")]),
        ("- uses: cloudflare/wrangler-action", [("action", "")]),
        ("- uses: cloudflare/wrangler-action@v3", []),
        ("- uses: cloudflare/wrangler-action@v3.14.1", []),
        ("- uses: cloudflare/wrangler-action@0123456789012345678901234567890123456789", []),
        ("- uses: ./.github/actions/setup\n- run: npx wrangler deploy", []),
        ("- run: cd $X && npx wrangler deploy", [("npx", "")]),
    ],
)
def test_which_wrangler(tmp_path: Path, steps: str, expected: list[tuple[str, str]]) -> None:
    assert unpinned(tmp_path, steps) == expected


def test_a_container_may_bring_wrangler(tmp_path: Path) -> None:
    assert unpinned(tmp_path, "- run: npx wrangler deploy", more="  container: image\n") == []


@pytest.mark.parametrize(
    ("root", "app", "expected"),
    [
        ({"devDependencies": {"wrangler": "4"}}, {}, []),
        ({}, {"devDependencies": {"wrangler": "4"}}, []),
        ({}, {"dependencies": {"@astrojs/cloudflare": "1"}}, []),
        ({"workspaces": ["*"]}, {}, []),
        ({}, {}, [("npx", "")]),
    ],
)
def test_which_package_brings_wrangler(
    tmp_path: Path, root: dict[str, object], app: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    files = {
        "package.json": json.dumps(root), "app/package.json": json.dumps(app),
        "other/package.json": '{"dependencies": {"wrangler": "4"}}',
    }
    assert unpinned(tmp_path, "- run: npx wrangler deploy\n  working-directory: app", files) == expected


# Tokens

OLD, NEW = "Hs3Tn8Yc5Wq1Zk7Bv2Mx_Hs3Tn8Yc5Wq1Zk7Bv2M", "cfat_Hs3Tn8Yc5Wq1Zk7Bv2MxLp9Gd4Rf6Jt0Na8Ue3Io5Yw2Qs"


@pytest.mark.parametrize(
    ("step", "name"),
    [
        (f"- env: {{CLOUDFLARE_API_TOKEN: {OLD}}}", "CLOUDFLARE_API_TOKEN"),
        (f"- env: {{'CF_API_KEY': '{OLD}'}}", "CF_API_KEY"),
        (f"- env: {{ANY: {NEW}}}", "ANY"),
        (f"- uses: x\n  with: {{apiToken: {OLD}}}", "apiToken"),
        (f"- run: CLOUDFLARE_API_TOKEN='{OLD}' x", "CLOUDFLARE_API_TOKEN"),
        (f"- run: x --token {NEW}", "x"),
        (f"- env: {{CLOUDFLARE_ZONE_ID: {OLD}, CF_ACCOUNT_ID: {OLD}, CLOUDFLARE_SITE_KEY: {OLD}}}", None),
        ("- env: {CLOUDFLARE_API_TOKEN: your-token-here-1234567890}", None),
        ("- env: {CLOUDFLARE_API_TOKEN: '${{ secrets.X }}', B: 5, C: [d]}", None),
        (f"- env: {{CLOUDFLARE_API_TOKEN: '{OLD}${{{{ x }}}}'}}", None),
        ("- env: ${{ x }}", None),
        (f"- env: {{ANY: {OLD}}}", None),
        ("- env: {ANY: cfat_0000000000000000000000000000000000000000}", None),
        (f"- run: {NEW}", None),
    ],
)
def test_tokens(tmp_path: Path, step: str, name: str | None) -> None:
    (workflow,) = workflow_files.workflows(load(tmp_path, f"a:\n  env: {{N: wrangler}}\n  steps:\n    {step}".replace(
        "\n  with", "\n      with")))
    found = list(workflow_tokens.plain_tokens(workflow))
    assert [workflow.source.slice(token.span.start, token.span.end) for token in found] == ([name] if name else [])
    for token in found:
        assert OLD not in repr(token)
        assert NEW not in repr(token)


# Environments

ENVIRONMENTS = f'{TOML}[env.staging]\nname = "s"\n[env.prod]\nname = "p"\n'
CODE = {"src/index.ts": "export default { fetch() { return new Response() } };\n"}


def expected(
    root: Path, steps: str = "- run: wrangler deploy", on: str = "on: {push: {branches: [main]}}", more: str = "",
    files: dict[str, str] | None = None,
) -> list[str | None]:
    """The environments that the deploys are said to be for."""
    text = "".join(f"    {line}\n" for line in steps.strip("\n").splitlines())
    made = load(root, f"a:\n{more}  steps:\n{text}", {"wrangler.toml": ENVIRONMENTS, **CODE, **(files or {})}, on)
    return [item.expected.name for item in workflow_deploys.unnamed_deploys(made)]


@pytest.mark.parametrize(
    ("on", "more", "names"),
    [
        ("on: {push: {branches: [main]}}", "", ["prod"]),
        ("on: {push: {branches: [staging]}}", "", ["staging"]),
        ("on: {push: {branches: [feature, develop]}}", "", []),
        ("on: push", "", []),
        ("on: pull_request", "", []),
        ("on: push", "  environment: Production\n", ["prod"]),
        ("on: push", "  environment: {name: staging, url: x}\n", ["staging"]),
        ("on: push", "  environment: ${{ x }}\n", []),
        ("on: {push: {branches: [main]}}", "  environment: ${{ x }}\n", []),
        ("on: push", "  if: github.ref == 'refs/heads/main'\n", ["prod"]),
        ("on: push", "  if: github.ref_name == 'staging'\n", ["staging"]),
        ("on: {push: {branches: [main]}}", "  if: github.ref != 'refs/heads/main'\n", []),
        ("on: {push: {branches: [main]}}", "  if: ${{ !cancelled() }}\n", []),
        ("on: {push: {branches: [main]}}", "  if: github.event_name == 'pull_request'\n", []),
        ("on: {push: {branches: [main]}}", "  if: github.event_name == 'push'\n", ["prod"]),
    ],
)
def test_what_says_which_environment_is_meant(tmp_path: Path, on: str, more: str, names: list[str]) -> None:
    assert expected(tmp_path, on=on, more=more) == names


@pytest.mark.parametrize(
    "steps",
    [
        "- run: wrangler deploy --env prod", "- run: wrangler deploy --env ''", "- run: wrangler deploy $ARGS",
        "- run: wrangler deploy --name x", "- run: wrangler deploy --dry-run", "- run: wrangler deploy -c other.toml",
        "- run: wrangler deploy\n  env: {CLOUDFLARE_ENV: prod}", "- run: cd $X && wrangler deploy",
        "- run: echo \"$TOML\" > wrangler.toml\n- run: wrangler deploy",
        "- run: |\n    sed -i s/a/b/ wrangler.toml\n    wrangler deploy",
        "- run: bash -c 'cp a wrangler.toml'\n- run: wrangler deploy",
        "- run: wrangler deploy\n- run: wrangler deploy -e production",
        "- run: wrangler deploy\n- run: wrangler deploy -e ${{ x }}",
    ],
)
def test_deploys_of_which_nothing_can_be_said(tmp_path: Path, steps: str) -> None:
    assert expected(tmp_path, steps) == []


@pytest.mark.parametrize(
    "steps",
    [
        "- run: wrangler deploy --config wrangler.toml", "- run: wrangler deploy -c ./wrangler.toml",
        "- run: wrangler deploy\n- run: rm wrangler.toml", "- run: npm ci\n- run: wrangler deploy",
        "- run: wrangler deploy\n- run: wrangler deploy -e staging",
    ],
)
def test_deploys_of_the_config_as_it_is(tmp_path: Path, steps: str) -> None:
    assert expected(tmp_path, steps) == ["prod"]


@pytest.mark.parametrize(
    "files",
    [
        {"package.json": '{"devDependencies": {"@cloudflare/vite-plugin": "1"}}'},
        {"wrangler.toml": f'{TOML}[env.production]\nname = "app"\n'},
        {"wrangler.toml": f"{ENVIRONMENTS}[["},
        {"wrangler.toml": TOML},
        {"wrangler.toml": 'name = "x"\npages_build_output_dir = "o"\n[env.production]\n'},
        {".wrangler/deploy/config.json": '{"configPath": "../../dist/wrangler.json"}'},
    ],
)
def test_configs_of_which_nothing_can_be_said(tmp_path: Path, files: dict[str, str]) -> None:
    assert expected(tmp_path, files=files) == []


def test_a_narrowed_project_speaks_of_one_file(tmp_path: Path) -> None:
    made = load(tmp_path, "a:\n  steps:\n    - run: wrangler deploy", {"wrangler.toml": ENVIRONMENTS, **CODE})
    assert len(list(workflow_deploys.jobs(made.focus(PATH)))) == 1
    assert list(workflow_deploys.jobs(made.focus("wrangler.toml"))) == []
