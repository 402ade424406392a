"""Metadata filters of Vectorize queries.

developers.cloudflare.com/vectorize/reference/metadata-filtering: operators $eq, $ne, $in, $nin, $lt, $lte, $gt, $gte; a
bare value is $eq; all properties must fit; a dot in a key goes into an object.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from edgelint.platform import limits
from edgelint.testing import json_text
from edgelint.testing.coercion import utf8
from edgelint.testing.values import UNDEFINED

_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "$lt": operator.lt, "$lte": operator.le, "$gt": operator.gt, "$gte": operator.ge,
}  # fmt: skip
_LISTS: Final = ("$in", "$nin")


class FilterError(ValueError):
    """A filter that the documentation does not allow; the text says why."""


class Filter:
    """A filter, checked. None fits everything. Raises FilterError."""

    def __init__(self, given: Any) -> None:
        self._clauses: list[tuple[str, str, Any]] = []
        if given is None:
            return
        if not isinstance(given, Mapping) or not given:
            raise FilterError("filter is an object with at least one property")
        if len(utf8(json_text.dump(given) or "")) >= limits.VECTORIZE_MAX_FILTER:
            raise FilterError(f"filter is less than {limits.VECTORIZE_MAX_FILTER} bytes of JSON")
        for key, wanted in given.items():
            if not key or '"' in key or key.startswith("$") or len(key) > limits.VECTORIZE_MAX_FILTER_KEY:
                raise FilterError(f"filter has a key that cannot be one: {key}")
            if not isinstance(wanted, Mapping):
                self._add(key, "$eq", wanted)
            elif not wanted:
                raise FilterError(f"filter says nothing of {key}")
            else:
                for name, value in wanted.items():
                    self._add(key, name, value)
                if len(wanted) > 1 and not _is_range(wanted):
                    raise FilterError(f"filter has operators of {key} that do not go together: {', '.join(wanted)}")

    def fits(self, metadata: Mapping[str, Any], filterable: frozenset[str] | None) -> bool:
        """Whether a vector's metadata fits. A property that is in no metadata index (``filterable``; None: all are)
        is as one that the vector lacks."""
        for key, name, wanted in self._clauses:
            value = UNDEFINED if filterable is not None and key not in filterable else property_of(metadata, key)
            if not _fits(_indexed(value), name, wanted):
                return False
        return True

    def _add(self, key: str, name: str, value: Any) -> None:
        if name in _LISTS:
            if not isinstance(value, (list, tuple)) or not value or not all(_scalar(item) for item in value):
                raise FilterError(f"{name} of {key} takes a list of strings, numbers and booleans")
            value = [_indexed(item) for item in value]
        elif name in _ORDER:
            if isinstance(value, bool) or not isinstance(value, (str, int, float)):
                raise FilterError(f"{name} of {key} takes a string or a number")
        elif name not in ("$eq", "$ne"):
            raise FilterError(f"there is no operator {name}")
        elif not _scalar(value):
            raise FilterError(f"{name} of {key} takes a string, a number, a boolean or null")
        self._clauses.append((key, name, value if name in _LISTS else _indexed(value)))


def property_of(metadata: Mapping[str, Any], key: str) -> Any:
    """The property of a path with dots; UNDEFINED when it is not there. A key that has the dot itself comes first."""
    if key in metadata:
        return metadata[key]
    head, dot, rest = key.partition(".")
    inner = metadata.get(head)
    return property_of(inner, rest) if dot and isinstance(inner, Mapping) else UNDEFINED


def _fits(value: Any, name: str, wanted: Any) -> bool:
    if name == "$eq":
        return _equal(value, wanted)
    if name == "$ne":
        return not _equal(value, wanted)
    if name == "$in":
        return any(_equal(value, item) for item in wanted)
    if name == "$nin":
        return not any(_equal(value, item) for item in wanted)
    comparable = isinstance(value, str) == isinstance(wanted, str) and isinstance(value, (str, int, float))
    return comparable and not isinstance(value, bool) and _ORDER[name](value, wanted)


def _equal(one: Any, other: Any) -> bool:
    """Of one type and equal; null is also what is not there."""
    if other is None:
        return one is None or one is UNDEFINED
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return bool(one == other)


def _indexed(value: Any) -> Any:
    """As a metadata index has it: a text's first 64 bytes, cut where a character ends."""
    if isinstance(value, str):
        return utf8(value)[: limits.VECTORIZE_MAX_INDEXED_TEXT].decode(errors="ignore")
    return value


def _scalar(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, bool))


def _is_range(wanted: Mapping[str, Any]) -> bool:
    lower = [name for name in wanted if name in ("$gt", "$gte")]
    upper = [name for name in wanted if name in ("$lt", "$lte")]
    return len(lower) == len(upper) == 1 and len(wanted) == 2
