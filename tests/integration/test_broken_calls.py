"""What becomes of locks and saves when a call to Nuxeo breaks off, or others act in the middle."""

import socket
import sqlite3
import threading
from urllib.parse import urlsplit

import pytest

from connector.file_reference import FileReference, InvalidFileReference
from connector.lock_store.base import Hold
from connector.nuxeo_gateway import content as content_module
from connector.nuxeo_gateway.documents import Document
from tests.fault_proxy import Held
from tests.fixtures import InProcess
from tests.support import Served

LOCK, UNLOCK, UPLOAD = "@op/Document.Lock", "@op/Document.Unlock", "/api/v1/upload"
LOSING = ("lose", "lose")  # A lock that did not answer is asked for twice.


@pytest.fixture
def alice(demo):
    return demo.nuxeo("alice")


@pytest.fixture
def uid(alice):
    return alice.create(b"before", attachments=[("one.docx", b"ONE"), ("two.docx", b"TWO")])


def names_and_contents(nuxeo, uid):
    files = nuxeo.document(uid)["properties"]["files:files"]
    return [
        (item["file"]["name"], nuxeo.content(uid, f"files:files/{index}/file"))
        for index, item in enumerate(files)
    ]


def versions(nuxeo, uid):
    query = f"SELECT * FROM Document WHERE ecm:versionVersionableId='{uid}' AND ecm:isVersion=1"
    return nuxeo.call("GET", "api/v1/query", params={"query": query}).json()["entries"]


def blind_update(nuxeo, uid, **properties):
    """A change by a writer that sends no change token."""
    body = {"entity-type": "document", "properties": properties}
    nuxeo.call("PUT", f"api/v1/id/{uid}", json=body)


def sweep(connector, clock, seconds=400.0):
    """As the background thread does, now and when everything lost has come to an end."""
    for _ in range(2):
        connector.connector.sessions.end_idle()
        clock.offset += seconds


# Saving


@pytest.mark.parametrize(
    ("method", "part", "fault"),
    [
        ("POST", UPLOAD, 503),
        ("POST", UPLOAD, "drop"),
        ("POST", "/upload/", "lose"),
        ("PUT", "/id/", 503),
        ("PUT", "/id/", "drop"),
        ("PUT", "/id/", "lose"),
        ("PUT", "/id/", 500),
        ("PUT", "/id/", 409),
    ],
)
def test_a_save_survives_one_failure_of_nuxeo(behind_proxy, proxy, alice, uid, method, part, fault):
    client = behind_proxy.open("alice", uid)
    client.lock("L")
    proxy.plan(method, part, fault)
    assert client.put(b"after", "L").status_code == 200
    assert proxy.done()
    assert alice.content(uid) == b"after"
    assert client.unlock("L").status_code == 200
    assert "lockOwner" not in alice.document(uid)


def test_a_save_that_fails_for_good_leaves_the_old_content_and_the_session(
    behind_proxy, proxy, alice, uid
):
    client = behind_proxy.open("alice", uid)
    client.lock("L")
    proxy.plan("PUT", "/id/", *[503] * 3)
    assert client.put(b"after", "L").status_code == 500
    assert alice.content(uid) == b"before"
    assert client.put(b"after", "L").status_code == 200
    assert alice.content(uid) == b"after"


def test_the_same_save_once_more_is_refused_when_its_lock_was_broken_meanwhile(
    demo, in_process, alice, uid
):
    """What it holds is there, but it must learn that it is not the one who writes any more."""
    client = in_process.open("alice", uid)
    client.lock("L")
    assert client.put(b"after", "L").status_code == 200
    demo.nuxeo().operation("Document.Unlock", uid)
    refused = client.put(b"after", "L")
    assert (refused.status_code, refused.headers["X-WOPI-Lock"]) == (409, "")


def test_the_first_content_of_an_empty_file_may_be_sent_again_when_its_answer_was_lost(
    in_process, alice
):
    uid = alice.create(b"")
    client = in_process.open("alice", uid)
    assert client.put(b"first").status_code == 200
    assert client.put(b"first").status_code == 200
    assert client.put(b"other").status_code == 409
    assert client.put(b"never").status_code == 409
    assert alice.content(uid) == b"first"


