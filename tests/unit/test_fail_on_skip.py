"""``--fail-on-skip``, in a pytest process of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[1] / "fail_on_skip.py"

TESTS = """
import pytest

def test_runs(): pass

@pytest.mark.skip(reason="no Chromium here")
def test_marked(): pass

def test_says_so_itself(): pytest.skip("no Redis here")

@pytest.mark.xfail(strict=True)
def test_known_bug(): assert False

@pytest.mark.real_nuxeo
def test_server(): pass
"""


def run(folder: Path, *options: str, **environment: str) -> tuple[int, str]:
    shutil.copy(PLUGIN, folder / "conftest.py")
    kept = {k: v for k, v in os.environ.items() if k not in ("NUXEO_URL", "PYTEST_ADDOPTS")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--strict-markers", *options],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_some.py").write_text(TESTS)
    return tmp_path


def last_line(output: str) -> str:
    return output.rstrip().splitlines()[-1]


def test_a_skip_passes_by_default(folder: Path) -> None:
    code, output = run(folder)
    assert code == 0
    assert "1 passed, 2 skipped, 1 deselected, 1 xfailed" in last_line(output)
    assert "its tests are left out" in output


def test_a_skip_fails_when_told_so(folder: Path) -> None:
    code, output = run(folder, "--fail-on-skip")
    assert code == 1
    assert "test_some.py::test_marked: no Chromium here" in output
    assert "test_some.py::test_says_so_itself: no Redis here" in output
    assert "test_known_bug:" not in output
    assert "1 failed, 1 passed, 1 deselected, 1 xfailed, 1 error" in last_line(output)


def test_a_module_that_skips_itself_fails_too(folder: Path) -> None:
    (folder / "test_more.py").write_text("import pytest\npytest.importorskip('no_such_module_1')\n")
    code, output = run(folder, "--fail-on-skip", "-k", "test_runs or test_more")
    assert code != 0
    assert "test_more.py: could not import 'no_such_module_1'" in output
    assert "error" in last_line(output)


def test_nothing_skipped_passes(folder: Path) -> None:
    code, output = run(folder, "--fail-on-skip", "-k", "test_runs")
    assert code == 0
    assert "1 passed" in last_line(output)


def test_a_real_server_is_asked_when_one_is_named(folder: Path) -> None:
    code, output = run(folder, "-k", "test_server", NUXEO_URL="http://127.0.0.1:1/nuxeo")
    assert code == 0
    assert "1 passed" in last_line(output)
