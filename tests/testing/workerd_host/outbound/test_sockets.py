"""``connect()`` of the app: refused by its address, or bytes to a socket of the test and back."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from edgelint.testing.edge import Edge
from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpRequest
from edgelint.testing.workerd_host.protocols import outbound
from edgelint.testing.workerd_host.tunnels import Connected
from edgelint.testing.world import World
from tests.testing.workerd_host.conftest import MakeApp

APP = """
import { connect } from "cloudflare:sockets";
import * as sockets from "cloudflare:sockets";
const text = (bytes) => new TextDecoder().decode(bytes);
const WAYS = {
  async line({ address, options, say, wait, startTls }) {
    let socket = connect(address, options);
    if (startTls) socket = socket.startTls();
    const { remoteAddress } = await socket.opened;
    const writer = socket.writable.getWriter();
    await writer.write(new TextEncoder().encode(say));
    const reader = socket.readable.getReader();
    let late = false;
    if (wait) setTimeout(() => { late = true; }, wait);
    const { value } = await reader.read();
    await socket.close();
    return { remoteAddress, said: text(value), late };
  },
  async whole({ address, size }) {
    const socket = connect(address, { allowHalfOpen: true });
    const body = new Uint8Array(size).map((_, at) => at % 251);
    const writer = socket.writable.getWriter();
    writer.write(body).then(() => writer.close());
    const back = new Uint8Array(await new Response(socket.readable).arrayBuffer());
    return { same: back.length === size && back.every((byte, at) => byte === body[at]) };
  },
  async ends({ address }) {
    const socket = connect(address);
    const said = [];
    for await (const part of socket.readable) said.push(text(part));
    await socket.closed;
    return { said: said.join("") };
  },
  async names() {
    return Object.keys(sockets);
  },
};
export default {
  async fetch(request) {
    const { way, ...given } = await request.json();
    try {
      return Response.json(await WAYS[way](given));
    } catch (error) {
      return Response.json({ error: `${error.name}: ${error.message}` });
    }
  },
};
"""
NODE = """
import net from "node:net";
import tls from "node:tls";
export default {
  async fetch(request) {
    const { secure } = await request.json();
    const [host, port] = ["db.test", 5432];
    return Response.json(await new Promise((resolve) => {
      const socket = secure ? tls.connect({ host, port }) : net.connect({ host, port });
      socket.on("error", (error) => resolve({ error: error.message }));
      socket.on("data", (data) => { resolve({ said: data.toString() }); socket.end(); });
      socket.write("node");
    }));
  },
};
"""
REFUSED = {"error": "Error: proxy request failed, cannot connect to the specified address"}


class Handler(socketserver.BaseRequestHandler):
    """Answers as its server is told to."""

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Peer)
        if server.greeting:
            self.request.sendall(server.greeting)
            return
        while data := self.request.recv(65536):
            server.heard.append(data)
            time.sleep(server.seconds)
            self.request.sendall(data if server.is_plain else b"echo " + data)
        server.ended += 1


class Peer(socketserver.ThreadingTCPServer):
    """A server of the test on a thread of its own."""

    daemon_threads = True
    greeting = b""
    seconds = 0.0
    is_plain = False
    ended = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.heard: list[bytes] = []
        self.port: int = self.server_address[1]


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def edge(js_app: MakeApp) -> Edge:
    return js_app(APP)


def asked(edge: Edge, way: str, **given: Any) -> Any:
    return edge.client.post("/", json={"way": way, **given}).json()


def test_a_socket_that_nobody_allows_is_refused_by_its_address(edge: Edge) -> None:
    assert asked(edge, "line", address="db.test:5432", say="hello") == REFUSED
    assert edge.problems() == ["connect() that the test does not allow: db.test:5432"]
    assert edge.logs == [
        ("warn", (
            "Error: edgelint blocks connect() to db.test:5432; let it through with "
            "edge_outbound.allow_connect('db.test:5432', to=('127.0.0.1', port))"
        )),
    ]  # fmt: skip
    [operation] = [each for each in edge.timeline.operations if each.kind == "outbound"]
    assert (operation.name, operation.key, operation.outcome) == ("outbound.connect", "db.test:5432", "error")
    edge.outbound.reset()
    assert edge.problems() == []


def test_bytes_go_to_a_socket_of_the_test_and_back(edge: Edge, peer: Peer) -> None:
    edge.outbound.allow_connect("db.test:5432", to=("127.0.0.1", peer.port))
    for number in range(2):
        said = asked(edge, "line", address="DB.test:5432", say=f"hello {number}")
        assert said == {"remoteAddress": "DB.test:5432", "said": f"echo hello {number}", "late": False}
    assert peer.heard == [b"hello 0", b"hello 1"]
    assert edge.problems() == []
    assert edge.meter.count("outbound", "connect") == 2


def test_much_goes_both_ways_and_each_side_ends(edge: Edge, peer: Peer) -> None:
    peer.is_plain = True
    edge.outbound.allow_connect("db.test:5432", to=("127.0.0.1", peer.port))
    assert asked(edge, "whole", address="db.test:5432", size=3_000_000) == {"same": True}


def test_a_server_that_speaks_first_and_goes(edge: Edge, peer: Peer) -> None:
    peer.greeting = b"220 hello\r\n"
    edge.outbound.allow_connect("mail.test:25", to=("127.0.0.1", peer.port))
    assert asked(edge, "ends", address="mail.test:25") == {"said": "220 hello\r\n"}


def test_the_clock_waits_for_the_other_side(edge: Edge, peer: Peer) -> None:
    """Its answer takes real time, in which a timer of the app does not run out."""
    peer.seconds = 0.2
    edge.outbound.allow_connect("db.test:5432", to=("127.0.0.1", peer.port))
    said = asked(edge, "line", address="db.test:5432", say="a", wait=1000)
    assert (said["said"], said["late"]) == ("echo a", False)


def test_allow_lets_every_socket_out(js_app: MakeApp, peer: Peer) -> None:
    edge = js_app(APP, outbound="allow")
    assert asked(edge, "line", address=f"127.0.0.1:{peer.port}", say="a")["said"] == "echo a"
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        assert asked(edge, "line", address=f"127.0.0.1:{port}", say="a") == REFUSED
    [(level, text)] = edge.logs
    assert level == "warn"
    assert text.startswith(f"Error: connect() to 127.0.0.1:{port}: nobody is at 127.0.0.1:{port}: ")
    assert edge.problems() == []


def test_the_database_of_a_hyperdrive_is_allowed(js_app: MakeApp, peer: Peer) -> None:
    app = """
    import { connect } from "cloudflare:sockets";
    export default { async fetch(request, env) {
      const socket = connect({ hostname: env.PG.host, port: env.PG.port });
      await socket.writable.getWriter().write(new TextEncoder().encode("select"));
      const { value } = await socket.readable.getReader().read();
      return new Response(value);
    } };
    """
    edge = js_app(app, {"hyperdrive": [{"binding": "PG", "id": "a"}]})
    edge.env.PG.use(f"postgres://me:secret@127.0.0.1:{peer.port}/shop")
    assert edge.get("/").text == "echo select"
    assert edge.problems() == []


def test_a_fault_refuses_a_socket(edge: Edge, peer: Peer) -> None:
    edge.outbound.allow_connect("db.test:5432", to=("127.0.0.1", peer.port), is_optional=True)
    edge.faults.on("outbound.connect", times=1).fail("lost")
    assert asked(edge, "line", address="db.test:5432", say="a") == REFUSED
    assert asked(edge, "line", address="db.test:5432", say="a")["said"] == "echo a"


@pytest.mark.parametrize(("given", "seen"), [
    ({"options": {"secureTransport": "on"}}, REFUSED),
    ({"options": {"secureTransport": "starttls"}, "startTls": True},
     {"error": "Error: startTls() is not supported on this connection."}),
])  # fmt: skip
def test_tls_is_refused_by_its_address(edge: Edge, peer: Peer, given: dict[str, Any], seen: dict[str, str]) -> None:
    edge.outbound.allow_connect("db.test:5432", to=("127.0.0.1", peer.port), is_optional=True)
    for address in ("db.test:5432", {"hostname": "db.test", "port": 5432}):
        assert asked(edge, "line", address=address, say="a", **given) == seen
    found = [each for each in edge.problems() if not each.startswith("uncaught: ")]
    told = (
        "connect(): EdgeUsageError: TLS to db.test:5432 is not supported here: connect without it in the test "
        "(secureTransport 'off', a variable of the app), to a server that speaks plain TCP"
    )
    assert found == [told, told]
    assert edge.logs == []
    edge.world.failures.clear()


def test_the_sockets_of_node(js_app: MakeApp, peer: Peer) -> None:
    edge = js_app(NODE, {"compatibility_flags": ["nodejs_compat"]})
    edge.outbound.allow_connect("db.test:5432", to=("127.0.0.1", peer.port))
    assert edge.client.post("/", json={}).json() == {"said": "echo node"}
    assert "error" in edge.client.post("/", json={"secure": True}).json()
    assert edge.problems()[0].startswith("connect(): EdgeUsageError: TLS to a socket is not supported here")
    edge.world.failures.clear()


def test_a_socket_that_is_still_open_ends_with_the_test(js_app: MakeApp, peer: Peer) -> None:
    app = """
    import { connect } from "cloudflare:sockets";
    import { DurableObject } from "cloudflare:workers";
    export class Line extends DurableObject {
      async fetch() {
        this.socket = connect("db.test:5432");
        await this.socket.writable.getWriter().write(new TextEncoder().encode("open"));
        const { value } = await this.socket.readable.getReader().read();
        return new Response(value);
      }
    }
    export default { fetch: (request, env) => env.LINE.getByName("a").fetch(request) };
    """
    config = {
        "durable_objects": {"bindings": [{"name": "LINE", "class_name": "Line"}]},
        "migrations": [{"tag": "v1", "new_sqlite_classes": ["Line"]}],
    }
    edge = js_app(app, config)
    edge.outbound.allow_connect("db.test:5432", to=("127.0.0.1", peer.port))
    assert edge.get("/").text == "echo open"
    assert peer.ended == 0
    edge.close()
    until = time.monotonic() + 10
    while not peer.ended and time.monotonic() < until:
        time.sleep(0.01)
    assert peer.ended == 1


def test_the_module_has_the_names_that_it_has(edge: Edge) -> None:
    assert asked(edge, "names") == ["connect", "internalNewHttpClient"]


# Without workerd


def test_what_the_world_answers() -> None:
    world = World()
    ours, theirs = socket.socketpair()
    given: list[str] = []

    async def take(address: str) -> socket.socket:
        given.append(address)
        if address == "no.test:1":
            raise EdgeError("blocked")
        return ours

    world.answer_connect = take
    try:
        refused, taken = (
            world.run(outbound.answer(world, HttpRequest("CONNECT", address)), origin="app")
            for address in ("no.test:1", "db.test:5432")
        )
    finally:
        world.close()
        ours.close()
        theirs.close()
    assert refused.status == 502
    assert isinstance(taken, Connected)
    assert taken.peer is ours
    assert given == ["no.test:1", "db.test:5432"]
    assert world.logs == [("warn", "Error: blocked")]
