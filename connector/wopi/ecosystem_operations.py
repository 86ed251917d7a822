"""What each WOPI operation on the ecosystem does, apart from HTTP."""

from __future__ import annotations

from typing import Any

from connector.links import Links
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.wopi.access_token import AccessToken, Grant
from connector.wopi.errors import NotFound, NotImplementedOperation
from connector.wopi.file_id import InvalidFileId
from connector.wopi.handout import Handout
from connector.wopi.hierarchy import Hierarchy
from connector.wopi.operations import nuxeo_errors


class EcosystemOperations:
    """The operations on the ecosystem. The bootstrapper's shortcuts are the same ones.

    Args:
        gateway: Nuxeo.
        hierarchy: knows the root; ``None`` where containers are switched off.
        handout: makes URLs.
        links: knows URLs.
    """

    def __init__(
        self,
        gateway: NuxeoGateway,
        hierarchy: Hierarchy | None,
        handout: Handout,
        links: Links,
    ) -> None:
        self._gateway = gateway
        self._hierarchy = hierarchy
        self._handout = handout
        self._links = links

    def check_ecosystem(self) -> dict[str, Any]:
        """CheckEcosystem: no call to Nuxeo."""
        return {"SupportsContainers": self._hierarchy is not None}

    def get_ecosystem(self, caller: AccessToken) -> dict[str, str]:
        """GetEcosystem, of a file or a container: no call to Nuxeo."""
        return {"Url": self._handout.ecosystem(caller)}

    def root_container(self, caller: AccessToken) -> dict[str, Any]:
        """GetRootContainer: see :meth:`Hierarchy.root`.

        Raises:
            NotImplementedOperation: containers are switched off.
            NotFound: the user may read no folder at all.
        """
        if self._hierarchy is None:
            raise NotImplementedOperation("containers are switched off")
        return self._hierarchy.root(caller)

    def file_wopi_src(self, caller: AccessToken, name: str) -> dict[str, str]:
        """GetFileWopiSrc: one call to Nuxeo.

        Args:
            caller: who asks.
            name: X-WOPI-HostNativeFileName: a HostEditUrl, a HostViewUrl, or what GetShareUrl gave.
                The view's URL leads to a session for viewing.

        Raises:
            NotFound: it is the URL of no file, or of none for this user.
        """
        opened = self._links.opened_by(name)
        if opened is None:
            raise NotFound("X-WOPI-HostNativeFileName is no URL of a file")
        action, reference = opened
        with nuxeo_errors():
            document = self._gateway.documents.get(reference, caller.user)
        if document.blob(reference.xpath) is None:
            raise NotFound("the document has no file there")
        try:
            grant = caller.grant if action == Grant.EDIT else Grant.VIEW
            return {"Url": self._handout.file_with_ttl(caller, reference, grant)}
        except InvalidFileId as error:
            raise NotFound(str(error)) from error
