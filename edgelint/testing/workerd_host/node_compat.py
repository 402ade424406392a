"""Node's modules and globals in a bundle, as far as the app's compatibility date and flags give them.

In mode v2 wrangler replaces what workerd lacks by polyfills of the packages ``unenv`` and ``@cloudflare/unenv-preset``,
which it depends on. Which ones depends on date, flags and version, and only the packages know: they are asked, in
workerd. See https://developers.cloudflare.com/workers/runtime-apis/nodejs/.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host import packages
from edgelint.testing.workerd_host.bundle_cache import write
from edgelint.testing.workerd_host.compatibility import NodeMode
from edgelint.testing.workerd_host.esbuild import Answer, Asked, Esbuild, Hooks
from edgelint.testing.workerd_host.evaluate import MARK, evaluate
from edgelint.testing.workerd_host.runtime import Runtime

BUILTINS: Final = (
    "_http_agent", "_http_client", "_http_common", "_http_incoming", "_http_outgoing", "_http_server",
    "_stream_duplex", "_stream_passthrough", "_stream_readable", "_stream_transform", "_stream_wrap",
    "_stream_writable", "_tls_common", "_tls_wrap", "assert", "assert/strict", "async_hooks", "buffer",
    "child_process", "cluster", "console", "constants", "crypto", "dgram", "diagnostics_channel", "dns",
    "dns/promises", "domain", "events", "fs", "fs/promises", "http", "http2", "https", "inspector",
    "inspector/promises", "module", "net", "os", "path", "path/posix", "path/win32", "perf_hooks", "process",
    "punycode", "querystring", "readline", "readline/promises", "repl", "stream", "stream/consumers",
    "stream/promises", "stream/web", "string_decoder", "sys", "timers", "timers/promises", "tls", "trace_events",
    "tty", "url", "util", "util/types", "v8", "vm", "wasi", "worker_threads", "zlib",
)  # fmt: skip
"""Node's modules that may be imported without ``node:`` (https://nodejs.org/api/modules.html#built-in-modules)."""
_UNPREFIXED: Final = "|".join(map(re.escape, BUILTINS))
_BUILTIN: Final = f"^(?:{_UNPREFIXED}|node:.+)$"
_REQUIRED: Final = "edgelint-required"
_GLOBAL: Final = "edgelint-global"
_ENTRY: Final = "edgelint-environment"
_ASK: Final = f"""
import * as unenv from "unenv";
import * as preset from "@cloudflare/unenv-preset";
const given = __GIVEN__;
const cloudflare = preset.getCloudflarePreset ? preset.getCloudflarePreset(given) : preset.cloudflare;
// debug: the package's own way to write on Node, not a stub
const {{ env }} = unenv.defineEnv({{ presets: [cloudflare, {{ alias: {{ debug: "debug" }} }}], npmShims: true }});
const {{ alias, inject, external, polyfill }} = env;
export default {{
  test() {{
    console.log("{MARK}" + JSON.stringify({{ alias, inject, external, polyfill }}));
  }},
}};
"""


def is_builtin(name: str) -> bool:
    """Whether an import's name is one of Node's modules."""
    return name.startswith("node:") or name in BUILTINS


@dataclass(frozen=True, slots=True)
class Polyfills:
    """What unenv says. ``alias`` is a module's name to what stands for it (a file, or a name), ``external`` the names
    that workerd has itself, ``inject`` a module's name to the globals that it gives: (global, export); ``polyfill``
    are files to be run first."""

    alias: Mapping[str, str]
    external: frozenset[str]
    inject: Mapping[str, tuple[tuple[str, str], ...]]
    polyfill: tuple[str, ...]


