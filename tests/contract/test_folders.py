"""What the connector asks Nuxeo about folders (REST_CONTRACT 2.4, 7, 8)."""

import pytest


@pytest.fixture
def folder(alice):
    return alice.create_empty("Folder")


def named(person, folder, field, *names, more=""):
    """The documents in a folder that have one of these values in a field."""
    literals = ", ".join(
        "'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'" for name in names
    )
    query = (
        f"SELECT * FROM Document WHERE ecm:parentId = '{folder['uid']}' AND ecm:isTrashed = 0"
        f" AND ecm:isVersion = 0{more} AND {field} IN ({literals}) ORDER BY dc:created"
    )
    page = person.get(
        "api/v1/repo/default/query",
        200,
        params={"query": query, "pageSize": 1000},
        headers={"X-NXproperties": "file"},
    ).json()
    return [entry["uid"] for entry in page["entries"]]


@pytest.mark.parametrize(
    "name", ["plain.docx", "it's.docx", 'with "quotes" AND more.docx', "東京 % _ é.docx"]
)
def test_documents_are_found_by_the_name_of_their_file(alice, folder, name):
    uid = alice.create(name="other.docx", folder=folder["path"])
    blob = {"name": name, "mime-type": "text/plain", "content": "x"}
    alice.put(uid, {"file:content": blob})
    assert named(alice, folder, "file:content/name", name) == [uid]
    assert named(alice, folder, "file:content/name", "no.docx", name, "never.docx") == [uid]
    assert named(alice, folder, "file:content/name", "other.docx") == []


def test_only_what_is_there_and_readable_is_found_and_in_order(admin, alice, folder):
    first = alice.create(name="same.docx", folder=folder["path"])
    second = alice.create(name="same.docx", folder=folder["path"])
    trashed = alice.create(name="same.docx", folder=folder["path"])
    alice.operation("Document.Trash", trashed)
    alice.operation("Document.CreateVersion", first)
    assert named(alice, folder, "file:content/name", "same.docx") == [first, second]
    admin.operation("Document.BlockPermissionInheritance", first)
    assert named(alice, folder, "file:content/name", "same.docx") == [second]


def test_folders_are_found_by_title_and_facet(alice, folder):
    inner = alice.create_empty("Folder", folder=folder["path"], **{"dc:title": "Same"})
    alice.create_empty("File", folder=folder["path"], **{"dc:title": "Same"})
    is_folder = " AND ecm:mixinType = 'Folderish'"
    assert named(alice, folder, "dc:title", "Same", more=is_folder) == [inner["uid"]]
    assert len(named(alice, folder, "dc:title", "Same")) == 2


def test_folders_come_in_the_order_of_their_paths(alice, folder):
    inner = alice.create_empty("Folder", name="inner", folder=folder["path"])
    query = (
        "SELECT * FROM Document WHERE ecm:mixinType = 'Folderish' AND"
        f" ecm:path STARTSWITH '{folder['path']}' AND ecm:isProxy = 0 ORDER BY ecm:path"
    )
    deeper = alice.create_empty("Folder", name="a", folder=inner["path"])
    page = alice.get("api/v1/repo/default/query", 200, params={"query": query}).json()
    found = [entry["uid"] for entry in page["entries"]]
    assert found.index(inner["uid"]) < found.index(deeper["uid"])


def test_children_by_uid_have_no_page_in_common(alice, folder):
    made = {alice.create(b"x", folder=folder["path"]) for _ in range(5)}
    seen = []
    for page in range(3):
        params = {"pageSize": 2, "currentPageIndex": page, "sortBy": "ecm:uuid", "sortOrder": "asc"}
        listed = alice.get(f"api/v1/id/{folder['uid']}/@children", 200, params=params).json()
        assert listed["isNextPageAvailable"] is (page < 2)
        seen += [entry["uid"] for entry in listed["entries"]]
    assert seen == sorted(made)


def test_a_folder_tells_what_may_be_made_in_it(alice, folder):
    headers = {"enrichers-document": "permissions,subtypes,breadcrumb"}
    answer = alice.get(f"api/v1/id/{folder['uid']}", 200, headers=headers).json()
    subtypes = {entry["type"]: entry["facets"] for entry in answer["contextParameters"]["subtypes"]}
    assert "Folderish" in subtypes["Folder"]
    assert "Folderish" not in subtypes["File"]
    assert "AddChildren" in answer["contextParameters"]["permissions"]
    assert "Folderish" in answer["facets"]
    breadcrumb = answer["contextParameters"]["breadcrumb"]["entries"]
    assert breadcrumb[-1]["uid"] == folder["uid"]
    assert breadcrumb[-2]["path"] == folder["path"].rpartition("/")[0]


def test_the_root_is_read_by_its_path(admin):
    headers = {"enrichers-document": "breadcrumb"}
    root = admin.get("api/v1/repo/default/path/", 200, headers=headers).json()
    assert (root["path"], root["parentRef"]) == ("/", None)


def test_a_document_is_made_with_an_upload_of_no_bytes(alice, folder):
    uid = alice.create(b"", "Empty.docx", folder=folder["path"])
    blob = alice.property(uid, "file:content")
    assert (blob["name"], blob["length"]) == ("Empty.docx", "0")


def test_a_document_is_made_although_its_upload_has_gone(alice, folder):
    """REST_CONTRACT 5.1, 13.13: 201, and no file."""
    body = {"entity-type": "document", "type": "File", "name": "n"}
    blob = {"upload-batch": "batchId-00000000", "upload-fileId": "0"}
    body["properties"] = {"dc:title": "T", "file:content": blob}
    headers = {"X-NXproperties": "file"}
    made = alice.post(f"api/v1/id/{folder['uid']}", body, 201, headers=headers).json()
    assert made["properties"]["file:content"] is None
    assert alice.call("DELETE", f"api/v1/id/{made['uid']}", 204)


def test_a_document_in_the_trash_leaves_its_folder(alice, folder):
    inner = alice.create_empty("Folder", folder=folder["path"])
    alice.post(
        f"api/v1/id/{inner['uid']}/@op/Document.Trash",
        {"params": {}},
        204,
        headers={"X-NXVoidOperation": "true"},
    )
    params = {"pageSize": 1, "currentPageIndex": 0}
    listed = alice.get(f"api/v1/id/{folder['uid']}/@children", 200, params=params).json()
    assert listed["entries"] == []
