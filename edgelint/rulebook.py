"""Rule documents to ``Rule``: the only reader of ``rules/``.

A document is read when its rule is asked for; its examples are parsed when they are asked for. So a run that reports
nothing reads none, and one that reports two rules reads two.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelint.diagnostics import Confidence, Severity

if TYPE_CHECKING:
    from edgelint.examples import Example, Fence, RulebookError, Section

LANGUAGES = ("javascript", "typescript", "python", "sql", "config")
PROFILES = ("default", "strict")
FIXES = ("none", "safe", "unsafe")
HEADINGS = ("Bad", "Good", "When to ignore")

# Patterns are compiled when a document is read: most runs read none.
_ID = r"[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*\Z"
_VERSION = r"\d+\.\d+\.\d+\Z"
_SENTENCE = r"[.!?](?=\s+[\"'`(*A-Z]|\s*\Z)"
_REQUIRED = ("severity", "confidence", "profile", "languages", "fix", "since", "sources")


class Rule:
    """One rule document. ``options`` maps each option to its default; its type is the option's type.

    ``prose`` is the text between the metadata and the first ``##``; ``bad``, ``good`` and ``ignore`` are the Markdown
    of the three sections. ``path`` is the document's file name as shown in errors.
    """

    __slots__ = (
        "id", "severity", "confidence", "profile", "languages", "fix", "since", "sources", "options", "path",
        "_sections", "_examples",
    )

    def __init__(self, id: str, path: str, metadata: dict[str, Any], parts: list[Section]) -> None:
        self.id = id
        self.path = path
        self.severity = Severity(metadata["severity"])
        self.confidence = Confidence(metadata["confidence"])
        self.profile: str = metadata["profile"]
        self.languages: tuple[str, ...] = tuple(metadata["languages"])
        self.fix: str = metadata["fix"]
        self.since: str = metadata["since"]
        self.sources: tuple[str, ...] = tuple(metadata["sources"])
        self.options: dict[str, Any] = dict(metadata.get("options", {}))
        self._sections = parts
        self._examples: list[Example] | None = None

    def __repr__(self) -> str:
        return f"Rule({self.id})"

    @property
    def family(self) -> str:
        """The part of the id before the slash."""
        return self.id.partition("/")[0]

    @property
    def prose(self) -> str:
        """What happens at the edge, and why; Markdown."""
        return self._sections[0].text

    @property
    def summary(self) -> str:
        """The first sentence of the prose, on one line."""
        return first_sentence(self.prose)

    @property
    def bad(self) -> str:
        """The Markdown of ``## Bad``."""
        return self._section("Bad")

    @property
    def good(self) -> str:
        """The Markdown of ``## Good``."""
        return self._section("Good")

    @property
    def ignore(self) -> str:
        """The Markdown of ``## When to ignore``."""
        return self._section("When to ignore")

    @property
    def examples(self) -> list[Example]:
        """The virtual projects of Bad and Good, in order. Raises ``RulebookError``."""
        if self._examples is None:
            from edgelint.examples import parse_examples

            self._examples = parse_examples(self.path, self._sections)
        return self._examples

    def _section(self, title: str) -> str:
        return next((part.text for part in self._sections if part.title == title), "")


@cache
def directory() -> Path:
    """Where the documents are: inside the installed package, or ``rules/`` beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "_rules"
    return installed if installed.is_dir() else package.parent / "rules"


@cache
def ids() -> tuple[str, ...]:
    """Every rule id, sorted: the documents' file names. Reads no document."""
    root = directory()
    return tuple(sorted(path.relative_to(root).with_suffix("").as_posix() for path in root.glob("*/*.md")))


@cache
def rule(id: str) -> Rule:
    """The rule called ``id``. Raises ``KeyError`` when there is none, ``RulebookError`` when its document is wrong."""
    if id not in ids():
        raise KeyError(id)
    return read(directory() / f"{id}.md", id)


@cache
def profile(id: str) -> str:
    """The profile of a rule, from the head of its document: what selection needs, at a twentieth of the cost of reading
    it all.

    Falls back to the whole document, and raises as ``rule`` does, when the head does not say it plainly.
    """
    try:
        with (directory() / f"{id}.md").open("rb") as stream:
            head = stream.read(600)
    except OSError:
        return rule(id).profile
    found = re.search(rb'^profile = "(default|strict)"$', head, re.MULTILINE)
    return found[1].decode() if found is not None else rule(id).profile


