"""Ask workerd again, write its answers into the probes, and show where the Python side differs."""

from __future__ import annotations

import json

from tests.testing.web import corpus, python_side, workerd_side


def main() -> None:
    """``python -m tests.testing.web``."""
    known = corpus.differences()
    count = differing = 0
    for path in sorted((corpus.HERE / "probes").glob("*.txt")):
        probes = corpus.read(path)
        for probe, answer in zip(probes, workerd_side.evaluate([probe.js for probe in probes]), strict=True):
            probe.expected = answer
            ours = python_side.evaluate([probe.code])[0]
            count += 1
            if not probe.same(ours, answer):
                differing += 1
                why = known[probe.js]["reason"] if probe.js in known else "NOT KNOWN"
                print(f"{probe.js}\n  workerd {json.dumps(answer)}\n  Python  {json.dumps(ours)}\n  {why}")
        corpus.write(path, probes)
    print(f"{count} probes, {differing} differ")


if __name__ == "__main__":
    main()
