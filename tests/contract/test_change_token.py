"""Change tokens (REST_CONTRACT 5.1, 5.3)."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.test_update import upload
from tests.contract.world import Person


@pytest.fixture
def uid(alice):
    return alice.create()


def parts(person, uid):
    token = person.document(uid)["changeToken"]
    assert re.fullmatch(r"\d+-\d+", token)
    system, _, user = token.partition("-")
    return int(system), int(user)


def test_a_new_document_has_a_token_whose_user_part_is_zero(alice, uid):
    assert parts(alice, uid)[1] == 0


def test_only_the_user_part_is_compared(alice, uid):
    _, user = parts(alice, uid)
    alice.put(uid, {"dc:title": "x"}, 200, changeToken=f"999-{user}")


def test_a_save_with_a_token_makes_that_token_stale(alice, uid):
    token = alice.document(uid)["changeToken"]
    saved = alice.put(uid, {"dc:title": "one"}, 200, changeToken=token).json()
    assert saved["changeToken"] != token
    alice.put(uid, {"dc:title": "two"}, 409, changeToken=token)
    assert alice.document(uid)["title"] == "one"
    alice.put(uid, {"dc:title": "three"}, 200, changeToken=saved["changeToken"])


def test_a_save_without_a_token_cannot_be_seen_in_the_user_part(alice, uid):
    """Trap 11."""
    before = parts(alice, uid)
    token = alice.document(uid)["changeToken"]
    alice.put(uid, {"dc:title": "blind"}, 200)
    alice.replace(uid, b"other content")
    after = parts(alice, uid)
    assert after[1] == before[1]
    assert after[0] > before[0]
    alice.put(uid, {"dc:title": "not noticed"}, 200, changeToken=token)


def test_a_save_that_writes_nothing_leaves_the_user_part(alice, uid):
    before = parts(alice, uid)
    alice.put(uid, {}, 200, changeToken=alice.document(uid)["changeToken"])
    assert parts(alice, uid)[1] == before[1]


def test_the_same_content_again_is_a_change(alice, uid):
    token = alice.document(uid)["changeToken"]
    properties = {"file:content": upload(alice, b"content", "Report.docx")}
    saved = alice.put(uid, properties, 200, changeToken=token).json()
    assert saved["changeToken"].partition("-")[2] == "1"


@pytest.mark.parametrize("token", ["", "abc", "1", "-"])
def test_an_empty_or_malformed_token_is_a_conflict(alice, uid, token):
    """Trap 12."""
    alice.put(uid, {"dc:title": "x"}, 409, changeToken=token)


@pytest.mark.parametrize("token", [None, 7, True])
def test_what_is_no_text_is_no_token(alice, uid, token):
    alice.put(uid, {"dc:title": "x"}, 200, changeToken=token)


def test_without_a_uid_in_the_body_the_token_is_not_looked_at(alice, uid):
    """Trap 12."""
    body = {
        "entity-type": "document",
        "type": "File",
        "changeToken": "1-9",
        "properties": {"dc:title": "unchecked"},
    }
    alice.call("PUT", f"api/v1/id/{uid}", 200, json=body)
    assert alice.document(uid)["title"] == "unchecked"


def test_of_many_saves_with_one_token_one_succeeds(alice, uid):
    """Whoever commits second is told so."""
    token = alice.document(uid)["changeToken"]
    start = threading.Barrier(6)

    def save(number):
        person = Person(alice.url, alice.name, alice.password)
        body = {
            "entity-type": "document",
            "uid": uid,
            "changeToken": token,
            "properties": {"dc:title": f"save {number}"},
        }
        start.wait(30)
        return person.http.put(f"{person.url}api/v1/id/{uid}", json=body, timeout=60).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(save, range(6)))
    assert statuses == [200, 409, 409, 409, 409, 409]


def test_locks_and_downloads_leave_the_user_part(alice, uid):
    before = parts(alice, uid)
    alice.lock(uid, 200)
    alice.content(uid)
    alice.unlock(uid, 200)
    assert parts(alice, uid)[1] == before[1]
