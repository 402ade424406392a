"""The config as plain values in one environment, the workers that belong together, and local values."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.testing import config as configs
from edgelint.testing.edge import Edge, Options
from edgelint.testing.errors import EdgeUsageError, UnsupportedBindingError
from edgelint.testing.session import App, local_values
from edgelint.testing.world import World

CONFIG = """
name = "shop"
main = "src/entry.py"
compatibility_date = "2026-03-01"
compatibility_flags = ["python_workers"]
vars = { GREETING = "hello", LIMITS = { daily = 3 } }

[[kv_namespaces]]
binding = "CACHE"
id = "abc"

[[kv_namespaces]]
binding = "SAME"
id = "abc"

[[services]]
binding = "MAILS"
service = "mails"

[secrets]
required = ["TOKEN"]

[env.staging]
kv_namespaces = [{ binding = "CACHE", id = "def" }]
vars = { GREETING = "staging" }
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_the_top_level(tmp_path: Path) -> None:
    config = configs.read(write(tmp_path, {"wrangler.toml": CONFIG}) / "wrangler.toml")
    assert (config.name, config.environment, config.main) == ("shop", None, tmp_path / "src/entry.py")
    assert config.is_python
    assert (config.compatibility_date, config.compatibility_flags) == ("2026-03-01", ("python_workers",))
    assert [(each.name, each.kind, each.resource, each.worker) for each in config.bindings] == [
        ("CACHE", "kv", "abc", "shop"), ("SAME", "kv", "abc", "shop"), ("MAILS", "service", "mails", "shop"),
    ]  # fmt: skip
    assert config.bindings[2].fields == {"binding": "MAILS", "service": "mails"}
    assert config.vars == {"GREETING": "hello", "LIMITS": {"daily": 3}}
    assert config.secrets == ("TOKEN",)
    assert config.get("vars", "LIMITS", "daily") == 3
    assert config.get("vars", "GREETING", "deeper") is None


def test_an_environment_inherits_as_wrangler_does(tmp_path: Path) -> None:
    config = configs.read(write(tmp_path, {"wrangler.toml": CONFIG}) / "wrangler.toml", "staging")
    assert config.name == "shop-staging"
    assert [(each.name, each.resource) for each in config.bindings] == [("CACHE", "def")]
    assert config.vars == {"GREETING": "staging"}
    assert config.main == tmp_path / "src/entry.py"


@pytest.mark.parametrize(
    ("text", "environment", "said"),
    [
        ("name = \n", None, r"wrangler\.toml:1:\d+: "),
        (CONFIG, "prod", r"there is no environment 'prod' \(known: 'staging'\)"),
        ("name = 'a'", "prod", r"\(known: none\)"),
    ],
)
def test_what_is_wrong_has_its_place(tmp_path: Path, text: str, environment: str | None, said: str) -> None:
    path = write(tmp_path, {"wrangler.toml": text}) / "wrangler.toml"
    with pytest.raises(EdgeUsageError, match=said):
        configs.read(path, environment)


def test_a_config_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EdgeUsageError, match="cannot be read"):
        configs.read(tmp_path / "wrangler.toml")
    with pytest.raises(EdgeUsageError, match="there is no wrangler config in"):
        App.load(tmp_path, None, tmp_path)


def test_a_bare_config(tmp_path: Path) -> None:
    path = write(tmp_path / "folder", {"wrangler.jsonc": '{"main": 3, "compatibility_flags": "x"}'}) / "wrangler.jsonc"
    config = configs.read(path)
    assert (config.name, config.main, config.is_python) == ("folder", None, False)
    assert (config.compatibility_date, config.compatibility_flags) == ("2021-11-02", ())
    assert configs.find(tmp_path / "folder") == path


def test_the_first_of_the_names_is_the_config(tmp_path: Path) -> None:
    write(tmp_path, {"wrangler.toml": CONFIG, "wrangler.json": '{"name": "json"}'})
    assert App.load(tmp_path, None, tmp_path).config.name == "json"


