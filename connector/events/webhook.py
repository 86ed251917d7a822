"""Events sent to an address of the administrator's.

Each is a POST of JSON with an id of its own. With a secret it is signed: the header
``X-Nuxeo-WOPI-Signature`` is ``sha256=`` and the HMAC-SHA256, in hexadecimal, of the header
``X-Nuxeo-WOPI-Timestamp``, a dot, and the body.

What fails for the moment is tried again, with growing pauses; what is refused is not. Redirects are
not followed, or the events would go to whoever can have the receiver answer with one. Of an answer
only the status counts: the rest is not even read, however long it is.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
import uuid
from collections.abc import Callable, Collection
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path

import requests

from connector import __version__
from connector.events.events import Event, EventKind
from connector.events.text import as_json

_PAUSES = (1.0, 5.0, 25.0, 90.0)
# The next events are waiting.
_LONGEST_WAIT = 10.0
_TOO_MANY_REQUESTS = 429


class NotDelivered(Exception):
    """An event that the receiver does not have; the message names neither address nor secret."""


class Webhook:
    """Sends events.

    Args:
        url: where to.
        secret: to sign them with; ``None`` to leave them unsigned.
        kinds: of events that are sent; all if empty.
        connect_timeout, read_timeout: seconds; more than 10 are not waited.
        ca_bundle: whom to trust; ``None`` for the usual.
        pauses: seconds before each further try.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        url: str,
        secret: str | None,
        kinds: Collection[EventKind] = (),
        *,
        connect_timeout: float,
        read_timeout: float,
        ca_bundle: Path | None = None,
        pauses: Collection[float] = _PAUSES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = url
        self._secret = secret
        self._kinds = frozenset(kinds or EventKind)
        self._timeout = (min(connect_timeout, _LONGEST_WAIT), min(read_timeout, _LONGEST_WAIT))
        self._pauses = tuple(pauses)
        self._clock = clock
        self._http = requests.Session()
        # Neither proxies nor .netrc passwords of the machine are meant for this connection.
        self._http.trust_env = False
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._http.verify = str(ca_bundle) if ca_bundle else True

    def __call__(self, event: Event, stopping: threading.Event) -> None:
        """Send an event, if need be several times; once only when it is time to stop.

        Raises:
            NotDelivered: it was refused, or failed each time.
        """
        if event.kind not in self._kinds:
            return
        body = as_json(event, id=str(uuid.uuid4())).encode()
        for pause in (*self._pauses, None):
            problem, is_passing = self._try(body)
            if problem is None:
                return
            if pause is None or not is_passing or stopping.wait(pause):
                raise NotDelivered(problem)

    def _try(self, body: bytes) -> tuple[str | None, bool]:
        """What went wrong, and whether it may go well a little later."""
        try:
            with self._http.post(
                self._url,
                data=body,
                headers=self._headers(body),
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                status = response.status_code
        except requests.RequestException as error:
            return f"no answer ({type(error).__name__})", True
        if 200 <= status < 300:
            return None, False
        return f"status {status}", status >= 500 or status == _TOO_MANY_REQUESTS

    def _headers(self, body: bytes) -> dict[str, str]:
        timestamp = str(int(self._clock()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"nuxeo-wopi-connector/{__version__}",
            "X-Nuxeo-WOPI-Timestamp": timestamp,
        }
        if self._secret is not None:
            headers["X-Nuxeo-WOPI-Signature"] = signature(self._secret, timestamp, body)
        return headers


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What proves that a body comes from who has the secret, and when it was sent."""
    signed = f"{timestamp}.".encode() + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
