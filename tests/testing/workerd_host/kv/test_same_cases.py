"""The cases of tests/testing/bindings/test_kv.py, asked by JavaScript in workerd."""

from __future__ import annotations

from typing import Any

import pytest

from tests.testing.bindings import test_kv
from tests.testing.workerd_host.in_javascript import InJavaScript, Made, cases_of

globals().update(cases_of(test_kv))


@pytest.fixture
def kv(in_javascript: Made) -> InJavaScript:
    return in_javascript("KV", "CACHE")


def test_values_have_a_limit(kv: InJavaScript) -> None:
    def zeros(size: int) -> dict[str, Any]:
        return {"$new": ["Uint8Array", size]}

    most = 25 * 1024**2
    assert kv.error("put", "a", zeros(most + 1)) == (
        "Error: KV PUT failed: 413 Value length of 26214401 exceeds limit of 26214400."
    )
    kv("put", "a", zeros(most))
    assert len(kv.binding.store.entries["a"].value) == most
    kv("put", "b", "x")
    assert kv.error("get", ["a", "b"]) == (
        "Error: KV GET_BULK failed: 413 Total size of request exceeds the limit of 25MB"
    )
