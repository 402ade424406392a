"""console: what the app says, to the world's logs as (level, text)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from edgelint.testing import json_text
from edgelint.testing.coercion import number, number_text
from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.web import realm
from edgelint.testing.python_host.web.base import WebObject, is_buffer, js_text, truth
from edgelint.testing.values import UNDEFINED

_FORMAT: Final = re.compile(r"%([sdifjoOc%])")
_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][\w$]*")
_DEEPEST: Final = 2
"""How many levels of objects in objects are shown, as Node's util.inspect has it."""


class Console(WebObject):
    """``console``."""

    def __init__(self) -> None:
        self._indent = 0
        self._counts: Counter[str] = Counter()
        self._started: dict[str, float] = {}

    def log(self, *values: Any) -> None:
        """Say something."""
        self._say("log", values)

    def info(self, *values: Any) -> None:
        """Say something."""
        self._say("info", values)

    def debug(self, *values: Any) -> None:
        """Say something for who looks closely."""
        self._say("debug", values)

    def warn(self, *values: Any) -> None:
        """Warn."""
        self._say("warn", values)

    def error(self, *values: Any) -> None:
        """Complain."""
        self._say("error", values)

    def trace(self, *values: Any) -> None:
        """Say something."""
        self._say("trace", values)

    def dir(self, value: Any = UNDEFINED, options: Any = UNDEFINED) -> None:
        """Show a value."""
        self._say("log", (inspect(value),))

    def table(self, value: Any = UNDEFINED, columns: Any = UNDEFINED) -> None:
        """Show a value."""
        self._say("log", (inspect(value),))

    def assert_(self, condition: Any = False, *values: Any) -> None:
        """Complain unless something holds."""
        if not truth(condition):
            self._say("error", ("Assertion failed" + (":" if values else ""), *values))

    def group(self, *values: Any) -> None:
        """Indent what is said from here on."""
        if values:
            self._say("log", values)
        self._indent += 2

    def groupCollapsed(self, *values: Any) -> None:
        """``group``."""
        self.group(*values)

    def groupEnd(self) -> None:
        """Indent no more."""
        self._indent = max(0, self._indent - 2)

    def count(self, label: Any = "default") -> None:
        """Say how often this was called."""
        name = js_text(label)
        self._counts[name] += 1
        self._say("log", (f"{name}: {self._counts[name]}",))

    def countReset(self, label: Any = "default") -> None:
        """Count from the start."""
        self._counts.pop(js_text(label), None)

    def time(self, label: Any = "default") -> None:
        """Begin to measure, on the clock of the world."""
        self._started[js_text(label)] = realm.current().now()

    def timeLog(self, label: Any = "default", *values: Any) -> None:
        """Say how long it took so far."""
        name = js_text(label)
        if name in self._started:
            self._say("log", (f"{name}: {number_text(realm.current().now() - self._started[name])}ms", *values))

    def timeEnd(self, label: Any = "default") -> None:
        """Say how long it took."""
        self.timeLog(label)
        self._started.pop(js_text(label), None)

    def _say(self, level: str, values: tuple[Any, ...]) -> None:
        found = written(values)
        pad = " " * self._indent
        realm.current().log(level, "\n".join(pad + line for line in found.split("\n")))


def written(values: tuple[Any, ...]) -> str:
    """Values as one line, formats in the first filled in (https://console.spec.whatwg.org/#formatter)."""
    rest = list(values)
    parts: list[str] = []
    if rest and isinstance(rest[0], str):
        first = rest.pop(0)

        def fill(found: re.Match[str]) -> str:
            if found[1] == "%":
                return "%"
            return _filled(found[1], rest.pop(0)) if rest else found[0]

        parts.append(_FORMAT.sub(fill, first) if values[1:] else first)
    parts += [value if isinstance(value, str) else inspect(value) for value in rest]
    return " ".join(parts)


def _filled(kind: str, value: Any) -> str:
    match kind:
        case "s":
            return value if isinstance(value, str) else js_text(value)
        case "d":
            return number_text(number(value))
        case "i":
            converted = number(value)
            return number_text(float(int(converted)) if converted == converted and abs(converted) < 1e21 else converted)
        case "f":
            return number_text(number(value))
        case "j":
            return json_text.dump(value) or "undefined"
        case "c":
            return ""
        case _:
            return inspect(value)


def inspect(value: Any, depth: int = 0) -> str:
    """A value as Node's util.inspect shows it on one line."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, EdgeError):
        return str(value)
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"
    if isinstance(value, Mapping):
        if depth > _DEEPEST:
            return "[Object]"
        pairs = [f"{_key(key)}: {inspect(item, depth + 1)}" for key, item in value.items()]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    if isinstance(value, (list, tuple)):
        if depth > _DEEPEST:
            return "[Array]"
        return f"[ {', '.join(inspect(item, depth + 1) for item in value)} ]" if value else "[]"
    if is_buffer(value):
        return f"Uint8Array({len(value)}) [ {', '.join(map(str, bytes(value)))} ]" if value else "Uint8Array(0) []"
    if isinstance(value, WebObject):
        return value._js_shown()
    return js_text(value)


def _quoted(text: str) -> str:
    quote = "'" if "'" not in text else '"' if '"' not in text else "`"
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f"{quote}{escaped.replace(quote, chr(92) + quote)}{quote}"


def _key(key: Any) -> str:
    name = js_text(key)
    return name if _IDENTIFIER.fullmatch(name) else _quoted(name)