def test_local_values_are_those_of_the_environment(tmp_path: Path) -> None:
    write(tmp_path, {"wrangler.toml": CONFIG, ".env": "TOKEN=env\n", ".dev.vars.staging": "TOKEN='st ag'\nEMPTY\n"})
    path = tmp_path / "wrangler.toml"
    assert local_values(configs.read(path)) == {"TOKEN": "env"}
    assert local_values(configs.read(path, "staging")) == {"TOKEN": "st ag"}
    write(tmp_path, {".dev.vars": "TOKEN=dev # not this\nOTHER=\"a\\nb\"\n"})
    assert local_values(configs.read(path)) == {"TOKEN": "dev", "OTHER": "a\nb"}


def test_without_local_values(tmp_path: Path) -> None:
    assert local_values(configs.read(write(tmp_path, {"wrangler.toml": CONFIG}) / "wrangler.toml")) == {}


def test_other_workers_of_the_repository(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "wrangler.toml": CONFIG,
            "packages/mails/wrangler.jsonc": '{"name": "mails"}',
            "packages/broken/wrangler.jsonc": "{",
            "node_modules/x/wrangler.jsonc": '{"name": "hidden"}',
            "a/b/c/d/e/f/wrangler.jsonc": '{"name": "deep"}',
        },
    )
    app = App.load(tmp_path, None, tmp_path)
    assert sorted(app.others()) == ["mails"]
    assert app.others() is app.others()


def test_a_config_that_a_build_wrote_is_no_worker(tmp_path: Path) -> None:
    """Wrangler deploys it instead of the source; a test runs the source, and says where the other is when it cannot."""
    redirect = '{"configPath": "../../out/wrangler.json"}'
    files = {"wrangler.jsonc": '{"name": "mails"}', ".wrangler/deploy/config.json": redirect}
    made = {"out/wrangler.json": '{"name": "mails-made"}', "other/wrangler.json": '{"name": "other"}'}
    packages = {f"packages/mails/{name}": text for name, text in {**files, **made}.items()}
    write(tmp_path, {**files, **made, **packages})
    app = App.load(tmp_path, None, tmp_path)
    assert app.config.name == "mails"
    assert sorted(app.others()) == ["mails", "other"]
    assert app.others()["mails"].root == tmp_path / "packages/mails"
    hint = r".* \(a build wrote out/wrangler.json, which wrangler deploys instead: to test that, name it with"
    for text, told in (
        ('{"name": "mails"}', "has no 'main': there is nothing"), ('{"main": "gone.py"}', "not there: .*gone.py"),
    ):  # fmt: skip
        edge = Edge(App.load(write(tmp_path, {"wrangler.jsonc": text}), None, tmp_path), Options())
        with pytest.raises(EdgeUsageError, match=told + hint):
            edge.get("/")
        edge.close()


def test_a_worker_that_cannot_be_run_says_so_when_it_is_needed(tmp_path: Path) -> None:
    world = World()
    path = write(tmp_path, {"wrangler.toml": CONFIG}) / "wrangler.toml"
    world.add(configs.read(path))
    with pytest.raises(EdgeUsageError, match="worker 'shop' is not running"):
        world.host_of(None)
    with pytest.raises(EdgeUsageError, match=r"no worker 'other' in this test \(there are: 'shop'\)"):
        world.host_of("other")
    world.close()


def test_bindings_are_made_when_they_are_touched(tmp_path: Path) -> None:
    text = '{"name": "a", "kv_namespaces": [{"binding": "K"}], "images": {"binding": "PICTURES"}, "vars": {"V": 1}}'
    world = World()
    worker = world.add(configs.read(write(tmp_path, {"wrangler.json": text}) / "wrangler.json"))
    assert worker.names() == ["K", "PICTURES", "V"]
    assert worker.binding("V") is None
    assert worker.binding("K") is worker.binding("K")
    assert worker.unsupported("K") is None
    with pytest.raises(UnsupportedBindingError, match="PICTURES is the Images binding: edgelint has no fake of that"):
        worker.binding("PICTURES")
    assert "no fake" in (worker.unsupported("PICTURES") or "")
    world.close()
