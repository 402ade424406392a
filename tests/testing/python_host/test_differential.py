"""The emulation beside real Pyodide: one table of probes, the same answers."""

from __future__ import annotations

import os
import re
import tomllib
from typing import Any

import pytest

from tests.oracles.pyodide import emulated, pyodide, table


def _differences() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((pyodide.HERE / "differences.toml").read_text())["difference"]
    return found


def _applies(known: dict[str, Any], version: str, probe: str) -> bool:
    if version not in known.get("versions", pyodide.VERSIONS):
        return False
    if "pattern" in known:
        return re.fullmatch(known["pattern"], probe) is not None
    return bool(known["probe"] == probe)


@pytest.mark.slow
@pytest.mark.parametrize("version", pyodide.VERSIONS)
def test_table(version: str) -> None:
    """Every probe comes to the same in Pyodide and here, but for the differences that have a reason."""
    probes = table.probes()
    assert len(probes) >= 700
    try:
        theirs = pyodide.run(version, probes)
    except pyodide.Unavailable as error:
        if os.environ.get(pyodide.NEEDED):
            pytest.fail(str(error))
        pytest.skip(str(error))
    ours = emulated.run(version, probes)
    known = _differences()
    used: set[int] = set()
    lines = []
    for probe, mine, other in zip(probes, ours, theirs, strict=True):
        if mine == other:
            continue
        reasons = [index for index, each in enumerate(known) if _applies(each, version, probe)]
        used.update(reasons)
        if not reasons:
            lines.append(f"{probe}\n  Pyodide   {other}\n  emulation {mine}")
    assert not lines, f"{len(lines)} differ:\n" + "\n".join(lines)
    unused = [each for index, each in enumerate(known) if index not in used]
    gone = [each for each in unused if version in each.get("versions", pyodide.VERSIONS)]
    assert not gone, f"no difference any more: {gone}"


@pytest.mark.parametrize("version", pyodide.VERSIONS)
def test_table_runs_without_pyodide(version: str) -> None:
    """The table itself runs on the emulation, and gives what was agreed on with Pyodide (answers.json)."""
    import json

    agreed: dict[str, str] = json.loads((pyodide.HERE / "answers.json").read_text())[version]
    probes = [probe for probe in table.probes() if probe in agreed]
    assert len(probes) >= 700
    ours = emulated.run(version, probes)
    wrong = [(probe, mine) for probe, mine in zip(probes, ours, strict=True) if mine != agreed[probe]]
    assert not wrong
