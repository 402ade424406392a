"""Names that a test writes: whether there is what they name, and what was perhaps meant.

A name that nothing has would be taken for "never happens": a seed that is not sown, a fault that hits nothing, a count
of zero. So it is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.errors import EdgeUsageError

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.world import World

_EVERYWHERE: Final = ("caches.default", "email", "outbound")
"""What has operations in every app, without a binding: ``operation.Operation.binding``."""
_OPENED: Final = "caches.open("
"""The caches that an app opens bear their names in Python's spelling: "caches.open('pages')"."""
_NEAR: Final = 0.6
"""How alike names must be for one to be offered for the other: difflib's ratio, 1 for the same."""


def no_such(said: str, name: str, known: Iterable[str]) -> EdgeUsageError:
    """The error for a name that is not among those ``known``: what is ``said`` of it, and the nearest, or all."""
    from difflib import get_close_matches  # only when something is wrong

    names = sorted(set(known))
    by_case: dict[str, list[str]] = {}
    for each in names:
        by_case.setdefault(each.casefold(), []).append(each)
    near = get_close_matches(name.casefold(), list(by_case), cutoff=_NEAR)
    if near:
        meant = " or ".join(f"'{each}'" for one in near for each in by_case[one])
        return EdgeUsageError(f"{said}: did you mean {meant}?")
    listed = ", ".join(f"'{each}'" for each in names)
    return EdgeUsageError(f"{said} ({f'there are: {listed}' if listed else 'there is none'})")


def declared(world: World, kind: str | None = None) -> list[Declared]:
    """The bindings of every worker of a world, of one kind or of all."""
    found = [each for worker in world.workers.values() for each in worker.config.bindings]
    return [each for each in found if kind in (None, each.kind)]


def check_operated(world: World, said: str, name: str, *, glob: bool) -> None:
    """Raise EdgeUsageError when no operation of a world can bear a name, or any name that a ``glob`` matches."""
    if name.startswith(_OPENED):
        return
    known = {*_EVERYWHERE, *(each.name for each in declared(world))}
    if not _includes(known, name, glob) and not _includes(known := known | _inner(world), name, glob):
        raise no_such(f"{said}: nothing in this app is called '{name}'", name, known)


def _includes(known: set[str], name: str, glob: bool) -> bool:
    return name in known or (glob and any(fnmatchcase(each, name) for each in known))


def _inner(world: World) -> set[str]:
    """What has operations and is no binding: the storage of Durable Objects, by their classes; assets that are not
    bound."""
    from edgelint.testing.bindings.durable_objects import backends

    names = {each.text("class_name") or each.name for each in declared(world, "durable-object")}
    for worker in world.workers.values():
        names.update(backends(worker.config))
        if worker.config.get("assets") is not None:
            names.add("assets")
    return names


def check_seeds(world: World, seeds: Mapping[str, str]) -> None:
    """Raise EdgeUsageError for a seed of what is no D1 database of a world."""
    known = [each.name for each in declared(world, "d1")]
    for name in seeds:
        if name not in known:
            raise no_such(f"seed_data: there is no D1 database '{name}'", name, known)


def check_variables(world: World, variables: Mapping[str, Any], what: str) -> None:
    """Raise EdgeUsageError for a variable or secret of the worker under test that is a binding: the app sees that."""
    for each in world.worker.config.bindings:
        if each.name in variables:
            raise EdgeUsageError(f"{what}: '{each.name}' is a binding ({each.kind}), no variable")


def check_service(world: World, service: str) -> None:
    """Raise EdgeUsageError for a service that no binding of a world leads to."""
    known = {each.text("service") or each.resource for each in declared(world, "service")}
    if service not in known:
        raise no_such(f"stub_service: no service binding leads to '{service}'", service, known)
