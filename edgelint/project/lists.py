"""The items of lists in one world: literals, what is pushed, what map makes of them, how often something stands.

An item that stands for an unknown number of items is ``repeat``. The lists of which nothing is known have one such item
without a node.
"""

from __future__ import annotations

from typing import NamedTuple

from edgelint.project.atoms import Arr, Const, Func, Global, Number, Obj, Value, one
from edgelint.project.branches import Branches
from edgelint.project.frames import MAX_FRAMES, Frame
from edgelint.project.objects import symbol_pushes
from edgelint.project.parameters import is_tag_text
from edgelint.project.reaching import reaching
from edgelint.project.scopes import Def, Symbol
from edgelint.project.sql_text import Chunk, Here, Piece, Place
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

MAX_UNROLLED = 24
"""Items of a constant list over which a loop or a map is followed item by item."""
# Methods that without arguments keep the items of a list.
_SAME = frozenset({"slice", "sort", "toSorted", "flat", "values", "copy"})


class Item(NamedTuple):
    """One item: an expression where it stands, or text that is known (``pieces``); neither: nothing is known of it."""

    node: Node | None
    here: Here
    repeat: bool = False
    pieces: tuple[Piece, ...] | None = None


class Lists(Branches):
    """Items of lists. A part of ``Assembly``."""

    budget: int
    bound: dict[tuple[int, int], Item]  # (symbol, frame) of a loop's variable -> what it is in this turn
    lists: dict[tuple[object, ...], tuple[list[Item], bool, list[Item]]]  # what names stand for, as far as was asked
    tags: dict[int, tree.Template]  # frames of calls by a tag
    seen: set[int]  # variables that the text is made of
    empty_join: bool  # a list of optional parts had none of them, and was joined all the same
    looked = 0  # how often the items of a list were asked for

    def spend(self) -> bool:
        """Whether there is still room to look at one more expression."""
        self.budget -= 1
        return self.budget > 0

    def resolved(self, node: Node, here: Here) -> tuple[Node, Here]:
        """``node`` with names that have one value replaced by it, as long as that is so."""
        raise NotImplementedError

    def functions(self, node: tree.Call, here: Here) -> list[Func]:
        """The project's functions that a call may run."""
        return [a for a in self.e.evaluate(node.func, here.file, here.frame) if isinstance(a, Func)]

    def nothing(self, here: Here) -> list[Item]:
        self.exact = False
        return [Item(None, here, True)]

    # -- items ------------------------------------------------------------------------------------------------

    def items(self, node: Node, here: Here) -> list[Item]:
        """What the list ``node`` holds, in order."""
        self.looked += 1
        while isinstance(node, (tree.Cast, tree.Await)):
            node = node.value
        if not self.spend():
            return self.nothing(here)
        if isinstance(node, tree.Array):
            return self.literal(node, here)
        if isinstance(node, tree.Name):
            return self.named(node, here)
        if isinstance(node, tree.Conditional):
            return self.items(node.then if self.test(node.test, here) else node.other, here)
        if isinstance(node, tree.Binary):
            return self.operated(node, here)
        if isinstance(node, tree.Call):
            return self.called(node, here)
        if isinstance(node, tree.Comprehension):
            return self.comprehended(node, here)
        if isinstance(node, tree.Member) and node.name == "raw":
            return self.items(node.obj, here)
        if isinstance(node, tree.Literal) and node.kind == "null":
            return []
        return self.valued(node, here)

    def literal(self, node: tree.Array, here: Here) -> list[Item]:
        found: list[Item] = []
        for item in node.items:
            if isinstance(item, tree.Spread):
                found += self.items(item.value, here)
            else:
                found.append(Item(item, here))
        return found

    def valued(self, node: Node, here: Here) -> list[Item]:
        """A list that only the evaluator knows: a field, a constant of another module."""
        value = self.e.evaluate(node, here.file, here.frame)
        if len(value) == 1:
            (atom,) = value
            if isinstance(atom, Arr):
                frame = atom.frame if isinstance(atom.frame, Frame) else None
                return self.literal(atom.node, Here(atom.file, frame))
            if isinstance(atom, Const) and atom.kind == "null":
                return []
        return self.nothing(here)

    def operated(self, node: tree.Binary, here: Here) -> list[Item]:
        if node.op == "+":
            return self.items(node.left, here) + self.items(node.right, here)
        if node.op == "*" and here.file.language == "python":  # ["?"] * n
            times = self.size(node.right, here)
            one_of = self.items(node.left, here)
            if times is not None:
                return one_of * min(times, 200)
            self.exact = False
            return [i._replace(repeat=True) for i in one_of]
        if node.op in ("??", "||"):
            left = self.e.evaluate(node.left, here.file, here.frame)
            if left and all(isinstance(a, Const) and a.kind == "null" for a in left):
                return self.items(node.right, here)
            return self.items(node.left, here)
        if node.op == "&&":
            return self.items(node.right, here) if self.test(node.left, here) else []
        return self.nothing(here)

    # -- names ------------------------------------------------------------------------------------------------

    def base(self, symbol: Symbol, use: Node, here: Here) -> tuple[Def | None, list[Def]]:
        """The definition that holds at ``use`` in this world, and the additions (``+=``) after it."""
        kept = self.e.kept["base"].get((symbol, use))
        if kept is None:
            function = tree.enclosing_function(use)
            own = all(_function_of(d) is function for d in symbol.defs)
            found = reaching(symbol, use) if own else symbol.defs
            kept = self.e.kept["base"][symbol, use] = (own, sorted(found, key=lambda d: d.at.start))
        own, found = kept
        if not own and len([d for d in found if d.kind != "augment"]) != 1:
            return None, []
        holds: Def | None = None
        added: list[Def] = []
        for d in found:
            if own and d.at.start >= use.start and d.kind != "param":
                continue
            if d.kind in ("param", "import", "function", "element", "key"):
                holds, added = d, []
            elif d.kind == "value" and d.node is None:
                holds = holds or d
            elif len(found) == 1 or (not own and d.kind == "value") or self.ran(d.at, use, here):
                if d.kind == "augment":
                    added.append(d)
                else:
                    holds, added = d, []
        return holds, added

    def bound_item(self, symbol: Symbol, here: Here) -> Item | None:
        """What a loop's variable is in this turn."""
        return self.bound.get((id(symbol), id(here.frame))) or self.bound.get((id(symbol), 0))

    def value(self, node: Node, here: Here) -> Value:
        """What ``node`` may be here: of a loop's variable, what it is in this turn."""
        symbol = here.file.index.resolve(node) if isinstance(node, tree.Name) else None
        bound = self.bound_item(symbol, here) if symbol is not None else None
        if bound is not None and bound.node is not None and bound.pieces is None:
            return self.e.evaluate(bound.node, bound.here.file, bound.here.frame)
        return super().value(node, here)

    def named(self, node: tree.Name, here: Here) -> list[Item]:
        """What the list called ``node`` holds: found once in a world for each turn of the loops that are unrolled."""
        key = (node, here.frame, tuple(self.turns.items()), tuple(map(id, self.bound.values())))
        kept = self.lists.get(key)
        if kept is None:
            exact, self.exact = self.exact, True
            found = self.look_up(node, here)
            # what is bound is kept too, so that its id stays its own
            kept = self.lists[key] = (found, self.exact, list(self.bound.values()))
            self.exact = exact
        self.exact = self.exact and kept[1]
        return kept[0]

    def look_up(self, node: tree.Name, here: Here) -> list[Item]:
        symbol = here.file.index.resolve(node)
        if symbol is None:
            return self.valued(node, here)
        bound = self.bound_item(symbol, here)
        if bound is not None:
            return self.items(bound.node, bound.here) if bound.node is not None else self.nothing(here)
        holds, added = self.base(symbol, node, here)
        if holds is None:
            return self.valued(node, here)
        found = self.begun(holds, node, here)
        for d in added:
            if isinstance(d.node, tree.Assign) and d.node.op == "+=" and d.node.value is not None:
                found = found + self.items(d.node.value, here)
            else:
                return self.nothing(here)
        return self.pushed(symbol, holds, node, here, found)

    def begun(self, d: Def, use: tree.Name, here: Here) -> list[Item]:
        """The items of a list as one definition gives it."""
        if d.kind == "value" and d.node is not None and not d.path:
            return self.items(d.node, here)
        if d.kind == "value" and d.node is not None and len(d.path) == 1:
            part = self.part(d.node, d.path[0], here)
            if part is not None:
                return self.items(*part)
        if d.kind == "param" and isinstance(d.node, tree.Param) and isinstance(d.node.parent, tree.Function):
            found = self.parameter_items(d, d.node, d.node.parent, here)
            if found is not None:
                return found
        return self.valued(use, here)

    def parameter_items(
        self, d: Def, param: tree.Param, function: tree.Function, here: Here
    ) -> list[Item] | None:
        frame = here.frame.find(function) if here.frame is not None else None
        if frame is None:
            return None
        template = self.tags.get(id(frame))
        position = function.params.index(param)
        if template is not None and position == 0:
            return self.tag_texts(template, Here(frame.file, frame.parent))
        if self.is_hidden(param, function, frame):
            spread = self.spread(param, function, frame, here)
            if param.rest and not d.path:
                return spread
            first = spread[0] if spread else None
            known = first is not None and first.node is not None and not first.repeat and not d.path
            return self.items(first.node, first.here) if known and first is not None and first.node is not None else (
                self.nothing(here)
            )
        given = list(self.e.parameters.given(param, function, frame))
        if param.rest and not d.path:
            return [
                Item(arg, Here(file, parent)) if isinstance(arg, Node) else Item(None, here)
                for arg, file, parent in given
            ]
        if len(given) == 1 and isinstance(given[0][0], Node):
            where = Here(given[0][1], given[0][2])
            if not d.path:
                return self.items(given[0][0], where)
            if len(d.path) == 1:
                part = self.part(given[0][0], d.path[0], where)
                return self.items(*part) if part is not None else None
        if not given and not d.path:
            return self.items(param.default, here) if param.default is not None else []
        return None

    @staticmethod
    def is_hidden(param: tree.Param, function: tree.Function, frame: Frame) -> bool:
        """Whether a spread argument of the call hides what it gives for ``param``."""
        return frame.rest and (bool(param.rest) or function.params.index(param) >= len(frame.args))

    def spread(self, param: tree.Param, function: tree.Function, frame: Frame, here: Here) -> list[Item]:
        """What a call with a spread argument gives from ``param`` on: ``query(sql, ...values)``."""
        if frame.call is None:
            return self.nothing(here)
        args = [arg for arg in frame.call.args if not isinstance(arg, tree.Keyword)]
        first = next(n for n, arg in enumerate(args) if isinstance(arg, tree.Spread))
        there = Here(frame.file, frame.parent)
        position = function.params.index(param)
        found = [
            Item(arg, there) if isinstance(arg, Node) else Item(None, there) for arg in frame.args[position:]
        ]
        behind: list[Item] = []
        for arg in args[first:]:
            behind += self.items(arg.value, there) if isinstance(arg, tree.Spread) else [Item(arg, there)]
        skipped = behind[: max(0, position - len(frame.args))]
        if any(item.repeat for item in skipped):
            return self.nothing(here)
        return found + behind[len(skipped) :]

    def pushed(self, symbol: Symbol, d: Def, use: Node, here: Here, found: list[Item]) -> list[Item]:
        """``found`` with what is pushed between the list's beginning and ``use``."""
        function = tree.enclosing_function(use)
        pushes = sorted(symbol_pushes(symbol, here.file), key=lambda push: push[0].start)
        for node, spread in pushes:
            call = node.parent
            while isinstance(call, tree.Spread):
                call = call.parent
            if isinstance(call, tree.Assign) and call.op == "+=":
                continue  # told by ``base``
            home = tree.enclosing_function(node)
            if node.start < d.at.start or (node.start >= use.start and home is function):
                continue
            method = call.func.name if isinstance(call, tree.Call) and isinstance(call.func, tree.Member) else ""
            if method == "concat":
                continue  # gives another list
            if method in ("splice", "") or (home is not function and not _inside(home, function)):
                return self.nothing(here)
            new = self.pushes(node, spread, use, here)
            found = new + found if method == "unshift" else found + new
        return found

    def pushes(self, node: Node, spread: bool, use: Node, here: Here) -> list[Item]:
        """What one push adds: once for each turn of a loop over a constant list."""
        loop = self.unrollable(node, use, here)
        if loop is None:
            if not self.ran(node, use, here):
                return []
            repeat = any(
                isinstance(a, tree.Loop | tree.Function) and not _around(a, use) for a in tree.ancestors(node)
            )
            return [i._replace(repeat=i.repeat or repeat) for i in self.added(node, spread, here)]
        around, target, over = loop
        found: list[Item] = []
        symbol = here.file.index.resolve(target)
        key = (id(symbol), id(here.frame))
        for turn, item in enumerate(over) if symbol is not None else ():
            self.turns[id(around)] = turn
            self.bound[key] = item
            try:
                if self.ran(node, use, here):
                    found += [self.fixed(i, here) for i in self.added(node, spread, here)]
            finally:
                del self.bound[key]
                del self.turns[id(around)]
        return found

    def added(self, node: Node, spread: bool, here: Here) -> list[Item]:
        return self.items(node, here) if spread else [Item(node, here)]

    def fixed(self, item: Item, here: Here) -> Item:
        """``item`` with its text as it is in this turn of a loop."""
        if item.node is None or item.pieces is not None or isinstance(item.node, tree.Literal):
            return item
        pieces = self._fixed_pieces(item.node, item.here)
        return item._replace(pieces=pieces) if pieces is not None else item

    def _fixed_pieces(self, node: Node, here: Here) -> tuple[Piece, ...] | None:
        """The text of ``node`` in this turn, None when part of it is not known.

        Kept for the other worlds where it hangs on nothing but what the loop's variables are: then nothing was asked,
        no list was looked at, and all is exact.
        """
        if any(item.pieces is not None for item in self.bound.values()):
            return self._written_whole(node, here)
        key = (node, here.frame, tuple((of, item.node, item.here.frame) for of, item in self.bound.items()))
        kept: dict[object, tuple[tuple[Piece, ...] | None, frozenset[int]]] = self.e.kept["fixed"]
        found = kept.get(key)
        if found is not None:
            self.seen |= found[1]
            return found[0]
        world, looked, tags, empty = self.world, self.looked, len(self.tags), self.empty_join
        asked, world.asked = world.asked, set()
        exact, self.exact = self.exact, True
        seen, self.seen = self.seen, set()
        pieces = self._written_whole(node, here)
        same = (self.looked, len(self.tags), self.empty_join) == (looked, tags, empty)
        if same and self.exact and not world.asked and self.budget > 0:
            kept[key] = (pieces, frozenset(self.seen))
        world.asked |= asked
        self.exact = self.exact and exact
        self.seen |= seen
        return pieces

    def _written_whole(self, node: Node, here: Here) -> tuple[Piece, ...] | None:
        pieces = self.written(node, here)
        return tuple(pieces) if all(isinstance(p, Chunk) for p in pieces) else None

    def written(self, node: Node, here: Here) -> list[Piece]:
        """The text of ``node``."""
        raise NotImplementedError

    def unrollable(self, node: Node, use: Node, here: Here) -> tuple[tree.Loop, tree.Name, list[Item]] | None:
        """The loop around a push that goes over a constant list: (loop, its variable, the items)."""
        loops = [a for a in tree.ancestors(node) if isinstance(a, tree.Loop) and not _around(a, use)]
        if len(loops) != 1 or loops[0].kind != "of" or loops[0].iterable is None:
            return None
        target = loops[0].target
        if isinstance(target, tree.Assign):
            target = target.target
        if not isinstance(target, tree.Name):
            return None
        exact = self.exact
        over = self.items(loops[0].iterable, here)
        if len(over) > MAX_UNROLLED or any(i.repeat or (i.node is None and i.pieces is None) for i in over):
            self.exact = exact
            return None
        return loops[0], target, over

    # -- calls ------------------------------------------------------------------------------------------------

    def called(self, node: tree.Call, here: Here) -> list[Item]:
        func = node.func
        args = [a for a in node.args if not isinstance(a, tree.Keyword)]
        if isinstance(func, tree.Member) and func.name is not None:
            found = self.method_items(node, func, args, here)
            if found is not None:
                return found
        if isinstance(func, tree.Name) and func.id in ("list", "tuple", "sorted", "set") and len(args) == 1:
            return self.items(args[0], here)
        if isinstance(func, tree.Name) and func.id == "Array" and len(args) == 1:
            times = self.size(args[0], here)
            if times is not None and times <= 200:
                return [Item(None, here)] * times
            return self.nothing(here)
        for value, inner in self.results(node, here):
            return self.items(value, inner)
        return self.valued(node, here)

    def method_items(self, node: tree.Call, func: tree.Member, args: list[Node], here: Here) -> list[Item] | None:
        name = func.name
        if name in ("map", "flatMap") and args:
            mapped = [self.mapped(args[0], item, index, here) for index, item in enumerate(self.items(func.obj, here))]
            if name == "flatMap":
                return [i for m in mapped for i in (self.items(m.node, m.here) if m.node is not None else [m])]
            return mapped
        if name == "filter":
            return self.filtered(func.obj, args, here)
        if name == "concat":
            found = self.items(func.obj, here)
            for arg in args:
                more = self.e.evaluate(arg, here.file, here.frame)
                listed = isinstance(arg, tree.Array) or any(isinstance(a, Arr) for a in more)
                found = found + (self.items(arg, here) if listed or not more else [Item(arg, here)])
            return found
        if name == "fill" and args:
            return [Item(args[0], here, i.repeat) for i in self.items(func.obj, here)]
        if name in _SAME and not args:
            return self.items(func.obj, here)
        if name == "split" and args:
            return self.split(func.obj, args[0], here)
        if isinstance(func.obj, tree.Name) and func.obj.id == "Array" and name == "from" and args:
            return self.array_from(args, here)
        if isinstance(func.obj, tree.Name) and func.obj.id == "Object" and name in ("keys", "values") and args:
            return self.object_items(args[0], name, here)
        return None

    def mapped(self, function: Node, item: Item, index: int, here: Here) -> Item:
        """What a callback makes of one item."""
        for atom in self.e.evaluate(function, here.file, here.frame):
            if isinstance(atom, Func):
                outer = here.frame
                if outer is not None and (outer.depth >= MAX_FRAMES or outer.find(atom.node) is not None):
                    break
                number: Value = one(Number(0, None)) if item.repeat else one(Const("number", index))
                given: list[Node | Value] = [item.node if item.node is not None else frozenset(), number]
                frame = Frame(atom.node, given, {}, False, item.here.file, item.here.frame, atom.this)
                self.keep.append(frame)
                inner = Here(atom.file, frame)
                result = self.result(atom.node, inner)
                if result is not None:
                    return Item(result, inner, item.repeat)
            elif isinstance(atom, Global) and atom.path == "String":
                return item
        return Item(None, here, item.repeat)

    keep: list[Frame]  # frames must live as long as their ids are in use

    def filtered(self, listed: Node, args: list[Node], here: Here) -> list[Item]:
        """``filter(Boolean)`` drops what is empty; of another filter it is not known what it keeps."""
        found = self.items(listed, here)
        predicate = args[0] if args else None
        plain = isinstance(predicate, tree.Name) and predicate.id == "Boolean"
        if isinstance(predicate, tree.Function) and isinstance(predicate.body, tree.Name):
            plain = True  # (x) => x
        if plain:
            return [i for i in found if i.node is None or not self.is_empty(i.node, i.here)]
        self.exact = False
        return [
            i for number, i in enumerate(found)
            if i.repeat or self.world.choose(("kept", id(listed), number, id(here.frame)), 2) == 0
        ]

    def is_empty(self, node: Node, here: Here) -> bool:
        """Whether an item is null, false or empty text."""
        while isinstance(node, tree.Cast | tree.Await):
            node = node.value
        if isinstance(node, tree.Conditional):
            return self.is_empty(node.then if self.test(node.test, here) else node.other, here)
        if isinstance(node, tree.Binary) and node.op == "&&":
            return not self.test(node.left, here) or self.is_empty(node.right, here)
        if isinstance(node, tree.Literal):
            return not node.value
        value = self.e.evaluate(node, here.file, here.frame)
        return bool(value) and all(isinstance(a, Const) and not a.value for a in value)

    def split(self, text: Node, separator: Node, here: Here) -> list[Item]:
        value = self.e.evaluate(text, here.file, here.frame)
        by = separator.value if isinstance(separator, tree.Literal) else None
        if len(value) == 1 and isinstance(by, str) and by:
            (atom,) = value
            if isinstance(atom, Const) and isinstance(atom.value, str):
                return [Item(text, here, False, (Chunk(p, here.file, text, None),)) for p in atom.value.split(by)]
        return self.nothing(here)

    def array_from(self, args: list[Node], here: Here) -> list[Item]:
        """``Array.from(xs, f)``, ``Array.from({ length: n }, f)``."""
        source = args[0]
        if isinstance(source, tree.Object):
            size = next((p.value for p in source.props if isinstance(p, tree.Property) and p.key == "length"), None)
            times = self.size(size, here) if size is not None else None
            found = [Item(None, here)] * times if times is not None and times <= 200 else self.nothing(here)
        else:
            found = self.items(source, here)
        return [self.mapped(args[1], i, n, here) for n, i in enumerate(found)] if len(args) > 1 else found

    def object_items(self, node: Node, what: str, here: Here) -> list[Item]:
        """The keys or values of an object literal."""
        value = self.e.evaluate(node, here.file, here.frame)
        if len(value) != 1:
            return self.nothing(here)
        (atom,) = value
        if not isinstance(atom, Obj) or any(not isinstance(p, tree.Property) or p.key is None for p in atom.node.props):
            return self.nothing(here)
        frame = atom.frame if isinstance(atom.frame, Frame) else None
        where = Here(atom.file, frame)
        props = [p for p in atom.node.props if isinstance(p, tree.Property)]
        if what == "values":
            return [Item(p.value, where) for p in props]
        return [Item(p, where, False, (Chunk(p.key or "", atom.file, p.key_node or p, None),)) for p in props]

    def comprehended(self, node: tree.Comprehension, here: Here) -> list[Item]:
        """Python's ``[f"{c} = ?" for c in COLUMNS]``: item by item over a constant list."""
        clause = node.clauses[0]
        assert isinstance(clause, tree.Loop)
        exact = self.exact
        over = self.items(clause.iterable, here) if clause.iterable is not None else []
        known = len(node.clauses) == 1 and isinstance(clause.target, tree.Name) and len(over) <= MAX_UNROLLED
        if known and not any(i.repeat or (i.node is None and i.pieces is None) for i in over):
            self.exact = exact
            symbol = here.file.index.resolve(clause.target) if isinstance(clause.target, tree.Name) else None
            found: list[Item] = []
            for turn, item in enumerate(over) if symbol is not None else ():
                key = (id(symbol), id(here.frame))
                self.bound[key] = item
                self.turns[id(node)] = turn
                try:
                    tests = [t.value if isinstance(t, tree.ExprStmt) else t for t in clause.body.body]
                    if all(self.test(t, here) for t in tests):
                        found.append(self.fixed(Item(node.element, here), here))
                finally:
                    del self.bound[key], self.turns[id(node)]
            return found
        self.exact = False
        return [Item(node.element, here, True)]

    # -- functions ------------------------------------------------------------------------------------------------

    def results(self, node: tree.Call, here: Here) -> list[tuple[Node, Here]]:
        """What the one function of the project that ``node`` calls returns in this world; empty when it is not one."""
        functions = self.functions(node, here)
        if len(functions) != 1 or not self.spend():
            return []
        function = functions[0]
        frame = self.e.call_values.frame(function, node, here.file, here.frame)
        if frame is None or function.node.is_generator:
            return []
        inner = Here(function.file, frame)
        value = self.result(function.node, inner)
        return [(value, inner)] if value is not None else []

    def result(self, function: tree.Function, here: Here) -> Node | None:
        """The expression that ``function`` returns in this world."""
        body = function.body
        if body is None or not isinstance(body, tree.Block):
            return body
        returns = self.e.returns_of(function)
        if len(returns) == 1 and returns[0].value is not None:
            return returns[0].value
        for statement in sorted(returns, key=lambda r: r.start):
            if self.ran(statement, body, here):
                return statement.value
        return None

    def part(self, node: Node, step: str | int | None, here: Here) -> tuple[Node, Here] | None:
        """One part of what ``node`` is: ``const { sql } = build()``."""
        node, here = self.resolved(node, here)
        if isinstance(node, tree.Conditional):
            return self.part(node.then if self.test(node.test, here) else node.other, step, here)
        if isinstance(node, tree.Array) and isinstance(step, int) and step < len(node.items):
            if not any(isinstance(i, tree.Spread) for i in node.items[: step + 1]):
                return node.items[step], here
        if isinstance(node, tree.Object) and isinstance(step, str):
            for prop in reversed(node.props):
                if isinstance(prop, tree.Property) and prop.key == step:
                    return prop.value, here
        if isinstance(node, tree.Call):
            for value, inner in self.results(node, here):
                return self.part(value, step, inner)
        return None

    # -- tags ------------------------------------------------------------------------------------------------

    def tag_texts(self, template: tree.Template, here: Here) -> list[Item]:
        """The constant parts of a tagged template, the empty ones between two substitutions too."""
        from edgelint.project.call_values import _is_substitution

        found: list[Item] = []
        open_ = True
        for part in template.parts:
            if _is_substitution(part, template, here.file):
                if open_:
                    found.append(Item(None, here, False, ()))
                open_ = True
            else:
                found.append(Item(part, here))
                open_ = False
        if open_:
            found.append(Item(None, here, False, ()))
        return found

    def length(self, node: Node, here: Here) -> tuple[int, bool] | None:
        """How many items a list has, where that is known in this world."""
        exact, self.exact = self.exact, True
        try:
            found = self.items(node, here)
            if any(i.node is None and i.pieces is None and i.repeat for i in found):
                return None
            return len(found), self.exact and not any(i.repeat for i in found)
        finally:
            self.exact = exact

    def is_tag(self, d: Def) -> bool:
        """Whether a definition is the texts of a tagged template."""
        return (
            d.kind == "param" and isinstance(d.node, tree.Param) and isinstance(d.node.parent, tree.Function)
            and d.node.parent.params[0] is d.node and is_tag_text(d.node, d.node.parent)
        )


def _function_of(d: Def) -> tree.Function | None:
    if isinstance(d.at, tree.Param):
        return d.at.parent if isinstance(d.at.parent, tree.Function) else None
    return tree.enclosing_function(d.at)


def _inside(function: tree.Function | None, outer: tree.Function | None) -> bool:
    at = function
    while at is not None:
        if at is outer:
            return True
        at = tree.enclosing_function(at)
    return outer is None


def _around(outer: Node, inner: Node) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


__all__ = ["Item", "Lists", "Place"]
