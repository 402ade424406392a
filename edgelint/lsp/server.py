"""``edgelint server``: the protocol over standard input and output, on pygls.

Edits are collected for a moment and then analysed in a thread of their own; the next edit stops a run that is still
going. A request that fails is logged and answered with nothing: no request ends the server.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import os
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer

from edgelint import __version__, engine, rulebook
from edgelint import settings as settings_module
from edgelint.diagnostics import Diagnostic, Severity, Span
from edgelint.lsp import actions, completion, facts, hover
from edgelint.lsp.analysis import Analysis, Snapshot
from edgelint.lsp.positions import Lines

T = TypeVar("T")
DEBOUNCE: Final = 0.008
"""Seconds that edits are collected before a run starts: keys that an editor sends together."""
_SEVERITY: Final = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}
_WATCHED: Final = (
    "**/wrangler.{json,jsonc,toml}", "**/{edgelint,pyproject}.toml", "**/package.json", "**/*.sql", "**/.dev.vars*",
    "**/*.{js,mjs,cjs,jsx,ts,mts,cts,tsx,py,vue,svelte,astro}", "**/.gitignore",
)  # fmt: skip
_SETTINGS: Final = ("edgelint.toml", "pyproject.toml")


class Desk:
    """One project with its open files: who asks for its analysis waits here for the run of the newest texts."""

    def __init__(self, analysis: Analysis, server: EdgelintServer) -> None:
        self.analysis = analysis
        self.published: set[str] = set()
        self.opened: dict[str, str] = {}
        """The URIs of open files by path, as the editor writes them."""
        self._server = server
        self._changes = 0  # edits so far
        self._done = -1  # the edit that the last snapshot is of
        self._task: asyncio.Task[None] | None = None
        self._waiting: list[asyncio.Future[Snapshot]] = []

    def changed(self) -> None:
        """Something is not as it was: analyse anew, and stop what is under way."""
        self._changes += 1
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._runs())

    async def current(self) -> Snapshot:
        """The snapshot of the texts as they are now."""
        if self._done == self._changes:
            return self.analysis.last
        future: asyncio.Future[Snapshot] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._runs())
        return await future

    async def _runs(self) -> None:
        loop = asyncio.get_running_loop()
        while self._done != self._changes:
            await asyncio.sleep(DEBOUNCE)
            of = self._changes
            try:
                snapshot = await loop.run_in_executor(
                    self._server.pool, self.analysis.run, lambda of=of: self._changes != of
                )
            except engine.Stopped:
                continue
            except Exception as error:  # a defect: said, and the last snapshot stands
                self._server.say(f"the analysis of {self.analysis.root} failed: {type(error).__name__}: {error}")
                snapshot = self.analysis.last
            if self._changes != of:
                continue
            self._done = of
            waiting, self._waiting = self._waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(snapshot)
            await self._server.publish(self, snapshot)
        gc.collect(1)


class EdgelintServer(LanguageServer):
    """The server with the projects that are open in it."""

    def __init__(self) -> None:
        super().__init__("edgelint", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Incremental)
        self.pool = ThreadPoolExecutor(1, "edgelint-analysis")
        self.desks: dict[Path, Desk] = {}
        self._told: set[str] = set()

    # -- paths and texts ---------------------------------------------------------------------------------------------

    def desk_of(self, uri: str) -> tuple[Desk, str] | None:
        """The project of a document and the document's path in it; None for what is no file."""
        name = uris.to_fs_path(uri) if uri.startswith("file:") else None
        if not name:
            return None
        path = Path(os.path.realpath(name))
        for root in sorted(self.desks, key=lambda known: -len(known.parts)):
            if path.is_relative_to(root):
                return self.desks[root], path.relative_to(root).as_posix()
        root = settings_module.find_root([path]).resolve()
        if not path.is_relative_to(root):
            root = path.parent
        desk = self.desks[root] = Desk(Analysis(root), self)
        return desk, path.relative_to(root).as_posix()

    def uri(self, desk: Desk, path: str) -> str:
        """The URI of a file of a project: the one the editor opened it with, when it is open."""
        return desk.opened.get(path) or (desk.analysis.root / path).as_uri()

    def lines(self, desk: Desk, path: str) -> Lines:
        """A file's lines, as the editor has it."""
        return Lines(desk.analysis.text(path), self.encoding)

    @property
    def encoding(self) -> str:
        """The position encoding that was agreed on."""
        chosen = self.workspace.position_encoding
        encoding: str = chosen.value if isinstance(chosen, types.PositionEncodingKind) else str(chosen or "utf-16")
        return encoding

    def sync(self, uri: str) -> Desk | None:
        """Take the text of a document as the editor has it, and analyse."""
        found = self.desk_of(uri)
        if found is None:
            return None
        desk, path = found
        desk.opened[path] = uri
        desk.analysis.overlay[path] = self.workspace.get_text_document(uri).source.encode("utf-8", "surrogatepass")
        if path in _SETTINGS:
            desk.analysis.forget_settings()
        desk.changed()
        return desk

    # -- diagnostics -------------------------------------------------------------------------------------------------

    @property
    def pulls(self) -> bool:
        """Whether the client asks for diagnostics itself: then they are not pushed too."""
        text = self.client_capabilities.text_document
        return text is not None and text.diagnostic is not None

    async def publish(self, desk: Desk, snapshot: Snapshot) -> None:
        """Push what was found, or tell a client that pulls to ask again."""
        if snapshot.problem is not None and snapshot.problem not in self._told:
            self._told.add(snapshot.problem)
            self.window_show_message(types.ShowMessageParams(types.MessageType.Error, f"edgelint: {snapshot.problem}"))
        if snapshot.problem is None:
            self._told.clear()
        if self.pulls:
            workspace = self.client_capabilities.workspace
            if workspace is not None and workspace.diagnostics is not None and workspace.diagnostics.refresh_support:
                await self.workspace_diagnostic_refresh_async(None)
            return
        paths = {path for path, found in snapshot.diagnostics.items() if found and path != "."}
        for path in sorted(paths | desk.published | desk.opened.keys()):
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(self.uri(desk, path), self.shown(desk, snapshot, path))
            )
        desk.published = paths

    def shown(self, desk: Desk, snapshot: Snapshot, path: str) -> list[types.Diagnostic]:
        """The diagnostics of one file, as the protocol has them."""
        lines = self.lines_of(desk, snapshot, path)
        return [self.diagnostic(desk, snapshot, item, lines) for item in snapshot.diagnostics.get(path, ())]

    def lines_of(self, desk: Desk, snapshot: Snapshot, path: str) -> Lines:
        """A file's lines as the snapshot has them."""
        return Lines(snapshot.texts.get(path, desk.analysis.text(path)), self.encoding)

    def diagnostic(self, desk: Desk, snapshot: Snapshot, item: Diagnostic, lines: Lines) -> types.Diagnostic:
        """One diagnostic, as the protocol has it."""
        message = item.message if item.help is None else f"{item.message}\n{item.help}"
        related = [
            types.DiagnosticRelatedInformation(self.location(desk, snapshot, each.span), each.message)
            for each in item.related
        ]
        return types.Diagnostic(
            lines.range(item.span), message, severity=_SEVERITY[item.severity], code=item.rule, source="edgelint",
            related_information=related or None, code_description=_description(item.rule),
        )  # fmt: skip

    def location(self, desk: Desk, snapshot: Snapshot, span: Span) -> types.Location:
        """Where a span is."""
        return types.Location(self.uri(desk, span.path), self.lines_of(desk, snapshot, span.path).range(span))

    def say(self, text: str) -> None:
        """A line in the editor's log."""
        self.window_log_message(types.LogMessageParams(types.MessageType.Warning, f"edgelint: {text}"))

    @property
    def creates_files(self) -> bool:
        """Whether the client takes edits that create files."""
        workspace = self.client_capabilities.workspace
        edit = workspace.workspace_edit if workspace is not None else None
        operations = edit.resource_operations if edit is not None else None
        create = types.ResourceOperationKind.Create in (operations or ())
        return bool(edit is not None and edit.document_changes and create)

    def edits(self, desk: Desk) -> actions.Edits:
        """What makes workspace edits for a project."""
        return actions.Edits(
            lambda path: self.uri(desk, path), lambda path: self.lines(desk, path), self.creates_files
        )


