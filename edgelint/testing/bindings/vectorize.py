"""Vectorize: an index of vectors that finds the true nearest ones.

Facts: developers.cloudflare.com/vectorize (reference/client-api, reference/metadata-filtering, platform/limits,
best-practices/query-vectors); workerd src/cloudflare/internal/vectorize-api.ts (the API of second-generation indexes;
errors are "<OPERATION>_ERROR: <reason>"). The service is closed: its reasons are said here in plain words of our own.

What the config does not say the test may: ``configure(dimensions=, metric=, metadata_indexes=, lag=)``. Without it the
dimensions are those of the first vector and the metric is cosine, every property can be filtered by, and what is
written is seen at once. Production takes seconds: ``lag`` (s) is how long.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, Literal, get_args

from edgelint.platform import limits
from edgelint.testing import json_text
from edgelint.testing.bindings.base import Binding, Declared, Services
from edgelint.testing.bindings.vector_filter import Filter, FilterError, property_of
from edgelint.testing.coercion import utf8
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.operation import Operation
from edgelint.testing.values import UNDEFINED

Metric = Literal["cosine", "euclidean", "dot-product"]
_LEVELS: Final = ("none", "indexed", "all")


@dataclass(frozen=True, slots=True)
class Vector:
    """One vector. ``values`` have the 32 bits that the index keeps; ``filterable`` are the properties that metadata
    indexes knew when it was written (None: all)."""

    id: str
    values: array[float]
    namespace: str | None
    metadata: Mapping[str, Any] | None
    filterable: frozenset[str] | None


class VectorStore:
    """The contents of one index. Changes wait in ``pending`` until they are due (ms since the epoch)."""

    def __init__(self) -> None:
        self.vectors: dict[str, Vector] = {}
        self.dimensions: int | None = None
        self.metric: Metric = "cosine"
        self.metadata_indexes: frozenset[str] | None = None
        self.lag = 0.0
        self.pending: list[tuple[float, str, Callable[[dict[str, Vector]], None]]] = []
        self.processed: tuple[float, str] | None = None

    def settled(self, now: float) -> dict[str, Vector]:
        """The vectors, with every change in them that is due by ``now``."""
        while self.pending and self.pending[0][0] <= now:
            due, mutation, change = self.pending.pop(0)
            change(self.vectors)
            self.processed = (due, mutation)
        return self.vectors


class VectorizeIndex(Binding):
    """A Vectorize index. Results have the platform's keys (``mutationId``, ``vectorCount``)."""

    kind: ClassVar[str] = "vectorize"

    def __init__(self, declared: Declared, services: Services) -> None:
        super().__init__(declared, services)
        self.store = services.shared(("vectorize", declared.resource), VectorStore)

    def configure(
        self, *, dimensions: int | None = None, metric: Metric | None = None,
        metadata_indexes: Iterable[str] | None = None, lag: float | None = None,
    ) -> None:  # fmt: skip
        """Say how the index was made: ``metadata_indexes`` the properties that can be filtered by, ``lag`` how many
        seconds a change takes to be seen. What is None stays. For the test. Raises EdgeUsageError."""
        if metric is not None and metric not in get_args(Metric):
            raise EdgeUsageError(f"{self.name}: there is no metric '{metric}' ({', '.join(get_args(Metric))})")
        if dimensions is not None and not 1 <= dimensions <= limits.VECTORIZE_MAX_DIMENSIONS:
            raise EdgeUsageError(f"{self.name}: an index has 1 to {limits.VECTORIZE_MAX_DIMENSIONS} dimensions")
        names = None if metadata_indexes is None else frozenset(metadata_indexes)
        if names is not None and len(names) > limits.VECTORIZE_MAX_METADATA_INDEXES:
            most = limits.VECTORIZE_MAX_METADATA_INDEXES
            raise EdgeUsageError(f"{self.name}: an index has at most {most} metadata indexes")
        self.store.dimensions = self.store.dimensions if dimensions is None else dimensions
        self.store.metric = self.store.metric if metric is None else metric
        self.store.metadata_indexes = self.store.metadata_indexes if names is None else names
        self.store.lag = self.store.lag if lag is None else lag

    async def describe(self) -> dict[str, Any]:
        """{"vectorCount", "dimensions", "processedUpToDatetime", "processedUpToMutation"}."""

        def effect(operation: Operation) -> dict[str, Any]:
            count = len(self.store.settled(self.clock.now))
            processed = self.store.processed
            when = None if processed is None else json_text.date_text(datetime.fromtimestamp(processed[0] / 1000, UTC))
            return {
                "vectorCount": count, "dimensions": self.store.dimensions or 0, "processedUpToDatetime": when,
                "processedUpToMutation": None if processed is None else processed[1],
            }  # fmt: skip

        return await self.gate.perform(self.operation("describe"), effect)

    async def insert(self, vectors: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        """Add vectors ({"id", "values", "namespace"?, "metadata"?}); an id that is there stays as it is. Returns
        {"mutationId"}. Raises EdgeError for what the index does not take."""
        return await self._write("insert", vectors, replace=False)

    async def upsert(self, vectors: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        """Add vectors, or put them whole in the place of those with their ids."""
        return await self._write("upsert", vectors, replace=True)

    async def delete_by_ids(self, ids: Iterable[str]) -> dict[str, str]:
        """Remove vectors; an id that is not there does no harm."""
        names = list(ids)

        def effect(operation: Operation) -> dict[str, str]:
            def change(vectors: dict[str, Vector]) -> None:
                for name in names:
                    vectors.pop(name, None)

            return self._mutate(change)

        return await self.gate.perform(self.operation("deleteByIds", None, {"ids": names}, keys=names), effect)

    async def get_by_ids(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """The vectors of the ids that are there: {"id", "values", "namespace"?, "metadata"?}."""
        names = list(ids)

        def effect(operation: Operation) -> list[dict[str, Any]]:
            vectors = self.store.settled(self.clock.now)
            found = [vectors[name] for name in dict.fromkeys(names) if name in vectors]
            return [_shown(vector, values=True, metadata=vector.metadata) for vector in found]

        return await self.gate.perform(self.operation("getByIds", None, {"ids": names}, keys=names), effect)

    async def query(self, vector: Iterable[float], options: Any = UNDEFINED, /, **more: Any) -> dict[str, Any]:
        """The vectors nearest to ``vector``: {"count", "matches": [{"id", "score", ...}]}, the nearest first. Options,
        as one mapping in the platform's spelling or as keywords: top_k, namespace, return_values, return_metadata
        ("none", "indexed", "all"), filter. Raises EdgeError."""
        values = _float32("VECTOR_QUERY", list(vector))
        return await self._query("query", None, values, _options(options, more))

    async def query_by_id(self, id: str, options: Any = UNDEFINED, /, **more: Any) -> dict[str, Any]:
        """The vectors nearest to one of the index. Raises EdgeError, also when it is not there."""
        return await self._query("queryById", id, None, _options(options, more))

    async def _query(
        self, verb: str, id: str | None, values: array[float] | None, options: Mapping[str, Any]
    ) -> dict[str, Any]:
        level = _level(options.get("returnMetadata", "none"))
        shows_values = bool(options.get("returnValues", False))
        namespace = options.get("namespace")

        def effect(operation: Operation) -> dict[str, Any]:
            most = _top_k(options.get("topK"), shows_values or level == "all")
            vectors = self.store.settled(self.clock.now)
            asked = values
            if id is not None:
                if id not in vectors:
                    raise _error("VECTOR_QUERY", f"vector not found: {id}")
                asked = vectors[id].values
            assert asked is not None
            self._check_dimensions("VECTOR_QUERY", asked)
            try:
                wanted = Filter(options.get("filter"))
            except FilterError as error:
                raise _error("VECTOR_QUERY", str(error)) from None
            fitting = [
                vector for vector in vectors.values()
                if (namespace is None or vector.namespace == namespace)
                and wanted.fits(vector.metadata or {}, vector.filterable)
            ]  # fmt: skip
            scored = sorted(((_distance(self.store.metric, asked, vector.values), vector) for vector in fitting),
                            key=lambda pair: (pair[0], pair[1].id))  # fmt: skip
            matches = []
            for distance, vector in scored[:most]:
                metadata = _visible(vector, level, self.store.metadata_indexes)
                score = -distance if self.store.metric == "cosine" else distance
                matches.append({**_shown(vector, values=shows_values, metadata=metadata), "score": score})
            operation.attributes["dimensions"] = len(asked) * (len(vectors) + 1)  # as queries are billed
            return {"count": len(matches), "matches": matches}

        return await self.gate.perform(self.operation(verb, id, {"options": dict(options)}), effect)

    async def _write(self, verb: str, vectors: Iterable[Mapping[str, Any]], *, replace: bool) -> dict[str, str]:
        name = f"VECTOR_{verb.upper()}"
        given = list(vectors)

        def effect(operation: Operation) -> dict[str, str]:
            if len(given) > limits.VECTORIZE_MAX_BATCH:
                raise _error(name, f"at most {limits.VECTORIZE_MAX_BATCH} vectors in a batch, not {len(given)}")
            made = [self._vector(name, each) for each in given]

            def change(stored: dict[str, Vector]) -> None:
                for vector in made:
                    if replace or vector.id not in stored:
                        stored[vector.id] = vector

            return self._mutate(change)

        keys = [str(each.get("id")) for each in given if isinstance(each, Mapping)]
        return await self.gate.perform(self.operation(verb, None, {"count": len(given)}, keys=keys), effect)

    def _vector(self, operation: str, given: Mapping[str, Any]) -> Vector:
        id, namespace, metadata = given.get("id"), given.get("namespace"), given.get("metadata")
        if not isinstance(id, str) or not id:
            raise _error(operation, "a vector needs an id")
        if len(utf8(id)) > limits.VECTORIZE_MAX_ID:
            raise _error(operation, f"an id has at most {limits.VECTORIZE_MAX_ID} bytes: {id}")
        if namespace is not None and len(utf8(str(namespace))) > limits.VECTORIZE_MAX_NAMESPACE:
            raise _error(operation, f"a namespace has at most {limits.VECTORIZE_MAX_NAMESPACE} bytes: {namespace}")
        values = _float32(operation, given.get("values"))
        self._check_dimensions(operation, values)
        if metadata is not None:
            text = json_text.dump(metadata) or "null"
            if len(utf8(text)) > limits.VECTORIZE_MAX_METADATA:
                raise _error(operation, f"metadata has at most {limits.VECTORIZE_MAX_METADATA} bytes: {id}")
            metadata = json_text.parse(text)
        shown = None if namespace is None else str(namespace)
        return Vector(id, values, shown, metadata, self.store.metadata_indexes)

    def _check_dimensions(self, operation: str, values: array[float]) -> None:
        if self.store.dimensions is None:
            if len(values) > limits.VECTORIZE_MAX_DIMENSIONS:
                raise _error(operation, f"a vector has at most {limits.VECTORIZE_MAX_DIMENSIONS} dimensions")
            self.store.dimensions = len(values)
        if len(values) != self.store.dimensions:
            wanted = self.store.dimensions
            raise _error(operation, f"invalid vector: expected {wanted} dimensions, and got {len(values)} dimensions")

    def _mutate(self, change: Callable[[dict[str, Vector]], None]) -> dict[str, str]:
        token = self.services.token()
        mutation = "-".join((token[:8], token[8:12], token[12:16], token[16:20], token[20:]))
        self.store.pending.append((self.clock.now + self.store.lag * 1000, mutation, change))
        return {"mutationId": mutation}


def _error(operation: str, reason: str) -> EdgeError:
    return EdgeError(f"{operation}_ERROR: {reason}", cause=EdgeError(reason))


def _options(options: Any, more: Mapping[str, Any]) -> dict[str, Any]:
    """Options in the platform's spelling, those that are undefined left out."""
    spelled = {"top_k": "topK", "return_values": "returnValues", "return_metadata": "returnMetadata"}
    given = dict(options) if isinstance(options, Mapping) else {}
    given.update({spelled.get(name, name): value for name, value in more.items()})
    return {name: value for name, value in given.items() if value is not UNDEFINED}


def _level(given: Any) -> str:
    if isinstance(given, bool):
        return "all" if given else "none"
    if given and given not in _LEVELS:
        raise EdgeError(
            f'Invalid returnMetadata option. Expected: true, false, "none", "indexed" or "all"; got: {given}'
        )
    return str(given or "none")


def _top_k(given: Any, with_data: bool) -> int:
    if given is None:
        return limits.VECTORIZE_DEFAULT_TOP_K
    most = limits.VECTORIZE_MAX_TOP_K_WITH_DATA if with_data else limits.VECTORIZE_MAX_TOP_K
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 1 <= given <= most or given != int(given):
        raise _error("VECTOR_QUERY", f"topK is a whole number from 1 to {most}, not {given}")
    return int(given)


def _float32(operation: str, values: Any) -> array[float]:
    if not isinstance(values, (list, tuple, array)) or not values:
        raise _error(operation, "a vector needs values")
    try:
        return array("f", values)
    except (TypeError, OverflowError):
        raise _error(operation, "the values of a vector are numbers") from None


def _distance(metric: Metric, one: array[float], other: array[float]) -> float:
    """How far apart: the less, the nearer. Cosine is negated similarity; dot-product is negated as the docs have it
    (developers.cloudflare.com/vectorize/best-practices/create-indexes#distance-metrics)."""
    if metric == "euclidean":
        return math.dist(one, other)
    product = math.fsum(a * b for a, b in zip(one, other, strict=True))
    if metric == "dot-product":
        return -product
    size = math.sqrt(math.fsum(a * a for a in one) * math.fsum(b * b for b in other))
    return -max(-1.0, min(1.0, product / size)) if size else 0.0


def _visible(vector: Vector, level: str, indexes: frozenset[str] | None) -> Mapping[str, Any] | None:
    """The metadata that a match shows: all, or the properties with a metadata index."""
    if level == "none" or vector.metadata is None:
        return None
    if level == "all" or indexes is None:
        return vector.metadata
    found = {name: property_of(vector.metadata, name) for name in sorted(indexes)}
    return {name: value for name, value in found.items() if value is not UNDEFINED}


def _shown(vector: Vector, *, values: bool, metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": vector.id}
    if values:
        shown["values"] = list(vector.values)
    if vector.namespace is not None:
        shown["namespace"] = vector.namespace
    if metadata is not None:
        shown["metadata"] = dict(metadata)
    return shown
