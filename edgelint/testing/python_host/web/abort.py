"""AbortController and AbortSignal (https://dom.spec.whatwg.org/#aborting-ongoing-activities)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.python_host.web.base import MISSING, WebObject, given, illegal_constructor, whole, wrong_type
from edgelint.testing.python_host.web.events import Event, EventTarget, on_event
from edgelint.testing.python_host.web.promises import as_error
from edgelint.testing.values import UNDEFINED


def aborted_error() -> EdgeError:
    """The reason of an abort that was given none."""
    return EdgeError("The operation was aborted", "AbortError")


class AbortSignal(EventTarget):
    """Says whether something is to be given up, and why."""

    def __init__(self, *args: Any) -> None:
        raise illegal_constructor()

    @classmethod
    def _new(cls) -> AbortSignal:
        made = cls.__new__(cls)
        EventTarget.__init__(made)
        made._reason = UNDEFINED
        made._aborted = False
        made._callbacks = []
        return made

    _reason: Any
    _aborted: bool
    _callbacks: list[Callable[[], Any]]
    onabort = on_event("abort")

    @staticmethod
    def abort(reason: Any = MISSING) -> AbortSignal:
        """One that is aborted already."""
        made = AbortSignal._new()
        made._aborted = True
        made._reason = reason if given(reason) else aborted_error()
        return made

    @staticmethod
    def timeout(delay: Any = MISSING) -> AbortSignal:
        """One that aborts in ``delay`` ms of virtual time."""
        from edgelint.testing.python_host.web.timers import after

        if delay is MISSING:
            raise wrong_type("timeout on AbortSignal 1", "number")
        made = AbortSignal._new()
        error = EdgeError("The operation was aborted due to timeout", "TimeoutError")
        after(whole(delay), lambda: made._abort(error))
        return made

    @staticmethod
    def any(signals: Any = MISSING) -> AbortSignal:
        """One that aborts as soon as any of ``signals`` does."""
        if signals is MISSING or not hasattr(signals, "__iter__"):
            raise wrong_type("any on AbortSignal 1", "Array")
        made = AbortSignal._new()
        for index, signal in enumerate(signals):
            if not isinstance(signal, AbortSignal):
                raise type_error(
                    f"Incorrect type for array element {index}: the provided value is not of type 'AbortSignal'."
                )
            if signal._aborted:
                return AbortSignal.abort(signal._reason)
            signal._when_aborted(lambda signal=signal: made._abort(signal._reason))  # type: ignore[misc]
        return made

    @property
    def aborted(self) -> bool:
        """Whether it was aborted."""
        return self._aborted

    @property
    def reason(self) -> Any:
        """Why."""
        return self._reason

    def throwIfAborted(self) -> None:
        """Raise the reason when it was aborted."""
        if self._aborted:
            raise as_error(self._reason)

    def _abort(self, reason: Any) -> None:
        if self._aborted:
            return
        self._aborted, self._reason = True, reason
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()
        event = Event("abort")
        event._trusted = True
        self.dispatchEvent(event)

    def _when_aborted(self, callback: Callable[[], Any]) -> None:
        """Call it when it aborts: now, when it has."""
        if self._aborted:
            callback()
        else:
            self._callbacks.append(callback)


class AbortController(WebObject):
    """Has the signal, and aborts it."""

    def __init__(self) -> None:
        self._signal = AbortSignal._new()

    @property
    def signal(self) -> AbortSignal:
        """The signal."""
        return self._signal

    def abort(self, reason: Any = MISSING) -> None:
        """Abort. A second time does nothing."""
        self._signal._abort(reason if given(reason) else aborted_error())
