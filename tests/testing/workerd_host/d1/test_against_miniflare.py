"""D1 behind the real workerd beside Miniflare's: one worker, the same sequences (tests/testing/bindings has them)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from edgelint.testing.workerd_host.runtime import Runtime
from tests.oracles import differential
from tests.oracles.miniflare.oracle import Oracle, Outcome
from tests.testing.bindings import test_d1_differential as cases
from tests.testing.workerd_host.in_javascript import InJavaScript, write_app


@pytest.fixture
def database(tmp_path_factory: pytest.TempPathFactory, runtime: Runtime) -> Iterator[InJavaScript]:
    databases = [{"binding": "DB0", "database_name": "db0", "database_id": "db0"}]
    app = write_app(tmp_path_factory.mktemp("oracle"), runtime, d1_databases=databases)
    made = InJavaScript(app, "DB", "DB0")
    try:
        yield made
    finally:
        made.close()
        app.close()


def test_sequences(oracle: Oracle, database: InJavaScript) -> None:
    def ours(ops: Sequence[cases.Op]) -> list[Outcome]:
        return database.outcomes([[cases._step(op) for op in ops]])[0]

    made = differential.generated(cases.sequences, differential.amount(100))
    assert differential.check("d1", oracle, made, step=cases._step, ours=ours, same=cases._same) == 20 * len(made)
