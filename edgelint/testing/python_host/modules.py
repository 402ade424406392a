"""The modules that only a Python Worker has: ``js``, ``pyodide`` and its parts, the helpers of the runtime.

They are made once per process and ask ``realm()`` who runs, so that modules which hold them (the SDK) can be kept from
one world to the next.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import FunctionType, MethodType, ModuleType
from typing import Any, Final

from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host import runtime  # noqa: F401 - puts the layer together
from edgelint.testing.python_host.buffers import Bytes, TypedArray
from edgelint.testing.python_host.containers import JsArray, JsIterator
from edgelint.testing.python_host.convert import ConversionError, to_js
from edgelint.testing.python_host.js_errors import JsException
from edgelint.testing.python_host.jsvalue import (
    MODULE,
    JsBigInt,
    JsFunction,
    JsHost,
    JsNull,
    JsObject,
    JsProxy,
    from_python,
    into_python,
    javascript_name,
    jsnull,
    lower,
)
from edgelint.testing.python_host.maps import JsMap
from edgelint.testing.python_host.patches import can_run_sync, run_sync
from edgelint.testing.python_host.profile import PY312
from edgelint.testing.python_host.promises import PyodideFuture, rejected_with
from edgelint.testing.python_host.pyproxy import (
    OnceCallable,
    PyCallable,
    PyProxy,
    create_once_callable,
    create_proxy,
    destroy_proxies,
)
from edgelint.testing.python_host.realm import realm
from edgelint.testing.values import UNDEFINED


class _Module(ModuleType):
    """A module whose attributes ``find`` gives when it does not have them itself."""

    def __init__(self, name: str, find: Callable[[str], Any] | None = None, **members: Any) -> None:
        super().__init__(name)
        self.__dict__.update(members)
        self.__dict__["__path__"] = []
        self.__dict__["_find"] = find

    def __getattr__(self, name: str) -> Any:
        find = self.__dict__["_find"]
        if find is None or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return find(name)


class JsModule(JsObject, js_name="Object"):
    """``js``: globalThis of the isolate whose code runs."""

    __name__ = "js"
    __spec__ = None
    __path__: Final[list[str]] = []

    def _scope(self) -> JsObject:
        scope = realm().globals
        if scope is None:
            raise RuntimeError("js can be used by code that runs in a Worker")
        return scope

    def _own(self) -> dict[str, Any]:
        return self._scope()._own()

    def _js_has(self, name: str) -> bool:
        return self._scope()._js_has(name)

    def _js_get(self, name: str) -> Any:
        return self._scope()._js_get(name)

    def _js_set(self, name: str, value: Any) -> None:
        self._scope()._js_set(name, value)

    def _js_delete(self, name: str) -> None:
        self._scope()._js_delete(name)

    def _js_keys(self) -> list[str]:
        return self._scope()._js_keys()

    def _js_text(self) -> str:
        return "[object global]"

    def __eq__(self, other: object) -> bool:
        return other is self or other is realm().globals

    __hash__ = None  # type: ignore[assignment]

    def __setattr__(self, name: str, value: Any) -> None:
        self._js_set(javascript_name(name), from_python(value))


class _Kind(type):
    """Classes of ``pyodide.ffi`` that say what a proxy can do."""

    fits: Callable[[Any], bool]

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, JsProxy) and cls.fits(value)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"{cls.__name__} cannot be instantiated.")


def _kind(name: str, fits: Callable[[Any], bool]) -> type:
    made = _Kind(name, (), {"__module__": MODULE})
    made.fits = staticmethod(fits)
    return made


_KINDS: Final[dict[str, Callable[[Any], bool]]] = {
    "JsArray": lambda value: isinstance(value, JsArray),
    "JsTypedArray": lambda value: isinstance(value, TypedArray),
    "JsBuffer": lambda value: isinstance(value, Bytes),
    "JsMap": lambda value: hasattr(value, "__getitem__") and not isinstance(value, (JsArray, Bytes)),
    "JsMutableMap": lambda value: isinstance(value, JsMap),
    "JsCallable": callable,
    "JsOnceCallable": lambda value: isinstance(value, OnceCallable),
    "JsDoubleProxy": lambda value: isinstance(value, PyProxy),
    "JsCallableDoubleProxy": lambda value: isinstance(value, PyCallable),
    "JsPromise": lambda value: value._js_has("then"),
    "JsIterable": lambda value: hasattr(value, "__iter__") and value.__iter__ is not None,
    "JsIterator": lambda value: isinstance(value, JsIterator),
    "JsGenerator": lambda value: isinstance(value, JsIterator) and hasattr(value, "send"),
    "JsAsyncIterable": lambda value: hasattr(value, "__aiter__"),
    "JsAsyncIterator": lambda value: hasattr(value, "__anext__"),
    "JsAsyncGenerator": lambda value: hasattr(value, "asend"),
    "JsFetchResponse": lambda value: value._js_class_name == "Response",
    "JsDomElement": lambda value: False,
    "JsWeakRef": lambda value: False,
}


def relaxed_call(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """``pyodide.code.relaxed_call``: call with no more arguments than the function takes."""
    if not kwargs and (most := _most_positional(func)) is not None:
        return func(*args[:most])
    try:
        parameters = inspect.signature(func).parameters.values()
    except (ValueError, TypeError):
        return func(*args, **kwargs)
    kinds = [parameter.kind for parameter in parameters]
    if inspect.Parameter.VAR_POSITIONAL not in kinds:
        positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        args = args[: sum(kind in positional for kind in kinds)]
    if inspect.Parameter.VAR_KEYWORD not in kinds:
        names = {parameter.name for parameter in parameters}
        kwargs = {name: value for name, value in kwargs.items() if name in names}
    return func(*args, **kwargs)


def _most_positional(func: Callable[..., Any]) -> int | None:
    """How many positional arguments a plain function or method takes; None where only ``inspect`` can tell, and for any
    number."""
    function = func.__func__ if isinstance(func, MethodType) else func
    if type(function) is not FunctionType or function.__dict__:  # a decorator's __wrapped__ counts
        return None
    code = function.__code__
    if code.co_flags & inspect.CO_VARARGS:
        return None
    return code.co_argcount - (function is not func)


class WorkersModule(JsHost, js_name="Module"):
    """``cloudflare:workers``, of the worker that runs."""

    def _js_has(self, name: str) -> bool:
        return name in realm().workers_module or super()._js_has(name)

    def _js_get(self, name: str) -> Any:
        found = realm().workers_module.get(name, UNDEFINED)
        return super()._js_get(name) if found is UNDEFINED else lower(found)

    def _js_tag(self) -> str:
        return "[object Module]"


def _import(name: str) -> Any:
    """``doAnImport``: a promise of a module of JavaScript. ``realm().js_modules`` says which there are."""
    module = realm().js_modules.get(name)
    if module is None and name == "cloudflare:workers":
        module = _WORKERS
    if module is None:
        return into_python(rejected_with(JsException("Error", f'No such module "{name}".')))
    from edgelint.testing.python_host.promises import adopt

    return into_python(adopt(module))


_WORKERS: Final = WorkersModule()


def _patch_env(changes: Any) -> Iterator[None]:
    """What ``workers.patch_env`` runs: the variables of ``cloudflare:workers``' env are other ones meanwhile."""
    env = realm().workers_module["env"]
    given = from_python(changes)
    entries = given._entries() if isinstance(given, JsMap) else [(key, given._js_get(key)) for key in given._js_keys()]
    own = env._own()
    before = dict(own)
    own.update(entries)
    try:
        yield
    finally:
        own.clear()
        own.update(before)


