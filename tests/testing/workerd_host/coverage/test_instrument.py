"""Where counters stand, where a place in the new text was, and what has no counter."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edgelint.testing.workerd_host.coverage.instrument import dialect, instrument, table_of
from edgelint.testing.workerd_host.coverage.probes import NOWHERE, Probes
from edgelint.testing.workerd_host.coverage.session import shifted
from edgelint.testing.workerd_host.coverage.unbundled import left_out
from edgelint.testing.workerd_host.source_maps import Position, Segment, SourceMap, encode
from tests.testing.workerd_host.coverage.conftest import RunJs
from tests.testing.workerd_host.coverage.snippets import MODULES
from tests.testing.workerd_host.coverage.test_meaning import counted


def lines_of(probes: Probes) -> list[int]:
    return sorted(each.place.line for each in probes.lines)


def ways_of(probes: Probes) -> list[tuple[int, str, list[int]]]:
    return [(each.place.line, each.kind, [way.to for way in each.ways]) for each in probes.branches]


def names_of(text: str) -> list[str]:
    return [each.name for each in counted(text).probes.functions]


@dataclass
class Mixed:
    """A map in which each line of the module comes from the source named, at the same line; None: from nowhere."""

    rows: list[int | None]
    sources: tuple[str, ...] = ("/app/own.ts", "/app/node_modules/p/a.js")
    asked: list[tuple[int, int]] = field(default_factory=list)

    def original(self, line: int, column: int) -> Position | None:
        self.asked.append((line, column))
        source = self.rows[line - 1]
        return None if source is None else Position(source, line, column)


def mixed(text: str, *rows: int | None) -> tuple[str, Probes, tuple[str, ...]]:
    made = instrument(text, "m", Mixed(list(rows)), lambda source: "node_modules" not in source)
    return made.text, made.probes, made.problems


def test_the_ways_of_branches_lead_to_lines() -> None:
    text = """if (a) {
  b();
} else if (c) d();
else {
  function e() {}
  f();
}
x = a ?
  b :
  c
switch (a) {
  case 1:
  case 2:
    b();
  default: c()
}
for (;;) { break }
while (a) ;
"""
    assert ways_of(counted(text).probes) == [
        (1, "if", [2, 3]), (3, "if", [3, 6]), (8, "conditional", [9, 10]), (11, "switch", [0, 14, 15]),
        (17, "loop", [17]), (18, "loop", [0]),
    ]  # fmt: skip


def test_statements_that_do_nothing_have_no_counter() -> None:
    text = 'import a from "a";\nlet b;\nexport { b };\nfunction c() {}\n"x";\n{ ; }\nexport default function () {}\n'
    text += "let d, e = 1;"
    assert lines_of(counted("'use strict';\n" + text).probes) == [6, 9]


def test_functions_have_the_names_that_the_code_gives_them() -> None:
    assert names_of(
        "function a() {} const b = () => {}; c.d = function () {}; ({ e() {}, f: () => {}, 'g h'() {} });"
        "class I { j() {} k = () => {}; static #l() {} get m() { return 1 } } n(() => {}); ((() => {}))();"
        'var o = /* @__PURE__ */ __name(() => {}, "p"); q = ((function () {}));'
    ) == ["a", "b", "c.d", "e", "f", "g h", "j", "k", "#l", "m", "(anonymous)", "(anonymous)", "p", "q"]  # fmt: skip


def test_only_what_comes_from_the_apps_own_files_is_counted() -> None:
    text = "var a = 1;\nvar b = x || y;\nfunction c() { return d }\nvar e = 2;"
    made, probes, _ = mixed(text, 0, 1, None, 0)
    assert lines_of(probes) == [1, 4]
    assert probes.size == 2
    assert not probes.branches
    assert made.split("\n")[1:3] == text.split("\n")[1:3]


def test_a_module_with_nothing_of_the_apps_own_is_left_as_it_is() -> None:
    text = "var a = 1;\nvar b = 2;"
    assert mixed(text, 1, None) == (text, Probes(), ())


def test_a_branch_at_the_head_of_an_uncounted_statement_opens_no_parenthesis() -> None:
    text = "a = b\nc && d\nif (e)\n  f || g\nelse\n  h || i"

    @dataclass
    class Within:
        sources: tuple[str, ...] = ("/app/a.ts",)

        def original(self, line: int, column: int) -> Position | None:
            return None

    rows = Mixed([None, None, 0, None, None, None])
    made = instrument(text, "m", rows, lambda source: True)
    assert made.text.split("\n")[1] == "c && d"
    assert "(" not in made.text.split("\n")[3].replace("()", "")
    assert instrument(text, "m", Within(), lambda source: True).text == text


def test_an_uncounted_if_keeps_its_form_around_counted_statements() -> None:
    text = "if (a)\n  b()\nelse\n  c()\nif (d)\n{ e() }"
    made, probes, _ = mixed(text, None, 0, None, None, None, 0)
    assert lines_of(probes) == [2, 6]
    assert made.split("\n")[1].startswith("  {")
    assert made.split("\n")[3] == "  c()"


def test_what_esbuild_adds_is_not_counted() -> None:
    text = """var require_a = __commonJS({ "src/a.cjs"(exports, module) { module.exports = 1; } });
