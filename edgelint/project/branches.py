"""Which way the code goes in one world: tests, and whether a statement has run before another."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from edgelint.project.atoms import Arr, ClassRef, Const, Func, Inst, ListOf, Obj, Value
from edgelint.project.flow import Condition, conditions, leaves
from edgelint.project.sql_text import Here
from edgelint.project.turns import FirstTurns, first_turn, measured_by
from edgelint.project.worlds import Impossible, World
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.frames import Frame

_EQUAL = {"===": True, "==": True, "!==": False, "!=": False}
_ORDER = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "===": "===", "==": "==", "!==": "!==", "!=": "!="}


_Step = tuple[Node, Node]  # a node, and the child of it on the way
_DECIDING = (tree.If, tree.Conditional, tree.Binary, tree.Switch, tree.Catch, tree.Loop, tree.Function)


class Branches:
    """Tests in one world. A part of ``Assembly``."""

    empty_join: bool  # a list of optional parts, or text that a loop adds to, had none, and nothing says that it can be

    def __init__(self, evaluator: Evaluator, world: World) -> None:
        self.e = evaluator
        self.world = world
        self.turns: dict[int, int] = {}  # loops that are being unrolled: which turn it is
        self.first_turns = FirstTurns()
        self.skipped = False  # whether a loop was not gone through since somebody asked
        self.exact = True  # False once something was read of which it is not known how often it happens
        self.known_tests: list[tuple[Condition, Here]] = []
        self.equal: dict[Hashable, object] = {}
        # The same in every world, and so kept for all of them.
        self._steps_kept: dict[tuple[Node, Node], tuple[list[_Step], list[_Step]]] = evaluator.kept["steps"]
        self._told_kept: dict[tuple[Node, Frame | None], bool | None] = evaluator.kept["told"]
        self._keys_kept: dict[tuple[Node, Frame | None], tuple[tuple[Hashable, ...], bool, list[int]]] = (
            evaluator.kept["keys"]
        )
        self._equal_kept: dict[tuple[Node, Frame | None], tuple[Hashable, object] | None] = evaluator.kept["equal"]

    # -- what other parts give ---------------------------------------------------------------------------------------

    def length(self, node: Node, here: Here) -> tuple[int, bool] | None:
        """(how many items the list ``node`` has, whether that is exact); None when it is no list that is known."""
        raise NotImplementedError

    def truth_of_text(self, node: Node, here: Here) -> bool | None:
        """Whether text that the code puts together is not empty, None when that is not known."""
        raise NotImplementedError

    def contradicts(self, test: Node, holds: bool, here: Here) -> bool:
        """Whether what the text is made of excludes that ``test`` was ``holds``."""
        raise NotImplementedError

    # -- tests ------------------------------------------------------------------------------------------------

    def test(self, node: Node, here: Here) -> bool:
        """Whether ``node`` holds, decided here when nothing else tells."""
        found = self.decided(node, here, True)
        assert found is not None
        return found

    def decided(self, node: Node, here: Here, choose: bool = False) -> bool | None:
        """Whether ``node`` holds; None when nothing tells and it is not to be chosen."""
        while isinstance(node, (tree.Cast, tree.Await)):
            node = node.value
        if isinstance(node, tree.Binary):
            if node.op in ("&&", "||"):
                return self.both(node, here, choose)
        elif isinstance(node, tree.Unary):
            if node.op == "!":
                inner = self.decided(node.value, here, choose)
                return None if inner is None else not inner
        elif isinstance(node, tree.Call) and isinstance(node.func, tree.Name) and len(node.args) == 1:
            if node.func.id in ("Boolean", "bool"):
                return self.decided(node.args[0], here, choose)
        told = self.told(node, here)
        if told is not None:
            return told
        key, positive = self.key(node, here)
        taken = self.world.decided.get(key)
        self.world.asked.add(key)
        if taken is None:
            excluded = self.excluded(node, here, key)
            if excluded is not None:
                return excluded is positive
            if not choose:
                return None
            taken = self.world.choose(key, 2)
            if self.first_turns and self.asks_for_turns(node, here):
                self.empty_join = True  # which way the first turn goes is not known
        holds = (taken == 0) is positive
        self.note_equal(node, here, taken == 0)
        return holds

    def both(self, node: tree.Binary, here: Here, choose: bool) -> bool | None:
        stops = node.op == "||"
        left = self.decided(node.left, here, choose)
        if left is stops:
            return stops
        right = self.decided(node.right, here, choose)
        if right is stops:
            return stops
        return None if left is None or right is None else not stops

    def key(self, node: Node, here: Here) -> tuple[Hashable, bool]:
        """What a test is known by: its text, its function and call, and the turn of the loop around it; and whether the
        test as written is the plain form (``x !== y`` is the other one)."""
        kept = self._keys_kept.get((node, here.frame))
        if kept is None:
            kept = self._keys_kept[(node, here.frame)] = self._key(node, here)
        text, positive, around = kept
        turns: tuple[int, ...] = ()
        if self.turns:
            turns = tuple([self.turns[a] for a in around if a in self.turns])
        return (*text, turns), positive

    @staticmethod
    def _key(node: Node, here: Here) -> tuple[tuple[Hashable, ...], bool, list[int]]:
        positive = True
        text = here.file.text(node)
        if isinstance(node, tree.Binary) and node.op in _EQUAL:
            positive = _EQUAL[node.op]
            text = f"{here.file.text(node.left)} = {here.file.text(node.right)}"
        function = tree.enclosing_function(node)
        while function is not None and function.kind in ("arrow", "lambda") and here.frame is not None and (
            here.frame.find(function) is None
        ):
            function = tree.enclosing_function(function)
        frame = here.frame.find(function) if here.frame is not None and function is not None else None
        known = ("test", here.file.path, id(function), id(frame), " ".join(text.split()))
        return known, positive, [id(a) for a in tree.ancestors(node)]

    def told(self, node: Node, here: Here) -> bool | None:
        """What is known of a test whatever way is taken."""
        if isinstance(node, tree.Literal):
            return bool(node.value)
        if self.first_turns:
            known = self.by_turn(node, here)
            if known is not None:
                return known
        if isinstance(node, tree.Binary) and node.op in _ORDER:
            key = (node, here.frame)
            if key in self._told_kept:
                return self._told_kept[key]
            found = self.compared(node, here)
            if not self.turns and not _asks_for_length(node):
                self._told_kept[key] = found
            return found
        if isinstance(node, tree.Member) and node.name in ("length", "size"):
            size = self.length(node.obj, here)
            return self.truth_of_text(node.obj, here) if size is None else size[0] > 0
        if isinstance(node, tree.Call) and isinstance(node.func, tree.Name) and node.func.id == "len" and node.args:
            size = self.length(node.args[0], here)
            return None if size is None else size[0] > 0
        if here.file.language == "python" and isinstance(node, tree.Name):
            size = self.length(node, here)
            if size is not None:
                return size[0] > 0
        kept = self._told_kept
        place = (node, here.frame)
        if place not in kept:
            kept[place] = _truth(self.e.evaluate(node, here.file, here.frame), here.file.language)
        known = kept[place]
        if known is None and isinstance(node, tree.Name):
            known = self.truth_of_text(node, here)
        return known

    def by_turn(self, node: Node, here: Here) -> bool | None:
        """What a test says of the counter of a loop of which one turn stands for all: ``i > 0``, ``i < xs.length - 1``.
        """
        if isinstance(node, tree.Name):
            symbol = here.file.index.resolve(node)
            counted = self.first_turns.counter(symbol)
            if counted is not None or symbol is None:
                return None if symbol is None else counted != 0
            before = self.first_turns.before(symbol, node)
            return bool(before.value) if isinstance(before, tree.Literal) else None
        if not isinstance(node, tree.Binary) or node.op not in _ORDER:
            return None
        if not any(
            isinstance(part, tree.Name) and self.first_turns.counter(here.file.index.resolve(part)) is not None
            for part in tree.walk(node)
        ):
            return None
        left, right = self.turn_size(node.left, here), self.turn_size(node.right, here)
        return None if left is None or right is None else _holds(node.op, left, right)

    def asks_for_turns(self, node: Node, here: Here) -> bool:
        """Whether a test asks what the turns of a loop around it have done: ``if (sql.length > 20) sql += ", "``."""
        symbols = [here.file.index.resolve(part) for part in tree.walk(node) if isinstance(part, tree.Name)]
        return any(symbol is not None and self.first_turns.changes(symbol, node) for symbol in symbols)

    def turn_size(self, node: Node, here: Here) -> int | None:
        """A number in the one turn of a loop."""
        if isinstance(node, tree.Name):
            return self.first_turns.counter(here.file.index.resolve(node))
        if isinstance(node, tree.Binary) and node.op in ("-", "+"):
            left, right = self.turn_size(node.left, here), self.turn_size(node.right, here)
            if left is None or right is None:
                return None
            return left + right if node.op == "+" else left - right
        measured = measured_by(node)
        if measured is not None:
            return self.first_turns.length(here.file.text(measured))
        return self.size(node, here) if isinstance(node, tree.Literal) else None

    def compared(self, node: tree.Binary, here: Here) -> bool | None:
        """A comparison of the length of a list that is known, or of constants."""
        for side, other, op in ((node.left, node.right, node.op), (node.right, node.left, _ORDER[node.op])):
            exact, self.exact = self.exact, True
            size = self.size(side, here)
            whole, self.exact = self.exact, exact
            limit = self.size(other, here) if size is not None else None
            if size is not None and limit is not None and (whole or limit == 0 or (limit == 1 and op in ("<", ">="))):
                return _holds(op, size, limit)
        if node.op in _EQUAL:
            left, right = self.value(node.left, here), self.value(node.right, here)
            if len(left) == len(right) == 1:
                (a,), (b,) = left, right
                if isinstance(a, Const) and isinstance(b, Const):
                    return (a == b) is _EQUAL[node.op]
                nulls = [x for x in (a, b) if isinstance(x, Const) and x.kind == "null"]
                objects = [x for x in (a, b) if isinstance(x, Obj)]
                if nulls and objects:
                    return not _EQUAL[node.op]
        return self.measured_text(node, here)

    def measured_text(self, node: tree.Binary, here: Here) -> bool | None:
        """``where.length > 0`` of text that the code puts together."""
        for side, other, op in ((node.left, node.right, node.op), (node.right, node.left, _ORDER[node.op])):
            if isinstance(side, tree.Member) and side.name == "length" and isinstance(other, tree.Literal):
                if other.value == 0 or (other.value == 1 and op in ("<", ">=")):
                    known = self.truth_of_text(side.obj, here)
                    if known is not None:
                        return _holds(op, 1 if known else 0, int(other.value))
        return None

    def value(self, node: Node, here: Here) -> Value:
        """What ``node`` may be here."""
        return self.e.evaluate(node, here.file, here.frame)

    def size(self, node: Node, here: Here) -> int | None:
        """A number that is known: a literal, the length of a known list, the index of a turn."""
        if isinstance(node, tree.Literal) and node.kind == "number" and isinstance(node.value, int):
            return node.value
        if isinstance(node, tree.Unary) and node.op == "-":
            number = self.size(node.value, here)
            return None if number is None else -number
        if isinstance(node, tree.Binary) and node.op in ("-", "+"):
            left, right = self.size(node.left, here), self.size(node.right, here)
            if left is None or right is None:
                return None
            return left + right if node.op == "+" else left - right
        listed: Node | None = None
        if isinstance(node, tree.Member) and node.name in ("length", "size"):
            listed = node.obj
        elif isinstance(node, tree.Call) and isinstance(node.func, tree.Name) and node.func.id == "len" and node.args:
            listed = node.args[0]
        if listed is not None:
            found = self.length(listed, here)
            self.exact = self.exact and (found is None or found[1])
            return None if found is None else found[0]
        if isinstance(node, tree.Name):
            value = self.e.evaluate(node, here.file, here.frame)
            if len(value) == 1:
                (atom,) = value
                if isinstance(atom, Const) and isinstance(atom.value, int) and not isinstance(atom.value, bool):
                    return atom.value
        return None

    # -- one name has one value --------------------------------------------------------------------------------------

    def equality(self, node: Node, here: Here) -> tuple[Hashable, object] | None:
        """(what is compared, the constant) of ``x === "a"``."""
        if not isinstance(node, tree.Binary) or node.op not in _EQUAL:
            return None
        key = (node, here.frame)
        if key not in self._equal_kept:
            self._equal_kept[key] = self._equality(node, here)
        return self._equal_kept[key]

    @staticmethod
    def _equality(node: tree.Binary, here: Here) -> tuple[Hashable, object] | None:
        for side, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(other, tree.Literal) and not isinstance(side, tree.Literal):
                return (here.file.path, id(here.frame), here.file.text(side)), (other.kind, other.value)
        return None

    def excluded(self, node: Node, here: Here, key: Hashable) -> bool | None:
        """False when the plain form of ``x === "b"`` cannot hold because ``x === "a"`` does."""
        found = self.equality(node, here) if self.equal else None
        if found is not None and found[0] in self.equal and self.equal[found[0]] != found[1]:
            self.world.settle(key, 1)
            return False
        return None

    def note_equal(self, node: Node, here: Here, holds: bool) -> None:
        found = self.equality(node, here) if holds else None
        if found is not None:
            self.equal.setdefault(found[0], found[1])

    # -- what has run ------------------------------------------------------------------------------------------------

    def ran(self, node: Node, use: Node, here: Here) -> bool:
        """Whether ``node`` has run in this world when ``use`` does; both stand in one function."""
        entered, left = self._steps(node, use)
        for parent, child in entered:  # loops and no generators: this is asked for every item of every list
            if not self.entered(parent, child, use, here):
                return False
        return not left or not any(self.left_before(parent, child, here) for parent, child in left)

    def _steps(self, node: Node, use: Node) -> tuple[list[_Step], list[_Step]]:
        """What decides whether ``node`` has run when ``use`` does, from the outside in: (ways to go, blocks that may be
        left), each with the child on the way."""
        found = self._steps_kept.get((node, use))
        if found is None:
            around = {id(a) for a in tree.ancestors(use)}
            chain: list[_Step] = []
            at = node
            while at.parent is not None and id(at.parent) not in around:
                chain.append((at.parent, at))
                at = at.parent
            inner = len(chain)
            if at.parent is not None:
                chain.append((at.parent, at))
            entered = [step for step in reversed(chain) if isinstance(step[0], _DECIDING)]
            left = [step for step in reversed(chain[: inner if inner < len(chain) else inner - 1]) if _may_leave(*step)]
            found = self._steps_kept[(node, use)] = (entered, left)
        return found

    def entered(self, parent: Node, child: Node, use: Node, here: Here) -> bool:
        """Whether the run of ``parent`` comes to ``child``."""
        if isinstance(parent, tree.If):
            if child is parent.then:
                return self.test(parent.test, here)
            return child is not parent.other or not self.test(parent.test, here)
        if isinstance(parent, tree.Loop):
            if id(parent) in self.turns or child is not parent.body or _contains(parent, use):
                return True
            return self.once(parent, here)
        if isinstance(parent, tree.Conditional):
            if child is parent.then:
                return self.test(parent.test, here)
            return child is not parent.other or not self.test(parent.test, here)
        if isinstance(parent, tree.Binary) and child is parent.right and parent.op in ("&&", "||"):
            return self.test(parent.left, here) is (parent.op == "&&")
        if isinstance(parent, tree.Switch) and isinstance(child, tree.Case):
            return self.case(parent, child, here)
        if isinstance(parent, tree.Catch):
            return False
        if isinstance(parent, tree.Function) and not _contains(parent, use):
            return self.once(parent, here)
        return True

    def once(self, parent: Node, here: Here) -> bool:
        """Whether a loop, or a function that others call, runs in this world: then one turn stands for all."""
        self.exact = False
        if self.world.choose(("loop", id(parent), id(here.frame)), 2) != 0:
            self.skipped = True
            return False
        turn = first_turn(parent)
        symbol = None if turn is None else here.file.index.resolve(turn.counter)
        listed = None if turn is None or turn.listed is None else here.file.text(turn.listed)
        self.first_turns.add(parent, turn, symbol, listed)
        return True

    def left_before(self, parent: Node, child: Node, here: Here) -> bool:
        """Whether something before ``child`` in the same block has left it: ``if (!x) continue``."""
        if not isinstance(parent, tree.Block):
            return False
        for statement in parent.body:
            if statement is child:
                return False
            if isinstance(statement, tree.If) and leaves(statement.then) and self.test(statement.test, here):
                return True
        return False

    def case(self, switch: tree.Switch, case: tree.Case, here: Here) -> bool:
        """Whether the switch goes into ``case``: to its own label, or to one before it that falls through."""
        cases = [c for c in switch.cases if isinstance(c, tree.Case)]
        closed = any(not c.tests for c in cases)
        subject = self.e.evaluate(switch.subject, here.file, here.frame)
        taken = -1
        if len(subject) == 1:
            (atom,) = subject
            if isinstance(atom, Const):
                taken = next(
                    (i for i, c in enumerate(cases) if any(
                        isinstance(t, tree.Literal) and t.value == atom.value for t in c.tests
                    )),
                    next((i for i, c in enumerate(cases) if not c.tests), len(cases)),
                )
        if taken < 0:
            taken = self.world.choose(("switch", id(switch), id(here.frame)), len(cases) + (0 if closed else 1))
        wanted = cases.index(case)
        if taken > wanted:
            return False
        return all(not _breaks(c.body) for c in cases[taken:wanted])

    # -- what the way to the query has tested ------------------------------------------------------------------------

    def require(self, node: Node, here: Here) -> None:
        """Remember what is certain at ``node``: ``checked`` refuses the worlds in which it does not hold."""
        kept: dict[Node, tuple[Condition, ...]] = self.e.kept["conditions"]
        certain = kept.get(node)
        if certain is None:
            certain = kept[node] = tuple(conditions(node))
        self.known_tests += [(condition, here) for condition in certain]

    def assume(self) -> None:
        """Decide at the start what is certain where the query stands, as far as it is told by a test alone."""
        for condition, here in self.known_tests:
            test = condition.test
            if isinstance(test, tree.Binary) and test.op in ("&&", "||"):
                continue
            if tree.enclosing_function(test) is None and test.parent is None:  # made up for a case of a switch
                continue
            if self.told(test, here) is None:
                key, positive = self.key(test, here)
                self.world.settle(key, 0 if condition.holds is positive else 1)
                self.note_equal(test, here, condition.holds is positive)

    def checked(self) -> None:
        """Raises ``Impossible`` when the way that was taken does not lead to the query."""
        for condition, here in self.known_tests:
            found = self.decided(condition.test, here)
            if found is not None and found is not condition.holds:
                raise Impossible
            if self.contradicts(condition.test, condition.holds, here):
                raise Impossible


def _asks_for_length(node: Node) -> bool:
    """Whether a comparison hangs on how long a list is, which is another thing in another world."""
    return any(
        (isinstance(part, tree.Member) and part.name in ("length", "size"))
        or (isinstance(part, tree.Call) and isinstance(part.func, tree.Name) and part.func.id == "len")
        for part in tree.walk(node)
    )


def _may_leave(parent: Node, child: Node) -> bool:
    """Whether a test before ``child`` in the block ``parent`` leaves it."""
    if not isinstance(parent, tree.Block):
        return False
    before = parent.body[: next((i for i, statement in enumerate(parent.body) if statement is child), None)]
    return any(isinstance(statement, tree.If) and leaves(statement.then) for statement in before)


def _contains(outer: Node, inner: Node) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end and outer is not inner


def _breaks(block: tree.Block) -> bool:
    return leaves(block) or any(isinstance(s, tree.Jump) for s in block.body)


_TOLD_IN_PYTHON = (Const, Func, ClassRef, Inst)
_TOLD = (*_TOLD_IN_PYTHON, Obj, Arr, ListOf)


def _truth(value: Value, language: str) -> bool | None:
    """Whether a value is truthy for all its alternatives, or for none. Python's lists and dicts are by what they hold.
    """
    told = _TOLD_IN_PYTHON if language == "python" else _TOLD
    if not value:
        return None
    for atom in value:
        if not isinstance(atom, told):
            return None
    found = {bool(a.value) if isinstance(a, Const) else True for a in value}
    return found.pop() if len(found) == 1 else None


def _holds(op: str, left: int, right: int) -> bool:
    if op in ("===", "=="):
        return left == right
    if op in ("!==", "!="):
        return left != right
    if op == "<":
        return left < right
    if op == ">":
        return left > right
    return left <= right if op == "<=" else left >= right
