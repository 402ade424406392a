"""What a schema of zod, valibot or the like says of a value that it passed.

``z.object({ sort: z.enum(["name"]), limit: z.coerce.number().max(50) })``: ``sort`` is one of some constants,
``limit`` a number of at most 50. What a schema only calls a string stays text that someone else chose ("validated").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.project.atoms import UNKNOWN, Arr, External, ListOf, Number, Obj, SafeText, Taint, Unknown, Value, one
from edgelint.project.numbers import as_number
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile

_OBJECTS = frozenset({"object", "strictObject", "looseObject", "strict_object", "interface", "Object"})
_NUMBERS = frozenset({"number", "int", "int32", "uint32", "float32", "float64", "Number", "Integer", "bigint"})
_CHOICES = frozenset({"enum", "literal", "nativeEnum", "picklist", "enum_", "Literal", "Enum"})
_SAFE_STRINGS = frozenset(
    {
        "uuid",
        "uuidv4",
        "uuidv7",
        "guid",
        "cuid",
        "cuid2",
        "ulid",
        "nanoid",
        "datetime",
        "date",
        "iso",
        "ip",
        "ipv4",
        "ipv6",
        "hex",
        "boolean",
        "Boolean",
        "stringbool",
        "isoDate",
        "isoDateTime",
        "isoTimestamp",
        "regex",
        "base64url",
        "jwt",
        "time",
        "duration",
        "null",
        "undefined",
    }
)
# What looks further into a value than its type does.
_FURTHER = frozenset({"refine", "superRefine", "check", "pipe", "regex", "custom", "startsWith", "includes"})
_LISTS = frozenset({"array", "set", "Array", "tuple"})
# What a result wraps the value in: zod's { success, data, error }, valibot's { success, output, issues }.
_WRAPPERS = frozenset({"data", "output", "value"})


class Schemas:
    """Reads schemas through an evaluator."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator

    def member(self, atom: Unknown, name: str) -> Value:
        """Member ``name`` of a value that the schema of ``atom`` passed."""
        shape = self.e.parameters.file_of(atom.node) if isinstance(atom.node, tree.Object) else None
        schema = self.schema_of(atom)
        if schema is None and shape is None:
            return one(atom)
        fields = self.properties(atom.node, shape) if shape is not None and atom.node is not None else None
        if schema is not None:
            fields = self.fields(schema)
        if fields is not None and name in fields:
            node, file = fields[name]
            return self.value(node, file)
        return one(atom if name in _WRAPPERS or fields is None else Unknown("validated"))

    def schema_of(self, atom: Unknown) -> tree.Call | None:
        node = atom.node
        if isinstance(node, tree.Call) and isinstance(node.func, tree.Member) and node.func.name == "valid":
            return self.of_validator(node)
        return node if isinstance(node, tree.Call) else None

    def of_validator(self, node: tree.Call) -> tree.Call | None:
        """The schema that what ``node``, Hono's ``c.req.valid("query")``, gives was passed by."""
        file, given = self.e.parameters.file_of(node), validator_argument(node)
        return self.resolved(given, file) if file is not None and given is not None else None

    def resolved(self, node: Node, file: SourceFile) -> tree.Call | None:
        """The call that made the schema ``node`` stands for."""
        for atom in self.e.evaluate(node, file):
            if isinstance(atom, External) and atom.call is not None:
                return atom.call
        return None

    # -- objects -----------------------------------------------------------------------------------------------------

    def fields(self, schema: tree.Call) -> dict[str, tuple[Node, SourceFile]] | None:
        """The fields of an object schema with their own schemas; None when it is no object that can be read."""
        file = self.e.parameters.file_of(schema)
        if file is None:
            return None
        found: dict[str, tuple[Node, SourceFile]] = {}
        for name, call in reversed(list(self.chain(schema, file))):
            home = self.e.parameters.file_of(call) or file
            if name in _OBJECTS | {"extend", "safeExtend", "augment"} and call.args:
                found.update(self.properties(call.args[0], home))
            elif name in ("merge", "and") and call.args:
                other = self.resolved(call.args[0], home)
                found.update((self.fields(other) if other is not None else None) or {})
            elif name in ("intersect", "pipe"):
                for arg in call.args:
                    other = self.resolved(arg, home)
                    found.update((self.fields(other) if other is not None else None) or {})
            elif name in ("transform", "passthrough", "loose", "catchall"):
                return None
        return found or None

    def properties(self, node: Node, file: SourceFile) -> dict[str, tuple[Node, SourceFile]]:
        found: dict[str, tuple[Node, SourceFile]] = {}
        for atom in self.e.evaluate(node, file):
            if isinstance(atom, Obj):
                for prop in atom.node.props:
                    if isinstance(prop, tree.Property) and prop.key is not None:
                        found[prop.key] = (prop.value, atom.file)
                    elif isinstance(prop, tree.Spread):
                        found.update(self.properties(prop.value, atom.file))
        return found

    def chain(self, schema: tree.Call, file: SourceFile) -> list[tuple[str, tree.Call]]:
        """The calls of ``z.number().int().max(5)``, last first: (method, call)."""
        found: list[tuple[str, tree.Call]] = []
        node: Node = schema
        while len(found) < 40:
            if isinstance(node, tree.Call) and isinstance(node.func, tree.Member):
                found.append((node.func.name or "", node))
                node = node.func.obj
            elif isinstance(node, tree.Call) and isinstance(node.func, tree.Name):
                found.append((node.func.id, node))
                break
            elif isinstance(node, tree.Member):
                node = node.obj
            else:
                made = self.resolved(node, file) if isinstance(node, tree.Name) else None
                if made is None or any(made is call for _, call in found):
                    break
                node, file = made, self.e.parameters.file_of(made) or file
        return found

    # -- values ------------------------------------------------------------------------------------------------------

    def value(self, node: Node, file: SourceFile) -> Value:
        """What a value that the schema ``node`` passed may be."""
        schema = self.resolved(node, file)
        if schema is None:
            return one(Unknown("validated"))
        chain = self.chain(schema, file)
        names = {name for name, _ in chain}
        if "any" in names or "unknown" in names:
            return one(Unknown("validated"))
        if "transform" in names:
            return self.transformed(chain)
        value = self.base(chain, names, schema)
        for name, call in chain:
            if name == "or" and call.args:  # one of two
                value |= self.value(call.args[0], self.e.parameters.file_of(call) or file)
            if name in ("default", "catch", "prefault", "fallback") and call.args:
                value |= self.e.evaluate(call.args[-1], self.e.parameters.file_of(call) or file)
        return value

    def transformed(self, chain: list[tuple[str, tree.Call]]) -> Value:
        """What the last ``transform(f)`` of a chain makes of what the calls before it passed."""
        position = next(i for i, (name, _) in enumerate(chain) if name == "transform")
        call, before = chain[position][1], chain[position + 1 :]
        file = self.e.parameters.file_of(call)
        if not call.args or file is None or not before or {name for name, _ in chain[:position]} & _FURTHER:
            return one(Unknown("validated"))
        given = self.value(before[0][1], file)
        sent = frozenset(Taint("request", call, file.path) if isinstance(a, Unknown) else a for a in given)
        made = self.e.call_values.callback(call.args[0], [sent], file, None)
        return frozenset(Unknown("validated") if isinstance(a, Taint | Unknown) else a for a in made)

    def is_free_text(self, atom: Unknown) -> bool:
        """Whether the schema that passed a value calls it a string, and says nothing of what is in it."""
        file = self.e.parameters.file_of(atom.node) if isinstance(atom.node, tree.Call) else None
        if file is None or not isinstance(atom.node, tree.Call):
            return False
        names = {name for name, _ in self.chain(atom.node, file)}
        return "string" in names and not names & (_FURTHER | {"transform"})

    def base(self, chain: list[tuple[str, tree.Call]], names: set[str], schema: tree.Call) -> Value:
        if names & _CHOICES:
            return one(SafeText("enum"))
        union = next((call for name, call in chain if name == "union" and call.args), None)
        if union is not None:
            home = self.e.parameters.file_of(union)
            of = [a for a in self.e.evaluate(union.args[0], home) if isinstance(a, Arr)] if home is not None else []
            found = self.e.join(self.value(item, arr.file) for arr in of for item in arr.node.items)
            return found or one(Unknown("validated", schema))
        if names & _LISTS:
            inner = next((call for name, call in chain if name in _LISTS), schema)
            file = self.e.parameters.file_of(inner)
            return one(ListOf(self.value(inner.args[0], file) if inner.args and file is not None else UNKNOWN))
        if names & {"optional", "nullable", "nullish", "pipe", "optionalWithDefault"}:
            outer = [call for name, call in chain if name in ("optional", "nullable", "nullish", "pipe") and call.args]
            if outer:  # valibot: optional(schema), pipe(schema, ...)
                return self.wrapped(outer[0])
        if names & _NUMBERS:
            return one(self.bounds(chain))
        if names & _SAFE_STRINGS:
            return one(SafeText("schema"))
        return one(Unknown("validated", schema))

    def wrapped(self, call: tree.Call) -> Value:
        file = self.e.parameters.file_of(call)
        if file is None:
            return one(Unknown("validated"))
        value = self.value(call.args[0], file)
        for arg in call.args[1:]:
            action = self.resolved(arg, file)
            limit = as_number(self.e.evaluate(action.args[0], file)) if action is not None and action.args else None
            name = self.chain(action, file)[0][0] if action is not None else ""
            if limit is not None and limit.upper is not None and name in ("maxValue", "max_value"):
                value = frozenset(a._replace(upper=limit.upper) if isinstance(a, Number) else a for a in value)
            elif name in _SAFE_STRINGS:
                return one(SafeText("schema"))
        return value

    def bounds(self, chain: list[tuple[str, tree.Call]]) -> Number:
        """The interval of a number's schema. It is not NaN: that no schema passes."""
        lower: float | None = None
        upper: float | None = None
        node = chain[0][1]
        file = self.e.parameters.file_of(node)
        for name, call in chain:
            home = self.e.parameters.file_of(call)
            limit = as_number(self.e.evaluate(call.args[0], home)) if call.args and home is not None else None
            if name in ("max", "lte", "lt") and limit is not None:
                upper = limit.upper
            elif name in ("min", "gte", "gt") and limit is not None:
                lower = limit.lower
            elif name in ("positive", "nonnegative"):
                lower = 0
            elif name in ("refine", "superRefine", "check"):
                upper = upper if upper is not None else float("inf")  # some test of its own: not known to be open
        return Number(lower, upper, False, True, node, file.path if file is not None else "")


def validator_argument(node: tree.Call) -> Node | None:
    """The schema, or the function, that Hono's ``c.req.valid("query")`` was passed by: ``zValidator("query", schema)``
    beside the handler.
    """
    target = node.args[0].value if node.args and isinstance(node.args[0], tree.Literal) else None
    handler = tree.enclosing_function(node)
    while handler is not None and not isinstance(handler.parent, tree.Call):
        handler = tree.enclosing_function(handler)
    if handler is None or not isinstance(handler.parent, tree.Call):
        return None
    for arg in handler.parent.args:
        if (
            isinstance(arg, tree.Call)
            and len(arg.args) >= 2
            and isinstance(arg.args[0], tree.Literal)
            and arg.args[0].value == target
        ):
            return arg.args[1]
    return None
