"""Service bindings: fetch and RPC between workers, and stubs of services that are not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from edgelint.testing.bindings.rpc import RpcStub, copied
from edgelint.testing.bindings.services import ServiceBinding, stub_service
from edgelint.testing.errors import EdgeError, EdgeUsageError, UnsupportedBindingError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.operation import Operation, invocation, origin
from edgelint.testing.world import World
from tests.testing.bindings.fake_host import FakeHost, config, declared, world_of


def bound(host: FakeHost | None, **fields: Any) -> tuple[World, ServiceBinding]:
    """A world whose worker "app" binds AUTH to the worker "auth" on a host."""
    world = world_of(**{key: fields.pop(key) for key in ("date", "flags") if key in fields})
    if host is not None:
        world.add(config("auth")).run_on(host)
    return world, ServiceBinding(declared("service", "AUTH", "auth", service="auth", **fields), world)


def error_of(call: Callable[[], Any]) -> EdgeError:
    with pytest.raises(EdgeError) as caught:
        call()
    return caught.value


def request(url: str = "https://auth.test/x") -> HttpRequest:
    return HttpRequest("GET", url, [("a", "1")])


# fetch


def test_a_request_goes_to_the_other_worker() -> None:
    seen: list[HttpRequest] = []

    def fetch(given: HttpRequest) -> HttpResponse:
        seen.append(given)
        given.headers.append(("changed", "there"))
        return HttpResponse(201, [], b"hello")

    host = FakeHost(fetch=fetch)
    world, auth = bound(host, props={"tenant": 1})
    sent = request()
    assert world.run(auth.fetch(sent)).body == b"hello"
    assert (seen[0].url, host.props) == ("https://auth.test/x", [{"tenant": 1}])
    assert sent.headers == [("a", "1")]


def test_an_entrypoint_is_named_by_the_config() -> None:
    host = FakeHost(
        entrypoints={"Admin": {"fetch": lambda given: HttpResponse(200, [], b"admin"), "who": lambda: "admin"}}
    )
    world, auth = bound(host, entrypoint="Admin")
    assert world.run(auth.fetch(request())).body == b"admin"
    assert world.run(auth.call("who")) == "admin"


def test_the_environment_of_the_service_is_part_of_its_name() -> None:
    world, _ = bound(FakeHost(methods={"who": lambda: "production"}))
    world.add(config("auth-staging")).run_on(FakeHost(methods={"who": lambda: "staging"}))
    staging = ServiceBinding(declared("service", "S", service="auth", environment="staging"), world)
    unknown = ServiceBinding(declared("service", "S", service="auth", environment="other"), world)
    assert (world.run(staging.call("who")), world.run(unknown.call("who"))) == ("staging", "production")


def test_a_worker_may_bind_itself() -> None:
    world = world_of(FakeHost(methods={"who": lambda: "me"}))
    assert world.run(ServiceBinding(declared("service", "SELF", "app"), world).call("who")) == "me"


def test_what_the_handler_raises_is_an_error_of_the_service() -> None:
    def fetch(given: HttpRequest) -> HttpResponse:
        raise EdgeError("boom", "RangeError", code=7, retryable=True, overloaded=True)

    world, auth = bound(FakeHost(fetch=fetch))
    error = error_of(lambda: world.run(auth.fetch(request())))
    assert (error.name, error.message, error.code) == ("RangeError", "boom", 7)
    assert (error.remote, error.retryable, error.overloaded) == (True, True, True)


def test_a_mistake_of_the_test_is_no_error_of_the_service() -> None:
    def raise_(*args: Any) -> Any:
        raise EdgeUsageError("no stub")

    world, auth = bound(FakeHost(fetch=raise_, methods={"m": raise_}))
    with pytest.raises(EdgeUsageError, match="no stub"):
        world.run(auth.fetch(request()))
    with pytest.raises(EdgeUsageError, match="no stub"):
        world.run(auth.call("m"))


# RPC


def test_arguments_and_results_are_copies() -> None:
    kept: list[Any] = []

    def method(value: list[Any], *, more: dict[str, Any]) -> list[Any]:
        kept.append(value)
        value.append(more["x"])
        return value

    world, auth = bound(FakeHost(methods={"m": method}))
    sent = [1]
    result = world.run(auth.call("m", [sent], {"more": {"x": b"2"}}))
    result.append(3)
    assert (sent, kept, result) == ([1], [[1, b"2"]], [1, b"2", 3])


def test_requests_and_responses_cross() -> None:
    world, auth = bound(FakeHost(methods={"m": lambda given: HttpResponse(200, [("url", given.url)])}))
    assert world.run(auth.call("m", [request()])).headers == [("url", "https://auth.test/x")]


def test_functions_are_called_back() -> None:
    async def method(callback: RpcStub, value: int) -> Any:
        return await callback(value + 1, by=[2])

    got: list[Any] = []

    def callback(value: int, by: list[int]) -> int:
        got.append(by)
        return value * by[0]

    world, auth = bound(FakeHost(methods={"m": method}))
    assert world.run(auth.call("m", [callback, 4])) == 10
    assert got == [[2]]


def test_a_function_is_gone_when_the_call_is_done_unless_it_was_kept() -> None:
    kept: list[RpcStub] = []

    def method(callback: RpcStub) -> None:
        kept.extend((callback, callback.dup()))

    world, auth = bound(FakeHost(methods={"m": method}))
    world.run(auth.call("m", [lambda: "called"]))
    gone, duplicate = kept
    assert error_of(lambda: world.run(gone())).message == "RPC stub used after being disposed."
    assert error_of(lambda: gone.dup()).message == "RPC stub used after being disposed."
    assert world.run(duplicate()) == "called"
    assert repr(gone) == "RpcStub(<lambda>, disposed)"


def test_a_function_that_is_returned_lives_until_it_is_disposed_of() -> None:
    async def raise_() -> None:
        raise ValueError("no")

    world, auth = bound(FakeHost(methods={"m": lambda: {"f": raise_}}))
    stub = world.run(auth.call("m"))["f"]
    assert isinstance(stub, RpcStub)
    error = error_of(lambda: world.run(stub()))
    assert (error.name, error.remote) == ("PythonError", True)
    assert error.message.startswith("Traceback (most recent call last):\n")
    assert error.message.endswith("\nValueError: no\n")
    again = copied(stub)
    stub.dispose()
    assert error_of(lambda: world.run(stub())).message == "RPC stub used after being disposed."
    assert error_of(lambda: world.run(again())).name == "PythonError"


@pytest.mark.parametrize("value", [object(), int])
def test_objects_of_classes_do_not_cross(value: Any) -> None:
    world, auth = bound(FakeHost(methods={"m": lambda value: None, "n": lambda: value}))
    assert error_of(lambda: world.run(auth.call("m", [value]))).name == "DataCloneError"
    error = error_of(lambda: world.run(auth.call("n")))
    assert (error.name, error.remote) == ("DataCloneError", True)


def test_methods_that_are_not_there() -> None:
    world, auth = bound(FakeHost())
    error = error_of(lambda: world.run(auth.call("m")))
    assert (error.name, error.message) == ("TypeError", 'The RPC receiver does not implement the method "m".')
    error = error_of(lambda: world.run(auth.call("constructor")))
    assert error.message == "'constructor' is a reserved method and cannot be called over RPC."


@pytest.mark.parametrize(
    ("date", "expected"),
    [("2026-04-21", ("MyError", "no")), ("2026-04-20", ("Error", "MyError: no"))],
)
def test_names_of_errors_hang_on_the_compatibility_date(date: str, expected: tuple[str, str]) -> None:
    def raise_(*args: Any) -> None:
        raise EdgeError("no", "MyError")

    world, auth = bound(FakeHost(fetch=raise_, methods={"m": raise_}), date=date)
    error = error_of(lambda: world.run(auth.call("m")))
    assert (error.name, error.message) == expected
    error = error_of(lambda: world.run(auth.fetch(request())))
    assert (error.name, error.message) == expected


def test_an_error_without_a_message_leaves_its_name() -> None:
    def raise_() -> None:
        raise EdgeError("", "MyError")

    world, auth = bound(FakeHost(methods={"m": raise_}), flags=("legacy_error_serialization",), date="2026-06-01")
    error = error_of(lambda: world.run(auth.call("m")))
    assert (error.name, error.message) == ("Error", "MyError")


def test_a_binding_of_a_worker_that_is_not_in_the_world_keeps_names() -> None:
    def raise_() -> None:
        raise EdgeError("no", "MyError")

    world = world_of(FakeHost(methods={"m": raise_}), date="2020-01-01")
    auth = ServiceBinding(declared("service", "AUTH", "app", worker="unknown"), world)
    assert error_of(lambda: world.run(auth.call("m"))).name == "MyError"


def test_workers_that_call_each_other_without_end_are_stopped() -> None:
    depth = 0

    async def again() -> Any:
        nonlocal depth
        depth += 1
        return await auth.call("again")

    world, auth = bound(FakeHost(methods={"again": again}))
    error = error_of(lambda: world.run(auth.call("again")))
    assert error.message.startswith("Subrequest depth limit exceeded.")
    assert depth == 16


def test_what_the_other_worker_does_is_the_app_s() -> None:
    seen: list[tuple[str, str]] = []
    operations: list[Operation] = []
    world, auth = bound(FakeHost(methods={"m": lambda *args: seen.append((origin.get(), invocation.get()))}))
    world.gate.observers.append(operations.append)
    world.run(auth.call("m", [1]))
    token = invocation.set("fetch 1")
    try:
        world.run(auth.call("m"), origin="app")
    finally:
        invocation.reset(token)
    assert seen == [("app", "service auth.m 1"), ("app", "fetch 1")]
    assert (operations[0].name, operations[0].kind, operations[0].key) == ("AUTH.call", "service", "m")
    assert operations[0].request == {"args": [1], "kwargs": {}}


def test_requests_pass_the_gate() -> None:
    operations: list[Operation] = []
    world, auth = bound(FakeHost(fetch=lambda given: HttpResponse(200)))
    world.gate.observers.append(operations.append)
    world.run(auth.fetch(request()), origin="app")
    assert (operations[0].name, operations[0].key, operations[0].request) == (
        "AUTH.fetch", "https://auth.test/x", {"method": "GET"},
    )  # fmt: skip


def test_sockets_are_not_supported_by_name() -> None:
    _, auth = bound(None)
    with pytest.raises(UnsupportedBindingError, match=r"AUTH\.connect: sockets over a service binding"):
        auth.connect("auth:80")


# Stubs


def test_a_service_that_is_not_there_is_said_with_what_to_do() -> None:
    for entrypoint, expected in ((None, "target\\)"), ("Admin", "target, entrypoint='Admin'\\)")):
        world, auth = bound(None, entrypoint=entrypoint)
        with pytest.raises(EdgeUsageError, match=f"AUTH is bound to the service 'auth', .*'auth', {expected}"):
            world.run(auth.fetch(request()))
        with pytest.raises(EdgeUsageError, match="which is no worker of this repository"):
            world.run(auth.call("m"))


def test_a_function_answers_requests() -> None:
    world, auth = bound(None)

    async def answer(given: HttpRequest) -> httpx.Response:
        return httpx.Response(202, text=given.url)

    stub_service(world, "auth", answer)
    response = world.run(auth.fetch(request()))
    assert (response.status, response.body) == (202, b"https://auth.test/x")
    error = error_of(lambda: world.run(auth.call("m")))
    assert (error.message, error.remote) == ('The RPC receiver does not implement the method "m".', True)


class Stub:
    value = 5

    def fetch(self, given: HttpRequest) -> HttpResponse:
        return HttpResponse(204)

    async def verify(self, token: str, *, strict: bool = False) -> dict[str, Any]:
        return {"token": token, "strict": strict}


@pytest.mark.parametrize("target", [Stub(), {"fetch": Stub().fetch, "verify": Stub().verify, "value": 5}])
def test_an_object_or_a_mapping_answers_requests_and_calls(target: Any) -> None:
    world, auth = bound(FakeHost(methods={"verify": lambda token: "never asked"}))
    stub_service(world, "auth", target)
    assert world.run(auth.fetch(request())).status == 204
    assert world.run(auth.call("verify", ["t"], {"strict": True})) == {"token": "t", "strict": True}
    assert error_of(lambda: world.run(auth.call("value"))).name == "TypeError"


def test_a_stub_is_of_one_entrypoint() -> None:
    world, auth = bound(FakeHost(methods={"m": lambda: "the worker"}))
    admin = ServiceBinding(declared("service", "ADMIN", "auth", entrypoint="Admin"), world)
    stub_service(world, "auth", {"m": lambda: "the stub"}, entrypoint="Admin")
    assert (world.run(auth.call("m")), world.run(admin.call("m"))) == ("the worker", "the stub")


def test_what_a_stub_raises() -> None:
    world, auth = bound(None)

    def fail() -> None:
        raise EdgeError("down", retryable=True)

    def mistake() -> None:
        raise KeyError("x")

    stub_service(world, "auth", {"fail": fail, "mistake": mistake})
    error = error_of(lambda: world.run(auth.call("fail")))
    assert (error.message, error.remote, error.retryable) == ("down", True, True)
    with pytest.raises(KeyError):
        world.run(auth.call("mistake"))
    assert error_of(lambda: world.run(auth.fetch(request()))).message == "Handler does not export a fetch() function."


def test_a_stub_that_answers_with_something_else() -> None:
    world, auth = bound(None)
    stub_service(world, "auth", lambda given: "text")
    with pytest.raises(EdgeUsageError, match=r"with an HttpResponse or an httpx\.Response, not str"):
        world.run(auth.fetch(request()))
