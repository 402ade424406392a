"""Workers KV: a namespace of values under keys, with expiry, metadata and pages of keys.

Facts: developers.cloudflare.com/kv/api and /kv/platform/limits; the words of errors are those of workerd
(src/workerd/api/kv.c++) and of Miniflare's service behind it (packages/miniflare/src/workers/kv).

The store is strongly consistent. What production does (stale reads, cached misses, other locations) is the matter of
the gate's consistency stage, which finds in an operation's ``attributes``:

- ``store``: the KvStore; ``cache_ttl``: seconds a location may keep what it reads (60 unless the app says otherwise);
- ``answers``: a mapping of key to Entry or None that the stage may set before it proceeds: a read takes those keys from
  there (what has expired by now is gone there too) and goes to the store for the others;
- ``entries``: what a read saw (key to Entry or None), for a location's cache;
- ``written``: what a write left behind, in the same form.
"""

from __future__ import annotations

import base64
import binascii
import codecs
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar

from edgelint.platform import limits
from edgelint.testing import json_text
from edgelint.testing.bindings.base import Binding, Declared, Services
from edgelint.testing.coercion import int32, primitive_text, utf8
from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.operation import Operation
from edgelint.testing.values import UNDEFINED, Undefined

T = TypeVar("T")
_VALUES: Final = "KV put() accepts only strings, ArrayBuffers, ArrayBufferViews, and ReadableStreams as values."
_TYPES: Final = 'Unknown response type. Possible types are "text", "arrayBuffer", "json", and "stream".'
_MAX_INDEX: Final = 2**32 - 2  # the last index that an object of JavaScript may have (ECMA-262, array index)


@dataclass(frozen=True, slots=True)
class Entry:
    """One value. ``expiration`` is in s since the epoch, None for never; ``metadata`` is JSON text, None for none;
    ``written`` is when it was put, in ms since the epoch."""

    value: bytes
    expiration: int | None = None
    metadata: str | None = None
    written: float = 0.0

    def live(self, now: float) -> bool:
        """Whether it has not expired at ``now`` (ms since the epoch)."""
        return self.expiration is None or self.expiration * 1000 > now


