"""Nuxeo's own Python client: documents and operations (REST_CONTRACT 12)."""

import uuid

import pytest

from connector.nuxeo_gateway.official_client import HTTPError
from tests.contract.clients import connect


@pytest.fixture
def uid(alice):
    return alice.create(attachments=[("a.docx", b"attached")])


def document(models, name, kind="File", **properties):
    return models.Document(name=name, type=kind, properties={"dc:title": name, **properties})


# The server


def test_it_reaches_the_server_and_knows_its_version(client):
    assert client.client.is_reachable()
    info = client.client.server_info(force=True)
    assert info["repositoryId"] == "default"
    assert client.client.server_version == info["productVersion"]


def test_it_knows_the_operations(client):
    assert client.can_use("Document.Lock")
    assert client.can_use("Blob.Attach")
    assert not client.can_use("No.SuchThing")


def test_it_finds_out_who_it_is(client, alice):
    assert client.users.current_user().uid == alice.name


# Documents


def test_it_gets_a_document_by_uid_and_path(client, uid):
    found = client.documents.get(uid=uid)
    assert (found.uid, found.title, found.type) == (uid, "Report", "File")
    assert found.properties["file:content"]["length"] == "7"
    assert client.documents.get(path=found.path).uid == uid
    assert client.documents.exists(path=found.path)
    assert not client.documents.exists(uid=str(uuid.uuid4()))


def test_it_raises_what_the_server_refuses(client, world, uid):
    with pytest.raises(HTTPError) as unknown:
        client.documents.get(uid=str(uuid.uuid4()))
    assert unknown.value.status == 404
    with pytest.raises(HTTPError) as forbidden:
        connect(world.dave).documents.get(uid=uid)
    assert forbidden.value.status == 403
    assert "Privilege 'Read'" in forbidden.value.message


def test_it_creates_changes_and_deletes_a_document(client, alice, models):
    created = client.documents.create(document(models, "made"), parent_path=alice.folder)
    created.properties["dc:title"] = "changed"
    created.save()
    found = client.documents.get(uid=created.uid)
    assert found.title == "changed"
    found.delete()
    assert not client.documents.exists(uid=created.uid)


def test_what_it_saves_is_the_whole_document_and_is_checked(client, alice, uid):
    """All properties with the change token; content goes along as an address."""
    stale = client.documents.get(uid=uid)
    fresh = client.documents.get(uid=uid)
    fresh.properties["dc:title"] = "one"
    fresh.save()
    assert alice.content(uid) == b"content"
    assert alice.content(uid, "files:files/0/file") == b"attached"
    stale.properties["dc:title"] = "two"
    with pytest.raises(HTTPError) as conflict:
        stale.save()
    assert conflict.value.status == 409


def test_it_lists_children_and_queries(client, alice, models):
    folder = alice.create_empty("Folder")
    for name in ("b", "a"):
        client.documents.create(document(models, name), parent_path=folder["path"])
    children = client.documents.get_children(path=folder["path"], enrichers=["permissions"])
    assert [child.title for child in children] == ["a", "b"]
    assert "Read" in children[0].contextParameters["permissions"]
    query = f"SELECT * FROM Document WHERE ecm:parentId = '{folder['uid']}' ORDER BY dc:title DESC"
    found = client.documents.query({"query": query, "pageSize": 1})
    assert [item.title for item in found["entries"]] == ["b"]
    assert (found["resultsCount"], found["isNextPageAvailable"]) == (2, True)
    assert len(client.client.query(query)["entries"]) == 2


def test_it_locks_and_unlocks(client, alice, uid):
    found = client.documents.get(uid=uid)
    assert not found.is_locked()
    found.lock()
    assert client.documents.fetch_lock_status(uid)["lockOwner"] == alice.name
    found.unlock()
    assert client.documents.fetch_lock_status(uid) == {}


def test_it_cannot_take_the_lock_of_another(world, client, uid):
    client.documents.lock(uid)
    with pytest.raises(HTTPError) as conflict:
        connect(world.bob).documents.lock(uid)
    assert conflict.value.status == 409


def test_it_trashes_and_brings_back(client, uid):
    found = client.documents.get(uid=uid)
    found.trash()
    assert (found.isTrashed, client.documents.get(uid=uid).isTrashed) == (True, True)
    found.untrash()
    assert not client.documents.get(uid=uid).isTrashed


def test_it_moves(client, alice, uid):
    folder = alice.create_folder()
    found = client.documents.get(uid=uid)
    found.move(folder, "moved")
    assert client.documents.get(path=f"{folder}/moved").uid == uid


def test_it_fetches_content(client, uid):
    found = client.documents.get(uid=uid)
    assert found.fetch_blob() == b"content"
    assert found.fetch_blob("files:files/0/file") == b"attached"
    assert client.documents.fetch_blob(path=found.path, xpath="blobholder:1") == b"attached"


def test_it_streams_content(client, uid):
    """REST_CONTRACT 12: by the lower of its two levels."""
    path = f"api/v1/id/{uid}/@blob/file:content"
    response = client.client.request("GET", path, headers={"Range": "bytes=0-2"})
    assert (response.status_code, b"".join(response.iter_content(2))) == (206, b"con")


def test_it_asks_for_permissions_and_acls(client, chief, world, uid):
    assert client.documents.has_permission(uid, "WriteProperties")
    assert not client.documents.has_permission(uid, "Everything")
    params = {"username": world.dave.name, "permission": "Read"}
    chief.documents.get(uid=uid).add_permission(params)
    acls = chief.documents.fetch_acls(uid)
    (ace,) = [ace for acl in acls for ace in acl["aces"] if ace["username"] == world.dave.name]
    assert ace["permission"] == "Read"
    assert connect(world.dave).documents.exists(uid=uid)
    chief.documents.remove_permission(uid, {"id": ace["id"]})
    with pytest.raises(HTTPError):
        connect(world.dave).documents.get(uid=uid)


def test_it_asks_for_the_audit(client, uid):
    assert "entries" in client.documents.get(uid=uid).fetch_audit()


# Operations


def test_it_runs_operations(client, uid):
    found = client.operations.execute(command="Document.Fetch", params={"value": uid})
    assert (found["uid"], found["properties"]["dc:title"]) == (uid, "Report")
    properties = {"dc:title": "by operation", "dc:description": "one line"}
    client.operations.execute(
        command="Document.Update", input_obj=uid, params={"properties": properties}
    )
    assert client.documents.get(uid=uid).title == "by operation"


def test_it_runs_operations_built_step_by_step(client, uid):
    operation = client.operations.new("Document.CreateVersion")
    operation.params = {"increment": "Major"}
    operation.input_obj = f"doc:{uid}"
    assert operation.execute()["uid"] == uid
    versions = client.operations.execute(command="Document.GetVersions", input_obj=uid)
    (version,) = versions["entries"]
    assert version["isVersion"] is True
    last = client.operations.execute(command="Document.GetLastVersion", input_obj=uid)
    assert last["uid"] == version["uid"]


def test_it_runs_operations_on_several_documents(client, alice):
    uids = [alice.create(), alice.create()]
    found = client.operations.execute(command="Document.Lock", input_obj=uids)
    assert [entry["uid"] for entry in found["entries"]] == uids


def test_it_saves_the_result_of_an_operation_to_a_file(client, uid, tmp_path):
    path = tmp_path / "out"
    client.operations.execute(command="Blob.Get", input_obj=uid, file_out=str(path))
    assert path.read_bytes() == b"content"
