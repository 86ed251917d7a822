"""What an operation costs is how often it calls Nuxeo."""

import pytest

from tests.support import DEMO_FOLDER, docx_bytes


@pytest.fixture
def calls(in_process):
    """The calls that reached Nuxeo, as (method, path)."""
    seen = []
    session = in_process.connector.gateway._session._client._session
    session.hooks["response"] = [
        lambda response, **_: seen.append((response.request.method, response.request.path_url))
    ]
    return seen


def count(calls, action):
    calls.clear()
    response = action()
    assert response.status_code == 200, response.headers
    return len(calls)


@pytest.fixture
def document(demo):
    return demo.nuxeo("alice").create(b"before")


def test_a_co_authors_save_takes_two_more_to_take_nuxeos_lock_over(in_process, calls, document):
    first, second = in_process.open("alice", document), in_process.open("bob", document)
    first.lock("L")
    assert count(calls, lambda: second.put(b"bob's", "L")) == 6
    assert count(calls, lambda: second.put(b"bob's again", "L")) == 4
    assert count(calls, lambda: first.put(b"alice's", "L")) == 6


def test_the_first_content_of_an_empty_file_takes_one_more(demo, in_process, calls):
    client = in_process.open("alice", demo.nuxeo("alice").create(b""))
    assert count(calls, lambda: client.put(b"first")) == 5


def test_keeping_what_others_wrote_takes_one_more(demo, in_process, calls, document):
    client = in_process.open("alice", document)
    client.lock("L")
    demo.nuxeo().replace(document, b"from outside")
    assert count(calls, lambda: client.put(b"after", "L")) == 5


def test_content_that_was_not_seen_before_takes_one_more_to_read(in_process, calls, document):
    client = in_process.open("alice", document)
    assert count(calls, client.get) == 2
    assert count(calls, client.get) == 1


def test_who_was_given_write_alone_has_to_be_asked_about(demo, in_process, calls, document):
    admin = demo.nuxeo()
    admin.operation("Document.BlockPermissionInheritance", document)
    for user, permission in (("alice", "ReadWrite"), ("bob", "Read"), ("bob", "Write")):
        admin.operation("Document.AddPermission", document, permission=permission, user=user)
    bob = in_process.open("bob", document)
    assert count(calls, lambda: bob.request("GET")) == 1
    in_process.open("alice", document).lock("L")
    assert count(calls, lambda: bob.request("GET")) == 2
    assert count(calls, lambda: bob.put(b"bob's", "L")) == 7


@pytest.mark.parametrize("xpath", ["file:content", "files:files/1/file"])
def test_no_operation_calls_more_often_than_it_must(demo, in_process, calls, xpath):
    attachments = [("a.docx", b"a"), ("b.docx", b"b")]
    uid = demo.nuxeo("alice").create(b"before", attachments=attachments)
    client = in_process.open("alice", uid, xpath)
    assert count(calls, lambda: client.request("GET")) == 1
    assert count(calls, client.get) == 1
    assert count(calls, client.get_lock) == 1
    assert count(calls, lambda: client.lock("K")) == 2
    assert count(calls, lambda: client.unlock("K")) == 2
    assert count(calls, lambda: client.lock("L")) == 2
    assert count(calls, lambda: client.lock("L")) == 1
    assert count(calls, lambda: client.refresh("L")) == 1
    assert count(calls, lambda: client.relock("M", "L")) == 1
    # A file in a list takes one more, to see what is stored.
    expected = 4 if xpath == "file:content" else 5
    assert count(calls, lambda: client.put(docx_bytes("after"), "M")) == expected
    assert count(calls, lambda: client.unlock("M")) == 3  # with a version of what was saved


def relative(client, **headers):
    return client.request("POST", data=b"copy", Override="PUT_RELATIVE", **headers)


def test_making_files_beside_others(demo, in_process, calls):
    alice = demo.nuxeo("alice")
    kind = {"entity-type": "document", "type": "Folder", "name": "calls"}
    folder = alice.call("POST", f"api/v1/path{DEMO_FOLDER}", json=kind).json()["path"]
    client = in_process.open("alice", alice.create(b"before", "a.doc", folder=folder))
    assert count(calls, lambda: relative(client, SuggestedTarget="b.docx")) == 7
    # How many names are taken makes no difference.
    assert count(calls, lambda: relative(client, SuggestedTarget="b.docx")) == 7
    exact = {"RelativeTarget": "b.docx", "OverwriteRelativeTarget": "true"}
    assert count(calls, lambda: relative(client, **exact)) == 7
    convert = {"SuggestedTarget": ".docx", "FileConversion": "true"}
    assert count(calls, lambda: relative(client, **convert)) == 8
    # Another conversion is not needed any more.
    assert count(calls, lambda: relative(client, **convert)) == 1


def test_walking_through_folders(demo, in_process, calls):
    file = in_process.open("alice", demo.nuxeo("alice").create())
    assert count(calls, lambda: file.request("GET", "/ecosystem_pointer")) == 0
    # One more to ask whether the user may read Nuxeo's root.
    assert count(calls, lambda: file.request("GET", "/ancestry")) == 2
    url = file.request("GET", "/ancestry").json()["AncestorsWithRootFirst"][-1]["Url"]
    source, _, query = url.partition("?access_token=")
    container = file.at(source).with_token(query)

    def post(operation, **headers):
        return lambda: container.request("POST", Override=operation, **headers)

    assert count(calls, lambda: container.request("GET")) == 1
    assert count(calls, lambda: container.request("GET", "/children")) == 2
    assert count(calls, lambda: container.request("GET", "/ancestry")) == 2
    assert count(calls, post("GET_SHARE_URL", UrlType="ReadOnly")) == 1
    assert count(calls, post("CREATE_CHILD_CONTAINER", SuggestedTarget="calls")) == 3
    assert count(calls, post("CREATE_CHILD_FILE", SuggestedTarget="calls.docx")) == 6
    made = container.request("POST", Override="CREATE_CHILD_CONTAINER", SuggestedTarget="calls")
    source, _, query = made.json()["ContainerPointer"]["Url"].partition("?access_token=")
    container = container.at(source).with_token(query)
    assert count(calls, post("RENAME_CONTAINER", RequestedName=source[-8:])) == 3
    assert count(calls, post("DELETE_CONTAINER")) == 3
