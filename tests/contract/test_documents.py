"""Documents as they are read (REST_CONTRACT 2.1 to 2.4, 11.4)."""

import pytest
import requests


def read(person, uid, headers=None, **params):
    return person.get(f"api/v1/id/{uid}", 200, headers=headers, params=params).json()


@pytest.fixture(scope="module")
def uid(world):
    """A document that no test changes."""
    return world.alice.create(b"read only", "A b.docx", [("c.docx", b"attached")])


@pytest.fixture
def ask(carol, uid):
    """Reads it, with names in the address or in the headers."""

    def ask(place, name, value):
        if place == "header":
            return read(carol, uid, headers={name: value})
        return read(carol, uid, **{name: value})

    return ask


@pytest.mark.parametrize("repository", ["", "/repo/default"])
def test_a_document_has_one_uid_by_id_and_by_path(alice, uid, repository):
    by_id = alice.get(f"api/v1{repository}/id/{uid}", 200).json()
    by_path = alice.get(f"api/v1{repository}/path{by_id['path']}", 200).json()
    assert by_id["uid"] == by_path["uid"] == uid
    assert by_id["path"] == by_path["path"]


def test_the_root_is_found_by_path_and_has_no_parent(admin):
    root = admin.get("api/v1/path/", 200).json()
    assert (root["path"], root["type"], root["parentRef"]) == ("/", "Root", None)


def test_a_path_may_have_characters_that_addresses_encode(alice):
    name = "ü a#b?c%d"
    created = alice.create_empty(name=name, folder=alice.create_folder())
    assert created["path"].endswith(f"/{name}")
    quoted = requests.utils.quote(created["path"])
    assert alice.get(f"api/v1/path{quoted}", 200).json()["uid"] == created["uid"]


def test_adapters_follow_a_path_too(alice, uid):
    path = alice.document(uid)["path"]
    response = alice.get(f"api/v1/path{path}/@blob/file:content", 200)
    assert response.content == b"read only"


def test_the_default_shape(alice, world, uid):
    """REST_CONTRACT 2.2."""
    document = read(alice, uid)
    expected = {
        "entity-type": "document",
        "repository": "default",
        "uid": uid,
        "type": "File",
        "state": "project",
        "parentRef": world.workspace,
        "isCheckedOut": True,
        "isRecord": False,
        "retainUntil": None,
        "hasLegalHold": False,
        "isUnderRetentionOrLegalHold": False,
        "isVersion": False,
        "isProxy": False,
        "isTrashed": False,
        "title": "Report",
    }
    assert document | expected == document
    assert document["path"].startswith(alice.folder)
    assert document["lastModified"].endswith("Z")
    assert "Versionable" in document["facets"]
    assert {"name": "dublincore", "prefix": "dc"} in document["schemas"]


def test_what_was_not_asked_for_is_not_there(alice, uid):
    """Trap 20: lockOwner and versionLabel too."""
    absent = {
        "properties",
        "contextParameters",
        "lockOwner",
        "lockCreated",
        "versionLabel",
        "proxyTargetId",
        "versionableId",
        "isLatestVersion",
        "retainedProperties",
    }
    assert not absent & set(read(alice, uid))


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("address", "properties"),
        ("header", "properties"),
        ("header", "X-NXproperties"),
        ("header", "x-nxPROPERTIES"),
        ("header", "X-NXDocumentProperties"),
    ],
)
def test_schemas_are_asked_for_in_many_spellings(ask, place, name):
    properties = ask(place, name, "dublincore,file")["properties"]
    assert {key.partition(":")[0] for key in properties} == {"dc", "file"}


def test_a_star_is_all_schemas_and_a_prefix_is_none(carol, uid):
    """REST_CONTRACT 2.3: schemas by their names."""
    everything = read(carol, uid, properties="*")["properties"]
    assert {"dc:title", "file:content", "files:files", "uid:major_version"} <= set(everything)
    assert not read(carol, uid, properties="dc").get("properties")


def test_a_parameter_may_be_repeated(carol, uid):
    properties = read(carol, uid, properties=["file", "files"])["properties"]
    assert set(properties) == {"file:content", "files:files"}


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("address", "fetch.document"),
        ("address", "fetch-document"),
        ("header", "fetch.document"),
        ("header", "fetch-document"),
        ("header", "X-NXfetch.document"),
        ("header", "X-NXfetch-document"),
        ("header", "FETCH-Document"),
    ],
)
def test_label_and_lock_are_fetched_in_many_spellings(ask, place, name):
    document = ask(place, name, "versionLabel,lock")
    assert document["versionLabel"] == ""
    # Not there after asking: not locked.
    assert "lockOwner" not in document


def test_a_lock_is_told_of_only_when_asked_for(alice):
    uid = alice.create()
    alice.lock(uid, 200)
    assert "lockOwner" not in read(alice, uid)
    document = read(alice, uid, **{"fetch.document": "lock"})
    assert document["lockOwner"] == alice.name
    assert document["lockCreated"][:2] == "20"


def test_a_user_is_fetched_in_place_of_a_name(alice, uid):
    document = read(alice, uid, properties="dublincore", **{"fetch.document": "dc:creator"})
    assert document["properties"]["dc:creator"]["id"] == alice.name
    assert document["properties"]["dc:lastContributor"] == alice.name


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("address", "enrichers.document"),
        ("address", "enrichers-document"),
        ("header", "enrichers.document"),
        ("header", "enrichers-document"),
        ("header", "X-NXenrichers.document"),
        ("header", "X-NXContext-Category"),
    ],
)
def test_enrichers_are_asked_for_in_many_spellings(ask, place, name):
    context = ask(place, name, "permissions, breadcrumb")["contextParameters"]
    assert "Read" in context["permissions"]
    assert context["breadcrumb"]["entity-type"] == "documents"


