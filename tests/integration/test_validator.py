"""Microsoft's own test definitions for WOPI hosts, run against the demo.

All cases of WopiCore, OfficeOnline and OfficeNativeClient. Two groups ask how a host behaves that
lacks an operation, and exclude what the others ask for: they get a configuration each.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import Served

VALIDATOR = Path(__file__).parents[3] / "shared" / "wopi-validator" / "wopi_validator.py"
CASES = 132
WITHOUT = {
    "PutRelativeFileUnsupported": "nuxeo.wopi.putRelativeFile",
    "RenameFileIfCreateChildFileIsNotSupported": "nuxeo.wopi.containers",
}
"""Groups that are for hosts without an operation, and the setting that takes it away."""

pytestmark = [
    pytest.mark.validator,
    pytest.mark.skipif(
        not VALIDATOR.exists(),
        reason="the WOPI validator is not beside this checkout (../shared/wopi-validator)",
    ),
]


def validator(*arguments):
    return subprocess.run(
        [sys.executable, str(VALIDATOR), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def groups():
    """Each group with the number of its cases, but those for clients that write together."""
    cases = {}
    group = None
    for line in validator("--list").stdout.splitlines():
        name = re.fullmatch(r"\w+", line)
        case = re.fullmatch(r"  (\w+) +\S+", line)
        if name:
            group = name[0]
        elif case and case[1] != "WopiCoauth":
            cases[group] = cases.get(group, 0) + 1
    return cases


def test_the_definitions_are_the_ones_we_know():
    assert sum(groups().values()) == CASES
    assert set(WITHOUT) < set(groups())


def test_every_case_passes(demo, tmp_path, capsys):
    cases = groups()
    everything = [name for name in cases if name not in WITHOUT]
    totals = [0, 0, 0]
    failures = []
    for setting, chosen in [
        ("nuxeo.wopi.fileUrl=true", everything),
        *((f"{key}=false", [name]) for name, key in WITHOUT.items()),
    ]:
        result, output = run(demo, tmp_path, setting, chosen)
        with capsys.disabled():
            print(f"\nWOPI validator, {setting}: {told(result)}", end="")
        totals = [total + number for total, number in zip(totals, result, strict=True)]
        if result != [sum(cases[name] for name in chosen), 0, 0]:
            failures.append(output)
    with capsys.disabled():
        print(f"\nWOPI validator, together: {told(totals)} ", end="")
    assert not failures, "\n".join(failures)
    assert totals == [CASES, 0, 0]


def run(demo, tmp_path, setting, chosen):
    """How many cases passed, failed, and were skipped; and what the validator said."""
    # A file of its own: the run locks and renames it, and other tests may have the demo's open.
    uid = demo.nuxeo("alice").create(b"A file for the WOPI validator.\n", "test.wopitest")
    key, _, value = setting.partition("=")
    with Served(demo, tmp_path / key, **{key: value}) as served:
        session = served.token("alice", uid)
        result = validator(
            *("--wopisrc", session["wopisrc"], "--token", session["access_token"]),
            *("--ttl", session["access_token_ttl"]),
            *("--proof-key", demo.data / "office/proof-current.pem"),
            *("--proof-key-old", demo.data / "office/proof-old.pem"),
            *(argument for group in chosen for argument in ("--group", group)),
        )
    output = result.stdout + result.stderr
    last = result.stdout.strip().rpartition("\n")[2]
    summary = re.fullmatch(r"(\d+) passed, (\d+) failed, (\d+) skipped", last)
    assert summary, output
    return [int(number) for number in summary.groups()], output


def told(numbers):
    return "{} passed, {} failed, {} skipped".format(*numbers)
