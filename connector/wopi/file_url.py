"""FileUrl: a short-lived address from which a file can be read without a signature.

Office clients fetch a FileUrl as it is, unsigned and without the access token, so it must never be
an address of the proof-checked routes. It carries a ticket of its own: for reading one file, as one
user, for a few minutes, and good for nothing else.
"""

from __future__ import annotations

from dataclasses import replace

from connector.links import Links
from connector.wopi.access_token import AccessToken, AccessTokens, Grant
from connector.wopi.opened import OpenFile

LIFETIME = 300
"""Seconds that a ticket is good for."""

_CONTENT = "content:"


class FileUrls:
    """Makes and reads the addresses.

    Args:
        tickets: makes and reads tickets; its tokens live for ``LIFETIME`` seconds.
        links: makes URLs.
    """

    def __init__(self, tickets: AccessTokens, links: Links) -> None:
        self._tickets = tickets
        self._links = links

    def of(self, file: OpenFile) -> str:
        """The address for whoever has ``file`` open."""
        ticket = self._tickets.issue(
            resource_id=f"{_CONTENT}{file.file_id}",
            user=file.user,
            user_name=file.token.user_name,
            grant=Grant.VIEW,
            client=file.token.client,
            session=file.token.session,
        )
        return self._links.file_url(file.file_id, self._tickets.sign(ticket))

    def read(self, file_id: str, ticket: str) -> AccessToken:
        """Who may read the file with this ticket.

        Raises:
            InvalidAccessToken: nobody.
        """
        token = self._tickets.read(ticket, resource_id=f"{_CONTENT}{file_id}")
        return replace(token, resource_id=file_id)
