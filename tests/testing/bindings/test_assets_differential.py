"""Static assets beside wrangler's own asset and router workers, which Miniflare runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from edgelint.testing.http import HttpRequest
from tests.oracles import differential
from tests.oracles.miniflare import oracle as miniflare
from tests.oracles.miniflare.oracle import Outcome, Step
from tests.testing.bindings.asset_worlds import Serve, server
from tests.testing.conftest import available

FILES = [
    "index.html", "404.html", "a.html", "a/index.html", "b.html", "c/index.html", "c/404.html", "d/e.html", "d/e.txt",
    "file", "f.html", "f", "g/index", "h/index.html.html", "style.css", "app.js", "pic.PNG", "noext", "sp ace.txt",
    "ü.html", "br[ack].txt", "100%.txt", "%5Bx%5D.txt", "a+b&c.txt", "same1.html", "deep/er/index.html", "ignored.map",
    "private/secret.txt", "data.json", "x.unknownext", "dot.d/y.html",
]  # fmt: skip
HEADERS = """
# a comment
/*
  X-All: yes
  Cache-Control: max-age=5
/d/*
  X-All: more
  ! ETag
  X-Splat: [:splat]
/a/:page
  X-Page: :page
https://a.test/style.css
  X-Host: yes
https://:sub.test/app.js
  X-Sub: :sub
/twice
  X-One: 1
/twice
  X-Two: 2
/b
  no colon here
  X-Bad Name: 1
  X-Empty:
  X-Two: 1
  X-Two: 2
/*/*
  X-No: 1
Orphan
/empty
https://a.test:8080/*
  X-Port: no
ftp://a.test/
  X-Ftp: no
/ü
  X-Encoded: yes
/redirected
  X-Redirected: yes
