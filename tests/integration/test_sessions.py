"""WOPI locks and Nuxeo's own lock: what several people see of each other."""

import threading

import pytest


@pytest.fixture
def alice(demo):
    return demo.nuxeo("alice")


@pytest.fixture
def uid(alice):
    return alice.create(b"before")


def test_an_editing_session_shows_as_a_lock_in_nuxeo_and_ends_with_it(demo, alice, uid):
    client = demo.open("alice", uid)
    client.lock("L")
    assert alice.document(uid)["lockOwner"] == "alice"
    demo.nuxeo("bob").operation("Document.Lock", uid, expected=409)
    client.unlock("L")
    assert "lockOwner" not in alice.document(uid)


def test_the_second_one_learns_the_lock_and_who_has_it(demo, uid):
    demo.open("alice", uid).lock("L")
    refused = demo.open("bob", uid).lock("M")
    assert refused.status_code == 409
    assert refused.headers["X-WOPI-Lock"] == "L"
    assert "alice" in refused.headers["X-WOPI-LockFailureReason"]


def test_a_lock_set_by_hand_is_there_again_after_the_session(demo, alice, uid):
    alice.operation("Document.Lock", uid)
    client = demo.open("alice", uid)
    assert client.lock("L").status_code == 200
    assert client.put(b"after", "L").status_code == 200
    assert client.unlock("L").status_code == 200
    assert alice.document(uid)["lockOwner"] == "alice"
    assert alice.content(uid) == b"after"


def test_a_lock_set_by_somebody_else_keeps_everybody_out(demo, alice, uid):
    alice.operation("Document.Lock", uid)
    for user in ("bob", "Administrator"):
        client = demo.open(user, uid)
        assert client.info()["UserCanWrite"] is False
        for refused in (client.lock("L"), client.put(b"x", "L")):
            assert refused.status_code == 409
            assert refused.headers["X-WOPI-Lock"] == ""
            assert "alice" in refused.headers["X-WOPI-LockFailureReason"]
        assert client.get_lock().headers["X-WOPI-Lock"] == ""
    assert alice.document(uid)["lockOwner"] == "alice"
    assert alice.content(uid) == b"before"


def test_co_authors_save_as_themselves_under_one_lock(demo, alice, uid):
    first, second = demo.open("alice", uid), demo.open("bob", uid)
    first.lock("L")
    assert second.info()["UserCanWrite"] is True
    assert second.lock("L").status_code == 200
    assert second.put(b"bob's", "L").status_code == 200
    assert alice.document(uid)["properties"]["dc:lastContributor"] == "bob"
    assert first.put(b"alice's", "L").status_code == 200
    assert alice.document(uid)["properties"]["dc:lastContributor"] == "alice"
    assert second.unlock("L").status_code == 200
    assert "lockOwner" not in alice.document(uid)


def test_a_co_author_gives_a_lock_set_by_hand_back(demo, alice, uid):
    alice.operation("Document.Lock", uid)
    first, second = demo.open("alice", uid), demo.open("bob", uid)
    first.lock("L")
    assert second.put(b"bob's", "L").status_code == 200
    assert alice.document(uid)["lockOwner"] == "bob"
    assert second.unlock("L").status_code == 200
    assert alice.document(uid)["lockOwner"] == "alice"


def test_a_reader_does_not_join_to_write(demo, uid):
    demo.open("alice", uid).lock("L")
    carol = demo.open("carol", uid)
    assert carol.info()["UserCanWrite"] is False
    assert carol.put(b"x", "L").status_code == 404
    assert carol.unlock("L").status_code == 404
    assert demo.open("alice", uid).get_lock().headers["X-WOPI-Lock"] == "L"


def test_who_loses_the_right_to_write_may_still_leave(demo, alice, uid):
    client = demo.open("bob", uid)
    client.lock("L")
    demo.nuxeo().operation("Document.BlockPermissionInheritance", uid)
    demo.nuxeo().operation("Document.AddPermission", uid, permission="Read", user="bob")
    assert client.info()["UserCanWrite"] is False
    assert client.put(b"x", "L").status_code == 404
    assert client.refresh("L").status_code == 404
    assert client.unlock("L").status_code == 200
    assert "lockOwner" not in demo.nuxeo().document(uid)


