"""What an app gives to R2: options, conditions, ranges, checksums, metadata, as workerd takes them.

https://github.com/cloudflare/workerd/blob/main/src/workerd/api/r2-bucket.c++. Options that are objects come as dicts,
in Python's spelling or the platform's ("etag_matches", "etagMatches"); where the platform takes Headers too they come
as pairs of name and value. Everything raises EdgeError in workerd's words. workerd looks at the types of all arguments
first and at what they say then: functions that have something to say give a Check, which is called when all types are
right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from edgelint.platform import limits
from edgelint.testing.bindings import http_rules
from edgelint.testing.coercion import int32, number, number_text, primitive_text, utf8
from edgelint.testing.errors import EdgeError, range_error, type_error
from edgelint.testing.values import UNDEFINED, Undefined

HASHES: Final[Mapping[str, tuple[str, int]]] = {
    "md5": ("MD5", 16), "sha1": ("SHA-1", 20), "sha256": ("SHA-256", 32), "sha384": ("SHA-384", 48),
    "sha512": ("SHA-512", 64),
}  # fmt: skip
"""Algorithm -> its name in errors and the bytes of a digest."""
HTTP_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "contentType": ("content_type", "content-type"),
    "contentLanguage": ("content_language", "content-language"),
    "contentDisposition": ("content_disposition", "content-disposition"),
    "contentEncoding": ("content_encoding", "content-encoding"),
    "cacheControl": ("cache_control", "cache-control"),
    "cacheExpiry": ("cache_expiry", "expires"),
}
"""Field of HTTP metadata -> its name in Python and its header."""
T = TypeVar("T")
Check: TypeAlias = Callable[[], T]
"""The second look at an argument: its value, or an EdgeError."""
_VALUES: Final = "ReadableStream or ArrayBuffer or ArrayBufferView or string or Blob"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_HEX: Final = re.compile("[0-9a-f]+")
_COMMA: Final = "Comma was expected to separate etags. Encountered a {} instead."


class Etag(NamedTuple):
    """One entity tag of a condition; ``value`` None is the wildcard."""

    value: str | None
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Conditional:
    """Conditions of a read or a write; dates in ms since the epoch. ``seconds``: dates are compared without fractions
    of a second."""

    matches: tuple[Etag, ...] | None = None
    matches_not: tuple[Etag, ...] | None = None
    before: float | None = None
    after: float | None = None
    seconds: bool = False

    def allows(self, etag: str | None, uploaded: float) -> bool:
        """Whether an operation may be done on an object with this ``etag`` (None: there is none), uploaded at an
        instant in ms: RFC 7232, section 6, but that If-Modified-Since counts beside If-None-Match when both hold."""
        if etag is None:
            return self.matches is None and self.after is None
        cut: Callable[[float], float] = (lambda ms: ms // 1000 * 1000) if self.seconds else (lambda ms: ms)
        matches = self.matches is None or _includes(self.matches, etag, weak=False)
        differs = self.matches_not is None or not _includes(self.matches_not, etag, weak=True)
        newer = self.after is None or cut(self.after) < cut(uploaded) or (self.matches_not is not None and differs)
        older = self.before is None or cut(uploaded) < cut(self.before) or (self.matches is not None and matches)
        return matches and differs and newer and older


@dataclass(frozen=True, slots=True)
class Range:
    """A part of an object that is asked for: by numbers, or by a Range header. One without numbers is of all there is,
    and of an empty object cannot be satisfied."""

    offset: int | None = None
    length: int | None = None
    suffix: int | None = None
    header: str | None = None

    def of(self, size: int) -> tuple[int, int] | None:
        """(offset, length) in an object of ``size`` bytes, None when it cannot be satisfied. A header that is wrong or
        names several ranges asks for everything."""
        if self.header is not None:
            found = http_rules.ranges(self.header, size)
            if found is None or len(found) != 1:
                return 0, size
            return found[0][0], found[0][1] - found[0][0] + 1
        offset, length = self.offset or 0, self.length
        if self.suffix is not None:
            if self.suffix == 0:
                return None
            length = min(self.suffix, size)
            offset = size - length
        length = size - offset if length is None else length
        if offset >= size or length <= 0:
            return None
        return offset, min(length, size - offset)


def key(value: Any) -> str:
    """A key as it is sent: of an object that is no text its String()."""
    text = primitive_text(value)
    return _sent("[object Object]" if text is None else text)


def keys(value: Any) -> list[str]:
    """One key or several."""
    return [key(each) for each in value] if isinstance(value, (list, tuple)) else [key(value)]


def content(value: Any, verb: str, owner: str) -> bytes:
    """What is stored: text and bytes. ``verb`` and ``owner`` are for the error."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, str):
        return utf8(value)
    raise type_error(f"Failed to execute '{verb}' on '{owner}': parameter 2 is not of type '{_VALUES}'.")


