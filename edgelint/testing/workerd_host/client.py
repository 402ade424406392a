"""Requests from the world to workerd, on the world's own loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import h11

from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.workerd_host.wire import Ended, Wire

CF = "x-edgelint-cf"
"""The header in which workerd finds ``request.cf``."""


async def exchange(
    port: int, request: HttpRequest, extra: dict[str, str], ended: Callable[[], None] | None = None
) -> HttpResponse:
    """Send a request to a socket of workerd; ``extra`` are headers of ours. ``ended`` is called when all of the
    response has come, or the connection is lost. Raises Ended when there is no response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    wire = Wire(reader, writer, h11.CLIENT)
    try:
        body = await request.read()
        headers = [(n, v) for n, v in request.headers if n.lower() not in ("content-length", "transfer-encoding")]
        if not any(name.lower() == "host" for name, _ in headers):
            headers.insert(0, ("host", request.url.split("://", 1)[-1].split("/", 1)[0].split("?", 1)[0]))
        if body or request.method not in ("GET", "HEAD"):
            headers.append(("content-length", str(len(body))))
        if request.cf is not None:
            headers.append((CF, json.dumps(request.cf)))
        headers += extra.items()
        raw = [(name.encode("latin-1"), value.encode("utf-8", "surrogateescape")) for name, value in headers]
        target = request.url.split("#", 1)[0]
        await wire.send(h11.Request(method=request.method, target=target.encode(), headers=raw))
        await wire.send(h11.Data(data=body), h11.EndOfMessage())
        head = await wire.event()
        while isinstance(head, h11.InformationalResponse):
            head = await wire.event()
        if not isinstance(head, h11.Response):
            raise Ended("no response")
    except BaseException:
        wire.close()
        if ended is not None:
            ended()
        raise
    found = [(name.decode("latin-1"), value.decode("utf-8", "surrogateescape")) for name, value in head.headers]
    return HttpResponse(
        head.status_code, found, reason=bytes(head.reason).decode("latin-1"), stream=_body(wire, ended), url=request.url
    )


async def _body(wire: Wire, ended: Callable[[], None] | None) -> AsyncIterator[bytes]:
    try:
        async for part in wire.body():
            yield part
    finally:
        wire.close()
        if ended is not None:
            ended()


def header_json(response: HttpResponse, name: str) -> dict[str, Any]:
    """A header of ours, taken off."""
    text = response.header(name)
    response.set_header(name, None)
    found: dict[str, Any] = json.loads(text) if text else {}
    return found
