"""What the code itself says of env: the types that describe it, and how its members are used.

Types are those whose name says so (``Env``, ``Bindings``, ``CloudflareBindings``), those that a handler's ``env``
parameter or a framework's type argument names (``Hono<{ Bindings: Shop }>``, ``ExportedHandler<Shop>``), and object
types written in their place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.diagnostics import Span
from edgelint.patterns import later
from edgelint.project.known import ENV_ANNOTATION
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile

_OTHER_ENVS = frozenset({"ProcessEnv", "ImportMetaEnv", "NodeEnv"})
# Members of a framework's own type around the bindings: Hono's ``{ Bindings; Variables }``.
_AROUND = frozenset({"Bindings", "Variables", "Variable", "in", "out"})
_BINDINGS = later(r"\bBindings\s*[?]?\s*:\s*")
_NAME = later(r"[A-Za-z_$][\w$.]*")
_MEMBER = later(r"\s*(?:readonly\s+)?(?:([A-Za-z_$][\w$]*)|['\"]([^'\"]+)['\"])\s*(\?)?\s*:\s*")
_OPENING, _CLOSING = "{[(<", "}])>"
_TYPED_BASES = frozenset({"WorkerEntrypoint", "DurableObject", "WorkflowEntrypoint", "Agent", "McpAgent", "Server"})


class EnvType(NamedTuple):
    """A member of a type of env: its annotation, and where it stands."""

    name: str
    annotation: str
    span: Span
    optional: bool


def declared(files: Iterable[SourceFile]) -> dict[str, EnvType]:
    """The members of every type of env in ``files``; the first declaration of a name wins."""
    files = list(files)
    table: dict[str, EnvType] = {}
    named: dict[str, None] = {}
    for file in files:
        for text, node in _mentioned(file):
            if text.startswith("{"):
                for member in _inline(text, node, file):
                    table.setdefault(member.name, member)
            elif (head := _NAME.match(text)) is not None:
                named.setdefault(head.group().rsplit(".", 1)[-1])
    for file in files:
        for name, decls in file.index.types.items():
            if (ENV_ANNOTATION.match(name) or name in named) and name not in _OTHER_ENVS:
                for decl in decls:
                    for member in _members(decl, files, file, 0):
                        table.setdefault(member.name, member)
    return table


def _members(decl: tree.TypeDecl, files: list[SourceFile], file: SourceFile, depth: int) -> Iterator[EnvType]:
    """The members of a declaration and of what it extends; of a framework's type, those of its ``Bindings``."""
    for name, (annotation, start, end) in decl.members.items():
        if name not in _AROUND:
            yield EnvType(name, annotation, Span(file.path, start, end), name in decl.optional)
        elif name == "Bindings" and annotation.lstrip(": ").startswith("{"):
            yield from _inline(annotation.lstrip(": "), decl, file)
    for parent in decl.extends if depth < 4 else ():
        wanted = parent.split("<")[0].strip().rsplit(".", 1)[-1]
        if not ENV_ANNOTATION.match(wanted):  # else its own declaration is found by its name
            for other in files:
                for found in other.index.types.get(wanted, ()):
                    yield from _members(found, files, other, depth + 1)


def _mentioned(file: SourceFile) -> Iterator[tuple[str, tree.Node]]:
    """The text of every type that the code uses for env, with the node it stands in."""
    for calls in file.index.calls.values():
        for call in calls:
            if call.types and "Bindings" in call.types:
                yield from ((text, call) for text in _after_bindings(call.types))
    for function in file.index.functions:
        for param in function.params:
            if isinstance(param, tree.Param) and param.annotation:
                text = param.annotation.lstrip(": ")
                if (
                    isinstance(param.target, tree.Name)
                    and param.target.id.lstrip("_") == "env"
                    and text[:1] not in ("'", '"')
                ):
                    yield text, param
                elif "Bindings" in text:
                    yield from ((inner, param) for inner in _after_bindings(text))
    yield from _handler_types(file)
    for node in file.index.classes:
        for base, types in zip(node.bases, node.base_types, strict=False):
            name = base.id if isinstance(base, tree.Name) else base.name if isinstance(base, tree.Member) else None
            if types and name in _TYPED_BASES:
                yield types.split(",")[0].strip() if not types.startswith("{") else types, node


def _handler_types(file: SourceFile) -> Iterator[tuple[str, tree.Node]]:
    """``export default { ... } satisfies ExportedHandler<Shop>``, and a constant of that type."""
    for export in file.index.exports:
        if isinstance(export.value, tree.Cast):
            yield from ((text, export) for text in _argument(export.value.annotation, "ExportedHandler"))
    for assign in file.index.assigns:
        if assign.annotation is not None and "ExportedHandler" in assign.annotation:
            yield from ((text, assign) for text in _argument(assign.annotation.lstrip(": "), "ExportedHandler"))


def _argument(text: str, head: str) -> Iterator[str]:
    if text.startswith(f"{head}<") and text.endswith(">"):
        yield text[len(head) + 1 : -1].strip()


