"""Where the discovery comes from: fetched, kept in memory and on disk, renewed in the background.

The connector starts and goes on without the office client: the last good document is used for as
long as its source is down. Only when there never was one does a caller wait, and is told.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import requests
from cachetools import TTLCache

from connector import __version__, whole_file
from connector.wopi.deadline import within
from connector.wopi.discovery import Discovery, InvalidDiscovery, parse

_log = logging.getLogger(__name__)

_KEY = "discovery"
_MAX_BYTES = 8 * 1024 * 1024
_PIECE = 1024
_PATIENCE = 15.0
_RETRY_AFTER = 30.0
_FAILURE_REMEMBERED = 3.0
_AGAIN_AFTER = 60.0


class DiscoveryUnavailable(Exception):
    """There is no discovery: its source is down or publishes nonsense, and always was."""


class DiscoverySource:
    """The discovery of one office client.

    Args:
        url: where it is published.
        refresh: seconds after which it is fetched again.
        kept_in: a file that keeps the last good document over a restart.
        prefer_https: which net zone to take.
        connect_timeout: seconds to wait for a connection.
        read_timeout: seconds that the source may be silent; the two together are the most that
            it may take for everything.
        ca_bundle: certificates to trust instead of the usual ones.
        patience: seconds that whoever needs a discovery waits for the first.
        fetch: for tests; fetches ``url``.
    """

    def __init__(
        self,
        url: str,
        *,
        refresh: float,
        kept_in: Path,
        prefer_https: bool,
        connect_timeout: float,
        read_timeout: float,
        ca_bundle: Path | None = None,
        patience: float = _PATIENCE,
        fetch: Callable[[], bytes] | None = None,
    ) -> None:
        self._url = url
        self._refresh = refresh
        self._kept_in = kept_in
        self._prefer_https = prefer_https
        self._timeout = (connect_timeout, read_timeout)
        self._patience = patience
        self._verify: bool | str = str(ca_bundle) if ca_bundle else True
        self._fetch = fetch or self._download
        self._fresh: TTLCache[str, Discovery] = TTLCache(1, refresh)
        self._failed: TTLCache[str, str] = TTLCache(1, _FAILURE_REMEMBERED)
        self._last_good: Discovery | None = None
        # When it was last fetched again on demand, and whether that worked.
        self._again = (0.0, False)
        self._one_at_a_time = threading.Lock()
        self._stopped = threading.Event()

    def get(self) -> Discovery:
        """The discovery, without waiting if there ever was one.

        Raises:
            DiscoveryUnavailable: there never was one, and there is none now.
        """
        return self._last_good or self._renew(self._patience)

    def renew(self) -> Discovery:
        """Fetch the discovery now; one caller at a time does, the others share what it got.

        Raises:
            DiscoveryUnavailable: the source is down and nothing was kept.
        """
        return self._renew(sum(self._timeout))

    def fetch_again(self) -> bool:
        """Fetch the discovery because it may be out of date; says whether it is newer now.

        At most once a minute, and one caller does it for all who ask meanwhile: whoever can make
        this happen must not be able to make the office client busy with it.
        """
        asked = time.monotonic()
        if not self._one_at_a_time.acquire(timeout=self._patience):
            return False
        try:
            when, was_good = self._again
            if when >= asked:
                return was_good
            if when and asked - when < _AGAIN_AFTER:
                return False
            self._fresh.clear()
            self._failed.clear()
            is_good = self._fetch_and_keep(self._patience) is None
            self._again = (time.monotonic(), is_good)
            return is_good
        finally:
            self._one_at_a_time.release()

    def _renew(self, patience: float) -> Discovery:
        if not self._one_at_a_time.acquire(timeout=patience):
            return self._without_source("it is still being fetched")
        try:
            fresh = self._fresh.get(_KEY)
            if fresh is not None:
                return fresh
            reason = self._failed.get(_KEY) or self._fetch_and_keep(patience)
            return self._without_source(reason) if reason else self._fresh[_KEY]
        finally:
            self._one_at_a_time.release()

    def _fetch_and_keep(self, patience: float) -> str | None:
        """Fetch now; why it did not work, or ``None``."""
        try:
            document = within(patience, self._fetch)
            discovery = parse(document, prefer_https=self._prefer_https)
        except Exception as error:  # noqa: BLE001 - whatever a source does, this goes on
            reason = self._failed[_KEY] = _first_cause(error)
            _log.warning("discovery at %s: %s", self._url, reason)
            return reason
        self._fresh[_KEY] = self._last_good = discovery
        self._keep(document)
        return None

    def _without_source(self, reason: str) -> Discovery:
        if self._last_good is None:
            self._last_good = self._kept()
        if self._last_good is None:
            raise DiscoveryUnavailable(reason)
        return self._last_good

    def start(self) -> None:
        """Renew in the background from now on."""
        threading.Thread(target=self._run, name="discovery", daemon=True).start()

    def stop(self) -> None:
        """Stop renewing."""
        self._stopped.set()

    def _run(self) -> None:
        while True:
            try:
                self.renew()
            except DiscoveryUnavailable:
                pause = _RETRY_AFTER
            else:
                pause = self._refresh if _KEY in self._fresh else _RETRY_AFTER
            # Not all processes at the same moment.
            if self._stopped.wait(pause * random.uniform(1.0, 1.1) + 0.1):  # noqa: S311
                return

    def _download(self) -> bytes:
        ends = time.monotonic() + sum(self._timeout)
        with requests.get(
            self._url,
            timeout=self._timeout,
            verify=self._verify,
            stream=True,
            headers={"User-Agent": f"nuxeo-wopi-connector/{__version__}"},
        ) as response:
            response.raise_for_status()
            document = bytearray()
            for piece in response.iter_content(_PIECE):
                document += piece
                if time.monotonic() > ends:
                    raise TimeoutError("it takes too long")
                if len(document) > _MAX_BYTES:
                    raise InvalidDiscovery(f"more than {_MAX_BYTES} bytes")
            return bytes(document)

    def _keep(self, document: bytes) -> None:
        try:
            whole_file.write(self._kept_in, document)
        except OSError as error:
            _log.warning("the discovery could not be kept in %s: %s", self._kept_in, error)

    def _kept(self) -> Discovery | None:
        try:
            discovery = parse(self._kept_in.read_bytes(), prefer_https=self._prefer_https)
        except FileNotFoundError:
            return None
        except (OSError, InvalidDiscovery) as error:
            _log.warning("the discovery kept in %s cannot be used: %s", self._kept_in, error)
            return None
        _log.warning("using the discovery kept in %s", self._kept_in)
        return discovery


def _first_cause(error: BaseException) -> str:
    """What was at the bottom of it; the libraries' own words for it fill three lines."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return f"{type(error).__name__}: {error}".removesuffix(": ")
