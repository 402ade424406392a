"""The configuration of one workerd: the workers of a world, their bindings, and what stands around them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgelint.testing.bindings.durable_objects import backends, unique_key
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host import capnp, protocols
from edgelint.testing.workerd_host.capnp import CF, array, struct, text
from edgelint.testing.workerd_host.protocols import objects
from edgelint.testing.workerd_host.server import PROXIED, TO, TOKEN

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.workerd_host.build import Bundle
    from edgelint.testing.world import Worker

HARNESS: Final = "edgelint harness"
_INTERNET: Final = "internet"
"""A service that the runtime makes by itself where a config has none; that one reads every certificate of the system,
a fifth of the time that a start takes."""
_JS: Final = Path(__file__).with_name("js")
_LAYER: Final = ("codec", "prelude", "rpc", "control", "objects", "workflows")
"""Modules of ours that stand beside the app's."""
_NODE: Final = {"node:timers": "node_timers", "node:timers/promises": "node_timers_promises"}
"""Modules of ours in place of the runtime's own, where the app may import those."""
_ENTRY: Final = "edgelint/entry.js"
_SOCKETS: Final = "cloudflare:sockets"
"""A module of ours in place of the runtime's own, which it reaches through the extension "sockets"."""
_PUBLIC: Final = frozenset(("sockets",))
"""Extensions that modules of workers import."""
_OVERRIDES: Final = {"cloudflare_email": "cloudflare-internal:email"}
"""Modules that the runtime leaves to whoever embeds it: ours -> their names."""


@dataclass
class Layout:
    """What a process is started with: ``config`` is workerd's, ``files`` what it embeds, by their names in the folder;
    ``sockets`` are the names of its sockets: one for each worker, and HARNESS."""

    config: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    sockets: list[str] = field(default_factory=list)


@cache
def layer(name: str) -> bytes:
    """A JavaScript module of ours."""
    return (_JS / f"{name}.js").read_bytes()


def layout(workers: list[tuple[Worker, Bundle]], port: int, token: str) -> Layout:
    """The configuration for workers with their bundles. ``port`` and ``token`` are the loopback server's. Raises
    EdgeUsageError for what cannot be wired."""
    return _Writer(workers, address(port), token).write()


def address(port: int) -> str:
    """Where the loopback server is."""
    return f"127.0.0.1:{port}"


def object_classes(worker: Worker) -> list[str]:
    """The classes of a worker's Durable Objects: those of its migrations, and those it binds itself."""
    own = [
        declared.text("class_name") or declared.name
        for declared in worker.config.bindings
        if declared.kind == "durable-object" and declared.text("script_name") in (None, worker.name)
    ]
    return list(dict.fromkeys((*backends(worker.config), *own)))


