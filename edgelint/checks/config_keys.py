"""config/: keys that stand in the wrong place, keys nobody knows, keys written twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from edgelint.checks import check
from edgelint.checks._fixes_config import lifted, without
from edgelint.diagnostics import Edit, Finding, Fix, Related, Severity, Span
from edgelint.platform import bindings, config_keys
from edgelint.project.config_schema import KnownKeys, binding_path, known_keys
from edgelint.project.project import Project
from edgelint.project.wrangler import Environment, WranglerConfig
from edgelint.syntax.document import Entry, Value, walk

_OPEN_MAPS = ("vars", "define", "alias")
_PLAIN_WORDS = frozenset(("main", "name", "route", "routes"))  # top-level keys of one word that nobody calls a variable
_AMBIGUOUS = frozenset(("account_id", "base_dir", "compliance_region"))  # good names for a variable, too
_NOTE = re.compile(r"[$/_#]")  # "$schema", "//": how JSON files carry what is no setting


class _Object(NamedTuple):
    """An object of a config whose fields are known. ``path`` is relative to its environment."""

    path: str
    value: Value
    strict: bool


@check("config/misplaced-key")
def misplaced_key(project: Project) -> Iterator[Finding]:
    """Find top-level keys that stand where they have no effect: mostly swallowed by the TOML table above them."""
    for config in project.configs():
        if not config.broken:
            known = known_keys(project.root, config.directory)
            for place in config.environments:
                yield from _top_only(config, place, known)
                for owner, entry in _strangers(place, known):
                    yield _swallowed(config, place, entry, f"`{owner}`")
                for name in _OPEN_MAPS:
                    yield from _in_map(config, place, name, known)
            yield from _taken_by_environment(config)


def _strangers(place: Environment, known: KnownKeys) -> Iterator[tuple[str, Entry]]:
    """Top-level keys inside objects that have no such field, with the object's path."""
    for owner in _objects(place):
        fields = known.fields(owner.path)
        if fields is not None:
            for entry in owner.value.entries:
                if entry.key not in fields and entry.key in known.top:
                    yield owner.path.removesuffix("[]"), entry


def _swallowed(config: WranglerConfig, place: Environment, entry: Entry, owner: str) -> Finding:
    if entry.table is None:
        return Finding(
            config.span_of(entry), f"`{entry.key}` has no meaning inside {owner}: wrangler knows it at the top level",
        )  # fmt: skip
    header = Span(config.path, *entry.table)
    text = config.source.slice(*entry.table)
    return Finding(
        config.span_of(entry),
        f"`{entry.key}` belongs to {text}: in TOML a table takes every key up to the next header, so wrangler does not"
        " see it at the top level",
        related=(Related(header, "the table that takes the key"),),
        help="Move it above the first [table] of the file.",
        fix=_moved(config, entry) if place.name is None else None,
    )


def _moved(config: WranglerConfig, entry: Entry) -> Fix | None:
    """Move a key to the top level. Unsafe: what had no effect has one from then on."""
    edits = lifted(config, entry) if config.root.entry(entry.key) is None else None
    return Fix(f"Move `{entry.key}` to the top level", edits) if edits is not None else None


def _top_only(config: WranglerConfig, place: Environment, known: KnownKeys) -> Iterator[Finding]:
    if place.name is None or place.value.kind != "object":
        return
    for entry in place.value.entries:
        if entry.key not in known.environment and entry.key in known.top:
            yield Finding(
                config.span_of(entry),
                f"`{entry.key}` counts at the top level only: in {place.label} wrangler ignores it",
                related=(Related(place.span, "the environment"),),
                severity=Severity.WARNING,
            )


