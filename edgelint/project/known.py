"""What the analysis knows of the runtime's and the common libraries' objects: annotations, members, methods, globals.

The names of binding kinds are those of ``edgelint.platform.bindings``; the other platform types are named here. A
missing entry means "unknown", never "harmless".
"""

from __future__ import annotations

import re
from functools import lru_cache

from edgelint.project.type_text import applied, whole
from edgelint.syntax.tree import (
    Array,
    Await,
    Call,
    Function,
    Keyword,
    Literal,
    Member,
    Name,
    Node,
    Object,
    Property,
    Return,
)

# Annotation (TypeScript and the Python stubs share the names) -> platform type.
ANNOTATIONS: dict[str, str] = {
    "KVNamespace": "kv", "D1Database": "d1", "R2Bucket": "r2", "Queue": "queue",
    "DurableObjectNamespace": "durable-object",
    "Fetcher": "service", "Service": "service", "ServiceStub": "service", "Ai": "ai", "VectorizeIndex": "vectorize",
    "Vectorize": "vectorize",
    "Hyperdrive": "hyperdrive", "AnalyticsEngineDataset": "analytics-engine", "SendEmail": "send-email",
    "RateLimit": "rate-limit",
    "RateLimiter": "rate-limit?", "BrowserRun": "browser", "BrowserWorker": "browser", "ImagesBinding": "images",
    "Workflow": "workflow",
    "WorkerVersionMetadata": "version-metadata", "SecretsStoreSecret": "secrets-store",
    "DispatchNamespace": "dispatch-namespace",
    "D1DatabaseSession": "d1-session", "D1PreparedStatement": "d1-statement", "DurableObjectStub": "do-stub",
    "DurableObjectState": "do-state",
    "DurableObjectStorage": "do-storage", "SqlStorage": "do-sql", "DurableObjectTransaction": "do-storage",
    "ExecutionContext": "execution-context", "Request": "request", "Response": "response", "Headers": "headers",
    "URL": "url",
    "URLSearchParams": "search-params", "FormData": "form-data", "Cache": "cache", "CacheStorage": "cache-storage",
    "WebSocket": "websocket",
    "MessageBatch": "queue-batch", "Message": "queue-message?", "ForwardableEmailMessage": "email-message",
    "EventContext": "pages-context",
    "ScheduledController": "scheduled-controller", "ScheduledEvent": "scheduled-controller",
    "FetchEvent": "fetch-event",
    "NextRequest": "request", "HonoRequest": "hono-request",
}

ENV_ANNOTATION = re.compile(
    r"^(?:Env|Bindings|CloudflareEnv|CloudflareBindings|Cloudflare\.Env|Environment|WorkerEnv|AppEnv"
    r"|\w*Env|\w*Bindings|CfEnv|EnvBindings)$"
)

# Types whose values stand for a store or service behind a binding.
BINDING_KINDS = frozenset({
    "kv", "d1", "r2", "queue", "durable-object", "service", "ai", "vectorize", "hyperdrive", "analytics-engine",
    "send-email",
    "rate-limit", "browser", "images", "workflow", "version-metadata", "secrets-store", "dispatch-namespace", "assets",
    "mtls-certificate", "pipeline", "var", "secret",
})