def _description(rule: str) -> types.CodeDescription | None:
    found = rule_document(rule)
    return None if found is None else types.CodeDescription(found.as_uri())


def rule_document(rule: str) -> Path | None:
    """The file of a rule's document; None for what has none."""
    path = rulebook.directory() / f"{rule}.md"
    return path.resolve() if rule in rulebook.ids() else None


def guarded(function: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T | None]]:
    """A request that fails is logged and answered with nothing."""

    @functools.wraps(function)
    async def handler(server: EdgelintServer, params: Any) -> T | None:
        try:
            return await function(server, params)
        except Exception as error:
            server.say(f"{function.__name__} failed: {type(error).__name__}: {error}")
            return None

    return handler


def create() -> EdgelintServer:
    """A server with all its features."""
    server = EdgelintServer()
    _documents(server)
    _diagnostics(server)
    _language(server)
    return server


def _documents(server: EdgelintServer) -> None:
    @server.feature(types.INITIALIZED)
    @guarded
    async def initialized(server: EdgelintServer, params: types.InitializedParams) -> None:
        workspace = server.client_capabilities.workspace
        watched = workspace.did_change_watched_files if workspace is not None else None
        if watched is not None and watched.dynamic_registration:
            watchers = [types.FileSystemWatcher(glob) for glob in _WATCHED]
            await server.client_register_capability_async(
                types.RegistrationParams([
                    types.Registration(
                        "edgelint-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
                        types.DidChangeWatchedFilesRegistrationOptions(watchers),
                    )
                ])
            )  # fmt: skip

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    @guarded
    async def did_open(server: EdgelintServer, params: types.DidOpenTextDocumentParams) -> None:
        server.sync(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    @guarded
    async def did_change(server: EdgelintServer, params: types.DidChangeTextDocumentParams) -> None:
        server.sync(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    @guarded
    async def did_close(server: EdgelintServer, params: types.DidCloseTextDocumentParams) -> None:
        found = server.desk_of(params.text_document.uri)
        if found is not None:
            desk, path = found
            desk.analysis.overlay.pop(path, None)
            desk.opened.pop(path, None)
            if path in _SETTINGS:
                desk.analysis.forget_settings()
            desk.changed()

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    @guarded
    async def did_save(server: EdgelintServer, params: types.DidSaveTextDocumentParams) -> None:
        server.sync(params.text_document.uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    @guarded
    async def watched(server: EdgelintServer, params: types.DidChangeWatchedFilesParams) -> None:
        concerned = set()
        for change in params.changes:
            found = server.desk_of(change.uri)
            if found is not None:
                desk, path = found
                if path.rpartition("/")[2] in _SETTINGS:
                    desk.analysis.forget_settings()
                if path not in desk.analysis.overlay:
                    concerned.add(desk)
        for desk in concerned:
            desk.changed()


def _diagnostics(server: EdgelintServer) -> None:
    options = types.DiagnosticOptions(
        inter_file_dependencies=True, workspace_diagnostics=True, identifier="edgelint"
    )

    @server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, options)
    async def document(
        server: EdgelintServer, params: types.DocumentDiagnosticParams
    ) -> types.RelatedFullDocumentDiagnosticReport:
        items: list[types.Diagnostic] = []
        try:
            found = server.desk_of(params.text_document.uri)
            if found is not None:
                desk, path = found
                items = server.shown(desk, await desk.current(), path)
        except Exception as error:
            server.say(f"diagnostics failed: {type(error).__name__}: {error}")
        return types.RelatedFullDocumentDiagnosticReport(items)

    @server.feature(types.WORKSPACE_DIAGNOSTIC)
    async def workspace(
        server: EdgelintServer, params: types.WorkspaceDiagnosticParams
    ) -> types.WorkspaceDiagnosticReport:
        reports: list[types.WorkspaceDocumentDiagnosticReport] = []
        for desk in list(server.desks.values()):
            try:
                snapshot = await desk.current()
                paths = {path for path, found in snapshot.diagnostics.items() if found and path != "."}
                for path in sorted(paths | desk.published):
                    shown = server.shown(desk, snapshot, path)
                    reports.append(types.WorkspaceFullDocumentDiagnosticReport(server.uri(desk, path), shown))
                desk.published = paths
            except Exception as error:
                server.say(f"diagnostics failed: {type(error).__name__}: {error}")
        return types.WorkspaceDiagnosticReport(reports)


def _language(server: EdgelintServer) -> None:
    kinds = [types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=kinds))
    @guarded
    async def code_actions(
        server: EdgelintServer, params: types.CodeActionParams
    ) -> list[types.CodeAction | types.Command] | None:
        found = server.desk_of(params.text_document.uri)
        if found is None:
            return None
        desk, path = found
        snapshot = await desk.current()
        made: list[types.CodeAction | types.Command] = []
        only = params.context.only
        if _wanted(only, types.CodeActionKind.QuickFix.value):
            lines = server.lines_of(desk, snapshot, path)
            first, last = lines.offset(params.range.start), lines.offset(params.range.end)
            here = [
                (item, server.diagnostic(desk, snapshot, item, lines))
                for item in snapshot.diagnostics.get(path, ())
                if item.span.start <= last and first <= max(item.span.end, item.span.start)
            ]
            made += actions.of_findings(path, here, server.edits(desk))
        if only and _wanted(only, actions.FIX_ALL):
            run = functools.partial(actions.fix_all, desk.analysis, path, server.edits(desk))
            whole = await asyncio.get_running_loop().run_in_executor(server.pool, run)
            if whole is not None:
                made.append(whole)
        return made

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    @guarded
    async def show(server: EdgelintServer, params: types.HoverParams) -> types.Hover | None:
        found = server.desk_of(params.text_document.uri)
        if found is None:
            return None
        desk, path = found
        snapshot = await desk.current()
        lines = server.lines(desk, path)
        text = hover.markdown(
            snapshot, path, lines.data, lines.offset(params.position),
            lambda place, line: f"{server.uri(desk, place)}#L{line}", desk.analysis.text,
        )  # fmt: skip
        return None if text is None else types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text))

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    @guarded
    async def definition(server: EdgelintServer, params: types.DefinitionParams) -> list[types.Location] | None:
        found = server.desk_of(params.text_document.uri)
        if found is None:
            return None
        desk, path = found
        snapshot = await desk.current()
        project = snapshot.project
        if project is None or path in snapshot.stand_ins:
            return None
        offset = server.lines(desk, path).offset(params.position)
        use = facts.env_use(project, path, offset)
        if use is not None:
            spans = [each.declaration.span for each in facts.declarations(project, path, use.name)]
        else:
            table = facts.table_at(project, path, offset)
            spans = table[1] if table is not None else []
        return [server.location(desk, snapshot, span) for span in dict.fromkeys(spans)]

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=["."]))
    @guarded
    async def complete(server: EdgelintServer, params: types.CompletionParams) -> types.CompletionList | None:
        found = server.desk_of(params.text_document.uri)
        if found is None:
            return None
        desk, path = found
        project = desk.analysis.last.project or (await desk.current()).project
        if project is None:
            return None
        lines = server.lines(desk, path)
        proposals = completion.items(project, path, lines.data, lines.offset(params.position))
        icons = {
            "binding": types.CompletionItemKind.Property, "table": types.CompletionItemKind.Struct,
            "column": types.CompletionItemKind.Field,
        }  # fmt: skip
        return types.CompletionList(
            False, [types.CompletionItem(each.text, kind=icons[each.kind], detail=each.detail) for each in proposals]
        )

    @server.command(actions.OPEN)
    async def open_rule(server: EdgelintServer, rule: str) -> None:
        document = rule_document(str(rule))
        if document is not None:
            await server.window_show_document_async(types.ShowDocumentParams(document.as_uri()))


def _wanted(only: Sequence[types.CodeActionKind | str] | None, kind: str) -> bool:
    """Whether a client that asks for ``only`` some kinds wants this one: a kind stands for those below it too."""
    asked = [each.value if isinstance(each, types.CodeActionKind) else each for each in only or ()]
    return not asked or any(kind == each or kind.startswith(f"{each}.") for each in asked)


def run() -> int:
    """Serve standard input and output until the client says exit; returns the exit status."""
    create().start_io()
    return 0
