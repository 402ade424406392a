"""Which Pyodide a Python Worker runs on, from its compatibility date and flags, and what follows from that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

# Dates of the Python versions: pywrangler's own table
# (https://github.com/cloudflare/workers-py/blob/main/packages/cli/src/pywrangler/metadata.py)
_PY313_DATE: Final = "2025-09-29"
_PY314_DATE: Final = "2026-09-08"
_NO_GLOBAL_HANDLERS_DATE: Final = "2025-08-14"
"""From here on handlers are methods of classes (flag ``python_no_global_handlers``), by
https://developers.cloudflare.com/workers/configuration/compatibility-flags/."""
_EXTERNAL_SDK_DATE: Final = "2026-04-21"
"""From here on the SDK is the app's own dependency; before, it is the runtime's, which wraps no bindings."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One generation of the runtime.

    ``name`` is "py312", "py313" or "py314"; ``pyodide`` the version that ``pyodide.__version__`` says; ``python`` the
    version of Python as (major, minor). ``null_is_none``: null arrives as None. ``dict_is_map``: ``to_js`` makes a Map
    of a dict. ``proxies_show_items``: an item of a dict is also a property of its proxy in JavaScript.
    ``big_int_type``: a BigInt arrives as ``JsBigInt`` and goes back as one. ``global_handlers``: ``on_fetch`` at the
    top level is called. ``bundled_sdk``: the runtime's own SDK is used when the app brings none. ``flags`` are the
    compatibility flags that are on.
    """

    name: str
    pyodide: str
    python: tuple[int, int]
    null_is_none: bool
    dict_is_map: bool
    proxies_show_items: bool
    big_int_type: bool
    global_handlers: bool = False
    bundled_sdk: bool = False
    flags: frozenset[str] = frozenset()


PY312: Final = Profile("py312", "0.26.0a2", (3, 12), True, True, False, False)
PY313: Final = Profile("py313", "0.28.2", (3, 13), False, True, True, False)
PY314: Final = Profile("py314", "314.0.7", (3, 14), False, False, True, True)


def choose(compatibility_date: str, flags: Collection[str] = ()) -> Profile:
    """The profile of a worker. A flag for a version wins over the date; ``no_...`` turns one off."""
    base = _by_flag(flags) or _by_date(compatibility_date)
    no_handlers = _enabled("python_no_global_handlers", compatibility_date >= _NO_GLOBAL_HANDLERS_DATE, flags)
    external = _enabled("enable_python_external_sdk", compatibility_date >= _EXTERNAL_SDK_DATE, flags)
    return Profile(
        base.name, base.pyodide, base.python, base.null_is_none, base.dict_is_map, base.proxies_show_items,
        base.big_int_type, not no_handlers, not external, frozenset(flags),
    )  # fmt: skip


def _by_flag(flags: Collection[str]) -> Profile | None:
    if "python_workers_314" in flags:
        return PY314
    if "python_workers_20250116" in flags or "python_workers_313" in flags:
        return PY313
    return None


def _by_date(date: str) -> Profile:
    if date >= _PY314_DATE:
        return PY314
    return PY313 if date >= _PY313_DATE else PY312


def _enabled(name: str, by_date: bool, flags: Collection[str]) -> bool:
    if name in flags:
        return True
    return by_date and not ({f"no_{name}", name.replace("python_no_", "python_", 1)} - {name}) & set(flags)
