"""WOPI locks and Nuxeo's document lock, kept in step.

A WOPI lock is on one file and belongs to nobody; Nuxeo's lock is on the whole document and belongs
to one user. While any file of a document is WOPI-locked, the document is locked in Nuxeo by one of
the people in the session, so that Web UI, Drive and every other channel see it.

Order of steps, so that a crash between any two heals by itself: the WOPI lock is noted before
Nuxeo's is taken, and dropped after Nuxeo's was given back. A noted WOPI lock whose Nuxeo lock is
gone, or somebody else's, is void: an administrator broke it (:meth:`Sessions.current`).

Everything here runs inside the document's critical section, but for :meth:`Sessions.owner`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from connector.file_reference import FileReference
from connector.lock_store.base import LockStore, StoredLock
from connector.nuxeo_gateway.documents import Document
from connector.nuxeo_gateway.errors import (
    GatewayError,
    NuxeoConflict,
    NuxeoForbidden,
    NuxeoNotFound,
    NuxeoRefusedUser,
)
from connector.nuxeo_gateway.locking import DocumentLocks
from connector.wopi import locks
from connector.wopi.errors import LockMismatch

_log = logging.getLogger(__name__)

_CLAIM = 120.0


class Sessions:
    """The editing sessions on documents.

    Args:
        store: where WOPI locks are kept.
        nuxeo_locks: Nuxeo's own locks.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        store: LockStore,
        nuxeo_locks: DocumentLocks,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._nuxeo_locks = nuxeo_locks
        self._clock = clock

    def owner(self, reference: FileReference) -> str | None:
        """Who holds Nuxeo's lock for the sessions on the document, if there are any."""
        sessions = self._store.of_document(reference.document_key)
        return sessions[0].nuxeo_owner if sessions else None

    def current(
        self, reference: FileReference, file_id: str, document: Document
    ) -> StoredLock | None:
        """The WOPI lock on a file, given the document as Nuxeo shows it at this moment.

        A session whose Nuxeo lock was broken is over, for all files of the document.
        """
        owner = self.owner(reference)
        if owner is not None and owner != document.lock_owner:
            _log.warning(
                "session on %s ended: Nuxeo's lock of %s is %s",
                reference.document_key,
                owner,
                f"now {document.lock_owner}'s" if document.lock_owner else "gone",
            )
            self._store.forget_document(reference.document_key)
            return None
        return self._store.get(file_id)

    def adoptable_owner(self, reference: FileReference, document: Document) -> str | None:
        """Whose Nuxeo lock is a session's: of a live one, or of one that merely ran out."""
        sessions = self._store.of_document(reference.document_key, with_expired=True)
        owners = {session.nuxeo_owner for session in sessions}
        return document.lock_owner if document.lock_owner in owners else None

    def begin(
        self, reference: FileReference, file_id: str, lock_id: str, document: Document, user: str
    ) -> None:
        """Lock a file that has no live lock, and the document in Nuxeo unless a session has it.

        Raises:
            LockMismatch: somebody else was faster.
            GatewayError: Nuxeo could not lock the document; nothing is left behind.
        """
        now = self._clock()
        lock = StoredLock(
            file_id=file_id,
            document_key=reference.document_key,
            lock_id=lock_id,
            nuxeo_owner=document.lock_owner or user,
            manual_owner=self._manual_owner(reference, document),
            taken_at=now,
            expires_at=now + locks.LIFETIME,
        )
        if not self._store.take(lock):
            live = self._store.get(file_id)
            raise LockMismatch(live.lock_id if live else "", "locked in the meantime")
        if document.lock_owner is not None:
            return
        try:
            self._nuxeo_locks.lock(reference, user)
        except NuxeoConflict as error:
            self._store.release(file_id, lock_id)
            raise LockMismatch("", "locked in Nuxeo in the meantime") from error
        except GatewayError:
            self._store.release(file_id, lock_id)
            # It may have been locked all the same, with only the answer lost.
            self._try("unlock", lambda: self._nuxeo_locks.unlock(reference, user))
            raise

    def refresh(self, lock: StoredLock, *, new_lock_id: str | None = None) -> bool:
        """Give a live lock its full time again, on demand with another lock id."""
        refreshed = StoredLock(
            file_id=lock.file_id,
            document_key=lock.document_key,
            lock_id=new_lock_id or lock.lock_id,
            nuxeo_owner=lock.nuxeo_owner,
            manual_owner=lock.manual_owner,
            taken_at=lock.taken_at,
            expires_at=self._clock() + locks.LIFETIME,
        )
        return self._store.replace(lock.lock_id, refreshed)

    def end(self, reference: FileReference, lock: StoredLock) -> bool:
        """Unlock a file; with the last one of its document, also the document in Nuxeo.

        Raises:
            GatewayError: Nuxeo did not unlock the document; the WOPI lock is still there.
        """
        if not self._others(lock):
            self._give_back(reference, lock)
        return self._store.release(lock.file_id, lock.lock_id)

    def hand_over(self, reference: FileReference, lock: StoredLock, user: str) -> None:
        """Make ``user`` the one who holds Nuxeo's lock, so that they can save as themselves.

        Raises:
            LockMismatch: somebody outside the session took the lock between the two steps.
            GatewayError: Nuxeo did not answer as expected.
        """
        if lock.nuxeo_owner == user:
            return
        try:
            self._nuxeo_locks.unlock(reference, lock.nuxeo_owner)
            self._nuxeo_locks.lock(reference, user)
        except NuxeoConflict as error:
            raise LockMismatch("", "somebody else has locked the document in Nuxeo") from error
        except NuxeoForbidden:
            owner = lock.nuxeo_owner
            self._try("lock", lambda: self._nuxeo_locks.lock(reference, owner))
            raise
        self._store.hand_over(reference.document_key, user)

    def end_expired(self) -> None:
        """End the sessions whose time is over, whether or not anybody calls any more.

        What cannot be ended now, because Nuxeo is away, is tried again later.
        """
        for lock in self._store.claim_expired(_CLAIM):
            repository, _, document_id = lock.document_key.partition("/")
            reference = FileReference(repository, document_id, "file:content")
            with self._store.critical_section(lock.document_key):
                try:
                    if not self._store.of_document(lock.document_key):
                        self._give_back(reference, lock)
                except GatewayError as error:
                    _log.warning("session on %s not ended yet: %s", lock.document_key, error)
                    continue
                if self._store.forget_expired(lock):
                    _log.info("session on %s ended by time", lock.document_key)

    def _give_back(self, reference: FileReference, lock: StoredLock) -> None:
        """Release Nuxeo's lock, but leave or put back one set by hand before the session."""
        if lock.manual_owner == lock.nuxeo_owner:
            return
        try:
            self._nuxeo_locks.unlock(reference, lock.nuxeo_owner)
            if lock.manual_owner is not None:
                self._nuxeo_locks.lock(reference, lock.manual_owner)
        except (NuxeoConflict, NuxeoForbidden, NuxeoNotFound, NuxeoRefusedUser) as error:
            # Somebody else's lock by now, or no such document or user: nothing of ours is left.
            _log.warning("Nuxeo's lock on %s: %s", lock.document_key, error)

    def _manual_owner(self, reference: FileReference, document: Document) -> str | None:
        """Who had locked the document by hand before any session."""
        sessions = self._store.of_document(reference.document_key, with_expired=True)
        for session in sessions:
            if session.nuxeo_owner == document.lock_owner:
                return session.manual_owner
        return document.lock_owner

    def _others(self, lock: StoredLock) -> bool:
        sessions = self._store.of_document(lock.document_key)
        return any(session.file_id != lock.file_id for session in sessions)

    @staticmethod
    def _try(what: str, call: Callable[[], None]) -> None:
        try:
            call()
        except GatewayError as error:
            _log.warning("could not %s again after a failure: %s", what, error)
