"""GitHub workflows as facts: what starts them, their jobs, the steps of each with their shell texts, all with places.

Read as https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax says. Only workflows that
name wrangler, or a package.json script that does, are looked into.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.diagnostics import Span
from edgelint.source import Source, UnreadableSource
from edgelint.syntax.document import Entry, Value

if TYPE_CHECKING:
    from edgelint.project.project import Project
    from edgelint.project.workflow_commands import JobCommands

_HEADER = re.compile(rb"(?:[&!]\S*\s+)*(?P<mark>[|>])?[-+0-9]*(?:[ \t]+#[^\n]*)?")
_PROPERTIES = re.compile(rb"(?:[&!]\S*\s+)*")
_MENTION = re.compile(rb"wrangler|CLOUDFLARE_|CF_API_|\b(?:npm|pnpm|yarn|bun)\b")


class Shell(NamedTuple):
    """A text of a step for a shell. ``start`` is the byte of the file where it begins. It is as long as it is written:
    what YAML takes out of it stands in it (indentation), or a blank does in its place."""

    text: str
    start: int


class Step:
    """One step. ``uses`` is the action with its version, ``inputs`` its ``with``, ``env`` what the step itself sets."""

    __slots__ = ("value", "uses", "inputs", "env", "condition", "directory", "run")

    def __init__(self, value: Value, directory: str | None) -> None:
        self.value = value
        self.uses = _text(value, "uses")
        self.inputs = value.get("with")
        self.env = value.get("env")
        self.condition = _text(value, "if")
        self.run = value.get("run")
        given = _text(value, "working-directory")
        self.directory = given if given is not None else directory

    def input(self, name: str) -> Value | None:
        """An input of the action; GitHub does not mind its case."""
        if self.inputs is None or self.inputs.kind != "object":
            return None
        return next((e.value for e in reversed(self.inputs.entries) if e.key.lower() == name.lower()), None)

    def input_text(self, name: str) -> str | None:
        """The text that an input of the action gets; None when it is not given."""
        return _scalar(self.input(name))

    def is_action(self, name: str) -> bool:
        """Whether it runs the action ``owner/name``, in any version."""
        return self.uses is not None and self.uses.partition("@")[0].lower() == name


class Job:
    """One job. ``environment`` is the GitHub environment it names, ``directory`` where its scripts begin (None: not
    where the repository is, or not plain)."""

    __slots__ = ("name", "value", "steps", "environment", "condition", "env")

    def __init__(self, name: str, value: Value, directory: str | None) -> None:
        self.name = name
        self.value = value
        self.env = value.get("env")
        self.condition = _text(value, "if")
        place = value.get("environment")
        self.environment = _text(place, "name") if place is not None and place.kind == "object" else _scalar(place)
        steps = value.get("steps")
        given = _run_default(value)
        items = [item for item in steps.items if item.kind == "object"] if steps is not None else []
        self.steps = [Step(item, given if given is not None else directory) for item in items]


class Workflow:
    """One workflow file. ``env`` is what it sets for all jobs; ``commands`` is kept by workflow_commands."""

    __slots__ = ("path", "source", "root", "jobs", "env", "commands")

    def __init__(self, path: str, source: Source, root: Value) -> None:
        self.path = path
        self.source = source
        self.root = root
        self.env = root.get("env")
        self.commands: list[JobCommands] | None = None
        directory = _run_default(root)
        jobs = root.get("jobs")
        entries = jobs.entries if jobs is not None and jobs.kind == "object" else []
        self.jobs = [
            Job(entry.key, entry.value, directory if directory is not None else "")
            for entry in entries
            if entry.value.kind == "object"
        ]

    def trigger(self, event: str) -> Value | None:
        """What is said of an event that starts the workflow (a null value when nothing is); None when it does not."""
        on = self.root.get("on")
        if on is None:
            return None
        if on.kind == "object":
            return on.get(event)
        names = [on] if on.kind == "string" else on.items
        return next((Value("null", None, item.start, item.end) for item in names if item.text() == event), None)

    def branches(self) -> list[str] | None:
        """The branches whose pushes start the workflow; None for all of them, [] for none."""
        push = self.trigger("push")
        if push is None:
            return []
        if push.kind != "object":
            return None
        listed = push.get("branches")
        if listed is not None:
            return [text for item in (listed.items or [listed]) if (text := item.text()) is not None]
        return [] if push.get("tags") is not None and push.get("branches-ignore") is None else None

    def shell(self, value: Value) -> Shell:
        """The text of a string as it is written, so that its words keep their places."""
        data = self.source.data
        head = _HEADER.match(data, value.start, value.end)
        if head is not None and head["mark"]:
            start = data.find(b"\n", head.end(), value.end) + 1 or value.end
            text = data[start : value.end]
            if head["mark"] == b">":
                text = re.sub(rb"(?<=\S)\r?\n(?=[ \t]*\S)", lambda match: b" " * len(match.group()), text)
            return Shell(text.decode("utf-8"), start)
        properties = _PROPERTIES.match(data, value.start, value.end)
        start = properties.end() if properties is not None else value.start
        text = data[start : value.end]
        if text[:1] in (b"'", b'"') and text[-1:] == text[:1] and len(text) > 1:
            double = text[:1] == b'"'
            text = text[1:-1]
            text = text.replace(b"\\n", b" \n").replace(b'\\"', b' "') if double else text.replace(b"''", b" '")
            start += 1
        return Shell(re.sub(rb"\r?\n", lambda m: b" " * len(m.group()), text).decode("utf-8"), start)

    def placer(self, shell: Shell) -> Callable[[int, int], Span]:
        """What makes spans of offsets in ``shell.text``."""
        return lambda start, end: self.span(shell, start, end)

    def span(self, shell: Shell, start: int, end: int) -> Span:
        """The span of ``shell.text[start:end]``."""
        begin = shell.start + len(shell.text[:start].encode("utf-8"))
        return Span(self.path, begin, begin + len(shell.text[start:end].encode("utf-8")))


def workflows(project: Project) -> list[Workflow]:
    """The workflows that may run wrangler, in the order of their paths. One that is no YAML is noted and left out."""
    if project.workflows_read is None:
        project.workflows_read = list(_read(project))
    return project.workflows_read


def _read(project: Project) -> Iterator[Workflow]:
    from edgelint.project.files import read_bytes
    from edgelint.project.project import Note
    from edgelint.syntax import yaml

    for path in project.discovered.workflows:
        data = read_bytes(project.root, path)
        if data is None or not _MENTION.search(data):
            continue
        try:
            source = Source(path, data)
        except UnreadableSource:
            project.notes.append(Note("a workflow that is no text", path))
            continue
        document = yaml.parse(source)
        if document.errors or document.root.kind != "object":
            project.notes.append(Note("a workflow that is no YAML, or too large", path))
            continue
        yield Workflow(path, source, document.root)


def settings_of(*places: Value | None) -> Iterator[Entry]:
    """The entries of several ``env`` or ``with`` objects; what is computed as a whole is passed over."""
    for place in places:
        if place is not None and place.kind == "object":
            yield from place.entries


def _text(value: Value | None, key: str) -> str | None:
    return _scalar(value.get(key)) if value is not None and value.kind == "object" else None


def _scalar(value: Value | None) -> str | None:
    """A scalar as GitHub's text of it; None for a null, and for what is none."""
    if value is None or value.kind in ("object", "array", "null"):
        return None
    return str(value.value).lower() if value.kind == "boolean" else str(value.value)


def _run_default(value: Value) -> str | None:
    defaults = value.get("defaults")
    run = defaults.get("run") if defaults is not None and defaults.kind == "object" else None
    return _text(run, "working-directory")
