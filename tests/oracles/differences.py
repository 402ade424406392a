"""Where a fake and Miniflare's simulator are known to differ, and why. A difference that is not here fails its test."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Seen:
    """One operation with two outcomes: ``step`` as it was said to the oracle (tests/oracles/miniflare/oracle.py)."""

    step: Any
    ours: dict[str, Any]
    theirs: dict[str, Any]

    @property
    def verb(self) -> str:
        """The last call of the step."""
        calls = [link for link in self.step["do"] if not isinstance(link, str)]
        return str(calls[-1][0]) if calls else ""

    @property
    def args(self) -> list[Any]:
        """Its arguments."""
        calls = [link for link in self.step["do"] if not isinstance(link, str)]
        return list(calls[-1][1:]) if calls else []


@dataclass(frozen=True, slots=True)
class Difference:
    """``binding`` is the name that the test gives to ``differential.check``, ``source`` a URL for the reason."""

    binding: str
    applies: Callable[[Seen], bool]
    reason: str
    source: str


def _empty_in_bulk(seen: Seen) -> bool:
    """Miniflare gives an empty value bare where {"value", "metadata"} is documented."""
    ours, theirs = seen.ours.get("ok"), seen.theirs.get("ok")
    if seen.verb != "getWithMetadata" or not isinstance(ours, dict) or not isinstance(theirs, dict):
        return False
    return ours == {
        key: {"value": "", "metadata": ours[key]["metadata"]} if value == "" else value for key, value in theirs.items()
    }


def _queue_code(seen: Seen) -> bool:
    """Miniflare's broker sends no header with the code of what it refuses."""
    unknown = seen.theirs.get("error", {}).get("message") == "Unknown Internal Error (15000)"
    return unknown and re.search(r" \(102\d\d\)$", seen.ours.get("error", {}).get("message", "")) is not None


def _queue_batch_size(seen: Seen) -> bool:
    """Miniflare lets 288,000 bytes pass."""
    return "ok" in seen.theirs and seen.ours.get("error", {}).get("message", "").startswith("batch size of ")


def _acknowledged_comes_again(seen: Seen) -> bool:
    """Miniflare retries everything of a batch that raised or is retried, what was acknowledged too."""
    if seen.verb != "wait" or "error" in seen.ours or "error" in seen.theirs:
        return False
    ours, theirs = ([len(batch) for queue in side["ok"] for batch in queue] for side in (seen.ours, seen.theirs))
    return sum(theirs) > sum(ours)


def _headers(outcome: dict[str, Any]) -> dict[str, str]:
    """The headers of a Response that came out; none when it is none."""
    result = outcome.get("ok")
    return dict(result["headers"]) if isinstance(result, dict) and "headers" in result else {}


def _status(outcome: dict[str, Any]) -> int:
    """The status of a Response that came out, 0 when it is none."""
    result = outcome.get("ok")
    return int(result["status"]) if isinstance(result, dict) and "status" in result else 0


def _response(outcome: dict[str, Any]) -> bool:
    return isinstance(outcome.get("ok"), dict)


def _cached_by_status(seen: Seen) -> bool:
    """The fake has a response that says no lifetime."""
    headers = _headers(seen.ours)
    lasting = "expires" in headers or "max-age" in headers.get("cache-control", "").lower()
    return seen.verb == "match" and _response(seen.ours) and not lasting and not _response(seen.theirs)


def _cached_with_odd_status(seen: Seen) -> bool:
    """The fake has a response of a status that Miniflare's library does not know."""
    result = seen.ours.get("ok")
    status = result["status"] if isinstance(result, dict) and seen.verb == "match" else 200
    return status in (201, 418, 500, 503) and not _response(seen.theirs)


def _any_case(seen: Seen) -> bool:
    return "Max-Age" in _headers(seen.ours).get("cache-control", "") and not _response(seen.theirs)


def _stale_or_guessed(seen: Seen) -> bool:
    """Miniflare has a response that lasts only because it may be stale, or because of its Last-Modified."""
    headers = _headers(seen.theirs)
    control = headers.get("cache-control", "")
    guessed = "last-modified" in headers and not re.search("max-age|no-", control)
    lasting = "stale-" in control or "immutable" in control or guessed
    return seen.verb == "match" and not _response(seen.ours) and lasting


def _cookie_stripped(seen: Seen) -> bool:
    """Miniflare takes ``private=set-cookie`` out of Cache-Control, and writes the rest in lower case."""
    ours, theirs = _headers(seen.ours), _headers(seen.theirs)
    if not theirs or "private=set-cookie" not in ours.get("cache-control", "").lower():
        return False
    return {**ours, "cache-control": "", "date": ""} == {**theirs, "cache-control": "", "date": ""}


def _condition_before_range(seen: Seen) -> bool:
    ours, theirs = _status(seen.ours), _status(seen.theirs)
    return seen.verb == "match" and ours == 304 and theirs == 416


def _part_of_no_success(seen: Seen) -> bool:
    ours, theirs = _status(seen.ours), _status(seen.theirs)
    return seen.verb == "match" and ours >= 300 and ours != 304 and theirs in (206, 416)


def _length_of_parts(seen: Seen) -> bool:
    """Several ranges: Miniflare says the length of the whole."""
    ours, theirs = _headers(seen.ours), _headers(seen.theirs)
    several = ours.get("content-type", "").startswith("multipart/byteranges") and "content-type" in theirs
    return several and {**ours, "content-length": "", "content-type": "", "date": ""} == {
        **theirs, "content-length": "", "content-type": "", "date": ""
    }  # fmt: skip


