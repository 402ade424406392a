"""What hovering shows: a rule's document, or what a name in ``env`` is and which environments have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint import registry
from edgelint.lsp import facts
from edgelint.rule_text import rule_text
from edgelint.source import line_starts, position

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgelint.lsp.analysis import Snapshot
    from edgelint.project.project import Project


def markdown(
    snapshot: Snapshot, path: str, data: bytes, offset: int, link: Callable[[str, int], str],
    text: Callable[[str], bytes],
) -> str | None:
    """The text for a place, None when there is nothing to say. ``link(path, line)`` makes a URI (line from 1), ``text``
    gives a file's contents."""
    named = facts.suppressed_rule(data, offset)
    if named is not None:
        return document(named)
    parts = []
    moved = snapshot.moved(path)
    at = offset if moved is None else moved.back(offset)
    if snapshot.project is not None and at is not None:
        described = _binding(snapshot, snapshot.project, path, at, link, text)
        if described is not None:
            parts.append(described)
    rules = dict.fromkeys(
        item.rule for item in snapshot.diagnostics.get(path, ()) if item.span.start <= offset <= item.span.end
    )
    parts += [shown for rule in rules if (shown := document(rule)) is not None]
    return "\n\n---\n\n".join(parts) or None


def document(rule: str) -> str | None:
    """A rule's document as Markdown; None for an id that there is not."""
    if rule not in registry.known_ids():
        return None
    text = rule_text(rule)
    return f"# {rule}\n\n{text.markdown}"


def _binding(
    snapshot: Snapshot, project: Project, path: str, offset: int, link: Callable[[str, int], str],
    text: Callable[[str], bytes],
) -> str | None:
    use = facts.env_use(project, path, offset)
    if use is None:
        return None
    found = facts.declarations(project, path, use.name)
    if not found:
        kind = facts.binding_names(project, path).get(use.name)
        told = facts.kind_label(kind) if kind is not None else "not declared in any config of this file's workers"
        return f"**`{use.name}`**: {told}"
    lines = [f"**`{use.name}`**: {facts.kind_label(found[0].declaration.kind)}", ""]
    have = set()
    for worker, environment, declared in found:
        have.add((worker, environment))
        how = snapshot.moved(declared.span.path)
        span = declared.span if how is None else how.span(declared.span)
        if span is None:
            lines.append(f"- {worker}, {_environment(environment)}: {declared.span.path}")
            continue
        data = text(span.path)
        line = position(data, line_starts(data), span.start)[0]
        place = f"[{span.path}:{line}]({link(span.path, line)})"
        lines.append(f"- {worker}, {_environment(environment)}: {place}")
    for worker, environment in facts.environments(project, path):
        if (worker, environment) not in have:
            lines.append(f"- {worker}, {_environment(environment)}: **not declared**")
    return "\n".join(lines)


def _environment(name: str | None) -> str:
    return "top level" if name is None else f"environment `{name}`"
