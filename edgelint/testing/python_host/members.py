"""Properties and methods of classes of JavaScript, and what Python may do with their instances."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self, overload

from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.crossing import call, from_python, guarded, into_python, iterate, lower, raise_js
from edgelint.testing.values import UNDEFINED


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
        return _function(self.function.__get__(instance), self.name) if replaced is self else replaced

    def write(self, instance: Any, value: Any) -> None:
        instance._own()[self.name] = value


class Getter(Member):
    """A property that is computed; ``setter`` makes it writable."""

    _write: Callable[[Any, Any], None] | None = None

    def setter(self, function: Callable[[Any, Any], None]) -> Self:
        """Use ``function(self, value)`` for assignments."""
        self._write = function
        return self

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        try:
            found = self.function(instance)
        except EdgeError as error:
            raise_js(error)
        if type(found) is str:
            return found
        return into_python(lower(found))

    def read(self, instance: Any) -> Any:
        found = guarded(self.function, instance)
        return found if type(found) is str else lower(found)

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


def give_abilities(cls: Any, base: Any) -> None:
    """What Python may do with instances of a class, from the methods it has, as Pyodide decides it."""
    members = cls._js_members
    given = cls.__dict__
    sized = any(isinstance(members.get(name), Getter) for name in ("size", "length"))
    if cls._js_iterate is not base._js_iterate and "__iter__" not in given and not hasattr(cls, "__iter__"):
        is_map = sized and all(isinstance(members.get(name), Method) for name in ("get", "has", "keys"))
        cls.__iter__ = _iter_keys if is_map else _iter
    if hasattr(cls, "_js_async_iterate") and not hasattr(cls, "__aiter__"):
        cls.__aiter__ = _aiter
    for name, dunder, ability in (
        ("get", "__getitem__", _getitem), ("set", "__setitem__", _setitem), ("delete", "__delitem__", _delitem),
        ("has", "__contains__", _contains),
    ):  # fmt: skip
        if isinstance(members.get(name), Method) and not hasattr(cls, dunder):
            setattr(cls, dunder, ability)
    if sized and not hasattr(cls, "__len__") and not hasattr(cls, "_js_apply"):
        cls.__len__ = _len


def _iter(self: Any) -> Iterator[Any]:
    return (into_python(item) for item in iterate(self))


def _iter_keys(self: Any) -> Iterator[Any]:
    return (into_python(item) for item in iterate(call(self._js_get("keys"), this=self)))


async def _aiter(self: Any) -> Any:
    async for item in self._js_async_iterate():
        yield into_python(item)


def _getitem(self: Any, key: Any) -> Any:
    wanted = from_python(key)
    found = call(self._js_get("get"), wanted, this=self)
    if found is UNDEFINED and not (self._js_has("has") and call(self._js_get("has"), wanted, this=self)):
        raise KeyError(key)
    return into_python(found)


def _setitem(self: Any, key: Any, value: Any) -> None:
    self.set(key, value)


def _delitem(self: Any, key: Any) -> None:
    if call(self._js_get("delete"), from_python(key), this=self) is not True:
        raise KeyError(key)


def _contains(self: Any, key: Any) -> bool:
    return bool(self.has(key))


def _len(self: Any) -> int:
    return int(self._js_get("length") if "length" in self._js_members else self._js_get("size"))


def _no_function(*args: Any) -> Any:
    raise RuntimeError("import edgelint.testing.python_host.jsvalue first")


_function: Callable[[Callable[..., Any], str], Any] = _no_function


def install(function: Callable[[Callable[..., Any], str], Any]) -> None:
    """Put in what makes a function of JavaScript."""
    global _function
    _function = function
