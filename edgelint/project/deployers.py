"""Whether something other than wrangler deploys the Worker of a config, and so declares its bindings."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from edgelint.patterns import later
from edgelint.project.commands import commands

if TYPE_CHECKING:
    from edgelint.project.project import Project
    from edgelint.project.wrangler import WranglerConfig

_WORKERS = later(
    rb"cloudflare_(?:worker|workers|pages)|cloudflare\.(?:Worker|Pages|Kv|D1|Bucket)|\balchemy\b", re.IGNORECASE
)
_INFRASTRUCTURE = later(
    r"tf|terraform|tofu|infra(?:structure)?|iac|ops|deploy(?:ment)?|modules?|env(?:ironment)?s?|prod(?:uction)?|staging|dev"
    r"|stacks?|cloudflare|pulumi",
    re.IGNORECASE,
)
_DEPLOYS = frozenset(("deploy", "publish", "versions"))


def other_deployer(project: Project, config: WranglerConfig) -> str | None:
    """The file by which Terraform, SST, Alchemy or Pulumi deploys the Worker of ``config``; None when wrangler does.

    Such a file is taken to deploy what lies beside and below it, or beside and below the folder of infrastructure that
    it stands in, unless a workflow deploys the config with wrangler (a script that could is in every template). What it
    declares is not read, so nothing can be said of bindings that the config lacks.
    """
    above = [path for path in project.discovered.deployers if _stands_above(path, config)]
    found = next((path for path in above if _deploys_workers(project, path)), None)
    if found is None or any(
        command.verb in _DEPLOYS and command.path.startswith(".github/") and "--dry-run" not in command.text
        and (command.config == config.path or (command.config is None and command.directory == config.directory))
        for command in commands(project)
    ):
        return None
    return found


def deployers(project: Project) -> list[str]:
    """The files by which other tools deploy Workers."""
    return [path for path in project.discovered.deployers if _deploys_workers(project, path)]


def _stands_above(path: str, config: WranglerConfig) -> bool:
    home = posixpath.dirname(path)
    while home and _INFRASTRUCTURE.fullmatch(posixpath.basename(home)):
        home = posixpath.dirname(home)
    return not home or config.path.startswith(f"{home}/")


def _deploys_workers(project: Project, path: str) -> bool:
    data = project.bytes_of(path)
    return data is not None and (_WORKERS.search(data) is not None or path.endswith("Pulumi.yaml"))
