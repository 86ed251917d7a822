"""AddActivities: what people comment in an office client, as colleagues see it in Nuxeo."""

import json
import uuid

import pytest


@pytest.fixture
def alice(demo):
    return demo.nuxeo("alice")


@pytest.fixture
def uid(alice):
    return alice.create(b"content", "Plan.docx")


def activity(action="created", content="c1", kind="comment", people=None, **data):
    entry = {
        "Type": kind,
        "Id": str(uuid.uuid4()),
        "Timestamp": "2026-03-15T13:47:13.000Z",
        "Data": {"ContentId": content, "ContentAction": action, **data},
    }
    return entry | ({"People": people} if people else {})


def add(client, *activities):
    body = json.dumps({"Activities": activities}).encode()
    return client.request("POST", data=body, Override="ADD_ACTIVITIES")


def statuses(response):
    assert response.status_code == 200, response.headers
    return [entry["Status"] for entry in response.json()["ActivityResponses"]]


def comments(person, uid):
    """Authors and texts, the oldest first."""
    entries = person.call("GET", f"api/v1/id/{uid}/@comment").json()["entries"]
    return [(entry["author"], entry["text"]) for entry in reversed(entries)]


def test_a_comment_in_the_document_is_a_comment_on_it(demo, alice, uid):
    client = demo.open("bob", uid)
    assert client.info()["SupportsAddActivities"] is True
    sent = activity(CommentText="Is this figure right?", NavigationId="n1", IsReply=False)
    answer = add(client, sent)
    assert answer.json() == {"ActivityResponses": [{"Id": sent["Id"], "Status": 0}]}
    assert comments(alice, uid) == [("bob", "Is this figure right?")]
    kept = alice.call("GET", f"api/v1/id/{uid}/@comment").json()["entries"][0]
    assert json.loads(kept["entity"])["ContentId"] == "c1"


def test_those_who_were_mentioned_are_named(demo, alice, uid):
    people = [
        {"Name": "Carol  Rossi", "Id": "carol", "Provider": "WOPI", "Mentioned": True},
        {"Name": "Bob Keller", "Id": "bob", "Mentioned": True},
        {"Name": "Dave Novak", "Id": "dave", "InThread": True},
        {"Name": "Bob Keller", "Id": "bob", "Mentioned": True},
    ]
    sent = activity(people=people, CommentText="@Bob Keller, please look")
    assert statuses(add(demo.open("alice", uid), sent)) == [0]
    assert comments(alice, uid) == [("alice", "@Bob Keller, please look (@Carol Rossi)")]


def test_a_comment_whose_text_was_not_sent_says_what_happened(demo, alice, uid):
    people = [{"Name": "Bob Keller", "Mentioned": True}]
    answer = add(
        demo.open("alice", uid),
        activity(),
        activity(content="c2", IsReply=True),
        activity(content="c3", people=people),
    )
    assert statuses(answer) == [0, 0, 0]
    assert [text for _, text in comments(alice, uid)] == [
        "Comment in Plan.docx",
        "Reply in Plan.docx",
        "Comment in Plan.docx (@Bob Keller)",
    ]


def test_a_comment_is_changed_and_removed_with_the_one_in_the_document(demo, alice, uid):
    client = demo.open("alice", uid)
    add(client, activity(CommentText="first"))
    assert statuses(add(client, activity("updated", CommentText="second"))) == [0]
    assert comments(alice, uid) == [("alice", "second")]
    # One that was made before comments were handed on appears when it is changed.
    add(client, activity("updated", content="old", CommentText="older"))
    assert comments(alice, uid)[1] == ("alice", "older")
    assert statuses(add(client, activity("deleted"), activity("deleted", content="x"))) == [0, 0]
    assert comments(alice, uid) == [("alice", "older")]


def test_what_is_sent_twice_is_there_once_and_what_is_new_is_not_lost(demo, alice, uid):
    client = demo.open("alice", uid)
    sent = activity(CommentText="one")
    for _ in range(2):
        assert statuses(add(client, sent)) == [0]
    further = activity(CommentText="two")
    for _ in range(2):
        assert statuses(add(client, further)) == [0]
    assert sorted(comments(alice, uid)) == [("alice", "one"), ("alice", "two")]


def test_nobody_changes_what_somebody_else_has_said(demo, alice, uid):
    add(demo.open("alice", uid), activity(CommentText="Alice's"))
    bob = demo.open("bob", uid)
    assert statuses(add(bob, activity("deleted"))) == [0]
    assert statuses(add(bob, activity("updated", CommentText="Bob's"))) == [0]
    assert comments(alice, uid) == [("alice", "Alice's"), ("bob", "Bob's")]


