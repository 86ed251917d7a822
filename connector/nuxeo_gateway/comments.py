"""Comments on documents: Nuxeo's adapter ``@comment``.

Source: ``CommentAdapter`` and ``TreeCommentManager`` of Nuxeo LTS 2023. Whoever may read a document
may comment on it, also while it is locked; a comment is changed and removed by its author, by those
with ``Everything`` and by administrators. A comment that came from elsewhere carries the id that it
has there, and is found again by it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from connector.file_reference import FileReference
from connector.nuxeo_gateway.documents import document_path
from connector.nuxeo_gateway.errors import NuxeoNotFound
from connector.nuxeo_gateway.session import NuxeoSession, json_object, segment

ORIGIN = "WOPI"
"""What comments made here name as the place that they came from."""


class Comments:
    """Writes comments that came from elsewhere."""

    def __init__(self, session: NuxeoSession) -> None:
        self._session = session

    def known(
        self, reference: FileReference, external_id: str, user: str
    ) -> Mapping[str, Any] | None:
        """What was noted with a comment, ``None`` if there is no such comment: one call.

        Raises:
            GatewayError: Nuxeo did not answer as expected.
        """
        try:
            response = self._session.call("GET", _external(reference, external_id), user=user)
        except NuxeoNotFound:
            return None
        try:
            entity = json.loads(str(json_object(response).get("entity")))
        except ValueError:
            return {}
        return entity if isinstance(entity, dict) else {}

    def put(
        self,
        reference: FileReference,
        external_id: str,
        text: str,
        entity: Mapping[str, str],
        user: str,
    ) -> None:
        """Have a comment say ``text``, one that is there or a new one: one call or two.

        There is one per external id, so a call whose answer was lost may be repeated.

        Args:
            reference: a file of the commented document.
            external_id: the comment's id where it came from; no slash, since Nuxeo's container
                takes none in a path.
            text: plain text.
            entity: what else is known of it where it came from.
            user: its author.

        Raises:
            NuxeoNotFound: no such document, or a server without comments.
            NuxeoForbidden: the user may not comment, or not change this comment.
            GatewayError: Nuxeo did not answer as expected.
        """
        body = _body(external_id, text, entity)
        try:
            self._session.call("PUT", _external(reference, external_id), user=user, data=body)
        except NuxeoNotFound:
            self._session.call("POST", _comments(reference), user=user, data=body)

    def create(
        self,
        reference: FileReference,
        external_id: str,
        text: str,
        entity: Mapping[str, str],
        user: str,
    ) -> None:
        """A new comment, for which nobody has used ``external_id``: one call.

        Args, Raises: as :meth:`put`.
        """
        body = _body(external_id, text, entity)
        self._session.call("POST", _comments(reference), user=user, data=body)

    def remove(self, reference: FileReference, external_id: str, user: str) -> None:
        """Remove a comment: one call. That there is none is no error.

        Raises:
            NuxeoForbidden: the comment is somebody else's.
            GatewayError: Nuxeo did not answer as expected.
        """
        try:
            self._session.call("DELETE", _external(reference, external_id), user=user)
        except NuxeoNotFound:
            return


def _body(external_id: str, text: str, entity: Mapping[str, str]) -> dict[str, str]:
    return {
        "entity-type": "comment",
        "text": text,
        "entityId": external_id,
        "origin": ORIGIN,
        "entity": json.dumps(entity),
    }


def _comments(reference: FileReference) -> str:
    return f"{document_path(reference)}/@comment"


def _external(reference: FileReference, external_id: str) -> str:
    return f"{_comments(reference)}/external/{segment(external_id)}"
