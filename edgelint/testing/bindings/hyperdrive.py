"""Hyperdrive: the connection string of a database that the test provides, in its parts.

Nothing is pooled or cached here: the app's driver connects to the database itself. In production ``host`` is a name
that only the worker knows (workerd src/workerd/api/hyperdrive.c++); here it is the database's own. The rules of a
connection string are wrangler's: https://developers.cloudflare.com/hyperdrive/configuration/local-development/.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar, Final
from urllib.parse import SplitResult, unquote, urlsplit

from edgelint.testing.bindings.base import Binding, Declared, Services
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.outbound import databases

_PORTS: Final = {"postgres": 5432, "postgresql": 5432, "mysql": 3306}
_VARIABLES: Final = (
    "CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_", "WRANGLER_HYPERDRIVE_LOCAL_CONNECTION_STRING_"
)  # fmt: skip
"""Environment variables that wrangler takes the string from, before the config's ``localConnectionString``."""


class _Given:
    def __init__(self) -> None:
        self.url: SplitResult | None = None


class Hyperdrive(Binding):
    """A Hyperdrive config. ``use`` gives the connection string; without it the environment's or the config's counts."""

    kind: ClassVar[str] = "hyperdrive"

    def __init__(self, declared: Declared, services: Services) -> None:
        super().__init__(declared, services)
        self._given = services.shared(("hyperdrive", declared.resource), _Given)

    def use(self, connection_string: str) -> None:
        """Connect to this database: ``postgres://user:password@host:5432/name``. For the test. Raises EdgeUsageError
        for a string that wrangler would not take."""
        self._given.url = self._parsed(connection_string)
        host = f"[{self.host}]" if ":" in self.host else self.host
        databases(self.services).add(f"{host}:{self.port}".lower())

    @property
    def connection_string(self) -> str:
        """The whole string."""
        return self._url.geturl()

    @property
    def host(self) -> str:
        """The host's name or address."""
        return self._url.hostname or ""

    @property
    def port(self) -> int:
        """The port; the usual one of the database when the string has none."""
        url = self._url
        return url.port if url.port is not None else _PORTS[url.scheme]

    @property
    def user(self) -> str:
        """The user's name."""
        return unquote(self._url.username or "")

    @property
    def password(self) -> str:
        """The password."""
        return unquote(self._url.password or "")

    @property
    def database(self) -> str:
        """The database's name."""
        return unquote(self._url.path.removeprefix("/"))

    def connect(self) -> Any:
        """A raw socket: not supported. Raises EdgeUsageError."""
        raise EdgeUsageError(f"{self.name}.connect() is not supported: give {self.name}.connectionString to a driver")

    @property
    def _url(self) -> SplitResult:
        if self._given.url is None:
            found = next((os.environ[name + self.name] for name in _VARIABLES if name + self.name in os.environ), None)
            found = found or self.declared.text("localConnectionString")
            if found is None:
                raise EdgeUsageError(
                    f"Hyperdrive '{self.name}' has no database in this test: give it one with edge.env.{self.name}"
                    ".use('postgres://user:password@host:5432/name'), or set 'localConnectionString' in the config"
                )
            self.use(found)
        assert self._given.url is not None
        return self._given.url

    def _parsed(self, text: str) -> SplitResult:
        try:
            url = urlsplit(text)
            _ = url.port
        except ValueError as error:
            raise self._wrong(str(error)) from None
        if url.scheme not in _PORTS:
            raise self._wrong("it begins with 'postgres://', 'postgresql://' or 'mysql://'")
        for part, what in (
            (url.hostname, "a host"), (url.path.removeprefix("/"), "a database's name as its path"),
            (url.username, "a user"), (url.password, "a password"),
        ):  # fmt: skip
            if not part:
                raise self._wrong(f"it needs {what}")
        return url

    def _wrong(self, why: str) -> EdgeUsageError:
        return EdgeUsageError(f"Hyperdrive '{self.name}' takes no such connection string: {why}")
