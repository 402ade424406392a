"""Requests that workerd passes on from the app: to caches, and to the world outside."""

from __future__ import annotations

import json

from edgelint.testing.http import HttpRequest
from edgelint.testing.workerd_host.capnp import CF


def as_app_sent(request: HttpRequest) -> HttpRequest:
    """The same request without what the way here added; ``cf`` is what the app gave with it."""
    given = request.header(CF)
    headers = [(name, value) for name, value in request.headers if name.lower() != CF]
    return HttpRequest(
        request.method, request.url, headers, request.body, None if given is None else json.loads(given), request.stream
    )
