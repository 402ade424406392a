"""Fixtures that tests of the fakes share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.oracles.miniflare import oracle as miniflare


@pytest.fixture(scope="session")
def oracle() -> Iterator[miniflare.Oracle]:
    """Miniflare with its default options. Without it the test is skipped, or fails where it is needed (.ci/run)."""
    try:
        miniflare.node()
        miniflare.installed()
    except miniflare.Unavailable as error:
        if os.environ.get(miniflare.NEEDED):
            pytest.fail(str(error))
        pytest.skip(str(error))
    with miniflare.running() as running:
        yield running