class KvStore:
    """The contents of a namespace. With ``limit_writes`` a second write to a key within a second is refused with 429,
    as production does at times (developers.cloudflare.com/kv/platform/limits: 1 write a second to one key)."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.limit_writes = False
        self._last_write: dict[str, float] = {}

    def get(self, key: str, now: float) -> Entry | None:
        """The live entry of a key."""
        entry = self.entries.get(key)
        return entry if entry is not None and entry.live(now) else None

    def keys(self, prefix: str, after: str, now: float) -> list[str]:
        """The live keys with ``prefix`` that come after ``after``, by the bytes of their UTF-8."""
        return sorted(
            key for key, entry in self.entries.items() if key.startswith(prefix) and key > after and entry.live(now)
        )

    def write(self, key: str, entry: Entry | None, now: float) -> bool:
        """Put an entry, or delete with None. Returns whether it is the second write to the key within a second (then it
        is not done if writes are limited)."""
        window = limits.KV_WRITE_WINDOW_MS
        last = self._last_write.get(key)
        too_soon = last is not None and now - last < window / limits.KV_MAX_WRITES_PER_SECOND_PER_KEY
        if too_soon and self.limit_writes:
            return True
        self._last_write[key] = now
        if entry is None:
            self.entries.pop(key, None)
        else:
            self.entries[key] = entry
        return too_soon


class KvNamespace(Binding):
    """A KV namespace. Values come out as str, bytes ("arrayBuffer", "stream") or what JSON holds; results that are
    objects have the platform's own keys (``list_complete``, ``cacheStatus``)."""

    kind: ClassVar[str] = "kv"

    def __init__(self, declared: Declared, services: Services) -> None:
        super().__init__(declared, services)
        self.store = services.shared(("kv", declared.resource), KvStore)

    async def get(self, key: Any, type: Any = UNDEFINED, *, cache_ttl: Any = UNDEFINED) -> Any:
        """The value of one key (None when there is none), or of a list of keys as a dict. ``type`` is "text", "json",
        "arrayBuffer" or "stream" (bytes); of many keys "text" or "json". Raises EdgeError."""
        if isinstance(key, (list, tuple)):
            return await self._get_bulk("get", key, type, cache_ttl, with_metadata=False)
        return (await self._get("get", key, type, cache_ttl))["value"]

    async def get_with_metadata(self, key: Any, type: Any = UNDEFINED, *, cache_ttl: Any = UNDEFINED) -> Any:
        """{"value", "metadata", "cacheStatus"} of one key; of a list of keys a dict of {"value", "metadata"} or None.
        Raises EdgeError."""
        if isinstance(key, (list, tuple)):
            return await self._get_bulk("getWithMetadata", key, type, cache_ttl, with_metadata=True)
        return await self._get("getWithMetadata", key, type, cache_ttl)

    async def put(
        self, key: Any, value: Any, *, expiration: Any = UNDEFINED, expiration_ttl: Any = UNDEFINED,
        metadata: Any = UNDEFINED,
    ) -> None:  # fmt: skip
        """Store a string or bytes. ``expiration`` (s since the epoch) or ``expiration_ttl`` (s from now, wins) say how
        long, ``metadata`` is anything JSON holds. Raises EdgeError."""
        until = None if isinstance(expiration, Undefined) else int32(expiration)
        ttl = None if isinstance(expiration_ttl, Undefined) else int32(expiration_ttl)
        name = _key("PUT", key)
        described = None if metadata is None else json_text.dump(metadata)
        content = _content(value)
        request = {"expiration": until, "expirationTtl": ttl, "metadata": metadata, "bytes": len(content)}

        def effect(operation: Operation) -> None:
            _decodable("PUT", name)
            expires = _expiration(until, ttl, int(self.clock.now // 1000))
            if described is not None and (size := len(utf8(described))) > limits.KV_MAX_METADATA:
                raise _failed("PUT", 413, f"Metadata length of {size} exceeds limit of {limits.KV_MAX_METADATA}.")
            if len(content) > limits.KV_MAX_VALUE:
                raise _failed("PUT", 413, f"Value length of {len(content)} exceeds limit of {limits.KV_MAX_VALUE}.")
            self._write(operation, name, Entry(content, expires, described, self.clock.now))

        operation = self.operation("put", name, request, bytes=len(content), store=self.store)
        await self.gate.perform(operation, effect)

    async def delete(self, key: Any) -> None:
        """Delete a key, there or not. Raises EdgeError."""
        name = _key("DELETE", key)

        def effect(operation: Operation) -> None:
            _decodable("DELETE", name)
            self._write(operation, name, None)

        await self.gate.perform(self.operation("delete", name, store=self.store), effect)

    async def list(
        self, *, prefix: Any = UNDEFINED, limit: Any = UNDEFINED, cursor: Any = UNDEFINED
    ) -> dict[str, Any]:
        """One page of keys by the bytes of their names: {"keys": [{"name", "expiration"?, "metadata"?}],
        "list_complete", "cursor"?, "cacheStatus"}. A limit of 0 or less is as none. Raises EdgeError."""
        most = 0 if isinstance(limit, Undefined) else int32(limit)
        begins = "" if prefix in (None, UNDEFINED) else primitive_text(prefix) or ""
        opaque = "" if cursor in (None, UNDEFINED) else primitive_text(cursor) or ""
        request = {"prefix": begins, "limit": most, "cursor": opaque}

        def effect(operation: Operation) -> dict[str, Any]:
            if most > limits.KV_MAX_LIST:
                most_said = f"Please specify an integer less than {limits.KV_MAX_LIST}."
                raise _failed("GET", 400, f"Invalid key_count_limit of {most}. {most_said}")
            _short_enough("GET", begins)
            now = self.clock.now
            names = self.store.keys(begins, _after(opaque), now)
            page = names[: most if most > 0 else limits.KV_MAX_LIST]
            operation.attributes["keys"] = page
            result: dict[str, Any] = {"keys": [_listed(name, self.store.entries[name]) for name in page]}
            result["list_complete"] = len(page) == len(names)
            if len(page) < len(names):
                result["cursor"] = base64.b64encode(utf8(page[-1])).decode()
            result["cacheStatus"] = None
            return result

        return await self.gate.perform(self.operation("list", None, request, store=self.store), effect)

    async def stored(self, verb: str, key: Any, *, cache_ttl: Any = UNDEFINED) -> Entry | None:
        """What ``verb`` ("get", "getWithMetadata") finds under one key, as it is stored: for a host that decodes it by
        itself. Raises EdgeError."""
        return await self._found(verb, key, None, cache_ttl, lambda entry: entry)

    async def _get(self, verb: str, key: Any, type: Any, cache_ttl: Any) -> dict[str, Any]:
        kind = "text" if isinstance(type, Undefined) or type is None else primitive_text(type)

        def read(entry: Entry | None) -> dict[str, Any]:
            if entry is None:
                return {"value": None, "metadata": None, "cacheStatus": None}
            value = _decoded(entry.value, kind)
            return {"value": value, "metadata": _metadata(entry), "cacheStatus": None}

        return await self._found(verb, key, kind, cache_ttl, read)

    async def _found(
        self, verb: str, key: Any, kind: str | None, cache_ttl: Any, read: Callable[[Entry | None], T]
    ) -> T:
        """One read; ``read`` makes of the entry what is given, within the operation."""
        kept = None if isinstance(cache_ttl, Undefined) else int32(cache_ttl)
        name = _key("GET", key)

        def effect(operation: Operation) -> T:
            _decodable("GET", name)
            _cacheable("GET", kept)
            entry = self._read(operation, (name,))[name]
            operation.outcome = "miss" if entry is None else "hit"
            if entry is not None:
                operation.attributes["bytes"] = len(entry.value)
            return read(entry)

        request = {"type": kind, "cacheTtl": kept}
        operation = self.operation(verb, name, request, store=self.store, cache_ttl=_kept(kept))
        return await self.gate.perform(operation, effect)

    async def _get_bulk(
        self, verb: str, keys: Iterable[Any], type: Any, cache_ttl: Any, *, with_metadata: bool
    ) -> dict[str, Any]:
        names = [utf8(_name(key)).decode("utf-8", "replace") for key in keys]  # as the body of the request has them
        kept = None if isinstance(cache_ttl, Undefined) else int32(cache_ttl)
        kind = "" if isinstance(type, Undefined) or type is None else primitive_text(type)

        def effect(operation: Operation) -> dict[str, Any]:
            if kind not in ("", "text", "json"):
                raise _failed("GET_BULK", 400, f'"{kind}" is not a valid type. Use "json" or "text"')
            if len(names) > limits.KV_MAX_BULK_GET:
                raise _failed("GET_BULK", 400, f"You can request a maximum of {limits.KV_MAX_BULK_GET} keys")
            if not names:
                raise _failed("GET_BULK", 400, "You must request a minimum of 1 key")
            entries = self._read(operation, names)
            found: dict[str, Any] = {}
            for name in names:  # checked one by one: the first that is wrong, in name or value, is the error
                _bulk_key(name)
                _cacheable("GET_BULK", kept)
                found[name] = _bulk_value(entries[name], kind, with_metadata)
            size = sum(len(entry.value) for entry in entries.values() if entry is not None)
            operation.attributes["bytes"] = size
            if size > limits.KV_MAX_VALUE:
                most = limits.KV_MAX_VALUE // 1024**2
                raise _failed("GET_BULK", 413, f"Total size of request exceeds the limit of {most}MB")
            # workerd reads the answer's object without its integer indices (kv.c++, getBulk): such keys are lost.
            return {name: value for name, value in found.items() if not _is_index(name)}

        # Each key is billed as a read, the call is one operation of the invocation:
        # developers.cloudflare.com/kv/platform/pricing and /kv/platform/limits.
        operation = self.operation(
            verb, None, {"keys": names, "type": kind, "cacheTtl": kept}, store=self.store, cache_ttl=_kept(kept),
            keys=names, units=len(names),
        )  # fmt: skip
        return await self.gate.perform(operation, effect)

    def _read(self, operation: Operation, names: Iterable[str]) -> dict[str, Entry | None]:
        """The entries of the names: those that the consistency stage answers, and the store's."""
        now = self.clock.now
        answers: Mapping[str, Entry | None] = operation.attributes.get("answers", {})
        entries: dict[str, Entry | None] = {}
        for name in names:
            if name in answers:
                entry = answers[name]
                entries[name] = entry if entry is not None and entry.live(now) else None
            else:
                entries[name] = self.store.get(name, now)
        operation.attributes["entries"] = entries
        return entries

    def _write(self, operation: Operation, name: str, entry: Entry | None) -> None:
        too_soon = self.store.write(name, entry, self.clock.now)
        operation.attributes["too_soon"] = too_soon
        if too_soon and self.store.limit_writes:
            raise _failed(operation.verb.upper(), 429, "Too Many Requests")
        operation.attributes["written"] = {name: entry}


def _failed(method: str, status: int, reason: str) -> EdgeError:
    """What workerd says of an answer that is no success."""
    return EdgeError(f"KV {method} failed: {status} {reason}")


def _name(key: Any) -> str:
    name = primitive_text(key)
    return "[object Object]" if name is None else name


def _key(method: str, key: Any) -> str:
    """A key that workerd sends. Raises EdgeError as it does."""
    name = _name(key)
    if name == "":
        raise type_error("Key name cannot be empty.")
    if name in (".", ".."):
        raise type_error(f'"{name}" is not allowed as a key name.')
    _short_enough(method, name)
    return name


def _short_enough(method: str, name: str) -> None:
    length = len(utf8(name))
    if length > limits.KV_MAX_KEY:
        most = limits.KV_MAX_KEY
        raise _failed(method, 414, f"UTF-8 encoded length of {length} exceeds key length limit of {most}.")


def _decodable(method: str, name: str) -> None:
    """A lone surrogate has no UTF-8 that the service would take out of the address."""
    if any("\ud800" <= char <= "\udfff" for char in name):
        raise _failed(method, 400, "Could not URL-decode key name")


def _bulk_key(name: str) -> None:
    """Keys of a bulk read are checked by the service alone, in other words."""
    if name == "":
        raise _failed("GET_BULK", 400, "Key names must not be empty")
    if name in (".", ".."):
        raise _failed("GET_BULK", 400, f'Illegal key name "{name}". Please use a different name.')
    _short_enough("GET_BULK", name)


def _kept(cache_ttl: int | None) -> int:
    return limits.KV_DEFAULT_CACHE_TTL if cache_ttl is None else cache_ttl


def _cacheable(method: str, cache_ttl: int | None) -> None:
    least = limits.KV_MIN_CACHE_TTL
    if cache_ttl is not None and cache_ttl < least:
        raise _failed(method, 400, f"Invalid cache_ttl of {cache_ttl}. Cache TTL must be at least {least}.")


def _expiration(until: int | None, ttl: int | None, now: int) -> int | None:
    """When it expires, in s since the epoch. Raises EdgeError for what the service refuses."""
    least = limits.KV_MIN_TTL
    if ttl is not None:
        if ttl <= 0:
            raise _failed("PUT", 400, f"Invalid expiration_ttl of {ttl}. Please specify integer greater than 0.")
        if ttl < least:
            reason = f"Expiration TTL must be at least {least}."
            raise _failed("PUT", 400, f"Invalid expiration_ttl of {ttl}. {reason}")
        return now + ttl
    if until is not None:
        if until <= now:
            reason = "Please specify integer greater than the current number of seconds since the UNIX epoch."
            raise _failed("PUT", 400, f"Invalid expiration of {until}. {reason}")
        if until < now + least:
            reason = f"Expiration times must be at least {least} seconds in the future."
            raise _failed("PUT", 400, f"Invalid expiration of {until}. {reason}")
    return until


def _content(value: Any) -> bytes:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    text = primitive_text(value)
    if text is None:
        raise type_error(_VALUES)
    return utf8(text)


def _decoded(value: bytes, kind: str | None) -> Any:
    if kind in ("arrayBuffer", "stream"):
        return value
    if kind not in ("text", "json"):
        raise type_error(_TYPES)
    text = value.decode("utf-8", "replace")
    return json_text.parse(text) if kind == "json" else text


def _bulk_value(entry: Entry | None, kind: str | None, with_metadata: bool) -> Any:
    if entry is None:
        return None
    try:
        # Unlike workerd, the service drops a byte order mark: Miniflare's reads with a TextDecoder.
        value = _decoded(entry.value.removeprefix(codecs.BOM_UTF8), kind or "text")
    except EdgeError:
        message = f"At least one of the requested keys corresponds to a non-{kind} value"
        raise _failed("GET_BULK", 400, message) from None
    if with_metadata and value is not None:
        return {"value": value, "metadata": _metadata(entry)}
    return value


def _metadata(entry: Entry) -> Any:
    return None if entry.metadata is None else json_text.parse(entry.metadata)


def _listed(name: str, entry: Entry) -> dict[str, Any]:
    listed: dict[str, Any] = {"name": name}
    if entry.expiration is not None:
        listed["expiration"] = entry.expiration
    if entry.metadata is not None:
        listed["metadata"] = _metadata(entry)
    return listed


def _after(cursor: str) -> str:
    """The key that a page ends with; "" for what is no cursor, as Miniflare takes it."""
    try:
        return base64.b64decode(cursor, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _is_index(name: str) -> bool:
    """Whether JavaScript takes a property's name for an integer index."""
    return name.isascii() and name.isdigit() and (name == "0" or name[0] != "0") and int(name) <= _MAX_INDEX
