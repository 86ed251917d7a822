"""All open documents; ends those whose browser has gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connector.sandbox.demo_office.session import OfficeSession

_LOOK_EVERY = 5.0


@dataclass(frozen=True)
class Rhythm:
    """How often things happen, in seconds.

    Attributes:
        autosave: after the last keystroke.
        at_least: between two saves of somebody who types on and on.
        heartbeat: between signs of life from the page.
        silence: without one until the session is ended.
        refresh: between two RefreshLock.
    """

    autosave: float = 3
    at_least: float = 10
    heartbeat: float = 15
    silence: float = 120
    refresh: float = 600


class Sessions:
    """The open documents, by the id of their session."""

    def __init__(self, rhythm: Rhythm) -> None:
        self.rhythm = rhythm
        self._mutex = threading.Lock()
        self._sessions: dict[str, OfficeSession] = {}
        threading.Thread(target=self._run, name="office-sessions", daemon=True).start()

    def add(self, session: OfficeSession) -> None:
        """Keep a session."""
        with self._mutex:
            self._sessions[session.id] = session

    def get(self, session_id: str) -> OfficeSession | None:
        """A session whose page is alive."""
        with self._mutex:
            session = self._sessions.get(session_id)
        if session is not None:
            session.last_seen = time.monotonic()
        return session

    def end(self, session_id: str, texts: Mapping[str, str]) -> None:
        """Save what the page had not saved yet, unlock the document, and end the session."""
        session = self.get(session_id)
        if session is not None and session.leave(texts):
            self._forget(session)

    def end_silent(self, now: Callable[[], float] = time.monotonic) -> None:
        """End the sessions whose page was left, or has not been heard of for too long."""
        for session in self._all():
            if session.leave_again():
                self._forget(session)
            elif now() - session.last_seen > self.rhythm.silence:
                session.close()
                self._forget(session)

    def _all(self) -> list[OfficeSession]:
        with self._mutex:
            return list(self._sessions.values())

    def _forget(self, session: OfficeSession) -> None:
        with self._mutex:
            self._sessions.pop(session.id, None)

    def _run(self) -> None:
        while True:
            time.sleep(min(_LOOK_EVERY, self.rhythm.refresh, self.rhythm.silence))
            self.end_silent()
            for session in self._all():
                session.refresh_if_due(self.rhythm.refresh)
