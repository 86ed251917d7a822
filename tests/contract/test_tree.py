"""Creating, listing, copying, moving, trashing, deleting; operations (REST_CONTRACT 8)."""

import re
import uuid

import pytest


@pytest.fixture
def folder(alice):
    return alice.create_folder()


def add(person, folder, expected=201, **fields):
    body = {"entity-type": "document", "type": "File", "name": "n", "properties": {}, **fields}
    body = {key: value for key, value in body.items() if value is not None}
    return person.post(f"api/v1/path{folder}", body, expected).json()


def names(person, folder, **params):
    page = person.get(f"api/v1/path{folder}/@children", 200, params=params).json()
    return [entry["path"].rpartition("/")[2] for entry in page["entries"]]


# Creating


def test_a_document_is_created_below_its_parent(alice, folder):
    created = add(alice, folder, name="Report", properties={"dc:title": "T"})
    assert (created["path"], created["title"]) == (f"{folder}/Report", "T")
    assert created["changeToken"].endswith("-0")


def test_a_document_is_created_below_a_parent_known_by_uid(alice):
    parent = alice.create_empty("Folder")
    body = {"entity-type": "document", "type": "Folder", "name": "n"}
    created = alice.post(f"api/v1/id/{parent['uid']}", body, 201).json()
    assert created["parentRef"] == parent["uid"]


def test_a_document_without_a_title_is_called_by_its_name(alice, folder):
    assert add(alice, folder, name="nameless")["title"] == "nameless"


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("  a name  ", "a name"),
        ("a/b", "a-b"),
        ("abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwx"),
    ],
)
def test_a_name_becomes_a_path_segment(alice, folder, name, stored):
    """Trap 20; 24 characters is a setting's default."""
    assert add(alice, folder, name=name)["path"] == f"{folder}/{stored}"


def test_a_name_that_is_taken_gets_a_number(alice, folder):
    """Trap 20: never 409."""
    add(alice, folder)
    path = add(alice, folder)["path"]
    assert re.fullmatch(re.escape(f"{folder}/n.") + r"\d{13,}", path)


@pytest.mark.parametrize("missing", ["type", "name"])
def test_type_and_name_are_needed(alice, folder, missing):
    add(alice, folder, 400, **{missing: None})


def test_the_type_must_exist(alice, folder):
    assert add(alice, folder, 400, type="Foo")["message"] == "Type: Foo does not exist"


def test_a_reader_creates_nothing(carol, folder):
    add(carol, folder, 403)


def test_automation_creates_too(alice, folder):
    params = {"type": "File", "name": "made", "properties": "dc:title=By automation"}
    body = {"params": params, "input": f"doc:{folder}"}
    created = alice.post("site/automation/Document.Create", body, 200).json()
    assert (created["path"], created["title"]) == (f"{folder}/made", "By automation")


def test_a_file_is_imported(alice, folder):
    batch = alice.upload(b"one", "Import me.docx", "application/octet-stream")["upload-batch"]
    path = f"api/v1/upload/{batch}/0/execute/FileManager.Import"
    body = {"params": {}, "context": {"currentDocument": folder}}
    created = alice.post(path, body, 200).json()
    assert created["title"] == "Import me.docx"
    assert alice.content(created["uid"]) == b"one"
    batch = alice.upload(b"two", "Import me.docx", "application/octet-stream")["upload-batch"]
    path = f"api/v1/upload/{batch}/0/execute/FileManager.Import"
    body["params"] = {"overwrite": True}
    assert alice.post(path, body, 200).json()["uid"] == created["uid"]
    assert alice.content(created["uid"]) == b"two"


# Listing


def test_children_are_sorted_by_title_and_told_page_by_page(alice, folder):
    for name in ("c", "a", "b"):
        add(alice, folder, name=name, properties={"dc:title": name})
    assert names(alice, folder) == ["a", "b", "c"]
    assert names(alice, folder, sortBy="dc:title", sortOrder="desc") == ["c", "b", "a"]
    # Anything but "asc" is descending.
    assert names(alice, folder, sortBy="dc:title", sortOrder="up") == ["c", "b", "a"]
    assert names(alice, folder, pageSize=2, currentPageIndex=1) == ["c"]


