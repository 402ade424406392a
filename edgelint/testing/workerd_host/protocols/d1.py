"""D1, as workerd asks for it: SQL and values as JSON.

https://github.com/cloudflare/workerd/blob/main/src/cloudflare/internal/d1-api.ts. ``POST http://d1/query`` and
``/execute`` with one query or a list (a batch; the lines of an exec): the answers are a list. An error of a query is an
answer too, whatever the status. js/d1.js adds which method asked, and sends what is RPC under the compatibility flag
d1_binding_jsrpc to ``/rpc``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from edgelint.testing.bindings.d1 import D1Session, meta
from edgelint.testing.bindings.d1_engine import Answer, Query
from edgelint.testing.bindings.d1_values import bind_value, cell, objects
from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.json_text import parse
from edgelint.testing.workerd_host.protocols import Wiring, calls

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.bindings.d1 import D1Database

_TOKEN: Final = "x-cf-d1-session-commit-token"
_VERB: Final = "x-edgelint-verb"
_PREFIX: Final = "D1_ERROR: "
"""What workerd puts before the service's own words."""
_JSON: Final = ("content-type", "application/json")


def wiring(declared: Declared, service: str) -> Wiring:
    """workerd's own database; js/d1.js says which method asked."""
    return calls.wired("d1", service)


async def answer(binding: D1Database, request: HttpRequest) -> HttpResponse:
    """One call of a database."""
    path = urlsplit(request.url).path
    session = D1Session(binding, request.header(_TOKEN))
    try:
        if path == "/dump":
            return HttpResponse(200, [], await binding.dump())
        asked = parse(request.body.decode())
        answers = await _ask(binding, request.header(_VERB) or "query", asked, session)
    except EdgeError as error:
        return _failure(error, path)
    if path == "/rpc":
        return _rpc(answers, session)
    shown = [{"success": True, "meta": meta(each), "results": _results(each, path)} for each in answers]
    headers = [_JSON]
    if session.get_bookmark() is not None:
        headers.append((_TOKEN, session.get_bookmark() or ""))
    return HttpResponse(200, headers, json.dumps(shown).encode())


async def _ask(binding: D1Database, verb: str, asked: Any, session: D1Session) -> list[Answer]:
    queries = [_query(each) for each in (asked if isinstance(asked, list) else [asked])]
    return await binding.ask(verb, "\n".join(query.sql for query in queries), queries, session)


def _query(asked: Any) -> Query:
    if not isinstance(asked["sql"], str):
        raise type_error("prepare() takes a string")  # as bindings.d1 has it
    return Query(asked["sql"], [bind_value(value) for value in asked.get("params") or ()])


def _cells(found: Answer) -> list[list[Any]]:
    return [[cell(value) for value in row] for row in found.rows]


def _results(found: Answer, path: str) -> Any:
    if path == "/execute":
        return objects(found.columns, _cells(found))
    return {"columns": list(found.columns), "rows": _cells(found)}


def _rpc(answers: list[Answer], session: D1Session) -> HttpResponse:
    results = [
        {"meta": meta(each), "data": {"kind": "raw", "columns": list(each.columns), "rows": _cells(each)}}
        for each in answers
    ]
    body: dict[str, Any] = {"queryResults": results}
    if session.get_bookmark() is not None:
        body["bookmark"] = session.get_bookmark()
    return HttpResponse(200, [_JSON], json.dumps(body).encode())


def _failure(error: EdgeError, path: str) -> HttpResponse:
    if path == "/dump":
        return HttpResponse(404)
    if not error.message.startswith(_PREFIX):
        return calls.failed(error)  # not the service's: thrown as it is
    words = error.message.removeprefix(_PREFIX)
    form = {"error": words} if path == "/rpc" else {"success": False, "error": words}
    return HttpResponse(200 if path == "/rpc" else 500, [_JSON], json.dumps(form).encode())
