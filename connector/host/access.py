"""Who the user is, and what they may do with a file; or the page that says why not."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from connector.file_reference import FileReference
from connector.host import problems
from connector.host.problem_pages import NotOpened
from connector.host.sign_in import SignIn, SignInUnclear
from connector.nuxeo_gateway.blobs import Blobs
from connector.nuxeo_gateway.documents import Blob, Document
from connector.nuxeo_gateway.errors import (
    NuxeoForbidden,
    NuxeoNotFound,
    NuxeoRefusedUser,
    NuxeoUnavailable,
)
from connector.nuxeo_gateway.permissions import ReadOnlyReason
from connector.nuxeo_gateway.users import User
from connector.wopi.rights import Rights

_log = logging.getLogger("connector.host")


class Access:
    """Asks Nuxeo.

    Args:
        blobs: knows whether content may be had.
        rights: reads documents, and judges who may write them.
        sign_in: learns the user from their browser.
    """

    def __init__(self, blobs: Blobs, rights: Rights, sign_in: SignIn) -> None:
        self._blobs = blobs
        self._rights = rights
        self._sign_in = sign_in

    def user(self, reference: FileReference | None, cookies: Mapping[str, str]) -> User:
        """Who is signed in in the browser that sent ``cookies``.

        ``reference`` is the file to come back to after signing in, if it is about one.

        Raises:
            NotOpened: nobody, or Nuxeo could not say.
        """
        try:
            user = self._sign_in.user(cookies)
        except NuxeoUnavailable as error:
            _log.warning("who is the user: %s", error)
            raise NotOpened(problems.NUXEO_UNAVAILABLE) from error
        except SignInUnclear as error:
            _log.warning("a browser has the cookies of two users")
            raise NotOpened(problems.SIGN_IN_UNCLEAR) from error
        if user is None:
            raise NotOpened(problems.NOT_SIGNED_IN, reference=reference)
        return user

    def document(
        self, reference: FileReference, user: User
    ) -> tuple[Document, Blob, ReadOnlyReason | None]:
        """The document, the file in it, and why the user cannot change it, if so.

        Two calls to Nuxeo, three for who looks like a reader while somebody else has the lock.

        Raises:
            NotOpened: saying why not.
        """
        try:
            document, owners = self._rights.read(reference, user.name)
            obstacle = self._rights.obstacle(reference, document, user.name, owners)
        except NuxeoNotFound as error:
            raise NotOpened(problems.NO_SUCH_DOCUMENT) from error
        except NuxeoForbidden as error:
            raise NotOpened(problems.NO_RIGHT) from error
        except NuxeoRefusedUser as error:
            _log.error(
                "Nuxeo accepted %s's session but not a token for them: compare nuxeo.jwt.secret"
                " and the clocks on both sides",
                user.name,
            )
            raise NotOpened(problems.NOT_SET_UP) from error
        except NuxeoUnavailable as error:
            _log.warning("reading %s: %s", reference.document_key, error)
            raise NotOpened(problems.NUXEO_UNAVAILABLE) from error
        blob = document.blob(reference.xpath)
        if blob is None:
            raise NotOpened(problems.NO_SUCH_FILE, reference=reference)
        if not self._blobs.may_download(reference, blob.name, user.name):
            raise NotOpened(problems.NO_DOWNLOAD, reference=reference)
        return document, blob, obstacle
