"""GetShareUrl for files: the host page's address, which people can send to each other.

The address gives nobody a right: whoever opens it signs in, and sees what Nuxeo lets them see.

Source: the page GetShareUrl (files).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from connector.links import Links
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.wopi.errors import NotImplementedOperation
from connector.wopi.file_info import SHARE_URL_TYPES
from connector.wopi.opened import OpenFile
from connector.wopi.operations import nuxeo_errors

_ACTIONS: Mapping[str, str] = MappingProxyType(
    dict(zip(SHARE_URL_TYPES, ("view", "edit"), strict=True))
)


class Sharing:
    """Makes addresses to share.

    Args:
        gateway: Nuxeo.
        links: makes URLs.
    """

    def __init__(self, gateway: NuxeoGateway, links: Links) -> None:
        self._gateway = gateway
        self._links = links

    def get_share_url(self, file: OpenFile, url_type: str) -> str:
        """GetShareUrl: one call to Nuxeo, for a file that is not there has no address.

        Args:
            file: which file, and who asks.
            url_type: X-WOPI-UrlType.

        Raises:
            NotImplementedOperation: there is no such type of address.
            NotFound: no such file for this user.
        """
        action = _ACTIONS.get(url_type)
        if action is None:
            raise NotImplementedOperation("X-WOPI-UrlType is neither ReadOnly nor ReadWrite")
        with nuxeo_errors():
            file.blob_in(self._gateway.documents.get(file.reference, file.user))
        return self._links.host_page(action, file.reference)
