"""A wrangler config as facts: its environments, and the bindings that are in effect in each.

What an environment inherits follows wrangler's own rule: an inheritable key that an environment does not write is the
top level's; a key that is not inheritable is then absent; nothing is ever merged. In a Pages config an environment
without any key of the second kind takes all of the top level's.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator

from edgelint.diagnostics import Span
from edgelint.platform import bindings, config_keys
from edgelint.project.dotenv import LocalValues
from edgelint.source import Source
from edgelint.syntax.document import Document, Entry, Value

#: In one directory wrangler reads the first of these that exists, in silence.
NAMES = ("wrangler.json", "wrangler.jsonc", "wrangler.toml")
_REDIRECT = ".wrangler/deploy"


def generated_config(folder: str) -> str | None:
    """The config that a build wrote and that ``.wrangler/deploy/config.json`` in ``folder`` tells wrangler to deploy
    instead, as a path relative to ``folder``; None when there is none. It is made, so it is not the app's source."""
    try:
        with open(f"{folder}/{_REDIRECT}/config.json", "rb") as handle:
            target = json.loads(handle.read()).get("configPath")
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    return posixpath.normpath(posixpath.join(_REDIRECT, target)) if isinstance(target, str) else None


class BindingDecl:
    """One declaration of a binding: ``environment`` is where it is written (None: top level), ``span`` the text of its
    name (for vars the key), ``value`` the object that declares it (for vars and secrets the value itself), ``id`` the
    text that says which resource it is, when there is one."""

    __slots__ = ("name", "kind", "config_key", "environment", "span", "value", "id")

    def __init__(
        self, name: str, kind: str, config_key: str, environment: str | None, span: Span, value: Value, id: str | None
    ) -> None:
        self.name = name
        self.kind = kind
        self.config_key = config_key
        self.environment = environment
        self.span = span
        self.value = value
        self.id = id

    def field(self, key: str) -> Value | None:
        """A field of the declaring object."""
        return self.value.get(key) if self.value.kind == "object" else None

    def text(self, key: str) -> str | None:
        """A field of the declaring object, when it is a string."""
        found = self.field(key)
        return None if found is None else found.text()

    def __repr__(self) -> str:
        return f"BindingDecl({self.name}: {self.kind} in {self.environment or 'top level'})"


class Environment:
    """The top level (``name`` None) or one entry of ``env``. ``value`` is the object it is written in and ``span`` its
    name in the config (for the top level the config's ``name``, or the start of the file)."""

    __slots__ = ("name", "span", "value", "_config", "_bindings")

    def __init__(self, config: WranglerConfig, name: str | None, span: Span, value: Value) -> None:
        self.name = name
        self.span = span
        self.value = value
        self._config = config
        self._bindings: dict[str, list[BindingDecl]] | None = None

    @property
    def label(self) -> str:
        """How a message calls it."""
        return "the top level" if self.name is None else f"environment '{self.name}'"

    def declares(self, key: str) -> bool:
        """Whether the key is written in this environment itself."""
        return self.entry(key) is not None

    def entry(self, key: str) -> Entry | None:
        """The key as written in this environment itself."""
        return self.value.entry(key) if self.value.kind == "object" else None

    def get(self, key: str) -> Value | None:
        """The value in effect here, with wrangler's inheritance; None when there is none."""
        place = self.home(key)
        return None if place is None else place.value.get(key)

    def home(self, key: str) -> Environment | None:
        """The environment whose own text gives the value in effect here: this one, the top level, or None."""
        if self.declares(key):
            return self
        top = self._config.top
        if self is top or not top.declares(key):
            return None
        if config_keys.scope(key) == "own" and not self.falls_back:
            return None
        return top

    @property
    def falls_back(self) -> bool:
        """Whether the top level's bindings are in effect here: in Pages, when this environment writes none itself."""
        if self.name is None or not self._config.is_pages:
            return False
        return not any(config_keys.scope(key) == "own" for key in self.value.keys())  # noqa: SIM118

    @property
    def bindings(self) -> dict[str, list[BindingDecl]]:
        """Name -> the declarations in effect here, in the order of the config; more than one is a duplicate."""
        if self._bindings is None:
            found: dict[str, list[BindingDecl]] = {}
            for key in bindings.by_key():
                place = self.home(key)
                if place is not None:
                    for declared in declarations(self._config, place, key):
                        found.setdefault(declared.name, []).append(declared)
            for same in found.values():
                same.sort(key=lambda declared: declared.span.start)
            self._bindings = found
        return self._bindings

    def __repr__(self) -> str:
        return f"Environment({self.label})"


