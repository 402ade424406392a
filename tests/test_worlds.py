"""Running a reading once for each way it can go."""

from __future__ import annotations

from edgelint.project.worlds import MAX_WORLDS, Impossible, World, worlds


def options(count: int, log: list[str]) -> None:
    """Choices that do not hang on each other; logs which were taken."""

    def read(world: World) -> str:
        text = "".join("y" if world.choose(n, 2) == 0 else "-" for n in range(count))
        log.append(text)
        return text

    found = worlds(read)
    assert found.whole is (2**count <= MAX_WORLDS)
    assert set(found.results) == set(log)


def test_as_many_options_as_can_be_told_apart() -> None:
    log: list[str] = []
    options(5, log)
    assert len(log) == len(set(log)) == MAX_WORLDS


def test_options_that_do_not_hang_on_each_other() -> None:
    log: list[str] = []
    options(7, log)
    assert len(log) == 7  # the first, all, none, and those at the ends alone and left out
    assert set(log) == {"yyyyyyy", "-------", "y------", "------y", "-yyyyyy", "yyyyyy-"}


def test_options_inside_of_options_are_all_gone_through() -> None:
    def read(world: World) -> int:
        depth = 0
        while depth < 10 and world.choose(depth, 2) == 0:
            depth += 1
        return depth

    found = worlds(read)
    assert found.whole
    assert sorted(found.results) == list(range(11))


def test_too_many_that_hang_on_each_other() -> None:
    def read(world: World) -> str:
        first = world.choose("first", 2)
        return "".join(str(world.choose((first, n), 2)) for n in range(7))

    found = worlds(read)
    assert not found.whole
    assert {"0000000", "1111111"} <= set(found.results)
    assert len(set(found.results)) > MAX_WORLDS, "what was gone through until then counts"


def test_what_is_impossible_gives_nothing() -> None:
    def read(world: World) -> bool:
        if world.choose("a", 2) == 0:
            raise Impossible
        return True

    assert worlds(read).results == [True]


def test_more_than_two_options_each() -> None:
    def read(world: World) -> tuple[int, ...]:
        return tuple(world.choose(n, 3) for n in range(4))

    found = worlds(read)
    assert not found.whole
    assert {(0, 0, 0, 0), (2, 2, 2, 2), (1, 0, 0, 0), (2, 2, 2, 1)} <= set(found.results)


def test_what_is_settled_is_no_choice() -> None:
    def read(world: World) -> int:
        world.settle("a", 1)
        world.settle("a", 0)
        return world.choose("a", 2)

    assert worlds(read).results == [1]
