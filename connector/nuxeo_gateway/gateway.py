"""All of Nuxeo that the connector uses, on one session."""

from __future__ import annotations

from connector.nuxeo_gateway.audit import Audit
from connector.nuxeo_gateway.blobs import Blobs
from connector.nuxeo_gateway.comments import Comments
from connector.nuxeo_gateway.documents import Documents
from connector.nuxeo_gateway.folders import Folders
from connector.nuxeo_gateway.locking import DocumentLocks
from connector.nuxeo_gateway.names import Names
from connector.nuxeo_gateway.oauth2_clients import OAuth2Clients
from connector.nuxeo_gateway.session import NuxeoSession
from connector.nuxeo_gateway.users import Users


class NuxeoGateway:
    """Documents, folders, blobs, names, comments, locks, users, audit and OAuth2 clients."""

    def __init__(self, session: NuxeoSession) -> None:
        self._session = session
        self.documents = Documents(session)
        self.blobs = Blobs(session, self.documents)
        self.folders = Folders(session)
        self.locks = DocumentLocks(session)
        self.names = Names(session)
        self.comments = Comments(session)
        self.users = Users(session)
        self.audit = Audit(session)
        self.oauth2_clients = OAuth2Clients(session)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()