def _after_bindings(text: str) -> Iterator[str]:
    """The type that follows ``Bindings:`` in a type argument."""
    for match in _BINDINGS.finditer(text):
        rest = text[match.end() :]
        if rest.startswith("{"):
            yield rest[: _balanced(rest)]
        elif (name := _NAME.match(rest)) is not None:
            yield name.group()


def _inline(text: str, node: tree.Node, file: SourceFile) -> Iterator[EnvType]:
    """The members of an object type written in place, inside ``node``."""
    for name, annotation, optional in object_members(text):
        place = re.compile(rb"(?<![\w$.])" + re.escape(name.encode()) + rb"(?=['\"]?\s*\??\s*:)").search(
            file.source.data, node.start, node.end
        )
        if place is not None:
            yield EnvType(name, annotation, Span(file.path, *place.span()), optional)


def object_members(text: str) -> Iterator[tuple[str, str, bool]]:
    """(name, annotation, whether it is optional) of the members of ``{ A: KVNamespace; B?: string }``; methods are
    passed over."""
    at = 1
    end = _balanced(text) - 1
    while at < end:
        stop = _member_end(text, at, end)
        match = _MEMBER.match(text, at, stop)
        if match is not None:
            yield match.group(1) or match.group(2), text[match.end() : stop].strip(), match.group(3) is not None
        at = stop + 1


def _member_end(text: str, at: int, end: int) -> int:
    depth = 0
    for position in range(at, end):
        char = text[position]
        if char in _OPENING:
            depth += 1
        elif char in _CLOSING and not (char == ">" and text[position - 1] == "="):
            depth -= 1
        elif depth <= 0 and char in ";,\n" and text[at:position].strip():
            return position
    return end


def _balanced(text: str) -> int:
    """The length of the bracketed text that ``text`` begins with; all of it when it is never closed."""
    depth = 0
    for position, char in enumerate(text):
        if char in _OPENING:
            depth += 1
        elif char in _CLOSING and not (char == ">" and text[position - 1] == "="):
            depth -= 1
            if depth == 0:
                return position + 1
    return len(text)


# -- use
# --------------------------------------------------------------------------------------------------------------------

_KV_OPTIONS = frozenset({"expirationTtl", "expiration", "metadata"})
_R2_OPTIONS = frozenset({"httpMetadata", "customMetadata", "onlyIf", "storageClass"})
_KV_TYPES = frozenset({"json", "text", "arrayBuffer", "stream"})


def used_as(files: Iterable[SourceFile]) -> dict[str, str]:
    """Member of env -> the kind that its use gives away: options that only one kind has, what is done with a result.

    Used for code without a config and without types only.
    """
    found: dict[str, str] = {}
    for file in files:
        for method in (
            "get",
            "put",
            "getWithMetadata",
            "createMultipartUpload",
            "head",
            "prepare",
            "sendBatch",
            "idFromName",
            "writeDataPoint",
        ):
            for call in file.index.calls.get(method, ()):
                name = _member_of_env(call)
                kind = _kind_by_call(method, call) if name is not None else None
                if name is not None and kind is not None:
                    found.setdefault(name, kind)
    return found


def _member_of_env(call: tree.Call) -> str | None:
    func = call.func
    binding = func.obj if isinstance(func, tree.Member) else None
    while isinstance(binding, tree.Cast):
        binding = binding.value
    if not isinstance(binding, tree.Member):
        return None
    holder = binding.obj
    while isinstance(holder, tree.Cast):
        holder = holder.value
    name = holder.id if isinstance(holder, tree.Name) else holder.name if isinstance(holder, tree.Member) else None
    return binding.name if name == "env" else None


def _kind_by_call(method: str, call: tree.Call) -> str | None:
    only = {
        "getWithMetadata": "kv", "createMultipartUpload": "r2", "head": "r2", "prepare": "d1", "sendBatch": "queue",
        "idFromName": "durable-object",
        "writeDataPoint": "analytics-engine",
    }.get(method)
    if only is not None:
        return only
    if method == "put":
        options = {arg.name for arg in call.args if isinstance(arg, tree.Keyword)}
        if len(call.args) > 2 and isinstance(call.args[2], tree.Object):
            options |= {
                prop.key for prop in call.args[2].props if isinstance(prop, tree.Property) and prop.key is not None
            }
        return "kv" if options & _KV_OPTIONS else "r2" if options & _R2_OPTIONS else None
    if len(call.args) > 1:
        second = call.args[1]
        if isinstance(second, tree.Literal):
            return "kv" if second.value in _KV_TYPES else None
        keys = (
            {prop.key for prop in second.props if isinstance(prop, tree.Property)}
            if isinstance(second, tree.Object)
            else set()
        )
        return "kv" if keys & {"type", "cacheTtl"} else None
    outer = call.parent
    while isinstance(outer, tree.Await | tree.Binary):
        outer = outer.parent
    if isinstance(outer, tree.Call) and isinstance(outer.func, tree.Member) and (outer.func.name in ("parse", "loads")):
        return "kv"  # JSON.parse(await env.X.get(key))
    return None
