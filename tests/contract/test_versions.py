"""Versions, made on purpose or not (REST_CONTRACT 5.1, 5.4, 8)."""

import time

import pytest


@pytest.fixture
def uid(alice):
    return alice.create()


def label(person, uid):
    return person.document(uid)["versionLabel"]


# Made on purpose (8)


@pytest.mark.parametrize(("increment", "expected"), [("Minor", "0.1"), ("Major", "1.0")])
def test_a_version_is_made_and_the_live_document_answered(alice, uid, increment, expected):
    live = alice.operation("Document.CreateVersion", uid, increment=increment).json()
    assert (live["uid"], live["isVersion"], live["isCheckedOut"]) == (uid, False, False)
    assert label(alice, uid) == expected
    (version,) = alice.versions(uid)
    assert (version["isVersion"], version["versionableId"]) == (True, uid)
    assert version["uid"] != uid
    assert version["isLatestVersion"] is True
    assert version["isLatestMajorVersion"] is (increment == "Major")


def test_checking_in_wants_to_know_the_increment(alice, uid):
    alice.operation("Document.CheckIn", uid, version="minor", comment="first")
    assert label(alice, uid) == "0.1"
    alice.put(uid, {"dc:title": "changed"}, 200)
    assert label(alice, uid) == "0.1+"
    assert alice.document(uid)["isCheckedOut"] is True


def test_checking_in_changes_nothing_but_makes_a_version(alice, bob, uid):
    """CoreSession.checkIn, unlike a save with a versioning option, sets no property."""
    before = alice.document(uid)
    for _ in range(2):
        bob.operation("Document.CheckIn", uid, version="major", comment="twice")
    after = alice.document(uid)
    assert label(alice, uid) == "1.0"
    assert len(alice.versions(uid)) == 1
    for name in ("dc:modified", "dc:lastContributor", "dc:contributors"):
        assert after["properties"][name] == before["properties"][name]


def test_checking_in_needs_the_right_to_write_and_nobody_elses_lock(alice, bob, carol, uid):
    """AbstractSession.checkIn asks for WriteProperties."""
    carol.operation("Document.CheckIn", uid, 403, version="minor")
    alice.lock(uid, 200)
    bob.operation("Document.CheckIn", uid, 403, version="minor")
    alice.operation("Document.CheckIn", uid, version="minor")
    assert alice.document(uid)["lockOwner"] == alice.name
    assert len(alice.versions(uid)) == 1


def test_checking_in_tells_the_audit_why(alice, uid):
    """CoreSession.notifyCheckedInVersion; the entry may take a moment on a real server."""
    alice.operation("Document.CheckIn", uid, version="minor", comment="by alice, élodie")
    found = []
    for _ in range(50):
        entries = alice.get(f"api/v1/id/{uid}/@audit", 200).json()["entries"]
        found = [entry for entry in entries if entry["eventId"] == "documentCheckedIn"]
        if found:
            break
        time.sleep(0.1)
    (entry,) = found
    assert (entry["principalName"], entry["comment"]) == (alice.name, "by alice, élodie")


def test_versions_are_listed_and_the_last_is_found(carol, alice, uid):
    for title in ("one", "two"):
        alice.put(uid, {"dc:title": title}, 200)
        alice.operation("Document.CreateVersion", uid, increment="Minor")
    assert {item["title"] for item in carol.versions(uid)} == {"one", "two"}
    last = carol.operation("Document.GetLastVersion", uid).json()
    assert (last["title"], last["isLatestVersion"]) == ("two", True)


def test_what_is_a_version_already_is_not_archived_again(alice, uid):
    """StandardVersioningService.doPostSave: only what is checked out is checked in."""
    assert alice.document(uid)["isCheckedOut"] is True
    for _ in range(2):
        answer = alice.operation("Document.CreateVersion", uid, increment="Minor").json()
        assert answer["isCheckedOut"] is False
    assert len(alice.versions(uid)) == 1
    alice.replace(uid, b"later")
    assert alice.document(uid)["isCheckedOut"] is True


def test_versions_are_found_by_query(alice, uid):
    alice.operation("Document.CreateVersion", uid, increment="Minor")
    where = f"ecm:versionVersionableId='{uid}' AND ecm:isVersion=1"
    query = {"query": f"SELECT * FROM Document WHERE {where}"}
    entries = alice.get("api/v1/query", 200, params=query).json()["entries"]
    assert [item["uid"] for item in entries] == [item["uid"] for item in alice.versions(uid)]


def test_a_version_keeps_the_content_of_its_time(carol, alice, uid):
    alice.operation("Document.CreateVersion", uid, increment="Minor")
    alice.replace(uid, b"later")
    (version,) = carol.versions(uid)
    assert carol.content(version["uid"]) == b"content"
    assert carol.content(uid) == b"later"


def test_a_restored_version_is_the_document_again(alice, carol, uid):
    """Document.RestoreVersion, CoreSession.restoreToVersion."""
    alice.operation("Document.CreateVersion", uid, increment="Minor")
    alice.replace(uid, b"later")
    before = alice.document(uid)["changeToken"]
    (version,) = alice.versions(uid)
    carol.operation("Document.RestoreVersion", version["uid"], 403)
    restored = alice.operation("Document.RestoreVersion", version["uid"]).json()
    assert (restored["uid"], restored["isCheckedOut"]) == (uid, False)
    assert (alice.content(uid), label(alice, uid)) == (b"content", "0.1")
    # Seen by the system part of the change token, as every change is (5.3).
    after = alice.document(uid)["changeToken"]
    assert int(after.partition("-")[0]) > int(before.partition("-")[0])