"""
REDIRECTS = """
/old /new
/redirected /a.html?x=1#frag 301
/gone https://other.test/there 308
/same https://a.test/b 307
/query /b?own=1 303
/rewritten /d/e.txt 200
/nowhere /not/there 200
/loop/* /index.html
/inline /b # comment
/hash /b#fragment
/three /four 418
/one
/a b c d
/old /duplicate
/proxy https://other.test/ 200
/dots/../up /b
/s p /b
relative /b
https://a.test/absolute /b
/blog/:year/:slug /news/:slug-:year 302
/wild/* /target/:splat/end 301
/wild/x /never
/multi/* https://:splat.other.test/ 302
/dup/:x/:x /b
/late /b 301
/enc/ü /b 301
//slashes //other.test/x
"""
PATHS = [
    "/", "/index", "/index.html", "/index/", "/a", "/a/", "/a.html", "/a/index", "/a/index.html", "/a/index/", "/b",
    "/b/", "/b.html", "/b/index", "/b/index.html", "/c", "/c/", "/c.html", "/c/index", "/c/index.html", "/c/nope",
    "/c/nope/deeper", "/d", "/d/", "/d/e", "/d/e/", "/d/e.html", "/d/e.txt", "/d/e.txt/", "/d/e/index.html", "/file",
    "/file/", "/file.html", "/f", "/f/", "/f.html", "/g/index", "/g", "/g/", "/h/index.html", "/h/index.html.html",
    "/style.css", "/style.css/", "/app.js", "/pic.PNG", "/pic.png", "/noext", "/sp%20ace.txt", "/%C3%BC", "/%c3%bc",
    "/%C3%BC.html", "/br%5Back%5D.txt", "/br[ack].txt", "/100%25.txt", "/100%.txt", "/%255Bx%255D.txt", "/%5Bx%5D.txt",
    "/a+b&c.txt", "/a%2Bb%26c.txt", "/deep/er", "/deep/er/", "/deep//er/", "//deep/er/", "/deep/er/index.html",
    "/deep%2Fer/", "/ignored.map", "/private/secret.txt", "/.assetsignore", "/_headers", "/_redirects", "/data.json",
    "/x.unknownext", "/dot.d/y", "/dot.d/y.html", "/nope", "/nope/", "/404", "/404.html", "/c/404", "/same1",
    "/old", "/redirected", "/gone", "/same", "/query", "/query?mine=2", "/rewritten", "/nowhere", "/loop/x", "/inline",
    "/hash", "/hash?q=1", "/three", "/one", "/proxy", "/up", "/relative", "/absolute", "/blog/2024/post", "/blog/2024",
    "/wild/a/b", "/wild/", "/wild/x", "/multi/sub", "/dup/1/1", "/late", "/enc/%C3%BC", "/slashes", "//slashes",
    "/h", "/twice", "/old?q=1", "/b?q=1", "/b.html?q=1", "/empty", "/redirected?z=2", "/%2e%2e/index.html", "/a/%2E/b",
    "/%ff", "/a%",
]  # fmt: skip
MODES = [
    ("auto-trailing-slash", "none"), ("auto-trailing-slash", "404-page"), ("force-trailing-slash", "404-page"),
    ("drop-trailing-slash", "single-page-application"), ("none", "404-page"),
]  # fmt: skip
Op = tuple[str, str, dict[str, str]]


def furnish(directory: Path) -> Path:
    """A directory of assets with everything that the rules speak of."""
    for name in FILES:
        place = directory / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{name} has this", encoding="utf-8")
    (directory / ".assetsignore").write_text("*.map\n/private/\n", encoding="utf-8")
    (directory / "_headers").write_text(HEADERS, encoding="utf-8")
    (directory / "_redirects").write_text(REDIRECTS, encoding="utf-8")
    return directory


@pytest.fixture
def serve() -> Iterator[Serve]:
    yield from server()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return furnish(tmp_path_factory.mktemp("assets"))


def _step(op: Op) -> Step:
    method, url, headers = op
    request = {"$new": ["Request", url, {"method": method, "headers": headers, "redirect": "manual"}]}
    return {"on": "ASSETS", "do": [["fetch", request]]}


def _comparable(outcome: Outcome) -> Any:
    """Without the entity tag's value (of the content here, of path and time there) and what Miniflare tells its log."""
    result = outcome.get("ok")
    if not isinstance(result, dict):
        return outcome
    headers: dict[str, str] = {}
    for name, value in result["headers"]:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    headers.pop("x-mf-additional-response-log", None)
    if "etag" in headers:
        headers["etag"] = "tag"
    return {**result, "headers": headers, "body": result["body"] or b""}


def _requests() -> list[Op]:
    requests: list[Op] = [("GET", f"https://a.test{path}", {}) for path in PATHS]
    for path in ("/", "/b", "/d/e.txt", "/nope", "/old", "/b.html", "/rewritten"):
        requests += [(method, f"https://a.test{path}", {}) for method in ("HEAD", "POST", "OPTIONS")]
    for name, value in (("range", "bytes=0-1"), ("authorization", "x"), ("if-none-match", '"no"'), ("range", "")):
        requests.append(("GET", "https://a.test/data.json", {name: value}))
    requests += [("GET", f"http://{host}/{name}", {}) for host in ("b.test", "a.test:8080", "x.y.test", "a.test")
                 for name in ("style.css", "app.js", "same")]  # fmt: skip
    return requests


@pytest.fixture
def starting() -> Any:
    available()

    def start(directory: Path, html: str, not_found: str, **router: Any) -> Any:
        config: dict[str, Any] = {"html_handling": html, "not_found_handling": not_found}
        if "static_routing" in router:
            config["has_static_routing"] = True
        routing = {"has_user_worker": True, **router}
        assets = {"directory": str(directory), "assetConfig": config, "routerConfig": routing}
        return miniflare.running(miniflare.Options(slots=1, queues=1, assets=assets))

    return start


@pytest.mark.parametrize(("html", "not_found"), MODES)
def test_every_path_agrees(directory: Path, serve: Serve, starting: Any, html: str, not_found: str) -> None:
    assets = serve(directory, html_handling=html, not_found_handling=not_found)

    def ours(ops: Sequence[Op]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for method, url, headers in ops:
            found = assets("fetch", HttpRequest(method, url, list(headers.items())))
            body = None if method == "HEAD" else found.body
            outcomes.append({"ok": {"$class": "Response", "status": found.status, "statusText": found.reason,
                                    "headers": found.headers, "body": body}})  # fmt: skip
        return outcomes

    with starting(directory, html, not_found, invoke_user_worker_ahead_of_assets=True) as oracle:
        checked = differential.check(
            "assets", oracle, [[op] for op in _requests()], step=_step, ours=ours,
            same=lambda mine, theirs: _comparable(mine) == _comparable(theirs),
        )  # fmt: skip
    assert checked == len(_requests())


ROUTES: list[Any] = [
    (False, "none", {}), (True, "none", {}), (False, "single-page-application", {}),
    (["/api/*", "/b", "!/api/static/*", "/d/*.txt"], "single-page-application",
     {"static_routing": {"user_worker": ["/api/*", "/b", "/d/*.txt"], "asset_worker": ["/api/static/*"]}}),
]  # fmt: skip


@pytest.mark.parametrize(("first", "not_found", "router"), ROUTES)
def test_who_answers_agrees(
    directory: Path, serve: Serve, starting: Any, first: Any, not_found: str, router: Any
) -> None:
    if first is True:
        router = {"invoke_user_worker_ahead_of_assets": True}
    assets = serve(directory, not_found_handling=not_found, run_worker_first=first)
    requests: list[dict[str, Any]] = [
        {"url": f"http://a.test{path}", "method": method, "headers": headers}
        for path in ("/", "/b", "/b/", "/d/e.txt", "/d/e", "/nope", "/old", "/nowhere", "/api/x", "/api/static/x",
                     "/api/static/b", "/api", "/x/d/e.txt")
        for method in ("GET", "POST")
        for headers in ({}, {"sec-fetch-mode": "navigate"})
    ]  # fmt: skip
    ours = []
    for each in requests:
        asked = HttpRequest(each["method"], each["url"], list(each["headers"].items()))
        ours.append((each, assets.binding.route(asked)))
    with starting(directory, "auto-trailing-slash", not_found, **router) as oracle:
        theirs = [
            (each, "worker" if answer["body"] == "the worker" else "assets")
            for each, answer in zip(requests, oracle.dispatch(requests), strict=True)
        ]
    assert ours == theirs
    assert {who for _, who in ours} == ({"worker"} if first is True else {"worker", "assets"})
