"""Who the user of a browser is, by the cookies that it sends.

How somebody comes to be signed in is another matter: see :mod:`connector.host.session_login` and
:mod:`connector.host.oauth2_pages`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from connector.nuxeo_gateway.errors import NuxeoRefusedUser
from connector.nuxeo_gateway.users import User, Users

SIGNED_IN_FOR = 24 * 3600
"""Seconds for which a page goes on without its user showing again who they are."""

_NOT_IN_A_VALUE = frozenset(' ",;\\')


class SignInUnclear(Exception):
    """A browser's cookies say that it is two users'."""


class SignIn(Protocol):
    """A way to know."""

    def user(self, cookies: Mapping[str, str]) -> User | None:
        """The user whose browser sent ``cookies``; ``None`` if nobody is signed in.

        Raises:
            SignInUnclear: they say that it is two users'.
            GatewayError: Nuxeo could not say.
        """

    def has_signed_out(self, cookies: Mapping[str, str], since: float) -> bool:
        """Whether somebody has signed out in the browser that sent ``cookies``.

        Args:
            cookies: a browser's.
            since: seconds since the epoch, no more than :data:`SIGNED_IN_FOR` ago.
        """


class SessionSignIn:
    """Learns the user from the browser's Nuxeo cookies.

    The connector is mounted on Nuxeo's host below ``/nuxeo``, where the browser sends Nuxeo's
    session cookie. The cookie is shown to Nuxeo once to learn the user, and goes nowhere else: not
    into a log, not into a page, not into any other call (REST_CONTRACT 1.4).

    Args:
        users: asks Nuxeo.
        cookie_names: which of a browser's cookies are Nuxeo's.
    """

    def __init__(self, users: Users, cookie_names: tuple[str, ...]) -> None:
        self._users = users
        self._cookie_names = cookie_names

    def user(self, cookies: Mapping[str, str]) -> User | None:
        """See :class:`SignIn`."""
        shown = [
            f"{name}={cookies[name]}"
            for name in self._cookie_names
            if name in cookies and _is_cookie_value(cookies[name])
        ]
        if not shown:
            return None
        try:
            user = self._users.behind_cookies("; ".join(shown))
        except NuxeoRefusedUser:
            return None
        return None if user.is_anonymous else user

    def has_signed_out(self, _cookies: Mapping[str, str], _since: float) -> bool:
        """Not known: a session that is no more may as well have been left alone for an hour."""
        return False


def _is_cookie_value(value: str) -> bool:
    return bool(value) and all("!" <= char <= "~" and char not in _NOT_IN_A_VALUE for char in value)
