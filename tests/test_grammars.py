"""Loading the grammars."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tree_sitter import Language

from edgelint.syntax.js_statements import _binding


def test_the_packages_around_the_grammars_are_not_loaded() -> None:
    code = (
        "import sys\nfrom edgelint.syntax.js_statements import grammar\n"
        "kinds = [len(grammar(name).kinds) for name in ('javascript', 'typescript', 'tsx')]\n"
        "print(min(kinds) > 100, 'importlib.resources' in sys.modules)\n"
        "import tree_sitter_javascript, tree_sitter_typescript as both\n"
        "print(tree_sitter_javascript.language() is not None, both.HIGHLIGHTS_QUERY != '')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "True", "True"]


def test_a_binding_is_loaded_once() -> None:
    assert _binding("tree_sitter_javascript") is _binding("tree_sitter_javascript")
    assert Language(_binding("tree_sitter_javascript").language()).node_kind_count > 100


def test_a_package_without_a_binding_is_taken_itself() -> None:
    assert _binding("json") is json


def test_a_package_that_is_not_there() -> None:
    with pytest.raises(ModuleNotFoundError):
        _binding("no_such_grammar")
