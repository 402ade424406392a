"""Edits of configs: values in TOML, members taken out, put in and moved."""

from __future__ import annotations

from typing import Any

import pytest

from edgelint.checks._fixes_config import append, lifted, table, toml_text, without, without_table
from edgelint.checks._fixes_dates import missing_date_fix
from edgelint.diagnostics import Edit
from edgelint.platform import compat
from edgelint.project.wrangler import WranglerConfig, load
from edgelint.source import Source


def config(text: str, name: str = "wrangler.toml") -> WranglerConfig:
    return load(name, Source(name, text.encode()))


def edited(place: WranglerConfig, edits: tuple[Edit, ...] | None) -> str:
    data = place.source.data
    for edit in sorted(edits or (), key=lambda e: e.span.start, reverse=True):
        data = data[: edit.span.start] + edit.text.encode() + data[edit.span.end :]
    return data.decode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"), (False, "false"), (7, "7"), (2.5, "2.5"), ('a "b" ä\x7f', '"a \\"b\\" ä\\u007f"'),
        ([1, "a"], '[1, "a"]'), ([1, None], None), ({}, "{}"), ({"a b": 1, "c": [True]}, '{ "a b" = 1, c = [true] }'),
        ({"a": None}, None), (None, None),
    ],
)  # fmt: skip
def test_values_in_toml(value: Any, text: str | None) -> None:
    assert toml_text(value) == text


def test_a_table_with_a_value_that_toml_has_not() -> None:
    assert table("vars", {"A": None}, False) is None
    assert table("a.b", {"c": 1}, True) == "[[a.b]]\nc = 1"


def test_the_only_member_goes_without_a_comma() -> None:
    place = config("a = [ 1 ]\n")
    item = place.root.get("a")
    assert item is not None
    assert edited(place, without(place, item.items[0].start, item.items[0].end)) == "a = [ ]\n"


def test_the_last_member_goes_with_the_comma_on_the_line_before() -> None:
    place = config('{\n  "a": 1,\n  "b": 2\n}\n', "wrangler.json")
    entry = place.root.entries[1]
    assert edited(place, without(place, entry.key_start, entry.value.end)) == '{\n  "a": 1\n}\n'


def test_a_table_with_tables_below_it_is_left() -> None:
    place = config("[a]\nb = 1\n[a.c]\nd = 1\n")
    value = place.root.get("a")
    assert value is not None
    assert without_table(place, value) is None


@pytest.mark.parametrize(
    ("text", "key", "value", "after"),
    [
        ("a = [1] # one\n", "a", 2, "a = [1, 2] # one\n"),
        ("a = [\n  1 # one\n]\n", "a", 2, "a = [\n  1, # one\n  2\n]\n"),
        ("a = [\n  1, 3 # one\n]\n", "a", 2, "a = [\n  1, 3, 2 # one\n]\n"),
        ("a = [\n  1,\n  3, ]\n", "a", 2, "a = [\n  1,\n  3, 2, ]\n"),
        ("a = []\n", "a", None, "a = []\n"),
        ("a = [ # none\n]\n", "a", 2, "a = [ # none\n]\n"),
        ("[[a]]\nb = 1\n", "a", 2, "[[a]]\nb = 1\n"),
    ],
)
def test_items_are_put_at_the_end(text: str, key: str, value: object, after: str) -> None:
    place = config(text)
    owner = place.root.get(key)
    assert owner is not None
    assert edited(place, append(place, owner, value)) == after


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("[t]\na = 1\n", "a = 1\n\n[t]\n"),
        ("x = 1 # x\n[t]\na = 1 # a\n", "x = 1 # x\na = 1 # a\n[t]\n"),
        ("# head\n[t]\n# about b\nb = 1\n# about a\na = 1\n", "# about a\na = 1\n\n# head\n[t]\n# about b\nb = 1\n"),
        ("[t]\na.b = 1\n", None),
        ("t = { a = 1 }\n", None),
    ],
)
def test_keys_are_moved_to_the_top_level(text: str, after: str | None) -> None:
    place = config(text)
    owner = place.root.get("t")
    assert owner is not None
    entry = owner.entry("a")
    assert entry is not None
    edits = lifted(place, entry)
    assert (None if edits is None else edited(place, edits)) == after


DATE = compat.data()["release"]


@pytest.mark.parametrize(
    ("name", "text", "key", "after"),
    [
        ("wrangler.json", '{ "main": "a.js" }', "main", f'{{ "compatibility_date": "{DATE}", "main": "a.js" }}'),
        (
            "wrangler.jsonc", '{\n\t"name": "a",\n\t"main": "a.js" // here\n}\n', "main",
            f'{{\n\t"name": "a",\n\t"compatibility_date": "{DATE}",\n\t"main": "a.js" // here\n}}\n',
        ),
        (
            "wrangler.jsonc", '{\n  "assets": {}\n}\n', "assets",
            f'{{\n  "assets": {{}},\n  "compatibility_date": "{DATE}"\n}}\n',
        ),
        ("wrangler.toml", 'main = "a.js"\n[v]\n', "main", f'main = "a.js"\ncompatibility_date = "{DATE}"\n[v]\n'),
        ("wrangler.toml", "# A\n[assets]\n", "assets", f'compatibility_date = "{DATE}"\n\n# A\n[assets]\n'),
    ],
)  # fmt: skip
def test_a_missing_date(name: str, text: str, key: str, after: str) -> None:
    place = config(text, name)
    entry = place.root.entry(key)
    assert entry is not None
    fix = missing_date_fix(place, entry)
    assert fix is not None
    assert not fix.safe
    assert edited(place, fix.edits) == after
