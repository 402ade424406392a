"""What every fake binding is made of: how it was declared, what it may ask of its world, and the gate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from edgelint.testing.operation import Operation

if TYPE_CHECKING:
    import asyncio

    from edgelint.testing.clock import Clock
    from edgelint.testing.host import Host
    from edgelint.testing.http import HttpRequest, HttpResponse
    from edgelint.testing.operation import Gate

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Declared:
    """One binding of a wrangler config, in the environment that is tested.

    ``name`` is its name in ``env``, ``kind`` the short name of platform.bindings ("kv"), ``resource`` what says which
    resource it is (namespace id, database id, queue name ...; the binding's name where the config says none: two
    bindings of one resource share its contents), ``fields`` the declaring object as plain values, in the config's own
    spelling, ``worker`` the name of the worker that has it.
    """

    name: str
    kind: str
    resource: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    worker: str = ""

    def text(self, key: str) -> str | None:
        """A field, when it is a string."""
        value = self.fields.get(key)
        return value if isinstance(value, str) else None


class Services(Protocol):
    """What a binding may ask of the world it lives in."""

    gate: Gate
    clock: Clock
    random: Random
    """Seeded: the only source of chance."""

    @property
    def workers(self) -> Mapping[str, Any]:
        """The workers of this world (``world.Worker``) by name, the one under test first."""

    def token(self, length: int = 16) -> str:
        """A fresh id of ``length`` random bytes in hex, the same in every run of one seed."""

    def shared(self, key: Hashable, make: Callable[[], T]) -> T:
        """The one object of this world under ``key``, made at first use: a resource's contents, whoever binds it."""

    def background(self, work: Coroutine[Any, Any, Any], label: str) -> asyncio.Future[Any]:
        """Run ``work`` beside everything else; what it raises fails the test. ``label`` says what it was."""

    def host_of(self, worker: str | None) -> Host:
        """The host that runs a worker of this world by its name (None: the one under test). Raises EdgeUsageError when
        there is none of that name."""

    def worker_named(self, worker: str | None) -> Any:
        """The worker of that name (``world.Worker``). Raises EdgeUsageError."""

    async def outbound(self, request: HttpRequest) -> HttpResponse:
        """A fetch that leaves the worker: answered by the test's stubs, blocked where there is none."""

    def log(self, level: str, text: str) -> None:
        """Add a line to the world's logs."""


class Binding:
    """The base of every fake. ``kind`` is the short name in platform.bindings.

    Verbs are coroutines named as Python spells them (``get_with_metadata``) with options as keywords; the Operation
    bears the platform's spelling. They raise EdgeError for what the platform refuses.
    """

    kind: ClassVar[str] = ""

    def __init__(self, declared: Declared, services: Services) -> None:
        self.declared = declared
        self.name = declared.name
        self.services = services
        self.gate = services.gate
        self.clock = services.clock

    def operation(
        self, verb: str, key: str | None = None, request: Mapping[str, Any] | None = None, **attributes: Any
    ) -> Operation:
        """A new Operation of this binding."""
        operation = Operation(self.name, self.kind, verb, key, request)
        operation.attributes.update(attributes)
        return operation

    async def perform(
        self, verb: str, key: str | None, request: Mapping[str, Any] | None,
        effect: Callable[[Operation], T | Awaitable[T]],
    ) -> T:  # fmt: skip
        """Make an Operation and take it through the gate."""
        return await self.gate.perform(self.operation(verb, key, request), effect)