@pytest.mark.parametrize(("method", "part"), [("GET", "/id/"), ("POST", "Document.CheckIn")])
def test_what_failed_on_the_way_to_writing_is_tried_again(
    demo, behind_proxy, proxy, alice, uid, method, part
):
    client = behind_proxy.open("alice", uid)
    client.lock("L")
    demo.nuxeo().replace(uid, b"from outside")
    proxy.plan(method, part, 500)
    assert client.put(b"of the session", "L").status_code == 200
    assert proxy.done()
    kept = [alice.content(version["uid"]) for version in versions(alice, uid)]
    assert kept.count(b"from outside") == 1


def test_what_was_kept_as_a_version_by_a_save_that_failed_is_not_kept_again(
    demo, behind_proxy, proxy, alice, uid
):
    client = behind_proxy.open("alice", uid)
    client.lock("L")
    demo.nuxeo().replace(uid, b"from outside")
    proxy.plan("PUT", "/id/", 503, 503, 503)
    assert client.put(b"of the session", "L").status_code == 500
    assert client.put(b"of the session", "L").status_code == 200
    kept = [alice.content(version["uid"]) for version in versions(alice, uid)]
    assert kept.count(b"from outside") == 1


def test_a_save_is_not_tried_again_when_its_time_is_over(demo, proxy, alice, uid, clock, tmp_path):
    """Nobody waits for three tries that each take as long as Nuxeo may be silent."""
    settings = {"nuxeo.wopi.nuxeoURL": proxy.url, "nuxeo.wopi.readTimeout": "1"}
    impatient = InProcess(
        demo, tmp_path / "impatient", clock, **settings | {"nuxeo.wopi.saveTimeout": "1"}
    )
    try:
        client = impatient.open("alice", uid)
        client.lock("L")
        late = Held()
        proxy.plan("PUT", "/id/", late, None)
        assert client.put(b"after", "L").status_code == 500
        assert not proxy.done()
        late.let_go()
        proxy.wait_until_idle()
        assert client.put(b"after", "L").status_code == 200
        assert client.unlock("L").status_code == 200
    finally:
        impatient.close()


@pytest.mark.parametrize("fault", ["shorten", "falsify"])
def test_content_that_did_not_arrive_as_it_was_sent_is_no_save(
    behind_proxy, proxy, alice, uid, fault
):
    """Nuxeo says 201 and 200; length and digest say otherwise."""
    client = behind_proxy.open("alice", uid)
    client.lock("L")
    proxy.plan("POST", "/upload/", fault)
    assert client.put(b"after", "L").status_code == 200
    assert proxy.done()
    assert alice.content(uid) == b"after"
    proxy.plan("POST", "/upload/", fault, fault, fault)
    assert client.put(b"later", "L").status_code == 500
    assert proxy.done()
    if fault == "shorten":
        assert alice.content(uid) == b"after"
    (kept,) = behind_proxy.connector.recovery.of_user(f"default/{uid}/file:content", "alice")
    with behind_proxy.connector.recovery.open(kept.id) as (_, content):
        assert content.read() == b"later"
    assert client.put(b"later", "L").status_code == 200
    assert alice.content(uid) == b"later"


def test_a_body_over_the_limit_is_refused_and_nothing_is_changed(demo, tmp_path, clock, alice, uid):
    limited = InProcess(demo, tmp_path / "limited", clock, **{"nuxeo.wopi.maxFileSize": "1k"})
    try:
        client = limited.open("alice", uid)
        client.lock("L")
        assert client.put(b"x" * 1024, "L").status_code == 200
        assert client.put(b"x" * 1025, "L").status_code == 413
        assert alice.content(uid) == b"x" * 1024
        client.unlock("L")
    finally:
        limited.close()


def test_an_upload_that_nobody_used_is_taken_back(behind_proxy, proxy, alice, uid):
    client = behind_proxy.open("alice", uid)
    client.lock("L")
    client.put(b"before", "L")
    (batch,) = {
        path.split("/upload/")[1].split("/")[0] for _, path in proxy.seen if "/upload/" in path
    }
    alice.call("GET", f"api/v1/upload/{batch}", expected=404)


