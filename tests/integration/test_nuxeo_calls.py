"""What an operation costs is how often it calls Nuxeo."""

import pytest

from tests.support import docx_bytes


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


@pytest.mark.parametrize("xpath", ["file:content", "files:files/1/file"])
def test_no_operation_calls_more_often_than_it_must(demo, in_process, calls, xpath):
    attachments = [("a.docx", b"a"), ("b.docx", b"b")]
    uid = demo.nuxeo("alice").create(b"before", attachments=attachments)
    client = in_process.open("alice", uid, xpath)
    assert count(calls, lambda: client.request("GET")) == 1
    assert count(calls, client.get) == 1
    assert count(calls, client.get_lock) == 1
    assert count(calls, lambda: client.lock("L")) == 2
    assert count(calls, lambda: client.lock("L")) == 1
    assert count(calls, lambda: client.refresh("L")) == 1
    assert count(calls, lambda: client.relock("M", "L")) == 1
    # A file in a list takes one more, to see what is stored.
    expected = 4 if xpath == "file:content" else 5
    assert count(calls, lambda: client.put(docx_bytes("after"), "M")) == expected
    assert count(calls, lambda: client.unlock("M")) == 2