# type -> member -> type of the member. A leading "!" marks a member that whoever sends the request decides.
MEMBERS: dict[str, dict[str, str]] = {
    "request": {
        "url": "!text", "headers": "headers!", "method": "method", "body": "!text", "cf": "cf", "nextUrl": "url!",
        "query": "!text", "params": "!text", "cookies": "headers!",
    },
    "url": {
        "searchParams": "search-params", "pathname": "?text", "search": "?text", "hash": "?text", "href": "?text",
        "hostname": "?text", "host": "?text", "origin": "?text",
    },
    "hono-context": {
        "env": "env", "req": "hono-request", "executionCtx": "execution-context", "event": "fetch-event",
        "res": "response", "var": "hono-variables",
    },
    "hono-request": {"url": "!text", "path": "!text", "raw": "request", "method": "method", "headers": "headers!"},
    "pages-context": {
        "env": "env", "request": "request", "params": "!text", "data": "any", "ctx": "execution-context",
        "cloudflare": "cloudflare-context",
    },
    "cloudflare-context": {
        "env": "env", "ctx": "execution-context", "context": "execution-context", "cf": "cf", "caches": "cache-storage",
        "request": "request",
    },
    "loader-args": {
        "request": "request!", "params": "!text", "searchParams": "!text", "url": "url!", "cookies": "headers!",
    },
    "h3-event": {"path": "!text", "headers": "headers!", "method": "method"},
    "do-state": {"storage": "do-storage", "id": "do-id", "env": "any"},
    "do-storage": {"sql": "do-sql", "kv": "do-storage"},
    "cache-storage": {"default": "cache"},
    "queue-batch": {"messages": "queue-messages", "queue": "safe"},
    "queue-message": {"body": "!message", "id": "safe", "attempts": "number", "timestamp": "any"},
    "email-message": {"from": "!event", "to": "!event", "headers": "headers!", "raw": "!event"},
    "fetch-event": {"request": "request"},
    "execution-context": {"props": "any", "exports": "any"},
    "message-event": {"data": "!message"},
    "response": {"status": "number", "ok": "any", "headers": "headers", "body": "stored"},
    "workflow-event": {"payload": "!event", "instanceId": "any"},
}

# type -> method -> type of the (awaited) result. "!text" is tainted text or data; "self" the receiver itself.
METHODS: dict[str, dict[str, str]] = {
    "request": {
        "json": "!text", "text": "!text", "formData": "form-data!", "arrayBuffer": "!text", "blob": "!text",
        "bytes": "!text", "clone": "self",
    },
    "hono-request": {
        "json": "!text", "text": "!text", "parseBody": "!text", "formData": "form-data!", "query": "!text",
        "queries": "!text", "param": "!text",
        "header": "!text", "valid": "validated", "arrayBuffer": "!text", "blob": "!text",
    },
    "hono-context": {
        "get": "any", "json": "response", "text": "response", "html": "response", "body": "response",
        "redirect": "response", "notFound": "response",
    },
    "headers": {"get": "?text", "has": "any", "entries": "?text", "keys": "?text", "values": "?text"},
    "search-params": {
        "get": "?text", "getAll": "?text", "entries": "?text", "keys": "?text", "values": "?text", "toString": "?text",
        "has": "any",
    },
    "url": {"toString": "?text"},
    "form-data": {"get": "?text", "getAll": "?text", "entries": "?text", "keys": "?text", "values": "?text"},
    "d1": {
        "prepare": "d1-statement", "withSession": "d1-session", "batch": "stored", "exec": "stored", "dump": "stored",
    },
    "d1-session": {"prepare": "d1-statement", "batch": "stored", "getBookmark": "safe"},
    "d1-statement": {"bind": "self", "first": "stored", "all": "stored", "run": "stored", "raw": "stored"},
    "kv": {"get": "stored", "getWithMetadata": "stored", "list": "stored", "put": "none", "delete": "none"},
    "r2": {
        "get": "stored", "head": "stored", "list": "stored", "put": "stored", "delete": "none",
        "createMultipartUpload": "r2-upload", "resumeMultipartUpload": "r2-upload",
    },
    "durable-object": {
        "idFromName": "do-id", "idFromString": "do-id", "newUniqueId": "do-id", "get": "do-stub",
        "getByName": "do-stub", "jurisdiction": "self", "getExisting": "do-stub",
    },
    "do-stub": {"fetch": "response"},
    "do-id": {"toString": "safe"},
    "do-storage": {
        "get": "stored", "list": "stored", "put": "none", "delete": "none", "deleteAll": "none", "setAlarm": "none",
        "getAlarm": "stored",
        "deleteAlarm": "none", "sync": "none", "transaction": "stored", "transactionSync": "stored",
    },
    "do-sql": {"exec": "stored"},
    "cache-storage": {"open": "cache"},
    "cache": {"match": "response", "put": "none", "delete": "none"},
    "service": {"fetch": "response", "connect": "any"},
    "assets": {"fetch": "response"},
    "response": {
        "json": "stored", "text": "stored", "arrayBuffer": "stored", "blob": "stored", "formData": "stored",
        "clone": "self", "bytes": "stored",
    },
    "ai": {"run": "stored"},
    "queue": {"send": "none", "sendBatch": "none"},
    "secrets-store": {"get": "secret"},
    "rate-limit": {"limit": "any"},
    "workflow": {"create": "any", "get": "any", "createBatch": "any"},
}

