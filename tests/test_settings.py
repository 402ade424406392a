"""Settings: where they are found, what they mean, and what a mistake in them is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint import settings
from edgelint.diagnostics import Severity
from edgelint.registry import UnknownSelector
from edgelint.settings import Settings, SettingsError, find_root, load

pytestmark = pytest.mark.usefixtures("some_rules")


def test_everything_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "edgelint.toml").write_text(
        """
select = ["kv/*"]
extend-select = ["sql/unbound-value"]
ignore = ["kv/unpaginated-list"]
exclude = ["vendor/"]
extend-exclude = ["old"]
strict = true
env = "staging"
min-severity = "warning"

[per-file-ignores]
"tests/**" = ["kv/*", "syntax-error"]

[rules."kv/ttl-too-short"]
minimum = 30
ratio = 1
names = ["b"]
mode = "y"
on = false
"""
    )
    found = load(tmp_path)
    assert found.file == tmp_path / "edgelint.toml"
    assert found.select == ("kv/*",)
    assert found.extend_select == ("sql/unbound-value",)
    assert found.ignore == ("kv/unpaginated-list",)
    assert found.excluded == ("vendor/", "old")
    assert (found.strict, found.env, found.min_severity) == (True, "staging", Severity.WARNING)
    assert found.per_file_ignores == {"tests/**": ("kv/*", "syntax-error")}
    assert found.selected() == ("kv/ttl-too-short", "kv/wide-list", "sql/unbound-value")
    assert [found.option("kv/ttl-too-short", name) for name in ("minimum", "ratio", "names", "mode", "on")] == [
        30, 1, ["b"], "y", False,
    ]  # fmt: skip
    plain = found.as_dict()
    assert plain["per-file-ignores"] == {"tests/**": ["kv/*", "syntax-error"]}
    assert plain["min-severity"] == "warning"
    assert plain["rules"]["kv/ttl-too-short"]["minimum"] == 30
    assert "file" not in plain
    assert found.canonical() == load(tmp_path).canonical() != Settings().canonical()


def test_defaults(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert found == Settings()
    assert found.option("kv/ttl-too-short", "minimum") == 60
    with pytest.raises(KeyError):
        found.option("kv/ttl-too-short", "maximum")


def test_options_of_a_rule_left_at_their_defaults(tmp_path: Path) -> None:
    (tmp_path / "edgelint.toml").write_text('[rules."kv/ttl-too-short"]\nmode = "z"\n')
    found = load(tmp_path)
    assert (found.option("kv/ttl-too-short", "mode"), found.option("kv/ttl-too-short", "minimum")) == ("z", 60)


def test_pyproject_and_who_wins(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n[tool.edgelint]\nstrict = true\n")
    assert load(tmp_path).strict is True
    (tmp_path / "edgelint.toml").write_text("")
    assert load(tmp_path).strict is False
    assert load(tmp_path, tmp_path / "pyproject.toml").strict is True


def test_a_pyproject_that_is_not_about_us_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    for text in ("[tool.ruff]\n", "name = 'edgelint'\ntool = 1\n", "# edgelint\n[broken\n"):
        file.write_text(text)
        assert load(tmp_path) == Settings()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("selct = []", ["1:1: unknown key 'selct'; did you mean 'select'?"]),
        ("\n  zzzzz = 1", ["2:3: unknown key 'zzzzz'; there are env, exclude,"]),
        ("strict = 'yes'", ["1:10: 'strict' must be true or false, not a string"]),
        ("strict = 1", ["1:10: 'strict' must be true or false, not a number"]),
        ("env = []", ["1:7: 'env' must be a string, not a list"]),
        ("env = 2020-01-01", ["1:7: 'env' must be a string, not a date"]),
        ("select = 'kv/*'", ["1:10: 'select' must be a list of strings, not a string"]),
        ("select = [\n  'kv/*',\n  'kv/ttl-to-short',\n]", ["3:3: 'kv/ttl-to-short' names no rule; did you mean"]),
        ("select = ['kv/*', 1, '']", ["1:19: 'select' must hold", "1:22: 'select' must hold"]),
        ("ignore = ['internal-error']", ["1:11: 'internal-error' cannot be ignored"]),
        ("exclude = [true]", ["1:12: 'exclude' must hold strings that are not empty, not a boolean"]),
        ("min-severity = 'fatal'", ["1:16: 'min-severity' must be one of error, warning, info"]),
        ("min-severity = [1]", ["1:16: 'min-severity' must be one of"]),
        ("per-file-ignores = 1", ["1:20: 'per-file-ignores' must be a table of patterns"]),
        ("[per-file-ignores]\n'a/*' = ['kw/*']", ["2:10: 'kw/*' names no rule; did you mean 'kv/*'?"]),
        ("rules = []", ["1:9: 'rules' must be a table of rules, not a list"]),
        ("[rules.'kv/ttl-short']", ["1:8: unknown rule 'kv/ttl-short'; did you mean 'kv/ttl-too-short'?"]),
        ("[rules]\n'kv/ttl-too-short' = 1", ["2:22: 'kv/ttl-too-short' must be a table of options, not a number"]),
        (
            "[rules.'kv/ttl-too-short']\nminimun = 1\nmode = 1\nminimum = 1.5\nnames = 'a'\nratio = 'x'",
            [
                "2:1: unknown option of kv/ttl-too-short 'minimun'; did you mean 'minimum'?",
                "3:8: 'mode' must be a string, not a number",
                "4:11: 'minimum' must be a whole number, not a number",
                "5:9: 'names' must be a list of strings, not a string",
                "6:9: 'ratio' must be a number, not a string",
            ],
        ),
        ("[rules.'sql/unbound-value']\nx = 1", ["2:1: unknown option of sql/unbound-value 'x'"]),
        ("strict = true\nselct = []\nenvv = 'x'", ["2:1: ", "3:1: unknown key 'envv'; did you mean 'env'?"]),
    ],
)
def test_mistakes_say_where_and_the_nearest_name(tmp_path: Path, text: str, expected: list[str]) -> None:
    file = tmp_path / "edgelint.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(tmp_path)
    said = str(caught.value).splitlines()
    assert len(said) == len(expected) == len(caught.value.problems)
    for line, start in zip(said, expected, strict=True):
        assert line.startswith(f"{file}:{start}")


def test_places_in_pyproject(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_bytes(b"\xef\xbb\xbf# \xc3\xa9\r\n[tool.edgelint]\r\nselect = ['\xc3\xa9', 'kx/*']\r\n")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path)
    assert [(item.line, item.column) for item in caught.value.problems] == [(3, 11), (3, 16)]
    file.write_text("[tool]\nedgelint = 3\n")
    with pytest.raises(SettingsError, match=r":2:12: the settings must be a table"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["edgelint.toml", "pyproject.toml"])
def test_broken_toml(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("[tool.edgelint]\nstrict = = true\n")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path)
    [problem] = caught.value.problems
    assert (problem.path, problem.line) == (str(file), 2)
    assert problem.message


def test_settings_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "edgelint.toml"
    file.write_bytes(b"strict = true\n# \xff\n")
    with pytest.raises(SettingsError, match=r":2:3: the file is not UTF-8"):
        load(tmp_path)
    with pytest.raises(SettingsError, match=r"none\.toml:1:1: the settings cannot be read: No such file"):
        load(tmp_path, tmp_path / "none.toml")


def test_the_command_line_on_top() -> None:
    base = Settings(select=("kv/*",), extend_select=("sql/*",), ignore=("kv/ttl-too-short",), strict=True)
    assert base.override() == base
    chosen = base.override(select=["sql/unbound-value"])
    assert (chosen.select, chosen.extend_select, chosen.ignore) == (("sql/unbound-value",), (), ())
    more = base.override(extend_select=["kv/ttl-too-short"], ignore=["sql/*"])
    assert more.extend_select == ("sql/*", "kv/ttl-too-short")
    assert more.ignore == ("sql/*",)
    assert "kv/ttl-too-short" in more.selected()
    other = base.override(strict=False, env="x", min_severity=Severity.ERROR)
    assert (other.strict, other.env, other.min_severity) == (False, "x", Severity.ERROR)
    for wrong in ({"select": ["kw/*"]}, {"extend_select": ["x"]}, {"ignore": ["internal-error"]}):
        with pytest.raises(UnknownSelector):
            base.override(**wrong)  # type: ignore[arg-type]


# Where the project begins


def tree(root: Path, *files: str) -> None:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")


def test_root_is_where_the_settings_are(tmp_path: Path) -> None:
    tree(tmp_path, ".git/x", "app/wrangler.jsonc", "app/src/index.ts")
    (tmp_path / "edgelint.toml").write_text("")
    assert find_root([tmp_path / "app/src"]) == tmp_path
    assert find_root([tmp_path / "app/src"], ignore_settings=True) == tmp_path / "app"
    (tmp_path / "app/pyproject.toml").write_text("[tool.edgelint]\n")
    assert find_root([tmp_path / "app/src/index.ts"]) == tmp_path / "app"


def test_root_is_the_app_or_its_workspace(tmp_path: Path) -> None:
    tree(tmp_path, ".git/x", "apps/a/wrangler.toml", "apps/a/src/index.ts", "apps/b/package.json")
    assert find_root([tmp_path / "apps/a/src"]) == tmp_path / "apps/a"
    (tmp_path / "package.json").write_text('{"workspaces": ["apps/*"]}')
    assert find_root([tmp_path / "apps/a/src"]) == tmp_path
    assert find_root([tmp_path / "apps/a", tmp_path / "apps/b"]) == tmp_path
    (tmp_path / "package.json").unlink()
    (tmp_path / "pnpm-workspace.yaml").write_text("")
    assert find_root([tmp_path / "apps/a/src/index.ts"]) == tmp_path


def test_root_without_any_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "wrangler.toml", "repo/.git/x", "repo/lib/deep/a.ts")
    monkeypatch.chdir(tmp_path / "repo")
    assert find_root([Path("lib")]) == tmp_path / "repo/lib"
    assert find_root([Path("lib/deep/a.ts")]) == tmp_path / "repo"
    assert find_root([]) == tmp_path / "repo"
    monkeypatch.chdir(tmp_path / "repo/lib/deep")
    assert find_root([tmp_path / "repo/lib"]) == tmp_path / "repo/lib"


def test_a_settings_file_is_not_a_folder(tmp_path: Path) -> None:
    (tmp_path / "edgelint.toml").mkdir()
    (tmp_path / "pyproject.toml").mkdir()
    assert settings.settings_file(tmp_path) is None
