"""Facts to findings, one module per family.

A check is a generator from the project's facts to findings: no parsing, no config plumbing, no suppression logic. The
module of a family is imported only when one of its rules is selected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgelint.diagnostics import Finding
    from edgelint.project.project import Project

Check = Callable[["Project"], "Iterator[Finding]"]

CHECKS: dict[str, Check] = {}


def check(rule: str) -> Callable[[Check], Check]:
    """Register a generator as the check of ``rule`` ("family/name")."""

    def register(function: Check) -> Check:
        if rule in CHECKS:
            raise ValueError(f"two checks for {rule}")
        CHECKS[rule] = function
        return function

    return register


def module_of(rule: str) -> str:
    """The module that holds the check of ``rule``: ``durable-objects/x`` is in ``edgelint.checks.durable_objects``."""
    family = rule.split("/", 1)[0].replace("-", "_")
    return f"edgelint.checks.{family}_" if family == "async" else f"edgelint.checks.{family}"
