"""console, into the logs of the world."""

from __future__ import annotations

from typing import Any

import pytest

from edgelint.testing.errors import type_error
from edgelint.testing.python_host.web.console import inspect, written
from edgelint.testing.python_host.web.headers import Headers
from edgelint.testing.values import UNDEFINED
from tests.testing.web.conftest import Isolate


def test_levels_and_groups(isolate: Isolate) -> None:
    async def look() -> None:
        console = isolate.scope["console"]
        for level in ("log", "info", "debug", "warn", "error", "trace"):
            getattr(console, level)(level, 1)
        console.group("outer")
        console.groupCollapsed()
        console.log("in\nside")
        console.groupEnd()
        console.groupEnd()
        console.groupEnd()
        console.dir({"a": 1})
        console.table([1])
        check = getattr(console, "assert_")  # noqa: B009 - a name that linters of tests know as another thing
        check(True, "fine")
        check(False, "not fine", 2)
        check()

    isolate.run(look)
    assert isolate.world.logs == [
        ("log", "log 1"), ("info", "info 1"), ("debug", "debug 1"), ("warn", "warn 1"), ("error", "error 1"),
        ("trace", "trace 1"), ("log", "outer"), ("log", "    in\n    side"), ("log", "{ a: 1 }"), ("log", "[ 1 ]"),
        ("error", "Assertion failed: not fine 2"), ("error", "Assertion failed"),
    ]  # fmt: skip


def test_counts_and_times(isolate: Isolate) -> None:
    async def look() -> None:
        console = isolate.scope["console"]
        console.count()
        console.count()
        console.countReset()
        console.count()
        console.count("x")
        console.time("t")
        await isolate.scope["scheduler"].wait(12)
        console.timeLog("t", "so far")
        console.timeEnd("t")
        console.timeEnd("t")

    isolate.run(look)
    assert [text for _, text in isolate.world.logs] == [
        "default: 1", "default: 2", "default: 1", "x: 1", "t: 12ms so far", "t: 12ms",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((), ""), (("100%",), "100%"), (("%s-%s", "a", 2, "rest"), "a-2 rest"), (("%i", "x"), "NaN"),
        (("%d %i %f", "4.5", 4.7, "1e3"), "4.5 4 1000"), (("%c|%%|%x|%s", "css"), "|%|%x|%s"),
        (("%j %o %O", {"a": [1]}, [1], {}), '{"a":[1]} [ 1 ] {}'), (("%s %s", Headers(), 1), "[object Headers] 1"),
        ((1, "a", None, UNDEFINED, True), "1 a null undefined true"), (("%j", UNDEFINED), "undefined"),
    ],
)  # fmt: skip
def test_formats(values: tuple[Any, ...], expected: str) -> None:
    assert written(values) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("it's", '"it\'s"'), ("\"'`", "`\"'\\``"), ({"a-b": 1, "c": "x\n"}, "{ 'a-b': 1, c: 'x\\n' }"),
        ({"a": {"b": {"c": {"d": 1}}}}, "{ a: { b: { c: [Object] } } }"), ([[[[1]]]], "[ [ [ [Array] ] ] ]"),
        ([], "[]"), (type_error("no"), "TypeError: no"), (ValueError("x"), "ValueError: x"),
        (b"\x01\x02", "Uint8Array(2) [ 1, 2 ]"),
        (b"", "Uint8Array(0) []"), (Headers(), "Headers {}"), (1.5, "1.5"),
    ],
)  # fmt: skip
def test_values_are_shown_as_node_shows_them(value: Any, expected: str) -> None:
    assert inspect(value) == expected