def conditional(value: Any, owner: str) -> Check[Conditional | None]:
    """``onlyIf``: a dict, or headers; a Conditional, where the host has understood it."""
    if isinstance(value, Undefined):
        return lambda: None
    if isinstance(value, Conditional):
        return lambda: value
    if _is_headers(value):
        return lambda: _conditional_headers(_headers(value))
    found = _dict(value, "onlyIf", owner, "Conditional or Headers")
    match = _string(found, "etag_matches", "etagMatches", "Conditional")
    match_not = _string(found, "etag_does_not_match", "etagDoesNotMatch", "Conditional")
    before = _date(_field(found, "uploaded_before", "uploadedBefore"), "uploadedBefore", "Conditional")
    after = _date(_field(found, "uploaded_after", "uploadedAfter"), "uploadedAfter", "Conditional")
    seconds = _field(found, "seconds_granularity", "secondsGranularity")
    return lambda: Conditional(_unquoted(match), _unquoted(match_not), before, after, bool(seconds))


def byte_range(value: Any) -> Check[Range | None]:
    """``range``: a dict of numbers, or headers; a Range, where the host has understood it."""
    if isinstance(value, Undefined):
        return lambda: None
    if isinstance(value, Range):
        return lambda: value
    if _is_headers(value):
        header = _headers(value).get("range")
        return lambda: None if header is None else Range(header=header)
    found = _dict(value, "range", "GetOptions", "Range or Headers")
    given = [None if isinstance(each := found.get(name, UNDEFINED), Undefined) else number(each)
             for name in ("offset", "length", "suffix")]  # fmt: skip

    def check() -> Range:
        offset = _whole(given[0], "Invalid range. Starting offset", "Invalid range. Starting offset")
        length = _whole(given[1], "Invalid range. Length", "Invalid range. Length")
        if given[2] is not None:
            if offset is not None:
                raise type_error("Suffix is incompatible with offset.")
            if length is not None:
                raise type_error("Suffix is incompatible with length.")
        return Range(offset, length, _whole(given[2], "Invalid suffix. Suffix", "Invalid range. Suffix"))

    return check


def http_metadata(value: Any, owner: str) -> dict[str, Any]:
    """HTTP metadata by the platform's names; only what is there. ``cacheExpiry`` is a datetime."""
    if isinstance(value, Undefined):
        return {}
    found: dict[str, Any] = {}
    if _is_headers(value):
        headers = _headers(value)
        for name, (_, header) in HTTP_FIELDS.items():
            if header in headers:
                found[name] = _instant(_parsed_date(headers[header])) if name == "cacheExpiry" else headers[header]
        return found
    options = _dict(value, "httpMetadata", owner, "HttpMetadata or Headers")
    for name, (python, _) in HTTP_FIELDS.items():
        each = _field(options, python, name)
        if name == "cacheExpiry":
            when = _date(each, name, "HttpMetadata")
            if when is not None:
                found[name] = _instant(when)
        elif not isinstance(each, Undefined):
            found[name] = key(each)
    return found


