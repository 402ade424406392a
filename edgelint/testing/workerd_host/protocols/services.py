"""Service bindings: fetch as a request, RPC as calls (js/service.js). Who is behind one is the world's to say.

A worker in the same workerd is reached there, with all that the runtime's own RPC can do: functions, streams, objects
with methods. The gate is passed all the same: the app asks to ``enter``, does the operation, and tells on ``leave`` how
it went. What stands in for a service in a test, and a Python worker, get the requests and calls as data.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Container, Coroutine
from itertools import count
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from edgelint.testing.bindings.rpc import check_method
from edgelint.testing.bindings.services import stub_of
from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.operation import invocation
from edgelint.testing.workerd_host.capnp import struct, text
from edgelint.testing.workerd_host.protocols import Wiring, calls, codec
from edgelint.testing.workerd_host.protocols.failing import status_text

if TYPE_CHECKING:
    from edgelint.testing.bindings.assets import StaticAssets
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.bindings.durable_objects import DurableObjectStub
    from edgelint.testing.bindings.services import ServiceBinding
    from edgelint.testing.operation import Operation

SCHEME: Final = "x-edgelint-scheme"
"""The header that a fetch bears, and a call does not: the scheme of its URL."""
_CF: Final = "x-edgelint-cf"
_GATE: Final = "x-edgelint-gate"
_JSON: Final = ("content-type", "application/json")
_FRAMING: Final = frozenset(("content-length", "transfer-encoding", "connection", "keep-alive"))
_ADDED: Final = frozenset((*_FRAMING, "host", SCHEME, _CF))
MAX_OPEN: Final = 32
"""Calls of services that are under way at once. The fakes count how deep a call is; here every call comes anew, and a
worker that calls itself for ever is found by this. Production allows 32 invocations of workers for one request:
https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/#limits."""
_TOO_DEEP: Final = (
    "Subrequest depth limit exceeded. This request recursed through Workers too many times. This can happen e.g. if "
    "you have a Worker or Durable Object that calls other Workers or objects recursively."
)


class _Entered(NamedTuple):
    """An operation that the runtime does: ``left`` is done when it is, ``task`` when the gate is passed."""

    invocation: str
    left: asyncio.Future[None]
    task: asyncio.Future[None]


class _Open:
    """The operations of services that are under way in a world: how many, by the event that they belong to, and those
    that the runtime does. One that was cancelled with its event is never left."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.numbers = count(1)
        self.entered: dict[int, _Entered] = {}


def wiring(declared: Declared, service: str) -> Wiring:
    """A binding of our own, with nobody but the world behind it."""
    return calls.wired("service", service, "fetching")


def wiring_among(declared: Declared, service: str, workers: Container[str]) -> Wiring:
    """The same, with a worker of this workerd where it is one of ``workers``."""
    wanted, environment = declared.text("service") or declared.resource, declared.text("environment")
    names = [f"{wanted}-{environment}", wanted] if environment else [wanted]
    target = next((name for name in names if name in workers), None)
    if target is None:
        return wiring(declared, service)
    entrypoint, props = declared.text("entrypoint"), declared.fields.get("props")
    native = struct(
        name=text(target), entrypoint=None if entrypoint is None else text(entrypoint),
        props=None if props is None else struct(json=text(json.dumps(props))),
    )  # fmt: skip
    inner = struct(name=text("target"), service=native)
    return calls.wired("service", service, "fetching", inner=(inner,))


async def answer(binding: ServiceBinding, request: HttpRequest) -> HttpResponse:
    """One fetch or call."""
    opened = binding.services.shared(("workerd", "open services"), _Open)
    if request.header(_GATE) == "leave":
        return await _leave(opened, json.loads(request.body))
    event = invocation.get()
    if opened.counts[event] >= MAX_OPEN:
        return calls.failed(EdgeError(_TOO_DEEP))
    opened.counts[event] += 1
    entered: int | None = None
    try:
        if request.header(_GATE) == "enter":
            entered = None if _is_stubbed(binding) else await _enter(binding, opened, json.loads(request.body))
            return HttpResponse(200, [_JSON], json.dumps(entered).encode())
        if request.header(SCHEME) is None:
            return await calls.answered(request, binding.call)
        return await fetched(binding, request)
    except EdgeError as error:
        return calls.failed(error)
    finally:
        if entered is None:
            opened.counts[event] -= 1


def _is_stubbed(binding: ServiceBinding) -> bool:
    return binding.entrypoint in stub_of(binding.services, binding.service).targets


async def _enter(binding: ServiceBinding, opened: _Open, told: dict[str, Any]) -> int:
    """Begin an operation, up to where it is done. Raises EdgeError: what keeps it from being."""
    number = next(opened.numbers)
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    begun = asyncio.get_running_loop().create_future()

    async def effect(operation: Operation) -> None:
        begun.set_result(None)
        await done

    if told["verb"] == "fetch":
        key, asked = told["url"], {"method": told["method"]}
    else:
        check_method(told["method"])
        args = None if told["args"] is None else codec.decode(told["args"])
        key, asked = told["method"], {"args": args, "kwargs": {}}
    performed: Coroutine[Any, Any, None] = binding.perform(told["verb"], key, asked, effect)
    task = asyncio.ensure_future(performed)
    await asyncio.wait((task, begun), return_when=asyncio.FIRST_COMPLETED)
    if not begun.done():
        await task
    opened.entered[number] = _Entered(invocation.get(), done, task)
    return number


async def _leave(opened: _Open, told: dict[str, Any]) -> HttpResponse:
    """End an operation. What it raised goes to the app as it was, unless the gate says otherwise."""
    entered = opened.entered.pop(told["number"])
    opened.counts[entered.invocation] -= 1
    error = codec.decode_error(told["error"]) if "error" in told else None
    if error is None:
        entered.left.set_result(None)
    else:
        entered.left.set_exception(error)
    try:
        await entered.task
    except EdgeError as raised:
        if raised is not error:
            return calls.failed(raised)
    return HttpResponse(200, [_JSON], b"null")


async def fetched(binding: ServiceBinding | StaticAssets | DurableObjectStub, request: HttpRequest) -> HttpResponse:
    """Answer a fetch. What it raises as EdgeError is thrown."""
    try:
        response = await binding.fetch(as_sent(request))
    except EdgeError as error:
        return calls.failed(error)
    response.headers = [pair for pair in response.headers if pair[0].lower() not in _FRAMING]
    response.reason = status_text(response.reason)
    return response


def as_sent(request: HttpRequest) -> HttpRequest:
    """The request as the app made it: with its scheme and ``cf``, without what the way here added."""
    cf: Any = json.loads(request.header(_CF) or "null")
    url = f"{request.header(SCHEME)}{request.url[request.url.index(':'):]}"
    headers = [pair for pair in request.headers if pair[0].lower() not in _ADDED]
    return HttpRequest(request.method, url, headers, request.body, cf)
