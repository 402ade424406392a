"""Cron expressions, as the platform's parser reads them."""

from __future__ import annotations

import pytest

from edgelint.syntax.cron import problems


@pytest.mark.parametrize(
    "expression",
    [
        "* * * * *", "*/5 * * * *", "0 0 * * *", "0 9 * * 1", "0 9 * * MON-FRI", "0 0 1 * *",
        "5,35 */2 1-15 jan,Feb 2-6", "0 0 L * *", "0 0 LW * *", "0 0 L-3 * *", "0 0 L-3W * *", "0 0 15W * *",
        "0 0 * * L", "0 0 * * 6L", "0 0 * * FRIL", "0 0 * * 2#1", "0 0 * * MON#5", "0 22-2 * * FRI-MON",
        "1-10/3 0 * * *", "*/15,3 * * * *", "05 08 * * 7", "1,* 0 * * *", "59 23 31 12 7", "0 */23 * * *",
        " 0 0 * * * ", "0\t0 * * *", "30/10 * * * *",
    ],
)  # fmt: skip
def test_valid(expression: str) -> None:
    assert problems(expression) == []


@pytest.mark.parametrize(
    ("expression", "flagged", "message"),
    [
        ("not a cron", "not a cron", "a cron expression has 5 fields, this one 3"),
        ("0 0 0 * * *", "0 0 0 * * *", "this one 6 (Cron Triggers know no seconds and no years)"),
        ("@daily", "@daily", "this one 1 (Cron Triggers know no @nicknames)"),
        ("", "", "this one 0"),
        ("60 * * * *", "60", "the minute is 0 to 59, not 60"),
        ("0 24 * * *", "24", "the hour is 0 to 23, not 24"),
        ("0 0 0 * *", "0", "the day of the month is 1 to 31, not 0"),
        ("0 0 * 13 *", "13", "the month is 1 to 12, not 13"),
        ("0 0 * * 0", "0", "Sunday is 1 or SUN"),
        ("0 0 * * 0,6", "0,6", "Sunday is 1 or SUN"),
        ("0 0 * * 8", "8", "the day of the week is 1 to 7, not 8"),
        ("0 0 * * FUNDAY", "FUNDAY", "'FUNDAY' is no day of the week"),
        ("0 0 ? * *", "?", "'?' is no day of the month"),
        ("*/60 * * * *", "*/60", "a step in the minute is 1 to 59, not 60"),
        ("*/0 * * * *", "*/0", "a step in the minute is 1 to 59, not 0"),
        ("*/x * * * *", "*/x", "has no number after '/'"),
        ("0 */24 * * *", "*/24", "a step in the hour is 1 to 23, not 24"),
        ("*,5 * * * *", "*,5", "'*' cannot be part of a list in the minute"),
        ("1- * * * *", "1-", "a value is missing in the minute"),
        ("1, * * * *", "1,", "a value is missing in the minute"),
        ("0 0 L-31 * *", "L-31", "the offset of L is 1 to 30"),
        ("0 0 32W * *", "32W", "the day of the month is 1 to 31, not 32"),
        ("0 0 * * 9L", "9L", "the day of the week is 1 to 7, not 9"),
        ("0 0 * * 2#6", "2#6", "# takes 1 to 5"),
        ("0 0 * * 9#1", "9#1", "the day of the week is 1 to 7, not 9"),
        ("L * * * *", "L", "'L' is no minute"),
    ],
)
def test_invalid(expression: str, flagged: str, message: str) -> None:
    found = problems(expression)
    assert len(found) == 1
    start, end, said = found[0]
    assert expression[start:end] == flagged
    assert message in said


def test_every_bad_field_is_told() -> None:
    assert [expression[0] for expression in problems("60 24 * * 0")] == [0, 3, 10]
