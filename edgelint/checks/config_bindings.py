"""config/: what the code uses against what the config declares."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from edgelint.checks import check
from edgelint.checks._fixes_config import without, without_table
from edgelint.checks.config_environments import used
from edgelint.checks.config_values import crons, is_for_tests
from edgelint.diagnostics import Confidence, Finding, Fix, Related, Severity, Span
from edgelint.patterns import later
from edgelint.platform import bindings
from edgelint.project.deployers import other_deployer
from edgelint.project.env_guards import is_tested
from edgelint.project.project import EnvUse, Project, SourceFile, Worker
from edgelint.project.routes import declares_bindings
from edgelint.project.wrangler import BindingDecl, Environment, WranglerConfig
from edgelint.syntax import tree
from edgelint.syntax.document import Value
from edgelint.syntax.tree import Assign, Cast

# Bindings that a framework reads by itself: Cloudflare's own or those of the adapters.
_IMPLICIT = later(
    r"ASSETS|SESSION|IMAGES|CACHE|NEXT_\w+|WORKER_SELF_REFERENCE|OAUTH_KV|MCP_OBJECT|__\w+|NITRO_\w+|NUXT_\w+|SELF|OAUTH_PROVIDER"
)
_READ_ENV = frozenset(("chanfana", "r2-explorer", "django-cf", "payload", "better-auth-cloudflare"))  # by fixed names
_UNTESTED = frozenset(("var", "secret", "unsafe", "assets", "logfwdr", "version-metadata", "wasm-module", "text-blob",
                       "data-blob"))  # fmt: skip
_OPEN_KINDS = frozenset(("service", "assets", "mtls-certificate", "vpc-services", "vpc-networks", "browser", "unsafe"))
_NO_FETCH = frozenset(("kv", "d1", "r2", "queue", "durable-object", "workflow", "analytics-engine", "vectorize"))
_TEXTS = frozenset(("var", "secret", "text-blob"))
_CONSTANT = later(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
_BASE_TYPE = later(r"(?:import\([^)]*\)\.|Cloudflare\.)?([A-Za-z_]\w*)\s*(?:<.*>)?", re.DOTALL)
_RUNTIME_NAMES = frozenset((
    "CF_PAGES", "CF_PAGES_URL", "CF_PAGES_BRANCH", "CF_PAGES_COMMIT_SHA", "CF_VERSION_METADATA",
))  # fmt: skip
_BUILD_NAMES = later(r"(?:NODE_ENV|MODE|DEV|PROD|SSR|BASE_URL|VITE_\w+|NEXT_PUBLIC_\w+|PUBLIC_\w+|NUXT_\w+)")


@check("config/duplicate-binding")
def duplicate_binding(project: Project) -> Iterator[Finding]:
    """Find names that two bindings of one environment share."""
    for config in project.configs():
        told: set[Span] = set()
        for place in config.environments if not config.broken else ():
            for name, decls in place.bindings.items():
                for decl in decls[1:]:
                    if decl.span not in told:
                        told.add(decl.span)
                        yield _duplicate(config, place, decls[0], decl)
                if name == "ASSETS" and config.is_pages and decls[0].span not in told:
                    told.add(decls[0].span)
                    yield Finding(decls[0].span, "Pages itself declares `ASSETS`: no other binding may have that name")


def _duplicate(config: WranglerConfig, place: Environment, first: BindingDecl, second: BindingDecl) -> Finding:
    keys = [bindings.by_key()[decl.config_key] for decl in (first, second)]
    if first.kind == second.kind == "var":
        effect = "the last value wins"
    elif all(key.in_duplicate_check for key in keys):
        effect = "wrangler refuses the config"
    else:
        effect = "wrangler drops one of them without a word"
    return Finding(
        second.span,
        f"`{second.name}` is already {bindings.label(first.kind)} in {place.label}: {effect}",
        related=(Related(first.span, "first declared here"),),
        fix=_without_one(config, first, second),
        severity=Severity.WARNING if first.kind == second.kind == "var" else None,
    )


def _without_one(config: WranglerConfig, first: BindingDecl, second: BindingDecl) -> Fix | None:
    """Take out one of two declarations: the second of two that are equal; of two variables the first, which is not
    read, though it may be the one that is meant."""
    equal = first.kind == second.kind and first.value.plain() == second.value.plain()
    if first.kind == second.kind == "var":
        entry = next((e for p in config.environments for v in (p.get("vars"),) if v is not None
                      for e in v.entries if e.value is first.value), None)  # fmt: skip
        if entry is None or (not equal and first.value.kind in ("object", "array")):
            return None
        return Fix("Remove the first, which is not read", without(config, entry.key_start, entry.value.end), equal)
    if not equal or first.environment != second.environment or first.config_key != second.config_key:
        return None
    value = second.value
    header = config.format == "toml" and config.source.data[value.start : value.start + 1] == b"["
    edits = without_table(config, value) if header else without(config, value.start, value.end)
    return Fix("Remove the second", edits, True) if edits is not None and value.kind == "object" else None


class _Missing:
    """A name that code reads and no environment declares, with all that is known of it."""

    def __init__(self, worker: Worker, config: WranglerConfig, name: str, uses: list[EnvUse]) -> None:
        self.worker = worker
        self.config = config
        self.name = name
        self.uses = uses
        self.entry = worker.entry.path if worker.entry is not None else None
        self.verbs = {use.verb for use in uses if use.verb}
        typed = worker.env_types.get(name)
        self.annotation = typed.annotation if typed is not None else None
        self.optional = typed is not None and (typed.optional or "undefined" in typed.annotation)

    @property
    def is_binding(self) -> bool:
        """Whether a use or the Env type says that it is a resource, not a text."""
        if any(bindings.kinds_of_verb(verb) or verb == "fetch" for verb in self.verbs):
            return True
        return self.name in self.worker.called_bindings or bool(type_kinds(self.annotation) - _TEXTS)

    @property
    def is_text(self) -> bool:
        """Whether nothing says that it is anything but a text: a library may put objects of its own into env."""
        if self.annotation is None:
            return True
        return bool(type_kinds(self.annotation) & _TEXTS) or re.match(r"\s*['\"`]", self.annotation) is not None


def _undeclared(project: Project) -> Iterator[_Missing]:
    for worker in project.workers:
        config = worker.config
        if config is None or config.broken or is_for_tests(config.path):
            continue  # a config for tests leaves out what the tests replace
        if other_deployer(project, config) is not None:
            continue
        if worker.entry is None and not config.is_pages:
            continue
        functions = posixpath.join(config.directory, "functions/")
        declared = {name for place in config.environments for name in place.bindings}
        declared.update(config.secret_names())
        by_name: dict[str, list[EnvUse]] = {}
        for use in worker.env_uses:
            if worker.entry is not None or use.file.path.startswith(functions):
                by_name.setdefault(use.name, []).append(use)
        shared = {file for other in project.all_workers if other is not worker for file in other.files}
        for name, uses in by_name.items():
            if name not in declared and any(use.file in shared for use in uses):
                uses = [use for use in uses if use.file not in shared or worker.runs(use)]
                if not uses:
                    continue
            if name in declared or name in _RUNTIME_NAMES or any(is_tested(use) for use in uses):
                continue  # a feature test anywhere says that the code can do without
            if any(_is_assigned(file, name) for file in worker.files):
                continue
            if project.only is None or uses[0].file.path == project.only:
                yield _Missing(worker, config, name, uses)


def _is_assigned(file: SourceFile, name: str) -> bool:
    """Whether code puts the name into env by itself: ``c.env.DATA = rows``."""
    members = file.index.members.get(name, ())
    return any(isinstance(node.parent, Assign) and node.parent.target is node for node in members)


@check("config/undeclared-binding")
def undeclared_binding(project: Project) -> Iterator[Finding]:
    """Find bindings that code uses and no environment of its config declares."""
    told: set[Span] = set()
    for missing in _undeclared(project):
        if not missing.is_binding or missing.optional or _is_given(project, missing):
            continue
        use = next((use for use in missing.uses if use.verb), missing.uses[0])
        if use.span in told or (use.trust == "name" and not use.verb):
            continue
        told.add(use.span)
        others = [
            other.path for other in project.all_configs
            if other is not missing.config and any(missing.name in place.bindings for place in other.environments)
            and other.main is not None and other.relative(other.main) == missing.entry
        ]  # fmt: skip
        also = f" (only {', '.join(others)} does)" if others else ""
        what = f"no global {missing.name} exists" if isinstance(use.node, tree.Name) else (
            f"env.{missing.name} is undefined here"
        )  # fmt: skip
        yield Finding(
            use.span,
            f"{missing.config.path} declares no `{missing.name}`{also}: {what}, and using it throws",
            related=_alone(missing) or (Related(missing.config.top.span, "the config of this Worker"),),
            severity=None if not others and use.trust in ("high", "import") and _is_own(project, missing, use) else
            Severity.WARNING,
        )


def _alone(missing: _Missing) -> tuple[Related, ...]:
    """Where the config declares the name in an object that wrangler wants a list of: ``[kv_namespaces]``."""
    for place in missing.config.environments:
        for key, kind in bindings.by_key().items():
            entry = place.entry(key)
            owner = entry.value.get(kind.inside) if entry is not None and kind.inside else entry and entry.value
            if kind.shape != "list" or not isinstance(owner, Value) or owner.kind != "object" or entry is None:
                continue
            named = owner.get(kind.name)
            if named is not None and named.text() == missing.name:
                what = "an object, where wrangler wants a list of them"
                if missing.config.format == "toml":
                    what += f": [[{f'{key}.{kind.inside}' if kind.inside else key}]]"
                return (Related(missing.config.span_of(entry), what),)
    return ()


def _is_own(project: Project, missing: _Missing, use: EnvUse) -> bool:
    """Whether the code is of the config's own package: a library has parts that not every Worker runs."""
    return project.packages.nearest(use.file.path) is project.packages.nearest(missing.config.path)


