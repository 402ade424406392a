"""How one probe is run and its outcome said, in the same way inside Pyodide and on the emulation.

A probe is Python source; what its last expression gives (``await`` may be used) is described as text. This file is read
as it is into Pyodide: it imports nothing of ours.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from collections.abc import Iterable
from typing import Any

PATIENCE = 1.0
"""Seconds that a probe may wait for something (in virtual time on the emulation)."""
_ADDRESS = re.compile(r"0x[0-9a-f]+")


def describe(value: Any) -> str:
    """A value by its type and contents, without addresses in memory."""
    from pyodide.ffi import JsProxy  # type: ignore[import-not-found]

    if isinstance(value, (list, tuple)):
        inside = ", ".join(describe(item) for item in value)
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if type(value) is set and value:
        return "{" + ", ".join(sorted(describe(item) for item in value)) + "}"  # their order is not the same each time
    if type(value) is dict:
        return "{" + ", ".join(f"{describe(key)}: {describe(item)}" for key, item in value.items()) + "}"
    if isinstance(value, JsProxy):
        return f"<{type(value).__module__}.{type(value).__name__} {_ADDRESS.sub('0x', str(value))}>"
    return _ADDRESS.sub("0x", repr(value))


def describe_error(error: BaseException) -> str:
    """An error by the names of its type and its text, without tracebacks that were put into it."""
    text = _ADDRESS.sub("0x", str(error))
    if "Traceback (most recent call last)" in text:
        text = "Traceback ... " + text.rstrip().splitlines()[-1]
    return f"raises {type(error).__module__}.{type(error).__name__}: {text}"


async def probe(source: str) -> str:
    """Run one probe."""
    tree = ast.parse(source)
    last = tree.body[-1]
    if isinstance(last, ast.Expr):
        tree.body[-1] = ast.copy_location(ast.Assign([ast.Name("_result", ast.Store())], last.value), last)
        ast.fix_missing_locations(tree)
    scope: dict[str, Any] = {"__name__": "probe"}
    exec(PREAMBLE, scope)
    code = compile(tree, "<probe>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    try:
        running = eval(code, scope)
        if inspect.iscoroutine(running):
            await asyncio.wait_for(running, PATIENCE)
        return describe(scope.get("_result"))
    except BaseException as error:
        return describe_error(error)


async def probe_all(sources: Iterable[str]) -> list[str]:
    """Run probes one after the other."""
    return [await probe(source) for source in sources]


PREAMBLE = """
import js
from js import Object, Array, Map, Set, Date, Error, Promise, Uint8Array, ArrayBuffer, JSON, BigInt
from pyodide.ffi import JsProxy, JsException, to_js, create_proxy, create_once_callable, destroy_proxies
import pyodide.ffi as ffi
def run(source):
    return js.eval(source) if hasattr(js, "eval") else None
"""
