"""Analytics Engine, as workerd writes a data point: checked already, one POST each.

https://github.com/cloudflare/workerd/blob/main/src/workerd/api/analytics-engine.c++: ``index1`` and ``blob1`` to
``blob20`` as arrays of bytes, without those that are null, and always ``double1`` to ``double20``. How many there were
is what js/analytics.js says in the last of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from edgelint.platform import limits
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.workerd_host.capnp import array, struct, text
from edgelint.testing.workerd_host.protocols import Wiring

if TYPE_CHECKING:
    from edgelint.testing.bindings.analytics_engine import AnalyticsEngineDataset
    from edgelint.testing.bindings.base import Declared

_MOST: Final = limits.ANALYTICS_MAX_DOUBLES
_LEAST: Final = 5e-324
"""JavaScript's Number.MIN_VALUE."""
_LARGEST_COUNT: Final = 2**15 * _LEAST


def wiring(declared: Declared, service: str) -> Wiring:
    """workerd's own binding; js/analytics.js counts, and keeps to the limits."""
    most = {
        "indexes": limits.ANALYTICS_MAX_INDEXES, "index": limits.ANALYTICS_MAX_INDEX,
        "blobs": limits.ANALYTICS_MAX_BLOBS, "blobBytes": limits.ANALYTICS_MAX_BLOB_BYTES, "doubles": _MOST,
    }  # fmt: skip
    inner = [
        struct(name=text("dataset"), analyticsEngine=text(service)),
        struct(name=text("limits"), json=text(json.dumps(most))),
    ]
    return Wiring(f'wrapped = (moduleName = "edgelint:analytics", innerBindings = {array(inner)})', ("analytics",))


async def answer(binding: AnalyticsEngineDataset, request: HttpRequest) -> HttpResponse:
    """One data point."""
    point = json.loads(request.body)
    last = point.get(f"double{_MOST}", 0)
    counts = round(last / _LEAST) if 0 < last < _LARGEST_COUNT else None
    doubles = _MOST if counts is None else counts % 32 - 1
    binding.write_data_point(
        indexes=_listed(point, "index", None if counts is None else counts // 32 // 32),
        blobs=_listed(point, "blob", None if counts is None else counts // 32 % 32),
        doubles=_listed(point, "double", doubles),
    )
    return HttpResponse(200)


def _listed(point: Mapping[str, Any], prefix: str, count: int | None) -> list[Any]:
    """The values of a kind: None for those that are not there, up to the last when nothing says how many there are (an
    index is always there, empty when there is none)."""
    numbered = {
        int(name.removeprefix(prefix)): bytes(value) if isinstance(value, list) else value
        for name, value in point.items()
        if name.startswith(prefix) and value != []
    }
    most = max(numbered, default=0) if count is None else count
    return [numbered.get(number, "" if prefix == "index" else None) for number in range(1, most + 1)]
