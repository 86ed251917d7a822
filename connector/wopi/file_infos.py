"""CheckFileInfo as one installation answers it: what its clients and its administrator make of it.

In this order, the later ones over the earlier: what is true of document and user
(:mod:`connector.wopi.file_info`), what the office client is not to offer, what
``nuxeo.wopi.checkFileInfo...`` says, what extensions make of it, and FileUrl.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from connector.links import Links
from connector.nuxeo_gateway.documents import Blob, Document
from connector.wopi.clients import Restriction
from connector.wopi.discovery_source import DiscoveryUnavailable
from connector.wopi.file_info import check_file_info, restricted
from connector.wopi.file_url import FileUrls
from connector.wopi.info_extensions import Extension, extended
from connector.wopi.office_clients import OfficeClients
from connector.wopi.opened import OpenFile


class FileInfos:
    """Makes the answers to CheckFileInfo.

    Args:
        links: makes the URLs.
        clients: the office clients, for how each wants it.
        brand_name: the first part of the breadcrumb.
        business_user: whether Microsoft is to check for a subscription.
        restrictions: what users are not to do.
        overrides: properties and their values; ``None`` for one that is left out.
        extensions: customers' own.
        file_urls: makes FileUrl; ``None`` to offer none.
        put_relative: whether PutRelativeFile is switched on.
        containers: whether containers are.
    """

    def __init__(
        self,
        links: Links,
        clients: OfficeClients,
        *,
        brand_name: str,
        business_user: bool,
        restrictions: Sequence[Restriction] = (),
        overrides: Mapping[str, object] | None = None,
        extensions: Sequence[Extension] = (),
        file_urls: FileUrls | None = None,
        put_relative: bool = True,
        containers: bool = True,
    ) -> None:
        self._links = links
        self._clients = clients
        self._brand_name = brand_name
        self._business_user = business_user
        self._restrictions = tuple(restrictions)
        self._overrides = overrides or {}
        self._extensions = tuple(extensions)
        self._file_urls = file_urls
        self._put_relative = put_relative
        self._containers = containers

    def of(
        self,
        file: OpenFile,
        document: Document,
        blob: Blob,
        *,
        version: str,
        can_write: bool,
        user_info: str | None = None,
    ) -> dict[str, Any]:
        """The answer to CheckFileInfo.

        Args:
            file: which file, and who asks.
            document: as the user sees it, with its ancestors.
            blob: the file itself.
            version: the file's ``Version``.
            can_write: whether the user may change the file now.
            user_info: what an office client has left for the user.
        """
        profile = self._clients.profile(file.token.client)
        info = check_file_info(
            document,
            blob,
            reference=file.reference,
            token=file.token,
            version=version,
            can_write=can_write,
            is_convertible=self._is_convertible(file.token.client, blob),
            links=self._links,
            brand_name=self._brand_name,
            business_user=self._business_user if profile.checks_licences else None,
            user_info=user_info,
        )
        info |= {
            "SupportsContainers": self._containers,
            "SupportsEcosystem": True,
            "IsEduUser": False,
        }
        if not self._put_relative:
            info["UserCanNotWriteRelative"] = True
        info = restricted(info, profile, self._restrictions, can_write=can_write)
        if file.token.page:
            # There is a host page that listens.
            flags = profile.message_flags.items()
            info |= {flag: True for flag, needed in flags if needed in info}
        for name, value in self._overrides.items():
            info[name] = value
            if value is None:
                del info[name]
        info = extended(info, self._extensions, document, file.token)
        if self._file_urls is not None:
            info["FileUrl"] = self._file_urls.of(file)
        return info

    def _is_convertible(self, client_name: str, blob: Blob) -> bool:
        """Whether the client converts such files before they are edited."""
        client = self._clients.get(client_name)
        if client is None:
            return False
        try:
            discovery = client.discovery.get()
        except DiscoveryUnavailable:
            return False
        extension = PurePosixPath(blob.name).suffix.removeprefix(".")
        return (
            discovery.action(extension, "convert") is not None
            and discovery.action(extension, "edit") is None
        )
