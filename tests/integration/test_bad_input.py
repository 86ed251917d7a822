"""Whatever is sent: a documented status, no traceback, and nothing written to Nuxeo."""

import base64
import json
import time

import jwt
import pytest
import requests

from connector.file_reference import FileReference
from connector.wopi.file_id import encode
from tests.support import Signed

OPERATIONS = {
    "CheckFileInfo": lambda client: client.request("GET"),
    "GetFile": lambda client: client.get(),
    "PutFile": lambda client: client.put(b"intruder", "L"),
    "Lock": lambda client: client.lock("intruder"),
    "UnlockAndRelock": lambda client: client.relock("intruder", "L"),
    "GetLock": lambda client: client.get_lock(),
    "RefreshLock": lambda client: client.refresh("L"),
    "Unlock": lambda client: client.unlock("L"),
}
WRITING = ("PutFile", "Lock", "UnlockAndRelock", "RefreshLock", "Unlock")


@pytest.fixture(scope="module")
def uid(demo):
    return demo.nuxeo("alice").create(b"before")


@pytest.fixture(scope="module")
def good(demo, uid):
    client = demo.open("alice", uid)
    assert client.lock("L").status_code == 200
    return client


@pytest.fixture(autouse=True)
def nothing_written(demo, uid, good):
    alice = demo.nuxeo("alice")
    before = alice.document(uid)
    yield
    after = alice.document(uid)
    assert after == before
    assert alice.content(uid) == b"before"
    assert good.get_lock().headers["X-WOPI-Lock"] == "L"


def forged(demo, good, **changes):
    secret = demo.settings().jwt_secret
    claims = jwt.decode(good.token, options={"verify_signature": False}) | changes
    return jwt.encode(claims, secret, algorithm="HS512")


def unsigned(good):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = jwt.decode(good.token, options={"verify_signature": False})
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}."


BAD_TOKENS = {
    "none": lambda demo, good, other: "",
    "nonsense": lambda demo, good, other: "INVALID",
    "bytes": lambda demo, good, other: "\x00\xff",
    "changed": lambda demo, good, other: good.token[:-6] + "AAAAAA",
    "unsigned": lambda demo, good, other: unsigned(good),
    "another secret's": lambda demo, good, other: jwt.encode(
        jwt.decode(good.token, options={"verify_signature": False}), "x" * 64, algorithm="HS512"
    ),
    "expired": lambda demo, good, other: forged(demo, good, exp=int(time.time()) - 1),
    "another file's": lambda demo, good, other: other.token,
    "of Nuxeo": lambda demo, good, other: jwt.encode(
        {"iss": "nuxeo", "sub": "alice", "exp": int(time.time()) + 60},
        demo.settings().jwt_secret,
        algorithm="HS512",
    ),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_bad_token_is_401(demo, good, kind, operation):
    other = demo.open("alice", "/default-domain/workspaces/Demo/Letter")
    client = good.with_token(BAD_TOKENS[kind](demo, good, other))
    assert OPERATIONS[operation](client).status_code == 401


def test_a_user_whom_nuxeo_does_not_know_is_401(demo, good):
    client = good.with_token(forged(demo, good, sub="nobody"))
    assert client.request("GET").status_code == 401


def test_the_token_is_also_taken_from_the_header_but_the_query_counts(good):
    for query, status in ({}, 200), ({"access_token": "INVALID"}, 401):
        request = requests.Request("GET", good.source, params=query).prepare()
        Signed(good.keys, good.token)(request)
        request.headers["Authorization"] = f"Bearer {good.token}"
        assert good.http.send(request).status_code == status


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "file_id", ["x", "%FF", "!!!", "abc.def", "ZGVmYXVsdA", "Li4vLi4vZXRj", "A" * 5000, "a%0d%0ab"]
)
def test_a_file_id_that_names_nothing_is_404(good, file_id, operation):
    base = good.source.rpartition("/")[0]
    response = OPERATIONS[operation](good.at(f"{base}/{file_id}"))
    assert response.status_code == 404


