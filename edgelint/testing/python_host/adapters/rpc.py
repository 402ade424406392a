"""Values over an RPC boundary: what is sent is copied, functions go as stubs, requests and responses as themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from edgelint.testing.bindings.rpc import RpcStub
from edgelint.testing.clone import not_carried
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.python_host.adapters.base import js_request, js_response
from edgelint.testing.python_host.buffers import Bytes
from edgelint.testing.python_host.containers import JsArray
from edgelint.testing.python_host.convert import plain, register_lowering, structured_clone
from edgelint.testing.python_host.jsvalue import JsFunction, JsHost, JsObject, JsProxy, call, lower
from edgelint.testing.python_host.maps import JsMap, JsSet, LiteralMap
from edgelint.testing.python_host.promises import settled
from edgelint.testing.python_host.pyproxy import PyProxy
from edgelint.testing.values import UNDEFINED

_STREAMS: Final = {
    "ReadableStream": "a ReadableStream", "WritableStream": "a WritableStream", "Headers": "a Headers object",
    "AbortSignal": "an AbortSignal",
}  # fmt: skip
"""What crosses in production, and here does not."""


def outgoing(value: Any, where: str = "the result") -> Any:
    """A value of the JavaScript side as plain Python that can be sent; ``where`` is what an error calls it. Raises
    EdgeError (DataCloneError)."""
    return _outgoing(value, {}, where)


def _outgoing(value: Any, seen: dict[int, Any], where: str) -> Any:
    if not isinstance(value, JsProxy) or isinstance(value, Bytes):
        return plain(value)
    if id(value) in seen:
        return seen[id(value)]
    if isinstance(value, JsRpcStub):
        return value._stub
    if hasattr(value, "_js_apply") and not isinstance(value, PyProxy):
        return _function(value)
    if isinstance(value, PyProxy) and callable(value._live()):
        return _function(value)
    web = _web(value)
    if web is not None:
        return web
    if isinstance(value, JsArray):
        items: list[Any] = []
        seen[id(value)] = items
        items.extend(_outgoing(item, seen, f"{where}[{at}]") for at, item in enumerate(value._items()))
        return items
    if isinstance(value, JsMap) and not isinstance(value, LiteralMap):
        return {
            _outgoing(key, seen, f"{where} (a key of a Map)"): _outgoing(item, seen, f"{where}[{key!r}]")
            for key, item in value._entries()
        }
    if isinstance(value, JsSet):
        return {_outgoing(item, seen, f"{where} (in a Set)") for item in value._items()}
    if type(value) is JsObject:
        fields: dict[str, Any] = {}
        seen[id(value)] = fields
        fields.update({key: _outgoing(value._js_get(key), seen, f"{where}.{key}") for key in value._js_keys()})
        return fields
    if value._js_class_name in _STREAMS:
        raise not_carried(where, _STREAMS[value._js_class_name], "values, functions, requests and responses do")
    return plain(structured_clone(value))


def sent(args: Iterable[Any]) -> list[Any]:
    """The arguments of a call, as ``outgoing`` makes them."""
    return [outgoing(arg, f"arguments[{at}]") for at, arg in enumerate(args)]


def _web(value: JsProxy) -> Any:
    """A Request or Response as what crosses; None for anything else."""
    if value._js_class_name not in ("Request", "Response"):
        return None
    from edgelint.testing.python_host.web.exposed import plain as web
    from edgelint.testing.python_host.web.request import Request
    from edgelint.testing.python_host.web.response import Response

    found: Any = web(value, Request) or web(value, Response)
    return None if found is None else found._to_http()


def _function(value: Any) -> Callable[..., Any]:
    async def called(*args: Any, **kwargs: Any) -> Any:
        given = [incoming(arg) for arg in args]
        if kwargs:
            given.append(incoming(kwargs))
        return outgoing(await settled(call(value, *given)))

    called.__name__ = text_name(value)
    return called


def text_name(value: Any) -> str:
    """The name of a function."""
    found = value._js_get("name") if not isinstance(value, PyProxy) else getattr(value._live(), "__name__", "")
    return found if isinstance(found, str) else ""


def incoming(value: Any) -> Any:
    """What came over, as a value of the JavaScript side."""
    return lower(value)


class JsRpcStub(JsFunction, js_name="JsRpcStub"):
    """A function of the other side. Any property is one too."""

    def __init__(self, stub: RpcStub) -> None:
        super().__init__(self._call, "JsRpcStub")
        object.__setattr__(self, "_stub", stub)

    async def _call(self, *args: Any) -> Any:
        stub: Any = self._stub
        return incoming(await stub(*sent(args)))

    def _js_has(self, name: str) -> bool:
        return name in ("dup", "constructor") or super()._js_has(name)

    def _js_get(self, name: str) -> Any:
        if name == "dup":
            stub: Any = self._stub
            return JsFunction(lambda: JsRpcStub(stub.dup()), "dup")
        return super()._js_get(name)


class RpcCaller(JsHost, js_name="Object"):
    """An object whose unknown properties are methods of the other side. ``_call_method`` calls one."""

    async def _call_method(self, name: str, args: list[Any]) -> Any:
        raise NotImplementedError

    def _js_has(self, name: str) -> bool:
        # Whatever is asked of a stub is there, so that "then" is too; awaiting one is no call, though.
        return name != "then" or super()._js_has(name)

    def _js_get(self, name: str) -> Any:
        if super()._js_has(name):
            return super()._js_get(name)

        async def invoke(*args: Any) -> Any:
            return incoming(await self._call_method(name, sent(args)))

        return UNDEFINED if name == "then" else JsFunction(invoke, name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return super().__getattr__(name)


register_lowering(RpcStub, JsRpcStub)
register_lowering(HttpRequest, js_request)
register_lowering(HttpResponse, js_response)
