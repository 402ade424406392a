"""The wrangler commands of a project: in package.json scripts and GitHub workflows, with the environment they name.

Only what is certain is given: a command whose folder, config or environment is not plain text is left out.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.diagnostics import Span
from edgelint.patterns import later
from edgelint.source import Source, UnreadableSource

if TYPE_CHECKING:
    from edgelint.project.project import Project

_WORD = later(r"(?:\"[^\"]*\"|'[^']*'|[^\s\"';&|()])+")
_BACKSLASH = "\1"  # stands for the one before a quote in JSON, so that the text keeps its length
_QUOTES = f"\"' {_BACKSLASH}"
_SEPARATOR = later(r"&&|\|\||[;|\n&()]")
_WRANGLER = later(r"(?:.*/)?(?:py)?wrangler(?:@[\w.^~-]+)?")
_OPEN = later(r"[$`{}%<>*\\]")  # the shell, a template or a matrix decides
_ELSEWHERE = frozenset(("pages", "init", "login", "logout", "whoami", "telemetry", "docs", "complete"))
_ACTION = later(r"^( *)(?:- +)?uses: *['\"]?cloudflare/wrangler-action\b")
_STEP = later(r"^( *)- ")
_INPUT = later(r"^ *(command|environment|workingDirectory|working-directory): *(.*?) *$")
_FOLDER = later(r"working-?directory", re.IGNORECASE)


class Command(NamedTuple):
    """One wrangler command. ``environment`` is the one it names with its place; None when it names none. ``config`` is
    the config it runs with, relative to the root (None: the one in ``directory``). ``verb``: "deploy", "dev" ..."""

    path: str
    directory: str
    config: str | None
    verb: str
    environment: str | None
    span: Span | None
    text: str


def commands(project: Project) -> list[Command]:
    """Every wrangler command in the project's package.json scripts and GitHub workflows."""
    if project.wrangler_commands is None:
        project.wrangler_commands = list(_commands(project))
    return project.wrangler_commands


def _commands(project: Project) -> Iterator[Command]:
    for path in project.discovered.package_json:
        data = project.bytes_of(path)
        if data is not None and (b"wrangler" in data or b"CLOUDFLARE_ENV" in data):
            yield from in_manifest(path, data)
    folders = {config.directory for config in project.all_configs}
    for path in project.discovered.workflows:
        data = project.bytes_of(path)
        if data is not None and b"wrangler" in data:
            yield from in_workflow(path, data, folders)


def in_manifest(path: str, data: bytes) -> Iterator[Command]:
    """The commands of the scripts of one package.json."""
    from edgelint.syntax import jsonc

    try:
        source = Source(path, data)
    except UnreadableSource:
        return
    document = jsonc.parse(source)
    if document.errors:  # no tool reads it, and what looks like text may have no quotes
        return
    scripts = document.root.get("scripts")
    for entry in scripts.entries if scripts is not None and scripts.kind == "object" else ():
        if entry.value.text():
            # Same length as in the file, so that places are right: an escaped quote is two characters here too.
            raw = source.data[entry.value.start + 1 : entry.value.end - 1].decode("utf-8")
            text = raw.replace('\\"', f'{_BACKSLASH}"')
            yield from in_script(path, posixpath.dirname(path), text, entry.value.start + 1)


def in_script(path: str, directory: str, text: str, offset: int) -> Iterator[Command]:
    """The commands of a shell text that starts at byte ``offset`` of the file and runs in ``directory``."""
    here: str | None = directory
    at = 0
    pieces = [*((m.start(), m.end()) for m in _SEPARATOR.finditer(text)), (len(text), len(text))]
    for stop, following in pieces:
        words = [(m.start() + at, m.group()) for m in _WORD.finditer(text[at:stop])]
        at = following
        if not words or words[0][1] in ("echo", "printf", "#"):
            continue
        if words[0][1] == "cd":
            here = _folder(here, words[1][1]) if len(words) == 2 else None
        elif here is not None:
            command = _command(path, here, words, text, offset)
            if command is not None:
                yield command


def _folder(here: str | None, to: str) -> str | None:
    to = to.strip(_QUOTES)
    if here is None or _OPEN.search(to) or to.startswith(("/", "~", "-")):
        return None
    found = posixpath.normpath(posixpath.join(here, to))
    return None if found.startswith("..") else "" if found == "." else found


