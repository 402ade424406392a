"""The configuration of workerd in its binary form: made once from the text by workerd itself, then read without a
parser, and with everything in one file."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgelint.testing.workerd_host.layout import Layout


class Compiled:
    """The binary form of a configuration, made in the background of what a process in ``folder`` was started with.
    ``key`` is what those have in common that it is for; ``holes`` are quoted in its text, and differ between two."""

    def __init__(self, program: Path, folder: Path, made: Layout, key: str, holes: tuple[str, ...]) -> None:
        self.key = key
        self.sockets = made.sockets
        self._holes = holes
        self._counts = [made.config.count(f'"{hole}"') for hole in holes]
        self._made: bytes | None = None
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  it has no name: nothing is left behind
        try:
            self._popen = subprocess.Popen(
                [str(program), "compile", "--config-only", str(folder / "workerd.capnp")],
                stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        except BaseException:
            self._output.close()
            raise

    def filled(self, *texts: str) -> bytes | None:
        """It with other texts in the holes. None when it is not made yet, could not be made, or other texts do not fit:
        they are of another length, or the app itself holds one of those that were there."""
        self._collect()
        made = self._made
        if made is None or [len(text) for text in texts] != [len(hole) for hole in self._holes]:
            return None
        for hole, text in zip(self._holes, texts, strict=True):
            made = made.replace(hole.encode(), text.encode())
        return made

    def close(self) -> None:
        """Make it no longer."""
        self._popen.kill()
        self._popen.wait()
        self._output.close()

    def _collect(self) -> None:
        if self._output.closed or self._popen.poll() is None:
            return
        self._output.seek(0)
        made = self._output.read()
        self._output.close()
        if self._popen.returncode == 0 and [made.count(hole.encode()) for hole in self._holes] == self._counts:
            self._made = made
