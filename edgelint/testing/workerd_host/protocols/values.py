"""Bindings that are no more than values: told with every event, since a test may change them (js/values.js)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host import protocols
from edgelint.testing.workerd_host.capnp import array, struct, text
from edgelint.testing.workerd_host.protocols import Wiring

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.world import World


def wired(declared: Declared, *fields: str, refused: str = "") -> Wiring:
    """A binding with these fields. ``refused`` is a method that fails, and why: "connect: ..."."""
    inner = {"name": f"{declared.worker}/{declared.name}", "refused": refused}
    bindings = [struct(name=text(name), text=text(value)) for name, value in inner.items()]
    bindings.append(struct(name=text("fields"), json=text(json.dumps(fields))))
    return Wiring(f'wrapped = (moduleName = "edgelint:values", innerBindings = {array(bindings)})', ("values",))


def told(world: World) -> dict[str, dict[str, Any]]:
    """The values by "worker/NAME"; ``{"error": text}`` for one that cannot be used, which says so when it is."""
    found: dict[str, dict[str, Any]] = {}
    for worker in world.workers.values():
        for declared in worker.config.bindings:
            of = getattr(protocols.of_kind(declared.kind), "values", None)
            if of is not None:
                try:
                    found[f"{worker.name}/{declared.name}"] = of(worker.binding(declared.name))
                except EdgeUsageError as error:
                    found[f"{worker.name}/{declared.name}"] = {"error": str(error)}
    return found
