"""A token that has ended still brings to an end what is locked, for a while, and nothing else."""

import pytest

from connector.wopi.access_token import GRACE
from tests.support import docx_bytes

LIFETIME = 36_000
LOCK = "L"


@pytest.fixture
def uid(demo):
    return demo.nuxeo().create(docx_bytes("Before"))


@pytest.fixture
def client(in_process, uid):
    return opened(in_process, "alice", uid)


def opened(in_process, user, uid, action="edit"):
    client = in_process.open(user, uid, action=action)
    assert client.info()
    return client


def at_the_end(clock, client, seconds=1.0):
    """The lock is refreshed to the last; then the token ends."""
    clock.offset += LIFETIME - 60
    assert client.lock(LOCK).status_code == 200
    clock.offset += 60 + seconds


def test_what_is_locked_is_saved_refreshed_and_unlocked(demo, client, clock, uid):
    at_the_end(clock, client)
    assert client.put(docx_bytes("After"), LOCK).status_code == 200
    assert client.refresh(LOCK).status_code == 200
    assert client.unlock(LOCK).status_code == 200
    assert demo.nuxeo().document(uid).get("lockOwner") is None
    # With the lock the grace is over.
    assert client.put(docx_bytes("Too late"), LOCK).status_code == 401
    assert client.unlock(LOCK).status_code == 401
    assert client.refresh(LOCK).status_code == 401


def test_nothing_else_is_done(client, clock):
    at_the_end(clock, client)
    refused = {
        "info": client.request("GET"),
        "get": client.get(),
        "lock": client.lock(LOCK),
        "get lock": client.get_lock(),
        "relock": client.relock("M", LOCK),
        "rename": client.request("POST", Override="RENAME_FILE", Lock=LOCK, RequestedName="x"),
        "delete": client.request("POST", Override="DELETE"),
        "save as": client.request("POST", Override="PUT_RELATIVE", SuggestedTarget=".docx"),
        "user info": client.request("POST", Override="PUT_USER_INFO", data="x"),
        "save without a lock": client.put(b"x"),
        "save with another": client.put(b"x", "M"),
        "refresh another": client.refresh("M"),
        "unlock another": client.unlock("M"),
    }
    assert {name: answer.status_code for name, answer in refused.items()} == dict.fromkeys(
        refused, 401
    )
    assert client.put(docx_bytes("After"), LOCK).status_code == 200


def test_it_is_over_after_a_while_though_the_lock_is_held(client, clock):
    at_the_end(clock, client)
    for _ in range(2):
        clock.offset += GRACE / 2 - 10
        assert client.refresh(LOCK).status_code == 200
    clock.offset += 30
    assert client.refresh(LOCK).status_code == 401
    assert client.put(docx_bytes("After"), LOCK).status_code == 401


def test_a_lock_that_has_ended_gives_no_grace(client, clock):
    at_the_end(clock, client)
    clock.offset += GRACE - 61
    assert client.put(docx_bytes("After"), LOCK).status_code == 401


def test_who_may_not_write_any_more_has_none(demo, client, clock, uid):
    at_the_end(clock, client)
    demo.nuxeo().operation(
        "Document.BlockPermissionInheritance", uid, permission="Everything", acl="local"
    )
    demo.nuxeo().operation("Document.AddPermission", uid, permission="Read", user="alice")
    assert client.put(docx_bytes("After"), LOCK).status_code == 404
    assert client.refresh(LOCK).status_code == 404


def test_who_opened_it_to_view_has_none(in_process, client, clock, uid):
    reader = opened(in_process, "bob", uid, "view")
    at_the_end(clock, client)
    assert reader.put(docx_bytes("After"), LOCK).status_code == 401
    assert reader.unlock(LOCK).status_code == 401


def test_it_is_for_its_own_file_alone(in_process, demo, client, clock):
    other = demo.nuxeo().create(docx_bytes("Another"))
    at_the_end(clock, client)
    fresh = in_process.open("alice", other)
    assert fresh.lock(LOCK).status_code in (200, 401)
    stolen = client.at(fresh.source, clock)
    assert stolen.put(docx_bytes("After"), LOCK).status_code == 401


def test_what_comes_too_late_for_its_lock_is_kept_at_least(in_process, client, clock, uid):
    """As it is with a token that lives: nobody's words are thrown away unread."""
    at_the_end(clock, client)
    clock.offset += GRACE - 61
    refused = client.put(docx_bytes("All that I wrote"), LOCK)
    assert refused.status_code == 401
    assert refused.headers["X-WOPI-ServerError"].startswith("kept by the connector as ")
    (kept,) = in_process.connector.recovery.of_user(f"default/{uid}/file:content", "alice")
    assert kept.status == 401
    # Not for somebody who shows a token that is over for good.
    clock.offset += 120
    refused = client.put(docx_bytes("Too late"), LOCK)
    assert refused.headers["X-WOPI-ServerError"] == "the access token is not valid: expired"
