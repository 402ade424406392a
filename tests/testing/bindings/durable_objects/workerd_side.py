"""The real workerd with the worker of this folder: what its Durable Objects make of calls."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.conformance import workerd

HERE = Path(__file__).parent
_BATCH = 25
"""Sequences in one request."""


class Server:
    """A running workerd."""

    def __init__(self, port: int) -> None:
        self._port = port

    def outcomes(self, sequences: Sequence[tuple[str, list[Any]]]) -> list[list[dict[str, Any]]]:
        """What came of each call of each sequence: (name of the object, calls)."""
        found: list[list[dict[str, Any]]] = []
        for start in range(0, len(sequences), _BATCH):
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
            try:
                connection.request("POST", "/", json.dumps(sequences[start : start + _BATCH]).encode())
                answer = connection.getresponse()
                body = answer.read()
            finally:
                connection.close()
            if answer.status != 200:
                raise workerd.Crashed(body[:500].decode(errors="replace"))
            found += json.loads(body)
        return found


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Start it, and stop it at the end. Raises workerd.Unavailable and workerd.Crashed."""
    with workerd.serving(workerd.binary(), HERE / "oracle.capnp") as served:
        yield Server(served.port)
