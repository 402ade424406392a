"""The price of each metered thing beyond what the Workers Paid plan includes, in US dollars. Seen on 2026-11-26.

Sources: developers.cloudflare.com/{kv,d1,r2,queues,durable-objects,workers}/platform/pricing and
developers.cloudflare.com/analytics/analytics-engine/pricing. A queue message costs three operations in its life (a
write, a read, a delete) of at most 64 KB each: here the write alone is counted, when it is made.
"""

from __future__ import annotations

from typing import Final

_MILLION: Final = 1_000_000

PER_UNIT: Final[dict[str, float]] = {
    "kv_reads": 0.50 / _MILLION,
    "kv_writes": 5.00 / _MILLION,
    "kv_deletes": 5.00 / _MILLION,
    "kv_lists": 5.00 / _MILLION,
    "d1_rows_read": 0.001 / _MILLION,
    "d1_rows_written": 1.00 / _MILLION,
    "r2_class_a": 4.50 / _MILLION,
    "r2_class_b": 0.36 / _MILLION,
    "queue_writes": 0.40 / _MILLION,
    "do_requests": 0.15 / _MILLION,
    "do_rows_read": 0.001 / _MILLION,
    "do_rows_written": 1.00 / _MILLION,
    "analytics_points": 0.25 / _MILLION,
}
"""Counter of the testing half's meter -> dollars."""
