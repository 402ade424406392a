"""Promises that nobody waits for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import check
from edgelint.checks._fixes_async import waited_for
from edgelint.diagnostics import Finding, Related, Severity
from edgelint.project.flow import is_waiting
from edgelint.project.promises import Dropped, dropped_writes
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.project import Project

_STORES = {
    "kv": "KV",
    "r2": "R2",
    "queue": "the queue",
    "d1": "D1",
    "d1-session": "D1",
    "d1-statement": "D1",
    "cache": "the cache",
}


@check("async/unawaited-write")
def unawaited_write(project: Project) -> Iterator[Finding]:
    """A write whose promise is dropped may never happen."""
    for drop in dropped_writes(project):
        severity = Severity.WARNING if drop.in_object else None
        yield Finding(
            drop.file.span(drop.call), _message(drop), tuple(_related(drop)), _help(drop), waited_for(drop, project),
            severity=severity,
        )


def _message(drop: Dropped) -> str:
    store = _STORES[drop.write.kind]
    if drop.file.language == "python" and drop.call is not drop.write.node:
        return f"nobody awaits this coroutine, so it never runs: its write to {store} does not happen"
    if isinstance(drop.at, tree.Call) and is_waiting(drop.at):
        if any(isinstance(arg, tree.Function) for arg in drop.at.args):
            return f"waitUntil() is given a function, which nobody calls: this write to {store} does not happen"
        return f"waitUntil() is given an array, which is no promise: nobody waits for this write to {store}"
    what = "write to" if drop.call is drop.write.node else "call, which writes to"
    if drop.in_object:
        return f"nobody waits for this {what} {store}: the object lives until it is done, but its failure is never seen"
    lost = (
        "it is cut off when the response has been sent"
        if drop.file.language != "python"
        else "it is cut off when the handler returns"
    )
    return f"nobody waits for this {what} {store}: {lost}, and its failure is never seen"


def _related(drop: Dropped) -> Iterator[Related]:
    if drop.call is not drop.write.node:
        yield Related(drop.write.callee_span, "the write")
    if isinstance(drop.at, tree.Call) and drop.at is not drop.call and drop.at.start < drop.call.start:
        above = next((a for a in tree.ancestors(drop.call) if a is drop.at or isinstance(a, tree.Function)), None)
        ignored = "this does not wait for it" if above is drop.at else "this ignores the promise of its callback"
        yield Related(drop.file.span(drop.at.func), ignored)
    elif isinstance(drop.at, tree.Assign) and isinstance(drop.at.target, tree.Member):
        yield Related(drop.file.span(drop.at.target), "it is kept here, and never waited for")


def _help(drop: Dropped) -> str:
    if drop.in_object:
        return "await it, or catch its failure"
    if isinstance(drop.at, tree.Call) and is_waiting(drop.at):
        given = any(isinstance(arg, tree.Function) for arg in drop.at.args)
        return "call the function: waitUntil() takes its promise" if given else "waitUntil(Promise.all([...]))"
    if drop.file.language == "python":
        return "await it, gather it with others and await that, or give it to self.ctx.waitUntil()"
    return "await it, return it, or give it to ctx.waitUntil() when the response need not wait"
