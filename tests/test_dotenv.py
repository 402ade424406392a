"""Names in .dev.vars and .env files, never a value."""

from __future__ import annotations

import pytest

from edgelint.project.dotenv import is_local_values, load
from edgelint.source import Source

TEXT = b"""\xef\xbb\xbf# comment
API_KEY=sk-very-secret
export TOKEN = "a b
NOT_A_NAME=inside"
SINGLE='x=y'
 SPACED = 1
EMPTY=
YAML: value
API_KEY=again
no assignment here
"""


def test_names_and_places() -> None:
    values = load(".dev.vars", Source(".dev.vars", TEXT))
    assert list(values.names) == ["API_KEY", "TOKEN", "SINGLE", "SPACED", "EMPTY", "YAML"]
    span = values.names["API_KEY"]
    assert TEXT[span.start : span.end] == b"API_KEY"
    assert span.start == 13
    assert "secret" not in repr(values)


@pytest.mark.parametrize(
    ("name", "environment", "is_example"),
    [
        (".dev.vars", "", False), (".dev.vars.production", "production", False), (".dev.vars.example", "", True),
        ("a/.env", "", False), (".env.local", "", False), (".env.staging", "staging", False), (".env.sample", "", True),
        ("example.env", "", True), (".env-template", "", True),
    ],
)  # fmt: skip
def test_file_names(name: str, environment: str, is_example: bool) -> None:
    assert is_local_values(name)
    values = load(name, Source(name, b"A=1\r\nB=2\r\n"))
    assert (values.environment, values.is_example, list(values.names)) == (environment, is_example, ["A", "B"])


@pytest.mark.parametrize("name", ["env.ts", ".envrc", "dev.vars", ".environment", ".dev.varsx"])
def test_other_names(name: str) -> None:
    assert not is_local_values(name)
