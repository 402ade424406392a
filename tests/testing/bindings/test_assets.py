"""Static assets: files, tags, rules and who answers."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgelint.testing.bindings import asset_paths, asset_rules, http_rules
from edgelint.testing.bindings.assets import StaticAssets, of_worker
from edgelint.testing.bindings.content_types import content_type
from edgelint.testing.config import WorkerConfig
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.http import HttpRequest, HttpResponse
from tests.testing.bindings.asset_worlds import Serve, server
from tests.testing.bindings.worlds import Bound


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name in ("index.html", "about.html", "docs/index.html", "app.js", "404.html", "secret/key.txt"):
        place = tmp_path / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"<{name}>", encoding="utf-8")
    return tmp_path


@pytest.fixture
def serve() -> Iterator[Serve]:
    yield from server()


@pytest.fixture
def assets(site: Path, serve: Serve) -> Bound[StaticAssets]:
    return serve(site)


def get(assets: Bound[StaticAssets], path: str, method: str = "GET", **headers: str) -> HttpResponse:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    response = assets("fetch", HttpRequest(method, f"https://a.test{path}", pairs))
    assert isinstance(response, HttpResponse)
    return response


def test_a_file_with_its_headers(assets: Bound[StaticAssets]) -> None:
    found = get(assets, "/app.js")
    assert (found.status, found.reason, found.body) == (200, "OK", b"<app.js>")
    tag = found.header("etag")
    assert tag is not None
    assert found.headers == [
        ("etag", tag), ("content-type", "text/javascript; charset=utf-8"),
        ("cache-control", "public, max-age=0, must-revalidate"), ("cf-cache-status", "HIT"),
    ]  # fmt: skip
    assert (assets.last.name, assets.last.key, assets.last.outcome) == ("ASSETS.fetch", "/app.js", "hit")
    assert assets.last.attributes["bytes"] == 8
    for given in (tag, f"W/{tag}"):
        same = get(assets, "/app.js", if_none_match=given)
        assert (same.status, same.body, same.header("etag")) == (304, b"", tag)
    assert get(assets, "/app.js", if_none_match='"x"').status == 200
    assert get(assets, "/app.js", authorization="x").header("cache-control") is None
    assert get(assets, "/app.js", "HEAD").body == b""
    assert get(assets, "/app.js", "POST").status == 405
    assert assets("fetch", "https://a.test/app.js").status == 200


def test_a_file_that_changes_has_another_tag(assets: Bound[StaticAssets], site: Path) -> None:
    before = get(assets, "/app.js").header("etag")
    place = site / "app.js"
    place.write_text("new!", encoding="utf-8")
    os.utime(place, ns=(1, 1))
    found = get(assets, "/app.js")
    assert (found.body, found.header("etag") != before) == (b"new!", True)
    place.unlink()
    assert get(assets, "/app.js").status == 404
    assert assets.last.outcome == "miss"


def test_the_same_content_has_the_same_tag(assets: Bound[StaticAssets], site: Path) -> None:
    for name in ("one.txt", "two.txt", "three.css"):
        (site / name).write_text("same", encoding="utf-8")
    one, two, three = (get(assets, path).header("etag") for path in ("/one.txt", "/two.txt", "/three.css"))
    assert one == two != three


@pytest.mark.parametrize(
    ("html", "where"),
    [
        ("auto-trailing-slash", {"/about.html": "/about", "/docs": "/docs/", "/docs/index.html": "/docs/"}),
        ("force-trailing-slash", {"/about": "/about/", "/about.html": "/about/", "/docs": "/docs/"}),
        ("drop-trailing-slash", {"/about/": "/about", "/docs/": "/docs", "/docs/index": "/docs", "/index": "/"}),
        ("none", {}),
    ],
)
def test_html_handling(site: Path, serve: Serve, html: str, where: dict[str, str]) -> None:
    assets = serve(site, html_handling=html)
    for path, there in where.items():
        found = get(assets, f"{path}?q=1")
        assert (found.status, found.header("location")) == (307, f"{there}?q=1"), path
        assert get(assets, there).status == 200
    assert get(assets, "/about.html").status == (200 if html == "none" else 307)


@pytest.mark.parametrize(
    ("not_found", "status", "body"),
    [("none", 404, b""), ("404-page", 404, b"<404.html>"), ("single-page-application", 200, b"<index.html>")],
)
def test_not_found_handling(site: Path, serve: Serve, not_found: str, status: int, body: bytes) -> None:
    assets = serve(site, not_found_handling=not_found)
    found = get(assets, "/docs/nope")
    assert (found.status, found.body) == (status, body)
    for name in ("404.html", "index.html"):
        (site / name).unlink()
    assert (get(assets, "/nope").status, assets.last.outcome) == (404, "miss")


def test_what_is_not_served(site: Path, serve: Serve) -> None:
    (site / ".assetsignore").write_text("secret\n*.map\n", encoding="utf-8")
    (site / "app.js.map").write_text("{}", encoding="utf-8")
    (site / "_headers").write_text("/x\n  a: b\n", encoding="utf-8")
    (site / "docs" / "_headers").write_text("mine", encoding="utf-8")
    assets = serve(site)
    hidden = ["/secret/key.txt", "/app.js.map", "/_headers", "/.assetsignore"]
    for path in (*hidden, "/docs%5Cindex.html", "/%00", "/docs%2F..%2Fapp.js"):
        assert get(assets, path).status == 404, path
    assert get(assets, "/docs/_headers").body == b"mine"
    assert get(assets, "/" + "x" * 5000).status == 404


def test_redirects_and_rewrites(site: Path, serve: Serve) -> None:
    (site / "_redirects").write_text(
        "/old /about 301\n/blog/* https://b.test/:splat\n/app /app.js 200\n/gone /nope 200\n"
        "/s/:a/:b /x/:b/:a?k=1 308\n",
        encoding="utf-8",
    )
    (site / "_headers").write_text("/old\n  X-Seen: yes\n", encoding="utf-8")
    assets = serve(site)
    old = get(assets, "/old?q=1")
    assert (old.status, old.reason, old.header("location"), old.header("x-seen")) == (
        301, "Moved Permanently", "/about?q=1", "yes"
    )  # fmt: skip
    assert get(assets, "/blog/a/b").header("location") == "https://b.test/a/b"
    assert get(assets, "/blog/a").status == 302
    assert get(assets, "/app").body == b"<app.js>"
    assert get(assets, "/gone").status == 404
    assert get(assets, "/s/1/2?q=3").header("location") == "/x/2/1?k=1"
    assert get(assets, "/old", "POST").status == 301


def test_problems_of_the_files_are_said() -> None:
    rules = asset_rules.read(
        "x: y\n/a\n/b\n nonsense\n : v\n n:\n a b: c\n/*/*\n x: y\nftp://x\n/:splat/*\n/ok\n  X-A: 1\n"
        + "# c" * 999 + "\n",
        "/a\n/a /b 999\n/a /b x\n/a /b\n/a /c\n/* /index.html\n/ /index\n/p https://x/ 200\nhttps://h/a /b\n/z b\n/"
        + "x" * 2000 + " /y\n",
    )  # fmt: skip
    assert rules.problems == [
        "_redirects:1: 2 or 3 words are expected, not 1",
        "_redirects:2: 999 is no status that is taken",
        "_redirects:3: x is no status that is taken",
        "_redirects:5: there is a rule for /a already",
        "_redirects:6: the rule would go round for ever",
        "_redirects:7: the rule would go round for ever",
        "_redirects:8: status 200 is for a path of these assets",
        "_redirects:9: https://h/a is no path that is taken",
        "_redirects:10: b is no address that is taken",
        "_redirects:11: more than 2000 characters",
        "_headers:1: a path comes before its headers",
        "_headers: there are no headers for /a",
        "_headers:4: a header is 'name: value'",
        "_headers:5: a header is 'name: value'",
        "_headers:6: a header is 'name: value'",
        "_headers:7: a header is 'name: value'",
        "_headers: there are no headers for /b",
        "_headers:8: /*/* is no path that is taken",
        "_headers:10: ftp://x is no path that is taken",
        "_headers:11: /:splat/* is no path that is taken",
    ]
    assert list(rules.headers) == ["/ok"]
    assert asset_rules.read(None, "/ /index\n", "none").problems == []
    assert asset_rules.read("/lonely\n", None).problems == ["_headers: there are no headers for /lonely"]


def test_rules_have_a_number() -> None:
    static = "".join(f"/s{number} /t\n" for number in range(2001))
    dynamic = "".join(f"/d{number}/* /t\n" for number in range(101))
    rules = asset_rules.read(None, static + dynamic + "/after /t\n")
    assert (len(rules.static), len(rules.dynamic)) == (2000, 100)
    assert rules.problems == [
        "_redirects:2001: more than 2000 static rules", "_redirects:2102: more than 100 dynamic rules"
    ]  # fmt: skip
    headers = asset_rules.read("".join(f"/{number}\n x: y\n" for number in range(102)), None)
    # as in wrangler the number is looked at before the rule that is being read counts
    assert (len(headers.headers), headers.problems) == (101, ["_headers:203: more than 100 rules"])


def test_headers_of_several_rules() -> None:
    rules = asset_rules.read(
        "/*\n  A: 1\n  ! B\n/x/:page\n  a: :page\n  B: set\n"
        "https://:sub.a.test/*\n  S: :sub :splat\n/:x/:x\n  N: never\n",
        None,
    )
    headers = [("a", "0"), ("b", "0"), ("c", "0")]
    rules.apply_headers("https://one.a.test:8080/x/p?q", headers)
    assert headers == [("c", "0"), ("a", "1"), ("a", "p"), ("b", "set"), ("s", "one x/p")]


@pytest.mark.parametrize(
    ("target", "url", "expected"),
    [
        ("/b", "https://a.test/x?q=1", "/b?q=1"), ("/b?own=1#f", "https://a.test/x?q=1", "/b?own=1#f"),
        ("https://b.test", "https://a.test/x?q=1", "https://b.test/?q=1"), ("//b.test/y", "http://a.test/x", "http://b.test/y"),
        ("https://a.test/y", "https://a.test/x", "/y"),
    ],
)  # fmt: skip
def test_locations(target: str, url: str, expected: str) -> None:
    assert asset_rules.location(target, url) == expected


@pytest.mark.parametrize(
    ("setting", "path", "expected"),
    [
        (True, "/x", "worker"), (False, "/x", None), (None, "/x", None), (["/api/*"], "/api/x", "worker"),
        (["/api/*"], "/api", None), (["/api/*", "!/api/docs/*"], "/api/docs/x", "assets"), (["/a"], "/a", "worker"),
        (["/a"], "/ab", None), (["/*/mid/*.js"], "/x/mid/y.js", "worker"), (["/*/mid/*.js"], "/x/mad/y.js", None),
        (["/ab*ba"], "/aba", None), (["/ab*ba"], "/abba", "worker"), (["x", 5], "/x", None),
    ],
)  # fmt: skip
def test_run_worker_first(setting: Any, path: str, expected: str | None) -> None:
    assert asset_paths.worker_first(setting, path) == expected


def test_who_answers(site: Path, serve: Serve) -> None:
    asked = HttpRequest("GET", "https://a.test/nope", [("sec-fetch-mode", "navigate")])
    for flags, expected in (((), "assets"), (("assets_navigation_has_no_effect",), "worker")):
        spa = serve(site, not_found_handling="single-page-application", flags=flags)
        assert spa.binding.route(asked) == expected
        assert spa.binding.route(HttpRequest("GET", "https://a.test/nope")) == "worker"
        assert spa.binding.route(HttpRequest("GET", "https://a.test/about")) == "assets"
        assert spa.binding.route(HttpRequest("GET", "https://a.test/nope"), has_worker=False) == "assets"
        first = serve(site, run_worker_first=["/about"])
    assert first.binding.route(HttpRequest("GET", "https://a.test/about")) == "worker"


def test_what_the_config_must_say(site: Path, serve: Serve, assets: Bound[StaticAssets]) -> None:
    with pytest.raises(EdgeUsageError, match="is not there"):
        serve(site / "nope")
    with pytest.raises(EdgeUsageError, match="html_handling is one of"):
        serve(site, html_handling="x")
    with pytest.raises(EdgeUsageError, match="not_found_handling is one of"):
        serve(site, not_found_handling=5)
    config = assets.world.worker.config
    values: dict[str, Any] = {"assets": {"directory": ".", "binding": "FILES"}}
    named = WorkerConfig(
        config.path, config.root, None, "w", None, "2026-01-01", (), (), {}, (), values
    )
    made = of_worker(named, assets.world)
    assert made is not None
    assert (made.name, assets.run(made.fetch("https://a.test/app.js")).body) == ("FILES", b"<app.js>")
    values["assets"] = {"directory": "."}
    unnamed = of_worker(named, assets.world)
    assert unnamed is not None
    assert unnamed.name == "assets"
    assert unnamed.files is made.files
    values["assets"] = {"binding": "FILES"}
    assert of_worker(named, assets.world) is None
    with pytest.raises(EdgeUsageError, match="names no 'directory'"):
        StaticAssets(type(made.declared)("FILES", "assets", "assets", {}, "w"), assets.world)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("/a.HTML", "text/html; charset=utf-8"), ("/a.json", "application/json"), ("/a.woff2", "font/woff2"),
     ("/a.nope", None), ("/noext", None), ("/.well-known", None), ("/x.tar.gz", "application/gzip")],
)  # fmt: skip
def test_content_types(name: str, expected: str | None) -> None:
    assert content_type(name) == expected


SITE = {"/index.html", "/a.html", "/a/index.html", "/b.html", "/c/index.html", "/f", "/f.html", "/g/index", "/404.html"}
MEANT = """
path            auto            force           drop
/               /index.html     /index.html     /index.html
/index          > /             > /             > /
/index.html     > /             > /             > /
/a              /a.html         > /a/           /a.html
/a/             /a/index.html   /a/index.html   > /a
/a.html         > /a            /a.html         > /a
/a/index        > /a/           > /a/           > /a
/a/index.html   > /a/           > /a/           /a/index.html
/b              /b.html         > /b/           /b.html
/b/             > /b            /b.html         > /b
/b.html         > /b            > /b/           > /b
/b/index        > /b            > /b/           > /b
/b/index.html   > /b            > /b/           > /b
/c              > /c/           > /c/           /c/index.html
/c/             /c/index.html   /c/index.html   > /c
/c.html         > /c/           > /c/           > /c
/c/index        > /c/           > /c/           > /c
/c/index.html   > /c/           > /c/           > /c
/f              /f              /f              /f
/f/             -               /f.html         -
/f.html         /f.html         > /f/           /f.html
/g/index        /g/index        /g/index        /g/index
/g              -               -               -
"""
"""What each path means in each mode, as wrangler's asset worker has it: a file, a path to go to, or nothing."""


