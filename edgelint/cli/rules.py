"""``edgelint explain`` and ``edgelint rules``."""

from __future__ import annotations

import json
import sys
from typing import Any

from edgelint import registry, rulebook
from edgelint.cli import terminal
from edgelint.report.style import Style
from edgelint.rule_text import rule_text


def explain(id: str, color: str) -> int:
    """Show one rule's document: laid out at a terminal, the Markdown as it is in a pipe."""
    if id in registry.BUILT_IN:
        severity, sentence = registry.BUILT_IN[id]
        text = f"# {id}\n\n{sentence}\n\nReported by edgelint itself, as {severity.value}.\n"
        if id in registry.NEVER_IGNORED:
            text += "It cannot be ignored: a run that could not do its job must not look clean.\n"
    elif id in rulebook.ids():
        text = (rulebook.directory() / f"{id}.md").read_text(encoding="utf-8")
    else:
        meant = registry.closest(id, registry.known_ids())
        return terminal.fail(f"no rule is called '{id}'" + (f"; did you mean '{meant}'?" if meant else ""))
    if not terminal.is_terminal(sys.stdout):
        terminal.write([text])
        return 0
    from rich.console import Console
    from rich.markdown import Markdown

    colour = terminal.colours(color, sys.stdout)
    console = Console(no_color=not colour, force_terminal=colour, width=min(terminal.width(sys.stdout, 100), 100))
    console.print(Markdown(_without_metadata(id, text)))
    return 0


def _without_metadata(id: str, text: str) -> str:
    """The document with its metadata block said in words."""
    if id not in rulebook.ids():
        return text
    rule = rulebook.rule(id)
    facts = [f"**{rule.severity.value}**, {rule.confidence.value} confidence", f"{rule.profile} profile"]
    facts.append(", ".join(rule.languages))
    facts.append(f"since {rule.since}")
    options = "".join(f"\n- option `{name}` = `{json.dumps(default)}`" for name, default in rule.options.items())
    sources = "".join(f"\n- <{url}>" for url in rule.sources)
    sections = [("Bad", rule.bad), ("Good", rule.good), ("When to ignore", rule.ignore)]
    body = "".join(f"\n\n## {title}\n\n{part.strip()}" for title, part in sections if part.strip())
    return f"# {id}\n\n{' · '.join(facts)}\n{options}\n\n{rule.prose.strip()}{body}\n\n## Sources\n{sources}\n"


def listing(format_: str, color: str) -> int:
    """All rules: a line each, or JSON."""
    if format_ == "json":
        whole = {"version": 1, "rules": [_described(id) for id in registry.known_ids()]}
        terminal.write([json.dumps(whole, indent=2) + "\n"])
        return 0
    style = Style(terminal.colours(color, sys.stdout))
    name = max(len(id) for id in registry.known_ids())
    room = max(terminal.width(sys.stdout, 10_000) - name - 22, 20)
    lines = []
    for id in registry.known_ids():
        text = rule_text(id)
        profile = rulebook.rule(id).profile if id in rulebook.ids() else "built-in"
        summary = text.summary if len(text.summary) <= room else text.summary[: room - 1] + "…"
        severity = style.severity(text.severity, f"{text.severity.value:<7}")
        lines.append(f"{id:<{name}}  {severity}  {profile:<8}  {summary}\n")
    terminal.write(lines)
    return 0


def _described(id: str) -> dict[str, Any]:
    if id in registry.BUILT_IN:
        severity, sentence = registry.BUILT_IN[id]
        return {"id": id, "severity": severity.value, "profile": "built-in", "summary": sentence}
    rule = rulebook.rule(id)
    return {
        "id": id,
        "severity": rule.severity.value,
        "confidence": rule.confidence.value,
        "profile": rule.profile,
        "languages": list(rule.languages),
        "fix": rule.fix,
        "since": rule.since,
        "sources": list(rule.sources),
        "options": rule.options,
        "summary": rule.summary,
    }
