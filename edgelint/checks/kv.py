"""KV: races between a read and a write, times to live, lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import check
from edgelint.checks._fixes_kv import all_pages, clamped
from edgelint.diagnostics import Confidence, Finding, Related, Severity
from edgelint.platform import limits
from edgelint.project.call_contexts import functions_around
from edgelint.project.lifetimes import shortest
from edgelint.project.listing import listings

if TYPE_CHECKING:
    from edgelint.project.calls import BindingCall, Option
    from edgelint.project.kvclaims import Claim
    from edgelint.project.kvflow import Pair
    from edgelint.project.lifetimes import Case
    from edgelint.project.project import Project

_WHY = {
    "constant": "KV refuses a time to live under 60 seconds: this put fails, with {n}",
    "bounded": "this can be as short as {n} seconds, and KV refuses a time to live under 60: then the put fails",
    "left": "the time that is left gets shorter than 60 seconds before it is over: then KV refuses the put",
    "chosen": "whoever sends the request chooses this: KV refuses a time to live under 60 seconds, and the put fails",
    "given": "a window under 60 seconds makes every put of this limiter fail: KV refuses shorter times to live",
}


@check("kv/non-atomic-rate-limit")
def non_atomic_rate_limit(project: Project) -> Iterator[Finding]:
    """A count in KV that is read, compared with a limit, and written back."""
    for pair in project.kv.pairs():
        if not pair.is_limiter or project.only not in (None, pair.site.file.path):
            continue
        related = _ends(pair)
        if pair.limit is not None:
            related += (Related(pair.limit.file.span(pair.limit.node), "this decides by the count that was read"),)
        yield Finding(
            pair.span,
            "requests at the same time read the same count, so all of them pass the limit: KV cannot count atomically",
            related, "Use the rate limiting binding, or count in a Durable Object.",
        )


@check("kv/non-atomic-update")
def non_atomic_update(project: Project) -> Iterator[Finding]:
    """A value that is read from KV, changed, and written back."""
    for pair in project.kv.pairs():
        if not pair.is_limiter and project.only in (None, pair.site.file.path):
            yield Finding(
                pair.span,
                "of two requests that change this value at the same time one change is lost: KV keeps the last write",
                _ends(pair),
                "Keep what is changed in place in a Durable Object or D1, or give every change a key of its own.",
            )


@check("kv/check-then-set")
def check_then_set(project: Project) -> Iterator[Finding]:
    """A key that is written because it was not there, as if nobody else could be doing the same."""
    for claim in project.kv_claims.claims():
        if project.only in (None, claim.site.file.path):
            yield Finding(
                claim.span,
                "two requests at the same time both find nothing here, and both go on: KV has no put-if-absent",
                _ends(claim), "Let a Durable Object decide, or a D1 row with a unique key.",
            )


def _ends(pair: Pair | Claim) -> tuple[Related, ...]:
    read = Related(pair.read.callee_span, "the value is read here")
    if pair.write.callee_span == pair.span:
        return (read,)
    return read, Related(pair.write.callee_span, "and written here")


@check("kv/ttl-too-short")
def ttl_too_short(project: Project) -> Iterator[Finding]:
    """A time to live that KV refuses, or that can get so short that it does."""
    limiting = {function for pair in project.kv.pairs() if pair.is_limiter for function in pair.functions}
    for put in project.calls("kv", "put"):
        counts = any(function in limiting for function in functions_around(put.node))
        for option, cases in project.lifetimes.of(put):
            case = shortest(cases, limits.KV_MIN_TTL, counts)
            if case is not None:
                yield _too_short(put, option, case, project)


def _too_short(put: BindingCall, option: Option, case: Case, project: Project) -> Finding:
    sure = case.high is not None and case.high < limits.KV_MIN_TTL
    related = []
    if option.node is not case.node:
        related.append(Related(case.file.span(case.node), "it comes from here"))
    if option.file is not put.file or not put.node.start <= option.span.start < put.node.end:
        related.append(Related(put.callee_span, "it is used here"))
    return Finding(
        option.span, _WHY[case.kind].format(n=_shown(case)), tuple(related),
        f"Clamp it: Math.max({limits.KV_MIN_TTL}, ...)." if not sure else None,
        severity=Severity.ERROR if sure else Severity.WARNING,
        confidence=Confidence.HIGH if sure else Confidence.MEDIUM,
        fix=clamped(option, project),
    )


@check("kv/unpaginated-list")
def unpaginated_list(project: Project) -> Iterator[Finding]:
    """The first page of a list, taken for all of it."""
    for call, use in listings(project):
        yield Finding(
            call.callee_span,
            f"list() gives at most {limits.KV_MAX_LIST} keys at a time: the keys after the first page are passed over",
            (Related(call.file.span(use), "these are taken for all the keys"),),
            "Go on with the cursor until list_complete is true.",
            all_pages(call),
        )


def _shown(case: Case) -> str:
    return "a shorter one" if case.low is None else f"{case.low:g}"
