"""FileUrl: reading a file without a signature, with a ticket that is good for nothing else."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.fixtures import InProcess


@pytest.fixture
def offering(demo, tmp_path, clock):
    """A connector that offers FileUrl."""
    connector = InProcess(demo, tmp_path / "wopi", clock, **{"nuxeo.wopi.fileUrl": "true"})
    yield connector
    connector.close()


@pytest.fixture
def uid(demo):
    return demo.nuxeo("alice").create(b"before")


def read(url):
    return requests.get(url, timeout=30)


def ticket_of(url):
    return parse_qs(urlsplit(url).query)["ticket"][0]


def test_it_is_not_offered_unless_asked_for(demo, uid):
    assert "FileUrl" not in demo.open("alice", uid).info()


def test_it_reads_what_getfile_reads_also_after_a_save(offering, uid):
    client = offering.open("alice", uid)
    url = client.info()["FileUrl"]
    assert (read(url).status_code, read(url).content) == (200, b"before")
    client.lock("L")
    client.put(b"after", "L")
    client.unlock("L")
    assert read(url).content == b"after"


def test_its_ticket_ends_after_minutes(offering, clock, uid):
    url = offering.open("alice", uid).info()["FileUrl"]
    clock.offset = 270
    assert read(url).status_code == 200
    clock.offset = 301
    assert read(url).status_code == 401


def test_its_ticket_is_good_for_nothing_else(demo, offering, uid):
    client = offering.open("alice", uid)
    url = client.info()["FileUrl"]
    ticket = ticket_of(url)
    assert client.request("GET", token=ticket).status_code == 401
    assert client.request("GET", "/contents", token=ticket).status_code == 401
    assert read(url.replace(ticket, client.token)).status_code == 401
    other = offering.open("alice", demo.nuxeo("alice").create(b"other")).info()["FileUrl"]
    assert read(other.replace(ticket_of(other), ticket)).status_code == 401
    assert read(url.partition("?")[0]).status_code == 401
    nuxeo = demo.nuxeo("alice")
    nuxeo.http.auth = None
    bearer = {"Authorization": f"Bearer {ticket}"}
    nuxeo.call("GET", f"api/v1/id/{uid}", expected=401, headers=bearer)


def test_it_cannot_write(offering, uid):
    url = offering.open("alice", uid).info()["FileUrl"]
    for method in ("POST", "PUT", "DELETE"):
        assert requests.request(method, url, data=b"x", timeout=30).status_code == 405


def test_nuxeo_still_decides(demo, offering, uid):
    url = offering.open("carol", uid, action="view").info()["FileUrl"]
    assert read(url).content == b"before"
    demo.nuxeo().operation("Document.BlockPermissionInheritance", uid)
    assert read(url).status_code == 404
