"""Proof keys: only the office client gets in, whatever proxies do to the URL."""

import time
import uuid

import pytest

from connector.sandbox.demo_office.keys import load_or_make
from tests.support import Signed, Wopi


@pytest.fixture
def client(demo):
    return demo.open("alice", demo.nuxeo("alice").create(b"content"))


class Call(Signed):
    """A call as it is signed, changed before it is sent."""

    def __init__(self, client, **changes):
        super().__init__(client.keys, client.token)
        self._changes = changes

    def __call__(self, request):
        super().__call__(request)
        for name, value in self._changes.items():
            if value is None:
                request.headers.pop(name.replace("_", "-"))
            else:
                request.headers[name.replace("_", "-")] = value
        return request


def status(client, auth, **options):
    response = client.http.get(
        client.source, params={"access_token": client.token}, auth=auth, timeout=30, **options
    )
    return response.status_code, response.headers.get("X-WOPI-ServerError")


def test_a_signed_call_gets_in_and_an_unsigned_one_does_not(client):
    assert status(client, None)[0] == 500
    assert "no proof" in status(client, None)[1]
    assert status(client, Call(client))[0] == 200


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"X_WOPI_ProofOld": "AAAA"}, 200),
        ({"X_WOPI_ProofOld": None}, 200),
        ({"X_WOPI_Proof": "AAAA"}, 500),
        ({"X_WOPI_Proof": None}, 500),
        ({"X_WOPI_TimeStamp": None}, 500),
        ({"X_WOPI_TimeStamp": "yesterday"}, 500),
    ],
)
def test_what_is_missing_or_wrong(client, changes, expected):
    assert status(client, Call(client, **changes))[0] == expected


@pytest.mark.parametrize(("minutes", "expected"), [(19, 200), (-19, 200), (21, 500), (-21, 500)])
def test_the_time_may_be_twenty_minutes_off(client, minutes, expected):
    signed = Signed(client.keys, client.token, lambda: time.time() + minutes * 60)
    assert status(client, signed)[0] == expected


def test_a_proof_is_for_one_call_only(client):
    other = Signed(client.keys, client.token).headers(f"{client.source}/contents")
    assert status(client, None, headers=other)[0] == 500


def test_an_invalid_token_is_said_so_before_the_proof(client):
    assert client.request("GET", token="INVALID").status_code == 401


@pytest.mark.parametrize("prefix", ["/nuxeo/site/wopi/", "/site/wopi/"])
def test_the_public_url_counts_behind_a_proxy(in_process, demo, prefix):
    """What is signed is the address the office client knows, not what a proxy made of it."""
    uid = demo.nuxeo("alice").create(b"content")
    client = in_process.open("alice", uid)
    file_id = client.source.rpartition("/")[2]
    public = f"{client.source}?access_token={client.token}&x=%C3%BC+%2f"
    headers = Signed(client.keys, client.token).headers(public)
    internal = client.source.partition("/nuxeo/")[0].replace("127.0.0.1", "localhost")
    answer = client.http.get(
        f"{internal}{prefix}files/{file_id}?access_token={client.token}&x=%C3%BC+%2f",
        headers=headers | {"X-Forwarded-Host": "elsewhere.example.org"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.headers


def test_new_keys_are_fetched_when_a_proof_fails(demo, in_process, tmp_path, monkeypatch):
    """The office client has changed its keys, and the discovery is an old one."""
    uid = demo.nuxeo("alice").create(b"content")
    client = in_process.open("alice", uid)
    (office,) = in_process.connector.clients
    strange = load_or_make(tmp_path, "current"), load_or_make(tmp_path, "old")
    fetched = []
    download = office.discovery._fetch

    def fetch():
        fetched.append(1)
        document = download()
        for ours, published in zip(client.keys, strange, strict=True):
            document = document.replace(
                ours.published().modulus.encode(), published.published().modulus.encode()
            )
        return document

    assert client.request("GET").status_code == 200
    monkeypatch.setattr(office.discovery, "_fetch", fetch)
    renewed = Wopi(client.source, client.token, strange)
    assert renewed.request("GET").status_code == 200
    assert fetched == [1]
    for _ in range(5):
        assert client.request("GET").status_code == 500
    assert fetched == [1]


def test_without_any_discovery_nothing_comes_in(demo, in_process, monkeypatch):
    client = in_process.open("alice", demo.nuxeo("alice").create(b"content"))
    (office,) = in_process.connector.clients

    def down():
        raise OSError(f"down {uuid.uuid4()}")

    monkeypatch.setattr(office.discovery, "_fetch", down)
    answer = client.request("GET")
    assert answer.status_code == 500
    assert "discovery" in answer.headers["X-WOPI-ServerError"]
