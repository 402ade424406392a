"""What runs the app: CPython under the Workers SDK, or workerd. A world speaks to either through this interface.

Values that cross it (RPC arguments and results, queue bodies, workflow parameters) are plain Python, as a structured
clone leaves them: None, UNDEFINED, bool, int, float, str, bytes, datetime, list, dict, set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from edgelint.testing.http import HttpRequest, HttpResponse


class ObjectInstance(Protocol):
    """One live Durable Object: an instance of the app's class. What its methods raise comes out as it is."""

    async def fetch(self, request: HttpRequest) -> HttpResponse: ...

    async def call(self, method: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any: ...

    async def alarm(self, retry_count: int, is_retry: bool) -> None: ...

    async def web_socket_message(self, socket: Any, message: str | bytes) -> None: ...

    async def web_socket_close(self, socket: Any, code: int, reason: str, was_clean: bool) -> None: ...

    async def web_socket_error(self, socket: Any, error: BaseException) -> None: ...


class Host(Protocol):
    """Runs one worker. ``entrypoint`` is the name of an exported class, None for the default export."""

    def start(self) -> None:
        """Load the app, at its first use. Raises what its import raises."""

    async def close(self) -> None:
        """Stop everything that still runs."""

    async def fetch(self, request: HttpRequest, entrypoint: str | None = None, props: Any = None) -> HttpResponse:
        """The fetch event. Raises what the handler raises."""

    async def scheduled(self, event: Any) -> None:
        """The scheduled event: ``event`` is a ``bindings.scheduled.ScheduledEvent``."""

    async def queue(self, batch: Any) -> None:
        """The queue event: ``batch`` is a ``bindings.queues.Batch``, which records acks and retries."""

    async def email(self, message: Any) -> None:
        """The email event: ``message`` is a ``bindings.email.IncomingEmail``, which records what is done with it."""

    async def call(
        self, entrypoint: str | None, method: str, args: Sequence[Any], kwargs: Mapping[str, Any], props: Any = None
    ) -> Any:
        """An RPC method of an entrypoint. EdgeError (TypeError) when there is none of that name."""

    async def create_object(self, class_name: str, state: Any) -> ObjectInstance:
        """Construct a Durable Object; ``state`` is its ``bindings.durable_objects.ObjectState``. What the constructor
        gave to ``blockConcurrencyWhile`` is over when this returns."""

    async def run_workflow(self, class_name: str, event: Mapping[str, Any], step: Any) -> Any:
        """Run the ``run`` method of a workflow class; ``step`` is a ``bindings.workflows.Step``."""

    def has_handler(self, event: str) -> bool:
        """Whether the default export handles "fetch", "scheduled", "queue", "email" or "tail"."""
