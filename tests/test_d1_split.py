"""Dividing SQL: as SQLite does, and where wrangler's own division goes wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelint.d1.errors import D1Error
from edgelint.d1.split import cuts, migration, split

TRIGGER = "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET x = {}; DELETE FROM b; END;"


def test_split_gives_places() -> None:
    text = "-- first\nSELECT 'a;b' /* ; */; ;\n" + TRIGGER.format("CASE WHEN 1 THEN 2 END") + " SELECT 2 -- ;"
    found = split(text)
    assert [statement.text for statement in found] == [
        "SELECT 'a;b'", TRIGGER.format("CASE WHEN 1 THEN 2 END")[:-1], "SELECT 2",
    ]  # fmt: skip
    assert all(text[statement.start : statement.end] == statement.text for statement in found)


def test_one_transaction_is_stripped_and_offsets_stay() -> None:
    text = "PRAGMA defer_foreign_keys=1;\nBEGIN TRANSACTION;\nSELECT 1;\nCOMMIT;\n"
    sent = migration(text)
    assert len(sent) == len(text)
    assert [statement.text for statement in split(sent)] == ["PRAGMA defer_foreign_keys=1", "SELECT 1"]
    assert migration("begin transaction; commit;") == "begin transaction; commit;"
    with pytest.raises(D1Error, match="several transactions") as caught:
        migration(text + text)
    assert caught.value.offset == len(text) + text.index("BEGIN")


@pytest.mark.parametrize(
    ("sql", "at"),
    [
        (TRIGGER.format("CASE WHEN 1 THEN 2 END"), ""),
        (TRIGGER.format("(CASE WHEN 1 THEN 2 END )"), "; DELETE"),  # CASE after a bracket is none for wrangler, END is
        (TRIGGER.format("(CASE WHEN 1 THEN 2 END)"), ""),
        (TRIGGER.format("'x'").replace(" BEGIN ", "\nbegin\n"), ""),
        (TRIGGER.format("'x'").replace(" BEGIN ", " /* so */BEGIN/* it */ "), ""),
        (TRIGGER.format("1").replace("BEGIN UPDATE", "BEGIN/* it is */UPDATE"), "; DELETE"),
        ("SELECT [a;b]; SELECT 1", ";b"),
        ("SELECT 'a;b', \"c;d\", `e;f`; SELECT 1 -- ;\n; SELECT /* ; */ 2;", ""),
        ("SELECT 1 - 2; SELECT 4 / 2;", ""),
        ("SELECT $a;b; SELECT $x$ a;b $x$; SELECT 1", ""),
        ("SELECT 1;", ""),
        ("", ""),
    ],
)
def test_cuts(sql: str, at: str) -> None:
    assert cuts(sql)[:1] == ([sql.index(at)] if at else [])


@given(st.text(alphabet=" \n;'\"`[]$-/*aé1_BEGINDCASt", max_size=80))
def test_any_text_is_divided(text: str) -> None:
    assert all(text[place] == ";" for place in cuts(text))
    at = 0
    for statement in split(text):
        assert at <= statement.start < statement.end
        at = statement.end