def _d1_results(outcome: dict[str, Any]) -> list[dict[str, Any]]:
    """The results of a D1 query or batch; none when it is something else."""
    result = outcome.get("ok")
    results = result if isinstance(result, list) else [result]
    return [one for one in results if isinstance(one, dict) and "meta" in one]


def _schema_changed(seen: Seen) -> bool:
    """All the same but that a change of the schema alone is a change to the fake."""
    ours, theirs = _d1_results(seen.ours), _d1_results(seen.theirs)
    odd = [(a, b) for a, b in zip(ours, theirs, strict=False) if a["meta"]["changed_db"] != b["meta"]["changed_db"]]
    alike = len(ours) == len(theirs) and [a["results"] for a in ours] == [b["results"] for b in theirs]
    return bool(odd) and alike and all(a["meta"]["changed_db"] and not a["meta"]["changes"] for a, _ in odd)


def _several_again(seen: Seen) -> bool:
    """workerd's kept statement of a text with several is still in use when the text comes again."""
    message = seen.theirs.get("error", {}).get("message", "")
    return bool(message.endswith("A SQL prepared statement can only be executed once at a time."))


def _violated_at_the_end(seen: Seen) -> bool:
    ours, theirs = (side.get("error", {}).get("message", "") for side in (seen.ours, seen.theirs))
    return "FOREIGN KEY constraint failed" in ours and theirs.startswith("Durable Object was reset and rolled back")


def _half_a_pair(seen: Seen) -> bool:
    """``length`` and ``hex`` of a text that is no UTF-8."""
    return "\\ud800" in repr(seen.step) and "length(?1)" in repr(seen.step) and "ok" in seen.theirs


def _no_utf8(seen: Seen) -> bool:
    message = str(seen.ours.get("error", {}).get("message", ""))
    return message.endswith("a value is text, but not UTF-8: SQLITE_MISMATCH")


def _beyond_the_end(seen: Seen) -> bool:
    """Miniflare's service breaks down."""
    ours, theirs = (side.get("error", {}).get("message", "") for side in (seen.ours, seen.theirs))
    return bool(ours.endswith("(10039)")) and theirs == "get: Unspecified error (0)"


_CACHE_DOCS: Final = "https://developers.cloudflare.com/workers/runtime-apis/cache/"

DIFFERENCES: Final[list[Difference]] = [
    Difference(
        "cache", _cached_by_status, "a response that says no lifetime is kept as long as its status says",
        "https://developers.cloudflare.com/cache/how-to/configure-cache-status-code/#edge-ttl",
    ),
    Difference(
        "cache", _cached_with_odd_status, "only a response that says no lifetime is kept by its status",
        "https://developers.cloudflare.com/cache/how-to/configure-cache-status-code/#edge-ttl",
    ),
    Difference(
        "cache", _any_case, "directives are the same in any case", "https://www.rfc-editor.org/rfc/rfc9111#section-5.2"
    ),
    Difference(
        "cache", _stale_or_guessed, "stale-while-revalidate and stale-if-error do nothing; no lifetime is guessed",
        _CACHE_DOCS + "#put",
    ),
    Difference(
        "cache", _cookie_stripped, "Set-Cookie is stripped, Cache-Control stays as it was", _CACHE_DOCS + "#headers"
    ),
    Difference(
        "cache", _condition_before_range, "conditions are looked at before the range",
        "https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2",
    ),
    Difference(
        "cache", _part_of_no_success, "a range is of a 200", "https://www.rfc-editor.org/rfc/rfc9110#section-14.2"
    ),
    Difference(
        "cache", _length_of_parts, "Content-Length is the length of the body",
        "https://www.rfc-editor.org/rfc/rfc9110#section-8.6",
    ),
    Difference(
        "d1", _schema_changed, "a change of the schema is a change of the database",
        "https://developers.cloudflare.com/d1/worker-api/return-object/",
    ),
    Difference(
        "d1", _several_again, "a text with several statements may be run again",
        "https://developers.cloudflare.com/d1/worker-api/prepared-statements/",
    ),
    Difference(
        "d1", _violated_at_the_end, "a foreign key that is violated at the end fails the query, not the database",
        "https://developers.cloudflare.com/d1/sql-api/foreign-keys/",
    ),
    Difference(
        "d1", _no_utf8, "the fake's SQLite reads text as UTF-8 or not at all; D1 answers U+FFFD for what is none",
        "https://www.sqlite.org/invalidutf.html",
    ),
    Difference(
        "d1", _half_a_pair, "the fake keeps text as UTF-8: half a surrogate pair is U+FFFD",
        "https://www.sqlite.org/invalidutf.html",
    ),
    Difference(
        "kv", _empty_in_bulk,
        "an empty value of many keys comes with its metadata, as any other does",
        "https://developers.cloudflare.com/kv/api/read-key-value-pairs/#request-multiple-keys",
    ),
    Difference(
        "r2", _beyond_the_end, "a range begins before the end of the object",
        "https://developers.cloudflare.com/r2/api/error-codes/",
    ),
    Difference(
        "queue", _queue_code, "what the service refuses has its own words and code",
        "https://developers.cloudflare.com/queues/reference/error-codes/",
    ),
    Difference(
        "queue", _queue_batch_size, "a batch has at most 256 KB",
        "https://developers.cloudflare.com/queues/platform/limits/",
    ),
    Difference(
        "queue of batches that come again", _acknowledged_comes_again,
        "a message that was acknowledged is not delivered again",
        "https://developers.cloudflare.com/queues/configuration/batching-retries/#explicit-acknowledgement-and-retries",
    ),
]  # fmt: skip
