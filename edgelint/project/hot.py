"""Which files may hold a fact about the platform, told from their bytes alone."""

from __future__ import annotations

import re

# What a source file must mention somewhere to hold a fact about the platform. A file that a worker's entry reaches is
# read anyway. One pattern of all of these takes ten times as long: it has no text to look for.
_WORDS = (
    b"ExecutionContext", b"Bindings", b"Cloudflare", b"cloudflare:", b"KVNamespace", b"R2Bucket", b"DurableObject",
    b"waitUntil", b".prepare(", b"expirationTtl", b"ExportedHandler", b"onRequest", b"from workers import",
    b"import workers", b"pyodide", b"WorkerEntrypoint", b"new Request(",
)
_PATTERNS = (
    # A text that the pattern cannot match without, and the pattern: it begins with the text, and looks back for the
    # start of the word, so that it is searched for as the text is.
    (b"env", re.compile(rb"env\b(?<!\wenv)")),
    (b"Env", re.compile(rb"Env\b(?<!\wEnv)")),
    (b"D1Database", re.compile(rb"D1Database(?<!\wD1Database)")),
    (b"caches", re.compile(rb"caches\b(?<!\wcaches)")),
    (b"KV", re.compile(rb"KV\b(?<!\wKV)")),
    (b"addEventListener(", re.compile(rb"addEventListener\(\s*['\"]fetch")),
    (b"default", re.compile(
        rb"export\s+default\s*\{[^;]{0,400}?\b(?:fetch|scheduled|queue|email|tail)\s*[(:,}]"
    )),
)  # fmt: skip


# What Python at the edge cannot do without: the modules of the runtime, the handlers, the classes, a member of env. Who
# writes a comment for edgelint into a file wants it checked.
_PYTHON = re.compile(
    rb"\b(?:from|import)\s+(?:workers|js|pyodide)\b|WorkerEntrypoint|DurableObject"
    rb"|\bon_(?:fetch|scheduled|queue|email|tail|alarm)\b|\benv\.|\.prepare\(|\bedgelint:"
)


def is_edge_python(data: bytes) -> bool:
    """Whether a Python file can be one that runs at the edge, or belong to it. Scripts beside a Worker are none of it:
    libcst takes a quarter of a second to load for them."""
    return _PYTHON.search(data) is not None


def is_hot(data: bytes) -> bool:
    """Whether a file mentions anything the platform gives, or is not text: that must be said, not passed over."""
    for text, pattern in _PATTERNS:
        if text in data and pattern.search(data) is not None:
            return True
    return any(word in data for word in _WORDS) or not is_text(data)


def is_text(data: bytes) -> bool:
    """Whether a file is text, as source must be."""
    if b"\0" in data:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


_MINIFIED_LINE = 2_000  # bytes of a line on average: people's files have under 100, with data in them a few hundred
_MINIFIED_SIZE = 50_000


def is_minified(data: bytes) -> bool:
    """Whether a large file was written by a bundler for machines: what it holds is somebody else's, or is in the
    project in another form."""
    return len(data) > _MINIFIED_SIZE and len(data) > _MINIFIED_LINE * (data.count(b"\n") + 1)
