"""Where a fake and Miniflare's simulator are known to differ, and why. A difference that is not here fails its test."""

from __future__ import annotations

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


DIFFERENCES: Final[list[Difference]] = [
    Difference(
        "kv", _empty_in_bulk,
        "an empty value of many keys comes with its metadata, as any other does",
        "https://developers.cloudflare.com/kv/api/read-key-value-pairs/#request-multiple-keys",
    ),
]  # fmt: skip
