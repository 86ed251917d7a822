"""Putting content in the place of a file that nobody has open, for "Save as" and conversions.

What the file held is kept as a version first; what cannot be is left alone. So is a file with a
WOPI lock.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from connector.file_reference import DocumentReference
from connector.lock_store.base import LastSave, LockStore, LockStoreBusy
from connector.nuxeo_gateway.blobs import UploadedBlob
from connector.nuxeo_gateway.content import Spool
from connector.nuxeo_gateway.documents import Blob, Document
from connector.nuxeo_gateway.errors import NuxeoConflict, NuxeoForbidden
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.nuxeo_gateway.permissions import ReadOnlyReason
from connector.wopi.body import refuse_to_empty
from connector.wopi.errors import LockMismatch, WopiError
from connector.wopi.opened import OpenFile
from connector.wopi.operations import mismatch, refuse_if
from connector.wopi.rights import Rights
from connector.wopi.sessions import Sessions
from connector.wopi.versioning import Versioning
from connector.wopi.versions import Versions, content_of

_log = logging.getLogger(__name__)


class ChangedMeanwhile(Exception):
    """The file is not any more what it was when it was chosen; it was left alone.

    Args:
        document: its document as it is now.
    """

    def __init__(self, document: Document) -> None:
        super().__init__("changed meanwhile")
        self.document = document


def may_be_replaced(document: Document, blob: Blob) -> bool:
    """Whether nothing is lost when a file is overwritten: it is kept as a version, or is empty."""
    return document.is_versionable or blob.length == 0


class Overwriting:
    """Overwrites files.

    Args:
        gateway: Nuxeo.
        store: WOPI locks.
        sessions: keeps them in step with Nuxeo's.
        rights: who may write.
        versions: of contents.
        versioning: is told of versions that are made here.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        gateway: NuxeoGateway,
        store: LockStore,
        sessions: Sessions,
        rights: Rights,
        versions: Versions,
        versioning: Versioning,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._gateway = gateway
        self._store = store
        self._sessions = sessions
        self._rights = rights
        self._versions = versions
        self._versioning = versioning

    def overwrite(
        self,
        file: OpenFile,
        content: Spool,
        uploaded: UploadedBlob,
        *,
        no_right: WopiError,
        may_empty: bool = False,
        check: Callable[[Document], None],
        folder: DocumentReference | None = None,
    ) -> None:
        """Make an upload the content of a file: three calls to Nuxeo. Within ``nuxeo_errors``.

        When Nuxeo does not answer, whether it was written is not known; to ask for the same again
        is safe.

        Args:
            file: which file, and who writes.
            content: what was uploaded.
            uploaded: where, and under which name; gone afterwards, whatever happens.
            no_right: what those are told who may not write the file.
            may_empty: whether no content may take the place of an office document's.
            check: raises what stands in the way of the document as it is now, such as
                :class:`ChangedMeanwhile` when it is not the one any more that was meant.
            folder: in which nobody may make or rename anything meanwhile.

        Raises:
            ChangedMeanwhile: by ``check``.
            LockMismatch: the file is locked, or not to be changed now, or could not be kept.
            BadRequest: no content would take the place of an office document's.
            NotFound: there is no such file any more.
            GatewayError: Nuxeo did not answer as expected.
        """
        is_used = False
        keys = [file.reference.document_key, *([folder.document_key] if folder else [])]
        try:
            with self._store.critical_section(*keys):
                document = self._gateway.documents.get(file.reference, file.user)
                check(document)
                self._judge(file, document, no_right)
                if not may_empty:
                    refuse_to_empty(file.blob_in(document), content)
                is_used = True
                after = self._replace(file, document, content, uploaded)
                try:
                    self._versions.of_save(file.file_id, after, file.blob_in(after))
                    last = LastSave(
                        (file.user,),
                        (file.token.user_name,),
                        content_of(after, file.blob_in(after)),
                        self._clock(),
                    )
                    self._store.note_last_save(file.file_id, last)
                except LockStoreBusy as error:
                    _log.warning("overwritten, but not noted: %s", error)
        finally:
            if not is_used:
                self._gateway.blobs.discard(uploaded, file.user)

    def refuse_readers(self, file: OpenFile, document: Document, no_right: WopiError) -> None:
        """Refuse those who may not write the file, whatever state it is in.

        Raises:
            WopiError: ``no_right``.
            GatewayError: Nuxeo did not answer as expected.
        """
        owners = self._sessions.owners(file.reference)
        if file.obstacle(self._rights, document, owners) is ReadOnlyReason.NO_PERMISSION:
            raise no_right

    def _judge(self, file: OpenFile, document: Document, no_right: WopiError) -> None:
        current = self._sessions.current(file.reference, file.file_id, document)
        owners = self._sessions.owners(file.reference)
        reason = file.obstacle(self._rights, document, owners)
        if reason is ReadOnlyReason.NO_PERMISSION:
            raise no_right
        if current is not None:
            raise mismatch(current)
        refuse_if(reason, document, None)
        if not may_be_replaced(document, file.blob_in(document)):
            raise LockMismatch("", "the document keeps no versions")
        if document.lock_owner not in (None, file.user):
            # A session on another file of the document has it.
            self._sessions.hold_as(file.reference, document, file.user, "")

    def _replace(
        self, file: OpenFile, document: Document, content: Spool, uploaded: UploadedBlob
    ) -> Document:
        reference, user = file.reference, file.user
        try:
            if document.is_versionable:
                self._gateway.documents.check_in(
                    reference, user, comment="As it was before it was overwritten"
                )
                self._versioning.all_kept(reference)
            return self._gateway.blobs.replace(reference, document, content, uploaded, user)
        except NuxeoConflict as error:
            raise LockMismatch("", "the document is being changed in Nuxeo") from error
        except NuxeoForbidden as error:
            raise LockMismatch("", f"Nuxeo refused to overwrite the file: {error}") from error
