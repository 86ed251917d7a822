"""The WOPI access token that an office client shows with every call.

It is good for one resource (a file, a container, or the ecosystem), one user and one office
client, and for nothing on Nuxeo itself: it is signed with the secret that Nuxeo shares, but Nuxeo
takes ``aud`` for a path prefix, which ``wopi:<resource>`` never is (REST_CONTRACT 1.2). A Nuxeo
token, the other way round, lacks issuer and audience and is refused here.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import jwt

_ALGORITHM = "HS512"
_ISSUER = "nuxeo-wopi-connector"
_REQUIRED = ["sub", "exp", "aud", "iss", "grant", "client"]

GRACE = 1800
"""Seconds after its end in which a token still serves to bring an editing session to its end: as
long as a lock lives without being refreshed (WOPI page "Lock")."""


class Grant(StrEnum):
    """What the session was opened for; the user's rights in Nuxeo still decide every call."""

    VIEW = "view"
    EDIT = "edit"


class InvalidAccessToken(Exception):
    """A token that is malformed, forged, expired, or another resource's."""


@dataclass(frozen=True)
class AccessToken:
    """Who may do what with which resource, through which office client.

    ``user`` is the Nuxeo login name, ``user_name`` the name to show to people, ``client`` the
    office client's configured name, ``expires_at`` seconds since the epoch. ``session`` names one
    opening of the resource for editing, also over tokens that take each other's place; it is empty
    for viewing. ``page`` names the host page that it was made for, and is what people tell
    administrators as a support id; empty where there is none. ``signed_in_at`` is when the user
    last showed who they are, in seconds since the epoch. ``is_over`` says that it has ended, and
    was read because of the grace that was asked for.
    """

    resource_id: str
    user: str
    user_name: str
    grant: Grant
    client: str
    expires_at: int
    session: str = ""
    page: str = ""
    signed_in_at: int = 0
    is_over: bool = False

    @property
    def ttl_milliseconds(self) -> int:
        """``access_token_ttl``: the moment of expiry, in milliseconds since the epoch."""
        return self.expires_at * 1000


class AccessTokens:
    """Makes and reads access tokens.

    Args:
        secret: ``nuxeo.jwt.secret``.
        lifetime: seconds from issue to expiry.
        clock: seconds since the epoch.
    """

    def __init__(self, secret: str, lifetime: int, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._lifetime = lifetime
        self._clock = clock

    def now(self) -> float:
        """The moment by which tokens live and end, in seconds since the epoch."""
        return self._clock()

    def issue(
        self,
        *,
        resource_id: str,
        user: str,
        user_name: str,
        grant: Grant,
        client: str,
        session: str | None = None,
        page: str = "",
        signed_in_at: int | None = None,
    ) -> AccessToken:
        """A token for one user and one resource that lives from now on.

        With ``session`` it is for the same opening as another token; otherwise it is for a new one.
        ``page`` is the host page that it is made for. ``signed_in_at`` is now unless given.
        """
        if session is None:
            session = secrets.token_urlsafe(9) if grant is Grant.EDIT else ""
        now = int(self._clock())
        return AccessToken(
            resource_id,
            user,
            user_name,
            grant,
            client,
            now + self._lifetime,
            session,
            page,
            now if signed_in_at is None else signed_in_at,
        )

    def sign(self, token: AccessToken) -> str:
        """The text that is handed to the office client."""
        claims = {
            "iss": _ISSUER,
            "aud": f"wopi:{token.resource_id}",
            "sub": token.user,
            "name": token.user_name,
            "grant": token.grant.value,
            "client": token.client,
            "exp": token.expires_at,
            "session": token.session,
            "page": token.page,
            "auth_time": token.signed_in_at,
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def read(self, text: str, *, resource_id: str, grace: float = 0) -> AccessToken:
        """The token behind ``text``, checked for ``resource_id``.

        Args:
            text: as it was handed out.
            resource_id: what it must be for.
            grace: seconds for which it may have ended already; the caller then has to see to
                ``is_over``.

        Raises:
            InvalidAccessToken: saying why, without repeating the token.
        """
        try:
            claims = jwt.decode(
                text,
                self._secret,
                algorithms=[_ALGORITHM],
                audience=f"wopi:{resource_id}",
                issuer=_ISSUER,
                options={"require": _REQUIRED, "verify_exp": False, "strict_aud": True},
            )
            expires_at = int(claims["exp"])
            grant = Grant(claims["grant"])
            signed_in_at = int(claims.get("auth_time") or 0)
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError) as error:
            raise InvalidAccessToken(type(error).__name__) from error
        # Not left to PyJWT, so that tests can move the clock.
        late = self._clock() - expires_at
        if late >= 0 and late >= grace:
            raise InvalidAccessToken("expired")
        user, client = claims["sub"], str(claims["client"])
        name = str(claims.get("name") or user)
        session, page = str(claims.get("session") or ""), str(claims.get("page") or "")
        if not session and grant is Grant.EDIT:
            # Of a release that named none: at least this token is one opening.
            session = hashlib.sha256(text.encode()).hexdigest()[:12]
        return AccessToken(
            resource_id,
            user,
            name,
            grant,
            client,
            expires_at,
            session,
            page,
            signed_in_at,
            is_over=late >= 0,
        )
