"""Whether somebody may change a document now, with the sessions on it taken into account."""

from __future__ import annotations

from connector.file_reference import FileReference
from connector.nuxeo_gateway.documents import Document
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.nuxeo_gateway.permissions import ReadOnlyReason, read_only_reason
from connector.wopi.sessions import Sessions


class Rights:
    """Reads documents, and judges who may write them."""

    def __init__(self, gateway: NuxeoGateway, sessions: Sessions) -> None:
        self._gateway = gateway
        self._sessions = sessions

    def read(
        self, reference: FileReference, user: str, *, with_ancestors: bool = False
    ) -> tuple[Document, frozenset[str]]:
        """The document as ``user`` sees it, and in whose name sessions hold its Nuxeo lock.

        Nuxeo and the lock store cannot be read in one moment. Whoever held the lock before the
        document was read, or holds it after, is counted, so that a hand-over in between does not
        look like a stranger's lock.

        Raises:
            GatewayError: as :meth:`connector.nuxeo_gateway.documents.Documents.get`.
        """
        before = self._sessions.owners(reference)
        document = self._gateway.documents.get(reference, user, with_ancestors=with_ancestors)
        return document, before | self._sessions.owners(reference)

    def obstacle(
        self,
        reference: FileReference,
        document: Document,
        user: str,
        owners: frozenset[str],
    ) -> ReadOnlyReason | None:
        """Why ``user`` cannot change ``document``; ``None`` if they can.

        One more call to Nuxeo for somebody who looks like a reader while somebody else holds the
        lock: Nuxeo then hides the right of those who were given ``Write`` and nothing wider.

        Raises:
            GatewayError: Nuxeo did not answer as expected.
        """
        reason = read_only_reason(document, user, session_owners=owners)
        is_locked = document.lock_owner not in (None, user)
        if reason is not ReadOnlyReason.NO_PERMISSION or not is_locked:
            return reason
        if not self._gateway.locks.may_lock(reference, user):
            return reason
        return None if document.lock_owner in owners else ReadOnlyReason.LOCKED
