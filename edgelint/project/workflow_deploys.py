"""Which environment a deploy of a workflow is for, as far as the workflow itself says: by the branch that starts it, or
by the GitHub environment of its job."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from edgelint.project.project import Project
from edgelint.project.workflow_commands import JobCommands, WranglerCommand, config_of, job_commands
from edgelint.project.workflow_files import workflows
from edgelint.project.wrangler import Environment, WranglerConfig

_SAME = (
    frozenset(("production", "prod", "live", "main", "master", "release")),
    frozenset(("staging", "stage", "stg")),
    frozenset(("development", "develop", "dev")),
    frozenset(("preview", "previews")),
)
"""Names of branches and of environments that mean the same."""
_PRODUCTION = _SAME[0]
_BRANCH = re.compile(r"refs/heads/([\w./-]+)|(?:ref_name|head_ref|base_ref)\s*==\s*['\"]([\w./-]+)['\"]")
_CONFIG_NAME = re.compile(r"wrangler[\w.-]*\.(?:toml|jsonc?)")
_FLATTENS = ("@cloudflare/vite-plugin", "@opennextjs/cloudflare", "@astrojs/cloudflare", "nitropack", "nuxt", "nitro")
"""Builds that write the config to be deployed, for the environment that is chosen when they run:
https://developers.cloudflare.com/workers/vite-plugin/reference/cloudflare-environments/"""


class Unnamed(NamedTuple):
    """A deploy of the top level of ``config`` where ``expected``, one of its environments, is meant; ``why`` says what
    tells so."""

    command: WranglerCommand
    config: WranglerConfig
    expected: Environment
    why: str


def jobs(project: Project) -> Iterator[JobCommands]:
    """What every job of every workflow does with wrangler; of the file alone that ``project`` is narrowed to."""
    for workflow in workflows(project):
        if project.shows(workflow.path):
            for found in job_commands(project, workflow):
                if found.commands or found.installs:
                    yield found


def unnamed_deploys(project: Project) -> Iterator[Unnamed]:
    """Deploys that name no environment although their config has one for what they deploy."""
    for job in jobs(project):
        for command in job.commands:
            config = config_of(project, command)
            if config is None or not _names_none(job, command) or not _is_as_written(project, job, command, config):
                continue
            named = [place for place in config.environments[1:] if not _is_same_worker(config, place)]
            found = next(_expected(job, command, named), None)
            if found is not None and not _deployed_by_name(project, config, found[0]):
                yield Unnamed(command, config, *found)


def same(one: str, other: str) -> bool:
    """Whether two names of branches or environments mean the same."""
    one, other = one.lower(), other.lower()
    return one == other or any(one in names and other in names for names in _SAME)


def _is_same_worker(config: WranglerConfig, place: Environment) -> bool:
    """Whether an environment is deployed over the top level's Worker: by default its name has the environment's at its
    end."""
    name = place.get("name") if place.declares("name") else None
    return name is not None and name.text() == config.name


def _names_none(job: JobCommands, command: WranglerCommand) -> bool:
    """Whether a deploy surely names no environment, and no other Worker."""
    if not command.is_deploy or command.environment is not None or command.is_open or command.option("--name"):
        return False
    # Set for the job, for a step, or by a script for all that follow.
    return b"CLOUDFLARE_ENV" not in job.workflow.source.data


def _is_as_written(project: Project, job: JobCommands, command: WranglerCommand, config: WranglerConfig) -> bool:
    """Whether what wrangler deploys is the config in the repository: no step and no build makes another of it."""
    if config.broken or config.is_pages or project.discovered.generated:
        return False
    packages = list(project.packages.chain(config.path))
    if any(name in package.dependencies for package in packages for name in _FLATTENS):
        return False
    base = posixpath.basename(config.path)
    for step in job.job.steps:
        text = step.run.text() if step.run is not None else None
        for line in (text or "").splitlines():
            written = [name for name in _CONFIG_NAME.findall(line) if name == base]
            if written and not re.search(r"(?:--config|-c)[ =]", line):
                return False
        if step is command.step:
            break
    return True


def _expected(
    job: JobCommands, command: WranglerCommand, named: list[Environment]
) -> Iterator[tuple[Environment, str]]:
    """The environments that the deploy is for, with what says so, the surest first."""
    chosen = job.job.environment
    for place in named:
        if chosen is not None and same(chosen, place.name or ""):
            yield place, f"the job's environment is '{chosen}'"
    if chosen is not None and "$" in chosen:
        return
    conditions = " ".join(text for text in (job.job.condition, command.step.condition) if text)
    if "!=" in conditions or "!" in conditions.replace("!=", ""):
        return
    asked = [one or other for one, other in _BRANCH.findall(conditions)]
    branches = asked or ([] if "pull_request" in conditions else job.workflow.branches() or [])
    for branch in branches:
        for place in named:
            if same(branch, place.name or ""):
                yield place, f"a push to '{branch}' runs it"


def _deployed_by_name(project: Project, config: WranglerConfig, place: Environment) -> bool:
    """Whether another command deploys the environment by its name, or may: then the top level is for something else."""
    for workflow in workflows(project):
        for job in job_commands(project, workflow):
            for command in job.commands:
                word = command.environment
                if command.is_deploy and word is not None and config_of(project, command) in (config, None):
                    if word.open or same(word.text, place.name or ""):
                        return True
    return False


