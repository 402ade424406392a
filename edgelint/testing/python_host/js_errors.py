"""Errors: those of JavaScript as Python code catches them, and errors across the line: the platform's as JsException,
Python's as PythonError, and the classes of them."""

from __future__ import annotations

import traceback
from functools import cache
from typing import Any, Final, Self, cast

from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.jsvalue import (
    JsClass,
    JsProxy,
    Thrown,
    class_of,
    from_python,
    javascript_name,
    name_class,
    text,
    typeof,
)
from edgelint.testing.values import UNDEFINED

NATIVE: Final = ("Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError", "EvalError", "URIError")
_DOM: Final = frozenset((
    "AbortError", "ConstraintError", "DataCloneError", "DataError", "InvalidAccessError", "InvalidCharacterError",
    "InvalidStateError", "NetworkError", "NotFoundError", "NotSupportedError", "OperationError", "QuotaExceededError",
    "TimeoutError", "TypeMismatchError",
))  # fmt: skip
"""Names of errors that are DOMExceptions (https://webidl.spec.whatwg.org/#idl-DOMException-error-names)."""


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
        return error_class(text(self._own()["name"]))

    def _into_python(self) -> Any:
        return self


name_class(JsException, "JsException")


def as_js_error(error: EdgeError) -> JsException:
    """An error of the platform as the app gets it, with the flags that it bears."""
    fields: dict[str, Any] = {}
    if error.code is not None:
        fields["code"] = error.code
    for flag in ("remote", "retryable", "overloaded"):
        if getattr(error, flag):
            fields[flag] = True
    if isinstance(error.__cause__, EdgeError):
        fields["cause"] = as_js_error(error.__cause__)
    made = JsException(error.name, error.message, **fields)
    object.__setattr__(made, "_edge_error", error)
    return made


def as_edge_error(error: JsException) -> EdgeError:
    """The way back: what a JavaScript error is for the platform."""
    known = error.__dict__.get("_edge_error")
    if known is not None:
        return cast("EdgeError", known)
    own = error._own()
    code = own.get("code")
    return EdgeError(
        text(own["message"]), text(own["name"]), code=code if isinstance(code, int) else None,
        remote=own.get("remote") is True, retryable=own.get("retryable") is True,
        overloaded=own.get("overloaded") is True,
    )  # fmt: skip


def error_value(error: BaseException) -> Any:
    """What JavaScript catches when ``error`` was raised: an exception of Python's is a PythonError."""
    if isinstance(error, JsException) and not error._by_python:
        return error
    if isinstance(error, Thrown):
        return error.value
    if isinstance(error, EdgeError):
        return as_js_error(error)
    return python_error(error)


def python_error(error: BaseException) -> JsException:
    """The PythonError for an exception that left Python code. Its message is the traceback."""
    if isinstance(error, EdgeError):
        return as_js_error(error)
    words = "".join(traceback.format_exception(error))
    made = JsException("PythonError", words, type=type(error).__name__)
    object.__setattr__(made, "_python_error", error)
    return made


def raisable(value: Any) -> BaseException:
    """What Python gets raised for a value that JavaScript threw (or rejected a promise with). Pyodide makes an Error of
    what is none (https://github.com/pyodide/pyodide/blob/main/src/core/error_handling.ts)."""
    if isinstance(value, JsException):
        return value
    if isinstance(value, str):
        return JsException("Error", value)
    shown = text(value)
    tag = value._js_tag() if isinstance(value, JsProxy) else f"[object {_TAGS.get(typeof(value), 'Null')}]"
    words = f"A value of type {typeof(value)} with tag {tag} was thrown as an error!"
    words += f'\nString interpolation of the thrown value gives """{shown}""".'
    if value is not None and value is not UNDEFINED:
        words += f'\nThe thrown value\'s toString method returns """{shown}""".'
    return JsException("Error", words)


_TAGS: Final = {
    "number": "Number", "string": "String", "boolean": "Boolean", "undefined": "Undefined", "bigint": "BigInt",
}  # fmt: skip


@cache
def error_type(name: str) -> type[JsProxy]:
    """The class of errors of a name: a native one, DOMException, or Error for any other."""
    known = name if name in (*NATIVE, "PythonError", "DOMException") else "DOMException" if name in _DOM else "Error"
    if known != name:
        return error_type(known)

    class Constructed(JsProxy, js_name=known):
        @classmethod
        def _js_construct(cls, args: list[Any]) -> Any:
            message = "" if not args or args[0] is UNDEFINED else text(args[0])
            if known == "DOMException":
                return JsException("Error" if len(args) < 2 else text(args[1]), message)
            options = args[1] if len(args) > 1 else None
            cause = {"cause": options._js_get("cause")} if isinstance(options, JsProxy) else {}
            return JsException(known, message, **{key: found for key, found in cause.items() if found is not UNDEFINED})

        if known != "DOMException":

            @classmethod
            def _js_call_class(cls, args: list[Any]) -> Any:
                return cls._js_construct(args)

    return Constructed


def error_class(name: str) -> JsClass:
    """The constructor of errors of a name."""
    return class_of(error_type(name))
