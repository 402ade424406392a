"""The global names of the Web platform, as plain values: classes, functions and objects, by their names."""

from __future__ import annotations

from typing import Any, Final

from edgelint.testing.python_host.web.abort import AbortController, AbortSignal
from edgelint.testing.python_host.web.base import WebObject
from edgelint.testing.python_host.web.base64 import atob, btoa
from edgelint.testing.python_host.web.blobs import Blob, File
from edgelint.testing.python_host.web.console import Console
from edgelint.testing.python_host.web.crypto.keys import CryptoKey
from edgelint.testing.python_host.web.crypto.subtle import Crypto, SubtleCrypto
from edgelint.testing.python_host.web.encoding import TextDecoder, TextEncoder
from edgelint.testing.python_host.web.event_source import EventSource
from edgelint.testing.python_host.web.events import (
    CloseEvent,
    CustomEvent,
    ErrorEvent,
    Event,
    EventTarget,
    MessageEvent,
)  # fmt: skip
from edgelint.testing.python_host.web.fetching import fetch
from edgelint.testing.python_host.web.forms import FormData
from edgelint.testing.python_host.web.headers import Headers
from edgelint.testing.python_host.web.html.content import Comment, Doctype, DocumentEnd, Element, EndTag, Text
from edgelint.testing.python_host.web.html.rewriter import HTMLRewriter
from edgelint.testing.python_host.web.readable import (
    ReadableStream,
    ReadableStreamBYOBReader,
    ReadableStreamDefaultReader,
)  # fmt: skip
from edgelint.testing.python_host.web.readable_controllers import (
    ReadableByteStreamController,
    ReadableStreamBYOBRequest,
    ReadableStreamDefaultController,
)  # fmt: skip
from edgelint.testing.python_host.web.request import Request
from edgelint.testing.python_host.web.response import Response
from edgelint.testing.python_host.web.strategies import ByteLengthQueuingStrategy, CountQueuingStrategy
from edgelint.testing.python_host.web.timers import (
    Navigator,
    Performance,
    Scheduler,
    Timers,
    queueMicrotask,
    reportError,
)
from edgelint.testing.python_host.web.transform import (
    CompressionStream,
    DecompressionStream,
    FixedLengthStream,
    IdentityTransformStream,
    TextDecoderStream,
    TextEncoderStream,
    TransformStream,
    TransformStreamDefaultController,
)  # fmt: skip
from edgelint.testing.python_host.web.urls import URL, URLSearchParams
from edgelint.testing.python_host.web.web_socket import WebSocket, WebSocketPair
from edgelint.testing.python_host.web.writable import (
    WritableStream,
    WritableStreamDefaultController,
    WritableStreamDefaultWriter,
)  # fmt: skip

CLASSES: Final[tuple[type[WebObject], ...]] = (
    AbortController, AbortSignal, Blob, ByteLengthQueuingStrategy, CloseEvent, CompressionStream, CountQueuingStrategy,
    Crypto, CryptoKey, CustomEvent, DecompressionStream, ErrorEvent, Event, EventSource, EventTarget, File,
    FixedLengthStream, FormData, HTMLRewriter, Headers, IdentityTransformStream, MessageEvent, Navigator, Performance,
    ReadableByteStreamController, ReadableStream, ReadableStreamBYOBReader, ReadableStreamBYOBRequest,
    ReadableStreamDefaultController, ReadableStreamDefaultReader, Request, Response, Scheduler, SubtleCrypto,
    TextDecoder, TextDecoderStream, TextEncoder, TextEncoderStream, TransformStream, TransformStreamDefaultController,
    URL, URLSearchParams, WebSocket, WebSocketPair, WritableStream, WritableStreamDefaultController,
    WritableStreamDefaultWriter,
)  # fmt: skip
"""Classes that are global names."""
HIDDEN: Final[tuple[type[WebObject], ...]] = (Comment, Console, Doctype, DocumentEnd, Element, EndTag, Text)
"""Classes that apps only meet instances of."""


def web_scope(timers: Timers) -> dict[str, Any]:
    """The names and what they are, new objects for one isolate. ``timers`` is the isolate's (the host closes it)."""
    scope: dict[str, Any] = {each._js_class_name(): each for each in CLASSES}
    scope.update(
        atob=atob, btoa=btoa, fetch=fetch, queueMicrotask=queueMicrotask, reportError=reportError,
        setTimeout=timers.setTimeout,
        setInterval=timers.setInterval, clearTimeout=timers.clearTimeout, clearInterval=timers.clearInterval,
        console=Console(), crypto=Crypto(), navigator=Navigator(), performance=Performance(), scheduler=Scheduler(),
        origin="null",
    )  # fmt: skip
    return scope
