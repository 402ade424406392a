"""Which wrangler a workflow runs, and whether anything in the repository says which version that is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.project.workflow_commands import JobCommands

if TYPE_CHECKING:
    from edgelint.diagnostics import Span
    from edgelint.project.project import Project

_NUMBER = re.compile(r"[\^~<>=v]*\d.*|.*\$.*")
_BRING_IT = frozenset((
    "wrangler", "@cloudflare/vite-plugin", "@cloudflare/vitest-pool-workers", "@cloudflare/next-on-pages",
    "@opennextjs/cloudflare", "@astrojs/cloudflare", "@sveltejs/adapter-cloudflare", "nitro-cloudflare-dev",
    "@react-router/cloudflare", "@remix-run/dev", "alchemy", "sst",
))  # fmt: skip
"""Packages that depend on wrangler, or have it as a peer, which npm installs: it is then in the lock file."""


class Unpinned(NamedTuple):
    """A place where no version of wrangler is chosen. ``how``: "tag" (a tag such as latest), "npx" (what npx fetches),
    "install" (a package manager) or "action"; ``version`` is the tag, or the version of the action."""

    span: Span
    how: str
    version: str


def unpinned(project: Project, job: JobCommands) -> Iterator[Unpinned]:
    """The first place of a job for each way in which it runs a wrangler that nothing pins."""
    for install in job.installs:
        if _is_tag(install.version):
            yield Unpinned(install.span, "tag", install.version or "")
        elif install.version is None and not depends(project, install.directory):
            yield Unpinned(install.span, "install", "")
    prepared = bool(job.installs) or job.job.value.get("container") is not None or any(
        step.uses is not None and step.uses.startswith("./") for step in job.job.steps
    )
    seen: set[str] = set()
    for command in job.commands:
        found = None
        if command.runner == "action":
            version = (command.step.uses or "").partition("@")[2]
            if _is_tag(command.version):
                found = Unpinned(command.tool, "tag", command.version or "")
            elif command.version is None and not prepared and not re.fullmatch(r"[0-9a-f]{40}", version):
                if not depends(project, command.directory):
                    found = Unpinned(command.tool, "action", version)
        elif _is_tag(command.version):
            found = Unpinned(command.tool, "tag", command.version or "")
        elif command.version is None and command.runner == "dlx":
            found = Unpinned(command.tool, "npx", "")
        elif command.version is None and command.runner == "npx":
            if not prepared and not depends(project, command.directory):
                found = Unpinned(command.tool, "npx", "")
        if found is not None and found.how not in seen:
            seen.add(found.how)
            yield found


def depends(project: Project, directory: str | None) -> bool:
    """Whether a package.json that counts in ``directory`` (None: anywhere) brings wrangler."""
    packages = project.packages
    chain = list(packages.packages.values())
    if directory is not None:
        above = list(packages.chain(f"{directory}/x" if directory else "x"))
        # In a workspace the packages share what is installed at its root.
        if not any("workspaces" in package.data for package in above) and (directory or above):
            chain = above
    return any(not package.readable or package.dependencies & _BRING_IT for package in chain)


def _is_tag(version: str | None) -> bool:
    return version is not None and _NUMBER.fullmatch(version) is None
