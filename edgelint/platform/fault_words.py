"""How production words the failures that a test may ask for. Seen on 2026-11-26.

D1: developers.cloudflare.com/d1/observability/debug-d1 (its list of errors).
R2: developers.cloudflare.com/r2/api/error-codes.
KV: workerd src/workerd/api/kv.c++ ("KV <VERB> failed: <status> <reason>").
Durable Objects: developers.cloudflare.com/durable-objects/best-practices/error-handling and platform/troubleshooting.
Queues: workerd src/workerd/api/queue.c++ ("Queue send failed: <reason>").
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, NamedTuple


class Failure(NamedTuple):
    """An error of the platform: its class in JavaScript, its text, R2's code and the flags of Durable Objects."""

    name: str
    message: str
    code: int | None = None
    retryable: bool = False
    overloaded: bool = False


_KV_VERBS: Final = {"getWithMetadata": "GET", "list": "GET"}
_LOST: Final = "Network connection lost."
_RESET: Final = "caused object to be reset"
_INTERNAL: Final = "We encountered an internal error. Please try again."
_NAMED: Final[dict[str, dict[str, Failure]]] = {
    "d1": {
        "lost": Failure("Error", f"D1_ERROR: {_LOST}", retryable=True),
        "reset": Failure("Error", "D1_ERROR: D1 DB reset because its code was updated.", retryable=True),
        "internal": Failure("Error", f"D1_ERROR: Internal error in D1 DB storage {_RESET}.", retryable=True),
        "overloaded": Failure("Error", "D1_ERROR: D1 DB is overloaded. Requests queued for too long.", overloaded=True),
        "timeout": Failure("Error", f"D1_ERROR: D1 DB storage operation exceeded timeout which {_RESET}."),
        "memory": Failure("Error", "D1_ERROR: D1 DB exceeded its memory limit and was reset."),
    },
    "durable-object": {
        "lost": Failure("Error", _LOST, retryable=True),
        "internal": Failure("Error", "internal error", retryable=True),
        "overloaded": Failure("Error", "Durable Object is overloaded. Requests queued for too long.", overloaded=True),
        "reset": Failure("Error", "Durable Object reset because its code was updated.", retryable=True),
    },
    "r2": {
        "internal": Failure("Error", f"{_INTERNAL} (10001)", 10001),
        "unavailable": Failure("Error", "Reduce your rate of simultaneous reads on the same object. (10058)", 10058),
        "lost": Failure("Error", _LOST, retryable=True),
    },
    "queue": {
        "overloaded": Failure("Error", "Queue send failed: Too Many Requests", overloaded=True),
        "internal": Failure("Error", "Queue send failed: Internal Server Error"),
    },
}  # fmt: skip
_DEFAULT: Final = {"lost": Failure("Error", _LOST, retryable=True), "internal": Failure("Error", "internal error")}


def names(kind: str) -> list[str]:
    """The failures that a kind of binding has by name."""
    return sorted({*_NAMED.get(kind, {}), *_DEFAULT})


def named(kind: str, name: str) -> Failure | None:
    """A failure of a kind by its name ("lost", "overloaded" ...); None when it has none of that name."""
    return _NAMED.get(kind, {}).get(name) or _DEFAULT.get(name)


def status(kind: str, verb: str, code: int) -> Failure | None:
    """What a binding says when its service answers with an HTTP status; None for a kind that says nothing of one."""
    try:
        reason = HTTPStatus(code).phrase
    except ValueError:
        reason = "Unknown"
    if kind == "kv":
        return Failure("Error", f"KV {_KV_VERBS.get(verb, verb.upper())} failed: {code} {reason}")
    if kind == "queue":
        return Failure("Error", f"Queue send failed: {reason}", overloaded=code == 429)
    return None
