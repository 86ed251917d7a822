"""What each WOPI operation on a file does, apart from HTTP.

An operation is handed a checked access token and what the request said, and comes back with an
answer or raises a :class:`connector.wopi.errors.WopiError`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connector.links import Links
from connector.lock_store.base import LockStore, LockStoreBusy, StoredLock
from connector.nuxeo_gateway.blobs import BlobStream
from connector.nuxeo_gateway.documents import Document
from connector.nuxeo_gateway.errors import (
    GatewayError,
    NuxeoFailed,
    NuxeoForbidden,
    NuxeoNotFound,
    NuxeoRefusedUser,
)
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.nuxeo_gateway.permissions import ReadOnlyReason
from connector.wopi import locks
from connector.wopi.errors import (
    LockMismatch,
    NotFound,
    PreconditionFailed,
    ServerError,
    Unauthorized,
)
from connector.wopi.file_info import check_file_info
from connector.wopi.file_url import FileUrls
from connector.wopi.locks import LockAction, LockOperation
from connector.wopi.opened import OpenFile
from connector.wopi.rights import Rights
from connector.wopi.sessions import Sessions
from connector.wopi.versions import Versions, content_of


@dataclass(frozen=True)
class LockAnswer:
    """What a lock operation says on success.

    ``lock_id`` is for GetLock only; ``version`` becomes X-WOPI-ItemVersion.
    """

    version: str | None = None
    lock_id: str | None = None


class FileOperations:
    """CheckFileInfo, GetFile and the lock operations; PutFile is in :mod:`connector.wopi.saving`.

    Args:
        gateway: Nuxeo.
        store: WOPI locks.
        sessions: keeps them in step with Nuxeo's.
        rights: who may write.
        versions: of contents.
        links: makes URLs.
        brand_name: see CheckFileInfo.
        business_user: see CheckFileInfo.
        file_urls: makes FileUrl; ``None`` to offer none.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        gateway: NuxeoGateway,
        store: LockStore,
        sessions: Sessions,
        rights: Rights,
        versions: Versions,
        links: Links,
        *,
        brand_name: str,
        business_user: bool,
        file_urls: FileUrls | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._gateway = gateway
        self._store = store
        self._sessions = sessions
        self._rights = rights
        self._versions = versions
        self._links = links
        self._brand_name = brand_name
        self._business_user = business_user
        self._file_urls = file_urls
        self._clock = clock

    def check_file_info(self, file: OpenFile) -> dict[str, Any]:
        """CheckFileInfo: one call to Nuxeo."""
        with nuxeo_errors():
            document, owners = self._rights.read(file.reference, file.user, with_ancestors=True)
            blob = file.blob_in(document)
            info = check_file_info(
                document,
                blob,
                reference=file.reference,
                token=file.token,
                version=self._versions.of_blob(file.file_id, document, blob),
                can_write=file.obstacle(self._rights, document, owners) is None,
                links=self._links,
                brand_name=self._brand_name,
                business_user=self._business_user,
            )
        if self._file_urls is not None:
            info["FileUrl"] = self._file_urls.of(file)
        return info

    def get_file(self, file: OpenFile, max_expected_size: int) -> tuple[BlobStream, str | None]:
        """GetFile: the content and its version; one call to Nuxeo, two for content not seen before.

        The caller closes the stream.

        Raises:
            PreconditionFailed: the file is larger than ``max_expected_size`` bytes.
        """
        with nuxeo_errors():
            stream = self._open(file)
            try:
                length, version = self._length_and_version(file, stream)
            except BaseException:
                stream.close()
                raise
        if length > max_expected_size:
            stream.close()
            raise PreconditionFailed("the file is larger than X-WOPI-MaxExpectedSize")
        return stream, version

    def lock(self, file: OpenFile, lock_id: str) -> LockAnswer:
        """Lock: two calls to Nuxeo, one to refresh."""
        return self._on_lock(LockOperation.LOCK, file, lock_id)

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
        if not self._sessions.is_settled(file.reference, document):
            return None
        current = self._store.get(file.file_id)
        action = locks.decide(operation, current.lock_id if current else None, presented)
        if action in (LockAction.TAKE, LockAction.RELEASE):
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
        return self._answer(file, document, owners, current, action, new_lock_id)

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
        if action is not LockAction.RELEASE:
            file.blob_in(document)
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
            done = self._sessions.end(file.reference, current)
        else:
            refuse_if(reason, document, current)
            self._sessions.settle(file.reference, document, file.user, current.lock_id)
            done = self._sessions.refresh(current, new_lock_id=new_lock_id)
        if not done:
            raise mismatch(self._store.get(file.file_id))
        return self._with_version(file, document)

    def _take(
        self, file: OpenFile, document: Document, owners: frozenset[str], lock_id: str
    ) -> None:
        blob = file.blob_in(document)
        refuse_if(file.obstacle(self._rights, document, owners), document, None)
        lock = StoredLock(
            file_id=file.file_id,
            document_key=file.reference.document_key,
            lock_id=lock_id,
            user=file.user,
            expires_at=self._clock() + locks.LIFETIME,
            content=content_of(document, blob),
            file_name=blob.name,
            mime_type=blob.mime_type,
        )
        self._sessions.begin(file.reference, lock, document)

    def _with_version(self, file: OpenFile, document: Document) -> LockAnswer:
        blob = document.blob(file.reference.xpath)
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

    def _length_and_version(self, file: OpenFile, stream: BlobStream) -> tuple[int, str | None]:
        version = self._versions.of_digest(file.file_id, stream.digest)
        if version is not None and stream.length is not None:
            return stream.length, version
        document = self._gateway.documents.get(file.reference, file.user)
        blob = file.blob_in(document)
        noted = self._versions.of_blob(file.file_id, document, blob)
        if stream.digest in (None, blob.digest):
            version = noted
        return blob.length if stream.length is None else stream.length, version


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
    except GatewayError as error:
        raise ServerError(str(error)) from error
    except LockStoreBusy as error:
        raise ServerError(str(error)) from error
