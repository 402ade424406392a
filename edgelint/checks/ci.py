"""ci/: GitHub workflows that deploy with wrangler."""

from __future__ import annotations

from collections.abc import Iterator

from edgelint.checks import check
from edgelint.diagnostics import Finding, Related, Severity
from edgelint.project.project import Project
from edgelint.project.workflow_commands import WranglerCommand, config_of
from edgelint.project.workflow_deploys import jobs, unnamed_deploys
from edgelint.project.workflow_files import workflows
from edgelint.project.workflow_tokens import plain_tokens
from edgelint.project.workflow_versions import unpinned


@check("ci/deploy-without-environment")
def deploy_without_environment(project: Project) -> Iterator[Finding]:
    """Find deploys that name no environment where the workflow says which one is meant."""
    for deploy in unnamed_deploys(project):
        name = deploy.expected.name
        yield Finding(
            deploy.command.span,
            f"`{deploy.command.shown}` names no environment: the top level of {deploy.config.path} goes live, not "
            f"'{name}', although {deploy.why}",
            related=(Related(deploy.expected.span, "the environment that is not deployed"),),
            help=f'Add `--env {name}`; `--env=""` says that the top level is meant.',
        )


@check("ci/migrations-after-deploy")
def migrations_after_deploy(project: Project) -> Iterator[Finding]:
    """Find migrations that are applied to a live database after the deploy of the code that needs them."""
    for job in jobs(project):
        before: list[WranglerCommand] = []
        for command in job.commands:
            if command.applies_migrations and (deploy := _needing(project, command, before)) is not None:
                yield Finding(
                    command.span,
                    "The code is live before its migrations are applied: until they are, and when one of them fails, "
                    "it runs on the old schema",
                    related=(Related(deploy.span, "the code goes live here"),),
                    help="Apply the migrations first; what only the old code needs is dropped by a later deploy.",
                )
            before.append(command)


def _needing(project: Project, migration: WranglerCommand, before: list[WranglerCommand]) -> WranglerCommand | None:
    """The deploy, among the commands ``before``, of the Worker whose migrations these are; None when some of them are
    applied before it."""
    theirs = [other for other in before if _same_target(project, migration, other)]
    first = next((other for other in theirs if other.is_deploy or other.applies_migrations), None)
    if first is None or first.applies_migrations:
        return None
    conditions = (first.step.condition, migration.step.condition)
    if "failure()" in (conditions[1] or "") or (None not in conditions and conditions[0] != conditions[1]):
        return None
    return first


def _same_target(project: Project, one: WranglerCommand, other: WranglerCommand) -> bool:
    config = config_of(project, one)
    environments = [word.text if word is not None else None for word in (one.environment, other.environment)]
    return config is not None and config is config_of(project, other) and environments[0] == environments[1]


@check("ci/unpinned-wrangler")
def unpinned_wrangler(project: Project) -> Iterator[Finding]:
    """Find workflows that run whichever wrangler is the newest on that day."""
    for job in jobs(project):
        for place in unpinned(project, job):
            message = {
                "tag": f"Each run takes the wrangler that is tagged '{place.version}' on that day",
                "npx": "No package.json here depends on wrangler: each run fetches the newest",
                "install": "Each run installs the wrangler that is the newest on that day",
                "action": f"Neither wranglerVersion nor a package.json here names a wrangler: wrangler-action@"
                f"{place.version} installs the one it was made with (v3: 3.90.0; v4: the newest 4)",
            }[place.how]
            old = place.how == "action" and place.version.startswith("v3")
            remedy = "Set wranglerVersion" if place.how == "action" else "Name a version"
            yield Finding(
                place.span, message, help=f"{remedy}, or add wrangler to devDependencies and commit the lock file.",
                severity=Severity.INFO if old else None,
            )  # fmt: skip


@check("ci/token-in-plain-text")
def token_in_plain_text(project: Project) -> Iterator[Finding]:
    """Find credentials that stand in a workflow as they are."""
    for workflow in workflows(project):
        for token in plain_tokens(workflow) if project.shows(workflow.path) else ():
            yield Finding(
                token.span,
                f"{token.name} holds {token.kind} as plain text: whoever can read the repository, or its history, can "
                "use it",
                help="Revoke it, make another, and read that from `${{ secrets.NAME }}`.",
            )
