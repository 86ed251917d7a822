"""Calls that a host page makes by itself: who makes them, and about which file.

A page is made with a token for this, which is good for nothing else: not for the office client's
calls, and for no other file. It travels in a header, and ends with the office client's own.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, request

from connector.file_reference import FileReference
from connector.nuxeo_gateway.users import User
from connector.wopi import file_id as file_ids
from connector.wopi.access_token import AccessToken, AccessTokens, InvalidAccessToken


@dataclass(frozen=True)
class PageCall:
    """A call of a page.

    Attributes:
        file_id: the file that is open on it, in its one form.
        reference: the same.
        token: who has it open, and how.
    """

    file_id: str
    reference: FileReference
    token: AccessToken

    @property
    def user(self) -> User:
        """Who has it open."""
        return User(self.token.user, self.token.user_name, is_anonymous=False)


class PageCalls:
    """Makes and reads the tokens of pages.

    Args:
        tokens: signs them.
        instance: the prefix of this installation's file ids.
    """

    def __init__(self, tokens: AccessTokens, instance: str) -> None:
        self._tokens = tokens
        self._instance = instance

    def token(self, file_id: str, given: AccessToken) -> str:
        """What a page needs that hands ``given`` to the office client."""
        token = self._tokens.issue(
            resource_id=_resource(file_id),
            user=given.user,
            user_name=given.user_name,
            grant=given.grant,
            client=given.client,
            session=given.session,
            page=given.page,
            signed_in_at=given.signed_in_at,
        )
        return self._tokens.sign(token)

    def made(self, file_id: str, *, grace: float = 0) -> PageCall | None:
        """The call that is being made; ``None`` without a good token.

        Args:
            file_id: from the address.
            grace: seconds for which the token may have ended already.
        """
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            reference = file_ids.decode(file_id, self._instance)
            canonical = file_ids.encode(reference, self._instance)
            token = self._tokens.read(text.strip(), resource_id=_resource(canonical), grace=grace)
        except (InvalidAccessToken, file_ids.InvalidFileId):
            return None
        return PageCall(canonical, reference, token)


def _resource(file_id: str) -> str:
    # With a character that no file id has: neither token is ever good for the other.
    return f"page:{file_id}"


def refused() -> Response:
    """The answer to whoever has no good token."""
    response = Response(status=401)
    response.headers["WWW-Authenticate"] = "Bearer"
    return private(response)


def private(response: Response) -> Response:
    """An answer that is for one page alone."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
