"""Keeping what could not be saved: whose saves, and what is told of them.

Kept is what somebody wanted to save who has a token for editing, whatever stood in the way: that
Nuxeo is down or has no room, that the right is gone, that the document was deleted or locked by
somebody else, that the session was lost. So is a save with a lock id that the file does not have:
the office client has a copy of it then, too, but shows it to nobody any more when its window is
closed, and whoever has such a token was let in by Nuxeo to write this file a few hours ago at the
most. How much room they can take with it is limited by the folder.

Not kept is what never was a save: without a token for editing, not signed, cut off, too large for
the connector, or empty.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass

from connector.events.events import NO_EVENTS, Event, EventKind, Events
from connector.lock_store.base import StoredLock
from connector.nuxeo_gateway.content import Spool
from connector.nuxeo_gateway.documents import Document
from connector.nuxeo_gateway.errors import GatewayError
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.recovery.folder import NotKept, RecoveryFolder, describe
from connector.recovery.item import FailedSave, RecoveredSave, session_name
from connector.wopi.errors import BadRequest, ServerError, WopiError
from connector.wopi.opened import OpenFile
from connector.wopi.saves import SaveNote

_log = logging.getLogger(__name__)

_UNNAMED = "document"
_UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Attempt:
    """A save that is being tried.

    Attributes:
        file: which file, and who saves.
        lock_id: X-WOPI-Lock; ``None`` when the request has none.
        note: what the client says beside.
        began: when it was asked for, in seconds since the epoch.
        lock: on the file at that moment, whoever's; ``None`` without one.
        read_at: when the content was last given for this opening of the file; 0 for never.
    """

    file: OpenFile
    lock_id: str | None
    note: SaveNote
    began: float
    lock: StoredLock | None
    read_at: float = 0.0

    @property
    def name(self) -> str:
        """Names the file."""
        reference = self.file.reference
        return f"{reference.document_key}/{reference.xpath}"

    @property
    def session(self) -> str:
        """Names file, user, which opening of the file, and lock.

        Who has opened the file anew, or has asked for the content once more, begins with what Nuxeo
        has, and what they save then does not hold what they could not save before.
        """
        opening = f"{self.file.token.session} {self.read_at}"
        return session_name(self.name, self.file.user, self.lock_id, opening)


class Keeping:
    """Keeps failed saves, and drops them when they are no longer needed. Never raises.

    Args:
        folder: where they are kept; ``None`` keeps nothing.
        gateway: tells where a document is.
        events: is told of each that is kept.
    """

    def __init__(
        self,
        folder: RecoveryFolder | None,
        gateway: NuxeoGateway,
        events: Events = NO_EVENTS,
    ) -> None:
        self._folder = folder
        self._gateway = gateway
        self._events = events

    def wants(self, file: OpenFile, error: WopiError) -> bool:
        """Whether the body of a save that is refused already is worth being received."""
        return self._folder is not None and file.may_edit and not isinstance(error, BadRequest)

    def keep(self, attempt: Attempt, content: Spool, error: WopiError) -> None:
        """Keep what could not be saved; ``error`` is made to tell whether that was done.

        Args:
            attempt: the save.
            content: received whole.
            error: why it failed.
        """
        if self._folder is None or content.length == 0 or not self.wants(attempt.file, error):
            return
        failed = self._described(attempt, error)
        try:
            kept = self._folder.keep(failed, content.pieces(), content.length)
        except NotKept as problem:
            _log.error(
                "a save of %s by %s failed (%s), and no copy of it could be kept: %s",
                attempt.name,
                attempt.file.user,
                error.reason,
                problem,
            )
            error.say_first("no copy could be kept by the connector")
            return
        _log.error("a save failed and is kept as %s: %s", describe(kept), error.reason)
        error.say_first(f"kept by the connector as {kept.id}")
        self._tell(kept)

    def saved(self, attempt: Attempt, content: Spool) -> None:
        """Drop what a good save has made needless."""
        if self._folder is None:
            return
        try:
            dropped = self._folder.drop_saved(
                attempt.name, attempt.session, attempt.began, lambda: _digest(content)
            )
        except OSError as error:
            _log.error("a kept save that is not needed any more could not be dropped: %s", error)
            return
        for save in dropped:
            _log.info("saved after all, the kept copy is dropped: %s", describe(save))

    def _described(self, attempt: Attempt, error: WopiError) -> FailedSave:
        file, reference, lock = attempt.file, attempt.file.reference, attempt.lock
        document = None
        if lock is None or not lock.path:
            document = self._document(attempt, error)
        blob = document.blob(reference.xpath) if document else None
        name, mime_type = _UNNAMED, _UNKNOWN_TYPE
        if lock is not None:
            name, mime_type = lock.file_name, lock.mime_type
        elif blob is not None:
            name, mime_type = blob.name, blob.mime_type
        is_session = lock is not None and lock.lock_id == attempt.lock_id
        return FailedSave(
            session=attempt.session,
            at=attempt.began,
            repository=reference.repository,
            document_id=reference.document_id,
            xpath=reference.xpath,
            path=lock.path if lock and lock.path else document.path if document else "",
            title=document.title if document else "",
            file_name=name,
            mime_type=mime_type,
            user=file.user,
            editors=attempt.note.editors,
            client=file.token.client,
            reason=error.reason,
            status=int(error.status),
            # Of what the file has now without a session nobody knows that the text is made of it.
            stored=_stored(lock) if lock is not None and is_session else "",
        )

    def _document(self, attempt: Attempt, error: WopiError) -> Document | None:
        if isinstance(error, ServerError):
            return None  # Nuxeo does not answer, and the client is waiting.
        try:
            return self._gateway.documents.get(attempt.file.reference, attempt.file.user)
        except GatewayError as problem:
            _log.info("where %s is or was is not known: %s", attempt.name, problem)
            return None

    def _tell(self, kept: RecoveredSave) -> None:
        self._events.emit(
            Event(
                kind=EventKind.RECOVERED,
                repository=kept.repository,
                document_id=kept.document_id,
                xpath=kept.xpath,
                user=kept.user,
                at=kept.at,
                details={
                    "id": kept.id,
                    "reason": kept.reason,
                    "status": kept.status,
                    "length": kept.length,
                },
            )
        )


def _stored(lock: StoredLock) -> str:
    """What a save under a lock is made from; empty if that is not known."""
    if lock.client_has == lock.content:
        return ""
    return lock.client_has or lock.content


def _digest(content: Spool) -> str:
    digest = hashlib.sha256()
    for piece in content.pieces():
        digest.update(piece)
    return digest.hexdigest()
