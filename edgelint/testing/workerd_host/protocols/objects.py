"""Durable Objects whose class is Python, as a JavaScript worker has them: fetch as a request, RPC as calls
(js/namespace_elsewhere.js). Those of JavaScript are workerd's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from edgelint.testing.bindings.durable_objects import unique_key
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.workerd_host.capnp import array, struct, text
from edgelint.testing.workerd_host.protocols import Wiring, calls
from edgelint.testing.workerd_host.protocols.services import SCHEME, fetched

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.bindings.durable_objects import DurableObjectNamespace, DurableObjectStub

_ID: Final = "x-edgelint-object-id"
_NAME: Final = "x-edgelint-object-name"
FILE: Final = "extensions/ids.js"
"""Where ``js/ids.js`` lies among the files that workerd is started with."""
_MODULE: Final = "edgelint/ids.js"


def wiring(declared: Declared, service: str) -> Wiring:
    """A binding of our own. Its ids are made by a namespace of the same key, in a service that nothing else uses."""
    owner, class_name = declared.text("script_name") or declared.worker, declared.text("class_name") or declared.name
    ids = f"ids:{declared.worker}/{declared.name}"
    key = struct(className=text("Ids"), uniqueKey=text(unique_key(owner, class_name)))
    module = struct(name=text(_MODULE), esModule=f"embed {text(FILE)}")
    worker = struct(
        compatibilityDate=text("2026-01-01"), modules=array([module]),
        durableObjectNamespaces=array([key]), durableObjectStorage="(inMemory = void)",
    )  # fmt: skip
    inner = f'(name = "namespace", durableObjectNamespace = {struct(className=text("Ids"), serviceName=text(ids))})'
    made = calls.wired("namespace_elsewhere", service, "fetching", "holding", inner=(inner,))
    return Wiring(made.value, made.extensions, (struct(name=text(ids), worker=worker),))


async def answer(binding: DurableObjectNamespace, request: HttpRequest) -> HttpResponse:
    """One fetch or call of an object."""
    stub = _stub(binding, request)
    request.headers = [pair for pair in request.headers if pair[0].lower() not in (_ID, _NAME)]
    if request.header(SCHEME) is None:
        return await calls.answered(request, stub.call)
    return await fetched(stub, request)


def _stub(binding: DurableObjectNamespace, request: HttpRequest) -> DurableObjectStub:
    written, name = request.header(_ID), request.header(_NAME)
    if written is None:
        raise EdgeUsageError(f"{binding.name} was asked for {request.url}, of no object")
    named = None if name is None else binding.id_from_name(unquote(name))
    return binding.get(named if named is not None and str(named) == written else binding.id_from_string(written))
