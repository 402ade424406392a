"""What D1 lets SQL do: functions, PRAGMAs, virtual tables, names, as workerd decides. Data: d1_sql.json."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

_DATA = Path(__file__).with_name("d1_sql.json")

TRANSACTION_REFUSED: Final = (
    "To execute a transaction, please use the state.storage.transaction() or state.storage.transactionSync() APIs "
    "instead of the SQL BEGIN TRANSACTION or SAVEPOINT statements. The JavaScript API is safer because it will "
    "automatically roll back on exceptions, and because it interacts correctly with Durable Objects' automatic atomic "
    "write coalescing."
)
"""What workerd answers to BEGIN, COMMIT, ROLLBACK, SAVEPOINT and RELEASE (src/workerd/api/sql.c++)."""
NO_STATEMENT: Final = "SQL code did not contain a statement."
"""What workerd answers to text without a statement, also after the last ``;`` (src/workerd/util/sqlite.c++)."""
ONLY_LAST_BOUND: Final = (
    "When executing multiple SQL statements in a single call, only the last statement can have parameters."
)
"""What workerd answers to a parameter in any other (src/workerd/util/sqlite.c++)."""
WRONG_BINDINGS: Final = "Wrong number of parameter bindings for SQL query."
"""What workerd answers when the values are not as many as the parameters (src/workerd/util/sqlite.c++)."""

# Words workerd takes for a boolean PRAGMA argument: by their beginning, in any case.
_BOOLEAN = re.compile("true|false|yes|no|on|off|1|0", re.I)
_NUMBER = re.compile(r"([+-]?)(?:0[xX]([0-9a-fA-F]{1,16})|([0-9]{1,16}))")


@cache
def data() -> dict[str, Any]:
    """The data file, read once."""
    loaded: dict[str, Any] = json.loads(_DATA.read_text(encoding="utf-8"))
    return loaded


@cache
def functions() -> frozenset[str]:
    """Functions a statement may call, in lower case."""
    return frozenset(data()["functions"])


@cache
def known_functions() -> frozenset[str]:
    """Functions D1's SQLite has but refuses; any other is "no such function"."""
    return frozenset(data()["known_functions"])


@cache
def pragmas() -> dict[str, str]:
    """PRAGMA -> the argument it may have: "none", "boolean", "name", "optional-name", "optional-number",
    "optional-number-or-name", "any"."""
    return dict(data()["pragmas"])


@cache
def virtual_tables() -> frozenset[str]:
    """Modules that CREATE VIRTUAL TABLE may name, in lower case."""
    return frozenset(data()["virtual_tables"])


def name_allowed(name: str) -> bool:
    """Whether a statement may touch the object: those named ``_cf_...`` are the platform's."""
    prefix: str = data()["reserved_prefix"]
    return name[: len(prefix)].lower() != prefix


def pragma_allowed(name: str, argument: str | None) -> bool:
    """Whether ``PRAGMA name`` with that argument (None: without one) is let through."""
    form = pragmas().get(name.lower())
    if form is None:
        return False
    if argument is None:
        return form != "name"
    if form == "boolean":
        if len(argument) >= 2 and argument[0] in "'\"" and argument[-1] == argument[0]:
            argument = argument[1:-1]
        return _BOOLEAN.match(argument) is not None
    if form == "optional-number":
        number = _NUMBER.fullmatch(argument)
        if number is None:
            return False
        value = int(number[2], 16) if number[2] else int(number[3])
        return value <= 2**31 - (number[1] != "-")
    return form == "any" or (form.endswith("name") and name_allowed(argument))
