"""config/: values that the platform refuses, and values that should not be there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from edgelint.checks import _fixes_cron, check
from edgelint.checks._fixes_config import without
from edgelint.checks._fixes_dates import date_fix, missing_date_fix
from edgelint.diagnostics import Edit, Finding, Fix, Related, Severity, Span
from edgelint.patterns import later
from edgelint.platform import bindings, compat
from edgelint.project.commands import commands
from edgelint.project.deployers import other_deployer
from edgelint.project.discovery import BUILD_OUTPUT, SOURCES
from edgelint.project.ignore import is_ignored
from edgelint.project.packages import split_specifier
from edgelint.project.project import Project
from edgelint.project.secret_values import secret_kind
from edgelint.project.wrangler import BindingDecl, Environment, WranglerConfig
from edgelint.syntax import cron
from edgelint.syntax.document import Entry, Value

_BUILT = frozenset(("build", "out", "output", "target", "bundle", "_worker.js", "node_modules", *BUILD_OUTPUT))
# A folder of tests ("integration-tests/"), a folder for one machine ("dev/"), or a word of the file's name.
_FOR_TESTS = later(
    r"(?:^|/)(?:[\w.]+[-_])*(?:e2e|tests?|testing|__tests__|conformance|fixtures?|mocks?|vitest)/|(?:^|/)(?:local|dev)/"
    r"|[._-](?:e2e|tests?|testing|conformance|fixtures?|mocks?|vitest|local|dev|development)(?=[._-])[^/]*$",
    re.IGNORECASE,
)
_LOCAL_NAME = later(
    r"(?:dev|development|local|localhost|tests?|testing|e2e|ci|vitest|playwright)(?:[-_].*)?", re.IGNORECASE
)
_TEMPLATE = later(r"\$\{|\{\{|^\$\w|^%\w+%?$|<%|^__\w+__$|^@@\w+@@$")
_DATE_FROM_BUILD = ("@cloudflare/vite-plugin", "nuxt", "nitro", "nitropack")


def is_local(environment: str | None) -> bool:
    """Whether an environment's name says that it is never deployed."""
    return environment is not None and _LOCAL_NAME.fullmatch(environment) is not None


def is_for_tests(path: str) -> bool:
    """Whether a config's path says that it is for tests or one machine: tests/wrangler.toml, wrangler.e2e.jsonc."""
    return _FOR_TESTS.search(path) is not None


def is_template(text: str) -> bool:
    """Whether another program puts something in the place of ``text`` before wrangler reads it: ``${KV_ID}``."""
    return _TEMPLATE.search(text) is not None


@check("config/main-not-found")
def main_not_found(project: Project) -> Iterator[Finding]:
    """Find an entry point that is not there, unless a build is to make it."""
    for config in project.configs():
        if config.broken or is_for_tests(config.path) or other_deployer(project, config) is not None:
            continue  # what a test pool runs need not have an entry
        for place in config.environments:
            entry = place.entry("main")
            main = entry.value.text() if entry is not None else None
            if entry is None or not main or is_template(main) or _has_build_command(place):
                continue
            path = config.relative(main)
            if project.graph.exists(path) or _comes_from_elsewhere(project, config, main, path):
                continue
            other = _other_extension(project, path)
            fix = None
            if other is not None:
                written = main[: len(main) - len(posixpath.splitext(main)[1])] + posixpath.splitext(other)[1]
                fix = Fix(f"Use {written}", (Edit(config.inner_span(entry.value), written),))
            yield Finding(
                config.inner_span(entry.value),
                f"there is no {path}: wrangler cannot bundle the Worker" + (f"; {other} is there" if other else ""),
                fix=fix,
            )


def _has_build_command(place: Environment) -> bool:
    build = place.get("build")
    command = build.get("command") if build is not None and build.kind == "object" else None
    return command is not None and bool(command.text())


def _is_made_by_script(project: Project, config: WranglerConfig, path: str) -> bool:
    """Whether a script of package.json names the file, other than in a wrangler command: as what it makes."""
    for package in project.packages.chain(config.path):
        scripts = package.data.get("scripts")
        name = path.removeprefix(f"{package.directory}/" if package.directory else "")
        for script in scripts.values() if isinstance(scripts, dict) else ():
            steps = re.split(r"&&|\|\||;", script) if isinstance(script, str) else []
            if any(name in step and not re.search(r"\bwrangler\b", step) for step in steps):
                return True
    return False