def _is_given(project: Project, missing: _Missing) -> bool:
    """Whether something other than the config declares the binding: Pages, a framework or its adapter."""
    if missing.name == "ASSETS":
        assets = any(place.get("assets") is not None for place in missing.config.environments)
        return missing.config.is_pages or not assets or declares_bindings(project.packages, missing.config.path)
    return bool(_IMPLICIT.fullmatch(missing.name)) and declares_bindings(project.packages, missing.config.path)


@check("config/undeclared-secret")
def undeclared_secret(project: Project) -> Iterator[Finding]:
    """Find texts that code reads from env and that nothing in the project names as a variable or a secret."""
    told: set[Span] = set()
    for missing in _undeclared(project):
        use = missing.uses[0]
        if missing.is_binding or not missing.is_text or missing.optional or use.span in told or use.trust == "name":
            continue
        if _IMPLICIT.fullmatch(missing.name) or not _is_written(use):
            continue
        if any(missing.worker.hands_to_tester(other) for other in missing.uses):
            continue
        if not _CONSTANT.fullmatch(missing.name) or _BUILD_NAMES.fullmatch(missing.name) or missing.config.is_pages:
            continue
        told.add(use.span)
        if _is_documented(project, missing):
            continue
        yield Finding(
            use.span,
            f"nothing declares `{missing.name}`: no vars, no secrets.required, no .dev.vars, so where it was never set"
            " it is undefined and no deploy says so",
            related=(Related(missing.config.top.span, "the config of this Worker"),),
            help=f'Name it under [secrets] as required = ["{missing.name}"], or in .dev.vars.example.',
            confidence=Confidence.MEDIUM,
        )


