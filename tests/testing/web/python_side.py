"""The plain Web classes, evaluating Python: each probe in a world of its own."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from edgelint.testing.errors import EdgeError, HungError
from edgelint.testing.python_host.web import realm
from edgelint.testing.python_host.web.base import WebObject, js_text
from edgelint.testing.python_host.web.html.content import AttributesIterator
from edgelint.testing.python_host.web.promises import Thrown
from edgelint.testing.python_host.web.scope import web_scope
from edgelint.testing.python_host.web.timers import Timers
from edgelint.testing.values import UNDEFINED
from edgelint.testing.world import World


def evaluate(probes: Sequence[str]) -> list[dict[str, Any]]:
    """What came of each body of a coroutine, in the form of ``workerd_side.evaluate``."""
    return [_answer(probe) for probe in probes]


def _answer(probe: str) -> dict[str, Any]:
    world = World()
    try:
        return {"value": plain(world.run(_run(probe, world), origin="app"))}
    except EdgeError as error:
        return {"error": [error.name, error.message]}
    except Thrown as error:
        return {"error": ["thrown", plain(error.value)]}
    except HungError:
        return {"hung": True}
    finally:
        world.close()


async def _run(probe: str, world: World) -> Any:
    realm.enter(realm.Realm(clock=world.clock, random=world.random, log=world.log, binary_type="blob"))
    names: dict[str, Any] = {
        **web_scope(Timers()), "UNDEFINED": UNDEFINED, "String": js_text, "Error": EdgeError, "raises": raises,
        "collect": collect,
    }  # fmt: skip
    names["R"] = lambda html, build: rewrite(names, html, build)
    exec("async def probe():\n" + textwrap.indent(probe, "    "), names)
    return await names["probe"]()


def raises(error: BaseException) -> Any:
    """``throw`` where Python wants an expression."""
    raise error


async def rewrite(names: Mapping[str, Any], html: str, build: Any) -> str:
    """A document through an HTMLRewriter that ``build`` gives handlers to."""
    response = names["Response"](html, {"headers": {"content-type": "text/html"}})
    found: str = await build(names["HTMLRewriter"]()).transform(response).text()
    return found


async def collect(stream: Any) -> list[Any]:
    """``for await`` into an array."""
    return [chunk async for chunk in stream]


def plain(value: Any) -> Any:
    """A result as JSON has it, in the form of probes.js."""
    if value is UNDEFINED:
        return {"undefined": True}
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"bytes": list(bytes(value))}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, AttributesIterator):
        return [plain(item) for item in value._left]
    if isinstance(value, WebObject):
        return value.href if hasattr(value, "href") else {}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return list(value) if hasattr(value, "__next__") else value
