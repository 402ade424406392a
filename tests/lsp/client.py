"""A client that speaks to a real server over a pipe."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

PATIENCE = 30
"""Seconds after which a test that waits for the server has failed; nothing is measured."""
SESSION = 50
"""Seconds after which a whole session has failed."""


class Editor:
    """An editor with one project. ``shown`` are the diagnostics that the server pushed, by path."""

    def __init__(self, root: Path, client: LanguageClient) -> None:
        self.root = root
        self.client = client
        self.shown: dict[str, list[types.Diagnostic]] = {}
        self.messages: list[str] = []
        self.logs: list[str] = []
        self.documents: list[str] = []
        self.refreshed = 0
        self.registered: list[str] = []
        self.status: int | None = None
        """The exit status of the server, once it has ended."""
        self.versions: dict[str, int | None] = {}
        """The version that the diagnostics of a file are of."""
        self.initialized: types.InitializeResult | None = None
        self._versions: dict[str, int] = {}
        self._news = asyncio.Event()

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def path(self, uri: str) -> str:
        return uri.removeprefix(self.root.as_uri() + "/")

    def open(self, path: str, text: str | None = None) -> None:
        language = {"ts": "typescript", "py": "python", "toml": "toml", "jsonc": "jsonc", "sql": "sql"}
        content = (self.root / path).read_text(encoding="utf-8") if text is None else text
        self._versions[path] = 1
        item = types.TextDocumentItem(self.uri(path), language.get(path.rpartition(".")[2], "text"), 1, content)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def change(self, path: str, text: str) -> None:
        self._versions[path] += 1
        document = types.VersionedTextDocumentIdentifier(version=self._versions[path], uri=self.uri(path))
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))

    def replace(self, path: str, line: int, start: int, end: int, text: str) -> None:
        self._versions[path] += 1
        document = types.VersionedTextDocumentIdentifier(version=self._versions[path], uri=self.uri(path))
        where = types.Range(types.Position(line, start), types.Position(line, end))
        change = types.TextDocumentContentChangePartial(range=where, text=text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))

    def close(self, path: str) -> None:
        document = types.TextDocumentIdentifier(self.uri(path))
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(document))

    def saved(self, path: str) -> None:
        document = types.TextDocumentIdentifier(self.uri(path))
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(document))

    def touched(self, *paths: str) -> None:
        changes = [types.FileEvent(self.uri(path), types.FileChangeType.Changed) for path in paths]
        self.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changes))

    def rules(self, path: str) -> list[str]:
        return sorted(str(each.code) for each in self.shown.get(path, []))

    def heard(self) -> None:
        self._news.set()

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait for the server to have said something that makes ``condition`` true."""

        async def wait() -> None:
            while not condition():
                self._news.clear()
                await self._news.wait()

        try:
            await asyncio.wait_for(wait(), PATIENCE)
        except TimeoutError:
            shown = {path: self.rules(path) for path in self.shown}
            raise AssertionError(f"it never came; shown: {shown}, messages: {self.messages}, log: {self.logs}") from None

    def at(self, path: str, line: int, character: int) -> dict[str, Any]:
        return {"text_document": types.TextDocumentIdentifier(self.uri(path)), "position": types.Position(line, character)}

    async def hover(self, path: str, line: int, character: int) -> str | None:
        found = await self.client.text_document_hover_async(types.HoverParams(**self.at(path, line, character)))
        return None if found is None else str(found.contents.value)  # type: ignore[union-attr]

    async def definition(self, path: str, line: int, character: int) -> list[str]:
        params = types.DefinitionParams(**self.at(path, line, character))
        found: Any = await self.client.text_document_definition_async(params)
        return [f"{self.path(each.uri)}:{each.range.start.line}:{each.range.start.character}" for each in found or []]

    async def completion(self, path: str, line: int, character: int) -> list[str]:
        params = types.CompletionParams(**self.at(path, line, character))
        found: Any = await self.client.text_document_completion_async(params)
        return [f"{each.label} ({each.detail})" for each in found.items] if found is not None else []

    async def actions(self, path: str, diagnostic: types.Diagnostic | None = None, only: str | None = None) -> list[Any]:
        zero = types.Range(types.Position(0, 0), types.Position(0, 0))
        context = types.CodeActionContext([diagnostic] if diagnostic else [], only=[only] if only else None)
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(self.uri(path)), diagnostic.range if diagnostic else zero, context
        )
        found: Any = await self.client.text_document_code_action_async(params)
        return list(found or [])

    async def pulled(self, path: str) -> list[str]:
        params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(self.uri(path)))
        report: Any = await self.client.text_document_diagnostic_async(params)
        return sorted(str(each.code) for each in report.items)


@asynccontextmanager
async def editor(root: Path, **capabilities: Any) -> AsyncIterator[Editor]:
    """Start a server for an editor with these capabilities, and end it in the protocol's way."""
    client = LanguageClient("test-editor", "1")
    made = Editor(root, client)

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def published(params: types.PublishDiagnosticsParams) -> None:
        made.shown[made.path(params.uri)] = list(params.diagnostics)
        made.versions[made.path(params.uri)] = params.version
        made.heard()

    @client.feature(types.WINDOW_SHOW_MESSAGE)
    def message(params: types.ShowMessageParams) -> None:
        made.messages.append(params.message)
        made.heard()

    @client.feature(types.WINDOW_LOG_MESSAGE)
    def log(params: types.LogMessageParams) -> None:
        made.logs.append(params.message)
        made.heard()

    @client.feature(types.WINDOW_SHOW_DOCUMENT)
    def document(params: types.ShowDocumentParams) -> types.ShowDocumentResult:
        made.documents.append(params.uri)
        made.heard()
        return types.ShowDocumentResult(True)

    @client.feature(types.WORKSPACE_DIAGNOSTIC_REFRESH)
    def refresh(params: Any) -> None:
        made.refreshed += 1
        made.heard()

    @client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(params: types.RegistrationParams) -> None:
        made.registered += [each.method for each in params.registrations]
        made.heard()

    await client.start_io(sys.executable, "-m", "edgelint", "server", limit=1 << 24)
    made.initialized = await client.initialize_async(
        types.InitializeParams(
            capabilities=types.ClientCapabilities(**capabilities), root_uri=root.as_uri(), process_id=os.getpid()
        )
    )
    client.initialized(types.InitializedParams())
    process = client._server
    assert process is not None
    try:
        yield made
        await asyncio.wait_for(client.shutdown_async(None), PATIENCE)
        client.exit(None)
        made.status = await asyncio.wait_for(process.wait(), PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
        await client.stop()
