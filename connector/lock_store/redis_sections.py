"""Critical sections over several machines: leases in Redis.

Whoever enters puts a token of its own beside the document, for a short time, which one thread per
process makes longer again and again while the section is held. So a process that dies, however it
dies, leaves its sections free within seconds.

A lease can also end while its holder goes on: the process stood still, the machine was cut off, or
Redis lost it. Then somebody else may be inside. Whatever the holder asks of the store from then on
is refused with :class:`~connector.lock_store.base.SectionLost`, because the token is compared in
the same go as the change is made (:mod:`connector.lock_store.redis_scripts`).
"""

from __future__ import annotations

import logging
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import redis

from connector.lock_store.base import LockStoreBusy
from connector.lock_store.redis_connection import redis_errors
from connector.lock_store.redis_scripts import KEEP_SECTIONS, LEAVE_SECTION

_log = logging.getLogger(__name__)

_FAILED_AGAIN = 1.0


class Sections:
    """The critical sections of one process.

    Args:
        client: of Redis.
        name_of: makes the key of a document's section.
        lease: seconds after which a section is free whose holder is not heard of.
        wait: seconds to wait for a section.
    """

    def __init__(
        self, client: redis.Redis, name_of: Callable[[str], str], *, lease: float, wait: float
    ) -> None:
        self._client = client
        self._name_of = name_of
        self._lease = lease
        self._wait = wait
        self._leave_section = client.register_script(LEAVE_SECTION)
        self._keep_sections = client.register_script(KEEP_SECTIONS)
        # Of all threads, to be kept; and of each thread, to be shown.
        self._held: dict[str, str] = {}
        self._own = threading.local()
        self._mutex = threading.Lock()
        self._stopped = threading.Event()
        self._keeper: threading.Thread | None = None

    @contextmanager
    def enter(self, document_keys: tuple[str, ...]) -> Iterator[None]:
        """Be alone in these documents' sections.

        They are entered one after the other in the order of their names, which is the same for all,
        so that nobody waits for somebody who waits for them.

        Raises:
            LockStoreBusy: they could not be entered in time, or Redis does not answer.
        """
        deadline = time.monotonic() + self._wait
        with ExitStack() as entered:
            for name in sorted(map(self._name_of, set(document_keys))):
                token = secrets.token_hex(16)
                # Before it is entered: it may be, and only the answer be lost.
                entered.callback(self._leave, name, token)
                self._enter(name, token, deadline)
            yield

    def fences(self) -> dict[str, str]:
        """The sections that the calling thread is in, and the tokens that show it."""
        return getattr(self._own, "held", {})

    def close(self) -> None:
        """Keep nothing any longer."""
        self._stopped.set()
        if self._keeper is not None:
            self._keeper.join()

    def _enter(self, name: str, token: str, deadline: float) -> None:
        pause = 0.002
        while True:
            with redis_errors(self._client):
                is_entered = self._client.set(name, token, nx=True, px=int(self._lease * 1000))
            if is_entered:
                self._own.held = self.fences() | {name: token}
                with self._mutex:
                    self._held[name] = token
                    self._start_keeper()
                return
            if time.monotonic() >= deadline:
                raise LockStoreBusy("the document is busy with another save")
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - not a secret
            pause = min(pause * 2, 0.05)

    def _leave(self, name: str, token: str) -> None:
        """Never raises: what was to be done inside is done, or failed for a reason of its own."""
        was_entered = name in self.fences()
        self._own.held = {other: t for other, t in self.fences().items() if other != name}
        with self._mutex:
            self._held.pop(name, None)
        try:
            with redis_errors(self._client):
                was_own = self._leave_section([name], [token])
        except LockStoreBusy:
            _log.warning("%s ends by itself", name)
            return
        if was_entered and not was_own:
            _log.warning("%s was lost while it was held", name)

    def _start_keeper(self) -> None:
        # Also where the process was forked, and the thread stayed behind.
        if self._keeper is None or not self._keeper.is_alive():
            self._keeper = threading.Thread(target=self._keep, name="sections", daemon=True)
            self._keeper.start()

    def _keep(self) -> None:
        pause = self._lease / 3
        while not self._stopped.wait(pause):
            with self._mutex:
                held = dict(self._held)
            pause = self._lease / 3
            try:
                if held:
                    with redis_errors(self._client):
                        self._keep_sections([*held], [int(self._lease * 1000), *held.values()])
            except LockStoreBusy:
                pause = min(pause, _FAILED_AGAIN)
