"""Errors of the platform, as a Worker sees them, and of the tests' own making."""

from __future__ import annotations


class EdgeError(Exception):
    """An error that the platform gives to the app.

    ``name`` is the class that JavaScript sees ("Error", "TypeError", "RangeError", "DataCloneError" ...), ``message``
    its text, ``code`` a number where the platform has one (25 for a DataCloneError; R2's are in its texts only).
    ``remote``, ``retryable`` and ``overloaded`` are the flags of errors that cross a Durable Object or RPC boundary,
    ``cause`` the error under it.
    """

    def __init__(
        self, message: str, name: str = "Error", *, code: int | None = None, remote: bool = False,
        retryable: bool = False, overloaded: bool = False, cause: BaseException | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.name = name
        self.message = message
        self.code = code
        self.remote = remote
        self.retryable = retryable
        self.overloaded = overloaded
        if cause is not None:
            self.__cause__ = cause

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


def type_error(message: str) -> EdgeError:
    """A TypeError of JavaScript."""
    return EdgeError(message, "TypeError")


def range_error(message: str) -> EdgeError:
    """A RangeError of JavaScript."""
    return EdgeError(message, "RangeError")


class EdgeUsageError(Exception):
    """The test, its configuration or its use of a fixture is wrong: said to the test, never given to the app."""


class UnsupportedBindingError(EdgeUsageError):
    """A binding of a kind that is not supported was touched."""


class HungError(EdgeUsageError):
    """The app waits for something that nothing will ever bring about: production would cancel the request as hung."""


class EdgeWarning(UserWarning):
    """Something about the app or its runtime that a test should know, and that stops nothing."""
