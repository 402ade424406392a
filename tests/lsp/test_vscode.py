"""The VS Code extension: it compiles, finds edgelint as it says, and is packaged with what it needs and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "editors" / "vscode"
NEEDED = os.environ.get("EDGELINT_NEEDS_VSCE") == "1"


def npm(folder: Path, *arguments: str) -> None:
    program = shutil.which("npm")
    assert program is not None
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"npm {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the extension with its packages installed."""
    if shutil.which("npm") is None:
        reason = "the extension is built with Node's npm, which is not on PATH"
        pytest.fail(reason) if NEEDED else pytest.skip(reason)
    folder = tmp_path_factory.mktemp("vscode") / "vscode"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("node_modules", "out", "*.vsix"))
    try:
        npm(folder, "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund")
    except AssertionError as error:
        reason = f"the extension's packages could not be installed: {error}"
        pytest.fail(reason) if NEEDED else pytest.skip(reason)
    return folder


@pytest.mark.slow
def test_it_finds_edgelint_as_it_says(built: Path) -> None:
    npm(built, "test")


@pytest.mark.slow
def test_it_is_packaged(built: Path) -> None:
    npm(built, "run", "package")
    with zipfile.ZipFile(built / "edgelint.vsix") as package:
        names = set(package.namelist())
        manifest = json.loads(package.read("extension/package.json"))
        bundle = package.read("extension/out/extension.js").decode()
    assert names == {
        "[Content_Types].xml", "extension.vsixmanifest", "extension/LICENSE.txt", "extension/package.json",
        "extension/readme.md", "extension/out/extension.js",
    }  # fmt: skip
    assert manifest["main"] == "./out/extension.js"
    assert 'require("vscode")' in bundle
    assert "vscode-languageclient" not in {name for name in names if "node_modules" in name}
    assert "textDocument/publishDiagnostics" in bundle  # the client is in it


def test_its_settings_and_commands_are_those_that_the_documentation_names() -> None:
    manifest = json.loads((FOLDER / "package.json").read_text())
    settings = manifest["contributes"]["configuration"]["properties"]
    assert set(settings) == {"edgelint.enable", "edgelint.path", "edgelint.trace.server"}
    titles = {f"{each['category']}: {each['title']}" for each in manifest["contributes"]["commands"]}
    documented = (FOLDER.parents[1] / "docs" / "editors.md").read_text()
    code = (FOLDER / "src" / "extension.ts").read_text()
    for name in settings:
        assert f'"{name}"' in documented
    for title in titles:
        assert title in documented
    for each in manifest["contributes"]["commands"]:
        assert f'"{each["command"]}"' in code


def test_its_licence_is_ours() -> None:
    for editor in ("vscode", "zed"):
        assert (FOLDER.parent / editor / "LICENSE").read_bytes() == (FOLDER.parents[1] / "LICENSE").read_bytes()
