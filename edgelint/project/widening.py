"""Values with more alternatives than are kept apart."""

from __future__ import annotations

from edgelint.project.atoms import Atom, Const, Number, Plat, SafeText, Taint, Unknown, Value

MAX_ATOMS = 40  # alternatives kept apart for one expression: beyond, those of a sort are told as one


def widened(value: Value) -> Value:
    """``value`` with fewer alternatives: constants become harmless text, numbers one interval, objects anything.

    What the platform gives and what a request decides stays, for the rules ask for it.
    """
    from edgelint.project.numbers import as_number

    kept: set[Atom] = {atom for atom in value if isinstance(atom, Plat | SafeText)}
    numbers = frozenset(a for a in value if isinstance(a, Number) or (isinstance(a, Const) and a.kind == "number"))
    number = as_number(numbers)
    if number is not None:
        kept.add(number)
    taints = sorted((a for a in value if isinstance(a, Taint)), key=lambda a: (a.path, a.node.start))
    kept.update(taints[:8])
    for atom in value:
        if isinstance(atom, Const) and atom.kind != "number":
            kept.add(SafeText("constant") if atom.kind == "string" else atom)
        elif not isinstance(atom, Plat | SafeText | Number | Taint | Const):
            kept.add(atom if isinstance(atom, Unknown) and atom.node is None else Unknown("wide"))
    return frozenset(kept)
