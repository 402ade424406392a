"""What the plugin does once a test uses it: reading marks and settings, and what a failure report shows."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from edgelint.platform import prices
from edgelint.testing.clock import START
from edgelint.testing.edge import Options
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.meter import ESTIMATES, counter_names

if TYPE_CHECKING:
    import pytest

    from edgelint.testing.edge import Edge

_MARK: Final = ("vars", "secrets", "start", "seed", "migrations", "seed_data", "raise_exceptions", "strict", "outbound")
_MACHINERY: Final = tuple(
    part.replace("/", os.sep)
    for part in ("/site-packages/httpx/", "/site-packages/anyio/", "/asyncio/", "/edgelint/testing/")
)
_LOGS: Final = 200
"""Lines of the app's console that a report shows: the last ones."""


def options_of(
    item: pytest.Item, variables: Mapping[str, Any], secrets: Mapping[str, str], seed_data: Mapping[str, str]
) -> Options:
    """How the world of a test is set up: settings, then the fixtures' values, then marks, the nearest last. Raises
    EdgeUsageError for a mark that says what cannot be."""
    config = item.config
    chosen: dict[str, Any] = {
        "vars": dict(variables), "secrets": dict(secrets), "seed_data": dict(seed_data),
        "start": instant(str(config.getini("edge_start")) or START, "edge_start"),
        "strict": bool(config.getini("edge_strict")), "raise_exceptions": bool(config.getini("edge_raise")),
        "outbound": str(config.getini("edge_outbound")), "sdk": str(config.getini("edge_sdk")),
    }  # fmt: skip
    seed = config.getoption("edge_seed")
    chosen["seed"] = zlib.crc32(item.nodeid.encode()) if seed is None else seed
    for mark in reversed(list(item.iter_markers("edge"))):
        if mark.args:
            raise EdgeUsageError("@pytest.mark.edge takes keywords only")
        for key, value in mark.kwargs.items():
            if key not in _MARK:
                raise EdgeUsageError(f"@pytest.mark.edge knows no '{key}' (it knows {', '.join(_MARK)})")
            if key in ("vars", "secrets", "seed_data"):
                chosen[key].update(value)
            else:
                chosen[key] = instant(value, "start") if key == "start" else value
    budget: dict[str, int] = {}
    for mark in reversed(list(item.iter_markers("edge_budget"))):
        budget.update(mark.kwargs)
    if unknown := sorted(set(budget) - counter_names()):
        raise EdgeUsageError(f"@pytest.mark.edge_budget knows no '{unknown[0]}' ({', '.join(sorted(counter_names()))})")
    if chosen["outbound"] not in ("block", "allow"):
        raise EdgeUsageError(f"edge_outbound is 'block' or 'allow', not '{chosen['outbound']}'")
    scope = str(config.getini("edge_isolate"))
    scopes = {"test": "", "file": str(item.path), "session": "session"}
    if scope not in scopes:
        raise EdgeUsageError(f"edge_isolate is 'test', 'file' or 'session', not '{scope}'")
    chosen["isolation"] = scopes[scope]
    if chosen["sdk"] not in ("installed", "date"):
        raise EdgeUsageError(f"edge_sdk is 'installed' or 'date', not '{chosen['sdk']}'")
    faults = [text for mark in item.iter_markers("edge_faults") for text in mark.args]
    assert set(chosen) <= {each.name for each in fields(Options)}
    return Options(**chosen, budget=budget, faults=faults)


def outbound_options(item: pytest.Item, edge: Edge) -> None:
    """Apply @pytest.mark.edge_outbound to the outbound answers."""
    known = ("assert_all_responses_were_requested", "assert_all_requests_were_expected",
             "can_send_already_matched_responses")  # fmt: skip
    for mark in reversed(list(item.iter_markers("edge_outbound"))):
        for key, value in mark.kwargs.items():
            if key not in known:
                raise EdgeUsageError(f"@pytest.mark.edge_outbound knows no '{key}' (it knows {', '.join(known)})")
            setattr(edge.outbound, key, value)


def instant(value: str | datetime, what: str) -> datetime:
    """An instant as a setting or a mark writes it; one without a zone is UTC. Raises EdgeUsageError."""
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except ValueError:
        raise EdgeUsageError(f"{what}: '{value}' is no instant as ISO 8601 writes it (2026-01-01T00:00:00Z)") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def sections(edge: Edge) -> list[tuple[str, str]]:
    """What a failure report shows of a world."""
    found = [("edge timeline", f"seed {edge.options.seed} (--edge-seed={edge.options.seed})\n{edge.timeline.render()}")]
    if edge.logs:
        lines = [f"{level:>5}  {text}" for level, text in edge.logs[-_LOGS:]]
        found.append(("edge console", "\n".join(lines)))
    return found


def without_machinery(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames between the test and the app: those of httpx, asyncio and this package. One that
    has no others stays as it is."""
    kept = []
    at = traceback
    while at is not None:
        if not any(part in at.tb_frame.f_code.co_filename for part in _MACHINERY):
            kept.append(at)
        at = at.tb_next
    found: TracebackType | None = None
    for each in reversed(kept):
        found = TracebackType(found, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return found or traceback


def cost_table(costs: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The lines of --edge-cost: per test what it took and its price for a million runs, dearest first."""
    rows = []
    for test, counts in costs.items():
        price = sum(counts.get(name, 0) * each for name, each in prices.PER_UNIT.items()) * 1_000_000
        taken = ", ".join(
            f"{name} {'≈' if name in ESTIMATES else ''}{number}"
            for name, number in sorted(counts.items())
            if number and name != "operations"
        )
        rows.append((price, test, taken or "nothing"))
    lines = [f"{'$ per million':>13}  test"]
    lines += [f"{price:>13.2f}  {test}: {taken}" for price, test, taken in sorted(rows, key=lambda r: (-r[0], r[1]))]
    lines.append("prices beyond what the Workers Paid plan includes; ≈ is modelled, not measured")
    return lines


def allow_edge_fixtures(item: pytest.Item, test: Any) -> None:
    """Let a hypothesis test use the ``edge`` fixtures when they are its only ones of function scope."""
    from hypothesis import HealthCheck, settings

    manager = item.session._fixturemanager
    for name, definitions in item._fixtureinfo.name2fixturedefs.items():  # type: ignore[attr-defined]
        if definitions[-1].scope == "function" and not name.startswith("edge") and name != "request":
            if definitions[-1] not in getattr(manager, "_autouse", ()):
                return
    current = getattr(test, "_hypothesis_internal_use_settings", None) or settings()
    allowed = {*current.suppress_health_check, HealthCheck.function_scoped_fixture}
    test._hypothesis_internal_use_settings = settings(current, suppress_health_check=tuple(allowed))
