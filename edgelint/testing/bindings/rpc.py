"""What crosses an RPC boundary, and how: values as copies, functions by reference, errors as other errors.

https://developers.cloudflare.com/workers/runtime-apis/rpc/ and src/workerd/api/worker-rpc.c++ in
https://github.com/cloudflare/workerd. Objects of classes of the app (RpcTarget and others) do not cross here: that is a
DataCloneError which names their class.
"""

from __future__ import annotations

import dataclasses
import inspect
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from edgelint.testing.clone import not_cloneable, structured_clone
from edgelint.testing.errors import EdgeError, EdgeUsageError, type_error
from edgelint.testing.facade import Verbs
from edgelint.testing.http import HttpRequest, HttpResponse

RESERVED: Final = frozenset(("dup", "constructor", "connect", "alarm", "webSocketMessage", "webSocketClose",
                             "webSocketError"))  # fmt: skip
"""Names that are no RPC methods."""
TUNNELED: Final = frozenset((
    "Error", "RangeError", "TypeError", "SyntaxError", "ReferenceError", "CompileError", "LinkError", "RuntimeError",
    "SuspendError", "AggregateError", "SuppressedError", "URIError", "EvalError", "DataCloneError", "AbortError",
    "TimeoutError",
))  # fmt: skip
"""Classes of errors that keep their name on the way: workerd's JS_ERROR_TYPES (src/workerd/jsg/util.h), and the names
of DOMExceptions that the platform throws."""


class RpcStub(Verbs):
    """A function of the other side. Calling it calls that function, with copies. After ``dispose`` it fails; ``dup``
    gives another stub that lives on."""

    def __init__(self, target: Callable[..., Any]) -> None:
        self._target = target
        self.disposed = False

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function. Raises EdgeError."""
        self._alive()
        return await crossing(lambda a, k: self._target(*a, **k), args, kwargs)

    def dup(self) -> RpcStub:
        """Another stub of the same function."""
        self._alive()
        return RpcStub(self._target)

    def dispose(self) -> None:
        """This stub is not used any more."""
        self.disposed = True

    def _alive(self) -> None:
        if self.disposed:
            raise EdgeError("RPC stub used after being disposed.")

    def __repr__(self) -> str:
        return f"RpcStub({getattr(self._target, '__name__', 'function')}{', disposed' if self.disposed else ''})"


def copied(value: Any, stubs: list[RpcStub] | None = None) -> Any:
    """A value as the other side gets it. Functions in it become stubs, which are added to ``stubs``. Raises EdgeError
    (DataCloneError) for what does not cross."""

    def special(found: Any) -> Any:
        if isinstance(found, (HttpRequest, HttpResponse)):
            return dataclasses.replace(found, headers=list(found.headers))
        if isinstance(found, RpcStub):
            stub = found.dup()
        elif callable(found) and not isinstance(found, type):
            stub = RpcStub(found)
        else:
            raise not_cloneable(found)
        if stubs is not None:
            stubs.append(stub)
        return stub

    return structured_clone(value, special)


async def crossing(
    call: Callable[[list[Any], dict[str, Any]], Any], args: Sequence[Any], kwargs: Mapping[str, Any],
    *, named_errors: bool = True,
) -> Any:  # fmt: skip
    """Call across a boundary: copies there and back, what is raised as the caller gets it. Stubs among the arguments
    are disposed of when the call is done, as the platform does. Raises EdgeError; EdgeUsageError as it is."""
    stubs: list[RpcStub] = []
    there, named = copied(list(args), stubs), copied(dict(kwargs), stubs)
    try:
        result = call(there, named)
        if inspect.isawaitable(result):
            result = await result
        return copied(result)
    except EdgeUsageError:
        raise
    except Exception as error:
        raise remote_error(error, named=named_errors) from error
    finally:
        for stub in stubs:
            stub.dispose()


def remote_error(error: BaseException, *, named: bool = True) -> EdgeError:
    """An error of the other side as the caller gets it: flagged ``remote``. ``named``: the compatibility flag
    ``enhanced_error_serialization`` is on, and every name is kept; otherwise one that workerd does not know becomes
    part of the message. An exception of Python is a PythonError whose message is the traceback, as Pyodide makes it."""
    name, message = getattr(error, "name", None), getattr(error, "message", None)
    if not isinstance(name, str) or not isinstance(message, str):
        name, message = "PythonError", "".join(traceback.format_exception(error))
    if name not in TUNNELED and not named:
        name, message = "Error", f"{name}: {message}" if message else name
    return EdgeError(
        message, name, code=getattr(error, "code", None), remote=True, retryable=getattr(error, "retryable", False),
        overloaded=getattr(error, "overloaded", False), cause=error,
    )  # fmt: skip


def check_method(method: str) -> None:
    """Raise EdgeError (TypeError) for a name that is no RPC method."""
    if method in RESERVED:
        raise type_error(f"'{method}' is a reserved method and cannot be called over RPC.")


def no_method(method: str) -> EdgeError:
    """The TypeError for a method that is not there."""
    return type_error(f'The RPC receiver does not implement the method "{method}".')
