"""DeleteFile: a main file's document goes to Nuxeo's trash, where it can be taken back from.

An attachment is not removed: it is named by its position, so the file ids that were handed out for
those behind it would then be other files'. CheckFileInfo says so, and the operation is answered as
one that there is not.

Source: the page DeleteFile.
"""

from __future__ import annotations

from connector.file_reference import DocumentReference, FileReference
from connector.lock_store.base import LockStore
from connector.nuxeo_gateway.errors import NuxeoForbidden
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.wopi import locks
from connector.wopi.errors import LockMismatch, NotFound, NotImplementedOperation
from connector.wopi.file_info import can_delete
from connector.wopi.locks import LockAction, LockOperation
from connector.wopi.opened import OpenFile
from connector.wopi.operations import mismatch, nuxeo_errors, refuse_if
from connector.wopi.rights import Rights
from connector.wopi.sessions import Sessions


class Removing:
    """Puts documents into the trash.

    Args:
        gateway: Nuxeo.
        store: WOPI locks.
        sessions: keeps them in step with Nuxeo's.
        rights: who may write.
    """

    def __init__(
        self, gateway: NuxeoGateway, store: LockStore, sessions: Sessions, rights: Rights
    ) -> None:
        self._gateway = gateway
        self._store = store
        self._sessions = sessions
        self._rights = rights

    def delete_file(self, file: OpenFile, lock_id: str | None) -> None:
        """DeleteFile: two calls to Nuxeo.

        Args:
            file: which file, and who deletes it.
            lock_id: X-WOPI-Lock; it makes no difference, a locked file stays.

        Raises:
            LockMismatch: the file is locked, or another one of its document is; or it is not to be
                changed.
            NotFound: no such file any more, or no right to remove it.
            NotImplementedOperation: the file is an attachment.
        """
        if not can_delete(file.reference):
            raise NotImplementedOperation("an attachment is not deleted by itself")
        with nuxeo_errors(), self._store.critical_section(file.reference.document_key):
            document = self._gateway.documents.get(file.reference, file.user)
            if document.is_trashed:
                raise NotFound("the document was deleted already")
            current = self._sessions.current(file.reference, file.file_id, document)
            held = current.lock_id if current else None
            if locks.decide(LockOperation.DELETE_FILE, held, lock_id) is LockAction.CONFLICT:
                raise mismatch(current)
            for other in self._store.of_document(file.reference.document_key):
                raise LockMismatch("", f"an attachment is being edited by {other.user}")
            owners = self._sessions.owners(file.reference)
            refuse_if(file.obstacle(self._rights, document, owners), document, None)
            file.blob_in(document)
            if document.lock_owner not in (None, file.user):
                # What a session has left behind; it is given back once the document is gone.
                self._sessions.hold_as(file.reference, document, file.user, "")
            try:
                self._gateway.folders.trash(_document(file.reference), file.user)
            except NuxeoForbidden as error:
                raise NotFound("no permission to remove the document") from error


def _document(reference: FileReference) -> DocumentReference:
    return DocumentReference(reference.repository, reference.document_id)
