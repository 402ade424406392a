"""Events that the world itself delivers to the app: a batch of a queue, a cron trigger, a run of a workflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edgelint.testing.operation import asked_by, invocation

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Services


class Events:
    """What the events of one world share. ``observers`` are told of each when it begins ("queue jobs"); ``count`` is
    how many there were."""

    def __init__(self) -> None:
        self.observers: list[Callable[[str], None]] = []
        self.count = 0


def events_of(services: Services) -> Events:
    """The events of this world."""
    return services.shared(("events",), Events)


@contextmanager
def event(services: Services, label: str) -> Iterator[None]:
    """Operations made inside are the app's, and belong to an event of their own. Inside an event that a test sent, they
    stay that one's."""
    if invocation.get():
        with asked_by("app"):
            yield
        return
    with own_event(services, label):
        yield


@contextmanager
def own_event(services: Services, label: str) -> Iterator[None]:
    """The same for what never belongs to the event that happened to run when it began."""
    shared = events_of(services)
    shared.count += 1
    token = invocation.set(f"{label} {shared.count}")
    for observer in shared.observers:
        observer(label)
    try:
        with asked_by("app"):
            yield
    finally:
        invocation.reset(token)
