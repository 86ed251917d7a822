"""Who is behind an OAuth2 access token that Nuxeo has issued.

Nuxeo is asked, and its answer is good for a minute: a native office client calls several times in
a row. Tokens that are nobody's are remembered as well. Somebody who sends many of those is put off,
instead of asking Nuxeo about each. That is counted by the address that they come from, so that
nobody can keep others out; and a token that was somebody's not long ago is always asked about,
wherever it comes from.

All of it is each process's own, bounded, and by a digest, so that nothing in memory is a token.
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
from connector.wopi.errors import ServerError, TooManyRequests, Unauthorized
from connector.wopi.failure_budget import FailureBudgets

_GOOD_FOR = 60.0
_REMEMBERED = 4096
_TRUSTED_FOR = 86400.0
_TRUSTED = 65536
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
        self._mutex = threading.Lock()
        self._owners: TTLCache[bytes, User] = TTLCache(_REMEMBERED, _GOOD_FOR, timer=clock)
        # Apart from the owners, which a flood of these would drive out.
        self._nobodys: TTLCache[bytes, None] = TTLCache(_REMEMBERED, _GOOD_FOR, timer=clock)
        # Only what Nuxeo has issued gets in here, so that no flood drives anything out.
        self._were_good: TTLCache[bytes, None] = TTLCache(_TRUSTED, _TRUSTED_FOR, timer=clock)
        self._budgets = FailureBudgets(clock)

    def user(self, token: str, caller: str) -> User:
        """The user to whom a token was issued: one call to Nuxeo, or none.

        Args:
            token: as it came.
            caller: from where, as :func:`connector.wopi.client_address.client_address` has it.

        Raises:
            Unauthorized: it is nobody's, or the anonymous user's.
            TooManyRequests: the token is not known, and too many from there were nobody's.
            ServerError: Nuxeo failed.
        """
        if not _TOKEN.fullmatch(token):
            raise Unauthorized("what was sent is no OAuth2 token")
        key = hashlib.sha256(token.encode()).digest()
        with self._mutex:
            user = self._owners.get(key)
            is_nobodys = key in self._nobodys
            was_good = key in self._were_good
            if user is None and not is_nobodys and not was_good:
                # In advance: many at the same time must not get past it.
                wait = self._budgets.take(caller)
                if wait:
                    raise TooManyRequests("too many sign-ins from this address have failed", wait)
        if user is None and not is_nobodys:
            user = self._ask(key, token, None if was_good else caller)
        if user is None:
            raise Unauthorized("Nuxeo does not know the OAuth2 token")
        return user

    def _ask(self, key: bytes, token: str, charged: str | None) -> User | None:
        """Whose it is, says Nuxeo; ``charged`` has paid for a failure in advance."""
        user: User | None
        is_failure = False
        try:
            user = self._users.behind_bearer(token)
            # Whom Nuxeo takes everybody for who shows nothing it knows.
            is_failure = user.is_anonymous
        except NuxeoRefusal:
            user, is_failure = None, True
        except GatewayError as error:
            raise ServerError(str(error)) from error
        finally:
            if charged is not None and not is_failure:
                with self._mutex:
                    self._budgets.give_back(charged)
        with self._mutex:
            if user is None or is_failure:
                self._nobodys[key] = None
                self._were_good.pop(key, None)
                return None
            self._owners[key] = user
            self._were_good[key] = None
        return user
