"""[tool.edgelint] in pyproject.toml, or edgelint.toml: found, read and checked. A mistake stops the run.

Values are read with a TOML parser and checked as plain data; only when something is wrong is the file parsed again,
with positions, to say where.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from edgelint import registry, rulebook
from edgelint.diagnostics import Severity

FILES = ("edgelint.toml", "pyproject.toml")


class Problem(NamedTuple):
    """One mistake in a settings file; ``line`` and ``column`` from 1."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class SettingsError(Exception):
    """The settings cannot be used. ``problems`` says where and why, in the order of the file; never empty."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class Settings(NamedTuple):
    """What a run is told. Each field but two is a key of the settings file, with ``-`` for ``_``; see ``KEYS``.

    ``file`` is the settings file these came from, or None. ``base`` is the hash of the commit to compare migrations
    with, which only the command line gives.
    """

    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = {}
    exclude: tuple[str, ...] = ()
    extend_exclude: tuple[str, ...] = ()
    strict: bool = False
    env: str | None = None
    min_severity: Severity = Severity.INFO
    schema: Mapping[str, str] = {}
    rules: Mapping[str, Mapping[str, Any]] = {}
    file: Path | None = None
    base: str | None = None

    @property
    def excluded(self) -> tuple[str, ...]:
        """All patterns of what is not read."""
        return (*self.exclude, *self.extend_exclude)

    def option(self, rule: str, name: str) -> Any:
        """The value of a rule's option: the user's, or the default in the rule's document. Raises ``KeyError``."""
        given = self.rules.get(rule)
        if given is not None and name in given:
            return given[name]
        return rulebook.rule(rule).options[name]

    def selected(self) -> tuple[str, ...]:
        """The ids of the rules to run, sorted."""
        return registry.selected(self.select, self.extend_select, self.ignore, strict=self.strict)

    def override(
        self, *, select: Sequence[str] = (), extend_select: Sequence[str] = (), ignore: Sequence[str] = (),
        strict: bool | None = None, env: str | None = None, min_severity: Severity | None = None,
    ) -> Settings:
        """These settings with what the command line says on top.

        ``select`` starts afresh: what the file selects and ignores no longer counts. ``extend_select`` takes an id back
        from the file's ``ignore``. Raises ``registry.UnknownSelector``.
        """
        for selector in (*select, *extend_select):
            registry.expand(selector)
        for selector in ignore:
            registry.expand_ignore(selector)
        kept = () if select else tuple(item for item in self.ignore if item not in extend_select)
        return self._replace(
            select=tuple(select) or self.select,
            extend_select=(*(() if select else self.extend_select), *extend_select),
            ignore=(*kept, *ignore),
            strict=self.strict if strict is None else strict,
            env=self.env if env is None else env,
            min_severity=self.min_severity if min_severity is None else min_severity,
        )

    def as_dict(self) -> dict[str, Any]:
        """The settings under the names of the settings file, as plain data."""
        plain: dict[str, Any] = {}
        for key in KEYS:
            value = getattr(self, key.replace("-", "_"))
            if isinstance(value, Mapping):
                value = {name: list(part) if isinstance(part, tuple) else dict(part) for name, part in value.items()}
            elif isinstance(value, Severity):
                value = value.value
            plain[key] = list(value) if isinstance(value, tuple) else value
        return plain

    def canonical(self) -> str:
        """The same text for the same settings: part of the cache key."""
        return json.dumps([self.as_dict(), self.base], sort_keys=True)


class Key(NamedTuple):
    """A key of the settings file: how its value is checked, and what it is for."""

    kind: str
    doc: str


KEYS: dict[str, Key] = {
    "select": Key(
        "selectors", "Rules to run: ids, globs such as \"kv/*\", or \"ALL\". Without it, the default profile."
    ),
    "extend-select": Key("selectors", "Rules to run besides those of `select`."),
    "ignore": Key("ignores", "Rules not to run. The more specific selector wins: an id over a glob over \"ALL\"."),
    "per-file-ignores": Key(
        "per-file",
        "Rules not to report in files that match a pattern, written as in .gitignore; a leading `!` inverts it.",
    ),
    "exclude": Key("globs", "Files and folders not to check, written as in .gitignore."),
    "extend-exclude": Key("globs", "More of `exclude`."),
    "strict": Key("boolean", "Run the rules of the strict profile too."),
    "env": Key("string", "Check this wrangler environment only."),
    "min-severity": Key("severity", "Leave out what is less severe: error, warning or info."),
    "schema": Key(
        "files",
        "The .sql file that tells a database's schema, by binding or database name, in place of its migrations.",
    ),
    "rules": Key("rules", "Options of single rules, by rule id."),
}


# Where the settings are


