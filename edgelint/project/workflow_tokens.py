"""Credentials that stand in a workflow as plain text: where, and what kind. Never their values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from edgelint.diagnostics import Span
from edgelint.project.secret_values import looks_random, secret_kind
from edgelint.project.shell_words import commands
from edgelint.project.workflow_files import Workflow, settings_of
from edgelint.syntax.document import Entry

_NAMES = re.compile(r"(?:CLOUDFLARE|CF|WRANGLER)_(?:\w+_)?(?:TOKEN|KEY|SECRET)|apiToken|apiKey", re.IGNORECASE)
_PREFIXED = re.compile(r"cf(?:k|ut|at)_[A-Za-z0-9]{40,}")
"""https://developers.cloudflare.com/fundamentals/api/get-started/token-formats/"""
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.+)", re.DOTALL)
_ID = re.compile(r"(?:^|_)(?:ZONE|ACCOUNT|CLIENT|KEY|PUBLIC|SITE)_?(?:ID|KEY)$", re.IGNORECASE)


class PlainToken(NamedTuple):
    """``span`` is the name it stands under, or the first word of the command it stands in; ``name`` that text."""

    span: Span
    name: str
    kind: str


def plain_tokens(workflow: Workflow) -> Iterator[PlainToken]:
    """The credentials in ``env``, ``with`` and scripts."""
    for entry in _entries(workflow):
        text = entry.value.text()
        kind = _kind(entry.key, text) if text is not None else None
        if kind is not None:
            yield PlainToken(Span(workflow.path, *_bare(workflow, entry)), entry.key, kind)
    for job in workflow.jobs:
        for step in job.steps:
            if step.run is None or not step.run.text():
                continue
            shell = workflow.shell(step.run)
            for command in commands(shell.text, None):
                for word in command.words:
                    assigned = _ASSIGNMENT.fullmatch(word.text)
                    name, value = (assigned[1], assigned[2]) if assigned is not None else ("", word.text)
                    kind = _kind(name, value)
                    # Pointed at is what may be shown: the name, or the word that begins the command.
                    if kind is not None and name:
                        yield PlainToken(workflow.span(shell, word.start, word.start + len(name)), name, kind)
                    elif kind is not None and word is not command.words[0]:
                        first = command.words[0]
                        yield PlainToken(workflow.span(shell, first.start, first.end), "This command", kind)


def _entries(workflow: Workflow) -> Iterator[Entry]:
    yield from settings_of(workflow.env)
    for job in workflow.jobs:
        yield from settings_of(job.env)
        for step in job.steps:
            yield from settings_of(step.env, step.inputs)


def _kind(name: str, text: str) -> str | None:
    text = text.strip()
    if "${{" in text:
        return None
    if _PREFIXED.fullmatch(text):
        return "a Cloudflare API token" if len(set(text)) > 8 else None
    if _NAMES.fullmatch(name) and not _ID.search(name):
        return "a Cloudflare API token" if looks_random(text) else None
    return secret_kind("", text)


def _bare(workflow: Workflow, entry: Entry) -> tuple[int, int]:
    quoted = workflow.source.data[entry.key_start : entry.key_start + 1] in (b"'", b'"')
    return entry.key_start + quoted, entry.key_end - quoted