def _in_map(config: WranglerConfig, place: Environment, name: str, known: KnownKeys) -> Iterator[Finding]:
    """A config key that became a variable: ``compatibility_date`` after ``[vars]``."""
    owner = place.value.get(name) if place.value.kind == "object" else None
    if owner is None or owner.kind != "object":
        return
    for entry in owner.entries:
        table = config_keys.keys().get(entry.key)
        if table is None or entry.key not in known.top or entry.key in _AMBIGUOUS or place.get(entry.key) is not None:
            continue
        if ("_" in entry.key or entry.key in _PLAIN_WORDS) and entry.value.kind == table.kind:
            yield _swallowed(config, place, entry, f"`{name}`")


def _taken_by_environment(config: WranglerConfig) -> Iterator[Finding]:
    """Bindings set apart from ``[env.X]`` by a blank line or a comment, yet its own, while the tables that follow are
    the top level's: in both places half of the bindings is missing.

    Only when no other place declares the key, and the environment repeats none of the bindings of the top level: an
    environment that is meant to hold its own bindings repeats them all, since they are not inherited.
    """
    if config.format != "toml":
        return
    own = [key for key in bindings.by_key() if key != "vars" and config_keys.scope(key) == "own"]
    for place in config.environments[1:]:
        for entry in place.value.entries:
            if entry.key not in own or entry.table is None or not _set_apart(config, entry):
                continue
            later = [key for key in own if (e := config.top.entry(key)) is not None and e.key_start > entry.key_start]
            declared = [key for key in own if config.top.declares(key)]
            elsewhere = any(other is not place and other.declares(entry.key) for other in config.environments)
            if later and not elsewhere and not any(place.declares(key) for key in declared):
                first = config.top.entry(later[0])
                assert first is not None
                header = config.source.slice(*entry.table)
                yield Finding(
                    config.span_of(entry),
                    f"`{entry.key}` belongs to {header}, the table above it: the top level has no such bindings, and"
                    f" {place.label} has none of the top level's",
                    related=(
                        Related(Span(config.path, *entry.table), "takes every key up to the next header"),
                        Related(config.span_of(first), "declared at the top level again"),
                    ),
                    help="Move it above the first [table], and declare every binding again in each environment.",
                    severity=Severity.WARNING,
                )


def _set_apart(config: WranglerConfig, entry: Entry) -> bool:
    """Whether a blank line or a comment stands between a key and what comes before it."""
    before = config.source.data[: entry.key_start].rstrip(b" \t")
    lines = before.replace(b"\r\n", b"\n").split(b"\n")
    return len(lines) > 2 and (not lines[-2].strip() or lines[-2].lstrip().startswith(b"#"))


@check("config/unknown-key")
def unknown_key(project: Project) -> Iterator[Finding]:
    """Find keys that wrangler does not know, with what was probably meant."""
    for config in project.configs():
        if config.broken:
            continue
        known = known_keys(project.root, config.directory)
        removed = config_keys.removed()
        for place in config.environments:
            allowed = known.top if place.name is None else known.environment
            for entry in place.value.entries:
                if entry.key in known.top or _NOTE.match(entry.key):
                    continue
                if entry.key in removed:
                    level, instead = removed[entry.key]
                    refused = level == "error" and not _has_older_wrangler(project, config)
                    verdict = "refuses to run with" if level == "error" else "no longer knows"
                    yield Finding(
                        config.span_of(entry), f"wrangler 4 {verdict} `{entry.key}`: {instead}",
                        severity=Severity.ERROR if refused else Severity.WARNING,
                    )  # fmt: skip
                else:
                    yield _unknown(config, place.value, entry, allowed, "", known)
            for owner in _objects(place):
                yield from _unknown_fields(config, owner, known)


def _has_older_wrangler(project: Project, config: WranglerConfig) -> bool:
    """Whether the nearest package.json that names wrangler asks for a major version before 4."""
    for package in project.packages.chain(config.path):
        for group in ("devDependencies", "dependencies"):
            versions = package.data.get(group)
            wanted = versions.get("wrangler") if isinstance(versions, dict) else None
            if isinstance(wanted, str):
                major = re.search(r"\d+", wanted)
                return major is not None and int(major.group()) < 4
    return False


