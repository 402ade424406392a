"""Types by other names: ``type Store = KVNamespace``, ``interface Kv extends KVNamespace``; and classes of the project
that share the name of a platform type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgelint.project import known
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.modules import ModuleGraph

_NAME = re.compile(
    r"^[\s:]*([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)\s*(?:<.*>)?\s*(?:\|\s*(?:null|undefined|None))*\s*$", re.DOTALL
)
# Names of platform types that code also gives to types of its own; the others, declared by hand, mean the platform's.
_COMMON = frozenset({
    "Cache", "Queue", "Service", "Fetcher", "Workflow", "Message", "MessageBatch", "Request", "Response", "Headers",
    "URL", "RateLimit", "RateLimiter", "Ai", "Context", "EventContext", "FormData", "WebSocket", "SendEmail",
    "CacheStorage",
})
_DEPTH = 4


def platform_type_in(annotation: str, file: SourceFile, graph: ModuleGraph, depth: int = 0) -> str | None:
    """The platform type that ``annotation`` means in ``file``; see ``known.platform_type``."""
    match = _NAME.match(annotation)
    name = match[1].rsplit(".", 1)[-1] if match is not None else ""
    if not name or depth > _DEPTH:
        return known.platform_type(annotation)
    if name in _COMMON and any(klass.name == name for klass in file.index.classes):
        return None
    declared = file.index.types.get(name, ())
    for decl in declared:
        for text in (decl.text, *decl.extends):
            kind = platform_type_in(text, file, graph, depth + 1) if text and text.strip() != name else None
            if kind is not None and kind != "env":
                return kind
    for node in file.index.imports:
        for item in node.names:
            if isinstance(item, tree.ImportName) and item.local == name and item.imported not in ("*", "default"):
                target = graph.resolve(file, node.source, node.level)
                other = graph.files.get(target) if target is not None else None
                if other is not None and other is not file:
                    return platform_type_in(item.imported, other, graph, depth + 1)
    kind = known.platform_type(annotation)
    return None if declared and name in _COMMON else kind
