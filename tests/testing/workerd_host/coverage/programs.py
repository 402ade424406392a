"""Programs made at random that say themselves what ran: ``t(7, x)`` prints 7 and is x. Each statement begins with a
``t`` of its own, on a line of its own; so does each way of a branch."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random


@dataclass
class Program:
    """``lines``: line -> the number that its statement prints. ``branches``: (line, kind) -> for each branch, in order,
    the numbers that its ways print."""

    text: list[str] = field(default_factory=lambda: ["const t = (n, x) => (out(n), x);"])
    lines: dict[int, int] = field(default_factory=dict)
    branches: dict[tuple[int, str], list[list[int]]] = field(default_factory=dict)
    last: int = 0

    def mark(self, random: Random) -> tuple[int, str]:
        self.last += 1
        return self.last, f"t({self.last}, {random.choice(('0', '1', 'null', '2', '``'))})"

    def write(self, line: str, number: int = 0) -> None:
        self.text.append(line)
        if number:
            self.lines[len(self.text)] = number

    def branch(self, kind: str, ways: list[int]) -> None:
        self.branches.setdefault((len(self.text) + 1, kind), []).append(ways)


def expression(program: Program, random: Random, depth: int = 0) -> tuple[int, str]:
    """An expression, with the number of what it evaluates first; its branches are those of the next line."""
    kind = random.randrange(4) if depth < 2 else 3
    if kind == 0:
        operator = random.choice(("&&", "||", "??"))
        parts = [program.mark(random) for _ in range(random.randint(2, 3))]
        program.branch("logical", [number for number, _ in parts])
        return parts[0][0], f"({f' {operator} '.join(text for _, text in parts)})"
    if kind == 1:
        first, test = program.mark(random)
        sides = [program.mark(random), program.mark(random)]
        program.branch("conditional", [number for number, _ in sides])
        return first, f"({test} ? {sides[0][1]} : {sides[1][1]})"
    if kind == 2:
        first, text = program.mark(random)
        inner = expression(program, random, depth + 1)[1]
        return first, f"[{text}, `${{{inner}}}`].length"
    return program.mark(random)


def block(program: Program, random: Random, depth: int) -> None:
    for _ in range(random.randint(1, 3)):
        statement(program, random, depth)


def statement(program: Program, random: Random, depth: int) -> None:
    """One statement, maybe with others in it."""
    kinds = ["plain", "plain", "const", "lone"]
    if depth < 3:
        kinds += ["if", "lone if", "loop", "lone loop", "switch", "try", "function", "arrow", "class", "label"]
    kind = random.choice(kinds)
    end = random.choice((";", " ;", "; // c", " /* c */;"))
    if kind == "plain":
        number, text = expression(program, random)
        before = random.choice((";", "void ")) if text[0] in "[(" else ""  # else it would go on the line before
        program.write(f"{before}{text}{end}", number)
    elif kind == "const":
        number, text = expression(program, random)
        program.write(f"var v{program.last} = {text}{end}", number)
    elif kind == "lone":
        number, text = program.mark(random)
        program.write(text, number)  # no semicolon
        program.write(";")
    elif kind == "if":
        number, text = expression(program, random)
        ways = [program.last + 1, program.last + 2]
        program.last += 2
        program.branch("if", ways)
        program.write(f"if ({text}) {{", number)
        program.write(f"t({ways[0]});", ways[0])
        block(program, random, depth + 1)
        program.write("} else {")
        program.write(f"t({ways[1]});", ways[1])
        block(program, random, depth + 1)
        program.write("}")
    elif kind == "lone if":
        number, text = program.mark(random)
        ways = [program.last + 1, program.last + 2]
        program.last += 2
        program.branch("if", ways)
        program.write(f"if ({text}) // c", number)
        program.write(f"t({ways[0]})", ways[0])
        program.write("else")
        program.write(f"t({ways[1]})", ways[1])
    elif kind in ("loop", "lone loop"):
        program.last += 2
        number, body = program.last - 1, program.last
        program.branch("loop", [body])
        label = f"l{number}: " if random.random() < 0.3 else ""
        brace = "{" if kind == "loop" else ""
        items = ", ".join("123"[: random.randint(0, 3)])
        program.write(f"{label}for (const x of t({number}, [{items}])) {brace}", number)
        program.write(f"t({body})" + (";" if brace else ""), body)
        if brace:
            block(program, random, depth + 1)
            if label and random.random() < 0.5:
                program.last += 1
                program.write(f"if (t({program.last}, 1)) continue l{number};", program.last)
                program.branches.setdefault((len(program.text), "if"), []).append([])
            program.write("}")
        else:
            program.write(";")
    elif kind == "switch":
        number, text = program.mark(random)
        cases = [program.last + 1 + at for at in range(3)]
        program.last += 3
        program.branch("switch", cases)
        program.write(f"switch ({text}) {{", number)
        for label_, case in zip(("case 0:", "case 1:", "default:"), cases, strict=True):
            program.write(label_)
            program.write(f"t({case})", case)
            if random.random() < 0.6:
                program.write("break;")
        program.write("}")
    elif kind == "try":
        program.write("try {")
        block(program, random, depth + 1)
        program.last += 2
        program.write(f"throw t({program.last - 1}, 'e')", program.last - 1)
        program.write("} catch (e) {")
        program.write(f"t({program.last});", program.last)
        program.write("} finally {")
        block(program, random, depth + 1)
        program.write("}")
    elif kind in ("function", "arrow", "class"):
        name = f"f{len(program.text)}"
        heads = {
            "function": (f"function {name}(a = 1) {{", "}", f"{name}();"),
            "arrow": (f"var {name} = (x) => {{", "};", f"{name}();"),
            "class": (f"class {name} {{ static *m() {{", "} }", f"[...{name}.m()];"),
        }
        head, foot, call = heads[kind]
        program.write(head)
        if random.random() < 0.3:
            program.write("'use strict'" if kind == "arrow" else "")
        block(program, random, depth + 1)
        if random.random() < 0.5:
            number, text = program.mark(random)
            program.write(f"return {text}", number)
        program.write(foot)
        for _ in range(random.randint(0, 2)):
            program.write(call)
    elif kind == "label":
        label_ = f"b{len(program.text)}"
        program.write(f"{label_}: {{")
        block(program, random, depth + 1)
        program.last += 1
        program.write(f"if (t({program.last}, {random.randint(0, 1)})) break {label_}", program.last)
        program.branches.setdefault((len(program.text), "if"), []).append([])
        block(program, random, depth + 1)
        program.write("}")


def program(random: Random) -> Program:
    """A whole program, an ES module."""
    made = Program()
    for _ in range(random.randint(2, 6)):
        statement(made, random, 0)
    return made
