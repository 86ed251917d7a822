"""Batches (REST_CONTRACT 4)."""

import hashlib
import json
import uuid

import pytest

from tests.support import DOCX


@pytest.fixture
def batch(alice):
    return new(alice)


def new(person):
    created = person.post("api/v1/upload", expected=201).json()
    assert created["batchId"].startswith("batchId-")
    return created["batchId"]


def send(person, batch, index=0, content=b"content", expected=201, **headers):
    """Upload; ``File_Name="a"`` is the header X-File-Name."""
    sent = {f"X-{name.replace('_', '-')}": str(value) for name, value in headers.items()}
    sent.setdefault("X-File-Name", "a.docx")
    path = f"api/v1/upload/{batch}/{index}"
    return person.call("POST", path, expected, data=content, headers=sent)


def send_chunk(person, batch, index, count, content, expected):
    return send(
        person,
        batch,
        content=content,
        expected=expected,
        Upload_Type="chunked",
        Upload_Chunk_Index=index,
        Upload_Chunk_Count=count,
        File_Size=9,
        File_Type=DOCX,
    )


def reference(batch, index="0"):
    return {"upload-batch": batch, "upload-fileId": index}


def exists(person, batch):
    return person.http.get(f"{person.url}api/v1/upload/{batch}", timeout=30).status_code != 404


def test_a_whole_file_is_sent_in_one_request(alice, batch):
    answer = send(alice, batch, 3, b"12345", File_Type=DOCX).json()
    assert answer == {
        "uploaded": "true",
        "batchId": batch,
        "fileIdx": "3",
        "uploadType": "normal",
        "uploadedSize": "5",
    }
    (listed,) = alice.get(f"api/v1/upload/{batch}", 200).json()
    assert (listed["name"], listed["size"], listed["uploadType"]) == ("a.docx", 5, "normal")
    assert alice.get(f"api/v1/upload/{batch}/3", 200).json()["name"] == "a.docx"


def test_a_name_is_decoded_as_in_a_form(alice, batch):
    send(alice, batch, File_Name="a+b%2B%C3%A9.docx")
    assert alice.get(f"api/v1/upload/{batch}/0", 200).json()["name"] == "a b+é.docx"


def test_a_new_batch_has_no_content(alice, batch):
    assert alice.get(f"api/v1/upload/{batch}", 204).content == b""


def test_unknown_batches_and_files_are_not_found(alice, batch):
    unknown = f"batchId-{uuid.uuid4()}"
    alice.get(f"api/v1/upload/{unknown}", 404)
    alice.call("DELETE", f"api/v1/upload/{unknown}", 404)
    alice.get(f"api/v1/upload/{batch}/0", 404)


def test_batch_ids_are_the_servers_to_choose(alice):
    """With which status a client's own is refused is not in the contract."""
    path = f"{alice.url}api/v1/upload/batchId-{uuid.uuid4()}/0"
    answer = alice.http.post(path, data=b"x", headers={"X-File-Name": "a"}, timeout=30)
    assert 400 <= answer.status_code < 500


def test_batches_and_files_are_removed(alice, batch):
    send(alice, batch, 0)
    send(alice, batch, 1)
    alice.call("DELETE", f"api/v1/upload/{batch}/0", 204)
    assert len(alice.get(f"api/v1/upload/{batch}", 200).json()) == 1
    alice.call("DELETE", f"api/v1/upload/{batch}", 204)
    alice.get(f"api/v1/upload/{batch}", 404)


def test_a_file_sent_again_takes_the_place_of_the_first(alice, batch):
    send(alice, batch, content=b"first")
    send(alice, batch, content=b"second one")
    assert alice.get(f"api/v1/upload/{batch}/0", 200).json()["size"] == 10


def test_a_batch_is_everybodys_who_knows_it(alice, bob, batch):
    send(bob, batch)
    assert len(alice.get(f"api/v1/upload/{batch}", 200).json()) == 1


def test_chunks_may_come_in_any_order(alice, batch):
    first = send_chunk(alice, batch, 2, 3, b"ghi", 202).json()
    assert (first["uploadType"], first["chunkCount"]) == ("chunked", 3)
    send_chunk(alice, batch, 0, 3, b"abc", 202)
    assert alice.get(f"api/v1/upload/{batch}/0", 202).json()["chunkCount"] == 3
    last = send_chunk(alice, batch, 1, 3, b"def", 201).json()
    assert [int(index) for index in sorted(last["uploadedChunkIds"])] == [0, 1, 2]
    assert alice.get(f"api/v1/upload/{batch}/0", 200)
    uid = alice.create_empty(**{"file:content": reference(batch)})["uid"]
    assert alice.content(uid) == b"abcdefghi"


def test_a_chunk_sent_again_is_a_server_error(alice, batch):
    send_chunk(alice, batch, 0, 2, b"abc", 202)
    send_chunk(alice, batch, 0, 2, b"abc", 500)


@pytest.mark.parametrize("missing", ["Upload_Chunk_Index", "Upload_Chunk_Count", "File_Size"])
@pytest.mark.parametrize("value", [None, "one"])
def test_chunks_need_three_numbers(alice, batch, missing, value):
    headers = {"Upload_Chunk_Index": 0, "Upload_Chunk_Count": 2, "File_Size": 6}
    headers[missing] = value
    if value is None:
        del headers[missing]
    send(alice, batch, expected=400, Upload_Type="chunked", **headers)