def test_what_was_there_may_become_a_version_before_another_is_restored(alice, uid):
    alice.operation("Document.CreateVersion", uid, increment="Minor")
    (version,) = alice.versions(uid)
    alice.replace(uid, b"later")
    options = {"createVersion": True, "checkout": True}
    alice.operation("Document.RestoreVersion", version["uid"], **options)
    assert (alice.content(uid), label(alice, uid)) == (b"content", "0.2+")
    assert {alice.content(item["uid"]) for item in alice.versions(uid)} == {b"content", b"later"}
    alice.operation("Document.CheckIn", uid, version="minor")
    assert label(alice, uid) == "0.3"


def test_a_folder_has_no_versions(alice):
    folder = alice.create_empty("Folder")["uid"]
    alice.operation("Document.CreateVersion", folder, 500, increment="Minor")


def test_a_reader_makes_no_versions(alice, carol, uid):
    carol.operation("Document.CreateVersion", uid, 403, increment="Minor")


# On demand of a save (5.1)


@pytest.mark.parametrize(("option", "expected"), [("MINOR", "0.1"), ("MAJOR", "1.0")])
def test_a_save_with_a_version_answers_the_version(alice, uid, option, expected):
    """Trap 17."""
    headers = {"X-Versioning-Option": option}
    answer = alice.put(uid, {"dc:title": "archived"}, 200, headers=headers).json()
    assert answer["uid"] != uid
    assert (answer["isVersion"], answer["title"]) == (True, "archived")
    assert answer["versionLabel"] == expected
    assert alice.document(uid)["title"] == "archived"


def test_a_save_without_a_version_answers_the_document(alice, uid):
    headers = {"X-Versioning-Option": "NONE"}
    assert alice.put(uid, {"dc:title": "x"}, 200, headers=headers).json()["uid"] == uid
    assert alice.versions(uid) == []


@pytest.mark.parametrize(("option", "expected"), [("NONE", ["0.1"]), ("MINOR", ["0.1", "0.2"])])
def test_no_option_keeps_the_server_from_archiving_what_was_there(
    alice, bob, uid, option, expected
):
    """JSONDocumentObject drops NONE; and AbstractSession.saveDocument asks for no option before."""
    bob.put(uid, {"dc:title": "x"}, 200, headers={"X-Versioning-Option": option})
    assert sorted(label(alice, item["uid"]) for item in alice.versions(uid)) == expected


def test_a_note_is_not_kept_from_its_version_either(alice):
    uid = alice.create_empty("Note")["uid"]
    before = len(alice.versions(uid))
    alice.put(uid, {"note:note": "one"}, 200, headers={"X-Versioning-Option": "NONE"})
    assert len(alice.versions(uid)) == before + 1


def test_a_save_with_a_source_answers_the_last_version_or_nothing(alice, uid):
    """Trap 17."""
    headers = {"source": "contract"}
    assert alice.put(uid, {"dc:title": "x"}, 204, headers=headers).content == b""
    assert alice.document(uid)["title"] == "x"
    alice.operation("Document.CreateVersion", uid, increment="Minor")
    answer = alice.put(uid, {"dc:title": "y"}, 200, headers=headers).json()
    assert (answer["isVersion"], answer["title"]) == (True, "x")


def test_an_unknown_option_is_refused(alice, uid):
    alice.put(uid, {"dc:title": "x"}, 400, headers={"X-Versioning-Option": "SOME"})


def test_a_new_document_may_have_a_version_at_once_but_is_itself_answered(alice):
    """REST_CONTRACT 8."""
    body = {"entity-type": "document", "type": "File", "name": "versioned", "properties": {}}
    headers = {"X-Versioning-Option": "MAJOR"}
    created = alice.post(f"api/v1/path{alice.folder}", body, 201, headers=headers).json()
    assert created["isVersion"] is False
    assert len(alice.versions(created["uid"])) == 1


# By itself (5.4)


def test_another_contributor_archives_what_was_there_before(alice, bob, uid):
    """Trap 20."""
    bob.replace(uid, b"by bob")
    (version,) = alice.versions(uid)
    assert alice.content(version["uid"]) == b"content"
    assert alice.property(version["uid"], "dc:lastContributor") == alice.name
    assert label(alice, uid) == "0.1+"


def test_the_same_contributor_archives_nothing(alice, uid):
    alice.replace(uid, b"again")
    alice.replace(uid, b"and again")
    assert alice.versions(uid) == []


def test_taking_turns_makes_a_version_each_time(alice, bob, uid):
    """Trap 20."""
    for person in (bob, alice, bob):
        person.replace(uid, f"by {person.name}".encode())
    assert len(alice.versions(uid)) == 3
    assert label(alice, uid) == "0.3+"


def test_a_note_gets_a_version_with_every_save(alice):
    uid = alice.create_empty("Note")["uid"]
    before = len(alice.versions(uid))
    alice.put(uid, {"note:note": "one"}, 200)
    alice.put(uid, {"note:note": "two"}, 200)
    assert len(alice.versions(uid)) == before + 2


def test_a_version_has_no_lock_of_its_document(alice, carol, uid):
    """REST_CONTRACT 2.5: locks belong to the live document."""
    alice.operation("Document.CreateVersion", uid, increment="Minor")
    alice.lock(uid, 200)
    (version,) = alice.versions(uid)
    assert "lockOwner" not in carol.document(version["uid"])
