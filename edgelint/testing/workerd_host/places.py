"""Where the app's calls stand: the frame of its own source in what js/place.js sends along."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from edgelint.testing.workerd_host.source_maps import frames

if TYPE_CHECKING:
    from edgelint.testing.http import HttpRequest
    from edgelint.testing.workerd_host.source_maps import SourceMap

PLACE: Final = "x-edgelint-place"


class Places:
    """The places of one world, each found once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, str], tuple[str, int] | None] = {}

    def taken(self, request: HttpRequest, root: Path, maps: Mapping[str, SourceMap]) -> tuple[str, int] | None:
        """The app's (file, line) that a request says it comes from, which is taken out of it; None when it says none,
        and when no frame is the app's own: packages are not. ``root`` is what the paths in ``maps`` are relative to."""
        stack = request.header(PLACE)
        if stack is None:
            return None
        request.set_header(PLACE, None)
        key = root, stack
        if key not in self._known:
            own = (each for each in frames(unquote(stack), maps) if each.file and "node_modules" not in each.where)
            found = next(own, None)
            self._known[key] = None if found is None else (str(root / str(found.file)), found.line)
        return self._known[key]
