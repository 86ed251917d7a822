"""RenameFile, DeleteFile, GetShareUrl and PutUserInfo against the sandbox."""

import threading
import uuid

import pytest

from connector.wopi.filenames import encode_header
from tests.fixtures import InProcess
from tests.support import DEMO_FOLDER, docx_bytes


@pytest.fixture
def alice(demo):
    return demo.nuxeo("alice")


@pytest.fixture
def name():
    """A file name that no other test uses, without its extension."""
    return f"Report {uuid.uuid4().hex[:8]}"


def rename(client, requested, lock=None):
    encoded = encode_header(requested) if requested is not None else None
    return client.request("POST", Override="RENAME_FILE", RequestedName=encoded, Lock=lock)


def delete(client, lock=None):
    return client.request("POST", Override="DELETE", Lock=lock)


def stored(alice, uid):
    document = alice.document(uid)
    return document["title"], document["properties"]["file:content"]["name"]


# RenameFile


def test_a_file_is_renamed_with_its_document_and_stays_the_same_file(demo, alice, name):
    uid = alice.create(b"content", "Before.docx")
    client = demo.open("alice", uid)
    version = client.info()["Version"]
    new = f"{name} été 100% + ünïcode"
    renamed = rename(client, new)
    assert (renamed.status_code, renamed.json()) == (200, {"Name": new})
    assert stored(alice, uid) == (new, f"{new}.docx")
    info = client.info()
    assert (info["BaseFileName"], info["BreadcrumbDocName"]) == (f"{new}.docx", new)
    assert (info["SupportsRename"], info["UserCanRename"]) == (True, True)
    assert info["Version"] == version
    assert client.get().content == b"content"


def test_a_title_that_is_the_file_name_stays_that(demo, alice, name):
    uid = alice.create(b"x", "Imported.docx")
    alice.call(
        "PUT",
        f"api/v1/id/{uid}",
        json={"entity-type": "document", "properties": {"dc:title": "Imported.docx"}},
    )
    assert rename(demo.open("alice", uid), name).json() == {"Name": name}
    assert stored(alice, uid) == (f"{name}.docx", f"{name}.docx")


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("fileName", ("Report", "{}.docx")),
        ("title", ("{}", "Before.docx")),
        ("both", ("{}", "{}.docx")),
    ],
)
def test_what_a_rename_changes_is_a_setting(demo, alice, tmp_path, clock, name, mode, expected):
    uid = alice.create(b"x", "Before.docx", attachments=[("a.docx", b"a")])
    connector = InProcess(demo, tmp_path / "wopi", clock, **{"nuxeo.wopi.rename": mode})
    try:
        assert rename(connector.open("alice", uid), name).json() == {"Name": name}
        attachment = connector.open("alice", uid, "files:files/0/file")
        assert rename(attachment, "other").json() == {"Name": "other"}
    finally:
        connector.close()
    assert stored(alice, uid) == tuple(part.format(name) for part in expected)
    files = alice.document(uid)["properties"]["files:files"]
    assert files[0]["file"]["name"] == "other.docx"


def test_an_extension_that_is_typed_is_not_taken_twice(demo, alice, name):
    uid = alice.create(b"x", "Before.docx")
    assert rename(demo.open("alice", uid), f"{name}.DOCX").json() == {"Name": name}
    assert stored(alice, uid)[1] == f"{name}.docx"


def test_an_attachment_is_renamed_alone(demo, alice):
    files = [("a.docx", b"one"), ("b.docx", b"two")]
    uid = alice.create(b"main", "Main.docx", attachments=files)
    client = demo.open("bob", uid, "files:files/1/file")
    assert rename(client, "c").json() == {"Name": "c"}
    # The name of the file beside it is taken.
    assert rename(client, "a").json() == {"Name": "a (1)"}
    names = [item["file"]["name"] for item in alice.document(uid)["properties"]["files:files"]]
    assert names == ["a.docx", "a (1).docx"]
    assert stored(alice, uid) == ("Report", "Main.docx")
    assert client.get().content == b"two"


