"""WOPI from the other side: the calls that an office client makes."""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from connector.sandbox.demo_office.keys import ProofKey
from connector.sandbox.demo_office.proof import signed_bytes, ticks

_TIMEOUT = (5, 60)
_REMEMBERED = 200
_TOLD = (
    "X-WOPI-Lock",
    "X-WOPI-LockFailureReason",
    "X-WOPI-ItemVersion",
    "X-WOPI-ServerError",
)
_MAX_SIZE = 100 * 1024 * 1024


class HostUnreachable(Exception):
    """The WOPI host did not answer."""


@dataclass(frozen=True)
class Call:
    """A call that was made: number, operation, status, duration, time, headers that matter."""

    number: int
    operation: str
    status: int
    milliseconds: int
    at: str
    headers: dict[str, str]


class WopiClient:
    """Calls about one file with one access token.

    Args:
        source: WOPISrc.
        access_token: decoded.
        key: signs calls.
        former_key: signs them too.
    """

    def __init__(self, source: str, access_token: str, key: ProofKey, former_key: ProofKey) -> None:
        self._source = source
        self._access_token = access_token
        self._keys = (key, former_key)
        self._session_id = str(uuid.uuid4())
        self._http = requests.Session()
        self._http.trust_env = False
        self._mutex = threading.Lock()
        self._count = 0
        self.calls: deque[Call] = deque(maxlen=_REMEMBERED)

    def check_file_info(self) -> requests.Response:
        """CheckFileInfo."""
        return self._call("CheckFileInfo", "GET")

    def get_file(self) -> requests.Response:
        """GetFile."""
        return self._call("GetFile", "GET", "/contents", {"MaxExpectedSize": str(_MAX_SIZE)})

    def put_file(self, content: bytes, lock_id: str | None, editor: str) -> requests.Response:
        """PutFile; without a lock for a file that is empty yet."""
        headers = {"Override": "PUT", "Editors": editor}
        if lock_id is not None:
            headers["Lock"] = lock_id
        return self._call("PutFile", "POST", "/contents", headers, content)

    def lock(self, lock_id: str) -> requests.Response:
        """Lock."""
        return self._call("Lock", "POST", headers={"Override": "LOCK", "Lock": lock_id})

    def refresh_lock(self, lock_id: str) -> requests.Response:
        """RefreshLock."""
        headers = {"Override": "REFRESH_LOCK", "Lock": lock_id}
        return self._call("RefreshLock", "POST", headers=headers)

    def unlock(self, lock_id: str) -> requests.Response:
        """Unlock."""
        return self._call("Unlock", "POST", headers={"Override": "UNLOCK", "Lock": lock_id})

    def _call(
        self,
        operation: str,
        method: str,
        suffix: str = "",
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> requests.Response:
        url = f"{self._source}{suffix}"
        url += f"{'&' if '?' in url else '?'}access_token={quote(self._access_token, safe='')}"
        sent = {f"X-WOPI-{name}": value for name, value in (headers or {}).items()}
        sent |= self._proofs(url)
        sent["Authorization"] = f"Bearer {self._access_token}"
        sent["X-WOPI-CorrelationID"] = str(uuid.uuid4())
        sent["X-WOPI-SessionId"] = self._session_id
        sent["X-WOPI-ClientVersion"] = "demo-office"
        began = time.monotonic()
        try:
            response = self._http.request(
                method, url, headers=sent, data=body, timeout=_TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as error:
            self._note(operation, 0, began, {})
            raise HostUnreachable(type(error).__name__) from error
        told = {name: response.headers[name] for name in _TOLD if name in response.headers}
        self._note(operation, response.status_code, began, told)
        return response

    def _proofs(self, url: str) -> dict[str, str]:
        timestamp = ticks(time.time())
        data = signed_bytes(self._access_token, url, timestamp)
        current, former = self._keys
        return {
            "X-WOPI-TimeStamp": str(timestamp),
            "X-WOPI-Proof": current.sign(data),
            "X-WOPI-ProofOld": former.sign(data),
        }

    def _note(self, operation: str, status: int, began: float, headers: dict[str, Any]) -> None:
        with self._mutex:
            self._count += 1
            milliseconds = round((time.monotonic() - began) * 1000)
            at = time.strftime("%H:%M:%S")
            self.calls.append(Call(self._count, operation, status, milliseconds, at, headers))
