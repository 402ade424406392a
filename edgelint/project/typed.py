"""What a type says of a value of which nothing else is known: which of its members are bindings, and of which kind.

``deps: { db: D1Database }``, an interface or alias of the project with what it extends and intersects, ``Pick`` and its
kin, a class with its fields (Python: a dataclass, a Protocol, a TypedDict, a NamedTuple). What code hands over goes
before what the type says: see ``Typed.fill``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from edgelint.project import known
from edgelint.project.atoms import External, Plat, Type, Unknown, Value, one
from edgelint.project.env_types import object_members
from edgelint.project.type_names import Meaning, meaning
from edgelint.project.type_text import applied, bare, split, whole
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile

_DEPTH = 6  # aliases, bases and intersections that are followed to one table of members
_NESTED = 3  # objects in objects in which bindings are looked for
_MAX_TYPES = 200  # types that are looked at for one question
# What a member may be besides a store: what goes with them, and what gives them.
_BESIDE = frozenset({
    "d1-session", "d1-statement", "do-stub", "do-state", "do-storage", "do-sql", "execution-context", "env",
})
KINDS = (known.BINDING_KINDS - {"var", "secret", "version-metadata"}) | _BESIDE
# What nothing is known of for want of a caller, of a package's code, of what a cast hides.
_OPEN = frozenset({"param", "other", "depth", "external"})
_ENV = re.compile(r"(?:Cloudflare\.)?(?:Env|Bindings|CloudflareEnv|CloudflareBindings)")
_TEXT = re.compile(r"\s*['\"]([^'\"]*)['\"]\s*$")
_NO_MEMBERS = frozenset({
    "string", "number", "boolean", "any", "unknown", "object", "bigint", "str", "int", "float", "bool", "dict", "list",
    "Any", "Date", "Function", "void", "never",
})
_LISTS = frozenset({"Array", "ReadonlyArray", "Iterable", "Set", "list", "List", "Sequence", "tuple"})
_RECORDS = frozenset({"Record", "dict", "Dict", "Mapping"})
ITEM, VALUE = "[]", "{}"
"""Names that no member has: under them stand the type of a list's item, and of what an object has under any key."""
Table = Mapping[str, Type]


