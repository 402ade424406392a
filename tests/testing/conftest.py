"""Fixtures that tests of the fakes share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.oracles.miniflare import oracle as miniflare


def available() -> None:
    """Skip the test where Miniflare is not installed, or fail where it is needed (.ci/run)."""
    try:
        miniflare.node()
        miniflare.installed()
    except miniflare.Unavailable as error:
        if os.environ.get(miniflare.NEEDED):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def oracle() -> Iterator[miniflare.Oracle]:
    """Miniflare with its default options."""
    available()
    with miniflare.running() as running:
        yield running
