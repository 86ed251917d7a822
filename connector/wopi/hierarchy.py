"""What is above a file or a container, up to the root that a user may see.

The root container is the folder that ``nuxeo.wopi.rootContainer`` names. For somebody who may not
read it, it is the topmost folder that they may. Nuxeo lists the ancestors of a document only up to
the first that the user may not read, and never its own root.
"""

from __future__ import annotations

from typing import Any

from connector.file_reference import DocumentReference
from connector.nuxeo_gateway.documents import Ancestor, Document
from connector.nuxeo_gateway.errors import NuxeoForbidden, NuxeoNotFound
from connector.nuxeo_gateway.folders import Folder
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.wopi.access_token import AccessToken
from connector.wopi.container_info import ContainerInfos
from connector.wopi.errors import NotFound
from connector.wopi.opened import OpenContainer, OpenFile
from connector.wopi.operations import nuxeo_errors

REPOSITORY = "default"
"""The repository of the root container: Nuxeo's usual one."""


class Hierarchy:
    """EnumerateAncestors of files and containers, and the root container.

    Args:
        gateway: Nuxeo.
        infos: says what a container is.
        root_path: of the root container, starting with a slash.
    """

    def __init__(self, gateway: NuxeoGateway, infos: ContainerInfos, root_path: str) -> None:
        self._gateway = gateway
        self._infos = infos
        self._root_path = root_path

    def of_file(self, file: OpenFile) -> list[dict[str, str]]:
        """EnumerateAncestors of a file, the root first: one call to Nuxeo, two up to Nuxeo's root.

        Raises:
            NotFound: no such file for this user.
        """
        with nuxeo_errors():
            document = self._gateway.documents.get(file.reference, file.user, with_ancestors=True)
            file.blob_in(document)
            return self._above(file.token, document)

    def of_container(self, container: OpenContainer) -> list[dict[str, str]]:
        """EnumerateAncestors of a container: as :meth:`of_file`.

        Raises:
            NotFound: no such container for this user.
        """
        with nuxeo_errors():
            document = self._gateway.folders.get(container.reference, container.user).document
            if not document.is_folderish or document.is_trashed:
                raise NotFound("the document is no folder, or is in the trash")
            return self._above(container.token, document)

    def root(self, caller: AccessToken) -> dict[str, Any]:
        """GetRootContainer: one call to Nuxeo; two for those who may not read the usual root.

        Raises:
            NotFound: the user may read no folder at all.
        """
        with nuxeo_errors():
            folder = self._root(caller.user) or self._gateway.folders.topmost(
                REPOSITORY, caller.user
            )
        if folder is None:
            raise NotFound("the user may read no folder")
        return self._infos.pointer_and_info(caller, folder)

    def _root(self, user: str) -> Folder | None:
        try:
            folder = self._gateway.folders.by_path(REPOSITORY, self._root_path, user)
        except (NuxeoForbidden, NuxeoNotFound):
            return None
        return folder if folder.document.is_folderish else None

    def _above(self, caller: AccessToken, document: Document) -> list[dict[str, str]]:
        found = self._up_to_root(document)
        pointers = [
            self._infos.pointer(
                caller, DocumentReference(document.repository, ancestor.uid), ancestor.title
            )
            for ancestor in found
        ]
        # Only where the ancestors were not cut off further down is the root above them readable.
        topmost = found[0].path if found else document.path
        if self._root_path == "/" and document.parent_uid and topmost.count("/") == 1:
            root = self._root(caller.user) if document.repository == REPOSITORY else None
            if root is not None:
                reference, title = root.reference, root.document.title
                pointers.insert(0, self._infos.pointer(caller, reference, title))
        return pointers

    def _up_to_root(self, document: Document) -> list[Ancestor]:
        """The ancestors from the root container on; all of them for what is not below it."""
        found = list(document.ancestors)
        if document.path == self._root_path:
            return []
        for index, ancestor in enumerate(found):
            if ancestor.path == self._root_path:
                return found[index:]
        return found
