"""An app's config to what workerd is given: what wrangler would upload, made by esbuild without Node.

What wrangler does is in packages/wrangler/src/deployment-bundle of https://github.com/cloudflare/workers-sdk.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edgelint import __version__
from edgelint.platform import compat as platform_compat
from edgelint.project.wrangler import generated_config
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host import bundle_cache, compatibility, custom_build, node_compat
from edgelint.testing.workerd_host.bundle import Bundle, Module
from edgelint.testing.workerd_host.bundle_cache import Kept
from edgelint.testing.workerd_host.esbuild import Answer, Asked, BuildError, Built, Esbuild, Hooks, Lookup
from edgelint.testing.workerd_host.module_rules import Collector, Rules, additional, refuse_script
from edgelint.testing.workerd_host.runtime import needed_esbuild
from edgelint.testing.workerd_host.script import as_modules
from edgelint.testing.workerd_host.source_maps import SourceMap, of_file

if TYPE_CHECKING:
    from edgelint.testing.config import WorkerConfig
    from edgelint.testing.workerd_host.compatibility import Given
    from edgelint.testing.workerd_host.runtime import Program, Runtime

__all__ = ["Bundle", "Module", "build"]

_SITES: Final = "__STATIC_CONTENT_MANIFEST"
"""What Workers Sites gives to an app; an empty one here."""
_LISTENS: Final = "__edgelint_listens__"
"""What takes the place of the global ``addEventListener`` where it is looked for."""
_OUT: Final = ".wrangler/edgelint/out"
"""Where the bundle would be written. Nothing is."""


def build(
    config: WorkerConfig, runtime: Runtime, *, cache: Path | None = None,
    transform: Callable[[Bundle], Bundle] | None = None,
) -> Bundle:  # fmt: skip
    """What wrangler would upload for ``config``. ``cache`` is a folder in which bundles are kept; ``transform`` changes
    the bundle (what it makes is not kept). Raises EdgeUsageError whose text is esbuild's own message."""
    entry = config.main
    if entry is None:
        raise EdgeUsageError(
            f"{config.path}: worker '{config.name}' has no 'main': there is nothing to run{config.made}"
        )
    custom_build.run(config)
    if not entry.is_file():
        hint = "" if config.get("build", "command") else " (if the project's build makes it, run that first)"
        raise EdgeUsageError(f"{config.path}: 'main' is not there: {entry}{hint}{config.made}")
    given = compatibility.given(config.compatibility_date, config.compatibility_flags, runtime.workerd.version)
    plan = _Plan(config, runtime, entry.resolve(), given, needed_esbuild(runtime), cache)
    bundle = plan.bundle()
    _check_classes(config, bundle)
    if bundle.service_worker:
        bundle = as_modules(bundle)
    return bundle if transform is None else transform(bundle)