def load() -> dict[str, Rule]:
    """All rules by id, in the order of the ids. Raises ``RulebookError``."""
    return {id: rule(id) for id in ids()}


def read(path: Path, id: str) -> Rule:
    """The rule in the document at ``path``, which must be called ``id``. Raises ``RulebookError``."""
    from edgelint.examples import RulebookError

    shown = f"rules/{id}.md"
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RulebookError(shown, 1, f"the document cannot be read: {error}") from None
    return parse(shown, text, id)


def parse(path: str, text: str, id: str) -> Rule:
    """The rule in the document ``text``. Raises ``RulebookError`` with the line of the first mistake."""
    from edgelint.examples import RulebookError, sections

    parts = sections(path, text)
    head = parts[0]
    if head.title != id:
        raise RulebookError(path, head.line, f"the first heading must be the rule's id, '# {id}'")
    if not re.match(_ID, id):
        raise RulebookError(path, head.line, f"'{id}' is not an id: family/name, lower case, words joined by '-'")
    if not head.fences or head.fences[0].language != "toml" or head.text[: head.fences[0].index].strip():
        raise RulebookError(path, head.line + 1, "a toml block with the metadata must stand directly under the heading")
    block = head.fences[0]
    metadata = _metadata(path, block)
    head.drop_first_fence()
    if not first_sentence(head.text):
        raise RulebookError(path, block.line, "the metadata must be followed by prose that says what happens")
    for part in parts[1:]:
        if part.title not in HEADINGS:
            raise RulebookError(path, part.line, f"'## {part.title}' is not one of {', '.join(HEADINGS)}")
    for title in HEADINGS:
        found = [part for part in parts[1:] if part.title == title]
        if len(found) != 1:
            line = found[1].line if found else head.line
            raise RulebookError(path, line, f"there must be one '## {title}', not {len(found)}")
    return Rule(id, path, metadata, parts)


def _metadata(path: str, block: Fence) -> dict[str, Any]:
    import tomllib  # only when a document is read

    from edgelint.examples import RulebookError

    try:
        data = tomllib.loads(block.text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise RulebookError(path, block.line + (int(line[1]) if line else 1), f"metadata: {error}") from None

    def wrong(key: str, message: str) -> RulebookError:
        named = re.compile(rf"(?:.*[.\[])?{re.escape(key)}\b")
        at = next((number for number, text in enumerate(block.text.splitlines(), 1) if named.match(text)), 0)
        return RulebookError(path, block.line + at, message)

    def choice(key: str, allowed: tuple[str, ...]) -> None:
        if data[key] not in allowed:
            raise wrong(key, f"{key} must be one of {', '.join(allowed)}")

    for key in _REQUIRED:
        if key not in data:
            raise wrong(key, f"metadata lacks {key}")
    for key in data:
        if key not in (*_REQUIRED, "options"):
            raise wrong(key, f"metadata has an unknown key {key}")
    choice("severity", tuple(Severity))
    choice("confidence", tuple(Confidence))
    choice("profile", PROFILES)
    choice("fix", FIXES)
    for key in ("languages", "sources"):
        if not isinstance(data[key], list) or not data[key] or not all(isinstance(item, str) for item in data[key]):
            raise wrong(key, f"{key} must be a list of strings, and not empty")
    for language in data["languages"]:
        if language not in LANGUAGES:
            raise wrong("languages", f"'{language}' is not one of {', '.join(LANGUAGES)}")
    if not isinstance(data["since"], str) or not re.match(_VERSION, data["since"]):
        raise wrong("since", "since must be a version, as in 0.1.0")
    options = data.get("options", {})
    if not isinstance(options, dict):
        raise wrong("options", "options must be a table of names and defaults")
    for name, default in options.items():
        strings = isinstance(default, list) and all(isinstance(item, str) for item in default)
        if not (strings or isinstance(default, bool | int | float | str)):
            raise wrong(name, f"option {name}: a default is a boolean, a number, a string or a list of strings")
    return data


def first_sentence(text: str) -> str:
    """The first sentence of Markdown prose, on one line; "" when there is none."""
    paragraph = text.strip().split("\n\n", 1)[0]
    flat = " ".join(paragraph.split())
    end = re.search(_SENTENCE, flat)
    return flat[: end.end()] if end else flat
