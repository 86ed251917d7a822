"""Who the user of a browser is: by a cookie that the connector itself has set after sign-in.

It is good for a short time, since the connector cannot see that somebody signed out of Nuxeo. It is
set anew by every sign-in, and never made longer. Who signs out by the connector leaves another
cookie, by which pages that are still open know of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.wrappers import Response

from connector.host.sign_in import SIGNED_IN_FOR, SignInUnclear
from connector.host.signed_cookies import SignedCookies
from connector.nuxeo_gateway.users import User

_NAME = "nuxeo-wopi-user"
_AUDIENCE = "nuxeo-wopi-browser:user"
_SIGNED_OUT = "nuxeo-wopi-signed-out"
_SIGNED_OUT_AUDIENCE = "nuxeo-wopi-browser:signed-out"
_LONGEST_DISPLAY_NAME = 100

_CLOCKS_APART = 10
"""Seconds by which the clocks of nodes may differ."""


class UserCookie:
    """Reads and sets it; one of the ways of :class:`connector.host.sign_in.SignIn`.

    Args:
        cookies: keeps it.
        lifetime: seconds.
    """

    def __init__(self, cookies: SignedCookies, lifetime: int) -> None:
        self._cookies = cookies
        self._lifetime = lifetime

    def user(self, cookies: Mapping[str, str]) -> User | None:
        """The user whose browser sent ``cookies``; ``None`` if nobody is signed in.

        Raises:
            SignInUnclear: they say that it is two users'.
        """
        found = {
            str(claims["sub"]): str(claims.get("name") or claims["sub"])
            for claims in self._cookies.read(cookies, _NAME, _AUDIENCE)
            if claims.get("sub")
        }
        if len(found) > 1:
            raise SignInUnclear
        return next((User(name, shown, False) for name, shown in found.items()), None)

    def set(self, response: Response, user: User) -> None:
        """Have a browser be this user's, whoever's it was before.

        Raises:
            ValueError: the user's name is longer than a cookie can be.
        """
        claims = {"sub": user.name, "name": user.display_name[:_LONGEST_DISPLAY_NAME]}
        self._cookies.set(response, _NAME, _AUDIENCE, claims, self._lifetime)

    def sign_out(self, response: Response) -> None:
        """Have a browser be nobody's, and remember since when."""
        self._cookies.clear(response, _NAME)
        self._cookies.set(response, _SIGNED_OUT, _SIGNED_OUT_AUDIENCE, {}, SIGNED_IN_FOR)

    def has_signed_out(self, cookies: Mapping[str, str], since: float) -> bool:
        """See :class:`connector.host.sign_in.SignIn`.

        A sign-in afterwards, as somebody else perhaps, does not undo it.
        """
        marks = self._cookies.read(cookies, _SIGNED_OUT, _SIGNED_OUT_AUDIENCE)
        return any(int(mark["iat"]) + _CLOCKS_APART >= since for mark in marks)
