"""The language server, driven by a real client over a pipe."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from tests.lsp.client import SESSION, Editor, editor

CONFIG = """name = "shop"
main = "src/i.ts"
compatibility_date = "2026-01-01"
kv_namespaces = [{ binding = "KV", id = "0123456789abcdef0123456789abcdef" }]
d1_databases = [{ binding = "DB", database_name = "shop", database_id = "11111111-2222-4333-8444-555555555555" }]

[env.staging]
kv_namespaces = [{ binding = "KV", id = "1123456789abcdef0123456789abcdef" }]
"""
MIGRATION = "CREATE TABLE goods (id INTEGER PRIMARY KEY, title TEXT NOT NULL, price INTEGER NOT NULL);\n"
CODE = """interface Env { KV: KVNamespace; DB: D1Database }
export default {
  async fetch(request: Request, env: Env) {
    // 漢字 😀
    await env.KV.put("a", "v", { expirationTtl: 60 });
    const found = await env.DB.prepare("SELECT id, title FROM goods WHERE id = ?").bind(1).first();
    return Response.json({ found, kept: await env.KV.get("a") });
  },
};
"""
IGNORED = ["config/binding-missing-in-environment"]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "app é"
    for path, text in {"wrangler.toml": CONFIG, "migrations/0001_init.sql": MIGRATION, "src/i.ts": CODE}.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    (root / "edgelint.toml").write_text('ignore = ["config/binding-missing-in-environment"]\n')
    return root


def run(session: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(session, SESSION))


async def opened(at: Editor, path: str = "src/i.ts", text: str | None = None) -> None:
    at.open(path, text)
    await at.until(lambda: path in at.shown)


def test_a_finding_comes_and_goes_as_it_is_typed(app: Path) -> None:
    async def session() -> None:
        async with editor(app) as at:
            at.open("src/i.ts", CODE.replace("60", "6"))
            await at.until(lambda: at.rules("src/i.ts") == ["kv/ttl-too-short"])
            [found] = at.shown["src/i.ts"]
            assert found.range.start == types.Position(4, 48)
            assert found.source == "edgelint"
            assert found.code_description is not None
            assert found.code_description.href.endswith("/kv/ttl-too-short.md")
            at.replace("src/i.ts", 4, 48, 49, "600")
            await at.until(lambda: at.rules("src/i.ts") == [])
            at.change("src/i.ts", CODE.replace("title FROM", "titel FROM"))
            await at.until(lambda: at.rules("src/i.ts") == ["sql/unknown-column"])
            [found] = at.shown["src/i.ts"]
            assert found.range == types.Range(types.Position(5, 51), types.Position(5, 56))
            at.close("src/i.ts")
            await at.until(lambda: at.rules("src/i.ts") == [])
            assert at.logs == []

    run(session())


def test_unsaved_config_and_migrations_count(app: Path) -> None:
    async def session() -> None:
        async with editor(app) as at:
            at.open("wrangler.toml", CONFIG.replace('binding = "DB"', 'binding = "DATA"'))
            await at.until(lambda: "config/undeclared-binding" in at.rules("src/i.ts"))
            at.change("wrangler.toml", CONFIG)
            await at.until(lambda: at.rules("src/i.ts") == [])
            at.open("migrations/0001_init.sql", MIGRATION.replace("title", "name"))
            await at.until(lambda: at.rules("src/i.ts") == ["sql/unknown-column"])
            (app / "migrations/0001_init.sql").write_text(MIGRATION)
            at.close("migrations/0001_init.sql")
            await at.until(lambda: at.rules("src/i.ts") == [])

    run(session())


def test_what_changes_on_disk_counts_when_the_editor_says_so(app: Path) -> None:
    async def session() -> None:
        files = types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
        workspace = types.WorkspaceClientCapabilities(did_change_watched_files=files)
        async with editor(app, workspace=workspace) as at:
            await at.until(lambda: types.WORKSPACE_DID_CHANGE_WATCHED_FILES in at.registered)
            await opened(at)
            (app / "edgelint.toml").write_text("")
            at.touched("edgelint.toml")
            await at.until(lambda: at.rules("wrangler.toml") == IGNORED)
            (app / "edgelint.toml").write_text("selekt = 1\n")
            at.touched("edgelint.toml")
            await at.until(lambda: any("selekt" in message for message in at.messages))
            assert at.rules("wrangler.toml") == []
            (app / "edgelint.toml").write_text("")
            at.touched("edgelint.toml", "../elsewhere.txt")
            await at.until(lambda: at.rules("wrangler.toml") == IGNORED)

    run(session())


def test_settings_that_are_open_count_as_they_are_typed(app: Path) -> None:
    async def session() -> None:
        async with editor(app) as at:
            await opened(at)
            (app / "edgelint.toml").write_text("")
            at.open("edgelint.toml", "")
            at.saved("edgelint.toml")
            await at.until(lambda: at.rules("wrangler.toml") == IGNORED)
            at.close("edgelint.toml")

    run(session())


def test_a_file_broken_mid_edit_keeps_the_good_facts(app: Path) -> None:
    async def session() -> None:
        async with editor(app) as at:
            text = CODE.replace("60", "6")
            at.open("src/i.ts", text)
            await at.until(lambda: at.rules("src/i.ts") == ["kv/ttl-too-short"])
            at.change("src/i.ts", "// one more line\n" + text.replace("export default {", "export default { broken( = "))
            await at.until(lambda: "syntax-error" in at.rules("src/i.ts"))
            kept = [each for each in at.shown["src/i.ts"] if each.code == "kv/ttl-too-short"]
            assert [each.range.start for each in kept] == [types.Position(5, 48)]
            # Other files are held against the facts of before: nothing is unused or undeclared because of a half word.
            assert at.rules("wrangler.toml") == []
            at.change("src/i.ts", CODE)
            await at.until(lambda: at.rules("src/i.ts") == [])

    run(session())


def test_a_config_broken_mid_edit_keeps_the_good_facts(app: Path) -> None:
    async def session() -> None:
        async with editor(app) as at:
            at.open("wrangler.toml")
            await at.until(lambda: "wrangler.toml" in at.shown)
            at.open("src/i.ts", CODE.replace("60", "6"))
            await at.until(lambda: at.rules("src/i.ts") == ["kv/ttl-too-short"])
            at.change("wrangler.toml", CONFIG.replace("kv_namespaces = [{", "kv_namespaces = [[{", 1))
            await at.until(lambda: "syntax-error" in at.rules("wrangler.toml"))
            assert at.rules("src/i.ts") == ["kv/ttl-too-short"]

    run(session())


def test_text_that_is_no_text(app: Path) -> None:
    async def session() -> None:
        async with editor(app) as at:
            at.open("src/i.ts", "a\0b")
            await at.until(lambda: at.rules("src/i.ts") == ["unreadable-file"])

    run(session())


def test_hover_and_definition(app: Path) -> None:
    async def session() -> None:
        async with editor(app) as at:
            text = CODE.replace("60", "6").replace("    // ", "    // edgelint: ignore[kv/unpaginated-list] ")
            at.open("src/i.ts", text)
            await at.until(lambda: "kv/ttl-too-short" in at.rules("src/i.ts"))
            on_binding = await at.hover("src/i.ts", 4, 16)
            assert on_binding is not None
            assert on_binding.startswith("**`KV`**: a KV namespace\n\n- shop, top level: [wrangler.toml:4](")
            assert "- shop, environment `staging`: [wrangler.toml:8](" in on_binding
            database = await at.hover("src/i.ts", 5, 29)
            assert database is not None
            assert "- shop, environment `staging`: **not declared**" in database
            on_finding = await at.hover("src/i.ts", 4, 49)
            assert on_finding is not None
            assert on_finding.startswith("# kv/ttl-too-short\n")
            on_comment = await at.hover("src/i.ts", 3, 30)
            assert on_comment is not None
            assert on_comment.startswith("# kv/unpaginated-list\n")
            assert await at.hover("src/i.ts", 0, 0) is None
            assert await at.definition("src/i.ts", 4, 15) == ["wrangler.toml:3:30", "wrangler.toml:7:30"]
            assert await at.definition("src/i.ts", 5, 63) == ["migrations/0001_init.sql:0:13"]
            assert await at.definition("src/i.ts", 5, 40) == []
            at.open("migrations/0001_init.sql")
            assert await at.definition("migrations/0001_init.sql", 0, 15) == ["migrations/0001_init.sql:0:13"]
            assert await at.definition("migrations/0001_init.sql", 0, 2) == []

    run(session())


def test_hover_on_names_that_no_config_declares(app: Path) -> None:
    (app / ".dev.vars").write_text("TOKEN=hunter2\n")

    async def session() -> None:
        async with editor(app) as at:
            code = CODE.replace("Env {", "Env { TOKEN: string; NONE: KVNamespace;").replace(
                "    return", "    console.log(env.TOKEN, await env.NONE.get('a'));\n    return"
            )
            at.open("src/i.ts", code)
            await at.until(lambda: "config/undeclared-binding" in at.rules("src/i.ts"))
            assert await at.hover("src/i.ts", 6, 22) == "**`TOKEN`**: a secret"
            none = await at.hover("src/i.ts", 6, 40)
            assert none is not None
            assert none.startswith("**`NONE`**: not declared in any config of this file's workers")
            assert "# config/undeclared-binding" in none
            assert await at.definition("src/i.ts", 6, 40) == []
            assert "hunter2" not in str(at.shown)

    run(session())


def test_completion(app: Path) -> None:
    (app / ".dev.vars").write_text("TOKEN=1\n")

    async def session() -> None:
        async with editor(app) as at:
            await opened(at)
            await at.pulled("src/i.ts")
            at.change("src/i.ts", CODE.replace("env.KV.put", "env."))
            names = ["DB (a D1 database)", "KV (a KV namespace)", "TOKEN (a secret)"]
            assert await at.completion("src/i.ts", 4, 14) == names
            at.change("src/i.ts", CODE.replace("FROM goods WHERE id = ?", "FROM g"))
            tables = await at.completion("src/i.ts", 5, 63)
            assert tables == ["goods (table of shop)"]
            at.change("src/i.ts", CODE.replace("id, title", "id, "))
            columns = await at.completion("src/i.ts", 5, 52)
            assert columns[:3] == ["id (column of goods)", "title (column of goods)", "price (column of goods)"]
            assert await at.completion("src/i.ts", 2, 10) == []
            at.open("migrations/0002_more.sql", "SELECT 1;\nSELECT  FROM goods;\n")
            assert (await at.completion("migrations/0002_more.sql", 1, 7))[1] == "title (column of goods)"
            at.change("migrations/0002_more.sql", "SELECT id FROM \n")
            assert await at.completion("migrations/0002_more.sql", 0, 15) == ["goods (table of shop)"]

    run(session())


def test_actions_fix_suppress_and_open(app: Path) -> None:
    async def session() -> None:
        async with editor(app) as at:
            at.open("src/i.ts", CODE.replace("id = ?", "title = NULL").replace(".bind(1)", ""))
            await at.until(lambda: "sql/null-comparison" in at.rules("src/i.ts"))
            [found] = [each for each in at.shown["src/i.ts"] if each.code == "sql/null-comparison"]
            made = await at.actions("src/i.ts", found)
            titles = [each.title for each in made]
            assert "Suppress sql/null-comparison here" in titles
            fix = made[0]
            assert fix.is_preferred
            [edit] = fix.edit.changes[at.uri("src/i.ts")]
            assert "IS" in edit.new_text
            [suppress] = [each for each in made if each.title == "Suppress sql/null-comparison here"]
            [comment] = suppress.edit.changes[at.uri("src/i.ts")]
            assert comment.new_text == "    // edgelint: ignore[sql/null-comparison] (say why)\n"
            assert comment.range.start == types.Position(5, 0)
            assert "Open the document of sql/null-comparison" in titles
            await at.client.workspace_execute_command_async(
                types.ExecuteCommandParams("edgelint.openRule", arguments=["sql/null-comparison"])
            )
            await at.until(lambda: at.messages)
            assert at.messages[0].startswith("edgelint: sql/null-comparison is explained in ")
            [whole] = await at.actions("src/i.ts", only="source.fixAll")
            [edit] = whole.edit.changes[at.uri("src/i.ts")]
            assert edit.range.start.line == edit.range.end.line == 5
            at.replace("src/i.ts", 5, edit.range.start.character, edit.range.end.character, edit.new_text)
            await at.until(lambda: "sql/null-comparison" not in at.rules("src/i.ts"))
            assert await at.actions("src/i.ts", only="source.fixAll.edgelint") == []

    run(session())


def test_the_document_of_a_rule_is_shown_where_the_editor_can(app: Path) -> None:
    async def session() -> None:
        window = types.WindowClientCapabilities(show_document=types.ShowDocumentClientCapabilities(support=True))
        async with editor(app, window=window) as at:
            for rule in ("no/such-rule", "kv/ttl-too-short"):
                params = types.ExecuteCommandParams("edgelint.openRule", arguments=[rule])
                await at.client.workspace_execute_command_async(params)
            await at.until(lambda: at.documents)
            assert [each.rpartition("/rules/")[2] for each in at.documents] == ["kv/ttl-too-short.md"]
            assert at.messages == []

    run(session())


def test_a_suppression_does_not_go_into_a_text_of_several_lines(app: Path) -> None:
    async def session() -> None:
        async with editor(app) as at:
            query = '"SELECT id, title FROM goods WHERE id = ?"'
            many = "`\n      SELECT id, titel\n      FROM goods WHERE id = ?`"
            at.open("src/i.ts", CODE.replace(query, many))
            await at.until(lambda: at.rules("src/i.ts") == ["sql/unknown-column"])
            [found] = at.shown["src/i.ts"]
            assert found.range.start.line == 6
            [suppress] = [each for each in await at.actions("src/i.ts", found) if each.title.startswith("Suppress")]
            [comment] = suppress.edit.changes[at.uri("src/i.ts")]
            assert comment.range.start == types.Position(5, 0)
            at.replace("src/i.ts", 5, 0, 0, comment.new_text)
            await at.until(lambda: at.rules("src/i.ts") == [])

    run(session())


def test_a_fix_that_makes_a_file(app: Path) -> None:
    text = CODE.replace("WHERE id = ?", "WHERE price = ?")

    async def session(creates: bool) -> None:
        edits = types.WorkspaceEditClientCapabilities(
            document_changes=creates, resource_operations=[types.ResourceOperationKind.Create] if creates else []
        )
        async with editor(app, workspace=types.WorkspaceClientCapabilities(workspace_edit=edits)) as at:
            at.open("src/i.ts", text)
            await at.until(lambda: "sql/full-table-scan" in at.rules("src/i.ts"))
            [found] = [each for each in at.shown["src/i.ts"] if each.code == "sql/full-table-scan"]
            made = [each for each in await at.actions("src/i.ts", found) if each.title.endswith("(unsafe)")]
            assert len(made) == creates
            if creates:
                create, change = made[0].edit.document_changes
                assert create.uri == at.uri("migrations/0002_goods_by_price.sql") or create.uri.endswith(".sql")
                assert "CREATE INDEX" in change.edits[0].new_text

    run(session(True))
    run(session(False))


def test_diagnostics_are_pulled_by_who_can(app: Path) -> None:
    async def session() -> None:
        text = types.TextDocumentClientCapabilities(diagnostic=types.DiagnosticClientCapabilities())
        workspace = types.WorkspaceClientCapabilities(
            diagnostics=types.DiagnosticWorkspaceClientCapabilities(refresh_support=True)
        )
        async with editor(app, text_document=text, workspace=workspace) as at:
            at.open("src/i.ts", CODE.replace("60", "6"))
            assert await at.pulled("src/i.ts") == ["kv/ttl-too-short"]
            await at.until(lambda: at.refreshed)
            report: Any = await at.client.workspace_diagnostic_async(types.WorkspaceDiagnosticParams([]))
            assert {at.path(each.uri): len(each.items) for each in report.items} == {"src/i.ts": 1}
            at.change("src/i.ts", CODE)
            assert await at.pulled("src/i.ts") == []
            report = await at.client.workspace_diagnostic_async(types.WorkspaceDiagnosticParams([]))
            assert {at.path(each.uri): len(each.items) for each in report.items} == {"src/i.ts": 0}
            assert at.shown == {}

    run(session())


@pytest.mark.parametrize(("offered", "column"), [(["utf-8"], 61), (["utf-16"], 56), (["utf-32", "utf-16"], None)])
def test_positions_in_the_encoding_that_was_agreed_on(app: Path, offered: list[str], column: int | None) -> None:
    async def session() -> None:
        general = types.GeneralClientCapabilities(position_encodings=offered)
        async with editor(app, general=general) as at:
            assert at.initialized is not None
            encoding = at.initialized.capabilities.position_encoding
            text = CODE.replace('put("a", "v"', 'put("漢😀", "v"').replace("60", "6")
            at.open("src/i.ts", text)
            await at.until(lambda: at.rules("src/i.ts"))
            [found] = at.shown["src/i.ts"]
            line = text.splitlines()[4]
            before = line[: line.index("6 }")]
            units = {"utf-8": len(before.encode()), "utf-16": len(before.encode("utf-16-le")) // 2, "utf-32": len(before)}
            assert found.range.start.character == units[str(getattr(encoding, "value", encoding))]

    run(session())


def test_many_quick_edits_end_in_the_last_text(app: Path) -> None:
    async def session() -> None:
        async with editor(app) as at:
            await opened(at, text=CODE)
            for number in range(40):
                at.change("src/i.ts", CODE.replace("60", str(number + 1)))
                await asyncio.sleep(0)
            await at.until(lambda: any("with 40" in each.message for each in at.shown["src/i.ts"]))
            at.change("src/i.ts", CODE)
            await at.until(lambda: at.rules("src/i.ts") == [])

    run(session())


def test_no_request_ends_the_server(app: Path) -> None:
    async def session() -> None:
        async with editor(app) as at:
            await opened(at)
            for uri in ("untitled:Untitled-1", "file:///", "http://example.com/x.ts", "file:///no/such/file.ts"):
                document = types.TextDocumentIdentifier(uri)
                here = types.Position(99, 99)
                await at.client.text_document_hover_async(types.HoverParams(document, here))
                await at.client.text_document_definition_async(types.DefinitionParams(document, here))
                await at.client.text_document_completion_async(types.CompletionParams(document, here))
                zero = types.Range(here, here)
                await at.client.text_document_code_action_async(
                    types.CodeActionParams(document, zero, types.CodeActionContext([]))
                )
                await at.client.text_document_diagnostic_async(types.DocumentDiagnosticParams(document))
            await at.client.workspace_execute_command_async(
                types.ExecuteCommandParams("edgelint.openRule", arguments=["no/such-rule"])
            )
            at.change("src/i.ts", CODE.replace("60", "6"))
            await at.until(lambda: at.rules("src/i.ts") == ["kv/ttl-too-short"])

    run(session())
