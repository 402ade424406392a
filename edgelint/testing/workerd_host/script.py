"""A script (``addEventListener``, the syntax before ES modules) as modules that do what it does.

What stands around an app reaches it through the exports of a module. The script itself stays as it is, line by line: it
is a CommonJS module, which is no strict code either, behind a module that makes globals of its bindings.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from edgelint.testing.workerd_host.bundle import Bundle, Module

_LAYER: Final = "edgelint/script.js"
_GLOBALS: Final = "edgelint/globals.js"
_SCRIPT: Final = "script/"
"""In front of the script's name: its own is that of the module that stands for it."""


@cache
def _layer() -> bytes:
    return (Path(__file__).parent / "js" / "script.js").read_bytes()


def as_modules(bundle: Bundle) -> Bundle:
    """The bundle of a script with a main module that exports handlers for the events that the script listens to."""
    script, *further = bundle.modules
    name = f"{_SCRIPT}{script.name}"
    imports = [f"import m{at} from {json.dumps(f'../{module.name}')};" for at, module in enumerate(further)]
    named = ", ".join(f"{json.dumps(module.name)}: m{at}" for at, module in enumerate(further))
    made = [
        'import { env } from "cloudflare:workers";', 'import { globals } from "./script.js";', *imports,
        f"globals({{ ...env, {named} }});",
    ]  # fmt: skip
    main = [
        f'import "./{_GLOBALS}";', f"import {json.dumps(f'./{name}')};",
        f'import {{ handlers }} from "./{_LAYER}";', "export default handlers();",
    ]  # fmt: skip
    modules = (
        _module(script.name, main), Module(name, "commonJsModule", script.content), *further,
        _module(_GLOBALS, made), Module(_LAYER, "esModule", _layer()),
    )  # fmt: skip
    maps = {name if module == script.name else module: found for module, found in bundle.maps.items()}
    return replace(bundle, modules=modules, exports=("default",), maps=maps)


def _module(name: str, lines: list[str]) -> Module:
    return Module(name, "esModule", "\n".join((*lines, "")).encode())
