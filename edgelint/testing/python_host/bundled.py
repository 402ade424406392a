"""The SDK inside of the runtime, on which Workers of compatibility dates before 2026-04-21 run unless they bring one:
the installed SDK, with what the older one does otherwise.

Bindings, an object's ``ctx`` and a queue's batch are handed out as JavaScript has them: results are JsProxy, null is
``jsnull`` and None is undefined. Of what crosses by RPC, null stays what it is, a dict becomes a Map, and functions are
refused (https://github.com/cloudflare/workerd/blob/main/src/pyodide/internal/workers-api/src/workers/_workers.py).

What stays as the installed SDK has it: Request, Response, FormData and Blob, workflows, and that a call of a service or
an object begins at once, where the older SDK's begins when it is awaited.
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any, Final

from edgelint.testing.python_host.convert import to_js
from edgelint.testing.python_host.realm import realm

_FITTED: Final = "_edgelint_bundled"


def fit(sdk: ModuleType) -> None:
    """Make the SDK ask whose code runs: in isolates with ``older_sdk`` it is the older one."""
    if hasattr(sdk, _FITTED):
        return
    setattr(sdk, _FITTED, True)
    rpc, entrypoints = sys.modules["workers.rpc"], sys.modules["workers.entrypoints"]
    _unwrapped(rpc._BindingWrapper, (rpc._BindingWrapper, rpc._RpcStubWrapper))
    _unwrapped(entrypoints.DurableObjectContext, (entrypoints.DurableObjectContext,))
    wraps = rpc._BindingWrapper._should_wrap_nested_attribute
    rpc._BindingWrapper._should_wrap_nested_attribute = lambda self, value: not _older() and wraps(self, value)
    for name, older in (("python_from_rpc", _from_rpc), ("python_to_rpc", _to_rpc)):
        _replace(name, _either(getattr(rpc, name), older(rpc)))
    attribute = sdk.__getattr__

    def find(name: str) -> Any:
        if name == "env" and _older():
            return sdk.import_from_javascript("cloudflare:workers").env
        return attribute(name)

    sdk.__dict__["__getattr__"] = find


def _older() -> bool:
    return realm().older_sdk


def _either(newer: Callable[[Any], Any], older: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: older(value) if _older() else newer(value)


def _replace(name: str, function: Callable[[Any], Any]) -> None:
    """Put a function in wherever the SDK's modules have one of that name."""
    for module in [each for key, each in sys.modules.items() if key.partition(".")[0] in ("workers", "asgi")]:
        if name in vars(module):
            setattr(module, name, function)


def _unwrapped(cls: Any, those: tuple[type, ...]) -> None:
    """What a class wraps is handed out as it is, by the class itself and not by those below it."""
    make = cls.__new__

    def new(cls: type, value: Any) -> Any:
        return value if cls in those and _older() else make(cls, value)

    cls.__new__ = staticmethod(new)


def _from_rpc(rpc: ModuleType) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if not hasattr(value, "constructor"):
            return value
        return value.to_py(default_converter=rpc._python_from_rpc_default_converter)

    return convert


def _to_rpc(rpc: ModuleType) -> Callable[[Any], Any]:
    def special(value: Any, convert: Any, remember: Any) -> Any:
        if hasattr(value, "js_object"):
            return value.js_object
        if isinstance(value, datetime.datetime):
            return rpc.js.Date.new(value.timestamp() * 1000)
        return rpc.js.Error.new(str(value)) if isinstance(value, Exception) else value

    def convert(value: Any) -> Any:
        rpc._raise_on_disabled_type(value)
        _refuse_functions(value)
        return to_js(value, default_converter=special, dict_converter=rpc.js.Map.new)

    return convert


def _refuse_functions(value: Any) -> None:
    if isinstance(value, FunctionType):
        raise TypeError(f"{type(value)} cannot be sent over RPC.")
    if isinstance(value, (dict, list, set)):
        for item in value.values() if isinstance(value, dict) else value:
            _refuse_functions(item)
