"""Changing a document (REST_CONTRACT 5.1, 5.2, 5.4)."""

import json
import uuid

import pytest

from tests.contract.test_upload import execute, exists, new, reference, send
from tests.support import DOCX


@pytest.fixture
def uid(alice):
    """A document with content and two attachments."""
    return alice.create(b"main", attachments=[("a.docx", b"one"), ("b.docx", b"two")])


def upload(person, content=b"new", name="new.docx"):
    batch = new(person)
    send(person, batch, content=content, File_Name=name, File_Type=DOCX)
    return reference(batch)


def files(person, uid):
    return [item["file"] and item["file"]["name"] for item in person.property(uid, "files:files")]


def test_only_what_is_sent_is_changed(alice, uid):
    saved = alice.put(uid, {"dc:title": "Other"}, 200).json()
    assert saved["uid"] == uid
    assert saved["title"] == saved["properties"]["dc:title"] == "Other"
    assert saved["properties"]["file:content"]["length"] == "4"
    assert alice.content(uid) == b"main"


def test_null_clears(alice, uid):
    alice.put(uid, {"dc:description": "text"}, 200)
    properties = alice.put(uid, {"dc:description": None, "file:content": None}, 200).json()
    assert properties["properties"]["dc:description"] is None
    assert properties["properties"]["file:content"] is None


def test_what_the_type_does_not_have_is_ignored(alice, uid):
    """Trap 13."""
    saved = alice.put(uid, {"no:such": "x", "note:note": "x", "dc:nothing": "x"}, 200).json()
    assert not {"no:such", "note:note", "dc:nothing"} & set(saved["properties"])


def test_fields_beside_the_properties_are_not_read(alice, uid):
    fields = {"title": "x", "state": "deleted", "path": "/x", "facets": ["Folderish"]}
    saved = alice.put(uid, {}, 200, **fields).json()
    assert (saved["title"], saved["state"]) == ("Report", "project")
    assert "Folderish" not in saved["facets"]


def test_lists_are_replaced_as_a_whole(alice, uid):
    alice.put(uid, {"dc:contributors": [alice.name, "x"]}, 200)
    saved = alice.put(uid, {"dc:contributors": [alice.name]}, 200).json()
    assert saved["properties"]["dc:contributors"] == [alice.name]


# Values of blobs


def test_a_blob_is_taken_from_a_batch(alice, uid):
    blob = alice.put(uid, {"file:content": upload(alice)}, 200).json()["properties"]["file:content"]
    assert (blob["name"], blob["mime-type"], blob["length"]) == ("new.docx", DOCX, "3")
    assert alice.content(uid) == b"new"


@pytest.mark.parametrize("key", ["data", "content"])
def test_a_blob_may_be_text(alice, uid, key):
    """Literally: it is not decoded."""
    alice.put(uid, {"file:content": {key: "dGV4dA==", "name": "a.txt"}}, 200)
    assert alice.content(uid) == b"dGV4dA=="
    assert alice.property(uid, "file:content")["mime-type"] == "text/plain"


@pytest.mark.parametrize("key", ["data", "blobUrl"])
def test_a_blob_may_be_one_that_is_stored(alice, uid, key):
    other = alice.create(b"stored elsewhere", "stored.docx")
    url = alice.property(other, "file:content")["data"]
    alice.put(uid, {"file:content": {key: url}}, 200)
    assert alice.content(uid) == b"stored elsewhere"
    assert alice.property(uid, "file:content")["name"] == "stored.docx"


def test_a_stored_blob_must_be_readable_to_be_taken(alice, world):
    hidden = world.admin.create_empty("Folder")
    secret = world.admin.create(b"secret", folder=hidden["path"])
    world.admin.operation("Document.BlockPermissionInheritance", hidden["uid"])
    url = world.admin.property(secret, "file:content")["data"]
    uid = alice.create()
    alice.put(uid, {"file:content": {"data": url}}, 400)
    assert alice.content(uid) == b"content"


