"""Which world gets which process: one ahead, one for several, and never one that two worlds have or that is dead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from edgelint.testing.workerd_host import pool as pools
from edgelint.testing.workerd_host.layout import Layout
from edgelint.testing.workerd_host.pool import Pool, forget_objects
from edgelint.testing.workerd_host.process import WorkerdError


class FakeProcess:
    """A process that only keeps what was done to it."""

    made: list[FakeProcess] = []

    def __init__(self, program: Path, config: str | bytes, files: Mapping[str, bytes], sockets: Sequence[str]) -> None:
        if config == "cannot":
            raise OSError("no")
        self.config, self.files = config, files
        self.folder = Path("folder")
        self.waited = self.killed = self.stopped = 0
        self.end: str | None = None
        FakeProcess.made.append(self)

    def wait(self) -> None:
        self.waited += 1
        if self.config == "refuses":
            raise WorkerdError("workerd refuses to start", [])

    def kill(self) -> None:
        self.killed += 1

    def stop(self) -> None:
        self.stopped += 1

    def ended(self) -> str | None:
        return self.end


class FakeCompiled:
    """A binary form that is there when a test says so."""

    made: list[FakeCompiled] = []
    is_ready = False

    def __init__(self, program: Path, folder: Path, made: Layout, key: str, holes: tuple[str, ...]) -> None:
        self.key, self.sockets = key, made.sockets
        self.closed = 0
        FakeCompiled.made.append(self)

    def filled(self, *texts: str) -> bytes | None:
        return "\n".join(texts).encode() if self.is_ready else None

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """Workers are the text of their configuration here."""
    FakeProcess.made = []
    FakeCompiled.made = []
    monkeypatch.setattr(FakeCompiled, "is_ready", False)
    monkeypatch.setattr(pools, "Compiled", FakeCompiled)
    monkeypatch.setattr(pools, "process_class", lambda: FakeProcess)
    monkeypatch.setattr(pools, "layout", lambda workers, port, token: Layout(workers, {"a": b"1"}, ["s"]))
    made = Pool(Path("workerd"))
    yield made
    made.close()
    assert all(each.stopped for each in FakeProcess.made)
    assert all(each.closed == 1 for each in FakeCompiled.made)


def take(pool: Pool, workers: Any = "one", isolation: str = "") -> tuple[Any, FakeProcess]:
    started = pool.take(workers, isolation)
    process: Any = started.process
    return started, process


def test_each_world_has_its_own_and_the_next_is_started_ahead(pool: Pool) -> None:
    first, a = take(pool)
    assert len(FakeProcess.made) == 1  # a session of one test needs no second
    pool.give_back(first, True)
    assert a.stopped == 1
    second, b = take(pool)
    assert len(FakeProcess.made) == 3
    ahead = FakeProcess.made[2]
    assert (b.waited, ahead.waited) == (1, 0)
    pool.give_back(second, True)
    assert (b.killed, b.stopped) == (1, 0)  # the next test need not wait until it is gone

    third, c = take(pool)

    assert c is ahead
    assert ahead.waited == 1
    pool.give_back(third, True)
    assert (b.stopped, c.killed, c.stopped) == (1, 1, 0)
    pool.close()
    assert (b.stopped, c.stopped) == (1, 1)


@pytest.mark.parametrize("why", ["key", "dead"])
def test_one_started_ahead_that_does_not_fit_is_ended(pool: Pool, why: str) -> None:
    for _ in range(2):
        pool.give_back(take(pool)[0], True)
    ahead = FakeProcess.made[-1]
    ahead.end = "workerd ended with status 1" if why == "dead" else None

    started, process = take(pool, "one" if why == "dead" else "other")
    pool.give_back(started, True)

    assert process is not ahead
    assert ahead.stopped == 1


def test_worlds_of_one_isolation_share_a_process_one_after_the_other(pool: Pool) -> None:
    first, a = take(pool, isolation="file")
    assert pool.shares(first)
    pool.give_back(first, True)
    second, b = take(pool, isolation="file")
    beside, c = take(pool, isolation="file")
    assert a is b
    assert c is not a
    assert not pool.shares(beside)
    pool.give_back(beside, True)
    assert (a.stopped, c.stopped) == (0, 1)
    pool.give_back(second, True)

    other, d = take(pool, isolation="other file")

    assert a.stopped == 1
    assert d is not a
    pool.give_back(other, True)
    assert d.stopped == 0


@pytest.mark.parametrize("why", ["key", "dead", "unfit"])
def test_a_shared_process_that_does_not_fit_any_more_is_ended(pool: Pool, why: str) -> None:
    first, a = take(pool, isolation="session")
    a.end = "workerd was ended by SIGKILL" if why == "dead" else None
    pool.give_back(first, why != "unfit")

    second, b = take(pool, "other" if why == "key" else "one", isolation="session")

    assert b is not a
    assert a.stopped == 1
    assert pool.shares(second)


def test_a_session_of_one_test_compiles_nothing(pool: Pool) -> None:
    pool.give_back(take(pool)[0], True)

    assert FakeCompiled.made == []


def test_the_binary_form_is_used_when_it_is_there(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        pool.give_back(take(pool)[0], True)
    assert [each.config for each in FakeProcess.made] == ["one"] * 4
    assert len(FakeCompiled.made) == 1
    monkeypatch.setattr(FakeCompiled, "is_ready", True)

    started, _ = take(pool)
    pool.give_back(started, True)
    started, process = take(pool)
    pool.give_back(started, True)

    assert process.config == f"127.0.0.1:{started.server.port}\n{started.server.token}".encode()
    assert process.files == {}
    assert len(FakeCompiled.made) == 1


def test_the_binary_form_of_something_else_is_not_used(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        pool.give_back(take(pool)[0], True)
    monkeypatch.setattr(FakeCompiled, "is_ready", True)

    started, process = take(pool, "other")
    pool.give_back(started, True)

    assert process.config == "other"
    assert [each.closed for each in FakeCompiled.made] == [1, 0]
    assert isinstance(FakeProcess.made[-1].config, bytes)


def test_one_that_does_not_start(pool: Pool) -> None:
    with pytest.raises(WorkerdError):
        take(pool, "refuses")
    assert FakeProcess.made[0].stopped == 1
    with pytest.raises(OSError, match="no"):
        take(pool, "cannot")
    started, process = take(pool)
    assert process.waited == 1
    pool.give_back(started, True)


def test_what_objects_stored_is_removed_but_the_list_of_alarms(tmp_path: Path) -> None:
    folder = tmp_path / "objects" / "app-Counter"
    folder.mkdir(parents=True)
    for name in ("ab.sqlite", "ab.sqlite-wal", "metadata.sqlite", "other.txt"):
        (folder / name).touch()

    forget_objects(tmp_path)

    assert sorted(each.name for each in folder.iterdir()) == ["metadata.sqlite", "other.txt"]
