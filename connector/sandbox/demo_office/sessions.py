"""Open documents: from CheckFileInfo to Unlock."""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from connector.sandbox.demo_office.discovery import app_of
from connector.sandbox.demo_office.editors import Block, DamagedFile, Editor, editor_for
from connector.sandbox.demo_office.wopi_client import HostUnreachable, WopiClient

_log = logging.getLogger(__name__)

_LOOK_EVERY = 5.0


class CannotOpen(Exception):
    """Why a document is not opened, in words for people."""


@dataclass(frozen=True)
class Rhythm:
    """How often things happen, in seconds.

    Attributes:
        autosave: after the last keystroke.
        heartbeat: between signs of life from the page.
        silence: without one until the session is ended.
        refresh: between two RefreshLock.
    """

    autosave: float = 3
    heartbeat: float = 15
    silence: float = 120
    refresh: float = 600


class OfficeSession:
    """One document in one browser tab."""

    def __init__(self, client: WopiClient, wants_edit: bool) -> None:
        self.id = secrets.token_urlsafe(24)
        self.last_seen = time.monotonic()
        self._client = client
        self._wants_edit = wants_edit
        self._mutex = threading.Lock()
        self._lock_id: str | None = None
        self._refreshed = 0.0
        self._content = b""
        self._notice: str | None = None
        self._can_retry = False
        self._saved_at: str | None = None
        self._version = ""
        self.info: dict[str, Any] = {}
        self.app = ""
        self._editor: Editor | None = None
        self._blocks: list[Block] = []

    def open(self) -> None:
        """CheckFileInfo, Lock if it is to be edited, GetFile.

        Raises:
            CannotOpen: the host refused, or the file cannot be shown.
        """
        self._check()
        extension = PurePosixPath(str(self.info.get("BaseFileName", ""))).suffix.removeprefix(".")
        self.app = app_of(extension) or ""
        self._editor = editor_for(extension)
        if self._editor is None:
            raise CannotOpen(f"The demo office does not open .{extension} files.")
        if self._wants_edit:
            self._take_lock()
        try:
            self._load()
        except CannotOpen:
            self.close()
            raise

    def state(self) -> dict[str, Any]:
        """What the page shows."""
        with self._mutex:
            return {
                "id": self.id,
                "app": self.app,
                "name": self.info.get("BaseFileName", ""),
                "user": self.info.get("UserFriendlyName") or self.info.get("UserId", ""),
                "editable": self._lock_id is not None,
                "growing": bool(self._editor and self._editor.growing),
                "notice": self._notice,
                "canRetry": self._can_retry,
                "savedAt": self._saved_at,
                "version": self._version,
                "blocks": [asdict(block) for block in self._blocks],
                "closeUrl": self.info.get("CloseUrl"),
                "hostOrigin": self.info.get("PostMessageOrigin"),
                "closeByMessage": self.info.get("ClosePostMessage") is True,
                "calls": self.calls(),
            }

    def calls(self) -> list[dict[str, Any]]:
        """The calls that were made, newest first."""
        return [asdict(call) for call in reversed(list(self._client.calls))]

    def save(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """PutFile with changed texts; says whether it worked, and if not, why."""
        with self._mutex:
            if self._lock_id is None or self._editor is None:
                return {"ok": False, "message": "This document is open for reading only."}
            try:
                content = self._editor.write(self._content or self._editor.empty(), texts)
            except DamagedFile as error:
                return {"ok": False, "message": f"The change does not fit: {error}."}
            if content != self._content:
                try:
                    response = self._client.put_file(
                        content, self._lock_id, str(self.info.get("UserId", ""))
                    )
                except HostUnreachable:
                    return {"ok": False, "message": "The document's host does not answer."}
                if response.status_code != 200:
                    return {"ok": False, "message": _why_not_saved(response.status_code)}
                self._version = response.headers.get("X-WOPI-ItemVersion", self._version)
                self._content = content
                self._blocks = self._editor.read(content)
            self._saved_at = time.strftime("%H:%M:%S")
            return {
                "ok": True,
                "savedAt": self._saved_at,
                "version": self._version,
                "blocks": [asdict(block) for block in self._blocks],
            }

    def changed(self, texts: Mapping[str, str]) -> bytes:
        """The document with changes that could not be saved, for the user to keep."""
        with self._mutex:
            assert self._editor is not None
            return self._editor.write(self._content or self._editor.empty(), texts)

    def retry(self) -> None:
        """Try once more to edit what could only be read."""
        if self._lock_id is None:
            self._check()
            self._take_lock()
            self._load()

    def refresh_if_due(self, interval: float) -> None:
        """RefreshLock, if it is time."""
        lock_id = self._lock_id
        if lock_id is None or time.monotonic() - self._refreshed < interval:
            return
        self._refreshed = time.monotonic()
        try:
            response = self._client.refresh_lock(lock_id)
        except HostUnreachable:
            return
        if response.status_code == 409:
            with self._mutex:
                self._lock_id = None
                self._notice = "Your session was ended by the document's host. Reading only now."
                self._can_retry = True

    def close(self) -> None:
        """Unlock."""
        with self._mutex:
            lock_id, self._lock_id = self._lock_id, None
        if lock_id is not None:
            try:
                self._client.unlock(lock_id)
            except HostUnreachable:
                _log.warning("the host did not answer Unlock; its lock will end by itself")

    def _check(self) -> None:
        try:
            response = self._client.check_file_info()
        except HostUnreachable as error:
            raise CannotOpen("The document's host does not answer.") from error
        if response.status_code != 200:
            raise CannotOpen(_why_not_opened(response.status_code))
        try:
            info = response.json()
        except ValueError as error:
            raise CannotOpen("The document's host answered with nonsense.") from error
        if not isinstance(info, dict) or not info.get("BaseFileName"):
            raise CannotOpen("The document's host answered with nonsense.")
        self.info = info
        self._version = str(info.get("Version", ""))

    def _take_lock(self) -> None:
        self._notice, self._can_retry = None, False
        if not self.info.get("UserCanWrite"):
            self._notice = "You may read this document but not change it."
            return
        if not (self.info.get("SupportsLocks") and self.info.get("SupportsUpdate")):
            self._notice = "The document's host does not take changes."
            return
        # Office's lock ids are short JSON texts, too.
        lock_id = json.dumps({"S": str(uuid.uuid4()), "F": 4, "E": 2})
        try:
            response = self._client.lock(lock_id)
        except HostUnreachable as error:
            raise CannotOpen("The document's host does not answer.") from error
        if response.status_code == 200:
            self._lock_id, self._refreshed = lock_id, time.monotonic()
        elif response.status_code == 409:
            reason = response.headers.get("X-WOPI-LockFailureReason") or "somebody is editing it"
            self._notice = f"Reading only: {reason}."
            self._can_retry = True
        else:
            self._notice = f"It cannot be edited now (status {response.status_code})."
            self._can_retry = True

    def _load(self) -> None:
        assert self._editor is not None
        try:
            response = self._client.get_file()
        except HostUnreachable as error:
            raise CannotOpen("The document's host does not answer.") from error
        if response.status_code != 200:
            raise CannotOpen(_why_not_opened(response.status_code))
        self._content = response.content
        try:
            self._blocks = self._editor.read(self._content or self._editor.empty())
        except DamagedFile as error:
            raise CannotOpen(f"The file is damaged: it is {error}.") from error


class Sessions:
    """All open documents; ends those whose browser has gone."""

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

    def end(self, session_id: str) -> None:
        """End a session and unlock its document."""
        with self._mutex:
            session = self._sessions.pop(session_id, None)
        if session is not None:
            session.close()

    def end_silent(self, now: Callable[[], float] = time.monotonic) -> None:
        """End the sessions whose page has not been heard of for too long."""
        with self._mutex:
            silent = [
                session.id
                for session in self._sessions.values()
                if now() - session.last_seen > self.rhythm.silence
            ]
        for session_id in silent:
            self.end(session_id)

    def _run(self) -> None:
        while True:
            time.sleep(min(_LOOK_EVERY, self.rhythm.refresh, self.rhythm.silence))
            self.end_silent()
            with self._mutex:
                sessions = list(self._sessions.values())
            for session in sessions:
                session.refresh_if_due(self.rhythm.refresh)


def _why_not_opened(status: int) -> str:
    return {
        401: "Your access to this document has ended. Go back and open it again.",
        404: "The document does not exist any more, or you may not see it.",
        412: "The document is too large for the demo office.",
    }.get(status, f"The document's host reports a failure (status {status}).")


def _why_not_saved(status: int) -> str:
    return {
        401: "Not saved: your access has ended. Download a copy, then open the document again.",
        404: "Not saved: the document is gone, or you may not change it any more.",
        409: "Not saved: the document is locked by somebody else now, or was changed.",
        413: "Not saved: the document has become too large for its host.",
    }.get(status, f"Not saved: the document's host reports a failure (status {status}).")
