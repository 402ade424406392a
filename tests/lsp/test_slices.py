"""The parts of a text, and the slice of a project that an edit concerns."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint import settings
from edgelint.diagnostics import Span
from edgelint.lsp.outline import LONG, Outline, outline
from edgelint.lsp.slices import Slice, cut, inside
from edgelint.project.project import Project
from edgelint.source import Source
from edgelint.syntax.parse import parse_file
from tests.lsp.apps import FIXTURES, write


def outlines(root: Path) -> dict[str, Outline]:
    project = Project.load(root, settings.load(root, None))
    return {path: outline(project, path) for path in project.files}


def parts(root: Path, text: str, path: str = "src/index.ts") -> tuple[list[str], Outline]:
    write(root, {path: text, "src/other.ts": "export const x = 1;\n"})
    found = outlines(root.resolve())[path]
    return [text.encode()[part.start : part.end].decode() for part in found.parts], found


def sliced(root: Path, path: str, old: str, new: str) -> tuple[Slice | None, dict[str, str]]:
    known = outlines(root)
    text = known[path].data.decode()
    assert old in text
    found = cut(known, ["src/index.ts"], path, text.replace(old, new, 1).encode())
    left = {} if found is None else {
        other: " ".join(data.decode().split()) for other, data in found.texts.items() if data.strip()
    }  # fmt: skip
    return found, left


def test_parts_of_a_module(tmp_path: Path) -> None:
    text = """// about
