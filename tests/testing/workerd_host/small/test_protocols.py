"""What the protocol modules do without workerd."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

import pytest

from edgelint.testing.bindings.base import Declared
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.http import HttpRequest
from edgelint.testing.workerd_host import protocols
from edgelint.testing.workerd_host.layout import layer
from edgelint.testing.workerd_host.protocols import hyperdrive, objects, version_metadata


class _Binding:
    name = "NAME"


@pytest.mark.parametrize("module", [hyperdrive, version_metadata])
def test_values_are_not_asked_for(module: ModuleType) -> None:
    binding: Any = _Binding()
    with pytest.raises(EdgeUsageError, match="NAME was asked for http://x/"):
        asyncio.run(module.answer(binding, HttpRequest("GET", "http://x/")))


@pytest.mark.parametrize("kind", sorted(protocols.MODULES))
def test_every_kind_is_wired_with_modules_that_are_there(kind: str) -> None:
    module = protocols.of_kind(kind)
    assert module is not None
    wiring = module.wiring(Declared("NAME", kind, "resource", {}, "app"), "service")
    for name in wiring.extensions:
        assert layer(name).startswith(b"//")
    assert wiring.value.count("(") == wiring.value.count(")")


def test_an_object_is_asked_by_its_id() -> None:
    binding: Any = _Binding()
    with pytest.raises(EdgeUsageError, match="NAME was asked for http://x/, of no object"):
        asyncio.run(objects.answer(binding, HttpRequest("GET", "http://x/")))


def test_a_kind_without_a_protocol() -> None:
    assert protocols.of_kind("browser") is None
