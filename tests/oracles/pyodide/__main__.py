"""Ask real Pyodide the whole table and keep what the emulation agrees on: ``python -m tests.oracles.pyodide``.

answers.json lets the table be checked where Pyodide is not installed; the slow test asks Pyodide itself.
"""

from __future__ import annotations

import json

from tests.oracles.pyodide import emulated, pyodide, table


def main() -> None:
    """Write answers.json, and say what differs."""
    probes = table.probes()
    answers: dict[str, dict[str, str]] = {}
    for version in pyodide.VERSIONS:
        theirs, ours = pyodide.run(version, probes), emulated.run(version, probes)
        answers[version] = {probe: real for probe, real, mine in zip(probes, theirs, ours, strict=True) if real == mine}
        for probe, real, mine in zip(probes, theirs, ours, strict=True):
            if real != mine:
                print(f"{version}: {probe}\n  Pyodide   {real}\n  emulation {mine}")
        print(f"{version}: {len(answers[version])} of {len(probes)} agree")
    text = json.dumps(answers, indent=0, ensure_ascii=True)
    (pyodide.HERE / "answers.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
