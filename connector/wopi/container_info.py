"""What is said of a container: CheckContainerInfo and the pointers to it.

Source: the page "CheckContainerInfo".
"""

from __future__ import annotations

from typing import Any

from connector.file_reference import DocumentReference
from connector.links import Links
from connector.nuxeo_gateway.documents import Document
from connector.nuxeo_gateway.folders import Folder
from connector.wopi.access_token import AccessToken, Grant
from connector.wopi.handout import Handout

SHARE_URL_TYPES = ("ReadOnly", "ReadWrite")
"""The types of addresses that GetShareUrl has for containers."""


class ContainerInfos:
    """Says what a folder is.

    Args:
        handout: makes URLs with tokens.
        links: makes the others.
        brand_name: the name of a root that has no title.
        business_user: as in CheckFileInfo.
    """

    def __init__(
        self, handout: Handout, links: Links, *, brand_name: str, business_user: bool
    ) -> None:
        self._handout = handout
        self._links = links
        self._brand_name = brand_name
        self._business_user = business_user

    def info(self, caller: AccessToken, folder: Folder) -> dict[str, Any]:
        """What CheckContainerInfo says of a folder that was read."""
        document = folder.document
        may_add = may(caller, document, "AddChildren")
        is_root = document.parent_uid is None
        return {
            "Name": document.title or self._brand_name,
            "HostUrl": self._links.document(document.repository, document.uid),
            "IsAnonymousUser": False,
            "IsEduUser": False,
            "LicenseCheckForEditIsEnabled": self._business_user,
            "SupportedShareUrlTypes": list(SHARE_URL_TYPES),
            "UserCanCreateChildContainer": may_add and folder.folder_type is not None,
            "UserCanCreateChildFile": may_add and folder.file_type is not None,
            "UserCanDelete": not is_root and may(caller, document, "Remove"),
            "UserCanRename": not is_root and may(caller, document, "WriteProperties"),
        }

    def pointer(
        self, caller: AccessToken, reference: DocumentReference, title: str
    ) -> dict[str, str]:
        """Name and URL of a folder, with a token for the same user."""
        url = self._handout.container(caller, reference)
        return {"Name": title or self._brand_name, "Url": url}

    def pointer_and_info(self, caller: AccessToken, folder: Folder) -> dict[str, Any]:
        """ContainerPointer and ContainerInfo of a folder that was read."""
        return {
            "ContainerPointer": self.pointer(caller, folder.reference, folder.document.title),
            "ContainerInfo": self.info(caller, folder),
        }


def may(caller: AccessToken, document: Document, permission: str) -> bool:
    """Whether the caller may do something: Nuxeo says so, and the session is one for editing."""
    return caller.grant is Grant.EDIT and permission in document.permissions