def _command(path: str, here: str, words: list[tuple[int, str]], text: str, offset: int) -> Command | None:
    values = [word.strip(_QUOTES) for _, word in words]
    position = next((i for i, value in enumerate(values) if _WRANGLER.fullmatch(value)), None)
    builds = any(value in ("vite", "react-router", "astro", "nuxt", "nuxi") for value in values)
    if position is None and not builds:
        return None
    rest = values[position + 1 :] if position is not None else []
    verb = next((value for value in rest if not value.startswith("-")), "") if position is not None else "build"
    if not verb or verb in _ELSEWHERE:
        return None
    environment, place = _option(words, values, ("--env", "-e"), position) if position is not None else (None, 0)
    config, _ = _option(words, values, ("--config", "-c"), position) if position is not None else (None, 0)
    folder, _ = _option(words, values, ("--cwd",), position) if position is not None else (None, 0)
    if environment is None:
        for start, word in words:
            name, equals, value = word.partition("=")
            if name == "CLOUDFLARE_ENV" and equals:
                environment, place = value.strip(_QUOTES), start + len(name) + 1
    where = _folder(here, folder) if folder is not None else here
    if where is None or any(value is not None and _OPEN.search(value) for value in (environment, config)):
        return None
    span = None
    if environment is not None:
        start = text.index(environment, place) if environment in text[place:] else place
        begin = offset + len(text[:start].encode("utf-8"))
        span = Span(path, begin, begin + len(environment.encode("utf-8")))
    target = posixpath.normpath(posixpath.join(where, config)) if config is not None else None
    return Command(path, where, target, verb, environment, span, " ".join(values).replace(_BACKSLASH, ""))


def _option(
    words: list[tuple[int, str]], values: list[str], names: tuple[str, ...], after: int | None
) -> tuple[str | None, int]:
    for index in range((after or 0) + 1, len(values)):
        name, equals, value = values[index].partition("=")
        if name in names:
            if equals:
                return value.strip(_QUOTES), words[index][0] + len(name) + 1
            if index + 1 < len(values) and not values[index + 1].startswith("-"):
                return values[index + 1], words[index + 1][0]
    return None, 0


def in_workflow(path: str, data: bytes, folders: set[str]) -> Iterator[Command]:
    """The commands of one workflow. ``folders`` are those with a config: with a single one, commands are its; with
    several, a file that changes the folder anywhere is left out."""
    try:
        source = Source(path, data)
    except UnreadableSource:
        return
    if len(folders) == 1:
        directory = next(iter(folders))
    elif _FOLDER.search(source.text):
        return
    else:
        directory = ""
    lines = source.text.split("\n")
    starts = source.line_starts
    number = 0
    while number < len(lines):
        line = lines[number].rstrip("\r")
        action = _ACTION.match(line)
        if action is not None:
            first, last = _step(lines, number, len(action.group(1)) + (2 if "- " in line[: action.end()] else 0))
            yield from _action(path, directory, lines[first:last], starts[first:last])
            number = last
            continue
        if "wrangler" in line and not line.lstrip().startswith(("#", "- name:", "name:", "uses:", "- uses:")):
            run = re.match(r"^ *(?:- +)?(?:run: *)?(?:[|>][+-]? *)?", line)
            skip = run.end() if run is not None else 0
            begin = starts[number] + len(line[:skip].encode("utf-8"))
            yield from in_script(path, directory, line[skip:], begin)
        number += 1


def _step(lines: list[str], number: int, indent: int) -> tuple[int, int]:
    """First and one past the last line of the step around line ``number``, whose keys stand at ``indent``."""
    first = number
    while first > 0 and not _starts_step(lines[first], indent):
        first -= 1
    last = number + 1
    while last < len(lines) and not _starts_step(lines[last], indent):
        last += 1
    return first, last


def _starts_step(line: str, indent: int) -> bool:
    found = _STEP.match(line)
    return found is not None and len(found.group(1)) < indent


def _action(path: str, directory: str, lines: list[str], starts: list[int]) -> Iterator[Command]:
    """The commands of a wrangler-action step: ``command`` (one or several lines) and ``environment``."""
    named: tuple[str, Span] | None = None
    shell: list[tuple[str, int]] = []
    block = -1  # how far the key of a command of several lines is indented, while inside it
    for line, start in zip(lines, starts, strict=False):
        line = line.rstrip("\r")
        indent = len(line) - len(line.lstrip())
        if 0 <= block < indent or not line.strip():
            shell.append((line.strip(), start + indent))
            continue
        block = -1
        found = _INPUT.match(line)
        if found is None:
            continue
        key, value = found.groups()
        begin = start + len(line[: found.start(2)].encode("utf-8"))
        if value[:1] in ("'", '"') and value[-1:] == value[:1]:
            value, begin = value[1:-1], begin + 1
        if key == "environment" and value:
            named = (value, Span(path, begin, begin + len(value.encode("utf-8"))))
        elif key == "command":
            several = value[:1] in ("|", ">")
            block, shell = (indent, []) if several else (-1, [(value, begin)])
    for text, begin in [item for item in shell if item[0]] or [("deploy", 0)]:
        for command in in_script(path, directory, "wrangler " + text, begin - len("wrangler ")):
            if command.environment is None and named is not None and not _OPEN.search(named[0]):
                yield command._replace(environment=named[0], span=named[1])
            else:
                yield command
