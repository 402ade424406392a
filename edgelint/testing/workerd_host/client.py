"""Requests from the world to workerd, on the world's own loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import h11

from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.sockets import SocketEnd, socket_pair
from edgelint.testing.workerd_host.capnp import CF
from edgelint.testing.workerd_host.wire import Ended, Traffic, Wire

KEY = "ZWRnZWxpbnQgZWRnZWxpbg=="
"""The nonce of every WebSocket that a test opens: its only use is that an answer belongs to it."""


async def exchange(
    port: int, request: HttpRequest, extra: dict[str, str], carry: Callable[[Wire, SocketEnd], None] | None = None,
    wires: set[Wire] | None = None, traffic: Traffic | None = None,
) -> HttpResponse:  # fmt: skip
    """Send a request to a socket of workerd; ``extra`` are headers of ours. ``carry`` is handed the connection that
    became a WebSocket, and the end whose messages it is to carry. ``wires`` has the connections whose response was not
    read to its end; what goes over them counts in ``traffic``. Raises Ended when there is no response."""
    wires = set() if wires is None else wires
    wire = Wire(*await asyncio.open_connection("127.0.0.1", port), h11.CLIENT, traffic)
    try:
        body = await request.read()
        headers = [(n, v) for n, v in request.headers if n.lower() not in ("content-length", "transfer-encoding")]
        if not any(name.lower() == "host" for name, _ in headers):
            headers.insert(0, ("host", request.url.split("://", 1)[-1].split("/", 1)[0].split("?", 1)[0]))
        if request.is_upgrade:
            present = {name.lower() for name, _ in headers}
            wanted = {"connection": "Upgrade", "sec-websocket-key": KEY, "sec-websocket-version": "13"}
            headers = [(name, value) for name, value in headers if name.lower() != "connection"]
            headers += [(n, v) for n, v in wanted.items() if n == "connection" or n not in present]
        if body or request.method not in ("GET", "HEAD"):
            headers.append(("content-length", str(len(body))))
        if request.cf is not None:
            headers.append((CF, json.dumps(request.cf)))
        headers += extra.items()
        raw = [(name.encode("latin-1"), value.encode("utf-8", "surrogateescape")) for name, value in headers]
        target = request.url.split("#", 1)[0]
        wire.put(h11.Request(method=request.method, target=target.encode(), headers=raw))
        wire.put(h11.Data(data=body), h11.EndOfMessage())
        head = await wire.event()
        while isinstance(head, h11.InformationalResponse) and head.status_code != 101:
            head = await wire.event()
        if isinstance(head, h11.InformationalResponse):
            if carry is None:
                raise Ended("an upgrade that nobody asked for")
            theirs, ours = socket_pair(auto_reply=True)
            carry(wire, ours)
            return HttpResponse(101, _headers(head), reason="Switching Protocols", web_socket=theirs, url=request.url)
        if not isinstance(head, h11.Response):
            raise Ended("no response")
    except BaseException:
        wire.close()
        raise
    wires.add(wire)
    reason, stream = bytes(head.reason).decode("latin-1"), _body(wire, wires)
    return HttpResponse(head.status_code, _headers(head), reason=reason, stream=stream, url=request.url)


def _headers(head: h11.Response | h11.InformationalResponse) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("utf-8", "surrogateescape")) for name, value in head.headers]


async def _body(wire: Wire, wires: set[Wire]) -> AsyncIterator[bytes]:
    try:
        async for part in wire.body():
            yield part
    finally:
        wires.discard(wire)
        wire.close()
