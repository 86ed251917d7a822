"""PutFile: from a request body to content in Nuxeo that has been seen to be there.

At most four calls to Nuxeo: read, two to upload, one to update, which is checked by its answer. A
co-author's save has two more, to take over Nuxeo's lock. A document whose metadata changed while
the content was on its way is tried once more.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from connector.lock_store.base import LockStore, StoredLock
from connector.nuxeo_gateway.content import ContentTooLarge, ContentTruncated, Source, Spool
from connector.nuxeo_gateway.documents import Blob, Document
from connector.nuxeo_gateway.errors import NuxeoConflict, NuxeoForbidden
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.wopi import locks
from connector.wopi.errors import BadRequest, LockMismatch, TooLarge
from connector.wopi.file_info import wopi_time
from connector.wopi.locks import LockAction, LockOperation
from connector.wopi.operations import (
    FileOperations,
    OpenFile,
    mismatch,
    nuxeo_errors,
    refuse_if,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Saved:
    """What a successful save says: the new version, and the time in WOPI's form."""

    version: str
    last_modified: str | None


@dataclass(frozen=True)
class _Admitted:
    """A save that may go on: the document as it was read, and the lock it is made under."""

    document: Document
    blob: Blob
    lock: StoredLock | None

    @property
    def lock_id(self) -> str:
        return self.lock.lock_id if self.lock else ""


class _ChangedMeanwhile(Exception):
    """Nuxeo's change token says that the document is not as it was read."""


class Saving:
    """Saves content.

    Args:
        gateway: Nuxeo.
        store: WOPI locks.
        operations: shares reading, sessions and versions.
        max_file_size: bytes accepted; 0 is any number.
    """

    def __init__(
        self,
        gateway: NuxeoGateway,
        store: LockStore,
        operations: FileOperations,
        max_file_size: int,
    ) -> None:
        self._gateway = gateway
        self._store = store
        self._operations = operations
        self._max_file_size = max_file_size

    def put_file(
        self, file: OpenFile, lock_id: str | None, body: Source, announced: int | None
    ) -> Saved:
        """PutFile.

        Args:
            file: which file, and who saves.
            lock_id: X-WOPI-Lock; ``None`` when the request has none.
            body: the content.
            announced: Content-Length, if the request has one.

        Raises:
            LockMismatch: not locked and not empty, locked with another id, or not to be changed.
            NotFound: no such file, or no right to write it.
            BadRequest: the body broke off.
            TooLarge: the body is larger than the limit.
        """
        admitted = self._admit(file, lock_id)
        with Spool() as content:
            try:
                content.fill(body, announced=announced, limit=self._max_file_size)
            except ContentTooLarge:
                raise TooLarge("the file is larger than nuxeo.wopi.maxFileSize") from None
            except (ContentTruncated, OSError) as error:
                raise BadRequest("the body broke off") from error
            if content.is_content_of(admitted.blob):
                # Already there: the answer to an earlier try may have been lost.
                self._still_locked(file, admitted)
                after = admitted.document
            else:
                after = self._write(file, lock_id, admitted, content)
        stored = after.blob(file.reference.xpath)
        assert stored is not None
        version = self._operations.versions.of_save(file.file_id, after, stored)
        return Saved(version, wopi_time(after.last_modified))

    def _admit(self, file: OpenFile, lock_id: str | None) -> _Admitted:
        """Judge the save before its body is received."""
        with nuxeo_errors(), self._store.critical_section(file.reference.document_key):
            document, blob = self._operations.read(file)
            current = self._operations.sessions.current(file.reference, file.file_id, document)
        action = locks.decide(LockOperation.PUT_FILE, current.lock_id if current else None, lock_id)
        if action is LockAction.CONFLICT:
            raise mismatch(current)
        owner = self._operations.sessions.owner(file.reference)
        refuse_if(self._operations.obstacle(file, document, owner), document, current)
        if action is LockAction.WRITE_IF_EMPTY and blob.length != 0:
            raise mismatch(None)
        return _Admitted(document, blob, current)

    def _write(
        self, file: OpenFile, lock_id: str | None, admitted: _Admitted, content: Spool
    ) -> Document:
        try:
            return self._replace(file, admitted, content)
        except _ChangedMeanwhile:
            again = self._admit(file, lock_id)
        was, now = admitted.blob, again.blob
        if (was.length, was.digest) != (now.length, now.digest):
            raise LockMismatch(again.lock_id, "the file was changed in Nuxeo meanwhile")
        _log.info("%s changed while it was being saved: saving again", file.reference.document_key)
        try:
            return self._replace(file, again, content)
        except _ChangedMeanwhile as error:
            raise LockMismatch(again.lock_id, "the document keeps changing in Nuxeo") from error

    def _replace(self, file: OpenFile, admitted: _Admitted, content: Spool) -> Document:
        """Upload and update once.

        Raises:
            _ChangedMeanwhile: the document is not as it was read.
            WopiError: for everything else that went wrong.
        """
        with nuxeo_errors():
            uploaded = self._gateway.blobs.upload(content, admitted.blob, file.user)
            with self._store.critical_section(file.reference.document_key):
                current = self._still_locked(file, admitted)
                try:
                    if current is not None:
                        self._operations.sessions.hand_over(file.reference, current, file.user)
                    return self._gateway.blobs.replace(
                        file.reference, admitted.document, content, uploaded, file.user
                    )
                except NuxeoConflict as error:
                    raise _ChangedMeanwhile from error
                except NuxeoForbidden as error:
                    # Also what Nuxeo says of a lock or a hold that came in between.
                    raise LockMismatch(
                        admitted.lock_id, f"Nuxeo refused the save: {error}"
                    ) from error

    def _still_locked(self, file: OpenFile, admitted: _Admitted) -> StoredLock | None:
        """The lock under which the save was admitted, which must still be there.

        Raises:
            LockMismatch: it ended or changed in the meantime.
        """
        current = self._store.get(file.file_id)
        if (current.lock_id if current else "") != admitted.lock_id:
            raise mismatch(current)
        return current