def test_what_others_attach_during_an_upload_stays(demo, behind_proxy, proxy, alice, uid):
    client = behind_proxy.open("alice", uid, "files:files/0/file")
    client.lock("L")
    admin = demo.nuxeo()

    def attach():
        new = {"file": admin.upload(b"NEW", "new.docx", "text/plain")}
        kept = admin.document(uid)["properties"]["files:files"]
        blind_update(admin, uid, **{"files:files": [*kept, new]})

    proxy.plan("POST", f"{UPLOAD}/", attach)
    assert client.put(b"ONE edited", "L").status_code == 200
    assert names_and_contents(alice, uid) == [
        ("one.docx", b"ONE edited"),
        ("two.docx", b"TWO"),
        ("new.docx", b"NEW"),
    ]


def test_an_attachment_is_saved_where_it_has_moved_to(demo, in_process, alice, uid):
    client = in_process.open("alice", uid, "files:files/0/file")
    client.lock("L")
    admin = demo.nuxeo()
    one, two = admin.document(uid)["properties"]["files:files"]
    blind_update(admin, uid, **{"files:files": [two, one]})
    assert client.put(b"ONE edited", "L").status_code == 200
    assert names_and_contents(alice, uid) == [("two.docx", b"TWO"), ("one.docx", b"ONE edited")]


def test_an_attachment_that_is_gone_does_not_overwrite_another(demo, in_process, alice, uid):
    client = in_process.open("alice", uid, "files:files/0/file")
    client.lock("L")
    admin = demo.nuxeo()
    _, two = admin.document(uid)["properties"]["files:files"]
    blind_update(admin, uid, **{"files:files": [two]})
    refused = client.put(b"ONE edited", "L")
    assert (refused.status_code, refused.headers["X-WOPI-Lock"]) == (409, "L")
    assert "place" in refused.headers["X-WOPI-LockFailureReason"]
    assert names_and_contents(alice, uid) == [("two.docx", b"TWO")]


@pytest.mark.parametrize("name", ["Report.docx", "report.pdf"])
def test_what_somebody_else_uploads_in_mid_session_is_kept_as_a_version(
    demo, in_process, alice, uid, name
):
    client = in_process.open("alice", uid)
    client.lock("L")
    demo.nuxeo().replace(uid, b"from outside", name)
    assert client.put(b"of the session", "L").status_code == 200
    assert alice.content(uid) == b"of the session"
    assert alice.document(uid)["properties"]["file:content"]["name"] == "Report.docx"
    assert b"from outside" in [alice.content(version["uid"]) for version in versions(alice, uid)]
    before = len(versions(alice, uid))
    assert client.put(b"once more", "L").status_code == 200
    assert len(versions(alice, uid)) == before


def test_what_could_not_be_kept_as_a_version_is_not_overwritten(
    demo, in_process, alice, uid, monkeypatch
):
    monkeypatch.setattr(Document, "is_versionable", False)
    client = in_process.open("alice", uid)
    client.lock("L")
    demo.nuxeo().replace(uid, b"from outside")
    refused = client.put(b"of the session", "L")
    assert (refused.status_code, refused.headers["X-WOPI-Lock"]) == (409, "L")
    assert "keeps no versions" in refused.headers["X-WOPI-LockFailureReason"]
    assert alice.content(uid) == b"from outside"


def test_a_file_renamed_in_mid_session_keeps_its_new_name(demo, in_process, alice, uid):
    client = in_process.open("alice", uid)
    client.lock("L")
    demo.nuxeo().operation("Document.SetBlobName", uid, name="Offer.docx", xpath="file:content")
    assert client.put(b"after", "L").status_code == 200
    assert alice.document(uid)["properties"]["file:content"]["name"] == "Offer.docx"


def test_an_administrator_does_not_write_under_a_lock_that_was_broken_meanwhile(
    demo, behind_proxy, proxy, alice, uid
):
    client = behind_proxy.open("Administrator", uid)
    client.lock("L")

    def grab():
        demo.nuxeo().operation("Document.Unlock", uid)
        alice.operation("Document.Lock", uid)

    proxy.plan("POST", f"{UPLOAD}/", grab)
    refused = client.put(b"from the administrator", "L")
    assert (refused.status_code, refused.headers["X-WOPI-Lock"]) == (409, "")
    assert alice.content(uid) == b"before"
    assert alice.document(uid)["lockOwner"] == "alice"


@pytest.mark.parametrize("length", ["0", None])
def test_a_body_that_got_lost_does_not_empty_the_file(in_process, alice, uid, length):
    client = in_process.open("alice", uid)
    client.lock("L")
    body = b"" if length else (piece for piece in ())
    assert client.put(body, "L").status_code == 400
    assert alice.content(uid) == b"before"


