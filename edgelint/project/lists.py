"""The items of lists in one world: literals, what map and its kin make of them, what functions return, tags."""

from __future__ import annotations

from edgelint.project.atoms import Arr, Const, Func, Global, Number, Obj, Value, one
from edgelint.project.filters import asks_the_store
from edgelint.project.frames import MAX_FRAMES, Frame
from edgelint.project.objects import array_pushes
from edgelint.project.sql_text import Chunk, Here
from edgelint.project.variables import MAX_UNROLLED, Item, Variables
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

# Methods that without arguments keep the items of a list.
_SAME = frozenset({"slice", "sort", "toSorted", "flat", "values", "copy"})
# Those that keep them with arguments too, in another order.
_SORTING = frozenset({"sort", "toSorted"})
# Those whose result has other items than the list: how many, only a run tells.
_OTHERS = frozenset({"splice", "toSpliced", "flat", "with"})


class Lists(Variables):
    """Items of lists. A part of ``Assembly``."""

    def resolved(self, node: Node, here: Here) -> tuple[Node, Here]:
        """``node`` with names that have one value replaced by it, as long as that is so."""
        raise NotImplementedError

    def functions(self, node: tree.Call, here: Here) -> list[Func]:
        """The project's functions that a call may run; none when it may run something else as well."""
        value = self.e.evaluate(node.func, here.file, here.frame)
        found = [a for a in value if isinstance(a, Func)]
        return found if len(found) == len(value) else []

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
        if isinstance(node, tree.Member) and node.name is not None:
            part = self.part(node.obj, node.name, here)
            if part is not None:
                return self.items(*part)
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
                found = self.literal(atom.node, Here(atom.file, frame))
                grows = any(True for _ in array_pushes(atom.node, atom.file))
                return [*found, *self.nothing(here)] if grows else found  # in which order and how often, who knows
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
        if name == "slice" and args:
            return self.some_items(func.obj, args, here)
        if name in ("reverse", "toReversed"):
            return self.items(func.obj, here)[::-1]
        if name in _SAME and (not args or name in _SORTING):
            return self.items(func.obj, here)
        if name in _OTHERS:
            return self.nothing(here)
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
        if predicate is not None and asks_the_store(predicate, here.file, here.frame, self.e):
            return [Item(None, here, True)]
        return [
            i for number, i in enumerate(found)
            if i.repeat or self.world.choose(("kept", id(listed), number, id(here.frame)), 2) == 0
        ]

    def is_empty(self, node: Node, here: Here) -> bool:
        """Whether an item is null, false or empty text."""
        while isinstance(node, tree.Cast | tree.Await):
            node = node.value
        if isinstance(node, tree.Name):
            node, here = self.resolved(node, here)
        if isinstance(node, tree.Conditional):
            return self.is_empty(node.then if self.test(node.test, here) else node.other, here)
        if isinstance(node, tree.Binary) and node.op == "&&":
            return not self.test(node.left, here) or self.is_empty(node.right, here)
        if isinstance(node, tree.Literal):
            return not node.value
        value = self.e.evaluate(node, here.file, here.frame)
        return bool(value) and all(isinstance(a, Const) and not a.value for a in value)

    def some_items(self, listed: Node, bounds: list[Node], here: Here) -> list[Item]:
        """``values.slice(0, -2)``, where its bounds and the number of items are known."""
        known = [self.size(bound, here) for bound in bounds[:2]]
        found = self.items(listed, here)
        if None in known or any(item.repeat for item in found):
            return self.nothing(here)
        return found[slice(*known)] if len(known) == 2 else found[known[0] :]

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