def custom_metadata(value: Any, owner: str) -> dict[str, str]:
    """The app's own metadata, values as text."""
    if isinstance(value, Undefined):
        return {}
    if not isinstance(value, Mapping):
        raise _field_error("customMetadata", owner, "object")
    return {key(name): key(each) for name, each in value.items()}


def metadata_size(metadata: Mapping[str, str]) -> int:
    """Bytes as R2 counts them: one a UTF-16 unit, two when any of a text does not fit into one."""
    return sum(map(_serialised, (*metadata.keys(), *metadata.values())))


def checksum(given: Mapping[str, Any]) -> Check[tuple[str, bytes] | None]:
    """The algorithm and digest that an app gives with a value: hex or bytes, of one algorithm."""
    for name, value in given.items():
        if not isinstance(value, (Undefined, str, bytes, bytearray, memoryview)):
            raise _field_error(name, "PutOptions", "JsBufferSource or string")
    return lambda: _checksum(given)


def _checksum(given: Mapping[str, Any]) -> tuple[str, bytes] | None:
    found: tuple[str, bytes] | None = None
    for name, value in given.items():
        if isinstance(value, Undefined):
            continue
        if found is not None:
            raise type_error("You cannot specify multiple hashing algorithms.")
        title, size = HASHES[name]
        if isinstance(value, str):
            length = len(utf8(value))
            if length != 2 * size:
                raise type_error(f"{title} is {2 * size} hex characters, not {length}")
            if not _HEX.fullmatch(value.lower()):
                raise type_error(f"Provided {title} wasn't a valid hex string")
            found = name, bytes.fromhex(value)
        else:
            if len(value) != size:
                raise type_error(f"{title} is {size} bytes, not {len(value)}")
            found = name, bytes(value)
    return found


def ssec_key(value: Any) -> bytes | None:
    """A customer's key: 32 bytes, or their hex in lower case."""
    if isinstance(value, Undefined):
        return None
    if isinstance(value, (bytes, bytearray, memoryview)):
        if len(value) != 32:
            raise EdgeError("SSE-C Key must be 32 bytes in length")
        return bytes(value)
    text = key(value)
    if not _HEX.fullmatch(text):
        raise EdgeError("SSE-C Key has invalid format")
    if len(text) != 64:
        raise EdgeError("SSE-C Key must be 32 bytes in length")
    return bytes.fromhex(text)


def optional_text(value: Any, name: str) -> str | None:
    """A text of ListOptions; nothing else is taken for one."""
    if isinstance(value, Undefined):
        return None
    if not isinstance(value, str):
        raise _field_error(name, "ListOptions", "string")
    return _sent(value)


def included(value: Any) -> frozenset[str]:
    """``include`` of ListOptions: "httpMetadata" and "customMetadata"."""
    if isinstance(value, Undefined):
        return frozenset()
    if not isinstance(value, (list, tuple)):
        raise _field_error("include", "ListOptions", "Array")
    for each in value:
        if each not in ("httpMetadata", "customMetadata"):
            raise range_error(f"Unsupported include value {key(each)}")
    return frozenset(value)


def part_number(value: Any) -> Check[int]:
    """The number of a part."""
    found = int32(value)

    def check() -> int:
        if not 1 <= found <= limits.R2_MAX_PARTS:
            most = limits.R2_MAX_PARTS
            raise type_error(f"Part number must be between 1 and {most} (inclusive). Actual value was: {found}")
        return found

    return check


# -- pieces ----------------------------------------------------------------------------------------------------------


def _sent(text: str) -> str:
    """Half a surrogate pair arrives as three replacement characters (seen on workerd 1.20261117.1)."""
    return _SURROGATE.sub("\ufffd\ufffd\ufffd", text)


def _includes(etags: tuple[Etag, ...], etag: str, *, weak: bool) -> bool:
    return any(each.value is None or (each.value == etag and (weak or not each.weak)) for each in etags)


def _field(options: Mapping[str, Any], python: str, platform: str) -> Any:
    return options.get(python, options.get(platform, UNDEFINED))


