"""Handing events on without keeping anybody waiting: a queue and a thread for each receiver."""

from __future__ import annotations

import logging
import queue
import threading
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
        self._queue: queue.Queue[Event] = queue.Queue(waiting)
        self._dropped = 0
        self._mutex = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def emit(self, event: Event) -> None:
        """See :class:`connector.events.events.Events`."""
        with self._mutex:
            if self._queue.full():
                self._queue.get_nowait()
                self._dropped += 1
                if self._dropped == 1:
                    _log.warning(
                        "too many events for the %s are waiting: some are lost", self._name
                    )
            self._queue.put_nowait(event)
            if self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(
                    target=self._run, name=f"events-{self._name}", daemon=True
                )
                self._thread.start()

    def close(self, within: float = _LAST_CHANCE) -> None:
        """Stop; what is waiting still has some seconds."""
        with self._mutex:
            self._stopping.set()
        if self._thread is not None:
            self._thread.join(within)
        lost = self._queue.qsize()
        if lost:
            _log.warning("%d events for the %s are lost", lost, self._name)

    def _run(self) -> None:
        while True:
            try:
                event = self._queue.get(timeout=0.2)
            except queue.Empty:
                if self._stopping.is_set():
                    return
                continue
            try:
                self._receiver(event, self._stopping)
            except Exception as error:  # noqa: BLE001 - or no event would be told any more
                _log.warning("the %s missed %s: %s", self._name, event.kind.value, error)
            with self._mutex:
                if self._dropped and self._queue.empty():
                    _log.warning("%d events for the %s were lost", self._dropped, self._name)
                    self._dropped = 0


class Deliveries:
    """All receivers at once."""

    def __init__(self, deliveries: Sequence[Delivery]) -> None:
        self._deliveries = tuple(deliveries)

    def emit(self, event: Event) -> None:
        """See :class:`connector.events.events.Events`."""
        for delivery in self._deliveries:
            delivery.emit(event)

    def close(self) -> None:
        """See :meth:`Delivery.close`."""
        for delivery in self._deliveries:
            delivery.close()
