"""The dated facts: loaders and their sense."""

from __future__ import annotations

import datetime

import pytest

from edgelint.platform import bindings, compat, config_keys, d1_sql, limits


@pytest.mark.parametrize("module", [bindings, compat, config_keys])
def test_every_data_file_says_when_and_whence(module: object) -> None:
    data = module.data()  # type: ignore[attr-defined]
    assert datetime.date.fromisoformat(data["date"]) <= datetime.date(2026, 11, 24)
    assert len(data["source"]) > 20


def test_keys() -> None:
    keys = config_keys.keys()
    assert len(keys) == 91
    counted = {scope: sum(1 for key in keys.values() if key.scope == scope) for scope in ("inheritable", "own", "top")}
    assert counted == {"inheritable": 36, "own": 42, "top": 13}
    assert config_keys.scope("kv_namespaces") == "own"
    assert config_keys.scope("triggers") == "inheritable"
    assert config_keys.scope("env") == "top"
    assert config_keys.scope("nothing") is None
    assert set(bindings.by_key()) <= set(keys)
    assert config_keys.removed()["node_compat"][0] == "error"
    assert "routes" in config_keys.removed()["zone_id"][1]
    assert config_keys.removed_field("build.upload") == "use main, rules and base_dir"
    assert config_keys.removed_field("kv_namespaces[].experimental_remote") == "use remote"
    assert config_keys.removed_field("kv_namespaces[].x") is None
    assert config_keys.structure("triggers") == ["crons", "events"]
    assert config_keys.structure("vars") is None
    assert config_keys.warns("triggers")
    assert not config_keys.warns("limits")
    assert config_keys.pages_environments() == ("preview", "production")
    assert "vars" in config_keys.preview_keys()
    assert "queues.consumers[]" in config_keys.structures()


def test_flags() -> None:
    flags = compat.flags()
    assert flags["nodejs_compat"].default_from == "2026-08-04"
    assert flags["no_nodejs_compat"].on == "nodejs_compat"
    assert sum(1 for name, flag in flags.items() if name == flag.on) == 205


@pytest.mark.parametrize(
    ("name", "date", "given", "expected"),
    [
        ("nodejs_compat", "2026-08-04", [], True), ("nodejs_compat", "2026-08-03", [], False),
        ("nodejs_compat", "2020-01-01", ["nodejs_compat"], True),
        ("nodejs_compat", "2026-08-04", ["no_nodejs_compat"], False),
        ("nodejs_compat_v2", "2024-09-23", ["nodejs_compat"], True),
        ("nodejs_compat_v2", "2024-09-22", ["nodejs_compat"], False),
        ("nodejs_compat", None, [], False), ("no_such_flag", "2026-01-01", ["no_such_flag"], True),
    ],
)  # fmt: skip
def test_enabled(name: str, date: str | None, given: list[str], expected: bool) -> None:
    assert compat.enabled(name, date, given) is expected


def test_dates() -> None:
    assert compat.is_well_formed("2026-02-30")
    assert not compat.is_well_formed("2026/1/5")
    assert compat.latest_date("2999-01-01") == "2999-01-01"
    assert compat.latest_date("2000-01-01") == compat.data()["date"]
    assert compat.latest_date() >= compat.data()["date"]


def test_limits_are_what_the_evidence_says() -> None:
    assert (limits.KV_MIN_TTL, limits.KV_MAX_KEY, limits.D1_MAX_BOUND_PARAMETERS) == (60, 512, 100)
    assert limits.CRON_FIELDS[4] == ("day of the week", 1, 7)
    assert len(limits.CRON_MONTHS) == 12
    assert len(limits.CRON_WEEKDAYS) == 7
    assert limits.CRON_WEEKDAYS[0] == "SUN"


def test_what_d1_lets_sql_do() -> None:
    import apsw

    assert d1_sql.data()["seen"] >= "2026-11-25"
    connection = apsw.Connection(":memory:")
    ours = {str(row[0]) for row in connection.execute("SELECT name FROM pragma_function_list")}
    internal = {name for name in d1_sql.functions() | d1_sql.known_functions() if name.startswith("sqlite_")}
    assert d1_sql.functions() & d1_sql.known_functions() == {"load_extension"}
    assert {name for name in d1_sql.functions() if name not in ours | internal} == {
        "json_each", "json_tree", "soundex", "max_scalar", "min_scalar",  # tables; not built in; names of none
    }  # fmt: skip
    assert {"power", "ceiling", "log10"} <= d1_sql.known_functions() - d1_sql.functions()
    assert set(d1_sql.pragmas().values()) == {
        "none", "boolean", "name", "optional-name", "optional-number", "optional-number-or-name", "any",
    }  # fmt: skip
    assert d1_sql.virtual_tables() == {"fts5", "fts5vocab", "rtree", "rtree_i32"}
    assert d1_sql.name_allowed("cf_x")
    assert not d1_sql.name_allowed("_CF_KV")


@pytest.mark.parametrize(
    ("name", "argument", "allowed"),
    [
        ("foreign_keys", None, True), ("FOREIGN_KEYS", "ON", True), ("foreign_keys", "'yes'", True),
        ("foreign_keys", "2", False), ("table_info", None, False), ("table_info", "users", True),
        ("foreign_key_check", None, True), ("foreign_key_check", "_cf_KV", False), ("quick_check", "-1", True),
        ("optimize", "-1", True), ("optimize", "0x10002", True), ("optimize", "0x80000000", False),
        ("optimize", "007", True),
        ("optimize", "-2147483648", True), ("optimize", "1e1", False),
        ("data_version", None, True), ("data_version", "1", False),
        ("table_list", "anything", True), ("journal_mode", None, False),
    ],
)  # fmt: skip
def test_pragmas(name: str, argument: str | None, allowed: bool) -> None:
    assert d1_sql.pragma_allowed(name, argument) == allowed
