"""Event and EventTarget, as workerd has them: no capturing, no bubbling, what a listener raises comes out of dispatch.

https://github.com/cloudflare/workerd/blob/main/src/workerd/api/basics.c++
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgelint.testing.coercion import number
from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.python_host.web import realm
from edgelint.testing.python_host.web.base import MISSING, WebObject, field, given, js_text, text, truth, wrong_type
from edgelint.testing.values import UNDEFINED


class Event(WebObject):
    """Something that happened."""

    def __init__(self, type: Any = MISSING, init: Any = MISSING) -> None:
        self._type = text(type, f"new {self._js_class_name()} 1")
        self._bubbles = truth(field(init, "bubbles"))
        self._cancelable = truth(field(init, "cancelable"))
        self._composed = truth(field(init, "composed"))
        self._target: Any = UNDEFINED
        self._current: Any = UNDEFINED
        self._prevented = self._stopped = self._stopped_now = self._dispatching = False
        self._trusted = False
        self._at = realm.current().now()

    @property
    def type(self) -> str:
        """What happened."""
        return self._type

    @property
    def bubbles(self) -> bool:
        """As it was made."""
        return self._bubbles

    @property
    def cancelable(self) -> bool:
        """As it was made."""
        return self._cancelable

    @property
    def composed(self) -> bool:
        """As it was made."""
        return self._composed

    @property
    def defaultPrevented(self) -> bool:
        """Whether somebody called ``preventDefault``."""
        return self._prevented

    @property
    def returnValue(self) -> bool:
        """The contrary of ``defaultPrevented``."""
        return not self._prevented

    @property
    def cancelBubble(self) -> bool:
        """Whether it was stopped."""
        return self._stopped

    @property
    def eventPhase(self) -> int:
        """2 while it is dispatched, else 0."""
        return 2 if self._dispatching else 0

    @property
    def isTrusted(self) -> bool:
        """Whether the runtime made it."""
        return self._trusted

    @property
    def target(self) -> Any:
        """What it was dispatched on."""
        return self._target

    @property
    def srcElement(self) -> Any:
        """``target``."""
        return self._target

    @property
    def currentTarget(self) -> Any:
        """What it is being dispatched on."""
        return self._current

    @property
    def timeStamp(self) -> float:
        """When it was made, in ms since the epoch."""
        return self._at

    def preventDefault(self) -> None:
        """Keep the default action from happening."""
        self._prevented = True

    def stopPropagation(self) -> None:
        """Nothing comes after its target."""
        self._stopped = True

    def stopImmediatePropagation(self) -> None:
        """No further listener is called."""
        self._stopped = self._stopped_now = True

    def composedPath(self) -> list[Any]:
        """Its target, while it is dispatched."""
        return [self._current] if self._dispatching else []


class CustomEvent(Event):
    """An event with something of the app's."""

    def __init__(self, type: Any = MISSING, init: Any = MISSING) -> None:
        super().__init__(type, init)
        self._detail = field(init, "detail", None)

    @property
    def detail(self) -> Any:
        """As it was given."""
        return self._detail


class MessageEvent(Event):
    """A message of a WebSocket or an EventSource."""

    def __init__(self, type: Any = MISSING, init: Any = MISSING) -> None:
        super().__init__(type, init)
        self._data = field(init, "data")
        self._origin = field(init, "origin", None)
        self._last_id = js_text(field(init, "lastEventId", ""))

    @property
    def data(self) -> Any:
        """What was sent."""
        return self._data

    @property
    def origin(self) -> Any:
        """Where it came from."""
        return self._origin

    @property
    def lastEventId(self) -> str:
        """The id of an event of an EventSource."""
        return self._last_id


class CloseEvent(Event):
    """The end of a WebSocket."""

    def __init__(self, type: Any = MISSING, init: Any = MISSING) -> None:
        super().__init__(type, init)
        self._code = int(number(field(init, "code", 0)))
        self._reason = js_text(field(init, "reason", ""))
        self._clean = truth(field(init, "wasClean"))

    @property
    def code(self) -> int:
        """The code of the close, 1005 when it had none."""
        return self._code

    @property
    def reason(self) -> str:
        """Its reason."""
        return self._reason

    @property
    def wasClean(self) -> bool:
        """Whether it was closed rather than lost."""
        return self._clean


class ErrorEvent(Event):
    """Something failed."""

    def __init__(self, type: Any = MISSING, init: Any = MISSING) -> None:
        super().__init__(type, init)
        self._message = js_text(field(init, "message", ""))
        self._error = field(init, "error")
        self._filename = js_text(field(init, "filename", ""))
        self._line = int(number(field(init, "lineno", 0)))
        self._column = int(number(field(init, "colno", 0)))

    @property
    def message(self) -> str:
        """What is said of it."""
        return self._message

    @property
    def error(self) -> Any:
        """What was thrown."""
        return self._error

    @property
    def filename(self) -> str:
        """Where."""
        return self._filename

    @property
    def lineno(self) -> int:
        """Where."""
        return self._line

    @property
    def colno(self) -> int:
        """Where."""
        return self._column


