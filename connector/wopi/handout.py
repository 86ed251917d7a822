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
        resource_id = file_id.encode(reference, self._instance)
        url = self._links.wopi_src(resource_id)
        return self._with_token(url, caller, resource_id, grant or caller.grant)

    def container(self, caller: AccessToken, reference: DocumentReference) -> str:
        """The URL of a container for the caller."""
        resource_id = container_id.encode(reference, self._instance)
        return self._with_token(
            self._links.container(resource_id), caller, resource_id, caller.grant
        )

    def ecosystem(self, caller: AccessToken) -> str:
        """The URL of the ecosystem for the caller."""
        return self._with_token(self._links.ecosystem, caller, ECOSYSTEM, caller.grant)

    def new_file(self, caller: AccessToken, reference: FileReference, name: str) -> dict[str, str]:
        """What is said of a file that was made: PutRelativeFile, CreateChildFile."""
        return {
            "Name": name,
            "Url": self.file(caller, reference),
            "HostViewUrl": self._links.host_page("view", reference, caller.client),
            "HostEditUrl": self._links.host_page("edit", reference, caller.client),
        }

    def _with_token(self, url: str, caller: AccessToken, resource_id: str, grant: Grant) -> str:
        token = self._tokens.issue(
            resource_id=resource_id,
            user=caller.user,
            user_name=caller.user_name,
            grant=grant,
            client=caller.client,
        )
        return f"{url}?access_token={self._tokens.sign(token)}"
