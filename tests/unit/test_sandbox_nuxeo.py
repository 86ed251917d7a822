"""What of the sandbox Nuxeo cannot be asked of a real server in the same way.

Everything else about it is in ``tests/contract``.
"""

import io
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Response

from connector.sandbox.nuxeo_server import create_app
from connector.sandbox.nuxeo_server.idempotency import IdempotencyKeys
from connector.sandbox.nuxeo_server.seed import DEMO

LETTER = f"{DEMO}/Letter"


@pytest.fixture
def client(tmp_path):
    """Calls a sandbox inside the test's process."""
    return create_app(data_dir=tmp_path, jwt_secret="s" * 64).test_client()


@pytest.fixture
def call(client):
    def call(user, method, path, status=200, **kwargs):
        response = client.open(f"/nuxeo/{path}", method=method, auth=(user, user), **kwargs)
        assert response.status_code == status, response.text
        return response

    return call


@pytest.fixture
def run(call):
    def run(user, operation, path, status=200, **params):
        body = {"params": params, "input": f"doc:{path}"}
        return call(user, "POST", f"site/automation/{operation}", status, json=body)

    return run


def put(call, user, status, **properties):
    document = call("Administrator", "GET", f"api/v1/path{LETTER}").json
    body = {"entity-type": "document", "uid": document["uid"], "properties": properties}
    return call(user, "PUT", f"api/v1/id/{document['uid']}", status, json=body)


# Download permissions (REST_CONTRACT 3.3): a real server has those that somebody has written


def test_the_servers_own_policy_keeps_content_from_who_may_see_the_document(call):
    uid = call("alice", "GET", f"api/v1/path{LETTER}").json["uid"]
    places = [f"api/v1/id/{uid}/@blob/file:content", f"nxfile/default/{uid}/file:content/a.docx"]
    put(call, "Administrator", 200, **{"dc:rights": "No download"})
    for place in places:
        for method in ("GET", "HEAD"):
            refused = call("carol", method, place, 403)
            assert refused.mimetype == "text/html"
            call("Administrator", method, place, 200)
    call("carol", "GET", f"api/v1/id/{uid}", 200)
    put(call, "Administrator", 200, **{"dc:rights": "All rights"})
    call("carol", "GET", places[0], 200)


# Retention and legal hold (REST_CONTRACT 5.4): the names of the operations are the sandbox's own


@pytest.mark.parametrize(
    ("operation", "params"),
    [("Document.Hold", {}), ("Document.SetRetentionDate", {"until": "2099-01-01T00:00:00Z"})],
)
def test_held_content_is_not_written_and_not_removed(call, run, operation, params):
    found = run("Administrator", operation, LETTER, **params).json
    assert found["isUnderRetentionOrLegalHold"] is True
    for user in ("alice", "Administrator"):
        refused = put(call, user, 403, **{"file:content": {"data": "text", "name": "a.txt"}})
        assert "it is under retention / hold" in refused.json["message"]
        call(user, "DELETE", f"api/v1/path{LETTER}", 403)
    put(call, "alice", 200, **{"dc:title": "other properties stay writable"})
    shown = call("Administrator", "GET", f"api/v1/path{LETTER}?enrichers.document=permissions")
    permissions = shown.json["contextParameters"]["permissions"]
    assert "Remove" not in permissions
    assert "WriteProperties" in permissions


def test_after_a_hold_content_is_written_again(call, run):
    run("Administrator", "Document.Hold", LETTER)
    run("Administrator", "Document.Unhold", LETTER)
    put(call, "alice", 200, **{"file:content": {"data": "text", "name": "a.txt"}})


def test_a_record_tells_what_is_retained(run):
    found = run("Administrator", "Document.MakeRecord", LETTER).json
    assert (found["isRecord"], found["isFlexibleRecord"]) == (True, False)
    assert found["retainedProperties"]
    assert found["isUnderRetentionOrLegalHold"] is False


# People


def test_power_users_manage_everybody_but_administrators(call):
    admin = "Administrator"
    body = {"entity-type": "group", "groupname": "powerusers", "memberUsers": ["alice"]}
    call(admin, "POST", "api/v1/group", 201, json=body)
    user = {"entity-type": "user", "properties": {"username": "eve"}}
    call("alice", "POST", "api/v1/user", 201, json=user)
    call("alice", "DELETE", "api/v1/user/eve", 204)
    call("alice", "DELETE", "api/v1/user/Administrator", 403)
    user["properties"]["groups"] = ["administrators"]
    call("alice", "POST", "api/v1/user", 403, json=user)
    entry = {"entity-type": "directoryEntry", "properties": {"id": "memo"}}
    call("alice", "POST", "api/v1/directory/nature", 201, json=entry)
    call("bob", "POST", "api/v1/directory/nature", 403, json=entry)


def test_a_group_of_its_name_made_anew_has_none_of_the_old_members(call):
    body = {"entity-type": "group", "groupname": "team"}
    call("Administrator", "POST", "api/v1/group", 201, json={**body, "memberUsers": ["bob"]})
    call("Administrator", "DELETE", "api/v1/group/team", 204)
    call("Administrator", "POST", "api/v1/group", 201, json=body)
    found = call("Administrator", "GET", "api/v1/group/team?fetch.group=memberUsers").json
    assert found["memberUsers"] == []


# Refusals in place of things that are not there


@pytest.mark.parametrize("adapter", ["@rendition/pdf", "@preview", "@workflow", "@annotation"])
def test_adapters_that_the_sandbox_does_not_have_are_refused_in_words(call, adapter):
    refused = call("alice", "GET", f"api/v1/path{LETTER}/{adapter}", 501)
    assert "The sandbox does not have" in refused.json["message"]