def _is_written(use: EnvUse) -> bool:
    """Whether the name stands in the code where it is read; a computed one is a search for what is there."""
    return use.file.source.slice(use.span.start, use.span.end).strip("\"'`") == use.name


def _is_documented(project: Project, missing: _Missing) -> bool:
    """Whether the config (its comments), a README, a manifest, a workflow or a generated type names it."""
    name = re.compile(rb"(?<![A-Za-z0-9_])" + missing.name.encode() + rb"(?![A-Za-z0-9_])")
    if any(name.search(config.source.data) for config in project.all_configs):
        return True
    typed = missing.worker.env_types.get(missing.name)
    if typed is not None and any(file.path == typed.span.path for file in missing.worker.declarations):
        return True  # `wrangler types` wrote it there, so a .dev.vars had it
    found = project.discovered
    for path in (*found.texts, *found.package_json, *found.workflows, *found.dotenv):
        data = project.consult(path)
        if data is not None and name.search(data):
            return True
    return False


@check("config/unused-binding")
def unused_binding(project: Project) -> Iterator[Finding]:
    """Find resources that are declared and that no code reaches."""
    for worker in project.workers:
        config = worker.config
        if config is None or config.broken or worker.entry is None or not worker.complete or worker.dynamic_env:
            continue
        if project.only not in (None, config.path) or worker.handlers is None:
            continue
        if any(package.dependencies & _READ_ENV for package in project.packages.chain(config.path)):
            continue
        read = {use.name for use in worker.env_uses}
        told: set[str] = set()
        for decl in config.declarations():
            if decl.kind in _UNTESTED or decl.name in read or decl.name in told or _IMPLICIT.fullmatch(decl.name):
                continue
            told.add(decl.name)
            if not _is_mentioned(project, worker, decl.name) and not _is_needed(worker, decl):
                yield Finding(
                    decl.span, f"no code that {config.main} reaches uses `{decl.name}`, {bindings.label(decl.kind)}",
                )  # fmt: skip