def test_a_body_without_a_length_is_not_taken_for_an_empty_one(demo, alice, uid):
    client = demo.open("alice", uid)
    client.lock("L")
    parts = urlsplit(client.source)
    head = client.raw_head("POST", "/contents", X_WOPI_Override="PUT", X_WOPI_Lock="L")
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        connection.sendall(f"{head}\r\n".encode())
        assert b" 400 " in connection.recv(65536).splitlines()[0]
    assert alice.content(uid) == b"before"
    client.unlock("L")


def test_a_compressed_body_is_not_stored_as_the_file(in_process, alice, uid):
    client = in_process.open("alice", uid)
    client.lock("L")
    client.http.headers["Content-Encoding"] = "gzip"
    refused = client.put(b"x", "L")
    assert refused.status_code == 400
    assert alice.content(uid) == b"before"


# Locks


def test_a_lock_whose_answer_was_lost_is_given_back(behind_proxy, proxy, clock, alice, uid):
    client = behind_proxy.open("alice", uid)
    proxy.plan("POST", LOCK, *LOSING)
    assert client.lock("L").status_code == 500
    assert alice.document(uid)["lockOwner"] == "alice"
    sweep(behind_proxy, clock)
    assert "lockOwner" not in alice.document(uid)
    assert behind_proxy.connector.store.hold(f"default/{uid}") is None


def test_a_lock_whose_answer_was_lost_can_be_asked_for_again(
    behind_proxy, proxy, clock, alice, uid
):
    client = behind_proxy.open("alice", uid)
    proxy.plan("POST", LOCK, *LOSING)
    client.lock("L")
    assert client.lock("L").status_code == 200
    assert client.unlock("L").status_code == 200
    sweep(behind_proxy, clock)
    assert "lockOwner" not in alice.document(uid)


def test_a_lock_that_comes_late_is_given_back_too(demo, behind_proxy, proxy, clock, alice, uid):
    """Nuxeo was slow: it locks after the connector has given up, and after the first clearing."""
    client = behind_proxy.open("alice", uid)
    proxy.plan("POST", LOCK, "drop", "drop")
    assert client.lock("L").status_code == 500
    behind_proxy.connector.sessions.end_idle()
    alice.operation("Document.Lock", uid)
    clock.offset = 150
    behind_proxy.connector.sessions.end_idle()
    assert "lockOwner" not in alice.document(uid)
    clock.offset = 400
    behind_proxy.connector.sessions.end_idle()
    alice.operation("Document.Lock", uid)
    clock.offset = 800
    behind_proxy.connector.sessions.end_idle()
    assert alice.document(uid)["lockOwner"] == "alice"


# A call that takes effect only after its caller has given up, asked once more, and gone on


@pytest.fixture
def impatient(demo, tmp_path, clock, proxy):
    """A connector that waits for Nuxeo no longer than two seconds."""
    settings = {"nuxeo.wopi.nuxeoURL": proxy.url, "nuxeo.wopi.readTimeout": "2"}
    connector = InProcess(demo, tmp_path / "impatient", clock, **settings)
    yield connector
    connector.close()


def test_a_lock_that_comes_after_the_session_is_given_back(impatient, proxy, clock, alice, uid):
    client = impatient.open("alice", uid)
    late = Held()
    proxy.plan("POST", LOCK, late)
    assert client.lock("L").status_code == 200
    assert client.unlock("L").status_code == 200
    late.let_go()
    proxy.wait_until_idle()
    assert alice.document(uid)["lockOwner"] == "alice"
    sweep(impatient, clock)
    assert "lockOwner" not in alice.document(uid)
    sweep(impatient, clock)
    assert impatient.connector.store.hold(f"default/{uid}") is None


def test_a_lock_that_comes_after_the_session_was_broken_is_given_back(
    demo, impatient, proxy, clock, alice, uid
):
    first, second = impatient.open("alice", uid), impatient.open("bob", uid)
    first.lock("L")
    late = Held()
    proxy.plan("POST", LOCK, late, "drop")
    assert second.put(b"bob's", "L").status_code == 500
    # Somebody takes the lock from the session, and gives it back before the late one comes.
    demo.nuxeo().operation("Document.Unlock", uid)
    demo.nuxeo().operation("Document.Lock", uid)
    assert first.refresh("L").status_code == 409
    demo.nuxeo().operation("Document.Unlock", uid)
    late.let_go()
    proxy.wait_until_idle()
    assert alice.document(uid)["lockOwner"] == "bob"
    sweep(impatient, clock)
    assert "lockOwner" not in alice.document(uid)


