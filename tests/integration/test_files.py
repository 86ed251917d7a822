"""CheckFileInfo, GetFile and PutFile against the sandbox, through real processes and sockets."""

import hashlib
import os
import socket
from urllib.parse import urlsplit

import pytest

from tests.support import docx_bytes, paragraphs


@pytest.fixture
def alice(demo):
    return demo.nuxeo("alice")


def test_a_writer_learns_about_the_file(demo, alice):
    uid = alice.create(b"12345", "Été.docx")
    info = demo.open("alice", uid).info()
    assert info["BaseFileName"] == "Été.docx"
    assert info["Size"] == 5
    assert info["UserCanWrite"] is True
    assert info["UserFriendlyName"] != "alice"
    assert info["BreadcrumbFolderName"] == "Demo"
    assert info["LastModifiedTime"].endswith("Z")


def test_a_reader_may_not_write(demo, alice):
    uid = alice.create()
    carol = demo.open("carol", uid)
    info = carol.info()
    assert (info["UserCanWrite"], info["ReadOnly"]) == (False, True)
    assert carol.get().content == b"content"
    assert carol.lock("L").status_code == 404
    assert carol.put(b"carol was here", "L").status_code == 404
    assert alice.content(uid) == b"content"


def test_a_token_for_viewing_does_not_write_even_for_a_writer(demo, alice):
    uid = alice.create()
    viewer = demo.open("alice", uid, action="view")
    assert viewer.info()["UserCanWrite"] is False
    assert viewer.lock("L").status_code == 404
    demo.open("alice", uid).lock("L")
    assert viewer.put(b"x", "L").status_code == 404
    assert viewer.unlock("L").status_code == 404
    assert alice.content(uid) == b"content"


def test_what_is_saved_is_in_nuxeo_under_the_savers_name(demo, alice):
    uid = alice.create(docx_bytes("before"))
    bob = demo.open("bob", uid)
    assert bob.lock("L").status_code == 200
    content = docx_bytes("after, by Bob")
    saved = bob.put(content, "L")
    assert saved.status_code == 200
    assert bob.unlock("L").status_code == 200
    document = alice.document(uid)
    assert document["properties"]["dc:lastContributor"] == "bob"
    assert document["properties"]["file:content"]["name"] == "Report.docx"
    assert paragraphs(alice.content(uid)) == ["after, by Bob"]
    assert saved.headers["X-WOPI-ItemVersion"] == bob.info()["Version"]
    assert saved.json()["LastModifiedTime"] == bob.info()["LastModifiedTime"]


def test_an_attachment_is_saved_and_its_neighbours_stay(demo, alice):
    uid = alice.create(b"main", attachments=[("a.docx", b"one"), ("b c.docx", b"two"), ("ü", b"3")])
    second = demo.open("alice", uid, "files:files/1/file")
    assert second.info()["BaseFileName"] == "b c.docx"
    assert second.get().content == b"two"
    second.lock("L")
    assert second.put(b"two, changed", "L").status_code == 200
    second.unlock("L")
    files = alice.document(uid)["properties"]["files:files"]
    assert [item["file"]["name"] for item in files] == ["a.docx", "b c.docx", "ü"]
    contents = [alice.content(uid, f"files:files/{index}/file") for index in range(3)]
    assert contents == [b"one", b"two, changed", b"3"]
    assert alice.content(uid) == b"main"


def test_main_file_and_attachment_are_locked_apart(demo, alice):
    uid = alice.create(attachments=[("a.docx", b"one")])
    main, attachment = demo.open("alice", uid), demo.open("alice", uid, "files:files/0/file")
    assert main.lock("M").status_code == 200
    assert attachment.get_lock().headers["X-WOPI-Lock"] == ""
    assert attachment.lock("A").status_code == 200
    assert main.unlock("M").status_code == 200
    assert alice.document(uid)["lockOwner"] == "alice"
    assert attachment.put(b"two", "A").status_code == 200
    assert attachment.unlock("A").status_code == 200
    assert "lockOwner" not in alice.document(uid)


def test_names_with_every_kind_of_character_survive_a_save(demo, alice):
    from urllib.parse import quote

    name = "100% + déjà vu #1 (ü) & co; “x”.docx"
    batch = alice.call("POST", "api/v1/upload").json()["batchId"]
    alice.call(
        "POST",
        f"api/v1/upload/{batch}/0",
        data=b"one",
        headers={"X-File-Name": quote(name, safe=""), "X-File-Type": "text/plain"},
    )
    uid = alice.create()
    blob = {"upload-batch": batch, "upload-fileId": "0"}
    alice.call(
        "PUT",
        f"api/v1/id/{uid}",
        json={"entity-type": "document", "properties": {"file:content": blob}},
    )
    client = demo.open("alice", uid)
    assert client.info()["BaseFileName"] == name
    client.lock("L")
    assert client.put(b"two", "L").status_code == 200
    client.unlock("L")
    stored = alice.document(uid)["properties"]["file:content"]
    assert (stored["name"], stored["mime-type"]) == (name, "text/plain")


