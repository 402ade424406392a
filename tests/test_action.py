"""action.yml: its shell steps, run by bash as the runner does, in a temporary folder with the runner's variables."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
CONFIG = """name = "a"
main = "src/i.ts"
compatibility_date = "2026-01-01"
kv_namespaces = [{ binding = "K", id = "0123456789abcdef0123456789abcdef" }]
"""
CODE = """interface Env { K: KVNamespace }
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    await env.K.put("a", "v", { expirationTtl: %d });
    return new Response(await env.K.get("a"));
  },
};
"""

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")


class Done(NamedTuple):
    """What a step did."""

    status: int
    output: str
    error: str
    outputs: dict[str, str]
    summary: str


def step(id: str) -> dict[str, Any]:
    """The step of that id."""
    (found,) = [item for item in STEPS if item.get("id") == id]
    return found


def run(id: str, folder: Path, inputs: dict[str, str], programs: Path, **known: str) -> Done:
    """Run a step in ``folder``. ``known`` are the other expressions of its env, with ``_`` for what is no letter."""
    temporary = folder.parent / "runner temp"
    temporary.mkdir(exist_ok=True)
    written = {name: temporary / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for path in written.values():
        path.write_text("")
    values = {f"inputs_{name.replace('-', '_')}": item["default"] for name, item in ACTION["inputs"].items()}
    values |= {f"inputs_{name.replace('-', '_')}": value for name, value in inputs.items()} | known

    def expand(text: str) -> str:
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda match: values[re.sub(r"[.-]", "_", match[1])], text)

    env = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "EDGELINT"))}
    env |= {name: expand(value) for name, value in step(id).get("env", {}).items()}
    env |= {name: str(path) for name, path in written.items()}
    env |= {"RUNNER_TEMP": str(temporary), "PATH": f"{programs}{os.pathsep}{env['PATH']}", "PYTHONPATH": str(ROOT)}
    script = temporary / f"{id}.sh"
    script.write_text(step(id)["run"])
    place = folder / expand(step(id).get("working-directory", "."))
    # What `shell: bash` means: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=place, env=env, capture_output=True, text=True, check=False,
    )
    lines = written["GITHUB_OUTPUT"].read_text().splitlines()
    outputs = dict(line.split("=", 1) for line in lines)
    return Done(done.returncode, done.stdout, done.stderr, outputs, written["GITHUB_STEP_SUMMARY"].read_text())


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app with one error, in a folder whose name has a blank."""
    root = tmp_path / "my app"
    (root / "src").mkdir(parents=True)
    (root / "wrangler.toml").write_text(CONFIG)
    (root / "src/i.ts").write_text(CODE % 5)
    return root


def check(app: Path, **inputs: str) -> Done:
    edgelint = program(app.parent / "bin/edgelint", f'exec "{sys.executable}" -m edgelint "$@"')
    named = {name.replace("_", "-"): value for name, value in inputs.items()}
    return run("check", app, named, app.parent, steps_install_outputs_program=str(edgelint))


def test_findings_are_annotations_and_a_summary_and_fail_the_step(app: Path) -> None:
    done = check(app)
    assert done.status == 1
    assert re.search(r"^::error .*file=src/i\.ts,line=4", done.output, re.MULTILINE), done.output + done.error
    assert "kv/ttl-too-short" in done.summary
    assert done.outputs == {"status": "1"}


def test_a_clean_app_passes(app: Path) -> None:
    (app / "src/i.ts").write_text(CODE % 60)
    done = check(app, sarif="true")
    assert (done.status, done.outputs["status"]) == (0, "0"), done.error
    assert json.loads(Path(done.outputs["sarif-file"]).read_text())["runs"][0]["results"] == []


def test_sarif_is_written_when_asked_for_and_outlives_a_failure(app: Path) -> None:
    done = check(app, sarif="true", summary="false")
    assert (done.status, done.summary) == (1, "")
    results = json.loads(Path(done.outputs["sarif-file"]).read_text())["runs"][0]["results"]
    assert [item["ruleId"] for item in results] == ["kv/ttl-too-short"]
    assert "sarif-file" not in check(app).outputs, "a report of an earlier run is not uploaded again"


def test_options_are_split_as_a_shell_splits_and_expanded_by_nobody(app: Path) -> None:
    assert check(app, args="--select 'sql/*'").status == 0
    assert check(app, args='--select "sql/*"\n  --strict').status == 0
    done = check(app, args="--select $(touch${IFS}gone);touch gone")
    assert done.status == 2
    assert not (app / "gone").exists()
    assert done.outputs == {"status": "2"}
    assert check(app, args="--exit-zero").status == 0
    open_quote = check(app, args="--select 'sql")
    assert (open_quote.status, open_quote.outputs) == (2, {"status": "2"})
    assert "::error::edgelint: the input args" in open_quote.output


def test_paths_are_lines(app: Path) -> None:
    (app / "src/with blank.ts").write_text("export const x = 1;\n")
    assert check(app, path="src/with blank.ts").status == 0
    assert check(app, path="src/with blank.ts\nsrc/i.ts\n").status == 1
    assert check(app, path="--version").status == 2


def test_the_working_directory(app: Path) -> None:
    (app / "docs").mkdir()
    assert check(app, working_directory="src", path="i.ts").status == 1
    assert check(app, working_directory="docs", path="../src/i.ts").status == 1


@pytest.mark.parametrize(
    ("version", "expected"),
    [("", "/the/action"), ("0.1.0", "edgelint==0.1.0"), (">=0.1,<1", "edgelint>=0.1,<1"), ("; x", "edgelint; x")],
)
def test_what_is_installed(tmp_path: Path, version: str, expected: str) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    inner = 'printf "%s\\n" "$@" > "$(dirname "$0")/arguments"'
    program(tmp_path / "programs/python", f"""
mkdir -p "$3/bin"
printf '%s\\n' '#!/bin/bash' {json.dumps(inner).replace('$', chr(92) + '$')} > "$3/bin/python"
chmod +x "$3/bin/python"
[ "$1 $2" = "-m venv" ]""")
    done = run("install", folder, {"version": version}, tmp_path / "programs", github_action_path="/the/action")
    assert done.status == 0, done.error
    place = Path(done.outputs["program"])
    assert place.name == "edgelint"
    arguments = (place.parent / "arguments").read_text().splitlines()
    assert arguments[:3] == ["-m", "pip", "install"]
    assert arguments[-1] == expected


def test_nothing_from_outside_is_pasted_into_a_script() -> None:
    for item in STEPS:
        assert "${{" not in item.get("run", "")
        assert item.get("shell", "bash") == "bash"


def test_the_steps_around_the_check() -> None:
    setup, install, run_check, upload = STEPS
    assert setup["uses"].startswith("actions/setup-python@v")
    assert (install["id"], run_check["id"]) == ("install", "check")
    assert upload["uses"].startswith("github/codeql-action/upload-sarif@v")
    assert upload["if"] == "${{ !cancelled() && steps.check.outputs.sarif-file != '' }}"
    named = set(re.findall(r"inputs\.([a-z-]+)", json.dumps(ACTION["runs"])))
    assert named == set(ACTION["inputs"]), "an input that nothing reads, or that is not declared"
    told = set(re.findall(r'echo "([a-z-]+)=', run_check["run"]))
    assert told == set(re.findall(r"steps\.check\.outputs\.([a-z-]+)", json.dumps(ACTION))) == set(ACTION["outputs"])
