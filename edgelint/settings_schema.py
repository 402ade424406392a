"""The JSON Schema of the settings, made from ``Settings`` and the rule documents.

``python -m edgelint.settings_schema`` writes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgelint import registry, rulebook
from edgelint.diagnostics import Severity
from edgelint.settings import KEYS

FILE = Path(__file__).parent / "schemas" / "settings.schema.json"


def schema() -> dict[str, Any]:
    """The schema of edgelint.toml, and so of the [tool.edgelint] table."""
    properties = {}
    for name, key in KEYS.items():
        properties[name] = {"description": key.doc, **_KINDS[key.kind]()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "edgelint settings",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": {
            "rule": {"enum": list(rulebook.ids())},
            "built-in": {"enum": sorted(registry.BUILT_IN.keys() - registry.NEVER_IGNORED)},
            "glob": {"type": "string", "pattern": r"\*"},
        },
    }


def _strings() -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string", "minLength": 1}}


def _selectors(*more: str) -> dict[str, Any]:
    named = [{"$ref": f"#/$defs/{name}"} for name in ("rule", *more, "glob")]
    return {"type": "array", "items": {"anyOf": [*named, {"const": "ALL"}]}}


def _rules() -> dict[str, Any]:
    tables = {}
    for id, rule in rulebook.load().items():
        options = {name: {"default": default, **_option(default)} for name, default in rule.options.items()}
        tables[id] = {
            "description": rule.summary, "type": "object", "additionalProperties": False, "properties": options
        }
    return {"type": "object", "additionalProperties": False, "properties": tables}


def _option(default: Any) -> dict[str, Any]:
    if isinstance(default, list):
        return _strings()
    names = {bool: "boolean", int: "integer", float: "number", str: "string"}
    return {"type": names[type(default)]}


_KINDS: dict[str, Callable[[], dict[str, Any]]] = {
    "selectors": lambda: _selectors("built-in"),
    "ignores": lambda: _selectors("built-in"),
    "globs": _strings,
    "boolean": lambda: {"type": "boolean"},
    "string": lambda: {"type": "string"},
    "severity": lambda: {"enum": [item.value for item in Severity]},
    "per-file": lambda: {"type": "object", "additionalProperties": _selectors("built-in")},
    "files": lambda: {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
    "rules": _rules,
}


def text() -> str:
    """The schema as it is shipped."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":  # pragma: no cover
    FILE.write_text(text(), encoding="utf-8")
