"""Version metadata: which version of the worker runs. Three strings, and no verbs.

developers.cloudflare.com/workers/runtime-apis/bindings/version-metadata
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from edgelint.testing.bindings.base import Binding, Declared, Services
from edgelint.testing.json_text import date_text


class VersionMetadata(Binding):
    """``id`` (a UUID of the world's own chance), ``tag`` ("" as without ``--tag``) and ``timestamp`` (when the world
    started, ISO 8601). A test may set each."""

    kind: ClassVar[str] = "version-metadata"

    def __init__(self, declared: Declared, services: Services) -> None:
        super().__init__(declared, services)
        started = date_text(datetime.fromtimestamp(self.clock.start / 1000, UTC))
        made = {"id": _uuid(services.token()), "tag": "", "timestamp": started}
        self._values = services.shared(("version-metadata", declared.worker), lambda: made)

    @property
    def id(self) -> str:
        """The version's id."""
        return self._values["id"]

    @property
    def tag(self) -> str:
        """The version's tag."""
        return self._values["tag"]

    @property
    def timestamp(self) -> str:
        """When the version was made."""
        return self._values["timestamp"]

    def set(self, *, id: str | None = None, tag: str | None = None, timestamp: str | None = None) -> None:
        """Give what is not None another value. For the test."""
        given = {"id": id, "tag": tag, "timestamp": timestamp}
        self._values.update({name: value for name, value in given.items() if value is not None})

    def values(self) -> dict[str, str]:
        """All three, as the app's object has them."""
        return dict(self._values)


def _uuid(token: str) -> str:
    """32 hexadecimal digits as a UUID of version 4."""
    digits = f"{token[:12]}4{token[13:16]}{'89ab'[int(token[16], 16) % 4]}{token[17:32]}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