def test_a_name_that_another_file_in_the_folder_has_gets_a_number(demo, alice, name):
    alice.create(b"other", f"{name}.docx")
    uid = alice.create(b"x", "Before.docx")
    client = demo.open("alice", uid)
    assert rename(client, name).json() == {"Name": f"{name} (1)"}
    assert stored(alice, uid) == (f"{name} (1)", f"{name} (1).docx")
    # Its own name is not in its way.
    assert rename(client, f"{name} (1)").json() == {"Name": f"{name} (1)"}


@pytest.mark.parametrize("header", ["", "+ACAAIA-", "...", '?*"<>|', "/", ".docx"])
def test_a_name_of_which_nothing_is_left_is_refused_with_the_reason(demo, alice, header):
    uid = alice.create(b"x", "Before.docx")
    client = demo.open("alice", uid)
    refused = client.request("POST", Override="RENAME_FILE", RequestedName=header)
    assert refused.status_code == 400
    assert refused.headers["X-WOPI-InvalidFileNameError"]
    assert stored(alice, uid) == ("Report", "Before.docx")


def test_a_rename_without_a_name_is_a_bad_request(demo, alice):
    uid = alice.create()
    assert rename(demo.open("alice", uid), None).status_code == 400


def test_what_no_name_may_have_is_replaced(demo, alice, name):
    uid = alice.create(b"x", "Before.docx")
    renamed = rename(demo.open("alice", uid), f"{name}: 1/2? ..")
    assert renamed.json() == {"Name": f"{name}_ 1_2_"}


def test_a_name_that_is_too_long_is_cut_before_its_extension(demo, alice, name):
    uid = alice.create(b"x", "Before.docx")
    new = rename(demo.open("alice", uid), f"{name} {'x' * 600}").json()["Name"]
    assert len(new) == 512 - len(".docx")
    assert stored(alice, uid)[1] == f"{new}.docx"


def test_a_locked_file_is_renamed_with_the_right_lock_id_only(demo, alice, name):
    uid = alice.create(b"x", "Before.docx")
    client = demo.open("alice", uid)
    client.lock("L")
    for wrong in (None, "M"):
        refused = rename(client, name, wrong)
        assert refused.status_code == 409
        assert refused.headers["X-WOPI-Lock"] == "L"
    assert rename(client, name, "L").status_code == 200
    after = docx_bytes("after")
    assert client.put(after, "L").status_code == 200
    client.unlock("L")
    # The save went into the file by its new name, and the session has seen no stranger: the only
    # version is the one that it ends with.
    assert stored(alice, uid)[1] == f"{name}.docx"
    versions = demo.nuxeo().operation("Document.GetVersions", uid).json()["entries"]
    assert [alice.content(version["uid"]) for version in versions] == [after]


def test_a_co_author_renames_as_themselves_under_anothers_lock(demo, alice, name):
    uid = alice.create(b"x", "Before.docx")
    first, second = demo.open("alice", uid), demo.open("bob", uid)
    first.lock("L")
    assert rename(second, name, "L").status_code == 200
    document = alice.document(uid)
    assert (document["lockOwner"], document["properties"]["dc:lastContributor"]) == ("bob", "bob")
    assert first.put(b"alice's", "L").status_code == 200
    assert stored(alice, uid)[1] == f"{name}.docx"
    assert first.unlock("L").status_code == 200
    assert "lockOwner" not in alice.document(uid)


def test_another_file_of_a_document_in_use_is_renamed_too(demo, alice):
    uid = alice.create(b"main", attachments=[("a.docx", b"one")])
    main, attachment = demo.open("alice", uid), demo.open("bob", uid, "files:files/0/file")
    main.lock("L")
    assert rename(attachment, "b").json() == {"Name": "b"}
    assert main.put(b"after", "L").status_code == 200
    assert main.unlock("L").status_code == 200
    assert "lockOwner" not in alice.document(uid)