def test_conversion_is_refused_in_words(call):
    refused = call("alice", "GET", f"api/v1/path{LETTER}/@blob/file:content/@convert", 501)
    assert "@convert" in refused.json["message"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT dc:title FROM File",
        "SELECT * FROM File WHERE dc:title NOT IN ('a', 'b')",
        "SELECT * FROM File WHERE dc:title IN 'a'",
        "SELECT * FROM File WHERE dc:title = ('a', 'b')",
        "",
    ],
)
def test_queries_that_are_not_understood_are_refused(call, query):
    call("alice", "GET", "api/v1/query", 400, query_string={"query": query})


def test_permissions_for_some_time_are_refused(run):
    params = {"username": "dave", "permission": "Read", "end": "2099-01-01"}
    run("Administrator", "Document.AddPermission", LETTER, 400, **params)


@pytest.mark.parametrize("operation", ["Document.Move", "Document.Copy"])
def test_a_folder_is_not_put_into_itself(call, run, operation):
    body = {"entity-type": "document", "type": "Folder", "name": "inner"}
    inner = call("alice", "POST", f"api/v1/path{DEMO}", 201, json=body).json["path"]
    run("alice", operation, inner, 400, target=inner)


def test_only_administrators_make_proxies(run):
    run("alice", "Document.CreateLiveProxy", LETTER, 403, **{"Destination Path": DEMO})


# Further


def test_a_document_removed_takes_its_proxies_and_versions_along(call, run):
    run("alice", "Document.CreateVersion", LETTER, increment="Minor")
    proxy = run("Administrator", "Document.CreateLiveProxy", LETTER, **{"Destination Path": DEMO})
    versions = run("alice", "Document.GetVersions", LETTER).json["entries"]
    call("alice", "DELETE", f"api/v1/path{LETTER}", 204)
    for uid in (proxy.json["uid"], versions[0]["uid"]):
        call("alice", "GET", f"api/v1/id/{uid}", 404)


def test_a_form_hands_a_blob_to_an_operation(call):
    """REST_CONTRACT 8: part one JSON, part two the blob."""
    request = io.BytesIO(json.dumps({"params": {"document": LETTER}, "context": {}}).encode())
    form = {
        "request": (request, "request", "application/json"),
        "file": (io.BytesIO(b"by form"), "f.txt", "text/plain"),
    }
    answer = call("alice", "POST", "site/automation/Blob.AttachOnDocument", data=form)
    assert answer.data == b"by form"
    found = call("alice", "GET", f"api/v1/path{LETTER}/@blob/file:content")
    assert (found.data, found.mimetype) == (b"by form", "text/plain")


def test_downloads_are_in_the_audit_with_their_reason(call):
    for reason in ("print", None):
        headers = {"X-Client-Reason": reason} if reason else {}
        call("alice", "GET", f"api/v1/path{LETTER}/@blob/file:content", headers=headers)
    call(
        "alice",
        "GET",
        f"api/v1/path{LETTER}/@blob/file:content",
        206,
        headers={"Range": "bytes=5-9"},
    )
    entries = call("alice", "GET", f"api/v1/path{LETTER}/@audit").json["entries"]
    downloads = [entry for entry in entries if entry["eventId"] == "download"]
    assert [entry["extended"] for entry in downloads] == [{}, {"clientReason": "print"}]


def test_of_two_requests_with_one_key_the_second_is_told_that_the_first_still_runs():
    """REST_CONTRACT 4."""
    keys = IdempotencyKeys()
    assert keys.begin("k") is None
    answer = keys.begin("k")
    assert (answer.status_code, answer.headers["Idempotency-Key"]) == (409, "k")
    keys.end("k", Response("done", status=201))
    assert keys.begin("k").status_code == 201


@pytest.mark.parametrize("response", [None, Response(status=400)])
def test_a_key_of_a_failed_request_is_free_again(response):
    keys = IdempotencyKeys()
    assert keys.begin("k") is None
    keys.end("k", response)
    assert keys.begin("k") is None


def test_attachments_written_at_the_same_time_are_all_there(client):
    names = [f"{number}.txt" for number in range(8)]

    def attach(name):
        batch = client.application.test_client()
        auth = ("alice", "alice")
        started = batch.post("/nuxeo/api/v1/upload", auth=auth).json["batchId"]
        at = f"/nuxeo/api/v1/upload/{started}/0"
        batch.post(at, auth=auth, data=name, headers={"X-File-Name": name})
        params = {"document": LETTER, "xpath": "files:files"}
        answer = batch.post(f"{at}/execute/Blob.Attach", auth=auth, json={"params": params})
        assert answer.status_code == 200, answer.text

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(attach, names))
    path = f"/nuxeo/api/v1/path{LETTER}?properties=files"
    files = client.get(path, auth=("alice", "alice")).json["properties"]["files:files"]
    assert sorted(item["file"]["name"] for item in files) == names


# The server's own address (REST_CONTRACT 11.4)


@pytest.mark.parametrize(
    ("headers", "base"),
    [
        ({}, "http://localhost/"),
        # Why nginx has to send nuxeo-virtual-host: the port is still that of http.
        ({"X-Forwarded-Proto": "https"}, "https://localhost:80/"),
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"}, "https://localhost/"),
        (
            {"X-Forwarded-Proto": "https", "nuxeo-virtual-host": "https://localhost/"},
            "https://localhost/",
        ),
    ],
    ids=str,
)
def test_https_in_front_is_not_known_by_x_forwarded_proto_alone(call, headers, base):
    headers = {**headers, "X-NXproperties": "file"}
    properties = call("alice", "GET", f"api/v1/path{LETTER}", headers=headers).json["properties"]
    assert properties["file:content"]["data"].startswith(f"{base}nuxeo/nxfile/")
