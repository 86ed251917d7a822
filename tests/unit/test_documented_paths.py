"""The paths that administrators are told to send to the connector are all that it answers at."""

import re
from pathlib import Path

import pytest

from connector import config
from connector.app import build

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Where the connector answers below /nuxeo/, with everything switched on."""
    settings = config.load(
        None,
        overrides={
            "nuxeo.jwt.secret": "s" * 64,
            "nuxeo.wopi.discoveryURL": "http://127.0.0.1:1/discovery",
            "nuxeo.wopi.dataDir": str(tmp_path_factory.mktemp("data")),
            "nuxeo.wopi.bootstrapper": "true",
            "nuxeo.wopi.fileUrl": "true",
        },
        environ={},
    )
    connector = build(settings)
    found = {rule.rule for rule in connector.app.url_map.iter_rules()}
    connector.close()
    return {path for path in found if path.startswith("/nuxeo/")}


def locations(name):
    """What a configuration of nginx sends to the connector, and whether that path alone."""
    text = (ROOT / name).read_text(encoding="utf-8")
    found = re.findall(
        r"location (= )?(\S+) \{[^}]*proxy_pass http://(?:connector|nuxeo_wopi\w*)\b", text
    )
    return {path: bool(exact) for exact, path in found}


def nginx():
    return locations("config/nginx-same-host.conf.sample")


def docker():
    return locations("docker/nginx.conf")


def own_domain():
    """As if it were below Nuxeo's path."""
    found = locations("config/nginx-own-domain.conf.sample")
    return {f"/nuxeo{path}": exact for path, exact in found.items()}


def install_guide():
    text = (ROOT / "docs" / "install.md").read_text(encoding="utf-8").partition("## Way 1")[2]
    return set(re.findall(r"^\| `(/nuxeo/[^`]*)` \|", text, re.MULTILINE))


def guide():
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    sentence = text.partition("the proxy sends ")[2].partition(" to the connector")[0]
    return set(re.findall(r"`(/nuxeo/[^`]*)`", sentence))


@pytest.mark.parametrize("documented", [nginx, docker, own_domain, install_guide, guide])
def test_every_path_is_sent_to_the_connector(paths, documented):
    said = documented()
    assert "/nuxeo/wopibootstrapper" in paths
    for path in paths:
        assert any(path == each or (each.endswith("/") and path.startswith(each)) for each in said)
    # And no more than that.
    for each in said:
        assert any(path.startswith(each) for path in paths)


def test_all_places_name_the_same(paths):
    assert nginx() == docker() == own_domain()
    assert set(nginx()) == install_guide() == guide()
    # What is no folder is sent there by itself.
    assert {path for path, exact in nginx().items() if exact} == {
        path for path in nginx() if not path.endswith("/")
    }
