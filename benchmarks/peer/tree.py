"""The memory of a process and of all that it started, while it runs (Linux)."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Final

_EVERY_SECONDS: Final = 0.05


def members(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                for child in (task / "children").read_text().split():
                    found += members(int(child))
    return found


def memory(pid: int) -> int:
    """Bytes that a process and its descendants hold, what they share with others counted in part (PSS); 0 where the
    system does not tell."""
    total = 0
    for each in members(pid):
        with contextlib.suppress(OSError, ValueError):
            for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


class Peak:
    """Watches a process from the side; ``bytes`` is the most that was seen."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Stop watching. Returns ``bytes``."""
        self._over.set()
        self._thread.join()
        return self.bytes

    def _watch(self) -> None:
        while not self._over.is_set():
            self.bytes = max(self.bytes, memory(self._pid))
            self._over.wait(_EVERY_SECONDS)
