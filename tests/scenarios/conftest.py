"""What the stories begin with: people, a document, and connectors set up as each story wants."""

import pytest

from tests.fixtures import InProcess


@pytest.fixture
def alice(demo):
    return demo.nuxeo("alice")


@pytest.fixture
def admin(demo):
    return demo.nuxeo()


@pytest.fixture
def connector(demo, tmp_path, clock):
    """Makes connectors with settings of their own, named without ``nuxeo.wopi.``.

    All have one clock, and those of one test share their locks.
    """
    made = []

    def make(**settings):
        overrides = {f"nuxeo.wopi.{name}": value for name, value in settings.items()}
        made.append(InProcess(demo, tmp_path / "wopi", clock, **overrides))
        return made[-1]

    yield make
    for each in made:
        each.close()