def token_for(demo, good, reference, user="alice"):
    file_id = encode(reference)
    token = forged(demo, good, aud=f"wopi:{file_id}", sub=user)
    return good.with_token(token).at(f"{good.source.rpartition('/')[0]}/{file_id}")


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "xpath",
    ["files:files/0/file", "files:files/7/file", "dc:title", "dc:nothing", "nothing:at/all", "x"],
)
def test_an_xpath_that_is_no_blob_is_404(demo, good, uid, xpath, operation):
    client = token_for(demo, good, FileReference("default", uid, xpath))
    assert OPERATIONS[operation](client).status_code == 404


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_document_that_is_not_there_is_404(demo, good, operation):
    for repository, document in (("default", "no-such-uid"), ("elsewhere", "no-such-uid")):
        client = token_for(demo, good, FileReference(repository, document, "file:content"))
        assert OPERATIONS[operation](client).status_code == 404


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_document_that_may_not_be_read_is_404(demo, good, uid, operation):
    client = token_for(demo, good, FileReference("default", uid, "file:content"), user="dave")
    assert OPERATIONS[operation](client).status_code == 404


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_deleted_document_is_404(demo, good, operation):
    alice = demo.nuxeo("alice")
    gone = alice.create()
    client = demo.open("alice", gone)
    alice.call("DELETE", f"api/v1/id/{gone}")
    assert OPERATIONS[operation](client).status_code == 404


def test_a_trashed_document_is_read_only(demo):
    alice = demo.nuxeo("alice")
    trashed = alice.create(b"trashed")
    client = demo.open("alice", trashed)
    alice.operation("Document.Trash", trashed)
    before = alice.document(trashed)
    assert client.info()["UserCanWrite"] is False
    assert client.get().content == b"trashed"
    for name in ("Lock", "PutFile"):
        refused = OPERATIONS[name](client)
        assert refused.status_code == 409
        assert refused.headers["X-WOPI-Lock"] == ""
        assert "trash" in refused.headers["X-WOPI-LockFailureReason"]
    assert alice.document(trashed) == before


def test_a_version_is_read_only(demo):
    alice = demo.nuxeo("alice")
    live = alice.create(b"archived")
    alice.operation("Document.CreateVersion", live, increment="Minor")
    query = f"SELECT * FROM Document WHERE ecm:versionVersionableId='{live}' AND ecm:isVersion=1"
    (version,) = alice.call("GET", "api/v1/query", params={"query": query}).json()["entries"]
    client = demo.open("alice", version["uid"])
    assert client.info()["UserCanWrite"] is False
    assert client.lock("L").status_code == 409
    assert client.put(b"x", "L").status_code == 409


@pytest.mark.parametrize("operation", ["Lock", "RefreshLock", "Unlock", "UnlockAndRelock"])
@pytest.mark.parametrize("lock", [None, "", "x" * 1025, "käse".encode(), b"a\x7fb"])
def test_a_lock_header_that_is_missing_or_no_lock_id_is_400(good, operation, lock):
    headers = {"Lock": lock}
    override = {"Lock": "LOCK", "RefreshLock": "REFRESH_LOCK", "Unlock": "UNLOCK"}.get(operation)
    if override is None:
        override, headers["OldLock"] = "LOCK", "L"
    assert good.request("POST", Override=override, **headers).status_code == 400


def test_an_old_lock_that_is_no_lock_id_is_400(good):
    assert good.relock("M", "x" * 1025).status_code == 400
    assert good.relock("M", "").status_code == 400


def test_saving_with_an_over_long_lock_is_400(good):
    assert good.put(b"x", "x" * 1025).status_code == 400


def test_saving_without_or_with_another_lock_is_409_with_the_current_one(good):
    for lock in (None, "", "another"):
        refused = good.put(b"x", lock)
        assert refused.status_code == 409
        assert refused.headers["X-WOPI-Lock"] == "L"


@pytest.mark.parametrize("override", ["COBALT", "READ_SECURE_STORE", "DANCE", "PUT", "é"])
def test_an_operation_that_is_not_known_is_501(good, override):
    assert good.request("POST", Override=override.encode()).status_code == 501


@pytest.mark.parametrize("override", ["LOCK", "DANCE"])
def test_only_putfile_is_for_contents(good, override):
    assert good.request("POST", "/contents", data=b"x", Override=override).status_code == 501


@pytest.mark.parametrize("suffix", ["", "/contents"])
def test_no_operation_at_all_is_400(good, suffix):
    assert good.request("POST", suffix, data=b"x").status_code == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("suffix", ["", "/contents"])
def test_another_method_is_405(good, method, suffix):
    assert good.request(method, suffix).status_code == 405


def test_another_place_is_404_and_says_nothing(good):
    for suffix in ("/elsewhere", "/contents/more", "/ancestry/more"):
        response = good.request("GET", suffix)
        assert (response.status_code, response.text) == (404, "")
