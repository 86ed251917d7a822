"""WOPI URLs with an access token in them, as they are handed to office clients.

Every URL gets a token of its own, good for exactly that resource and for the user, the grant and
the office client of the call that it answers; its time begins anew.
"""

from __future__ import annotations

from connector.file_reference import DocumentReference, FileReference
from connector.links import Links
from connector.wopi import container_id, file_id
from connector.wopi.access_token import AccessToken, AccessTokens, Grant

ECOSYSTEM = "ecosystem"
"""The resource of the ecosystem's access tokens."""


class Handout:
    """Makes URLs with tokens.

    Args:
        tokens: makes access tokens.
        links: makes URLs.
        instance: the prefix of this installation's ids.
    """

    def __init__(self, tokens: AccessTokens, links: Links, instance: str) -> None:
        self._tokens = tokens
        self._links = links
        self._instance = instance

    def file(
        self, caller: AccessToken, reference: FileReference, grant: Grant | None = None
    ) -> str:
        """The URL of a file for the caller; ``grant`` may narrow what they had.

        Raises:
            InvalidFileId: the file cannot be named in WOPI.
        """
        return self._with_token(*self._file(caller, reference, grant))

    def file_with_ttl(self, caller: AccessToken, reference: FileReference, grant: Grant) -> str:
        """The same, for GetFileWopiSrc: with the moment at which the token ends.

        That is what Microsoft's sample has, of this answer and of no other.

        Raises:
            InvalidFileId: the file cannot be named in WOPI.
        """
        url, token = self._file(caller, reference, grant)
        return f"{self._with_token(url, token)}&access_token_ttl={token.ttl_milliseconds}"

    def container(self, caller: AccessToken, reference: DocumentReference) -> str:
        """The URL of a container for the caller."""
        resource_id = container_id.encode(reference, self._instance)
        url = self._links.container(resource_id)
        return self._with_token(url, self._issue(caller, resource_id, caller.grant))

    def ecosystem(self, caller: AccessToken) -> str:
        """The URL of the ecosystem for the caller."""
        token = self._issue(caller, ECOSYSTEM, caller.grant)
        return self._with_token(self._links.ecosystem, token)

    def new_file(self, caller: AccessToken, reference: FileReference, name: str) -> dict[str, str]:
        """What is said of a file that was made: PutRelativeFile, CreateChildFile."""
        return {
            "Name": name,
            "Url": self.file(caller, reference),
            "HostViewUrl": self._links.host_page("view", reference, caller.client),
            "HostEditUrl": self._links.host_page("edit", reference, caller.client),
        }

    def _file(
        self, caller: AccessToken, reference: FileReference, grant: Grant | None
    ) -> tuple[str, AccessToken]:
        resource_id = file_id.encode(reference, self._instance)
        token = self._issue(caller, resource_id, grant or caller.grant)
        return self._links.wopi_src(resource_id), token

    def _issue(self, caller: AccessToken, resource_id: str, grant: Grant) -> AccessToken:
        return self._tokens.issue(
            resource_id=resource_id,
            user=caller.user,
            user_name=caller.user_name,
            grant=grant,
            client=caller.client,
            page=caller.page,
            signed_in_at=caller.signed_in_at,
        )

    def _with_token(self, url: str, token: AccessToken) -> str:
        return f"{url}?access_token={self._tokens.sign(token)}"
