"""WorkflowImpl, its instances, and the step of a run."""

from __future__ import annotations

from typing import Any

from edgelint.testing.python_host.adapters.base import Adapter, options
from edgelint.testing.python_host.adapters.durable_objects import cloned, returning
from edgelint.testing.python_host.convert import plain
from edgelint.testing.python_host.jsvalue import JsFunction, JsHost, JsObject, getter, lower, method, text
from edgelint.testing.values import UNDEFINED


class WorkflowImpl(Adapter, js_name="WorkflowImpl"):
    """``env.WORKFLOW``."""

    @method
    async def create(self, given: Any = UNDEFINED) -> Any:
        found = options(given, "id", "retention")
        if given is not UNDEFINED and given is not None and (params := given._js_get("params")) is not UNDEFINED:
            found["params"] = cloned(params)
        return InstanceImpl(await self._binding.create(**found))

    @method
    async def createBatch(self, batch: Any = UNDEFINED) -> Any:
        return [InstanceImpl(each) for each in await self._binding.create_batch(cloned(batch))]

    @method
    async def get(self, wanted: Any = UNDEFINED) -> Any:
        return InstanceImpl(await self._binding.get(text(wanted)))

    @method
    async def deleteBatch(self, wanted: Any = UNDEFINED) -> Any:
        return await self._binding.delete_batch(plain(wanted))


delattr(WorkflowImpl, "__getitem__")  # instances are got by awaiting


class InstanceImpl(Adapter, js_name="InstanceImpl"):
    """One instance."""

    @getter
    def id(self) -> Any:
        return self._binding.id

    @method
    async def status(self) -> Any:
        return await self._binding.status()

    @method
    async def pause(self) -> Any:
        await self._binding.pause()
        return UNDEFINED

    @method
    async def resume(self) -> Any:
        await self._binding.resume()
        return UNDEFINED

    @method
    async def terminate(self) -> Any:
        await self._binding.terminate()
        return UNDEFINED

    @method
    async def restart(self, given: Any = UNDEFINED) -> Any:
        found = plain(given)
        await self._binding.restart(found.get("from") if isinstance(found, dict) else None)
        return UNDEFINED

    @method
    async def delete(self) -> Any:
        await self._binding.delete()
        return UNDEFINED

    @method
    async def sendEvent(self, given: Any = UNDEFINED) -> Any:
        payload = given._js_get("payload")
        await self._binding.send_event(plain(given._js_get("type")), cloned(payload))
        return UNDEFINED


class WorkflowStep(JsHost, js_name="WorkflowStep"):
    """``step`` of a run."""

    def __init__(self, step: Any) -> None:
        self._step = step

    @method
    async def do(self, name: Any = UNDEFINED, *rest: Any) -> Any:
        given = [_stored(each) if hasattr(each, "_js_apply") else plain(each) for each in rest]
        return await self._step.do(plain(name), *given)

    @method
    async def sleep(self, name: Any = UNDEFINED, duration: Any = UNDEFINED) -> Any:
        await self._step.sleep(plain(name), plain(duration))
        return UNDEFINED

    @method
    async def sleepUntil(self, name: Any = UNDEFINED, moment: Any = UNDEFINED) -> Any:
        await self._step.sleep_until(plain(name), plain(moment))
        return UNDEFINED

    @method
    async def waitForEvent(self, name: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        wanted = options(given, "type", "timeout")
        return await self._step.wait_for_event(plain(name), wanted.get("type"), wanted.get("timeout"))


def _stored(callback: Any) -> Any:
    """A step's callback, whose result is kept as a clone."""
    run = returning(callback, lower)

    async def step(*args: Any) -> Any:
        return cloned(await run(*args))

    return step


def workflows_module() -> JsObject:
    """The SDK's ``workflows.js``. What it does to errors of a step, ``WorkflowStep.do`` does by itself."""
    return JsObject({"wrapWorkflowStep": JsFunction(lambda step: step, "wrapWorkflowStep")})
