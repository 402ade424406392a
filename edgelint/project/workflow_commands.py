"""The wrangler commands of a workflow's job, in the order in which they run: of its scripts, of the package.json
scripts that those name, and of cloudflare/wrangler-action.

What the action does is in its source: https://github.com/cloudflare/wrangler-action/blob/main/src/wranglerAction.ts
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.project.packages import Package
from edgelint.project.shell_words import SimpleCommand, Word, commands, folder
from edgelint.project.workflow_files import Job, Step, Workflow
from edgelint.project.wrangler import NAMES, WranglerConfig

if TYPE_CHECKING:
    from edgelint.diagnostics import Span
    from edgelint.project.project import Project

    Place = Callable[[int, int], Span]
    """Makes the span of offsets in a shell text."""

ACTION = "cloudflare/wrangler-action"

_WRANGLER = re.compile(r"(?:.*/)?wrangler(?:@(?P<version>\S+))?")
_WRAPPERS = re.compile(r"opennextjs-cloudflare|vinext-cloudflare|vinext|@opennextjs/cloudflare(?:@\S+)?")
"""Commands whose ``deploy`` runs wrangler's."""
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_BEFORE = frozenset(("sudo", "time", "exec", "command", "env", "!", "if", "then", "else", "do", "while", "until", "{",
                     "cross-env", "nohup"))  # fmt: skip
_RUNNERS = frozenset(("npx", "pnpx", "bunx"))
_MANAGERS = frozenset(("npm", "pnpm", "yarn", "bun"))
_INSTALLS = frozenset(("install", "i", "add", "ci"))
_OWN = frozenset(("audit", "cache", "config", "create", "deploy", "init", "link", "list", "outdated", "pack", "publish",
                  "remove", "update", "version", "why"))  # fmt: skip
"""Words after pnpm or bun that are its own commands, whatever the scripts are called."""
_FOLDER_OPTIONS = ("--prefix", "-C", "--dir", "--cwd")
_PACKAGE_OPTIONS = ("-w", "--workspace", "--filter", "-F")
_VALUED = ("--config", "-c", "--env", "-e", "--cwd", "--env-file")
"""Options of wrangler itself that take a value and may stand before the command."""
_MOST_NESTED = 5
"""Scripts that name scripts are followed so far."""


class WranglerCommand(NamedTuple):
    """One wrangler command. ``words`` follow the word wrangler; ``directory`` is where it runs (None: not plain).

    ``runner``: how wrangler is found: "npx", "dlx", "action", "installed", or "wrapper" (another command runs it).
    ``version`` is what stands after ``wrangler@``. ``span`` is what to point at: the words in the workflow, or the
    script's name there; ``tool`` the word that names wrangler. ``given`` is the action's environment input.
    """

    workflow: Workflow
    job: Job
    step: Step
    words: tuple[Word, ...]
    directory: str | None
    runner: str
    version: str | None
    span: Span
    tool: Span
    given: Word | None = None

    @property
    def verbs(self) -> tuple[str, ...]:
        """The words that are no options, before the first option: ("d1", "migrations", "apply", "DB")."""
        found: list[str] = []
        words = iter(self.words)
        for word in words:
            if word.text in _VALUED and not found:
                next(words, None)
            elif word.text.startswith("-"):
                if found:
                    break
            else:
                found.append(word.text)
        return tuple(found)

    def option(self, *names: str) -> Word | None:
        """The value of an option; an empty word when it has none."""
        for index, word in enumerate(self.words):
            name, equals, value = word.text.partition("=")
            if name in names:
                if equals:
                    return word._replace(text=value)
                following = self.words[index + 1 : index + 2]
                return following[0] if following and not following[0].text.startswith("-") else word._replace(text="")
        return None

    @property
    def environment(self) -> Word | None:
        """The environment it names."""
        named = self.option("--env", "-e")
        return named if named is not None else self.given

    @property
    def is_deploy(self) -> bool:
        """Whether it makes code live."""
        verbs = self.verbs
        live = verbs[:1] in (("deploy",), ("publish",)) or verbs[:2] == ("versions", "deploy")
        return live and self.option("--dry-run") is None

    @property
    def applies_migrations(self) -> bool:
        """Whether it applies migrations to the database that is live: without --remote they go to a local one."""
        return self.verbs[:3] == ("d1", "migrations", "apply") and self.option("--remote") is not None

    @property
    def place(self) -> str | None:
        """The folder whose config it reads; None when that is not plain."""
        moved = self.option("--cwd")
        return self.directory if moved is None else folder(self.directory, moved.text)

    @property
    def is_open(self) -> bool:
        """Whether something is put in by the shell or by GitHub that may be an option."""
        return any(word.loose for word in self.words)

    @property
    def shown(self) -> str:
        """The command for a message: ``wrangler deploy``."""
        verbs = self.verbs
        size = 3 if verbs[:1] == ("d1",) else 2 if verbs[:1] == ("versions",) else 1
        return " ".join(("wrangler", *verbs[:size]))


