"""Which tool deploys a Worker, and that it is said where nothing can be known of its bindings."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.deployers import deployers, other_deployer
from tests.projects import TOML, project

WORKER = "export default { async fetch() { return new Response(); } };"
TERRAFORM = 'resource "cloudflare_workers_script" "app" {}'


WORKFLOW = ".github/workflows/d.yml"
DEPLOY = "jobs:\n  a:\n    steps:\n      - run: wrangler deploy"


@pytest.mark.parametrize(("files", "found"), [
    ({"main.tf": TERRAFORM}, "main.tf"),
    ({"infra/terraform/main.tf": TERRAFORM}, "infra/terraform/main.tf"),
    ({"sst.config.ts": "new sst.cloudflare.Worker('a', {});"}, "sst.config.ts"),
    ({"Pulumi.yaml": "name: app"}, "Pulumi.yaml"),
    ({"main.tf": 'resource "aws_s3_bucket" "a" {}'}, None),
    ({"other/main.tf": TERRAFORM}, None),  # deploys what lies beside and below it
    ({"main.tf": TERRAFORM, "package.json": '{"scripts": {"deploy": "wrangler deploy"}}'}, "main.tf"),
    ({"main.tf": TERRAFORM, WORKFLOW: f"{DEPLOY}\n"}, None),
    ({"main.tf": TERRAFORM, WORKFLOW: f"{DEPLOY} --dry-run\n"}, "main.tf"),
])
def test_deployer(tmp_path: Path, files: dict[str, str], found: str | None) -> None:
    made = project(tmp_path, {"wrangler.toml": TOML, "src/index.ts": WORKER, **files})
    (config,) = made.all_configs
    assert other_deployer(made, config) == found
    said = [note.path for note in made.notes if note.reason == "deployed by another tool, whose bindings are not read"]
    assert said == ([] if found is None else ["wrangler.toml"])


def test_no_config_at_all(tmp_path: Path) -> None:
    made = project(tmp_path, {"alchemy.run.ts": "import alchemy from 'alchemy';", "src/index.ts": WORKER})
    assert deployers(made) == ["alchemy.run.ts"]
    assert "alchemy.run.ts" in [note.path for note in made.notes]


def test_a_config_that_wrangler_passes_over(tmp_path: Path) -> None:
    made = project(tmp_path, {
        "wrangler.json": '{"name": "root", "main": "index.js", "compatibility_date": "2025-09-01"}', "index.js": WORKER,
        "apps/a/wrangler.toml": TOML, "apps/a/src/index.ts": WORKER,
    })  # fmt: skip
    assert [note.path for note in made.notes if "another format above it" in note.reason] == ["apps/a/wrangler.toml"]


def test_a_config_that_is_no_object(tmp_path: Path) -> None:
    made = project(tmp_path, {"wrangler.json": "[]", "src/index.ts": WORKER})
    assert [(item.rule, item.message) for item in made.problems] == [
        ("syntax-error", "a wrangler config is an object: this is none"),
    ]
