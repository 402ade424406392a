"""What the app's operations amount to: exact counts, modelled rows, and their price."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from edgelint.platform import prices
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.operation import Operation

COUNTERS: Final[Mapping[str, Mapping[str, str]]] = {
    "kv": {
        "get": "kv_reads", "getWithMetadata": "kv_reads", "put": "kv_writes", "delete": "kv_deletes",
        "list": "kv_lists",
    },
    "r2": {
        "put": "r2_class_a", "list": "r2_class_a", "createMultipartUpload": "r2_class_a", "uploadPart": "r2_class_a",
        "complete": "r2_class_a", "get": "r2_class_b", "head": "r2_class_b", "delete": "r2_deletes",
        "abort": "r2_deletes",
    },
    "d1": {
        "first": "d1_queries", "all": "d1_queries", "run": "d1_queries", "raw": "d1_queries", "exec": "d1_queries",
        "batch": "d1_queries",
    },
    "queue": {"send": "queue_writes", "sendBatch": "queue_writes"},
    "durable-object": {"fetch": "do_requests", "call": "do_requests"},
    "outbound": {"fetch": "subrequests"},
    "service": {"fetch": "subrequests", "call": "subrequests"},
    "cache": {"match": "cache_matches", "put": "cache_puts", "delete": "cache_deletes"},
    "ai": {"run": "ai_runs"},
    "rate-limit": {"limit": "rate_limits"},
    "analytics-engine": {"writeDataPoint": "analytics_points"},
    "vectorize": {"query": "vectorize_queries", "queryById": "vectorize_queries"},
    "send-email": {"send": "emails_sent"},
    "workflow": {"create": "workflows_created"},
}  # fmt: skip
"""Kind -> verb -> the counter it adds to; the same names are what ``max`` and ``edge_budget`` take."""
ROWS: Final[Mapping[str, Mapping[str, str]]] = {
    "d1": {"rows_read": "d1_rows_read", "rows_written": "d1_rows_written"},
    "durable-object-storage": {"rows_read": "do_rows_read", "rows_written": "do_rows_written"},
}
ESTIMATES: Final = frozenset(("d1_rows_read", "d1_rows_written", "do_rows_read", "do_rows_written"))
"""Counters that are modelled, not measured: production counts rows in a SQLite of its own making."""


def counter_names() -> set[str]:
    """Every name that ``max`` and ``edge_budget`` take."""
    return {name for verbs in (*COUNTERS.values(), *ROWS.values()) for name in verbs.values()} | {"operations"}


class Meter:
    """The stage that counts. ``calls`` are (binding, verb) -> how often, ``counts`` the named counters. ``check``
    raises EdgeUsageError for a binding that is not there."""

    def __init__(self, check: Callable[[str], None] = lambda binding: None) -> None:
        self._check = check
        self.calls: Counter[tuple[str, str]] = Counter()
        self.counts: Counter[str] = Counter()

    async def __call__(self, operation: Operation, proceed: Callable[[], Awaitable[Any]]) -> Any:
        self.calls[operation.binding, operation.verb] += 1
        self.counts["operations"] += 1
        counter = COUNTERS.get(operation.kind, {}).get(operation.verb)
        if counter is not None:
            self.counts[counter] += int(operation.attributes.get("units", 1))
        try:
            return await proceed()
        finally:
            for attribute, name in ROWS.get(operation.kind, {}).items():
                rows = operation.attributes.get(attribute)
                if rows:
                    self.counts[name] += rows

    def count(self, binding: str, verb: str | None = None) -> int:
        """How many operations went to a binding (with one verb). Raises EdgeUsageError for one that is not there."""
        self._check(binding)
        return sum(n for (name, each), n in self.calls.items() if name == binding and verb in (None, each))

    def __getattr__(self, name: str) -> int:
        """A counter by its name: ``edge_meter.kv_writes``."""
        if name.startswith("_") or name not in counter_names():
            raise AttributeError(f"there is no counter '{name}' (there are: {', '.join(sorted(counter_names()))})")
        return self.counts[name]

    def reset(self) -> None:
        """Start again from nothing."""
        self.calls.clear()
        self.counts.clear()

    @contextmanager
    def max(self, **limits: int) -> Iterator[None]:
        """Fail (AssertionError) when what is done inside takes more than a limit: ``max(kv_writes=1)``. Raises
        EdgeUsageError for a name that is no counter."""
        _check(limits)
        before = Counter(self.counts)
        yield
        over = exceeded(self.counts - before, limits)
        if over:
            raise AssertionError("over budget: " + "; ".join(over))

    def cost(self) -> float:
        """What it all costs in US dollars at the published prices beyond what the plan includes."""
        return sum(self.counts[name] * price for name, price in prices.PER_UNIT.items())

    def lines(self) -> list[tuple[str, str]]:
        """(counter, how many) for everything counted; modelled numbers bear "≈"."""
        return [
            (name, f"{'≈' if name in ESTIMATES else ''}{number}")
            for name, number in sorted(self.counts.items())
            if number and name != "operations"
        ]


def exceeded(counts: Mapping[str, int], limits: Mapping[str, int]) -> list[str]:
    """What is over its limit, in words."""
    return [
        f"{name} {'≈' if name in ESTIMATES else ''}{counts.get(name, 0)}, at most {limit}"
        for name, limit in limits.items()
        if counts.get(name, 0) > limit
    ]


def _check(limits: Mapping[str, int]) -> None:
    for name in limits:
        if name not in counter_names():
            raise EdgeUsageError(f"there is no counter '{name}' (there are: {', '.join(sorted(counter_names()))})")
