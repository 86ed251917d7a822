"""What each WOPI operation on a file does, apart from HTTP.

An operation is handed a checked access token and what the request said, and comes back with an
answer or raises a :class:`connector.wopi.errors.WopiError`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connector.file_reference import FileReference
from connector.links import Links
from connector.lock_store.base import LockStore, LockStoreBusy, StoredLock
from connector.nuxeo_gateway.blobs import BlobStream
from connector.nuxeo_gateway.documents import Blob, Document
from connector.nuxeo_gateway.errors import (
    GatewayError,
    NuxeoFailed,
    NuxeoForbidden,
    NuxeoNotFound,
    NuxeoRefusedUser,
)
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.nuxeo_gateway.permissions import ReadOnlyReason, read_only_reason
from connector.wopi import locks
from connector.wopi.access_token import AccessToken, Grant
from connector.wopi.errors import (
    LockMismatch,
    NotFound,
    PreconditionFailed,
    ServerError,
    Unauthorized,
)
from connector.wopi.file_info import check_file_info
from connector.wopi.locks import LockAction, LockOperation
from connector.wopi.sessions import Sessions
from connector.wopi.versions import Versions


@dataclass(frozen=True)
class OpenFile:
    """The file that a request is about, and who asks."""

    file_id: str
    reference: FileReference
    token: AccessToken

    @property
    def user(self) -> str:
        """Login name."""
        return self.token.user


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
        links: makes URLs.
        brand_name: see CheckFileInfo.
        business_user: see CheckFileInfo.
    """

    def __init__(
        self,
        gateway: NuxeoGateway,
        store: LockStore,
        sessions: Sessions,
        links: Links,
        *,
        brand_name: str,
        business_user: bool,
    ) -> None:
        self._gateway = gateway
        self._store = store
        self._links = links
        self._brand_name = brand_name
        self._business_user = business_user
        self.sessions = sessions
        self.versions = Versions(store)

    def check_file_info(self, file: OpenFile) -> dict[str, Any]:
        """CheckFileInfo: one call to Nuxeo."""
        with nuxeo_errors():
            document, blob = self.read(file, with_ancestors=True)
        obstacle = self.obstacle(file, document, self.sessions.owner(file.reference))
        return check_file_info(
            document,
            blob,
            reference=file.reference,
            token=file.token,
            version=self.versions.of_blob(file.file_id, document, blob),
            can_write=obstacle is None,
            links=self._links,
            brand_name=self._brand_name,
            business_user=self._business_user,
        )

    def get_file(self, file: OpenFile, max_expected_size: int) -> tuple[BlobStream, str | None]:
        """GetFile: the content and its version; one call to Nuxeo.

        The caller closes the stream.

        Raises:
            PreconditionFailed: the file is larger than ``max_expected_size`` bytes.
        """
        with nuxeo_errors():
            stream = self._open(file)
        if stream.length is not None and stream.length > max_expected_size:
            stream.close()
            raise PreconditionFailed("the file is larger than X-WOPI-MaxExpectedSize")
        return stream, self.versions.of_stream(file.file_id, stream)

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

    def read(self, file: OpenFile, *, with_ancestors: bool = False) -> tuple[Document, Blob]:
        """The document and the blob in it.

        Raises:
            NotFound: the document has no blob there.
            GatewayError: as Nuxeo answered.
        """
        document = self._gateway.documents.get(
            file.reference, file.user, with_ancestors=with_ancestors
        )
        blob = document.blob(file.reference.xpath)
        if blob is None:
            raise NotFound("the document has no file there")
        return document, blob

    @staticmethod
    def obstacle(
        file: OpenFile, document: Document, session_owner: str | None
    ) -> ReadOnlyReason | None:
        """Why the caller cannot change the file: Nuxeo's reason, or a token for viewing."""
        if file.token.grant is not Grant.EDIT:
            return ReadOnlyReason.NO_PERMISSION
        return read_only_reason(document, file.user, session_owner=session_owner)

    def _on_lock(
        self,
        operation: LockOperation,
        file: OpenFile,
        presented: str | None,
        new_lock_id: str | None = None,
    ) -> LockAnswer:
        with nuxeo_errors(), self._store.critical_section(file.reference.document_key):
            document, blob = self.read(file)
            current = self.sessions.current(file.reference, file.file_id, document)
            action = locks.decide(operation, current.lock_id if current else None, presented)
            if action is LockAction.REPORT:
                return LockAnswer(lock_id=current.lock_id if current else "")
            if action is LockAction.CONFLICT:
                raise mismatch(current)
            self._refuse_if_read_only(operation, file, document, current)
            if action is LockAction.TAKE:
                assert presented is not None
                self.sessions.begin(file.reference, file.file_id, presented, document, file.user)
            else:
                assert current is not None
                done = (
                    self.sessions.end(file.reference, current)
                    if action is LockAction.RELEASE
                    else self.sessions.refresh(current, new_lock_id=new_lock_id)
                )
                if not done:
                    raise mismatch(self._store.get(file.file_id))
            return LockAnswer(version=self.versions.of_blob(file.file_id, document, blob))

    def _refuse_if_read_only(
        self,
        operation: LockOperation,
        file: OpenFile,
        document: Document,
        current: StoredLock | None,
    ) -> None:
        if (
            operation is LockOperation.UNLOCK
            and file.token.grant is Grant.EDIT
            and current is not None
            and current.nuxeo_owner == file.user
        ):
            # Whoever lost the right to write may still give back the lock that is in their name.
            return
        owner = self.sessions.adoptable_owner(file.reference, document)
        refuse_if(self.obstacle(file, document, owner), document, current)

    def _open(self, file: OpenFile) -> BlobStream:
        try:
            return self._gateway.blobs.open(file.reference, file.user)
        except NuxeoFailed:
            # Nuxeo answers 500 when there is no blob: only then is a second call needed.
            self.read(file)
            raise


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
    return LockMismatch(current.lock_id, f"the file is being edited by {current.nuxeo_owner}")


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
