"""Where workerd and esbuild are found: npm's, pnpm's and Yarn's folders, other systems, and what is said when not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from edgelint.platform import workerd as versions
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host import packages
from edgelint.testing.workerd_host.packages import System
from edgelint.testing.workerd_host.runtime import Program, Runtime, find, needed_esbuild

LINUX = System("linux", "x86_64")
WINDOWS = System("windows", "amd64")


def package(folder: Path, version: str = "1.0.0", program: str = "") -> Path:
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": folder.name, "version": version}))
    if program:
        (folder / program).parent.mkdir(exist_ok=True)
        (folder / program).write_text("")
    return folder


def workerd(modules: Path, version: str, system: str = "linux-64", program: str = "bin/workerd") -> None:
    package(modules / "workerd", version)
    package(modules / f"@cloudflare/workerd-{system}", version, program)


def esbuild(modules: Path, version: str, system: str = "linux-x64", program: str = "bin/esbuild") -> None:
    package(modules / "esbuild", version)
    package(modules / f"@esbuild/{system}", version, program)


def found(root: Path, system: System = LINUX, given: dict[str, str] | None = None) -> Runtime:
    return find(root, system=system, environment=given or {}, stop=root)


def test_npm_with_everything_at_the_top(tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    package(modules / "wrangler", "4.1.0")
    package(modules / "miniflare")
    workerd(modules, "1.20260101.0")
    esbuild(modules, "0.28.0")
    runtime = found(tmp_path)
    assert runtime.workerd == Program(modules / "@cloudflare/workerd-linux-64/bin/workerd", "1.20260101.0")
    assert runtime.esbuild == Program(modules / "@esbuild/linux-x64/bin/esbuild", "0.28.0")
    assert runtime.wrangler == "4.1.0"
    assert needed_esbuild(runtime) is runtime.esbuild
    assert str(runtime).startswith("workerd 1.20260101.0 (")
    assert str(runtime).endswith("), wrangler 4.1.0")
    alone = Runtime(runtime.workerd, None, None)
    assert str(alone) == f"workerd 1.20260101.0 ({runtime.workerd.path})"


def test_of_two_workerds_that_of_wrangler(tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    package(modules / "wrangler", "4.2.0")
    package(modules / "@cloudflare/vitest-pool-workers")
    workerd(modules, "1.20260101.0")
    esbuild(modules, "0.25.0")
    workerd(modules / "wrangler/node_modules", "1.20260202.0")
    esbuild(modules / "wrangler/node_modules", "0.28.0")
    runtime = found(tmp_path)
    assert runtime.workerd.version == "1.20260202.0"
    assert "wrangler/node_modules" in runtime.workerd.path.as_posix()
    assert runtime.esbuild is not None
    assert runtime.esbuild.version == "0.28.0"


def test_the_workerd_of_wranglers_miniflare(tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    package(modules / "wrangler")
    package(modules / "miniflare")
    workerd(modules, "1.20260101.0")
    workerd(modules / "miniflare/node_modules", "1.20260303.0")
    assert found(tmp_path).workerd.version == "1.20260303.0"


@pytest.mark.skipif(os.name != "posix", reason="makes links")
def test_pnpm(tmp_path: Path) -> None:
    modules, store = tmp_path / "node_modules", tmp_path / "node_modules/.pnpm"
    wrangler = package(store / "wrangler@4.3.0/node_modules/wrangler", "4.3.0")
    miniflare = package(store / "miniflare@4/node_modules/miniflare")
    inner = package(store / "workerd@1/node_modules/workerd", "1.20260404.0")
    part = store / "workerd-linux-64@1/node_modules/@cloudflare/workerd-linux-64"
    binary = package(part, "1.20260404.0", "bin/workerd")
    (modules / "wrangler").symlink_to(wrangler)
    (wrangler.parent / "miniflare").symlink_to(miniflare)
    (miniflare.parent / "workerd").symlink_to(inner)
    (inner.parent / "@cloudflare").mkdir()
    (inner.parent / "@cloudflare/workerd-linux-64").symlink_to(binary)
    runtime = found(tmp_path)
    assert runtime.workerd == Program(binary / "bin/workerd", "1.20260404.0")
    assert runtime.esbuild is None
    with pytest.raises(EdgeUsageError, match=r"esbuild is not installed for .*: run `npm install --save-dev esbuild`"):
        needed_esbuild(runtime)


def test_a_workspace_has_them_at_its_root(tmp_path: Path) -> None:
    workerd(tmp_path / "node_modules", "1.20260101.0")
    app = tmp_path / "packages/app"
    app.mkdir(parents=True)
    runtime = find(app, system=LINUX, environment={}, stop=tmp_path)
    assert runtime.workerd.version == "1.20260101.0"
    with pytest.raises(EdgeUsageError, match="workerd is not installed"):
        find(app, system=LINUX, environment={}, stop=app)


def test_only_the_programs_package(tmp_path: Path) -> None:
    package(tmp_path / "node_modules/@cloudflare/workerd-linux-64", "1.20260101.0", "bin/workerd")
    assert found(tmp_path).workerd.version == "1.20260101.0"


@pytest.mark.parametrize(
    ("system", "part", "program", "bundler", "bundler_program"),
    [
        (System("darwin", "arm64"), "darwin-arm64", "bin/workerd", "darwin-arm64", "bin/esbuild"),
        (System("darwin", "x86_64"), "darwin-64", "bin/workerd", "darwin-x64", "bin/esbuild"),
        (System("linux", "aarch64"), "linux-arm64", "bin/workerd", "linux-arm64", "bin/esbuild"),
        (WINDOWS, "windows-64", "bin/workerd.exe", "win32-x64", "esbuild.exe"),
        (System("windows", "arm64"), "windows-64", "bin/workerd.exe", "win32-arm64", "esbuild.exe"),
    ],
)
def test_other_systems(
    system: System, part: str, program: str, bundler: str, bundler_program: str, tmp_path: Path
) -> None:
    modules = tmp_path / "node_modules"
    workerd(modules, "1.20260101.0", part, program)
    esbuild(modules, "0.28.0", bundler, bundler_program)
    runtime = found(tmp_path, system)
    assert runtime.workerd.path == modules / f"@cloudflare/workerd-{part}" / program
    assert runtime.esbuild is not None
    assert runtime.esbuild.path == modules / f"@esbuild/{bundler}" / bundler_program


def test_a_system_that_workerd_has_no_program_for(tmp_path: Path) -> None:
    for system in (System("linux", "riscv64"), System("freebsd", "amd64"), System("windows", "x86")):
        with pytest.raises(EdgeUsageError, match=f"workerd has no program for {system.name} on {system.machine}"):
            found(tmp_path, system)
    assert packages.esbuild_part(System("sunos", "x86_64")) is None
    assert packages.esbuild_part(System("linux", "s390x")) is None
    assert packages.workerd_part(System.here()) is not None  # the tests' own


def test_esbuild_may_have_no_program_for_a_system_that_is_told(tmp_path: Path) -> None:
    program = tmp_path / "workerd"
    program.write_text("")
    (tmp_path / "package.json").write_text('{"version": "1.20260101.0"}')
    runtime = found(tmp_path, System("linux", "riscv64"), {"EDGELINT_WORKERD": str(program)})
    assert runtime.esbuild is None


@pytest.mark.parametrize(
    ("lock", "wanted"), [("package-lock.json", "npm install"), ("pnpm-lock.yaml", "pnpm install"), ("", "npm install")]
)
def test_the_programs_package_was_left_out(lock: str, wanted: str, tmp_path: Path) -> None:
    if lock:
        (tmp_path / lock).write_text("")
    (tmp_path / ".git").mkdir()
    modules = tmp_path / "node_modules"
    package(modules / "wrangler")
    package(modules / "workerd", "1.20260101.0")
    package(modules / "@cloudflare/workerd-linux-64", "1.20260101.0")  # an empty folder of another install
    with pytest.raises(EdgeUsageError) as raised:
        found(tmp_path)
    text = str(raised.value)
    assert "workerd 1.20260101.0 is installed" in text
    assert "@cloudflare/workerd-linux-64" in text
    assert "--omit=optional" in text
    assert f"Run `{wanted}` here again" in text


def test_esbuilds_program_was_left_out(tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    workerd(modules, "1.20260101.0")
    package(modules / "esbuild", "0.28.0")
    with pytest.raises(EdgeUsageError, match=r"esbuild 0.28.0 is installed .* @esbuild/linux-x64"):
        found(tmp_path)


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({}, "`npm install --save-dev wrangler`"),
        ({"pnpm-lock.yaml": ""}, "`pnpm add --save-dev wrangler`"),
        ({"yarn.lock": ""}, "`yarn add --dev wrangler`"),
        ({"bun.lock": ""}, "`bun add --dev wrangler`"),
        ({"yarn.lock": "", "package.json": '{"devDependencies": {"wrangler": "4"}}'}, "`yarn install`"),
        ({"package.json": '{"dependencies": {"wrangler": "4"}}'}, "`npm install`"),
        ({"package.json": '["no", "object"]'}, "`npm install --save-dev wrangler`"),
        ({"package.json": "{"}, "`npm install --save-dev wrangler`"),
    ],
)
def test_nothing_is_installed(files: dict[str, str], wanted: str, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(EdgeUsageError, match="workerd is not installed") as raised:
        found(tmp_path)
    assert wanted in str(raised.value)


def test_a_command_without_a_repository(tmp_path: Path) -> None:
    assert packages.command(tmp_path).endswith("install")


def test_plug_and_play_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".pnp.cjs").write_text("")
    with pytest.raises(EdgeUsageError, match=r"Plug'n'Play .*nodeLinker: node-modules"):
        found(tmp_path)


def test_paths_that_are_given(tmp_path: Path) -> None:
    home = package(tmp_path / "tools/workerd", "1.20260505.0", "bin/workerd")
    bundler = package(tmp_path / "tools/esbuild", "0.27.0", "esbuild.exe")
    by_ini = find(tmp_path, workerd="tools/workerd/bin/workerd", esbuild=str(bundler / "esbuild.exe"), environment={})
    assert by_ini.workerd == Program(home / "bin/workerd", "1.20260505.0")
    assert by_ini.esbuild == Program(bundler / "esbuild.exe", "0.27.0")
    assert by_ini.wrangler is None
    for name in ("EDGELINT_WORKERD", "MINIFLARE_WORKERD_PATH"):
        assert found(tmp_path, given={name: str(home / "bin/workerd")}).workerd == by_ini.workerd
    both = {"EDGELINT_WORKERD": str(tmp_path / "absent"), "EDGELINT_ESBUILD": str(bundler / "esbuild.exe")}
    with pytest.raises(EdgeUsageError, match=r"workerd is not at .*absent"):
        found(tmp_path, given=both)


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands for the program")
def test_a_program_outside_of_a_package_is_asked_for_its_version(tmp_path: Path) -> None:
    folder = tmp_path / "a/b"
    folder.mkdir(parents=True)

    def script(name: str, text: str) -> str:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    given = {"EDGELINT_WORKERD": script("w", "echo workerd 2026-11-17"), "EDGELINT_ESBUILD": script("e", "echo 0.28.2")}
    runtime = found(tmp_path, given=given)
    assert (runtime.workerd.version, runtime.esbuild and runtime.esbuild.version) == ("1.20261117.0", "0.28.2")
    with pytest.raises(EdgeUsageError, match="does not run as workerd"):
        found(tmp_path, given={"EDGELINT_WORKERD": script("bad", "exit 3")})


def test_which_versions_were_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "TESTED", ("1.20260801.0", "1.20261117.1"))
    for tested in ("1.20260801.0", "1.20261001.7", "1.20261117.9"):
        assert versions.untested(tested) is None
    assert "older than what was tested (1.20260801.0 to 1.20261117.1)" in (versions.untested("1.20260731.9") or "")
    assert "newer than" in (versions.untested("1.20261118.0") or "")
    assert "none that was tested" in (versions.untested("nightly") or "")
    monkeypatch.setattr(versions, "TESTED", ("1.20261117.0", "1.20261117.1"))
    assert "(1.20261117.1)" in (versions.untested("1.20270101.0") or "")
    assert versions.built("1.20261117.1") == "2026-11-17"
    assert versions.built("nightly") is None