class Typed:
    """Types of values. A part of ``Evaluator``."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator
        self._tables: dict[tuple[str, str], Table] = {}
        self._holds: dict[tuple[str, str], bool] = {}

    def fill(self, value: Value, annotation: str | None, file: SourceFile) -> Value:
        """``value`` with the type that ``annotation`` gives it where nothing is known of it; as it is when no member of
        the type is a binding."""
        if annotation is None or not any(_is_open(atom) for atom in value) or not self.holds(annotation, file):
            return value
        type_ = Type(annotation, file)
        return frozenset(
            atom if not _is_open(atom)
            else atom._replace(type=type_) if isinstance(atom, Unknown)
            else Unknown("external", atom.call if isinstance(atom, External) else None, type_)
            for atom in value
        )

    def value(self, annotation: str, file: SourceFile) -> Value | None:
        """What is known of a value of this type by its type alone; None when no member of it is a binding."""
        return one(Unknown("other", None, Type(annotation, file))) if self.holds(annotation, file) else None

    def member(self, atom: Unknown, name: str, file: SourceFile) -> Value | None:
        """Member ``name``, read in ``file``, of a value with a type: something of the platform, or a value with a type
        again. None when the type says nothing of it."""
        assert atom.type is not None
        found = self.table(atom.type.text, atom.type.file).get(name)
        if found is None:
            return None
        kind = self.kind(found)
        if kind is None:
            return self.value(*found)
        # a member that is called as a binding of its kind is that binding: Pick<Env, "DB">, env: { DB: D1Database }
        named = kind in known.BINDING_KINDS and self.e.kind_of(file, name) == kind
        return one(Plat(kind, name if named else None))

    def item(self, atom: Unknown, computed: bool) -> Value | None:
        """An item of a value with the type of a list, or, when ``computed``, of one with any keys."""
        assert atom.type is not None
        table = self.table(*atom.type)
        found = table.get(ITEM) or (table.get(VALUE) if computed else None)
        if found is None:
            return None
        kind = self.kind(found)
        return self.value(*found) if kind is None else one(Plat(kind))

    def kind(self, type_: Type) -> str | None:
        """The kind of binding that a member of this type is, "env" for the whole of env, None for anything else."""
        kind = self.e.platform_type(*type_)
        if kind not in KINDS:
            return None
        if kind == "env" and _ENV.fullmatch(bare(type_.text)) is None:
            # ServerEnv, BuildEnv: many things are called so
            members = self.table(*type_).values()
            return kind if any(self.e.platform_type(*m) in known.BINDING_KINDS for m in members) else None
        return kind

    def holds(self, annotation: str, file: SourceFile) -> bool:
        """Whether a member of this type, or of a member of it, is a binding."""
        key = (annotation, file.path)
        found = self._holds.get(key)
        if found is None:
            found = self._holds[key] = self._looked(Type(annotation, file))
        return found

    def _looked(self, type_: Type) -> bool:
        if self.e.platform_type(*type_) is not None:
            return False
        level, seen = [type_], {(type_.text, type_.file.path)}
        for _ in range(_NESTED):
            following: list[Type] = []
            for at in level:
                for member in self.table(*at).values():
                    key = (member.text, member.file.path)
                    if key in seen or len(seen) > _MAX_TYPES:
                        continue
                    seen.add(key)
                    if self.kind(member) is not None:
                        return True
                    if self.e.platform_type(*member) is None:
                        following.append(member)
            level = following
        return False

    # -- members -----------------------------------------------------------------------------------------------------

    def table(self, text: str, file: SourceFile, depth: int = 0) -> Table:
        """The members of a type, each with its own; empty when it has none that can be read."""
        key = (text, file.path)
        found = self._tables.get(key)
        if found is None:
            found = dict(self._members(text, file, depth)) if depth <= _DEPTH else {}
            if not depth:
                self._tables[key] = found
        return found

    def _members(self, text: str, file: SourceFile, depth: int) -> Iterator[tuple[str, Type]]:
        """(name, type); of a name that comes twice the last counts."""
        plain = whole(text)
        if plain is None or plain in _NO_MEMBERS or len(plain) > 20_000:
            return
        parts = list(split(plain, "&"))
        if len(parts) > 1:
            for part in parts:
                yield from self.table(part, file, depth + 1).items()
            return
        item = _item(plain)
        if item is not None:
            yield item[0], Type(item[1], file)
            return
        if plain.startswith("{") and plain.endswith("}"):
            for name, annotation, _ in object_members(plain):
                yield name, Type(annotation, file)
            return
        head, arguments = applied(plain)
        if head in ("Pick", "Omit") and len(arguments) == 2:
            keys = _keys(arguments[1])
            for name, type_ in self.table(arguments[0], file, depth + 1).items() if keys is not None else ():
                if (name in (keys or ())) == (head == "Pick"):
                    yield name, type_
            return
        if not head.replace(".", "").replace("_", "").replace("$", "").isalnum():
            return
        found = meaning(head, file, self.e.graph)
        for decl in found.decls:
            yield from self._declared(decl, found, depth)
        if found.klass is not None:
            yield from self._class(found.klass, found, depth)

    def _declared(self, decl: tree.TypeDecl, found: Meaning, depth: int) -> Iterator[tuple[str, Type]]:
        if decl.text:
            if bare(decl.text) != decl.name:
                yield from self.table(decl.text, found.file, depth + 1).items()
            return
        for base in decl.extends:
            yield from self.table(base, found.file, depth + 1).items()
        for name, (annotation, _, _) in decl.members.items():
            yield name, Type(annotation, found.file)

    def _class(self, klass: tree.Class, found: Meaning, depth: int) -> Iterator[tuple[str, Type]]:
        """The fields of a class whose types are written: at the field, or at the constructor's parameter it takes."""
        for base in klass.bases:
            name = base.id if isinstance(base, tree.Name) else None
            if name is not None and name != klass.name:
                yield from self.table(name, found.file, depth + 1).items()
        for name, sources in self.e.graph.fields.table(klass, found.file).items():
            for source in sources:
                text = source if isinstance(source, str) else self._taken(source, found.file)
                if text:
                    yield name, Type(text, found.file)
                    break

    @staticmethod
    def _taken(source: object, file: SourceFile) -> str | None:
        """The annotation of the parameter that a field is set to."""
        if isinstance(source, tree.Param):
            return source.annotation
        if isinstance(source, tree.Name):
            symbol = file.index.resolve(source)
            if symbol is not None and len(symbol.defs) == 1 and symbol.defs[0].kind == "param":
                return symbol.annotation if not symbol.defs[0].path else None
        return None


def _item(text: str) -> tuple[str, str] | None:
    """(``ITEM`` or ``VALUE``, the type of an item) of the type of a list, or of an object of which the keys are not
    written."""
    if text.endswith("[]"):
        return ITEM, text[:-2].removeprefix("readonly ")
    head, arguments = applied(text)
    if len(arguments) == 1 and head in _LISTS:
        return ITEM, arguments[0]
    return (VALUE, arguments[1]) if len(arguments) == 2 and head in _RECORDS else None


def _is_open(atom: object) -> bool:
    if isinstance(atom, Unknown):
        return atom.type is None and atom.reason in _OPEN
    return isinstance(atom, External)


def _keys(text: str) -> frozenset[str] | None:
    """The texts of a union of literals; None when it has anything else."""
    found = [_TEXT.match(part) for part in split(text, "|") if part]
    return frozenset(match[1] for match in found if match is not None) if all(found) else None
