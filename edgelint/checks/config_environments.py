"""config/: environments that are not there, and bindings that an environment lacks."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from edgelint.checks import check
from edgelint.checks._fixes_environments import declared_again
from edgelint.checks.config_values import is_local
from edgelint.diagnostics import Finding, Related, Severity
from edgelint.patterns import later
from edgelint.platform import bindings, config_keys
from edgelint.project.commands import Command, commands
from edgelint.project.env_guards import is_tested
from edgelint.project.project import EnvUse, Project, Worker
from edgelint.project.wrangler import NAMES, BindingDecl, Environment, WranglerConfig

_SECRET = later(r"SECRET|TOKEN|PASSW|KEY|CREDENTIAL|CLIENT_ID|DSN|_PWD", re.IGNORECASE)
_STAND_IN = later(r"^$|placeholder|^<|^\$|changeme|change_me|^x+$|^your|todo", re.IGNORECASE)
_NOT_A_RESOURCE = frozenset(("var", "secret", "version-metadata", "unsafe", "logfwdr"))


@check("config/missing-environment")
def missing_environment(project: Project) -> Iterator[Finding]:
    """Find commands that name an environment which the config does not define."""
    by_path = {config.path: config for config in project.all_configs}
    for command in commands(project):
        config = _config_of(command, by_path)
        if config is None or not command.environment or command.span is None or config.is_pages or config.broken:
            continue
        if config.environment(command.environment) is None and project.only in (None, command.path):
            named = [place.name for place in config.environments if place.name is not None]
            known = f"it defines {', '.join(named)}" if named else "it defines none"
            effect = "wrangler stops with an error" if named else "the environment is empty"
            yield Finding(
                command.span,
                f"{config.path} has no environment '{command.environment}' ({known}): {effect}",
                related=(Related(config.top.span, "the config of this command"),),
                severity=None if named else Severity.WARNING,
            )


def _config_of(command: Command, by_path: dict[str, WranglerConfig]) -> WranglerConfig | None:
    if command.config is not None:
        return by_path.get(command.config)
    names = (posixpath.join(command.directory, name) for name in NAMES)
    return next((by_path[path] for path in names if path in by_path), None)


@check("config/binding-missing-in-environment")
def binding_missing_in_environment(project: Project) -> Iterator[Finding]:
    """Find bindings that some environments have and others, which run the same code, have not."""
    workers = {worker.config.path: worker for worker in project.all_workers if worker.config is not None}
    for config in project.configs():
        if not config.broken and len(config.environments) > 1:
            yield from _missing(config, workers.get(config.path))


def _missing(config: WranglerConfig, worker: Worker | None) -> Iterator[Finding]:
    names: dict[str, BindingDecl] = {}
    for place in config.environments:
        for name, decls in place.bindings.items():
            names.setdefault(name, decls[0])
    base = any(d.kind not in _NOT_A_RESOURCE for decls in config.top.bindings.values() for d in decls)
    for name, decl in names.items():
        if decl.kind == "secret":
            continue
        having = [place for place in config.environments if name in place.bindings]
        lacking = [place for place in config.environments if name not in place.bindings]
        if not base and config.top in lacking:
            lacking.remove(config.top)  # nobody deploys a top level without any resource: it is what others inherit
        uses = used(worker, name)
        if worker is not None and uses:
            lacking = [place for place in lacking if worker.reaches(place.name, [use.file for use in uses])]
        if not lacking or (worker is not None and worker.entry is not None and not uses and not worker.dynamic_env):
            continue
        if not uses and config.top not in having:
            continue  # wrangler says so much of the other direction; of this one only code can tell
        if decl.kind == "var" and (not uses or config.top not in having or _is_set_elsewhere(decl)):
            continue
        yield _lack(config, decl, having, lacking, uses)


def _is_set_elsewhere(decl: BindingDecl) -> bool:
    """Whether a variable of the top level stands in for a secret that other environments have: by name or by value."""
    return _SECRET.search(decl.name) is not None or _STAND_IN.search(decl.value.text() or "x") is not None


def _lack(
    config: WranglerConfig, decl: BindingDecl, having: list[Environment], lacking: list[Environment], uses: list[EnvUse]
) -> Finding:
    """An error when code that nothing guards will meet the hole in an environment that gets deployed."""
    named = [place for place in lacking if place.name is not None and not is_local(place.name)]
    certain = decl.kind != "var" and having[0].name is None and named and any(use.verb for use in uses)
    who = _listed([place.label for place in lacking])
    has = "has" if len(lacking) == 1 else "have"
    related = [Related(place.span, "has no such binding") for place in lacking if place.name is not None][:3]
    if uses:
        related.append(Related(uses[0].span, "used here"))
    where = _listed([place.label for place in having])
    if decl.kind == "var":
        why = "vars are not inherited"
    elif config_keys.scope(decl.config_key) == "inheritable":
        why = f"`{decl.config_key}` is written again there, replaces the top level's whole, and names no such binding"
    else:
        why = f"bindings are not inherited, and only {where} declare{'s' if len(having) == 1 else ''}"
        why += f" {bindings.label(decl.kind)} of that name"
    return Finding(
        decl.span,
        f"{who} {has} no `{decl.name}`: {why}",
        related=tuple(related),
        help="Declare it again under every environment that runs this code.",
        fix=declared_again(config, decl, lacking),
        severity=Severity.ERROR if certain else Severity.WARNING,
    )  # fmt: skip


def used(worker: Worker | None, name: str) -> list[EnvUse]:
    """The places where code reads ``env.name`` without testing first whether it is there."""
    if worker is None:
        return []
    return [use for use in worker.env_uses if use.name == name and not is_tested(use)]


def _listed(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
