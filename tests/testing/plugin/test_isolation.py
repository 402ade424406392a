"""What a test's world shares with nothing: the app's modules, and the tests' own beside them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

App = Callable[..., pytest.RunResult]

ENTRY = """
import helpers
from lib import state
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        state.seen.append(1)
        import late
        return Response(f"{helpers.WHO} {len(state.seen)} {late.WHO}")
"""


@pytest.fixture
def two_helpers(app: App, pytester: pytest.Pytester) -> App:
    """An app and tests that each have a ``helpers`` and a ``late``."""
    source = pytester.path / "src"
    (source / "lib").mkdir()
    for name, text in {
        "entry.py": ENTRY, "helpers.py": "WHO = 'app'", "late.py": "WHO = 'late of the app'", "lib/__init__.py": "",
        "lib/state.py": "seen = []",
    }.items():  # fmt: skip
        (source / name).write_text(text, encoding="utf-8")
    pytester.makepyfile(helpers="WHO = 'tests'", late="WHO = 'late of the tests'")
    return app


def test_modules_of_the_app_are_new_in_every_world_and_its_own(two_helpers: App) -> None:
    two_helpers(
        """
        import sys

        import helpers
        import late

        def test_once(edge_client):
            assert edge_client.get("/").text == "app 1 late of the app"
            assert edge_client.get("/").text == "app 2 late of the app"
            assert (helpers.WHO, late.WHO) == ("tests", "late of the tests")
            assert sys.modules["helpers"] is helpers
            assert sys.modules["late"] is late
            assert "entry" not in sys.modules
            assert "lib.state" not in sys.modules

        def test_twice(edge_client, edge):
            assert edge_client.get("/").text == "app 1 late of the app"
            with edge.fresh() as world:
                assert world.get("/").text == "app 1 late of the app"

        def test_the_tests_stay_where_they_are(edge_client):
            assert edge_client.get("/").status_code == 200
            assert sys.modules[__name__].test_twice is test_twice
        """
    ).assert_outcomes(passed=3)


def test_a_file_that_changes_is_compiled_again(two_helpers: App, pytester: pytest.Pytester) -> None:
    two_helpers(
        """
        from pathlib import Path

        def test_it(edge):
            late = Path("src/late.py")
            late.write_text("WHO = 'another'")
            with edge.fresh() as world:
                assert world.get("/").text == "app 1 another"
            late.write_text("WHO = 'yet another'")
            with edge.fresh() as world:
                assert world.get("/").text == "app 1 yet another"
        """
    ).assert_outcomes(passed=1)


def test_an_app_in_the_root_beside_its_tests(app: App, pytester: pytest.Pytester) -> None:
    config = pytester.path / "wrangler.jsonc"
    config.write_text(config.read_text().replace("src/entry.py", "entry.py"))
    (pytester.path / "entry.py").write_text((pytester.path / "src" / "entry.py").read_text())
    app(
        """
        import sys

        def test_it(edge_client, edge_outbound):
            edge_outbound.add_callback(lambda request: answer(sys.modules[__name__]))
            assert edge_client.get("/outside").text == "test_app"
            assert sys.modules[__name__].test_it is test_it

        def answer(module):
            import httpx
            return httpx.Response(200, text=module.__name__)
        """
    ).assert_outcomes(passed=1)
