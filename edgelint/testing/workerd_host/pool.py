"""Processes of workerd for the worlds of a session: one started ahead while a test runs, or one kept for several."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgelint.testing.workerd_host.compiled import Compiled
from edgelint.testing.workerd_host.layout import Layout, address, layout
from edgelint.testing.workerd_host.process import Process, process_class
from edgelint.testing.workerd_host.server import Server

if TYPE_CHECKING:
    from edgelint.testing.workerd_host.build import Bundle
    from edgelint.testing.world import Worker


@dataclass
class Started:
    """A process with the server that it calls. ``key`` is what it was started with; ``isolation`` what worlds have in
    common that use it one after the other, "" when it is one world's; ``is_taken``: a world has it now."""

    server: Server
    process: Process
    key: str
    isolation: str = ""
    is_taken: bool = False

    def close(self) -> None:
        """End both."""
        self.server.close()
        self.process.stop()


class Pool:
    """What is started for one app. ``isolation`` of a world: "" for a process of its own; any other text for one that
    worlds of the same text share, one after the other. A world beside another one gets a process of its own always."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self._ahead: Started | None = None
        self._shared: Started | None = None
        self._ending: Started | None = None
        self._compiled: Compiled | None = None
        self._worlds = 0

    def take(self, workers: list[tuple[Worker, Bundle]], isolation: str) -> Started:
        """A process that listens. Raises WorkerdError, and EdgeUsageError for what cannot be wired."""
        self._worlds += 1
        key = _key(layout(workers, 0, ""))
        shared = self._shared
        if isolation and shared is not None and not shared.is_taken:
            if (shared.isolation, shared.key) == (isolation, key) and shared.process.ended() is None:
                shared.is_taken = True
                return shared
            self._shared = None
            shared.close()
        started = self._take_ahead(key) or self._start(workers, key)
        try:
            started.process.wait()
        except BaseException:
            started.close()
            raise
        started.is_taken = True
        if isolation and self._shared is None:
            started.isolation = isolation
            self._shared = started
        elif not isolation and self._worlds > 1 and self._ahead is None:  # a session of one test needs no second
            self._reap()  # never three at once
            self._ahead = self._start(workers, key)
        return started

    def give_back(self, started: Started, is_fit: bool) -> None:
        """A world is done with a process: it is ended, unless others share it and it is fit for them."""
        started.is_taken = False
        if not self.shares(started):
            self._end(started)
        elif not is_fit:
            self._shared = None
            started.close()

    def shares(self, started: Started) -> bool:
        """Whether other worlds get this process after the one that has it."""
        return self._shared is started

    def close(self) -> None:
        """End everything."""
        if self._compiled is not None:
            self._compiled.close()
            self._compiled = None
        kept = self._ahead, self._shared, self._ending
        self._ahead = self._shared = self._ending = None
        for started in kept:
            if started is not None:
                started.close()

    def _end(self, started: Started) -> None:
        """End one. Where another is ready to follow, that one's world does not wait until this one is gone."""
        self._reap()
        if self._ahead is None:
            started.close()
        else:
            started.server.close()
            started.process.kill()
            self._ending = started

    def _reap(self) -> None:
        ending, self._ending = self._ending, None
        if ending is not None:
            ending.close()

    def _take_ahead(self, key: str) -> Started | None:
        ahead, self._ahead = self._ahead, None
        if ahead is None or (ahead.key == key and ahead.process.ended() is None):
            return ahead
        ahead.close()
        return None

    def _start(self, workers: list[tuple[Worker, Bundle]], key: str) -> Started:
        server = Server(secrets.token_hex(16))
        own = address(server.port), server.token
        compiled = self._compiled
        try:
            binary = compiled.filled(*own) if compiled is not None and compiled.key == key else None
            if compiled is not None and binary is not None:
                return Started(server, process_class()(self._program, binary, {}, compiled.sockets), key)
            made = layout(workers, server.port, server.token)
            process = process_class()(self._program, made.config, made.files, made.sockets)
            started = Started(server, process, key)
        except BaseException:
            server.close()
            raise
        if self._worlds > 1 and (compiled is None or compiled.key != key):
            self._compile(process.folder, made, key, own)
        return started

    def _compile(self, folder: Path, made: Layout, key: str, own: tuple[str, str]) -> None:
        """Have a configuration compiled for those to come."""
        if self._compiled is not None:
            self._compiled.close()
        self._compiled = Compiled(self._program, folder, made, key, own)


def _key(made: Layout) -> str:
    """What two processes that do the same have in common."""
    digest = hashlib.sha256(made.config.encode("utf-8", "surrogatepass"))
    for name, content in made.files.items():
        digest.update(f"\0{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def forget_objects(folder: Path) -> None:
    """Remove what Durable Objects stored, when none of them is in memory: the runtime itself forgets only those that
    are (on POSIX; elsewhere a file that is open stays)."""
    for file in (folder / "objects").glob("*/*.sqlite*"):
        if not file.name.startswith("metadata."):
            with contextlib.suppress(OSError):
                file.unlink()
