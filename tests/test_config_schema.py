"""Which keys a config may have: by the installed wrangler, else by the table."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from edgelint.platform import bindings, config_keys
from edgelint.project.config_schema import KnownKeys, binding_path, known_keys

KEYS: dict[str, Any] = {f"key{number}": {} for number in range(25)}


def install(root: Path, schema: Any) -> None:
    target = root / "node_modules/wrangler/config-schema.json"
    target.parent.mkdir(parents=True)
    target.write_text(schema if isinstance(schema, str) else json.dumps(schema))


def schema(**properties: Any) -> dict[str, Any]:
    return {"definitions": {"RawConfig": {"type": "object", "properties": {**KEYS, **properties}}}}


def test_the_table(tmp_path: Path) -> None:
    known = known_keys(tmp_path, "apps/a")
    assert not known.from_project
    assert known.top == set(config_keys.keys())
    assert "env" not in known.environment
    assert "vars" in known.environment
    assert (known.fields("kv_namespaces[]") or set()) == {"binding", "id", "preview_id", "remote"}
    assert (known.fields("triggers") or set()) == {"crons", "events"}
    assert known.fields("vars") is None
    assert known.origin == f"wrangler (as of {config_keys.data()['date']})"


def test_paths_of_bindings() -> None:
    kinds = bindings.by_key()
    assert binding_path(kinds["durable_objects"]) == "durable_objects.bindings[]"
    assert binding_path(kinds["queues"]) == "queues.producers[]"
    assert binding_path(kinds["ai"]) == "ai"


def test_the_nearest_installed_wrangler(tmp_path: Path) -> None:
    closed = {"type": "object", "properties": {"binding": {}, "brand_new": {}}, "additionalProperties": False}
    install(tmp_path, {
        "definitions": {
            "RawConfig": {"type": "object", "properties": {
                **KEYS, "kv_namespaces": {"type": "array", "items": {"$ref": "#/definitions/Kv"}}, "ai": closed,
                "open": {"type": "object", "properties": {}}, "vars": {"type": "object", "additionalProperties": {}},
                "queues": {
                    "type": "object", "properties": {"producers": {"type": "array", "items": {"anyOf": [closed]}}},
                },
                "loop": {"$ref": "#/definitions/Loop"}, "text": {"type": "string"},
            }},
            "RawEnvironment": {"properties": {**KEYS, "only_here": {}}}, "Kv": closed,
            "Loop": {"$ref": "#/definitions/Loop"},
        },
    })  # fmt: skip
    known = known_keys(tmp_path, "apps/a/b")
    assert known.from_project
    assert known.origin == "the wrangler of this project"
    assert "key3" in known.top
    assert "only_here" in known.environment
    assert (known.fields("kv_namespaces[]") or set()) == {"binding", "brand_new", "id", "preview_id", "remote"}
    assert "brand_new" in (known.fields("queues.producers[]") or ())
    assert "staging" in (known.fields("ai") or ())
    for path in ("open", "vars", "loop", "text", "missing", "missing[].deeper"):
        assert known.fields(path) is None
    assert (known.fields("triggers") or set()) == {"crons", "events"}
    install(tmp_path / "apps/a", schema(nearer={}))
    assert "nearer" in known_keys(tmp_path, "apps/a/b").top


def test_what_is_no_schema_is_passed_over(tmp_path: Path) -> None:
    few = '{"definitions": {"RawConfig": {"properties": {}}}}'
    for number, text in enumerate(("not json", "[]", '{"definitions": 1}', few)):
        install(tmp_path / str(number), text)
        assert not known_keys(tmp_path / str(number), "").from_project
    assert KnownKeys({"definitions": {"RawConfig": 1}}).top == set(config_keys.keys())


def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    install(tmp_path / "outside", schema())
    (tmp_path / "app").mkdir()
    os.symlink(tmp_path / "outside/node_modules", tmp_path / "app/node_modules")
    assert not known_keys(tmp_path / "app", "").from_project
    (tmp_path / "ws").mkdir()
    install(tmp_path / "ws/store", schema(linked={}))
    (tmp_path / "ws/node_modules").mkdir()
    os.symlink(tmp_path / "ws/store/node_modules/wrangler", tmp_path / "ws/node_modules/wrangler")
    assert "linked" in known_keys(tmp_path / "ws", "").top
