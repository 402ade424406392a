"""Faults that a test asks for: this operation fails, that one is slow, another is done and yet reported as failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from fnmatch import fnmatchcase
from random import Random
from typing import Any

from edgelint.platform import fault_words
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.operation import Operation


class Fault:
    """One fault: which operations it hits, and what happens to them. ``hits`` counts the operations it changed.

    ``pattern`` is "BINDING.verb" with globs ("DB.*"); ``key`` a key, glob, or predicate of it; ``nth`` which of the
    matching operations (from 1; one number or several), None all of them; ``rate`` the share of them (0 to 1), by the
    world's seeded chance; ``times`` at most how many.
    """

    def __init__(
        self, pattern: str, key: str | Callable[[str | None], bool] | None, nth: int | Iterable[int] | None,
        rate: float | None, times: int | None, random: Random,
    ) -> None:  # fmt: skip
        binding, dot, verb = pattern.rpartition(".")
        if not dot or not binding or not verb:
            raise EdgeUsageError(f"a fault is placed by 'BINDING.verb' ('CACHE.get', 'DB.*'), not {pattern!r}")
        self.pattern = pattern
        self.hits = 0
        self.optional = False
        self.binding = binding
        self._verb, self._key, self._rate, self._times = verb, key, rate, times
        self._nth = None if nth is None else {nth} if isinstance(nth, int) else set(nth)
        self._random = random
        self._seen = 0
        self._delay = 0.0
        self._after = False
        self._error: Callable[[Operation], BaseException] | None = None

    def fail(self, how: int | str | BaseException | None = None) -> Fault:
        """The operation fails and is not done. ``how``: an HTTP status where the binding's service speaks HTTP (KV 429,
        queues), a name ("lost", "overloaded", "internal", "reset" ...), a text, or an exception; without it what the
        platform says most often ("internal" for a Durable Object, for instance)."""
        self._error = _failure(how)
        return self

    def fail_after(self, how: int | str | BaseException | None = None) -> Fault:
        """The operation is done, and the app is told that it failed: an answer lost on its way back."""
        self._error, self._after = _failure(how), True
        return self

    def delay(self, seconds: float) -> Fault:
        """The operation takes that long, in virtual time, and then goes on (or fails)."""
        self._delay = seconds
        return self

    def as_optional(self) -> Fault:
        """Do not fail the test when this fault was never used."""
        self.optional = True
        return self

    def takes(self, operation: Operation) -> bool:
        """Whether this operation is hit. Counts it among those that match."""
        if not (fnmatchcase(operation.binding, self.binding) and fnmatchcase(operation.verb, self._verb)):
            return False
        if callable(self._key):
            if not self._key(operation.key):
                return False
        elif self._key is not None and not (operation.key is not None and fnmatchcase(operation.key, self._key)):
            return False
        self._seen += 1
        if self._nth is not None and self._seen not in self._nth:
            return False
        if self._times is not None and self.hits >= self._times:
            return False
        return self._rate is None or self._random.random() < self._rate

    async def apply(self, operation: Operation, proceed: Callable[[], Awaitable[Any]]) -> Any:
        """Do to the operation what was asked for."""
        self.hits += 1
        operation.attributes["fault"] = self.pattern
        if self._delay:
            await asyncio.sleep(self._delay)
        if self._error is None:
            return await proceed()
        error = self._error(operation)
        if self._after:
            await proceed()
        raise error

    def __repr__(self) -> str:
        nth = "" if self._nth is None else f"#{','.join(map(str, sorted(self._nth)))}"
        return f"{self.pattern}{nth}"


class Faults:
    """``edge_faults``: the faults of one world. It is the gate's second stage. ``check`` raises EdgeUsageError for a
    binding (or a glob) that is not there."""

    def __init__(self, random: Random, check: Callable[[str], None] = lambda binding: None) -> None:
        self._random = random
        self._check = check
        self._faults: list[Fault] = []

    def on(
        self, pattern: str, *, key: str | Callable[[str | None], bool] | None = None,
        nth: int | Iterable[int] | None = None, rate: float | None = None, times: int | None = None,
    ) -> Fault:  # fmt: skip
        """A fault on the operations that match; say with ``fail``, ``fail_after`` or ``delay`` what it does. Raises
        EdgeUsageError for a pattern that is none, and for one of a binding that is not there."""
        fault = Fault(pattern, key, nth, rate, times, self._random)
        self._check(fault.binding)
        self._faults.append(fault)
        return fault

    def parse(self, text: str) -> Fault:
        """A fault as a mark writes it: "CACHE.get#2:429", "DB.*:overloaded", "CACHE.put". Raises EdgeUsageError."""
        place, _, how = text.partition(":")
        pattern, _, nth = place.partition("#")
        if nth and not nth.isdigit():
            raise EdgeUsageError(f"'{text}': after # stands which operation it is, a number")
        fault = self.on(pattern.strip(), nth=int(nth) if nth else None)
        return fault.fail(int(how) if how.strip().isdigit() else how.strip() or None)

    def clear(self) -> None:
        """No more faults."""
        self._faults.clear()

    def unused(self) -> list[Fault]:
        """The faults that hit nothing and should have."""
        return [fault for fault in self._faults if not fault.hits and not fault.optional]

    async def __call__(self, operation: Operation, proceed: Callable[[], Awaitable[Any]]) -> Any:
        for fault in self._faults:
            if fault.takes(operation):
                return await fault.apply(operation, proceed)
        return await proceed()


def _failure(how: int | str | BaseException | None) -> Callable[[Operation], BaseException]:
    def error(operation: Operation) -> BaseException:
        if isinstance(how, BaseException):
            return how
        if isinstance(how, int):
            found = fault_words.status(operation.kind, operation.verb, how)
            if found is None:
                known = ", ".join(fault_words.names(operation.kind))
                raise EdgeUsageError(f"{operation.name} knows no status {how}; name the failure: {known}")
        elif how is None and operation.kind == "kv":
            found = fault_words.status("kv", operation.verb, 500)
        else:
            found = fault_words.named(operation.kind, operation.verb, how or "internal")
            if found is None:
                return EdgeError(how or "internal error")
        assert found is not None
        return EdgeError(
            found.message, found.name, retryable=found.retryable, overloaded=found.overloaded,
            remote=operation.kind == "durable-object",
        )  # fmt: skip

    return error
