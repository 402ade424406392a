"""An app's config to what workerd is given: what wrangler would upload."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from edgelint.testing.workerd_host.bundle import Bundle, Module

if TYPE_CHECKING:
    from edgelint.testing.config import WorkerConfig
    from edgelint.testing.workerd_host.runtime import Runtime

__all__ = ["Bundle", "Module", "build"]


def build(
    config: WorkerConfig, runtime: Runtime, *, cache: Path | None = None,
    transform: Callable[[Bundle], Bundle] | None = None,
) -> Bundle:  # fmt: skip
    """What wrangler would upload for ``config``. ``cache`` is a folder in which bundles are kept; ``transform`` changes
    the bundle (it is not kept). Raises EdgeUsageError whose text is esbuild's own message."""
    raise NotImplementedError
