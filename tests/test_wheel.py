"""The wheel: it holds the rules and works where the checkout is not."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from edgelint import rulebook

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_holds_rules_schemas_and_data(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for id in rulebook.ids():
        assert f"edgelint/_rules/{id}.md" in names
    assert {"edgelint/py.typed", "edgelint/schemas/settings.schema.json"} <= names
    for path in (ROOT / "edgelint").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(ROOT).as_posix() in names, path
    assert not [name for name in names if name.startswith(("tests/", "fixtures/", "rules/"))]


@pytest.mark.slow
def test_explain_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    site = subprocess.run(
        [str(python), "-c", "import site; print(site.getsitepackages()[0])"], check=True, capture_output=True, text=True
    ).stdout.strip()
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", site]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    # The dependencies are those of this interpreter, behind the venv's own: the wheel must come first.
    behind = [path for path in sys.path if path.endswith("site-packages")]
    (Path(site) / "behind.pth").write_text("\n".join(behind) + "\n")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COV"))}
        command = [str(python), "-c", "import sys; from edgelint.cli import main; sys.exit(main())", *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=clean, check=False)

    ask = [str(python), "-c", "import edgelint; print(edgelint.__file__)"]
    where = subprocess.run(ask, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert where.stdout.startswith(str(tmp_path))
    explained = run("explain", "kv/ttl-too-short")
    assert explained.returncode == 0, explained.stderr
    assert "kv/ttl-too-short" in explained.stdout
    assert "60" in explained.stdout
    listed = run("rules", "--format", "json")
    assert all(f'"{id}"' in listed.stdout for id in rulebook.ids())
