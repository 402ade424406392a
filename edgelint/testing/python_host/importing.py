"""How a Worker's modules are imported: the runtime's own first, then the app's, fresh for each world.

``sys.modules`` is as it was when nothing runs: an installed ``pyodide-py`` is shadowed only while a host is open.
Packages from site-packages stay imported from one world to the next; the app's own modules are imported again.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.python_host.realm import Realm, entered

SDK: Final = ("workers", "asgi")
"""Top-level modules of the SDK: they hold the runtime's modules, so they are put away together with them."""
_RUNTIME: Final = frozenset(("js", "pyodide", "_pyodide_entrypoint_helper", "_cloudflare_compat_flags", *SDK))
_code: dict[str, tuple[tuple[int, int], CodeType]] = {}
"""File of an app -> (its time and size, its code): a world runs the code again, but does not compile it again."""
_shelf: dict[str, Any] = {}
"""Modules of the runtime and the SDK, while no host is open."""
_before: dict[str, Any] = {}
"""What stood in ``sys.modules`` under their names."""
_open = 0
_last = ""
"""The last name in ``sys.modules`` before they were put in."""
_active: list[Modules] = []
"""The apps whose code runs, the last one on top."""


class AppLoader(SourceFileLoader):
    """Loads a file of the app. Its code is kept for the next world."""

    def get_code(self, fullname: str) -> CodeType | None:
        """The code of the module."""
        path = self.get_filename(fullname)
        status = os.stat(path)
        state = (status.st_mtime_ns, status.st_size)
        known = _code.get(path)
        if known is not None and known[0] == state:
            return known[1]
        code = super().get_code(fullname)
        if code is not None:
            _code[path] = state, code
        return code


class AppFinder:
    """Finds modules in the folder of ``main``. One at a time is asked: the one whose app runs."""

    def __init__(self, folder: Path) -> None:
        self.path = [str(folder)]

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The spec of a module of the app."""
        if path is not None and not any(f"{place}{os.sep}".startswith(f"{self.path[0]}{os.sep}") for place in path):
            return None
        spec = PathFinder.find_spec(name, self.path if path is None else path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = AppLoader(spec.loader.name, spec.loader.path)
        return spec

    def invalidate_caches(self) -> None:
        """The folder is looked at again."""
        PathFinder.invalidate_caches()


class VendoredFinder(AppFinder):
    """Finds packages in ``python_modules``, for what is installed nowhere else."""


class Modules:
    """The modules of one app: ``with`` it, they are those that are imported. ``roots`` are the folders of its own
    files, with a separator at the end."""

    def __init__(self, main: Path, root: Path) -> None:
        self.main = main
        self.name = main.stem
        folder = _resolved(main.parent)
        self.roots = tuple({str(folder) + os.sep, str(_resolved(root)) + os.sep})
        self._finder = AppFinder(folder)
        self._vendored = VendoredFinder(root / "python_modules")
        self._names = _top_level(folder) - sys.stdlib_module_names  # the standard library's were imported first there
        self._own: dict[str, ModuleType] = {}
        self._hidden: dict[str, ModuleType] = {}
        """What stood in ``sys.modules`` where the app's own are now."""
        self._last = ""
        self._depth = 0

    def load(self, realm: Realm) -> ModuleType:
        """Import the main module. Raises what its import raises, with a note for a slip that is common."""
        with self, entered(realm):
            realm.loading = True
            try:
                return importlib.import_module(self.name)
            except ModuleNotFoundError as error:
                if error.name == "src":
                    error.add_note(
                        "the folder of 'main' is where imports begin: write the import without the 'src.' prefix"
                    )
                raise
            finally:
                realm.loading = False

    def __enter__(self) -> None:
        """While the app's code runs: its modules are those in ``sys.modules``, and its folder is searched first. Apps
        that call each other take turns: the one that was entered last is found."""
        self._depth += 1
        if self._depth == 1:
            if _active:
                _active[-1]._take_out()
            _active.append(self)
            self._put_in()

    def __exit__(self, *raised: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            was_last = _active[-1] is self
            _active.remove(self)
            if was_last:
                self._take_out()
                if _active:
                    _active[-1]._put_in()

    def _put_in(self) -> None:
        for name in self._names & sys.modules.keys():
            self._hide(name)
        for name, module in self._own.items():
            if name in sys.modules:
                self._hidden[name] = sys.modules[name]
            sys.modules[name] = module
        self._last = next(reversed(sys.modules))
        sys.meta_path.insert(0, self._finder)
        sys.meta_path.append(self._vendored)

    def _hide(self, name: str) -> None:
        """Take out a module that stands where the app has one of its own: a helper of the tests, or a copy of the app's
        that they imported for themselves. The tests' own package stays."""
        found = [each for each in sys.modules if each == name or each.startswith(f"{name}.")]
        if not any(_rewritten(sys.modules[each]) for each in found):
            for each in found:
                self._hidden[each] = sys.modules.pop(each)

    def _take_out(self) -> None:
        sys.meta_path.remove(self._finder)
        sys.meta_path.remove(self._vendored)
        self._own.update((name, sys.modules[name]) for name in _since(self._last) if self.is_own(sys.modules[name]))
        for name in self._own:
            self._own[name] = sys.modules.pop(name, self._own[name])
        sys.modules.update(self._hidden)
        self._hidden.clear()

    def is_own(self, module: Any) -> bool:
        """Whether a module is one of the app's own files."""
        spec = getattr(module, "__spec__", None)
        if not isinstance(spec, ModuleSpec):
            return False
        places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or ())
        return any(
            isinstance(place, str) and (place + os.sep).startswith(self._finder.path[0] + os.sep)
            and not _installed(place) for place in places
        )  # fmt: skip