def _check_classes(config: WorkerConfig, bundle: Bundle) -> None:
    """What the platform refuses at the upload: a class that is bound and not exported."""
    for declared in config.bindings:
        if declared.kind not in ("durable-object", "workflow"):
            continue
        name, owner = declared.text("class_name"), declared.text("script_name")
        if name is None or owner not in (None, config.name) or name in bundle.exports:
            continue
        main = config.get("main")
        what = "Durable Object" if declared.kind == "durable-object" else "Workflow"
        bound = f"{config.path}: '{declared.name}' binds the {what} class {name}"
        if bundle.service_worker:
            raise EdgeUsageError(
                f"{bound}, and {main} has no default export: it is taken for a script (addEventListener), which cannot "
                "have classes"
            )
        known = ", ".join(sorted(set(bundle.exports) - {"default"})) or "none"
        raise EdgeUsageError(f"{bound}, which {main} does not export (it exports: {known})")


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one app is built."""

    config: WorkerConfig
    runtime: Runtime
    entry: Path
    given: Given
    esbuild: Program
    cache: Path | None

    @property
    def root(self) -> Path:
        return self.config.root.resolve()

    @property
    def project(self) -> Path:
        """The folder to which places are told: a config that a tool wrote names the user's own."""
        written = self._text("userConfigPath")
        return self.root if written is None else (self.root / written).parent

    @property
    def mode(self) -> compatibility.NodeMode:
        return compatibility.node_mode(self.given.date, self.config.compatibility_flags)

    def bundle(self) -> Bundle:
        key = self._key()
        kept = None if self.cache is None else bundle_cache.load(self.cache, key)
        if kept is None:
            with Esbuild(self.esbuild) as esbuild:
                kept = self._built(esbuild)
            if self.cache is not None:
                settings = [self.root / tsconfig] if (tsconfig := self._text("tsconfig")) else []
                bundle_cache.store(self.cache, key, kept, settings)
        facts = kept.facts
        modules = tuple(
            Module(name, kind, content)
            for (name, kind), content in zip(facts["modules"], kept.parts, strict=False)
        )  # fmt: skip
        maps = {}
        for name, content in zip(facts["maps"], kept.parts[len(modules) :], strict=True):
            maps[name] = SourceMap.read(content, self.root / _OUT, self.project)
        for name, path in facts["unchanged"].items():
            maps[name] = of_file(Path(path), self.project)
        return Bundle(
            modules, facts["service_worker"], tuple(facts["exports"]), maps, self.given.flags, self.given.date,
            (*self.given.warnings, *self._warnings(), *facts["warnings"]), tuple(map(Path, facts["sources"])),
        )  # fmt: skip

    def _warnings(self) -> list[str]:
        found = []
        if self.config.get("minify"):
            found.append("minify is not applied in tests: names and lines stay readable")
        if self.config.get("site"):
            found.append("Workers Sites ('site') is not supported: its manifest is empty")
        return found

    def _text(self, key: str) -> str | None:
        value = self.config.get(key)
        return value if isinstance(value, str) and value else None

    def _key(self) -> str:
        """What the bundle depends on that is no file of the app."""
        values = {
            key: self.config.get(key)
            for key in ("rules", "alias", "find_additional_modules", "base_dir", "no_bundle", "preserve_file_names")
        }
        parts = [
            __version__, asdict(self.esbuild), self.runtime.workerd.version, node_compat.key(self.runtime, self.mode),
            str(self.root), str(self.entry), self.given.date, self.config.compatibility_flags, self._flags("esm"),
            values,
        ]  # fmt: skip
        if self._apart():  # which files are modules is looked up each time
            apart = additional(self.config, Rules.read(self.config.get("rules")), self.entry, self._base)
            parts += [(module.name, hashlib.sha256(module.content).hexdigest()) for module in apart.values()]
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]

    def _apart(self) -> bool:
        asked = self.config.get("find_additional_modules")
        return asked is not False if self.config.get("no_bundle") else asked is True

    @property
    def _base(self) -> Path:
        base = self._text("base_dir")
        return self.entry.parent if base is None else (self.root / base).resolve()

    def _built(self, esbuild: Esbuild) -> Kept:
        rules = Rules.read(self.config.get("rules"))
        warnings = list(rules.warnings)
        exports, script = self._format(esbuild)
        if script and exports:
            warnings.append(
                f"{self.config.get('main')} exports {', '.join(exports)} and no default: it is taken for a script "
                "(addEventListener), as wrangler takes it"
            )
        apart = {}
        if self._apart():
            if script and not self.config.get("no_bundle"):
                raise refuse_script(self.entry)
            apart = additional(self.config, rules, self.entry, self._base)
        if self.config.get("no_bundle"):
            main = Module(self.entry.name, "esModule", self.entry.read_bytes())
            facts = {
                "service_worker": script, "exports": [] if script else exports, "warnings": warnings, "maps": [],
                "sources": [str(path) for path, module in [(self.entry, main), *apart.items()] if _is_script(module)],
            }  # fmt: skip
            return self._kept(facts, [main], apart, (), [self.entry])
        return self._bundled(esbuild, script, rules, apart, warnings)

    def _kept(
        self, facts: dict[str, Any], modules: list[Module], apart: dict[Path, Module], maps: tuple[bytes, ...],
        files: list[Path],
    ) -> Kept:  # fmt: skip
        """What is kept of a build: modules found later do not take the place of those of the same name."""
        by_name = {module.name: module for module in reversed((*modules, *apart.values()))}
        ordered = dict.fromkeys(module.name for module in (*modules, *apart.values()))
        all_modules = [by_name[name] for name in ordered]
        facts["modules"] = [(module.name, module.kind) for module in all_modules]
        own = {module.name: path for path, module in apart.items() if _is_script(module)}
        if not maps:
            own[modules[0].name] = self.entry
        facts["unchanged"] = {name: str(path) for name, path in own.items() if name not in facts["maps"]}
        return Kept(facts, (*(module.content for module in all_modules), *maps), tuple(files))

    def _format(self, esbuild: Esbuild) -> tuple[list[str], bool]:
        """The names that the main module exports, seen alone, and whether it is a script: without exports, or with
        listeners and no default. (Older wranglers take all without a default for scripts.)"""
        listens = [f"--define:{before}addEventListener={_LISTENS}" for before in ("", "globalThis.", "self.")]
        built = esbuild.build(self.entry, self.root, [*self._common(), *self._tsconfig(), *listens])
        exports = list(_main(built)["exports"])
        if "default" in exports:
            return exports, False
        return exports, not exports or any(_LISTENS.encode() in output.content for output in built.outputs)

    def _bundled(
        self, esbuild: Esbuild, script: bool, rules: Rules, apart: dict[Path, Module], warnings: list[str]
    ) -> Kept:
        hooks = Hooks()
        self._alias(hooks)
        names = {path.resolve(): module.name for path, module in apart.items()}
        keep_names = bool(self.config.get("preserve_file_names"))
        collector = Collector(rules, self.entry, script, keep_names, names)
        collector.install(hooks)
        polyfills = None
        if self.mode == "v2":
            try:
                polyfills = node_compat.polyfills(
                    esbuild, self.runtime, self.given.date, self.config.compatibility_flags, self.cache
                )
            except EdgeUsageError as error:
                warnings.append(f"Node's modules are not polyfilled, unenv could not be asked: {error}")
        node = node_compat.NodeCompat(self.mode, polyfills, script)
        flags = [*self._flags("iife" if script else "esm"), *node.install(hooks)]

        def amend(errors: list[dict[str, Any]]) -> None:
            node.amend(errors)
            _amend(errors, self.root)

        built = esbuild.build(self.entry, self.root, flags, hooks, amend)
        main = _main(built)
        outside = {each["path"] for each in main["imports"] if each.get("external")}
        if script:
            _refuse_imports(self.entry, outside)
        name = Path(main["path"]).name
        outputs = {output.path.name: output.content for output in built.outputs}
        modules = [Module(name, "esModule", outputs[name]), *collector.modules.values()]
        if _SITES in outside:
            modules.append(Module(_SITES, "text", b"{}"))
        files = [path for each in built.metafile["inputs"] if (path := self._input(each)) is not None]
        warnings += [*collector.warnings, *built.warnings]
        warnings += node_compat.warnings_of(node, self.runtime, self.given.date, self.given.flags, self.root)
        facts = {
            "service_worker": script, "exports": [] if script else main["exports"], "warnings": warnings,
            "maps": [name], "sources": [str(path) for path in files if "node_modules" not in path.parts],
        }  # fmt: skip
        return self._kept(facts, modules, apart, (outputs[f"{name}.map"],), [*files, *collector.files])

    def _input(self, name: str) -> Path | None:
        """The file of an input by its name in the metafile, None for what is no file."""
        path = Path(os.path.normpath(self.root / re.sub(r"^\(disabled\):", "", name)))
        return path if path.is_file() else None

    def _alias(self, hooks: Hooks) -> None:
        """The config's aliases, which go before all else; a module that one names is looked for from the project."""
        alias = self.config.get("alias") or {}
        if not alias:
            return

        def resolve(asked: Asked) -> Generator[Lookup, dict[str, Any], Answer]:
            if asked.marked:
                return None
            target = alias[asked.path]
            if node_compat.is_builtin(target) or target.startswith("cloudflare:"):
                return {"path": target, "external": True}
            found = yield Lookup(target, asked, str(self.root))
            return {key: found[key] for key in ("errors", "path", "external", "namespace") if found.get(key)}

        hooks.on_resolve(f"^(?:{'|'.join(map(re.escape, alias))})$", resolve)

    def _common(self) -> list[str]:
        """Flags of every build."""
        version = tuple(int(part) for part in re.findall(r"\d+", self.esbuild.version)[:3])
        flags = ["--loader:.js=jsx", "--loader:.mjs=jsx", "--loader:.cjs=jsx"]
        flags.append("--target=es2024" if version >= (0, 24, 0) else "--target=es2022")  # older ones know no es2024
        if version >= (0, 25, 7):
            flags.append("--supported:import-source=true")
        if version >= (0, 28, 0):
            flags.append("--supported:using=true")  # workerd has it, es2024 has not
        return flags

    def _tsconfig(self) -> list[str]:
        tsconfig = self._text("tsconfig")
        return [f"--tsconfig={self.root / tsconfig}"] if tsconfig else []

    def _flags(self, output: str) -> list[str]:
        environment = json.dumps(os.environ.get("NODE_ENV") or "production")
        define = {
            f"{before}process.env.NODE_ENV": environment for before in ("", "global.", "globalThis.")
        }  # fmt: skip
        if platform_compat.enabled("global_navigator", self.given.date, list(self.config.compatibility_flags)):
            define["navigator.userAgent"] = '"Cloudflare-Workers"'
        written = self.config.get("define")
        define |= {key: str(value) for key, value in written.items()} if isinstance(written, dict) else {}
        flags = [
            "--bundle", f"--format={output}", f"--outdir={self.root / _OUT}", "--sourcemap=external", *self._common(),
            f"--conditions={os.environ.get('WRANGLER_BUILD_CONDITIONS') or 'workerd,worker,browser'}",
            f"--platform={os.environ.get('WRANGLER_BUILD_PLATFORM') or 'browser'}",
            "--external:cloudflare:*", "--external:workerd:*", f"--external:{_SITES}",
            f"--jsx-factory={self._text('jsx_factory') or 'React.createElement'}",
            f"--jsx-fragment={self._text('jsx_fragment') or 'React.Fragment'}",
            *self._tsconfig(), *(f"--define:{key}={value}" for key, value in define.items()),
        ]  # fmt: skip
        if self.config.get("keep_names") is not False:
            flags.append("--keep-names")
        return flags


