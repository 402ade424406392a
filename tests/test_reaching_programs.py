"""Random programs are run: no definition that holds at a use may be missing from those told to reach it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from hypothesis import example, given
from hypothesis import strategies as st

from edgelint.project.reaching import reaching
from edgelint.syntax import tree
from tests.expressions import code

# A statement is a kind and the statements in its parts; definitions and uses are numbered when it is written.


@dataclass(frozen=True)
class Statement:
    kind: str
    parts: tuple[tuple[Statement, ...], ...] = ()


SIMPLE = ("set", "add", "use", "maybe", "either", "default", "break", "continue", "return", "throw", "chain")
COMPOUND = {
    "if": 1, "ifelse": 2, "while": 1, "for": 1, "do": 1, "of": 1, "try": 2, "finally": 2, "switch": 2, "block": 1,
}


def _compound(inner: st.SearchStrategy[Statement]) -> st.SearchStrategy[Statement]:
    body = st.lists(inner, min_size=1, max_size=4).map(tuple)
    return st.one_of([
        st.builds(Statement, st.just(kind), st.tuples(*[body] * parts)) for kind, parts in sorted(COMPOUND.items())
    ])


STATEMENTS = st.recursive(st.sampled_from(SIMPLE).map(Statement), _compound, max_leaves=14)
PROGRAMS = st.lists(STATEMENTS, min_size=1, max_size=6).map(tuple)


class Jump(Exception):
    """break, continue, return or throw on its way."""


@dataclass
class Made:
    """A statement that was written, under its number."""

    statement: Statement
    number: int
    parts: list[list[Made]]


@dataclass
class Program:
    """A program with numbered definitions and uses: its text, and what is seen when it runs."""

    statements: tuple[Statement, ...]
    choices: Iterator[bool]
    numbers: int = 0
    text: list[str] = field(default_factory=list)
    holding: frozenset[int] = frozenset({0})
    seen: list[tuple[int, frozenset[int]]] = field(default_factory=list)
    steps: int = 0

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def write(self, statements: tuple[Statement, ...], loops: int) -> list[Made]:
        """Append the text of ``statements``; gives them with their numbers, to be run."""
        return [self.statement(statement, loops) for statement in statements]

    def statement(self, s: Statement, loops: int) -> Made:
        n = self.number()
        out = self.text.append
        parts: list[list[Made]] = []
        inner = loops + (s.kind in ("while", "for", "do", "of"))

        def part(position: int) -> None:
            parts.append(self.write(s.parts[position], inner))

        if s.kind in ("break", "continue") and not loops:
            s = Statement("use")
        simple = {
            "set": f"x = {n};", "add": f"x += {n};", "use": f"use({n}, x);", "maybe": f"c() && (x = {n});",
            "either": f"c() ? (x = {n}) : 0;", "default": f"x ??= {n};", "break": "if (c()) break;",
            "continue": "if (c()) continue;", "return": "if (c()) return;", "throw": "if (c()) throw 1;",
            "chain": f"let y{n} = x = {n};",
        }
        if s.kind in simple:
            out(simple[s.kind])
            return Made(s, n, parts)
        opening = {
            "if": "if (c()) {", "ifelse": "if (c()) {", "while": "while (c()) {",
            "for": f"for (x = {n}; c(); x = -{n}) {{", "do": "do {", "of": "for (x of c()) {", "try": "try {",
            "finally": "try {", "switch": "switch (c()) { case 1:", "block": "{",
        }
        middle = {"ifelse": "} else {", "try": "} catch {", "finally": "} finally {", "switch": "break; default:"}
        out(opening[s.kind])
        # a break inside a switch leaves the switch: none is written directly in one
        part(0)
        if s.kind in middle:
            out(middle[s.kind])
            part(1)
        out("} while (c());" if s.kind == "do" else "}")
        return Made(s, n, parts)

    def choice(self) -> bool:
        self.steps += 1
        return self.steps < 200 and next(self.choices)

    def run(self, made: list[Made]) -> None:
        for one in made:
            self.step(one.statement, one.number, one.parts)

    def loop(self, body: list[Made]) -> bool:
        """Run a loop's body once; whether it goes on."""
        try:
            self.run(body)
        except Jump as jump:
            if jump.args[0] == "break":
                return False
            if jump.args[0] != "continue":
                raise
        return True

    def step(self, s: Statement, n: int, parts: list[list[Made]]) -> None:
        match s.kind:
            case "set" | "chain":
                self.holding = frozenset({n})
            case "add":
                self.holding |= {n}
            case "use":
                self.seen.append((n, self.holding))
            case "maybe" | "either" | "default":
                if self.choice():
                    self.holding = frozenset({n})
            case "break" | "continue" | "return" | "throw":
                if self.choice():
                    raise Jump(s.kind)
            case "if":
                if self.choice():
                    self.run(parts[0])
            case "ifelse" | "switch":
                self.run(parts[0 if self.choice() else 1])
            case "while":
                while self.choice() and self.loop(parts[0]):
                    pass
            case "for":
                self.holding = frozenset({n})
                while self.choice() and self.loop(parts[0]):
                    self.holding = frozenset({-n})
            case "of":
                while self.choice():
                    self.holding = frozenset({-1000})
                    if not self.loop(parts[0]):
                        break
            case "do":
                while self.loop(parts[0]) and self.choice():
                    pass
            case "try":
                try:
                    self.run(parts[0])
                except Jump as jump:
                    if jump.args[0] != "throw":
                        raise
                    self.run(parts[1])
            case "finally":
                try:
                    self.run(parts[0])
                finally:
                    self.run(parts[1])
            case _:
                self.run(parts[0])


def number_of(node: tree.Node | None) -> int:
    """The number written in a definition: negative for the step of a loop."""
    if isinstance(node, tree.Unary):
        return -number_of(node.value)
    assert isinstance(node, tree.Literal)
    return int(node.value)


USE, SET = Statement("use"), Statement("set")


@given(PROGRAMS, st.lists(st.booleans(), max_size=60))
@example((SET, Statement("while", ((USE, SET),)), USE), [True, True, False])
@example((Statement("for", ((USE,),)), USE), [True, True, False])
@example((Statement("try", ((SET, Statement("throw"), SET), (USE,))),), [True])
def test_no_definition_is_missing(statements: tuple[Statement, ...], choices: list[bool]) -> None:
    program = Program(statements, iter([*choices, *[False] * 400]))
    made = program.write(statements, 0)
    text = "function f() { let x = 0; " + " ".join(program.text) + " }"
    with suppress(Jump):
        program.run(made)
    here = code(text)
    names = {number_of(call.args[0]): call.args[1] for call in here.file.index.calls.get("use", [])}
    for use, holding in program.seen:
        name = names[use]
        assert isinstance(name, tree.Name)
        symbol = here.file.index.resolve(name)
        assert symbol is not None
        told = {
            -1000 if d.kind == "element" else number_of(d.node.value if isinstance(d.node, tree.Assign) else d.node)
            for d in reaching(symbol, name)
        }
        assert holding <= told, f"{text}\nuse {use} sees {sorted(holding)}, told {sorted(told)}"
