"""JavaScript values as Python code in Pyodide meets them, in a single layer: a JavaScript object IS a JsProxy.

On the JavaScript side of the line values are: None for null, UNDEFINED, bool, int and float for numbers, JsBigInt, str,
and objects: instances of JsProxy's subclasses. ``into_python`` and ``from_python`` take a value across: null is
``jsnull`` for Python, undefined is None, a promise becomes a PyodideFuture, a Python object a PyProxy and back.

How to declare a class of JavaScript (bindings do; so does ``web``):

    class Counter(JsHost, js_name="Counter"):
        def __init__(self, start: float = 0) -> None:      # how Python makes one; names with "_" are internal
            self._count = start

        @classmethod
        def _js_construct(cls, args: list[Any]) -> Counter: # ``js.Counter.new(5)``; without it: "Illegal constructor"
            return cls(*args)

        @getter
        def value(self) -> float:                           # ``counter.value``; @value.setter makes it writable
            return self._count

        @method
        def increment(self, by: Any = UNDEFINED, options: Any = UNDEFINED) -> None:
            ...                                             # keywords of the caller arrive as one object at the end

        @method
        async def load(self, key: str) -> Any:              # a promise; it runs at once, up to its first await
            ...

        @method(name="import")                              # a name that Python reserves
        def import_(self) -> None: ...

        @static
        def of(count: float) -> Counter:                    # ``js.Counter.of(3)``
            return Counter(count)

        def _js_iterate(self) -> Iterator[Any]: ...         # iteration; ``_js_async_iterate`` for ``async for``

Arguments come as values of the JavaScript side; one that was left out is not passed (Python's default holds). Results
may be plain Python: ``lower`` makes a list an array, a dict a plain object, bytes a Uint8Array, a datetime a Date, a
coroutine a promise. An EdgeError that is raised reaches the app as a JsException. Methods ``get``, ``has``, ``set`` and
``delete`` and the getters ``size`` and ``length`` also give the proxy ``[]``, ``in`` and ``len()``, as Pyodide does.
``call(function, *args)`` calls back what Python or JavaScript passed as a function, ``promises.settled(value)`` awaits.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, cast

from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host import crossing as crossing_
from edgelint.testing.python_host import members
from edgelint.testing.python_host.crossing import (
    MODULE,
    JsBigInt,
    JsNull,
    Thrown,
    call,
    crossing,
    from_python,
    guarded,
    into_python,
    iterate,
    javascript_name,
    jsnull,
    lower,
    raise_js,
    text,
    typeof,
)
from edgelint.testing.python_host.members import Getter, Member, Method, Static, getter, method, static
from edgelint.testing.values import UNDEFINED


class JsType(type):
    """The class of classes: as types of C they bear their module in the name that error messages show, and not in
    ``__name__``."""

    @property
    def __name__(cls) -> str:  # type: ignore[override]
        return cls.__qualname__


def name_class(cls: type, name: str) -> None:
    """Give a class the name that Pyodide's have: with their module where error messages show it."""
    type.__dict__["__name__"].__set__(cls, f"{MODULE}.{name}")
    cls.__qualname__ = name
    cls.__module__ = MODULE