def test_the_index_of_a_file_is_a_number(alice, batch):
    send(alice, batch, "first", expected=400)


def test_forms_are_refused(alice, batch):
    """As of 2021."""
    path = f"api/v1/upload/{batch}/0"
    alice.call("POST", path, 400, files={"file": ("a.docx", b"a")})


def test_handlers_are_listed(alice):
    handlers = alice.get("api/v1/upload/handlers", 200).json()["handlers"]
    assert {"name": "default"} in handlers
    alice.get("api/v1/upload/handlers/default", 200)
    alice.get("api/v1/upload/handlers/nothing", 404)


def test_a_batch_of_a_handler_tells_its_provider(alice):
    batch = alice.post("api/v1/upload/new/default", expected=200).json()
    assert (batch["provider"], batch["fileEntries"]) == ("default", [])
    send(alice, batch["batchId"])
    info = alice.get(f"api/v1/upload/{batch['batchId']}/info", 200).json()
    assert (info["batchId"], len(info["fileEntries"])) == (batch["batchId"], 1)
    alice.post("api/v1/upload/new/nothing", expected=400)


def test_the_default_handler_compares_what_is_said_to_be_complete(alice, batch):
    send(alice, batch, content=b"abc", File_Type=DOCX)
    said = {"name": "a.docx", "fileSize": 3, "mimeType": DOCX}
    path = f"api/v1/upload/{batch}/0/complete"
    alice.post(path, {**said, "md5": hashlib.md5(b"abc").hexdigest()}, 200)
    alice.post(path, {**said, "md5": "other"}, 409)


def test_the_default_handler_has_no_tokens(alice, batch):
    alice.post(f"api/v1/upload/{batch}/refreshToken", expected=501)


# What a batch is for, and when it is gone


def test_a_batch_is_gone_once_it_was_used(alice, batch):
    send(alice, batch, File_Type=DOCX)
    uid = alice.create_empty(**{"file:content": reference(batch)})["uid"]
    assert alice.content(uid) == b"content"
    assert not exists(alice, batch)


def test_a_batch_is_gone_also_when_the_request_failed(alice, batch):
    """Trap 14."""
    send(alice, batch)
    uid = alice.create()
    alice.put(uid, {"file:content": reference(batch)}, 409, changeToken="1-9")
    assert not exists(alice, batch)


@pytest.mark.parametrize(("token", "status"), [("1-9", 409), (None, 200)])
def test_a_batch_is_kept_on_demand(alice, batch, token, status):
    """Trap 14."""
    send(alice, batch)
    headers = {"X-Batch-No-Drop": "true"}
    alice.put(
        alice.create(),
        {"file:content": reference(batch)},
        status,
        headers=headers,
        changeToken=token,
    )
    assert exists(alice, batch)


def execute(person, batch, operation, expected, index=None, headers=None, **params):
    at = "" if index is None else f"/{index}"
    path = f"api/v1/upload/{batch}{at}/execute/{operation}"
    return person.post(path, {"params": params, "context": {}}, expected, headers=headers)


def test_an_operation_gets_the_file_and_the_batch_is_gone(alice, batch):
    uid = alice.create()
    send(alice, batch, content=b"attached")
    response = execute(alice, batch, "Blob.AttachOnDocument", 200, 0, document=uid)
    # REST_CONTRACT 5.2: the answer is the blob itself.
    assert response.content == b"attached"
    assert alice.content(uid) == b"attached"
    assert not exists(alice, batch)


def test_an_operation_gets_all_files_of_a_batch(alice, batch):
    uid = alice.create()
    send(alice, batch, 0, b"one", File_Name="1.docx")
    send(alice, batch, 1, b"two", File_Name="2.docx")
    headers = {"X-NXVoidOperation": "true"}
    execute(alice, batch, "Blob.Attach", 204, headers=headers, document=uid, xpath="files:files")
    files = alice.property(uid, "files:files")
    assert sorted(item["file"]["name"] for item in files) == ["1.docx", "2.docx"]


def test_a_batch_is_gone_also_when_the_operation_failed(alice, carol, batch):
    send(alice, batch)
    execute(carol, batch, "Blob.Attach", 403, 0, document=alice.create())
    assert not exists(alice, batch)


def test_an_operation_on_nothing_is_not_found(alice, batch):
    missing = f"batchId-{uuid.uuid4()}"
    response = execute(alice, missing, "Blob.Attach", 404, 0, document=alice.create())
    assert response.content == b""
    send(alice, batch, 0)
    response = execute(alice, batch, "Blob.Attach", 404, 7, document=alice.create())
    assert response.json()["status"] == 404


# Idempotency


def test_a_repeated_key_gets_the_first_answer(alice):
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    first = alice.post("api/v1/upload", expected=201, headers=headers).json()
    again = alice.post("api/v1/upload", expected=201, headers=headers).json()
    assert again == first
    assert new(alice) != first["batchId"]


def test_a_failed_answer_is_not_kept(alice):
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    body = {"entity-type": "document", "type": "File"}
    path = f"api/v1/path{alice.folder}"
    alice.post(path, body, 400, headers=headers)
    alice.post(path, {**body, "name": "n"}, 201, headers=headers)


def test_other_methods_have_no_key(alice):
    uid = alice.create()
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    for title in ("one", "two"):
        alice.put(uid, {"dc:title": title}, 200, headers=headers)
    assert json.loads(alice.get(f"api/v1/id/{uid}", headers=headers).text)["title"] == "two"
