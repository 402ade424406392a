"""Caches: what should not be stored, and what should not be shared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import check
from edgelint.diagnostics import Finding, Related

if TYPE_CHECKING:
    from edgelint.project.project import Project


@check("cache/error-response-cached")
def error_response_cached(project: Project) -> Iterator[Finding]:
    """What a fetch gave is stored although it may be an error."""
    for stored in project.caches.unchecked():
        fetch = Related(stored.fetch.file.span(stored.fetch.node), "fetched here: a 404 or a 500 is an answer too")
        yield Finding(
            stored.span, "an error that the origin answers with is stored too, and given to everyone until it expires",
            (fetch,), "Store the response only when response.ok is true.",
        )
