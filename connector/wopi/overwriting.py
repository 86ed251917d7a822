"""Putting content in the place of a file that nobody has open, for "Save as" and conversions.

What the file held is kept as a version first. A file with a WOPI lock is left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from connector.lock_store.base import LockStore, LockStoreBusy
from connector.nuxeo_gateway.blobs import UploadedBlob
from connector.nuxeo_gateway.content import Spool
from connector.nuxeo_gateway.documents import Document
from connector.nuxeo_gateway.errors import NuxeoConflict, NuxeoForbidden
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.nuxeo_gateway.permissions import ReadOnlyReason
from connector.wopi.body import refuse_to_empty
from connector.wopi.errors import LockMismatch, WopiError
from connector.wopi.opened import OpenFile
from connector.wopi.operations import mismatch, refuse_if
from connector.wopi.rights import Rights
from connector.wopi.sessions import Sessions
from connector.wopi.versions import Versions

_log = logging.getLogger(__name__)


class ChangedMeanwhile(Exception):
    """The file is not any more what it was when it was chosen; it was left alone."""


class Overwriting:
    """Overwrites files.

    Args:
        gateway: Nuxeo.
        store: WOPI locks.
        sessions: keeps them in step with Nuxeo's.
        rights: who may write.
        versions: of contents.
    """

    def __init__(
        self,
        gateway: NuxeoGateway,
        store: LockStore,
        sessions: Sessions,
        rights: Rights,
        versions: Versions,
    ) -> None:
        self._gateway = gateway
        self._store = store
        self._sessions = sessions
        self._rights = rights
        self._versions = versions

    def overwrite(
        self,
        file: OpenFile,
        content: Spool,
        uploaded: UploadedBlob,
        *,
        no_right: WopiError,
        may_empty: bool = False,
        is_it: Callable[[Document], bool] = lambda _: True,
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
            is_it: whether the document, as it is now, is still the one that was meant.

        Raises:
            ChangedMeanwhile: it is not.
            LockMismatch: the file is locked, or not to be changed now.
            BadRequest: no content would take the place of an office document's.
            NotFound: there is no such file any more.
            GatewayError: Nuxeo did not answer as expected.
        """
        is_used = False
        with self._store.critical_section(file.reference.document_key):
            try:
                document = self._gateway.documents.get(file.reference, file.user)
                if not is_it(document):
                    raise ChangedMeanwhile
                self._judge(file, document, no_right)
                if not may_empty:
                    refuse_to_empty(file.blob_in(document), content)
                is_used = True
                after = self._replace(file, document, content, uploaded)
            finally:
                if not is_used:
                    self._gateway.blobs.discard(uploaded, file.user)
            try:
                self._versions.of_save(file.file_id, after, file.blob_in(after))
            except LockStoreBusy as error:
                _log.warning("overwritten, but not noted: %s", error)

    def _judge(self, file: OpenFile, document: Document, no_right: WopiError) -> None:
        current = self._sessions.current(file.reference, file.file_id, document)
        owners = self._sessions.owners(file.reference)
        reason = file.obstacle(self._rights, document, owners)
        if reason is ReadOnlyReason.NO_PERMISSION:
            raise no_right
        if current is not None:
            raise mismatch(current)
        refuse_if(reason, document, None)
        if document.lock_owner not in (None, file.user):
            # A session on another file of the document has it.
            self._sessions.hold_as(file.reference, document, file.user, "")

    def _replace(
        self, file: OpenFile, document: Document, content: Spool, uploaded: UploadedBlob
    ) -> Document:
        reference, user = file.reference, file.user
        try:
            if "Versionable" in document.facets:
                self._gateway.documents.keep_version(reference, user)
            return self._gateway.blobs.replace(reference, document, content, uploaded, user)
        except NuxeoConflict as error:
            raise LockMismatch("", "the document is being changed in Nuxeo") from error
        except NuxeoForbidden as error:
            raise LockMismatch("", f"Nuxeo refused to overwrite the file: {error}") from error