var init_b = __esm({ "src/b.ts"() { "use strict"; c(); } });
var d = __toESM(require_a());
__export(e, { f: () => f });
var G = /* @__PURE__ */ ((H) => { H["I"] = "i"; return H; })(G || {});
((J) => { J.k = 1; })(l.J || (l.J = {}));
__name(m, "m");
class N { static { __name(this, "N"); } }
var o_exports = {};
"""
    made = counted(text)
    assert not made.probes.functions
    assert not made.probes.branches
    assert lines_of(made.probes) == [1, 2, 5, 5, 5, 6, 6, 8]


def test_functions_called_at_once_are_the_apps_own_where_they_are_no_enum() -> None:
    text = "((a) => a)(b || c); ((a) => a)(b && {}); ((a) => a)(b || (c = {})); (() => 1)(f() || {});"
    text += "((a) => a)(b || { d });"
    made = counted(text)
    assert len(made.probes.functions) == 5
    assert len(made.probes.branches) == 5


def test_a_with_statement_is_counted_as_one() -> None:
    made = counted("with (a) { b(); c && d }")
    assert made.probes.size == 1


def test_an_anonymous_function_keeps_its_name_and_has_no_counter_as_a_value() -> None:
    text = "a ??= () => 1; b ||= (function () {}); c &&= class {}; d = 1; d ??= e; function f(g = () => {}, h = 2) {}"
    made = counted(text)
    assert [(each.kind, each.place.column) for each in made.probes.branches] == [("assignment", 63), ("default", 97)]


def test_what_is_not_understood_is_told_and_left() -> None:
    text = "// src/a.ts\nvar a = 1;\n// src/b.ts\nvar b = = 2;\nvar bb;\n// src/c.ts\nvar c = 3;"
    made, probes, problems = mixed(text, None, 0, None, 0, 0, None, 0)
    assert lines_of(probes) == [2, 7]
    assert problems == ("/app/own.ts:4: JavaScript that is not understood: it is not measured",)
    assert made.split("\n")[3] == "var b = = 2;"
    assert counted("(").problems == ("/app/a.js:1: JavaScript that is not understood: it is not measured",)


def test_a_problem_that_has_no_source_is_told_of_the_module() -> None:
    _, probes, problems = mixed("(", None)
    assert (probes, problems) == (Probes(), ("m:1: JavaScript that is not understood: it is not measured",))


def test_lines_that_the_map_does_not_speak_of_are_not_looked_at() -> None:
    text = "var a = 1;\nvar b = 2;\nfunction c() {\n  d();\n}\n(\n"
    mapping = encode([[Segment(0, 0, 7, 4)], [], [], [Segment(2, 1, 0, 0)]])
    found = SourceMap(("/app/own.ts", "/app/node_modules/p/a.js"), (None, None), (), mapping, Path("/app"))
    made = instrument(text.replace("(\n", ""), "m", found, lambda source: "node_modules" not in source)
    assert [each.place for each in made.probes.lines] == [("/app/own.ts", 8, 5)]
    broken = instrument("// a\nvar a = 1;\n// b\n(", "m", SourceMap(
        ("/app/own.ts",), (None,), (), encode([[], [Segment(0, 0, 7, 4)]]), Path("/app")
    ), lambda source: True)  # fmt: skip
    assert broken.probes.size == 1
    assert not broken.problems  # what is broken is no file of the app's


@pytest.mark.parametrize("text", [*MODULES.values()])
def test_places_are_shifted_back(text: str) -> None:
    made = counted(text)
    old, new = text.split("\n"), made.text.split("\n")
    for number, (before, after) in enumerate(zip(old, new, strict=True), 1):
        units = after.encode("utf-16-le")
        original = before.encode("utf-16-le")
        found = [made.shift(number, column)[1] for column in range(1, len(units) // 2 + 1)]
        assert found == sorted(found)
        at = 0
        for column, back in enumerate(found):
            if back == at + 1 and units[2 * column : 2 * column + 2] == original[2 * at : 2 * at + 2]:
                at += 1  # every unit of the old text is found, in order, at its own place
        assert at * 2 == len(original)
        assert made.shift(number, 1)[0] == number
    assert made.shift(9999, 7) == (9999, 7)


def test_a_stack_of_the_counted_program_tells_the_places_of_the_first(run_js: RunJs) -> None:
    text = """const place = () => new Error().stack.split("\\n")[2].match(/:(\\d+:\\d+)\\)?$/)[1];