def test_an_administrator_who_unlocks_in_nuxeo_ends_the_session(demo, alice, uid):
    client = demo.open("alice", uid)
    client.lock("L")
    demo.nuxeo().operation("Document.Unlock", uid)
    refused = client.refresh("L")
    assert refused.status_code == 409
    assert refused.headers["X-WOPI-Lock"] == ""
    assert client.put(b"x", "L").status_code == 409
    assert demo.open("bob", uid).lock("M").status_code == 200


def test_somebody_who_grabbed_the_broken_lock_keeps_it(demo, alice, uid):
    client = demo.open("alice", uid)
    client.lock("L")
    demo.nuxeo().operation("Document.Unlock", uid)
    demo.nuxeo("bob").operation("Document.Lock", uid)
    for refused in (client.put(b"x", "L"), client.unlock("L"), client.lock("L")):
        assert refused.status_code == 409
        assert refused.headers["X-WOPI-Lock"] == ""
    assert alice.document(uid)["lockOwner"] == "bob"
    assert alice.content(uid) == b"before"


def test_one_of_many_who_lock_at_once_gets_it(demo, alice, uid):
    clients = [demo.open(user, uid) for user in ("alice", "bob", "Administrator") * 3]
    answers = {}
    start = threading.Barrier(len(clients))

    def go(number, client):
        start.wait()
        answers[number] = client.lock(f"lock-{number}")

    threads = [
        threading.Thread(target=go, args=(number, client)) for number, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [number for number, answer in answers.items() if answer.status_code == 200]
    losers = [answer for number, answer in answers.items() if number != winner]
    assert {answer.status_code for answer in losers} == {409}
    assert {answer.headers["X-WOPI-Lock"] for answer in losers} == {f"lock-{winner}"}
    assert clients[winner].unlock(f"lock-{winner}").status_code == 200
    assert "lockOwner" not in alice.document(uid)


def test_a_lock_that_nobody_refreshes_ends_after_half_an_hour(clock, in_process, alice, uid):
    client = in_process.open("alice", uid)
    client.lock("L")
    clock.offset = 29 * 60
    assert client.refresh("L").status_code == 200
    clock.offset += 29 * 60
    assert client.get_lock().headers["X-WOPI-Lock"] == "L"
    clock.offset += 61
    assert client.get_lock().headers["X-WOPI-Lock"] == ""
    assert client.put(b"late", "L").status_code == 409
    assert alice.document(uid)["lockOwner"] == "alice"
    in_process.connector.sessions.end_idle()
    assert "lockOwner" not in alice.document(uid)


def test_nobody_waits_for_a_session_that_ran_out(clock, in_process, alice, uid):
    in_process.open("alice", uid).lock("L")
    clock.offset = 31 * 60
    bob = in_process.open("bob", uid)
    assert bob.lock("M").status_code == 200
    in_process.connector.sessions.end_idle()
    assert bob.put(b"bob's", "M").status_code == 200
    assert alice.document(uid)["properties"]["dc:lastContributor"] == "bob"
    assert bob.unlock("M").status_code == 200
    assert "lockOwner" not in alice.document(uid)


def test_a_session_that_ran_out_leaves_a_lock_set_by_hand(clock, in_process, alice, uid):
    alice.operation("Document.Lock", uid)
    in_process.open("alice", uid).lock("L")
    clock.offset = 31 * 60
    in_process.connector.sessions.end_idle()
    assert alice.document(uid)["lockOwner"] == "alice"


def test_an_empty_attachment_gets_its_first_content_while_somebody_edits_another(demo, in_process):
    """The document is locked in Nuxeo for the other session, not against this user."""
    alice = demo.nuxeo("alice")
    uid = alice.create(attachments=[("one.docx", b"ONE"), ("empty.docx", b"")])
    editing = in_process.open("alice", uid, "files:files/0/file")
    assert editing.lock("L").status_code == 200
    first = in_process.open("bob", uid, "files:files/1/file")
    assert first.put(b"first").status_code == 200
    assert alice.content(uid, "files:files/1/file") == b"first"
    assert editing.put(b"goes on", "L").status_code == 200
    assert editing.unlock("L").status_code == 200
    assert "lockOwner" not in alice.document(uid) or alice.document(uid)["lockOwner"] is None
