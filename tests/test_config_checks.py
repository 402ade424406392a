"""Config rules beyond their documents: what must stay silent, what must not crash, and the finer words."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import edgelint.checks.config
import edgelint.checks.do_config  # noqa: F401  registers the checks
from edgelint.checks import CHECKS
from edgelint.platform import config_keys
from edgelint.project.project import Project
from edgelint.settings import load

HELLO = 'export default { async fetch() { return new Response("hello"); } };\n'
HEAD = 'name = "app"\nmain = "src/index.js"\ncompatibility_date = "2026-01-15"\n'
RANDOM = "q7Zt9LmP2xKv8RwB4nYcH3sF"


class Said(NamedTuple):
    path: str
    text: str
    severity: str | None
    message: str


def said(root: Path, rule: str, files: dict[str, str], focus: str | None = None) -> list[Said]:
    for name, text in files.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
    project = Project.load(root, load(root))
    if focus is not None:
        project = project.focus(focus)
    found = []
    for finding in sorted(CHECKS[rule](project), key=lambda finding: finding.span):
        data = (root / finding.span.path).read_bytes()
        text = data[finding.span.start : finding.span.end].decode()
        severity = finding.severity.value if finding.severity else None
        found.append(Said(finding.span.path, text, severity, finding.message))
    return found


def app(config: str, code: str = HELLO, **more: str) -> dict[str, str]:
    return {"wrangler.toml": HEAD + config, "src/index.js": code, **more}


@pytest.mark.parametrize("rule", [rule for rule in CHECKS if rule.startswith(("config/", "durable-objects/"))])
@pytest.mark.parametrize(
    "text",
    [
        "", "[", "name = ", "vars = 1\nenv = 2\nmigrations = 3\ntriggers = 4\nqueues = 5\nexports = 6\nmain = 7\n",
        "[env]\na = 1\n[env.b]\nmain = 1\nvars = 1\ntriggers = {crons = 1}\n[env.c.triggers]\ncrons = [1, '']\n",
        ("kv_namespaces = [1, {}, {binding = 1}, {binding = 'X', id = 1}]\ncompatibility_flags = [1, '']\n"
        "compatibility_date = 1\nmigrations = [1, {new_classes = [1], renamed_classes = [1, {}]}]\nexports = {A = 1}\n"
        "[queues]\nconsumers = [1, {queue = 1}]\nproducers = 1\n[vars]\na = [1, ['x', {b = 1}]]\n"),
    ],
)  # fmt: skip
def test_no_config_makes_a_check_fail(tmp_path: Path, rule: str, text: str) -> None:
    found = said(tmp_path, rule, {"wrangler.toml": text, "src/index.js": HELLO})
    assert all(item.message for item in found)


@pytest.mark.parametrize("rule", [rule for rule in CHECKS if rule.startswith("config/")])
def test_nothing_is_concluded_from_a_config_that_does_not_parse(tmp_path: Path, rule: str) -> None:
    broken = HEAD + 'usage_model = "x"\n[triggers]\ncrons = ["0 0 * * 0"]\n[[kv_namespaces]\nbinding = "A"\n'
    code = "export default { async fetch(r, env) { return new Response(await env.X.getWithMetadata(env.Y)); } };"
    if rule != "config/secret-in-vars":
        assert said(tmp_path, rule, {"wrangler.toml": broken, "src/index.js": code}) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "X", "0 0 * * 0", "2026-01-01",
        "src/index.js"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["binding", "name", "id", "class_name", "crons", "bindings", "producers", "consumers",
            "queue", "required",
                         "new_classes", "vars", "main", "A", "env", "type"]), inner, max_size=3
    ),
    max_leaves=8,
)  # fmt: skip
KEYS = st.sampled_from([*config_keys.keys(), *config_keys.removed(), "nonsense"])


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEYS, JSON, max_size=5), st.dictionaries(KEYS, JSON, max_size=4), st.booleans())
def test_whatever_a_config_holds(top: dict[str, object], place: dict[str, object], broken: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        text = json.dumps({**top, "env": {"p": place}}) + ("]" if broken else "")
        files = {"wrangler.json": text, "src/index.js": HELLO, "package.json": '{"scripts": {"d": "wrangler deploy '
            '-e q"}}'}
        for rule in CHECKS:
            if rule.startswith("config/") or rule.endswith(("/missing-migration", "/legacy-storage")):
                for item in said(Path(folder), rule, files):
                    assert item.message


class TestKeys:
    def test_a_table_further_up_takes_a_key(self, tmp_path: Path) -> None:
        config = '[observability]\nenabled = true\nroutes = ["a.com/*"]\n[dev]\nport = 1\nmigrations = []\n'
        found = said(tmp_path, "config/misplaced-key", app(config))
        assert [(item.text, item.severity) for item in found] == [("routes", None), ("migrations", None)]
        assert "[observability]" in found[0].message

    def test_the_same_names_as_fields_are_fine(self, tmp_path: Path) -> None:
        config = (
            "[limits]\ncpu_ms = 50\n[build]\ncommand = 'x'\n[[workflows]]\nbinding = 'W'\nname = 'w'\nclass_name = "
            "'W'\n"
            "limits = {steps = 1}\n[[services]]\nbinding = 'S'\nservice = 's'\nprops = {name = 'x', main = 'y', "
            "vars = 1}\n"
        )
        assert said(tmp_path, "config/misplaced-key", app(config)) == []
        assert said(tmp_path, "config/unknown-key", app(config)) == []

    @pytest.mark.parametrize(
        "config",
        [
            # its own bindings, all of them
            ("[env.p]\nname = 'p'\n\nkv_namespaces = [{binding='A'}]\nd1_databases = [{binding='B'}]\n"
            "[[d1_databases]]\nbinding='B'\n"),
            # no blank line, no comment
            "[env.p]\nname = 'p'\nkv_namespaces = [{binding='A'}]\n[[d1_databases]]\nbinding='B'\n",
            # declared at the top level as well
            ("kv_namespaces = [{binding='A'}]\n[env.p]\n\nkv_namespaces = [{binding='A'}]\n[[d1_databases]]\n"
            "binding='B'\n"),
            # by another environment as well
            "[env.p]\n\nkv_namespaces = [{binding='A'}]\n[env.q]\nkv_namespaces = []\n[[d1_databases]]\nbinding='B'\n",
            # nothing at the top level afterwards
            "d1_databases = [{binding='B'}]\n[env.p]\nname = 'p'\n\nkv_namespaces = [{binding='A'}]\n",
            # tables say where they belong
            "[env.p]\n\n[[env.p.kv_namespaces]]\nbinding='A'\n[[d1_databases]]\nbinding='B'\n",
        ],
    )  # fmt: skip
    def test_bindings_that_an_environment_is_meant_to_have(self, tmp_path: Path, config: str) -> None:
        assert said(tmp_path, "config/misplaced-key", app(config)) == []

    def test_json_has_no_tables(self, tmp_path: Path) -> None:
        config = (
            '{"env": {"p": {\n\n"kv_namespaces": [{"binding": "A"}]}}, "d1_databases": [{"binding": "B"}], '
            '"vars": {"main": 1}}'
        )
        assert said(tmp_path, "config/misplaced-key", {"wrangler.json": config}) == []

    @pytest.mark.parametrize(
        ("version", "severity"), [("^4.1.0", "error"), ("~3.109.0", "warning"), ("2.0.7", "warning"), ("latest",
        "error")]
    )
    def test_an_older_wrangler_takes_node_compat(self, tmp_path: Path, version: str, severity: str) -> None:
        manifest = json.dumps({"devDependencies": {"wrangler": version}, "dependencies": []})
        found = said(tmp_path, "config/unknown-key", {**app("node_compat = true\n"), "package.json": manifest})
        assert [(item.text, item.severity) for item in found] == [("node_compat", severity)]

    def test_fields_that_are_gone(self, tmp_path: Path) -> None:
        config = "[[kv_namespaces]]\nbinding = 'A'\nexperimental_remote = true\nnonsense = 1\n"
        found = said(tmp_path, "config/unknown-key", app(config))
        assert [item.text for item in found] == ["experimental_remote", "nonsense"]
        assert "use remote" in found[0].message
        assert "did you mean" not in found[1].message

    def test_where_wrangler_is_silent_only_a_slip_is_told(self, tmp_path: Path) -> None:
        config = "[ai]\nbinding = 'AI'\nnonsense = 1\n[[services]]\nbinding = 'S'\nservise = 's'\n"
        found = said(tmp_path, "config/unknown-key", app(config))
        assert [item.text for item in found] == ["servise"]
        assert "did you mean `service`" in found[0].message


class TestValues:
    def test_main_elsewhere(self, tmp_path: Path) -> None:
        manifest = json.dumps({"dependencies": {"some-adapter": "1"}})
        for main in ("../other/index.js", "/abs.js", "@scope/pkg/entry", "virtual:entry", "some-adapter/entry",
            "build/index.js",
                     ".output/server/index.mjs", "node_modules/x/index.js"):  # fmt: skip
            files = {"wrangler.toml": f'main = "{main}"\n', "package.json": manifest}
            assert said(tmp_path, "config/main-not-found", files) == []

    def test_main_with_a_candidate_and_without(self, tmp_path: Path) -> None:
        files = {"a/wrangler.toml": 'main = "src/worker.js"\n', "a/src/worker.mts": HELLO,
            "b/wrangler.toml": 'main = "x.js"\n'}
        found = said(tmp_path, "config/main-not-found", files)
        assert [(item.path, item.text) for item in found] == [("a/wrangler.toml", "src/worker.js"),
            ("b/wrangler.toml", "x.js")]
        assert "a/src/worker.mts is there" in found[0].message
        assert "is there" not in found[1].message

    def test_terraform_deploys(self, tmp_path: Path) -> None:
        files = app("kv_namespaces = [{binding = 'A', id = 'abc123'}]\n[env.x]\nmain = 'nowhere.js'\n")
        assert said(tmp_path, "config/placeholder-id", files)
        assert said(tmp_path, "config/main-not-found", files)
        files["infra/main.tf"] = 'resource "cloudflare_record" "x" {}'
        assert said(tmp_path, "config/placeholder-id", files)
        (tmp_path / "infra/Pulumi.yaml").write_text("name: x")
        assert said(tmp_path, "config/placeholder-id", files) == []
        (tmp_path / "infra/Pulumi.yaml").unlink()
        files["infra/main.tf"] = 'resource "cloudflare_workers_script" "x" {}'
        assert said(tmp_path, "config/placeholder-id", files) == []
        assert said(tmp_path, "config/main-not-found", files) == []

    def test_secrets_in_lists_and_in_test_configs(self, tmp_path: Path) -> None:
        text = f'[vars]\nAPI_KEY = ["{RANDOM}"]\n[env.test.vars]\nAPI_KEY = "{RANDOM}"\n'
        assert [item.text for item in said(tmp_path, "config/secret-in-vars", {"wrangler.toml": text})] == ["API_KEY"]
        assert said(tmp_path / "x", "config/secret-in-vars", {"tests/wrangler.toml": text}) == []

    def test_keys_that_are_public_by_their_names(self, tmp_path: Path) -> None:
        text = f'[vars]\nSHOPIFY_API_KEY = "{RANDOM}"\nFIREBASE_API_KEY = "{RANDOM}"\nSHOPIFY_API_SECRET = "{RANDOM}"\n'
        found = said(tmp_path, "config/secret-in-vars", {"wrangler.toml": text})
        assert [item.text for item in found] == ["SHOPIFY_API_SECRET"]

    def test_a_secret_is_never_in_the_message(self, tmp_path: Path) -> None:
        password = "Vw8sKq2ZpL"
        text = (
            f'[vars]\nAPI_KEY = "{RANDOM}"\nURL = "https://u:{password}@acme.io"\n[[hyperdrive]]\nbinding = "H"\nid '
            f'= "1"\n'
            f'localConnectionString = "postgres://u:{password}@db.acme.io/x"\n[[hyperdrive]]\nbinding = "L"\nid = "1"\n'
            f'localConnectionString = "postgres://u:{password}@localhost/x"\n[[hyperdrive]]\nbinding = "N"\nid = "1"\n'
        )
        found = said(tmp_path, "config/secret-in-vars", {"wrangler.toml": text})
        assert [item.text for item in found] == ["API_KEY", "URL", "localConnectionString"]
        assert RANDOM not in str(found)
        assert password not in str(found)

    def test_placeholders_of_other_kinds(self, tmp_path: Path) -> None:
        config = (
            "[[queues.producers]]\nbinding = 'Q'\nqueue = '<QUEUE_NAME>'\n[[r2_buckets]]\nbinding = 'B'\n"
            "bucket_name = 'your-bucket-name'\n"
            "[[r2_buckets]]\nbinding = 'C'\nbucket_name = 'example'\n[ai]\nbinding = 'AI'\n"
        )
        found = said(tmp_path, "config/placeholder-id", app(config))
        assert [item.text for item in found] == ["<QUEUE_NAME>", "your-bucket-name"]
        assert said(tmp_path / "x", "config/placeholder-id", {"e2e/wrangler.toml": config}) == []

    def test_the_date_may_come_from_the_build(self, tmp_path: Path) -> None:
        files = {"wrangler.toml": 'main = "src/index.js"\n', "src/index.js": HELLO}
        assert [item.text for item in said(tmp_path, "config/invalid-compatibility-date", files)] == ["main"]
        files["package.json"] = json.dumps({"devDependencies": {"@cloudflare/vite-plugin": "1"}})
        assert said(tmp_path, "config/invalid-compatibility-date", files) == []

    def test_today_is_an_option(self, tmp_path: Path) -> None:
        files = {"wrangler.toml": 'main = "src/index.js"\ncompatibility_date = "2998-01-01"\n', "src/index.js": HELLO}
        assert len(said(tmp_path, "config/invalid-compatibility-date", files)) == 1
        files["edgelint.toml"] = '[rules."config/invalid-compatibility-date"]\ntoday = "2999-01-01"\n'
        assert said(tmp_path, "config/invalid-compatibility-date", files) == []

    def test_flags(self, tmp_path: Path) -> None:
        config = (
            'compatibility_flags = ["nodejs_compat", "nodejs_compat_v2", "experimental:nodejs_als", '
            '"python_workers_development"]\n'
        )
        found = said(tmp_path, "config/unknown-compatibility-flag", app(config + "[env.a]\ncompatibility_flags = "
            "'x'\n"))
        assert [(item.text, item.severity) for item in found] == [
            ("nodejs_compat_v2", None), ("python_workers_development", "warning"),
        ]  # fmt: skip

    def test_a_cron_with_an_escape_is_flagged_whole(self, tmp_path: Path) -> None:
        config = '{"triggers": {"crons": ["\\u0030 0 * * 0"]}}'
        [found] = said(tmp_path, "config/invalid-cron", {"wrangler.json": config})
        assert found.text == "\\u0030 0 * * 0"


class TestEnvironments:
    def test_pages_and_other_folders(self, tmp_path: Path) -> None:
        files = {
            "wrangler.toml": 'pages_build_output_dir = "x"\n', "package.json": '{"scripts": {"d": "wrangler dev -e '
                'qa"}}',
            "b/package.json": '{"scripts": {"d": "wrangler dev -e qa"}}', "c/wrangler.json": "{",
            "c/package.json": '{"scripts": {"d": "wrangler dev -e qa"}}',
        }  # fmt: skip
        assert said(tmp_path, "config/missing-environment", files) == []

    def test_a_named_config(self, tmp_path: Path) -> None:
        files = {
            "other.toml": "[env.qa]\n", "package.json": '{"scripts": {"d": "wrangler dev -c other.toml -e prod && '
                                                        'vite"}}',
        }  # fmt: skip
        [found] = said(tmp_path, "config/missing-environment", files)
        assert found.text == "prod"
        assert "it defines qa" in found.message
        assert said(tmp_path, "config/missing-environment", files, focus="package.json")
        assert said(tmp_path, "config/missing-environment", files, focus="other.toml") == []

    def test_workflows_of_a_project(self, tmp_path: Path) -> None:
        files = {**app("[env.p]\n"), ".github/workflows/d.yml": "steps:\n  - run: wrangler deploy -e q\n  - run: "
            "npm test\n"}
        [found] = said(tmp_path, "config/missing-environment", files)
        assert (found.path, found.text) == (".github/workflows/d.yml", "q")

    CODE = (
        "export default { async fetch(r, env) { await env.KV.put('a', env.REGION); return new "
        "Response(env.TOKEN); } };"
    )

    @pytest.mark.parametrize(
        ("config", "expected"),
        [
            ("kv_namespaces = [{binding='KV'}]\n[env.prod]\n", [("KV", "error")]),
            ("kv_namespaces = [{binding='KV'}]\n[env.dev]\n", [("KV", "warning")]),
            ("kv_namespaces = [{binding='OTHER'}]\n[env.prod]\n", []),
            ("[vars]\nREGION='eu'\nTOKEN='abc'\nOTHER='x'\n[env.prod]\n", [("REGION", "warning")]),
            ("[vars]\nREGION='<placeholder>'\n[env.prod]\n", []),
            ("[env.prod.vars]\nREGION='eu'\n", []),
            ("[secrets]\nrequired=['TOKEN']\n[env.prod]\n", []),
            ("[assets]\ndirectory='x'\nbinding='KV'\n[env.prod]\n", []),
            ("[env.a]\nkv_namespaces=[{binding='KV'}]\n[env.b]\nkv_namespaces=[{binding='KV'}]\n[env.c]\n", [("KV",
            "warning")]),
            ("r2_buckets=[{binding='B'}]\n[env.a]\nkv_namespaces=[{binding='KV'}]\n", [("KV", "warning")]),
        ],
    )  # fmt: skip
    def test_bindings(self, tmp_path: Path, config: str, expected: list[tuple[str, str]]) -> None:
        found = said(tmp_path, "config/binding-missing-in-environment", app(config, self.CODE))
        assert [(item.text, item.severity) for item in found] == expected

    def test_code_that_is_not_known(self, tmp_path: Path) -> None:
        config = 'main = "dist/x.js"\nkv_namespaces = [{binding="KV"}]\n[vars]\nA = "1"\n[env.prod]\n'
        [found] = said(tmp_path, "config/binding-missing-in-environment", {"wrangler.toml": config})
        assert (found.text, found.severity) == ("KV", "warning")
        assert "only the top level declares a KV namespace of that name" in found.message


class TestBindings:
    def test_duplicates(self, tmp_path: Path) -> None:
        config = (
            "kv_namespaces = [{binding='A'}, {binding='A'}, {binding='A'}]\n[secrets]\nrequired=['V']\n[vars]\n"
            "V='1'\n[env.p.ai]\nbinding='A'\n"
        )
        found = said(tmp_path, "config/duplicate-binding", app(config))
        assert [(item.text, item.severity) for item in found] == [("A", None), ("A", None), ("V", None)]
        assets = (
            "{\"assets\": {\"directory\": \"x\", \"binding\": \"A\"}, \"ai\": {\"binding\": \"A\"}, \"env\": "
            "{\"p\": {\"ai\": {\"binding\": \"A\"}}}}"
        )
        found = said(tmp_path / "b", "config/duplicate-binding", {"wrangler.json": assets})
        assert [item.text for item in found] == ["A", "A"]

    def test_a_binding_by_its_type_alone(self, tmp_path: Path) -> None:
        code = (
            "interface Env { STORE: KVNamespace; MAYBE: R2Bucket | undefined; TEXT: string; LIB: Helper }\n"
            "function use(...x: unknown[]) { return String(x.length); }\n"
            "export default { async fetch(r: Request, env: Env) { return new Response(use(env.STORE, env.MAYBE, "
            "env.TEXT, env.LIB)); } };"
        )
        files = {"wrangler.toml": HEAD.replace(".js", ".ts"), "src/index.ts": code}
        assert [item.text for item in said(tmp_path, "config/undeclared-binding", files)] == ["STORE"]
        assert [item.text for item in said(tmp_path, "config/undeclared-secret", files)] == ["TEXT"]
        assert said(tmp_path, "config/undeclared-binding", files, focus="wrangler.toml") == []

    def test_several_configs_of_one_entry(self, tmp_path: Path) -> None:
        code = "export default { async fetch(r, env) { return new Response(await env.KV.get('a', env.TOKEN)); } };"
        files = app("", code)
        files["admin/wrangler.toml"] = 'main = "../src/index.js"\nkv_namespaces = [{binding = "KV"}]\n'
        [found] = said(tmp_path, "config/undeclared-binding", files)
        assert (found.severity, found.text) == ("warning", "KV")
        assert "only admin/wrangler.toml does" in found.message
        del files["admin/wrangler.toml"]
        files["tests/wrangler.toml"] = 'main = "../src/index.js"\n'
        found_ = said(tmp_path / "b", "config/undeclared-binding", files)
        assert [(item.severity, item.text) for item in found_] == [(None, "KV")]

    @pytest.mark.parametrize(
        "code",
        [
            "const release = env.A || env.X || 'none'; return new Response(release);",
            "if (env.A || env.X) return new Response('aws'); return new Response('other');",
            "const key = env.X; if (!key) return new Response('none'); return fetch(key);",
            "const key = env.X ?? null; return key === null ? new Response('none') : fetch(key);",
            "const key = env.A || env.X; return fetch(key?.url);",
            "while (env.A && env.X) { break; } return new Response('x');",
            "return new Response(typeof env.X);",
        ],
    )
    def test_code_that_can_do_without(self, tmp_path: Path, code: str) -> None:
        text = f"export default {{ async fetch(r, env) {{ {code} }} }};"
        config = "[vars]\nA = 'a'\n"
        assert said(tmp_path, "config/undeclared-secret", app(config, text)) == []
        assert said(tmp_path, "config/undeclared-binding", app(config, text)) == []

    @pytest.mark.parametrize(
        "code",
        [
            "const key = env.X; return fetch(key);",
            "const key = env.A || env.X; return fetch(key);",
            "return new Response(-env.X);",
            "return fetch(env.A + env.X);",
            "this.key = env.X; return fetch(this.key);",
        ],
    )
    def test_code_that_cannot(self, tmp_path: Path, code: str) -> None:
        text = f"export default {{ async fetch(r, env) {{ {code} }} }};"
        found = said(tmp_path, "config/undeclared-secret", app("[vars]\nA = 'a'\n", text))
        assert [item.text for item in found] == ["X"]

    def test_names_from_a_list(self, tmp_path: Path) -> None:
        code = "export default { async fetch(r, env) { for (const n of ['A', 'X']) { await fetch(env[n]); } } };"
        assert said(tmp_path, "config/undeclared-secret", app("[vars]\nA = 'a'\n", code)) == []

    def test_frameworks_declare_their_own(self, tmp_path: Path) -> None:
        code = (
            "export default { async fetch(r, env) { await env.NEXT_INC_CACHE_KV.put('a', 'b'); await "
            "env.OTHER.put('a', 'b'); return env.ASSETS.fetch(r); } };"
        )
        files = app("", code)
        assert [i.text for i in said(tmp_path, "config/undeclared-binding", files)] == ["NEXT_INC_CACHE_KV", "OTHER"]
        files["package.json"] = json.dumps({"dependencies": {"@opennextjs/cloudflare": "1"}})
        assert [i.text for i in said(tmp_path, "config/undeclared-binding", files)] == ["OTHER"]

    def test_names_that_are_set_by_code_or_by_the_build(self, tmp_path: Path) -> None:
        code = (
            "export default { async fetch(r, env) { env.ROWS = [1]; return new Response([env.ROWS.get(0), "
            "env.NODE_ENV, env.OAUTH_PROVIDER, env.lower, env.CF_PAGES].join()); } };"
        )
        assert said(tmp_path, "config/undeclared-binding", app("", code)) == []
        assert said(tmp_path, "config/undeclared-secret", app("", code)) == []

    @pytest.mark.parametrize("name", ["README.md", "package.json", ".github/workflows/x.yml", ".env.example"])
    def test_a_secret_is_documented(self, tmp_path: Path, name: str) -> None:
        code = "export default { async fetch(r, env) { return new Response(env.PARTNER_TOKEN); } };"
        assert len(said(tmp_path, "config/undeclared-secret", app("", code))) == 1
        files = {**app("", code), name: '{"x": "PARTNER_TOKEN="}'}
        assert said(tmp_path, "config/undeclared-secret", files) == []

    def test_a_secret_that_generated_types_know(self, tmp_path: Path) -> None:
        code = "export default { async fetch(r, env) { return new Response(env.PARTNER_TOKEN); } };"
        files = app("", code, **{"worker-configuration.d.ts": "interface Env { PARTNER_TOKEN: string; }\n"})
        assert said(tmp_path, "config/undeclared-secret", files) == []

    def test_pages_sets_secrets_on_the_dashboard(self, tmp_path: Path) -> None:
        code = (
            "export default { async fetch(r, env) { return new Response(env.PARTNER_TOKEN + await "
            "env.ASSETS.fetch(r)); } };"
        )
        files = {"wrangler.toml": 'pages_build_output_dir = "public"\n', "public/_worker.js": code}
        assert said(tmp_path, "config/undeclared-secret", files) == []
        assert said(tmp_path, "config/undeclared-binding", files) == []

    def test_pages_functions(self, tmp_path: Path) -> None:
        code = "export const onRequest = async ({ env, request }) => new Response(await env.KV.get(request.url));\n"
        files = {"wrangler.toml": 'pages_build_output_dir = "public"\n', "functions/a.js": code, "tools/b.js": code}
        [found] = said(tmp_path, "config/undeclared-binding", files)
        assert (found.path, found.text) == ("functions/a.js", "KV")
        files["wrangler.toml"] += "kv_namespaces = [{binding = 'KV', id = '1'}]\n"
        assert said(tmp_path, "config/undeclared-binding", files) == []

    KV = 'kv_namespaces = [{binding = "SESSIONS_KV"}]\n[ai]\nbinding = "SESSION"\n'

    def test_unused(self, tmp_path: Path) -> None:
        assert [item.text for item in said(tmp_path, "config/unused-binding", app(self.KV))] == ["SESSIONS_KV"]
        assert said(tmp_path, "config/unused-binding", app(self.KV), focus="src/index.js") == []

    @pytest.mark.parametrize(
        "files",
        [
            {"src/index.js": HELLO + "// SESSIONS_KV is for the admin\n"},
            {"src/index.js": "import app from 'some-framework';\nexport default app;\n"},
            {"src/index.js": "import './missing';\n" + HELLO},
            {"package.json": json.dumps({"dependencies": {"chanfana": "2"}})},
            {"package.json": json.dumps({"dependencies": {"astro": "5"}})},
        ],
    )
    def test_unused_is_silent_when_not_all_is_known(self, tmp_path: Path, files: dict[str, str]) -> None:
        assert said(tmp_path, "config/unused-binding", {**app(self.KV), **files}) == []

    def test_unused_in_python(self, tmp_path: Path) -> None:
        entry = (
            "from workers import Response, WorkerEntrypoint\n\nclass Default(WorkerEntrypoint):\n    async def "
            "fetch(self, request):\n        return Response('x')\n"
        )
        files = {"wrangler.toml": HEAD.replace("index.js", "entry.py") + self.KV, "src/entry.py": entry}
        assert [item.text for item in said(tmp_path, "config/unused-binding", files)] == ["SESSIONS_KV"]
        files["src/settings.py"] = 'STORE = "SESSIONS_KV"\n'
        assert said(tmp_path, "config/unused-binding", files) == []

    @pytest.mark.parametrize(
        ("config", "code", "expected"),
        [
            ("[vars]\nX = 'a'", "env.X.prepare('x')", ["X"]),
            ("[vars]\nX = 'a'", "env.X.split(',')", []),
            ("[vars]\nX = {get = 1}", "env.X.get('x')", []),
            ("kv_namespaces = [{binding='X'}]", "env.X.prepare('x')", ["X"]),
            ("kv_namespaces = [{binding='X'}]", "env.X.brandNew('x')", []),
            ("kv_namespaces = [{binding='X'}]", "env.X?.prepare('x')", []),
            ("kv_namespaces = [{binding='X'}]\n[env.p]\nd1_databases = [{binding='X'}]", "env.X.prepare('x')", []),
            ("services = [{binding='X', service='s'}]", "env.X.prepare('x')", []),
            ("queues.producers = [{binding='X'}]", "env.X.fetch('x')", ["X"]),
            ("[version_metadata]\nbinding = 'X'", "env.X.prepare('x')", ["X"]),
            ("[ai]\nbinding = 'X'", "env.X.fetch('x')", []),
            ("[ai]\nbinding = 'X'", "env.X.prepare('x')", ["X"]),
        ],
    )
    def test_methods(self, tmp_path: Path, config: str, code: str, expected: list[str]) -> None:
        text = f"export default {{ async fetch(r, env) {{ return new Response(await {code}); }} }};"
        assert [item.text for item in said(tmp_path, "config/kind-mismatch", app(config + "\n", text))] == expected

    @pytest.mark.parametrize(
        ("annotation", "config", "told"),
        [
            ("D1Database", "kv_namespaces = [{binding='X'}]", True),
            ("string", "kv_namespaces = [{binding='X'}]", True),
            ("KVNamespace", "[vars]\nX = 'a'", True),
            ("KVNamespace | undefined", "r2_buckets = [{binding='X'}]", True),
            ("string", "[vars]\nX = 'a'", False),
            ("Fetcher", "[assets]\ndirectory = 'x'\nbinding = 'X'", False),
            ("Queue<{ a: string }>", "queues.producers = [{binding='X'}]", False),
            ("import('./other').Thing", "kv_namespaces = [{binding='X'}]", False),
            ("KVNamespace | R2Bucket", "d1_databases = [{binding='X'}]", False),
            ("'a' | 'b'", "[vars]\nX = 'a'", False),
            ("{ a: string }", "[vars]\nX = {a = 'b'}", False),
            ("number", "[vars]\nX = 1", False),
            ("RateLimit", "[[unsafe.bindings]]\nname = 'X'\ntype = 'ratelimit'", False),
            ("any", "kv_namespaces = [{binding='X'}]", False),
        ],
    )
    def test_types(self, tmp_path: Path, annotation: str, config: str, told: bool) -> None:
        code = (
            f"interface Env {{ X: {annotation} }}\nexport default {{ async fetch(r: Request, env: Env) {{ return "
            f"new Response(String(env.X)); }} }};"
        )
        files = {"wrangler.toml": HEAD.replace(".js", ".ts") + config + "\n", "src/index.ts": code}
        found = said(tmp_path, "config/kind-mismatch", files)
        assert [(item.text, item.severity) for item in found] == ([("X", "warning")] if told else [])

    def test_handlers_in_environments(self, tmp_path: Path) -> None:
        config = (
            '[env.p.triggers]\ncrons = ["0 0 * * *"]\n[env.q]\nmain = "other.js"\ntriggers = {crons = ["0 0 * '
            '* *"]}\n'
        )
        [found] = said(tmp_path, "config/cron-without-handler", app(config))
        assert found.text == "crons"
        unknown = app(config, "import app from 'some-framework';\nexport default app;\n")
        assert said(tmp_path / "b", "config/cron-without-handler", unknown) == []
        assert said(tmp_path / "c", "config/consumer-without-handler", app("[env.p.queues]\nconsumers = [{queue = "
            "'q'}]\n"))


class TestDurableObjects:
    BOUND = '[durable_objects]\nbindings = [{name = "R", class_name = "Room"}]\n'

    @pytest.mark.parametrize(
        ("config", "told"),
        [
            ("", True),
            ("[[migrations]]\ntag='v1'\nnew_classes=['Room']\n", False),
            ("[[migrations]]\ntag='v1'\nnew_sqlite_classes=['Room']\ndeleted_classes=['Room']\n", False),
            (("[[migrations]]\ntag='v1'\nnew_classes=['A']\n[[migrations]]\ntag='v2'\nrenamed_classes=[{from='A', "
             "to='Room'}]\n"), False),
            (("[[migrations]]\ntag='v1'\nnew_classes=['Room']\n[[migrations]]\ntag='v2'\n"
             "renamed_classes=[{from='Room', to='A'}]\n"), True),
            ("[[migrations]]\ntag='v1'\ntransferred_classes=[{from='Room', from_script='x', to='Room'}]\n", False),
            ("[exports.Room]\ntype = 'durable-object'\n", False),
            ("[exports.Room]\ntype = 'worker'\n", True),
        ],
    )
    def test_missing_migration(self, tmp_path: Path, config: str, told: bool) -> None:
        assert [i.text for i in said(tmp_path, "durable-objects/missing-migration",
            app(self.BOUND + config))] == (["Room"] if told else [])

    def test_configs_for_tests_are_not_deployed(self, tmp_path: Path) -> None:
        text = self.BOUND + '[[migrations]]\ntag = "v1"\nnew_classes = ["Other"]\n'
        assert said(tmp_path, "durable-objects/missing-migration", {"tests/wrangler.toml": text}) == []
        assert said(tmp_path, "durable-objects/legacy-storage", {"tests/wrangler.toml": text}) == []

    def test_own_script_by_name_and_pages(self, tmp_path: Path) -> None:
        bound = (
            '[durable_objects]\nbindings = [{name="A", class_name="Room", script_name="app"}, {name="B", '
            'class_name="Far", script_name="x"}]\n'
        )
        assert [i.text for i in said(tmp_path, "durable-objects/missing-migration", app(bound))] == ["Room"]
        pages = 'pages_build_output_dir = "x"\n' + self.BOUND
        assert said(tmp_path / "b", "durable-objects/missing-migration", {"wrangler.toml": pages}) == []

    def test_each_class_once(self, tmp_path: Path) -> None:
        config = self.BOUND + '[[migrations]]\ntag = "v1"\nnew_classes = ["Room"]\n[env.a]\n[env.b]\n'
        assert [item.text for item in said(tmp_path, "durable-objects/legacy-storage", app(config))] == ["Room"]

    def test_legacy_classes_that_go_or_move(self, tmp_path: Path) -> None:
        config = (
            "[[migrations]]\ntag='v1'\nnew_classes=['A', 'B']\n[[migrations]]\ntag='v2'\n"
            "renamed_classes=[{from='A', to='C'}]\n"
            "deleted_classes=['B']\n"
        )
        assert [item.text for item in said(tmp_path, "durable-objects/legacy-storage", app(config))] == ["A"]
        exported = "[exports.Room]\ntype = 'durable-object'\nstorage = 'legacy-kv'\n"
        assert [i.text for i in said(tmp_path / "b", "durable-objects/legacy-storage", app(exported))] == ["legacy-kv"]
