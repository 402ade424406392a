"""``edgelint server``: the protocol over standard input and output, on pygls.

A request that fails is logged and answered with nothing: no request ends the server. When an analysis runs is
``desk``'s, what it says is ``analysis``'s; here is what the protocol makes of it.
"""

from __future__ import annotations

import functools
import gc
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer

from edgelint import __version__, rulebook
from edgelint import settings as settings_module
from edgelint.diagnostics import Diagnostic, Severity, Span
from edgelint.lsp import actions, completion, facts, hover
from edgelint.lsp.analysis import Analysis, Snapshot
from edgelint.lsp.desk import Desk
from edgelint.lsp.positions import Lines

T = TypeVar("T")
GRACE: Final = 2.0
"""Seconds that a server that was told to end has for it; a run in compiled code cannot be stopped."""
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
_APP: Final = ("wrangler.jsonc", "wrangler.json", "wrangler.toml", "package.json", "pnpm-workspace.yaml")


class EdgelintServer(LanguageServer):
    """The server with the projects that are open in it."""

    def __init__(self) -> None:
        super().__init__("edgelint", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Incremental)
        self.pool = ThreadPoolExecutor(1, "edgelint-analysis")
        self.desks: dict[Path, Desk] = {}
        self.folders: list[Path] = []
        """The folders that the editor has open."""
        self.told_to_end = False
        self._told: set[str] = set()

    def shutdown(self) -> None:
        """End, and no later than ``GRACE`` from now, whatever a thread still does."""
        end = threading.Timer(GRACE, os._exit, (0 if self.told_to_end else 1,))
        end.daemon = True
        end.start()
        for desk in self.desks.values():
            desk.close()
        self.pool.shutdown(wait=False, cancel_futures=True)
        super().shutdown()  # type: ignore[no-untyped-call]

    # -- paths and texts ---------------------------------------------------------------------------------------------

    def desk_of(self, uri: str) -> tuple[Desk, str] | None:
        """The project that a document was opened in, and the document's path in it; None for any other."""
        path = _path(uri)
        for root in sorted(self.desks, key=lambda known: -len(known.parts)) if path is not None else ():
            if path is not None and path.is_relative_to(root):
                return self.desks[root], path.relative_to(root).as_posix()
        return None

    def open_desk(self, path: Path) -> Desk | None:
        """The project of a file or a folder, which is read from now on; None for what belongs to none."""
        root = self.root_of(path)
        if root is None:
            return None
        if root not in self.desks:
            self.desks[root] = Desk(Analysis(root), self)
        return self.desks[root]

    def root_of(self, path: Path) -> Path | None:
        """Where a project begins: as the command line finds it, else the editor's folder. A file that lies in neither
        is no reason to read the folder around it, which may be somebody's home."""
        root = settings_module.find_root([path]).resolve()
        if path.is_relative_to(root) and (
            settings_module.settings_file(root) is not None or any((root / name).is_file() for name in _APP)
        ):
            return root
        own = [folder for folder in self.folders if path.is_relative_to(folder)]
        return max(own, key=lambda folder: len(folder.parts), default=None)

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

    def sync(self, uri: str) -> None:
        """Take the text of a document as the editor has it, and analyse."""
        place = _path(uri)
        if place is None or (self.desk_of(uri) is None and self.open_desk(place) is None):
            return
        found = self.desk_of(uri)
        if found is None:
            return
        desk, path = found
        document = self.workspace.get_text_document(uri)
        data = document.source.encode("utf-8", "surrogatepass")
        known = desk.opened.get(path) == uri and desk.analysis.overlay.get(path) == data
        desk.opened[path] = uri
        desk.versions[path] = document.version
        desk.analysis.overlay[path] = data
        if not known:
            desk.changed()

    # -- diagnostics -------------------------------------------------------------------------------------------------

    @property
    def pulls(self) -> bool:
        """Whether the client asks for diagnostics itself: then they are not pushed too."""
        text = self.client_capabilities.text_document
        return text is not None and text.diagnostic is not None

    @property
    def refreshes(self) -> bool:
        """Whether the client can be told to ask for diagnostics again."""
        workspace = self.client_capabilities.workspace
        known = workspace.diagnostics if workspace is not None else None
        return known is not None and bool(known.refresh_support)

    async def publish(self, desk: Desk, snapshot: Snapshot) -> None:
        """Push what was found, or tell a client that pulls to ask again."""
        if snapshot.problem is not None and snapshot.problem not in self._told:
            self._told.add(snapshot.problem)
            self.window_show_message(types.ShowMessageParams(types.MessageType.Error, f"edgelint: {snapshot.problem}"))
        if snapshot.problem is None:
            self._told.clear()
        if self.pulls:
            if snapshot.whole and self.refreshes:
                self.workspace_diagnostic_refresh(None)  # not awaited: some client may never answer
            return
        paths = {path for path, found in snapshot.diagnostics.items() if found and path != "."}
        if not snapshot.whole:
            paths = set(snapshot.stand_ins)
        else:
            paths |= desk.opened.keys() | desk.published.keys()
        for path in sorted(paths):
            shown = self.shown(desk, snapshot, path)
            what = (desk.versions.get(path), shown)
            if desk.published.get(path) != what and (shown or path in desk.opened or path in desk.published):
                version = desk.versions.get(path)
                params = types.PublishDiagnosticsParams(self.uri(desk, path), shown, version=version)
                self.text_document_publish_diagnostics(params)
            if shown or path in desk.opened:
                desk.published[path] = what
            else:
                desk.published.pop(path, None)

    def shown(self, desk: Desk, snapshot: Snapshot, path: str) -> list[types.Diagnostic]:
        """The diagnostics of one file, as the protocol has them."""
        lines = self.lines_of(desk, snapshot, path)
        return [self.diagnostic(desk, snapshot, item, lines) for item in snapshot.diagnostics.get(path, ())]

    def lines_of(self, desk: Desk, snapshot: Snapshot, path: str) -> Lines:
        """A file's lines as the snapshot has them."""
        text = snapshot.texts.get(path)
        return Lines(desk.analysis.text(path) if text is None else text, self.encoding)

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
        folders = [folder.uri for folder in server.workspace.folders.values()] or [server.workspace.root_uri or ""]
        server.folders = [path for uri in folders if (path := _path(uri)) is not None]
        for folder in server.folders:
            if server.root_of(folder) == folder and any((folder / name).is_file() for name in _APP):
                desk = server.open_desk(folder)
                assert desk is not None
                desk.changed()
        workspace = server.client_capabilities.workspace
        watched = workspace.did_change_watched_files if workspace is not None else None
        if watched is not None and watched.dynamic_registration:
            watchers = [types.FileSystemWatcher(glob) for glob in _WATCHED]
            options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
            registration = types.Registration("edgelint-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            server.client_register_capability(types.RegistrationParams([registration]))

    @server.feature(types.SHUTDOWN)
    @guarded
    async def shut(server: EdgelintServer, params: Any) -> None:
        server.told_to_end = True
        for desk in server.desks.values():
            desk.close()

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    @guarded
    async def folders(server: EdgelintServer, params: types.DidChangeWorkspaceFoldersParams) -> None:
        gone = {_path(folder.uri) for folder in params.event.removed}
        new = [path for folder in params.event.added if (path := _path(folder.uri)) is not None]
        server.folders = [folder for folder in server.folders if folder not in gone] + new
        for root in [root for root, desk in server.desks.items() if root in gone and not desk.opened]:
            server.desks.pop(root).close()

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
            desk.versions.pop(path, None)
            desk.analysis.forget_files()
            desk.changed()

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    @guarded
    async def did_save(server: EdgelintServer, params: types.DidSaveTextDocumentParams) -> None:
        _touched(server, [params.text_document.uri])

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    @guarded
    async def watched(server: EdgelintServer, params: types.DidChangeWatchedFilesParams) -> None:
        _touched(server, [change.uri for change in params.changes])


def _touched(server: EdgelintServer, changed: Sequence[str]) -> None:
    """Files that are not as they were on disk. A source that is open counts as the editor has it."""
    for uri in changed:
        found = server.desk_of(uri)
        if found is None:
            continue
        desk, path = found
        if path.rpartition("/")[2] in _SETTINGS:
            desk.analysis.forget_settings()
            desk.changed()
        elif path not in desk.analysis.overlay:
            desk.analysis.forget_files()
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
                snapshot = await (desk.newest() if server.refreshes else desk.whole())
                items = server.shown(desk, snapshot, path)
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
                snapshot = await desk.whole()
                paths = {path for path, found in snapshot.diagnostics.items() if found and path != "."}
                for path in sorted(paths | desk.published.keys()):
                    shown = server.shown(desk, snapshot, path)
                    reports.append(types.WorkspaceFullDocumentDiagnosticReport(server.uri(desk, path), shown))
                desk.published = dict.fromkeys(paths)
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
        made: list[types.CodeAction | types.Command] = []
        only = params.context.only
        if _wanted(only, types.CodeActionKind.QuickFix.value):
            snapshot = await desk.newest()
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
            whole = await desk.ask(run)
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
        snapshot = await desk.whole()
        lines = server.lines_of(desk, snapshot, path)
        text = await desk.ask(lambda: hover.markdown(
            snapshot, path, lines.data, lines.offset(params.position),
            lambda place, line: f"{server.uri(desk, place)}#L{line}", desk.analysis.text,
        ))  # fmt: skip
        return None if text is None else types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text))

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    @guarded
    async def definition(server: EdgelintServer, params: types.DefinitionParams) -> list[types.Location] | None:
        found = server.desk_of(params.text_document.uri)
        if found is None:
            return None
        desk, path = found
        snapshot = await desk.whole()
        offset = server.lines_of(desk, snapshot, path).offset(params.position)
        spans = await desk.ask(lambda: facts.definitions(snapshot, path, offset))
        return [server.location(desk, snapshot, span) for span in spans]

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=["."]))
    @guarded
    async def complete(server: EdgelintServer, params: types.CompletionParams) -> types.CompletionList | None:
        found = server.desk_of(params.text_document.uri)
        if found is None:
            return None
        desk, path = found
        project = desk.analysis.last.project or (await desk.whole()).project
        if project is None:
            return None
        lines = server.lines(desk, path)
        offset = lines.offset(params.position)
        before = desk.analysis.outline(path)
        proposals = await desk.ask(lambda: completion.items(project, before, path, lines.data, offset))
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
        if document is None:
            return
        window = server.client_capabilities.window
        if window is not None and window.show_document is not None and window.show_document.support:
            server.window_show_document(types.ShowDocumentParams(document.as_uri()))
        else:
            params = types.ShowMessageParams(types.MessageType.Info, f"edgelint: {rule} is explained in {document}")
            server.window_show_message(params)


def _wanted(only: Sequence[types.CodeActionKind | str] | None, kind: str) -> bool:
    """Whether a client that asks for ``only`` some kinds wants this one: a kind stands for those below it too."""
    asked = [each.value if isinstance(each, types.CodeActionKind) else each for each in only or ()]
    return not asked or any(kind == each or kind.startswith(f"{each}.") for each in asked)


def _path(uri: str) -> Path | None:
    """The file that a URI names; None for what is no file."""
    name = uris.to_fs_path(uri) if uri.startswith("file:") else None
    return Path(os.path.realpath(name)) if name else None


def run() -> int:
    """Serve standard input and output until the client says exit; returns the exit status: 0 when the client had said
    before that it would."""
    server = create()
    gc.disable()  # collected when the editor rests: see ``desk``
    gc.freeze()
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as stream:
        sys.stdout = sys.stderr  # what anything prints must not stand among the messages
        server.start_io(stdout=stream)
    return 0 if server.told_to_end else 1
