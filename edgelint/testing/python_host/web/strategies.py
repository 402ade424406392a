"""Queuing strategies: how much a stream holds before it asks to wait."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from edgelint.testing.coercion import number
from edgelint.testing.errors import type_error
from edgelint.testing.python_host.web.base import MISSING, WebObject, field, is_buffer, wrong_type

Size = Callable[[Any], Any]


class _Strategy(WebObject):
    def __init__(self, init: Any = MISSING) -> None:
        mark = field(init, "highWaterMark", MISSING)
        if mark is MISSING:
            raise wrong_type(f"new {self._js_class_name()} 1", "QueuingStrategyInit")
        self._mark = number(mark)

    @property
    def highWaterMark(self) -> float:
        """How much it holds."""
        return self._mark


class CountQueuingStrategy(_Strategy):
    """Every chunk counts one."""

    def size(self, chunk: Any = MISSING) -> int:
        """1."""
        return 1


class ByteLengthQueuingStrategy(_Strategy):
    """A chunk counts its bytes."""

    def size(self, chunk: Any = MISSING) -> int:
        """The length of a buffer in bytes."""
        return byte_length(chunk)


def byte_length(chunk: Any) -> int:
    """Bytes of a buffer; 0 for anything else."""
    return memoryview(chunk).nbytes if is_buffer(chunk) else 0


def read(strategy: Any, default_mark: float) -> tuple[float, Size]:
    """The mark and the measure of a strategy argument. Raises EdgeError (TypeError) for a mark below zero."""
    mark = field(strategy, "highWaterMark", MISSING)
    size = field(strategy, "size", MISSING)
    measure: Size = (lambda chunk: 1) if size is MISSING else size
    if mark is MISSING:
        return default_mark, measure
    converted = number(mark)
    if math.isnan(converted):
        raise type_error("The value cannot be converted because it is not an integer.")
    if converted < 0:
        raise type_error(
            "The value cannot be converted because it is negative and this API expects a positive bigint."
        )
    return converted, measure


def measured(size: Size, chunk: Any) -> float:
    """What a chunk counts; what is no number counts nothing (workerd looks at no more). Raises what it raises."""
    found = number(size(chunk))
    return 0.0 if math.isnan(found) else found
