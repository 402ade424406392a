"""KV: times to live that are long enough, lists that go on to their end. All unsafe: what is stored lives longer, and
more is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.checks._fixes_text import begins_line, indent, insertion, line_end, line_start, step
from edgelint.diagnostics import Edit, Fix, Span
from edgelint.platform import limits
from edgelint.project.atoms import Const, Number
from edgelint.project.identity import callee_name
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.calls import BindingCall, Option
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project
    from edgelint.syntax.tree import Node

_ROUNDING = frozenset({"ceil", "floor", "round", "trunc", "int", "max", "min"})
_OPTION = "expirationTtl"


def clamped(option: Option, project: Project) -> Fix | None:
    """An ``expirationTtl`` of 60 seconds at least: a number becomes 60, the low bound of a ``max`` too, and what is
    computed goes into a ``max`` of its own. None for a moment (``expiration``), and for what may not be a number: of
    ``undefined`` there is no greater one.
    """
    node, file = option.node, option.file
    least = str(limits.KV_MIN_TTL)
    if node is None or _name_of(node) != _OPTION:
        return None
    if isinstance(node, tree.Literal):
        return Fix(f"Write {least}", (Edit(file.span(node), least),)) if node.kind == "number" else None
    if isinstance(node, tree.Call) and callee_name(node) == "max":
        low = [arg for arg in node.args if isinstance(arg, tree.Literal) and arg.kind == "number"]
        if len(low) == 1:
            return Fix(f"Write {least}", (Edit(file.span(low[0]), least),))
    if not _is_number(node, file, project, 0):
        return None
    function = "max" if file.language == "python" else "Math.max"
    prop = node.parent
    name = f"{_OPTION}: " if isinstance(prop, tree.Property) and prop.shorthand else ""
    edits = (insertion(file.path, node.start, f"{name}{function}({least}, "), insertion(file.path, node.end, ")"))
    return Fix(f"Clamp it to {least}", edits)


def _name_of(node: Node) -> str | None:
    """The option that a value is given for."""
    parent = node.parent
    if isinstance(parent, tree.Property) and parent.value is node:
        return parent.key
    if isinstance(parent, tree.Keyword):
        return parent.name
    if isinstance(parent, tree.Assign) and isinstance(parent.target, tree.Member):
        return parent.target.name
    return None


def _is_number(node: Node, file: SourceFile, project: Project, depth: int) -> bool:
    """Whether a value is a number, and there, for certain."""
    if isinstance(node, tree.Binary):
        return node.op in ("-", "*", "/", "//", "%") or (
            node.op == "+" and all(_is_number(side, file, project, depth) for side in (node.left, node.right))
        )
    if isinstance(node, tree.Call) and callee_name(node) in _ROUNDING:
        return True
    if isinstance(node, tree.Name) and depth < 4:
        symbol = file.index.resolve(node)
        given = symbol.defs[0] if symbol is not None and len(symbol.defs) == 1 else None
        if given is not None and isinstance(given.node, tree.Param) and not given.path:
            optional = file.source.data[given.node.target.end : given.node.end].lstrip().startswith(b"?")
            if optional:
                return False
            if (given.node.annotation or "").strip() in ("number", "int", "float"):
                return True
        elif given is not None and given.kind == "value" and not given.path and given.node is not None:
            return _is_number(given.node, file, project, depth + 1)
    value = project.evaluator.evaluate(node, file)
    return bool(value) and all(
        isinstance(atom, Number) or (isinstance(atom, Const) and atom.kind == "number") for atom in value
    )


def all_pages(call: BindingCall) -> Fix | None:
    """A loop over the pages in the place of ``const { keys } = await kv.list()``, and of ``const page = await
    kv.list()`` of which only the keys are used. JavaScript only, and not with a limit: so many keys may be all that are
    wanted.

    Unsafe: one request for each page of keys, and all keys in memory.
    """
    file, node = call.file, call.node
    wait = node.parent
    made = wait.parent if isinstance(wait, tree.Await) else None
    if call.option("limit").node is not None:
        return None
    if file.language == "python" or not isinstance(made, tree.Assign) or made.value is not wait:
        return None
    target = made.target
    data = file.source.data
    start, end = line_start(data, made.start), line_end(data, made.end)
    word = data[start : made.start].strip().decode()
    rest = data[made.end : end].lstrip()
    semicolon = rest[:1] == b";"
    tail = rest[1:].strip() if semicolon else rest.strip()
    if word not in ("const", "let") or (tail and not tail.startswith(b"//")) or not isinstance(made.parent, tree.Block):
        return None
    name = _keys(target, file)
    taken = {name} | {n.id for n in tree.walk(node) if isinstance(n, tree.Name)}
    cursor, done, page = (word if word not in taken else f"{word}2" for word in ("cursor", "done", "page"))
    options = _with_cursor(node, file, "cursor" if cursor == "cursor" else f"cursor: {cursor}")
    if options is None or name is None or made.annotation is not None:
        return None
    lead, level, mark = indent(data, made.start), step(data), ";" if semicolon else ""
    typed = file.language == "typescript"
    keys = f"KVNamespaceListKey<{node.types.strip('<>') or 'unknown'}>[]"
    if isinstance(target, tree.Name):
        kind, empty, into = f": {{ keys: {keys} }}", "{ keys: [] }", f"{name}.keys"
    else:
        kind, empty, into = f": {keys}", "[]", name
    callee = data[node.func.start : node.args[0].start if node.args else node.end].decode()
    name_of_list = callee[: callee.index("(", node.func.end - node.func.start)]
    asked = f"{name_of_list}({options})".replace("\n", f"\n{level}")
    rows = [
        f"{word} {name}{kind if typed else ''} = {empty}{mark}",
        f"for (let {cursor}{': string | undefined' if typed else ''}, {done} = false; !{done}; ) {{",
        f"{level}const {page} = await {asked}{mark}",
        f"{level}{into}.push(...{page}.keys){mark}",
        f"{level}{done} = {page}.list_complete{mark}",
        f"{level}{cursor} = {page}.list_complete ? undefined : {page}.cursor{mark}",
        "}",
    ]
    text = f"\n{lead}".join(rows)
    begin = made.start - len(data[start : made.start].lstrip())
    stop = made.end + data[made.end : end].index(b";") + 1 if semicolon else made.end
    return Fix("Go on until list_complete", (Edit(Span(file.path, begin, stop), text),))


def _with_cursor(call: tree.Call, file: SourceFile, cursor: str) -> str | None:
    """The options of a list with a cursor; None where they are not written so that one can be added."""
    if not call.args:
        return f"{{ {cursor} }}"
    options = call.args[0]
    if len(call.args) > 1 or isinstance(options, tree.Spread):
        return None
    if not isinstance(options, tree.Object):
        return f"{{ ...{file.text(options)}, {cursor} }}" if isinstance(options, tree.Name | tree.Member) else None
    if not options.props:
        return f"{{ {cursor} }}"
    last, data = options.props[-1], file.source.data
    gap = f"\n{indent(data, last.start)}" if begins_line(data, last.start) else " "
    before, after = data[options.start : last.end].decode(), data[last.end : options.end].decode()
    return f"{before},{gap}{cursor}{after}".replace("\r\n", "\n")


def _keys(target: Node, file: SourceFile) -> str | None:
    """The variable that holds the keys, or the page of which only ``keys`` is read."""
    if isinstance(target, tree.Object):
        prop = target.props[0] if len(target.props) == 1 else None
        if not isinstance(prop, tree.Property) or prop.key != "keys" or not isinstance(prop.value, tree.Name):
            return None
        return prop.value.id
    symbol = file.index.resolve(target) if isinstance(target, tree.Name) else None
    if not isinstance(target, tree.Name) or symbol is None or len(symbol.defs) != 1:
        return None
    uses = [use for use in file.index.uses(symbol) if use is not target]
    if all(isinstance(use.parent, tree.Member) and use.parent.name == "keys" for use in uses):
        return target.id
    return None
