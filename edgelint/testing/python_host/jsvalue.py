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
from collections.abc import Callable, Iterable, Iterator
from inspect import iscoroutine
from typing import Any, ClassVar, Final, Self, TypeVar, cast, overload

from edgelint.testing.coercion import MAX_SAFE, integer, number_text
from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.realm import realm
from edgelint.testing.values import UNDEFINED

MODULE: Final = "pyodide.ffi"
T = TypeVar("T")


class JsNull:
    """null, where it is told from undefined. There is one of it; it is false."""

    _instance: ClassVar[JsNull | None] = None

    def __new__(cls) -> JsNull:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "jsnull"


JsNull.__module__ = MODULE
jsnull: Final = JsNull()


class JsBigInt(int):
    """A BigInt."""


JsBigInt.__module__ = MODULE


class Member:
    """A property or method of a JavaScript class. On an instance it gives what Python sees of it."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name = name
        self.function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = self.name or name

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else into_python(self.read(instance))

    def read(self, instance: Any) -> Any:
        """The value of the property on the JavaScript side."""
        raise NotImplementedError

    def write(self, instance: Any, value: Any) -> None:
        """Assign to the property. What cannot be assigned to keeps its value, as outside of strict mode."""


class Method(Member):
    """A method: ``function(self, *args)`` with values of the JavaScript side."""

    def read(self, instance: Any) -> Any:
        replaced = instance._js_own.get(self.name, self) if instance._js_own else self
        return JsFunction(self.function.__get__(instance), self.name) if replaced is self else replaced

    def write(self, instance: Any, value: Any) -> None:
        instance._own()[self.name] = value


class Getter(Member):
    """A property that is computed; ``setter`` makes it writable."""

    _write: Callable[[Any, Any], None] | None = None

    def setter(self, function: Callable[[Any, Any], None]) -> Self:
        """Use ``function(self, value)`` for assignments."""
        self._write = function
        return self

    def read(self, instance: Any) -> Any:
        return lower(guarded(self.function, instance))

    def write(self, instance: Any, value: Any) -> None:
        if self._write is not None:
            guarded(self._write, instance, value)


class Static(Member):
    """A method or constant of the constructor itself."""

    def __init__(self, name: str, function: Callable[..., Any], constant: bool = False) -> None:
        super().__init__(name, function)
        self.constant = constant

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self.function  # how Python code of the host calls it; the app sees statics on the constructor only


@overload
def method(function: Callable[..., Any]) -> Any: ...
@overload
def method(*, name: str = "") -> Callable[[Callable[..., Any]], Any]: ...
def method(function: Any = None, *, name: str = "") -> Any:
    """Declare a method, also as ``@method(name=...)``."""
    return Method(name, function) if function is not None else lambda found: Method(name, found)


@overload
def getter(function: Callable[..., Any]) -> Any: ...
@overload
def getter(*, name: str = "") -> Callable[[Callable[..., Any]], Any]: ...
def getter(function: Any = None, *, name: str = "") -> Any:
    """Declare a computed property, also as ``@getter(name=...)``."""
    return Getter(name, function) if function is not None else lambda found: Getter(name, found)


@overload
def static(function: Callable[..., Any]) -> Any: ...
@overload
def static(*, name: str = "", constant: bool = False) -> Callable[[Callable[..., Any]], Any]: ...
def static(function: Any = None, *, name: str = "", constant: bool = False) -> Any:
    """Declare a method of the constructor; with ``constant`` its value, computed when it is read."""
    return Static(name, function, constant) if function is not None else lambda found: Static(name, found, constant)


class JsType(type):
    """The class of classes: as types of C they bear their module in the name that error messages show, and not in
    ``__name__``."""

    @property
    def __name__(cls) -> str:  # type: ignore[override]
        return cls.__qualname__


def _name(cls: type, name: str) -> None:
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
        _give_abilities(cls)
        _name(cls, "JsProxy")

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls is JsProxy:
            raise TypeError("JsProxy cannot be instantiated.")
        return super().__new__(cls)

    # The JavaScript side

    def _own(self) -> dict[str, Any]:
        """Properties that were assigned to this object, by name."""
        if self._js_own is None:
            object.__setattr__(self, "_js_own", {})
        return cast("dict[str, Any]", self._js_own)

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
        return class_of(type(self))

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


_name(JsProxy, "JsProxy")


def _give_abilities(cls: type[JsProxy]) -> None:
    """What Python may do with instances of a class, from the methods it has, as Pyodide decides it."""
    members = cls._js_members
    given = cls.__dict__
    sized = any(isinstance(members.get(name), Getter) for name in ("size", "length"))
    if cls._js_iterate is not JsProxy._js_iterate and "__iter__" not in given and not hasattr(cls, "__iter__"):
        is_map = sized and all(isinstance(members.get(name), Method) for name in ("get", "has", "keys"))
        cls.__iter__ = _iter_keys if is_map else _iter  # type: ignore[attr-defined]
    if hasattr(cls, "_js_async_iterate") and not hasattr(cls, "__aiter__"):
        cls.__aiter__ = _aiter  # type: ignore[attr-defined]
    for name, dunder, ability in (
        ("get", "__getitem__", _getitem), ("set", "__setitem__", _setitem), ("delete", "__delitem__", _delitem),
        ("has", "__contains__", _contains),
    ):  # fmt: skip
        if isinstance(members.get(name), Method) and not hasattr(cls, dunder):
            setattr(cls, dunder, ability)
    if sized and not hasattr(cls, "__len__") and not hasattr(cls, "_js_apply"):
        cls.__len__ = _len  # type: ignore[attr-defined]


def _iter(self: JsProxy) -> Iterator[Any]:
    return (into_python(item) for item in iterate(self))


def _iter_keys(self: JsProxy) -> Iterator[Any]:
    return (into_python(item) for item in iterate(call(self._js_get("keys"), this=self)))


async def _aiter(self: Any) -> Any:
    async for item in self._js_async_iterate():
        yield into_python(item)


def _getitem(self: JsProxy, key: Any) -> Any:
    wanted = from_python(key)
    found = call(self._js_get("get"), wanted, this=self)
    if found is UNDEFINED and not (self._js_has("has") and call(self._js_get("has"), wanted, this=self)):
        raise KeyError(key)
    return into_python(found)


def _setitem(self: JsProxy, key: Any, value: Any) -> None:
    self.set(key, value)


def _delitem(self: JsProxy, key: Any) -> None:
    if call(self._js_get("delete"), from_python(key), this=self) is not True:
        raise KeyError(key)


def _contains(self: JsProxy, key: Any) -> bool:
    return bool(self.has(key))


def _len(self: JsProxy) -> int:
    return int(self._js_get("length") if "length" in self._js_members else self._js_get("size"))


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
    def name(self) -> str:
        return cast("str", self._name)

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


class JsException(JsProxy, Exception):
    """An Error of JavaScript. Also what Python code catches."""

    _js_class_name = "Error"

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        return Exception.__new__(cls, *args)

    def __init__(self, name: str = "Error", message: str = "", stack: str | None = None, **fields: Any) -> None:
        Exception.__init__(self, self)
        fields = {"name": name, "message": message, **fields}
        fields["stack"] = stack if stack is not None else f"{name}: {message}\n    at <anonymous>"
        object.__setattr__(self, "_js_own", fields)
        object.__setattr__(self, "_python_error", None)
        object.__setattr__(self, "_by_python", False)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__"):
            Exception.__setattr__(self, name, value)
        else:
            self._js_set(javascript_name(name), from_python(value))

    def _js_keys(self) -> list[str]:
        return [key for key in self._own() if key not in ("name", "message", "stack", "cause")]

    def _js_text(self) -> str:
        own = self._own()
        name, message = text(own["name"]), text(own["message"])
        return f"{name}: {message}" if message else name

    def _js_tag(self) -> str:
        return "[object DOMException]" if self._own()["name"] == "DataCloneError" else "[object Error]"

    @property
    def js_error(self) -> JsException:
        """Itself."""
        return self

    @property
    def constructor(self) -> Any:
        """Its class, by its name."""
        from edgelint.testing.python_host.js_errors import error_class

        return error_class(text(self._own()["name"]))

    def _into_python(self) -> Any:
        return self


_name(JsException, "JsException")


_classes: dict[type, JsClass] = {}


def class_of(cls: type[JsProxy]) -> JsClass:
    """The constructor of a declared class. There is one of it."""
    found = _classes.get(cls)
    if found is None:
        found = _classes[cls] = JsClass(cls)
    return found


def javascript_name(name: str) -> str:
    """An attribute's name as JavaScript has it: ``from_`` is ``from``."""
    return name[:-1] if name[-1] == "_" and keyword.iskeyword(name[:-1]) else name


