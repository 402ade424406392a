"""Which Pyodide a Python Worker runs on, from its compatibility date and flags, and what follows from that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from edgelint.platform import compat


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
    """The profile of a worker, from its compatibility date and flags."""
    return _chosen(compatibility_date, tuple(flags))


@lru_cache(maxsize=64)
def _chosen(compatibility_date: str, flags: tuple[str, ...]) -> Profile:
    given = list(flags)
    if "python_workers" not in given:
        given.append("python_workers")

    def on(name: str) -> bool:
        return compat.enabled(name, compatibility_date, given)

    base = PY314 if on("python_workers_314") else PY313 if on("python_workers_20250116") else PY312
    known = frozenset(flag.on for flag in compat.flags().values() if on(flag.on))
    return replace(
        base, global_handlers=not on("python_no_global_handlers"), bundled_sdk=not on("enable_python_external_sdk"),
        flags=known | set(given),
    )  # fmt: skip
