"""Errors of JavaScript as a test sees them: with the frames of the app's own sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgelint.testing.errors import EdgeError
from edgelint.testing.workerd_host.protocols import codec
from edgelint.testing.workerd_host.source_maps import frames

if TYPE_CHECKING:
    from edgelint.testing.workerd_host.source_maps import SourceMap


class JsError(EdgeError):
    """What the app threw. ``stack`` has the frames in the app's own files, mapped; ``str`` shows them."""

    def __init__(self, message: str, name: str = "Error", *, stack: str = "", **flags: Any) -> None:
        super().__init__(message, name, **flags)
        self.stack = stack

    def __str__(self) -> str:
        head = f"{self.name}: {self.message}"
        return f"{head}\n{self.stack}" if self.stack else head


def js_error(written: Mapping[str, Any], maps: Mapping[str, SourceMap], inside: str = "") -> JsError:
    """An error as codec.js writes it, its frames mapped by a bundle's ``maps``. ``inside`` is the stack of the Durable
    Object that it came from: its frames come first."""
    found = codec.decode_error(dict(written))
    head = f"{found.name}: {found.message}"
    stacks = [stack.removeprefix(head) for stack in (inside, written.get("stack") or "") if stack]
    return JsError(
        found.message, found.name, stack=own_frames("\n".join(stacks), maps), code=found.code, remote=found.remote,
        retryable=found.retryable, overloaded=found.overloaded, cause=found.__cause__,
    )  # fmt: skip


def own_frames(stack: str, maps: Mapping[str, SourceMap]) -> str:
    """The frames of a stack in the app's sources, without the message before them; the line of source stands under the
    first that is the app's own."""
    lines: list[str] = []
    shown = False
    for frame in frames(stack, maps):
        place = f"{frame.where}:{frame.line}:{frame.column}" if frame.where else ""
        named = f"{frame.function} ({place})" if frame.function and place else frame.function or place
        lines.append(f"    at {named}")
        if not shown and frame.text.strip() and "node_modules" not in frame.where:
            lines.append(f"      {frame.text.strip()}")
            shown = True
    return "\n".join(lines)