def test_an_unlock_that_comes_late_ends_nobodys_session(impatient, proxy, clock, alice, uid):
    first, second = impatient.open("alice", uid), impatient.open("bob", uid)
    first.lock("L")
    late = Held()
    proxy.plan("POST", UNLOCK, late)
    assert second.put(b"bob's", "L").status_code == 200
    assert first.put(b"alice's", "L").status_code == 200
    late.let_go()
    proxy.wait_until_idle()
    assert "lockOwner" not in alice.document(uid)
    assert second.refresh("L").status_code == 200
    assert alice.document(uid)["lockOwner"] == "bob"
    assert first.put(b"alice's again", "L").status_code == 200
    assert first.unlock("L").status_code == 200
    assert "lockOwner" not in alice.document(uid)


def test_an_unlock_that_comes_late_does_not_end_the_next_session(impatient, proxy, alice, uid):
    client = impatient.open("alice", uid)
    client.lock("L")
    late = Held()
    proxy.plan("POST", UNLOCK, late)
    assert client.unlock("L").status_code == 200
    assert client.lock("M").status_code == 200
    late.let_go()
    proxy.wait_until_idle()
    assert "lockOwner" not in alice.document(uid)
    assert client.put(b"after", "M").status_code == 200
    assert client.unlock("M").status_code == 200
    assert "lockOwner" not in alice.document(uid)


@pytest.mark.parametrize("call", [LOCK, UNLOCK])
@pytest.mark.parametrize("fault", [503, "drop", "lose"])
def test_a_hand_over_that_breaks_off_ends_nobodys_session(
    behind_proxy, proxy, alice, uid, call, fault
):
    first, second = behind_proxy.open("alice", uid), behind_proxy.open("bob", uid)
    first.lock("L")
    proxy.plan("POST", call, fault, fault)
    assert second.put(b"bob's", "L").status_code == 500
    assert first.refresh("L").status_code == 200
    assert second.put(b"bob's", "L").status_code == 200
    assert alice.document(uid)["properties"]["dc:lastContributor"] == "bob"
    assert first.put(b"alice's", "L").status_code == 200
    assert first.unlock("L").status_code == 200
    assert "lockOwner" not in alice.document(uid)


def test_a_hand_over_where_everything_fails_is_finished_by_the_next_call(
    behind_proxy, proxy, alice, uid
):
    first, second = behind_proxy.open("alice", uid), behind_proxy.open("bob", uid)
    first.lock("L")
    proxy.plan("POST", LOCK, *[503] * 4)
    assert second.put(b"bob's", "L").status_code == 500
    assert proxy.done()
    assert "lockOwner" not in alice.document(uid)
    assert second.refresh("L").status_code == 200
    assert alice.document(uid)["lockOwner"] == "bob"
    assert first.put(b"alice's", "L").status_code == 200
    assert alice.content(uid) == b"alice's"


@pytest.mark.parametrize("killed_after", ["noted", "unlocked", "locked"])
def test_a_process_that_dies_in_a_hand_over_leaves_a_session_that_goes_on(
    demo, in_process, alice, uid, killed_after
):
    """What a process leaves behind that was killed between two steps."""
    first, second = in_process.open("alice", uid), in_process.open("bob", uid)
    first.lock("L")
    store = in_process.connector.store
    store.put_hold(Hold(f"default/{uid}", "alice", pending="bob"))
    if killed_after != "noted":
        alice.operation("Document.Unlock", uid)
    if killed_after == "locked":
        demo.nuxeo("bob").operation("Document.Lock", uid)
    for client, content in ((first, b"alice's"), (second, b"bob's")):
        assert client.put(content, "L").status_code == 200
        assert alice.content(uid) == content
    assert first.unlock("L").status_code == 200
    assert "lockOwner" not in alice.document(uid)


def test_a_process_that_dies_before_nuxeo_was_asked_leaves_nothing(in_process, clock, alice, uid):
    in_process.connector.store.put_hold(Hold(f"default/{uid}", None, pending="alice"))
    in_process.connector.sessions.end_idle()
    assert in_process.connector.store.hold(f"default/{uid}") is None