# Functions of packages that take text apart: what they give is as far from the sender as what they are given.
READERS: dict[str, frozenset[str]] = {
    "urllib.parse": frozenset({"urlparse", "urlsplit", "parse_qs", "parse_qsl", "unquote", "unquote_plus"}),
    "urllib": frozenset({"urlparse", "urlsplit", "parse_qs", "parse_qsl", "unquote", "unquote_plus"}),
    "json": frozenset({"loads"}),
    "base64": frozenset({"b64decode", "urlsafe_b64decode"}),
    "hono/cookie": frozenset({"getCookie"}),
    "qs": frozenset({"parse"}),
    "query-string": frozenset({"parse", "parseUrl"}),
    "querystring": frozenset({"parse", "decode"}),
    "node:querystring": frozenset({"parse", "decode"}),
    "cookie": frozenset({"parse"}),
    "node:url": frozenset({"parse"}),
    "url": frozenset({"parse"}),
    "destr": frozenset({"destr", "safeDestr"}),
}

# Functions of packages that answer as the global ``fetch`` does, and packages that exist to make requests.
FETCHES = frozenset({
    "workers.fetch", "js.fetch", "pyodide.http.pyfetch", "httpx.get", "httpx.post", "httpx.request",
    "httpx.AsyncClient().get", "httpx.AsyncClient().request", "httpx.AsyncClient().post", "requests.get",
})
HTTP_CLIENTS = frozenset({
    "httpx", "requests", "aiohttp", "axios", "ky", "ofetch", "got", "undici", "node-fetch", "wretch",
})

# h3 (Nuxt, Nitro): what wraps a handler, what reads its event, and what reads it through a schema's parse. They are
# globals where the framework imports them itself.
H3_HANDLERS = frozenset({
    "defineEventHandler", "eventHandler", "defineCachedEventHandler", "cachedEventHandler", "defineHandler",
})
H3_READERS = frozenset({
    "readBody", "readRawBody", "readFormData", "readMultipartFormData", "getQuery", "getRouterParam", "getRouterParams",
    "getCookie", "parseCookies", "getHeader", "getHeaders", "getRequestHeader", "getRequestHeaders", "getRequestURL",
    "getRequestPath",
})
H3_VALIDATORS = frozenset({"readValidatedBody", "getValidatedQuery", "getValidatedRouterParams"})

# Methods of a stored or bound object that change something behind the binding; the result is a promise.
WRITES: dict[str, frozenset[str]] = {
    "kv": frozenset({"put", "delete"}),
    "r2": frozenset({"put", "delete", "createMultipartUpload"}),
    "queue": frozenset({"send", "sendBatch", "send_batch"}),
    "d1": frozenset({"exec", "batch"}),
    "d1-session": frozenset({"batch"}),
    "d1-statement": frozenset({"run", "all", "first", "raw"}),
    "cache": frozenset({"put", "delete"}),
}

# Methods by which a binding of unknown kind gives itself away (used with lower trust).
TELLING_METHODS: dict[str, str] = {
    "prepare": "d1", "withSession": "d1", "getWithMetadata": "kv", "sendBatch": "queue", "idFromName": "durable-object",
    "idFromString": "durable-object",
    "newUniqueId": "durable-object", "getByName": "durable-object", "writeDataPoint": "analytics-engine",
}

