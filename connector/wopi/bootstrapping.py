"""Bootstrap and its shortcuts: from a sign-in at Nuxeo to WOPI access tokens.

Office for mobile signs in at Nuxeo by OAuth2 and shows the token here. It gets the ecosystem's
address with an access token of ours, and new access tokens when those that it has end.

Source: the pages Bootstrap, GetNewAccessToken and "Shortcut operations".
"""

from __future__ import annotations

from typing import Any

from connector.links import Links
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.nuxeo_gateway.users import User
from connector.wopi import container_id, file_id
from connector.wopi.access_token import AccessToken, AccessTokens, Grant
from connector.wopi.errors import NotFound
from connector.wopi.file_info import user_id
from connector.wopi.handout import Handout
from connector.wopi.office_clients import NATIVE_CLIENT
from connector.wopi.operations import nuxeo_errors

_NO_RESOURCE = "bootstrapper"
"""In the token that stands for somebody who has signed in; it is shown to nobody."""


class Bootstrapping:
    """What the bootstrapper says.

    Args:
        gateway: Nuxeo.
        tokens: makes access tokens.
        handout: makes URLs with them.
        links: knows which URLs are ours.
        instance: the prefix of this installation's ids.
    """

    def __init__(
        self,
        gateway: NuxeoGateway,
        tokens: AccessTokens,
        handout: Handout,
        links: Links,
        instance: str,
    ) -> None:
        self._gateway = gateway
        self._tokens = tokens
        self._handout = handout
        self._links = links
        self._instance = instance

    def caller(self, user: User) -> AccessToken:
        """Somebody who has signed in, as URLs and tokens are made for."""
        return self._token(_NO_RESOURCE, user)

    def bootstrap(self, user: User) -> dict[str, Any]:
        """Bootstrap: no call to Nuxeo."""
        return {
            "Bootstrap": {
                "EcosystemUrl": self._handout.ecosystem(self.caller(user)),
                "UserId": user_id(user.name),
                "SignInName": user.name,
                "UserFriendlyName": user.display_name,
            }
        }

    def get_new_access_token(self, user: User, wopi_src: str) -> dict[str, Any]:
        """GetNewAccessToken: one call to Nuxeo, which must show the user what the token is for.

        Args:
            user: who has signed in.
            wopi_src: X-WOPI-WopiSrc.

        Raises:
            NotFound: it is no address of ours, or there is nothing for this user.
        """
        named = self._links.resource_of(wopi_src)
        if named is None:
            raise NotFound("X-WOPI-WopiSrc is no file or container of this host")
        kind, resource_id = named
        try:
            with nuxeo_errors():
                find = self._file if kind == "files" else self._container
                token = self._token(find(resource_id, user), user)
        except (file_id.InvalidFileId, container_id.InvalidContainerId) as error:
            raise NotFound(str(error)) from error
        return {
            **self.bootstrap(user),
            "AccessTokenInfo": {
                "AccessToken": self._tokens.sign(token),
                "AccessTokenExpiry": token.ttl_milliseconds,
            },
        }

    def _file(self, resource_id: str, user: User) -> str:
        """The file's id in its one spelling, if the user may see it."""
        reference = file_id.decode(resource_id, self._instance)
        document = self._gateway.documents.get(reference, user.name)
        if document.blob(reference.xpath) is None:
            raise NotFound("the document has no file there")
        return file_id.encode(reference, self._instance)

    def _container(self, resource_id: str, user: User) -> str:
        """The container's id in its one spelling, if the user may see it."""
        reference = container_id.decode(resource_id, self._instance)
        if not self._gateway.folders.get(reference, user.name).document.is_folderish:
            raise NotFound("the document is no folder")
        return container_id.encode(reference, self._instance)

    def _token(self, resource_id: str, user: User) -> AccessToken:
        return self._tokens.issue(
            resource_id=resource_id,
            user=user.name,
            user_name=user.display_name,
            # What the user may do there, Nuxeo says at each call.
            grant=Grant.EDIT,
            client=NATIVE_CLIENT,
        )
