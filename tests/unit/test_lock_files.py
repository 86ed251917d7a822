"""The lock files belong to one another and to ``pyproject.toml``."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SERVE = PROJECT["project"]["dependencies"]
DEMO = PROJECT["project"]["optional-dependencies"]["demo"]
DEV = PROJECT["dependency-groups"]["dev"]
LOCKS = {
    "requirements-serve.lock": SERVE,
    "requirements.lock": SERVE + DEMO,
    "requirements-dev.lock": SERVE + DEMO + DEV,
}


def locked(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pairs = [re.fullmatch(r"([a-z0-9-]+)==([^ ;]+)(?: ; .+)?", line) for line in lines]
    assert all(pairs), [line for line, pair in zip(lines, pairs, strict=True) if not pair]
    return {pair[1]: pair[2] for pair in pairs if pair}


@pytest.mark.parametrize("name", LOCKS)
def test_all_that_is_asked_for_is_there_and_in_range(name: str) -> None:
    versions = locked(name)
    for requirement in map(Requirement, LOCKS[name]):
        assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)])


def test_each_holds_the_smaller_one() -> None:
    serve, demo, dev = map(locked, LOCKS)
    assert serve.items() <= demo.items() <= dev.items()


def test_production_has_nothing_of_the_demo() -> None:
    demo_only = {canonicalize_name(Requirement(line).name) for line in DEMO}
    assert not demo_only & locked("requirements-serve.lock").keys()


@pytest.mark.parametrize("name", LOCKS)
def test_the_package_that_hides_pyjwt_is_nowhere(name: str) -> None:
    assert "jwt" not in locked(name)


def test_every_direct_dependency_is_explained() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    names = [Requirement(line).name for line in SERVE + DEMO + DEV]
    assert [
        n for n in names if not n.startswith("types-") and not re.search(rf"\| {n}\b", text)
    ] == []
