"""What a variable holds in one world: the definition that counts, what is pushed into a list, the turn of a loop.

An item that stands for an unknown number of items is ``repeat``. The lists of which nothing is known have one such item
without a node.
"""

from __future__ import annotations

from typing import NamedTuple

from edgelint.project.atoms import Value
from edgelint.project.branches import Branches
from edgelint.project.frames import Frame
from edgelint.project.objects import symbol_pushes
from edgelint.project.reaching import reaching
from edgelint.project.scopes import Def, Symbol
from edgelint.project.sql_text import Chunk, Here, Piece
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

MAX_UNROLLED = 24
"""Items of a constant list over which a loop or a map is followed item by item."""


class Item(NamedTuple):
    """One item: an expression where it stands, or text that is known (``pieces``); neither: nothing is known of it."""

    node: Node | None
    here: Here
    repeat: bool = False
    pieces: tuple[Piece, ...] | None = None


class Variables(Branches):
    """Variables and the lists they hold. A part of ``Assembly``."""

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

    def nothing(self, here: Here) -> list[Item]:
        self.exact = False
        return [Item(None, here, True)]

    # -- what other parts give ---------------------------------------------------------------------------------------

    def items(self, node: Node, here: Here) -> list[Item]:
        """What the list ``node`` holds, in order."""
        raise NotImplementedError

    def valued(self, node: Node, here: Here) -> list[Item]:
        """A list that only the evaluator knows."""
        raise NotImplementedError

    def part(self, node: Node, step: str | int | None, here: Here) -> tuple[Node, Here] | None:
        """One part of what ``node`` is."""
        raise NotImplementedError

    def tag_texts(self, template: tree.Template, here: Here) -> list[Item]:
        """The constant parts of a tagged template."""
        raise NotImplementedError

    def written(self, node: Node, here: Here) -> list[Piece]:
        """The text of ``node``."""
        raise NotImplementedError

    # -- definitions -------------------------------------------------------------------------------------------------

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
        around, self.skipped = self.skipped, False
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
        if self.skipped and any(d.kind == "augment" for d in found):
            self.empty_join = True  # WHERE ( and ), and nothing between them
        self.skipped = around
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
