"""Text that methods and formats build in one world: join, format, replace, repeat, slice, reduce."""

from __future__ import annotations

import re

from edgelint.patterns import later
from edgelint.project.atoms import Const, Func
from edgelint.project.frames import Frame
from edgelint.project.named_text import NamedText
from edgelint.project.sql_text import Chunk, Here, Piece, Place
from edgelint.project.variables import Item
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

_WHOLE = frozenset({"trim", "trimStart", "trimEnd", "strip", "lstrip", "rstrip", "dedent", "toString", "valueOf"})
_CASES = {"toUpperCase": str.upper, "toLowerCase": str.lower, "upper": str.upper, "lower": str.lower}
_SPACES = later(r"/(?:\\s|\\n|\[\\s[^\]]*\]| |\\r|\\t|\|)+[+*]?(?:\{\d+,?\d*\})?/\w*")
_FORMAT = later(r"\{\{|\}\}|\{(\w*)(?:![rsa])?(?::[^{}]*)?\}")
_PERCENT = later(r"%%|%(?:\((\w+)\))?[sdif]")
_WORD = later(r"[\w$]+")


class BuiltText(NamedText):
    """Text of methods. A part of ``Assembly``."""

    def method(self, node: tree.Call, func: tree.Member, args: list[Node], here: Here, into: list[Piece]) -> bool:
        """A method that builds text; False for any other."""
        name = func.name
        if name in _WHOLE and len(args) <= 1:
            inner = args[0] if name == "dedent" and args else func.obj
            self.write(inner, here, into)
            return True
        if name == "join" and len(args) <= 1:
            self.join(node, func, args, here, into)
            return True
        if name in _CASES and not args:
            self.changed(func.obj, _CASES[name], here, into)
            return True
        if name == "concat" and args and not any(isinstance(a, tree.Spread) for a in args):
            self.write(func.obj, here, into)
            for arg in args:
                self.write(arg, here, into)
            return True
        if name == "format" and here.file.language == "python":
            named = {a.name: a.value for a in node.args if isinstance(a, tree.Keyword)}
            self.filled(self.written(func.obj, here), _FORMAT, named, args, node, here, into)
            return True
        if name in ("replace", "replaceAll") and len(args) >= 2:
            return self.replaced(func, args, here, into)
        if name == "repeat" and len(args) == 1:
            return self.repeated(node, func.obj, args[0], here, into)
        if name in ("slice", "substring") and args:
            return self.sliced(func.obj, args, here, into)
        if name == "reduce" and args:
            return self.reduced(node, func, args, here, into)
        return False

    def join(self, node: tree.Call, func: tree.Member, args: list[Node], here: Here, into: list[Piece]) -> None:
        python = here.file.language == "python"
        listed = (args[0] if args else None) if python else func.obj
        respaced = _respaced(listed, python) if listed is not None else None
        if respaced is not None:
            self.write(respaced, here, into)
            return
        separator: list[Piece] = []
        if python:
            self.write(func.obj, here, separator)
        elif args:
            self.write(args[0], here, separator)
        else:
            separator.append(Chunk(",", here.file, node, None))
        found = self.text_items(listed, here) if listed is not None else []
        parts: list[list[Piece]] = []
        for number, item in enumerate(found):
            if item.node is not None and isinstance(item.node, tree.Conditional | tree.Binary) and self.drops(item):
                continue
            part: list[Piece] = []
            if python or not (isinstance(item.node, tree.Literal) and item.node.kind == "null"):  # [null].join() is ""
                self.item(item, part)
            times = 1
            if item.repeat and not any(isinstance(p, Place) for p in part):
                self.exact = False
                times = 2 - self.world.choose(("times", id(node), number, id(here.frame)), 2)
            parts += [part] * times
        if not parts:
            self.empty_join = True
        for number, part in enumerate(parts):
            into.extend(separator if number else [])
            into.extend(part)

    def text_items(self, listed: Node, here: Here) -> list[Item]:
        """The items of what is joined: of Python text (``", ".join("?" * n)``) its characters."""
        if here.file.language == "python" and isinstance(listed, tree.Binary) and listed.op == "*":
            left, times = listed.left, listed.right
            if isinstance(left, tree.Literal) and left.kind == "string" and len(str(left.value)) == 1:
                count = self.size(times, here)
                return [Item(left, here)] * min(count, 200) if count is not None else [Item(left, here, True)]
        return self.items(listed, here)

    def drops(self, item: Item) -> bool:
        """Whether an item is null: join writes nothing for it, and code that joins such lists has filtered them."""
        node = item.node
        while isinstance(node, tree.Conditional):
            node = node.then if self.test(node.test, item.here) else node.other
        if isinstance(node, tree.Binary) and node.op == "&&":
            return not self.test(node.left, item.here)
        return isinstance(node, tree.Literal) and node.kind in ("null", "boolean")

    def changed(self, node: Node, change: object, here: Here, into: list[Piece]) -> None:
        for piece in self.written(node, here):
            if isinstance(piece, Chunk):
                text = change(piece.text)  # type: ignore[operator]
                into.append(piece._replace(text=text) if len(text) == len(piece.text) else piece)
            else:
                into.append(piece)

    def replaced(self, func: tree.Member, args: list[Node], here: Here, into: list[Piece]) -> bool:
        """``replace`` of white space (nothing changes for SQL), and of one constant text by another text."""
        pattern = args[0]
        if isinstance(pattern, tree.Literal) and pattern.kind == "regex" and _SPACES.fullmatch(str(pattern.value)):
            by = args[1]
            if isinstance(by, tree.Literal) and str(by.value).strip() == "" and str(by.value):
                self.write(func.obj, here, into)
                return True
        if not (isinstance(pattern, tree.Literal) and pattern.kind == "string" and pattern.value):
            return False
        every = func.name == "replaceAll" or here.file.language == "python"
        done = False
        for piece in self.written(func.obj, here):
            if isinstance(piece, Place) or str(pattern.value) not in piece.text or (done and not every):
                into.append(piece)
                continue
            at = 0
            while (found := piece.text.find(str(pattern.value), at)) >= 0 and not (done and not every):
                into.append(piece.part(at, found))
                self.write(args[1], here, into)
                at = found + len(str(pattern.value))
                done = True
            into.append(piece.part(at, len(piece.text)))
        return True

    def repeated(self, node: Node, text: Node, times: Node, here: Here, into: list[Piece]) -> bool:
        """``"?,".repeat(n)``."""
        count = self.size(times, here)
        if count is None:
            self.exact = False
            count = 2 - self.world.choose(("times", id(node), 0, id(here.frame)), 2)
        for _ in range(max(0, min(count, 200))):
            self.write(text, here, into)
        return True

    def sliced(self, text: Node, args: list[Node], here: Here, into: list[Piece]) -> bool:
        bounds: list[int] = []
        for arg in args[:2]:
            node = arg.value if isinstance(arg, tree.Unary) and arg.op == "-" else arg
            if not (isinstance(node, tree.Literal) and isinstance(node.value, int)):
                return False
            bounds.append(-node.value if node is not arg else node.value)
        from edgelint.project.sql_text import Text

        whole = Text(self.written(text, here))
        size = len(whole.text)
        for bound in bounds:
            cut = whole.slice(0, bound) if bound >= 0 else whole.slice(max(size + bound, 0), size)
            if any(isinstance(piece, Place) or piece.assumed for piece in cut.pieces):
                return False  # how long that is, is not known
        start, end, _ = slice(*bounds if len(bounds) == 2 else (bounds[0], None)).indices(len(whole.text))
        into.extend(whole.slice(start, end).pieces)
        return True

    def reduced(self, node: tree.Call, func: tree.Member, args: list[Node], here: Here, into: list[Piece]) -> bool:
        """``items.reduce((text, item, i) => text + item, "")`` over a list that is known."""
        functions = [a for a in self.e.evaluate(args[0], here.file, here.frame) if isinstance(a, Func)]
        found = self.items(func.obj, here)
        if len(functions) != 1 or any(i.repeat or (i.node is None and i.pieces is None) for i in found):
            return False
        function = functions[0]
        names = [p.target if isinstance(p, tree.Param) else None for p in function.node.params]
        symbols = [function.file.index.resolve(n) if isinstance(n, tree.Name) else None for n in names]
        if len(symbols) < 2 or symbols[0] is None or symbols[1] is None:
            return False
        text: list[Piece] = []
        if len(args) > 1:
            self.write(args[1], here, text)
        start = 0 if len(args) > 1 else 1
        if start and found:
            self.item(found[0], text)
        for index, item in enumerate(found[start:], start):
            number = frozenset({Const("number", index)})
            frame = Frame(function.node, [frozenset(), frozenset(), number], {}, False, here.file, here.frame, None)
            self.keep.append(frame)
            inner = Here(function.file, frame)
            self.bound[(id(symbols[0]), id(frame))] = Item(None, here, False, tuple(text))
            self.bound[(id(symbols[1]), id(frame))] = item
            result = self.result(function.node, inner)
            if result is None:
                return False
            text = self.written(result, inner)
            if self.guessed(function.node.params[2:3], frame):
                return False
        into.extend(text)
        return True

    def guessed(self, params: list[Node], frame: Frame) -> bool:
        """Whether a test of the index, one of ``params``, was decided in a turn that ``frame`` is: of a list whose
        length is not known (``i < values.length``), where not every answer goes with every other."""
        names = {p.target.id for p in params if isinstance(p, tree.Param) and isinstance(p.target, tree.Name)}
        return any(
            isinstance(key, tuple) and key[0] == "test" and key[3] == id(frame) and names & set(_WORD.findall(key[4]))
            for key in self.world.decided
        )

    # -- formats ---------------------------------------------------------------------------------------------------

    def percent(self, node: tree.Binary, here: Here, into: list[Piece]) -> None:
        """Python's ``text % values``."""
        right = node.right
        values = right.items if isinstance(right, tree.Array) else [right]
        self.filled(self.written(node.left, here), _PERCENT, {}, values, node, here, into)

    def filled(
        self, pieces: list[Piece], pattern: re.Pattern[str], named: dict[str, Node], values: list[Node], node: Node,
        here: Here, into: list[Piece],
    ) -> None:
        """``pieces`` with the marks of ``pattern`` replaced by the values."""
        position = 0
        for piece in pieces:
            if isinstance(piece, Place):
                into.append(piece)
                continue
            at = 0
            for mark in pattern.finditer(piece.text):
                into.append(piece.part(at, mark.start()))
                at = mark.end()
                if mark[0] in ("{{", "}}", "%%"):
                    into.append(piece.part(mark.start(), mark.start() + 1))
                    continue
                name = mark[1] or ""
                value = named.get(name)
                if value is None:
                    index = int(name) if name.isdigit() else position
                    position += not name
                    value = values[index] if index < len(values) and (not name or name.isdigit()) else None
                if value is None or isinstance(value, tree.Spread):
                    into.append(Place(node, here.file, here.frame))
                else:
                    self.write(value, here, into)
            into.append(piece.part(at, len(piece.text)))


def _respaced(listed: Node, python: bool) -> Node | None:
    """The text whose lines or words are only put together again, with other white space between them:
    ``text.split("\\n").map((line) => line.trim()).join(" ")``, ``" ".join(text.split())``."""
    while isinstance(listed, tree.Call) and isinstance(listed.func, tree.Member):
        name = listed.func.name
        if name in ("split", "splitlines"):
            by = listed.args[0] if listed.args else None
            blank = isinstance(by, tree.Literal) and by.kind == "string" and str(by.value).strip() == "" and by.value
            return listed.func.obj if blank or (by is None and python) else None
        if python or name not in ("map", "filter") or not listed.args or not _only_trims(listed.args[0]):
            return None
        listed = listed.func.obj
    return None


def _only_trims(function: Node) -> bool:
    if isinstance(function, tree.Name):
        return function.id == "Boolean"
    body = function.body if isinstance(function, tree.Function) else None
    while isinstance(body, tree.Call) and isinstance(body.func, tree.Member) and body.func.name in _WHOLE:
        body = body.func.obj
    return isinstance(body, tree.Name)
