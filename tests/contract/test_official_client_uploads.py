"""Nuxeo's own Python client: uploads, people and directories (REST_CONTRACT 12)."""

import uuid

import pytest

from tests.contract.clients import connect
from tests.support import DOCX


@pytest.fixture
def uid(alice):
    return alice.create()


@pytest.fixture
def file(tmp_path, models):
    """Makes a file to be uploaded."""

    def make(content=b"from a file", name="f.docx"):
        path = tmp_path / name
        path.write_bytes(content)
        return models.FileBlob(str(path), mimetype=DOCX)

    return make


def test_it_uploads_and_attaches(client, alice, uid, file):
    batch = client.uploads.batch()
    blob = batch.upload(file())
    assert (blob.fileIdx, blob.uploadedSize) == ("0", 11)
    assert batch.get(0).name == "f.docx"
    batch.attach(client.documents.get(uid=uid).path)
    assert alice.content(uid) == b"from a file"


def test_it_uploads_in_chunks(client, alice, models, file):
    batch = client.uploads.batch()
    batch.upload(file(b"x" * 2500), chunked=True, chunk_size=1000)
    created = client.documents.create(
        models.Document(
            name="chunks",
            type="File",
            properties={"file:content": batch.blobs[0].to_json()},
        ),
        parent_path=alice.folder,
    )
    assert alice.content(created.uid) == b"x" * 2500


def test_it_goes_on_with_a_broken_upload(client, file):
    batch = client.uploads.batch()
    uploader = batch.get_uploader(file(b"y" * 2500), chunked=True, chunk_size=1000)
    next(uploader.iter_upload())
    again = batch.get_uploader(file(b"y" * 2500), chunked=True, chunk_size=1000)
    assert again.blob.uploadedChunkIds == [0]
    again.upload()
    assert again.is_complete()


def test_it_attaches_several_files(client, alice, file):
    uid = alice.create_empty()["uid"]
    batch = client.uploads.batch()
    for name in ("1.docx", "2.docx"):
        batch.upload(file(name.encode(), name))
    batch.attach(uid)
    files = alice.property(uid, "files:files")
    assert sorted(item["file"]["name"] for item in files) == ["1.docx", "2.docx"]


def test_it_hands_a_blob_to_an_operation(client, alice, uid, file):
    batch = client.uploads.batch()
    blob = batch.upload(file(b"by operation"))
    client.operations.execute(
        command="Blob.AttachOnDocument", input_obj=blob, params={"document": uid}
    )
    assert alice.content(uid) == b"by operation"


def test_it_uploads_text_from_memory(client, models):
    batch = client.uploads.batch()
    batch.upload(models.BufferBlob("text", name="a.txt"))
    assert [blob.name for blob in client.uploads.get(batch.uid)] == ["a.txt"]
    batch.cancel()
    assert batch.uid is None


def test_it_knows_the_handlers(client):
    assert "default" in client.uploads.handlers(force=True)
    assert client.uploads.batch(handler="default").uid


# People and directories


def test_it_manages_users_and_groups(chief, models):
    name = f"t-{uuid.uuid4().hex[:12]}"
    properties = {"username": name, "password": "p" * 16, "firstName": "A", "lastName": "B"}
    user = chief.users.create(models.User(properties=properties))
    assert chief.users.get(name).properties["lastName"] == "B"
    user.properties["lastName"] = "C"
    user.save()
    # Only now: a saved user is in the groups that the user was read with.
    group = chief.groups.create(models.Group(groupname=f"{name}-g", memberUsers=[name]))
    try:
        assert chief.users.get(name).properties["lastName"] == "C"
        assert chief.groups.get(group.groupname).memberUsers == [name]
        group.memberUsers = []
        group.save()
        assert chief.groups.get(group.groupname).memberUsers == []
        assert not chief.users.exists("nobody-of-this-name")
    finally:
        group.delete()
        user.delete()
    assert not chief.users.exists(name)


def test_it_changes_a_password(chief, models, world):
    name = f"t-{uuid.uuid4().hex[:12]}"
    properties = {"username": name, "password": "p" * 16, "lastName": "B"}
    user = chief.users.create(models.User(properties=properties))
    try:
        user.change_password("q" * 16)
        world.nobody().get("api/v1/me", 200, auth=(name, "q" * 16))
        world.nobody().get("api/v1/me", 401, auth=(name, "p" * 16))
    finally:
        user.delete()


def test_it_manages_entries_of_a_directory(chief, models):
    name = f"t-{uuid.uuid4().hex[:12]}"
    properties = {"id": name, "label": "one", "obsolete": 0, "ordering": 1}
    entry = chief.directories.create(models.DirectoryEntry(properties=properties), "nature")
    try:
        assert chief.directories.get("nature", name).properties["label"] == "one"
        entry.properties["label"] = "two"
        entry.save()
        assert chief.directories.get("nature", name).properties["label"] == "two"
        assert name in [item.uid for item in chief.directories.get("nature").entries]
    finally:
        entry.delete()
    assert not chief.directories.exists("nature", name)


def test_it_gets_a_token_for_a_device(world, alice):
    client = connect(world.bob)
    device = uuid.uuid4().hex
    token = client.client.request_auth_token(device, "rw", app_name="contract")
    assert token
    assert client.users.current_user().uid == world.bob.name
    client.client.request_auth_token(device, "rw", app_name="contract", revoke=True)
