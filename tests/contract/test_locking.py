"""Nuxeo's lock (REST_CONTRACT 6), as of 2021."""

import pytest


@pytest.fixture
def uid(alice):
    return alice.create()


@pytest.fixture
def locked(alice, uid):
    """A document that alice has locked."""
    alice.lock(uid, 200)
    return uid


def owner(person, uid):
    return person.document(uid).get("lockOwner")


@pytest.mark.parametrize("way", ["adapter", "by uid", "by path", "api"])
def test_a_lock_belongs_to_the_caller(alice, uid, way):
    """Trap 9: an owner cannot be named."""
    path = alice.document(uid)["path"]
    inputs = {"by uid": f"doc:{uid}", "by path": f"doc:{path}", "api": f"doc:{uid}"}
    place = "api/v1/automation" if way == "api" else "site/automation"
    if way == "adapter":
        answer = alice.lock(uid, 200)
    else:
        body = {"params": {}, "input": inputs[way]}
        headers = {"fetch-document": "lock"}
        answer = alice.post(f"{place}/Document.Lock", body, 200, headers=headers)
    assert answer.json()["lockOwner"] == alice.name
    assert owner(alice, uid) == alice.name


def test_locking_again_keeps_the_first_date(alice, locked):
    """Trap 9: 10.10 answers 500."""
    before = alice.document(locked)["lockCreated"]
    assert alice.lock(locked, 200).json()["lockCreated"] == before


@pytest.mark.parametrize("person", ["bob", "admin"])
def test_a_lock_of_another_is_a_conflict(request, locked, alice, person):
    """For administrators too."""
    answer = request.getfixturevalue(person).lock(locked, 409).json()
    assert f"Document already locked by {alice.name}" in answer["message"]
    assert owner(alice, locked) == alice.name


@pytest.mark.parametrize("state", ["uid", "locked"])
def test_a_reader_does_not_lock(request, carol, alice, state):
    """REST_CONTRACT 7: 403 tells a lack of permission from a lock, on a locked document too."""
    uid = request.getfixturevalue(state)
    before = owner(alice, uid)
    carol.lock(uid, 403)
    assert owner(alice, uid) == before


def test_the_owner_unlocks(alice, locked):
    alice.unlock(locked, 200)
    assert owner(alice, locked) is None


def test_unlocking_what_is_not_locked_is_no_error(alice, uid):
    alice.unlock(uid, 200)


@pytest.mark.parametrize("person", ["bob", "carol"])
def test_the_lock_of_another_is_not_taken_off(request, alice, locked, person):
    request.getfixturevalue(person).unlock(locked, 409)
    assert owner(alice, locked) == alice.name


def test_an_administrator_takes_every_lock_off(admin, alice, locked):
    admin.unlock(locked, 200)
    assert owner(alice, locked) is None


def test_the_permission_to_unlock_takes_every_lock_off(world, carol, alice, locked):
    world.grant(locked, carol.name, "Unlock")
    carol.unlock(locked, 200)
    assert owner(alice, locked) is None


def test_an_owner_who_may_no_longer_write_still_unlocks(world, alice):
    folder = alice.create_empty("Folder")
    uid = alice.create(folder=folder["path"])
    alice.lock(uid, 200)
    world.grant(folder["uid"], alice.name, "Read")
    world.admin.operation("Document.BlockPermissionInheritance", folder["uid"])
    alice.put(uid, {"dc:title": "x"}, 403)
    alice.unlock(uid, 200)


def test_a_lock_is_no_change(alice, uid):
    before = alice.document(uid)
    alice.lock(uid, 200)
    alice.unlock(uid, 200)
    after = alice.document(uid)
    assert after["lastModified"] == before["lastModified"]
    assert after["properties"]["dc:modified"] == before["properties"]["dc:modified"]


def test_a_copy_is_not_locked(alice, locked):
    copy = alice.operation("Document.Copy", locked, target=alice.folder, name="copy").json()
    assert owner(alice, copy["uid"]) is None


# The policy


def test_the_owner_writes(alice, locked):
    alice.put(locked, {"dc:title": "by the owner"}, 200)


def test_nobody_else_writes_and_the_answer_does_not_tell_why(bob, alice, locked):
    """Traps 6 and 10."""
    answer = bob.put(locked, {"dc:title": "x"}, 403).json()
    assert answer["message"] == f"Privilege 'WriteProperties' is not granted to '{bob.name}'"
    files = {"content": ("a.docx", b"x")}
    bob.call("PUT", f"api/v1/id/{locked}/@blob/file:content", 403, files=files)
    bob.operation("Document.Update", locked, 403, properties={"dc:title": "x"})
    bob.call("DELETE", f"api/v1/id/{locked}", 403)
    assert alice.document(locked)["title"] == "Report"
    assert alice.content(locked) == b"content"


def test_everybody_else_still_reads(bob, carol, locked):
    for person in (bob, carol):
        assert person.content(locked) == b"content"


def test_an_administrator_writes_over_every_lock(admin, alice, locked):
    """Trap 8."""
    admin.put(locked, {"dc:title": "by an administrator"}, 200)
    assert owner(alice, locked) == alice.name


def test_after_unlocking_others_write_again(alice, bob, locked):
    """Trap 10: one of the ways around."""
    alice.unlock(locked, 200)
    bob.put(locked, {"dc:title": "by bob"}, 200)


def test_a_locked_folder_takes_no_new_documents_from_others(alice, bob):
    """REST_CONTRACT 7."""
    folder = alice.create_empty("Folder")
    alice.lock(folder["uid"], 200)
    body = {"entity-type": "document", "type": "File", "name": "n", "properties": {}}
    bob.post(f"api/v1/id/{folder['uid']}", body, 403)
    alice.post(f"api/v1/id/{folder['uid']}", body, 201)


def test_what_is_in_a_locked_folder_is_not_locked(alice, bob):
    folder = alice.create_empty("Folder")
    uid = alice.create(folder=folder["path"])
    alice.lock(folder["uid"], 200)
    bob.put(uid, {"dc:title": "x"}, 200)
