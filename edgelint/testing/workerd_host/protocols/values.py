"""Bindings that are no more than values: told like the time, since a test may change them (js/values.js)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host import protocols
from edgelint.testing.workerd_host.capnp import array, struct, text
from edgelint.testing.workerd_host.protocols import Wiring

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.world import Worker

_KINDS: Final = ("hyperdrive", "version-metadata")


def wired(declared: Declared, *fields: str, refused: str = "") -> Wiring:
    """A binding with these fields. ``refused`` is a method that fails, and why: "connect: ..."."""
    inner = {"name": declared.name, "refused": refused}
    bindings = [struct(name=text(name), text=text(value)) for name, value in inner.items()]
    bindings.append(struct(name=text("fields"), json=text(json.dumps(fields))))
    return Wiring(f'wrapped = (moduleName = "edgelint:values", innerBindings = {array(bindings)})', ("values",))


def of(worker: Worker) -> dict[str, dict[str, Any]]:
    """The values of a worker's bindings by their names; ``{"error": text}`` for one that cannot be used, which says so
    when it is."""
    found: dict[str, dict[str, Any]] = {}
    for declared in worker.config.bindings:
        if declared.kind not in _KINDS:
            continue
        module: Any = protocols.of_kind(declared.kind)
        try:
            found[declared.name] = module.values(worker.binding(declared.name))
        except EdgeUsageError as error:
            found[declared.name] = {"error": str(error)}
    return found