@dataclass(slots=True)
class NodeCompat:
    """Node's part in a build. ``used`` are the modules that were left to workerd and that it may not have, with the
    files that import them; ``warnings`` what to tell the user."""

    mode: NodeMode
    polyfills: Polyfills | None
    service_worker: bool
    used: dict[str, set[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def install(self, hooks: Hooks) -> list[str]:
        """Have it asked by esbuild. Returns further flags for the build."""
        if self.mode == "als":
            hooks.on_resolve("^node:async_hooks$", lambda asked: {"path": asked.path, "external": True})
        if self.mode == "v2":
            hooks.on_resolve(_BUILTIN, self._required)
            hooks.on_load(".*", _required_module, _REQUIRED)
            if self.polyfills is not None:
                return self._polyfilled(hooks, self.polyfills)
            hooks.on_resolve(_BUILTIN, self._left)
            return []
        hooks.on_resolve("^node:", self._left)
        return []

    def amend(self, errors: list[dict[str, Any]]) -> None:
        """Say at an import of Node's that is not found what makes it found."""
        for error in errors:
            found = re.fullmatch(r'Could not resolve "(.+)"', error["text"])
            if found is None or not is_builtin(found[1]):
                continue
            text = f'"{found[1]}" is a module of Node, and no package of that name is installed.'
            if self.mode == "v1":
                text += f' Write "node:{found[1]}", or set compatibility_date to 2024-09-23 or later.'
            elif self.mode != "v2":
                text += ' Add "nodejs_compat" to compatibility_flags.'
            error["notes"] = [{"text": text, "location": None}]

    def _required(self, asked: Asked) -> Answer:
        """``require("fs")`` has to become an import: there is no require in an ES module."""
        if asked.kind != "require-call" or self.service_worker:
            return None
        return {"path": asked.path, "namespace": _REQUIRED}

    def _left(self, asked: Asked) -> Answer:
        self.used.setdefault(asked.path, set()).add(asked.importer)
        return {"path": asked.path, "external": True}

    def _polyfilled(self, hooks: Hooks, given: Polyfills) -> list[str]:
        def resolve(asked: Asked) -> Answer:
            target = given.alias[asked.path]
            if asked.kind == "require-call" and re.search(r"[\\/]unenv[\\/].*[\\/](?:npm|mock)[\\/]", target):
                return {"path": asked.path, "namespace": f"{_REQUIRED}-package"}
            return {"path": target, "external": target in given.external}

        names = "|".join(re.escape(name) for name in sorted(given.alias))
        hooks.on_resolve(f"^(?:{names})$", resolve)
        hooks.on_load(".*", lambda asked: _required_package(given.alias[asked.path]), f"{_REQUIRED}-package")
        hooks.on_resolve("^node:", self._left)
        modules = {f"{_GLOBAL}-{re.sub('[^a-z0-9]+', '-', name)}": name for name in given.inject}

        def injected(asked: Asked) -> Answer:
            name = modules[re.split(r"[\\/]", asked.path)[-1]]
            lines = [
                f"import {{ {export} as v{at} }} from {json.dumps(given.alias.get(name, name))};\n"
                f"globalThis.{of_global} = v{at};"
                for at, (of_global, export) in enumerate(given.inject[name])
            ]
            return {"contents": "\n".join(lines).encode(), "loader": "js", "resolveDir": str(Path.cwd())}

        hooks.on_resolve(f"{_GLOBAL}-[a-z0-9-]+$", lambda asked: {"path": asked.path, "namespace": _GLOBAL})
        hooks.on_load(".*", injected, _GLOBAL)
        return [f"--inject:{name}" for name in modules] + [f"--inject:{path}" for path in given.polyfill]


def _required_module(asked: Asked) -> Answer:
    name = json.dumps(asked.path)
    return {"contents": f"import builtin from {name};\nmodule.exports = builtin;".encode(), "loader": "js"}


def _required_package(path: str) -> Answer:
    """The exports of an ES module as ``require`` is to give them: on its default."""
    text = (
        f"import * as all from {json.dumps(path)};\n"
        'module.exports = "default" in all ? all.default : {};\n'
        "for (const [name, value] of Object.entries(all)) {\n"
        '  if (name !== "default") Object.defineProperty(module.exports, name, { value, enumerable: true });\n'
        "}"
    )
    return {"contents": text.encode(), "loader": "js", "resolveDir": str(Path(path).parent)}


def polyfills(
    esbuild: Esbuild, runtime: Runtime, date: str, flags: Sequence[str], cache: Path | None
) -> Polyfills | None:
    """What the project's own unenv says for a date and flags, None when it has none. Raises EdgeUsageError when the
    packages cannot be asked."""
    found = _packages(runtime)
    if found is None:
        return None
    owner, unenv, preset = found
    asked = [
        runtime.workerd.version, packages.version(unenv), packages.version(preset), str(unenv), str(preset), date,
        *flags,
    ]  # fmt: skip
    kept = None if cache is None else cache / f"node-{hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]}.json"
    answer = None
    if kept is not None and kept.is_file():
        try:
            answer = json.loads(kept.read_bytes())
        except ValueError:
            answer = None
    if answer is None:
        answer = _ask(esbuild, runtime, owner, date, flags)
        if kept is not None:
            write(kept, json.dumps(answer).encode())
    return _polyfills(answer, lambda name: _file(name, owner))


def key(runtime: Runtime, mode: NodeMode) -> list[str]:
    """What the polyfills depend on beside date and flags."""
    found = _packages(runtime) if mode == "v2" else None
    return [str(mode)] if found is None else [f"{path} {packages.version(path)}" for path in found]


def _packages(runtime: Runtime) -> tuple[Path, Path, Path] | None:
    """The package that depends on unenv (or the project), unenv, and Cloudflare's preset."""
    for name in ("wrangler", "@cloudflare/vite-plugin", None):
        owner = runtime.root if name is None else packages.resolve(name, runtime.root)
        if owner is None:
            continue
        unenv, preset = packages.resolve("unenv", owner), packages.resolve("@cloudflare/unenv-preset", owner)
        if unenv is not None and preset is not None:
            return owner, unenv, preset
    return None


def _ask(esbuild: Esbuild, runtime: Runtime, owner: Path, date: str, flags: Sequence[str]) -> Any:
    given = json.dumps({"compatibilityDate": date, "compatibilityFlags": list(flags)})
    hooks = Hooks()
    hooks.on_resolve(f"^{_ENTRY}$", lambda asked: {"path": _ENTRY, "namespace": _ENTRY})
    hooks.on_load(
        ".*", lambda asked: {"contents": _ASK.encode(), "loader": "js", "resolveDir": str(owner)}, _ENTRY
    )  # fmt: skip
    built = esbuild.build(
        Path(_ENTRY), owner,
        [
            "--bundle", "--format=esm", "--platform=node", f"--outdir={owner}", f"--define:__GIVEN__={given}",
            '--define:import.meta.url="file:///main.js"',
        ],
        hooks,
    )  # fmt: skip
    last = packages_date(runtime)
    return evaluate(runtime.workerd, built.outputs[0].content, last, ("nodejs_compat",) if last < _DEFAULT else ())


_DEFAULT: Final = "2026-08-04"  # the date that brings nodejs_compat


def packages_date(runtime: Runtime) -> str:
    """A date with which a workerd has the modules of Node that unenv uses itself: that of its build."""
    from edgelint.platform.workerd import built

    return built(runtime.workerd.version) or "2025-11-01"


def _polyfills(answer: Any, resolve: Callable[[str], str | None]) -> Polyfills:
    alias = {}
    for name, target in answer["alias"].items():
        found = target if is_builtin(target) or target.startswith("cloudflare:") else resolve(target)
        if found is not None:  # it stands for a package that is not installed
            alias[name] = found
    inject: dict[str, list[tuple[str, str]]] = {}
    for name, source in answer["inject"].items():
        module, export = source if isinstance(source, list) else (source, "default")
        alias.setdefault(module, resolve(module) or module)
        inject.setdefault(module, []).append((name, export))
    return Polyfills(
        alias, frozenset(answer["external"]), {module: tuple(names) for module, names in inject.items()},
        tuple(path for each in answer["polyfill"] if (path := resolve(each)) is not None),
    )  # fmt: skip


def _file(name: str, owner: Path) -> str | None:
    """The file of a package's module, as ``require.resolve`` of Node finds it; enough of it for these packages."""
    parts = name.split("/")
    count = 2 if name.startswith("@") else 1
    package = packages.resolve("/".join(parts[:count]), owner)
    if package is None:
        return None
    inside = "/".join(parts[count:])
    manifest = packages.manifest(package)
    exported = manifest.get("exports")
    target: Any = None
    if isinstance(exported, dict):
        wanted = f"./{inside}" if inside else "."
        target = exported.get(wanted)
        for pattern, found in exported.items():
            before, star, after = pattern.partition("*")
            fits = wanted.startswith(before) and wanted.endswith(after) and len(wanted) >= len(pattern)
            if target is None and star and fits:
                middle = wanted[len(before) : len(wanted) - len(after)]
                target = json.loads(json.dumps(found).replace("*", middle))
        while isinstance(target, dict):
            target = next((target[key] for key in ("node", "require", "import", "default") if key in target), None)
    elif inside:
        target = inside
    else:
        target = manifest.get("main") or "index.js"
    for suffix in ("", ".js", "/index.js"):
        path = package / f"{target}{suffix}"
        if target and path.is_file():
            return str(path)
    return None


def missing(runtime: Runtime, names: Sequence[str], date: str, flags: tuple[str, ...]) -> list[str]:
    """Which of these modules a workerd does not have. Raises EdgeUsageError when it cannot be asked."""
    texts = [json.dumps(name) for name in names]
    lines = [f"try {{ await import({text}); }} catch {{ absent.push({text}); }}" for text in texts]
    script = (
        "const absent = [];\nexport default { async test() {\n" + "\n".join(lines)
        + f'\nconsole.log("{MARK}" + JSON.stringify(absent)); }} }};\n'
    )  # fmt: skip
    found: list[str] = evaluate(runtime.workerd, script.encode(), date, flags)
    return found


def warnings_of(compat: NodeCompat, runtime: Runtime, date: str, flags: tuple[str, ...], root: Path) -> list[str]:
    """What to tell of modules of Node that were left to workerd and that it does not have."""
    if not compat.used:
        return []
    try:
        absent = missing(runtime, sorted(compat.used), date, flags)
    except EdgeUsageError:
        return []  # what is wrong is told when the app starts
    found = []
    for name in absent:
        files = ", ".join(sorted(_told(path, root) for path in compat.used[name]))
        if compat.mode == "v2":
            hint = "no polyfill is installed: wrangler brings unenv, which has it"
        else:
            hint = 'add "nodejs_compat" to compatibility_flags'
        found.append(f"workerd has no module '{name}' with compatibility_date {date}: {hint} (imported by {files})")
    return found


def _told(path: str, root: Path) -> str:
    try:
        return Path(path).relative_to(root).as_posix()
    except ValueError:
        return path or "the bundle"
