"""The oracle's worker in workerd, for the tests of this folder."""

from __future__ import annotations

from tests.testing.workerd_host.in_javascript import in_javascript, oracle_app

__all__ = ["in_javascript", "oracle_app"]
