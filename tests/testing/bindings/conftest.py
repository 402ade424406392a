"""Worlds that tests of bindings make are closed at the end of their test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.testing.bindings.fake_host import close_worlds


@pytest.fixture(autouse=True)
def worlds_end() -> Iterator[None]:
    """Close what ``world_of`` made."""
    yield
    close_worlds()
