"""What the runtime of Python Workers calls, refuses and passes on.

Read on 2026-11-23 in cloudflare/workerd 6552d999c (src/pyodide/python-entrypoint-helper.ts, internal/introspection.py,
internal/topLevelEntropy/) and cloudflare/workers-py b00837d (packages/runtime-sdk), and run under workers-runtime-sdk
1.9.5 in Pyodide 0.28.2 and 314.0.7.
"""

from __future__ import annotations

# Switches the top-level handlers (on_fetch ...) off in favour of a Default class; on by default from 2025-08-14.
NO_GLOBAL_HANDLERS = "python_no_global_handlers"

# Top-level functions that are handlers while that switch is off (SUPPORTED_HANDLER_NAMES).
GLOBAL_HANDLERS = frozenset({"on_fetch", "on_alarm", "on_scheduled", "on_trace", "on_queue", "on_pubsub", "test"})

# Handlers of a class get (event, undefined, undefined): env and ctx were given to its constructor. These are called
# with exactly three arguments; fetch and test with as many as they take.
EXACT_HANDLERS = {"scheduled": "controller", "queue": "batch", "tail": "events", "trace": "events"}
RELAXED_HANDLERS = frozenset({"fetch", "on_fetch", "test"})
HANDLER_ARGUMENTS = 3

# module -> the functions that draw random values, or that workerd blocks because the module's seed is not random yet.
# None: all but those in ALLOWED_AT_START.
ENTROPY: dict[str, frozenset[str] | None] = {
    "random": None,
    "numpy.random": None,
    "os": frozenset({"urandom"}),
    "uuid": frozenset({"uuid4"}),
    "secrets": frozenset({"token_bytes", "token_hex", "token_urlsafe", "randbelow", "randbits", "choice"}),
}
ALLOWED_AT_START: dict[str, frozenset[str]] = {
    "random": frozenset({"Random", "SystemRandom"}),
    "numpy.random": frozenset({"default_rng", "RandomState"}),
}
# Allowed, but only with a seed: without one they draw it.
SEEDED = {"random": frozenset({"Random"}), "numpy.random": frozenset({"default_rng", "RandomState"})}

# (binding kind, method) -> the options it knows by a name with a capital letter inside. Keyword arguments and dict keys
# reach the binding as they are written (workers/rpc.py converts values, not names); it ignores what it does not know.
OPTIONS: dict[tuple[str, str], frozenset[str]] = {
    ("kv", "put"): frozenset({"expirationTtl"}),
    ("kv", "get"): frozenset({"cacheTtl"}),
    ("kv", "getWithMetadata"): frozenset({"cacheTtl"}),
    ("r2", "put"): frozenset({"httpMetadata", "customMetadata", "onlyIf", "storageClass", "ssecKey"}),
    ("r2", "get"): frozenset({"onlyIf", "ssecKey"}),
    ("r2", "list"): frozenset({"startAfter"}),
    ("r2", "createMultipartUpload"): frozenset({"httpMetadata", "customMetadata", "storageClass", "ssecKey"}),
    ("queue", "send"): frozenset({"contentType", "delaySeconds"}),
    ("queue", "sendBatch"): frozenset({"delaySeconds"}),
    ("do-storage", "get"): frozenset({"allowConcurrency", "noCache"}),
    ("do-storage", "put"): frozenset({"allowUnconfirmed", "noCache"}),
    ("do-storage", "delete"): frozenset({"allowUnconfirmed", "noCache"}),
    ("do-storage", "list"): frozenset({"startAfter", "allowConcurrency", "noCache"}),
    ("do-storage", "setAlarm"): frozenset({"allowConcurrency", "allowUnconfirmed"}),
    ("durable-object", "get"): frozenset({"locationHint"}),
    ("durable-object", "getByName"): frozenset({"locationHint"}),
    ("vectorize", "query"): frozenset({"topK", "returnValues", "returnMetadata"}),
    ("cache", "match"): frozenset({"ignoreMethod"}),
    ("cache", "delete"): frozenset({"ignoreMethod"}),
}

# Options that are objects with such names themselves.
NESTED: dict[str, frozenset[str]] = {
    "httpMetadata": frozenset(
        {"contentType", "contentLanguage", "contentDisposition", "contentEncoding", "cacheControl", "cacheExpiry"}
    ),
}

# Globals of JavaScript that are classes: called without ``new`` (Pyodide's ``.new``) they throw a TypeError. Not Date,
# Array, Object, Error, RegExp, Function, String, Number, Boolean, which may be called.
CONSTRUCTORS = frozenset({
    "AbortController", "ArrayBuffer", "BigInt64Array", "BigUint64Array", "Blob", "ByteLengthQueuingStrategy",
    "CompressionStream", "CountQueuingStrategy", "CustomEvent", "DataView", "DecompressionStream", "Event",
    "EventSource", "EventTarget", "File", "Float32Array", "Float64Array", "FormData", "HTMLRewriter",
    "Headers", "Int16Array", "Int32Array", "Int8Array", "Map", "MessageChannel", "Promise", "Proxy",
    "ReadableStream", "Request", "Response", "Set", "TextDecoder", "TextDecoderStream", "TextEncoder",
    "TextEncoderStream", "TransformStream", "URL", "URLPattern", "URLSearchParams", "Uint16Array",
    "Uint32Array", "Uint8Array", "Uint8ClampedArray", "WeakMap", "WeakRef", "WeakSet", "WebSocket",
    "WebSocketPair", "WritableStream",
})