class _Listener:
    __slots__ = ("handler", "once", "gone")

    def __init__(self, handler: Any, once: bool) -> None:
        self.handler = handler
        self.once = once
        self.gone = False


class EventTarget(WebObject):
    """Something that events happen to. ``on...`` attributes are listeners too, those in ``_on_events``."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[_Listener]] = {}
        self._handlers: dict[str, Any] = {}

    def addEventListener(self, type: Any = MISSING, handler: Any = MISSING, options: Any = MISSING) -> None:
        """Call ``handler`` (a function, or an object with ``handleEvent``) on events of a type. Options: once, signal.
        Raises EdgeError (TypeError) for capturing."""
        from edgelint.testing.python_host.web.abort import AbortSignal

        name = text(type, "addEventListener on EventTarget 1")
        if handler is MISSING or not (callable(handler) or hasattr(handler, "handleEvent")):
            raise wrong_type("addEventListener on EventTarget 2", "function or HandlerObject")
        _no_capture(options, "addEventListener()")
        signal = MISSING if isinstance(options, bool) else field(options, "signal", MISSING)
        if isinstance(signal, AbortSignal) and signal.aborted:
            return
        listeners = self._listeners.setdefault(name, [])
        if any(listener.handler == handler for listener in listeners):
            return
        once = not isinstance(options, bool) and truth(field(options, "once"))
        listener = _Listener(handler, once)
        listeners.append(listener)
        if isinstance(signal, AbortSignal):
            signal._when_aborted(lambda: self._drop(name, listener))

    def removeEventListener(self, type: Any = MISSING, handler: Any = MISSING, options: Any = MISSING) -> None:
        """Do not call it any more."""
        name = text(type, "removeEventListener on EventTarget 1")
        if handler is MISSING or not (callable(handler) or hasattr(handler, "handleEvent")):
            raise wrong_type("removeEventListener on EventTarget 2", "Object")
        _no_capture(options, "removeEventListener()")
        for listener in list(self._listeners.get(name, ())):
            if listener.handler == handler:
                self._drop(name, listener)

    def dispatchEvent(self, event: Any = MISSING) -> bool:
        """Call everyone who listens. Returns False when ``preventDefault`` was called. Raises what a listener raises:
        those after it are not called."""
        if not isinstance(event, Event):
            raise wrong_type("dispatchEvent on EventTarget 1", "Event")
        if event._dispatching:
            raise EdgeError("The event is already being dispatched.", "InvalidStateError")
        event._target = event._current = self
        event._dispatching = True
        event._stopped_now = False
        try:
            for listener in self._called(event._type):
                if event._stopped_now:
                    break
                if listener.gone:
                    continue
                if listener.once:
                    self._drop(event._type, listener)
                self._call(listener.handler, event)
        finally:
            event._dispatching = False
            event._current = UNDEFINED
        return not event._prevented

    def _called(self, name: str) -> list[_Listener]:
        found = list(self._listeners.get(name, ()))
        handler = self._handlers.get(name)
        return [_Listener(handler, False), *found] if handler is not None else found

    def _call(self, handler: Callable[..., Any], event: Event) -> None:
        from edgelint.testing.python_host.web.timers import background

        method = getattr(handler, "handleEvent", None) if not callable(handler) else handler
        if method is not None:
            background(method(event), f"a listener of {event._type}")

    def _drop(self, name: str, listener: _Listener) -> None:
        listener.gone = True
        listeners = self._listeners.get(name, [])
        if listener in listeners:
            listeners.remove(listener)

    def _listened_to(self, name: str) -> bool:
        return bool(self._called(name))


def on_event(name: str) -> property:
    """An ``on...`` attribute: one listener that can be replaced; None takes it away."""

    def read(target: EventTarget) -> Any:
        return target._handlers.get(name)

    def write(target: EventTarget, handler: Any) -> None:
        if callable(handler):
            target._handlers[name] = handler
        else:
            target._handlers.pop(name, None)

    return property(read, write, doc=f"The listener of ``{name}``, None when there is none.")


def _no_capture(options: Any, method: str) -> None:
    if isinstance(options, bool):
        if options:
            raise type_error(f"{method}: useCapture must be false.")
        return
    if not given(options):
        return
    if truth(field(options, "capture")):
        raise type_error(f"{method}: options.capture must be false.")