import { x } from "./other";
const a = 1, b = x; // two
let c: string;
export const d = { e: 2 };
@decorated
class F {}
export { a as g };
export * from "./other";
if (a) { var h = 1; }
g.i = () => {};
"""
    found, made = parts(tmp_path, text)
    assert [part.rstrip(";") for part in found] == [
        'import { x } from "./other"', "const a = 1, b = x", "let c: string", "export const d = { e: 2 }",
        "@decorated\nclass F {}", "export { a as g }", 'export * from "./other"', "if (a) { var h = 1; }",
        "g.i = () => {}",
    ]  # fmt: skip
    names = [{name.decode() for name in part.names} for part in made.parts]
    assert names == [{"x"}, {"a", "b"}, {"c"}, {"d"}, {"F"}, {"a", "g"}, {"*"}, {"h"}, {"g", "i"}]
    assert [part.links[0].target for part in made.parts if part.links] == ["src/other.ts", "src/other.ts"]
    assert [part.links[0].again for part in made.parts if part.links] == [False, True]
    assert made.parts[1].words >= {b"a", b"b", b"x", b"const"}


def test_methods_of_what_is_long_are_parts(tmp_path: Path) -> None:
    long = "".join(f"\n    await this.step{number}();" for number in range(LONG // 20))
    text = f"class Room {{\n  field = 1;\n  constructor() {{}}\n  private async one() {{{long}\n  }}\n  two() {{}}\n}}"
    text += f"\nexport default {{\n  async fetch() {{{long}\n  }},\n  plain: 1,\n  queue() {{}} ,\n}};\n"
    _, made = parts(tmp_path, text)
    named = [(part.names, part.parent) for part in made.parts]
    assert named == [
        ({b"Room"}, None), ({b"one"}, 0), ({b"two"}, 0), (frozenset(), None), ({b"fetch"}, 3), ({b"queue"}, 3),
    ]  # fmt: skip
    assert b"step1" not in made.parts[0].words
    left = made.without([1, 4, 5], made.data, 0, 0)
    assert len(left) == len(made.data)
    assert parse_file("a.ts", Source("a.ts", left)).errors == []
    assert b"private" not in left
    assert b"plain: 1," in left
    assert left.count(b"\n") == made.data.count(b"\n")


def test_python_stays_python_without_its_parts(tmp_path: Path) -> None:
    long = "".join(f"\n        self.step{number}()" for number in range(LONG // 20))
    text = f"import os\n\n@named\ndef f():\n    return 'é'\n\nclass Room(os.X):\n    def one(self):{long}\n\nx = 1\n"
    root = write(tmp_path, {
        "wrangler.toml": 'main = "entry.py"\nname = "a"\n', "entry.py": "import room\nfrom workers import Response\n",
        "room.py": text,
    })  # fmt: skip
    made = outlines(root)["room.py"]
    assert [{*part.names} for part in made.parts] == [{b"os"}, {b"f"}, {b"Room"}, {b"one"}, {b"x"}]
    for left_out in ([1], [3], [1, 2, 4]):
        left = made.without(left_out, made.data, 0, 0)
        assert len(left) == len(made.data)
        assert parse_file("a.py", Source("a.py", left)).errors == []


@pytest.mark.parametrize("name", ["guide-ts", "guide-js", "guide-python", "shop"])
def test_real_files_parse_without_any_of_their_parts(name: str) -> None:
    for path, made in outlines((FIXTURES / name).resolve()).items():
        for number in range(len(made.parts)):
            left = made.without([number], made.data, 0, 0)
            assert parse_file(path, Source(path, left)).errors == [], (path, made.parts[number])


APP = {
    "src/env.ts": "export interface Env { DB: D1Database }\nexport type Unused = string;\n",
    "src/limits.ts": "export const MOST = 10;\nexport const LEAST = 1;\nexport default function pick() {}\n",
    "src/repo.ts": 'import type { Env } from "./env";\nimport { MOST } from "./limits";\n'
    "export class Repo {\n  constructor(private db: D1Database) {}\n  all() { return clamp(MOST); }\n}\n"
    "function clamp(x: number) { return x; }\nexport function far(env: Env) { return 1; }\n",
    "src/shared.ts": 'export * from "./repo";\nexport { default as choose } from "./limits";\n',
    "src/index.ts": 'import { Repo } from "./shared";\nimport * as limits from "./limits";\n'
    "const unrelated = () => limits.LEAST;\nfunction user(env: Env) { return new Repo(env.DB).all(); }\n"
    "export default { fetch(request: Request, env: Env) { return user(env); } };\n"
    'import type { Env } from "./env";\n',
}


def test_a_slice_has_what_is_used_and_who_uses_it(tmp_path: Path) -> None:
    root = write(tmp_path, APP)
    found, left = sliced(root, "src/repo.ts", "clamp(MOST)", "clamp(MOST + 1)")
    assert found is not None
    assert "class Repo" in left["src/repo.ts"]
    assert "function clamp" in left["src/repo.ts"]
    assert "far" not in left["src/repo.ts"]
    assert left["src/limits.ts"] == "export const MOST = 10; // env"
    assert "LEAST" not in left["src/limits.ts"]
    assert "export * from" in left["src/shared.ts"]
    assert "function user" in left["src/index.ts"]
    assert "export default" in left["src/index.ts"]
    assert "unrelated" not in left["src/index.ts"]
    start, end = found.places[0]
    assert found.texts["src/repo.ts"][start:end].startswith(b"export class Repo")
    old_start, old_end = found.old_places[0]
    assert found.before["src/repo.ts"][old_start:old_end].endswith(b"clamp(MOST); }\n}")


def test_a_slice_speaks_of_the_users_in_the_same_file(tmp_path: Path) -> None:
    root = write(tmp_path, APP)
    found, _ = sliced(root, "src/repo.ts", "{ return x; }", "{ return x + 1; }")
    assert found is not None
    text = found.texts["src/repo.ts"]
    assert [text[start:end].split(b"(")[0] for start, end in found.places] == [
        b"function clamp", b"export class Repo {\n  constructor",
    ]  # fmt: skip
    assert inside(Span("src/repo.ts", *found.places[1]), found.places)
    assert not inside(Span("src/repo.ts", 0, 5), found.places)


def test_defaults_namespaces_and_re_exports_are_followed(tmp_path: Path) -> None:
    root = write(tmp_path, APP | {
        "src/index.ts": 'import { choose } from "./shared";\nimport * as limits from "./limits";\n'
        'import pick from "./limits";\nfunction one() { return choose(); }\nfunction two() { return limits.LEAST; }\n'
        "function three() { return pick(); }\nexport default { fetch() { return [one, two, three, caches]; } };\n",
    })  # fmt: skip
    _, left = sliced(root, "src/index.ts", "choose()", "choose(1)")
    assert "default as choose" in left["src/shared.ts"]
    assert "function pick" in left["src/limits.ts"]
    assert "LEAST" not in left["src/limits.ts"]
    _, left = sliced(root, "src/index.ts", "limits.LEAST", "limits.LEAST + 1")
    assert "LEAST = 1" in left["src/limits.ts"]
    assert "MOST" not in left["src/limits.ts"]
    _, left = sliced(root, "src/index.ts", "pick()", "pick(1)")
    assert "function pick" in left["src/limits.ts"]
    _, left = sliced(root, "src/limits.ts", "function pick() {}", "function pick() { return 1; }")
    assert "function one" in left["src/index.ts"]
    assert "function three" in left["src/index.ts"]
    assert "function two" in left["src/index.ts"]  # a namespace may hold anything


def test_an_edit_between_parts_and_one_that_removes_a_part(tmp_path: Path) -> None:
    root = write(tmp_path, APP)
    found, left = sliced(root, "src/repo.ts", "}\nfunction clamp", "}\nconst added = far;\nfunction clamp")
    assert found is not None
    assert "const added" in left["src/repo.ts"]
    assert "function far" in left["src/repo.ts"]
    found, left = sliced(root, "src/repo.ts", "function clamp(x: number) { return x; }\n", "")
    assert found is not None
    assert "class Repo" in left["src/repo.ts"]


def test_no_slice_of_imports_and_of_what_concerns_too_much(tmp_path: Path) -> None:
    root = write(tmp_path, APP)
    assert sliced(root, "src/repo.ts", "./limits", "./limit")[0] is None
    assert sliced(root, "src/repo.ts", "clamp(MOST)", "import('./x')")[0] is None
    assert sliced(root, "src/limits.ts", "MOST = 10", "MOST = require('x')")[0] is None
    filler = "\n".join(f"  const v{number} = {number} + used;" for number in range(3000))
    more = f"const used = 1;\nfunction g() {{\n{filler}\n}}\n"
    root = write(tmp_path, APP | {"src/repo.ts": APP["src/repo.ts"] + more})
    assert sliced(root, "src/repo.ts", "used = 1", "used = 2")[0] is None


def test_a_method_of_a_long_class_is_a_part(tmp_path: Path) -> None:
    filler = "\n".join(f"    const v{number} = {number};" for number in range(60))
    method = "  async m{n}(env: Env) {{\n{filler}\n    return this.shared(env);\n  }}\n"
    methods = "".join(method.format(n=number, filler=filler) for number in range(3))
    text = f"export class Room {{\n{methods}  shared(env: Env) {{ return env.DB; }}\n}}\n"
    text += "interface Env { DB: D1Database }\n"
    root = write(tmp_path, {"src/room.ts": text, "src/index.ts": 'import { Room } from "./room";\n'
                            "export default { fetch(r: Request, env: never) { return new Room().m0(env); } };\n"})
    found, left = sliced(root, "src/room.ts", "const v5 = 5;", "const v5 = 6;")
    assert found is not None
    assert "async m0" in left["src/room.ts"]
    assert "async m1" not in left["src/room.ts"]
    assert "shared(env" in left["src/room.ts"]
    assert "new Room().m0" in left["src/index.ts"]


def test_a_slice_without_an_edit_is_that_of_a_place(tmp_path: Path) -> None:
    root = write(tmp_path, APP)
    known = outlines(root)
    text = known["src/repo.ts"].data
    found = cut(known, [], "src/repo.ts", text, text.index(b"return x"))
    assert found is not None
    assert found.texts == found.before
    start, end = found.places[0]
    assert text[start:end].startswith(b"function clamp")


def test_a_file_that_says_nothing_of_the_platform_in_the_slice_is_read_all_the_same(tmp_path: Path) -> None:
    root = write(tmp_path, APP | {"src/repo.ts": APP["src/repo.ts"] + "const plain = 1;\n"})
    found, _ = sliced(root, "src/repo.ts", "plain = 1", "plain = 2")
    assert found is not None
    assert found.texts["src/repo.ts"].endswith(b"\n// env")


def test_around_a_place(tmp_path: Path) -> None:
    root = write(tmp_path, APP)
    made = outlines(root)["src/repo.ts"]
    new = made.data.replace(b"clamp(MOST)", b"clamp(MOST + 1)")
    assert b"function far" not in made.around(new, new.index(b"MOST + 1"))
    assert b"class Repo" in made.around(new, new.index(b"MOST + 1"))
    both = made.around(new, new.index(b"function far") + 3)
    assert b"class Repo" in both
    assert b"function far" in both
    assert b"clamp(x" not in both


def test_what_a_plain_statement_declares(tmp_path: Path) -> None:
    text = """namespace Shop { export const inner = 1; export function helper() {} }
