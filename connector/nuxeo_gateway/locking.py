"""Nuxeo's own document lock (REST_CONTRACT 6)."""

from __future__ import annotations

import time

from connector.file_reference import FileReference
from connector.nuxeo_gateway.documents import document_path
from connector.nuxeo_gateway.errors import NuxeoConflict, NuxeoForbidden, NuxeoUnavailable
from connector.nuxeo_gateway.session import NuxeoSession

_PAUSE = 0.2


class DocumentLocks:
    """Locks and unlocks documents. Nuxeo's lock belongs to whoever the call is made as."""

    def __init__(self, session: NuxeoSession) -> None:
        self._session = session

    def lock(self, reference: FileReference, user: str) -> bool:
        """Lock the document as ``user``: one call.

        Returns:
            Whether a first try, to which Nuxeo did not answer, may still take effect.

        Raises:
            NuxeoConflict: somebody else holds the lock.
            NuxeoForbidden: the user may not write the document.
            GatewayError: Nuxeo did not answer as expected.
        """
        return self._operation("Document.Lock", reference, user)

    def unlock(self, reference: FileReference, owner: str) -> bool:
        """Take ``owner``'s lock off, as ``owner``: one call. No lock there is no error.

        Returns:
            As :meth:`lock`.

        Raises:
            NuxeoConflict: somebody else holds the lock.
            GatewayError: Nuxeo did not answer as expected.
        """
        return self._operation("Document.Unlock", reference, owner)

    def may_lock(self, reference: FileReference, user: str) -> bool:
        """Whether ``user`` might lock a document that somebody else has locked: one call.

        Nuxeo's lock policy hides the right to write from everybody but the lock's owner, but not
        from this operation, which then changes nothing (REST_CONTRACT 7).

        Raises:
            GatewayError: Nuxeo did not answer as expected.
        """
        try:
            self.lock(reference, user)
        except NuxeoConflict:
            return True
        except NuxeoForbidden:
            return False
        # Whoever had locked it has just gone; then it is not to be locked by having asked.
        self.unlock(reference, user)
        return True

    def _operation(self, operation: str, reference: FileReference, user: str) -> bool:
        try:
            self._call(operation, reference, user)
        except NuxeoUnavailable:
            # Locking twice is locking once, and so is unlocking.
            time.sleep(_PAUSE)
            self._call(operation, reference, user)
            return True
        return False

    def _call(self, operation: str, reference: FileReference, user: str) -> None:
        self._session.call(
            "POST",
            f"{document_path(reference)}/@op/{operation}",
            user=user,
            headers={"X-NXVoidOperation": "true"},
            data={"params": {}},
        )