def test_a_new_empty_file_gets_its_first_content_without_a_lock(demo, alice):
    uid = alice.create(b"")
    client = demo.open("alice", uid)
    assert client.put(b"first").status_code == 200
    assert alice.content(uid) == b"first"
    refused = client.put(b"second")
    assert refused.status_code == 409
    assert refused.headers["X-WOPI-Lock"] == ""
    assert alice.content(uid) == b"first"


def test_the_same_bytes_again_are_no_second_save(demo, alice):
    uid = alice.create(b"before")
    client = demo.open("alice", uid)
    client.lock("L")
    first = client.put(b"after", "L")
    modified = alice.document(uid)["lastModified"]
    again = client.put(b"after", "L")
    assert (first.status_code, again.status_code) == (200, 200)
    assert alice.document(uid)["lastModified"] == modified
    client.unlock("L")


def test_the_version_follows_the_content_whoever_changed_it(demo, alice):
    uid = alice.create(b"one")
    client = demo.open("bob", uid)
    seen = [client.info()["Version"]]
    alice.replace(uid, b"two")
    seen.append(client.info()["Version"])
    alice.replace(uid, b"one")
    seen.append(client.info()["Version"])
    client.lock("L")
    seen.append(client.put(b"one", "L").headers["X-WOPI-ItemVersion"])
    assert len(set(seen)) == 4
    assert client.get().headers["X-WOPI-ItemVersion"] == seen[-1]
    client.unlock("L")
    alice.call(
        "PUT",
        f"api/v1/id/{uid}",
        json={"entity-type": "document", "properties": {"dc:title": "Other title"}},
    )
    assert client.info()["Version"] == seen[-1]
    assert client.lock("L2").headers["X-WOPI-ItemVersion"] == seen[-1]
    assert client.unlock("L2").headers["X-WOPI-ItemVersion"] == seen[-1]


def test_a_change_of_metadata_does_not_get_in_the_way_of_a_save(demo, alice):
    uid = alice.create(b"one")
    client = demo.open("alice", uid)
    client.lock("L")
    document = alice.document(uid)
    alice.call(
        "PUT",
        f"api/v1/id/{uid}",
        json={
            "entity-type": "document",
            "uid": uid,
            "changeToken": document["changeToken"],
            "properties": {"dc:title": "Renamed"},
        },
    )
    assert client.put(b"two", "L").status_code == 200
    client.unlock("L")
    assert alice.document(uid)["properties"]["dc:title"] == "Renamed"


@pytest.mark.parametrize(
    ("limit", "status"),
    [(None, 200), ("7", 200), ("6", 412), ("0", 412), ("4294967296", 200), ("99999999999", 200)],
)
def test_a_client_says_how_much_it_can_take(demo, alice, limit, status):
    uid = alice.create(b"content")
    response = demo.open("alice", uid).get(MaxExpectedSize=limit)
    assert response.status_code == status
    assert (response.content == b"content") is (status == 200)


@pytest.mark.parametrize("limit", ["x", "-1", "1.5", "٣", "9" * 30])
def test_a_size_that_is_no_number_is_a_bad_request(demo, alice, limit):
    uid = alice.create()
    response = demo.open("alice", uid).get(MaxExpectedSize=limit.encode())
    assert response.status_code == 400


def test_large_content_comes_and_goes_whole(demo, alice):
    content = os.urandom(1 << 20) * 9 + b"end"
    uid = alice.create()
    client = demo.open("alice", uid)
    client.lock("L")
    assert client.put(content, "L").status_code == 200
    client.unlock("L")
    back = client.get()
    assert back.headers["Content-Length"] == str(len(content))
    assert hashlib.sha256(back.content).digest() == hashlib.sha256(content).digest()


def test_a_chunked_body_is_saved_whole(demo, alice):
    uid = alice.create()
    client = demo.open("alice", uid)
    client.lock("L")
    assert client.put((b"x" * 70_000 for _ in range(30)), "L").status_code == 200
    client.unlock("L")
    assert alice.content(uid) == b"x" * 2_100_000


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_breaks_off_saves_nothing(demo, alice, chunked):
    uid = alice.create(b"before")
    client = demo.open("alice", uid)
    client.lock("L")
    parts = urlsplit(client.source)
    framing = {"Transfer_Encoding": "chunked"} if chunked else {"Content_Length": "1000"}
    body = b"ffff\r\nonly the beginning" if chunked else b"only the beginning"
    head = client.raw_head("POST", "/contents", X_WOPI_Override="PUT", X_WOPI_Lock="L", **framing)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        connection.sendall(f"{head}\r\n".encode() + body)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
    assert answer == b"" or b" 400 " in answer.splitlines()[0]
    assert alice.content(uid) == b"before"
    assert client.put(b"after", "L").status_code == 200
    client.unlock("L")
