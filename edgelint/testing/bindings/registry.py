"""Which class fakes which kind of binding. Imported only when a binding of the kind is touched."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from edgelint.platform import bindings as kinds
from edgelint.testing.errors import UnsupportedBindingError

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Binding, Declared, Services

CLASSES: Final[dict[str, str]] = {
    "kv": "kv.KvNamespace",
    "d1": "d1.D1Database",
    "r2": "r2.R2Bucket",
    "queue": "queues.QueueProducer",
    "durable-object": "durable_objects.DurableObjectNamespace",
    "workflow": "workflows.WorkflowBinding",
    "service": "services.ServiceBinding",
    "rate-limit": "rate_limit.RateLimiter",
    "analytics-engine": "analytics_engine.AnalyticsEngineDataset",
    "send-email": "email.EmailSender",
    "ai": "ai.WorkersAi",
    "vectorize": "vectorize.VectorizeIndex",
    "assets": "assets.StaticAssets",
    "hyperdrive": "hyperdrive.Hyperdrive",
    "secrets-store": "secrets_store.StoredSecret",
    "version-metadata": "version_metadata.VersionMetadata",
}
"""Kind -> module and class in this package."""


def make(declared: Declared, services: Services) -> Binding:
    """The fake of a declared binding. Raises UnsupportedBindingError for a kind that has none."""
    known = CLASSES.get(declared.kind)
    if declared.kind == "durable-object" and _in_workerd(declared, services):
        known = "objects.WorkerdNamespace"
        package = "edgelint.testing.workerd_host"
    else:
        package = "edgelint.testing.bindings"
    if known is None:
        raise UnsupportedBindingError(
            f"{declared.name} is {kinds.label(declared.kind)}: edgelint has no fake of that kind of binding"
        )
    module, _, name = known.partition(".")
    found: type[Binding] = getattr(import_module(f"{package}.{module}"), name)
    return found(declared, services)


def _in_workerd(declared: Declared, services: Services) -> bool:
    """Whether the class of a Durable Object is JavaScript: then the runtime holds its objects."""
    worker = services.workers.get(declared.text("script_name") or declared.worker)
    return worker is not None and worker.config.main is not None and not worker.config.is_python
