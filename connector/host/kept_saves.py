"""``/wopi/kept/<file id>``: what the page asks for about a user's own failed saves.

Only whoever saved learns of them and gets the content, shown by a token that the host page was made
with. It is good for this and nothing else, travels in a header, and ends with the access token of
the office client.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from flask import Blueprint, Response, jsonify, request, url_for

from connector.nuxeo_gateway.users import User
from connector.recovery.folder import NoSuchSave, RecoveryFolder, SaveDamaged
from connector.wopi import file_id as file_ids
from connector.wopi.access_token import AccessTokens, Grant, InvalidAccessToken

_log = logging.getLogger("connector.host")

_PIECE = 256 * 1024


@dataclass(frozen=True)
class PageAccess:
    """What a page needs to ask: an address, and a token for it."""

    url: str
    token: str


class KeptSaves:
    """The views of one application.

    Args:
        folder: where failed saves are kept.
        tokens: makes and reads tokens.
        instance: the prefix of this installation's file ids.
    """

    def __init__(self, folder: RecoveryFolder, tokens: AccessTokens, instance: str) -> None:
        self._folder = folder
        self._tokens = tokens
        self._instance = instance

    def add_to(self, blueprint: Blueprint) -> None:
        """Add the routes."""
        blueprint.add_url_rule("/kept/<file_id>", "kept_saves", self.listing)
        blueprint.add_url_rule("/kept/<file_id>/<save_id>", "kept_save", self.content)

    def access(self, file_id: str, user: User) -> PageAccess:
        """What a page for a user and a file needs."""
        token = self._tokens.issue(
            resource_id=_resource(file_id),
            user=user.name,
            user_name=user.display_name,
            grant=Grant.VIEW,
            client="",
        )
        return PageAccess(url_for("host.kept_saves", file_id=file_id), self._tokens.sign(token))

    def listing(self, file_id: str) -> Response:
        """The user's failed saves of a file: id, time in milliseconds since the epoch, name."""
        asked = self._asked(file_id)
        if asked is None:
            return _refused()
        file, user = asked
        try:
            saves = self._folder.of_user(file, user)
        except OSError as error:
            _log.error("the folder of failed saves cannot be read: %s", error)
            return Response(status=500)
        entries = [
            {"id": save.id, "at": round(save.at * 1000), "fileName": save.file_name}
            for save in saves
        ]
        return _private(jsonify({"saves": entries}))

    def content(self, file_id: str, save_id: str) -> Response:
        """The content of one of them."""
        asked = self._asked(file_id)
        if asked is None:
            return _refused()
        try:
            save, file = self._folder.opened(save_id)
        except (NoSuchSave, SaveDamaged):
            return Response(status=404)
        except OSError as error:
            _log.error("the kept save %s cannot be read: %s", save_id, error)
            return Response(status=500)
        if (save.file, save.user) != asked:
            file.close()
            return Response(status=404)
        response = Response(_pieces(file), mimetype="application/octet-stream")
        response.call_on_close(file.close)
        response.content_length = save.length
        response.headers["Content-Disposition"] = "attachment"
        return _private(response)

    def _asked(self, file_id: str) -> tuple[str, str] | None:
        """The file and the user that a request is about; ``None`` without a good token."""
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            token = self._tokens.read(text.strip(), resource_id=_resource(file_id))
            reference = file_ids.decode(file_id, self._instance)
        except (InvalidAccessToken, file_ids.InvalidFileId):
            return None
        return f"{reference.document_key}/{reference.xpath}", token.user


def _resource(file_id: str) -> str:
    # With a character that no file id has: neither token is ever good for the other.
    return f"kept:{file_id}"


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _refused() -> Response:
    response = Response(status=401)
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
