"""Types by other names: ``type Store = KVNamespace``, ``interface Kv extends KVNamespace``; and classes of the project
that share the name of a platform type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgelint.project import known
from edgelint.project.type_names import meaning
from edgelint.project.type_text import applied, whole

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.modules import ModuleGraph

_NAME = re.compile(r"([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)\s*(?:<.*>|\[.*\])?$", re.DOTALL)
# Names of platform types that code also gives to types of its own; the others, declared by hand, mean the platform's.
_COMMON = frozenset({
    "Cache", "Queue", "Service", "Fetcher", "Workflow", "Message", "MessageBatch", "Request", "Response", "Headers",
    "URL", "RateLimit", "RateLimiter", "Ai", "Context", "EventContext", "FormData", "WebSocket", "SendEmail",
    "CacheStorage",
})
# Those that packages (node-fetch, undici, frameworks) export for what is, or behaves as, the platform's.
_WEB = frozenset({
    "Request", "Response", "Headers", "URL", "EventContext", "FormData", "WebSocket", "CacheStorage", "Context",
})
_DEPTH = 4


def platform_type_in(annotation: str, file: SourceFile, graph: ModuleGraph, depth: int = 0) -> str | None:
    """The platform type that ``annotation`` means in ``file``; see ``known.platform_type``."""
    text = whole(annotation)
    head, arguments = applied(text) if text is not None else ("", [])
    if head in ("Pick", "Omit") and len(arguments) == 2:
        return "env" if platform_type_in(arguments[0], file, graph, depth + 1) == "env" else None
    match = _NAME.match(text) if text is not None and not text.endswith("[]") else None
    if text is None or match is None or depth > _DEPTH:
        return known.platform_type(annotation)
    name = match[1].rsplit(".", 1)[-1]
    found = meaning(match[1], file, graph)
    if found.name != name:  # import { Queue as Jobs }
        name = found.name
        text = name + text[match.end(1) :]
    if found.klass is not None and found.name in _COMMON:
        return None
    for decl in found.decls:
        for other in (decl.text, *decl.extends):
            kind = platform_type_in(other, found.file, graph, depth + 1) if other and other.strip() != name else None
            if kind is not None and kind != "env":
                return kind
    if found.decls and found.name in _COMMON:
        return None
    if found.is_foreign:
        if name in _COMMON - _WEB:
            return None
        if name == "Context" and found.package in known.HONO_MODULES:
            return "hono-context"
    return known.platform_type(name if found.is_own and found.file is not file else text)
