"""Errors of JavaScript as a test sees them: with the frames of the app's own sources."""

from __future__ import annotations

from typing import Any

from edgelint.testing.errors import EdgeError


class JsError(EdgeError):
    """What the app threw. ``stack`` has the frames in the app's own files, mapped; ``str`` shows them."""

    def __init__(self, message: str, name: str = "Error", *, stack: str = "", **flags: Any) -> None:
        super().__init__(message, name, **flags)
        self.stack = stack

    def __str__(self) -> str:
        head = f"{self.name}: {self.message}"
        return f"{head}\n{self.stack}" if self.stack else head
