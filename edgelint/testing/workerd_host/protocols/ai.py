"""Workers AI, as workerd asks for it.

https://github.com/cloudflare/workerd/blob/main/src/cloudflare/internal/ai-api.ts: ``POST /run`` (``/ai-gateway/run``
with the option ``gateway``) with JSON, or with a stream as the body and the other inputs in the query. What else the
binding has is refused by its name.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.json_text import dump, parse
from edgelint.testing.workerd_host.protocols import Wiring, calls

if TYPE_CHECKING:
    from edgelint.testing.bindings.ai import WorkersAi
    from edgelint.testing.bindings.base import Declared

_MODEL: Final = "cf-consn-model-id"
_RUN: Final = ("/run", "/ai-gateway/run")


def wiring(declared: Declared, service: str) -> Wiring:
    """workerd's own binding."""
    return calls.wired("ai", service)


async def answer(binding: WorkersAi, request: HttpRequest) -> HttpResponse:
    """One run of a model. An answer of bytes is a stream to the app, an HttpResponse is what the service answers."""
    url = urlsplit(request.url)
    if url.path not in _RUN:
        binding.unsupported(url.path.removeprefix("/"))
    if request.is_upgrade:
        raise EdgeUsageError(f"{binding.name}.run() with the option 'websocket' is not supported")
    inputs, options = _asked(request, url.query)
    try:
        found = await binding.run(request.header(_MODEL) or "", inputs, options)
    except EdgeError as error:
        return calls.failed(error)
    if isinstance(found, HttpResponse):
        return found
    if isinstance(found, (bytes, bytearray, memoryview)):
        return HttpResponse(200, [("content-type", "application/octet-stream")], bytes(found))
    return HttpResponse(200, [("content-type", "application/json")], (dump(found) or "null").encode())


def _asked(request: HttpRequest, query: str) -> tuple[Any, dict[str, Any]]:
    """Inputs and options. The input that is a stream has lost its name on the way: it is ``body`` here, with its
    ``contentType``."""
    given = dict(parse_qsl(query, keep_blank_values=True))
    if "userInputs" not in given:
        asked = parse(request.body.decode())
        return asked.get("inputs"), asked.get("options") or {}
    inputs = json.loads(given.pop("userInputs"))
    given.pop("version", None)
    return {**inputs, "body": request.body, "contentType": request.header("content-type")}, given
