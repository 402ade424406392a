"""Service bindings: fetch and RPC to another worker of the repository, to the same one, or to a stub of the test."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from edgelint.platform import compat, limits
from edgelint.testing.bindings.base import Binding
from edgelint.testing.bindings.events import event
from edgelint.testing.bindings.rpc import check_method, crossing, no_method, remote_error
from edgelint.testing.errors import EdgeError, EdgeUsageError, UnsupportedBindingError

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared, Services
    from edgelint.testing.host import Host
    from edgelint.testing.http import HttpRequest, HttpResponse
    from edgelint.testing.operation import Operation

_depth: ContextVar[int] = ContextVar("edgelint_service_depth", default=0)
"""How many workers deep the call under way is."""


class ServiceStub:
    """What a test put in the place of a service: by entrypoint (None: the default export) a *target*.

    A target is a function that answers ``fetch`` (HttpRequest in; HttpResponse or httpx.Response out, awaited when it
    is a coroutine), or an object (or a mapping) with ``fetch`` and RPC methods by their names. What it raises as
    EdgeError reaches the app as an error of the service; anything else is a mistake of the test and comes out as it is.
    """

    def __init__(self) -> None:
        self.targets: dict[str | None, Any] = {}

    def method(self, entrypoint: str | None, name: str) -> Callable[..., Any] | None:
        """The target's method of that name; None when it has none."""
        target = self.targets[entrypoint]
        if isinstance(target, Mapping):
            found = target.get(name)
        elif name == "fetch" and callable(target) and not hasattr(target, "fetch"):
            found = target
        else:
            found = getattr(target, name, None)
        return found if callable(found) else None


def stub_of(services: Services, service: str) -> ServiceStub:
    """The stub of a service, without targets until a test gives some."""
    return services.shared(("service-stub", service), ServiceStub)


def stub_service(services: Services, service: str, target: Any, entrypoint: str | None = None) -> None:
    """Answer for a service (its name in the config, "auth") with a target, as ``ServiceStub`` describes. It goes before
    a worker of that name."""
    stub_of(services, service).targets[entrypoint] = target


class ServiceBinding(Binding):
    """``env.SERVICE``: requests and RPC calls to a worker. ``entrypoint`` and ``props`` are the config's."""

    kind = "service"

    def __init__(self, declared: Declared, services: Services) -> None:
        super().__init__(declared, services)
        self.service = declared.text("service") or declared.resource
        self.entrypoint = declared.text("entrypoint")
        self.props = declared.fields.get("props")

    async def fetch(self, request: HttpRequest) -> HttpResponse:
        """The fetch event of the service. Raises EdgeError for what its handler raises, and EdgeUsageError when there
        is no such worker in the repository and no stub."""
        sent = dataclasses.replace(request, headers=list(request.headers))

        async def run(operation: Operation) -> HttpResponse:
            stub = self._stub()
            if stub is not None:
                method = stub.method(self.entrypoint, "fetch")
                if method is None:
                    raise EdgeError("Handler does not export a fetch() function.")
                return _response(await _stubbed(method, sent))
            host = self._host()
            with self._inside(request.url):
                try:
                    return await host.fetch(sent, self.entrypoint, self.props)
                except EdgeUsageError:
                    raise
                except Exception as error:
                    raise remote_error(error, named=self._named_errors()) from error

        return await self.perform("fetch", request.url, {"method": request.method}, run)

    async def call(self, method: str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        """Call an RPC method of the service with copies of the arguments; functions among them are called back. Returns
        a copy of its result. Raises EdgeError: TypeError when there is no such method, DataCloneError for what cannot
        be copied, and what the method raises, flagged ``remote``."""
        named = dict(kwargs or {})

        async def run(operation: Operation) -> Any:
            check_method(method)
            stub = self._stub()
            if stub is not None:
                found = stub.method(self.entrypoint, method)
                if found is None:
                    raise remote_error(no_method(method))
                return await _stubbed(found, *args, **named)
            host = self._host()

            async def there(copies: list[Any], keywords: dict[str, Any]) -> Any:
                with self._inside(f"{self.service}.{method}"):
                    return await host.call(self.entrypoint, method, copies, keywords, self.props)

            return await crossing(there, args, named, named_errors=self._named_errors())

        return await self.perform("call", method, {"args": list(args), "kwargs": named}, run)

    def connect(self, address: Any = None, options: Any = None) -> Any:
        """Not supported: raises UnsupportedBindingError."""
        raise UnsupportedBindingError(f"{self.name}.connect: sockets over a service binding are not supported")

    def _stub(self) -> ServiceStub | None:
        stub = stub_of(self.services, self.service)
        return stub if self.entrypoint in stub.targets else None

    def _host(self) -> Host:
        environment = self.declared.text("environment")
        names = [f"{self.service}-{environment}"] if environment else []
        for name in (*names, self.service):
            if name in self.services.workers:
                return self.services.host_of(name)
        entrypoint = f", entrypoint={self.entrypoint!r}" if self.entrypoint else ""
        raise EdgeUsageError(
            f"{self.name} is bound to the service '{self.service}', which is no worker of this repository: answer for "
            f"it with edgelint.testing.bindings.services.stub_service(edge.world, {self.service!r}, target{entrypoint})"
        )

    @contextmanager
    def _inside(self, label: str) -> Iterator[None]:
        """One worker deeper. Raises EdgeError when that is too deep."""
        if _depth.get() >= limits.WORKER_MAX_HOPS:
            # Production's words; the number: https://developers.cloudflare.com/workers/platform/limits/
            raise EdgeError(
                "Subrequest depth limit exceeded. This request recursed through Workers too many times. This can "
                "happen e.g. if you have a Worker or Durable Object that calls other Workers or objects recursively."
            )
        token = _depth.set(_depth.get() + 1)
        try:
            with event(self.services, f"service {label}"):
                yield
        finally:
            _depth.reset(token)

    def _named_errors(self) -> bool:
        worker = self.services.workers.get(self.declared.worker)
        if worker is None:
            return True
        config = worker.config
        return compat.enabled(
            "enhanced_error_serialization", config.compatibility_date, list(config.compatibility_flags)
        )


async def _stubbed(method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a stub of the test. What it raises as an error of the platform is the service's, and remote."""
    try:
        result = method(*args, **kwargs)
        return await result if inspect.isawaitable(result) else result
    except EdgeError as error:
        raise remote_error(error) from error


def _response(answer: Any) -> HttpResponse:
    """What a stub answered, as the app gets it. Raises EdgeUsageError."""
    from edgelint.testing.http import HttpResponse

    if isinstance(answer, HttpResponse):
        return answer
    try:
        return HttpResponse.from_httpx(answer)
    except AttributeError:
        raise EdgeUsageError(
            f"a stub of a service answers fetch with an HttpResponse or an httpx.Response, not {type(answer).__name__}"
        ) from None
