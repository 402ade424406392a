"""How Workflows reads durations and the configuration of a step.

https://developers.cloudflare.com/workflows/build/sleeping-and-retrying/, and packages/workflows-shared/src/lib in
https://github.com/cloudflare/workers-sdk for what is valid and in which words it is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from edgelint.platform import limits
from edgelint.testing.errors import EdgeError

UNITS: Final = {
    "second": 1_000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000, "week": 604_800_000,
    "month": 2_592_000_000, "year": 31_557_600_000,
}  # fmt: skip
"""Unit -> ms. A month has 30 days and a year 365.25: as itty-time 2.0.2 counts, which the engine uses."""
BACKOFFS: Final = ("constant", "linear", "exponential")
INVALID_DELAY: Final = (
    'returned an invalid delay value (expected a number of ms or a duration string like "30 seconds")'
)
_DURATION: Final = re.compile(r"([^ ]+) +([a-z]+?)s?")
_CONTROL: Final = re.compile("[\x00-\x1f]")

Delay = float | Callable[..., Any]


def duration_ms(value: Any) -> float:
    """A duration in ms: a number is ms, text is "10 seconds". NaN for what is none. (The local engine takes a unit that
    is not documented as ms.)"""
    if isinstance(value, bool):
        return math.nan
    if isinstance(value, (int, float)):
        return float(value)
    if not isinstance(value, str):
        return math.nan
    try:
        return float(value)
    except ValueError:
        match = _DURATION.fullmatch(value)
    if match is None or match.group(2) not in UNITS:
        return math.nan
    try:
        return float(match.group(1)) * UNITS[match.group(2)]
    except ValueError:
        return math.nan


@dataclass(frozen=True, slots=True)
class StepConfig:
    """How a step is tried: ``limit`` times after the first, ``delay`` ms apart (or what a function says) growing by
    ``backoff``, each at most ``timeout`` ms. ``given`` is what the step said, with the defaults in."""

    limit: float = limits.WORKFLOW_RETRIES
    delay: Delay = limits.WORKFLOW_RETRY_DELAY_MS
    backoff: str = "exponential"
    timeout: float = limits.WORKFLOW_STEP_TIMEOUT_MS
    given: Mapping[str, Any] | None = None

    def described(self) -> dict[str, Any]:
        """The configuration as a step's callback sees it; a delay that is a function is left out."""
        given = dict(self.given or {})
        retries: dict[str, Any] = {
            "limit": limits.WORKFLOW_RETRIES, "delay": limits.WORKFLOW_RETRY_DELAY_MS, "backoff": "exponential",
            **given.get("retries", {}),
        }  # fmt: skip
        if callable(retries["delay"]):
            del retries["delay"]
        return {"timeout": "10 minutes", **given, "retries": retries}


def step_config(name: str, given: Any) -> StepConfig:
    """Read what ``step.do`` was given. Raises EdgeError (WorkflowFatalError)."""
    invalid = EdgeError(
        f'Step config for "{name}" is in a invalid format. '
        "See https://developers.cloudflare.com/workflows/build/sleeping-and-retrying/",
        "WorkflowFatalError",
    )
    if given is None:
        return StepConfig()
    if not isinstance(given, Mapping) or set(given) - {"retries", "timeout", "sensitive"}:
        raise invalid
    config = StepConfig(given=dict(given))
    if given.get("sensitive", "output") != "output":
        raise invalid
    if "retries" in given:
        retries = given["retries"]
        if not isinstance(retries, Mapping) or not {"limit", "delay"} <= set(retries) <= {"limit", "delay", "backoff"}:
            raise invalid
        limit, delay, backoff = retries["limit"], retries["delay"], retries.get("backoff", "exponential")
        if isinstance(limit, bool) or not isinstance(limit, (int, float)) or not limit >= 0 or backoff not in BACKOFFS:
            raise invalid
        if not callable(delay):
            delay = duration_ms(delay)
            if not delay >= 0:
                raise invalid
        config = replace(config, limit=limit, delay=delay, backoff=backoff)
    if "timeout" in given:
        timeout = duration_ms(given["timeout"])
        if not timeout > 0:
            raise invalid
        config = replace(config, timeout=timeout)
    return config


def retry_delay(config: StepConfig, attempt: int, base: float) -> float:
    """Ms from the failure of attempt number ``attempt`` (from 1) to the next one."""
    match config.backoff:
        case "exponential":
            return base * 2.0 ** (attempt - 1)
        case "linear":
            return base * attempt
        case _:
            return base


def check_step_name(name: Any) -> None:
    """Raise EdgeError (WorkflowFatalError) for a name that no step may have."""
    if not isinstance(name, str) or len(name) > limits.WORKFLOW_MAX_STEP_NAME or _CONTROL.search(name):
        raise EdgeError(
            f'Step name "{name}" exceeds max length ({limits.WORKFLOW_MAX_STEP_NAME} chars) or invalid characters '
            "found",
            "WorkflowFatalError",
        )
