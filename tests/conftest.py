"""What every test has: the rule for tests that did not run, and a running demo on demand."""

pytest_plugins = ["tests.fail_on_skip", "tests.fixtures"]
