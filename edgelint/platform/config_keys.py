"""The keys of a wrangler config: what exists, what an environment inherits, what is gone. Data: config_keys.json."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

_DATA = Path(__file__).with_name("config_keys.json")


class ConfigKey(NamedTuple):
    """A top-level key. ``scope``: "inheritable" (an environment without it takes the top level's value), "own" (an
    environment without it has none) or "top" (may not stand in an environment). ``kind`` is the kind of its value
    ("string", "boolean", "array", "object"). ``pages``: allowed in a Pages config."""

    name: str
    scope: str
    kind: str
    pages: bool


@cache
def data() -> dict[str, Any]:
    """The data file, read once."""
    loaded: dict[str, Any] = json.loads(_DATA.read_text(encoding="utf-8"))
    return loaded


@cache
def keys() -> dict[str, ConfigKey]:
    """Every top-level key that wrangler knows."""
    return {name: ConfigKey(name, k["scope"], k["kind"], k["pages"]) for name, k in data()["keys"].items()}


def scope(key: str) -> str | None:
    """The scope of a key ("inheritable", "own", "top"), or None when wrangler does not know the key."""
    known = keys().get(key)
    return None if known is None else known.scope


def removed() -> dict[str, tuple[str, str]]:
    """Keys of older wranglers: name -> ("error" when wrangler refuses it, else "unknown"; what to do instead)."""
    return {name: (level, instead) for name, (level, instead) in data()["removed"].items()}


def removed_field(path: str) -> str | None:
    """What to use instead of a field ("build.upload"; or the last name alone) that older wranglers knew."""
    fields: dict[str, str] = data()["removed_fields"]
    return fields.get(path) or fields.get(path.rsplit(".", 1)[-1])


def structure(path: str) -> list[str] | None:
    """The fields of an object that is not a binding: "triggers", "queues.consumers[]". None when not described."""
    fields: list[str] | None = data()["structures"].get(path)
    return fields


def structures() -> dict[str, list[str]]:
    """All described objects that are not bindings, by path."""
    described: dict[str, list[str]] = data()["structures"]
    return described


def warns(path: str) -> bool:
    """Whether wrangler itself warns of an unknown field in this object."""
    return path in data()["strict"]


def pages_environments() -> tuple[str, ...]:
    """The only environment names of a Pages config."""
    return tuple(data()["pages_environments"])


def preview_keys() -> frozenset[str]:
    """The keys that may stand in ``previews``."""
    return frozenset(data()["previews"])
