"""What pytest loads. Nothing heavy is imported before a test asks for a fixture."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from edgelint.testing.edge import Edge, EdgeClock
    from edgelint.testing.faults import Faults
    from edgelint.testing.meter import Meter
    from edgelint.testing.outbound import Outbound
    from edgelint.testing.session import App

_EDGE: pytest.StashKey[Edge] = pytest.StashKey()
_APPS: pytest.StashKey[dict[tuple[Path, str | None], App]] = pytest.StashKey()
_COVERAGE = "edgelint-coverage"
_MARKS = (
    "edge(vars=, secrets=, start=, seed=, migrations=, raise_exceptions=, strict=): how the world of a test is set up",
    "edge_budget(**limits): fail when the test takes more, e.g. kv_writes=1, d1_rows_read=100",
    "edge_faults(*faults): faults as text, e.g. 'CACHE.get#2:429', 'DB.*:overloaded'",
    "edge_outbound(**options): what edge_outbound asserts at the end of the test, by its attributes' names",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("edge", "Cloudflare Workers apps against fake bindings (edgelint)")
    group.addoption("--edge-env", metavar="NAME", help="the environment of the wrangler config to test")
    group.addoption("--edge-seed", metavar="N", type=int, help="the seed of ids and randomness (default: by test name)")
    group.addoption("--edge-cost", action="store_true", help="a table of what each test takes of the platform")
    group.addoption(
        "--edge-report", metavar="FILE|term", action="append", default=[],
        help="which SQL and which calls on bindings ran: FILE.html, FILE.json or term; may be given several times",
    )  # fmt: skip
    group.addoption(
        "--edge-cov", action="store_true", help="a table of the lines and branches of JavaScript that ran in workerd"
    )
    group.addoption(
        "--edge-cov-report", metavar="term|lcov:FILE|json:FILE", action="append", default=[],
        help="what --edge-cov writes (default: term); may be given several times",
    )  # fmt: skip
    group.addoption("--edge-cov-fail-under", metavar="N", help="fail when less than N percent of them ran")
    group.addoption("--edge-timeline", action="store_true", help="the timeline of tests that pass, too (with -rA)")
    parser.addini(
        "edge_config", "the wrangler config, or its folder, relative to the root (default: nearest above the tests)",
        default="",
    )  # fmt: skip
    parser.addini("edge_env", "the environment of the wrangler config to test", default="")
    parser.addini("edge_start", "the instant at which every test starts, ISO 8601 (2026-01-01T00:00:00Z)", default="")
    parser.addini("edge_outbound", "block (default) or allow: fetches without an answer, and sockets", default="block")
    parser.addini("edge_isolate", "test (default), file or session: how long a workerd is used", default="test")
    parser.addini("edge_workerd", "the workerd that runs JavaScript workers (default: of node_modules)", default="")
    parser.addini("edge_esbuild", "the esbuild that bundles them (default: of node_modules)", default="")
    parser.addini("edge_sdk", "installed (default) or date: as the compatibility date has it", default="installed")
    parser.addini("edge_strict", "fail tests for what ends badly beside them", type="bool", default=True)
    parser.addini("edge_raise", "what the app raises comes out of edge_client", type="bool", default=True)


def pytest_configure(config: pytest.Config) -> None:
    for mark in _MARKS:
        config.addinivalue_line("markers", mark)
    if config.getoption("edge_cost"):
        config.pluginmanager.register(_CostReport(), "edgelint-cost")
    if config.getoption("edge_report"):
        config.pluginmanager.register(_UsageReport(config), "edgelint-usage")
    option = config.option
    if option.edge_cov or option.edge_cov_report or option.edge_cov_fail_under is not None:
        from edgelint.testing.workerd_host.coverage.in_pytest import CoverageReport

        config.pluginmanager.register(CoverageReport(config), _COVERAGE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """With --verbose: the programs that ran JavaScript workers."""
    if terminalreporter.config.get_verbosity() > 0:
        apps = terminalreporter.config.stash.get(_APPS, {}).values()
        for line in dict.fromkeys(line for app in apps for line in app.programs):
            terminalreporter.write_line(f"edge: {line}")


def pytest_unconfigure(config: pytest.Config) -> None:
    for app in config.stash.get(_APPS, {}).values():
        app.close()


@pytest.fixture(scope="module")
def edge_config(request: pytest.FixtureRequest) -> Path:
    """The wrangler config under test, or its folder: the ``edge_config`` setting, else the nearest above the tests.
    Override it freely, also in session scope."""
    config = request.config
    named = str(config.getini("edge_config"))
    if named:
        return config.rootpath / named
    from edgelint.testing.session import App

    return App.nearest(request.path.parent, config.rootpath)


@pytest.fixture(scope="module")
def edge_app(pytestconfig: pytest.Config, edge_config: Path) -> App:
    """The app under test: its config, read once a session."""
    from edgelint.testing.errors import EdgeUsageError
    from edgelint.testing.session import App, Tools

    environment = pytestconfig.getoption("edge_env") or pytestconfig.getini("edge_env") or None
    apps = pytestconfig.stash.setdefault(_APPS, {})
    key = (Path(edge_config), environment)
    try:
        if key not in apps:
            tools = Tools(str(pytestconfig.getini("edge_workerd")), str(pytestconfig.getini("edge_esbuild")))
            apps[key] = App.load(key[0], environment, pytestconfig.rootpath, tools)
            measuring = pytestconfig.pluginmanager.get_plugin(_COVERAGE)
            apps[key].coverage = None if measuring is None else measuring.coverage
    except EdgeUsageError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    App.current = apps[key]
    return apps[key]


@pytest.fixture(scope="session")
def edge_vars() -> Mapping[str, Any]:
    """Variables beside those of the config. Override it in a conftest.py."""
    return {}


@pytest.fixture(scope="session")
def edge_secrets() -> Mapping[str, str]:
    """Secrets beside those of .dev.vars. Override it in a conftest.py."""
    return {}


@pytest.fixture(scope="session")
def edge_seed_data() -> Mapping[str, str]:
    """SQL by D1 binding, run after the migrations. Override it in a conftest.py."""
    return {}


@pytest.fixture
def edge(
    request: pytest.FixtureRequest, edge_app: App, edge_vars: Mapping[str, Any], edge_secrets: Mapping[str, str],
    edge_seed_data: Mapping[str, str],
) -> Iterator[Edge]:  # fmt: skip
    """The world of this test: the app, its bindings (``edge.env.NAME``), the clock, faults, outbound answers."""
    from edgelint.testing.edge import Edge
    from edgelint.testing.errors import EdgeUsageError
    from edgelint.testing.setup import options_of, outbound_options

    try:
        made = Edge(edge_app, options_of(request.node, edge_vars, edge_secrets, edge_seed_data))
    except EdgeUsageError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    try:
        try:
            outbound_options(request.node, made)
        except EdgeUsageError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        request.node.stash[_EDGE] = made
        yield made
    finally:
        if _EDGE in request.node.stash:
            del request.node.stash[_EDGE]  # items live as long as the session
        made.close()


@pytest.fixture
def edge_client(edge: Edge) -> httpx.Client:
    """An httpx client whose requests are fetch events of the worker."""
    return edge.client


@pytest.fixture
def edge_async_client(edge: Edge) -> httpx.AsyncClient:
    """An httpx async client whose requests are fetch events of the worker."""
    return edge.async_client


@pytest.fixture
def edge_clock(edge: Edge) -> EdgeClock:
    """The time of the test's world."""
    return edge.clock


