"""Workflows: the engine is the world's. The app's binding calls it (js/workflow.js); the app's class runs in workerd,
as an event, and what it does with its ``step`` comes here from inside of it (js/workflows.js).

``step.do`` is a conversation: ``do``, and ``next`` after it, are answered with what the app is to call (its callback,
or the function of its delay), or with how the step ended; what a call came to is an ``outcome``. The app waits for what
is next while it calls, since a callback may take longer than it is allowed to.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import copy_context
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.errors import EdgeError, EdgeUsageError, type_error
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.values import UNDEFINED
from edgelint.testing.workerd_host.errors import JsError
from edgelint.testing.workerd_host.protocols import Wiring, calls, codec

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.bindings.workflows import Step, WorkflowBinding
    from edgelint.testing.workerd_host.running import Workerd

_JSON: Final = ("content-type", "application/json")
_INSTANCE: Final = ("pause", "resume", "terminate", "delete", "status")


# The binding


def wiring(declared: Declared, service: str) -> Wiring:
    """A binding of our own."""
    return calls.wired("workflow", service)


async def answer(binding: WorkflowBinding, request: HttpRequest) -> HttpResponse:
    """One call of the binding or of an instance."""

    async def called(method: str, args: list[Any]) -> Any:
        return await _called(binding, method, args)

    return await calls.answered(request, called)


async def _called(binding: WorkflowBinding, method: str, args: list[Any]) -> Any:
    match method:
        case "create":
            return (await binding.create(**_options(args[0]))).id
        case "createBatch":
            if not isinstance(args[0], list):
                raise type_error("createBatch() takes an array of options")  # production's words are not known
            return [instance.id for instance in await binding.create_batch([_options(each) for each in args[0]])]
        case "get":
            return (await binding.get(args[0])).id
        case "deleteBatch":
            return await binding.delete_batch(args[0])
    instance = _instance(binding, args[0])
    if method == "restart":
        options = args[1] if isinstance(args[1], Mapping) else {}
        return await instance.restart(codec.without_undefined(options.get("from")))
    if method == "sendEvent":
        return await instance.send_event(args[1], args[2])
    if method in _INSTANCE:
        return await getattr(instance, method)()
    raise EdgeUsageError(f"{binding.name}: {method}() of an instance of a workflow is not supported")


def _instance(binding: WorkflowBinding, instance_id: str) -> Any:
    from edgelint.testing.bindings.workflows import WorkflowInstance

    return WorkflowInstance(binding, instance_id)


def _options(given: Any) -> dict[str, Any]:
    """Options of an instance to create, those that are undefined left out."""
    if not isinstance(given, Mapping):
        return {}
    return {name: given[name] for name in ("id", "params", "retention") if given.get(name, UNDEFINED) is not UNDEFINED}


# The class


@contextmanager
def running(workerd: Workerd, step: Step) -> Iterator[int]:
    """While the block runs, the number is what the app's ``step`` says that it belongs to."""
    runs = workerd.world.shared(("workerd", "workflow runs"), _Runs)
    workerd.notes["step"] = runs.answer
    number = next(runs.numbers)
    run = runs.active[number] = _Run(step)
    try:
        yield number
    finally:
        del runs.active[number]
        run.close()


class _Runs:
    """The runs of a world that are under way."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.active: dict[int, _Run] = {}

    async def answer(self, worker: str, told: dict[str, Any]) -> HttpResponse:
        """What a run asks. One that is over gets no more than an error: nobody waits for it."""
        run = self.active.get(told["run"])
        try:
            if run is None:
                raise EdgeError("the run of the workflow is over")
            found = await run.asked(told)
        except EdgeError as error:
            found = {"error": codec.encode_error(error)}
        return HttpResponse(200, [_JSON], json.dumps(found).encode())


class _Run:
    """One run of an instance."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._context = copy_context()  # whose operations its steps are
        self._steps: dict[int, _Do] = {}

    async def asked(self, told: dict[str, Any]) -> dict[str, Any]:
        """What the app's ``step`` asks. Raises EdgeError: what a step ends with."""
        match told["verb"]:
            case "do":
                do = self._steps[told["step"]] = _Do(self._step, told, self._context)
                return await do.next()
            case "next":
                return await self._steps[told["step"]].next()
            case "outcome":
                self._steps[told["step"]].outcome(told)
                return {}
            case verb:
                wait = _WAITS[verb](self._step, *codec.decode(told["args"]))
                return {"value": codec.encode(await _task(wait, self._context))}

    def close(self) -> None:
        """Nothing of it goes on."""
        for do in self._steps.values():
            do.task.cancel()


_WAITS: Final[dict[str, Callable[..., Awaitable[Any]]]] = {
    "sleep": lambda step, name, duration: step.sleep(name, duration),
    "sleepUntil": lambda step, name, timestamp: step.sleep_until(name, timestamp),
    "waitForEvent": lambda step, name, type, timeout: step.wait_for_event(
        name, type, codec.without_undefined(timeout)
    ),
}


class _Do:
    """One ``step.do``. ``task`` is the engine's side of it."""

    def __init__(self, step: Step, told: dict[str, Any], context: Any) -> None:
        self._numbers = count(1)
        self._wanted: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._outcomes: dict[int, asyncio.Future[Any]] = {}
        config = codec.without_undefined(codec.decode(told["config"]))
        if told["delays"]:
            config["retries"]["delay"] = self._calling("delay")
        given = [config, self._calling("callback") if told["calls"] else None]
        if told["more"]:
            given.append(UNDEFINED)
        self.task = _task(step.do(codec.decode(told["name"]), *given), context)

    async def next(self) -> dict[str, Any]:
        """What the app is to call, or how the step ended. Raises EdgeError."""
        wanted = asyncio.ensure_future(self._wanted.get())
        try:
            await asyncio.wait((wanted, self.task), return_when=asyncio.FIRST_COMPLETED)
            if wanted.done():
                return wanted.result()
        finally:
            wanted.cancel()
        return {"value": codec.encode(await self.task)}

    def outcome(self, told: dict[str, Any]) -> None:
        """What a call came to."""
        future = self._outcomes.pop(told["call"])
        if future.done():
            return
        if "error" in told:
            future.set_exception(_thrown(told["error"]))
        else:
            future.set_result(object() if "unserialisable" in told else codec.decode(told["value"]))

    def _calling(self, of: str) -> Callable[[Any], Awaitable[Any]]:
        async def call(given: Any) -> Any:
            number = next(self._numbers)
            future = self._outcomes[number] = asyncio.get_running_loop().create_future()
            self._wanted.put_nowait({"call": number, "of": of, "given": codec.encode(given)})
            return await future

        return call


def _task(work: Any, context: Any) -> asyncio.Task[Any]:
    task = asyncio.get_running_loop().create_task(work, context=context)
    task.add_done_callback(_seen)
    return task


def _seen(task: asyncio.Task[Any]) -> None:
    """Nobody may be left to be told what a step raised: the run is over."""
    with contextlib.suppress(asyncio.CancelledError):
        task.exception()


def _thrown(form: dict[str, Any]) -> JsError:
    """What a callback threw, with the stack as it is: it goes back to the app as it came."""
    found = codec.decode_error(form)
    return JsError(found.message, found.name, stack=form.get("stack", ""), code=found.code, cause=found.__cause__)
