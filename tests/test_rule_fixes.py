"""What fixes make of texts in many forms, and what they leave: ``tests/fixes/*.md``.

A section is one project. Its first line names the rule and says which of its fixes are applied ("safe", "unsafe",
both, or "none"); fences hold the files, the last one the diff. The examples of rule documents show the usual form of
each fix.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from edgelint import fixes, rulebook
from edgelint.settings import load

FOLDER = Path(__file__).parent / "fixes"
CONFIG = b'name = "a"\nmain = "src/index.ts"\ncompatibility_date = "2026-01-15"\n'
_SECTION = re.compile(r"^## (.+)\n\n`([^`]+)`: (.+)\n", re.MULTILINE)
_FENCE = re.compile(r"^````?(\w+)(?: (\S+))?\n(.*?)^````?$", re.MULTILINE | re.DOTALL)


class Section(NamedTuple):
    """One project, and what mending one rule's findings makes of it."""

    name: str
    rule: str
    kinds: str
    files: dict[str, str]
    diff: str


def sections() -> list[Section]:
    """Every section of every document."""
    found = []
    for path in sorted(FOLDER.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        heads = list(_SECTION.finditer(text))
        for head, following in zip(heads, [*heads[1:], None], strict=True):
            body = text[head.end() : following.start() if following is not None else len(text)]
            files, diff = {}, ""
            for language, name, content in _FENCE.findall(body):
                if language == "diff":
                    diff = content
                else:
                    files[name] = content
            found.append(Section(f"{path.stem}: {head[1]}", head[2], head[3], files, diff))
    return found


def mended(root: Path, rule: str, files: dict[str, bytes]) -> fixes.Fixed:
    """Write a project and mend what ``rule`` reports in it."""
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    settings = load(root)
    if rule in rulebook.ids() and rule not in settings.selected():
        settings = settings.override(extend_select=[rule])
    made = fixes.fix(root, settings, lambda item: item.rule == rule, unsafe=True)
    assert made.settled
    assert not made.refused
    return made


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.name)
def test_fix(section: Section, tmp_path: Path) -> None:
    made = mended(tmp_path, section.rule, {name: text.encode() for name, text in section.files.items()})
    assert fixes.diff(made).rstrip("\n") == section.diff.rstrip("\n")
    kinds = sorted({"safe" if item.fix.safe else "unsafe" for item in made.applied if item.fix is not None})
    assert " and ".join(kinds or ["none"]) == section.kinds


def test_line_ends_and_the_mark_at_the_beginning_stay(tmp_path: Path) -> None:
    keys = b'# The entry.\r\nmain = "src/index.ts"\r\ncompatibility_date = "2026-01-15"\r\n'
    config = b'\xef\xbb\xbf[vars]\r\nA = "x"\r\n' + keys
    made = mended(tmp_path, "config/misplaced-key", {"wrangler.toml": config, "src/index.ts": b"export default {};\n"})
    assert made.files["wrangler.toml"][1] == b"\xef\xbb\xbf" + keys + b'\r\n[vars]\r\nA = "x"\r\n'


def test_a_file_without_a_last_line_end_gets_a_table(tmp_path: Path) -> None:
    config = b'name = "a"\r\nmain = "src/index.ts"\r\n[[durable_objects.bindings]]\r\nname = "R"\r\nclass_name = "R"'
    made = mended(tmp_path, "durable-objects/missing-migration", {"wrangler.toml": config})
    assert made.files["wrangler.toml"][1] == config + (
        b'\r\n\r\n[[migrations]]\r\ntag = "v1"\r\nnew_sqlite_classes = ["R"]\r\n'
    )


def test_a_statement_is_taken_out_with_its_line(tmp_path: Path) -> None:
    code = (
        b"export default {\r\n\tasync fetch(request, env) {\r\n"
        b'\t\tawait env.DB.exec("PRAGMA foreign_keys = ON");\r\n\t\treturn new Response("\xc3\xa4");\r\n\t},\r\n};\r\n'
    )
    config = b'name = "a"\nmain = "src/index.js"\n[[d1_databases]]\nbinding = "DB"\ndatabase_name = "a"\n'
    made = mended(tmp_path, "sql/ineffective-pragma", {"src/index.js": code, "wrangler.toml": config})
    line = b'\t\tawait env.DB.exec("PRAGMA foreign_keys = ON");\r\n'
    assert made.files["src/index.js"][1] == code.replace(line, b"")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("// edgelint: ignore[kv/ttl-too-short] why\nexport default {};\n", "export default {};\n"),
        ("export default {}; // edgelint: ignore[kv/ttl-too-short]\n", "export default {};\n"),
        (
            "export default {}; // edgelint: ignore[kv/ttl-too-short, kv/check-then-set] why\n",
            "export default {};\n",
        ),
        ("export default {}; /* edgelint: ignore[kv/check-then-set] */ // x\n", "export default {}; // x\n"),
        (
            "// edgelint: ignore[kv/check-then-set] edgelint: ignore[kv/ttl-too-short]\nexport default {};\n",
            "// edgelint: ignore[kv/check-then-set] edgelint: ignore[kv/ttl-too-short]\nexport default {};\n",
        ),
    ],
)
def test_suppressions_that_suppress_nothing_are_taken_out(before: str, after: str, tmp_path: Path) -> None:
    made = mended(tmp_path, "unused-suppression", {"src/index.ts": before.encode(), "wrangler.toml": CONFIG})
    assert all(item.fix is not None and item.fix.safe for item in made.applied)
    assert made.files.get("src/index.ts", (b"", before.encode()))[1].decode() == after


def test_a_suppression_of_a_slip_names_what_was_meant(tmp_path: Path) -> None:
    code = b"export default {}; // edgelint: ignore[kv/ttl-too-shor]\n"
    made = mended(tmp_path, "unknown-suppression", {"src/index.ts": code, "wrangler.toml": CONFIG})
    assert made.files["src/index.ts"][1] == b"export default {}; // edgelint: ignore[kv/ttl-too-short]\n"
    assert [item.fix.safe for item in made.applied if item.fix is not None] == [False]


def test_files_that_are_not_read_through_are_left(tmp_path: Path) -> None:
    files = {"wrangler.toml": b'name = "a"\n', ".dev.vars": b"A=1 # edgelint: ignore[kv/ttl-too-short, nothing]\n"}
    assert not mended(tmp_path, "unused-suppression", files).files
    assert not mended(tmp_path, "unknown-suppression", {}).files
