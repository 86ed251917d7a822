"""What each WOPI operation on a file does, apart from HTTP.

An operation is handed a checked access token and what the request said, and comes back with an
answer or raises a :class:`connector.wopi.errors.WopiError`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connector.events.events import NO_EVENTS, Event, EventKind, Events
from connector.file_reference import FileReference
from connector.lock_store.base import Given, LockStore, LockStoreBusy, StoredLock
from connector.nuxeo_gateway.blobs import BlobStream
from connector.nuxeo_gateway.documents import Blob, Document
from connector.nuxeo_gateway.errors import (
    GatewayError,
    NuxeoFailed,
    NuxeoForbidden,
    NuxeoNotFound,
    NuxeoRefusedUser,
    NuxeoTooLarge,
)
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.nuxeo_gateway.permissions import ReadOnlyReason
from connector.wopi import file_id as file_ids
from connector.wopi import locks
from connector.wopi.errors import (
    LockMismatch,
    NotFound,
    PreconditionFailed,
    ServerError,
    TooLarge,
    Unauthorized,
)
from connector.wopi.file_infos import FileInfos
from connector.wopi.locks import LockAction, LockOperation
from connector.wopi.opened import OpenFile
from connector.wopi.places import place_of
from connector.wopi.rights import Rights
from connector.wopi.sessions import Sessions
from connector.wopi.versions import Versions, content_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LockAnswer:
    """What a lock operation says on success.

    ``lock_id`` is for GetLock only; ``version`` becomes X-WOPI-ItemVersion.
    """

    version: str | None = None
    lock_id: str | None = None


@dataclass(frozen=True)
class Content:
    """What GetFile hands out.

    Attributes:
        stream: the content, to be closed.
        version: becomes X-WOPI-ItemVersion, if it can be told.
        note_given: to be called when all of it was read, before the last of it is sent.
    """

    stream: BlobStream
    version: str | None
    note_given: Callable[[], None]


class FileOperations:
    """CheckFileInfo, GetFile and the lock operations; PutFile is in :mod:`connector.wopi.saving`.

    Args:
        gateway: Nuxeo.
        store: WOPI locks.
        sessions: keeps them in step with Nuxeo's.
        rights: who may write.
        versions: of contents.
        infos: makes the answers to CheckFileInfo.
        stale_lock_after: seconds without a refresh or a save after which a lock may be taken over;
            0 for never.
        instance: prefix of file ids.
        events: is told of locks that were refused.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        gateway: NuxeoGateway,
        store: LockStore,
        sessions: Sessions,
        rights: Rights,
        versions: Versions,
        infos: FileInfos,
        *,
        stale_lock_after: float = 0,
        instance: str = "",
        events: Events = NO_EVENTS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._stale_lock_after = stale_lock_after
        self._instance = instance
        self._events = events
        self._gateway = gateway
        self._store = store
        self._sessions = sessions
        self._rights = rights
        self._versions = versions
        self._infos = infos
        self._clock = clock

    def check_file_info(self, file: OpenFile) -> dict[str, Any]:
        """CheckFileInfo: one call to Nuxeo."""
        with nuxeo_errors():
            document, owners = self._rights.read(file.reference, file.user, with_ancestors=True)
            _, blob = located(file, document, self._store.get(file.file_id), to_read=True)
            return self._infos.of(
                file,
                document,
                blob,
                version=self._versions.of_blob(file.file_id, document, blob),
                can_write=file.obstacle(self._rights, document, owners) is None,
                user_info=self._store.user_info(file.user, file.token.client),
            )

    def get_file(self, file: OpenFile, max_expected_size: int) -> Content:
        """GetFile: the content and its version; one call to Nuxeo.

        A second one for content that was not seen before, and a third for a file in a list that has
        moved since it was locked.

        The caller closes the stream.

        Raises:
            PreconditionFailed: the file is larger than ``max_expected_size`` bytes.
        """
        with nuxeo_errors():
            stream = self._open(file)
            stream = self._follow(file, stream)
            try:
                length, name, version = self._described(file, stream)
            except BaseException:
                stream.close()
                raise
        if length > max_expected_size:
            stream.close()
            raise PreconditionFailed("the file is larger than X-WOPI-MaxExpectedSize")
        return Content(stream, version, lambda: self._note_given(file, name, stream.file_name))

    def lock(self, file: OpenFile, lock_id: str) -> LockAnswer:
        """Lock: two calls to Nuxeo, one to refresh."""
        try:
            return self._on_lock(LockOperation.LOCK, file, lock_id)
        except LockMismatch as error:
            if not error.headers["X-WOPI-Lock"]:
                # Not another session, which office clients join, but somebody or something outside.
                reference = file.reference
                self._events.emit(
                    Event(
                        EventKind.CONFLICT,
                        reference.repository,
                        reference.document_id,
                        reference.xpath,
                        file.user,
                        self._clock(),
                        {"reason": error.reason},
                    )
                )
            raise

    def unlock_and_relock(self, file: OpenFile, lock_id: str, old_lock_id: str) -> LockAnswer:
        """UnlockAndRelock: one call to Nuxeo."""
        return self._on_lock(LockOperation.UNLOCK_AND_RELOCK, file, old_lock_id, lock_id)

    def get_lock(self, file: OpenFile) -> LockAnswer:
        """GetLock: one call to Nuxeo."""
        return self._on_lock(LockOperation.GET_LOCK, file, None)

    def refresh_lock(self, file: OpenFile, lock_id: str) -> LockAnswer:
        """RefreshLock: one call to Nuxeo."""
        return self._on_lock(LockOperation.REFRESH_LOCK, file, lock_id)

    def unlock(self, file: OpenFile, lock_id: str) -> LockAnswer:
        """Unlock: two calls to Nuxeo."""
        return self._on_lock(LockOperation.UNLOCK, file, lock_id)

    def _on_lock(
        self,
        operation: LockOperation,
        file: OpenFile,
        presented: str | None,
        new_lock_id: str | None = None,
    ) -> LockAnswer:
        """Look first, and enter the critical section only for what changes Nuxeo's lock.

        Otherwise whoever refreshes or asks would wait behind a slow save of the same document.
        """
        will_change = operation is LockOperation.UNLOCK or (
            operation is LockOperation.LOCK and self._store.get(file.file_id) is None
        )
        with nuxeo_errors():
            if file.token.is_over:
                refuse_if_over(file, self._store.get(file.file_id), presented)
            if not will_change:
                answer = self._without_section(operation, file, presented, new_lock_id)
                if answer is not None:
                    return answer
            with self._store.critical_section(file.reference.document_key):
                return self._in_section(operation, file, presented, new_lock_id)

    def _without_section(
        self,
        operation: LockOperation,
        file: OpenFile,
        presented: str | None,
        new_lock_id: str | None,
    ) -> LockAnswer | None:
        """The answer, if it can be given without a change of Nuxeo's lock."""
        document, owners = self._rights.read(file.reference, file.user)
        if self._sessions.is_broken(file.reference, document):
            return None
        current = self._store.get(file.file_id)
        action = locks.decide(operation, current.lock_id if current else None, presented)
        if action in (LockAction.TAKE, LockAction.RELEASE):
            return None
        if self._may_be_taken_over(operation, action, current, document):
            return None
        if action in (LockAction.REFRESH, LockAction.REPLACE) and document.lock_owner is None:
            return None
        return self._answer(file, document, owners, current, action, new_lock_id)

    def _in_section(
        self,
        operation: LockOperation,
        file: OpenFile,
        presented: str | None,
        new_lock_id: str | None,
    ) -> LockAnswer:
        document = self._gateway.documents.get(file.reference, file.user)
        current = self._sessions.current(file.reference, file.file_id, document)
        owners = self._sessions.owners(file.reference)
        action = locks.decide(operation, current.lock_id if current else None, presented)
        if action is LockAction.TAKE:
            assert presented is not None
            self._take(file, document, owners, presented)
            return self._with_version(file, document)
        if current is not None and self._may_be_taken_over(operation, action, current, document):
            assert presented is not None
            refuse_if(file.obstacle(self._rights, document, owners), document, current)
            lock = self._lock_of(file, document, presented)
            self._sessions.take_over(file.reference, lock, current, document)
            return self._with_version(file, document)
        return self._answer(file, document, owners, current, action, new_lock_id)

    def _may_be_taken_over(
        self,
        operation: LockOperation,
        action: LockAction,
        current: StoredLock | None,
        document: Document,
    ) -> bool:
        """Whether Lock with another id is to end a session that nobody has been heard of."""
        return (
            operation is LockOperation.LOCK
            and action is LockAction.CONFLICT
            and current is not None
            and locks.is_stale(
                current.expires_at, self._clock(), self._stale_lock_after, document.modified_at
            )
        )

    def _answer(
        self,
        file: OpenFile,
        document: Document,
        owners: frozenset[str],
        current: StoredLock | None,
        action: LockAction,
        new_lock_id: str | None,
    ) -> LockAnswer:
        """What every action but taking a lock comes to."""
        if current is None:
            file.blob_in(document)
            if document.lock_owner not in (None, file.user, *owners):
                raise LockMismatch("", f"it is locked in Nuxeo by {document.lock_owner}")
        if action is LockAction.REPORT:
            return LockAnswer(lock_id=current.lock_id if current else "")
        if action is LockAction.CONFLICT or current is None:
            raise mismatch(current)
        reason = file.obstacle(self._rights, document, owners)
        if action is LockAction.RELEASE:
            # Whatever has become of the document, leaving it is always right for those who may
            # write, and for whoever's name the lock is in.
            is_own = file.may_edit and file.user in (current.user, *owners)
            if reason is ReadOnlyReason.NO_PERMISSION and not is_own:
                raise NotFound(reason.value)
            done = self._sessions.end(file.reference, current, document)
        else:
            refuse_if(reason, document, current)
            if document.lock_owner is None:
                # A hand-over broke off: whoever comes next has it.
                self._sessions.hold_as(file.reference, document, file.user, current.lock_id)
            done = self._sessions.refresh(current, new_lock_id=new_lock_id)
        if not done:
            raise mismatch(self._store.get(file.file_id))
        return self._with_version(file, document)

    def _take(
        self, file: OpenFile, document: Document, owners: frozenset[str], lock_id: str
    ) -> None:
        refuse_if(file.obstacle(self._rights, document, owners), document, None)
        self._sessions.begin(file.reference, self._lock_of(file, document, lock_id), document)

    def _lock_of(self, file: OpenFile, document: Document, lock_id: str) -> StoredLock:
        """The lock that a session on the file as it is now begins with."""
        file.blob_in(document)
        # A session that was over, also without its knowing, may begin anew with what it still has.
        given = self._store.given(file.file_id, file.token.client, file.token.session)
        is_own = given is not None and given.is_of(file.token.session)
        place = place_of(file.reference, document, given if is_own else None)
        blob = document.blob(place.xpath) if place else None
        if blob is None:
            raise LockMismatch("", "another file has taken this file's place in Nuxeo")
        self._refuse_if_locked_under_another_id(file, document, place)
        content = content_of(document, blob)
        client_has = ""
        if given is not None and given.content != content:
            if is_own:
                client_has = given.content
            elif "/" not in file.reference.xpath or given.file_name == blob.name:
                # It was for somebody else; what the client has for this one, nobody can tell.
                client_has = content
        return StoredLock(
            file_id=file.file_id,
            document_key=file.reference.document_key,
            lock_id=lock_id,
            user=file.user,
            expires_at=self._clock() + locks.LIFETIME,
            content=content,
            file_name=blob.name,
            mime_type=blob.mime_type,
            client=file.token.client,
            path=document.path,
            session=file.token.session,
            client_has=client_has,
        )

    def _refuse_if_locked_under_another_id(
        self, file: OpenFile, document: Document, place: FileReference | None
    ) -> None:
        """A file that has moved in its list since it was locked has the lock where it is now."""
        if "/" not in file.reference.xpath:
            return
        for other in self._store.of_document(file.reference.document_key):
            if other.file_id == file.file_id:
                continue
            try:
                reference = file_ids.decode(other.file_id, self._instance)
            except file_ids.InvalidFileId:
                continue  # Of another installation, which knows its own files.
            if place_of(reference, document, other) == place:
                raise LockMismatch(
                    "", f"it is being edited, from its former place, by {other.user}"
                )

    def _with_version(self, file: OpenFile, document: Document) -> LockAnswer:
        place = place_of(file.reference, document, self._store.get(file.file_id))
        blob = document.blob(place.xpath) if place else None
        if blob is None:
            return LockAnswer()
        return LockAnswer(version=self._versions.of_blob(file.file_id, document, blob))

    def _open(self, file: OpenFile) -> BlobStream:
        try:
            return self._gateway.blobs.open(file.reference, file.user)
        except NuxeoFailed:
            # Nuxeo answers 500 when there is no blob: only then is a second call needed.
            file.blob_in(self._gateway.documents.get(file.reference, file.user))
            raise

    def _follow(self, file: OpenFile, stream: BlobStream) -> BlobStream:
        """The content of the file that was locked, if another has taken its place in a list."""
        lock = self._store.get(file.file_id) if "/" in file.reference.xpath else None
        if lock is None or stream.digest == lock.content:
            return stream
        try:
            document = self._gateway.documents.get(file.reference, file.user)
            place, _ = located(file, document, lock, to_read=True)
        except BaseException:
            stream.close()
            raise
        if place == file.reference:
            return stream
        stream.close()
        return self._gateway.blobs.open(place, file.user)

    def _note_given(self, file: OpenFile, content: str, file_name: str) -> None:
        """Remember what the office client has now. Only what is for editing ever comes back."""
        if not file.token.session:
            return
        given = Given(file.token.session, content, file_name)
        try:
            self._store.note_given(file.file_id, file.token.client, given)
        except LockStoreBusy as error:
            _log.warning("who has which content could not be noted: %s", error)

    def _described(self, file: OpenFile, stream: BlobStream) -> tuple[int, str, str | None]:
        """How long the content is, what names it, and its version if that can be told."""
        version = self._versions.of_digest(file.file_id, stream.digest)
        if version is not None and stream.digest is not None and stream.length is not None:
            return stream.length, stream.digest, version
        document = self._gateway.documents.get(file.reference, file.user)
        _, blob = located(file, document, self._store.get(file.file_id), to_read=True)
        noted = self._versions.of_blob(file.file_id, document, blob)
        if stream.digest in (None, blob.digest):
            version = noted
        content = stream.digest or content_of(document, blob)
        return blob.length if stream.length is None else stream.length, content, version


