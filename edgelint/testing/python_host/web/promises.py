"""Promises as asyncio futures, and what can be thrown.

A method that JavaScript answers with a promise does its synchronous part at once and returns a future: it has begun
also when nobody awaits it. Nothing complains of a failure that nobody looked at; the host decides what to say of it.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from edgelint.testing.python_host.web.base import js_text
from edgelint.testing.values import UNDEFINED

T = TypeVar("T")
Future = asyncio.Future


class Thrown(Exception):
    """A value that is no error, thrown: JavaScript may throw anything. ``value`` is it."""

    def __init__(self, value: Any) -> None:
        super().__init__(js_text(value))
        self.value = value


def as_error(reason: Any) -> BaseException:
    """What to raise for a reason."""
    return reason if isinstance(reason, BaseException) else Thrown(reason)


def as_reason(error: BaseException) -> Any:
    """The reason that an exception stands for."""
    return error.value if isinstance(error, Thrown) else error


def pending() -> Future[Any]:
    """A promise to settle later. Needs a running loop."""
    return _unwatched(asyncio.get_running_loop().create_future())


def resolved(value: T) -> Future[T]:
    """A promise that is kept."""
    made = pending()
    made.set_result(value)
    return made


def rejected(reason: Any) -> Future[Any]:
    """A promise that is broken."""
    made = pending()
    made.set_exception(as_error(reason))
    return made


def resolve(future: Future[Any] | None, value: Any = UNDEFINED) -> None:
    """Keep a promise that may have been settled already."""
    if future is not None and not future.done():
        future.set_result(value)


def reject(future: Future[Any] | None, reason: Any) -> None:
    """Break a promise that may have been settled already."""
    if future is not None and not future.done():
        future.set_exception(as_error(reason))


def started(work: Coroutine[Any, Any, T]) -> Future[T]:
    """A promise of what ``work`` comes to; it begins at the next turn of the loop."""
    return _unwatched(asyncio.get_running_loop().create_task(work))


def later(function: Callable[..., T], *args: Any) -> Future[T]:
    """A promise of what a function gives at the next turn of the loop. What it raises breaks it."""
    made = pending()
    made.get_loop().call_soon(_settle, made, function, args)
    return made


def _settle(future: Future[Any], function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    if future.done():
        return
    try:
        found = function(*args)
    except Exception as error:
        future.set_exception(error)
    else:
        future.set_result(found)


def attempt(function: Callable[..., Any], *args: Any) -> Future[Any]:
    """A promise of what a callback gives: called now, awaited when it gives a promise. What it raises breaks it."""
    try:
        found = function(*args)
    except Exception as error:
        return rejected(error)
    return started(finish(found)) if inspect.isawaitable(found) else resolved(found)


async def finish(value: Any) -> Any:
    """``await value`` as JavaScript has it: what is no promise is its own outcome."""
    return await value if inspect.isawaitable(value) else value


def then(
    future: Future[Any], kept: Callable[[Any], Any] | None = None, broken: Callable[[Any], Any] | None = None
) -> None:
    """Call one of two when a promise is settled: with its value, or with its reason."""

    def done(settled: Future[Any]) -> None:
        if settled.cancelled():
            return
        error = settled.exception()
        if error is None:
            if kept is not None:
                kept(settled.result())
        elif broken is not None:
            broken(as_reason(error))

    future.add_done_callback(done)


def _unwatched(future: Future[T]) -> Future[T]:
    future.add_done_callback(_looked_at)
    return future


def _looked_at(future: Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
