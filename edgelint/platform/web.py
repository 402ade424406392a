"""What the options of the web's constructors may be called, and which operations the global scope of a worker refuses.

``REQUEST_INIT`` and ``RESPONSE_INIT``: the dictionaries of the Fetch standard (fetch.spec.whatwg.org, read 2026-11-24)
and of @cloudflare/workers-types 4.20261115 (RequestInit, ResponseInit). ``REFUSED_AT_START``: each run at module scope
of a worker in workerd 1.20261117.1 on 2026-11-24; all of them threw "Disallowed operation called within global scope".
"""

from __future__ import annotations

REQUEST_INIT = frozenset({
    # Fetch standard
    "attributionReporting", "body", "browsingTopics", "cache", "credentials", "duplex", "headers", "integrity",
    "keepalive", "method",
    "mode", "priority", "privateToken", "redirect", "referrer", "referrerPolicy", "signal", "sharedStorageWritable",
    "targetAddressSpace",
    "window",
    # Workers
    "cf", "encodeResponseBody", "fetcher",
    # read by the frameworks that wrap fetch (Next.js)
    "next",
})
RESPONSE_INIT = frozenset({"cf", "encodeBody", "headers", "status", "statusText", "webSocket"})

# Global functions, by the path that names them.
REFUSED_AT_START = frozenset({
    "fetch", "setTimeout", "setInterval", "crypto.randomUUID", "crypto.getRandomValues", "crypto.subtle.generateKey",
    "scheduler.wait",
    "AbortSignal.timeout", "Response.json", "Response.redirect", "setImmediate",
})
# Constructors; of Response only with a body, of Request only with one in its options.
REFUSED_CONSTRUCTORS = frozenset(
    {"WebSocketPair", "WebSocket", "EventSource", "CompressionStream", "DecompressionStream"}
)
# (module, names): functions of modules that do the same, or that draw random values.
REFUSED_IMPORTS: dict[str, frozenset[str]] = {
    "cloudflare:sockets": frozenset({"connect"}),
    "cloudflare:workers": frozenset({"waitUntil"}),
    "crypto": frozenset(
        {"randomUUID", "randomBytes", "randomInt", "getRandomValues", "webcrypto.getRandomValues", "randomFillSync"}
    ),
    "timers": frozenset({"setTimeout", "setInterval", "setImmediate"}),
    "timers/promises": frozenset({"setTimeout", "setInterval"}),
    "uuid": frozenset({"v1", "v4", "v6", "v7"}),
    "nanoid": frozenset({"nanoid"}),
    "js": frozenset({"fetch", "setTimeout", "setInterval", "crypto.randomUUID", "crypto.getRandomValues"}),
}
# Methods of bindings that throw there at once, by kind; other calls on a binding give a promise that is rejected.
HARMLESS_AT_START: dict[str, frozenset[str]] = {
    "d1": frozenset({"prepare", "withSession"}),
    "d1-session": frozenset({"prepare"}),
    "d1-statement": frozenset({"bind"}),
    "durable-object": frozenset({"idFromName", "idFromString", "newUniqueId", "jurisdiction"}),
    "cache-storage": frozenset({"open"}),
    "execution-context": frozenset({"passThroughOnException"}),
}
