"""The ways in which a call is reached, through the calls of the functions around it."""

from __future__ import annotations

from edgelint.project.call_contexts import Context, contexts, functions_around
from edgelint.syntax import tree
from tests.expressions import Code, code
from tests.projects import words


def chains(here: Code, name: str = "put") -> list[str]:
    """Each context of the call of ``name``: the calls that lead to it, from inside to outside."""
    return [" < ".join(here.text(place.node) for place in context.chain) for context in named(here, name)]


def named(here: Code, name: str = "put") -> list[Context]:
    return list(contexts(here.call(name), here.file, here.evaluator))


def test_a_call_without_callers_stands_alone() -> None:
    here = code("function f(k) { put(k); }")
    (context,) = named(here)
    assert (context.frame, context.level, context.site.node) == (None, 0, here.call("put"))


def test_callers_nearest_first() -> None:
    here = code("function f(k) { put(k); }\nfunction g(k) { f(k); }\nf(1);\ng(2);")
    assert chains(here) == ["put(k)", "put(k) < f(k)", "put(k) < f(1)", "put(k) < f(k) < g(2)"]
    assert [context.level for context in named(here)] == [0, 1, 1, 2]


def test_a_context_has_the_arguments_of_its_calls() -> None:
    here = code("function f(k) { put(k); }\nfunction g(k) { f(k); }\ng('a');\ng('b');")
    arg = here.call("put").args[0]
    values = [words(here.evaluator.evaluate(arg, here.file, context.frame)) for context in named(here)]
    assert values == ["'a' | 'b'", "'a' | 'b'", "'a'", "'b'"]
    outermost = named(here)[2]
    assert here.text(outermost.site.node) == "g('a')"
    assert [place.frame is None for place in outermost.chain] == [False, False, True]


def test_functions_inside_functions_are_both_called() -> None:
    here = code("function outer(a) { const inner = (b) => { put(a, b); }; inner(1); }\nouter(2);")
    assert [f.name or "=>" for f in functions_around(here.call("put"))] == ["=>", "outer"]
    assert chains(here)[:3] == ["put(a, b)", "put(a, b) < inner(1)", "put(a, b) < outer(2)"]
    assert "put(a, b) < inner(1) < outer(2)" in chains(here)


def test_a_recursion_is_gone_round_once() -> None:
    here = code("function f(k) { put(k); f(k + 1); }\nf(0);")
    assert chains(here) == ["put(k)", "put(k) < f(k + 1)", "put(k) < f(0)"]


def test_so_many_levels_and_no_more() -> None:
    callers = "".join(f"function f{n}() {{ f{n - 1}(); }}\n" for n in range(1, 8))
    here = code(f"{callers}function f0() {{ put(1); }}\nf7();")
    assert max(context.level for context in named(here)) == 3


def test_so_many_contexts_and_no_more() -> None:
    here = code("function f() { put(1); }\n" + "f();\n" * 100)
    assert len(named(here)) == 60


def test_a_method_has_its_instance() -> None:
    here = code("class A { constructor(private k) {} save() { put(this.k); } }\nnew A('x').save();")
    arg = here.call("put").args[0]
    found = [words(here.evaluator.evaluate(arg, here.file, context.frame)) for context in named(here)]
    assert found == ["'x'", "'x'"]
    assert isinstance(named(here)[1].site.node, tree.Call)


def test_a_method_of_an_unknown_receiver_is_reached_without_it() -> None:
    here = code("class A { onlyHere(k) { put(k); } }\nfunction g(a) { a.onlyHere(1); }\ng(made());")
    assert chains(here) == ["put(k)", "put(k) < a.onlyHere(1)", "put(k) < a.onlyHere(1) < g(made())"]