class Thrown(Exception):
    """A value that is no Error, on its way through code of the JavaScript side."""

    def __init__(self, value: Any) -> None:
        super().__init__(text(value))
        self.value = value


def into_python(value: Any) -> Any:
    """A value of the JavaScript side as Python code gets it."""
    kind = type(value)
    if kind is str or kind is bool:
        return value
    if kind is int or kind is float:
        return 0 if value == 0 else integer(value)
    if value is UNDEFINED:
        return None
    if value is None:
        return None if realm().profile.null_is_none else jsnull
    if isinstance(value, JsProxy):
        return value._into_python()
    if kind is JsBigInt:
        return value if realm().profile.big_int_type else int(value)
    return into_python(lower(value))


def from_python(value: Any, borrowed: list[Any] | None = None) -> Any:
    """What Python code passes, as a value of the JavaScript side. A Python object becomes a PyProxy; with ``borrowed``
    it is put there, for who destroys it when the call is over."""
    if value is None:
        return UNDEFINED
    if isinstance(value, JsProxy):
        return value
    if isinstance(value, (bool, float)):
        return value if type(value) in (bool, float) else float(value)
    if isinstance(value, int):
        if isinstance(value, JsBigInt):
            return value
        return int(value) if -MAX_SAFE < value < MAX_SAFE else JsBigInt(value)
    if isinstance(value, str):
        return value if type(value) is str else str.__str__(value)
    if value is jsnull:
        return None
    proxy = _wrap(value)
    if borrowed is not None and hasattr(proxy, "_give_back"):
        borrowed.append(proxy)
    return proxy


