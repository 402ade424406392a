"""Promises: what a method of JavaScript starts and Python awaits."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Callable, Coroutine, Generator, Sequence
from functools import partial
from typing import Any, ClassVar, Final, cast

from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.js_errors import error_value, python_error, raisable
from edgelint.testing.python_host.jsvalue import (
    JsFunction,
    JsHost,
    JsObject,
    JsProxy,
    call,
    from_python,
    into_python,
    iterate,
    lower,
    method,
    raise_js,
    static,
)
from edgelint.testing.python_host.realm import realm
from edgelint.testing.values import UNDEFINED

_FULFILLED: Final = True
_REJECTED: Final = False
GLOBAL_SCOPE: Final = (
    "Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or connect()), setting a timeout, "
    "and generating random values are not allowed within global scope. To fix this error, perform this operation "
    "within a handler. https://developers.cloudflare.com/workers/runtime-apis/handlers/"
)
"""https://github.com/cloudflare/workerd/blob/main/src/workerd/io/io-context.c++"""


class JsPromise(JsHost, js_name="Promise"):
    """A promise. Python never holds one: it gets a PyodideFuture for it."""

    _js_needs_new: ClassVar[str] = "Promise constructor cannot be invoked without 'new'"
    _label = ""
    _reactions = 0
    """How many wait for its outcome, beside the futures that Python got for it."""
    _given: Sequence[PyodideFuture] = ()

    def __init__(self) -> None:
        self._future: asyncio.Future[tuple[bool, Any]] = realm().running_loop().create_future()

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        if not args or not callable(getattr(args[0], "_js_apply", None)):
            raise EdgeError("Promise resolver undefined is not a function", "TypeError")
        made = JsPromise()
        try:
            call(args[0], JsFunction(made._resolve, "resolve"), JsFunction(made._reject, "reject"))
        except Exception as error:
            made._reject(error_value(error))
        return made

    def _resolve(self, value: Any = UNDEFINED) -> None:
        """Settle with a value, or as another promise settles."""
        if self._future.done():
            return
        value = lower(value)
        if isinstance(value, JsPromise):
            value._when_settled(lambda ok, outcome: self._settle(ok, outcome))
        elif thenable(value):
            adopt(value)._when_settled(lambda ok, outcome: self._settle(ok, outcome))
        else:
            self._settle(_FULFILLED, value)

    def _reject(self, reason: Any = UNDEFINED) -> None:
        self._settle(_REJECTED, lower(reason))

    def _settle(self, ok: bool, outcome: Any) -> None:
        if not self._future.done():
            self._future.set_result((ok, outcome))

    def _when_settled(self, then: Callable[[bool, Any], None]) -> None:
        self._reactions += 1
        self._future.add_done_callback(lambda done: then(*done.result()) if not done.cancelled() else None)

    @property
    def _pending(self) -> bool:
        return not self._future.done()

    @method
    def then(self, fulfilled: Any = UNDEFINED, rejected: Any = UNDEFINED) -> Any:
        result = JsPromise()

        def react(ok: bool, outcome: Any) -> None:
            handler = fulfilled if ok else rejected
            if not hasattr(handler, "_js_apply"):
                result._settle(ok, outcome) if not ok else result._resolve(outcome)
                return
            try:
                result._resolve(call(handler, outcome))
            except Exception as error:
                result._reject(error_value(error))

        self._when_settled(react)
        return result

    @method(name="catch")
    def catch_(self, rejected: Any = UNDEFINED) -> Any:
        return self.then_(UNDEFINED, rejected)

    @method(name="finally")
    def finally_(self, finished: Any = UNDEFINED) -> Any:
        result = JsPromise()

        def react(ok: bool, outcome: Any) -> None:
            try:
                adopt(call(finished))._when_settled(
                    lambda fine, other: result._settle(ok, outcome) if fine else result._reject(other)
                )
            except Exception as error:
                result._reject(error_value(error))

        self._when_settled(react)
        return result

    def then_(self, fulfilled: Any = UNDEFINED, rejected: Any = UNDEFINED) -> JsPromise:
        """``then``, for code of the host."""
        return cast("JsPromise", type(self)._js_members["then"].function(self, fulfilled, rejected))

    def _into_python(self) -> Any:
        future = PyodideFuture(loop=realm().running_loop())
        future._js_promise = self
        self._given = (*self._given, future)

        def settle(ok: bool, outcome: Any) -> None:
            if future.done():
                return
            if ok:
                future.set_result(into_python(outcome))
            else:
                future.set_exception(cast("Any", raisable(outcome)))

        if self._future.done():
            settle(*self._future.result())
        else:
            self._future.add_done_callback(lambda done: settle(*done.result()) if not done.cancelled() else None)
        return future

    @property
    def _waited_for(self) -> bool:
        """Whether somebody waits for it, or looked at its outcome."""
        return self._reactions > 0 or any(future._looked_at or is_waited_for(future) for future in self._given)

    @static
    def resolve(value: Any = UNDEFINED) -> JsPromise:
        return adopt(value)

    @static
    def reject(reason: Any = UNDEFINED) -> JsPromise:
        return rejected_with(reason)

    @static(name="all")
    def all_(values: Any) -> JsPromise:
        return combined(list(iterate(values)), lambda found: found)

    @static(name="allSettled")
    def all_settled(values: Any) -> JsPromise:
        def report(promise: JsPromise) -> JsPromise:
            told = JsPromise()
            promise._when_settled(lambda ok, outcome: told._settle(_FULFILLED, JsObject(
                {"status": "fulfilled", "value": outcome} if ok else {"status": "rejected", "reason": outcome}
            )))  # fmt: skip
            return told

        return combined([report(adopt(value)) for value in iterate(values)], lambda found: found)

    @static
    def race(values: Any) -> JsPromise:
        result = JsPromise()
        for value in iterate(values):
            adopt(value)._when_settled(result._settle)
        return result

    @static(name="any")
    def any_(values: Any) -> JsPromise:
        result = JsPromise()
        promises = [adopt(value) for value in iterate(values)]
        left = len(promises)

        def react(ok: bool, outcome: Any) -> None:
            nonlocal left
            left -= 1
            if ok:
                result._settle(ok, outcome)
            elif left == 0:
                result._reject(error_value(EdgeError("All promises were rejected", "AggregateError")))

        for promise in promises:
            promise._when_settled(react)
        if not promises:
            result._reject(error_value(EdgeError("All promises were rejected", "AggregateError")))
        return result

    @static(name="withResolvers")
    def with_resolvers() -> JsObject:
        made = JsPromise()
        return JsObject(
            {
                "promise": made,
                "resolve": JsFunction(made._resolve, "resolve"),
                "reject": JsFunction(made._reject, "reject"),
            }
        )


