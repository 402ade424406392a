"""The plugin as a user has it: fixtures, marks, settings, options, reports."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.testing.plugin.conftest import LOAD

App = Callable[..., pytest.RunResult]


def test_an_app_and_its_bindings(app: App) -> None:
    app(
        """
        def test_notes(edge_client, edge):
            assert edge_client.get("/").text == "hello"
            assert edge_client.post("/notes", content="buy milk").status_code == 201
            assert edge_client.get("/notes").json() == [{"id": 1, "body": "buy milk"}]
            assert edge.env.DB.prepare("SELECT count(*) AS n FROM notes").first("n") == 1

        def test_each_test_has_a_world_of_its_own(edge):
            assert edge.get("/notes").json() == []
            assert edge.env.CACHE.get("seen") is None
            assert edge.env.GREETING == "hello"
            assert edge.env["GREETING"] == "hello"
            assert {"CACHE", "DB", "GREETING"} <= set(dir(edge.env))
            assert [edge.put("/").text, edge.patch("/").text, edge.delete("/").text] == ["hello"] * 3
        """
    ).assert_outcomes(passed=2)


def test_the_failure_report_has_a_timeline_a_console_and_the_seed(app: App) -> None:
    result = app(
        """
        def test_it(edge_client):
            edge_client.get("/cached")
            edge_client.get("/fail")
        """,
        "--edge-seed=7",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        "*edge_client.get(\"/fail\")",
        "*raise ValueError(\"the app broke\")",
        "*entry.py:*: ValueError",
        "*- edge timeline -*",
        "seed 7 (--edge-seed=7)",
        "*+0 ms  event 1: fetch GET /cached",
        "*1 [[]1[]] CACHE.get seen -> miss   entry.py:*",
        "*the handler raised ValueError: the app broke",
        "*- edge console -*",
        "*about to fail",
    ])


def test_without_raising_the_client_sees_what_production_shows(app: App) -> None:
    app(
        """
        import pytest

        def test_setting(edge_client):
            assert (edge_client.get("/fail").status_code, edge_client.get("/fail").text) == (500, "error code: 1101")

        @pytest.mark.edge(raise_exceptions=True)
        def test_mark(edge_client):
            with pytest.raises(ValueError, match="the app broke"):
                edge_client.get("/fail")
        """,
        ini="edge_raise = false",
    ).assert_outcomes(passed=2)


def test_the_environment_by_option_and_by_setting(app: App) -> None:
    test = """
        def test_it(edge_client):
            assert edge_client.get("/").text == "staged"
    """
    app(test, "--edge-env=staging").assert_outcomes(passed=1)
    app(test, ini="edge_env = staging").assert_outcomes(passed=1)
    result = app(test, "--edge-env=prod")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*there is no environment 'prod' (known: 'staging')*"])
    result.stdout.no_fnmatch_line("*another exception occurred*")


def test_variables_secrets_and_seeds(app: App) -> None:
    app(
        """
        import pytest

        @pytest.fixture(scope="session")
        def edge_secrets():
            return {"TOKEN": "t1"}

        @pytest.fixture(scope="session")
        def edge_seed_data():
            return {"DB": "INSERT INTO notes (body) VALUES ('seeded');"}

        def test_fixtures(edge):
            assert edge.get("/secret").text == "hello t1"
            assert edge.get("/notes").json() == [{"id": 1, "body": "seeded"}]

        @pytest.mark.edge(vars={"GREETING": "marked"}, secrets={"TOKEN": "t2"}, migrations=False, seed_data={"DB": ""})
        def test_marks(edge):
            assert edge.get("/secret").text == "marked t2"
            with pytest.raises(Exception, match="no such table: notes"):
                edge.get("/notes")

        def test_override(edge):
            with edge.override(GREETING="for a while"):
                assert edge.get("/").text == "for a while"
            assert edge.get("/").text == "hello"
        """
    ).assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ("edge(varz={})", "@pytest.mark.edge knows no 'varz' (it knows vars, secrets"),
        ("edge(3)", "@pytest.mark.edge takes keywords only"),
        ("edge(start='soon')", "start: 'soon' is no instant as ISO 8601 writes it"),
        ("edge(outbound='open')", "edge_outbound is 'block' or 'allow', not 'open'"),
        ("edge_budget(kv_write=1)", "@pytest.mark.edge_budget knows no 'kv_write'"),
        ("edge_faults('CACHE')", "a fault is placed by 'BINDING.verb'"),
        ("edge_faults('CACH.get')", "edge_faults: nothing in this app is called 'CACH': did you mean 'CACHE'?"),
        ("edge(seed_data={'DBB': ''})", "seed_data: there is no D1 database 'DBB': did you mean 'DB'?"),
        ("edge(vars={'CACHE': 'x'})", "vars: 'CACHE' is a binding (kv), no variable"),
        ("edge_outbound(asserts=False)", "@pytest.mark.edge_outbound knows no 'asserts'"),
    ],
)
def test_marks_that_cannot_be(app: App, mark: str, said: str) -> None:
    result = app(f"import pytest\n\n@pytest.mark.{mark}\ndef test_it(edge): ...\n")
    result.assert_outcomes(errors=1)
    assert said in result.stdout.str()


def test_the_sdk_of_the_compatibility_date(app: App) -> None:
    test = """
        def test_it(edge):
            assert edge.get("/cached").text == "{seen}"
            assert any("runs on the SDK inside" in text for _, text in edge.logs) is {warned}
    """
    app(test.format(seen="None", warned=True)).assert_outcomes(passed=1)
    app(test.format(seen="jsnull", warned=False), ini="edge_sdk = date").assert_outcomes(passed=1)
    result = app(test, ini="edge_sdk = newest")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*edge_sdk is 'installed' or 'date', not 'newest'*"])


def test_time(app: App) -> None:
    app(
        """
        from datetime import datetime, timedelta, timezone
        import pytest

        def test_clock(edge, edge_clock):
            assert edge_clock.now == datetime(2026, 1, 1, tzinfo=timezone.utc)
            assert edge.get("/slow").text == "at last"
            assert edge_clock.now - datetime(2026, 1, 1, tzinfo=timezone.utc) == timedelta(seconds=30)
            edge.env.CACHE.put("k", "v", expiration_ttl=60)
            edge_clock.advance(timedelta(seconds=30), seconds=29)
            assert edge.env.CACHE.get("k") == "v"
            edge_clock.advance(seconds=2)
            assert edge.env.CACHE.get("k") is None
            with pytest.raises(Exception, match="does not go back"):
                edge_clock.advance(seconds=-1)
            with pytest.raises(Exception, match="is past"):
                edge_clock.move_to(datetime(2025, 1, 1))

        @pytest.mark.edge(start="2026-06-01T12:00:00")
        def test_start_and_cron(edge, edge_clock):
            assert "cron */5 * * * * of notes at 2026-06-01T12:05:00+00:00" in edge_clock.pending()
            assert edge_clock.run_until(cron="*/5 * * * *").minute == 5
            assert edge.env.CACHE.get("ran") == "*/5 * * * *"

        def test_scheduled(edge):
            assert edge.scheduled().cron == "*/5 * * * *"
            assert edge.env.CACHE.get("ran") == "*/5 * * * *"
            edge.scheduled("0 0 * * *", at=datetime(2026, 1, 1, 0, 1))
            assert edge.env.CACHE.get("ran") == "0 0 * * *"
        """,
        ini="edge_start = 2026-01-01T00:00:00Z",
    ).assert_outcomes(passed=3)


def test_what_is_left_behind_fails_the_test(app: App) -> None:
    result = app(
        """
        import pytest

        def test_it(edge_client):
            assert edge_client.get("/leak").text == "left"

        @pytest.mark.edge(strict=False)
        def test_that_does_not_mind(edge_client):
            edge_client.get("/leak")
        """
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*was never awaited (*entry.py:*"])


def test_outbound_is_blocked_and_answered(app: App) -> None:
    result = app(
        """
        import pytest

        def test_answered(edge_client, edge_outbound):
            edge_outbound.add_response(text="from outside", url="https://api.example.org/x")
            assert edge_client.get("/outside").text == "from outside"
            assert edge_outbound.get_request().method == "GET"

        def test_blocked(edge_client):
            with pytest.raises(Exception, match="edgelint blocks outbound fetch"):
                edge_client.get("/outside")

        def test_never_asked_for(edge_client, edge_outbound):
            edge_outbound.add_response(text="x")

        @pytest.mark.edge_outbound(assert_all_responses_were_requested=False)
        def test_never_asked_for_and_fine(edge_client, edge_outbound):
            edge_outbound.add_response(text="x")
        """
    )
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines([
        "*outbound fetch without an answer: GET https://api.example.org/x*",
        "*an answer of edge_outbound was never asked for: any method any URL*",
    ])


def test_faults_and_budgets(app: App) -> None:
    result = app(
        """
        import pytest

        def test_fault(edge_client, edge_faults):
            edge_faults.on("CACHE.get", key="seen", nth=1).fail(429)
            with pytest.raises(Exception, match="KV GET failed: 429 Too Many Requests"):
                edge_client.get("/cached")
            assert edge_client.get("/cached").text == "None"

        @pytest.mark.edge_faults("DB.*:overloaded")
        def test_mark(edge_client):
            with pytest.raises(Exception, match="D1 DB is overloaded"):
                edge_client.get("/notes")

        def test_unused(edge_client, edge_faults):
            edge_faults.on("CACHE.delete").fail()

        @pytest.mark.edge_budget(kv_writes=1)
        def test_budget(edge_client):
            edge_client.get("/cached")
            edge_client.get("/cached")

        def test_meter(edge_client, edge_meter):
            with edge_meter.max(kv_writes=1, kv_reads=1, d1_rows_read=0):
                edge_client.get("/cached")
            assert edge_meter.count("CACHE") == 2
        """
    )
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines([
        "*a fault was never used: CACHE.delete*", "*over budget: kv_writes 2, at most 1*",
    ])


def test_requests_that_are_in_flight_together(app: App) -> None:
    app(
        """
        def test_sync(edge, edge_client):
            answers = edge.together(("GET", "/cached"), edge_client.build_request("GET", "/cached"))
            assert [answer.text for answer in answers] == ["None", "None"]
            assert edge.env.CACHE.get("seen") == "1"

        def test_one_fails(edge):
            import pytest
            with pytest.raises(ValueError, match="the app broke"):
                edge.together(("GET", "/cached"), ("GET", "/fail"))
            assert edge.env.CACHE.get("seen") == "1"
        """
    ).assert_outcomes(passed=2)


def test_the_async_client_under_asyncio(app: App) -> None:
    app(
        """
        import asyncio

        def test_it(edge, edge_async_client):
            async def both():
                answers = await asyncio.gather(edge_async_client.get("/cached"), edge_async_client.get("/cached"))
                assert [answer.text for answer in answers] == ["None", "None"]
                assert await edge.aenv.CACHE.get("seen") == "1"
                assert edge.env.CACHE.get("seen") == "1"
            asyncio.run(both())
        """
    ).assert_outcomes(passed=1)


def test_hypothesis_takes_a_fresh_world_for_each_example(app: App) -> None:
    app(
        """
        from hypothesis import given, settings, strategies as st
        from edgelint.testing import strategies

        @settings(max_examples=15, deadline=None)
        @given(rows=strategies.rows("notes", min_size=1))
        def test_rows(edge, rows):
            with edge.fresh(rows=rows) as world:
                assert len(world.get("/notes").json()) == len(rows["notes"])

        @settings(max_examples=15, deadline=None)
        @given(request=strategies.requests("/notes", ("GET", "/cached"), methods=["GET", "POST"]))
        def test_requests(edge, request):
            with edge.fresh() as world:
                assert world.client.send(request).status_code in (200, 201)

        @settings(max_examples=10, deadline=None)
        @given(operations=strategies.kv_operations())
        def test_kv(edge, operations):
            with edge.fresh() as world:
                for verb, args, options in operations:
                    getattr(world.env.CACHE, verb)(*args, **options)

        def test_machine(edge):
            class Cache(strategies.KvMachine):
                binding = "CACHE"
            Cache.check(edge)
        """
    ).assert_outcomes(passed=4)


def test_hypothesis_still_refuses_what_its_examples_would_share(app: App) -> None:
    result = app(
        """
        from hypothesis import given, settings, strategies as st

        @settings(max_examples=5, deadline=None)
        @given(number=st.integers())
        def test_shared(edge, tmp_path, number):
            assert edge.get("/").text == "hello"

        @settings(max_examples=5, deadline=None)
        @given(number=st.integers())
        def test_not_shared(edge, number):
            assert edge.get("/").text == "hello"
        """
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*function-scoped fixture*"])


def test_the_cost_table(app: App) -> None:
    result = app(
        """
        def test_dear(edge_client):
            edge_client.get("/cached")

        def test_free(edge_client):
            edge_client.get("/")
        """,
        "--edge-cost",
    )
    result.stdout.fnmatch_lines([
        "*= edge cost =*", "*$ per million  test", "*5.50  test_app.py::test_dear: kv_reads 1, kv_writes 1",
        "*0.00  test_app.py::test_free: nothing", "prices beyond what the Workers Paid plan includes*",
    ])


def test_the_report_of_what_ran(app: App, pytester: pytest.Pytester) -> None:
    result = app(
        """
        def test_it(edge_client):
            edge_client.get("/cached")
            edge_client.get("/notes")
        """,
        "--edge-report=term", "--edge-report=what.json", "--edge-report=what.html",
    )  # fmt: skip
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([
        "SQL statements: 1 of 2 ran", "*never ran: src/entry.py:*INSERT INTO notes*", "calls on bindings: *",
        "*never a hit: src/entry.py:*CACHE.get", "edge report: what.json", "edge report: what.html",
    ])
    whole = json.loads((pytester.path / "what.json").read_text(encoding="utf-8"))
    [ran] = [each["ran"] for each in whole["statements"] if each["ran"]]
    assert ran["runs"] == 1
    assert app("def test_it(): ...", "--edge-report=what.xml").ret == pytest.ExitCode.USAGE_ERROR


def test_the_timeline_of_tests_that_pass(app: App) -> None:
    result = app("def test_it(edge_client): edge_client.get('/cached')", "--edge-timeline", "-rA")
    result.stdout.fnmatch_lines(["*CACHE.put seen -> ok*"])


def test_the_nearest_config_is_the_one_under_test(app: App, pytester: pytest.Pytester) -> None:
    nested = pytester.mkdir("packages")
    (nested / "wrangler.jsonc").write_text('{"name": "other", "vars": {"WHO": "nested"}}')
    (nested / "test_nested.py").write_text("def test_it(edge): assert edge.env.WHO == 'nested'\n")
    result = app("def test_it(edge): assert edge.env.GREETING == 'hello'\n")
    result.assert_outcomes(passed=2)
    assert app("def test_it(edge): ...\n", "test_app.py", ini="edge_config = nowhere").ret == 1


def test_without_a_config(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(edge): ...")
    result = pytester.runpytest_subprocess(*LOAD, "-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    assert "there is no wrangler config in" in result.stdout.str()


def test_an_idle_plugin_loads_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, edgelint.testing.plugin; heavy = {'httpx', 'apsw', 'sqlglot', 'libcst', 'tree_sitter', "
        "'hypothesis', 'asyncio', 'edgelint.testing.world'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    bare = "import sys, pytest; print(sorted({'asyncio', 'hypothesis'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    without = subprocess.run([sys.executable, "-c", bare], capture_output=True, text=True, check=True).stdout
    assert loaded == without