def find_root(paths: Sequence[Path], *, ignore_settings: bool = False) -> Path:
    """The project root for ``paths``: what is read, and what reported paths are relative to.

    The nearest folder upward that holds settings; else the nearest with a wrangler config or a package.json, or the
    workspace around it; else the folder that holds all ``paths``. Nothing above the folder with ``.git`` is looked at.
    ``ignore_settings`` when the settings file was given by name.
    """
    from os.path import commonpath

    resolved = [path.resolve() for path in paths] or [Path.cwd()]
    start = Path(commonpath([path if path.is_dir() else path.parent for path in resolved]))
    upward = _upward(start)
    if not ignore_settings:
        for folder in upward:
            if settings_file(folder) is not None:
                return folder
    app = next((at for at, folder in enumerate(upward) if _is_app(folder)), None)
    if app is None:
        here = Path.cwd().resolve()
        files = all(not path.is_dir() for path in resolved)
        return here if files and start.is_relative_to(here) else start
    workspace = next((folder for folder in upward[app:] if _is_workspace(folder)), None)
    return workspace or upward[app]


def _upward(start: Path) -> list[Path]:
    folders = []
    for folder in (start, *start.parents):
        folders.append(folder)
        if (folder / ".git").exists():
            break
    return folders


def _is_app(folder: Path) -> bool:
    names = ("wrangler.jsonc", "wrangler.json", "wrangler.toml", "package.json")
    return any((folder / name).is_file() for name in names)


def _is_workspace(folder: Path) -> bool:
    return b'"workspaces"' in _bytes(folder / "package.json") or (folder / "pnpm-workspace.yaml").is_file()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.is_file() else b""
    except OSError:
        return b""


def settings_file(folder: Path) -> Path | None:
    """The settings file of ``folder``: edgelint.toml, or a pyproject.toml with a [tool.edgelint] table."""
    own = folder / FILES[0]
    if own.is_file():
        return own
    shared = folder / FILES[1]
    data = _bytes(shared)
    if b"edgelint" not in data:
        return None
    try:
        return shared if "edgelint" in _tables(_toml(data)) else None
    except ValueError:
        # A broken file that seems to hold our table is ours to complain about.
        return shared if b"tool.edgelint" in data.replace(b" ", b"") else None


def _toml(data: bytes) -> dict[str, Any]:
    """Parsed TOML. Raises ``ValueError`` (a Unicode or a TOML error)."""
    import tomli  # not tomllib: the standard library's reads TOML 1.0 only

    return tomli.loads(data.decode("utf-8-sig"))


def _tables(data: dict[str, Any]) -> dict[str, Any]:
    tool = data.get("tool")
    return tool if isinstance(tool, dict) else {}


# Reading them


def load(root: Path, config: Path | None = None) -> Settings:
    """The settings of ``root``, or those in the file ``config``. Raises ``SettingsError``."""
    file = config if config is not None else settings_file(root)
    if file is None:
        return Settings()
    shown = str(file)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise SettingsError([Problem(shown, 1, 1, f"the settings cannot be read: {error.strerror}")]) from None
    try:
        table: Any = _toml(data)
    except ValueError:
        raise SettingsError([_syntax_problem(shown, data)]) from None
    prefix: tuple[str | int, ...] = ()
    if file.name == FILES[1]:
        prefix = ("tool", "edgelint")
        table = _tables(table).get("edgelint", {})
    reader = _Reader()
    values = reader.settings(table)
    if reader.mistakes:
        raise SettingsError(_located(shown, data, prefix, reader.mistakes))
    return Settings(**values, file=file)


class _Mistake(NamedTuple):
    """Where: the keys down to the value; ``on_key`` when the key is wrong, not its value."""

    where: tuple[str | int, ...]
    message: str
    on_key: bool = False