@pytest.mark.parametrize("mode", ["auto", "force", "drop"])
def test_what_every_path_means(mode: str) -> None:
    names, *rows = [re.split(r"\s{2,}", line) for line in MEANT.strip().splitlines()]
    for row in rows:
        expected = row[names.index(mode)]
        found = asset_paths.find(row[0], f"{mode}-trailing-slash", "none", lambda path: path if path in SITE else None)
        said = "-" if found is None else found.file if found.redirect is None else f"> {found.redirect}"
        assert said == expected, row[0]


def test_paths_as_files_are_named() -> None:
    assert asset_paths.decoded("/a%20b//c%2Fd/%ff/%zz/%") == "/a b/c/d/%ff/%zz/%"
    assert asset_paths.encoded("/a b/[x]/ü!'()*") == "/a%20b/%5Bx%5D/%C3%BC!'()*"
    assert asset_rules.normal("https://a.test/x/../%2e%2E/./y z/..?q#f") == "https://a.test/?q#f"
    read = asset_rules.read("https://a.test:80/x\n a: b\nhttps://a.test:80/\n a: b\n", "rel /t\n")
    assert (list(read.headers), list(read.static)) == ([], ["/rel"])


def test_statuses_and_validators() -> None:
    assert [http_rules.phrase(status) for status in (200, 414, 599, 999)] == ["OK", "URI Too Long", "", ""]
    assert http_rules.none_match('"a"', None) is False
    assert http_rules.none_match('"a"', "bare") is False
    assert http_rules.date("Thu, 01 Jan 1970 00:00:01") == 1000
