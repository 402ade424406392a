"""esbuild's program as a service: the only way in which it resolves modules with our help, and without Node.

Its own JavaScript package speaks to the program in this way: packets on standard input and output, each a length, a
number and a value (https://github.com/evanw/esbuild/blob/main/cmd/esbuild/stdio_protocol.go, service.go). The program
answers only the version that it is. Run with 0.17.19, 0.21.5, 0.24.2, 0.25.4, 0.27.3 and 0.28.2.
"""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Self

from edgelint.testing.errors import EdgeUsageError

if TYPE_CHECKING:
    from types import TracebackType

    from edgelint.testing.workerd_host.runtime import Program

_U32: Final = struct.Struct("<I")
Value = Any
"""What a packet carries: None, bool, int, str, bytes, list, dict."""


def encode(number: int, value: Value, *, answer: bool) -> bytes:
    """A packet. ``number`` is the request's, ``answer`` whether this is the answer to it."""
    parts: list[bytes] = [_U32.pack(number << 1 | answer)]
    _write(value, parts)
    content = b"".join(parts)
    return _U32.pack(len(content)) + content


def _write(value: Value, parts: list[bytes]) -> None:
    if value is None:
        parts.append(b"\0")
    elif isinstance(value, bool):
        parts.append(b"\1\1" if value else b"\1\0")
    elif isinstance(value, int):
        parts.append(b"\2" + _U32.pack(value & 0xFFFFFFFF))
    elif isinstance(value, str):
        text = value.encode()
        parts += (b"\3" + _U32.pack(len(text)), text)
    elif isinstance(value, bytes):
        parts += (b"\4" + _U32.pack(len(value)), value)
    elif isinstance(value, list | tuple):
        parts.append(b"\5" + _U32.pack(len(value)))
        for item in value:
            _write(item, parts)
    else:
        parts.append(b"\6" + _U32.pack(len(value)))
        for key, item in value.items():
            name = key.encode()
            parts += (_U32.pack(len(name)), name)
            _write(item, parts)


def decode(content: bytes) -> tuple[int, Value, bool]:
    """What a packet (without its length) says: number, value, whether it is an answer. Raises ValueError."""
    try:
        (head,) = _U32.unpack_from(content)
        value, end = _read(content, 4)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise ValueError(f"no packet of esbuild: {error}") from None
    if end != len(content):
        raise ValueError("a packet of esbuild is longer than its value")
    return head >> 1, value, bool(head & 1)


