"""Containers and the ecosystem against the sandbox: walking folders, making and removing them."""

import threading
from urllib.parse import parse_qs

import pytest

from connector.file_reference import DocumentReference
from connector.wopi import container_id
from connector.wopi.access_token import AccessTokens, Grant
from connector.wopi.filenames import decode_header, encode_header
from tests.fixtures import InProcess
from tests.support import DEMO_FOLDER, Wopi


@pytest.fixture
def alice(demo):
    return demo.nuxeo("alice")


@pytest.fixture
def folder(alice):
    """A folder of its own; its JSON."""
    return new_folder(alice)


@pytest.fixture
def file(demo, alice, folder):
    """A client with a session on a file in ``folder``."""
    return demo.open("alice", alice.create(b"content", "First.docx", folder=folder["path"]))


@pytest.fixture
def container(file):
    """A client for ``folder``."""
    return parent_of(file)


def new_folder(person, parent=DEMO_FOLDER, title="Folder", kind="Folder"):
    body = {"entity-type": "document", "type": kind, "name": title}
    body["properties"] = {"dc:title": title}
    return person.call("POST", f"api/v1/path{parent}", json=body).json()


def opened(client, url):
    """A client for a URL with a token that was handed out."""
    source, _, query = url.partition("?")
    (token,) = parse_qs(query)["access_token"]
    return Wopi(source, token, client.keys, client.clock)


def ancestors(client):
    return client.request("GET", "/ancestry").json()["AncestorsWithRootFirst"]


def parent_of(client):
    return opened(client, ancestors(client)[-1]["Url"])


def children(container, **headers):
    answer = container.request("GET", "/children", **headers)
    assert answer.status_code == 200
    return answer.json()


def post(client, operation, **headers):
    names = ("RelativeTarget", "SuggestedTarget", "RequestedName")
    sent = {
        name: encode_header(value) if name in names else value for name, value in headers.items()
    }
    return client.request("POST", Override=operation, **sent)


def made(container, **headers):
    """A client for a new container."""
    answer = post(container, "CREATE_CHILD_CONTAINER", **headers)
    assert answer.status_code == 200, answer.headers
    return opened(container, answer.json()["ContainerPointer"]["Url"])


# Walking


def test_from_a_file_to_its_folder_and_back(demo, alice, folder, file, container):
    new_folder(alice, folder["path"], "Inner")
    alice.create(b"12345", "Second.xlsx", folder=folder["path"])
    body = {"entity-type": "document", "type": "Note", "name": "note"}
    alice.call("POST", f"api/v1/path{folder['path']}", json=body)
    info = container.info()
    assert info["Name"] == "Folder"
    assert info["HostUrl"].endswith(f"#!/doc/{folder['uid']}")
    found = children(container)
    assert [entry["Name"] for entry in found["ChildContainers"]] == ["Inner"]
    assert [entry["Name"] for entry in found["ChildFiles"]] == ["First.docx", "Second.xlsx"]
    for entry in found["ChildFiles"]:
        told = opened(file, entry["Url"]).info()
        assert {**told, **entry, "BaseFileName": entry["Name"]} == {
            **told,
            "Name": told["BaseFileName"],
            "Url": entry["Url"],
        }
    inner = opened(file, found["ChildContainers"][0]["Url"])
    assert inner.info()["Name"] == "Inner"
    assert [entry["Name"] for entry in ancestors(inner)][-1] == "Folder"
    assert children(inner) == {"ChildContainers": [], "ChildFiles": []}


def test_ancestors_go_up_to_what_the_user_may_read(demo, alice, file):
    names = [entry["Name"] for entry in ancestors(file)]
    assert names == ["Domain", "Workspaces", "Demo", "Folder"]
    top = opened(file, ancestors(file)[0]["Url"])
    assert ancestors(top) == []
    admin = demo.open("Administrator", alice.create())
    names = [entry["Name"] for entry in ancestors(admin)]
    assert names == ["Root", "Domain", "Workspaces", "Demo"]
    assert ancestors(opened(admin, ancestors(admin)[0]["Url"])) == []