function é(x = place()) { out(x); if (x) out("ü😀", place()); else out(1) }
é(); const v = null || (place() && `${place()}`);
out(v); switch (1) { case 1: out(place()) } [1].map(() => out(place()))
"""
    made = counted(text)
    [before], [after] = run_js({"a.mjs": text}), run_js({"a.mjs": made.text})
    assert len(before.said) == len(after.said) == 5

    def back(said: str) -> str:
        place = said.rsplit(" ", 1)[-1].strip("'")
        line, column = made.shift(*map(int, place.split(":")))
        return said.replace(place, f"{line}:{column}")

    assert [back(each) for each in after.said] == before.said


def test_a_shifted_map_looks_up_the_old_place() -> None:
    before = SourceMap(("/app/a.ts",), (None,), (), encode([[Segment(0, 0, 4, 2), Segment(5, 0, 6, 1)]]), Path("/app"))
    after = shifted(before, lambda line, column: (line, column - 10))
    assert after.original(1, 16) == before.original(1, 6) == Position(0, 7, 2)
    assert after.path(0) == "a.ts"


def test_a_name_that_is_taken_is_not_used_again() -> None:
    made = counted("var __edgelint_hit = 1, __edgelint_hit_;")
    assert "function __edgelint_hit__()" in made.text


def test_what_a_bundle_leaves_out_has_no_counter(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_text(
        "import x from 'x';\nexport const a: number = 1;\nexport function b(c: string) {\n  return c || 2;\n}\n"
        "interface D {}\ndeclare const e: number;\nexport type F = 1;\nnamespace G { }\n",
        encoding="utf-8",
    )
    source = str(path)
    table = table_of(path.read_text(encoding="utf-8"), source, "ts")
    assert table is not None
    missing = left_out(Probes(lines=table.lines[:1]), [path])
    assert [(each.place.line, each.counter) for each in missing.lines] == [(4, NOWHERE)]
    assert [(each.name, each.place.source) for each in missing.functions] == [("b", source)]
    ways = [(each.kind, [way.counter for way in each.ways]) for each in missing.branches]
    assert ways == [("logical", [NOWHERE, NOWHERE])]
    assert left_out(table, [path]) == Probes()


def test_what_is_no_readable_script_has_nothing_left_out(tmp_path: Path) -> None:
    for name, content in {"a.json": b"{}", "b.ts": b"\xff = 1", "c.ts": b"const = 1"}.items():
        (tmp_path / name).write_bytes(content)
    paths = [tmp_path / name for name in ("a.json", "b.ts", "c.ts", "gone.ts")]
    assert left_out(Probes(), paths) == Probes()


def test_dialects() -> None:
    names = ("a.ts", "a.MTS", "a.cts", "a.tsx", "a.jsx", "a.mjs")
    assert [dialect(name) for name in names] == ["ts", "ts", "ts", "tsx", "", ""]
    tsx = table_of("const a = <b>{c && d}</b>;", "/a.tsx", "tsx")
    assert tsx is not None
    assert [each.kind for each in tsx.branches] == ["logical"]
    assert table_of("const a = <b>(c)", "/a.js") is None


def test_functions_in_the_place_of_a_statement_are_left() -> None:
    """Only scripts that are not strict have them."""
    text = "if (a) function b() {} else c();\nif (d) e(); else function f() { g() }"
    made = counted(text)
    assert not made.probes.branches
    assert "if (a) function b() {" in made.text
    assert " else function f() {" in made.text
    assert [each.name for each in made.probes.functions] == ["b", "f"]
    assert counted("while (a) label: b();").probes.branches[0].ways[0].to == 1
    assert [each.place.line for each in counted("l: function a() {}").probes.lines] == []


def test_cases_of_an_uncounted_switch_are_statements_still() -> None:
    made, probes, _ = mixed("switch (a) {\n  case 1:\n    b();\n}\nc ? d : e;", None, None, 0, None, None)
    assert lines_of(probes) == [3]
    assert not probes.branches
    assert made.split("\n")[1] == "  case 1:"


def test_the_hashbang_stays_first() -> None:
    assert counted("#!/usr/bin/env node\na();").text.startswith("#!/usr/bin/env node\nvar __edgelint_hit_;")
