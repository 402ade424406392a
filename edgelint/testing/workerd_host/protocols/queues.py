"""A queue's producer, as workerd asks for it.

https://github.com/cloudflare/workerd/blob/main/src/workerd/api/queue.c++: a message is the body of a request, its
format in a header; a batch is JSON with the bodies in base64. workerd refuses wrong types and writes bodies by itself.
An error of the service is said in the status text or, by compatibility date, in two headers.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.json_text import parse
from edgelint.testing.workerd_host.capnp import text
from edgelint.testing.workerd_host.protocols import Wiring
from edgelint.testing.workerd_host.protocols.failing import lost, status_text
from edgelint.testing.workerd_host.v8_values import decode

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.bindings.queues import QueueProducer

_FORMAT: Final = "X-Msg-Fmt"
_DELAY: Final = "X-Msg-Delay-Secs"
_CODE: Final = "CF-Queues-Error-Code"
_CAUSE: Final = "CF-Queues-Error-Cause"
_SAID: Final = re.compile(r"(?:Queue \w+ failed: )?(?P<words>.*?)(?: \((?P<code>\d+)\))?", re.DOTALL)
_UNKNOWN: Final = "15000"
"""The code of an error that the service gives none (workerd, buildQueueErrorMessage)."""
_BODIES: Final[Mapping[str, Callable[[bytes], Any]]] = {
    "json": lambda body: parse(body.decode("utf-8", "surrogatepass")),
    "text": lambda body: body.decode("utf-8", "replace"),
    "bytes": lambda body: body,
    "v8": decode,
}


def wiring(declared: Declared, service: str) -> Wiring:
    """workerd's own producer."""
    return Wiring(f"queue = {text(service)}")


async def answer(binding: QueueProducer, request: HttpRequest) -> HttpResponse:
    """One call of a producer. Raises EdgeUsageError for a body that no plain value stands for."""
    path = request.url.partition("://")[2].partition("/")[2]
    try:
        if path == "metrics":
            return _json(_written(await binding.metrics()))
        delay = _number(request.header(_DELAY))
        if path == "message":
            kind = request.header(_FORMAT) or "v8"
            sent = await binding.send(_BODIES[kind](request.body), kind, delay)
        else:
            sent = await binding.send_batch([_message(each) for each in json.loads(request.body)["messages"]], delay)
        return _json({"metadata": {"metrics": _written(sent["metadata"]["metrics"])}})
    except EdgeError as error:
        return _failure(error)


def _message(given: Mapping[str, Any]) -> dict[str, Any]:
    kind = given.get("contentType", "v8")
    return {
        "body": _BODIES[kind](base64.b64decode(given["body"])), "contentType": kind,
        "delaySeconds": given.get("delaySecs"),
    }  # fmt: skip


def _number(written: str | None) -> int | None:
    return None if written is None else int(written)


def _written(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Metrics as the service writes them: an instant in ms since the epoch, 0 for none."""
    oldest = metrics["oldestMessageTimestamp"]
    return {**metrics, "oldestMessageTimestamp": oldest.timestamp() * 1000 if isinstance(oldest, datetime) else 0}


def _json(value: Any) -> HttpResponse:
    return HttpResponse(200, [("Content-Type", "application/json")], json.dumps(value).encode())


def _failure(error: EdgeError) -> HttpResponse:
    said = _SAID.fullmatch(error.message)
    assert said is not None  # it takes any text
    words = status_text(said["words"])
    headers = [(_CODE, said["code"] or _UNKNOWN), (_CAUSE, words)]
    return lost(error) or HttpResponse(500, headers, reason=words)
