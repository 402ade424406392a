"""Where numbers come from, what a regular expression's group holds, and what schemas say."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.captures import captured, captures_digits, captures_word
from edgelint.project.origins import Question, origins
from edgelint.project.project import Project
from tests.projects import D1, PYTHON_TOML, TOML, probe, probed, project

URL = "const q = new URL(request.url).searchParams; const id = q.get('id');"
NONE: list[str] = []


def worker(root: Path, body: str, top: str = "") -> Project:
    code = f"{top}\nexport default {{ async fetch(request, env, ctx) {{ {URL}\n{body}\n}} }};"
    return project(root, {"wrangler.toml": TOML + D1, "src/index.ts": code})


def python(root: Path, body: str) -> Project:
    lines = "".join(f"        {line}\n" for line in body.split("\n"))
    code = (
        "import re\nfrom workers import WorkerEntrypoint\n\nclass Default(WorkerEntrypoint):\n"
        f"    async def fetch(self, request):\n        body = await request.json()\n{lines}"
    )
    return project(root, {"wrangler.toml": PYTHON_TOML, "src/entry.py": code})


def found(project: Project, question: Question) -> list[str]:
    file, node = probe(project)
    return [o.file.text(o.node) for o in origins(node, file, project.evaluator, question)]


NAN = [
    ("probe(Number(id));", ["Number(id)"]), ("probe(parseInt(id, 10));", ["parseInt(id, 10)"]),
    ("probe(+id);", ["+id"]),
    ("probe(-Number(id));", ["Number(id)"]), ("probe(~~id);", NONE),
    ("probe(Number.parseFloat(id) + 1);", ["Number.parseFloat(id)"]),
    ("probe(id);", NONE), ("probe(Number('5'));", NONE), ("probe(Number(env.SIZE));", NONE),
    ("probe(Number(Number(id)));", ["Number(id)"]),
    ("probe(Number(id) || 1);", NONE), ("probe(Number(id) ?? 1);", ["Number(id)"]),
    ("probe(id && Number(id));", ["Number(id)"]),
    ("probe((0, Number(id)));", ["Number(id)"]), ("probe(Number(id) | 0);", NONE),
    ("probe(Number(id) % 5);", ["Number(id)"]),
    ("probe(Number(id) > 5);", NONE), ("probe(Math.round(Number(id)));", ["Number(id)"]),
    ("probe(Math.max(1, Number(id)));", NONE),
    ("probe(Math.min(9, Number(id)));", NONE), ("probe(id ? Number(id) : 1);", ["Number(id)"]),
    ("probe(isNaN(Number(id)) ? 1 : Number(id));", NONE),
    ("probe((await Number(id)) as number);", ["Number(id)"]), ("let n; probe(n = Number(id));", ["Number(id)"]),
    ("const n = Number(id); probe(n);", ["Number(id)"]), ("let n = Number(id); n = 1; probe(n);", NONE),
    ("let n = Number(id); n += 1; probe(n);", ["Number(id)"]),
    ("let n = 1; n += Number(id); probe(n);", ["Number(id)"]), ("let n = 1; n |= Number(id); probe(n);", NONE),
    ("const { n = Number(id) } = {}; probe(n);", ["Number(id)"]),
    ("const { n } = { n: Number(id) }; probe(n);", ["Number(id)"]),
    ("const [n] = [Number(id)]; probe(n);", ["Number(id)"]),
    ("const o = { n: Number(id) }; probe(o.n);", ["Number(id)"]),
    ("const o = { n: Number(id) }; if (o.n > 0) probe(o.n);", NONE), ("const o = {}; probe(o.n);", NONE),
    ("const o = { n: Number(id) }; probe(o[id]);", ["Number(id)"]),
    ("probe(missing);", NONE), ("probe(`${Number(id)}`);", NONE), ("probe(BigInt(id));", NONE),
    ("probe(String(Number(id)));", ["Number(id)"]),
    ("probe(...[1, Number(id)]);", ["Number(id)"]), ("const l = []; l.push(Number(id)); probe(...l);", ["Number(id)"]),
    ("const l = new Array(); l.push(Number(id)); probe(...l);", ["Number(id)"]),
    ("probe(...q.getAll('x').map(Number));", ["Number"]),
    ("probe(...q.getAll('x').map((v) => parseInt(v)));", ["parseInt(v)"]),
    ("probe(...q.getAll('x').map((v) => { return parseInt(v); }));", ["parseInt(v)"]),
    ("probe(...[1].map(Number));", NONE), ("probe(...q.getAll('x').flatMap((v) => [1, +v]));", ["+v"]),
    ("probe(...q.getAll('x').map(Number).filter(Number.isInteger));", NONE),
    ("probe(...q.getAll('x').map(Number).filter((n) => n > 0));", NONE),
    ("probe(...q.getAll('x').map(Number).filter((n) => n !== other));", ["Number"]),
    ("probe(...[1].concat([Number(id)]).slice(1));", ["Number(id)"]),
    ("probe([Number(id)].at(0));", ["Number(id)"]), ("probe([Number(id)].find(Number.isFinite));", NONE),
    ("probe(Object.values({ a: Number(id) }));", NONE),
    ("const m = id.match(/^(\\d+)$/); probe(Number(m[1]));", NONE),
    ("const m = id.match(/^(.+)$/); probe(Number(m[1]));", ["Number(m[1])"]),
    ("if (/^\\d+$/.test(id)) probe(Number(id));", NONE), ("const n = Number(id); if (!n) return; probe(n);", NONE),
    ("probe(f.x.y());", NONE), ("class A { static b = 1 } probe(A.b);", NONE),
]
SIZE = [
    ("probe(id);", ["q.get('id')"]), ("probe(Number(id));", ["Number(id)"]),
    ("probe(Number(id) || 1);", ["Number(id)"]), ("probe(Math.min(9, Number(id)));", NONE),
    ("probe(Math.min(Number(id), Number(q.get('y'))));", ["Number(id)", "Number(q.get('y'))"]),
    ("probe(Math.max(9, Number(id)));", ["Number(id)"]), ("probe(Number(id) % 9);", NONE),
    ("const n = Number(id); if (n > 9) return; probe(n);", NONE),
    ("const n = Number(id); if (n < 9) return; probe(n);", ["Number(id)"]), ("probe(id.length);", NONE),
    ("probe(5);", NONE),
    ("const { n } = await request.json(); probe(n);", ["n"]), ("probe(Number(id) > 9 ? 9 : Number(id));", NONE),
    ("if (['1'].includes(id)) probe(Number(id));", NONE),
]
RAW = [
    ("probe(Number(id));", ["Number(id)"]), ("probe(Math.max(0, Number(id)));", NONE),
    ("const n = Number(id); if (n < 0) return; probe(n);", NONE),
    ("probe((Number(id) - 1) * 20);", ["Number(id)"]), ("probe(id);", ["q.get('id')"]),
    ("probe(Math.floor(Number(id)));", ["Number(id)"]),
]


@pytest.mark.parametrize(
    ("question", "body", "expected"),
    [(Question.NAN, *case) for case in NAN]
    + [(Question.SIZE, *case) for case in SIZE]
    + [(Question.RAW, *case) for case in RAW],
)
def test_origins(tmp_path: Path, question: Question, body: str, expected: list[str]) -> None:
    assert found(worker(tmp_path, body), question) == expected


@pytest.mark.parametrize(
    ("top", "body", "expected"),
    [
        ("const num = (v) => Number(v);", "probe(num(id));", ["Number(v)"]),
        ("const num = (v) => Number(v);", "probe(num('5'));", NONE),
        ("function num(v) { const n = Number(v); if (isNaN(n)) throw 1; return n; }", "probe(num(id));", NONE),
        ("function num(v = 1) { return v; }", "probe(num(Number(id)));", ["Number(id)"]),
        ("function num(v = 1) { return v; }", "probe(num());", NONE),
        ("function f(n) { probe(n); }", "f(Number(id));", ["Number(id)"]),
        ("function f(...n) { probe(...n); }", "f(1, Number(id));", ["Number(id)"]),
        ("function f(n) { probe(...n); }", "f([1, Number(id)]);", ["Number(id)"]),
        ("function f({ n }) { probe(n); }", "f({ n: Number(id) });", ["Number(id)"]),
        ("function f(a, n) { probe(n); }", "f(...q);", NONE),
        ("export function f(n) { probe(n); }", "", NONE),
        ("function f(n) { return f(n); }", "probe(f(Number(id)));", NONE),
        ("class R { find(n) { probe(n); } }", "new R().find(Number(id));", ["Number(id)"]),
        (
            "class R { constructor(n) { this.n = n; } get() { probe(this.n); } }",
            "new R(Number(id)).get();",
            ["Number(id)"],
        ),
        ("const page = (u) => ({ n: Number(u) });", "const { n } = page(id); probe(n);", ["Number(u)"]),
        ("const page = (u) => ({ n: Number(u) });", "probe(page(id).n);", ["Number(u)"]),
        ("const page = (u) => ({ ...u, n: Number(u.n) });", "probe(page(request).n);", NONE),
    ],
)
def test_origins_through_the_project(tmp_path: Path, top: str, body: str, expected: list[str]) -> None:
    assert found(worker(tmp_path, body, top), Question.NAN) == expected


def test_python_numbers_are_never_nan(tmp_path: Path) -> None:
    assert found(python(tmp_path / "a", "probe(int(body['n']))"), Question.NAN) == []
    assert found(python(tmp_path / "b", "probe(int(body['n']))"), Question.SIZE) == ["int(body['n'])"]
    assert found(python(tmp_path / "c", "probe(min(int(body['n']), 100))"), Question.SIZE) == []
    assert found(python(tmp_path / "d", "def f(n):\n    probe(n)\nf(n=int(body['n']))"), Question.SIZE) == [
        "int(body['n'])"
    ]
    assert found(python(tmp_path / "e", "probe(*list(body))"), Question.SIZE) != []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("probe(id.match(/a(b)/)[1]);", "b"), ("probe(/a(b)(c)/.exec(id)[2]);", "c"),
        ("const m = id.match(/(?:x)(b)/); probe(m[1]);", "b"), ("const m = id.match(/(b)/); probe(m?.[1]!);", "b"),
        ("const [, x] = id.match(/(b)/); probe(x);", "b"), ("const [, x] = id.match(/(b)/) ?? []; probe(x);", "b"),
        ("const { groups: g } = id; probe(g.x);", None),
        ("probe(id.match(/(?<n>b)/).groups.n);", "b"), ("const { n } = id.match(/(?<n>b)/).groups; probe(n);", "b"),
        ("const { n } = id.match(/(?<n>b)/); probe(n);", None),
        ("const R = /(b)/; probe(R.exec(id)[1]);", "b"), ("probe(id.match(/(b)/)[0]);", None),
        ("probe(id.match(/(b)/)[2]);", None), ("probe(id.match(/(b(c))/)[1]);", None),
        ("probe(id.match(/\\((b)[)(](c)/)[2]);", "c"), ("probe(id.match(/([)\\]]b)/)[1]);", "[)\\]]b"),
        ("probe(id.match(/(\\)b)/)[1]);", "\\)b"), ("probe(id.match('(b)')[1]);", None),
        ("probe(id.match(other)[1]);", None), ("probe(id.split('x')[1]);", None), ("probe(id[1]);", None),
        ("probe(id);", None), ("let x = id.match(/(b)/)[1]; x = 1; probe(x);", None),
        ("const x = id.match(/(b)/)[1] ?? 'c'; probe(x);", "b"),
        ("let m; if ((m = id.match(/(b)/))) probe(m[1]);", "b"),
        ("let m = 1; m = id.match(/(b)/); probe(m[1]);", None),
        ("const m = await id.match(/(b)/); probe((m as any)[1]);", "b"), ("const { a: { b } } = id; probe(b);", None),
        ("for (const x of q) probe(x);", None), ("const [...x] = id.match(/(b)/); probe(x);", None),
        ("let m; probe(m[1]);", None),
    ],
)
def test_captured(tmp_path: Path, body: str, expected: str | None) -> None:
    found = worker(tmp_path, body)
    file, node = probe(found)
    assert captured(node, file, found.evaluator) == expected


@pytest.mark.parametrize(
    ("route", "read", "expected"),
    [
        ("/a/:id{[0-9]+}", "c.req.param('id')", "[0-9]+"), ("/a/:id{\\\\d+}/b", "c.req.param('id')", "\\d+"),
        ("/a/:id", "c.req.param('id')", None), ("/a/:x{[0-9]+}", "c.req.param('id')", None),
    ],
)
def test_route_patterns(tmp_path: Path, route: str, read: str, expected: str | None) -> None:
    code = (
        "import { Hono } from 'hono';\nconst app = new Hono();\n"
        f"app.get('{route}', (c) => {{ probe({read}); }});\nexport default app;"
    )
    found = project(tmp_path, {"wrangler.toml": TOML, "src/index.ts": code})
    file, node = probe(found)
    assert captured(node, file, found.evaluator) == expected


def test_route_parameters_taken_apart(tmp_path: Path) -> None:
    code = (
        "import { Hono } from 'hono';\nconst app = new Hono();\n"
        "app.get('/:id{[0-9]+}', (c) => { const { id } = c.req.param(); probe(id); });\nexport default app;"
    )
    found = project(tmp_path, {"wrangler.toml": TOML, "src/index.ts": code})
    file, node = probe(found)
    assert captured(node, file, found.evaluator) == "[0-9]+"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("m = re.match(r'(\\d+)', body)\nprobe(m.group(1))", "\\d+"),
        ("m = re.fullmatch(r'(\\d+)', body)\nprobe(m[1])", "\\d+"),
        ("probe(re.compile(r'(?P<n>\\d+)').match(body).group('n'))", "\\d+"),
        ("m = re.search(r'(\\d+)', body)\nprobe(m.group(0))", None),
        ("m = re.split(r'(\\d+)', body)\nprobe(m[1])", None),
    ],
)
def test_captured_in_python(tmp_path: Path, body: str, expected: str | None) -> None:
    found = python(tmp_path, body)
    file, node = probe(found)
    assert captured(node, file, found.evaluator) == expected


@pytest.mark.parametrize(
    ("group", "digits", "word"),
    [
        ("\\d+", True, True), ("[0-9]{4}", True, True), ("\\d{4}\\d?", True, True), ("\\w+", False, True),
        ("[a-z0-9_-]+", False, True), ("[^/]+", False, False), (".+", False, False), ("\\d+|new", False, True),
        ("[a-z']+", False, False), ("", False, False), ("[\\w.:-]*", False, True),
    ],
)
def test_what_a_group_can_hold(tmp_path: Path, group: str, digits: bool, word: bool) -> None:
    found = worker(tmp_path, f"const m = id.match(/^\\/({group})$/); probe(m[1]);")
    file, node = probe(found)
    assert captures_digits(node, file, found.evaluator) is digits
    assert captures_word(node, file, found.evaluator) is word


ZOD = "import { z } from 'zod';\nconst Inner = z.object({ deep: z.number() });\nconst List = z.array(z.enum(['a']));\n"


@pytest.mark.parametrize(
    ("schema", "field", "expected"),
    [
        ("z.enum(['a', 'b'])", "x", "safe enum"), ("z.literal('a').optional()", "x", "safe enum"),
        ("z.string()", "x", "unknown validated"), ("z.string().uuid()", "x", "safe schema"),
        ("z.uuid()", "x", "safe schema"), ("z.string().regex(/^a$/)", "x", "safe schema"),
        ("z.number()", "x", "number ..!"), ("z.coerce.number().int().min(1).max(50)", "x", "number 1..50!"),
        ("z.number().positive().lte(9)", "x", "number 0..9!"),
        ("z.number().refine((n) => n < 5)", "x", "number ..inf!"), ("z.number().default(7)", "x", "7 | number ..!"),
        ("z.any()", "x", "unknown validated"),
        ("z.string().transform(f)", "x", "unknown validated"), ("List", "x", "list of (safe enum)"),
        ("z.array()", "x", "list of (unknown other)"), ("Inner", "x.deep", "number ..!"),
        ("Inner.optional()", "x.deep", "number ..!"),
        ("z.object({ a: z.enum(['q']) }).strict()", "x.a", "safe enum"),
        ("z.object({ a: z.enum(['q']) })", "x.b", "unknown validated"),
        ("z.object({ a: z.enum(['q']) }).passthrough()", "x.b", "unknown validated"),
        ("missing", "x", "unknown validated"),
        ("z.object({ a: z.enum(['q']) }).extend({ b: z.boolean() })", "x.b", "safe schema"),
        ("z.object({ a: z.enum(['q']) }).merge(Inner)", "x.deep", "number ..!"),
        ("z.object({ ...more, a: z.enum(['q']) })", "x.m", "safe enum"), ("z.object()", "x.a", "unknown validated"),
        ("z.number().max(top)", "x", "number ..!"),
    ],
)
def test_schemas_of_zod(tmp_path: Path, schema: str, field: str, expected: str) -> None:
    top = f"{ZOD}const more = {{ m: z.enum(['m']) }};\nconst S = z.object({{ x: {schema} }});"
    assert probed(worker(tmp_path, f"const s = S.parse(await request.json()); probe(s.{field});", top)) == [expected]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("const r = S.safeParse(1); probe(r.data.x);", "safe enum"),
        ("const { data } = S.safeParse(1); probe(data.x);", "safe enum"),
        ("const s = await S.parseAsync(1); probe(s.x);", "safe enum"),
        ("const { x } = S.parse(1); probe(x);", "safe enum"), ("probe(S.parse(1).success);", "unknown validated"),
        ("probe(S.parse(1).y);", "unknown validated"), ("probe(S.parse(1).x.toUpperCase());", "safe constant"),
        ("probe(S.parse(1).t.trim());", "unknown validated"),
    ],
)
def test_results_of_schemas(tmp_path: Path, body: str, expected: str) -> None:
    top = "import { z } from 'zod';\nconst S = z.object({ x: z.enum(['a']), t: z.string() });"
    assert probed(worker(tmp_path, body, top)) == [expected]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("v.picklist(['a'])", "safe enum"), ("v.string()", "unknown validated"),
        ("v.pipe(v.number(), v.maxValue(9))", "number ..9!"), ("v.pipe(v.string(), v.uuid())", "safe schema"),
        ("v.optional(v.number())", "number ..!"), ("v.pipe(v.number(), v.integer())", "number ..!"),
    ],
)
def test_schemas_of_valibot(tmp_path: Path, schema: str, expected: str) -> None:
    top = f"import * as v from 'valibot';\nconst S = v.object({{ x: {schema} }});"
    assert probed(worker(tmp_path, "const s = v.parse(S, await request.json()); probe(s.x);", top)) == [expected]


@pytest.mark.parametrize(("target", "expected"), [("query", "safe enum"), ("json", "unknown validated")])
def test_schemas_of_validators(tmp_path: Path, target: str, expected: str) -> None:
    code = (
        "import { Hono } from 'hono'; import { z } from 'zod'; import { zValidator } from '@hono/zod-validator';\n"
        "const app = new Hono();\n"
        "app.get('/', zValidator('query', z.object({ x: z.enum(['a']) })), (c) => { "
        f"const s = c.req.valid('{target}'); probe(s.x); }});\nexport default app;"
    )
    assert probed(project(tmp_path, {"wrangler.toml": TOML, "src/index.ts": code})) == [expected]