def _comes_from_elsewhere(project: Project, config: WranglerConfig, main: str, path: str) -> bool:
    """Whether ``main`` is outside the project, made by a build, or the name of a module of a package."""
    if path.startswith("../") or main.startswith(("@", "/")) or ":" in main:
        return True
    if any(part in _BUILT or part.startswith(".") for part in path.split("/")):
        return True
    package = split_specifier(main)[0]
    if any(package in found.dependencies for found in project.packages.chain(config.path)):
        return True
    return is_ignored(str(project.root), path) or _is_made_by_script(project, config, path)


def _other_extension(project: Project, path: str) -> str | None:
    stem = posixpath.splitext(path)[0]
    return next((stem + ext for ext in sorted(SOURCES, key=_likely) if project.graph.exists(stem + ext)), None)


def _likely(extension: str) -> int:
    order = (".ts", ".js", ".tsx", ".jsx", ".mjs", ".mts", ".py")
    return order.index(extension) if extension in order else len(order)


@check("config/secret-in-vars")
def secret_in_vars(project: Project) -> Iterator[Finding]:
    """Find secrets among plain variables. The value is never shown."""
    for config in project.configs():
        for decl in config.declarations():
            if decl.kind == "var":
                for name, value, span in _texts(config, decl):
                    kind = secret_kind(name, value)
                    if kind is not None and not (kind == "a secret" and _is_local_only(config, decl.environment)):
                        yield Finding(
                            span,
                            f"the value of `{name}` looks like {kind}: variables are plain text in the config, in its"
                            " history and on the dashboard",
                            help=f"Set it with `wrangler secret put {decl.name}`, take it out of the config, and have"
                            " it replaced where it was issued.",
                        )
            elif decl.kind == "hyperdrive":
                local = decl.value.entry("localConnectionString")
                text = local.value.text() if local is not None else None
                if local is not None and text and secret_kind("", text) is not None:
                    yield Finding(
                        config.span_of(local),
                        "this connection string holds the password of a database on another host, in plain text",
                        help="Give it in WRANGLER_HYPERDRIVE_LOCAL_CONNECTION_STRING_" + decl.name + " instead.",
                    )


def _is_local_only(config: WranglerConfig, environment: str | None) -> bool:
    return is_local(environment) or is_for_tests(config.path)


def _texts(config: WranglerConfig, decl: BindingDecl) -> Iterator[tuple[str, str, Span]]:
    """Every text of a variable, with the nearest name and where that stands: an object's texts go by their keys."""
    work: list[tuple[str, Value, Span]] = [(decl.name, decl.value, decl.span)]
    while work:
        name, value, span = work.pop(0)
        text = value.text()
        if text is not None:
            yield name, text, span
        work.extend((entry.key, entry.value, config.span_of(entry)) for entry in value.entries)
        work.extend((name, item, span) for item in value.items)


@check("config/placeholder-id")
def placeholder_id(project: Project) -> Iterator[Finding]:
    """Find resource ids that were never filled in."""
    for config in project.configs():
        if config.broken or is_for_tests(config.path) or other_deployer(project, config) is not None:
            continue
        for decl in config.declarations():
            kind = bindings.by_kind()[decl.kind]
            shape = _ID_SHAPES.get(decl.kind)
            value = decl.field(kind.resource) if kind.resource else None
            text = value.text() if value is not None else None
            if value is None or text is None or is_local(decl.environment) or is_template(text):
                continue
            if _is_replaced(project, text):
                continue
            if shape is not None and not shape.fullmatch(text) and not _LOCAL_ID.search(text):
                what = "not filled in" if _PLACEHOLDER.search(text) or not text else "not of the form that ids have"
                yield Finding(
                    config.inner_span(value) if text else config.span_of(value),
                    f"the {kind.resource} of `{decl.name}` is {what}: deploying fails, since {kind.label} has an id"
                    f" like {_ID_EXAMPLES[decl.kind]}",
                    help=f"Fill in the id, or leave {kind.resource} out: wrangler then makes the resource.",
                )
            elif not text.strip("0-") if shape is not None else _ANGLED.search(text):
                yield Finding(
                    config.inner_span(value),
                    f"the {kind.resource} of `{decl.name}` is a placeholder: no such resource exists",
                )