def crossing(target: Callable[[list[Any]], Any], args: Iterable[Any], kwargs: dict[str, Any]) -> Any:
    """A call from Python: arguments go over, the result comes back. Python objects that were passed are lent for the
    time of the call, or until the promise it gives is settled."""
    borrowed: list[Any] = []
    given = [from_python(arg, borrowed) for arg in args]
    if kwargs:
        given.append(JsObject({key: from_python(value, borrowed) for key, value in kwargs.items()}))
    kept = False
    try:
        result = target(given)
        if borrowed:
            kept = _lend(result, borrowed)
        return into_python(result)
    except Thrown as thrown:
        from edgelint.testing.python_host.js_errors import raisable

        raise raisable(thrown.value) from None
    finally:
        if not kept:
            for proxy in borrowed:
                proxy._give_back()


def lower(value: Any) -> Any:
    """Plain Python as values of the JavaScript side; what is one already stays as it is."""
    kind = type(value)
    if kind is str or kind is bool or kind is int or kind is float or value is None or value is UNDEFINED:
        return value
    if isinstance(value, JsProxy):
        return value
    return _lower(value)


def guarded(function: Callable[..., T], *args: Any, label: str = "") -> Any:
    """Call code of the JavaScript side: an EdgeError comes out as a JsException, a coroutine becomes a promise."""
    try:
        result = function(*args)
    except EdgeError as error:
        raise_js(error)
    if iscoroutine(result):
        return _start(result, label)
    return result


def raise_js(error: EdgeError) -> Any:
    """Raise an error of the platform as the app sees it."""
    from edgelint.testing.python_host.js_errors import as_js_error

    raise as_js_error(error) from None


def call(function: Any, *args: Any, this: Any = UNDEFINED) -> Any:
    """Call a function from the JavaScript side, whoever made it. Raises EdgeError (TypeError) when it is none."""
    apply = getattr(function, "_js_apply", None)
    if apply is None:
        raise EdgeError(f"{text(function)} is not a function", "TypeError")
    return apply(this, [lower(arg) for arg in args])


def iterate(value: Any) -> Iterator[Any]:
    """Iterate over an iterable of the JavaScript side. Raises EdgeError (TypeError) when it is none."""
    if isinstance(value, str):
        return iter(value)
    found = value._js_iterate() if isinstance(value, JsProxy) else None
    if found is None:
        shown = text(value)
        if not isinstance(value, JsProxy):
            kind = "" if value is None or value is UNDEFINED else f"{typeof(value)} "
            shown = f"{kind}{shown} is not iterable (cannot read property Symbol(Symbol.iterator))"
            raise EdgeError(shown, "TypeError")
        raise EdgeError(f"{shown} is not iterable", "TypeError")
    return (lower(item) for item in found)


def text(value: Any) -> str:
    """``String(value)``."""
    if isinstance(value, JsProxy):
        return value._js_text()
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, JsBigInt):
        return str(int(value))
    return number_text(value) if isinstance(value, (int, float)) else str(value)


def typeof(value: Any) -> str:
    """``typeof value``."""
    if isinstance(value, JsProxy):
        return value._js_typeof
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, JsBigInt):
        return "bigint"
    return {int: "number", float: "number", str: "string"}.get(type(value), "object")


_UNIVERSAL: dict[str, Callable[[JsProxy], Any]] = {
    "constructor": lambda self: self.constructor,
    "toString": lambda self: JsFunction(self._js_text, "toString"),
    "toLocaleString": lambda self: JsFunction(self._js_text, "toLocaleString"),
    "valueOf": lambda self: JsFunction(lambda: self, "valueOf"),
    "hasOwnProperty": lambda self: JsFunction(lambda name: name in self._js_keys(), "hasOwnProperty"),
}
"""What every object inherits from Object.prototype."""


def _missing(*args: Any) -> Any:
    raise RuntimeError("import edgelint.testing.python_host.runtime first")


_wrap: Callable[[Any], Any] = _missing
_lend: Callable[[Any, list[Any]], bool] = _missing
_lower: Callable[[Any], Any] = _missing
_start: Callable[[Any, str], Any] = _missing


def install(
    *, wrap: Callable[[Any], Any], lend: Callable[[Any, list[Any]], bool], lowering: Callable[[Any], Any],
    start: Callable[[Any, str], Any],
) -> None:  # fmt: skip
    """Put in what the modules above this one do: proxies of Python objects, promises, collections."""
    global _wrap, _lend, _lower, _start
    _wrap, _lend, _lower, _start = wrap, lend, lowering, start
