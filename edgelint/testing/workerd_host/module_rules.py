"""Files that are modules of their own: the config's ``rules``, and which imports and files they are for.

As wrangler does it: https://developers.cloudflare.com/workers/wrangler/bundling/
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host.bundle import Kind, Module
from edgelint.testing.workerd_host.esbuild import Answer, Asked, BuildError, Hooks, Lookup

if TYPE_CHECKING:
    from edgelint.testing.config import WorkerConfig

_KINDS: Final[Mapping[str, Kind]] = {
    "ESModule": "esModule",
    "CommonJS": "commonJsModule",
    "CompiledWasm": "wasm",
    "Data": "data",
    "Text": "text",
}
_SCRIPTS: Final = ("esModule", "commonJsModule")
"""What esbuild puts into the bundle itself, unless ``find_additional_modules`` keeps it apart."""
_HIDDEN: Final = ".wrangler"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: files that one of ``globs`` matches are modules of a kind."""

    type: str
    globs: tuple[str, ...]
    fallthrough: bool | None = None

    @property
    def kind(self) -> Kind:
        """The field of workerd's configuration for such a module."""
        return _KINDS[self.type]

    def __str__(self) -> str:
        return f"{self.type} {json.dumps(list(self.globs))}"


DEFAULTS: Final = (
    Rule("Text", ("**/*.txt", "**/*.html", "**/*.sql")),
    Rule("Data", ("**/*.bin",)),
    Rule("CompiledWasm", ("**/*.wasm", "**/*.wasm?module")),
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in effect, and those that are ``shadowed``: behind one of their type without ``fallthrough``."""

    rules: tuple[Rule, ...]
    shadowed: tuple[Rule, ...]
    warnings: tuple[str, ...]

    @classmethod
    def read(cls, written: Any) -> Rules:
        """The rules of a config, the defaults behind them. Raises EdgeUsageError for one that is none."""
        given = [_rule(each) for each in written or ()]
        last: dict[str, Rule] = {}
        kept, shadowed, warnings = [], [], []
        for rule in (*given, *DEFAULTS):
            before = last.get(rule.type)
            if before is None:
                kept.append(rule)
                if rule.fallthrough is not True:
                    last[rule.type] = rule
                continue
            shadowed.append(rule)
            if before.fallthrough is None:
                warnings.append(
                    f"the rule {before} has no fallthrough, so {rule} is not used: say `fallthrough = true` in it to "
                    "have both, or `false` to have no warning"
                )
        return cls(tuple(kept), tuple(shadowed), tuple(warnings))

    def of_file(self, name: str) -> Rule | None:
        """The rule for a file by its path from the module root, with "/"."""
        return next((rule for rule in self.rules if any(_walks(glob).search(name) for glob in rule.globs)), None)


def _rule(written: Any) -> Rule:
    kind: Any = written.get("type") if isinstance(written, dict) else None
    globs = written.get("globs") if isinstance(written, dict) else None
    if kind not in _KINDS or not isinstance(globs, list) or not all(isinstance(glob, str) for glob in globs):
        raise EdgeUsageError(f"'rules' of the config: {json.dumps(written)} is no module rule of a JavaScript worker")
    fallthrough = written.get("fallthrough")
    return Rule(kind, tuple(globs), fallthrough if isinstance(fallthrough, bool) else None)


def pattern(glob: str, *, paths: bool) -> str:
    """A glob as a regular expression, of Python and of Go alike. With ``paths`` a star stays in its folder and two
    stars cross folders; without it every star matches anything (how wrangler matches what is written in an import).
    No other character is special: "?" stands for itself, as in ``*.wasm?module``."""
    text = ""
    at = 0
    while at < len(glob):
        if glob[at] != "*":
            text += re.escape(glob[at])
            at += 1
            continue
        end = at
        while end < len(glob) and glob[end] == "*":
            end += 1
        alone = (at == 0 or glob[at - 1] == "/") and (end == len(glob) or glob[end] == "/")
        if not paths:
            text += ".*"
        elif end - at > 1 and alone:
            text += "(?:[^/]*(?:/|$))*"
            end += 1  # the slash is in it
        else:
            text += "[^/]*"
        at = end
    return f"^{text}$"


def _walks(glob: str) -> re.Pattern[str]:
    return re.compile(pattern(glob, paths=True))


def _names(rule: Rule) -> str:
    return "|".join(pattern(glob, paths=False) for glob in rule.globs)


@dataclass(slots=True)
class Collector:
    """Takes what rules are for out of a bundle: the import stays, of a module beside the main one. ``modules`` are
    those found in a build, ``files`` where they came from."""

    rules: Rules
    entry: Path
    service_worker: bool
    keep_names: bool
    apart: Mapping[Path, str]
    """Files that ``find_additional_modules`` keeps apart, with their names."""
    modules: dict[str, Module] = field(default_factory=dict)
    files: dict[Path, bytes] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def install(self, hooks: Hooks) -> None:
        """Have it asked by esbuild."""
        beside = [each.name for each in self.entry.parent.iterdir() if each.is_file() and each != self.entry]
        if beside:
            names = "|".join(re.escape(name) for name in sorted(beside))
            hooks.on_resolve(f"^(?:{names})$", self._legacy)
        for rule in self.rules.rules:
            if self.apart or rule.kind not in _SCRIPTS:
                hooks.on_resolve(_names(rule), lambda asked, rule=rule: self._import(asked, rule))  # type: ignore[misc]
                if self.service_worker:
                    hooks.on_load(".*", _global, f"edgelint-{rule.kind}")
        for rule in self.rules.shadowed:
            if rule.kind not in _SCRIPTS:
                hooks.on_resolve(_names(rule), lambda asked, rule=rule: self._shadowed(asked, rule))  # type: ignore[misc]

    def _import(self, asked: Asked, rule: Rule) -> Generator[Lookup, dict[str, Any], Answer]:
        if asked.marked or asked.kind == "entry-point":
            return None
        written = asked.path.partition("?")[0]
        name = self.apart.get(Path(asked.folder, written).resolve())
        if name is not None:
            return {"path": written, "external": True}
        if rule.kind in _SCRIPTS:
            return None
        found = yield Lookup(written, asked)
        if found["errors"]:
            return {"errors": found["errors"]}
        return self._take(Path(found["path"]), rule, written)

    def _legacy(self, asked: Asked) -> Answer:
        """``from "x.wasm"`` for the file beside the main one, as wrangler 1 had it."""
        rule = next((rule for rule in self.rules.rules if re.search(_names(rule), f"./{asked.path}")), None)
        if asked.marked or asked.kind not in ("import-statement", "require-call"):
            return None
        if rule is None or rule.kind in _SCRIPTS:
            return None
        self.warnings.append(f'"{asked.path}" is imported as a package and taken as "./{asked.path}": write that')
        return self._take(self.entry.parent / asked.path, rule, asked.path)

    def _take(self, path: Path, rule: Rule, written: str) -> Answer:
        try:
            content = path.read_bytes()
        except OSError as error:
            return {"errors": [{"text": f"{path}: {error.strerror}"}]}
        self.files[path] = content
        name = written if self.keep_names else f"{hashlib.sha1(content).hexdigest()}-{path.name}"
        if self.service_worker:
            name = re.sub(r"[^a-zA-Z0-9_$]", "_", name if self.keep_names else f"./{name}")
            self.modules[name] = Module(name, rule.kind, content)
            return {"path": name, "namespace": f"edgelint-{rule.kind}"}
        name = name.removeprefix("./")
        self.modules[name] = Module(name, rule.kind, content)
        return {"path": f"./{name}", "external": True}

    def _shadowed(self, asked: Asked, rule: Rule) -> Answer:
        if asked.marked:
            return None
        text = f'"{asked.path}" is for the module rule {rule}: an earlier rule of its type has no fallthrough = true'
        return {"errors": [{"text": text}]}


def _global(asked: Asked) -> Answer:
    """In a script there is no import: the module is a global of this name."""
    return {"contents": f"export default {asked.path};".encode(), "loader": "js"}


def additional(config: WorkerConfig, rules: Rules, entry: Path, root: Path) -> dict[Path, Module]:
    """The files under ``root`` that rules are for, and the modules that they are. Not the entry, not the config."""
    found: dict[Path, Module] = {}
    for path in _files(root, config.root / _HIDDEN):
        name = path.relative_to(root).as_posix()
        rule = rules.of_file(name)
        if rule is not None and path not in (entry, config.path):
            found[path] = Module(name, rule.kind, path.read_bytes())
    return found


def _files(folder: Path, hidden: Path) -> Iterator[Path]:
    entries: Sequence[Path] = sorted(folder.iterdir())
    for path in entries:
        if not path.is_dir():
            yield path
        elif path != hidden:
            yield from _files(path, hidden)


def refuse_script(entry: Path) -> BuildError:
    """What to say of ``find_additional_modules`` beside a script."""
    return BuildError(
        f"find_additional_modules needs an ES module, and {entry.name} has no default export: it is a script "
        "(addEventListener). Remove the key, or write `export default { ... }`"
    )