class PyodideFuture(asyncio.Future[Any]):
    """A promise as Python gets it: a future with the methods of a promise."""

    _js_promise: JsPromise | None = None

    def then(self, onfulfilled: Any = None, onrejected: Any = None) -> PyodideFuture:
        """Call one of the functions with the outcome; what it returns (awaited) is the outcome of the new future."""
        result = PyodideFuture(loop=self.get_loop())

        async def react() -> None:
            try:
                try:
                    outcome = await self
                except Exception as error:
                    if onrejected is None:
                        raise
                    outcome = onrejected(error)
                else:
                    if onfulfilled is not None:
                        outcome = onfulfilled(outcome)
                if inspect.isawaitable(outcome):
                    outcome = await outcome
            except Exception as error:
                result.set_exception(error)
            else:
                result.set_result(outcome)

        result._reaction = self.get_loop().create_task(react())
        return result

    def catch(self, onrejected: Any) -> PyodideFuture:
        """``then`` for errors."""
        return self.then(None, onrejected)

    def finally_(self, onfinally: Any) -> PyodideFuture:
        """Call the function in either case, and keep the outcome."""

        async def after(outcome: Any) -> Any:
            found = onfinally()
            if inspect.isawaitable(found):
                await found
            return outcome

        async def failed(error: BaseException) -> Any:
            await after(None)
            raise error

        return self.then(after, failed)

    _reaction: asyncio.Task[None] | None = None

    @property
    def _looked_at(self) -> bool:
        """Whether its outcome was asked for."""
        if not self.done() or self.cancelled():
            return False
        return not self._log_traceback if self._exception is not None else self._awaited

    _awaited = False

    def __await__(self) -> Generator[Any, None, Any]:
        self._awaited = True
        return (yield from super().__await__())

    def __del__(self) -> None:
        """Says nothing of an error that nobody looked at: the IoContext does, with its place."""


def is_waited_for(future: asyncio.Future[Any]) -> bool:
    """Whether a task, ``gather`` or a promise waits for a future; callbacks of the app do not count."""
    callbacks: Any = getattr(future, "_callbacks", None) or ()
    return any(_is_waiter(callback[0]) for callback in callbacks)


_WAITERS: Final = ("asyncio", "_asyncio", __name__)


def _is_waiter(callback: Any) -> bool:
    if isinstance(getattr(callback, "__self__", None), asyncio.Task):
        return True  # how a task of C is woken up
    return str(getattr(callback, "__module__", None) or type(callback).__module__).startswith(_WAITERS)