def _patch_wait_until(ctx: Any) -> None:
    """``patchWaitUntil``: nothing to do, since waitUntil here takes futures of Python by itself."""


def _flag(name: str) -> bool:
    if name.startswith("_"):
        raise AttributeError(name)
    return realm().flag(name)


class _Pyodide(_Module):
    """``pyodide``, of the version that the worker runs on."""

    @property
    def __version__(self) -> str:
        return realm().profile.pyodide


class _Ffi(_Module):
    """``pyodide.ffi``: Pyodide 0.26 has no ``jsnull`` and no ``run_sync`` that works."""

    def __getattribute__(self, name: str) -> Any:
        if name in ("jsnull", "JsNull") and realm().profile.name == PY312.name:
            raise AttributeError(f"module 'pyodide.ffi' has no attribute {name!r}")
        if name == "JsBigInt" and not realm().profile.big_int_type:
            raise AttributeError(f"module 'pyodide.ffi' has no attribute {name!r}")
        return super().__getattribute__(name)


def make_modules() -> dict[str, Any]:
    """Every module by its name, for ``sys.modules``."""
    from edgelint.testing.python_host import pyodide_http

    kinds = {name: _kind(name, fits) for name, fits in _KINDS.items()}
    ffi = _Ffi(
        MODULE, JsProxy=JsProxy, JsException=JsException, JsNull=JsNull, jsnull=jsnull, JsBigInt=JsBigInt,
        ConversionError=ConversionError, InternalError=InternalError, to_js=to_js, create_proxy=create_proxy,
        create_once_callable=create_once_callable, destroy_proxies=destroy_proxies, run_sync=run_sync,
        can_run_sync=can_run_sync, IN_BROWSER=True, **kinds,
    )  # fmt: skip
    http = _Module(
        "pyodide.http", pyfetch=pyodide_http.pyfetch, FetchResponse=pyodide_http.FetchResponse,
        HttpStatusError=pyodide_http.HttpStatusError, BodyUsedError=pyodide_http.BodyUsedError,
        AbortError=pyodide_http.AbortError,
    )  # fmt: skip
    code = _Module("pyodide.code", relaxed_call=relaxed_call)
    webloop = _Module("pyodide.webloop", PyodideFuture=PyodideFuture)
    pyodide = _Pyodide("pyodide", ffi=ffi, http=http, code=code, webloop=webloop)
    helper = _Module(
        "_pyodide_entrypoint_helper", cloudflareWorkersModule=_WORKERS, doAnImport=_import,
        patch_env_helper=_patch_env, patchWaitUntil=_patch_wait_until,
        find=_sockets,
    )  # fmt: skip
    return {
        "js": JsModule(), "pyodide": pyodide, "pyodide.ffi": ffi, "pyodide.http": http, "pyodide.code": code,
        "pyodide.webloop": webloop, "_pyodide_entrypoint_helper": helper,
        "_cloudflare_compat_flags": _Module("_cloudflare_compat_flags", _flag),
    }  # fmt: skip


def _sockets(name: str) -> Any:
    if name != "cloudflareSocketsModule":
        raise AttributeError(name)

    def connect(*args: Any) -> Any:
        raise EdgeError("connect() is not supported here: a TCP socket would leave the test", "Error")

    return JsObject({"connect": JsFunction(connect, "connect")})


class InternalError(Exception):
    """An error of Pyodide itself."""


InternalError.__module__ = MODULE
