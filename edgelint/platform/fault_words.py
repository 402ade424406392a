"""How production words the failures that a test may ask for. Seen on 2026-11-26.

D1: developers.cloudflare.com/d1/observability/debug-d1 (its list of errors).
R2: developers.cloudflare.com/r2/api/error-codes, and workerd src/workerd/api/r2-rpc.c++: "<action>: <message> (<code>)"
in an Error that has no property for the code.
KV: workerd src/workerd/api/kv.c++ ("KV <VERB> failed: <status> <reason>").
Durable Objects: developers.cloudflare.com/durable-objects/best-practices/error-handling and platform/troubleshooting.
Queues: workerd src/workerd/api/queue.c++ ("Queue send failed: <reason>").
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, NamedTuple


class Failure(NamedTuple):
    """An error of the platform: its class in JavaScript, its text and the flags of Durable Objects."""

    name: str
    message: str
    retryable: bool = False
    overloaded: bool = False


_KV_VERBS: Final = {"getWithMetadata": "GET", "list": "GET"}
_LOST: Final = "Network connection lost."
_RESET: Final = "caused object to be reset"
_R2_ACTIONS: Final = {"complete": "completeMultipartUpload", "abort": "abortMultipartUpload"}
"""Method of an upload -> what its errors begin with (workerd: src/workerd/api/r2-multipart.c++)."""
_R2_READS: Final = ("get", "head")
_R2_INTERNAL: Final = 10001
_R2_TOO_MANY: Final = 10058
_R2_WORDS: Final = {
    _R2_INTERNAL: "We encountered an internal error. Please try again.",
    10011: "Your proposed upload is smaller than the minimum allowed object size.",
    10012: "Your metadata headers exceed the maximum allowed metadata size.",
    10020: "The specified object name is not valid.",
    10022: "MaxKeys params must be positive integer <= 1000.",
    10024: "The specified multipart upload does not exist.",
    10025: "One or more of the specified parts could not be found.",
    10039: "The requested range is not satisfiable",
    10048: "There was a problem with the multipart upload.",
    _R2_TOO_MANY: "Reduce your concurrent request rate for the same object.",
    100100: "Your proposed upload exceeds the maximum allowed object size.",
}
_R2_TOO_MANY_READS: Final = "Reduce your rate of simultaneous reads on the same object."
_R2_CODES: Final = {"internal": _R2_INTERNAL, "unavailable": _R2_TOO_MANY}
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
    "r2": {"lost": Failure("Error", _LOST, retryable=True)},
    "queue": {
        "overloaded": Failure("Error", "Queue send failed: Too Many Requests", overloaded=True),
        "internal": Failure("Error", "Queue send failed: Internal Server Error"),
    },
}  # fmt: skip
_DEFAULT: Final = {"lost": Failure("Error", _LOST, retryable=True), "internal": Failure("Error", "internal error")}


def names(kind: str) -> list[str]:
    """The failures that a kind of binding has by name."""
    return sorted({*_NAMED.get(kind, {}), *_DEFAULT, *(_R2_CODES if kind == "r2" else ())})


def named(kind: str, verb: str, name: str) -> Failure | None:
    """What a verb of a kind says when it fails by this name ("lost", "overloaded" ...); None when the kind has none of
    that name."""
    if kind == "r2" and name in _R2_CODES:
        return Failure("Error", r2_message(_R2_ACTIONS.get(verb, verb), _R2_CODES[name]))
    return _NAMED.get(kind, {}).get(name) or _DEFAULT.get(name)


def r2_message(action: str, code: int) -> str:
    """The text of R2's error of that code; the text is all that an app sees of the code. Raises KeyError for a code
    whose words are not known."""
    words = _R2_TOO_MANY_READS if code == _R2_TOO_MANY and action in _R2_READS else _R2_WORDS[code]
    return f"{action}: {words} ({code})"


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
