"""The date and the flags that workerd is given."""

from __future__ import annotations

import pytest

from edgelint.testing.workerd_host.compatibility import NodeMode, given, newest, node_mode, redundant

VERSION = "1.20261117.1"


def test_a_date_that_workerd_does_not_know() -> None:
    last = given("2026-11-25", (), VERSION, today="2026-12-24")
    assert last.date == "2026-11-24"
    assert "compatibility_date 2026-11-25 is later than workerd 1.20261117.1 knows: 2026-11-24" in last.warnings[0]
    assert given("2026-11-24", (), VERSION, today="2026-12-24") == ("2026-11-24", (), ())


def test_a_day_that_is_still_to_come() -> None:
    assert newest("2026-11-17", "2026-11-20") == "2026-11-20"
    assert newest("2026-11-17", "2026-12-31") == "2026-11-24"
    assert newest("2026-11-17", "2020-01-01") == "2026-11-17"  # a clock that is wrong


def test_a_version_without_a_date_takes_what_is_given() -> None:
    assert given("2099-01-01", ("nope",), "nightly") == ("2099-01-01", ("nope",), ())
    assert given("", (), "nightly").date == "2021-11-02"


def test_flags_that_the_date_brings_are_left_out() -> None:
    flags = ("rpc", "nodejs_compat", "no_global_navigator", "unknown_flag")
    assert given("2026-06-01", flags, VERSION).flags == ("nodejs_compat", "no_global_navigator", "unknown_flag")
    assert given("2026-10-01", flags, VERSION).flags == ("no_global_navigator", "unknown_flag")
    assert given("2024-01-01", flags, VERSION).flags == flags


def test_flags_that_contradict_each_other_are_for_workerd_to_refuse() -> None:
    assert not redundant("nodejs_compat", "2026-10-01", ("nodejs_compat", "no_nodejs_compat"))
    assert not redundant("no_nodejs_compat", "2026-10-01", ("no_nodejs_compat",))
    assert redundant("nodejs_compat", "2026-10-01", ("nodejs_compat",))


@pytest.mark.parametrize(
    ("date", "flags", "mode"),
    [
        ("2024-01-01", (), None),
        ("2024-01-01", ("nodejs_als",), "als"),
        ("2024-01-01", ("nodejs_compat",), "v1"),
        ("2024-01-01", ("nodejs_compat_v2",), "v2"),
        ("2024-09-23", ("nodejs_compat",), "v2"),
        ("2024-09-23", ("nodejs_compat", "no_nodejs_compat_v2"), "v1"),
        ("2026-08-03", (), None),
        ("2026-08-04", (), "v2"),
        ("2026-08-04", ("no_nodejs_compat", "no_nodejs_compat_v2"), None),
    ],
)
def test_how_much_of_node_there_is(date: str, flags: tuple[str, ...], mode: NodeMode) -> None:
    assert node_mode(date, flags) == mode