def test_a_list_tells_about_itself(alice, folder):
    for name in ("a", "b", "c"):
        add(alice, folder, name=name)
    page = alice.get(f"api/v1/path{folder}/@children", 200, params={"pageSize": 2}).json()
    expected = {
        "entity-type": "documents",
        "isPaginable": True,
        "resultsCount": 3,
        "pageSize": 2,
        "currentPageSize": 2,
        "currentPageIndex": 0,
        "currentPageOffset": 0,
        "numberOfPages": 2,
        "isPreviousPageAvailable": False,
        "isNextPageAvailable": True,
        "hasError": False,
        "errorMessage": None,
        "totalSize": 3,
        "pageIndex": 0,
        "pageCount": 2,
    }
    assert page | expected == page
    keys = {"maxPageSize", "resultsCountLimit", "isLastPageAvailable", "isSortable"}
    assert keys <= set(page)
    assert len(page["entries"]) == 2


def test_children_are_written_as_asked_for(alice, folder):
    add(alice, folder)
    headers = {"X-NXproperties": "dublincore", "enrichers-document": "permissions"}
    page = alice.get(f"api/v1/path{folder}/@children", 200, headers=headers).json()
    assert "dc:title" in page["entries"][0]["properties"]
    assert "Read" in page["entries"][0]["contextParameters"]["permissions"]


def test_a_query_finds_documents_by_property_and_place(alice, folder):
    uid = add(alice, folder, properties={"dc:title": "find me"})["uid"]
    parent = alice.get(f"api/v1/path{folder}", 200).json()["uid"]
    query = f"SELECT * FROM File WHERE ecm:parentId = '{parent}' AND dc:title = 'find me'"
    found = alice.get("api/v1/query", 200, params={"query": query}).json()
    assert [item["uid"] for item in found["entries"]] == [uid]


# Copying and moving


def test_a_copy_is_another_document(alice, folder):
    uid = alice.create(attachments=[("a.docx", b"attached")])
    copy = alice.operation("Document.Copy", uid, target=folder, name="copy").json()
    assert copy["uid"] != uid
    assert copy["path"] == f"{folder}/copy"
    assert alice.content(copy["uid"], "files:files/0/file") == b"attached"


def test_a_copy_of_a_folder_has_copies_of_what_is_in_it(alice, folder):
    source = alice.create_folder()
    add(alice, source, name="inside")
    uid = alice.get(f"api/v1/path{source}").json()["uid"]
    copy = alice.operation("Document.Copy", uid, target=folder, name="copy").json()
    assert names(alice, copy["path"]) == ["inside"]


def test_a_document_moves_and_keeps_its_uid(alice, folder):
    uid = alice.create()
    moved = alice.operation("Document.Move", uid, target=folder, name="moved").json()
    assert (moved["uid"], moved["path"]) == (uid, f"{folder}/moved")


def test_a_move_to_the_same_parent_gives_another_name(alice, folder):
    uid = add(alice, folder)["uid"]
    moved = alice.operation("Document.Move", uid, target=folder, name="m").json()
    assert (moved["uid"], moved["path"]) == (uid, f"{folder}/m")


def test_a_reader_neither_copies_into_nor_moves(alice, carol, folder):
    uid = alice.create()
    carol.operation("Document.Copy", uid, 403, target=folder)
    carol.operation("Document.Move", uid, 403, target=folder)


def test_moving_needs_the_right_to_remove(world, carol, folder):
    """AddChildren on the target is not enough."""
    target = world.admin.create_empty("Folder")
    world.grant(target["uid"], carol.name, "ReadWrite")
    uid = world.alice.create()
    carol.operation("Document.Move", uid, 403, target=target["path"])
    carol.operation("Document.Copy", uid, 200, target=target["path"])


# Trash and removal


