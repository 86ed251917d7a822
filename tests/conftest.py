"""What every test has: the rule for tests that did not run, and a running demo on demand."""

import random

import pytest

pytest_plugins = ["tests.fail_on_skip", "tests.fixtures"]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """One seed for all property tests of a run, so that a run can be repeated."""
    if config.getoption("--hypothesis-seed", None) is None:
        config.option.hypothesis_seed = str(random.getrandbits(32))


def pytest_report_header(config):
    return f"property tests: --hypothesis-seed={config.option.hypothesis_seed}"
