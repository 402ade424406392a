"""KV: races between a read and a write, times to live, lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import check
from edgelint.diagnostics import Finding, Related

if TYPE_CHECKING:
    from edgelint.project.kvclaims import Claim
    from edgelint.project.kvflow import Pair
    from edgelint.project.project import Project


@check("kv/non-atomic-rate-limit")
def non_atomic_rate_limit(project: Project) -> Iterator[Finding]:
    """A count in KV that is read, compared with a limit, and written back."""
    for pair in project.kv.pairs():
        if pair.limit is None or project.only not in (None, pair.site.file.path):
            continue
        limit = Related(pair.limit.file.span(pair.limit.node), "this decides by the count that was read")
        yield Finding(
            pair.span, "requests that run at the same time read the same count, so all of them pass the limit: KV cannot count atomically",
            (*_ends(pair), limit),
            "Use the rate limiting binding, or count in a Durable Object.",
        )


@check("kv/non-atomic-update")
def non_atomic_update(project: Project) -> Iterator[Finding]:
    """A value that is read from KV, changed, and written back."""
    for pair in project.kv.pairs():
        if pair.limit is None and project.only in (None, pair.site.file.path):
            yield Finding(
                pair.span,
                "of two requests that change this value at the same time one change is lost: KV keeps the last write",
                _ends(pair), "Keep what is changed in place in a Durable Object or D1, or give every change a key of its own.",
            )


@check("kv/check-then-set")
def check_then_set(project: Project) -> Iterator[Finding]:
    """A key that is written because it was not there, as if nobody else could be doing the same."""
    for claim in project.kv_claims.claims():
        if project.only in (None, claim.site.file.path):
            yield Finding(
                claim.span,
                "two requests at the same time both find that the key is not there, and both go on: KV has no put-if-absent",
                _ends(claim), "Let a Durable Object decide, or a D1 row with a unique key.",
            )


def _ends(pair: Pair | Claim) -> tuple[Related, ...]:
    read = Related(pair.read.callee_span, "the value is read here")
    if pair.write.callee_span == pair.span:
        return (read,)
    return read, Related(pair.write.callee_span, "and written here")
