"""Nuxeo's own document lock (REST_CONTRACT 6)."""

from __future__ import annotations

from connector.file_reference import FileReference
from connector.nuxeo_gateway.documents import document_path
from connector.nuxeo_gateway.session import NuxeoSession


class DocumentLocks:
    """Locks and unlocks documents. Nuxeo's lock belongs to whoever the call is made as."""

    def __init__(self, session: NuxeoSession) -> None:
        self._session = session

    def lock(self, reference: FileReference, user: str) -> None:
        """Lock the document as ``user``: one call.

        Raises:
            NuxeoConflict: somebody else holds the lock.
            NuxeoForbidden: the user may not write the document.
            GatewayError: Nuxeo did not answer as expected.
        """
        self._operation("Document.Lock", reference, user)

    def unlock(self, reference: FileReference, owner: str) -> None:
        """Take ``owner``'s lock off, as ``owner``: one call. No lock there is no error.

        Raises:
            NuxeoConflict: somebody else holds the lock.
            GatewayError: Nuxeo did not answer as expected.
        """
        self._operation("Document.Unlock", reference, owner)

    def _operation(self, operation: str, reference: FileReference, user: str) -> None:
        self._session.call(
            "POST",
            f"{document_path(reference)}/@op/{operation}",
            user=user,
            headers={"X-NXVoidOperation": "true"},
            data={"params": {}},
        )