def refuse_if_over(file: OpenFile, current: StoredLock | None, lock_id: str | None) -> None:
    """Refuse a token that has ended, unless it is to bring to its end what is locked still.

    A laptop that slept, or somebody who typed to the last moment, is let save and unlock what they
    have. Whether they still may write is judged as ever.

    Args:
        file: which file, and who asks.
        current: the file's live lock.
        lock_id: X-WOPI-Lock; ``None`` when the request has none.

    Raises:
        Unauthorized: the token has ended, and it is not for editing, or the file is not locked with
            this lock id.
    """
    if not file.token.is_over:
        return
    if not file.may_edit or current is None or current.lock_id != lock_id:
        raise Unauthorized("the access token is not valid: expired")
    _log.info("%s goes on with a token that has ended: its lock is held", file.user)


def located(
    file: OpenFile, document: Document, lock: StoredLock | None, *, to_read: bool = False
) -> tuple[FileReference, Blob]:
    """Where the file is and what it is; while it is locked, wherever it has moved in its list.

    Raises:
        NotFound: there is no file; or, ``to_read``, another one has taken its place.
        LockMismatch: another file has taken its place, and it is nowhere else.
    """
    place = place_of(file.reference, document, lock)
    blob = document.blob(place.xpath) if place else None
    if place is not None and blob is not None:
        return place, blob
    file.blob_in(document)
    reason = "another file has taken this file's place in Nuxeo"
    if to_read or lock is None:
        raise NotFound(reason)
    raise LockMismatch(lock.lock_id, reason)