def test_a_lock_set_by_hand_is_put_back_later_if_it_cannot_be_now(
    behind_proxy, proxy, clock, alice, uid
):
    alice.operation("Document.Lock", uid)
    first, second = behind_proxy.open("alice", uid), behind_proxy.open("bob", uid)
    first.lock("L")
    assert second.put(b"bob's", "L").status_code == 200
    proxy.plan("POST", LOCK, 503, 503)
    assert second.unlock("L").status_code == 200
    assert proxy.done()
    sweep(behind_proxy, clock)
    assert alice.document(uid)["lockOwner"] == "alice"


def test_a_lock_set_by_hand_is_not_taken_over_when_its_session_ran_out(
    in_process, clock, alice, uid
):
    alice.operation("Document.Lock", uid)
    in_process.open("alice", uid).lock("L")
    clock.offset = 31 * 60
    bob = in_process.open("bob", uid)
    assert bob.info()["UserCanWrite"] is False
    assert bob.lock("M").status_code == 409
    assert alice.document(uid)["lockOwner"] == "alice"


def test_unlocking_succeeds_while_nuxeo_is_away(behind_proxy, proxy, clock, alice, uid):
    client = behind_proxy.open("alice", uid)
    client.lock("L")
    proxy.plan("POST", UNLOCK, 503, 503)
    assert client.unlock("L").status_code == 200
    assert alice.document(uid)["lockOwner"] == "alice"
    sweep(behind_proxy, clock)
    assert "lockOwner" not in alice.document(uid)


@pytest.mark.parametrize("user", ["alice", "bob"])
def test_unlocking_works_whatever_became_of_the_document(demo, in_process, alice, uid, user):
    def trash():
        demo.nuxeo().operation("Document.Trash", uid)

    def remove_file():
        blind_update(demo.nuxeo(), uid, **{"file:content": None})

    for change in (remove_file, trash):
        first, other = in_process.open("alice", uid), in_process.open(user, uid)
        assert first.lock("L").status_code == 200
        change()
        assert other.unlock("L").status_code == 200
        assert "lockOwner" not in alice.document(uid)
        blind_update(demo.nuxeo(), uid, **{"file:content": alice.upload(b"x", "a.docx", "text/x")})


def test_an_account_that_is_gone_is_named_as_the_reason(demo, in_process, alice, uid):
    admin = demo.nuxeo()
    user = {"username": "erin", "password": "erin", "firstName": "Erin", "groups": ["members"]}
    admin.call("POST", "api/v1/user", json={"entity-type": "user", "properties": user})
    admin.operation("Document.AddPermission", uid, permission="ReadWrite", user="erin")
    erin, bob = in_process.open("erin", uid), in_process.open("bob", uid)
    erin.lock("L")
    admin.call("DELETE", "api/v1/user/erin")
    refused = bob.put(b"bob's", "L")
    assert (refused.status_code, refused.headers["X-WOPI-Lock"]) == (409, "L")
    assert "erin" in refused.headers["X-WOPI-LockFailureReason"]
    assert bob.info()["UserCanWrite"] is True
    admin.operation("Document.Unlock", uid)
    assert bob.lock("M").status_code == 200
    assert bob.put(b"bob's", "M").status_code == 200


def test_who_was_given_write_alone_can_save_under_the_sessions_lock(demo, in_process, alice, uid):
    admin = demo.nuxeo()
    admin.operation("Document.BlockPermissionInheritance", uid)
    for user, permission in (("alice", "ReadWrite"), ("bob", "Read"), ("bob", "Write")):
        admin.operation("Document.AddPermission", uid, permission=permission, user=user)
    bob = in_process.open("bob", uid)
    assert bob.info()["UserCanWrite"] is True
    in_process.open("alice", uid).lock("L")
    assert bob.info()["UserCanWrite"] is True
    assert bob.put(b"bob's", "L").status_code == 200
    assert alice.content(uid) == b"bob's"


# Reading


