"""The README's table of rules, made from the rule documents. ``python -m tests.rule_table`` writes it into the README.

It stands between the two markers; everything else in the README is written by hand.
"""

from __future__ import annotations

from pathlib import Path

from edgelint import rulebook

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- rules: begin (python -m tests.rule_table) -->", "<!-- rules: end -->"


def table() -> str:
    """A Markdown table: rule, severity, languages, what happens."""
    lines = ["| Rule | Severity | Languages | What happens |", "|---|---|---|---|"]
    for id, rule in rulebook.load().items():
        severity = rule.severity.value + (" (strict)" if rule.profile == "strict" else "")
        summary = rule.summary.replace("|", "\\|")
        lines.append(f"| [`{id}`](rules/{id}.md) | {severity} | {', '.join(rule.languages)} | {summary} |")
    return "\n".join(lines)


def parts(readme: str) -> tuple[str, str, str]:
    """What stands before, between and after the markers. Raises ``ValueError`` when they are not there."""
    before, begin, rest = readme.partition(BEGIN)
    between, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the README has no '{BEGIN}' ... '{END}'")
    return before, between.strip(), after


def main() -> None:
    """Bring the README up to date."""
    before, _, after = parts(README.read_text(encoding="utf-8"))
    README.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
