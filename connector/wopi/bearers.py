"""Who is behind an OAuth2 access token that Nuxeo has issued.

Nuxeo is asked, and its answer is good for a minute: a native office client calls several times in
a row. Tokens that are nobody's are remembered as well, and when too many different ones come in,
further unknown ones are put off instead of asking Nuxeo about each.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable

from cachetools import TTLCache

from connector.nuxeo_gateway.errors import GatewayError, NuxeoRefusal
from connector.nuxeo_gateway.users import User, Users
from connector.wopi.errors import ServerError, Unauthorized

_REMEMBERED_FOR = 60.0
_REMEMBERED = 4096
_FAILURES_AT_ONCE = 30
_FAILURES_PER_SECOND = 1.0
# RFC 6750, 2.1: b64token; Nuxeo's own are letters and digits.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,4096}=*")


class Bearers:
    """Tells whose a token is.

    Args:
        users: asks Nuxeo.
        clock: seconds that only grow.
    """

    def __init__(self, users: Users, clock: Callable[[], float] = time.monotonic) -> None:
        self._users = users
        self._clock = clock
        self._mutex = threading.Lock()
        # By a digest, so that nothing in memory is a token.
        self._known: TTLCache[bytes, User | None] = TTLCache(
            _REMEMBERED, _REMEMBERED_FOR, timer=clock
        )
        self._failures_left = float(_FAILURES_AT_ONCE)
        self._counted_at = clock()

    def user(self, token: str) -> User:
        """The user to whom a token was issued: one call to Nuxeo, or none.

        Raises:
            Unauthorized: it is nobody's, or the anonymous user's.
            ServerError: Nuxeo failed, or too many unknown tokens came in lately.
        """
        if not _TOKEN.fullmatch(token):
            raise Unauthorized("what was sent is no OAuth2 token")
        key = hashlib.sha256(token.encode()).digest()
        with self._mutex:
            is_known = key in self._known
            user = self._known.get(key)
        if not is_known:
            user = self._ask(key, token)
        if user is None:
            raise Unauthorized("Nuxeo does not know the OAuth2 token")
        return user

    def _ask(self, key: bytes, token: str) -> User | None:
        with self._mutex:
            self._count()
            if self._failures_left < 1:
                raise ServerError("too many sign-ins have failed; try again in a minute")
        user: User | None
        try:
            user = self._users.behind_bearer(token)
        except NuxeoRefusal:
            user = None
        except GatewayError as error:
            raise ServerError(str(error)) from error
        if user is not None and user.is_anonymous:
            # Whom Nuxeo takes everybody for who shows nothing it knows.
            user = None
        with self._mutex:
            self._known[key] = user
            if user is None:
                self._failures_left -= 1
        return user

    def _count(self) -> None:
        moment = self._clock()
        gained = (moment - self._counted_at) * _FAILURES_PER_SECOND
        self._failures_left = min(_FAILURES_AT_ONCE, self._failures_left + gained)
        self._counted_at = moment
