"""Handing events on without keeping anybody waiting: a queue and a thread for each receiver."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from connector.events.events import Event

_log = logging.getLogger(__name__)

_WAITING = 1000
_LAST_CHANCE = 5.0

Receiver = Callable[[Event, threading.Event], None]
"""Takes an event, and a flag that is set when it is time to stop. May take long, and may raise."""


class Delivery:
    """Events on their way to one receiver, in the order in which they came.

    When more are waiting than there is room for, the oldest are dropped, which the log tells.

    Args:
        name: of the receiver, for the log.
        receiver: is called in a thread of its own, one event at a time.
        waiting: how many may wait.
    """

    def __init__(self, name: str, receiver: Receiver, waiting: int = _WAITING) -> None:
        self._name = name
        self._receiver = receiver
        self._room = waiting
        self._waiting: deque[Event] = deque()
        self._is_under_way = False
        self._dropped = 0
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def emit(self, event: Event) -> None:
        """See :class:`connector.events.events.Events`."""
        with self._changed:
            if self._stopping.is_set():
                self._missed(event, "the connector is stopping")
                return
            if len(self._waiting) == self._room:
                self._waiting.popleft()
                self._dropped += 1
                if self._dropped == 1:
                    _log.warning(
                        "too many events for the %s are waiting: some are lost", self._name
                    )
            self._waiting.append(event)
            self._changed.notify()
            if self._thread is None:
                self._start()

    def stop(self) -> None:
        """Take no more; what is waiting goes on its way, each with one try only."""
        with self._changed:
            self._stopping.set()
            self._changed.notify()

    def close(self, within: float = _LAST_CHANCE) -> None:
        """Stop; what is waiting still has so many seconds."""
        self.stop()
        if self._thread is not None:
            self._thread.join(within)
        with self._changed:
            # Whether the one that is under way arrives, nobody will know.
            lost = len(self._waiting) + self._is_under_way + self._dropped
            self._waiting.clear()
            self._dropped = 0
        if lost:
            _log.warning("up to %d events for the %s are lost", lost, self._name)

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name=f"events-{self._name}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            # No room for one more just now; the next event tries again.
            _log.warning("events for the %s have to wait: %s", self._name, error)
        else:
            self._thread = thread

    def _run(self) -> None:
        while (event := self._next()) is not None:
            try:
                self._receiver(event, self._stopping)
            except Exception as error:  # noqa: BLE001 - or no event would be told any more
                self._missed(event, error)

    def _next(self) -> Event | None:
        """The next event, as soon as there is one; ``None`` when there will be none."""
        with self._changed:
            self._is_under_way = False
            if self._dropped and not self._waiting:
                _log.warning("%d events for the %s were lost", self._dropped, self._name)
                self._dropped = 0
            self._changed.wait_for(lambda: self._waiting or self._stopping.is_set())
            if not self._waiting:
                return None
            self._is_under_way = True
            return self._waiting.popleft()

    def _missed(self, event: Event, why: object) -> None:
        _log.warning(
            "the %s missed %s of %s/%s: %s",
            self._name,
            event.kind.value,
            event.repository,
            event.document_id,
            why,
        )


class Deliveries:
    """All receivers at once."""

    def __init__(self, deliveries: Sequence[Delivery]) -> None:
        self._deliveries = tuple(deliveries)

    def emit(self, event: Event) -> None:
        """See :class:`connector.events.events.Events`."""
        for delivery in self._deliveries:
            delivery.emit(event)

    def close(self, within: float = _LAST_CHANCE) -> None:
        """Stop; what is waiting, for whomever, still has so many seconds."""
        end = time.monotonic() + within
        for delivery in self._deliveries:
            delivery.stop()
        for delivery in self._deliveries:
            delivery.close(max(0.0, end - time.monotonic()))