def test_a_renamed_attachment_that_moves_is_still_found_by_its_session(demo, alice):
    files = [("a.docx", b"one"), ("b.docx", b"two")]
    uid = alice.create(b"main", attachments=files)
    client = demo.open("alice", uid, "files:files/1/file")
    client.lock("L")
    assert rename(client, "c", "L").status_code == 200
    properties = alice.document(uid)["properties"]["files:files"]
    kept = {"file": {"data": properties[1]["file"]["data"], "blobUrl": None}}
    alice.call(
        "PUT",
        f"api/v1/id/{uid}",
        json={"entity-type": "document", "properties": {"files:files": [kept]}},
    )
    assert client.put(b"two, changed", "L").status_code == 200
    client.unlock("L")
    assert alice.content(uid, "files:files/0/file") == b"two, changed"


def test_who_may_not_write_renames_nothing(demo, alice):
    uid = alice.create(b"x", "Before.docx")
    assert rename(demo.open("carol", uid), "New").status_code == 404
    assert rename(demo.open("alice", uid, action="view"), "New").status_code == 404
    assert demo.open("carol", uid).info()["UserCanRename"] is False
    alice.operation("Document.Lock", uid)
    refused = rename(demo.open("bob", uid), "New")
    assert refused.status_code == 409
    assert refused.headers["X-WOPI-Lock"] == ""
    assert stored(alice, uid) == ("Report", "Before.docx")


def test_a_rename_whose_answer_was_lost_is_done_when_it_is_repeated(
    alice, behind_proxy, proxy, name
):
    files = [("a.docx", b"one"), ("b.docx", b"two")]
    uid = alice.create(b"main", attachments=files)
    client = behind_proxy.open("alice", uid, "files:files/1/file")
    client.lock("L")
    proxy.plan("POST", "Document.Update", "lose")
    assert rename(client, name, "L").status_code == 500
    assert rename(client, name, "L").json() == {"Name": name}
    assert proxy.done()
    stored_lock = behind_proxy.connector.store.of_document(f"default/{uid}")[0]
    assert stored_lock.file_name == f"{name}.docx"
    client.unlock("L")


def test_a_document_that_changes_in_between_is_renamed_all_the_same(
    demo, alice, behind_proxy, proxy, name
):
    uid = alice.create(b"x", "Before.docx")
    client = behind_proxy.open("bob", uid)

    def change():
        token = alice.document(uid)["changeToken"]
        body = {"entity-type": "document", "uid": uid, "changeToken": token}
        body["properties"] = {"dc:description": "changed"}
        alice.call("PUT", f"api/v1/id/{uid}", json=body)

    proxy.plan("POST", "Document.Update", change)
    assert rename(client, name).json() == {"Name": name}
    assert stored(alice, uid) == (name, f"{name}.docx")
    proxy.plan("POST", "Document.Update", *[409] * 4)
    refused = rename(client, f"{name} again")
    assert refused.status_code == 409
    assert refused.headers["X-WOPI-Lock"] == ""
    assert stored(alice, uid) == (name, f"{name}.docx")


def folder_of(alice):
    body = {"entity-type": "document", "type": "Folder", "name": "folder"}
    body["properties"] = {"dc:title": "Folder"}
    return alice.call("POST", f"api/v1/path{DEMO_FOLDER}", json=body).json()["path"]


def names_in(alice, folder):
    page = alice.call(
        "GET", f"api/v1/path{folder}/@children?pageSize=100", headers={"X-NXproperties": "file"}
    ).json()
    return sorted(entry["properties"]["file:content"]["name"] for entry in page["entries"])


