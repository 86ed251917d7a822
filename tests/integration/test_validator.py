"""Microsoft's own test definitions for WOPI hosts, run against the demo."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

VALIDATOR = Path(__file__).parents[3] / "shared" / "wopi-validator" / "wopi_validator.py"
GROUPS = (
    "CheckFileInfoSchema",
    "BaseWopiViewing",
    "Locks",
    "GetLock",
    "ExtendedLockLength",
    "EditFlows",
    "FileVersion",
    "ProofKeys",
)
CASES = 40

pytestmark = [
    pytest.mark.validator,
    pytest.mark.skipif(
        not VALIDATOR.exists(),
        reason="the WOPI validator is not beside this checkout (../shared/wopi-validator)",
    ),
]


def test_every_case_of_the_groups_that_are_implemented_passes(demo, tmp_path):
    # A file of its own: the run locks it, and other tests may have the demo's open.
    uid = demo.nuxeo("alice").create(b"A file for the WOPI validator.\n", "test.wopitest")
    token = subprocess.run(
        [
            *(sys.executable, "-m", "connector", "token", "--conf", str(demo.conf)),
            *("--user", "alice", "--doc", uid),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    session = json.loads(token.stdout)
    assert session.keys() == {"wopisrc", "access_token", "access_token_ttl", "host_url"}
    arguments = [argument for group in GROUPS for argument in ("--group", group)]
    run = subprocess.run(
        [
            *(sys.executable, str(VALIDATOR), "--wopisrc", session["wopisrc"]),
            *("--token", session["access_token"], "--ttl", str(session["access_token_ttl"])),
            *("--proof-key", str(demo.data / "office/proof-current.pem")),
            *("--proof-key-old", str(demo.data / "office/proof-old.pem")),
            *("--category", "All", "--fail-on-skip", "--json", str(tmp_path / "report.json")),
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    print(run.stdout)
    summary = re.fullmatch(
        r"(\d+) passed, (\d+) failed, (\d+) skipped", run.stdout.strip().splitlines()[-1]
    )
    assert summary, run.stdout + run.stderr
    assert [int(number) for number in summary.groups()] == [CASES, 0, 0], run.stdout
    assert run.returncode == 0
