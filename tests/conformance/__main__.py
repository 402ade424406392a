"""``python -m tests.conformance``: the run of the D1 engine and the real workerd side by side, for people."""

from __future__ import annotations

import argparse
import pprint
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Sequence

import apsw

from tests.conformance import at_random, compare, corpus, generated, run, sides, workerd

_AT_ONCE = 100
"""Requests of one run of hypothesis, which remembers what it made."""


def main() -> int:
    """Prints the report; the status is 1 where the test would fail, 2 where workerd cannot be run."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("-k", metavar="TEXT", help="only the cases whose name has TEXT, answers in full")
    parser.add_argument("--random", metavar="N", type=int, help="instead, N requests of databases made at random")
    options = parser.parse_args()
    cases = [*corpus.read(), *generated.cases()]
    try:
        with workerd.running() as server:
            if options.random:
                return _at_random(server, options.random)
            if options.k:
                return _shown(server, [case for case in cases if options.k in case.name])
            started = time.perf_counter()
            report = run.run(server, cases)
    except (workerd.Unavailable, workerd.Crashed) as error:
        print(error, file=sys.stderr)
        return 2
    seconds = time.perf_counter() - started
    print(f"engine: SQLite {apsw.sqlite_lib_version()}; workerd {workerd.version()}; {seconds:.1f} s")
    topics = Counter(case.name.partition(" >")[0] for case in cases)
    for topic, count in topics.items():
        print(f"  {count:4} {topic}")
    print(f"{report.cases} cases, {report.agreeing} agree, {len(report.explained)} differ for a known reason")
    for reason in dict.fromkeys(entry.reason for _, entry in report.explained):
        print()
        print(textwrap.fill(" ".join(reason.split()), 110))
        for each, entry in report.explained:
            if entry.reason == reason:
                print(f"- {each.case} ({', '.join(each.aspects)})")
    _list("NEW DIFFERENCES", [f"{each.case}\n{each.detail}" for each in report.new])
    _list("LISTED, BUT NOT SO", report.stale)
    _list("THE CORPUS IS WRONG ABOUT WORKERD", report.mistakes)
    return int(bool(report.new or report.stale or report.mistakes))


def _at_random(server: workerd.Workerd, examples: int) -> int:
    counted: Counter[str] = Counter()
    try:
        for start in range(0, examples, _AT_ONCE):
            counted += at_random.run(server, min(_AT_ONCE, examples - start), fixed=False)
    except AssertionError as difference:
        print(difference)
        return 1
    print(f"{counted['accepted']} statements and migrations were accepted, {counted['refused']} refused; all agree")
    return 0


def _list(title: str, lines: Sequence[str]) -> None:
    if lines:
        print(f"\n{title}")
        print("\n".join(f"- {line}" for line in lines))


def _shown(server: workerd.Workerd, cases: list[corpus.Case]) -> int:
    status = 0
    for case in cases:
        ours, asked = sides.engine(case)
        theirs = sides.workerd(server.outcomes([sides.request(case, asked)])[0])
        each = compare.difference(case.name, ours, theirs)
        print(f"\n{case.name}\nengine: {pprint.pformat(ours, width=120)}\nworkerd: {pprint.pformat(theirs, width=120)}")
        print(f"differs in\n{each.detail}" if each else "agree")
        status |= bool(each)
    return status


if __name__ == "__main__":
    sys.exit(main())