def test_a_filter_chooses_files_by_extension_and_leaves_folders(alice, folder, container):
    new_folder(alice, folder["path"], "Inner.docx")
    for name in ("a.XLSX", "b.pptx", "c", "d.tar.gz"):
        alice.create(b"x", name, folder=folder["path"])
    for sent, names in (
        (".docx", ["First.docx"]),
        (".xlsx,.PPTX", ["a.XLSX", "b.pptx"]),
        (".gz", ["d.tar.gz"]),
        (".nothing", []),
        ("", ["a.XLSX", "b.pptx", "c", "d.tar.gz", "First.docx"]),
    ):
        found = children(container, FileExtensionFilterList=sent)
        assert [entry["Name"] for entry in found["ChildFiles"]] == names
        assert [entry["Name"] for entry in found["ChildContainers"]] == ["Inner.docx"]


def test_users_see_what_nuxeo_lets_them_see(demo, alice, folder, container):
    admin = demo.nuxeo()
    hidden = new_folder(alice, folder["path"], "Hidden")
    admin.operation("Document.BlockPermissionInheritance", hidden["uid"])
    trashed = alice.create(b"x", "Trashed.docx", folder=folder["path"])
    alice.operation("Document.Trash", trashed)
    found = children(container)
    assert found["ChildContainers"] == []
    assert [entry["Name"] for entry in found["ChildFiles"]] == ["First.docx"]


def test_readers_walk_but_change_nothing(demo, alice, folder):
    uid = alice.create(folder=folder["path"])
    for client in (demo.open("carol", uid), demo.open("alice", uid, action="view")):
        container = parent_of(client)
        info = container.info()
        can = {name: value for name, value in info.items() if name.startswith("UserCan")}
        assert not any(can.values())
        assert len(children(container)["ChildFiles"]) == 1
        for operation, headers in (
            ("CREATE_CHILD_CONTAINER", {"SuggestedTarget": "a"}),
            ("CREATE_CHILD_FILE", {"SuggestedTarget": "a.docx"}),
            ("RENAME_CONTAINER", {"RequestedName": "a"}),
            ("DELETE_CONTAINER", {}),
        ):
            assert post(container, operation, **headers).status_code == 404
    assert alice.document(folder["uid"])["title"] == "Folder"


def test_all_children_of_a_large_folder_are_listed(demo, in_process, alice, folder, monkeypatch):
    monkeypatch.setattr("connector.nuxeo_gateway.folders._PAGE", 7)
    names = sorted(f"{number:02}.docx" for number in range(30))
    uids = [alice.create(b"x", name, folder=folder["path"]) for name in names]
    container = parent_of(in_process.open("alice", uids[0]))
    found = children(container)
    assert [entry["Name"] for entry in found["ChildFiles"]] == names
    # What the list says of a version is what the file says, also when it is news.
    alice.replace(uids[3], b"other", "03.docx")
    entry = children(container)["ChildFiles"][3]
    assert entry["Version"] == opened(container, entry["Url"]).info()["Version"]
    assert entry["Version"] != found["ChildFiles"][3]["Version"]


def test_of_a_huge_folder_as_many_are_listed_as_can_be(in_process, alice, folder, monkeypatch):
    monkeypatch.setattr("connector.nuxeo_gateway.folders._PAGE", 3)
    monkeypatch.setattr("connector.wopi.container_operations.MAX_CHILDREN", 4)
    uids = [alice.create(b"x", f"{number}.docx", folder=folder["path"]) for number in range(4)]
    container = parent_of(in_process.open("alice", uids[0]))
    assert len(children(container)["ChildFiles"]) == 4
    alice.create(b"x", "one more.docx", folder=folder["path"])
    listed = [entry["Name"] for entry in children(container)["ChildFiles"]]
    # Always the same ones.
    assert len(listed) == 4
    assert [entry["Name"] for entry in children(container)["ChildFiles"]] == listed


# Making


