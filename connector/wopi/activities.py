"""AddActivities: comments and mentions that people make in a document become comments in Nuxeo.

The request is a list of activities, and each is answered for itself. Only two answers are known
from Microsoft's test definitions: 0 for an activity that was added, and 3 for one that this host
does not support. So what fails for another reason fails the whole call, which may be repeated: the
comment's own id goes with it to Nuxeo, and there is never a second one for it.

Where the office client sends no text (Microsoft says it need not), the comment says what happened.
Those who were mentioned appear in it by name.

Source: [MS-WOPI] AddActivities, and the group AddActivities of Microsoft's test definitions.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any, TypeGuard

from connector.nuxeo_gateway.documents import Blob
from connector.nuxeo_gateway.errors import NuxeoForbidden, NuxeoNotFound
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.wopi.errors import BadRequest, NotFound
from connector.wopi.opened import OpenFile
from connector.wopi.operations import nuxeo_errors

_log = logging.getLogger(__name__)

MAX_BODY = 1024 * 1024
"""Bytes that the request may have."""

_MAX_ACTIVITIES = 100
_LONGEST_NAME = 200


class ActivityStatus(IntEnum):
    """What became of an activity."""

    SUCCESS = 0
    NOT_SUPPORTED = 3


class ContentAction(Enum):
    """What somebody did to a comment."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True)
class CommentActivity:
    """Somebody has made, changed or removed a comment in the document.

    Attributes:
        action: what was done.
        content_id: names the comment in the document.
        navigation_id: leads to it; empty if there is none.
        text: of the comment; empty if it was not sent.
        is_reply: whether it answers another one.
        mentioned: names of those who were mentioned.
    """

    action: ContentAction
    content_id: str
    navigation_id: str = ""
    text: str = ""
    is_reply: bool = False
    mentioned: tuple[str, ...] = ()

    def comment(self, file_name: str) -> str:
        """The text of Nuxeo's comment."""
        said = self.text or f"{'Reply' if self.is_reply else 'Comment'} in {file_name}"
        missing = [name for name in self.mentioned if name not in said]
        return f"{said} ({', '.join(f'@{name}' for name in missing)})" if missing else said


@dataclass(frozen=True)
class Activity:
    """One entry of the request: its id, and what it is if it is known here."""

    id: str
    comment: CommentActivity | None


def read_activities(body: bytes) -> list[Activity]:
    """The activities of a request. What is unknown in one is ignored, for later releases' sake.

    Raises:
        BadRequest: the body is no such list, or an entry has no id to be answered by.
    """
    if len(body) > MAX_BODY:
        raise BadRequest(f"the body has more than {MAX_BODY} bytes")
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest("the body is not JSON") from error
    entries = sent.get("Activities") if isinstance(sent, dict) else None
    if not isinstance(entries, list):
        raise BadRequest("the body has no list of Activities")
    if len(entries) > _MAX_ACTIVITIES:
        raise BadRequest(f"there are more than {_MAX_ACTIVITIES} activities")
    return [_read(entry) for entry in entries]