def test_there_is_no_wildcard_for_enrichers(ask):
    assert "permissions" not in ask("header", "enrichers-document", "*").get(
        "contextParameters", {}
    )


def test_a_breadcrumb_leads_to_the_document_itself_and_leaves_out_the_root(carol, world, uid):
    """REST_CONTRACT 2.4."""
    headers = {"enrichers-document": "breadcrumb", "X-NXproperties": "dublincore"}
    document = read(carol, uid, headers=headers)
    entries = document["contextParameters"]["breadcrumb"]["entries"]
    assert [entry["uid"] for entry in entries][-2:] == [world.workspace, uid]
    assert "/" not in [entry["path"] for entry in entries]
    # Depth is "root" by default.
    assert "properties" in document
    assert not any("properties" in entry for entry in entries)


def test_a_greater_depth_writes_the_properties_of_a_breadcrumb(carol, uid):
    headers = {"enrichers-document": "breadcrumb", "X-NXproperties": "dublincore"}
    document = read(carol, uid, headers=headers, depth="children")
    entries = document["contextParameters"]["breadcrumb"]["entries"]
    assert all("dc:title" in entry["properties"] for entry in entries)


def test_a_greater_depth_tells_what_the_user_may_do_in_the_folders_of_a_breadcrumb(world, uid):
    """REST_CONTRACT 2.3, 2.4: what CheckFileInfo learns without a further call."""
    headers = {"enrichers-document": "permissions,breadcrumb"}

    def permissions_in_workspace(user, **parameters):
        document = read(user, uid, headers=headers, **parameters)
        entries = document["contextParameters"]["breadcrumb"]["entries"]
        assert entries[-2]["uid"] == world.workspace
        return entries[-2].get("contextParameters", {}).get("permissions")

    assert "AddChildren" in permissions_in_workspace(world.alice, depth="children")
    may = permissions_in_workspace(world.carol, depth="children")
    assert "Read" in may
    assert "AddChildren" not in may
    # At the usual depth nothing is told of them.
    assert permissions_in_workspace(world.alice) is None


def test_a_breadcrumb_ends_below_what_the_user_may_not_read(admin, world):
    """A document whose parent the reader cannot see."""
    folder = admin.create_empty("Folder")
    uid = admin.create(folder=folder["path"])
    admin.operation("Document.BlockPermissionInheritance", folder["uid"])
    world.grant(uid, world.carol.name, "Read")
    headers = {"enrichers-document": "breadcrumb,firstAccessibleAncestor"}
    context = read(world.carol, uid, headers=headers)["contextParameters"]
    assert [entry["uid"] for entry in context["breadcrumb"]["entries"]] == [uid]
    assert context["firstAccessibleAncestor"]["uid"] == world.workspace


def test_acls_are_lists_by_name(alice, world):
    """REST_CONTRACT 2.4."""
    headers = {"enrichers-document": "acls"}
    lists = read(alice, world.workspace, headers=headers)["contextParameters"]["acls"]
    local = next(item for item in lists if item["name"] == "local")
    ace = next(ace for ace in local["aces"] if ace["username"] == world.group)
    assert (ace["permission"], ace["granted"], ace["status"]) == ("ReadWrite", True, "effective")
    assert {"id", "externalUser", "creator", "begin", "end"} <= set(ace)


def test_the_other_enrichers(alice, world, uid):
    names = "userVisiblePermissions,documentURL,preview,thumbnail,hasContent,subtypes"
    context = read(alice, world.workspace, headers={"enrichers-document": names})[
        "contextParameters"
    ]
    assert {"Read", "ReadWrite", "Everything"} <= set(context["userVisiblePermissions"])
    assert context["hasContent"] is True
    assert "url" in context["preview"]
    assert f"id/{world.workspace}/@rendition/thumbnail" in context["thumbnail"]["url"]
    assert "File" in [item["type"] for item in context["subtypes"]]
    assert context["documentURL"] is None or context["documentURL"].startswith("http")


# The server's own address (11.4)


@pytest.mark.parametrize(
    ("headers", "base"),
    [
        ({"nuxeo-virtual-host": "https://public.example.org/"}, "https://public.example.org/"),
        ({"nuxeo-virtual-host": "https://h:8443/sub/"}, "https://h:8443/sub/"),
        (
            {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "docs.example.org"},
            "https://docs.example.org/",
        ),
        (
            {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "docs.example.org:8443"},
            "https://docs.example.org:8443/",
        ),
        (
            {"X-Forwarded-Host": "docs.example.org", "X-Forwarded-Port": "81"},
            "http://docs.example.org:81/",
        ),
    ],
    ids=str,
)
def test_addresses_in_answers_follow_the_headers_of_the_request(alice, uid, headers, base):
    """Trap 19: whoever forwards these unfiltered gets wrong addresses."""
    if "X-Forwarded-Host" in headers and "X-Forwarded-Proto" not in headers:
        headers = {**headers, "X-Forwarded-Proto": "http"}
    blob = read(alice, uid, headers={**headers, "X-NXproperties": "file"})["properties"]
    assert blob["file:content"]["data"].startswith(f"{base}nuxeo/nxfile/default/{uid}/")
