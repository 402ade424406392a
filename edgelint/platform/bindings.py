"""The kinds of binding: how each is declared, what TypeScript calls it, which members it has. Data: bindings.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

_DATA = Path(__file__).with_name("bindings.json")


class BindingKind(NamedTuple):
    """One kind of binding.

    ``kind`` is the short name every rule uses ("kv"), ``key`` the config key, ``label`` how a message calls it.
    ``shape``: "list" (of objects, under ``inside`` when that is set: durable_objects.bindings), "one" (an object),
    "map" (name -> value) or "names" (secrets.required). ``name`` is the field that holds the binding's name,
    ``resource`` the one that says which resource it is. ``strict``: wrangler warns of a field it does not know.
    ``types`` are TypeScript's names of it, ``verbs`` its members where that set is closed (empty: anything goes).
    ``in_duplicate_check`` is False where wrangler does not see that a name is used twice. ``by_type``: what the field
    "type" says -> the kind that a binding then is, whatever its key.
    """

    kind: str
    key: str
    label: str
    shape: str
    inside: str
    name: str
    fields: tuple[str, ...]
    required: tuple[str, ...]
    strict: bool
    resource: str
    types: tuple[str, ...]
    verbs: frozenset[str]
    in_duplicate_check: bool
    by_type: Mapping[str, str]


@cache
def data() -> dict[str, Any]:
    """The data file, read once."""
    loaded: dict[str, Any] = json.loads(_DATA.read_text(encoding="utf-8"))
    return loaded


@cache
def by_key() -> dict[str, BindingKind]:
    """Config key -> kind, for every key that declares bindings."""
    return {key: _kind(key, entry) for key, entry in data()["kinds"].items()}


@cache
def by_kind() -> dict[str, BindingKind]:
    """Short name -> kind."""
    return {kind.kind: kind for kind in by_key().values()}


@cache
def kinds_of_types() -> dict[str, frozenset[str]]:
    """TypeScript type name -> the kinds it may be: ``Fetcher`` is a service, assets, an mTLS certificate ..."""
    found: dict[str, set[str]] = {}
    for kind in by_key().values():
        for name in kind.types:
            found.setdefault(name, set()).add(kind.kind)
    return {name: frozenset(kinds) for name, kinds in found.items()}


@cache
def kinds_of_verb(verb: str) -> frozenset[str]:
    """The kinds that have this member, among those whose set of members is closed."""
    return frozenset(kind.kind for kind in by_key().values() if verb in kind.verbs)


def label(kind: str) -> str:
    """How a message calls a kind: "a KV namespace"."""
    known = by_kind().get(kind)
    return kind if known is None else known.label


def _kind(key: str, entry: dict[str, Any]) -> BindingKind:
    return BindingKind(
        entry["kind"], key, entry["label"], entry["shape"], entry.get("inside", ""), entry.get("name", ""),
        tuple(entry.get("fields", ())), tuple(entry.get("required", ())), entry.get("strict", False),
        entry.get("resource", ""), tuple(entry.get("types", ())), frozenset(entry.get("verbs", ())),
        entry.get("duplicates") != "silent", entry.get("by_type", {}),
    )  # fmt: skip