def test_versions_do_not_move_while_others_look(in_process, alice, uid):
    """A reader who has read the document before a save must not make news of what is history."""
    client = in_process.open("alice", uid)
    client.lock("L")
    stop, wrong = threading.Event(), []

    def look(user):
        reader = in_process.open(user, uid)
        while not stop.is_set():
            info = reader.info()
            if user == "bob" and not info["UserCanWrite"]:
                wrong.append(info)

    readers = [threading.Thread(target=look, args=(user,)) for user in ("bob", "carol")]
    for reader in readers:
        reader.start()
    try:
        for number in range(25):
            author = in_process.open(("alice", "bob")[number % 2], uid)
            version = author.put(b"content %d" % number, "L").headers["X-WOPI-ItemVersion"]
            assert client.info()["Version"] == version
            assert client.get().headers["X-WOPI-ItemVersion"] == version
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert wrong == []


def test_asking_and_refreshing_do_not_wait_behind_a_save(in_process, alice, uid):
    client = in_process.open("alice", uid)
    client.lock("L")
    with in_process.connector.store.critical_section(f"default/{uid}"):
        assert client.get_lock().headers["X-WOPI-Lock"] == "L"
        assert client.refresh("L").status_code == 200
        assert client.relock("M", "L").status_code == 200
        assert client.info()["UserCanWrite"] is True


def test_a_file_without_a_name_is_called_after_its_document(demo, in_process, alice, uid):
    batch = alice.call("POST", "api/v1/upload").json()["batchId"]
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    alice.call(
        "POST",
        f"api/v1/upload/{batch}/0",
        data=b"x",
        headers={"X-File-Type": word, "X-File-Name": ""},
    )
    blob = {"upload-batch": batch, "upload-fileId": "0"}
    blind_update(alice, uid, **{"file:content": blob})
    assert in_process.open("alice", uid).info()["BaseFileName"] == "Report.docx"


def test_one_file_has_one_id(demo, in_process, alice, uid):
    for index in ("00", "000000", "\u0660", "01"):
        with pytest.raises(InvalidFileReference):
            FileReference("default", uid, f"files:files/{index}/file")


def test_a_lock_store_that_does_not_answer_is_no_traceback(in_process, alice, uid, caplog):
    client = in_process.open("alice", uid)
    client.lock("L")
    store = in_process.connector.store
    store._database.execute("PRAGMA busy_timeout = 50")
    path = in_process.settings.data_dir / "locks.sqlite"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        saved = client.put(b"after", "L")
        assert (saved.status_code, alice.content(uid)) == (200, b"after")
        assert "X-WOPI-ItemVersion" not in saved.headers
        assert client.refresh("L").status_code == 500
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert "Traceback" not in caplog.text
    assert client.put(b"later", "L").headers["X-WOPI-ItemVersion"]


def test_nonsense_in_place_of_a_chunk_is_a_bad_request(demo, alice, uid):
    client = demo.open("alice", uid)
    client.lock("L")
    parts = urlsplit(client.source)
    headers = {"X_WOPI_Override": "PUT", "X_WOPI_Lock": "L", "Transfer_Encoding": "chunked"}
    head = client.raw_head("POST", "/contents", **headers) + "\r\nzz\r\nnonsense"
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        connection.sendall(head.encode())
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
    assert answer == b"" or b" 400 " in answer.splitlines()[0]
    assert alice.content(uid) == b"before"
    client.unlock("L")


def test_an_upload_that_stalls_gives_its_thread_back(demo, alice, uid, tmp_path):
    """As it is served: else a few such clients would stop everybody."""
    with Served(demo, tmp_path / "wopi", **{"nuxeo.wopi.readTimeout": 3}) as served:
        client = served.open("alice", uid)
        assert client.lock("L").status_code == 200
        headers = {"X_WOPI_Override": "PUT", "X_WOPI_Lock": "L", "Content_Length": "1000"}
        head = client.raw_head("POST", "/contents", **headers) + "\r\nten bytes!"
        parts = urlsplit(client.source)
        with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
            connection.sendall(head.encode())
            answer = connection.recv(65536)
        assert b" 400 " in answer.splitlines()[0]
        assert alice.content(uid) == b"before"
        assert client.unlock("L").status_code == 200


def test_a_full_disk_is_not_the_clients_fault(demo, in_process, alice, uid, monkeypatch):
    class Full:
        def __init__(self, **_options):
            pass

        def write(self, _piece):
            raise OSError(28, "No space left on device")

        def close(self):
            pass

    client = in_process.open("alice", uid)
    client.lock("L")
    monkeypatch.setattr(content_module, "SpooledTemporaryFile", Full)
    assert client.put(b"after", "L").status_code == 500
    monkeypatch.undo()
    assert alice.content(uid) == b"before"


