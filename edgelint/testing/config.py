"""What a wrangler config says of the worker under test, as plain values, in one environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgelint.platform import bindings as kinds
from edgelint.project.wrangler import NAMES, WranglerConfig, generated_config, load
from edgelint.source import Source
from edgelint.testing.bindings.base import Declared
from edgelint.testing.errors import EdgeUsageError


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """One worker in one environment. ``path`` is the config file, ``root`` its folder, ``environment`` None for the top
    level. ``vars`` are JSON values, ``secrets`` the names that must be given from outside, ``values`` the whole config
    in effect here by its own keys (inheritance applied)."""

    path: Path
    root: Path
    environment: str | None
    name: str
    main: Path | None
    compatibility_date: str
    compatibility_flags: tuple[str, ...]
    bindings: tuple[Declared, ...]
    vars: dict[str, Any]
    secrets: tuple[str, ...]
    values: dict[str, Any] = field(default_factory=dict)

    def get(self, *keys: str) -> Any:
        """A value of the config in effect, by its path; None when it is not there."""
        value: Any = self.values
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    @property
    def made(self) -> str:
        """What to say, where this config cannot be run, of one that a build wrote to be deployed in its place; "" where
        there is none. A test does not follow wrangler there by itself: what was built may be older than the source."""
        found = generated_config(str(self.root))
        if found is None:
            return ""
        return f" (a build wrote {found}, which wrangler deploys instead: to test that, name it with edge_config)"

    @property
    def is_python(self) -> bool:
        """Whether ``main`` is Python."""
        return self.main is not None and self.main.suffix == ".py"


def find(start: Path) -> Path | None:
    """The config in ``start``: the first of wrangler's names that is there."""
    return next((start / name for name in NAMES if (start / name).is_file()), None)


def read(path: Path, environment: str | None = None) -> WorkerConfig:
    """Read one config. Raises EdgeUsageError with the place of what is wrong."""
    try:
        source = Source(path.name, path.read_bytes())
    except OSError as error:
        raise EdgeUsageError(f"{path}: cannot be read: {error.strerror}") from None
    config = load(path.name, source)
    if config.document.errors:
        start, _, message = config.document.errors[0]
        line, column = source.position(start)
        raise EdgeUsageError(f"{path}:{line}:{column}: {message}")
    chosen = config.environment(environment)
    if chosen is None:
        known = ", ".join(f"'{each.name}'" for each in config.environments if each.name is not None) or "none"
        raise EdgeUsageError(f"{path}: there is no environment '{environment}' (known: {known})")
    values = {key: found.plain() for key in _keys(config) if (found := chosen.get(key)) is not None}
    root = path.parent
    written = values.get("name")
    name: str = written if isinstance(written, str) else root.name
    if environment is not None and not chosen.declares("name"):
        name = f"{name}-{environment}"  # as wrangler names the worker of an environment
    declared: list[Declared] = []
    variables: dict[str, Any] = {}
    secrets: list[str] = []
    for found_name, declarations in chosen.bindings.items():
        binding = declarations[-1]  # of two of one name wrangler keeps the last
        if binding.kind == "var":
            variables[found_name] = binding.value.plain()
        elif binding.kind == "secret":
            secrets.append(found_name)
        else:
            fields = binding.value.plain() if binding.value.kind == "object" else {"value": binding.value.plain()}
            declared.append(Declared(found_name, binding.kind, binding.id or found_name, fields, name))
    main = values.get("main")
    date = values.get("compatibility_date")
    flags = values.get("compatibility_flags")
    return WorkerConfig(
        path, root, environment, name, root / main if isinstance(main, str) else None,
        date if isinstance(date, str) else "2021-11-02",  # wrangler's and workerd's oldest
        tuple(flag for flag in flags if isinstance(flag, str)) if isinstance(flags, list) else (),
        tuple(declared), variables, tuple(secrets), values,
    )  # fmt: skip


def _keys(config: WranglerConfig) -> set[str]:
    keys = {entry.key for environment in config.environments for entry in environment.value.entries}
    return (keys | set(kinds.by_key())) - {"env"}
