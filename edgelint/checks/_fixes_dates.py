"""Compatibility dates: written as the runtime reads them, or put in where there is none."""

from __future__ import annotations

import datetime
import json
import re
from typing import TYPE_CHECKING

from edgelint.checks._fixes_config import append, top_place
from edgelint.checks._fixes_text import indent, insertion, line_start
from edgelint.diagnostics import Edit, Fix
from edgelint.platform import compat

if TYPE_CHECKING:
    from edgelint.project.wrangler import WranglerConfig
    from edgelint.syntax.document import Entry, Value

# The year first, then the month: an order in which nobody writes the day before the month.
_YEAR_FIRST = re.compile(r"(\d{4})([-/. ]?)(\d{1,2})\2(\d{1,2})(?:[T ][\d:.]+Z?)?")


def date_fix(config: WranglerConfig, value: Value) -> Fix | None:
    """Quotes around a TOML date, dashes and zeros in a text that begins with the year; None where the date is not
    known. Safe: such a config is refused, and the date is the one that is written."""
    if value.kind == "datetime":
        text = str(value.value)[:10]
        if compat.is_well_formed(text):
            return Fix("Put it in quotes", (Edit(config.span_of(value), f'"{text}"'),), True)
        return None
    found = _YEAR_FIRST.fullmatch((value.text() or "").strip())
    if found is None or (not found[2] and len(found[0]) != 8):
        return None
    try:
        date = datetime.date(int(found[1]), int(found[3]), int(found[4])).isoformat()
    except ValueError:
        return None
    if date == value.text():
        return None  # it is in the future
    return Fix(f"Write {date}", (Edit(config.inner_span(value), date),), True)


def missing_date_fix(config: WranglerConfig, at: Entry) -> Fix | None:
    """The date of edgelint's data, beside ``main``. Unsafe: what the code wants of the runtime is not known."""
    date: str = compat.data()["release"]
    message = f"Add {date}"
    if config.format != "toml":
        if at.key != "main":
            edits = append(config, config.root, date, "compatibility_date")
            return Fix(message, edits) if edits else None
        data = config.source.data
        inline = data[line_start(data, at.key_start) : at.key_start].strip()
        gap = " " if inline else f"\n{indent(data, at.key_start)}"
        text = f'"compatibility_date": {json.dumps(date)},{gap}'
        return Fix(message, (insertion(config.path, at.key_start, text),))
    place, below = top_place(config)
    line = f'compatibility_date = "{date}"'
    return Fix(message, (insertion(config.path, place, f"\n{line}" if below else f"{line}\n\n"),))
