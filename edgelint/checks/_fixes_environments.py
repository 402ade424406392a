"""A binding declared again in the environments that lack it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgelint.checks._fixes_config import append, append_table, end_of, table, toml_key, toml_text
from edgelint.checks._fixes_text import insertion, line_end
from edgelint.diagnostics import Edit, Fix
from edgelint.platform import bindings

if TYPE_CHECKING:
    from edgelint.platform.bindings import BindingKind
    from edgelint.project.wrangler import BindingDecl, Environment, WranglerConfig
    from edgelint.syntax.document import Value

# What says which resource it is, of the kinds that wrangler makes a resource for when nothing says it
# (https://developers.cloudflare.com/workers/wrangler/configuration/#automatic-provisioning, 2026-11-23).
_IDS = {
    "kv": ("id", "preview_id"),
    "d1": ("database_id", "database_name", "preview_database_id"),
    "r2": ("bucket_name", "preview_bucket_name"),
}
# The kinds whose declaration names nothing that must not be shared.
_ALIKE = frozenset((
    "durable-object", "ai", "browser", "images", "stream", "media", "version-metadata", "worker-loaders", "send-email",
    "analytics-engine", "var",
))  # fmt: skip


def declared_again(config: WranglerConfig, decl: BindingDecl, lacking: Sequence[Environment]) -> Fix | None:
    """The declaration, once more in each of ``lacking``: without the id of a KV namespace, a database or a bucket, so
    that each environment gets its own. None for what names any other resource (a queue, a service), for its name is not
    known, for the top level of a TOML file, and where the text of the config is not of a form that can be added to.

    Unsafe: a variable may want another value there, and what had no binding has one from then on.
    """
    kind = bindings.by_kind()[decl.kind]
    value = _copied(kind, decl)
    if value is None or (config.format == "toml" and config.top in lacking):
        return None  # the environment may have taken what was meant for the top level: config/misplaced-key
    edits: list[Edit] = []
    for place in lacking:
        made = _declare(config, place, kind, decl.name, value)
        if not made or any(edit.span.start == other.span.start for edit in made for other in edits):
            return None
        edits += made
    where = ", ".join(place.label for place in lacking)
    without = " without an id" if decl.kind in _IDS else ""
    return Fix(f"Declare {decl.name} in {where} too{without}", tuple(edits))


def _copied(kind: BindingKind, decl: BindingDecl) -> object:
    """The plain value of the new declaration, None for one that cannot be copied."""
    if kind.kind not in _IDS and kind.kind not in _ALIKE:
        return None
    if kind.shape == "map":
        return decl.value.plain()
    if decl.value.kind != "object":
        return None
    ids = _IDS.get(kind.kind, ())
    fields = {key: item for key, item in decl.value.plain().items() if key not in ids}
    if kind.kind == "durable-object":
        return None if "script_name" in fields else fields
    return None if kind.resource in fields else fields


def _declare(
    config: WranglerConfig, place: Environment, kind: BindingKind, name: str, value: object
) -> tuple[Edit, ...]:
    """The edits that declare a binding in one environment; none where it cannot be done."""
    owner = place.value.get(kind.key)
    holder = owner.get(kind.inside) if owner is not None and kind.inside and owner.kind == "object" else owner
    if kind.shape == "one" and owner is not None:
        return ()
    header = kind.key if place.name is None else f"env.{toml_key(place.name)}.{kind.key}"
    if config.format == "toml":
        if holder is not None and _is_written_out(config, holder):
            return append(config, holder, value, name if kind.shape == "map" else None)
        if owner is not None and _is_written_out(config, owner):
            return append(config, owner, [value], kind.inside)
        if kind.shape == "map" and owner is not None:
            return _line(config, owner, name, value)
        if config.source.data[place.value.start : place.value.start + 1] == b"{" and place.name is not None:
            return ()
        fields = {name: value} if kind.shape == "map" else value
        assert isinstance(fields, dict)
        text = table(f"{header}.{kind.inside}" if kind.inside else header, fields, kind.shape == "list")
        after = holder.items[-1] if holder is not None and holder.items else place.value
        return (append_table(config, after, text),) if text is not None else ()
    if kind.shape == "one":
        return append(config, place.value, value, kind.key)
    if kind.shape == "map":
        if owner is not None:
            return append(config, owner, value, name)
        return append(config, place.value, {name: value}, kind.key)
    if holder is not None and (holder is not owner or not kind.inside):
        return append(config, holder, value)
    if owner is not None:
        return append(config, owner, [value], kind.inside)
    return append(config, place.value, {kind.inside: [value]} if kind.inside else [value], kind.key)


def _is_written_out(config: WranglerConfig, value: Value) -> bool:
    """Whether a TOML value is an array or an inline table, and not made of headers."""
    data = config.source.data
    return data[value.start : value.start + 1] == (b"[" if value.kind == "array" else b"{") and (
        data[value.start : value.start + 2] != b"[["
    )


def _line(config: WranglerConfig, owner: Value, name: str, value: object) -> tuple[Edit, ...]:
    """One more key of a table that has a header of its own."""
    data = config.source.data
    text = toml_text(value)
    if data[owner.start : owner.start + 1] != b"[" or text is None:
        return ()
    own = [end_of(e.value) for e in owner.entries if e.table == (owner.start, owner.end)]
    return (insertion(config.path, line_end(data, max(own, default=owner.end) - 1), f"\n{toml_key(name)} = {text}"),)
