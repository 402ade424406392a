"""Why workerd did not start or ended, from what it wrote: without its machinery, with the app's own places."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.workerd_host.source_maps import mapped_stack

if TYPE_CHECKING:
    from edgelint.testing.workerd_host.source_maps import SourceMap

_SERVICE: Final = re.compile(r"^service (?P<name>[^:\s]+): (?P<text>.*)", re.DOTALL)
_FRAME: Final = re.compile(r"^\s+at (?P<module>\S+?):(?P<line>\d+):(?P<column>\d+)(?: in (?P<function>.+))?$")
_FOLLOWING: Final = ("has no such named entrypoint", "A DurableObjectNamespace in the config referenced the class")
"""What is said too when a worker could not be loaded, and tells nothing."""


def records(lines: Sequence[str]) -> list[dict[str, Any]]:
    """The log's lines as they are read: ``{"level", "message", ...}``; what is no JSON is a message."""
    found = []
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        found.append(record if isinstance(record, dict) else {"level": "log", "message": line})
    return found


def told(lines: Sequence[str], maps: Mapping[str, SourceMap] | None = None) -> str:
    """What the lines say to somebody who looks for a reason."""
    texts = []
    for record in records(lines):
        message = str(record.get("message", "")).split("\nstack: ", 1)[0]
        service = _SERVICE.match(message)
        if service is not None:
            message = f"worker '{service['name']}': {service['text']}"
        texts.append("\n".join(_placed(line, maps or {}) for line in message.splitlines()))
    telling = [text for text in texts if not any(each in text for each in _FOLLOWING)]
    return "\n".join(telling or texts)


def _placed(line: str, maps: Mapping[str, SourceMap]) -> str:
    """A frame as workerd writes it at start ("  at index.js:2:7 in f"), in the app's own file."""
    frame = _FRAME.match(line)
    if frame is None:
        return line
    place = f"{frame['module']}:{frame['line']}:{frame['column']}"
    return mapped_stack(f"    at {frame['function']} ({place})" if frame["function"] else f"    at {place}", maps)
