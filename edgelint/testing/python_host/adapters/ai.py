"""Ai."""

from __future__ import annotations

from typing import Any

from edgelint.testing.http import HttpResponse
from edgelint.testing.python_host.adapters.base import Adapter, js_response, js_stream
from edgelint.testing.python_host.convert import plain
from edgelint.testing.python_host.jsvalue import method
from edgelint.testing.values import UNDEFINED


class Ai(Adapter, js_name="Ai"):
    """``env.AI``."""

    @method
    async def run(self, model: Any = UNDEFINED, inputs: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        answer = await self._binding.run(model, plain(inputs), _dict(given))
        if isinstance(answer, HttpResponse):
            return js_response(answer)
        return js_stream(answer) if isinstance(answer, bytes) else answer

    @method
    def gateway(self, *args: Any) -> Any:
        return self._binding.gateway(*args)

    @method
    def toMarkdown(self, *args: Any) -> Any:
        return self._binding.to_markdown(*args)

    @method
    def models(self, *args: Any) -> Any:
        return self._binding.models(*args)

    @method
    def autorag(self, *args: Any) -> Any:
        return self._binding.autorag(*args)

    @method
    def aiSearch(self, *args: Any) -> Any:
        return self._binding.ai_search(*args)


def _dict(value: Any) -> dict[str, Any]:
    found = plain(value)
    return found if isinstance(found, dict) else {}