class _Writer:
    def __init__(self, workers: list[tuple[Worker, Bundle]], address: str, token: str) -> None:
        self._workers = workers
        self._names = {worker.name for worker, _ in workers}
        self._address = address
        self._token = token
        self._made = Layout()
        self._services: list[str] = []
        self._extensions: dict[str, None] = dict.fromkeys((*_OVERRIDES, *sorted(_PUBLIC)))

    def write(self) -> Layout:
        for number, (worker, bundle) in enumerate(self._workers):
            self._worker(number, worker, bundle)
        self._harness()
        self._services.append(struct(name=text("objects"), disk="(writable = true)"))
        if _INTERNET not in self._names:
            self._services.append(struct(name=text(_INTERNET), network="(allow = [])"))
        sockets = [
            struct(
                name=text(name),
                address=text("127.0.0.1:0"),
                http=struct(style="proxy", cfBlobHeader=text(CF)),
                service=text(name) if name == HARNESS else struct(name=text(name), entrypoint=text("EdgelintControl")),
            )
            for name in self._made.sockets
        ]
        modules = [
            struct(
                name=text(_OVERRIDES.get(name, f"edgelint:{name}")), internal=None if name in _PUBLIC else "true",
                esModule=self._file(f"extensions/{name}.js", layer(name)),
            )
            for name in self._extensions
        ]  # fmt: skip
        extensions = f"extensions = [(modules = {array(modules)})],\n  "
        self._made.config = (
            'using Workerd = import "/workerd/workerd.capnp";\n'
            "const config :Workerd.Config = (\n"
            "  structuredLogging = true,\n"
            f"  {extensions}services = {array(self._services)},\n"
            f"  sockets = {array(sockets)},\n"
            ");\n"
        )
        return self._made

    def _worker(self, number: int, worker: Worker, bundle: Bundle) -> None:
        config = worker.config
        self._made.sockets.append(worker.name)
        folder = f"w{number}"
        classes = object_classes(worker)
        for name in classes:
            if name not in bundle.exports:
                raise EdgeUsageError(
                    f"{config.path}: {config.main} does not export the class '{name}' of Durable Objects, which the "
                    "config names"
                )
        modules = [(_ENTRY, "esModule", entry(bundle, classes).encode())]
        modules += [(f"edgelint/{name}.js", "esModule", layer(name)) for name in _LAYER]
        modules.append((_SOCKETS, "esModule", layer("cloudflare_sockets")))
        if not {"nodejs_compat", "nodejs_compat_v2"}.isdisjoint(bundle.flags):
            modules += [(name, "esModule", layer(file)) for name, file in _NODE.items()]
        modules += [(module.name, module.kind, module.content) for module in bundle.modules]
        written = []
        for index, (name, kind, content) in enumerate(modules):
            file = self._file(f"{folder}/{index}", content)
            written.append(struct(name=text(name), **{kind: file}))
        outbound, cached = f"out:{worker.name}", f"cache:{worker.name}"
        self._external(outbound, style="proxy")
        self._external(cached, style="proxy")
        sqlite = backends(config)
        namespaces = [
            struct(
                className=text(name), uniqueKey=text(unique_key(worker.name, name)),
                enableSql="true" if sqlite.get(name) == "sqlite" else None,
            )
            for name in classes
        ]  # fmt: skip
        fields = {
            "compatibilityDate": text(bundle.date),
            "compatibilityFlags": array([text(flag) for flag in bundle.flags]),
            "modules": array(written),
            "bindings": array(list(self._bindings(worker))),
            "globalOutbound": text(outbound),
            "cacheApiOutbound": text(cached),
        }
        if namespaces:
            fields["durableObjectNamespaces"] = array(namespaces)
            fields["durableObjectStorage"] = '(localDisk = "objects")'
        self._services.append(struct(name=text(worker.name), worker=struct(**fields)))

    def _bindings(self, worker: Worker) -> Iterator[str]:
        declared = {each.name: each for each in worker.config.bindings}
        for name, value in worker.vars.items():
            if name not in declared:
                yield capnp.variable(name, value)
        for each in declared.values():
            yield f"(name = {text(each.name)}, {self._binding(worker, each)})"

    def _binding(self, worker: Worker, declared: Declared) -> str:
        if declared.kind == "durable-object":
            owner = declared.text("script_name") or worker.name
            if owner in self._names:
                return self._namespace(worker, declared, owner)
            if owner not in worker.world.workers:
                return self._refused(
                    f"{declared.name}: its class is in the worker '{owner}', which is not in this repository"
                )
            self._made.files.setdefault(objects.FILE, layer("ids"))
        service = f"b:{worker.name}/{declared.name}"
        module = protocols.of_kind(declared.kind)
        self._external(service)
        if module is None:
            return self._refused(worker.unsupported(declared.name) or declared.name)
        among = getattr(module, "wiring_among", None)
        wiring = module.wiring(declared, service) if among is None else among(declared, service, self._names)
        self._extensions.update(dict.fromkeys(wiring.extensions))
        self._services += wiring.services
        return wiring.value

    def _refused(self, why: str) -> str:
        """A binding that is not to be had: whatever is asked of it fails, and says why."""
        self._extensions["unsupported"] = None
        inner = struct(name=text("why"), text=text(why))
        return f'wrapped = (moduleName = "edgelint:unsupported", innerBindings = [{inner}])'

    def _namespace(self, worker: Worker, declared: Declared, owner: str) -> str:
        class_name = text(declared.text("class_name") or declared.name)
        native = class_name if owner == worker.name else struct(className=class_name, serviceName=text(owner))
        gate = f"gate:{worker.name}/{declared.name}"
        self._external(gate)
        self._extensions.update(dict.fromkeys(("place", "holding", "namespace")))
        inner = [f'(name = "namespace", durableObjectNamespace = {native})', f'(name = "gate", service = {text(gate)})']
        return f'wrapped = (moduleName = "edgelint:namespace", innerBindings = {array(inner)})'

    def _harness(self) -> None:
        self._made.sockets.append(HARNESS)
        bindings = [
            struct(
                name=text(f"{worker.name}/{name}"),
                durableObjectNamespace=struct(className=text(name), serviceName=text(worker.name)),
            )
            for worker, _ in self._workers
            for name in object_classes(worker)
        ]
        modules = [
            struct(name=text(f"edgelint/{name}.js"), esModule=self._file(f"harness/{name}.js", layer(name)))
            for name in ("harness", "codec")
        ]
        self._services.append(
            struct(
                name=text(HARNESS),
                worker=struct(
                    compatibilityDate=text("2026-01-01"),
                    compatibilityFlags=array([text("experimental"), text("unsafe_module")]),
                    modules=array(modules),
                    bindings=array(bindings),
                ),
            )
        )

    def _external(self, name: str, style: str = "host") -> None:
        headers = {TO: name, TOKEN: self._token}
        if style == "proxy":
            headers["host"] = PROXIED  # workerd sends none there, and HTTP/1.1 wants one
        self._services.append(capnp.external(name, self._address, headers, style))

    def _file(self, name: str, content: bytes) -> str:
        self._made.files[name] = content
        return f"embed {text(name)}"


def entry(bundle: Bundle, classes: list[str]) -> str:
    """The module that workerd starts with: the app's own exports, its Durable Objects held by the world."""
    main = _quoted(f"../{bundle.modules[0].name}")
    lines = [
        'import "./prelude.js";',
        f"import * as app from {main};",
        'import { control } from "./control.js";',
        'import { object } from "./objects.js";',
        f"export * from {main};",
    ]
    if "default" in bundle.exports:
        lines.append("export default app.default;")
    lines += [f"export class {name} extends object(app.{name}, {_quoted(name)}) {{}}" for name in classes]
    names = ", ".join(_quoted(name) for name in bundle.exports)
    lines.append(f"export const EdgelintControl = control(app, [{names}]);")
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    return json.dumps(name)
