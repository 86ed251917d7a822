"""What an office client says that people have done."""

import json

import pytest

from connector.wopi.activities import (
    Activity,
    CommentActivity,
    ContentAction,
    read_activities,
)
from connector.wopi.errors import BadRequest


def read(*entries):
    return read_activities(json.dumps({"Activities": entries}).encode())


def comment(**data):
    entry = {
        "Type": "comment",
        "Id": "1",
        "Data": {"ContentId": "c", "ContentAction": "created", **data},
    }
    return read(entry)[0].comment


def test_everything_that_is_said_of_a_comment_is_read():
    entry = {
        "Type": "comment",
        "Id": "{ABC}",
        "Timestamp": "whenever",
        "Data": {
            "CommentText": " two\nlines ",
            "ContentId": "c",
            "NavigationId": "n",
            "ContentAction": "updated",
            "IsReply": True,
            "Later": "?",
        },
        "People": [
            {"Name": "John  Able", "Mentioned": True},
            {"Name": "Jane Baker", "InThread": True},
            {"Name": "John Able", "Mentioned": True},
            {"Name": "", "Mentioned": True},
            {"Name": 7, "Mentioned": True},
            {"Mentioned": True},
            "nobody",
        ],
        "Later": {},
    }
    assert read(entry) == [
        Activity(
            "{ABC}",
            CommentActivity(
                action=ContentAction.UPDATED,
                content_id="c",
                navigation_id="n",
                text="two\nlines",
                is_reply=True,
                mentioned=("John Able",),
            ),
        )
    ]


def test_characters_that_no_text_has_are_left_out():
    assert comment(CommentText="a\x00b\ud800c\td").text == "abc\td"
    assert comment(CommentText="\x00").text == ""


@pytest.mark.parametrize("value", [None, 7, ["x"], {}])
def test_a_text_that_is_none_is_no_text(value):
    assert comment(CommentText=value).text == ""


@pytest.mark.parametrize(
    ("activity", "text"),
    [
        (CommentActivity(ContentAction.CREATED, "c", text="Hi"), "Hi"),
        (CommentActivity(ContentAction.CREATED, "c"), "Comment in A.docx"),
        (CommentActivity(ContentAction.CREATED, "c", is_reply=True), "Reply in A.docx"),
        (
            CommentActivity(ContentAction.CREATED, "c", text="Hi", mentioned=("Jo", "Al")),
            "Hi (@Jo, @Al)",
        ),
        (CommentActivity(ContentAction.CREATED, "c", text="Hi Jo", mentioned=("Jo",)), "Hi Jo"),
    ],
)
def test_the_text_of_nuxeos_comment(activity, text):
    assert activity.comment("A.docx") == text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"7",
        b'{"Activities": 7}',
        b'{"Activities": [{"Id": 7}]}',
        b'{"Activities": [{"Id": "\\ud800"}]}',
        b"\xff",
    ],
)
def test_what_cannot_be_answered_is_refused(body):
    with pytest.raises(BadRequest):
        read_activities(body)


def test_a_comment_on_what_no_text_can_name_is_not_supported():
    for content_id in ("\ud800", "a\udfff", ""):
        assert comment(ContentId=content_id) is None
    assert comment(ContentId="\U0001f600").content_id == "\U0001f600"
