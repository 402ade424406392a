"""A wrangler config as facts."""

from __future__ import annotations

import pytest

from edgelint.diagnostics import Span
from edgelint.platform import bindings
from edgelint.project import dotenv, wrangler
from edgelint.project.wrangler import WranglerConfig
from edgelint.source import Source

SEED = """\
name = "my-edge-app"
main = "src/index.js"
compatibility_date = "2026-01-15"
compatibility_flags = ["nodejs_compat"]

[env.production]
name = "my-edge-app-prod"
kv_namespaces = [
  { binding = "CACHE", id = "abc123" }
]

[[d1_databases]]
binding = "DB"
database_name = "my-app-db"
database_id = "def456"

[triggers]
crons = ["* * * * *"]
"""


def toml(text: str, path: str = "wrangler.toml") -> WranglerConfig:
    return wrangler.load(path, Source(path, text.encode()))


def json(text: str, path: str = "wrangler.jsonc") -> WranglerConfig:
    return wrangler.load(path, Source(path, text.encode()))


def at(config: WranglerConfig, span: Span) -> str:
    assert span.path == config.path
    return config.source.slice(span.start, span.end)


def test_the_guides_config() -> None:
    config = toml(SEED, "apps/a/wrangler.toml")
    assert (config.directory, config.format, config.name) == ("apps/a", "toml", "my-edge-app")
    assert config.main == "src/index.js"
    assert config.compatibility_date == "2026-01-15"
    assert config.compatibility_flags == ["nodejs_compat"]
    assert not config.broken
    assert not config.is_pages
    top, production = config.environments
    assert [top.name, production.name] == [None, "production"]
    assert list(top.bindings) == ["DB"]
    assert list(production.bindings) == ["CACHE"]
    cache = production.bindings["CACHE"][0]
    assert (cache.kind, cache.config_key) == ("kv", "kv_namespaces")
    assert (cache.environment, cache.id) == ("production", "abc123")
    assert at(config, cache.span) == "CACHE"
    assert cache.text("id") == "abc123"
    assert cache.field("missing") is None
    assert cache.text("missing") is None
    database = top.bindings["DB"][0]
    assert (database.kind, database.id) == ("d1", "def456")
    assert at(config, database.span) == "DB"
    assert at(config, top.span) == "my-edge-app"
    assert at(config, production.span) == "production"
    assert at(config, config.span_of(config.main_value)) == '"src/index.js"'  # type: ignore[arg-type]
    assert at(config, config.inner_span(config.main_value)) == "src/index.js"  # type: ignore[arg-type]
    assert config.relative("src/index.js") == "apps/a/src/index.js"
    assert config.relative("../../../x.ts") == "../x.ts"
    assert config.environment("production") is production
    assert config.environment(None) is top
    assert config.environment("staging") is None
    assert [d.name for d in config.declarations()] == ["DB", "CACHE"]
    assert "CACHE: kv in production" in repr(cache)
    assert repr(production) == "Environment(environment 'production')"


def test_inheritance() -> None:
    _, production = toml(SEED).environments
    crons = production.get("triggers")
    assert crons is not None
    assert crons.plain() == {"crons": ["* * * * *"]}
    assert not production.declares("triggers")
    assert production.get("d1_databases") is None
    assert production.get("name").value == "my-edge-app-prod"  # type: ignore[union-attr]
    assert production.get("env") is not None
    assert production.get("no_such_key") is None
    assert production.home("triggers").name is None  # type: ignore[union-attr]
    inherited = json('{"assets": {"directory": "x", "binding": "ASSETS"},'
                     ' "env": {"a": {}, "b": {"assets": {"directory": "y"}}}}')  # fmt: skip
    assert [list(environment.bindings) for environment in inherited.environments] == [["ASSETS"], ["ASSETS"], []]


def test_pages_falls_back() -> None:
    config = json('{"pages_build_output_dir": "dist", "kv_namespaces": [{"binding": "KV", "id": "1"}],'
                  ' "env": {"preview": {}, "production": {"vars": {"A": "1"}}}}')  # fmt: skip
    assert config.is_pages
    assert [list(environment.bindings) for environment in config.environments] == [["KV"], ["KV"], ["A"]]


