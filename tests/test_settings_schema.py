"""The shipped schema of the settings: fresh, valid, and of one mind with the reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import tomli

from edgelint import settings_schema
from edgelint.settings import Settings, SettingsError, load
from tests.conftest import WriteRule


def test_the_shipped_schema_is_fresh() -> None:
    shipped = settings_schema.FILE.read_text(encoding="utf-8")
    assert shipped == settings_schema.text(), "run: python -m edgelint.settings_schema"


def test_it_is_a_schema_and_the_defaults_obey_it() -> None:
    schema = settings_schema.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    plain = Settings().as_dict()
    assert plain.keys() == schema["properties"].keys()
    jsonschema.validate({key: value for key, value in plain.items() if value is not None}, schema)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("select = ['kv/*', 'kv/ttl-too-short', 'ALL']", True),
        ("ignore = ['syntax-error']", True),
        ("[per-file-ignores]\n'a' = ['kv/*']", True),
        ("[rules.'kv/ttl-too-short']\nminimum = 1\nratio = 2\nnames = ['x']\nmode = 'm'\non = false", True),
        ("selct = []", False),
        ("select = ['kv/ttl']", False),
        ("ignore = ['internal-error']", False),
        ("strict = 1", False),
        ("min-severity = 'fatal'", False),
        ("exclude = ['']", False),
        ("[rules.'kv/ttl-too-short']\nminimum = 'x'", False),
        ("[rules.'kv/ttl-too-short']\nmaximum = 1", False),
        ("[rules.'kv/none']", False),
    ],
)
def test_schema_and_reader_agree(some_rules: WriteRule, tmp_path: Path, text: str, good: bool) -> None:
    schema: dict[str, Any] = json.loads(settings_schema.text())
    assert jsonschema.Draft202012Validator(schema).is_valid(tomli.loads(text)) is good
    (tmp_path / "edgelint.toml").write_text(text)
    if good:
        load(tmp_path)
    else:
        with pytest.raises(SettingsError):
            load(tmp_path)
