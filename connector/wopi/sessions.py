"""WOPI locks and Nuxeo's document lock, kept in step.

A WOPI lock is on one file and belongs to nobody; Nuxeo's lock is on the whole document and belongs
to one user. While any file of a document is WOPI-locked, the document is locked in Nuxeo by one of
the people in the session, so that Web UI, Drive and every other channel see it. In whose name that
is, the lock store knows as the document's :class:`~connector.lock_store.base.Hold`.

A hold is written down before Nuxeo is called and confirmed afterwards. So whatever breaks off, a
process, a connection, or Nuxeo, there is always a note of whose lock may be a session's:

- A live WOPI lock whose hold is confirmed but no longer true was ended from outside, by an
  administrator or by somebody who took Nuxeo's lock (:meth:`Sessions.current`).
- A hold that is not confirmed is made true by the next call that needs it
  (:meth:`Sessions.hold_as`).
- A hold without a live WOPI lock is given back by :meth:`Sessions.end_idle`, again and again until
  it succeeded, and, when the answer to a call was lost, until that call can have no effect any
  more.

What changes a hold runs inside the document's critical section.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from connector.events.events import NO_EVENTS, Event, EventKind, Events
from connector.file_reference import FileReference
from connector.lock_store.base import Hold, LockStore, StoredLock
from connector.nuxeo_gateway.documents import Document
from connector.nuxeo_gateway.errors import (
    GatewayError,
    NuxeoConflict,
    NuxeoNotFound,
    NuxeoRefusal,
)
from connector.nuxeo_gateway.locking import DocumentLocks
from connector.wopi import locks
from connector.wopi.errors import LockMismatch
from connector.wopi.versioning import Versioning, only_saves, waits_for_version

_log = logging.getLogger(__name__)

_CLAIM = 120.0
_REFUSED_AGAIN = 3600.0
# Nuxeo ends a transaction after this time (nuxeo.db.transactiontimeout): what it was asked before
# and did not answer to has happened by then, or never will.
_SETTLING = 300.0


class Sessions:
    """The editing sessions on documents.

    Args:
        store: where WOPI locks and holds are kept.
        nuxeo_locks: Nuxeo's own locks.
        versioning: makes versions when sessions end.
        events: is told of sessions that begin and end.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        store: LockStore,
        nuxeo_locks: DocumentLocks,
        versioning: Versioning,
        events: Events = NO_EVENTS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._nuxeo_locks = nuxeo_locks
        self._versioning = versioning
        self._events = events
        self._clock = clock

    def owners(self, reference: FileReference) -> frozenset[str]:
        """In whose name Nuxeo's lock may be held for the sessions on the document.

        When no session is left, a lock that was set by hand before is only that.
        """
        key = reference.document_key
        hold = self._store.hold(key)
        if hold is None:
            return frozenset()
        return hold.owners if self._store.of_document(key) else hold.owners - {hold.manual_owner}

    def is_broken(self, reference: FileReference, document: Document) -> bool:
        """Whether there are locks on the document's files whose Nuxeo lock was taken from them."""
        key = reference.document_key
        return bool(self._store.of_document(key)) and not self._has_nuxeo_lock(key, document)

    def current(
        self, reference: FileReference, file_id: str, document: Document
    ) -> StoredLock | None:
        """The WOPI lock on a file, given the document as Nuxeo shows it at this moment.

        Sessions whose Nuxeo lock was taken from them are over, for all files of the document.
        """
        key = reference.document_key
        if not self._store.of_document(key):
            return None
        if not self._has_nuxeo_lock(key, document):
            _log.warning(
                "session on %s ended: Nuxeo's lock is %s",
                key,
                f"now {document.lock_owner}'s" if document.lock_owner else "gone",
            )
            self._closed(reference, "ended from outside", document.lock_owner)
            self._forget(key)
            return None
        return self._store.get(file_id)

    def running(
        self, reference: FileReference, file_id: str, document: Document
    ) -> StoredLock | None:
        """The session on a file that may be going on; unlike ``current``, changes nothing."""
        lock = self._store.get(file_id)
        if lock is None or not self._has_nuxeo_lock(reference.document_key, document):
            return None
        return lock

    def begin(self, reference: FileReference, lock: StoredLock, document: Document) -> None:
        """Lock a file that has no live lock, and the document in Nuxeo unless a session has it.

        Raises:
            LockMismatch: somebody else was faster.
            GatewayError: Nuxeo could not lock the document; the file is not locked.
        """
        key = reference.document_key
        is_joined = bool(self._store.of_document(key))
        if not is_joined:
            self._end_former(reference, document, "expired")
        self._begin(reference, lock, document, is_joined=is_joined)
        self._opened(reference, lock)

    def _begin(
        self,
        reference: FileReference,
        lock: StoredLock,
        document: Document,
        *,
        is_joined: bool,
    ) -> None:
        key, owner = reference.document_key, document.lock_owner
        before = self._store.hold(key)
        if owner is not None and owner not in self.owners(reference):
            # Set by hand, by the user who begins.
            by_hand = replace(only_saves(before or Hold(key, None)), owner=owner)
            self._store.put_hold(replace(by_hand, manual_owner=owner))
        elif before is None:
            self._store.put_hold(Hold(key, None))
        if not self._store.take(lock):
            live = self._store.get(lock.file_id)
            raise LockMismatch(live.lock_id if live else "", "locked in the meantime")
        # What a former session left behind is taken over at once, so that a lock that cannot be is
        # known before anything is written.
        if is_joined or owner == lock.user:
            return
        try:
            self.hold_as(reference, document, lock.user, "")
        except (NuxeoRefusal, LockMismatch):
            self._store.release(lock.file_id, lock.lock_id)
            if before is None:
                self._store.drop_hold(key)
            else:
                self._store.put_hold(before)
            raise
        except GatewayError:
            # It may have been locked all the same, or will be: the hold stays to be given back.
            self._store.release(lock.file_id, lock.lock_id)
            raise

    def take_over(
        self, reference: FileReference, lock: StoredLock, former: StoredLock, document: Document
    ) -> None:
        """Lock a file in the place of a session that nobody has been heard of for long.

        Unless another file of the document is being edited, the document's session is then over,
        gets its version, and another one begins.

        Args:
            reference: the file.
            lock: the new one.
            former: the one that the file has, as it was when it was judged.
            document: as Nuxeo shows it at this moment.

        Raises:
            LockMismatch: the former session was heard of meanwhile, had the document locked by
                hand, or Nuxeo's lock cannot be taken over.
            GatewayError: Nuxeo did not answer as expected.
        """
        hold = self._store.hold(reference.document_key)
        if hold is not None and hold.manual_owner not in (None, lock.user):
            raise LockMismatch(former.lock_id, f"{hold.manual_owner} has locked the document")
        # First Nuxeo's lock: if the session comes back at this moment, they are co-authors.
        self.hold_as(reference, document, lock.user, former.lock_id)
        if not self._store.take_over(lock, former.lock_id, former.expires_at):
            live = self._store.get(lock.file_id)
            raise LockMismatch(live.lock_id if live else "", "it is being edited again")
        _log.warning(
            "the lock of %s's silent session on %s was taken over by %s",
            former.user,
            reference.document_key,
            lock.user,
        )
        files = self._store.of_document(reference.document_key)
        if all(each.file_id == lock.file_id for each in files):
            now = replace(document, lock_owner=lock.user)
            self._end_former(reference, now, "taken over", lock.user)
            self._opened(reference, lock)

    def refresh(self, lock: StoredLock, *, new_lock_id: str | None = None) -> bool:
        """Give a live lock its full time again, on demand with another lock id."""
        return self._store.refresh(
            lock.file_id,
            lock.lock_id,
            new_lock_id or lock.lock_id,
            self._clock() + locks.LIFETIME,
        )

    def end(self, reference: FileReference, lock: StoredLock, document: Document) -> bool:
        """Unlock a file; with the last one of its document, also the document in Nuxeo.

        A version of the document is made before, if there is to be one. The file is unlocked also
        when Nuxeo does not answer; all the rest is then done later.

        Args:
            reference: the file.
            lock: on it.
            document: as it was read within this critical section.
        """
        if not self._store.release(lock.file_id, lock.lock_id):
            return False
        if not self._store.of_document(reference.document_key):
            hold = self._closed(reference, "unlocked", lock.user)
            if hold is not None:
                self._give_back(reference, hold, document)
        return True

    def hold_as(
        self, reference: FileReference, document: Document, user: str, lock_id: str
    ) -> None:
        """Make ``user`` the one who has Nuxeo's lock, so that they can write as themselves.

        Args:
            reference: a file of the document.
            document: as Nuxeo shows it at this moment.
            user: a login name.
            lock_id: the WOPI lock, for the refusal.

        Raises:
            LockMismatch: somebody outside the session has Nuxeo's lock, or it cannot be taken over.
            GatewayError: Nuxeo did not answer as expected; the lock is as it was, or will be put
                right by the next call.
        """
        former = document.lock_owner
        if former == user:
            self._confirm(reference, user)
            return
        before = self._store.hold(reference.document_key) or Hold(reference.document_key, None)
        under_way = replace(
            before, owner=former, pending=user, settles_at=self._clock() + _SETTLING
        )
        self._store.put_hold(under_way)
        is_lost = False
        if former is not None:
            try:
                is_lost = self._take_from(reference, former, lock_id)
            except LockMismatch:
                self._store.put_hold(before)
                raise
        try:
            is_lost = self._nuxeo_locks.lock(reference, user) or is_lost
        except NuxeoConflict as error:
            raise LockMismatch("", "somebody else has locked the document in Nuxeo") from error
        except GatewayError:
            if former is not None:
                self._lock_again(reference, former, under_way)
            raise
        settles_at = under_way.settles_at if is_lost else before.settles_at
        after = replace(before, owner=user, pending=None, settles_at=settles_at)
        if self._is_open(after):
            # What was lost may have been about their lock.
            after = replace(after, pending=former or before.owner)
        self._store.put_hold(after)

    def end_idle(self) -> None:
        """Give back Nuxeo's lock where no session is left, whether or not anybody still calls.

        Before, a version of the document is made, if there is to be one.

        What cannot be given back now, because Nuxeo is away, is tried again later.
        """
        for claimed in self._store.claim_idle_holds(_CLAIM):
            key = claimed.document_key
            repository, _, document_id = key.partition("/")
            reference = FileReference(repository, document_id, "file:content")
            with self._store.critical_section(key):
                if not self._store.of_document(key):
                    hold = self._closed(reference, "expired")
                    if hold is not None:
                        self._give_back(reference, hold)

    def _end_former(
        self, reference: FileReference, document: Document, reason: str, user: str | None = None
    ) -> None:
        """Make the version of a session that is over and that nobody has looked after yet.

        Nuxeo's lock is left for the session that begins.
        """
        former = self._closed(reference, reason, user)
        if former is not None and former.owners:
            hold = self._versioning.at_session_end(reference, former, document)
            if hold != former:
                self._store.put_hold(hold)

    def _opened(self, reference: FileReference, lock: StoredLock) -> None:
        """Note that a session began, and tell so, if the document had none."""
        hold = self._store.hold(reference.document_key)
        if hold is not None and not hold.opened_at:
            self._store.put_hold(replace(hold, opened_at=self._clock()))
            self._tell(EventKind.SESSION_OPENED, reference, lock.user, {"client": lock.client})

    def _closed(
        self, reference: FileReference, reason: str, user: str | None = None
    ) -> Hold | None:
        """Note that the document's session is over, and tell so, once over all processes.

        Returns:
            What there is of it to be put in order.
        """
        hold = self._store.hold(reference.document_key)
        if hold is None or not hold.opened_at:
            return hold
        closed = waits_for_version(replace(hold, opened_at=0.0), self._clock())
        self._store.put_hold(closed)
        seconds = round(self._clock() - hold.opened_at)
        self._tell(
            EventKind.SESSION_CLOSED, reference, user, {"reason": reason, "seconds": seconds}
        )
        return closed

    def _tell(
        self,
        kind: EventKind,
        reference: FileReference,
        user: str | None,
        details: Mapping[str, str | int],
    ) -> None:
        self._events.emit(
            Event(
                kind,
                reference.repository,
                reference.document_id,
                reference.xpath if kind is EventKind.SESSION_OPENED else None,
                user,
                self._clock(),
                details,
            )
        )

    def _has_nuxeo_lock(self, key: str, document: Document) -> bool:
        hold = self._store.hold(key)
        if hold is None:
            return False
        # While it is being handed over, it may for a moment be nobody's. A lost call may take it
        # away for longer, and that ends nobody's session.
        is_under_way = hold.pending is not None or self._is_open(hold)
        return document.lock_owner in hold.owners or (document.lock_owner is None and is_under_way)

    def _is_open(self, hold: Hold) -> bool:
        """Whether a call to which Nuxeo did not answer may still lock or unlock the document."""
        return hold.settles_at > self._clock()

    def _confirm(self, reference: FileReference, owner: str) -> None:
        """Note that Nuxeo's lock was seen to be ``owner``'s."""
        hold = self._store.hold(reference.document_key)
        if hold is None or (hold.owner == owner and hold.pending is None):
            return
        is_open = hold.pending not in (None, owner) and self._is_open(hold)
        self._store.put_hold(replace(hold, owner=owner, pending=hold.pending if is_open else None))

    def _take_from(self, reference: FileReference, former: str, lock_id: str) -> bool:
        try:
            return self._nuxeo_locks.unlock(reference, former)
        except NuxeoConflict as error:
            raise LockMismatch("", "somebody else has locked the document in Nuxeo") from error
        except NuxeoRefusal as error:
            raise LockMismatch(
                lock_id,
                f"Nuxeo's lock is {former}'s and cannot be taken over;"
                " an administrator has to unlock the document",
            ) from error

    def _lock_again(self, reference: FileReference, former: str, hold: Hold) -> None:
        try:
            self._nuxeo_locks.lock(reference, former)
        except GatewayError as error:
            _log.warning("Nuxeo's lock on %s is in the balance: %s", hold.document_key, error)
            return
        # All is as before, but for what the call that failed may yet do: the hold stays as it is.

    def _forget(self, key: str) -> None:
        """Nuxeo's lock is no session's any more; what was saved may still need a version."""
        hold = self._store.hold(key)
        self._store.forget_document(key)
        if hold is not None and self._is_open(hold):
            # A lost call may lock the document yet, when nobody looks after it any more.
            self._store.put_hold(replace(hold, manual_owner=None))
        elif hold is not None and hold.saved_at:
            self._store.put_hold(only_saves(hold))

    def _give_back(
        self, reference: FileReference, held: Hold, document: Document | None = None
    ) -> None:
        """Make the session's version, and release Nuxeo's lock.

        One set by hand before the session is left there, or put back.
        """
        hold = self._versioning.at_session_end(reference, held, document)
        if hold != held:
            self._store.put_hold(hold)
        is_lost = False
        try:
            for user in sorted(hold.owners - {hold.manual_owner}):
                is_lost = self._unlock(reference, user) or is_lost
            if hold.manual_owner is not None and hold.owners != {hold.manual_owner}:
                self._lock_by_hand(reference, hold.manual_owner)
        except NuxeoRefusal as error:
            # Whoever it belongs to has lost their account or the right to read the document.
            _log.error(
                "Nuxeo's lock on %s cannot be given back, an administrator has to unlock it: %s",
                hold.document_key,
                error,
            )
            self._store.defer_hold(hold.document_key, _REFUSED_AGAIN)
            return
        except GatewayError as error:
            _log.warning("Nuxeo's lock on %s is not given back yet: %s", hold.document_key, error)
            self._store.put_hold(replace(hold, settles_at=self._clock() + _SETTLING))
            return
        if is_lost:
            hold = replace(hold, settles_at=self._clock() + _SETTLING)
        watched = sorted(hold.owners - {hold.manual_owner})
        if watched and self._is_open(hold):
            _log.info("Nuxeo's lock on %s is looked at again later", hold.document_key)
            owner, pending = watched[0], watched[1] if len(watched) > 1 else None
            # What was set by hand has been put back, and is no session's any more.
            self._store.put_hold(replace(hold, owner=owner, pending=pending, manual_owner=None))
            return
        if hold.owners:
            _log.info("Nuxeo's lock on %s was given back", hold.document_key)
        if hold.saved_at:
            self._store.put_hold(only_saves(hold))
        else:
            self._store.drop_hold(hold.document_key)

    def _unlock(self, reference: FileReference, owner: str) -> bool:
        try:
            return self._nuxeo_locks.unlock(reference, owner)
        except (NuxeoConflict, NuxeoNotFound) as error:
            # Somebody else's lock by now, or no such document any more.
            _log.info("nothing to unlock for %s: %s", owner, error)
            return False

    def _lock_by_hand(self, reference: FileReference, user: str) -> None:
        try:
            self._nuxeo_locks.lock(reference, user)
        except NuxeoRefusal as error:
            # Locked by somebody else since, no longer allowed, or gone: it cannot be put back.
            _log.warning("the lock that %s had set by hand cannot be put back: %s", user, error)
