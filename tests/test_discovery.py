"""The files of a project, by role."""

from __future__ import annotations

import json
import os
from pathlib import Path

from edgelint.project.discovery import config_options, discover, scripts
from edgelint.project.ignore import is_ignored


def make(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return root


def test_roles(tmp_path: Path) -> None:
    root = make(tmp_path, {
        "wrangler.toml": "", "apps/api/wrangler.jsonc": "{}", "src/index.ts": "", "src/a.mjs": "", "src/page.astro": "",
        "src/env.d.ts": "", "public/x.min.js": "", "migrations/0001.sql": "", "package.json": "{}",
        "pyproject.toml": "",
        "tsconfig.json": "{}", "tsconfig.node.json": "{}", ".dev.vars": "A=1", ".dev.vars.example": "", ".env": "",
        "apps/api/.env.production": "", ".github/workflows/ci.yml": "", ".github/actions/x/y.ts": "", "README.md": "",
        "notes.txt": "", ".hidden/x.ts": "", ".github/x.ts": "",
    })  # fmt: skip
    found = discover(root)
    assert found.configs == ["apps/api/wrangler.jsonc", "wrangler.toml"]
    assert found.sources == [".github/x.ts", "src/a.mjs", "src/index.ts", "src/page.astro"]
    assert found.declarations == ["src/env.d.ts"]
    assert found.sql == ["migrations/0001.sql"]
    assert found.package_json == ["package.json"]
    assert found.pyproject == ["pyproject.toml"]
    assert found.tsconfig == ["tsconfig.json", "tsconfig.node.json"]
    assert found.dotenv == [".dev.vars", ".dev.vars.example", ".env", "apps/api/.env.production"]
    assert found.workflows == [".github/workflows/ci.yml"]
    assert found.texts == ["README.md"]
    assert found.skipped == {"minified": 1}
    assert found.directories == sorted(
        ["", ".github", ".github/workflows", "apps", "apps/api", "migrations", "public", "src"]
    )


def test_dependencies_and_build_output_are_not_looked_into(tmp_path: Path) -> None:
    root = make(tmp_path, {
        "node_modules/x/index.js": "", "a/.venv/x.py": "", "myenv/pyvenv.cfg": "", "myenv/x.py": "", "dist/x.js": "",
        ".next/x.js": "", "a/__pycache__/x.py": "", "python_modules/x.py": "", "a/ok.py": "",
    })  # fmt: skip
    found = discover(root)
    assert found.sources == ["a/ok.py"]
    assert found.skipped == {"build output": 2}


def test_gitignore_nested_and_negated(tmp_path: Path) -> None:
    root = make(tmp_path, {
        ".gitignore": "*.gen.ts\nout/\nwrangler.toml\n.dev.vars\n", "a.gen.ts": "", "out/x.ts": "", "b.ts": "",
        "pkg/.gitignore": "!keep.gen.ts\n/local.ts\n", "pkg/keep.gen.ts": "", "pkg/local.ts": "",
        "pkg/sub/local.ts": "",
        "wrangler.toml": "", ".dev.vars": "", "empty/.gitignore": "# nothing\n", "empty/x.ts": "",
    })  # fmt: skip
    found = discover(root)
    assert found.sources == ["b.ts", "empty/x.ts", "pkg/keep.gen.ts", "pkg/sub/local.ts"]
    assert found.configs == ["wrangler.toml"]
    assert found.dotenv == [".dev.vars"]
    assert found.skipped == {"ignored by .gitignore": 3}


def test_exclude_setting(tmp_path: Path) -> None:
    root = make(tmp_path, {"a/x.ts": "", "b/x.ts": "", "wrangler.toml": "", "b/wrangler.toml": ""})
    found = discover(root, ["b/", "wrangler.toml"])
    assert (found.sources, found.configs) == (["a/x.ts"], [])
    assert found.skipped == {"excluded by settings": 2}


def test_links(tmp_path: Path) -> None:
    outside = make(tmp_path / "outside", {"secret.ts": "", "wrangler.toml": ""})
    root = make(tmp_path / "app", {"src/a.ts": "", "conf/wrangler.jsonc": "{}"})
    os.symlink(outside, root / "linked")
    os.symlink(outside / "secret.ts", root / "src/secret.ts")
    os.symlink(outside / "wrangler.toml", root / "wrangler.toml")
    os.symlink(root / "src/a.ts", root / "src/b.ts")
    os.symlink(root / "src", root / "src/loop")
    os.symlink(root / "missing", root / "src/dangling.ts")
    (root / "deploy").mkdir()
    os.symlink(root / "conf/wrangler.jsonc", root / "deploy/wrangler.jsonc")
    found = discover(root)
    assert found.sources == ["src/a.ts"]
    assert found.configs == ["conf/wrangler.jsonc", "deploy/wrangler.jsonc"]
    assert found.skipped == {"link": 3, "link out of the project": 3}


def test_a_generated_config_is_not_source(tmp_path: Path) -> None:
    root = make(tmp_path, {
        "wrangler.jsonc": "{}", "build/server/wrangler.json": "{}",
        ".wrangler/deploy/config.json": json.dumps({"configPath": "../../build/server/wrangler.json"}),
        "a/.wrangler/deploy/config.json": "not json", "b/.wrangler/deploy/config.json": "[]",
        "c/.wrangler/deploy/config.json": '{"configPath": 1}', "d/.wrangler/tmp/x.js": "",
    })  # fmt: skip
    found = discover(root)
    assert found.configs == ["wrangler.jsonc"]
    assert found.generated == ["build/server/wrangler.json"]
    assert found.skipped["generated config"] == 1


def test_one_config_a_directory(tmp_path: Path) -> None:
    root = make(tmp_path, {"wrangler.toml": "", "wrangler.json": "{}", "wrangler.jsonc": "{}", "a/wrangler.toml": ""})
    found = discover(root)
    assert found.configs == ["a/wrangler.toml", "wrangler.json"]
    assert found.shadowed == {"wrangler.json": ["wrangler.jsonc", "wrangler.toml"]}
    assert found.skipped == {"shadowed config": 2}


def test_configs_named_by_scripts(tmp_path: Path) -> None:
    manifest = {"scripts": {
        "deploy": "wrangler deploy -c wrangler.production.toml", "dev": "wrangler dev --config=conf/dev.jsonc && echo",
        "gone": "wrangler deploy -c missing.toml", "other": "vite -c vite.config.json", "n": 1,
        "same": "wrangler deploy -c wrangler.toml", "out": "wrangler deploy -c ../outside.toml",
        "not": "wrangler deploy -c conf/dev.txt",
    }}  # fmt: skip
    root = make(tmp_path / "app", {
        "package.json": json.dumps(manifest), "wrangler.toml": "", "wrangler.production.toml": "", "conf/dev.jsonc": "",
        "vite.config.json": "", "conf/dev.txt": "", "other/package.json": "{", "x/package.json": '{"wrangler -c": 1',
        "y/package.json": '["wrangler -c"]', "z/package.json": '{"scripts": "wrangler -c x"}',
    })  # fmt: skip
    make(tmp_path, {"outside.toml": ""})
    assert discover(root).configs == ["conf/dev.jsonc", "wrangler.production.toml", "wrangler.toml"]


def test_other_ways_to_configure_and_deploy(tmp_path: Path) -> None:
    files = ["infra/main.tf", "x.tf.json", "sst.config.ts", "alchemy.run.ts", "Pulumi.yaml"]
    files += ["cloudflare.config.ts", "a.ts"]
    found = discover(make(tmp_path, dict.fromkeys(files, "")))
    assert found.deployers == ["Pulumi.yaml", "alchemy.run.ts", "infra/main.tf", "sst.config.ts", "x.tf.json"]
    assert found.sources == ["a.ts", "cloudflare.config.ts"]
    assert found.skipped == {"config that is a program, not read": 1}


def test_unreadable_gitignore_and_ignored_paths(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").mkdir()
    make(tmp_path, {"pkg/.gitignore": "/lib/\n!/lib/keep.js\n*.gen.js\n", "a.ts": ""})
    assert discover(tmp_path).sources == ["a.ts"]
    root = str(tmp_path)
    assert is_ignored(root, "pkg/lib/x.js")
    assert is_ignored(root, "pkg/a.gen.js")
    assert not is_ignored(root, "pkg/src/x.js")
    assert not is_ignored(root, "lib/x.js")


def test_config_options() -> None:
    script = "npx wrangler dev -c 'a.toml' -c b.toml; wrangler types -c c.toml"
    assert list(config_options(script)) == ["a.toml", "c.toml"]
    assert list(config_options("tsc -c x.json")) == []
    assert scripts(b"[" * 100_000) == {}


def test_empty_and_missing(tmp_path: Path) -> None:
    assert discover(tmp_path).directories == [""]
    missing = discover(tmp_path / "nothing")
    assert missing.directories == []
    assert missing.skipped == {"unreadable directory": 1}
