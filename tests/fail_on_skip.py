"""Which tests run, and what a test that did not run means.

With ``--fail-on-skip`` (as ``.ci/run`` has it) a skipped test counts as failed: on a machine that
is set up for it, a test that did not run proves nothing. Tests marked ``real_nuxeo`` are for a
server named by ``NUXEO_URL``; without it they are left out, not skipped.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest

NOT_RUN = pytest.StashKey[list[tuple[str, str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fail-on-skip",
        action="store_true",
        help="count a skipped test as failed",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[NOT_RUN] = []
    config.addinivalue_line("markers", "real_nuxeo: needs a real Nuxeo, named by NUXEO_URL")


def pytest_report_header() -> str:
    if os.environ.get("NUXEO_URL"):
        return "real Nuxeo: the one NUXEO_URL names"
    return "real Nuxeo: none (NUXEO_URL is not set), its tests are left out"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("NUXEO_URL"):
        return
    left_out = [item for item in items if item.get_closest_marker("real_nuxeo") is not None]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # An expected failure is reported as skipped too, but did run.
    if not hasattr(report, "wasxfail"):
        _fail_if_skipped(item.config, report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(collector.config, report)
    return report


def _fail_if_skipped(
    config: pytest.Config, report: pytest.TestReport | pytest.CollectReport
) -> None:
    if not report.skipped or not config.getoption("--fail-on-skip"):
        return
    # A skip's longrepr is (file, line, "Skipped: reason").
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    config.stash[NOT_RUN].append((report.nodeid, reason))
    report.outcome = "failed"
    report.longrepr = f"did not run: {reason}"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    not_run = config.stash[NOT_RUN]
    if not_run:
        terminalreporter.section("tests that did not run", red=True)
        for name, reason in not_run:
            terminalreporter.line(f"{name}: {reason}")
