"""One project under edits: what is kept between runs never shows, and first answers are those of the whole project."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgelint import checks, engine, registry
from edgelint.diagnostics import Diagnostic, Finding
from edgelint.lsp.analysis import Analysis, Snapshot
from edgelint.lsp.warm import Warm
from edgelint.project.project import Project
from tests.lsp.apps import FIXTURES, edited, never, write

HANDLERS = """import type { Env } from "./env";
import { title } from "./lib";
const LIMIT = 60;
export async function one(env: Env) {
  await env.KV.put("a", title("x"), { expirationTtl: LIMIT });
}
export async function two(env: Env) {
  return env.DB.prepare("SELECT id, title FROM goods WHERE id = ?").bind(1).first();
}
"""
APP = {
    "src/env.ts": "export interface Env { KV: KVNamespace; DB: D1Database }\n",
    "src/lib.ts": "export function title(text: string) { return text.trim(); }\n"
    "export function other() { return fetch('https://example.com'); }\n",
    "src/handlers.ts": HANDLERS,
    "src/index.ts": 'import type { Env } from "./env";\nimport { one, two } from "./handlers";\n'
    "export default {\n  async fetch(request: Request, env: Env) {\n    await one(env);\n"
    "    return Response.json({ found: await two(env), kept: await env.KV.get('a') });\n  },\n};\n",
}


def told(found: Snapshot | Iterable[Diagnostic]) -> set[tuple[Any, ...]]:
    items = [d for each in found.diagnostics.values() for d in each] if isinstance(found, Snapshot) else found
    return {(item.rule, item.span, item.message, item.fix) for item in items}


def rules(found: Snapshot | None, path: str) -> list[str]:
    assert found is not None
    return [item.rule for item in found.diagnostics.get(path, ())]


@pytest.fixture
def app(tmp_path: Path) -> Analysis:
    made = Analysis(write(tmp_path, APP))
    assert made.run(never).diagnostics == {}
    return made


@pytest.mark.parametrize("name", ["guide-ts", "guide-python", "shop"])
def test_any_edits_give_what_a_cold_run_gives(name: str) -> None:
    """The warm run is held against ``engine.analyse``; the first answer, which may err, against the warm run."""
    chance = random.Random(name)
    root = (FIXTURES / name).resolve()
    warm = Analysis(root)
    warm.run(never)
    paths = sorted(
        path.relative_to(root).as_posix() for path in root.rglob("*")
        if path.suffix in (".ts", ".py", ".sql", ".toml", ".jsonc") and path.is_file()
    )  # fmt: skip
    answers = wrong = 0
    for _ in range(40):
        path = chance.choice(paths)
        before = warm.overlay.get(path, (root / path).read_bytes())
        warm.overlay[path] = edited(before, chance) if chance.random() < 0.8 else (root / path).read_bytes()
        quick = warm.quick(never)
        whole = warm.run(never)
        if quick is not None:
            answers += 1
            wrong += told(quick) != told(whole)
        if whole.stand_ins:
            warm.overlay[path] = before  # the good facts stay, which a cold run does not have
            continue
        assert told(whole) == told(engine.analyse(root, warm.settings, dict(warm.overlay)).diagnostics)
    assert answers >= 10
    assert wrong <= answers // 10


def test_a_first_answer_comes_from_the_part_that_was_edited(app: Analysis) -> None:
    app.overlay["src/handlers.ts"] = HANDLERS.replace("LIMIT = 60", "LIMIT = 6").encode()
    first = app.quick(never)
    assert rules(first, "src/handlers.ts") == ["kv/ttl-too-short"]
    assert first is not None
    assert not first.whole
    assert told(first) == told(app.run(never))
    assert app.last.whole
    app.overlay["src/handlers.ts"] = HANDLERS.replace("title FROM", "titel FROM").encode()
    assert rules(app.quick(never), "src/handlers.ts") == ["sql/unknown-column"]
    app.overlay["src/handlers.ts"] = HANDLERS.encode()
    assert rules(app.quick(never), "src/handlers.ts") == []


def test_what_is_elsewhere_in_the_file_keeps_its_findings_and_moves(app: Analysis) -> None:
    app.overlay["src/handlers.ts"] = HANDLERS.replace("title FROM", "titel FROM").encode()
    app.run(never)
    [before] = app.last.diagnostics["src/handlers.ts"]
    app.overlay["src/handlers.ts"] = HANDLERS.replace("title FROM", "titel FROM").replace("60", "6_0").encode()
    first = app.quick(never)
    assert first is not None
    [after] = first.diagnostics["src/handlers.ts"]
    assert after == before._replace(span=after.span, fix=after.fix, related=after.related)
    assert after.span.start == before.span.start + 1
    assert first.stand_ins["src/handlers.ts"] == HANDLERS.replace("title FROM", "titel FROM").encode()


def test_a_first_answer_has_no_use_where_the_whole_is_needed(app: Analysis) -> None:
    for path, old, new in (
        ("src/handlers.ts", "./lib", "./lab"),  # an import
        ("src/handlers.ts", "const LIMIT", "import { x } from 'y';\nconst LIMIT"),
        ("wrangler.toml", "KV", "VK"),
        ("migrations/0001_init.sql", "title", "name"),
    ):
        text = (app.root / path).read_bytes()
        app.overlay[path] = text.replace(old.encode(), new.encode(), 1)
        assert app.quick(never) is None
        app.overlay[path] = text
    app.run(never)
    app.overlay["src/handlers.ts"] = HANDLERS.replace("60", "61").encode()
    app.overlay["src/lib.ts"] = APP["src/lib.ts"].replace("trim", "trimEnd").encode()
    assert app.quick(never) is None  # two files
    app.run(never)
    app.overlay["src/new.ts"] = b"export const x = 1;\n"
    assert app.quick(never) is None  # a file that was not there
    app.run(never)
    app.forget_files()
    app.overlay["src/lib.ts"] = APP["src/lib.ts"].encode()
    assert app.quick(never) is None  # the disk may be another
    assert Analysis(app.root).quick(never) is None  # nothing is known yet


def test_scripts_among_other_text_are_read_whole(tmp_path: Path) -> None:
    page = "<template><p/></template>\n<script>\nexport const load = (env) => env.KV.get('a');\n</script>\n"
    app = Analysis(write(tmp_path, APP | {"src/page.vue": page}))
    app.run(never)
    app.overlay["src/page.vue"] = page.replace("'a'", "'b'").encode()
    assert app.quick(never) is None
    assert told(app.run(never)) == told(engine.analyse(app.root, app.settings, app.overlay).diagnostics)


def test_the_same_slice_of_before_tells_what_a_slice_cannot_see(tmp_path: Path) -> None:
    """``SHELF`` is reported where it is read first, in another file: in the slice that is here."""
    uses = {
        "src/a.ts": "export const a = (env: Env) => env.SHELF;\ninterface Env { KV: KVNamespace; SHELF: string }\n",
        "src/b.ts": "interface Env { KV: KVNamespace; SHELF: string }\n"
        "export async function b(env: Env) {\n  await env.KV.put(env.SHELF, 'x', { expirationTtl: 6 });\n}\n",
        "src/index.ts": 'import { a } from "./a";\nimport { b } from "./b";\nexport default {\n'
        "  async fetch(request: Request, env: never) { await b(env); return new Response(a(env)); },\n};\n",
    }
    app = Analysis(write(tmp_path, uses))
    whole = app.run(never)
    assert "kv/ttl-too-short" in rules(whole, "src/b.ts")
    for new in ("'y'", "'yy'"):
        app.overlay["src/b.ts"] = uses["src/b.ts"].replace("'x'", new).encode()
        first = app.quick(never)
        assert first is not None
        assert told(first) == told(app.run(never))
    app.prepare(never)
    app.overlay["src/b.ts"] = uses["src/b.ts"].replace("6 }", "600 }").encode()
    first = app.quick(never)
    assert first is not None
    assert told(first) == told(app.run(never))


def test_a_text_that_does_not_parse_keeps_the_facts_of_the_good_one(app: Analysis) -> None:
    app.overlay["src/handlers.ts"] = HANDLERS.replace("60", "6").encode()
    project = app.run(never).project
    broken = HANDLERS.replace("60", "6").replace('bind(1)', "bind(1").encode()
    app.overlay["src/handlers.ts"] = broken
    first = app.quick(never)
    assert first is not None
    assert not first.whole
    whole = app.run(never)
    assert told(first) == told(whole)
    assert set(rules(whole, "src/handlers.ts")) == {"syntax-error", "kv/ttl-too-short"}
    assert whole.project is project  # nothing was analysed anew
    assert whole.stand_ins == {"src/handlers.ts": HANDLERS.replace("60", "6").encode()}
    moved = whole.moved("src/handlers.ts")
    assert moved is not None
    assert whole.moved("src/lib.ts") is None


def test_a_file_that_is_opened_broken_has_its_good_text_on_disk(app: Analysis) -> None:
    app.overlay["src/handlers.ts"] = HANDLERS.replace("{ expirationTtl", "{{ expirationTtl").encode()
    assert rules(app.run(never), "src/handlers.ts") == ["syntax-error"]
    assert app.last.stand_ins == {"src/handlers.ts": HANDLERS.encode()}
    assert rules(app.run(never), "src/index.ts") == []


def test_a_file_that_was_never_good(tmp_path: Path) -> None:
    app = Analysis(write(tmp_path, APP | {"src/lib.ts": "export function title( {\n"}))
    assert "syntax-error" in rules(app.run(never), "src/lib.ts")
    app.overlay["src/lib.ts"] = b"export function title( { }\n"
    assert app.quick(never) is None
    assert "syntax-error" in rules(app.run(never), "src/lib.ts")
    app.overlay["src/lib.ts"] = APP["src/lib.ts"].encode()
    assert app.run(never).diagnostics == {}


def test_a_text_that_is_no_text(app: Analysis) -> None:
    app.overlay["src/handlers.ts"] = HANDLERS.encode() + b"\0"
    assert rules(app.quick(never), "src/handlers.ts") == ["syntax-error"]
    assert rules(app.run(never), "src/handlers.ts") == ["syntax-error"]


def test_to_open_a_file_as_it_is_analyses_nothing(app: Analysis) -> None:
    project = app.last.project
    app.overlay["src/handlers.ts"] = HANDLERS.encode()
    assert app.run(never).project is project
    app.forget_files()
    assert app.run(never).project is not project


def test_a_run_ends_when_it_is_told_to(app: Analysis) -> None:
    app.overlay["src/handlers.ts"] = HANDLERS.replace("60", "61").encode()
    with pytest.raises(engine.Stopped):
        app.quick(lambda: True)
    with pytest.raises(engine.Stopped):
        app.run(lambda: True)
    asked = 0

    def soon() -> bool:
        nonlocal asked
        asked += 1
        return asked > 20

    with pytest.raises(engine.Stopped):
        app.run(soon)
    assert asked == 21
    assert app.run(never).diagnostics == {}


def test_facts_are_answered_after_their_run_was_told_to_end(app: Analysis) -> None:
    over = False
    app.overlay["src/handlers.ts"] = HANDLERS.replace("60", "61").encode()
    project = app.run(lambda: over).project
    over = True
    assert project is not None
    file = project.files["src/handlers.ts"]
    assert project.evaluator.evaluate(file.module.body[-1], file) is not None


def test_settings_that_are_wrong_are_a_problem_until_they_are_not(app: Analysis) -> None:
    (app.root / "edgelint.toml").write_text("selekt = 1\n")
    app.forget_settings()
    assert "selekt" in str(app.run(never).problem)
    assert app.quick(never) is None
    (app.root / "edgelint.toml").write_text('env = "nowhere"\n')
    app.forget_settings()
    assert "nowhere" in str(app.run(never).problem)
    (app.root / "edgelint.toml").write_text('exclude = ["src/lib.ts"]\n')
    app.forget_settings()
    assert app.run(never).problem is None


def test_texts_of_package_json_and_workflows_count_as_they_are_open(app: Analysis) -> None:
    (app.root / "package.json").write_text('{ "name": "shop" }')
    app.forget_files()
    app.overlay["src/lib.ts"] = b'import "hono";\n' + APP["src/lib.ts"].encode()
    assert rules(app.run(never), "src/lib.ts") == ["runtime/unresolved-import"]
    app.overlay["package.json"] = b'{ "name": "shop", "dependencies": { "hono": "^4" } }'
    assert rules(app.run(never), "src/lib.ts") == []


def test_a_rule_that_fails_is_told_and_the_others_go_on(app: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: object, settings: object, overlay: object, stop: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(Warm, "load", fails)
    app.overlay["src/handlers.ts"] = HANDLERS.replace("60", "61").encode()
    assert rules(app.run(never), ".") == ["internal-error"]
    assert app.quick(never) is None
    assert app.outline("src/handlers.ts") is None
    app.prepare(never)


def test_a_rule_that_fails_leaves_first_answers_to_the_whole(app: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    function = registry.check_of("kv/ttl-too-short")

    def fails(project: Project) -> Iterator[Finding]:
        if b"LIMIT = 7" in project.files["src/handlers.ts"].source.data:
            raise RuntimeError("a defect")
        return function(project)

    monkeypatch.setitem(checks.CHECKS, "kv/ttl-too-short", fails)
    app.overlay["src/handlers.ts"] = HANDLERS.replace("LIMIT = 60", "LIMIT = 70").encode()
    assert app.quick(never) is None
    assert rules(app.run(never), ".") + rules(app.last, "src/handlers.ts") == ["internal-error"]
    app.overlay["src/handlers.ts"] = HANDLERS.encode()
    assert app.quick(never) is None
    assert app.run(never).diagnostics == {}


def test_a_statement_that_is_not_written_yet(app: Analysis) -> None:
    query = 'prepare("SELECT id, title FROM goods WHERE id = ?")'
    app.overlay["src/handlers.ts"] = HANDLERS.replace(query, "prepare()").encode()
    assert rules(app.quick(never), "src/handlers.ts") == []
    assert app.run(never).diagnostics == {}


def test_texts_of_files_that_cannot_be_read(app: Analysis) -> None:
    assert app.text("src/lib.ts") == APP["src/lib.ts"].encode()
    assert app.text("no/such/file.ts") == b""
