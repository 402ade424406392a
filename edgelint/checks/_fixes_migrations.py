"""A migration for Durable Object classes that no migration makes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgelint.checks._fixes_config import append, append_table, table, toml_key
from edgelint.diagnostics import Fix

if TYPE_CHECKING:
    from edgelint.project.wrangler import Environment, WranglerConfig
    from edgelint.syntax.document import Value

_NUMBERED = re.compile(r"(.*?)(\d+)")


def new_classes(config: WranglerConfig, place: Environment, classes: Sequence[str]) -> Fix | None:
    """One more migration that makes ``classes`` with SQLite, at the end of those in effect in ``place``; None where
    they cannot be added to. Unsafe: the storage of a class is chosen once, and a class that was renamed wants
    ``renamed_classes``, or its objects are lost."""
    home = place.home("migrations") or config.top
    if place.get("exports") is not None:
        return None
    listed = home.value.get("migrations")
    step: dict[str, object] = {"tag": next_tag(listed), "new_sqlite_classes": list(classes)}
    message = f"Create {', '.join(classes)} in a new migration"
    if config.format == "toml":
        header = "migrations" if home.name is None else f"env.{toml_key(home.name)}.migrations"
        inline = listed is not None and config.source.data[listed.start : listed.start + 2] != b"[["
        if listed is None or not inline:
            text = table(header, step, True)
            last = listed.items[-1] if listed is not None and listed.items else None
            if text is None:
                return None
            return Fix(message, (append_table(config, last or (home.value if home.name else None), text),))
    edits = append(config, listed, step) if listed is not None else append(config, home.value, [step], "migrations")
    return Fix(message, edits) if edits else None


def next_tag(listed: Value | None) -> str:
    """A tag that none of the migrations has: the last one's with the next number, else v1, v2 ..."""
    steps = [step for step in listed.items if step.kind == "object"] if listed is not None else []
    tags = [str(tag.value) for step in steps if (tag := step.get("tag")) is not None]
    found = _NUMBERED.fullmatch(tags[-1]) if tags else None
    start, number, width = (found[1], int(found[2]) + 1, len(found[2])) if found else ("v", len(tags) + 1, 1)
    while (made := f"{start}{number:0{width}d}") in tags:
        number += 1
    return made
