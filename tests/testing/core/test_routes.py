"""The paths that source speaks of."""

from __future__ import annotations

from pathlib import Path

from edgelint.testing.routes import Route, find


def test_routes_of_python_and_typescript(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_a.py").write_text('x = "/not-this"\n', encoding="utf-8")
    (tmp_path / "entry.py").write_text(
        '''
from fastapi import FastAPI
app = FastAPI()

@app.get("/users/{id}")
async def user(id: int): ...

def fetch(path):
    if path == "/health" or path.startswith("/files/"):
        return "/ not a path with space"
    return "//host/x" + "text"
''',
        encoding="utf-8",
    )
    hono = 'app.post("/items/:id{[0-9]+}/*", (c) => c.text("/health"));\n'
    (tmp_path / "worker.ts").write_text(hono, encoding="utf-8")
    (tmp_path / "broken.ts").write_text('if (p === "/x") {', encoding="utf-8")
    assert find(tmp_path) == [
        Route(None, "/x"), Route("GET", "/users/{id}"), Route(None, "/health"), Route(None, "/files/*"),
        Route("POST", "/items/:id{[0-9]+}/*"),
    ]  # fmt: skip


def test_parts_of_a_route() -> None:
    assert Route(None, "/a/:id/b/*").parts == ["/a/", None, "/b/", None]
    assert Route(None, "/users/<int:id>").parts == ["/users/", None]
    assert Route(None, "/plain").parts == ["/plain"]
