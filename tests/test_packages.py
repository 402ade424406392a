"""package.json and tsconfig.json: what a bare specifier may mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgelint.project.packages import Package, Packages, split_specifier, upwards


def packages(root: Path, **files: Any) -> Packages:
    """The packages of a project; "__" in a name stands for "/", data is written as JSON, text as it is."""
    names: list[str] = []
    for name, data in files.items():
        path = name.replace("__", "/") + ".json"
        names.append(path)
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(data if isinstance(data, str) else json.dumps(data))
    ours = [name for name in names if name.endswith("package.json")]
    return Packages(root, ours, [name for name in names if name.endswith("tsconfig.json")])


def options(**given: Any) -> dict[str, Any]:
    return {"compilerOptions": given}


def test_what_a_package_says() -> None:
    data = {
        "name": "app", "dependencies": {"hono": "4"}, "devDependencies": {"vitest": "3"},
        "peerDependencies": {"zod": "4"},
        "optionalDependencies": ["no", "table"],
    }
    package = Package("apps/a", data, True)
    assert (package.directory, package.name, package.readable) == ("apps/a", "app", True)
    assert package.dependencies == {"hono", "vitest", "zod"}


@pytest.mark.parametrize("data", [None, [], "text", {"name": 3}])
def test_a_package_that_says_nothing(data: Any) -> None:
    package = Package("", data, False)
    assert (package.name, package.dependencies) == (None, set())


def test_files_that_are_not_quite_json(tmp_path: Path) -> None:
    text = '{ // name\n "name": "a // b", /* more */ "dependencies": {"x": "1",},\n}'
    found = packages(tmp_path, package=text, b__package="{", c__package="[]")
    assert found.packages[""].name == "a // b"
    assert found.packages[""].dependencies == {"x"}
    assert [found.packages[directory].readable for directory in ("", "b", "c")] == [True, False, True]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    found = Packages(tmp_path, ["package.json"], ["tsconfig.json"])
    assert not found.packages[""].readable
    assert (found.paths, found.base_urls) == ({}, {})


def test_the_nearest_and_all_above(tmp_path: Path) -> None:
    found = packages(tmp_path, package={"name": "root"}, apps__a__package={"name": "a"})
    assert [package.name for package in found.chain("apps/a/src/index.ts")] == ["a", "root"]
    nearest = [found.nearest(path) for path in ("apps/a/src/index.ts", "apps/b/index.ts")]
    assert [package.name if package else None for package in nearest] == ["a", "root"]
    assert packages(tmp_path, lib__package={}).nearest("src/index.ts") is None
    assert list(found.upwards("a/b/c.ts")) == list(upwards("a/b/c.ts")) == ["a/b", "a", ""]


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        ("hono", ("hono", "")), ("hono/jsx", ("hono", "jsx")), ("@a/b", ("@a/b", "")), ("@a/b/c/d", ("@a/b", "c/d")),
    ],
)
def test_parts_of_a_specifier(specifier: str, expected: tuple[str, str]) -> None:
    assert split_specifier(specifier) == expected


@pytest.mark.parametrize(
    ("config", "specifier", "expected"),
    [
        (options(paths={"@/*": ["./src/*"]}), "@/db", ["src/db"]),
        (options(paths={"@/*": ["./src/*", "./lib/*", 3]}), "@/a/b", ["src/a/b", "lib/a/b"]),
        (options(paths={"db": ["./src/db.ts"]}), "db", ["src/db.ts"]),
        (options(paths={"db": ["./src/db.ts"]}), "db/x", []),
        (options(paths={"*.css": ["./styles/*"]}), "app.css", ["styles/app"]),
        (options(paths={"*.css": ["./styles/*"]}), ".cs", []),
        (options(paths={"a": "no list"}), "a", []),
        (options(paths=["no table"]), "a", []),
        (options(baseUrl="."), "lib/a", ["lib/a"]),
        (options(baseUrl="./src"), "lib/a", ["src/lib/a"]),
        (options(baseUrl="./src", paths={"@/*": ["./*"]}), "@/a", ["src/a", "src/@/a"]),
        (options(baseUrl=3), "a", []),
        ({"compilerOptions": 1}, "a", []),
        ([], "a", []),
    ],
)
def test_paths_of_a_tsconfig(tmp_path: Path, config: Any, specifier: str, expected: list[str]) -> None:
    found = packages(tmp_path, tsconfig=config)
    assert list(found.candidates("src/index.ts", specifier)) == expected


@pytest.mark.parametrize("extends", ["./base", "./base.json", ["./base.json", 4], ["pkg/base", "./base"]])
def test_a_tsconfig_extends_another(tmp_path: Path, extends: Any) -> None:
    (tmp_path / "base.json").write_text(json.dumps(options(paths={"@/*": ["./src/*"]})))
    found = packages(tmp_path, tsconfig={"extends": extends})
    assert list(found.candidates("src/index.ts", "@/db")) == ["src/db"]


@pytest.mark.parametrize("extends", ["../outside", "./tsconfig.json", "./none", "pkg", 5])
def test_a_tsconfig_that_extends_nothing_of_use(tmp_path: Path, extends: Any) -> None:
    found = packages(tmp_path, tsconfig={"extends": extends, **options(paths={"a": ["./b"]})})
    assert found.paths == {"": [("a", ["b"])]}


def test_paths_hold_for_what_lies_below(tmp_path: Path) -> None:
    found = packages(tmp_path, apps__a__tsconfig=options(paths={"~db": ["./db"]}))
    assert list(found.candidates("apps/a/src/x.ts", "~db")) == ["apps/a/db"]
    assert list(found.candidates("apps/b/src/x.ts", "~db")) == []


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        ("@/x", True), ("~/x", True), ("#x", True), ("$lib/x", True), ("~~/x", True), ("@@/x", True), ("db/one", True),
        ("hono", False), ("@hono/x", False), ("node:fs", False),
    ],
)
def test_aliases(tmp_path: Path, specifier: str, expected: bool) -> None:
    found = packages(tmp_path, tsconfig=options(paths={"db/*": ["./db/*"], "*": ["./types/*"]}))
    assert found.is_alias("src/index.ts", specifier) is expected


@pytest.mark.parametrize(
    ("table", "specifier", "expected"),
    [
        ({"#db": "./src/db.ts"}, "#db", ["src/db.ts"]),
        ({"#lib/*": "./src/*.ts"}, "#lib/a", ["src/a.ts"]),
        ({"#db": {"workerd": "./a.ts", "default": ["./b.ts", {"x": "./c.ts"}, 3]}}, "#db", ["a.ts", "b.ts", "c.ts"]),
        ({"#db": None}, "#db", []),
        ({"#db": "./a.ts"}, "#other", []),
        (["no table"], "#db", []),
    ],
)
def test_imports_of_a_package(tmp_path: Path, table: Any, specifier: str, expected: list[str]) -> None:
    assert list(packages(tmp_path, package={"imports": table}).candidates("src/a.ts", specifier)) == expected


@pytest.mark.parametrize(
    ("data", "specifier", "expected"),
    [
        ({}, "@my/db", ["lib/src/index", "lib/index"]),
        ({"main": "./dist/a.js", "types": "./a.d.ts", "module": 3, "source": "./src/a.ts"}, "@my/db",
         ["lib/src/a.ts", "lib/a.d.ts", "lib/dist/a.js", "lib/src/index", "lib/index"]),
        ({"exports": "./src/a.ts"}, "@my/db", ["lib/src/a.ts", "lib/src/index", "lib/index"]),
        ({"exports": "./src/a.ts"}, "@my/db/b", ["lib/b", "lib/src/b"]),
        ({"exports": {"import": "./a.ts", "require": "./b.cts"}}, "@my/db", ["lib/a.ts", "lib/b.cts", "lib/src/index",
         "lib/index"]),
        ({"exports": {".": "./a.ts", "./*": {"default": "./src/*.ts"}}}, "@my/db/x", ["lib/src/x.ts", "lib/x",
         "lib/src/x"]),
        ({}, "other", []),
    ],
)
def test_packages_of_a_workspace(tmp_path: Path, data: dict[str, Any], specifier: str, expected: list[str]) -> None:
    found = packages(tmp_path, lib__package={"name": "@my/db", **data})
    assert list(found.candidates("src/a.ts", specifier)) == expected
