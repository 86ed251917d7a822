"""Every key that people are told of is one that the connector knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connector.check_file_info_properties import TYPES
from connector.config_clients import CLIENT_PREFIX, keys_of
from connector.config_keys import BY_ENVIRONMENT_NAME, BY_NAME, CLIENT_KEYS
from connector.config_overrides import OVERRIDE_PREFIX

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "config/*", "docker/*")
    for path in ROOT.glob(pattern)
    if path.is_file()
)
# As a key stands in text, a pattern such as client.<name>.kind too; a last dot ends the sentence.
_KEY = re.compile(r"nuxeo\.wopi\.(?:[A-Za-z0-9_]|<\w+>|\.(?=[A-Za-z0-9_<]))+")
_VARIABLE = re.compile(r"NUXEO_WOPI_(?:[A-Z0-9_]|<[A-Z]+>)+")
# What the connector says of a mistake, or leaves alone.
_MISTAKE = re.compile(r"[\w.]+: no such key")
_SERVICE = re.compile(r"NUXEO_WOPI_(?:SERVICE_HOST|PORT_\d+_TCP_ADDR)")


def keys_in(text: str) -> list[str]:
    return _KEY.findall(_MISTAKE.sub("", text))


def is_known(name: str) -> bool:
    if name.startswith(OVERRIDE_PREFIX):
        return name.removeprefix(OVERRIDE_PREFIX) in {"<Property>", *TYPES}
    if name.startswith(CLIENT_PREFIX):
        client, _, tail = name.removeprefix(CLIENT_PREFIX).partition(".")
        keys = CLIENT_KEYS if client == "<name>" else keys_of(client)
        is_prefix = client == "<name>" and not tail
        return is_prefix or name in {key.key for key in keys}
    return name in BY_NAME


def is_known_variable(name: str) -> bool:
    properties = {"<PROPERTY>", *map(str.upper, TYPES)}
    clients = {key.environment_name for key in CLIENT_KEYS}
    return (
        name in BY_ENVIRONMENT_NAME
        or name in clients
        or name.removeprefix("NUXEO_WOPI_CHECKFILEINFO_") in properties
        or _SERVICE.fullmatch(name) is not None
    )


def test_there_are_pages() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in PAGES}
    assert {"README.md", "docs/sandbox.md", "config/nuxeo.conf.sample"} <= names
    assert "docker/nuxeo-wopi.conf" in names


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_keys_that_a_page_names_are_known(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [name for name in keys_in(text) if not is_known(name)] == []
    variables = {name for name in _VARIABLE.findall(text) if not name.endswith("_")}
    assert [name for name in variables if not is_known_variable(name)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("`nuxeo.wopi.proofKeys=off`", {"nuxeo.wopi.proofKeys"}),
        ("set nuxeo.wopi.proof.", set()),
        ("`<nuxeo.wopi.baseURL>site/wopi`", set()),
        ("`nuxeo.wopi.client.<name>...`", set()),
        ("nuxeo.wopi.client.<name>.kin", {"nuxeo.wopi.client.<name>.kin"}),
        ("nuxeo.wopi.client.word.kin=oos", {"nuxeo.wopi.client.word.kin"}),
        ("nuxeo.wopi.checkFileInfo.Watermark", {"nuxeo.wopi.checkFileInfo.Watermark"}),
        ("x:4: nuxeo.wopi.baseUrl: no such key; did you mean nuxeo.wopi.baseURL?", set()),
    ],
)
def test_slips_are_found(text: str, found: set[str]) -> None:
    assert {name for name in keys_in(text) if not is_known(name)} == found
