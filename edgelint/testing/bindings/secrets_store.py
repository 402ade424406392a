"""Secrets Store: secrets whose values the test gives, for the config names only where they are kept.

The words of the error are Miniflare's (packages/miniflare/src/workers/secrets-store/secret.worker.ts).
"""

from __future__ import annotations

from typing import ClassVar

from edgelint.testing.bindings.base import Binding, Declared, Services
from edgelint.testing.errors import EdgeError
from edgelint.testing.operation import Operation


class SecretsStore:
    """The values in one store, by the names of the secrets."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}


class StoredSecret(Binding):
    """One secret of a store. Bindings of the same secret, in any worker, share its value."""

    kind: ClassVar[str] = "secrets-store"

    def __init__(self, declared: Declared, services: Services) -> None:
        super().__init__(declared, services)
        self.secret_name = declared.text("secret_name") or declared.name
        self.store = services.shared(("secrets-store", declared.text("store_id")), SecretsStore)

    async def get(self) -> str:
        """The value. Raises EdgeError when the test gave none."""

        def effect(operation: Operation) -> str:
            value = self.store.values.get(self.secret_name)
            operation.outcome = "miss" if value is None else "hit"
            if value is None:
                raise EdgeError(f'Secret "{self.secret_name}" not found')
            return value

        return await self.gate.perform(self.operation("get", self.secret_name), effect)

    def set(self, value: str | None) -> None:
        """Give the secret its value; None takes it away. For the test: the app has no such verb."""
        if value is None:
            self.store.values.pop(self.secret_name, None)
        else:
            self.store.values[self.secret_name] = value
