"""Whether a change of a file may go on: judged by the document as it was just read."""

from __future__ import annotations

from dataclasses import dataclass

from connector.file_reference import FileReference
from connector.lock_store.base import StoredLock
from connector.nuxeo_gateway.documents import Blob, Document
from connector.wopi import locks
from connector.wopi.locks import LockAction, LockOperation
from connector.wopi.opened import OpenFile
from connector.wopi.operations import located, mismatch, refuse_if
from connector.wopi.rights import Rights
from connector.wopi.sessions import Sessions


@dataclass(frozen=True)
class Admitted:
    """A change that may go on.

    Attributes:
        place: where the file is now.
        document: as it was just read.
        blob: the file in it.
        lock: the WOPI lock that the caller showed; ``None`` where the file has none.
    """

    place: FileReference
    document: Document
    blob: Blob
    lock: StoredLock | None

    @property
    def lock_id(self) -> str:
        """The current lock id, as a 409 carries it."""
        return self.lock.lock_id if self.lock else ""


def admit(
    operation: LockOperation,
    file: OpenFile,
    document: Document,
    lock_id: str | None,
    sessions: Sessions,
    rights: Rights,
) -> Admitted:
    """Let a change go on, or not. Within the document's critical section.

    Args:
        operation: what is to be done.
        file: which file, and who changes it.
        document: as it was just read.
        lock_id: X-WOPI-Lock; ``None`` when the request has none.
        sessions: knows the file's lock, and in whose name Nuxeo's may be held.
        rights: who may write.

    Raises:
        LockMismatch: locked with another id, or not to be changed.
        NotFound: no such file, or no right to write it.
    """
    current = sessions.current(file.reference, file.file_id, document)
    held = current.lock_id if current else None
    if locks.decide(operation, held, lock_id) is LockAction.CONFLICT:
        raise mismatch(current)
    owners = sessions.owners(file.reference)
    refuse_if(file.obstacle(rights, document, owners), document, current)
    place, blob = located(file, document, current)
    return Admitted(place, document, blob, current)


def take_over(file: OpenFile, admitted: Admitted, sessions: Sessions) -> None:
    """Make the caller the one who has Nuxeo's lock, where a session has it or has left it behind.

    It may be a session on another file of the document: Nuxeo locks documents.

    Raises:
        LockMismatch, GatewayError: as :meth:`Sessions.hold_as`.
    """
    is_others = admitted.document.lock_owner not in (None, file.user)
    if admitted.lock is not None or is_others:
        sessions.hold_as(file.reference, admitted.document, file.user, admitted.lock_id)
