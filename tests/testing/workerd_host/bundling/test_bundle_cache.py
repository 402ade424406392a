"""Bundles that are kept: for as long as nothing that they were made from has changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edgelint.testing.workerd_host import bundle_cache
from edgelint.testing.workerd_host.bundle_cache import Kept


@pytest.fixture
def app(tmp_path: Path) -> Path:
    root = tmp_path / "app"
    for name, text in {
        "src/index.ts": "one", "src/lib/b.ts": "two", "node_modules/p/index.js": "three",
        "node_modules/p/package.json": "{}", "tsconfig.json": '{"extends": ["./base", "conf/strict.json"]}',
        "base.json": "{}", "node_modules/conf/strict.json": "{}", "node_modules/conf/package.json": "{}",
        "custom.json": '{"extends": "@org/conf"}', "node_modules/@org/conf/tsconfig.json": "{}",
        "node_modules/@org/conf/package.json": "{}",
    }.items():  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def keep(app: Path, cache: Path) -> Kept:
    files = tuple(app / name for name in ("src/index.ts", "src/lib/b.ts", "node_modules/p/index.js"))
    kept = Kept({"exports": ["default"]}, (b"main\n", b"", b"\0map"), files)
    bundle_cache.store(cache, "key", kept, [app / "custom.json"])
    return kept


def test_what_is_kept_comes_back(app: Path, tmp_path: Path) -> None:
    kept = keep(app, tmp_path / "cache")
    found = bundle_cache.load(tmp_path / "cache", "key")
    assert found is not None
    assert (found.facts, found.parts) == (kept.facts, kept.parts)
    assert set(kept.files) <= set(found.files)
    assert bundle_cache.load(tmp_path / "cache", "other") is None
    assert bundle_cache.load(tmp_path / "absent", "key") is None


def write(name: str, text: str = "changed") -> Callable[[Path], None]:
    def change(app: Path) -> None:
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(text)

    return change


@pytest.mark.parametrize(
    "change",
    [
        write("src/index.ts"),
        write("node_modules/p/index.js"),
        write("node_modules/p/package.json"),
        write("package.json"),
        write("src/tsconfig.json"),
        write("../tsconfig.json"),
        write("base.json"),
        write("node_modules/conf/strict.json"),
        write("custom.json"),
        write("node_modules/@org/conf/tsconfig.json"),
        write("src/lib/new.ts"),
        write("node_modules/q/index.js"),
        write("src/node_modules/p/index.js"),
        lambda app: (app / "src/lib/b.ts").unlink(),
        lambda app: (app / "tsconfig.json").unlink(),
    ],
)
def test_a_change_that_counts(change: Callable[[Path], None], app: Path, tmp_path: Path) -> None:
    keep(app, tmp_path / "cache")
    change(app)
    assert bundle_cache.load(tmp_path / "cache", "key") is None


def test_changes_that_do_not_count(app: Path, tmp_path: Path) -> None:
    keep(app, tmp_path / "cache")
    write("docs/readme.md")(app)
    os.utime(app / "src/index.ts", (1, 1))
    assert bundle_cache.load(tmp_path / "cache", "key") is not None


@pytest.mark.parametrize("damage", [b"", b"{}\n", b"nonsense", b'{"version": 0, "lengths": []}\n', b"[]\n"])
def test_a_file_that_is_damaged_is_none(damage: bytes, app: Path, tmp_path: Path) -> None:
    keep(app, tmp_path / "cache")
    path = tmp_path / "cache/key.bundle"
    content = path.read_bytes()
    path.write_bytes(damage)
    assert bundle_cache.load(tmp_path / "cache", "key") is None
    path.write_bytes(content[:-1])
    assert bundle_cache.load(tmp_path / "cache", "key") is None


def test_the_oldest_make_room(app: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    for number in range(25):
        (cache / f"{number}.bundle").write_bytes(b"")
        os.utime(cache / f"{number}.bundle", (number, number))
    keep(app, cache)
    left = {path.stem for path in cache.iterdir()}
    assert left == {"key", *(str(number) for number in range(6, 25))}


def test_a_folder_that_cannot_be_written_keeps_nothing(app: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    keep(app, tmp_path / "cache")
    assert bundle_cache.load(tmp_path / "cache", "key") is None


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no")

    monkeypatch.setattr(os, "replace", refuse)
    bundle_cache.write(tmp_path / "x.bundle", b"content")
    assert list(tmp_path.iterdir()) == []
