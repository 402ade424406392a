"""--edge-cov in pytest: what each test ran travels in its report, is added up, told, and given to coverage.py."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Final

import pytest

from edgelint.testing.workerd_host.coverage import report
from edgelint.testing.workerd_host.coverage.session import Coverage, Measured

_FIELD: Final = "edge_coverage"


class CoverageReport:
    """A plugin of one session. ``coverage`` is what this process measures with; what all of them measured is told by
    the one that has the terminal. Raises pytest.UsageError for a wrong option."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.coverage = Coverage()
        self.measured = Measured()
        self._hint: str | None = None
        try:
            self.targets = [report.target(text) for text in config.option.edge_cov_report or ["term"]]
            under = config.option.edge_cov_fail_under
            self.under = None if under is None else report.least(under)
        except ValueError as error:
            raise pytest.UsageError(str(error)) from None

    @property
    def _is_worker(self) -> bool:
        return hasattr(self.config, "workerinput")  # of pytest-xdist

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """The world of a test has ended when its teardown is reported: so its counters were read."""
        made = yield
        if made.when == "teardown":
            vars(made)[_FIELD] = self.coverage.data()
        return made

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Also what another process sent."""
        data: Mapping[str, Any] | None = getattr(report, _FIELD, None)
        if data is not None and not self._is_worker:
            self.measured.add(data)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Within pytest-cov's own: it saves and reports when the loop is over."""
        result = yield
        if not self._is_worker and not session.config.option.collectonly:
            self.measured.add(self.coverage.data())
            self._hint = _to_coverage_py(self.measured)
        return result

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Too little covered fails a session that has not failed otherwise."""
        if not self._is_worker and self._too_little() is not None and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The reports."""
        if self.config.option.collectonly:
            return
        terminalreporter.section("edge coverage")
        files = self.measured.relative(self.config.rootpath)
        for line in report.write(self.targets, files, self.measured.problems, self.config.invocation_params.dir):
            terminalreporter.write_line(line)
        if self._hint is not None:
            terminalreporter.write_line(self._hint)
        if (wrong := self._too_little()) is not None:
            terminalreporter.write_line(f"ERROR: {wrong}", red=True, bold=True)

    def _too_little(self) -> str | None:
        if self.under is None or self.config.option.collectonly:
            return None
        return report.too_little(self.measured.relative(self.config.rootpath), self.under)


def _to_coverage_py(measured: Measured) -> str | None:
    import sys

    if "coverage" not in sys.modules:  # nothing measures Python
        return None
    from edgelint.testing.workerd_host.coverage import coverage_py

    return coverage_py.add({source: file for source, file in measured.files.items() if file.lines or file.functions})
