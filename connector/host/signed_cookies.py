"""Cookies that the connector itself keeps in browsers: nobody else can make one.

They are signed by a key that is derived from ``nuxeo.jwt.secret``, so that none of them is ever a
Nuxeo token or a WOPI access token, nor the other way round. What one is for is its audience, whose
it is its issuer: one installation's cookie is nothing to another that shares the secret.

Where the connector is reached by https, their names begin with ``__Host-``: a browser takes such a
cookie from this very host only, not from a neighbour in its domain, who could sign people in as
somebody else with it. It does so only for the path ``/``. By plain http the path is the host
pages'.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jwt
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

_ALGORITHM = "HS512"
_KEY_IS_FOR = b"nuxeo-wopi-connector: cookies in browsers, 1"
_PREFIX = "__Host-"

LARGEST = 4096
"""Bytes of name, value and attributes together that every browser keeps (RFC 6265, 6.1)."""


class SignedCookies:
    """Sets, reads and clears them.

    Args:
        secret: ``nuxeo.jwt.secret``.
        host_url: the connector as browsers see it.
        path: of the host pages.
        clock: seconds since the epoch.
    """

    def __init__(
        self, secret: str, host_url: str, path: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._key = hmac.digest(secret.encode(), _KEY_IS_FOR, "sha512")
        self._issuer = host_url
        self._is_secure = host_url.startswith("https://")
        self._path = "/" if self._is_secure else path
        self._clock = clock

    def name(self, name: str) -> str:
        """What a browser knows a cookie by."""
        return f"{_PREFIX}{name}" if self._is_secure else name

    def set(
        self, response: Response, name: str, audience: str, claims: Mapping[str, Any], lifetime: int
    ) -> None:
        """Have a browser keep ``claims`` for ``lifetime`` seconds.

        Raises:
            ValueError: they are more than a browser keeps.
        """
        value = self._sealed(audience, claims, lifetime)
        # Half a kilobyte is more than the attributes need.
        if len(self.name(name)) + len(value) > LARGEST - 512:
            raise ValueError("too much for a cookie")
        response.set_cookie(
            self.name(name),
            value,
            max_age=lifetime,
            path=self._path,
            secure=self._is_secure,
            httponly=True,
            # Sent along when a browser comes back from Nuxeo, but to nothing inside other pages.
            samesite="Lax",
        )

    def clear(self, response: Response, name: str) -> None:
        """Have a browser forget a cookie."""
        response.delete_cookie(
            self.name(name),
            path=self._path,
            secure=self._is_secure,
            httponly=True,
            samesite="Lax",
        )

    def read(self, cookies: Mapping[str, str], name: str, audience: str) -> list[dict[str, Any]]:
        """What the good cookies of a name say, with ``iat`` and ``exp``.

        There is one at most, unless somebody has planted another beside it for another path.
        """
        found = (self._opened(text, audience) for text in _all(cookies, self.name(name)))
        return [claims for claims in found if claims is not None]

    def _sealed(self, audience: str, claims: Mapping[str, Any], lifetime: int) -> str:
        now = int(self._clock())
        own = {"iss": self._issuer, "aud": audience, "iat": now, "exp": now + lifetime}
        return jwt.encode({**claims, **own}, self._key, algorithm=_ALGORITHM)

    def _opened(self, text: str, audience: str) -> dict[str, Any] | None:
        try:
            claims: dict[str, Any] = jwt.decode(
                text,
                self._key,
                algorithms=[_ALGORITHM],
                audience=audience,
                issuer=self._issuer,
                options={
                    "require": ["iss", "aud", "iat", "exp"],
                    # Not left to PyJWT, so that tests can move the clock.
                    "verify_iat": False,
                    "verify_exp": False,
                    "strict_aud": True,
                },
            )
            is_good = int(claims["exp"]) > self._clock()
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError):
            return None
        return claims if is_good else None


def _all(cookies: Mapping[str, str], name: str) -> Iterable[str]:
    if isinstance(cookies, MultiDict):
        values: list[str] = cookies.getlist(name)
        return values
    return [cookies[name]] if name in cookies else []
