"""Whatever is sent: a documented status, no traceback, and nothing written to Nuxeo."""

import base64
import json
import time
from urllib.parse import parse_qs

import jwt
import pytest
import requests

from connector.file_reference import FileReference
from connector.wopi.access_token import GRACE
from connector.wopi.file_id import encode
from connector.wopi.filenames import check
from tests.support import DEMO_FOLDER, Signed, Wopi

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
    "expired": lambda demo, good, other: forged(demo, good, exp=int(time.time()) - GRACE),
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


def test_nobody_is_sent_anywhere_with_a_token(good):
    """A redirect's address would be made of the request's Host."""
    for doubled in ("/site//wopi/", "//site/wopi/", "/site/wopi//"):
        source = good.source.replace("/site/wopi/", doubled)
        for url in (source, f"{source}/", f"{source}/contents/", f"{source}//contents"):
            parameters = {"access_token": good.token}
            answer = good.http.get(
                url, params=parameters, headers={"Host": "evil.example"}, allow_redirects=False
            )
            assert answer.status_code in (200, 404, 500)
            assert "Location" not in answer.headers


def test_no_page_is_a_redirect_made_of_the_request(demo):
    for path in ("wopi", "wopi/", "wopi/static", "wopi//", "wopi/edit//x", "/wopi"):
        answer = requests.get(
            f"{demo.connector_url}{path}", headers={"Host": "evil.example"}, allow_redirects=False
        )
        assert answer.status_code in (200, 404)
        assert "evil.example" not in answer.text + str(answer.headers)


def test_another_place_is_404_and_says_nothing(good):
    for suffix in ("/elsewhere", "/contents/more", "/ancestry/more"):
        response = good.request("GET", suffix)
        assert (response.status_code, response.text) == (404, "")


# Names in UTF-7 that no file may have: halves of surrogate pairs, no characters, C1 controls, and
# what turns the direction of writing, so that an .exe looks like a .docx.
NAMES = {
    "+2AA-": "U+D800",
    "+3/8-": "U+DFFF",
    "x+2AA-y": "U+D800",
    "+//4-": "U+FFFE",
    "x+//8-": "U+FFFF",
    "x+AIU-y": "U+0085",
    "Plan+IC4-xcod": "U+202E",
    "Plan+IGY-x+IGk-": "U+2066",
}


@pytest.fixture
def place(demo):
    """A folder of its own with a file: clients for both, and what is there."""
    alice = demo.nuxeo("alice")
    body = {"entity-type": "document", "type": "Folder", "name": "f"}
    folder = alice.call("POST", f"api/v1/path{DEMO_FOLDER}", json=body).json()
    file = demo.open("alice", alice.create(folder=folder["path"]))
    url = file.request("GET", "/ancestry").json()["AncestorsWithRootFirst"][-1]["Url"]
    source, _, query = url.partition("?")
    container = Wopi(source, parse_qs(query)["access_token"][0], file.keys)

    def there():
        found = container.request("GET", "/children").json()
        named = alice.call("GET", f"api/v1/id/{folder['uid']}").json()["title"]
        files = {each["Name"] for each in found["ChildFiles"]}
        return named, files, {each["Name"] for each in found["ChildContainers"]}

    return file, container, there


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_nothing_may_have_is_refused_and_says_why(place, name):
    file, container, there = place
    before = there()
    answers = [
        (file.request("POST", data=b"x", Override="PUT_RELATIVE", RelativeTarget=f"{name}.docx")),
        container.request("POST", Override="CREATE_CHILD_FILE", RelativeTarget=f"{name}.docx"),
        container.request("POST", Override="CREATE_CHILD_CONTAINER", RelativeTarget=name),
        container.request("POST", Override="RENAME_CONTAINER", RequestedName=name),
    ]
    kinds = ("File", "File", "Container", "Container")
    for answer, kind in zip(answers, kinds, strict=True):
        assert answer.status_code == 400
        assert NAMES[name] in answer.headers[f"X-WOPI-Invalid{kind}NameError"]
    assert there() == before


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_nothing_may_have_is_a_good_suggestion(place, name):
    file, container, there = place
    sent = {"SuggestedTarget": f"{name}.docx"}
    saved = file.request("POST", data=b"x", Override="PUT_RELATIVE", **sent)
    made = container.request("POST", Override="CREATE_CHILD_FILE", **sent)
    folder = container.request("POST", Override="CREATE_CHILD_CONTAINER", SuggestedTarget=name)
    assert [each.status_code for each in (saved, made, folder)] == [200, 200, 200]
    names = saved.json()["Name"], made.json()["Name"]
    assert {*names, "Report.docx"} == there()[1]
    assert {folder.json()["ContainerPointer"]["Name"]} == there()[2]
    for each in (*names, *there()[2]):
        assert check(each) == each
    assert all(each.endswith(".docx") for each in names)


def test_a_file_is_renamed_to_what_is_left_of_a_name(place):
    file, _, there = place
    for name in NAMES:
        answer = file.request("POST", Override="RENAME_FILE", RequestedName=name)
        if name.startswith("+"):
            # Nothing is left.
            assert answer.status_code == 400
            assert answer.headers["X-WOPI-InvalidFileNameError"]
        else:
            assert answer.status_code == 200
            assert there()[1] == {f"{answer.json()['Name']}.docx"}
            assert check(answer.json()["Name"])


def test_files_that_have_such_a_name_already_are_shown_and_edited(demo):
    alice = demo.nuxeo("alice")
    uid = alice.create(name="Plan.docx")
    name = "Pl\x85an\u202excod\uffff.docx"
    params = {"properties": {"file:content/name": name}}
    alice.call("POST", f"api/v1/id/{uid}/@op/Document.Update", json={"params": params})
    client = demo.open("alice", uid)
    assert client.info()["BaseFileName"] == name
    assert client.lock("L").status_code == 200
    assert client.put(b"edited", "L").status_code == 200
    assert client.unlock("L").status_code == 200
    assert alice.content(uid) == b"edited"
    assert client.info()["BaseFileName"] == name


@pytest.mark.parametrize("half", ["\ud800", "x\udfff"])
def test_activities_that_no_text_can_name(demo, half):
    alice = demo.nuxeo("alice")
    uid = alice.create()
    client = demo.open("alice", uid)

    def add(activity_id, content_id):
        data = {"ContentId": content_id, "ContentAction": "created", "CommentText": "Hi"}
        activity = {"Type": "comment", "Id": activity_id, "Data": data}
        body = json.dumps({"Activities": [activity]}).encode()
        return client.request("POST", data=body, Override="ADD_ACTIVITIES")

    assert add(half, "c").status_code == 400
    unnamed = add("1", half)
    assert unnamed.status_code == 200
    assert unnamed.json() == {"ActivityResponses": [{"Id": "1", "Status": 3}]}
    assert alice.call("GET", f"api/v1/id/{uid}/@comment").json()["entries"] == []