@lru_cache(maxsize=256)
def _resolved(folder: Path) -> Path:
    return folder.resolve()


def _top_level(folder: Path) -> set[str]:
    """The names of the modules in a folder."""
    if not folder.is_dir():
        return set()
    with os.scandir(folder) as entries:
        return {name for entry in entries if (name := entry.name.removesuffix(".py")).isidentifier()}


def _rewritten(module: Any) -> bool:
    """Whether pytest has rewritten the asserts of a module: it is one of the tests."""
    spec = getattr(module, "__spec__", None)
    return type(getattr(spec, "loader", None)).__name__ == "AssertionRewritingHook"


def _installed(place: str) -> bool:
    return "site-packages" in place or f"{os.sep}python_modules{os.sep}" in place


def open_modules() -> None:
    """Put the runtime's modules (and the SDK, when it was imported before) into ``sys.modules``."""
    global _open, _last
    _open += 1
    if _open > 1:
        return
    if not _shelf:
        from edgelint.testing.python_host.modules import make_modules

        _shelf.update(make_modules())
    if not _RUNTIME.isdisjoint(sys.modules):
        for name in [name for name in sys.modules if _is_runtime(name)]:
            _before[name] = sys.modules.pop(name)
    _last = next(reversed(sys.modules))
    sys.modules.update(_shelf)


def close_modules() -> None:
    """Put ``sys.modules`` back as it was."""
    global _open
    _open -= 1
    if _open:
        return
    for name in _since(_last):
        if _is_runtime(name):
            _shelf[name] = sys.modules.pop(name)
    sys.modules.update(_before)
    _before.clear()


def _is_runtime(name: str) -> bool:
    return name.partition(".")[0] in _RUNTIME


def _since(last: str) -> list[str]:
    """The names that came into ``sys.modules`` after that one, in no order: there are few of them, and very many
    before. All when it is no longer there."""
    found = []
    for name in reversed(sys.modules):
        if name == last:
            break
        found.append(name)
    return found


def sdk() -> ModuleType:
    """The SDK. Raises EdgeUsageError when it is not installed."""
    try:
        return importlib.import_module("workers")
    except ModuleNotFoundError as error:
        if error.name != "workers":
            raise
        raise EdgeUsageError(
            "the Workers SDK is not installed: pip install workers-runtime-sdk (the extra edgelint[workers] has it)"
        ) from None