def test_every_shape_of_binding() -> None:
    config = json("""{
      "durable_objects": {"bindings": [{"name": "ROOM", "class_name": "Room"}]},
      "queues": {"producers": [{"binding": "Q", "queue": "q"}], "consumers": [{"queue": "q"}]},
      "ai": {"binding": "AI"}, "send_email": [{"name": "MAIL"}, {"binding": "OLD"}], "vars": {"A": "x", "B": {"c": 1}},
      "secrets": {"required": ["KEY", 1]}, "unsafe": {"bindings": [{"name": "U", "type": "x"}]},
      "wasm_modules": {"W": "w.wasm"}, "assets": {"directory": "x"}, "version_metadata": {"binding": "V"},
      "worker_loaders": [{"binding": "L"}], "r2_buckets": [{"binding": ""}, {}, 1, {"binding": 3}],
      "kv_namespaces": "wrong", "d1_databases": {"binding": "DB"}, "services": [{"binding": "S", "service": "s"}]
    }""")  # fmt: skip
    kinds = {name: [d.kind for d in same] for name, same in config.top.bindings.items()}
    assert kinds == {
        "ROOM": ["durable-object"], "Q": ["queue"], "AI": ["ai"], "MAIL": ["send-email"], "OLD": ["send-email"],
        "A": ["var"], "B": ["var"], "KEY": ["secret"], "U": ["unsafe"], "W": ["wasm-module"], "V": ["version-metadata"],
        "L": ["worker-loaders"], "S": ["service"],
    }  # fmt: skip
    room, value = config.top.bindings["ROOM"][0], config.top.bindings["A"][0]
    assert (room.id, at(config, room.span)) == ("Room", "ROOM")
    assert (at(config, value.span), value.value.text(), value.field("x")) == ("A", "x", None)
    assert at(config, config.top.bindings["KEY"][0].span) == "KEY"


def test_an_unsafe_binding_may_be_of_a_known_kind() -> None:
    config = json("""{"unsafe": {"bindings": [
      {"name": "LIMITER", "type": "ratelimit", "namespace_id": "7"}, {"name": "A", "type": 1}, {"name": "B"},
      {"name": "C", "type": "other"}, {"type": "ratelimit"}
    ]}}""")
    assert {name: [(d.kind, d.config_key, d.id) for d in same] for name, same in config.top.bindings.items()} == {
        "LIMITER": [("rate-limit", "unsafe", "7")], "A": [("unsafe", "unsafe", None)],
        "B": [("unsafe", "unsafe", None)], "C": [("unsafe", "unsafe", None)],
    }  # fmt: skip


def test_duplicates_are_all_there() -> None:
    config = json('{"vars": {"X": "1"}, "kv_namespaces": [{"binding": "X"}, {"binding": "X"}]}')
    assert [d.kind for d in config.top.bindings["X"]] == ["var", "kv", "kv"]


def test_keys_with_and_without_quotes() -> None:
    config = toml("vars = { 'A' = \"1\", B = '''2''' }\nname = \"\"\"n\"\"\"\n")
    assert [at(config, d.span) for d in config.declarations()] == ["A", "B"]
    assert at(config, config.top.span) == "n"
    assert config.top.bindings["B"][0].value.text() == "2"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "1", "{", '{"env": []}', '{"env": {"a": 1}}', '{"name": 1, "main": [], "compatibility_flags": {"a": 1}}',
     '{"queues": [], "durable_objects": "x", "secrets": ["A"], "vars": [1], "env": {"a": {"vars": 3}}}', "\ufeff{}"],
)  # fmt: skip
def test_any_document_loads(text: str) -> None:
    config = json(text)
    assert config.environments[0].name is None
    assert config.name is None
    assert config.main is None
    assert config.compatibility_flags == []
    assert config.compatibility_date is None
    for environment in config.environments:
        assert environment.bindings == {}
    assert config.broken == (text in ("", "[]", "1", "{"))


def test_secret_names() -> None:
    config = toml('[secrets]\nrequired = ["A"]\n[env.p.secrets]\nrequired = ["P"]\n')
    config.local_values = [
        dotenv.load(".dev.vars.example", Source(".dev.vars.example", b"A=\nE=x\n")),
        dotenv.load(".dev.vars", Source(".dev.vars", b"E=1\nL=2\n")),
    ]
    names = config.secret_names()
    assert set(names) == {"A", "E", "L"}
    assert (names["A"].path, names["E"].path, names["L"].path) == ("wrangler.toml", ".dev.vars", ".dev.vars")
    assert set(config.secret_names("p")) == {"P", "A", "E", "L"}
    assert config.is_example(config.secret_names("p")["A"])
    assert not config.is_example(names["A"])
    assert set(config.secret_names("missing")) == {"A", "E", "L"}


def test_a_repeated_environment_counts_once() -> None:
    config = json('{"env": {"a": {"vars": {"X": "1"}}, "a": {"vars": {"Y": "1"}}}}')
    assert [list(environment.bindings) for environment in config.environments] == [[], ["Y"]]


def test_the_tables_of_kinds_fit_together() -> None:
    kinds = bindings.by_key()
    assert len(kinds) == len(bindings.by_kind())
    for kind in kinds.values():
        assert kind.label
        assert set(kind.required) <= set(kind.fields)
        assert not kind.name or kind.name in kind.fields or kind.kind == "unsafe"
        assert not kind.resource or kind.resource in kind.fields
    assert bindings.kinds_of_types()["Fetcher"] >= {"service", "assets"}
    assert bindings.kinds_of_verb("prepare") == {"d1"}
    assert bindings.label("kv") == "a KV namespace"
    assert bindings.label("something") == "something"
