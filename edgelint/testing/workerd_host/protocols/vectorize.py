"""Vectorize, as workerd asks for it: the form of second-generation indexes, vectors as lines of JSON.

https://github.com/cloudflare/workerd/blob/main/src/cloudflare/internal/vectorize-api.ts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.json_text import dump, parse
from edgelint.testing.workerd_host.capnp import struct, text
from edgelint.testing.workerd_host.protocols import Wiring, calls

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.bindings.vectorize import VectorizeIndex

_PREFIX: Final = re.compile(r"[A-Z]+_[A-Z]+_ERROR: ")
"""What workerd puts before the service's own words: "VECTOR_QUERY_ERROR: "."""
_JSON: Final = ("content-type", "application/json")


def wiring(declared: Declared, service: str) -> Wiring:
    """workerd's own index."""
    return calls.wired("vectorize", service, inner=(struct(name=text("index"), text=text(declared.resource)),))


async def answer(binding: VectorizeIndex, request: HttpRequest) -> HttpResponse:
    """One call of an index."""
    verb = urlsplit(request.url).path.removeprefix("/")
    try:
        found = await _done(binding, verb, request.body.decode())
    except EdgeError as error:
        prefix = _PREFIX.match(error.message)
        if prefix is None:
            return calls.failed(error)
        body = dump({"error": error.message[prefix.end() :]}) or ""
        return HttpResponse(400, [_JSON], body.encode())
    return HttpResponse(200, [_JSON], (dump(found) or "null").encode())


async def _done(binding: VectorizeIndex, verb: str, body: str) -> Any:
    match verb:
        case "info":
            return await binding.describe()
        case "insert" | "upsert":
            vectors = [parse(line) for line in body.split("\n") if line]
            return await (binding.insert(vectors) if verb == "insert" else binding.upsert(vectors))
        case "getByIds" | "deleteByIds":
            ids = parse(body)["ids"]
            return await (binding.get_by_ids(ids) if verb == "getByIds" else binding.delete_by_ids(ids))
        case _:
            options = parse(body)
            if "vectorId" in options:
                return await binding.query_by_id(options.pop("vectorId"), options)
            return await binding.query(options.pop("vector"), options)