def _unknown_fields(config: WranglerConfig, owner: _Object, known: KnownKeys) -> Iterator[Finding]:
    fields = known.fields(owner.path)
    if fields is None:
        return
    name = owner.path.removesuffix("[]")
    for entry in owner.value.entries:
        if entry.key in fields or entry.key in known.top or _NOTE.match(entry.key):
            continue
        instead = config_keys.removed_field(f"{name}.{entry.key}")
        if instead is not None:
            yield Finding(config.span_of(entry), f"wrangler no longer knows `{name}.{entry.key}`: {instead}")
        elif owner.strict or _nearest(entry.key, fields) is not None:
            yield _unknown(config, owner.value, entry, fields, f" in `{name}`", known)


def _unknown(
    config: WranglerConfig, owner: Value, entry: Entry, allowed: frozenset[str], where: str, known: KnownKeys
) -> Finding:
    nearest = _nearest(entry.key, allowed)
    span = config.span_of(entry)
    fix = None
    if nearest is not None and owner.entry(nearest) is None:  # a second key of that name would be none
        fix = Fix(f"Rename it to `{nearest}`", (Edit(span, nearest),))
    hint = f"; did you mean `{nearest}`?" if nearest is not None else ""
    return Finding(span, f"{known.origin} does not know `{entry.key}`{where} and ignores it{hint}", fix=fix)


def _nearest(key: str, allowed: frozenset[str]) -> str | None:
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).replace("-", "_").lower()
    if plain in allowed:
        return plain
    from difflib import get_close_matches

    near = get_close_matches(plain, sorted(allowed), n=1, cutoff=0.8)
    return near[0] if near else None


@check("config/duplicate-key")
def duplicate_key(project: Project) -> Iterator[Finding]:
    """Find keys written twice in one object of a JSON config: wrangler takes the last and says nothing."""
    for config in project.configs():
        if config.broken or config.format != "jsonc":
            continue
        names = {id(d.value) for d in config.declarations() if d.kind == "var"}
        for entry in config.document.duplicates:
            if id(entry.value) not in names and not _NOTE.match(entry.key):  # a variable twice is a binding twice
                yield Finding(
                    config.span_of(entry),
                    f"`{entry.key}` is written twice in this object: wrangler takes the last one and drops the others",
                    fix=_without_first(config, entry),
                )


def _without_first(config: WranglerConfig, entry: Entry) -> Fix | None:
    """Take out the key's entry before ``entry``, which has no effect. Of two lists or objects that differ both may be
    meant, so they are left; of two plain values the one that has no effect may be the one that is meant."""
    owner = next((v for v in walk(config.root) if any(e is entry for e in v.entries)), None)
    same = [e for e in owner.entries if e.key == entry.key and e.key_start < entry.key_start] if owner else []
    if not same:
        return None
    equal = same[-1].value.plain() == entry.value.plain()
    if not equal and {same[-1].value.kind, entry.value.kind} & {"object", "array"}:
        return None
    edits = without(config, same[-1].key_start, same[-1].value.end)
    return Fix("Remove the first, which is not read", edits, equal)


def _objects(place: Environment) -> Iterator[_Object]:
    """The objects of one environment whose fields are known: bindings first, then the other structures."""
    for kind in bindings.by_key().values():
        if kind.fields:
            path = binding_path(kind)
            for value in _at(place.value, path):
                yield _Object(path, value, kind.strict)
    for path in config_keys.structures():
        for value in _at(place.value, path):
            yield _Object(path, value, config_keys.warns(path))


def _at(value: Value, path: str) -> Iterator[Value]:
    """The objects at ``path`` ("queues.consumers[]") below ``value``."""
    found = [value]
    for step in path.split("."):
        name = step.removesuffix("[]")
        found = [inner for outer in found if outer.kind == "object" and (inner := outer.get(name)) is not None]
        if step.endswith("[]"):
            found = [item for inner in found for item in inner.items]
    yield from (inner for inner in found if inner.kind == "object")