def _read(content: bytes, at: int) -> tuple[Value, int]:
    kind = content[at]
    at += 1
    if kind == 0:
        return None, at
    if kind == 1:
        return bool(content[at]), at + 1
    (number,) = _U32.unpack_from(content, at)
    at += 4
    if kind == 2:
        return number, at
    if kind in (3, 4):
        part = content[at : at + number]
        if len(part) != number:
            raise ValueError("a packet of esbuild ends too early")
        return part.decode() if kind == 3 else part, at + number
    if kind == 5:
        items = []
        for _ in range(number):
            item, at = _read(content, at)
            items.append(item)
        return items, at
    if kind == 6:
        found = {}
        for _ in range(number):
            (length,) = _U32.unpack_from(content, at)
            key = content[at + 4 : at + 4 + length].decode()
            found[key], at = _read(content, at + 4 + length)
        return found, at
    raise ValueError(f"a packet of esbuild has a value of kind {kind}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a hook is asked. To resolve: the ``path`` as it is written, by which file (``importer``), in which folder
    and how (``import-statement``, ``require-call`` ...). To load: the ``path`` that a hook resolved to. ``marked`` is
    whether it was asked for by a hook itself."""

    path: str
    importer: str = ""
    namespace: str = ""
    folder: str = ""
    kind: str = ""
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a hook yields to have esbuild resolve a path; it is sent the answer: ``path``, ``external``, ``errors``."""

    path: str
    asked: Asked
    folder: str | None = None


Answer = dict[str, Value] | None
"""A hook's answer, None for "not mine". Of a resolving one: ``path``, ``external``, ``namespace``, ``errors``; of a
loading one: ``contents`` (bytes), ``loader``, ``resolveDir``."""
Hook = Callable[[Asked], Answer | Generator[Lookup, dict[str, Value], Answer]]


@dataclass(slots=True)
class _Question:
    """What the program asked, with the hooks that are still to be asked and the one that is at it."""

    number: int
    asked: Asked
    left: list[int]
    hook: int = -1
    running: Generator[Lookup, dict[str, Value], Answer] | None = None

    @classmethod
    def read(cls, number: int, request: dict[str, Value]) -> _Question:
        asked = Asked(
            request["path"], request.get("importer", ""), request.get("namespace", ""), request.get("resolveDir", ""),
            request.get("kind", ""), request.get("pluginData") == _MARK,
        )  # fmt: skip
        return cls(number, asked, list(request["ids"]))


@dataclass(slots=True)
class Hooks:
    """Hooks in order: the first that answers wins. ``filter`` is a regular expression of Go, found in the path."""

    resolve: list[tuple[str, str, Hook]] = field(default_factory=list)
    load: list[tuple[str, str, Hook]] = field(default_factory=list)

    def on_resolve(self, filter: str, hook: Hook, namespace: str = "") -> None:
        """Ask ``hook`` for paths in which ``filter`` is found."""
        self.resolve.append((filter, namespace, hook))

    def on_load(self, filter: str, hook: Hook, namespace: str = "") -> None:
        """Ask ``hook`` for the contents of what was resolved to such a path."""
        self.load.append((filter, namespace, hook))


@dataclass(frozen=True, slots=True)
class Output:
    """One file that a build wrote: its path, absolute, and its content."""

    path: Path
    content: bytes


@dataclass(frozen=True, slots=True)
class Built:
    """A build's outputs, its metafile (https://esbuild.github.io/api/#metafile) and warnings as esbuild shows them."""

    outputs: tuple[Output, ...]
    metafile: dict[str, Any]
    warnings: tuple[str, ...]


class BuildError(EdgeUsageError):
    """The app cannot be built: the text is esbuild's own."""


class Esbuild:
    """The running program. To be used in a ``with`` statement, by one thread."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._number = 0
        self._key = 0
        try:
            self._process = subprocess.Popen(
                [str(program.path), f"--service={program.version}", "--ping"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
        except OSError as error:
            raise EdgeUsageError(f"{program.path} does not run: {error.strerror}") from None
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        self._in: IO[bytes] = stdin
        self._out: IO[bytes] = stdout

    def __enter__(self) -> Self:
        try:
            version = self._packet().decode("utf-8", "replace")
            if version != self._program.version:
                raise EdgeUsageError(f"{self._program.path} is esbuild {version}, not {self._program.version}")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the program. Twice does nothing."""
        self._process.kill()
        self._process.wait()
        for stream in (self._in, self._out, self._process.stderr):
            if stream is not None and not stream.closed:
                try:
                    stream.close()
                except OSError:  # what was not written yet cannot be
                    continue

    def build(
        self, entry: Path, folder: Path, flags: Sequence[str], hooks: Hooks | None = None,
        amend: Callable[[list[dict[str, Value]]], None] | None = None,
    ) -> Built:  # fmt: skip
        """Build one entry point in a project's folder. ``flags`` are those of the command line; nothing is written.
        ``amend`` may change the errors before they are shown. Raises BuildError."""
        self._key += 1
        given = hooks or Hooks()
        numbered: list[Hook] = [hook for _, _, hook in (*given.resolve, *given.load)]
        count = len(given.resolve)
        request = {
            "command": "build", "key": self._key, "entries": [["", str(entry)]],
            "flags": ["--log-level=silent", "--log-limit=0", "--metafile", *flags],
            "write": False, "stdinContents": None, "stdinResolveDir": None, "absWorkingDir": str(folder),
            "nodePaths": [], "context": False,
        }  # fmt: skip
        if numbered:
            request["plugins"] = [{
                "name": "edgelint", "onStart": False, "onEnd": False,
                "onResolve": _filters(given.resolve, 0), "onLoad": _filters(given.load, count),
            }]  # fmt: skip
        answer = self._ask(request, numbered)
        errors, warnings = answer.get("errors") or [], answer.get("warnings") or []
        if errors:
            if amend is not None:
                amend(errors)
            raise BuildError("\n".join(self.shown(errors)).strip())
        return Built(
            tuple(Output(Path(each["path"]), each["contents"]) for each in answer.get("outputFiles") or ()),
            json.loads(answer["metafile"]), tuple(text.strip() for text in self.shown(warnings, warning=True)),
        )  # fmt: skip

    def shown(self, messages: list[dict[str, Value]], *, warning: bool = False) -> list[str]:
        """Messages as esbuild shows them on a terminal, without colours."""
        if not messages:
            return []
        for message in messages:
            message["detail"] = 0
        answer = self._ask(
            {"command": "format-msgs", "messages": messages, "isWarning": warning, "color": False}, []
        )  # fmt: skip
        found: list[str] = answer["messages"]
        return found

    def _ask(self, request: dict[str, Value], hooks: list[Hook]) -> dict[str, Value]:
        """Send a request and answer what the program asks meanwhile."""
        number = self._send(request)
        waiting: dict[int, _Question] = {}
        while True:
            got, value, is_answer = decode(self._packet())
            if not is_answer:
                if value["command"] in ("on-resolve", "on-load"):
                    self._serve(_Question.read(got, value), None, hooks, waiting)
                else:  # ping, on-start
                    self._reply(got, {"errors": [], "warnings": []})
            elif got == number:
                if value.get("error"):
                    raise EdgeUsageError(f"esbuild {self._program.version}: {value['error']}")
                found: dict[str, Value] = value
                return found
            else:
                self._serve(waiting.pop(got), value, hooks, waiting)

    def _serve(
        self, question: _Question, sent: dict[str, Value] | None, hooks: list[Hook], waiting: dict[int, _Question]
    ) -> None:
        """Ask the hooks in turn, until one answers or wants to know something first. ``sent`` is what the one that
        wanted to know is told."""
        while question.running is not None or question.left:
            answer: Answer = None
            if question.running is None:
                question.hook = question.left.pop(0)
                given = hooks[question.hook](question.asked)
                if isinstance(given, Generator):
                    question.running = given
                else:
                    answer = given
            if question.running is not None:
                try:
                    lookup = question.running.send(sent)  # type: ignore[arg-type]  # None begins it
                except StopIteration as stop:
                    question.running, sent, answer = None, None, stop.value
                else:
                    waiting[self._look_up(lookup)] = question
                    return
            if answer is not None:
                self._reply(question.number, _answered(question.hook, answer))
                return
        self._reply(question.number, {})

    def _look_up(self, lookup: Lookup) -> int:
        asked = lookup.asked
        return self._send({
            "command": "resolve", "key": self._key, "pluginName": "edgelint", "path": lookup.path,
            "importer": asked.importer, "namespace": asked.namespace, "kind": asked.kind, "pluginData": _MARK,
            "resolveDir": asked.folder if lookup.folder is None else lookup.folder,
        })  # fmt: skip

    def _send(self, value: dict[str, Value]) -> int:
        self._number += 1
        self._put(encode(self._number, value, answer=False))
        return self._number

    def _reply(self, number: int, value: dict[str, Value]) -> None:
        self._put(encode(number, value, answer=True))

    def _put(self, packet: bytes) -> None:
        try:
            self._in.write(packet)
            self._in.flush()
        except OSError:
            raise self._gone() from None

    def _packet(self) -> bytes:
        head = self._out.read(4)
        if len(head) == 4:
            (length,) = _U32.unpack(head)
            content = self._out.read(length)
            if len(content) == length:
                return content
        raise self._gone()

    def _gone(self) -> EdgeUsageError:
        self._process.kill()
        _, said = self._process.communicate()
        text = said.decode("utf-8", "replace").strip()[-2000:]
        return EdgeUsageError(f"esbuild ({self._program.path}) ended before it had answered\n{text}".strip())


_MARK: Final = 1
"""``pluginData`` of what a hook itself asks for. (The program hands a number through.)"""


def _answered(hook: int, answer: dict[str, Value]) -> dict[str, Value]:
    """A hook's answer with all that the program expects of an error."""
    if "errors" not in answer:
        return {"id": hook, **answer}
    blank: dict[str, Value] = {"id": "", "pluginName": "", "location": None, "notes": [], "detail": 0}
    return {"id": hook, **answer, "errors": [{**blank, **error} for error in answer["errors"]]}


def _filters(hooks: list[tuple[str, str, Hook]], first: int) -> list[dict[str, Value]]:
    return [
        {"id": first + index, "filter": filter, "namespace": namespace}
        for index, (filter, namespace, _) in enumerate(hooks)
    ]
