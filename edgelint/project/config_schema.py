"""Which keys a wrangler config may have: by the JSON Schema of the project's own wrangler, else by our dated table."""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from edgelint.platform import bindings, config_keys

_PLACE = "node_modules/wrangler/config-schema.json"
_MAX_BYTES = 5_000_000  # it has about 400 kB


class KnownKeys:
    """What may stand where. ``origin`` says whose word it is, for messages."""

    def __init__(self, schema: dict[str, Any] | None) -> None:
        self._definitions: dict[str, Any] = schema["definitions"] if schema is not None else {}
        self.from_project = schema is not None
        table = frozenset(config_keys.keys())
        self.top = self._properties("RawConfig") or table
        self.environment = self._properties("RawEnvironment") or frozenset(
            key for key in table if config_keys.scope(key) != "top"
        )

    @property
    def origin(self) -> str:
        return "the wrangler of this project" if self.from_project else f"wrangler (as of {config_keys.data()['date']})"

    def fields(self, path: str) -> frozenset[str] | None:
        """The fields of the object at ``path`` ("triggers", "kv_namespaces[]", "queues.producers[]"): what the schema
        says together with our table; None when it may hold anything or is not known."""
        known = _table_fields(path)
        if not self.from_project:
            return known
        found = self._at(path)
        if found is None:
            return known
        return found | known if known is not None else found

    def _properties(self, name: str) -> frozenset[str] | None:
        node = self._definitions.get(name)
        properties = node.get("properties") if isinstance(node, dict) else None
        return frozenset(properties) if isinstance(properties, dict) and len(properties) > 20 else None

    def _resolve(self, node: Any) -> Any:
        for _ in range(20):  # a schema that refers to itself ends here
            if not isinstance(node, dict) or "$ref" not in node:
                return node
            node = self._definitions.get(str(node["$ref"]).rsplit("/", 1)[-1])
        return None

    def _choices(self, node: Any) -> list[Any]:
        node = self._resolve(node)
        if not isinstance(node, dict):
            return []
        options = node.get("anyOf") or node.get("oneOf")
        if isinstance(options, list):
            return [choice for option in options for choice in self._choices(option)]
        return [node]

    def _at(self, path: str) -> frozenset[str] | None:
        nodes = self._choices({"$ref": "#/definitions/RawConfig"})
        for step in path.split("."):
            name, is_list = step.removesuffix("[]"), step.endswith("[]")
            nodes = [
                choice
                for node in nodes
                if isinstance(node.get("properties"), dict)
                for choice in self._choices(node["properties"].get(name))
            ]
            if is_list:
                nodes = [choice for node in nodes for choice in self._choices(node.get("items"))]
        found: set[str] = set()
        for node in nodes:
            if node.get("type") != "object":
                continue
            if node.get("additionalProperties") is not False or not isinstance(node.get("properties"), dict):
                return None
            found.update(node["properties"])
        return frozenset(found) or None


def _table_fields(path: str) -> frozenset[str] | None:
    structure = config_keys.structure(path)
    if structure is not None:
        return frozenset(structure)
    for kind in bindings.by_key().values():
        if kind.fields and path == binding_path(kind):
            return frozenset(kind.fields)
    return None


def binding_path(kind: bindings.BindingKind) -> str:
    """Where the objects of a kind stand: "kv_namespaces[]", "durable_objects.bindings[]", "ai"."""
    inside = f".{kind.inside}" if kind.inside else ""
    return f"{kind.key}{inside}{'[]' if kind.shape == 'list' else ''}"


def places(directory: str) -> Iterator[str]:
    """Where the schema for the config in ``directory`` may be, nearest first, up to the root."""
    while True:
        yield posixpath.join(directory, _PLACE)
        if not directory:
            return
        directory = posixpath.dirname(directory)


def known_keys(root: Path, directory: str) -> KnownKeys:
    """What the config in ``directory`` may hold: the schema of the nearest installed wrangler, upwards to the root."""
    for place in places(directory):
        found = _load(str(root), place)
        if found is not None:
            return found
    return _default()


@lru_cache(maxsize=1)
def _default() -> KnownKeys:
    return KnownKeys(None)


def _load(root: str, path: str) -> KnownKeys | None:
    full = os.path.realpath(os.path.join(root, path))
    if not full.startswith(os.path.realpath(root) + os.sep):
        return None  # a link out of the project
    try:
        stat = os.stat(full)
    except OSError:
        return None
    return _read(full, stat.st_mtime_ns, stat.st_size) if stat.st_size <= _MAX_BYTES else None


@lru_cache(maxsize=16)
def _read(path: str, changed: int, size: int) -> KnownKeys | None:
    try:
        schema = json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(schema, dict) or not isinstance(schema.get("definitions"), dict):
        return None
    known = KnownKeys(schema)
    return known if known._properties("RawConfig") else None