def _is_needed(worker: Worker, decl: BindingDecl) -> bool:
    """Whether the declaration counts without a use: a Workflow that starts by the clock, a Durable Object that is a
    container or is reached as ``ctx.exports.Room``."""
    if decl.kind == "workflow":
        return decl.field("schedules") is not None
    name = decl.text("class_name") if decl.kind == "durable-object" else None
    if name is None:
        return False
    for place in worker.config.environments if worker.config is not None else ():
        containers = place.get("containers")
        if containers is not None and any(_names_class(item, name) for item in containers.items):
            return True
    return any(
        isinstance(member.obj, tree.Member) and member.obj.name == "exports"
        for file in worker.files for member in file.index.members.get(name, ())
    )


def _names_class(container: Value, name: str) -> bool:
    found = container.get("class_name") if container.kind == "object" else None
    return found is not None and found.text() == name


def _is_mentioned(project: Project, worker: Worker, name: str) -> bool:
    """Whether the name stands anywhere in the worker's files: as a text, a key, or in a comment. A Python framework
    imports by text, so there every file beside the config counts."""
    word = re.compile(rb"(?<![A-Za-z0-9_])" + re.escape(name.encode()) + rb"(?![A-Za-z0-9_])")
    for file in worker.files:
        for match in word.finditer(file.source.data):
            if not any(typed.span.path == file.path and typed.span.start == match.start()
                       for typed in (worker.env_types.get(name),) if typed is not None):  # fmt: skip
                return True
    if worker.entry is not None and worker.entry.language == "python":
        for path in project.discovered.sources:
            if path.endswith(".py") and path.startswith(worker.directory):
                data = project.bytes_of(path)
                if data is not None and word.search(data):
                    return True
    return False


@check("config/kind-mismatch")
def kind_mismatch(project: Project) -> Iterator[Finding]:
    """Find bindings that code or the Env type takes for another kind than the config declares."""
    told: set[Span] = set()
    for worker in project.workers:
        config = worker.config
        if config is None or config.broken:
            continue
        declared: dict[str, list[BindingDecl]] = {}
        for decl in config.declarations():
            declared.setdefault(decl.name, []).append(decl)
        for name, decls in declared.items():
            for use in used(worker, name):
                if isinstance(use.node.parent, Cast):
                    continue  # whoever casts a binding says that the declared kind is not all
                if use.verb and use.span not in told and not any(_has_member(decl, use.verb) for decl in decls):
                    told.add(use.span)
                    yield _has_no(name, use.verb, use.span, decls)
        for finding in _handed_on(worker, declared):
            if finding.span not in told:
                told.add(finding.span)
                yield finding
        for name, decls in declared.items():
            typed = worker.env_types.get(name)
            if typed is None or typed.span in told or worker.entry is None:
                continue
            kinds = type_kinds(typed.annotation)
            if kinds and not any(_fits(decl, kinds) for decl in decls):
                told.add(typed.span)
                yield Finding(
                    typed.span,
                    f"the type says `{name}: {typed.annotation.strip()}`, the config declares"
                    f" {bindings.label(decls[0].kind)}",
                    related=(Related(decls[0].span, "declared here"),),
                    severity=Severity.WARNING,
                )


def _has_no(name: str, verb: str, span: Span, decls: list[BindingDecl]) -> Finding:
    return Finding(
        span,
        f"`{name}` is {bindings.label(decls[0].kind)}, which has no {verb}(): this throws",
        related=(Related(decls[0].span, "declared here"),),
    )


