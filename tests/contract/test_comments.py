"""Comments on documents: ``@comment`` (``CommentAdapter`` of LTS 2023)."""

import pytest


@pytest.fixture
def uid(alice):
    return alice.create()


def at(uid, rest=""):
    return f"api/v1/id/{uid}/@comment{rest}"


def comment(person, uid, text="Well done", expected=201, **fields):
    body = {"entity-type": "comment", "text": text, **fields}
    return person.post(at(uid), body, expected).json()


def change(person, uid, comment_id, text, expected):
    body = {"entity-type": "comment", "text": text}
    return person.call("PUT", at(uid, f"/{comment_id}"), expected, json=body).json()


def texts(person, uid, **params):
    return [entry["text"] for entry in person.get(at(uid), 200, params=params).json()["entries"]]


def test_a_comment_is_its_authors_whoever_it_says_to_be(alice, carol, uid):
    made = comment(carol, uid, author=alice.name, id="x")
    assert (made["entity-type"], made["author"], made["parentId"]) == ("comment", carol.name, uid)
    assert made["text"] == "Well done"
    assert made["ancestorIds"] == [uid]
    assert made["creationDate"].endswith("Z")
    assert alice.get(at(uid, f"/{made['id']}"), 200).json()["text"] == "Well done"


def test_whoever_may_not_read_may_not_comment(dave, uid):
    dave.post(at(uid), {"entity-type": "comment", "text": "x"}, 403)
    dave.get(at(uid), 403)


def test_a_lock_and_the_dates_of_the_document_have_nothing_to_do_with_it(alice, bob, uid):
    alice.lock(uid, 200)
    before = alice.document(uid)
    comment(bob, uid)
    after = alice.document(uid)
    assert after["lastModified"] == before["lastModified"]
    assert after["properties"]["dc:lastContributor"] == alice.name
    # The user part, which tokens are compared by.
    assert after["changeToken"].partition("-")[2] == before["changeToken"].partition("-")[2]


def test_comments_are_listed_the_newest_first(alice, uid):
    for number in range(3):
        comment(alice, uid, f"number {number}", creationDate=f"2026-01-0{number + 1}T10:00:00Z")
    assert texts(alice, uid) == ["number 2", "number 1", "number 0"]
    assert texts(alice, uid, pageSize=2, currentPageIndex=1) == ["number 0"]


def test_a_comment_is_changed_and_removed_by_its_author_only(alice, bob, admin, uid):
    made = comment(alice, uid)["id"]
    change(bob, uid, made, "x", 403)
    bob.call("DELETE", at(uid, f"/{made}"), 403)
    assert change(alice, uid, made, "Better", 200)["text"] == "Better"
    assert change(admin, uid, made, "Best", 200)["author"] == alice.name
    alice.call("DELETE", at(uid, f"/{made}"), 204)
    alice.get(at(uid, f"/{made}"), 404)


def test_a_comment_from_elsewhere_is_found_by_the_id_it_has_there(alice, uid):
    made = comment(alice, uid, entityId="abc-1", origin="WOPI", entity='{"a": 1}')
    found = alice.get(at(uid, "/external/abc-1"), 200).json()
    assert (found["id"], found["origin"], found["entity"]) == (made["id"], "WOPI", '{"a": 1}')
    change(alice, uid, "external/abc-1", "Other", 200)
    found = alice.get(at(uid, "/external/abc-1"), 200).json()
    assert (found["text"], found["entity"]) == ("Other", '{"a": 1}')
    alice.call("DELETE", at(uid, "/external/abc-1"), 204)
    for method in ("GET", "DELETE"):
        alice.call(method, at(uid, "/external/abc-1"), 404)
    change(alice, uid, "external/abc-1", "x", 404)


def test_a_comment_without_an_id_from_elsewhere_says_so(alice, uid):
    assert comment(alice, uid)["entityId"] is None


def test_documents_do_not_share_comments(alice, uid):
    comment(alice, uid, entityId="same")
    alice.get(at(alice.create(), "/external/same"), 404)
