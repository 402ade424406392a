"""The state that JavaScript keeps per isolate: the profile, the globals, what is pending."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.python_host.profile import PY313, Profile

if TYPE_CHECKING:
    from random import Random

    from edgelint.testing.python_host.jsvalue import JsObject


class Realm:
    """One isolate. ``globals`` is its globalThis, set by who makes it (``globals.make_globals``).

    ``loop`` is where its promises run (None: whatever loop runs). ``now`` gives ms since the epoch. ``watch`` is told
    of every promise that begins, with a label for it (``io_context``); ``in_handler`` says whether an event is
    being handled: outside one, what does I/O is refused.
    """

    def __init__(
        self, profile: Profile = PY313, *, loop: asyncio.AbstractEventLoop | None = None,
        now: Callable[[], float] | None = None,
    ) -> None:  # fmt: skip
        self.profile = profile
        self.loop = loop
        self.now = now or _no_time
        self.globals: JsObject | None = None
        self.random: Random | None = None
        """Where entropy comes from, when it is not the system's."""
        self.loading = False
        """Whether the app's modules are being loaded: no I/O and no entropy then."""
        self._roots: tuple[str, ...] = ()
        self.is_app_file: Callable[[str], bool] = _files(()).__getitem__
        """Whether a file is one of the app's own (not of a package it vendors)."""
        self.workers_module: dict[str, Any] = {}
        """What ``cloudflare:workers`` exports: ``env``, ``waitUntil`` ..."""
        self.js_modules: dict[str, Any] = {}
        """Other modules of JavaScript that can be imported, by their names."""
        self.older_sdk = False
        """Whether the SDK is the one inside of the runtime (``bundled``)."""
        self._seeded: Random | None = None
        self.watch: Callable[[Any, str], None] | None = None
        self.in_handler: Callable[[], bool] = _always

    @property
    def seeded_random(self) -> Random | None:
        """What the functions of ``random`` draw from, when it is not their own generator."""
        if self._seeded is None and self.random is not None:
            from random import Random as Generator

            self._seeded = Generator(self.random.getrandbits(64))
        return self._seeded

    @property
    def roots(self) -> tuple[str, ...]:
        """Folders of the app's own files, with a separator at the end."""
        return self._roots

    @roots.setter
    def roots(self, folders: tuple[str, ...]) -> None:
        self._roots = folders
        self.is_app_file = _files(folders).__getitem__

    def flag(self, name: str) -> bool:
        """Whether a compatibility flag is on."""
        return name in self.profile.flags

    def running_loop(self) -> asyncio.AbstractEventLoop:
        """The loop for a new promise."""
        return self.loop or asyncio.get_running_loop()


class _Files(dict[str, bool]):
    """Files and whether they are an app's own; every task and promise asks, for each frame of its stack."""

    def __init__(self, roots: tuple[str, ...]) -> None:
        super().__init__()
        self._roots = roots

    def __missing__(self, filename: str) -> bool:
        found = filename.startswith(self._roots) and not any(folder in filename for folder in _PACKAGES)
        self[filename] = found
        return found


_PACKAGES: Final = tuple(f"{os.sep}{folder}{os.sep}" for folder in ("python_modules", "site-packages"))


@lru_cache(maxsize=64)
def _files(roots: tuple[str, ...]) -> _Files:
    return _Files(roots)


def _always() -> bool:
    return True


def _no_time() -> float:
    return 0.0


_default = Realm()
_current: ContextVar[Realm] = ContextVar("edgelint_realm", default=_default)


def realm() -> Realm:
    """The isolate whose code runs."""
    return _current.get()


def app_realm() -> Realm | None:
    """The isolate whose code runs; None outside of one."""
    found = _current.get()
    return None if found is _default else found


class entered:
    """Run code of an isolate."""

    __slots__ = ("_inside", "_token")

    def __init__(self, inside: Realm) -> None:
        self._inside = inside

    def __enter__(self) -> Realm:
        self._token = _current.set(self._inside)
        return self._inside

    def __exit__(self, *raised: object) -> None:
        _current.reset(self._token)
