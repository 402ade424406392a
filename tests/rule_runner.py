"""Runs the examples of rule documents and test cases through the real engine, as a user's project would run."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from edgelint import fixes, rulebook
from edgelint.diagnostics import Severity
from edgelint.engine import Options, check
from edgelint.examples import Example, parse_examples, sections
from edgelint.outcome import Result
from edgelint.project import git_base
from edgelint.settings import Settings, load
from edgelint.source import line_starts, position

CASES = Path(__file__).parent / "cases"


class Case(NamedTuple):
    """One example, and the document it stands in."""

    document: str
    rule: str
    example: Example

    @property
    def name(self) -> str:
        """The test's name: document, heading, title."""
        title = "" if self.example.title == self.example.heading else f":{self.example.title}"
        return f"{self.document.removesuffix('.md')}:{self.example.heading}{title}".replace(" ", "-")


class Found(NamedTuple):
    """A finding as a marker would describe it, with the whole flagged text."""

    path: str
    line: int
    column: int
    severity: Severity
    rule: str
    text: str
    message: str


def documents() -> Iterator[tuple[str, str, Path]]:
    """(name shown, rule id, file) of every document with examples."""
    for id in rulebook.ids():
        yield f"rules/{id}.md", id, rulebook.directory() / f"{id}.md"
    for path in sorted(CASES.rglob("*.md")):
        relative = path.relative_to(CASES).as_posix()
        yield f"tests/cases/{relative}", relative.removesuffix(".md"), path


def cases() -> Iterator[Case]:
    """Every example of every document. Raises ``RulebookError``."""
    for name, rule, path in documents():
        parts = sections(name, path.read_text(encoding="utf-8"))
        for example in parse_examples(name, parts):
            yield Case(name, rule, example)


def write(root: Path, files: dict[str, str]) -> None:
    """Write a virtual project below ``root``."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def run(root: Path, example: Example, rule: str) -> Result:
    """Check the example's files in ``root``: under the default rules, and ``rule`` itself."""
    return check(root, [], _settings(root, example, rule), Options(cache=False))


def fixed(root: Path, example: Example, rule: str) -> dict[str, str]:
    """The files that mending what ``rule`` reports changes or makes, with their new contents."""
    settings = _settings(root, example, rule)
    made = fixes.fix(root, settings, lambda item: item.rule == rule, unsafe=True)
    assert made.settled
    assert not made.refused
    document = rulebook.rule(rule)
    assert {item.fix.safe for item in made.applied if item.fix} <= {document.fix == "safe", False}
    return {path: new.decode() for path, (_, new) in made.files.items()}


def commit(root: Path, files: Mapping[str, str]) -> str:
    """Make ``root`` a git repository whose one commit holds ``files``, which are gone from the folder afterwards;
    returns the commit."""
    write(root, dict(files))
    for arguments in (
        ("init", "-q"), ("add", "-A"), ("-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "-m", "base")
    ):
        subprocess.run(["git", *arguments], cwd=root, check=True)
    for name in files:
        (root / name).unlink()
    return git_base.resolve(root, "HEAD")


def _settings(root: Path, example: Example, rule: str) -> Settings:
    base = commit(root, example.base) if example.base else None
    write(root, example.files)
    settings = load(root)
    if rule in rulebook.ids() and rule not in settings.selected():
        settings = settings.override(extend_select=[rule])
    return settings._replace(base=base)


def findings(result: Result) -> list[Found]:
    """The diagnostics of a result, in lines and texts."""
    found = []
    for item in result.diagnostics:
        file = result.root / item.span.path
        data = file.read_bytes() if file.is_file() else b""
        line, column = position(data, line_starts(data), item.span.start)
        text = data[item.span.start : item.span.end].decode("utf-8", "replace")
        found.append(Found(item.span.path, line, column, item.severity, item.rule, text, item.message))
    return found


def mismatches(example: Example, result: Result) -> list[str]:
    """What is reported and not marked, and what is marked and not reported; empty when they agree."""
    left = findings(result)
    lines = []
    for expected in example.expected:
        where = f"{expected.path}:{expected.line}"
        same = [
            item
            for item in left
            if (item.path, item.line, item.rule) == (expected.path, expected.line, expected.rule)
        ]
        exact = [
            item
            for item in same
            if item.severity is expected.severity
            and (expected.text is None or item.text.split("\n", 1)[0].rstrip("\r") == expected.text)
        ]
        if exact:
            left.remove(exact[0])
            continue
        quoted = "" if expected.text is None else f' "{expected.text}"'
        lines.append(f"{where}: not reported: {expected.severity.value}: {expected.rule}{quoted}")
        lines += [f'    got instead: {item.severity.value}: {item.rule} "{item.text}"' for item in same]
    lines += [
        f'{item.path}:{item.line}:{item.column}: not marked: {item.severity.value}: {item.rule} "{item.text}"'
        f"  ({item.message})"
        for item in left
    ]
    return lines + [failure.traceback for failure in result.failures]