class Install(NamedTuple):
    """A command that installs wrangler. ``span`` is the word that names it."""

    step: Step
    version: str | None
    directory: str | None
    span: Span


class JobCommands(NamedTuple):
    """What a job does with wrangler, in order."""

    workflow: Workflow
    job: Job
    commands: list[WranglerCommand]
    installs: list[Install]


def job_commands(project: Project, workflow: Workflow) -> list[JobCommands]:
    """What each job of a workflow does with wrangler."""
    if workflow.commands is None:
        workflow.commands = [_read(project, workflow, job) for job in workflow.jobs]
    return workflow.commands


def _read(project: Project, workflow: Workflow, job: Job) -> JobCommands:
    found = JobCommands(workflow, job, [], [])
    elsewhere = any(
        step.is_action("actions/checkout") and (step.input("path") or step.input("repository")) for step in job.steps
    )
    for step in job.steps:
        reader = _Reader(project, found, step, elsewhere)
        if step.is_action(ACTION):
            reader.action()
        elif step.run is not None and step.run.text():
            shell = workflow.shell(step.run)
            here = None if elsewhere or step.directory is None else folder("", step.directory)
            reader.shell(commands(shell.text, here), workflow.placer(shell))
    return found


def config_of(project: Project, command: WranglerCommand) -> WranglerConfig | None:
    """The config that a command reads, when it is one of the project's."""
    named = command.option("--config", "-c")
    place = command.place
    if place is None or (named is not None and named.open):
        return None
    by_path = {config.path: config for config in project.all_configs}
    if named is not None:
        return by_path.get(posixpath.normpath(posixpath.join(place, named.text)))
    return next((by_path[path] for name in NAMES if (path := posixpath.join(place, name)) in by_path), None)