class JsProxy(metaclass=JsType):
    """Any object of JavaScript."""

    _js_class_name: ClassVar[str] = "Object"
    _js_typeof: ClassVar[str] = "object"
    _js_members: ClassVar[dict[str, Member]] = {}
    _js_statics: ClassVar[dict[str, Static]] = {}
    _js_own: dict[str, Any] | None = None

    def __init_subclass__(cls, js_name: str | None = None, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if js_name is not None:
            cls._js_class_name = js_name
        for name, value in cls.__dict__.items():
            if isinstance(value, Member) and not value.name:
                value.name = name
        declared = [value for value in cls.__dict__.values() if isinstance(value, Member)]
        cls._js_members = {**cls._js_members, **{m.name: m for m in declared if not isinstance(m, Static)}}
        cls._js_statics = {**cls._js_statics, **{m.name: m for m in declared if isinstance(m, Static)}}
        members.give_abilities(cls, JsProxy)
        name_class(cls, "JsProxy")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if type(self) is JsProxy:
            raise TypeError("JsProxy cannot be instantiated.")

    # The JavaScript side

    def _own(self) -> dict[str, Any]:
        """Properties that were assigned to this object, by name."""
        if self._js_own is None:
            object.__setattr__(self, "_js_own", {})
        return self._js_own  # type: ignore[return-value]

    def _js_has(self, name: str) -> bool:
        return name in self._js_members or (self._js_own is not None and name in self._js_own) or name in _UNIVERSAL

    def _js_get(self, name: str) -> Any:
        if self._js_own is not None and name in self._js_own:
            return self._js_own[name]
        found = self._js_members.get(name)
        if found is not None:
            return found.read(self)
        universal = _UNIVERSAL.get(name)
        return UNDEFINED if universal is None else universal(self)

    def _js_set(self, name: str, value: Any) -> None:
        found = self._js_members.get(name)
        if found is not None:
            found.write(self, value)
        else:
            self._own()[name] = value

    def _js_delete(self, name: str) -> None:
        if self._js_own is not None:
            self._js_own.pop(name, None)

    def _js_keys(self) -> list[str]:
        """Own enumerable properties, in order."""
        return list(self._js_own or ())

    def _js_iterate(self) -> Iterator[Any] | None:
        """Values of an iteration; None when it cannot be iterated."""
        return None

    def _js_text(self) -> str:
        """``String(value)``."""
        return self._js_tag()

    def _js_tag(self) -> str:
        """``Object.prototype.toString.call(value)``."""
        return f"[object {self._js_class_name}]"

    def _into_python(self) -> Any:
        return self

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        """``new`` with arguments of the JavaScript side."""
        raise EdgeError("Illegal constructor", "TypeError")

    # What Python sees

    @property
    def constructor(self) -> Any:
        """Its class."""
        if self._js_own is not None and "constructor" in self._js_own:
            return into_python(self._js_own["constructor"])
        found = _classes.get(type(self))
        return class_of(type(self)) if found is None else found

    @property
    def typeof(self) -> str:
        """``typeof``."""
        return self._js_typeof

    @property
    def js_id(self) -> int:
        """A number for its identity."""
        return id(self)

    def to_py(self, *, depth: int = -1, default_converter: Callable[..., Any] | None = None) -> Any:
        """A copy in Python, down to ``depth`` levels."""
        from edgelint.testing.python_host.convert import to_py

        return to_py(self, depth=depth, default_converter=default_converter)

    def object_keys(self) -> Any:
        """``Object.keys``."""
        return lower(self._js_keys())

    def object_values(self) -> Any:
        """``Object.values``."""
        return lower([self._js_get(key) for key in self._js_keys()])

    def object_entries(self) -> Any:
        """``Object.entries``."""
        return lower([[key, self._js_get(key)] for key in self._js_keys()])

    def as_object_map(self, *, hereditary: bool = False) -> Any:
        """A mapping over its own properties."""
        from edgelint.testing.python_host.views import ObjectMap

        return ObjectMap(self, hereditary)

    def as_py_json(self) -> Any:
        """Itself, with plain objects as mappings all the way down."""
        from edgelint.testing.python_host.views import as_py_json

        return as_py_json(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        spelt = javascript_name(name)
        if not self._js_has(spelt):
            raise AttributeError(name)
        return into_python(self._js_get(spelt))

    def __setattr__(self, name: str, value: Any) -> None:
        self._js_set(javascript_name(name), from_python(value))

    def __delattr__(self, name: str) -> None:
        spelt = javascript_name(name)
        if not self._js_has(spelt):
            raise AttributeError(name)
        self._js_delete(spelt)

    def __dir__(self) -> list[str]:
        shown = [name for name in (*object.__dir__(self),) if not name.startswith(("_js_", "_own", "_into"))]
        spelt = [f"{name}_" if keyword.iskeyword(name) else name for name in (*self._js_keys(), *self._js_members)]
        return sorted({*shown, *spelt})

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return self._js_text()

    def __str__(self) -> str:
        return self._js_text()

    def __format__(self, spec: str) -> str:
        return format(self._js_text(), spec)

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(f"cannot pickle '{MODULE}.{type(self).__qualname__}' object")


name_class(JsProxy, "JsProxy")


class JsHost(JsProxy, js_name="Object"):
    """The base of declared classes: attributes that begin with "_" belong to their Python code."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name[0] == "_":
            object.__setattr__(self, name, value)
        else:
            self._js_set(javascript_name(name), from_python(value))

    def _js_text(self) -> str:
        found = self._js_members.get("toString")
        return str(guarded(found.function, self)) if found is not None else self._js_tag()


class JsObject(JsProxy, js_name="Object"):
    """A plain object. ``fields`` are values of the JavaScript side."""

    def __init__(self, fields: dict[str, Any] | None = None) -> None:
        object.__setattr__(self, "_js_own", fields if fields is not None else {})

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        return args[0] if args and isinstance(args[0], JsProxy) else cls()

    @classmethod
    def _js_call_class(cls, args: list[Any]) -> Any:
        return cls._js_construct(args)

    def __bool__(self) -> bool:
        return cast("dict[str, Any]", self._js_own).get("size") != 0


class JsFunction(JsProxy, js_name="Function"):
    """A function of JavaScript. ``function`` takes and gives values of the JavaScript side, also plain Python."""

    _js_typeof = "function"

    def __init__(self, function: Callable[..., Any], name: str = "", *, takes_this: bool = False) -> None:
        object.__setattr__(self, "_function", function)
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_takes_this", takes_this)

    @getter
    def name(self) -> Any:
        return self._name

    @getter
    def length(self) -> int:
        code = getattr(self._function, "__code__", None)
        return max(0, code.co_argcount - (1 if hasattr(self._function, "__self__") else 0)) if code else 0

    @method
    def call(self, this: Any = UNDEFINED, *args: Any) -> Any:
        return self._js_apply(this, list(args))

    @method
    def apply(self, this: Any = UNDEFINED, args: Any = UNDEFINED) -> Any:
        return self._js_apply(this, [] if args is None or args is UNDEFINED else list(iterate(args)))

    @method
    def bind(self, this: Any = UNDEFINED, *bound: Any) -> Any:
        return JsFunction(lambda *args: self._js_apply(this, [*bound, *args]), f"bound {self._name}")

    def _js_apply(self, this: Any, args: list[Any]) -> Any:
        """Call with values of the JavaScript side. Raises JsException, and what Python code it calls raises."""
        arguments = (this, *args) if self._takes_this else tuple(args)
        return lower(guarded(self._function, *arguments, label=self._name))

    def _js_text(self) -> str:
        return f"function {self._name}() {{ [native code] }}"

    def _js_new(self, args: list[Any]) -> Any:
        """``new`` with values of the JavaScript side."""
        raise_js(EdgeError(f"{self._name or 'function'} is not a constructor", "TypeError"))

    @property
    def new(self) -> Callable[..., Any]:
        """``new``: keywords become one object at the end."""
        return lambda *args, **kwargs: crossing(self._js_new, args, kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return crossing(lambda given: self._js_apply(UNDEFINED, given), args, kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self


class JsClass(JsFunction, js_name="Function"):
    """The constructor of a declared class, as ``js.Headers`` is."""

    def __init__(self, target: type[JsProxy]) -> None:
        super().__init__(target._js_construct, target._js_class_name)
        object.__setattr__(self, "_target", target)

    def _js_has(self, name: str) -> bool:
        return name == "prototype" or name in self._target._js_statics or super()._js_has(name)

    def _js_get(self, name: str) -> Any:
        if self._js_own is not None and name in self._js_own:
            return self._js_own[name]
        found = self._target._js_statics.get(name)
        if found is not None:
            return lower(found.function()) if found.constant else JsFunction(found.function, name)
        if name == "prototype":
            return JsObject(
                {m.name: JsFunction(m.function, m.name, takes_this=True) for m in self._target._js_members.values()}
            )
        return super()._js_get(name)

    def _js_apply(self, this: Any, args: list[Any]) -> Any:
        called = getattr(self._target, "_js_call_class", None)
        if called is None:
            words = getattr(self._target, "_js_needs_new", None) or needs_new(self._name)
            return raise_js(EdgeError(words, "TypeError"))
        return lower(guarded(called, args))

    def _js_new(self, args: list[Any]) -> Any:
        """``new`` with values of the JavaScript side."""
        return guarded(self._target._js_construct, args)


def needs_new(name: str) -> str:
    """What V8 says of a class of the runtime that is called as a function."""
    return (
        f"Failed to construct '{name}': Please use the 'new' operator, this object constructor cannot be called as a "
        "function."
    )


_classes: dict[type, JsClass] = {}


def class_of(cls: type[JsProxy]) -> JsClass:
    """The constructor of a declared class. There is one of it."""
    found = _classes.get(cls)
    if found is None:
        found = _classes[cls] = JsClass(cls)
    return found


_UNIVERSAL: dict[str, Callable[[JsProxy], Any]] = {
    "constructor": lambda self: self.constructor,
    "toString": lambda self: JsFunction(self._js_text, "toString"),
    "toLocaleString": lambda self: JsFunction(self._js_text, "toLocaleString"),
    "valueOf": lambda self: JsFunction(lambda: self, "valueOf"),
    "hasOwnProperty": lambda self: JsFunction(lambda name: name in self._js_keys(), "hasOwnProperty"),
}
"""What every object inherits from Object.prototype."""


members.install(JsFunction)
crossing_.know(JsProxy)
__all__ = [
    "Getter",
    "JsBigInt",
    "JsClass",
    "JsFunction",
    "JsHost",
    "JsNull",
    "JsObject",
    "JsProxy",
    "JsType",
    "MODULE",
    "Member",
    "Method",
    "Static",
    "Thrown",
    "call",
    "class_of",
    "crossing",
    "from_python",
    "getter",
    "guarded",
    "into_python",
    "iterate",
    "javascript_name",
    "jsnull",
    "lower",
    "method",
    "name_class",
    "needs_new",
    "raise_js",
    "static",
    "text",
    "typeof",
]
