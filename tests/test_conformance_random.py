"""The D1 engine and the real workerd agree on schemas and statements that were made at random."""

from __future__ import annotations

from tests.conformance import at_random, sides, workerd
from tests.conformance.corpus import Case
from tests.conformance.sides import Answer, Outcome, Refusal


def test_engine_agrees_with_workerd(server: workerd.Workerd) -> None:
    counted = at_random.run(server, at_random.EXAMPLES, fixed=True)
    assert counted["accepted"] > 400
    assert counted["refused"] > 200


def test_a_difference_is_told_with_its_steps(server: workerd.Workerd) -> None:
    steps = [
        Case("setup", (), "CREATE TABLE t (a)", (), True, None),
        Case("statement", (), "INSERT INTO t VALUES (?) RETURNING a", (1,), False, None),
        Case("statement", (), "SELECT nope", (), False, None),
    ]
    theirs = sides.workerd_steps(server.outcomes([sides.request_steps(steps)])[0])
    assert at_random.difference(steps, sides.engine_steps(steps), theirs) is None
    answer = theirs[1].answers[0]
    wrong = [theirs[0], Outcome(answers=(Answer(answer.columns, ((2.0,),), 1, 1.0),)), *theirs[2:]]
    told = at_random.difference(steps, theirs, wrong)
    assert told is not None
    assert told.splitlines()[:3] == [
        "CREATE TABLE t (a)", "INSERT INTO t VALUES (?) RETURNING a  <- (1,)", "differs in",
    ]  # fmt: skip
    left = at_random.difference(steps, theirs, [*theirs[:-1], Outcome()])
    assert left is not None
    assert "leaves\n  schema: engine (('table', 't', 't', 'CREATE TABLE t (a)'),)" in left


def test_what_follows_a_failed_commit_is_not_compared() -> None:
    steps = [Case("migration", (), "x", (), True, None)]
    failed = Outcome(refusal=Refusal("FOREIGN KEY constraint failed", None, None, None))
    assert at_random.difference(steps, [failed, Outcome()], [failed, Outcome(tables=(("t", ()),))]) is None
