"""Selectors and the join of documents and checks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edgelint import checks, registry
from edgelint.registry import UnknownSelector, selected

if TYPE_CHECKING:
    from edgelint.diagnostics import Finding
    from edgelint.project.project import Project

TTL, LIST, WIDE, SQL = "kv/ttl-too-short", "kv/unpaginated-list", "kv/wide-list", "sql/unbound-value"

pytestmark = pytest.mark.usefixtures("some_rules")



def test_the_default_profile_and_the_strict_one() -> None:
    assert selected() == (TTL, LIST, SQL)
    assert selected(strict=True) == (TTL, LIST, WIDE, SQL)


@pytest.mark.parametrize(
    ("select", "extend", "ignore", "strict", "expected"),
    [
        (["kv/*"], [], [], False, (TTL, LIST)),
        (["kv/*"], [], [], True, (TTL, LIST, WIDE)),
        ([WIDE], [], [], False, (WIDE,)),
        (["ALL"], [], [], False, (TTL, LIST, WIDE, SQL)),
        (["ALL", "kv/*"], [], [], False, (TTL, LIST, WIDE, SQL)),
        ([], [WIDE], [], False, (TTL, LIST, WIDE, SQL)),
        ([], [], ["kv/*"], False, (SQL,)),
        (["*/un*"], [], [], False, (LIST, SQL)),
        (["kv/*"], [TTL], ["kv/*"], False, (TTL,)),
        ([TTL], [], [TTL], False, ()),
        (["*"], [], ["ALL"], False, (TTL, LIST, SQL)),
        ([], [], ["ALL"], False, ()),
        ([SQL], [], ["syntax-error"], False, (SQL,)),
    ],
)
def test_selection(
    select: list[str], extend: list[str], ignore: list[str], strict: bool, expected: tuple[str, ...]
) -> None:
    assert selected(select, extend, ignore, strict=strict) == expected


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("kv/ttl-to-short", "'kv/ttl-to-short' names no rule; did you mean 'kv/ttl-too-short'?"),
        ("ttl-too-short", "'ttl-too-short' names no rule; did you mean 'kv/ttl-too-short'?"),
        ("kv", "'kv' names no rule; did you mean 'kv/*'?"),
        ("kv/", "'kv/' names no rule; did you mean 'kv/*'?"),
        ("kw/*", "'kw/*' names no rule; did you mean 'kv/*'?"),
        ("all", "'all' names no rule; did you mean 'ALL'?"),
        ("zzzzzz", "'zzzzzz' names no rule"),
    ],
)
def test_unknown_selectors_name_the_nearest(selector: str, message: str) -> None:
    for select, extend, ignore in (([selector], [], []), ([], [selector], []), ([], [], [selector])):
        with pytest.raises(UnknownSelector) as caught:
            selected(select, extend, ignore)
        assert str(caught.value) == message
        assert caught.value.selector == selector


def test_failures_cannot_be_ignored() -> None:
    with pytest.raises(UnknownSelector, match="'internal-error' cannot be ignored"):
        selected(ignore=["internal-error"])
    assert registry.ignored_built_ins(["*", "syntax-error", "internal-error"]) == {"syntax-error"}


@pytest.fixture
def family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of check modules beside the real ones."""
    monkeypatch.setattr(checks, "__path__", [str(tmp_path)])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("edgelint.checks."):
            del sys.modules[name]


def test_a_check_is_found_in_its_family_module(family: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "from edgelint.checks import check\n@check('{}')\ndef it(project):\n    yield 1\n"
    (family / "zz_family.py").write_text(source.format("zz-family/x"))
    (family / "yy_family.py").write_text(source.format("yy-family/x"))
    nothing: Any = None
    assert len(list(registry.check_of("zz-family/x")(nothing))) == 1
    assert registry.check_of("zz-family/x") is checks.CHECKS["zz-family/x"]
    assert registry.registered() == {"zz-family/x", "yy-family/x"}


def test_a_rule_without_a_check_is_an_error(family: Path) -> None:
    (family / "zz_bare.py").write_text("")
    for rule in ("zz-bare/x", "zz-none/x"):
        with pytest.raises(registry.MissingCheck, match=f"no check is registered for {rule}"):
            registry.check_of(rule)


def test_a_family_module_that_does_not_import_is_not_hidden(family: Path) -> None:
    (family / "zz_broken.py").write_text("import no_such_module_at_all\n")
    with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all"):
        registry.check_of("zz-broken/x")


def test_two_checks_for_one_rule_are_an_error() -> None:
    def one(project: Project) -> Iterator[Finding]:
        yield from ()

    checks.check("kv/twice")(one)
    with pytest.raises(ValueError, match="two checks for kv/twice"):
        checks.check("kv/twice")(one)
    nothing: Any = None
    assert list(checks.CHECKS["kv/twice"](nothing)) == []


def test_modules_of_families() -> None:
    assert checks.module_of("durable-objects/x") == "edgelint.checks.durable_objects"
    assert checks.module_of("async/x") == "edgelint.checks.async_"