def _field_error(name: str, owner: str, wanted: str) -> EdgeError:
    return type_error(
        f"Incorrect type for the '{name}' field on '{owner}': the provided value is not of type '{wanted}'."
    )


def _dict(value: Any, name: str, owner: str, wanted: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _field_error(name, owner, wanted)
    return value


def _is_headers(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _headers(pairs: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        lower = str(name).lower()
        found[lower] = f"{found[lower]}, {value}" if lower in found else str(value)
    return found


def _string(options: Mapping[str, Any], python: str, platform: str, owner: str) -> str | None:
    value = _field(options, python, platform)
    if isinstance(value, Undefined):
        return None
    if not isinstance(value, str):
        raise _field_error(platform, owner, "string")
    return value


def _unquoted(etag: str | None) -> tuple[Etag, ...] | None:
    if etag is None:
        return None
    if etag.startswith('"') and etag.endswith('"'):
        raise type_error(f"Conditional ETag should not be wrapped in quotes ({etag}).")
    return (Etag(None if etag == "*" else etag),)


def _date(value: Any, name: str, owner: str) -> float | None:
    """A date in whole ms since the epoch: a datetime or a number of ms."""
    if isinstance(value, Undefined):
        return None
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return (aware - _EPOCH) // timedelta(milliseconds=1)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value // 1
    raise _field_error(name, owner, "date")


def _instant(ms: float) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)


def _parsed_date(text: str) -> float:
    """A date of a header; what is none is the epoch to workerd."""
    return http_rules.date(text) or 0.0


def _whole(value: float | None, negative: str, broken: str) -> int | None:
    if value is None:
        return None
    shown = "nan" if value != value else number_text(value)
    if not value >= 0:
        raise range_error(f"{negative} ({shown}) must be greater than or equal to 0.")
    if value == float("inf"):
        return 2**63  # what a processor makes of it
    if value % 1:
        raise range_error(f"{broken} ({shown}) must be an integer, not floating point.")
    return int(value)


def _serialised(text: str) -> int:
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return units * 2 if any(ord(char) >= 256 for char in text) else units


def _conditional_headers(headers: Mapping[str, str]) -> Conditional:
    etags: dict[str, tuple[Etag, ...] | None] = {"if-match": None, "if-none-match": None}
    for name in etags:
        if name in headers:
            etags[name] = _etags(headers[name])
            if not etags[name]:
                raise EdgeError(f"Invalid ETag in {name} header")
    dates = ("if-modified-since", "if-unmodified-since")
    after, before = (_parsed_date(headers[name]) if name in headers else None for name in dates)
    return Conditional(etags["if-match"], etags["if-none-match"], before, after, seconds=True)


def _etags(header: str) -> tuple[Etag, ...]:
    """The entity tags of If-Match or If-None-Match; a wildcard stands for all, and what begins with anything else ends
    the list."""
    found: list[Etag] = []
    rest, ended = header.lstrip(" \t"), True  # ended: no tag came since the last comma
    while rest:
        if rest[0] == ",":
            rest, ended = rest[1:].lstrip(" \t"), True
            continue
        if rest[0] not in '*W"':
            break
        if not ended:
            raise EdgeError(_misplaced(rest[0]))
        if rest[0] == "*":
            return (Etag(None),)
        weak = rest[0] == "W"
        if weak and (len(rest) < 3 or rest[1:3] != '/"'):
            raise EdgeError("Weak etags must start with W/ and their value must be quoted")
        value, quote, rest = rest[3 if weak else 1 :].partition('"')
        if not quote:
            raise EdgeError("Unclosed double quote for Etag")
        found.append(Etag(value, weak))
        rest, ended = rest.lstrip(" \t"), False
    return tuple(found)


def _misplaced(char: str) -> str:
    if char == "*":
        return _COMMA.format("wildcard character '*'")
    kind, what = ("weak", "weak quotation character 'W'") if char == "W" else ("strong", "double quote character '\"'")
    return f"{_COMMA.format(what)} This would otherwise indicate the start of a new {kind} etag."
