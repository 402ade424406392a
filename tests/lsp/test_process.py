"""How the server starts and ends, as a process; and its parts that no editor sees."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import pytest
from lsprotocol import types

from edgelint.cli import server as command
from edgelint.lsp import server as server_module
from edgelint.lsp.server import EdgelintServer, guarded, rule_document
from tests.lsp.apps import write

PATIENCE = 40


def speak(process: subprocess.Popen[bytes], *messages: dict[str, Any]) -> None:
    assert process.stdin is not None
    for message in messages:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    process.stdin.flush()


def answer(stream: IO[bytes] | None, id: int) -> dict[str, Any]:
    """The answer to a request; what else is said is passed over."""
    assert stream is not None
    while True:
        size = 0
        while (line := stream.readline().strip()) or not size:
            name, _, value = line.partition(b":")
            size = int(value) if name.lower() == b"content-length" else size
        found: dict[str, Any] = json.loads(stream.read(size))
        if found.get("id") == id:
            return found


def started(arguments: Sequence[str], root: Path) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, cwd=root)
    params: dict[str, Any] = {"capabilities": {}, "processId": None, "rootUri": root.as_uri()}
    speak(process, {"id": 1, "method": "initialize", "params": params}, {"method": "initialized", "params": {}})
    assert answer(process.stdout, 1)["result"]["serverInfo"]["name"] == "edgelint"
    return process


def ended(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(PATIENCE)
    finally:
        process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream is not None
            stream.close()


SHUTDOWN = {"id": 2, "method": "shutdown"}
EXIT = {"method": "exit"}


def test_it_ends_when_it_is_told_to_though_its_input_stays_open(tmp_path: Path) -> None:
    process = started(["-m", "edgelint", "server"], tmp_path)
    speak(process, SHUTDOWN)
    assert answer(process.stdout, 2)["result"] is None
    speak(process, EXIT)
    assert ended(process) == 0


@pytest.mark.parametrize("last", [[EXIT], []])
def test_an_end_without_a_word_is_no_success(tmp_path: Path, last: list[dict[str, Any]]) -> None:
    process = started(["-m", "edgelint", "server"], tmp_path)
    speak(process, *last)
    if not last:
        assert process.stdin is not None
        process.stdin.close()  # the editor is gone
    assert ended(process) == 1


def test_it_ends_though_an_analysis_does_not(tmp_path: Path) -> None:
    root = write(tmp_path, {"src/index.ts": "export default {};\n"})
    code = (
        "import sys, time\nfrom edgelint.lsp import server\n"
        "server.Analysis.run = lambda self, stop: [print('stuck', file=sys.stderr, flush=True), time.sleep(600)]\n"
        "sys.exit(server.run())\n"
    )
    process = started(["-c", code], root)
    assert process.stderr is not None
    assert process.stderr.readline() == b"stuck\n"
    speak(process, SHUTDOWN)
    assert answer(process.stdout, 2)["result"] is None
    speak(process, EXIT)
    assert ended(process) == 0


def test_without_its_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "edgelint.lsp.server")
    monkeypatch.delattr("edgelint.lsp.server", raising=False)
    monkeypatch.setitem(sys.modules, "lsprotocol", None)
    assert command.run() == 2
    assert "pip install 'edgelint[lsp]'" in capsys.readouterr().err


def test_what_else_is_missing_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "edgelint.lsp.server")
    monkeypatch.delattr("edgelint.lsp.server", raising=False)
    monkeypatch.setitem(sys.modules, "edgelint.lsp.desk", None)
    with pytest.raises(ModuleNotFoundError):
        command.run()


def test_a_request_that_fails_is_logged_and_answered_with_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(EdgelintServer, "say", lambda self, text: said.append(text))

    @guarded
    async def hover(server: EdgelintServer, params: Any) -> str:
        raise KeyError("a defect")

    @guarded
    async def fine(server: EdgelintServer, params: Any) -> str:
        return "fine"

    server = EdgelintServer()
    assert asyncio.run(hover(server, None)) is None
    assert said == ["hover failed: KeyError: 'a defect'"]
    assert asyncio.run(fine(server, None)) == "fine"


def test_diagnostics_that_fail_are_logged_and_answered_with_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(EdgelintServer, "say", lambda self, text: said.append(text))
    server = server_module.create()

    class Broken:
        async def whole(self) -> None:
            raise RuntimeError("a defect")

    def desk_of(uri: str) -> Any:
        raise RuntimeError("another")

    server.desks[Path("/app")] = Broken()  # type: ignore[assignment]
    workspace = server.protocol.fm.features[types.WORKSPACE_DIAGNOSTIC]
    report = asyncio.run(workspace(types.WorkspaceDiagnosticParams([])))
    assert report.items == []
    monkeypatch.setattr(server, "desk_of", desk_of)
    document = server.protocol.fm.features[types.TEXT_DOCUMENT_DIAGNOSTIC]
    params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier("file:///app/a.ts"))
    assert asyncio.run(document(params)).items == []
    assert said == ["diagnostics failed: RuntimeError: a defect", "diagnostics failed: RuntimeError: another"]


def test_where_a_project_begins(tmp_path: Path) -> None:
    root = write(tmp_path / "app", {"src/index.ts": ""})
    loose = tmp_path.resolve() / "loose"
    (loose / "deep").mkdir(parents=True)
    server = EdgelintServer()
    assert server.root_of(root / "src/index.ts") == root
    assert server.root_of(loose / "deep/x.ts") is None
    assert server.open_desk(loose / "deep/x.ts") is None
    server.folders = [tmp_path.resolve(), loose]
    assert server.root_of(loose / "deep/x.ts") == loose
    (loose / "edgelint.toml").write_text("")
    server.folders = []
    assert server.root_of(loose / "deep/x.ts") == loose
    desk = server.open_desk(loose / "deep/x.ts")
    assert desk is server.open_desk(loose / "deep/y.ts")
    assert server.desk_of((loose / "deep/z.ts").as_uri()) == (desk, "deep/z.ts")
    assert server.desk_of("untitled:1") is None


def test_documents_of_rules() -> None:
    found = rule_document("kv/ttl-too-short")
    assert found is not None
    assert found.read_text().startswith("# kv/ttl-too-short")
    assert rule_document("syntax-error") is None
