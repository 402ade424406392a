"""What reports, editors and ``explain`` say of a rule: its document, or a sentence on what the engine reports."""

from __future__ import annotations

from edgelint import registry, rulebook
from edgelint.report.model import RuleText


def rule_text(id: str) -> RuleText:
    """What reports say of a rule or a built-in id."""
    if id in registry.BUILT_IN:
        severity, sentence = registry.BUILT_IN[id]
        return RuleText(id, severity, sentence, sentence, sentence)
    rule = rulebook.rule(id)
    sections = (("Bad", rule.bad), ("Good", rule.good), ("When to ignore", rule.ignore))
    parts = [rule.prose.strip(), *(f"## {title}\n\n{text.strip()}" for title, text in sections if text.strip())]
    return RuleText(
        id, rule.severity, rule.summary, rule.prose.strip(), "\n\n".join(parts) + "\n",
        rule.confidence, rule.languages, rule.sources[0],
    )
