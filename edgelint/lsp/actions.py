"""Code actions: a finding's fix, all safe fixes of a file, a suppression, the rule's document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lsprotocol import types

from edgelint import fixes, registry
from edgelint.diagnostics import Diagnostic, Fix, Span
from edgelint.lsp.moved import difference
from edgelint.source import BOM, Source, UnreadableSource
from edgelint.syntax import tree
from edgelint.syntax.parse import parse_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgelint.lsp.analysis import Analysis
    from edgelint.lsp.positions import Lines

OPEN: Final = "edgelint.openRule"
"""The command that opens a rule's document; its argument is the id."""
FIX_ALL: Final = "source.fixAll.edgelint"
_MARKS: Final = {".py": "# ", ".toml": "# ", ".sql": "-- ", ".yml": "# ", ".yaml": "# "}


class Edits:
    """Makes workspace edits. ``uri(path)`` and ``lines(path)`` are of the editor's texts; ``creates`` says whether the
    client takes the creation of files."""

    def __init__(self, uri: Callable[[str], str], lines: Callable[[str], Lines], creates: bool) -> None:
        self.uri = uri
        self.lines = lines
        self._creates = creates

    def of_fix(self, fix: Fix) -> types.WorkspaceEdit | None:
        """The edit of a fix; None when it makes a file and the client cannot."""
        texts: dict[str, list[types.TextEdit]] = {}
        made: list[str] = []
        for edit in fix.edits:
            lines = self.lines(edit.span.path)
            if not lines.data and edit.span.start == edit.span.end == 0 and edit.span.path not in texts:
                made.append(edit.span.path)
            texts.setdefault(edit.span.path, []).append(types.TextEdit(lines.range(edit.span), edit.text))
        if not made:
            return types.WorkspaceEdit(changes={self.uri(path): edits for path, edits in texts.items()})
        if not self._creates:
            return None
        changes: list[types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile] = [
            types.CreateFile(self.uri(path), options=types.CreateFileOptions(ignore_if_exists=True)) for path in made
        ]
        for path, edits in texts.items():
            document = types.OptionalVersionedTextDocumentIdentifier(uri=self.uri(path), version=None)
            changes.append(types.TextDocumentEdit(document, list(edits)))
        return types.WorkspaceEdit(document_changes=changes)

    def replacing(self, path: str, new: bytes) -> types.WorkspaceEdit:
        """The edit that makes a file's text ``new``: one change from the first byte that differs to the last."""
        lines = self.lines(path)
        old = lines.data
        start, end, _ = difference(old, new)
        end = len(old) - end  # bytes that are the same at the end
        while start > 0 and (_inside(old, start) or _inside(new, start)):
            start -= 1
        while end > 0 and _inside(old, len(old) - end):
            end -= 1
        text = new[start : len(new) - end].decode("utf-8", "replace")
        edit = types.TextEdit(lines.range(Span(path, start, len(old) - end)), text)
        return types.WorkspaceEdit(changes={self.uri(path): [edit]})


def _inside(data: bytes, offset: int) -> bool:
    """Whether an offset is inside a character's bytes."""
    return offset < len(data) and data[offset] & 0xC0 == 0x80


def of_findings(
    path: str, found: Sequence[tuple[Diagnostic, types.Diagnostic]], edits: Edits
) -> list[types.CodeAction | types.Command]:
    """The quick fixes of findings, each with the diagnostic that the client knows it by."""
    actions: list[types.CodeAction | types.Command] = []
    for item, shown in found:
        if item.fix is not None and item.fix.edits:
            edit = edits.of_fix(item.fix)
            if edit is not None:
                title = item.fix.message if item.fix.safe else f"{item.fix.message} (unsafe)"
                actions.append(
                    types.CodeAction(
                        title, kind=types.CodeActionKind.QuickFix, diagnostics=[shown], edit=edit,
                        is_preferred=item.fix.safe,
                    )
                )  # fmt: skip
    for item, shown in found:
        if item.rule not in registry.NEVER_IGNORED and item.rule != "syntax-error":
            actions.append(
                types.CodeAction(
                    f"Suppress {item.rule} here", kind=types.CodeActionKind.QuickFix, diagnostics=[shown],
                    edit=_suppression(path, item, edits),
                )
            )  # fmt: skip
        if item.rule not in registry.BUILT_IN:
            title = f"Open the document of {item.rule}"
            actions.append(
                types.CodeAction(
                    title, kind=types.CodeActionKind.QuickFix, diagnostics=[shown],
                    command=types.Command(title, OPEN, arguments=[item.rule]),
                )
            )  # fmt: skip
    return actions


def _suppression(path: str, item: Diagnostic, edits: Edits) -> types.WorkspaceEdit:
    """A comment alone on the line above, with the indentation of that line and room for a reason."""
    lines = edits.lines(path)
    data = lines.data
    start = _line_of_statement(path, data, item.span.start)
    indent = data[start : len(data) - len(data[start:].lstrip(b" \t"))].decode()
    suffix = f".{path.rpartition('.')[2]}"
    line_end = "\r\n" if b"\r\n" in data else "\n"
    comment = f"{indent}{_MARKS.get(suffix, '// ')}edgelint: ignore[{item.rule}] (say why){line_end}"
    at = Span(path, start, start)
    return types.WorkspaceEdit(changes={edits.uri(path): [types.TextEdit(lines.range(at), comment)]})


def _line_of_statement(path: str, data: bytes, offset: int) -> int:
    """The start of the line of a place; when that is inside a text of several lines, of the line where it begins: a
    comment would be part of the text."""
    start = data.rfind(b"\n", 0, offset) + 1
    try:
        module = parse_file(path, Source(path, data)).module
    except (UnreadableSource, ValueError):
        return start
    texts = [
        node for node in tree.walk(module) if isinstance(node, tree.Literal | tree.Template) and node.start < offset
    ]
    for node in reversed(texts):
        if node.start < start < node.end:
            start = data.rfind(b"\n", 0, node.start) + 1
    return max(start, len(BOM) if data.startswith(BOM) else 0)


def fix_all(analysis: Analysis, path: str, edits: Edits) -> types.CodeAction | None:
    """All safe fixes of one file, applied over and over as ``--fix`` does; None when there is nothing to mend."""
    fixed = fixes.fix(
        analysis.root, analysis.settings, lambda item: item.span.path == path, overlay=dict(analysis.overlay)
    )
    changed = fixed.files.get(path)
    if changed is None:
        return None
    return types.CodeAction(
        "Apply all safe fixes of edgelint in this file", kind=FIX_ALL, edit=edits.replacing(path, changed[1])
    )
