"""What frameworks call functions with, by file and name."""

from __future__ import annotations

import pytest

from edgelint.project.atoms import Plat, Taint, Unknown
from edgelint.project.frameworks import called_with
from tests.expressions import code


def told(path: str, text: str, name: str) -> dict[int, str] | None:
    """The types by position for the last function of ``text``, which stands in ``path`` under ``name``."""
    function = code(text, path).file.index.functions[-1]
    found = called_with(function, name, path)
    if found is None:
        return None
    return {position: atom.type for position, value in found.items() for atom in value if isinstance(atom, Plat)}


@pytest.mark.parametrize(("path", "text", "name", "expected"), [
    ("src/app/api/x/route.ts", "export async function POST(request) {}", "POST", {0: "request", 1: "loader-args"}),
    ("app/route.js", "export const GET = async (request, { params }) => {};", "GET", {0: "request", 1: "loader-args"}),
    ("src/app/api/x/route.ts", "export async function helper(request) {}", "helper", None),
    ("src/app/api/x/route.ts", "async function POST(request) {}", "POST", None),
    ("src/app/api/x/route.ts", "export async function POST() {}", "POST", None),
    ("src/app/posts/page.tsx", "export default async function Page({ params }) {}", "Page", {0: "loader-args"}),
    ("src/pages/api/x.ts", "export default function handler(req, res) {}", "handler", {0: "request"}),
    ("src/pages/api/x.ts", "export const GET: APIRoute = ({ request }) => {};", "GET", {0: "loader-args"}),
    ("src/lib/x.ts", "export const GET = ({ request }) => {};", "GET", None),
    ("src/routes/x/+server.ts", "export async function GET({ url }) {}", "GET", {0: "loader-args"}),
    ("src/routes/x/+page.server.ts", "export const load = async ({ params }) => {};", "load", {0: "loader-args"}),
    ("src/routes/x/+page.server.ts", "export const actions = { default: async ({ request }) => {} } satisfies A;",
     "default", {0: "loader-args"}),
    ("src/routes/x/+page.server.ts", "const other = { default: async ({ request }) => {} };", "default", None),
    ("app/routes/x.tsx", "export async function loader({ request, context }) {}", "loader", {0: "loader-args"}),
    ("app/routes/x.tsx", "export async function action(args) {}", "action", {0: "loader-args"}),
    ("app/routes/x.tsx", "export async function action(state) {}", "action", None),
    ("src/routes/x.ts", "const r = f({ handlers: { GET: async ({ request }) => {} } });", "GET", {0: "loader-args"}),
    ("src/routes/x.ts", "const r = { GET: async (id) => {} };", "GET", None),
    ("src/routes/x.ts", "const r = { GET: async () => {} };", "GET", None),
    ("src/other.ts", "export default function run(task) {}", "run", None),
])
def test_roles_by_file_and_name(path: str, text: str, name: str, expected: dict[int, str] | None) -> None:
    assert told(path, text, name) == expected


@pytest.mark.parametrize(("expression", "expected"), [
    ("readBody(event)", Taint), ("getQuery(event).page", Taint), ("readBody(other)", Unknown),
    ("readValidatedBody(event)", Unknown), ("readValidatedBody(event, (body) => body.name)", Taint),
    ("getValidatedQuery(event, Schema.parse)", Unknown), ("h3.getRouterParam(event, 'id')", Taint),
])
def test_readers_of_an_event(expression: str, expected: type) -> None:
    text = (
        "import * as h3 from 'h3';\nimport { z } from 'zod';\nconst Schema = z.object({});\n"
        f"export default defineEventHandler((event) => {{ result = {expression}; }});"
    )
    assert {type(atom) for atom in code(text).value()} == {expected}
