"""Colours, or none."""

from __future__ import annotations

from edgelint.diagnostics import Severity

_SEVERITY = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.INFO: "1;36"}


class Style:
    """Wraps text in SGR sequences; with ``colour`` false it gives the text back."""

    __slots__ = ("colour",)

    def __init__(self, colour: bool = False) -> None:
        self.colour = colour

    def _wrap(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text else text

    def severity(self, severity: Severity, text: str) -> str:
        """In the severity's colour, bold."""
        return self._wrap(_SEVERITY[severity], text)

    def bold(self, text: str) -> str:
        """The message."""
        return self._wrap("1", text)

    def dim(self, text: str) -> str:
        """What matters less."""
        return self._wrap("2", text)

    def gutter(self, text: str) -> str:
        """Line numbers, arrows and bars."""
        return self._wrap("1;34", text)

    def related(self, text: str) -> str:
        """Marks and labels of a second place."""
        return self._wrap("1;34", text)

    def good(self, text: str) -> str:
        """All is well."""
        return self._wrap("1;32", text)