def test_of_many_who_want_one_name_at_once_each_gets_another(demo, alice):
    folder = folder_of(alice)
    uids = [alice.create(b"x", f"{number}.docx", folder=folder) for number in range(6)]
    clients = [demo.open(user, uid) for user, uid in zip(("alice", "bob") * 3, uids, strict=True)]
    makers = [demo.open("alice", uids[0]) for _ in range(3)]
    answers = []

    def work(client):
        answers.append(rename(client, "Same").json()["Name"])

    def make(client):
        made = client.request(
            "POST", data=b"x", Override="PUT_RELATIVE", SuggestedTarget="Same.docx"
        )
        answers.append(made.json()["Name"].removesuffix(".docx"))

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    threads += [threading.Thread(target=make, args=(client,)) for client in makers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    expected = sorted(["Same", *(f"Same ({number})" for number in range(1, 9))])
    assert sorted(answers) == expected
    assert names_in(alice, folder) == sorted(f"{name}.docx" for name in expected)


def test_a_document_that_moves_away_before_it_is_renamed(demo, alice, behind_proxy, proxy):
    before, after = folder_of(alice), folder_of(alice)
    uid = alice.create(b"x", "Before.docx", folder=before)
    alice.create(b"x", "Taken.docx", folder=after)
    client = behind_proxy.open("alice", uid)
    # After the first look and before the second.
    proxy.plan("GET", uid, None, lambda: alice.operation("Document.Move", uid, target=after))
    assert rename(client, "Taken").json() == {"Name": "Taken (1)"}
    assert names_in(alice, after) == ["Taken (1).docx", "Taken.docx"]


# DeleteFile


def test_a_deleted_file_is_in_the_trash_and_gone_for_wopi(demo, alice):
    uid = alice.create()
    client = demo.open("bob", uid)
    assert client.info()["SupportsDeleteFile"] is True
    assert delete(client).status_code == 200
    assert alice.document(uid)["isTrashed"] is True
    told = client.info()
    assert (told["SupportsDeleteFile"], told["UserCanNotWriteRelative"]) == (False, True)
    assert told["UserCanWrite"] is told["UserCanRename"] is False
    assert rename(client, "New").status_code == 404
    assert delete(client).status_code == 404
    alice.operation("Document.Untrash", uid)
    assert client.get().content == b"content"


def test_a_locked_file_is_not_deleted_whatever_lock_id_is_shown(demo, alice):
    uid = alice.create()
    client = demo.open("alice", uid)
    client.lock("L")
    for shown in (None, "L", "M"):
        refused = delete(client, shown)
        assert refused.status_code == 409
        assert refused.headers["X-WOPI-Lock"] == "L"
    client.unlock("L")
    assert delete(client).status_code == 200


def test_a_document_with_an_attachment_in_use_is_not_deleted(demo, alice):
    uid = alice.create(attachments=[("a.docx", b"one")])
    attachment = demo.open("bob", uid, "files:files/0/file")
    attachment.lock("L")
    refused = delete(demo.open("alice", uid))
    assert refused.status_code == 409
    assert refused.headers["X-WOPI-Lock"] == ""
    assert "bob" in refused.headers["X-WOPI-LockFailureReason"]
    attachment.unlock("L")
    assert alice.document(uid)["isTrashed"] is False


def test_an_attachment_is_not_deleted_by_itself(demo, alice):
    uid = alice.create(attachments=[("a.docx", b"one"), ("b.docx", b"two")])
    client = demo.open("alice", uid, "files:files/0/file")
    assert client.info()["SupportsDeleteFile"] is False
    assert delete(client).status_code == 501
    assert client.get().content == b"one"


def test_who_may_not_remove_deletes_nothing(demo, alice):
    uid = alice.create()
    assert delete(demo.open("carol", uid)).status_code == 404
    assert delete(demo.open("alice", uid, action="view")).status_code == 404
    alice.operation("Document.Lock", uid)
    assert delete(demo.open("bob", uid)).status_code == 409
    assert alice.document(uid)["isTrashed"] is False


def test_what_a_session_left_behind_does_not_keep_a_document(in_process, demo, alice, clock):
    uid = alice.create()
    in_process.open("alice", uid).lock("L")
    clock.offset = 31 * 60
    assert delete(in_process.open("bob", uid)).status_code == 200
    assert alice.document(uid)["isTrashed"] is True
    in_process.connector.sessions.end_idle()
    assert "lockOwner" not in alice.document(uid)


# GetShareUrl


def test_a_file_has_addresses_to_view_and_to_edit_it(demo, alice):
    uid = alice.create()
    client = demo.open("alice", uid)
    info = client.info()
    assert info["SupportedShareUrlTypes"] == ["ReadOnly", "ReadWrite"]
    for kind, page in (("ReadOnly", "HostViewUrl"), ("ReadWrite", "HostEditUrl")):
        shared = client.request("POST", Override="GET_SHARE_URL", UrlType=kind)
        assert shared.json() == {"ShareUrl": info[page]}
    for kind in (None, "", "Embedded", "readonly"):
        refused = client.request("POST", Override="GET_SHARE_URL", UrlType=kind)
        assert refused.status_code == 501


def test_a_file_that_is_gone_has_no_address(demo, alice):
    uid = alice.create()
    client = demo.open("alice", uid)
    alice.call("DELETE", f"api/v1/id/{uid}")
    assert client.request("POST", Override="GET_SHARE_URL", UrlType="ReadOnly").status_code == 404


# PutUserInfo


def put_user_info(client, body):
    return client.request("POST", data=body, Override="PUT_USER_INFO")


def test_a_users_text_comes_back_with_every_file_of_theirs(demo, in_process, alice):
    one, other = alice.create(), alice.create()
    client = in_process.open("alice", one)
    assert client.info()["SupportsUserInfo"] is True
    assert "UserInfo" not in client.info()
    for text in ("first", "x" * 1024, '{"tips": [1, 2]}'):
        assert put_user_info(client, text.encode()).status_code == 200
        assert client.info()["UserInfo"] == text
    assert in_process.open("alice", other).info()["UserInfo"] == '{"tips": [1, 2]}'
    assert "UserInfo" not in in_process.open("bob", one).info()
    # A reader has one as well, and may take it back.
    reader = in_process.open("carol", one, action="view")
    assert put_user_info(reader, b"carol's").status_code == 200
    assert put_user_info(reader, b"").status_code == 200
    assert reader.info()["UserInfo"] == ""


def test_a_users_text_is_there_again_after_a_restart(demo, alice, tmp_path, clock):
    uid = alice.create()
    for expected in (None, "kept"):
        connector = InProcess(demo, tmp_path / "wopi", clock)
        try:
            client = connector.open("alice", uid)
            assert client.info().get("UserInfo") == expected
            assert put_user_info(client, b"kept").status_code == 200
        finally:
            connector.close()


@pytest.mark.parametrize("body", [b"x" * 1025, b"x" * 3_000_000, "käse".encode(), b"\xff"])
def test_a_text_that_is_too_long_or_no_ascii_is_refused(in_process, alice, body):
    client = in_process.open("alice", alice.create())
    put_user_info(client, b"before")
    assert put_user_info(client, body).status_code == 400
    assert client.info()["UserInfo"] == "before"


def test_whoever_lost_the_file_leaves_nothing(in_process, alice):
    uid = alice.create()
    client = in_process.open("alice", uid)
    alice.call("DELETE", f"api/v1/id/{uid}")
    assert put_user_info(client, b"x").status_code == 404
    assert "UserInfo" not in in_process.open("alice", alice.create()).info()


# What there is not


@pytest.mark.parametrize(
    "operation", ["GET_RESTRICTED_LINK", "REVOKE_RESTRICTED_LINK", "READ_SECURE_STORE", "COBALT"]
)
def test_what_this_host_does_not_have_it_says(demo, alice, operation):
    client = demo.open("alice", alice.create())
    assert client.request("POST", Override=operation).status_code == 501


# What it costs


def test_no_operation_calls_nuxeo_more_often_than_it_must(demo, in_process, alice, name):
    seen = []
    session = in_process.connector.gateway._session._client._session
    session.hooks["response"] = [lambda response, **_: seen.append(response.request.url)]

    def count(action):
        seen.clear()
        response = action()
        assert response.status_code == 200, response.headers
        return len(seen)

    uid = alice.create(attachments=[("a.docx", b"one")])
    client = in_process.open("alice", uid)
    attachment = in_process.open("alice", uid, "files:files/0/file")
    # One more, to read the document again when its folder is known.
    assert count(lambda: rename(client, name)) == 4
    assert count(lambda: rename(client, name)) == 1
    assert count(lambda: rename(attachment, name)) == 2
    assert count(lambda: client.request("POST", Override="GET_SHARE_URL", UrlType="ReadOnly")) == 1
    assert count(lambda: put_user_info(client, b"x")) == 1
    assert count(lambda: delete(client)) == 2
