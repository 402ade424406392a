"""The plain Web classes as classes of JavaScript: one is made for each, from its public attributes.

``js_scope`` gives the global names; ``wrap`` an instance as JavaScript has it (always the same one), ``plain`` the way
back. A method's keywords arrive as one object at the end, as everywhere in the foreign-function layer.
"""

from __future__ import annotations

import inspect
import keyword
import types
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from edgelint.testing.python_host import runtime as runtime
from edgelint.testing.python_host.convert import register_lowering
from edgelint.testing.python_host.jsvalue import Getter, JsClass, JsHost, Method, Static, class_of
from edgelint.testing.python_host.names import Later, Names
from edgelint.testing.python_host.web.base import StaticAndMethod, WebObject
from edgelint.testing.python_host.web.foreign import Foreign, calling, inward, outward
from edgelint.testing.python_host.web.scope import CLASSES, web_scope
from edgelint.testing.python_host.web.timers import Timers
from edgelint.testing.values import UNDEFINED

W = TypeVar("W", bound=WebObject)
_made: dict[type, type[Exposed]] = {}
_constructors: dict[str, JsClass] = {}
"""The global classes by name: the same for every isolate."""


class Exposed(JsHost, js_name="Object"):
    """An instance of a Web class; ``_plain`` is it."""

    _plain_class: type[WebObject] = WebObject

    def __init__(self, target: WebObject) -> None:
        self._plain = target
        target.__dict__["_js_value"] = self
        own = getattr(target, "_js_own_values", None)
        if own is not None:
            self._own().update({key: outward(value) for key, value in own().items()})

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        return calling(cls._plain_class, *args)

    def _js_text(self) -> str:
        return self._plain._js_text()


def wrap(value: WebObject) -> Any:
    """A Web object as JavaScript has it."""
    if isinstance(value, Foreign):
        return value._value
    found = value.__dict__.get("_js_value")
    return expose(type(value))(value) if found is None else found


def plain(value: Any, kind: type[W]) -> W | None:
    """The Web object that a value of the JavaScript side is; None when it is none of that class."""
    found = inward(value)
    return found if isinstance(found, kind) else None


def constructor(kind: type[WebObject]) -> JsClass:
    """The constructor of a Web class."""
    return class_of(expose(kind))


def expose(kind: type[WebObject]) -> type[Exposed]:
    """The class of JavaScript for a Web class. There is one for each."""
    if kind not in _made:
        parent = kind.__mro__[1]
        base = Exposed if parent is WebObject or not issubclass(parent, WebObject) else expose(parent)
        _made[kind] = _declare(kind, base)
    return _made[kind]


def js_scope(timers: Timers) -> Names:
    """The global names of the Web platform, as values of the JavaScript side, for one isolate."""
    if not _constructors:
        _constructors.update((kind._js_class_name(), constructor(kind)) for kind in CLASSES)
    scope = web_scope(timers)
    return Names(
        (name, _constructors[name] if name in _constructors else Later(partial(outward, value)))
        for name, value in scope.items()
    )


def _declare(kind: type[WebObject], base: type[Exposed]) -> type[Exposed]:
    members: dict[str, Any] = {"_plain_class": kind}
    for name, value in kind.__dict__.items():
        if not name.startswith("_") and not name.startswith("js_"):
            spelt = name[:-1] if name.endswith("_") and keyword.iskeyword(name[:-1]) else name
            members[name] = _member(spelt, value, kind)
            if isinstance(value, StaticAndMethod):
                members[f"_static_{name}"] = Static(name, _static(kind, name))
    if kind.js_iterates:
        members["_js_iterate"] = _iteration(kind.js_iterates)
    if kind.js_async_iterates:
        members["_js_async_iterate"] = _later_iteration(kind.js_async_iterates)
    made: type[Exposed] = types.new_class(
        kind.__name__, (base,), {"js_name": kind._js_class_name()}, lambda body: body.update(members)
    )
    return made


def _member(name: str, value: Any, kind: type[WebObject]) -> Any:
    if isinstance(value, (staticmethod, classmethod)):
        return Static(name, _static(kind, value.__func__.__name__))
    if isinstance(value, StaticAndMethod):
        return Method(name, _method(value.method, f"{kind._js_class_name()}.{name}"))
    if inspect.isfunction(value):
        return Method(name, _method(value, f"{kind._js_class_name()}.{name}"))
    if isinstance(value, type):
        return Getter(name, lambda self: outward(value))
    if hasattr(value, "__get__") and hasattr(value, "__set__"):
        attribute = Getter(name, lambda self: outward(value.__get__(self._plain, type(self._plain))))
        if not isinstance(value, property) or value.fset is not None:
            attribute.setter(lambda self, given: value.__set__(self._plain, inward(given)))
        return attribute
    constant = Static(name, lambda: outward(value), constant=True)
    if isinstance(value, int):
        return _Constant(name, value, constant)
    return constant


class _Constant(Static):
    """A constant of the constructor that instances have too."""

    def __init__(self, name: str, value: int, other: Static) -> None:
        super().__init__(name, other.function, constant=True)
        self._constant = value

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else self._constant


def _method(function: Callable[..., Any], label: str) -> Callable[..., Any]:
    gives_nothing = function.__annotations__.get("return") == "None"  # None is null elsewhere

    def run(self: Exposed, *args: Any) -> Any:
        found = calling(lambda *plain_args: function(self._plain, *plain_args), *args, label=label)
        return UNDEFINED if gives_nothing else found

    run.__name__ = function.__name__
    return run


def _static(kind: type[WebObject], name: str) -> Callable[..., Any]:
    def run(*args: Any) -> Any:
        return calling(getattr(kind, name), *args, label=f"{kind._js_class_name()}.{name}")

    return run


def _iteration(name: str) -> Callable[[Any], Iterator[Any]]:
    def run(self: Exposed) -> Iterator[Any]:
        return (outward(item) for item in getattr(self._plain, name)())

    return run


def _later_iteration(name: str) -> Callable[[Any], AsyncIterator[Any]]:
    async def run(self: Exposed) -> AsyncIterator[Any]:
        async for item in getattr(self._plain, name)():
            yield outward(item)

    return run


register_lowering(WebObject, wrap)