# A name in env that says that it is a KV namespace, where nothing else tells.
KV_NAME = re.compile(r"(?:^|_)KV(?:_|$)|^kv$")
_OPTIONS = {
    "put": {"expirationTtl": "kv", "expiration": "kv", "metadata": "kv", "httpMetadata": "r2", "customMetadata": "r2"},
    "get": {"cacheTtl": "kv", "type": "kv", "onlyIf": "r2", "range": "r2"},
}
_KV_TYPES = frozenset({"json", "text", "arrayBuffer", "stream"})

# Functions that give a context object whose ``env`` is the env of the worker (framework adapters).
CONTEXT_FUNCTIONS = frozenset({
    "getCloudflareContext", "getRequestContext", "getOptionalRequestContext", "getRuntimeContext",
    "useCloudflareContext",
})
# ``X.env`` is the worker's env when X is a member of this name (Remix, React Router, Nuxt, Astro, SvelteKit, Solid).
CONTEXT_MEMBERS = frozenset({"cloudflare", "runtime", "platform"})

# Classes of the platform a user class may extend, by the module they come from.
BASE_CLASSES = {
    "DurableObject": "durable-object", "WorkerEntrypoint": "entrypoint", "WorkflowEntrypoint": "workflow",
    "RpcTarget": "rpc-target",
    # Classes of well-known packages built on DurableObject / WorkerEntrypoint
    "Agent": "durable-object", "AIChatAgent": "durable-object", "McpAgent": "durable-object",
    "Server": "durable-object", "YServer": "durable-object",
    "Container": "durable-object", "Sandbox": "durable-object", "Actor": "durable-object", "AgentWorkflow": "workflow",
    "Think": "durable-object",
}
BASE_MODULES = frozenset({
    "cloudflare:workers", "workers", "agents", "agents/mcp", "agents/ai-chat-agent", "@cloudflare/ai-chat",
    "partyserver", "y-partyserver",
    "@cloudflare/containers", "@cloudflare/sandbox", "@cloudflare/actors", "@cloudflare/codemode", "@cloudflare/think",
})

# Packages whose router hands handlers a Hono context, or (request, env, ctx).
HONO_MODULES = frozenset(
    {
        "hono",
        "hono/tiny",
        "hono/quick",
        "@hono/zod-openapi",
        "hono/factory",
        "hono-openapi",
        "chanfana",
        "hono/hono-base",
    }
)
ITTY_MODULES = frozenset(
    {"itty-router", "itty-router-extras", "@tsndr/cloudflare-worker-router", "tiny-request-router"}
)
ROUTE_METHODS = frozenset({
    "get", "post", "put", "delete", "patch", "options", "head", "all", "use", "on", "onError", "notFound", "openapi",
    "createHandlers",
    "createMiddleware", "mount",
})

# Methods of strings and arrays whose result is made of the receiver's own text.
TEXT_METHODS = frozenset({
    "trim", "trimStart", "trimEnd", "toUpperCase", "toLowerCase", "toString", "slice", "substring", "substr",
    "normalize", "concat", "at",
    "padStart", "padEnd", "repeat", "split", "valueOf", "charAt", "replace", "replaceAll", "strip", "lower", "upper",
    "lstrip", "rstrip",
    "title", "capitalize", "toLocaleLowerCase", "toLocaleUpperCase", "removeprefix", "removesuffix", "decode", "encode",
    "match", "reverse", "sort", "filter",
    "toSorted", "toReversed", "flat", "values", "entries", "pop", "shift", "find", "get",
})

