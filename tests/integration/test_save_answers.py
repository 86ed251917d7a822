"""What Collabora and ONLYOFFICE say with a save, and what they are answered."""

import pytest


@pytest.fixture
def alice(demo):
    return demo.nuxeo("alice")


@pytest.fixture
def uid(alice):
    return alice.create(b"before")


@pytest.fixture
def client(demo, uid):
    client = demo.open("alice", uid)
    assert client.lock("L").status_code == 200
    yield client
    client.unlock("L")


def versions(nuxeo, uid):
    query = f"SELECT * FROM Document WHERE ecm:versionVersionableId='{uid}' AND ecm:isVersion=1"
    return nuxeo.call("GET", "api/v1/query", params={"query": query}).json()["entries"]


@pytest.fixture(params=["X-COOL-WOPI-Timestamp", "X-LOOL-WOPI-Timestamp"])
def save(client, request):
    """PutFile as Collabora sends it: with the time it was told for what it has."""

    def put(data, time=None):
        if time is not None:
            client.http.headers[request.param] = time
        else:
            client.http.headers.pop(request.param, None)
        return client.put(data, "L")

    return put


def test_saving_again_and_again_with_the_time_of_the_last_answer(client, save):
    known = client.info()["LastModifiedTime"]
    for number in range(3):
        answer = save(b"text %d" % number, known)
        assert answer.status_code == 200
        known = answer.json()["LastModifiedTime"]
        assert known == client.info()["LastModifiedTime"]


def test_a_change_in_nuxeo_is_asked_about_and_then_overwritten_with_a_trace(
    demo, alice, uid, client, save
):
    known = "2020-01-01T00:00:00.0000000Z"
    demo.nuxeo().replace(uid, b"from outside")
    asked = save(b"of the session", known)
    assert asked.status_code == 409
    assert asked.json() == {"COOLStatusCode": 1010, "LOOLStatusCode": 1010}
    assert asked.headers["X-WOPI-Lock"] == "L"
    assert alice.content(uid) == b"from outside"

    # The user chose to overwrite: Collabora saves once more without a time.
    assert save(b"of the session").status_code == 200
    assert alice.content(uid) == b"of the session"
    assert b"from outside" in [alice.content(version["uid"]) for version in versions(alice, uid)]


def test_who_was_without_a_lock_for_a_while_is_asked_too(demo, alice, uid, client, save):
    """As after a lock that ran out, or that an administrator broke."""
    known = client.info()["LastModifiedTime"]
    assert client.unlock("L").status_code == 200
    demo.nuxeo("bob").replace(uid, b"bob's")
    assert client.lock("L").status_code == 200
    assert save(b"old", known).status_code == 409
    assert alice.content(uid) == b"bob's"
    assert save(b"now known", client.info()["LastModifiedTime"]).status_code == 200


def test_a_change_in_the_very_second_is_a_change(demo, alice, uid, client, save):
    known = save(b"first").json()["LastModifiedTime"]
    demo.nuxeo().replace(uid, b"from outside")
    assert save(b"second", known).status_code == 409


def test_the_very_bytes_that_are_there_are_no_conflict(demo, alice, uid, client, save):
    demo.nuxeo().replace(uid, b"the same")
    assert save(b"the same", "2020-01-01T00:00:00.0000000Z").status_code == 200


def test_a_change_of_the_title_is_no_conflict(alice, uid, client, save):
    known = client.info()["LastModifiedTime"]
    body = {"entity-type": "document", "properties": {"dc:title": "Another title"}}
    alice.call("PUT", f"api/v1/id/{uid}", json=body)
    assert save(b"after", known).status_code == 200
    assert alice.document(uid)["properties"]["dc:title"] == "Another title"


def test_who_has_edited_is_in_the_audit(alice, uid, client):
    client.http.headers["X-COOL-WOPI-IsAutosave"] = "true"
    assert client.put(b"after", "L", Editors="alice,bob").status_code == 200
    entries = alice.call("GET", f"api/v1/id/{uid}/@audit").json()["entries"]
    assert "Edited by alice, bob, saved automatically" in [
        entry.get("comment") for entry in entries
    ]