# What a fresh eye found


def test_who_joins_a_session_on_a_moved_attachment_edits_that_one(demo, in_process, alice, uid):
    """The file id names a place, but the session is on a file."""
    first = in_process.open("alice", uid, "files:files/1/file")
    assert first.lock("L").status_code == 200
    blind_update(
        demo.nuxeo(),
        uid,
        **{
            "files:files": [
                demo.nuxeo().document(uid)["properties"]["files:files"][1],
                {"file": demo.nuxeo().upload(b"THREE", "three.docx", "text/plain")},
            ]
        },
    )
    second = in_process.open("bob", uid, "files:files/1/file")
    for client in (first, second):
        assert client.info()["BaseFileName"] == "two.docx"
        assert client.get().content == b"TWO"
    assert second.lock("L").status_code == 200
    assert second.put(b"TWO by bob", "L").status_code == 200
    assert first.get().content == b"TWO by bob"
    assert names_and_contents(alice, uid) == [("two.docx", b"TWO by bob"), ("three.docx", b"THREE")]
    assert second.unlock("L").status_code == 200
    assert first.info()["BaseFileName"] == "three.docx"


def test_another_file_in_the_place_of_one_that_is_gone_is_not_read_for_it(
    demo, in_process, alice, uid
):
    first = in_process.open("alice", uid, "files:files/0/file")
    first.lock("L")
    _, two = demo.nuxeo().document(uid)["properties"]["files:files"]
    blind_update(demo.nuxeo(), uid, **{"files:files": [two]})
    second = in_process.open("bob", uid, "files:files/0/file")
    for client in (first, second):
        assert client.request("GET").status_code == 404
        assert client.get().status_code == 404
    assert first.unlock("L").status_code == 200
    assert second.info()["BaseFileName"] == "two.docx"


def test_a_refresh_during_a_save_is_not_undone_by_it(behind_proxy, proxy, clock, alice, uid):
    client = behind_proxy.open("alice", uid)
    client.lock("L")

    def refresh_later():
        clock.offset = 20 * 60
        assert behind_proxy.open("alice", uid).refresh("L").status_code == 200
        clock.offset = 0

    proxy.plan("PUT", "/id/", refresh_later)
    assert client.put(b"after", "L").status_code == 200
    clock.offset = 40 * 60
    assert client.get_lock().headers["X-WOPI-Lock"] == "L"


def test_another_lock_id_during_a_save_does_not_hide_what_was_saved(
    behind_proxy, proxy, alice, uid
):
    client = behind_proxy.open("alice", uid)
    client.lock("L")
    proxy.plan("PUT", "/id/", lambda: behind_proxy.open("alice", uid).relock("M", "L"))
    assert client.put(b"one", "L").status_code == 200
    before = len(versions(alice, uid))
    assert client.put(b"two", "M").status_code == 200
    assert len(versions(alice, uid)) == before


def test_a_lock_that_somebody_set_by_hand_is_named_by_every_lock_operation(
    demo, in_process, alice, uid
):
    alice.operation("Document.Lock", uid)
    bob = in_process.open("bob", uid)
    for refused in (bob.get_lock(), bob.refresh("L"), bob.unlock("L"), bob.relock("M", "L")):
        assert (refused.status_code, refused.headers["X-WOPI-Lock"]) == (409, "")
        assert "alice" in refused.headers["X-WOPI-LockFailureReason"]
    assert in_process.open("alice", uid).get_lock().status_code == 200


def test_asking_does_not_wait_for_a_hand_over(behind_proxy, proxy, alice, uid):
    first, second = behind_proxy.open("alice", uid), behind_proxy.open("bob", uid)
    first.lock("L")
    seen = []

    def ask():
        reader = behind_proxy.open("carol", uid)
        seen.append((reader.get_lock().headers["X-WOPI-Lock"], reader.info()["Size"]))

    proxy.plan("POST", LOCK, ask)
    assert second.put(b"bob's", "L").status_code == 200
    assert seen == [("L", 6)]


def test_a_lock_id_of_any_length_is_a_bad_request(demo, alice, uid):
    client = demo.open("alice", uid)
    for length in (1025, 8000, 9000, 30000):
        assert client.lock("x" * length).status_code == 400
