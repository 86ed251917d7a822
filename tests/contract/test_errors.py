"""Refusals (REST_CONTRACT 2.5)."""

import uuid

import pytest


def problem(response, status):
    """The JSON of a refusal, checked for its shape."""
    body = response.json()
    assert body["entity-type"] == "exception"
    assert body["status"] == response.status_code == status
    # Only a server that is set up to show them has these.
    assert "stacktrace" not in body
    assert "exception" not in body
    return body["message"]


def test_an_unknown_uid_is_not_found(alice):
    unknown = str(uuid.uuid4())
    assert unknown in problem(alice.get(f"api/v1/id/{unknown}", 404), 404)


def test_an_unknown_path_is_not_found(alice):
    path = f"{alice.folder}/nothing-here"
    assert path in problem(alice.get(f"api/v1/path{path}", 404), 404)


def test_an_unknown_repository_is_not_found(alice):
    alice.get(f"api/v1/repo/elsewhere/id/{alice.create()}", 404)


@pytest.mark.parametrize("path", ["api/v1/nothing", "api/v1/id/{uid}/@nothing"])
def test_unknown_endpoints_and_adapters_are_not_found(alice, path):
    alice.get(path.format(uid=alice.create()), 404)


def test_what_may_not_be_read_exists_for_the_api(alice, dave):
    message = problem(dave.get(f"api/v1/id/{alice.create()}", 403), 403)
    assert message == f"Privilege 'Read' is not granted to '{dave.name}'"


def test_what_may_not_be_read_is_not_there_for_downloads(alice, dave):
    """Trap 6: nxfile answers 404 where the API answers 403."""
    uid = alice.create()
    dave.get(f"nxfile/default/{uid}/file:content", 404)
    dave.get(f"nxfile/default/{uuid.uuid4()}/file:content", 404)


def test_a_reader_may_not_write(alice, carol):
    message = problem(carol.put(alice.create(), {"dc:title": "x"}, 403), 403)
    assert message == f"Privilege 'WriteProperties' is not granted to '{carol.name}'"


def test_a_stale_change_token_is_a_conflict(alice):
    uid = alice.create()
    message = problem(alice.put(uid, {"dc:title": "x"}, 409, changeToken="1-7"), 409)
    assert message == f"{uid}, Invalid change token"


def test_a_version_cannot_be_written(alice):
    uid = alice.create()
    alice.operation("Document.CreateVersion", uid, increment="Minor")
    problem(alice.put(alice.versions(uid)[0]["uid"], {"dc:title": "x"}, 400), 400)


@pytest.mark.parametrize("properties", [{"file:content": "text"}, {"dc:title": {"a": 1}}])
def test_json_of_the_wrong_kind_is_refused(alice, properties):
    problem(alice.put(alice.create(), properties, 400), 400)


def test_a_server_error_says_nothing(alice):
    """As of 2021 and unless the server is in development mode; trap 18 is one way to get one."""
    uid = alice.create_empty()["uid"]
    response = alice.get(f"api/v1/id/{uid}/@blob/file:content", 500)
    assert "Internal Server Error" in response.text or not response.content
