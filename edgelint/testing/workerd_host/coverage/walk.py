"""One module's syntax tree to its probes, and to what has to be inserted in its text for them.

Nothing is inserted that changes what the program does: a counter stands before a statement, at the head of a body, or
as ``(counter, operand)`` around an operand that no name, ``this`` or ``delete`` depends on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from tree_sitter import Node

from edgelint.testing.workerd_host.coverage.nodes import (
    COMMENTS,
    FIELDS,
    FUNCTIONS,
    HOISTED,
    LOOPS,
    PARAMETERS,
    bare,
    counts,
    directives,
    end_of,
    is_logical,
    is_wrapper,
    kids,
    leading,
    made_up,
    name_of,
    operands,
    takes_name,
)
from edgelint.testing.workerd_host.coverage.probes import Branch, Function, Kind, Line, Place, Probes, Way

PlaceOf = Callable[[Node], Place | None]
"""Where a node came from: None when it is of no file of the app's own."""


class Insertion(NamedTuple):
    """Text to insert at a byte offset; by ``rank`` those of one offset are in order: what ends there goes first, the
    inner before the outer; then what begins there, the outer before the inner."""

    offset: int
    rank: int
    text: str


class Walk:
    """Walks a tree once. ``hit`` makes the expression that counts, from the number of a counter; ``reaches`` says
    whether there may be anything to count between two rows (from 0, both inclusive)."""

    def __init__(self, place: PlaceOf, hit: Callable[[int], str], reaches: Callable[[int, int], bool]) -> None:
        self.probes = Probes()
        self.insertions: list[Insertion] = []
        self._place_of = place
        self._hit = hit
        self._reaches = reaches
        self._made_up: set[int] = set()  # ids of nodes that are not in the app's text
        self._chained: set[int] = set()  # of logical expressions within another
        self._barred: set[int] = set()  # offsets at which no parenthesis may begin
        self._same: Counter[tuple[Place, str]] = Counter()

    def run(self, root: Node) -> None:
        """Walk a program. Parents go before their children, so that the order of insertions is that of nesting."""
        waiting = [root]
        while waiting:
            node = waiting.pop()
            handler = self._handlers.get(node.type)
            if handler is not None and handler(self, node) is False:
                continue
            waiting += [
                kid for kid in reversed(node.named_children) if self._reaches(kid.start_point.row, kid.end_point.row)
            ]

    def _place(self, node: Node) -> Place | None:
        return self._place_of(leading(node))

    # Insertions

    def _counter(self) -> int:
        self.probes.size += 1
        return self.probes.size - 1

    def _open(self, offset: int, text: str) -> None:
        self.insertions.append(Insertion(offset, len(self.insertions), text))

    def _close(self, offset: int, text: str) -> None:
        self.insertions.append(Insertion(offset, -1 - len(self.insertions), text))

    def _around(self, operand: Node) -> int:
        """Count the evaluations of an operand."""
        counter = self._counter()
        self._open(operand.start_byte, f"({self._hit(counter)}, ")
        self._close(end_of(operand), ")")
        return counter

    def _free(self, operand: Node) -> bool:
        return operand.start_byte not in self._barred

    # Statements

    def _program(self, node: Node) -> None:
        self._listed(kids(node), prologue=True)

    def _block(self, node: Node) -> None:
        above = node.parent
        self._listed(kids(node), prologue=above is not None and above.type in FUNCTIONS)

    def _listed(self, statements: list[Node], prologue: bool = False) -> None:
        for statement in statements[directives(statements) if prologue else 0 :]:
            self._statement(statement)

    def _statement(self, statement: Node) -> None:
        place = self._place(statement) if counts(statement) else None
        if place is not None:
            counter = self._counter()
            self.probes.lines.append(Line(place, counter))
            self._open(statement.start_byte, f"{self._hit(counter)};")
        elif statement.type == "expression_statement":
            self._barred.add(statement.start_byte)  # `a` and, on the next line, `(b)` would be a call

    def _single(self, statement: Node, text: str, after: str = "") -> None:
        """A statement that stands where only one can: ``text`` goes before it, ``after`` behind it."""
        if statement.type == "statement_block":
            if text:
                self._open(statement.start_byte + 1, text)
            if after:
                self._close(statement.end_byte, after)
            return
        if not text and (not counts(statement) or self._place(statement) is None):
            self._statement(statement)
            return
        self._open(statement.start_byte, "{" + text)
        self._close(end_of(statement), "}" + after)
        self._statement(statement)

    def _first_line(self, statement: Node | None) -> int:
        """The line where a way of a branch leads: that of the first statement there."""
        if statement is not None and statement.type == "statement_block":
            statement = next((each for each in kids(statement) if counts(each)), None)
        place = self._place(statement) if statement is not None and counts(statement) else None
        return place.line if place is not None else 0

    def _branch(self, place: Place, kind: Kind, *ways: Way) -> None:
        key = (place, kind)
        self.probes.branches.append(Branch(place, kind, self._same[key], ways))
        self._same[key] += 1

    def _if(self, node: Node) -> None:
        consequence = node.child_by_field_name("consequence")
        otherwise = node.child_by_field_name("alternative")
        alternative = kids(otherwise)[0] if otherwise is not None and kids(otherwise) else None
        if consequence is None or consequence.type in HOISTED or (alternative and alternative.type in HOISTED):
            return
        place = self._place(node)
        if place is None:
            self._single(consequence, "")
            if alternative is not None:
                self._single(alternative, "")
            return
        taken, left = self._counter(), self._counter()
        ways = (Way(self._first_line(consequence), taken), Way(self._first_line(alternative), left))
        self._branch(place, "if", *ways)
        counted = f"{self._hit(left)};"
        self._single(consequence, f"{self._hit(taken)};", "" if alternative is not None else f" else {{{counted}}}")
        if alternative is not None:
            self._single(alternative, counted)

    def _loop(self, node: Node) -> None:
        body, place = node.child_by_field_name("body"), self._place(node)
        if body is None or body.type in HOISTED:
            return
        text = ""
        if place is not None:
            counter = self._counter()
            self._branch(place, "loop", Way(self._first_line(body), counter))
            text = f"{self._hit(counter)};"
        self._single(body, text)

    def _switch(self, node: Node) -> None:
        body, place = node.child_by_field_name("body"), self._place(node)
        ways = []
        for case in kids(body) if body is not None else []:
            statements = [kid for kid in case.children_by_field_name("body") if kid.type not in COMMENTS]
            colon = next(kid for kid in case.children if kid.type == ":")
            if place is not None:
                counter = self._counter()
                ways.append(Way(self._first_line(statements[0]) if statements else 0, counter))
                self._open(colon.end_byte, f"{self._hit(counter)};")
            self._listed(statements)
        if place is not None and ways:
            self._branch(place, "switch", *ways)

    def _with(self, node: Node) -> bool:
        return False  # every name in it may be the object's

    # Functions and classes

    def _function(self, node: Node) -> None:
        body, place = node.child_by_field_name("body"), self._place(node)
        if body is None or place is None or node.id in self._made_up or is_wrapper(node):
            return
        if body.type != "statement_block":
            counter = self._around(body)
            self.probes.lines.append(Line(self._place(body) or place, counter))
        else:
            counter = self._counter()
            head = kids(body)
            number = directives(head)
            if number:
                self._open(end_of(head[number - 1]), f";{self._hit(counter)};")
            else:
                self._open(body.start_byte + 1, f"{self._hit(counter)};")
        self.probes.functions.append(Function(place, name_of(node), counter))

    def _field(self, node: Node) -> None:
        value, place = node.child_by_field_name("value"), self._place(node)
        if value is not None and place is not None and not takes_name(value):
            self.probes.lines.append(Line(place, self._around(value)))

    def _call(self, node: Node) -> None:
        found = made_up(node)
        if found is not None:
            self._made_up.update(each.id for each in found)

    # Expressions

    def _conditional(self, node: Node) -> None:
        place = self._place(node)
        sides = node.child_by_field_name("consequence"), node.child_by_field_name("alternative")
        if place is None or sides[0] is None or sides[1] is None:
            return
        ways = []
        for side in sides:
            assert side is not None
            to = self._place(side)
            ways.append(Way(to.line if to is not None and to.line != place.line else 0, self._around(side)))
        self._branch(place, "conditional", *ways)

    def _logical(self, node: Node) -> None:
        if not is_logical(node) or node.id in self._made_up or node.id in self._chained:
            return
        place, parts = self._place(node), list(operands(node))
        waiting = [node]
        while waiting:
            for side in map(bare, kids(waiting.pop())):
                if is_logical(side):
                    self._chained.add(side.id)
                    waiting.append(side)
        if place is not None and self._free(parts[0]):
            self._branch(place, "logical", *(Way(0, self._around(part)) for part in parts))

    def _assignment(self, node: Node) -> None:
        operator, right = node.child_by_field_name("operator"), node.child_by_field_name("right")
        place = self._place(node)
        if operator is None or right is None or operator.type not in ("&&=", "||=", "??="):
            return
        if place is not None and not takes_name(right):
            self._branch(place, "assignment", Way(0, self._around(right)))

    def _default(self, node: Node) -> None:
        right, place = node.child_by_field_name("right"), self._place(node)
        if node.type in PARAMETERS:
            right = node.child_by_field_name("value")
        if right is not None and place is not None and not takes_name(right):
            self._branch(place, "default", Way(0, self._around(right)))

    _handlers: dict[str, Callable[[Walk, Node], bool | None]] = {
        "program": _program, "statement_block": _block, "if_statement": _if, "switch_statement": _switch,
        "with_statement": _with, "call_expression": _call, "ternary_expression": _conditional,
        "binary_expression": _logical, "augmented_assignment_expression": _assignment,
        "assignment_pattern": _default, "object_assignment_pattern": _default,
        **dict.fromkeys(LOOPS, _loop), **dict.fromkeys(PARAMETERS, _default), **dict.fromkeys(FIELDS, _field),
        **dict.fromkeys(FUNCTIONS, _function),
    }  # fmt: skip