@pytest.fixture
def edge_outbound(edge: Edge) -> Outbound:
    """Answers to what the app fetches from outside."""
    return edge.outbound


@pytest.fixture
def edge_faults(edge: Edge) -> Faults:
    """Faults of bindings."""
    return edge.faults


@pytest.fixture
def edge_meter(edge: Edge) -> Meter:
    """Counts of what the app does on its bindings."""
    return edge.meter


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    _allow_fresh_worlds(item)
    try:
        result = yield
    except Exception as error:
        if item.stash.get(_EDGE, None) is not None:
            from edgelint.testing.setup import without_machinery

            error.__traceback__ = without_machinery(error.__traceback__)
        raise
    edge = item.stash.get(_EDGE, None)
    if edge is not None:
        try:
            edge.verify()
        except AssertionError as error:
            if error.__cause__ is None or error.__cause__.__traceback__ is None:  # no frames but those of the plugin
                raise pytest.fail.Exception(str(error), pytrace=False) from None
            raise
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    edge = item.stash.get(_EDGE, None)
    if edge is not None and report.when == "call":
        if report.failed or item.config.getoption("edge_timeline"):
            from edgelint.testing.setup import sections

            report.sections.extend(sections(edge))
        if item.config.getoption("edge_cost"):
            vars(report)["edge_counts"] = dict(edge.meter.counts)  # extra fields go to other processes too
        if item.config.getoption("edge_report"):
            from edgelint.testing.usage import Usage

            usage = Usage()
            usage.add(edge.timeline.operations, edge.app.config.root)
            vars(report)["edge_usage"] = usage.data()
    return report


class _CostReport:
    """--edge-cost: collects what each test's report says it took (also from other processes), and prints the table."""

    def __init__(self) -> None:
        self.costs: dict[str, dict[str, int]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        counts: dict[str, int] | None = getattr(report, "edge_counts", None)
        if counts is not None:
            self.costs[report.nodeid] = counts

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.costs:
            from edgelint.testing.setup import cost_table

            terminalreporter.section("edge cost")
            for line in cost_table(self.costs):
                terminalreporter.write_line(line)


class _UsageReport:
    """--edge-report: merges what each test's report says was run, and holds it against what the linter knows."""

    def __init__(self, config: pytest.Config) -> None:
        from edgelint.testing.coverage_report import check_targets
        from edgelint.testing.usage import Usage

        self.targets: list[str] = config.getoption("edge_report")
        if wrong := check_targets(self.targets):
            raise pytest.UsageError(wrong)
        self.config = config
        self.usage = Usage()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data: dict[str, Any] | None = getattr(report, "edge_usage", None)
        if data is not None:
            self.usage.merge(data)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        from edgelint.testing.coverage_report import write

        root = self.config.rootpath / str(self.config.getini("edge_config"))
        for line in write(self.targets, self.usage, root, self.config.invocation_params.dir):
            terminalreporter.write_line(line)


def _allow_fresh_worlds(item: pytest.Item) -> None:
    """hypothesis refuses function-scoped fixtures, which its examples share; ours is made for it: ``edge.fresh()``."""
    test = getattr(item, "obj", None)
    if getattr(test, "is_hypothesis_test", False) and "edge" in getattr(item, "fixturenames", ()):
        from edgelint.testing.setup import allow_edge_fixtures

        allow_edge_fixtures(item, test)