PyodideFuture.__module__ = "pyodide.webloop"


def thenable(value: Any) -> bool:
    """Whether awaiting a value waits for something."""
    return isinstance(value, JsProxy) and not isinstance(value, JsFunction) and value._js_has("then")


def adopt(value: Any) -> JsPromise:
    """``Promise.resolve``."""
    value = lower(value)
    if isinstance(value, JsPromise):
        return value
    made = JsPromise()
    if thenable(value):
        waiting = getattr(value, "_awaitable", None)
        if waiting is not None:
            return promise_of(waiting())
        try:
            call(value._js_get("then"), JsFunction(made._resolve), JsFunction(made._reject))
        except Exception as error:
            made._reject(error_value(error))
    else:
        made._settle(_FULFILLED, value)
    return made


def rejected_with(reason: Any) -> JsPromise:
    """``Promise.reject``."""
    made = JsPromise()
    made._reject(reason)
    return made


def promise_of(waiting: Any) -> JsPromise:
    """A promise for an awaitable of Python's, whose result comes over as a return value does."""
    if isinstance(waiting, PyodideFuture) and waiting._js_promise is not None:
        return waiting._js_promise
    made = JsPromise()
    future = asyncio.ensure_future(waiting, loop=realm().running_loop())

    def done(ended: asyncio.Future[Any]) -> None:
        if ended.cancelled():
            made._reject(error_value(asyncio.CancelledError()))
        elif (error := ended.exception()) is not None:
            made._reject(python_error(error))
        else:
            made._resolve(from_python(ended.result()))

    future.add_done_callback(done)
    return made


def combined(values: list[Any], result_of: Callable[[list[Any]], Any]) -> JsPromise:
    """``Promise.all``."""
    result = JsPromise()
    outcomes: list[Any] = [UNDEFINED] * len(values)
    left = len(values)

    def settle(index: int, ok: bool, outcome: Any) -> None:
        nonlocal left
        if not ok:
            result._settle(ok, outcome)
            return
        outcomes[index] = outcome
        left -= 1
        if left == 0:
            result._settle(_FULFILLED, lower(result_of(outcomes)))

    for index, value in enumerate(values):
        adopt(value)._when_settled(partial(settle, index))
    if not values:
        result._settle(_FULFILLED, lower(result_of([])))
    return result


async def settled(value: Any) -> Any:
    """Await a value of the JavaScript side as ``await`` does there. Raises JsException for a rejection."""
    value = lower(value)
    if not isinstance(value, JsPromise) and not thenable(value):
        return value
    promise = adopt(value)
    promise._reactions += 1
    ok, outcome = await asyncio.shield(promise._future)
    if ok:
        return outcome
    raise raisable(outcome)


class _Rest:
    """The rest of a coroutine whose first step was run already and gave ``first``."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], first: Any) -> None:
        self._coroutine = coroutine
        self._first = first

    def __await__(self) -> Generator[Any, Any, Any]:
        given = self._first
        while True:
            try:
                sent = yield given
            except BaseException as error:
                raised: BaseException | None = error
            else:
                raised = None
            try:
                given = self._coroutine.send(sent) if raised is None else self._coroutine.throw(raised)
            except StopIteration as stop:
                return stop.value


def start(coroutine: Coroutine[Any, Any, Any], label: str = "") -> JsPromise:
    """Run a coroutine of the JavaScript side up to its first await, at once, and the rest as a task."""
    if realm().loading:
        coroutine.close()
        raise_js(EdgeError(GLOBAL_SCOPE))
    loop = realm().running_loop()
    made = JsPromise()
    first: list[Any] = []

    async def rest() -> None:
        if not first:
            return
        try:
            made._resolve(await _Rest(coroutine, first[0]))
        except asyncio.CancelledError:
            made._reject(error_value(EdgeError("The operation was aborted", "AbortError")))
            raise
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            made._reject(error_value(error))

    context = contextvars.copy_context()
    running = asyncio.current_task(loop)
    task = loop.create_task(rest(), context=context)
    if running is not None:
        asyncio.tasks._leave_task(loop, running)
    asyncio.tasks._enter_task(loop, task)
    try:
        first.append(context.run(coroutine.send, None))
    except StopIteration as stop:
        made._resolve(stop.value)
    except Exception as error:
        made._reject(error_value(error))
    finally:
        asyncio.tasks._leave_task(loop, task)
        if running is not None:
            asyncio.tasks._enter_task(loop, running)
    made._label = label
    watch = realm().watch
    if watch is not None and (made._pending or not made._future.result()[0]):
        watch(made, label)
    return made