try { var tried = 1; } catch {}
enum Level { Low, High }
type Both = string;
let [first, { second: third = 2 }] = load();
const cast = { a() {} } as const;
export default class {}
require("./other");
start();
"""
    _, made = parts(tmp_path, text)
    names = [{name.decode() for name in part.names} for part in made.parts]
    assert names == [
        {"inner", "helper"}, {"tried"}, {"Level"}, {"Both"}, {"first", "third"}, {"cast"}, set(), set(), set(),
    ]  # fmt: skip
    assert [part.is_default for part in made.parts][6]
    assert [part.links[0].names for part in made.parts if part.links] == [((b"*", b"*"),)]


def test_an_entry_that_is_gone_and_imports_that_lead_nowhere(tmp_path: Path) -> None:
    entry = 'import { x } from "hono";\nimport "./gone";\nexport default { x };\n'
    root = write(tmp_path, APP | {"src/index.ts": entry})
    known = outlines(root)
    assert [part.stays for part in known["src/index.ts"].parts] == [True, True, False]
    text = known["src/index.ts"].data
    found = cut(known, ["src/nowhere.ts"], "src/index.ts", text.replace(b"{ x };", b"{ x, y: x };"))
    assert found is not None
    assert found.texts["src/index.ts"].startswith(b'import { x } from "hono";')
