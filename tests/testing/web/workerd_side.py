"""The real workerd, evaluating JavaScript: one process for a whole table of probes."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.conformance import workerd

HERE = Path(__file__).parent
_ORACLE = HERE.parents[1] / "oracles" / "miniflare" / "node_modules" / "@cloudflare"


def binary() -> Path:
    """The program that npm installed for the conformance of D1, or for Miniflare. Raises workerd.Unavailable."""
    try:
        return workerd.binary()
    except workerd.Unavailable:
        found = sorted(_ORACLE.glob("workerd-*/bin/workerd"))
        if not found:
            raise
        return found[0]


def evaluate(probes: Sequence[str]) -> list[dict[str, Any]]:
    """What came of each function body, in order: {"value": ...}, {"error": [name, message]} or {"hung": true}.
    Raises workerd.Unavailable and workerd.Crashed."""
    with workerd.serving(binary(), HERE / "probes.capnp", storage=False) as served:
        return [_answer(served.port, probe) for probe in probes]


def _answer(port: int, probe: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", probe.encode(), timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:  # the runtime cancels what waits for nothing that will ever happen
        with error:
            return {"hung": True}