def test_a_new_folder_is_there_for_all_to_see(demo, alice, folder, container):
    answer = post(container, "CREATE_CHILD_CONTAINER", RelativeTarget="Übersicht & mehr")
    assert answer.status_code == 200
    pointer, info = answer.json()["ContainerPointer"], answer.json()["ContainerInfo"]
    assert pointer["Name"] == info["Name"] == "Übersicht & mehr"
    new = opened(container, pointer["Url"])
    assert new.info() == info
    assert info["UserCanCreateChildFile"] is info["UserCanDelete"] is True
    uid = info["HostUrl"].rpartition("/")[2]
    document = alice.document(uid)
    assert (document["type"], document["parentRef"]) == ("Folder", folder["uid"])


def test_folders_of_one_name(container):
    assert made(container, RelativeTarget="Same").info()["Name"] == "Same"
    refused = post(container, "CREATE_CHILD_CONTAINER", RelativeTarget="Same")
    assert refused.status_code == 409
    assert decode_header(refused.headers["X-WOPI-ValidRelativeTarget"]) == "Same (1)"
    assert made(container, SuggestedTarget="Same").info()["Name"] == "Same (1)"
    # A file of that name is something else.
    assert post(container, "CREATE_CHILD_FILE", RelativeTarget="Same").status_code == 200


def test_a_new_file_is_empty_until_the_first_save(alice, container):
    answer = post(container, "CREATE_CHILD_FILE", RelativeTarget="New.docx")
    assert answer.json()["Name"] == "New.docx"
    file = opened(container, answer.json()["Url"])
    info = file.info()
    assert (info["Size"], info["BaseFileName"]) == (0, "New.docx")
    assert answer.json()["HostEditUrl"] == info["HostEditUrl"]
    assert file.put(b"first").status_code == 200
    assert file.get().content == b"first"
    names = [
        post(container, "CREATE_CHILD_FILE", SuggestedTarget=name).json()["Name"]
        for name in (".docx", ".docx", "New.docx", "a/b.xlsx")
    ]
    assert names == ["Document.docx", "Document (1).docx", "New (1).docx", "a_b.xlsx"]


def test_a_new_file_over_an_old_one(alice, folder, file, container):
    def over(said):
        return post(
            container,
            "CREATE_CHILD_FILE",
            RelativeTarget="First.docx",
            OverwriteRelativeTarget=said,
        )

    assert over("false").status_code == 409
    file.lock("L")
    locked = over("true")
    assert (locked.status_code, locked.headers["X-WOPI-Lock"]) == (409, "L")
    file.unlock("L")
    assert file.get().content == b"content"
    assert over("true").status_code == 200
    assert file.info()["Size"] == 0
    uid = file.info()["CloseUrl"].rpartition("/")[2]
    versions = alice.operation("Document.GetVersions", uid).json()["entries"]
    assert [alice.content(version["uid"]) for version in versions] == [b"content"]


@pytest.mark.parametrize("operation", ["CREATE_CHILD_CONTAINER", "CREATE_CHILD_FILE"])
def test_names_that_nothing_can_have(container, operation):
    is_file = operation.endswith("FILE")
    header = f"X-WOPI-Invalid{'File' if is_file else 'Container'}NameError"
    for name in ("", "a\\b", "x" * 513, "..", "end."):
        refused = post(container, operation, RelativeTarget=name)
        assert refused.status_code == 400
        assert refused.headers[header]
        valid = decode_header(refused.headers["X-WOPI-ValidRelativeTarget"])
        assert post(container, operation, RelativeTarget=valid).status_code == 200
        assert post(container, operation, SuggestedTarget=name).status_code == 200
    assert post(container, operation).status_code == 400
    both = post(container, operation, RelativeTarget="a", SuggestedTarget="a")
    assert both.status_code == 501


def test_one_name_for_each_of_those_who_come_at_once(demo, folder, container):
    exact, suggested = [], []

    def make():
        exact.append(post(container, "CREATE_CHILD_CONTAINER", RelativeTarget="X").status_code)
        suggested.append(made(container, SuggestedTarget="S").info()["Name"])

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(exact) == [200] + [409] * 5
    assert sorted(suggested) == ["S", *(f"S ({number})" for number in range(1, 6))]