def test_an_address_of_this_server_must_lead_to_a_blob(alice, uid):
    url = f"{alice.url}nxfile/default/{uuid.uuid4()}/file:content/a.docx"
    alice.put(uid, {"file:content": {"data": url}}, 400)


NOTHING = {
    "unknown batch": {"upload-batch": "batchId-unknown", "upload-fileId": "0"},
    "other server": {"data": "http://elsewhere.example/nuxeo/nxfile/default/u/file:content"},
    "empty": {},
}


@pytest.mark.parametrize("value", NOTHING.values(), ids=NOTHING)
def test_a_blob_that_is_none_is_ignored_with_200(alice, uid, value):
    """Trap 13."""
    saved = alice.put(uid, {"file:content": value}, 200).json()
    assert saved["properties"]["file:content"]["length"] == "4"
    assert alice.content(uid) == b"main"


@pytest.mark.parametrize("index", [0, "1"])
def test_the_index_of_a_file_is_text_and_one_of_the_batch(alice, uid, index):
    """Trap 13: a number is read as absent."""
    value = {**upload(alice), "upload-fileId": index}
    alice.put(uid, {"file:content": value}, 200)
    assert alice.content(uid) == b"main"


def test_a_file_of_a_used_batch_is_ignored(alice, uid):
    """Trap 14: the same PUT again, as a client that retries would send it."""
    value = upload(alice)
    alice.put(uid, {"file:content": value}, 200)
    alice.put(uid, {"file:content": None}, 200)
    assert alice.put(uid, {"file:content": value}, 200).json()["properties"]["file:content"] is None


# One attachment (5.2)


def test_the_xpath_of_an_attachment_as_a_key_changes_nothing(alice, uid):
    """Trap 15; REST_CONTRACT 5.2 has derived this."""
    alice.put(uid, {"files:files/0/file": upload(alice)}, 200)
    assert files(alice, uid) == ["a.docx", "b.docx"]


def test_a_list_with_the_others_as_they_were_read_changes_one(alice, uid):
    sent = alice.property(uid, "files:files")
    sent[1] = {"file": upload(alice)}
    alice.put(uid, {"files:files": sent}, 200)
    assert files(alice, uid) == ["a.docx", "new.docx"]
    assert alice.content(uid, "files:files/0/file") == b"one"
    assert alice.content(uid, "files:files/1/file") == b"new"


def test_attachments_that_are_not_sent_are_gone(alice, uid):
    """Trap 15."""
    alice.put(uid, {"files:files": [{"file": upload(alice)}]}, 200)
    assert files(alice, uid) == ["new.docx"]


def test_attachments_read_by_another_address_are_lost(alice, uid):
    """Trap 15."""
    host = {"nuxeo-virtual-host": "https://public.example.org/"}
    shape = {**host, "X-NXproperties": "files"}
    sent = alice.get(f"api/v1/id/{uid}", headers=shape).json()["properties"]["files:files"]
    alice.put(uid, {"files:files": sent}, 200, headers=host)
    assert files(alice, uid) == ["a.docx", "b.docx"]
    alice.put(uid, {"files:files": sent}, 200)
    assert files(alice, uid) == [None, None]


@pytest.mark.parametrize("value", NOTHING.values(), ids=NOTHING)
def test_an_item_without_a_blob_stays_empty_in_a_list(alice, uid, value):
    """REST_CONTRACT 5.1: not ignored as a single one would be."""
    sent = alice.property(uid, "files:files")
    sent[0] = {"file": value}
    alice.put(uid, {"files:files": sent}, 200)
    assert files(alice, uid) == [None, "b.docx"]


def attach(person, uid, document=None, expected=204, **params):
    batch = new(person)
    send(person, batch, content=b"new", File_Name="new.docx")
    params = {"document": document or uid, **params}
    headers = {"X-NXVoidOperation": "true"}
    return execute(person, batch, "Blob.AttachOnDocument", expected, 0, headers, **params)


