"""Workers KV, as workerd asks for it: one request a call.

https://github.com/cloudflare/workerd/blob/main/src/workerd/api/kv.c++. workerd refuses wrong types and keys by itself,
and decodes values; an error of the service is a status, and its text the status text.

``get`` and ``getWithMetadata`` of one key are the same request. js/kv.js tells them apart for us: the time to live in
the cache that ``getWithMetadata`` sends is moved far below zero, where no other is.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote

from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.json_text import dump, parse
from edgelint.testing.values import UNDEFINED
from edgelint.testing.workerd_host.capnp import array, struct, text
from edgelint.testing.workerd_host.protocols import Wiring
from edgelint.testing.workerd_host.protocols.failing import lost, status_text

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.bindings.kv import KvNamespace

_FAILED: Final = re.compile(r"KV \w+ failed: ([2-9]\d\d) (.*)", re.DOTALL)
_METADATA: Final = "CF-KV-Metadata"
_NO_TTL: Final = -(2**31)
_MARKED: Final = range(_NO_TTL, -(2**30) + 1)
"""Times to live of ``getWithMetadata``: _NO_TTL for none, then those from 0 (js/kv.js)."""
_JSON: Final = [("Content-Type", "application/json")]


def wiring(declared: Declared, service: str) -> Wiring:
    """workerd's own namespace, told apart by js/kv.js."""
    inner = [struct(name=text("namespace"), kvNamespace=text(service))]
    return Wiring(f'wrapped = (moduleName = "edgelint:kv", innerBindings = {array(inner)})', ("kv",))


async def answer(binding: KvNamespace, request: HttpRequest) -> HttpResponse:
    """One call of a KV namespace."""
    path, _, query = request.url.partition("://")[2].partition("/")[2].partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True, errors="surrogatepass"))
    try:
        if request.method == "POST":
            return await _bulk(binding, json.loads(request.body))
        if not path:
            return await _list(binding, options)
        key = unquote(path, errors="surrogatepass")
        if request.method == "PUT":
            return await _put(binding, key, options, request)
        if request.method == "DELETE":
            await binding.delete(key)
            return HttpResponse(200)
        return await _get(binding, key, options)
    except EdgeError as error:
        return _failure(error)


async def _get(binding: KvNamespace, key: str, options: Mapping[str, str]) -> HttpResponse:
    verb, ttl = "get", int(options["cache_ttl"]) if "cache_ttl" in options else None
    if ttl is not None and ttl in _MARKED:
        verb, ttl = "getWithMetadata", None if ttl == _NO_TTL else ttl - _NO_TTL - 1
    entry = await binding.stored(verb, key, cache_ttl=UNDEFINED if ttl is None else ttl)
    if entry is None:
        return HttpResponse(404, reason="Not Found")
    headers = [("CF-Expiration", str(entry.expiration))] if entry.expiration is not None else []
    if entry.metadata is not None:
        headers.append((_METADATA, entry.metadata))
    return HttpResponse(200, headers, entry.value)


async def _put(binding: KvNamespace, key: str, options: Mapping[str, str], request: HttpRequest) -> HttpResponse:
    given: dict[str, Any] = {
        name: int(options[name]) for name in ("expiration", "expiration_ttl") if name in options
    }
    metadata = request.header(_METADATA)
    if metadata is not None:
        # null is what JSON has for NaN, say: the app's own null is none, and is not sent
        given["metadata"] = math.nan if metadata == "null" else parse(metadata)
    await binding.put(key, request.body, **given)
    return HttpResponse(200)


async def _list(binding: KvNamespace, options: Mapping[str, str]) -> HttpResponse:
    limit = int(options["key_count_limit"]) if "key_count_limit" in options else UNDEFINED
    prefix, cursor = options.get("prefix", UNDEFINED), options.get("cursor", UNDEFINED)
    page = await binding.list(prefix=prefix, limit=limit, cursor=cursor)
    for key in page["keys"]:
        if "metadata" in key:
            key["metadata"] = dump(key["metadata"])  # a text within the JSON
    return HttpResponse(200, list(_JSON), (dump(page) or "").encode())


async def _bulk(binding: KvNamespace, asked: Mapping[str, Any]) -> HttpResponse:
    read = binding.get_with_metadata if asked.get("withMetadata") else binding.get
    ttl = int(asked["cacheTtl"]) if "cacheTtl" in asked else UNDEFINED
    found = await read(asked["keys"], asked.get("type", UNDEFINED), cache_ttl=ttl)
    return HttpResponse(200, list(_JSON), (dump(found) or "").encode())


def _failure(error: EdgeError) -> HttpResponse:
    """What makes workerd say ``KV <method> failed: <status> <status text>``."""
    said = _FAILED.fullmatch(error.message)
    status, reason = (int(said[1]), said[2]) if said is not None else (500, error.message)
    return lost(error) or HttpResponse(status, reason=status_text(reason))
