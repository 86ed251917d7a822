"""Documents that cannot be edited now: read only, with the reason, for browsers and offices."""

import html
import uuid

import pytest

from tests.integration.test_host_page import Browser, claims
from tests.support import DEMO_FOLDER


@pytest.fixture
def admin(demo):
    return demo.nuxeo()


@pytest.fixture
def uid(demo):
    return demo.nuxeo("alice").create(b"before")


def locked_by_hand(demo, uid):
    demo.nuxeo("bob").operation("Document.Lock", uid)
    return uid


def checked_out_by_drive(demo, uid):
    """Nuxeo Drive's Direct Edit and its lock on open files are ``Document.Lock`` as the user."""
    client = demo.nuxeo("bob")
    client.http.headers["User-Agent"] = "Nuxeo Drive"
    client.operation("Document.Lock", uid)
    return uid


def made_a_record(demo, uid):
    demo.nuxeo().operation("Document.MakeRecord", uid)
    return uid


def under_retention(demo, uid):
    demo.nuxeo().operation("Document.SetRetentionDate", uid, until="2099-01-01T00:00:00.000Z")
    return uid


def under_legal_hold(demo, uid):
    demo.nuxeo().operation("Document.MakeRecord", uid)
    demo.nuxeo().operation("Document.Hold", uid)
    return uid


def a_version(demo, uid):
    alice = demo.nuxeo("alice")
    alice.operation("Document.CreateVersion", uid, increment="Minor")
    (version,) = alice.operation("Document.GetVersions", uid).json()["entries"]
    return version["uid"]


def a_published_copy(demo, uid):
    folder = {"entity-type": "document", "type": "Folder", "name": f"s-{uuid.uuid4().hex[:16]}"}
    section = demo.nuxeo("alice").call("POST", f"api/v1/path{DEMO_FOLDER}", json=folder).json()
    target = {"Destination Path": section["path"]}
    return demo.nuxeo().operation("Document.CreateLiveProxy", uid, **target).json()["uid"]


def in_the_trash(demo, uid):
    demo.nuxeo("alice").operation("Document.Trash", uid)
    return uid


STATES = [
    (locked_by_hand, "Locked by Bob", "locked in Nuxeo by bob"),
    (checked_out_by_drive, "Locked by Bob", "locked in Nuxeo by bob"),
    (made_a_record, "a record", "record or under legal hold"),
    (under_retention, "a record", "record or under legal hold"),
    (under_legal_hold, "a record", "record or under legal hold"),
    (a_version, "archived version", "archived version"),
    (a_published_copy, "published copy", "published copy"),
    (in_the_trash, "in the trash", "in the trash"),
]


@pytest.mark.parametrize(
    ("put_into", "on_the_page", "told_the_office"),
    STATES,
    ids=[put_into.__name__ for put_into, _, _ in STATES],
)
def test_it_is_read_only_and_the_reason_is_told(
    demo, admin, uid, put_into, on_the_page, told_the_office
):
    # An office may have been there before.
    clients = [demo.open("alice", uid)]
    subject = put_into(demo, uid)
    if subject != uid:
        clients = [demo.open("alice", subject, action="view"), demo.open("alice", subject)]

    page = Browser(demo, "alice").open(subject)
    assert page.status_code == 200
    assert claims(page)["grant"] == "view"
    assert on_the_page in html.unescape(page.text)

    client = clients[-1]
    assert client.info()["UserCanWrite"] is False
    for refused in (client.lock("L"), client.put(b"after", "L")):
        assert refused.status_code == 409
        assert refused.headers["X-WOPI-Lock"] == ""
        assert told_the_office in refused.headers["X-WOPI-LockFailureReason"]
    assert client.get().content == b"before"
    assert admin.content(uid) == b"before"


def test_the_reason_comes_when_it_begins_in_the_middle_of_a_session(demo, admin, uid):
    client = demo.open("alice", uid)
    client.lock("L")
    under_legal_hold(demo, uid)
    refused = client.put(b"after", "L")
    assert refused.status_code == 409
    assert "record or under legal hold" in refused.headers["X-WOPI-LockFailureReason"]
    assert refused.headers["X-WOPI-Lock"] == "L"
    assert client.unlock("L").status_code == 200
    assert "lockOwner" not in admin.document(uid)
    assert admin.content(uid) == b"before"


@pytest.fixture
def writer_of_little(admin, uid):
    """Carol was given ``Write`` and nothing wider, which Nuxeo hides under somebody's lock."""
    admin.operation("Document.BlockPermissionInheritance", uid)
    admin.operation("Document.AddPermission", uid, permission="ReadWrite", user="bob")
    for permission in ("Read", "Write"):
        admin.operation("Document.AddPermission", uid, permission=permission, user="carol")
    return "carol"


def test_a_strangers_lock_is_told_to_whoever_may_write_but_not_more(
    demo, in_process, uid, writer_of_little
):
    client = in_process.open(writer_of_little, uid)
    demo.nuxeo("bob").operation("Document.Lock", uid)
    for answer in (client.lock("L"), client.put(b"x", "L")):
        assert answer.status_code == 409
        assert answer.headers["X-WOPI-Lock"] == ""
    assert "bob" in client.lock("L").headers["X-WOPI-LockFailureReason"]
    page = Browser(demo, writer_of_little).open(uid)
    assert claims(page)["grant"] == "view"
    assert "Bob" in html.unescape(page.text) or "bob" in html.unescape(page.text)


def test_so_it_is_in_the_middle_of_a_session(demo, in_process, admin, uid, writer_of_little):
    client = in_process.open(writer_of_little, uid)
    client.lock("L")
    admin.operation("Document.Unlock", uid)
    demo.nuxeo("bob").operation("Document.Lock", uid)
    assert client.put(b"x", "L").status_code == 409
