"""Workers AI: models do not run here; the test says what they answer.

    edge.env.AI.answer({"response": "hello"}, model="@cf/meta/*")
    edge.env.AI.answer(lambda model, inputs: {"response": inputs["prompt"].upper()})

A run that nothing answers fails the test by its model and inputs. Facts: workerd src/cloudflare/internal/ai-api.ts.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, ClassVar, NoReturn

from edgelint.testing.bindings.base import Binding, Declared, Services
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.operation import Operation

Matcher = Mapping[str, Any] | Callable[[Any], bool] | None


@dataclass(frozen=True, slots=True)
class Run:
    """One call of ``run`` as the app made it."""

    model: str
    inputs: Any
    options: Mapping[str, Any]


@dataclass(slots=True)
class _Answer:
    response: Any
    model: str | None
    inputs: Matcher
    left: int | None

    def fits(self, run: Run) -> bool:
        if self.left == 0 or (self.model is not None and not fnmatchcase(run.model, self.model)):
            return False
        if self.inputs is None:
            return True
        if callable(self.inputs):
            return bool(self.inputs(run.inputs))
        return _has(run.inputs, self.inputs)


class _Models:
    def __init__(self) -> None:
        self.answers: list[_Answer] = []
        self.runs: list[Run] = []
        self.unanswered: list[Run] = []


class WorkersAi(Binding):
    """The AI binding. ``runs`` are the calls so far; ``unanswered`` those that failed for want of an answer."""

    kind: ClassVar[str] = "ai"

    def __init__(self, declared: Declared, services: Services) -> None:
        super().__init__(declared, services)
        self._models = services.shared(("ai", declared.resource), _Models)

    def answer(
        self, response: Any, *, model: str | None = None, inputs: Matcher = None, times: int | None = None
    ) -> None:
        """Say what a model answers. ``response`` is the result (a dict, bytes, an HttpResponse ...), an EdgeError to
        raise, or a callable of (model, inputs) that gives one, which may be a coroutine. ``model`` is a name or a
        pattern with ``*``; ``inputs`` a mapping that the inputs must contain, or a predicate; ``times`` how often it
        answers. The last answer that fits counts. For the test."""
        self._models.answers.append(_Answer(response, model, inputs, times))

    @property
    def runs(self) -> list[Run]:
        """Every call of ``run``."""
        return list(self._models.runs)

    @property
    def unanswered(self) -> list[Run]:
        """The calls that nothing answered."""
        return list(self._models.unanswered)

    async def run(self, model: str, inputs: Any, options: Mapping[str, Any] | None = None) -> Any:
        """Run a model. Raises EdgeUsageError when no answer fits."""
        run = Run(model, inputs, dict(options or {}))

        async def effect(operation: Operation) -> Any:
            self._models.runs.append(run)
            found = next((answer for answer in reversed(self._models.answers) if answer.fits(run)), None)
            if found is None:
                self._models.unanswered.append(run)
                raise EdgeUsageError(
                    f"{self.name}.run('{model}') has no answer in this test (inputs: {_short(inputs)}): say what it "
                    f"answers with edge.env.{self.name}.answer(..., model='{model}')"
                )
            if found.left is not None:
                found.left -= 1
            response = found.response
            if callable(response) and not isinstance(response, EdgeError):
                response = response(model, inputs)
            if inspect.isawaitable(response):
                response = await response
            if isinstance(response, EdgeError):
                raise response
            return response

        return await self.gate.perform(self.operation("run", model, {"inputs": inputs, "options": run.options}), effect)

    def unsupported(self, verb: str) -> NoReturn:
        """Refuse a verb of the platform that has no fake. Raises EdgeUsageError."""
        raise EdgeUsageError(f"{self.name}.{verb}() is not supported: edgelint's fake of Workers AI has 'run'")

    def gateway(self, *args: Any) -> NoReturn:
        """AI Gateway: not supported."""
        self.unsupported("gateway")

    def to_markdown(self, *args: Any, **options: Any) -> NoReturn:
        """Conversion of documents: not supported."""
        self.unsupported("toMarkdown")

    def models(self, *args: Any, **options: Any) -> NoReturn:
        """The list of models: not supported."""
        self.unsupported("models")

    def autorag(self, *args: Any) -> NoReturn:
        """AutoRAG: not supported."""
        self.unsupported("autorag")

    def ai_search(self, *args: Any) -> NoReturn:
        """AI Search: not supported."""
        self.unsupported("aiSearch")


def _has(inputs: Any, wanted: Any) -> bool:
    """Whether ``inputs`` contains what is wanted, mapping in mapping."""
    if isinstance(wanted, Mapping):
        return isinstance(inputs, Mapping) and all(
            key in inputs and _has(inputs[key], value) for key, value in wanted.items()
        )
    return bool(inputs == wanted)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."
