"""Documents that stand for others (REST_CONTRACT 2.2, 5.3, 6)."""

import re

import pytest


@pytest.fixture
def uid(alice):
    return alice.create()


@pytest.fixture
def proxy(admin, alice, uid):
    """A live proxy of a document; as of 2021 only administrators make one."""
    params = {"Destination Path": alice.create_folder()}
    return admin.operation("Document.CreateLiveProxy", uid, **params).json()["uid"]


def test_a_proxy_is_another_document_that_tells_its_target(carol, uid, proxy):
    found = carol.document(proxy)
    assert (found["isProxy"], found["isVersion"]) == (True, False)
    assert (found["proxyTargetId"], found["versionableId"]) == (uid, uid)
    assert found["title"] == "Report"
    assert carol.content(proxy) == b"content"


def test_a_change_of_the_target_is_seen_through_the_proxy(alice, carol, uid, proxy):
    alice.replace(uid, b"changed")
    assert carol.content(proxy) == b"changed"


def test_the_change_token_of_a_proxy_has_two_parts(carol, uid, proxy):
    own, _, target = carol.document(proxy)["changeToken"].partition("/")
    assert re.fullmatch(r"\d+-\d+", own)
    assert target == carol.document(uid)["changeToken"]


def test_locking_a_proxy_locks_its_target(alice, bob, uid, proxy):
    alice.lock(proxy, 200)
    assert alice.document(uid)["lockOwner"] == alice.name
    bob.put(uid, {"dc:title": "x"}, 403)
    alice.unlock(proxy, 200)
    assert "lockOwner" not in alice.document(uid)
