"""What workerd is given of an app: its modules, and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgelint.testing.workerd_host.source_maps import SourceMap

Kind = Literal["esModule", "commonJsModule", "text", "data", "wasm", "json"]


@dataclass(frozen=True, slots=True)
class Module:
    """One module: ``name`` is what others import it by (from the root, without "./"), ``kind`` the field of workerd's
    ``Worker.Module``."""

    name: str
    kind: Kind
    content: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """An app as it is uploaded. ``modules`` begins with the main one. ``service_worker`` is whether it is written as a
    script (``addEventListener``): as ``build`` gives it, a module that exports handlers stands for it (script.py).

    ``exports`` are the names that the main module exports, "default" included. ``maps`` has the source map of a module
    by its name. ``date`` and ``flags`` are what workerd is to be given: no later date than it knows, no flag that the
    date implies. ``warnings`` are sentences for the user, ``sources`` the app's own files that are in it."""

    modules: tuple[Module, ...]
    service_worker: bool
    exports: tuple[str, ...]
    maps: Mapping[str, SourceMap]
    flags: tuple[str, ...]
    date: str
    warnings: tuple[str, ...]
    sources: tuple[Path, ...]
