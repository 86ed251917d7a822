"""The processes that a demo is made of."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

_STOP_WITHIN = 15.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class PartEnded(Exception):
    """A part ended by itself, in a sentence."""


class Parts:
    """Runs commands of ``nuxeo-wopi``. They end before this process does, or with it."""

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str) -> None:
        """Start a part.

        Args:
            name: what people call it.
            arguments: of ``nuxeo-wopi``.
        """
        self._processes[name] = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "connector", *arguments],
            # What the file says must not be changed by settings that happen to be here.
            env={key: value for key, value in os.environ.items() if not key.startswith("NUXEO_")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # Ctrl-C reaches this process alone, which then ends the others in order.
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )

    def check(self) -> None:
        """See whether all are there.

        Raises:
            PartEnded: one is not.
        """
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise PartEnded(
                    f"the {name} ended by itself (status {process.returncode});"
                    " see its messages above"
                )

    def end(self) -> None:
        """End all, the last one first; those that do not care are killed."""
        for process in reversed(self._processes.values()):
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + _STOP_WITHIN
        for process in self._processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                # Its workers are in a session of their own with it.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def _end_with_parent() -> None:
    """Runs in the child: have the kernel end it when its parent is killed."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
