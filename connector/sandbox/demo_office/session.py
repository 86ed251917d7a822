"""One open document: from CheckFileInfo to Unlock."""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Any

from connector.sandbox.demo_office.discovery import app_of
from connector.sandbox.demo_office.editors import (
    Block,
    CannotChange,
    DamagedFile,
    Editor,
    editor_for,
)
from connector.sandbox.demo_office.wopi_client import HostUnreachable, WopiClient
from connector.sandbox.demo_office.words import LOCK_LOST, NO_ANSWER, why_not_opened, why_not_saved

_log = logging.getLogger(__name__)


class CannotOpen(Exception):
    """Why a document is not opened, in words for people."""


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
        self._version = ""
        self.info: dict[str, Any] = {}
        self.app = ""
        self._editor: Editor | None = None
        self._blocks: list[Block] = []
        self._added: dict[str, str] = {}
        self._left: dict[str, str] | None = None

    def open(self) -> None:
        """CheckFileInfo, Lock if it is to be edited, GetFile.

        Raises:
            CannotOpen: the host refused, or the file cannot be shown.
        """
        self._check()
        extension = PurePosixPath(str(self.info["BaseFileName"])).suffix.removeprefix(".")
        self.app = app_of(extension) or ""
        self._editor = editor_for(extension)
        if self._editor is None:
            raise CannotOpen(f"The demo office does not open .{extension} files.")
        try:
            if self._wants_edit:
                self._take_lock()
            self._load()
        except Exception:
            self.close()
            raise

    def state(self) -> dict[str, Any]:
        """What the page has to know from time to time, even while something is being saved."""
        return {
            "editable": self._lock_id is not None,
            "notice": self._notice,
            "canRetry": self._can_retry,
            "version": self._version,
            "calls": self.calls(),
        }

    def document(self) -> dict[str, Any]:
        """What the page shows: the state, and all the rest."""
        return self.state() | {
            "id": self.id,
            "app": self.app,
            "name": self.info.get("BaseFileName", ""),
            "user": self.info.get("UserFriendlyName") or self.info.get("UserId", ""),
            "growing": bool(self._editor and self._editor.growing),
            "blocks": [block.as_json() for block in self._blocks],  # As it was loaded.
            "closeUrl": self.info.get("CloseUrl"),
            "hostOrigin": self.info.get("PostMessageOrigin"),
            "closeByMessage": self.info.get("ClosePostMessage") is True,
        }

    def calls(self) -> list[dict[str, Any]]:
        """The calls that were made, newest first."""
        return [asdict(call) for call in reversed(list(self._client.calls))]

    def save(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """PutFile with changed texts; says whether it worked, and if not, why.

        An answer that is not ``ok`` is ``passing`` if the same may work a little later.
        """
        with self._mutex:
            if self._lock_id is None or self._editor is None:
                return {"ok": False, "message": LOCK_LOST if self._wants_edit else self._notice}
            try:
                written = self._editor.write(self._content, self._known(texts))
            except CannotChange as error:
                return {"ok": False, "message": f"Not saved: {error}."}
            if written.content != self._content:
                problem = self._put(written.content)
                if problem is not None:
                    return problem
            # If this answer is lost, the page sends the same again, under the same names.
            self._added |= written.keys
            return {
                "ok": True,
                "savedAt": time.strftime("%H:%M:%S"),
                "version": self._version,
                "keys": {key: self._added[key] for key in texts if key in self._added},
                "blocks": [block.as_json() for block in written.blocks],
            }

    def changed(self, texts: Mapping[str, str]) -> bytes:
        """The document with changes that could not be saved, for the user to keep.

        Raises:
            CannotChange: they cannot be written into it.
        """
        with self._mutex:
            if self._editor is None:
                return self._content
            return self._editor.write(self._content, self._known(texts)).content

    def retry(self) -> None:
        """Try once more to edit what could only be read, or what the lock was lost of.

        Raises:
            CannotOpen: see :meth:`open`.
        """
        with self._mutex:
            if self._lock_id is not None:
                return
            self._check()
            if not self._take_lock():
                return
            try:
                self._load()
            except Exception:
                self._unlock()
                raise

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
                self._lose_lock()

    def leave(self, texts: Mapping[str, str]) -> bool:
        """The page is left: save what it had not saved yet, and unlock.

        Returns:
            Whether it is done; otherwise :meth:`leave_again` a little later.
        """
        self._left = dict(texts)
        return self.leave_again()

    def leave_again(self) -> bool:
        """Try once more to leave, if the page was left."""
        texts = self._left
        if texts is None:
            return False
        if texts:
            answer = self.save(texts)
            if answer.get("passing"):
                return False
            if not answer["ok"]:
                _log.warning("a page was left with a text that could not be saved")
        self._left = None
        self.close()
        return True

    def close(self) -> None:
        """Unlock."""
        with self._mutex:
            self._unlock()

    def _unlock(self) -> None:
        lock_id, self._lock_id = self._lock_id, None
        if lock_id is not None:
            try:
                self._client.unlock(lock_id)
            except HostUnreachable:
                _log.warning("the host did not answer Unlock; its lock will end by itself")

    def _known(self, texts: Mapping[str, str]) -> dict[str, str]:
        return {self._added.get(key, key): text for key, text in texts.items()}

    def _put(self, content: bytes) -> dict[str, Any] | None:
        """PutFile; what to answer if it fails."""
        try:
            response = self._client.put_file(
                content, self._lock_id, str(self.info.get("UserId", ""))
            )
        except HostUnreachable:
            return {"ok": False, "passing": True, "message": f"Not saved: {NO_ANSWER}"}
        status = response.status_code
        if status == 200:
            self._version = response.headers.get("X-WOPI-ItemVersion", self._version)
            self._content = content
            return None
        if status == 409:
            self._lose_lock()
        return {"ok": False, "passing": status >= 500, "message": why_not_saved(status)}

    def _lose_lock(self) -> None:
        self._lock_id, self._notice, self._can_retry = None, LOCK_LOST, True

    def _check(self) -> None:
        try:
            response = self._client.check_file_info()
        except HostUnreachable as error:
            raise CannotOpen(NO_ANSWER) from error
        if response.status_code != 200:
            raise CannotOpen(why_not_opened(response.status_code))
        try:
            info = response.json()
        except ValueError as error:
            raise CannotOpen("The document's host answered with nonsense.") from error
        if not isinstance(info, dict) or not info.get("BaseFileName"):
            raise CannotOpen("The document's host answered with nonsense.")
        self.info = info

    def _take_lock(self) -> bool:
        self._notice, self._can_retry = None, False
        if not self.info.get("UserCanWrite"):
            self._notice = (
                "You can read it, but not change it now: you have no right to, or it is locked."
            )
            return False
        if not (self.info.get("SupportsLocks") and self.info.get("SupportsUpdate")):
            self._notice = "The document's host does not take changes."
            return False
        # Office's lock ids are short JSON texts, too.
        lock_id = json.dumps({"S": str(uuid.uuid4()), "F": 4, "E": 2})
        try:
            response = self._client.lock(lock_id)
        except HostUnreachable as error:
            raise CannotOpen(NO_ANSWER) from error
        if response.status_code == 200:
            self._lock_id, self._refreshed = lock_id, time.monotonic()
            return True
        self._can_retry = True
        if response.status_code == 409:
            reason = response.headers.get("X-WOPI-LockFailureReason") or "somebody is editing it"
            self._notice = f"You can read it, but not change it now: {reason}."
        else:
            self._notice = f"It cannot be edited now (status {response.status_code})."
        return False

    def _load(self) -> None:
        assert self._editor is not None
        try:
            response = self._client.get_file()
        except HostUnreachable as error:
            raise CannotOpen(NO_ANSWER) from error
        if response.status_code != 200:
            raise CannotOpen(why_not_opened(response.status_code))
        try:
            blocks = self._editor.read(response.content)
        except DamagedFile as error:
            raise CannotOpen(f"The file is damaged: it is {error}.") from error
        if response.content != self._content:
            # Somebody else's: what was added here is not in it.
            self._added = {}
        self._content, self._blocks = response.content, blocks
        self._version = str(self.info.get("Version", ""))
