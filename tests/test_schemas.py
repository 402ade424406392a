"""What a schema says of the values that it passed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.projects import TOML, probed, project

ZOD = "import { z } from 'zod';\n"
VALIBOT = "import * as v from 'valibot';\n"


def said(root: Path, code: str, **more: str) -> list[str]:
    return probed(project(root, {"wrangler.toml": TOML, "src/index.ts": code, **more}), "src/index.ts")


def field(root: Path, schema: str, more: str = "", head: str = ZOD) -> str:
    """What field ``x`` of a body is that passed an object schema with ``schema`` for it."""
    handler = "export default { async fetch(request) { const body = S.parse(await request.json()); probe(body.x); } };"
    (found,) = said(root, f"{head}{more}const S = z.object({{ x: {schema} }});\n{handler}")
    return found


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("z.string()", "unknown validated"),
        ("z.enum(['a', 'b'])", "safe enum"),
        ("z.literal('a')", "safe enum"),
        ("z.string().uuid()", "safe schema"),
        ("z.uuid()", "safe schema"),
        ("z.string().regex(/^a$/)", "safe schema"),
        ("z.boolean()", "safe schema"),
        ("z.number()", "number ..!"),
        ("z.coerce.number().int().min(1).max(50)", "number 1..50!"),
        ("z.number().gte(2).lte(9)", "number 2..9!"),
        ("z.number().positive()", "number 0..!"),
        ("z.number().nonnegative().refine(ok)", "number 0..inf!"),
        ("z.number().max(5).refine(ok)", "number ..5!"),
        ("z.number().max(LIMIT)", "number ..7!"),
        ("z.number().max()", "number ..!"),
        ("z.number().max(5).default(3)", "3 | number ..5!"),
        ("z.string().catch('a')", "'a' | unknown validated"),
        ("z.array(z.number().max(3))", "list of (number ..3!)"),
        ("z.array(z.enum(['a'])).min(1)", "list of (safe enum)"),
        ("z.array()", "list of (unknown other)"),
        ("z.number().optional()", "number ..!"),
        ("z.string().transform(f)", "unknown validated"),
        ("z.any()", "unknown validated"),
        ("z.unknown()", "unknown validated"),
        ("'text'", "unknown validated"),
        ("Other", "number ..2!"),
        ("Other.default(1)", "1 | number ..2!"),
    ],
)
def test_a_field(tmp_path: Path, schema: str, expected: str) -> None:
    assert field(tmp_path, schema, "const LIMIT = 7;\nconst Other = z.number().max(2);\n") == expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("z.object({ x: z.number() })", "number ..!"),
        ("z.object({ y: z.number() })", "unknown validated"),
        ("z.object({ y: z.number() }).extend({ x: z.uuid() })", "safe schema"),
        ("z.object({ x: z.uuid() }).extend({ x: z.number() })", "number ..!"),
        ("z.object({ y: z.number() }).merge(z.object({ x: z.uuid() }))", "safe schema"),
        ("z.object({ y: z.number() }).merge(nothing)", "unknown validated"),
        ("z.object({ y: z.number() }).merge(z.string())", "unknown validated"),
        ("z.intersect(z.object({ x: z.uuid() }), z.object({ y: z.number() }))", "safe schema"),
        ("z.intersect(z.object({ x: z.uuid() }), nothing)", "safe schema"),
        ("z.object({ ...shared, y: z.number() })", "safe enum"),
        ("z.object(shared).strict()", "safe enum"),
        ("z.object({ x: z.uuid() }).passthrough()", "unknown validated"),
        ("z.object({ x: z.uuid() }).transform(f)", "unknown validated"),
        ("z.object()", "unknown validated"),
        ("z.object({ ['x' + y]: z.uuid(), ...missing })", "unknown validated"),
        ("z.object([1])", "unknown validated"),
        ("z.string()", "unknown validated"),
        ("Base.extend({ y: z.uuid() })", "number ..9!"),
        ("z.object({ x: z.uuid() }).partial()", "safe schema"),
    ],
)
def test_an_object(tmp_path: Path, schema: str, expected: str) -> None:
    code = (
        f"{ZOD}const shared = {{ x: z.enum(['a']) }};\nconst Base = z.object({{ x: z.number().max(9) }});\n"
        f"const S = {schema};\n"
        "export default { async fetch(request) { const body = S.parse(await request.json()); probe(body.x); } };"
    )
    assert said(tmp_path, code) == [expected]


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ("const body = S.parse(raw); probe(body);", ["unknown validated"]),
        ("const r = S.safeParse(raw); probe(r.data.sort);", ["safe enum"]),
        ("const r = await S.safeParseAsync(raw); probe(r.data.size);", ["number ..5!"]),
        ("const { sort, size } = S.parse(raw); probe(sort); probe(size);", ["safe enum", "number ..5!"]),
        ("const { sort, ...rest } = S.parse(raw); probe(rest.size);", ["number ..5!"]),
    ],
)
def test_ways_to_parse(tmp_path: Path, read: str, expected: list[str]) -> None:
    code = (
        f"{ZOD}const S = z.object({{ sort: z.enum(['a']), size: z.number().max(5) }});\n"
        f"export default {{ async fetch(request) {{ const raw = await request.json(); {read} }} }};"
    )
    assert said(tmp_path, code) == expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("v.string()", "unknown validated"),
        ("v.picklist(['a', 'b'])", "safe enum"),
        ("v.optional(v.picklist(['a']))", "safe enum"),
        ("v.optional(v.number(), 3)", "number ..!"),
        ("v.pipe(v.number(), v.maxValue(100))", "number ..100!"),
        ("v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(9))", "number ..9!"),
        ("v.pipe(v.string(), v.uuid())", "safe schema"),
        ("v.pipe(v.string(), check)", "unknown validated"),
        ("v.array(v.picklist(['a']))", "list of (safe enum)"),
    ],
)
def test_valibot(tmp_path: Path, schema: str, expected: str) -> None:
    code = (
        f"{VALIBOT}const S = v.object({{ x: {schema} }});\n"
        "export default { async fetch(request) { const body = v.parse(S, await request.json()); probe(body.x); } };"
    )
    assert said(tmp_path, code) == [expected]


def test_functions_imported_by_name(tmp_path: Path) -> None:
    code = (
        "import { object, picklist, parse } from 'valibot';\nconst S = object({ x: picklist(['a']) });\n"
        "export default { async fetch(request) { probe(parse(S, await request.json()).x); } };"
    )
    assert said(tmp_path, code) == ["safe enum"]


def test_a_schema_of_another_file(tmp_path: Path) -> None:
    code = (
        "import { S } from './schema';\n"
        "export default { async fetch(request) { probe(S.parse(await request.json()).x); } };"
    )
    schema = ("import { z } from 'zod';\nimport { MAX } from './limits';\nexport const S = z.object({ x: "
              "z.number().max(MAX) });")
    files = {"src/schema.ts": schema, "src/limits.ts": "export const MAX = 12;"}
    assert said(tmp_path, code, **files) == ["number ..12!"]


HONO = "import { Hono } from 'hono';\nimport { zValidator } from '@hono/zod-validator';\n" + ZOD


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("app.get('/', zValidator('query', S), c => { probe(c.req.valid('query').x) });", "number ..4!"),
        ("app.get('/', zValidator('query', S), c => { go(() => { probe(c.req.valid('query').x) }) });",
         "unknown validated"),
        ("app.get('/', zValidator('json', S), c => { probe(c.req.valid('query').x) });", "unknown validated"),
        ("app.get('/', zValidator('query', missing), c => { probe(c.req.valid('query').x) });", "unknown validated"),
        ("app.get('/', zValidator('query', S), c => { probe(c.req.valid().x) });", "unknown validated"),
        ("app.get('/', zValidator('query', S), show);\nfunction show(c) { probe(c.req.valid('query').x) }",
         "unknown validated"),
    ],
)
def test_validators_of_hono(tmp_path: Path, route: str, expected: str) -> None:
    head = f"{HONO}const S = z.object({{ x: z.number().max(4) }});\nconst app = new Hono();\n"
    code = f"{head}{route}\nexport default app;"
    assert said(tmp_path, code) == [expected]


def test_schemas_that_hold_themselves(tmp_path: Path) -> None:
    code = (
        f"{ZOD}let S = S.extend({{ x: z.number() }});\n"
        "export default { async fetch(request) { probe(S.parse(await request.json()).x); } };"
    )
    assert said(tmp_path, code) == ["nothing"]
