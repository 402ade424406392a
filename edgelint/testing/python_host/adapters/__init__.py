"""Bindings as the JavaScript objects that workerd gives: one module for each kind, over the state machines.

The names of the classes are workerd's, since the SDK decides by them what it wraps.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Binding

_ADAPTERS: Final[dict[str, str]] = {
    "kv": "kv.KvNamespace",
    "d1": "d1.D1Database",
    "r2": "r2.R2Bucket",
    "queue": "queues.WorkerQueue",
    "durable-object": "durable_objects.DurableObjectNamespace",
    "workflow": "workflows.WorkflowImpl",
    "service": "fetcher.ServiceFetcher",
    "assets": "fetcher.AssetsFetcher",
    "rate-limit": "small.Ratelimit",
    "analytics-engine": "small.AnalyticsEngineDataset",
    "send-email": "email.SendEmail",
    "ai": "ai.Ai",
    "vectorize": "vectorize.VectorizeIndexImpl",
    "hyperdrive": "small.Hyperdrive",
    "secrets-store": "small.SecretsStoreSecret",
    "version-metadata": "small.version_metadata",
}
"""Kind -> module and name in this package of what makes the object from the binding."""


def adapt(binding: Binding) -> Any:
    """The JavaScript object for a binding."""
    module, _, name = _ADAPTERS[binding.kind].partition(".")
    return getattr(import_module(f"{__name__}.{module}"), name)(binding)
