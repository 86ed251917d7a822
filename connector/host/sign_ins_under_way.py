"""Sign-ins that have begun in a browser and not come back yet, each in a cookie of its own.

So several tabs may sign in at once, and only the browser in which a sign-in has begun can complete
it. The cookie has what is needed for that: the state, the verifier of PKCE, and the page to go back
to.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from werkzeug.wrappers import Response

from connector.host.signed_cookies import SignedCookies

_NAME = "nuxeo-wopi-signin-"
_AUDIENCE = "nuxeo-wopi-browser:sign-in"

LIFETIME = 600
"""Seconds; a code of Nuxeo's lives as long."""

MOST = 5
"""At once in one browser; each is up to a kilobyte of every request, and proxies take eight."""

LONGEST_TARGET = 500
"""Characters."""


@dataclass(frozen=True)
class SignInUnderWay:
    """One of them.

    Attributes:
        state: what the browser brings back.
        verifier: what the code is exchanged with.
        target: the page to go back to.
    """

    state: str = field(repr=False)
    verifier: str = field(repr=False)
    target: str


class SignInsUnderWay:
    """Those of the browser that sends a request.

    Args:
        cookies: keeps them.
    """

    def __init__(self, cookies: SignedCookies) -> None:
        self._cookies = cookies

    def begin(
        self, response: Response, sign_in: SignInUnderWay, cookies: Mapping[str, str]
    ) -> None:
        """Note one more; the oldest of those in ``cookies`` are given up where they are too many.

        Raises:
            ValueError: the target is too long.
        """
        if len(sign_in.target) > LONGEST_TARGET:
            raise ValueError("too long an address to come back to")
        ages: dict[str, int] = {}
        for name in self._names(cookies):
            good = self._cookies.read(cookies, name, _AUDIENCE)
            ages[name] = max((int(claims["exp"]) for claims in good), default=0)
        newest_first = sorted(ages, key=lambda name: ages[name], reverse=True)
        for index, name in enumerate(newest_first):
            if index >= MOST - 1 or not ages[name]:
                self._cookies.clear(response, name)
        claims = {
            "state": sign_in.state,
            "verifier": sign_in.verifier,
            "target": sign_in.target,
        }
        self._cookies.set(response, _name(sign_in.state), _AUDIENCE, claims, LIFETIME)

    def of(self, state: str, cookies: Mapping[str, str]) -> SignInUnderWay | None:
        """The one with this state; ``None`` if it did not begin in this browser, or has ended."""
        for claims in self._cookies.read(cookies, _name(state), _AUDIENCE):
            if hmac.compare_digest(str(claims["state"]).encode(), state.encode()):
                return SignInUnderWay(state, str(claims["verifier"]), str(claims["target"]))
        return None

    def end(self, response: Response, state: str) -> None:
        """Forget the one with this state."""
        self._cookies.clear(response, _name(state))

    def end_all(self, response: Response, cookies: Mapping[str, str]) -> None:
        """Forget those in ``cookies``."""
        for name in self._names(cookies):
            self._cookies.clear(response, name)

    def _names(self, cookies: Mapping[str, str]) -> list[str]:
        prefix = self._cookies.name(_NAME)
        return [_NAME + name.removeprefix(prefix) for name in cookies if name.startswith(prefix)]


def _name(state: str) -> str:
    return _NAME + hashlib.sha256(state.encode()).hexdigest()[:16]