def _is_script(module: Module) -> bool:
    return module.kind in ("esModule", "commonJsModule")


def _main(built: Built) -> dict[str, Any]:
    """The metafile's entry for the entry point."""
    return next(
        {"path": path, **output} for path, output in built.metafile["outputs"].items() if output.get("entryPoint")
    )


def _amend(errors: list[dict[str, Any]], root: Path) -> None:
    """esbuild's advice to mark a module as external is none for the config of a worker: say what is."""
    made = generated_config(str(root))
    is_built = (root / ".wrangler/deploy/config.json").is_file()
    for error in errors:
        for note in error.get("notes") or ():
            if "as external to exclude it from the bundle" not in note["text"]:
                continue
            note["text"] = 'Install the package, or give it a replacement with "alias" in the wrangler config.'
            if error["text"].startswith('Could not resolve "virtual:') or is_built:
                note["text"] += (
                    "\nIf a tool such as Vite builds this app: run its build, and test the config that it writes "
                    f"(edge_config = {made or 'dist/<worker>/wrangler.json'})."
                )


def _refuse_imports(entry: Path, names: set[str]) -> None:
    if names:
        listed = ", ".join(f'"{name}"' for name in sorted(names))
        raise BuildError(
            f"{entry.name} imports {listed} and has no default export: it is taken for a script (addEventListener), "
            "which cannot import from the runtime. Write `export default { ... }`"
        )
