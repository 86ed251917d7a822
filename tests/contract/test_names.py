"""Renaming a file in place, with its document, and what moving to the trash takes."""

import pytest


@pytest.fixture
def uid(alice):
    """A document with content and two attachments."""
    return alice.create(b"main", attachments=[("a.docx", b"one"), ("b.docx", b"two")])


def update(person, uid, properties, expected=None, **params):
    body = {"params": {"properties": properties, **params}}
    headers = {"X-NXproperties": "*"}
    return person.post(f"api/v1/id/{uid}/@op/Document.Update", body, expected, headers=headers)


def test_the_name_of_a_blob_is_a_property_of_its_own(alice, uid):
    before = alice.property(uid, "file:content")
    renamed = update(alice, uid, {"file:content/name": "Été.docx", "dc:title": "Été"}, 200).json()
    blob = renamed["properties"]["file:content"]
    assert (blob["name"], blob["digest"], blob["mime-type"]) == (
        "Été.docx",
        before["digest"],
        before["mime-type"],
    )
    assert renamed["title"] == "Été"
    assert alice.content(uid) == b"main"


def test_an_attachment_is_renamed_and_its_neighbours_stay(alice, uid):
    update(alice, uid, {"files:files/1/file/name": "c.docx"}, 200)
    files = alice.property(uid, "files:files")
    assert [item["file"]["name"] for item in files] == ["a.docx", "c.docx"]
    assert alice.content(uid, "files:files/1/file") == b"two"


def test_a_change_token_guards_a_renaming(alice, bob, uid):
    token = alice.document(uid)["changeToken"]
    bob.put(uid, {"dc:title": "Bob's"}, 200, changeToken=token)
    update(alice, uid, {"file:content/name": "x.docx"}, 409, changeToken=token)
    assert alice.property(uid, "file:content")["name"] == "Report.docx"
    token = alice.document(uid)["changeToken"]
    update(alice, uid, {"file:content/name": "x.docx"}, 200, changeToken=token)


def test_a_reader_and_whoever_meets_anothers_lock_rename_nothing(alice, bob, carol, uid):
    update(carol, uid, {"file:content/name": "x.docx"}, 403)
    alice.lock(uid, 200)
    update(bob, uid, {"file:content/name": "x.docx"}, 403)
    update(alice, uid, {"file:content/name": "y.docx"}, 200)


def test_the_trash_takes_the_right_to_remove_from_the_folder(admin, alice, world):
    folder = alice.create_empty("Folder")
    uid = alice.create_empty(folder=folder["path"])["uid"]
    admin.operation("Document.BlockPermissionInheritance", folder["uid"])
    world.grant(folder["uid"], alice.name, "Read")
    world.grant(uid, alice.name, "ReadWrite")
    assert "Remove" in alice.permissions(uid)
    alice.operation("Document.Trash", uid, 403)
    world.grant(folder["uid"], alice.name, "ReadWrite")
    alice.operation("Document.Trash", uid, 200)