def test_attaching_changes_one_blob(alice, uid):
    attach(alice, uid, xpath="files:files/0/file")
    assert files(alice, uid) == ["new.docx", "b.docx"]
    attach(alice, uid)
    assert alice.content(uid) == b"new"
    attach(alice, uid, alice.document(uid)["path"], xpath="files:files")
    assert files(alice, uid) == ["new.docx", "b.docx", "new.docx"]


def test_attaching_to_a_document_with_its_token_is_checked(alice, uid):
    """REST_CONTRACT 5.2 has derived this."""
    entity = {"entity-type": "document", "uid": uid, "changeToken": "1-9"}
    attach(alice, uid, entity, 409)
    entity["changeToken"] = alice.document(uid)["changeToken"]
    attach(alice, uid, entity)
    assert alice.content(uid) == b"new"


def test_attaching_beyond_the_list_is_a_server_error(alice, uid):
    attach(alice, uid, expected=500, xpath="files:files/9/file")


def test_updating_by_automation_takes_a_deep_xpath(alice, uid):
    value = json.dumps(upload(alice))
    alice.operation("Document.Update", uid, properties={"files:files/1/file": value})
    assert files(alice, uid) == ["a.docx", "new.docx"]
    names = ("one.docx", "two.docx")
    both = {
        f"files:files/{index}/file": json.dumps(upload(alice, name=name))
        for index, name in enumerate(names)
    }
    alice.operation("Document.Update", uid, properties=both)
    assert files(alice, uid) == list(names)


def test_updating_by_automation_takes_lines(alice, uid):
    lines = "dc:title=Two words\ndc:description=a = b"
    alice.operation("Document.Update", uid, properties=lines)
    properties = alice.document(uid)["properties"]
    assert properties["dc:title"] == "Two words"
    assert properties["dc:description"] == "a = b"


def test_updating_by_automation_checks_a_token(alice, uid):
    properties = {"dc:title": "x"}
    alice.operation("Document.Update", uid, 409, properties=properties, changeToken="1-9")
    token = alice.document(uid)["changeToken"]
    alice.operation("Document.Update", uid, properties=properties, changeToken=token)


def test_updating_by_automation_with_a_dead_batch_erases(alice, uid):
    """Trap 16; REST_CONTRACT 5.2 has derived this."""
    value = json.dumps(NOTHING["unknown batch"])
    alice.operation("Document.Update", uid, properties={"file:content": value})
    assert alice.property(uid, "file:content") is None


def test_a_blob_gets_another_name_in_place(alice, uid):
    alice.operation("Document.SetBlobName", uid, name="b2.docx", xpath="files:files/1/file")
    alice.operation("Blob.SetFilename", uid, name="main.docx")
    assert files(alice, uid) == ["a.docx", "b2.docx"]
    assert alice.property(uid, "file:content")["name"] == "main.docx"
    assert alice.content(uid) == b"main"


# Refusals and side effects (5.4)


def test_a_save_leaves_name_and_date(alice, bob):
    uid = alice.create()
    before = alice.document(uid)["properties"]
    bob.put(uid, {"dc:title": "Bob was here"}, 200)
    after = alice.document(uid)["properties"]
    assert (before["dc:creator"], after["dc:creator"]) == (alice.name, alice.name)
    assert after["dc:lastContributor"] == bob.name
    assert set(after["dc:contributors"]) == {alice.name, bob.name}
    assert after["dc:modified"] >= before["dc:modified"]


@pytest.mark.parametrize("kind", [None, "application/octet-stream"])
def test_an_unknown_type_of_content_is_told_by_its_name(alice, kind):
    batch = new(alice)
    headers = {"File_Type": kind} if kind else {}
    send(alice, batch, File_Name="a.docx", **headers)
    uid = alice.create_empty(**{"file:content": reference(batch)})["uid"]
    assert alice.property(uid, "file:content")["mime-type"] == DOCX


def test_a_reader_does_not_write_but_uses_up_the_batch(alice, carol, uid):
    value = upload(carol)
    carol.put(uid, {"file:content": value}, 403)
    assert alice.content(uid) == b"main"
    assert not exists(carol, value["upload-batch"])