# Renaming and deleting


def test_a_renamed_folder(alice, container):
    new = made(container, RelativeTarget="Before")
    made(container, RelativeTarget="Taken")
    answer = post(new, "RENAME_CONTAINER", RequestedName="Nach + drüben")
    assert answer.json() == {"Name": "Nach + drüben"}
    assert new.info()["Name"] == "Nach + drüben"
    assert post(new, "RENAME_CONTAINER", RequestedName="Nach + drüben").status_code == 200
    assert post(new, "RENAME_CONTAINER", RequestedName="Taken").status_code == 409
    illegal = post(new, "RENAME_CONTAINER", RequestedName="a:b")
    assert illegal.status_code == 400
    assert illegal.headers["X-WOPI-InvalidContainerNameError"]
    assert post(new, "RENAME_CONTAINER").status_code == 400
    assert new.info()["Name"] == "Nach + drüben"


def test_only_an_empty_folder_is_deleted_and_goes_to_the_trash(alice, container):
    new = made(container, RelativeTarget="Short-lived")
    uid = new.info()["HostUrl"].rpartition("/")[2]
    inner = made(new, RelativeTarget="Inner")
    full = post(new, "DELETE_CONTAINER")
    assert (full.status_code, full.headers["X-WOPI-Lock"]) == (409, "")
    assert post(inner, "DELETE_CONTAINER").status_code == 200
    assert post(new, "DELETE_CONTAINER").status_code == 200
    assert alice.document(uid)["isTrashed"] is True
    for response in (
        new.request("GET"),
        new.request("GET", "/children"),
        new.request("GET", "/ancestry"),
        post(new, "DELETE_CONTAINER"),
        post(new, "RENAME_CONTAINER", RequestedName="a"),
        post(new, "CREATE_CHILD_FILE", SuggestedTarget="a.docx"),
    ):
        assert response.status_code == 404