class Activities:
    """Hands activities on to Nuxeo.

    Args:
        gateway: Nuxeo.
    """

    def __init__(self, gateway: NuxeoGateway) -> None:
        self._gateway = gateway

    def add_activities(
        self, file: OpenFile, activities: Sequence[Activity]
    ) -> list[tuple[str, ActivityStatus]]:
        """AddActivities: one call to Nuxeo, and two for each comment, one if it is removed.

        Comments are made as the user, with Nuxeo's rights: whoever may read may comment.

        Returns:
            Ids and what became of them, in the order of the request.

        Raises:
            NotFound: no such file for this user, or it was opened to be viewed.
            ServerError: Nuxeo failed; what was added is not added again when the call is repeated.
        """
        if not file.may_edit:
            raise NotFound("the file was opened for viewing")
        with nuxeo_errors():
            blob = file.blob_in(self._gateway.documents.get(file.reference, file.user))
            return [(activity.id, self._add(file, blob, activity)) for activity in activities]

    def _add(self, file: OpenFile, blob: Blob, activity: Activity) -> ActivityStatus:
        if activity.comment is None:
            return ActivityStatus.NOT_SUPPORTED
        try:
            self._hand_on(file, blob, activity.id, activity.comment)
        except (NuxeoNotFound, NuxeoForbidden) as error:
            # The document is there, so it is comments that this server, or this user, has not.
            _log.info("a comment was not handed on to Nuxeo: %s", error)
            return ActivityStatus.NOT_SUPPORTED
        return ActivityStatus.SUCCESS

    def _hand_on(
        self, file: OpenFile, blob: Blob, activity_id: str, comment: CommentActivity
    ) -> None:
        comments, reference, user = self._gateway.comments, file.reference, file.user
        external_id = _external_id(file, comment.content_id)
        if comment.action is ContentAction.DELETED:
            comments.remove(reference, external_id, user)
            return
        text = comment.comment(blob.name)
        entity = {
            "ActivityId": activity_id,
            "ContentId": comment.content_id,
            "NavigationId": comment.navigation_id,
        }
        if comment.action is ContentAction.UPDATED:
            comments.put(reference, external_id, text, entity, user)
            return
        known = comments.known(reference, external_id, user)
        if known is None:
            comments.create(reference, external_id, text, entity, user)
        elif known.get("ActivityId") != activity_id:
            # A further comment on the same content; its own id keeps it from being made twice.
            further_id = _external_id(file, comment.content_id, activity_id)
            comments.put(reference, further_id, text, entity, user)


def _external_id(file: OpenFile, *names: str) -> str:
    """A comment's id in Nuxeo, where it is part of a path, and the document may have more files.

    What somebody else has commented has another one: Nuxeo lets nobody change others' comments.
    """
    named = "\n".join((file.reference.xpath, file.user, *names))
    return hashlib.sha256(named.encode()).hexdigest()[:40]


def _is_id(value: object) -> TypeGuard[str]:
    """Whether it is text that can name something: not empty, and to be had in an encoding."""
    return isinstance(value, str) and value != "" and not any(map(_is_half, value))


def _read(entry: object) -> Activity:
    activity_id = entry.get("Id") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not _is_id(activity_id):
        raise BadRequest("an activity has no Id")
    return Activity(activity_id, _comment(entry))


def _comment(entry: Mapping[str, Any]) -> CommentActivity | None:
    data = entry.get("Data")
    if entry.get("Type") != "comment" or not isinstance(data, dict):
        return None
    content_id = data.get("ContentId")
    if not _is_id(content_id):
        return None
    try:
        action = ContentAction(data.get("ContentAction"))
    except ValueError:
        return None
    people = entry.get("People")
    return CommentActivity(
        action=action,
        content_id=content_id,
        navigation_id=_text(data.get("NavigationId")),
        text=_text(data.get("CommentText")),
        is_reply=data.get("IsReply") is True,
        mentioned=tuple(_mentioned(people if isinstance(people, list) else ())),
    )


def _mentioned(people: Sequence[object]) -> Sequence[str]:
    """Names of those who were mentioned, each once."""
    names = [
        " ".join(_text(person.get("Name")).split())[:_LONGEST_NAME]
        for person in people
        if isinstance(person, dict) and person.get("Mentioned") is True
    ]
    return tuple(dict.fromkeys(filter(None, names)))


def _text(value: object) -> str:
    """A text without characters that no text has."""
    if not isinstance(value, str):
        return ""
    return "".join(
        char for char in value if char in "\n\t" or (char >= " " and not _is_half(char))
    ).strip()


def _is_half(char: str) -> bool:
    """Whether it is half of a surrogate pair, which no encoding has."""
    return "\ud800" <= char <= "\udfff"