class WranglerConfig:
    """One config file. ``broken`` means that it does not parse: then nothing may be concluded from what is missing.

    ``shadowed`` are the config files beside it that wrangler does not read because of this one; ``local_values`` the
    .dev.vars and .env files beside it. Whoever makes the config fills both.
    """

    def __init__(self, path: str, source: Source, document: Document) -> None:
        self.path = path
        self.directory = posixpath.dirname(path)
        self.source = source
        self.document = document
        self.format = document.format
        self.broken = bool(document.errors) or document.root.kind != "object"
        self.root = document.root if document.root.kind == "object" else Value("object", None, source.bom, source.bom)
        self.shadowed: list[str] = []
        self.local_values: list[LocalValues] = []
        self.is_pages = self.root.get("pages_build_output_dir") is not None
        self.environments = self._environments()

    @property
    def top(self) -> Environment:
        """The top level."""
        return self.environments[0]

    def environment(self, name: str | None) -> Environment | None:
        """The environment of that name (None: the top level)."""
        return next((environment for environment in self.environments if environment.name == name), None)

    @property
    def name(self) -> str | None:
        return self._text("name")

    @property
    def main(self) -> str | None:
        """The entry point as written, relative to the config's directory."""
        return self._text("main")

    @property
    def main_value(self) -> Value | None:
        return self.root.get("main")

    @property
    def compatibility_date(self) -> str | None:
        return self._text("compatibility_date")

    @property
    def compatibility_flags(self) -> list[str]:
        value = self.root.get("compatibility_flags")
        return [] if value is None else [text for item in value.items if (text := item.text()) is not None]

    def span_of(self, place: Value | Entry) -> Span:
        """The span of a value, or of an entry's key without its quotes."""
        if isinstance(place, Entry):
            return Span(self.path, *_unquoted(self, place.key_start, place.key_end))
        return Span(self.path, place.start, place.end)

    def inner_span(self, value: Value) -> Span:
        """The span of a string's text without its quotes; of any other value, all of it."""
        start, end = value.start, value.end
        if value.kind == "string" and end - start >= 2:
            quotes = 3 if self.source.data[start : start + 3] in (b'"""', b"'''") and end - start >= 6 else 1
            start, end = start + quotes, end - quotes
        return Span(self.path, start, end)

    def relative(self, written: str) -> str:
        """A path written in the config, as a path relative to the project root ("../x" when it leaves it)."""
        return posixpath.normpath(posixpath.join(self.directory, written.replace("\\", "/")))

    def declarations(self) -> Iterator[BindingDecl]:
        """Every binding as written, each once, in the order of environments and keys."""
        for environment in self.environments:
            for key in bindings.by_key():
                yield from declarations(self, environment, key)

    def secret_names(self, environment: str | None = None) -> dict[str, Span]:
        """Names known to be given from outside: ``secrets.required`` of the environment, then .dev.vars and .env files
        (of any environment: who names a secret for one knows of it). ``is_example`` tells a span of an example file."""
        names: dict[str, Span] = {}
        found = self.environment(environment)
        if found is not None:
            for decls in found.bindings.values():
                for decl in decls:
                    if decl.kind == "secret":
                        names.setdefault(decl.name, decl.span)
        for values in sorted(self.local_values, key=lambda values: values.is_example):
            for name, span in values.names.items():
                names.setdefault(name, span)
        return names

    def is_example(self, span: Span) -> bool:
        """Whether a span of ``secret_names`` lies in an example file (``.dev.vars.example``)."""
        return any(values.is_example and values.path == span.path for values in self.local_values)

    def _text(self, key: str) -> str | None:
        value = self.root.get(key)
        return None if value is None else value.text()

    def _environments(self) -> list[Environment]:
        name = self.root.get("name")
        start = self.source.bom
        span = Span(self.path, start, start) if name is None else self.inner_span(name)
        found = [Environment(self, None, span, self.root)]
        environments = self.root.get("env")
        if environments is not None and environments.kind == "object":
            last = {entry.key: entry for entry in environments.entries}
            found.extend(
                Environment(self, entry.key, self.span_of(entry), entry.value)
                for entry in last.values()
                if entry.value.kind == "object"
            )
        return found


def load(path: str, source: Source) -> WranglerConfig:
    """Read a config of either format, by its name: ``.json`` and ``.jsonc``, anything else is TOML. Never raises."""
    if path.endswith((".json", ".jsonc")):
        from edgelint.syntax import jsonc

        return WranglerConfig(path, source, jsonc.parse(source))
    from edgelint.syntax import toml

    return WranglerConfig(path, source, toml.parse(source))


def declarations(config: WranglerConfig, place: Environment, key: str) -> Iterator[BindingDecl]:
    """The bindings that ``key``, as written in ``place`` itself, declares. What has no usable name is left out."""
    kind = bindings.by_key()[key]
    value = place.value.get(key) if place.value.kind == "object" else None
    if value is None:
        return
    if kind.inside:
        value = value.get(kind.inside) if value.kind == "object" else None
    elif kind.shape == "names":
        value = value.get("required") if value.kind == "object" else None
    if value is None:
        return
    if kind.shape == "map":
        if value.kind == "object":
            for entry in value.entries:
                yield BindingDecl(entry.key, kind.kind, key, place.name, config.span_of(entry), entry.value, None)
        return
    if kind.shape == "names":
        for item in value.items:
            if item.text():
                yield BindingDecl(item.value, kind.kind, key, place.name, config.inner_span(item), item, None)
        return
    for item in value.items if kind.shape == "list" else [value]:
        named = item.get(kind.name) if item.kind == "object" else None
        if named is None and item.kind == "object" and kind.name == "name":
            named = item.get("binding") if "binding" in kind.fields else None
        if named is None or not named.text():
            continue
        typed = item.get("type") if kind.by_type else None
        held = bindings.by_kind()[kind.by_type.get(typed.text() or "", kind.kind)] if typed is not None else kind
        resource = item.get(held.resource) if held.resource else None
        yield BindingDecl(
            named.value, held.kind, key, place.name, config.inner_span(named), item,
            None if resource is None else resource.text(),
        )  # fmt: skip


def _unquoted(config: WranglerConfig, start: int, end: int) -> tuple[int, int]:
    """A key's span without its quotes."""
    if config.source.data[start : start + 1] in (b'"', b"'") and end - start >= 2:
        return start + 1, end - 1
    return start, end
