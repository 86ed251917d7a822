"""``/wopi/state/<file id>/kept/<save id>``: the content of a user's own failed save, for the page.

Only whoever saved learns of them (:mod:`connector.host.page_state`) and gets the content.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import BinaryIO

from flask import Blueprint, Response

from connector.host.page_calls import PageCall, PageCalls, private, refused
from connector.recovery.folder import NoSuchSave, RecoveryFolder, SaveDamaged

_log = logging.getLogger("connector.host")

_PIECE = 256 * 1024


class KeptSaves:
    """The saves of one installation.

    Args:
        folder: where failed saves are kept; ``None`` if they are not.
        calls: knows who asks.
    """

    def __init__(self, folder: RecoveryFolder | None, calls: PageCalls) -> None:
        self._folder = folder
        self._calls = calls

    def add_to(self, blueprint: Blueprint) -> None:
        """Add the routes."""
        blueprint.add_url_rule("/state/<file_id>/kept/<save_id>", "kept_save", self.content)

    def of(self, call: PageCall) -> list[dict[str, str | int]]:
        """A user's failed saves of a file: id, time in milliseconds since the epoch, name.

        Raises:
            OSError: the folder cannot be read.
        """
        if self._folder is None:
            return []
        saves = self._folder.of_user(_file(call), call.token.user)
        return [
            {"id": save.id, "at": round(save.at * 1000), "fileName": save.file_name}
            for save in saves
        ]

    def content(self, file_id: str, save_id: str) -> Response:
        """The content of one of them."""
        call = self._calls.made(file_id)
        if call is None:
            return refused()
        try:
            if self._folder is None:
                raise NoSuchSave(save_id)
            save, file = self._folder.opened(save_id)
        except (NoSuchSave, SaveDamaged):
            return private(Response(status=404))
        except OSError as error:
            _log.error("the kept save %s cannot be read: %s", save_id, error)
            return private(Response(status=500))
        if (save.file, save.user) != (_file(call), call.token.user):
            file.close()
            return private(Response(status=404))
        response = Response(_pieces(file), mimetype="application/octet-stream")
        response.call_on_close(file.close)
        response.content_length = save.length
        response.headers["Content-Disposition"] = "attachment"
        return private(response)


def _file(call: PageCall) -> str:
    return f"{call.reference.document_key}/{call.reference.xpath}"


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece
