"""The rate limiting binding: so many calls a key in each window of the clock.

Facts: developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit; Miniflare
packages/miniflare/src/workers/ratelimit (the words of errors; windows begin at multiples of the period).

Production counts in each location for itself and does not promise to be exact: the gate's consistency stage may set
``location`` in an operation's attributes, and ``RateStore.slack`` lets so many more calls through.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from edgelint.platform import limits
from edgelint.testing.bindings.base import Binding, Declared, Services
from edgelint.testing.coercion import integer, number_text, primitive_text
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.operation import Operation
from edgelint.testing.values import UNDEFINED

_OPTIONS: Final = ("key", "limit", "period")


class RateStore:
    """The counters of one namespace: by location, key and period (s), the window and the calls in it."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str, int], tuple[int, int]] = {}
        self.slack = 0

    def count(self, location: str, key: str, period: int, limit: float, now: float) -> bool:
        """Count a call at ``now`` (ms since the epoch). Returns whether it is within the limit."""
        window = int(now // (period * 1000))
        seen, calls = self.counts.get((location, key, period), (window, 0))
        if seen != window:
            calls = 0
        if calls >= limit + self.slack:
            return False
        self.counts[location, key, period] = (window, calls + 1)
        return True


class RateLimiter(Binding):
    """A rate limiter. Bindings of one namespace share their counters."""

    kind: ClassVar[str] = "rate-limit"

    def __init__(self, declared: Declared, services: Services) -> None:
        super().__init__(declared, services)
        self.store = services.shared(("rate-limit", declared.resource), RateStore)
        simple = declared.fields.get("simple")
        self._simple: Mapping[str, Any] = simple if isinstance(simple, Mapping) else {}

    async def limit(self, options: Any = UNDEFINED, /, **more: Any) -> dict[str, bool]:
        """Count a call for ``key`` ("" when there is none): {"success"} says whether it is within the limit. Options
        are keywords or one mapping. Raises EdgeError for options that are none."""
        if options is UNDEFINED and more:
            options = {}
        if not isinstance(options, Mapping):
            raise EdgeError("invalid rate limit options")
        given = {**options, **more}
        unknown = [name for name in given if name not in _OPTIONS]
        if unknown:
            raise EdgeError(f"bad rate limit options: [{','.join(unknown)}]")
        key = _or(given.get("key", UNDEFINED), "")
        most = _or(given.get("limit", UNDEFINED), self._configured("limit"))
        period = _or(given.get("period", UNDEFINED), self._configured("period"))
        if not isinstance(key, str):
            raise EdgeError(f"invalid key: {_shown(key)}")
        for name, value in (("limit", most), ("period", period)):
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise EdgeError(f"{name} must be a number: {_shown(value)}")
        if integer(period) not in limits.RATE_LIMIT_PERIODS:
            raise EdgeError(f"unsupported period: {number_text(period)}")

        def effect(operation: Operation) -> dict[str, bool]:
            location = str(operation.attributes.get("location", ""))
            success = self.store.count(location, key, int(period), most, self.clock.now)
            operation.attributes["success"] = success
            return {"success": success}

        request = {"key": key, "limit": most, "period": period}
        return await self.gate.perform(self.operation("limit", key, request), effect)

    def _configured(self, name: str) -> Any:
        value = self._simple.get(name)
        if value is None:
            raise EdgeUsageError(f"{self.name}: the config gives no 'simple.{name}' for this rate limiter")
        return value


def _or(value: Any, default: Any) -> Any:
    return default if value is UNDEFINED else value


def _shown(value: Any) -> str:
    text = primitive_text(value)
    return "[object Object]" if text is None else text
