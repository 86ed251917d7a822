"""What a request is about, and who asks: checked, and ready for an operation."""

from __future__ import annotations

from dataclasses import dataclass

from connector.file_reference import DocumentReference, FileReference
from connector.nuxeo_gateway.documents import Blob, Document
from connector.nuxeo_gateway.permissions import ReadOnlyReason
from connector.wopi.access_token import AccessToken, Grant
from connector.wopi.errors import NotFound
from connector.wopi.rights import Rights


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

    @property
    def may_edit(self) -> bool:
        """Whether the session was opened for editing."""
        return self.token.grant is Grant.EDIT

    def blob_in(self, document: Document) -> Blob:
        """The file itself.

        Raises:
            NotFound: the document has no blob there.
        """
        blob = document.blob(self.reference.xpath)
        if blob is None:
            raise NotFound("the document has no file there")
        return blob

    def obstacle(
        self, rights: Rights, document: Document, owners: frozenset[str]
    ) -> ReadOnlyReason | None:
        """Why the caller cannot change the file: a token for viewing, or Nuxeo's reason."""
        if not self.may_edit:
            return ReadOnlyReason.NO_PERMISSION
        return rights.obstacle(self.reference, document, self.user, owners)


@dataclass(frozen=True)
class OpenContainer:
    """The container that a request is about, and who asks."""

    reference: DocumentReference
    token: AccessToken

    @property
    def user(self) -> str:
        """Login name."""
        return self.token.user
