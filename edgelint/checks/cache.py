"""Caches: what should not be stored, and what should not be shared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import check
from edgelint.checks._fixes_cache import stored_when_ok
from edgelint.diagnostics import Confidence, Finding, Related, Severity

if TYPE_CHECKING:
    from edgelint.project.project import Project

_LEAKS = "what one user was answered is stored under a key that is the same for all, and given to the next"
_MAY_LEAK = (
    "answers are stored by their URL alone: when the handler answers by who asks, one user is given what another was"
)


@check("cache/error-response-cached")
def error_response_cached(project: Project) -> Iterator[Finding]:
    """What a fetch gave is stored although it may be an error."""
    for stored in project.caches.unchecked():
        fetch = Related(stored.fetch.file.span(stored.fetch.node), "fetched here: a 404 or a 500 is an answer too")
        yield Finding(
            stored.span, "an error that the origin answers with is stored too, and given to everyone until it expires",
            (fetch,), "Store the response only when response.ok is true.", stored_when_ok(stored),
        )


@check("cache/authenticated-response-cached")
def authenticated_response_cached(project: Project) -> Iterator[Finding]:
    """An answer that depends on who asks, under a key that does not."""
    for shared in project.shared_caches.found():
        related = [Related(shared.lookup.callee_span, "whoever asks for this URL next is given it here")]
        if shared.who is not None:
            related.insert(0, Related(shared.who.file.span(shared.who.node), "the answer depends on who asks"))
        yield Finding(
            shared.span, _LEAKS if shared.who is not None else _MAY_LEAK, tuple(related),
            "Put the user into the key, or do not cache requests that carry credentials.",
            severity=Severity.ERROR if shared.who is not None else Severity.WARNING,
            confidence=Confidence.HIGH if shared.who is not None else Confidence.MEDIUM,
        )