def refuse_if(
    reason: ReadOnlyReason | None, document: Document, current: StoredLock | None
) -> None:
    """Refuse to change a document that is read-only for the caller.

    Raises:
        NotFound: the caller has no right to write, in the words of WOPI.
        LockMismatch: the document is in a state in which nobody may write, or not this caller.
    """
    if reason is None:
        return
    if reason is ReadOnlyReason.NO_PERMISSION:
        raise NotFound(reason.value)
    holder = f" by {document.lock_owner}" if reason is ReadOnlyReason.LOCKED else ""
    raise LockMismatch(current.lock_id if current else "", reason.value + holder)


def mismatch(current: StoredLock | None) -> LockMismatch:
    """The refusal of a lock id that is not the current one."""
    if current is None:
        return LockMismatch("", "the file is not locked")
    return LockMismatch(current.lock_id, f"the file is being edited by {current.user}")


@contextmanager
def nuxeo_errors() -> Iterator[None]:
    """Turn what went wrong with Nuxeo or the lock store into what WOPI calls it.

    A document that the user may not read does not exist for them.
    """
    try:
        yield
    except (NuxeoNotFound, NuxeoForbidden) as error:
        raise NotFound("no such file for this user") from error
    except NuxeoRefusedUser as error:
        raise Unauthorized("Nuxeo does not accept the user") from error
    except NuxeoTooLarge as error:
        raise TooLarge("Nuxeo has no room for it: a quota, or a limit of a proxy") from error
    except GatewayError as error:
        raise ServerError(str(error)) from error
    except LockStoreBusy as error:
        raise ServerError(str(error)) from error