# Globals of which a call gives a number that cannot be text.
NUMBER_FUNCTIONS = frozenset({
    "Number", "parseInt", "parseFloat", "Number.parseInt", "Number.parseFloat", "Math.floor", "Math.ceil", "Math.round",
    "Math.trunc", "Math.abs",
    "Math.min", "Math.max", "Math.random", "Math.pow", "Math.sqrt", "Date.now", "Date.parse", "BigInt",
    "performance.now", "int", "float",
    "round", "len", "abs", "sum", "time.time", "Math.sign", "Math.log", "Math.log2", "Math.log10", "Number.isNaN",
    "isNaN", "Boolean", "bool", "ord",
})
CONVERSIONS = frozenset({"Number", "parseInt", "parseFloat", "Number.parseInt", "Number.parseFloat", "int", "float"})
NUMBER_METHODS = frozenset(
    {
        "getTime",
        "indexOf",
        "lastIndexOf",
        "charCodeAt",
        "codePointAt",
        "getFullYear",
        "getMonth",
        "getDate",
        "getHours",
        "search",
        "findIndex",
    }
)
SAFE_TEXT_METHODS = frozenset(
    {
        "toISOString",
        "toUTCString",
        "toDateString",
        "toFixed",
        "isoformat",
        "strftime",
        "hexdigest",
        "toPrecision",
        "getUTCDate",
    }
)
SAFE_TEXT_FUNCTIONS = frozenset({"crypto.randomUUID", "uuid.uuid4", "uuid4", "Date", "nanoid", "ulid", "cuid"})


def told_by_options(method: str, args: list[Node]) -> str | None:
    """"kv" or "r2" when the options of a ``get`` or ``put`` are those of only one of them."""
    for arg in args[1:]:
        if isinstance(arg, Literal) and method == "get" and arg.value in _KV_TYPES:
            return "kv"
        if isinstance(arg, Keyword) and arg.name in _OPTIONS[method]:
            return _OPTIONS[method][arg.name]
        for prop in arg.props if isinstance(arg, Object) else ():
            if isinstance(prop, Property) and prop.key in _OPTIONS[method]:
                return _OPTIONS[method][prop.key]
    return None


def is_d1_chain(prepare: Call) -> bool:
    """Whether ``x.prepare(sql)`` is on a member of something called env, or goes on as D1 statements do: bound, run and
    awaited."""
    receiver = prepare.func.obj if isinstance(prepare.func, Member) else None
    if isinstance(receiver, Member):
        holder = receiver.obj
        if (holder.id if isinstance(holder, Name) else holder.name if isinstance(holder, Member) else "") == "env":
            return True
    at: Node = prepare
    methods: list[str | None] = []
    while isinstance(at.parent, Member) and isinstance(at.parent.parent, Call) and at.parent.parent.func is at.parent:
        methods.append(at.parent.name)
        at = at.parent.parent
    if methods[:1] == ["bind"] or methods[:1] == ["first"]:
        return methods[-1] in ("first", "all", "run", "raw") and isinstance(
            at.parent, Await | Return | Array | Function
        )
    return False


_DOTTED = re.compile(r"[\w$]+(?:\.[\w$]+)*")


@lru_cache(maxsize=4096)
def platform_type(annotation: str) -> str | None:
    """The platform type an annotation names, "env" for an environment, else None. Unions with null and generics are
    looked through; a part of an environment is one."""
    name = whole(annotation) if len(annotation) < 400 else None
    if not name or name.endswith("[]"):
        return None
    applied_to, arguments = applied(name)
    if applied_to in ("Pick", "Omit") and len(arguments) == 2:
        return "env" if platform_type(arguments[0]) == "env" else None
    head = re.split(r"[<\[]", name, maxsplit=1)[0].strip()
    if _DOTTED.fullmatch(head) is None:
        return None
    bare = head.rsplit(".", 1)[-1]
    if head == "Context" and ("Bindings" in name or name == "Context"):
        return "hono-context" if "<" in name else None
    found = ANNOTATIONS.get(bare)
    if found is not None:
        return None if found.endswith("?") and bare == head == "Message" and "<" not in name else found.rstrip("?")
    if ENV_ANNOTATION.match(head) and "<" not in name:
        return "env"
    return None
