"""Waiting for something, but not for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_T = TypeVar("_T")


def within(seconds: float, work: Callable[[], _T]) -> _T:
    """What ``work`` returns or raises.

    It runs in a thread of its own, which is left to itself when the time is up: what waits for a
    network cannot be ended from outside.

    Raises:
        TimeoutError: it takes longer than ``seconds``.
    """
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - handed on to the caller
            future.set_exception(error)

    threading.Thread(target=run, name="within-deadline", daemon=True).start()
    return future.result(seconds)