def test_nothing_is_made_in_a_folder_that_is_being_deleted(alice, container):
    for _ in range(6):
        new = made(container, SuggestedTarget="Short-lived")
        uid = new.info()["HostUrl"].rpartition("/")[2]
        answers = {}

        def work(operation, new=new, answers=answers, **headers):
            answers[operation] = post(new, operation, **headers).status_code

        threads = [
            threading.Thread(target=work, args=("DELETE_CONTAINER",)),
            threading.Thread(
                target=work, args=("CREATE_CHILD_FILE",), kwargs={"SuggestedTarget": "a.docx"}
            ),
            threading.Thread(
                target=work, args=("CREATE_CHILD_CONTAINER",), kwargs={"SuggestedTarget": "a"}
            ),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        is_gone = answers.pop("DELETE_CONTAINER") == 200
        assert alice.document(uid)["isTrashed"] is is_gone
        assert set(answers.values()) <= ({404} if is_gone else {200, 404})


def test_a_folder_whose_parent_is_in_the_trash_is_gone_too(alice, folder, container):
    inner = made(container, SuggestedTarget="Inner")
    alice.operation("Document.Trash", folder["uid"])
    assert inner.request("GET").status_code == 404
    assert post(inner, "CREATE_CHILD_FILE", SuggestedTarget="a.docx").status_code == 404
    assert post(inner, "CREATE_CHILD_CONTAINER", SuggestedTarget="a").status_code == 404


def test_what_the_user_may_not_read_goes_to_the_trash_with_its_folder(demo, alice, container):
    admin = demo.nuxeo()
    new = made(container, RelativeTarget="Looks empty")
    uid = new.info()["HostUrl"].rpartition("/")[2]
    hidden = admin.create(b"hidden", folder=admin.document(uid)["path"])
    admin.operation("Document.BlockPermissionInheritance", hidden)
    assert children(new)["ChildFiles"] == []
    assert post(new, "DELETE_CONTAINER").status_code == 200
    # It is whole, and there again with the folder.
    admin.operation("Document.Untrash", uid)
    assert admin.content(hidden) == b"hidden"
    assert admin.document(hidden)["isTrashed"] is False


def test_the_address_to_share_is_the_folders_page(container):
    page = container.info()["HostUrl"]
    for kind in ("ReadOnly", "ReadWrite"):
        assert post(container, "GET_SHARE_URL", UrlType=kind).json() == {"ShareUrl": page}
    assert post(container, "GET_SHARE_URL", UrlType="Other").status_code == 501
    assert post(container, "GET_SHARE_URL").status_code == 501


def test_where_nuxeo_has_no_files_none_are_made(demo, alice):
    admin = demo.open("Administrator", alice.create())
    root = opened(admin, ancestors(admin)[0]["Url"])
    info = root.info()
    assert (info["Name"], info["UserCanDelete"], info["UserCanRename"]) == ("Root", False, False)
    assert info["UserCanCreateChildFile"] is False
    assert post(root, "CREATE_CHILD_FILE", SuggestedTarget="a.docx").status_code == 404
    assert post(root, "RENAME_CONTAINER", RequestedName="a").status_code == 404
    assert post(root, "DELETE_CONTAINER").status_code == 404


# The ecosystem


def ecosystem_of(client):
    return opened(client, client.request("GET", "/ecosystem_pointer").json()["Url"])


def test_the_ecosystem_leads_to_the_root(demo, alice, file, container):
    ecosystem = ecosystem_of(file)
    assert ecosystem.info() == {"SupportsContainers": True}
    assert ecosystem_of(container).info() == {"SupportsContainers": True}
    answer = ecosystem.request("GET", "/root_container_pointer").json()
    assert answer["ContainerPointer"]["Name"] == "Domain"
    root = opened(file, answer["ContainerPointer"]["Url"])
    assert root.info() == answer["ContainerInfo"]
    assert [entry["Name"] for entry in children(root)["ChildContainers"]] == ["Workspaces"]
    admin = ecosystem_of(demo.open("Administrator", alice.create()))
    answer = admin.request("GET", "/root_container_pointer").json()
    assert answer["ContainerPointer"]["Name"] == "Root"


def test_who_may_read_one_document_only_has_no_root(demo, alice):
    uid = alice.create()
    demo.nuxeo().operation("Document.AddPermission", uid, username="dave", permission="Read")
    file = demo.open("dave", uid)
    assert ancestors(file) == []
    ecosystem = ecosystem_of(file)
    assert ecosystem.request("GET", "/root_container_pointer").status_code == 404


def test_tokens_are_for_one_resource_each(file, container):
    ecosystem = ecosystem_of(file)
    assert container.at(ecosystem.source).request("GET").status_code == 401
    assert ecosystem.at(container.source).request("GET").status_code == 401
    assert file.at(container.source).request("GET").status_code == 401
    assert container.at(file.source).request("GET").status_code == 401
    assert container.at(f"{container.source}x").request("GET").status_code in (401, 404)
    for source in ("containers/x", "containers/!!", f"containers/{file.source.rpartition('/')[2]}"):
        url = f"{container.source.partition('containers/')[0]}{source}"
        assert container.at(url).request("GET").status_code == 404


def test_a_document_that_is_no_folder_is_no_container(demo, alice, container):
    resource = container_id.encode(DocumentReference("default", alice.create()))
    tokens = AccessTokens(demo.settings().jwt_secret, 600)
    token = tokens.issue(
        resource_id=resource,
        user="alice",
        user_name="Alice",
        grant=Grant.EDIT,
        client="office",
    )
    source = f"{container.source.rpartition('/')[0]}/{resource}"
    client = Wopi(source, tokens.sign(token), container.keys)
    assert client.request("GET").status_code == 404
    assert client.request("GET", "/children").status_code == 404


def wopi_src(ecosystem, name):
    return post(ecosystem, "GET_WOPI_SRC_WITH_ACCESS_TOKEN", HostNativeFileName=name)


def test_from_a_page_to_the_file(demo, alice, file):
    ecosystem, info = ecosystem_of(file), file.info()
    edited = opened(file, wopi_src(ecosystem, info["HostEditUrl"]).json()["Url"])
    assert edited.source == file.source
    assert edited.info()["UserCanWrite"] is True
    viewed = opened(file, wopi_src(ecosystem, info["HostViewUrl"]).json()["Url"])
    assert viewed.info()["UserCanWrite"] is False
    shared = post(file, "GET_SHARE_URL", UrlType="ReadWrite").json()["ShareUrl"]
    assert opened(file, wopi_src(ecosystem, shared).json()["Url"]).info()["UserCanWrite"] is True
    reader = ecosystem_of(demo.open("alice", alice.create(), action="view"))
    url = wopi_src(reader, info["HostEditUrl"]).json()["Url"]
    assert opened(file, url).info()["UserCanWrite"] is False


def test_what_leads_to_no_file(demo, alice, file):
    ecosystem, page = ecosystem_of(file), file.info()["HostEditUrl"]
    uid = alice.create()
    elsewhere = page.replace("127.0.0.1", "127.0.0.2")
    missing = page.replace("file:content", "files:files/7/file")
    for name in ("x", elsewhere, missing, page + "//", page.rpartition("/")[0], f"{page}/../../x"):
        assert wopi_src(ecosystem, name).status_code == 404
    assert wopi_src(ecosystem, "").status_code == 400
    assert post(ecosystem, "GET_WOPI_SRC_WITH_ACCESS_TOKEN").status_code == 400
    assert post(ecosystem, "SOMETHING").status_code == 501
    demo.nuxeo().operation("Document.BlockPermissionInheritance", uid)
    hidden = page.split("/")
    hidden[-2] = uid
    assert wopi_src(ecosystem, "/".join(hidden)).status_code == 404


# Settings


@pytest.fixture
def connector(demo, tmp_path, clock, request):
    connector = InProcess(demo, tmp_path / "other", clock, **request.param)
    yield connector
    connector.close()


def configured(**settings):
    values = {f"nuxeo.wopi.{name}": value for name, value in settings.items()}
    return pytest.mark.parametrize("connector", [values], indirect=True)


@configured(containers="false")
def test_where_containers_are_switched_off(connector, alice, folder, container):
    file = connector.open("alice", alice.create(folder=folder["path"]))
    info = file.info()
    assert (info["SupportsContainers"], info["SupportsEcosystem"]) == (False, True)
    assert file.request("GET", "/ancestry").status_code == 501
    source = file.source.replace("/files/", "/containers/").rpartition("/")[0]
    here = container.at(f"{source}/{container.source.rpartition('/')[2]}")
    assert here.request("GET").status_code == 501
    assert here.request("GET", "/children").status_code == 501
    assert post(here, "CREATE_CHILD_FILE", SuggestedTarget="a").status_code == 501
    ecosystem = ecosystem_of(file)
    assert ecosystem.info() == {"SupportsContainers": False}
    assert ecosystem.request("GET", "/root_container_pointer").status_code == 501


@configured(rootContainer="/default-domain/workspaces/")
def test_a_root_of_the_administrators_choice(demo, connector, alice, folder):
    for user in ("alice", "Administrator"):
        file = connector.open(user, alice.create(folder=folder["path"]))
        names = [entry["Name"] for entry in ancestors(file)]
        assert names == ["Workspaces", "Demo", "Folder"]
        root = ecosystem_of(file).request("GET", "/root_container_pointer").json()
        assert root["ContainerPointer"]["Name"] == "Workspaces"
        assert ancestors(opened(file, root["ContainerPointer"]["Url"])) == []


@configured(rootContainer="/default-domain/nowhere")
def test_a_root_that_is_not_there(connector, alice, folder):
    file = connector.open("alice", alice.create(folder=folder["path"]))
    root = ecosystem_of(file).request("GET", "/root_container_pointer").json()
    assert root["ContainerPointer"]["Name"] == "Domain"
    assert ancestors(file)[0]["Name"] == "Domain"