def test_a_trashed_document_is_read_by_uid_under_another_name(alice, folder):
    """REST_CONTRACT 2.5."""
    uid = add(alice, folder, name="gone")["uid"]
    trashed = alice.operation("Document.Trash", uid).json()
    assert trashed["isTrashed"] is True
    assert re.fullmatch(re.escape(f"{folder}/gone._") + r"\d+_\.trashed", trashed["path"])
    assert names(alice, folder) == []
    assert alice.get(f"api/v1/id/{uid}", 200).json()["isTrashed"] is True
    alice.get(f"api/v1/path{folder}/gone", 404)


def test_a_trashed_document_comes_back(alice, carol, folder):
    uid = add(alice, folder, name="back")["uid"]
    alice.operation("Document.Trash", uid)
    carol.operation("Document.Untrash", uid, 403)
    back = alice.operation("Document.Untrash", uid).json()
    assert (back["isTrashed"], back["path"]) == (False, f"{folder}/back")
    assert names(alice, folder) == ["back"]


def test_a_breadcrumb_tells_of_a_folder_in_the_trash(alice, folder):
    """REST_CONTRACT 2.2, 2.4: each document of a breadcrumb is written with ``isTrashed``."""
    uid = add(alice, folder)["uid"]
    headers = {"enrichers-document": "breadcrumb"}

    def told():
        document = alice.get(f"api/v1/id/{uid}", 200, headers=headers).json()
        return [e["isTrashed"] for e in document["contextParameters"]["breadcrumb"]["entries"]]

    assert not any(told())
    parent = alice.get(f"api/v1/path{folder}", 200).json()["uid"]
    alice.operation("Document.Trash", parent)
    assert told()[-2] is True


def test_deleting_is_for_good(alice, folder):
    """REST_CONTRACT 2.1: not the trash."""
    uid = add(alice, folder)["uid"]
    alice.call("DELETE", f"api/v1/id/{uid}", 204)
    alice.get(f"api/v1/id/{uid}", 404)
    uid = add(alice, folder)["uid"]
    alice.operation("Document.Delete", uid, 204)
    alice.get(f"api/v1/id/{uid}", 404)


def test_a_deleted_folder_takes_everything_in_it_along(alice):
    parent = alice.create_empty("Folder")
    uid = alice.create(folder=parent["path"])
    alice.call("DELETE", f"api/v1/id/{parent['uid']}", 204)
    alice.get(f"api/v1/id/{uid}", 404)


def test_a_reader_removes_nothing(alice, carol):
    uid = alice.create()
    carol.call("DELETE", f"api/v1/id/{uid}", 403)
    carol.operation("Document.Trash", uid, 403)
    alice.get(f"api/v1/id/{uid}", 200)


# Operations in general


def test_an_operation_wants_a_body(alice):
    alice.call("POST", "site/automation/Document.Lock", 400)


@pytest.mark.parametrize("place", ["site/automation", "api/v1/automation"])
def test_an_unknown_operation_is_not_found(alice, place):
    alice.post(f"{place}/No.SuchThing", {"params": {}}, 404)


def test_an_operation_on_an_unknown_document_is_not_found(alice):
    alice.operation("Document.Lock", uuid.uuid4(), 404)


def test_an_operation_on_several_documents_answers_a_list(alice):
    uids = [alice.create(), alice.create()]
    body = {"params": {}, "input": f"docs:{','.join(uids)}"}
    found = alice.post("site/automation/Document.Lock", body, 200).json()
    assert [item["uid"] for item in found["entries"]] == uids
    assert [alice.document(uid)["lockOwner"] for uid in uids] == [alice.name] * 2


def test_an_operation_answers_nothing_on_demand(alice):
    uid = alice.create()
    headers = {"X-NXVoidOperation": "true"}
    body = {"params": {}, "input": f"doc:{uid}"}
    answer = alice.post("site/automation/Document.Lock", body, 204, headers=headers)
    assert answer.content == b""


def test_the_operations_are_listed(alice):
    """REST_CONTRACT 10."""
    operations = alice.get("site/automation", 200).json()["operations"]
    found = {name for item in operations for name in (item["id"], *item["aliases"])}
    assert {"Document.Lock", "Blob.AttachOnDocument", "Blob.Attach", "Blob.SetFilename"} <= found