def _is_replaced(project: Project, text: str) -> bool:
    """Whether a script or a workflow names the placeholder: ``sed s/KV_ID_PLACEHOLDER/.../`` before the deploy."""
    if len(text) < _MIN_REPLACED or not re.fullmatch(r"[\w-]+", text):
        return False
    found = project.discovered
    plain = text.encode()
    word = re.compile(rb"(?<![\w-])" + re.escape(plain) + rb"(?![\w-])")
    scripts = (path for path in found.texts if path.endswith((".sh", "Makefile", "justfile")))
    paths = (*found.package_json, *found.workflows, *scripts)
    return any(data is not None and plain in data and word.search(data) for data in map(project.consult, paths))


_MIN_REPLACED = 6
_HEX = later(r"[0-9a-fA-F]{32}")
_UUID = later(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_ID_SHAPES = {"kv": _HEX, "d1": _UUID, "hyperdrive": re.compile(rf"{_HEX.pattern}|{_UUID.pattern}")}
_ID_EXAMPLES = {"kv": "0f2ac74b498b48028cb68387c421e279", "d1": "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
                "hyperdrive": "57b7076f58be42419276f058a8968187"}  # fmt: skip
_LOCAL_ID = later(r"(?:^|[-_])(?:dev|development|local|tests?|testing|e2e|ci)(?:$|[-_])", re.IGNORECASE)
_ANGLED = later(r"^<.*>$|^(?:your|my)[-_](?:bucket|queue|index|dataset|service)[-_](?:name|id)$|^YOUR_\w+$", re.I)
_PLACEHOLDER = later(
    r"your|placeholder|change|replace|todo|fixme|insert|fill|example|dummy|fake|x{3,}|<|>|\.\.\.|abc|def|123|^id$"
    r"|[-_]id$|none|null|tbd",
    re.IGNORECASE,
)


@check("config/invalid-compatibility-date")
def invalid_compatibility_date(project: Project) -> Iterator[Finding]:
    """Find compatibility dates that are malformed, in the future, or missing."""
    today = project.option("config/invalid-compatibility-date", "today") or None
    for config in project.configs():
        if config.broken:
            continue
        for place in config.environments:
            entry = place.entry("compatibility_date")
            message = _date_problem(entry.value, today) if entry is not None else None
            if entry is not None and message is not None:
                yield Finding(config.inner_span(entry.value), message, fix=date_fix(config, entry.value))
        missing = _without_date(project, config)
        if missing is not None:
            yield Finding(
                config.span_of(missing),
                "this Worker has no compatibility_date: wrangler refuses to deploy it",
                help=f'Add compatibility_date = "{compat.data()["release"]}".' if config.format == "toml" else
                f'Add "compatibility_date": "{compat.data()["release"]}".',
                fix=missing_date_fix(config, missing),
            )  # fmt: skip


def _date_problem(value: Value, today: str | None) -> str | None:
    if value.kind == "datetime":
        return "wrangler takes the date as text: put it in quotes"
    date = value.text()
    if date is not None and is_template(date):
        return None
    if date is None or not compat.is_well_formed(date):
        return "the runtime reads a compatibility date only as YYYY-MM-DD"
    latest = compat.latest_date(today)
    return f"{date} is in the future: the runtime refuses a date after today" if date > latest else None


def _without_date(project: Project, config: WranglerConfig) -> Entry | None:
    """Where to say that the date is missing: at ``main`` or ``assets``, when nothing else gives it."""
    main = config.root.entry("main") or config.root.entry("assets")
    if main is None or not main.value or config.is_pages or config.top.get("compatibility_date") is not None:
        return None
    if any(entry.key == "compatibility_date" for table in config.root.entries for entry in table.value.entries):
        return None  # a table has swallowed it, which config/misplaced-key says
    named = config.environments[1:]
    if named and all(place.declares("compatibility_date") for place in named):
        return None
    if any(package.dependencies & set(_DATE_FROM_BUILD) for package in project.packages.chain(config.path)):
        return None
    for command in commands(project):
        if command.directory == config.directory and re.search(r"--(?:compatibility-date|latest)\b", command.text):
            return None
    return main


@check("config/unknown-compatibility-flag")
def unknown_compatibility_flag(project: Project) -> Iterator[Finding]:
    """Find compatibility flags that the runtime refuses: unknown, repeated, or contradicting each other."""
    for config in project.configs():
        for place in config.environments if not config.broken else ():
            value = place.entry("compatibility_flags")
            if value is not None and value.value.kind == "array":
                yield from _flags(config, place, value.value)


def _flags(config: WranglerConfig, place: Environment, value: Value) -> Iterator[Finding]:
    known = compat.flags()
    seen: dict[str, tuple[str, Value]] = {}
    for item in value.items:
        name = (item.text() or "").removeprefix("experimental:")
        if not name or is_template(name):
            continue
        flag = known.get(name)
        if flag is None:
            yield _unknown_flag(config, item, name)
            continue
        if flag.experimental and not _is_local_only(config, place.name):
            yield Finding(
                config.inner_span(item), f"`{name}` is experimental: it works in local development only, and deploying"
                " with it is refused", severity=Severity.WARNING,
            )  # fmt: skip
        earlier = seen.get(flag.on) or (seen.get("nodejs_compat") if name == "nodejs_compat_v2" else None)
        if name == "nodejs_compat" and "nodejs_compat_v2" in seen:
            earlier = seen["nodejs_compat_v2"]
        if earlier is not None:
            twice = earlier[0] == name
            yield Finding(
                config.inner_span(item),
                f"`{name}` is given twice: the runtime refuses that" if twice else
                f"`{name}` and `{earlier[0]}` contradict each other: the Worker does not start",
                related=(Related(config.inner_span(earlier[1]), "the other flag"),),
                fix=Fix("Remove the second", without(config, item.start, item.end), True) if twice else None,
            )  # fmt: skip
        seen.setdefault(flag.on, (name, item))


def _unknown_flag(config: WranglerConfig, item: Value, name: str) -> Finding:
    from difflib import get_close_matches

    near = get_close_matches(name, sorted(compat.flags()), n=1, cutoff=0.75)
    span = config.inner_span(item)
    if not near:
        return Finding(
            span, f"no runtime up to {compat.data()['release']} knows the compatibility flag `{name}`",
            severity=Severity.WARNING,
        )  # fmt: skip
    return Finding(
        span,
        f"the runtime does not know the compatibility flag `{name}` and refuses to start; did you mean `{near[0]}`?",
        fix=Fix(f"Use {near[0]}", (Edit(span, near[0]),)),
    )  # fmt: skip


@check("config/invalid-cron")
def invalid_cron(project: Project) -> Iterator[Finding]:
    """Find cron expressions that Cloudflare refuses."""
    for config in project.configs():
        for place in config.environments if not config.broken else ():
            for item in (*crons(place), *_schedules(place)):
                text = item.text() or ""
                if is_template(text):
                    continue
                span = config.inner_span(item)
                exact = span.end - span.start == len(text.encode("utf-8"))
                for start, end, message in cron.problems(text):
                    here = span
                    if exact and end > start:
                        begin = span.start + len(text[:start].encode("utf-8"))
                        here = Span(config.path, begin, begin + len(text[start:end].encode("utf-8")))
                    yield Finding(here, message, fix=_cron_fix(here, text, start, end) if exact else None)


def _cron_fix(here: Span, text: str, start: int, end: int) -> Fix | None:
    whole = (start, end) == (0, len(text))
    meant = _fixes_cron.meant(text) if whole else _fixes_cron.meant_field(text, start, end)
    return None if meant is None else Fix(f"Write {meant[0]}", (Edit(here, meant[0]),), meant[1])


def crons(place: Environment) -> list[Value]:
    """The cron expressions written in one environment."""
    entry = place.entry("triggers")
    value = entry.value.get("crons") if entry is not None and entry.value.kind == "object" else None
    return [item for item in value.items if item.kind == "string"] if value is not None else []


def _schedules(place: Environment) -> list[Value]:
    """The cron expressions by which Workflows of one environment start."""
    flows = place.value.get("workflows") if place.value.kind == "object" else None
    found: list[Value] = []
    for flow in flows.items if flows is not None else ():
        value = flow.get("schedules") if flow.kind == "object" else None
        found += [] if value is None else [value] if value.kind == "string" else value.items
    return [item for item in found if item.kind == "string"]