def _handed_on(worker: Worker, declared: dict[str, list[BindingDecl]]) -> Iterator[Finding]:
    """Methods that a binding does not have, called on it under another name: ``const { KV } = env``, a parameter."""
    for name, verb, node, file in worker.renamed_calls:
        decls = declared.get(name, [])
        if decls and _tells(verb) and not any(_has_member(decl, verb) for decl in decls):
            yield _has_no(name, verb, file.span(node), decls)


def _has_member(decl: BindingDecl, verb: str) -> bool:
    """Whether a binding of this kind may have the member; true whenever that is not certain."""
    kind = bindings.by_kind()[decl.kind]
    if decl.kind in _OPEN_KINDS:
        return True
    if decl.kind in ("var", "secret"):
        is_text = decl.kind == "secret" or decl.value.kind == "string"
        return not is_text or not _tells(verb)  # no member of a binding is a method of a text, too
    if verb == "fetch":
        return decl.kind not in _NO_FETCH
    return not kind.verbs or verb in kind.verbs or not _tells(verb)


def _tells(verb: str) -> bool:
    """Whether a method belongs to some kind of binding: what belongs to none may be newer than our data."""
    return verb == "fetch" or bool(bindings.kinds_of_verb(verb))


def type_kinds(annotation: str | None) -> frozenset[str]:
    """The kinds an Env member's type stands for; empty when it says nothing certain."""
    if annotation is None:
        return frozenset()
    parts = [part for raw in annotation.split("|") if (part := raw.strip()) not in ("undefined", "null", "")]
    if len(parts) != 1:
        return frozenset()
    match = _BASE_TYPE.fullmatch(parts[0])
    if match is None:
        return frozenset()
    if match.group(1) in ("string", "number", "boolean"):
        return _TEXTS
    return bindings.kinds_of_types().get(match.group(1), frozenset())


def _fits(decl: BindingDecl, kinds: frozenset[str]) -> bool:
    if decl.kind == "unsafe" or (decl.kind != "var" and not bindings.by_kind()[decl.kind].types):
        return True
    if decl.kind == "var" and decl.value.kind not in ("string", "number", "boolean"):
        return "var" in kinds or not kinds
    return decl.kind in kinds


@check("config/cron-without-handler")
def cron_without_handler(project: Project) -> Iterator[Finding]:
    """Find cron triggers of a Worker that has no scheduled handler."""
    for worker in project.workers:
        for config, place in _places_without(worker, "scheduled", project):
            if crons(place):
                entry = place.entry("triggers")
                value = entry.value.entry("crons") if entry is not None else None
                if value is not None:
                    yield Finding(
                        config.span_of(value),
                        f"{config.main} has no scheduled handler: every cron trigger of this Worker fails",
                        related=_entry(worker),
                    )


@check("config/consumer-without-handler")
def consumer_without_handler(project: Project) -> Iterator[Finding]:
    """Find queue consumers of a Worker that has no queue handler."""
    for worker in project.workers:
        for config, place in _places_without(worker, "queue", project):
            entry = place.entry("queues")
            consumers = entry.value.get("consumers") if entry is not None and entry.value.kind == "object" else None
            for item in consumers.items if consumers is not None else ():
                queue = item.get("queue") if item.kind == "object" else None
                kind = item.get("type") if item.kind == "object" else None
                if queue is not None and (kind is None or kind.text() == "worker"):
                    yield Finding(
                        config.inner_span(queue),
                        f"{config.main} has no queue handler: messages of this queue are retried, then lost",
                        related=_entry(worker),
                    )


def _places_without(worker: Worker, handler: str, project: Project) -> Iterator[tuple[WranglerConfig, Environment]]:
    """The environments of a worker whose code is known to lack a handler."""
    config = worker.config
    if config is None or config.broken or worker.entry is None or project.only not in (None, config.path):
        return
    handlers = worker.handlers
    if handlers is not None and handler not in handlers:
        for place in config.environments:
            if not place.declares("main") or place.name is None:
                yield config, place


def _entry(worker: Worker) -> tuple[Related, ...]:
    if worker.entry is None:
        return ()
    return (Related(Span(worker.entry.path, 0, 0), "the entry point"),)