def test_files_of_one_document_keep_their_comments_apart(demo, alice):
    uid = alice.create(b"main", "Main.docx", attachments=[("a.docx", b"one")])
    add(demo.open("alice", uid), activity())
    add(demo.open("alice", uid, "files:files/0/file"), activity())
    assert [text for _, text in comments(alice, uid)] == [
        "Comment in Main.docx",
        "Comment in a.docx",
    ]


def test_a_comment_can_be_made_while_the_file_is_locked(demo, alice, uid):
    first, second = demo.open("alice", uid), demo.open("bob", uid)
    first.lock("L")
    assert statuses(add(second, activity(CommentText="Bob's"))) == [0]
    assert first.put(b"after", "L").status_code == 200
    assert first.unlock("L").status_code == 200
    assert comments(alice, uid) == [("bob", "Bob's")]
    # The comment was no change of the content that the session would have to keep: the only version
    # is the one that the session ends with.
    versions = demo.nuxeo().operation("Document.GetVersions", uid).json()["entries"]
    assert [alice.content(version["uid"]) for version in versions] == [b"after"]


@pytest.mark.parametrize(
    "sent",
    [
        activity(kind="unsupported"),
        {"Type": "comment", "Id": "i"},
        {"Type": "comment", "Id": "i", "Data": "text"},
        activity(action="resolved"),
        activity(content=""),
        activity(content=7),
    ],
)
def test_what_is_unknown_is_answered_as_unsupported(demo, alice, uid, sent):
    known = activity(CommentText="known")
    answer = add(demo.open("alice", uid), sent, known)
    assert [entry["Id"] for entry in answer.json()["ActivityResponses"]] == [
        sent["Id"],
        known["Id"],
    ]
    assert statuses(answer) == [3, 0]
    assert comments(alice, uid) == [("alice", "known")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"Activities": {}}',
        b'{"Activities": [7]}',
        b'{"Activities": [{"Type": "comment"}]}',
        b'{"Activities": [{"Type": "comment", "Id": ""}]}',
        b'{"Activities": [' + b"{}," * 200 + b"{}]}",
        b"[" * 100_000,
        b" " * 1_100_000,
    ],
)
def test_what_is_no_list_of_activities_is_a_bad_request(demo, alice, uid, body):
    client = demo.open("alice", uid)
    assert client.request("POST", data=body, Override="ADD_ACTIVITIES").status_code == 400
    assert comments(alice, uid) == []


def test_nothing_is_written_when_one_entry_cannot_be_answered(demo, alice, uid):
    client = demo.open("alice", uid)
    assert add(client, activity(CommentText="x"), {"Type": "comment"}).status_code == 400
    assert comments(alice, uid) == []


def test_no_activities_are_no_answers(demo, uid):
    assert add(demo.open("alice", uid)).json() == {"ActivityResponses": []}


def test_a_session_for_viewing_comments_nothing(demo, alice, uid):
    viewer = demo.open("alice", uid, action="view")
    assert add(viewer, activity()).status_code == 404
    assert comments(alice, uid) == []


def test_a_file_that_is_gone_takes_no_comments(demo, alice, uid):
    client = demo.open("alice", uid)
    alice.call("DELETE", f"api/v1/id/{uid}")
    assert add(client, activity()).status_code == 404


def test_a_server_without_comments_is_told_apart_from_one_that_is_down(
    alice, behind_proxy, proxy, uid
):
    client = behind_proxy.open("alice", uid)
    for method in ("GET", "POST", "DELETE"):
        proxy.plan(method, "@comment", 404)
    assert statuses(add(client, activity(), activity("deleted"), activity(kind="x"))) == [3, 0, 3]
    assert proxy.done()
    proxy.plan("GET", "@comment", 503, 503, 503)
    failed = add(client, activity(CommentText="later"))
    assert failed.status_code == 500
    assert failed.headers["X-WOPI-ServerError"]
    proxy.forget()
    assert statuses(add(client, activity(CommentText="later"))) == [0]
    assert comments(alice, uid) == [("alice", "later")]


def test_a_call_whose_answer_was_lost_can_be_repeated(alice, behind_proxy, proxy, uid):
    client = behind_proxy.open("alice", uid)
    sent = activity(CommentText="one"), activity(content="c2", CommentText="two")
    proxy.plan("POST", "@comment", None, "lose")
    assert add(client, *sent).status_code == 500
    assert statuses(add(client, *sent)) == [0, 0]
    assert comments(alice, uid) == [("alice", "one"), ("alice", "two")]


def test_each_comment_takes_two_calls_and_the_file_one(alice, behind_proxy, proxy, uid):
    client = behind_proxy.open("alice", uid)
    for expected, sent in (
        (3, [activity()]),
        (5, [activity(content="c2"), activity(content="c3")]),
        (2, [activity("updated")]),
        (2, [activity("deleted")]),
        (1, [activity(kind="unsupported")]),
    ):
        proxy.seen.clear()
        add(client, *sent)
        assert len(proxy.seen) == expected
