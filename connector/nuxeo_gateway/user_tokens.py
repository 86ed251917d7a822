"""The Nuxeo token: how the connector acts as a user towards Nuxeo (REST_CONTRACT 1.2)."""

from __future__ import annotations

import threading
import time

import jwt
from cachetools import TTLCache

LIFETIME = 600
"""Seconds that a minted token is good for. It never leaves the connector but towards Nuxeo."""

_RENEW_AFTER = 480
_USERS_REMEMBERED = 4096


class UserTokens:
    """Mints and remembers a token per user.

    No ``aud``: Nuxeo compares it with the forwarded path, where a wrong guess locks us out. No
    ``iat`` and no ``nbf``: Nuxeo allows no leeway, so a clock slightly ahead would lock us out too.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._mutex = threading.Lock()
        # By the clock that ``exp`` is made with: a machine that was asleep, or whose clock was set,
        # must not go on with tokens that have ended.
        self._tokens: TTLCache[str, str] = TTLCache(
            _USERS_REMEMBERED, _RENEW_AFTER, timer=lambda: time.time()
        )

    def of(self, user: str) -> str:
        """A token good for at least two more minutes that makes Nuxeo see ``user``."""
        with self._mutex:
            token = self._tokens.get(user)
            if token is None:
                claims = {"iss": "nuxeo", "sub": user, "exp": int(time.time()) + LIFETIME}
                token = self._tokens[user] = jwt.encode(claims, self._secret, algorithm="HS512")
            return token
