"""``edgelint settings``: what is in effect, and which line of which file says so."""

from __future__ import annotations

import os
from pathlib import Path

from edgelint import settings as settings_module
from edgelint.cli import terminal
from edgelint.cli.reading import settings_for
from edgelint.report.escape import visible


def show(path: Path, config: Path | None) -> int:
    """Print the settings for ``path`` as TOML, each with its origin; returns the exit status."""
    root, settings = settings_for(path, config)
    lines = _lines(settings.file) if settings.file is not None else {}
    shown = os.path.relpath(settings.file) if settings.file is not None else ""
    rows = []
    for key, value in settings.as_dict().items():
        origin = f"{shown}:{lines[key]}" if key in lines else "default"
        rows.append((f"{key} = {_toml(value)}" if value is not None else f"# {key} is not set", origin))
    width = max(len(text) for text, _ in rows)
    selected = settings.selected()
    terminal.write(
        [
            f"# project: {visible(str(root))}\n",
            f"# settings: {visible(shown) or 'none'}\n\n",
            *(f"{visible(text):<{width}}  # {visible(origin)}\n" for text, origin in rows),
            f"\n# {len(selected)} rules run:\n",
            *(f"#   {id}\n" for id in selected),
        ]
    )
    return 0


def _lines(file: Path) -> dict[str, int]:
    """The line of each key of our table."""
    from edgelint.source import Source
    from edgelint.syntax import toml

    source = Source(str(file), file.read_bytes())
    table = toml.parse(source).root
    if file.name == settings_module.FILES[1]:
        for name in ("tool", "edgelint"):
            found = table.get(name)
            if found is None:
                return {}
            table = found
    return {entry.key: source.position(entry.key_start)[0] for entry in table.entries}


def _toml(value: object) -> str:
    """A value as one line of TOML."""
    import json

    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)
