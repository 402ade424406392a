"""Files on disk and diagnostics that point into them, for the tests of reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgelint.diagnostics import Confidence, Diagnostic, Related, Severity, Span
from edgelint.report import full
from edgelint.report.model import Report


class Desk:
    """A project in a temporary folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, content: str | bytes) -> None:
        """Lay a file down."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())

    def span(self, path: str, text: str | bytes, nth: int = 1) -> Span:
        """Where ``text`` stands in the file for the ``nth`` time."""
        data, wanted = (self.root / path).read_bytes(), text if isinstance(text, bytes) else text.encode()
        at = -1
        for _ in range(nth):
            at = data.index(wanted, at + 1)
        return Span(path, at, at + len(wanted))

    def frame(self, span: Span, *related: tuple[Span, str], rule: str = "kv/x", **options: Any) -> str:
        """What ``full`` shows of one error, without the headline and the summary."""
        text = "".join(full.render(report(self.root, error(span, *related, rule=rule)), **options))
        return text.split("\n", 1)[1].rsplit("\n\n", 1)[0] + "\n"


def two_files(root: Path) -> Desk:
    """A source file, with a character of three bytes, and a config."""
    made = Desk(root)
    made.write("src/a.ts", 'const n = "漢";\nawait env.KV.put(n,\n  1);\n')
    made.write("wrangler.toml", 'binding = "KV"\n')
    return made


def error(
    span: Span, *related: tuple[Span, str], rule: str = "kv/x", message: str = "It breaks", **more: Any
) -> Diagnostic:
    """A diagnostic with everything but the span made up."""
    return Diagnostic(
        rule,
        more.pop("severity", Severity.ERROR),
        more.pop("confidence", Confidence.HIGH),
        message,
        span,
        tuple(Related(*item) for item in related),
        **more,
    )


def report(root: Path, *diagnostics: Diagnostic, **more: Any) -> Report:
    """A report of these diagnostics."""
    return Report(root, diagnostics, version="1.2.3", **more)