class _Reader:
    """Plain data to field values; what is wrong goes to ``mistakes``."""

    def __init__(self) -> None:
        self.mistakes: list[_Mistake] = []
        self._kinds: dict[str, Callable[[tuple[str | int, ...], Any], Any]] = {
            "selectors": lambda where, value: self._selectors(where, value, registry.expand),
            "ignores": lambda where, value: self._selectors(where, value, registry.expand_ignore),
            "globs": self._strings,
            "boolean": lambda where, value: self._typed(where, value, bool, "true or false"),
            "string": lambda where, value: self._typed(where, value, str, "a string"),
            "severity": self._severity,
            "per-file": self._per_file,
            "files": self._files,
            "rules": self._rules,
        }

    def settings(self, table: Any) -> dict[str, Any]:
        if not isinstance(table, dict):
            self._wrong((), "the settings must be a table")
            return {}
        values = {}
        for key, value in table.items():
            if key not in KEYS:
                self._unknown((key,), "key", key, KEYS)
            else:
                values[key.replace("-", "_")] = self._kinds[KEYS[key].kind]((key,), value)
        return values

    def _wrong(self, where: tuple[str | int, ...], message: str) -> None:
        self.mistakes.append(_Mistake(where, message))

    def _unknown(self, where: tuple[str | int, ...], what: str, name: str, among: Mapping[str, Any]) -> None:
        meant = registry.closest(name, among)
        hint = f"; did you mean '{meant}'?" if meant else f"; there are {', '.join(sorted(among))}" if among else ""
        self.mistakes.append(_Mistake(where, f"unknown {what} '{name}'{hint}", on_key=True))

    def _typed(self, where: tuple[str | int, ...], value: Any, kind: type, wanted: str) -> Any:
        if type(value) is not kind:
            self._wrong(where, f"'{where[-1]}' must be {wanted}, not {_describe(value)}")
        return value

    def _strings(self, where: tuple[str | int, ...], value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            self._wrong(where, f"'{where[-1]}' must be a list of strings, not {_describe(value)}")
            return ()
        for at, item in enumerate(value):
            if not isinstance(item, str) or not item:
                self._wrong((*where, at), f"'{where[-1]}' must hold strings that are not empty, not {_describe(item)}")
        return tuple(item for item in value if isinstance(item, str))

    def _selectors(
        self, where: tuple[str | int, ...], value: Any, expand: Callable[[str], tuple[str, ...]]
    ) -> tuple[str, ...]:
        found = self._strings(where, value)
        for at, item in enumerate(value if isinstance(value, list) else ()):
            if isinstance(item, str) and item:
                try:
                    expand(item)
                except registry.UnknownSelector as error:
                    self._wrong((*where, at), str(error))
        return found

    def _severity(self, where: tuple[str | int, ...], value: Any) -> Severity:
        try:
            return Severity(value)
        except ValueError:
            self._wrong(where, f"'{where[-1]}' must be one of {', '.join(item.value for item in Severity)}")
            return Severity.INFO

    def _per_file(self, where: tuple[str | int, ...], value: Any) -> dict[str, tuple[str, ...]]:
        if not isinstance(value, dict):
            self._wrong(where, f"'{where[-1]}' must be a table of patterns and lists of rules, not {_describe(value)}")
            return {}
        return {key: self._selectors((*where, key), item, registry.expand_ignore) for key, item in value.items()}

    def _files(self, where: tuple[str | int, ...], value: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            self._wrong(where, f"'{where[-1]}' must be a table of names and files, not {_describe(value)}")
            return {}
        for key, item in value.items():
            if not isinstance(item, str) or not item:
                self._wrong((*where, key), f"'{key}' must be the path of a file, not {_describe(item)}")
            elif item.startswith("/") or ".." in item.replace("\\", "/").split("/"):
                self._wrong((*where, key), f"'{item}' leads out of the project")
        return {key: item for key, item in value.items() if isinstance(item, str)}

    def _rules(self, where: tuple[str | int, ...], value: Any) -> dict[str, dict[str, Any]]:
        if not isinstance(value, dict):
            self._wrong(where, f"'{where[-1]}' must be a table of rules, not {_describe(value)}")
            return {}
        for id, options in value.items():
            if id not in rulebook.ids():
                self._unknown((*where, id), "rule", id, dict.fromkeys(rulebook.ids()))
                continue
            if not isinstance(options, dict):
                self._wrong((*where, id), f"'{id}' must be a table of options, not {_describe(options)}")
                continue
            defaults = rulebook.rule(id).options
            for name, given in options.items():
                if name not in defaults:
                    self._unknown((*where, id, name), f"option of {id}", name, defaults)
                elif isinstance(defaults[name], list):
                    self._strings((*where, id, name), given)
                elif isinstance(defaults[name], float) and type(given) is int:
                    continue
                else:
                    self._typed((*where, id, name), given, type(defaults[name]), _WANTED[type(defaults[name])])
        return {id: dict(options) for id, options in value.items() if isinstance(options, dict)}


_WANTED: dict[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}


def _describe(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    names = {str: "a string", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return names.get(type(value), "a date")


# Saying where


def _syntax_problem(shown: str, data: bytes) -> Problem:
    from edgelint.source import Source, UnreadableSource, line_starts, position
    from edgelint.syntax import toml

    try:
        source = Source(shown, data)
    except UnreadableSource as error:
        return Problem(shown, *position(data, line_starts(data), error.offset), error.reason)
    start, _, message = min(toml.parse(source).errors, default=(0, 0, "invalid TOML"))
    return Problem(shown, *source.position(start), message)


def _located(
    shown: str, data: bytes, prefix: tuple[str | int, ...], mistakes: Sequence[_Mistake]
) -> list[Problem]:
    from edgelint.source import Source
    from edgelint.syntax import toml

    source = Source(shown, data)
    root = toml.parse(source).root
    problems = []
    for mistake in mistakes:
        value, start = root, root.start
        for step in (*prefix, *mistake.where):
            if isinstance(step, int):
                value = value.items[step]
                start = value.start
                continue
            entry = value.entry(step)
            if entry is None:
                break
            value = entry.value
            start = entry.key_start if mistake.on_key else value.start
        problems.append(Problem(shown, *source.position(start), mistake.message))
    return sorted(problems, key=lambda problem: (problem.line, problem.column))