class _Reader:
    """Finds the commands of one step."""

    def __init__(self, project: Project, found: JobCommands, step: Step, elsewhere: bool) -> None:
        self.project = project
        self.found = found
        self.step = step
        self.elsewhere = elsewhere

    def action(self) -> None:
        workflow, step = self.found.workflow, self.step
        here = None if self.elsewhere else folder("", step.input_text("workingDirectory") or "")
        environment = step.input_text("environment")
        named = Word(environment, 0, 0, "$" in environment) if environment else None
        uses = step.value.entry("uses")
        assert uses is not None
        tool = workflow.shell(uses.value)
        tool_span = workflow.span(tool, 0, len(tool.text.rstrip()))
        version = step.input_text("wranglerVersion")
        for key in ("preCommands", "command", "postCommands"):
            value = step.input(key)
            if value is None or not value.text():
                if key == "command":
                    words = (Word("deploy", 0, 6),)
                    self.found.commands.append(
                        WranglerCommand(workflow, self.found.job, step, words, here, "action",
                                        version, tool_span, tool_span, named)
                    )  # fmt: skip
                continue
            shell = workflow.shell(value)
            if key != "command":
                self.shell(commands(shell.text, here), workflow.placer(shell))
                continue
            for simple in commands(shell.text, here):
                # The action leaves its environment out where the command says --env, and only then.
                own = any("--env" in word.text for word in simple.words)
                span = workflow.span(shell, simple.words[0].start, _verb_end(simple.words))
                self.found.commands.append(
                    WranglerCommand(workflow, self.found.job, step, simple.words, here, "action", version,
                                    span, tool_span, None if own else named)
                )  # fmt: skip

    def shell(self, simple: Iterator[SimpleCommand], place: Place, depth: int = 0, at: Span | None = None) -> None:
        """The commands of a script. ``place`` makes a span of offsets; ``at`` is the span to use instead, inside a
        script of package.json."""
        for command in simple:
            words = list(command.words)
            while words and (words[0].text in _BEFORE or _ASSIGNMENT.match(words[0].text)):
                words.pop(0)
            if words:
                self.command(words, command.directory, place, depth, at)

    def command(self, words: list[Word], here: str | None, place: Place, depth: int, at: Span | None) -> None:
        head = words[0].text
        manager = head in _MANAGERS
        rest, here = self.options(words[1:], here) if manager else (words[1:], here)
        verb = rest[0].text if rest else ""
        wrapped = next((i for i, word in enumerate(words[:4]) if _WRAPPERS.fullmatch(word.text)), None)
        if wrapped is not None:
            if any(word.text == "deploy" for word in words[wrapped + 1 : wrapped + 2]):
                self.wrangler("wrapper", words[wrapped:], here, place, at)
        elif _WRANGLER.fullmatch(head):
            self.wrangler("installed", words, here, place, at)
        elif head in _RUNNERS or (manager and (verb == "dlx" or (head in ("npm", "bun") and verb in ("x", "exec")))):
            tail = rest[1:] if manager else rest
            while tail and tail[0].text.startswith("-"):
                tail = tail[2:] if tail[0].text in ("-p", "--package") else tail[1:]
            if tail and _WRANGLER.fullmatch(tail[0].text):
                self.wrangler("dlx" if verb == "dlx" else "npx", tail, here, place, at)
        elif manager and verb in ("exec", "--") and len(rest) > 1 and _WRANGLER.fullmatch(rest[1].text):
            self.wrangler("installed", rest[1:], here, place, at)
        elif manager and _WRANGLER.fullmatch(verb):
            self.wrangler("installed", rest, here, place, at)
        elif manager and (verb in _INSTALLS or verb == "global"):
            for word in rest[1:]:
                named = re.fullmatch(r"wrangler(?:@(\S+))?", word.text)
                if named is not None:
                    span = at or place(word.start, word.end)
                    self.found.installs.append(Install(self.step, named[1], here, span))
        elif manager and rest and depth < _MOST_NESTED:
            self.script(head, words, rest, here, place, depth, at)

    def options(self, words: list[Word], here: str | None) -> tuple[list[Word], str | None]:
        """What follows a package manager's own options, and the folder that these lead to."""
        while words and words[0].text.startswith("-") and words[0].text != "--":
            name, equals, value = words[0].text.partition("=")
            size = 1
            if name in (*_FOLDER_OPTIONS, *_PACKAGE_OPTIONS) and not equals and len(words) > 1 and name != "-w":
                value, size = words[1].text, 2
            if name in _FOLDER_OPTIONS:
                here = folder(here, value)
            elif name in _PACKAGE_OPTIONS and value:
                here = self.workspace(value, here)
            words = words[size:]
        return words, here

    def workspace(self, name: str, here: str | None) -> str | None:
        """The folder of a package by its name or its path."""
        package = self.project.packages.by_name.get(name)
        if package is not None:
            return package.directory
        path = folder(here, name)
        return path if path in self.project.packages.packages else None

    def script(
        self, head: str, words: list[Word], rest: list[Word], here: str | None, place: Place, depth: int,
        at: Span | None,
    ) -> None:  # fmt: skip
        """A script of package.json, with what is handed to it."""
        run = rest[0].text in ("run", "run-script")
        name, tail = (rest[1].text if len(rest) > 1 else "", rest[2:]) if run else (rest[0].text, rest[1:])
        if rest[0].text == "workspace" and len(rest) > 2:  # yarn workspace NAME SCRIPT
            here, name, tail = self.workspace(rest[1].text, here), rest[2].text, rest[3:]
        elif not run and (name not in ("start", "test") if head == "npm" else head != "yarn" and name in _OWN):
            return
        tail, here = self.trailing(head, tail, here)
        package = self.project.packages.packages.get(here) if here is not None else None
        if package is None:
            return
        end = rest[1].end if run and len(rest) > 1 else rest[0].end
        span = at or place(words[0].start, end)
        for part in (f"pre{name}", name, f"post{name}"):
            text = _script(package, part)
            if text is None or (part != name and head != "npm"):
                continue
            inner = list(commands(text, package.directory))
            if part == name and inner:
                inner[-1] = inner[-1]._replace(words=(*inner[-1].words, *tail))
            self.shell(iter(inner), place, depth + 1, span)

    def trailing(self, head: str, words: list[Word], here: str | None) -> tuple[list[Word], str | None]:
        """What a script is given, without what is meant for the package manager."""
        own: list[Word] = []
        given: list[Word] = []
        for index, word in enumerate(words):
            if word.text == "--":
                given += words[index + 1 :]
                break
            (own if head == "npm" else given).append(word)
        if own:
            for index, word in enumerate(own):
                name, equals, value = word.text.partition("=")
                if name in ("-w", "--workspace", "--prefix"):
                    value = value if equals else own[index + 1].text if index + 1 < len(own) else ""
                    here = folder(here, value) if name == "--prefix" else self.workspace(value, here)
        return given, here

    def wrangler(self, runner: str, words: list[Word], here: str | None, place: Place, at: Span | None) -> None:
        named = _WRANGLER.fullmatch(words[0].text)
        span = at or place(words[0].start, _verb_end(words))
        tool = at or place(words[0].start, words[0].end)
        self.found.commands.append(
            WranglerCommand(self.found.workflow, self.found.job, self.step, tuple(words[1:]), here, runner,
                            named["version"] if named is not None else None, span, tool)
        )  # fmt: skip


def _verb_end(words: tuple[Word, ...] | list[Word]) -> int:
    """Where the words end that say what the command does."""
    texts = [word.text for word in words]
    start = 1 if _WRANGLER.fullmatch(texts[0]) or _WRAPPERS.fullmatch(texts[0]) else 0
    size = {"d1": 3, "versions": 2, "pages": 2}.get(texts[start] if len(texts) > start else "", 1)
    last = start
    for index in range(start, min(start + size, len(words))):
        if texts[index].startswith("-"):
            break
        last = index
    return words[min(last, len(words) - 1)].end


def _script(package: Package, name: str) -> str | None:
    scripts = package.data.get("scripts")
    text = scripts.get(name) if isinstance(scripts, dict) else None
    return text if isinstance(text, str) else None
