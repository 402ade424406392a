"""Analytics Engine: data points are checked and kept for the test to read.

Facts: workerd src/workerd/api/analytics-engine-impl.h (limits and words); developers.cloudflare.com/analytics/
analytics-engine/limits (points of an invocation).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from edgelint.platform import limits
from edgelint.testing.bindings.base import Binding, Declared, Services
from edgelint.testing.coercion import number, primitive_text, utf8
from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.operation import Operation
from edgelint.testing.values import UNDEFINED


@dataclass(frozen=True, slots=True)
class DataPoint:
    """One data point: text where it is UTF-8, else bytes; None where the app gave null. ``at`` is virtual ms since the
    epoch."""

    indexes: tuple[str | bytes | None, ...]
    blobs: tuple[str | bytes | None, ...]
    doubles: tuple[float, ...]
    at: float


class Dataset:
    """What was written to a dataset. ``dropped``: points beyond what one invocation may write."""

    def __init__(self) -> None:
        self.points: list[DataPoint] = []
        self.dropped: list[DataPoint] = []
        self.by_invocation: Counter[str] = Counter()


class AnalyticsEngineDataset(Binding):
    """A dataset. ``points`` is what the app wrote, in order."""

    kind: ClassVar[str] = "analytics-engine"

    def __init__(self, declared: Declared, services: Services) -> None:
        super().__init__(declared, services)
        self.store = services.shared(("analytics-engine", declared.resource), Dataset)

    @property
    def points(self) -> list[DataPoint]:
        """The data points that were written."""
        return list(self.store.points)

    @property
    def dropped(self) -> list[DataPoint]:
        """The data points beyond the 250 of one invocation. How production refuses them is not documented: they are
        assumed to be lost, and a warning is logged."""
        return list(self.store.dropped)

    def write_data_point(
        self, event: Any = UNDEFINED, /, *, indexes: Any = UNDEFINED, blobs: Any = UNDEFINED, doubles: Any = UNDEFINED
    ) -> None:
        """Write a data point, at once: from keywords or one mapping. Raises EdgeError (TypeError) for one beyond the
        limits."""
        if isinstance(event, Mapping):
            indexes, blobs, doubles = (event.get(name, UNDEFINED) for name in ("indexes", "blobs", "doubles"))
        elif event is not UNDEFINED and event is not None:
            raise type_error(
                "Failed to execute 'writeDataPoint' on 'AnalyticsEngine': parameter 1 is not of type "
                "'AnalyticsEngineEvent'."
            )
        point = DataPoint(
            _indexes(_listed("indexes", indexes)), _blobs(_listed("blobs", blobs)),
            _doubles(_listed("doubles", doubles)), self.clock.now,
        )  # fmt: skip

        def effect(operation: Operation) -> None:
            self.store.by_invocation[operation.invocation] += 1
            outside = operation.origin == "test" or not operation.invocation
            if not outside and self.store.by_invocation[operation.invocation] > limits.ANALYTICS_MAX_POINTS:
                operation.attributes["dropped"] = True
                self.store.dropped.append(point)
                most = limits.ANALYTICS_MAX_POINTS
                self.services.log("warning", f"{self.name}.writeDataPoint: more than {most} points in one invocation")
                return
            self.store.points.append(point)

        request = {"indexes": point.indexes, "blobs": point.blobs, "doubles": point.doubles}
        index = point.indexes[0] if point.indexes and isinstance(point.indexes[0], str) else None
        self.gate.perform_now(self.operation("writeDataPoint", index, request), effect)


def _listed(name: str, value: Any) -> list[Any]:
    if value is UNDEFINED:
        return []
    if not isinstance(value, (list, tuple)):
        where = f"the '{name}' field on 'AnalyticsEngineEvent'"
        raise type_error(f"Incorrect type for {where}: the provided value is not of type 'Array'.")
    return list(value)


def _indexes(values: list[Any]) -> tuple[str | bytes | None, ...]:
    most, size = limits.ANALYTICS_MAX_INDEXES, limits.ANALYTICS_MAX_INDEX
    if len(values) > most:
        raise _refused(f"Maximum of {most} indexes supported.")
    pieces = [_bytes(value) for value in values]
    if pieces and pieces[0] is not None and len(pieces[0]) > size:
        raise _refused(f"Size of indexes[0] exceeds {size} bytes).")
    return tuple(_text(piece) for piece in pieces)


def _blobs(values: list[Any]) -> tuple[str | bytes | None, ...]:
    most, size = limits.ANALYTICS_MAX_BLOBS, limits.ANALYTICS_MAX_BLOB_BYTES
    if len(values) > most:
        raise _refused(f"Maximum of {most} blobs supported.")
    pieces = [_bytes(value) for value in values]
    if sum(len(piece) for piece in pieces if piece is not None) > size:
        raise _refused(f"Cumulative size of blobs exceeds {size} bytes).")
    return tuple(_text(piece) for piece in pieces)


def _doubles(values: list[Any]) -> tuple[float, ...]:
    if len(values) > limits.ANALYTICS_MAX_DOUBLES:
        raise _refused(f"Maximum of {limits.ANALYTICS_MAX_DOUBLES} doubles supported.")
    return tuple(number(value) for value in values)


def _refused(reason: str) -> EdgeError:
    return type_error(f"writeDataPoint(): {reason}")


def _bytes(value: Any) -> bytes | None:
    if value is None or value is UNDEFINED:
        return None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    text = primitive_text(value)
    return utf8("[object Object]" if text is None else text)


def _text(piece: bytes | None) -> str | bytes | None:
    if piece is None:
        return None
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return piece
