"""async/: promises that nobody waits for."""

from __future__ import annotations

from collections.abc import Iterator

from edgelint.checks import check
from edgelint.diagnostics import Finding, Related
from edgelint.platform import bindings
from edgelint.project.project import Project
from edgelint.project.promises import Dropped, dropped_writes
from edgelint.syntax import tree

_HELP = "await it, return it, or give it to ctx.waitUntil()"
_STORES = {"d1-statement": "D1", "d1-session": "D1", "d1": "D1", "kv": "KV", "r2": "R2", "queue": "queue", "cache": "cache"}


@check("async/unawaited-write")
def unawaited_write(project: Project) -> Iterator[Finding]:
    """Find writes whose promise is dropped, at the write or at the call of a function that makes it."""
    for dropped in dropped_writes(project):
        if project.only not in (None, dropped.file.path):
            continue
        store = _STORES.get(dropped.write.kind) or bindings.label(dropped.write.kind)
        span = dropped.file.span(dropped.node.func)
        related = []
        if dropped.by is not None:
            message = f"{dropped.file.text(dropped.by)}() does not wait for its callback, so nobody waits for this {store} write"
            related.append(Related(dropped.file.span(dropped.by), "the promise of the callback is dropped here"))
        elif dropped.node is dropped.write.node:
            message = f"nobody waits for this {store} write: the invocation may end before it is done, and its error is never seen"
        else:
            message = f"nobody waits for {_name(dropped)}(), which makes a {store} write: it may never be done, and its error is never seen"
            related.append(Related(dropped.write.callee_span, f"the {store} write"))
        yield Finding(span, message, tuple(related), help=_HELP)


def _name(dropped: Dropped) -> str:
    func = dropped.node.func
    if isinstance(func, tree.Member) and func.name:
        return func.name
    return func.id if isinstance(func, tree.Name) else "a function"
