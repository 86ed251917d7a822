"""PutUserInfo: a text that an office client keeps with us for a user, and gets back as UserInfo.

It is the user's, whichever file it came with, and of one office client: another one would not
understand it. It is kept with the locks, in the store that all processes of one machine share.

Source: the page PutUserInfo.
"""

from __future__ import annotations

from connector.lock_store.base import LockStore
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.wopi.errors import BadRequest
from connector.wopi.opened import OpenFile
from connector.wopi.operations import nuxeo_errors

MAX_LENGTH = 1024
"""Characters that it may have."""


class UserInfo:
    """Keeps users' texts.

    Args:
        gateway: Nuxeo.
        store: where they are kept.
    """

    def __init__(self, gateway: NuxeoGateway, store: LockStore) -> None:
        self._gateway = gateway
        self._store = store

    def put_user_info(self, file: OpenFile, body: bytes) -> None:
        """PutUserInfo: one call to Nuxeo, which knows whether the user may still see the file.

        Args:
            file: which file is open, and whose text it is.
            body: the text; an empty one takes the place of what was there too.

        Raises:
            BadRequest: the text is too long, or is not ASCII.
            NotFound: no such file for this user.
        """
        if len(body) > MAX_LENGTH:
            raise BadRequest(f"the body has more than {MAX_LENGTH} characters")
        if not body.isascii():
            raise BadRequest("the body is not ASCII")
        with nuxeo_errors():
            file.blob_in(self._gateway.documents.get(file.reference, file.user))
            self._store.put_user_info(file.user, file.token.client, body.decode("ascii"))
