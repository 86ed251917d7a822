"""The folder in which failed saves are kept, shared by all processes of a machine.

A kept save is a folder of its own with the content and its description. It is written under a
temporary name, brought to the disk, and renamed when it is complete: whatever breaks off, what has
an id is whole. When the same session fails again, the newer content stands beside the older, with a
higher number, before the older is removed. What a process left behind that died while it wrote is
cleared away by the next.

Nothing that may still be wanted goes to make room for something else. Whoever was told that their
text is kept counts on it, while the text that does not fit any more is still in the office client,
which is told that it could not be saved. So a full folder takes nothing more, and says so, loudly,
until somebody has restored or dropped something, or something has reached its age. For the same
reason one user can fill it with one file only so far: a client that makes up locks must not take
the room of others.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import BinaryIO

from connector.recovery.item import (
    DamagedSave,
    FailedSave,
    NotAnItem,
    RecoveredSave,
    id_of,
    is_id,
    parse,
)

_log = logging.getLogger(__name__)

_CONTENT = "content"
_DESCRIPTION = "save.json"
_NAME = re.compile(r"([0-9a-f]{16})\.([0-9a-z]{8})\.([0-9]{1,9})")
_WRITING, _GOING = ".writing-", ".going-"
_MOST_OF_ONE_USER = 20
_FORGOTTEN_AFTER = 60.0
_WAIT = 10.0
_PAUSE = 0.02
_DAY = 86400.0


class NotKept(Exception):
    """A failed save could not be kept; the text says why."""


class NoSuchSave(LookupError):
    """Nothing is kept under this id."""


class SaveDamaged(Exception):
    """What is kept under this id cannot be read; the text says why."""


@dataclass(frozen=True)
class _Entry:
    """Where a kept save is."""

    path: Path
    file_key: str
    id: str
    number: int


class RecoveryFolder:
    """Keeps failed saves.

    Args:
        directory: the folder; made when it is needed.
        max_age: days after which a kept save is dropped.
        max_size: bytes of all contents together; 0 is any number.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        directory: Path,
        *,
        max_age: int,
        max_size: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._directory = directory
        self._max_age = max_age * _DAY
        self._max_size = max_size
        self._clock = clock

    def prepare(self) -> None:
        """Make the folder.

        Raises:
            OSError: it cannot be made.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    # Keeping

    def keep(self, failed: FailedSave, content: Iterable[bytes], length: int) -> RecoveredSave:
        """Keep a save, in the place of an older one of the same session.

        Args:
            failed: what is known of it.
            content: the bytes.
            length: how many they are.

        Returns:
            What is kept of the session now; something else when it is newer.

        Raises:
            NotKept: there is no room for it, or it could not be written. What was kept before
                still is.
        """
        try:
            self.prepare()
            self.expire()
            # Before anything is written, and once more when nobody else can write.
            self._make_sure_of_room(failed, length)
            with self._written(content) as (temporary, digest, written), self._section():
                return self._add(failed, temporary, digest, written)
        except OSError as error:
            raise NotKept(f"{self._directory}: {error.strerror or error}") from error

    def _add(self, failed: FailedSave, temporary: Path, digest: str, length: int) -> RecoveredSave:
        former = self._of_session(failed)
        if former is not None and former[1].at > failed.at:
            return former[1]
        self._make_sure_of_room(failed, length)
        free_id = former[0].id if former else self._free_id(failed.session)
        values = {item.name: getattr(failed, item.name) for item in fields(FailedSave)}
        kept = RecoveredSave(**values, id=free_id, length=length, digest=digest)
        _write(temporary / _DESCRIPTION, json.dumps(kept.as_json(), indent=1).encode())
        _sync_directory(temporary)
        number = former[0].number + 1 if former else 1
        temporary.rename(self._directory / f"{_file_key(failed.file)}.{free_id}.{number}")
        _sync_directory(self._directory)
        if former is not None:
            self._remove(former[0])
        return kept

    def _make_sure_of_room(self, failed: FailedSave, length: int) -> None:
        mine, total = 0, length
        for entry in self._entries():
            found = _read(entry)
            if isinstance(found, RecoveredSave):
                if found.session == failed.session:
                    continue
                mine += (found.file, found.user) == (failed.file, failed.user)
            total += _size(entry)
        if self._max_size and total > self._max_size:
            raise NotKept("there is no room left, see nuxeo.wopi.recovery.maxSize")
        if mine >= _MOST_OF_ONE_USER:
            raise NotKept(f"{mine} saves of this user and this file are kept already")

    @contextmanager
    def _written(self, content: Iterable[bytes]) -> Iterator[tuple[Path, str, int]]:
        """A temporary folder with the content; gone at the end, unless it was renamed."""
        temporary = Path(tempfile.mkdtemp(prefix=_WRITING, dir=self._directory))
        digest, length = hashlib.sha256(), 0
        try:
            with _new_file(temporary / _CONTENT) as file:
                # Held while this process lives: so others know what is left of one that died.
                fcntl.flock(file, fcntl.LOCK_EX)
                for piece in content:
                    file.write(piece)
                    digest.update(piece)
                    length += len(piece)
                file.flush()
                os.fsync(file.fileno())
                yield temporary, digest.hexdigest(), length
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _of_session(self, failed: FailedSave) -> tuple[_Entry, RecoveredSave] | None:
        for entry in self._of_file(failed.file):
            found = _read(entry)
            if isinstance(found, RecoveredSave) and found.session == failed.session:
                return entry, found
        return None

    def _free_id(self, session: str) -> str:
        taken = {entry.id for entry in self._entries()}
        attempt = 0
        while (wanted := id_of(session, attempt)) in taken:
            attempt += 1
        return wanted

    # Looking

    def all(self) -> list[RecoveredSave | DamagedSave]:
        """Everything that is kept, the oldest first.

        Raises:
            OSError: the folder cannot be read.
        """
        found = [read for entry in self._entries() if (read := _read(entry)) is not None]
        return sorted(found, key=lambda save: (save.at, save.id))

    def of_user(self, file: str, user: str) -> list[RecoveredSave]:
        """What is kept of a user's saves of one file, the oldest first.

        Raises:
            OSError: the folder cannot be read.
        """
        found = [read for entry in self._of_file(file) if (read := _read(entry)) is not None]
        own = [save for save in found if isinstance(save, RecoveredSave) and save.user == user]
        return sorted(own, key=lambda save: (save.at, save.id))

    def get(self, save_id: str) -> RecoveredSave:
        """What is known of a kept save.

        Raises:
            NoSuchSave, SaveDamaged: there is none, or none that can be read.
            OSError: the folder cannot be read.
        """
        return _sound(_read(self._entry(save_id)), save_id)

    @contextmanager
    def open(self, save_id: str) -> Iterator[tuple[RecoveredSave, BinaryIO]]:
        """A kept save with its content until the end of the ``with`` block: :meth:`opened`."""
        save, file = self.opened(save_id)
        with file:
            yield save, file

    def opened(self, save_id: str) -> tuple[RecoveredSave, BinaryIO]:
        """A kept save with its content, from its beginning; the caller closes it.

        It may be replaced or dropped meanwhile, and can still be read.

        Raises:
            NoSuchSave, SaveDamaged, OSError: as :meth:`get`.
        """
        while True:
            entry = self._entry(save_id)
            found = _read(entry)
            if found is None:
                continue  # Replaced or dropped at this very moment.
            save = _sound(found, save_id)
            with suppress(FileNotFoundError):
                return save, (entry.path / _CONTENT).open("rb")

    # Dropping

    def drop(self, save_id: str, *, only: RecoveredSave | None = None) -> bool:
        """Drop a kept save, damaged or not.

        Args:
            save_id: its id.
            only: drop it only if it is still this one, and was not replaced by a newer.

        Returns:
            Whether it is dropped.

        Raises:
            OSError: it could not be removed.
        """
        if not is_id(save_id) or not self._directory.is_dir():
            return False
        with self._section():
            try:
                entry = self._entry(save_id)
            except NoSuchSave:
                return False
            if only is not None and _read(entry) != only:
                return False
            self._remove(entry)
        return True

    def drop_saved(
        self, file: str, session: str, began: float, digest: Callable[[], str]
    ) -> tuple[RecoveredSave, ...]:
        """Drop what a good save has made needless.

        That is what the session had kept before, as the office client sends the whole file each
        time; and the very bytes that were saved, whoever had tried before.

        Args:
            file: which file was saved.
            session: see :func:`connector.recovery.item.session_name`.
            began: when the save was asked for, in seconds since the epoch.
            digest: the SHA-256 of what was saved; only called when it is needed.

        Returns:
            What was dropped.

        Raises:
            OSError: the folder cannot be read or changed.
        """
        if not self._of_file(file):
            return ()
        dropped = []
        saved = digest()
        with self._section():
            for entry in self._of_file(file):
                found = _read(entry)
                if not isinstance(found, RecoveredSave):
                    continue
                is_older = found.session == session and found.at <= began
                if is_older or found.digest == saved:
                    self._remove(entry)
                    dropped.append(found)
        return tuple(dropped)

    def expire(self) -> None:
        """Drop what has reached its age, each with a line in the log, and what was left half done.

        Raises:
            OSError: the folder cannot be read or changed.
        """
        if not self._directory.is_dir():
            return
        oldest = self._clock() - self._max_age
        old = [entry for entry in self._entries() if _time_of(entry) < oldest]
        left = [path for path in self._directory.iterdir() if _is_left_over(path)]
        if not old and not left:
            return
        with self._section():
            for entry in old:
                found = _read(entry)
                if found is None or _time_of(entry) >= oldest:
                    continue
                self._remove(entry)
                _log.warning("the kept save %s has reached its age: dropped", describe(found))
            for path in left:
                shutil.rmtree(path, ignore_errors=True)

    def _remove(self, entry: _Entry) -> None:
        """Within the section. All numbers of the id go, the one that is given last."""
        for each in self._all_entries():
            if each.id == entry.id and each.number <= entry.number:
                # Renamed first: or one that is half removed would look like a damaged one.
                going = self._directory / f"{_GOING}{secrets.token_hex(8)}"
                each.path.rename(going)
                shutil.rmtree(going, ignore_errors=True)

    # The folder itself

    @contextmanager
    def _section(self) -> Iterator[None]:
        """One at a time, over all processes; left by itself when a process dies."""
        descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            deadline = time.monotonic() + _WAIT
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(_PAUSE)
            yield
        finally:
            os.close(descriptor)

    def _all_entries(self) -> list[_Entry]:
        try:
            paths = list(self._directory.iterdir())
        except FileNotFoundError:
            return []
        found = []
        for path in paths:
            if match := _NAME.fullmatch(path.name):
                found.append(_Entry(path, match[1], match[2], int(match[3])))
        return sorted(found, key=lambda entry: (entry.id, entry.number))

    def _entries(self) -> list[_Entry]:
        """Each id once, with the newest of its numbers."""
        return list({entry.id: entry for entry in self._all_entries()}.values())

    def _of_file(self, file: str) -> list[_Entry]:
        key = _file_key(file)
        return [entry for entry in self._entries() if entry.file_key == key]

    def _entry(self, save_id: str) -> _Entry:
        for entry in self._entries():
            if entry.id == save_id:
                return entry
        raise NoSuchSave(f"no save is kept under {save_id}")


def describe(save: RecoveredSave | DamagedSave) -> str:
    """A kept save for a log: never its content."""
    if isinstance(save, DamagedSave):
        return f"{save.id} (damaged: {save.problem})"
    return f"{save.id} ({save.file} of {save.user}, {save.length} bytes)"


def _sound(found: RecoveredSave | DamagedSave | None, save_id: str) -> RecoveredSave:
    if found is None:
        raise NoSuchSave(f"no save is kept under {save_id}")
    if isinstance(found, DamagedSave):
        raise SaveDamaged(f"{save_id} is damaged: {found.problem}")
    return found


def _read(entry: _Entry) -> RecoveredSave | DamagedSave | None:
    """What is in an entry; ``None`` when it has just gone."""
    try:
        at = entry.path.stat().st_mtime
    except FileNotFoundError:
        return None
    try:
        save = parse(json.loads((entry.path / _DESCRIPTION).read_bytes()))
        length = (entry.path / _CONTENT).stat().st_size
    except FileNotFoundError as error:
        if not entry.path.exists():
            return None
        return DamagedSave(entry.id, at, f"{Path(error.filename).name} is missing")
    except OSError as error:
        return DamagedSave(entry.id, at, error.strerror or str(error))
    except NotAnItem as error:
        return DamagedSave(entry.id, at, str(error))
    except (ValueError, RecursionError):
        return DamagedSave(entry.id, at, "its description is no JSON")
    if save.id != entry.id or _file_key(save.file) != entry.file_key:
        return DamagedSave(entry.id, at, "its description is another one's")
    if length != save.length:
        problem = f"its content has {length} bytes, not {save.length}"
        return DamagedSave(entry.id, at, problem)
    return save


def _time_of(entry: _Entry) -> float:
    found = _read(entry)
    return found.at if found is not None else float("inf")


def _size(entry: _Entry) -> int:
    try:
        return (entry.path / _CONTENT).stat().st_size
    except OSError:
        return 0


def _is_left_over(path: Path) -> bool:
    """Whether a write or a removal broke off there."""
    try:
        if path.name.startswith(_GOING):
            return True
        if not path.name.startswith(_WRITING):
            return False
        # Its writer locks the file a moment after it made it. The disk's clock counts here.
        if path.stat().st_mtime > time.time() - _FORGOTTEN_AFTER:
            return False
        with (path / _CONTENT).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return path.exists()
    except OSError:
        return False  # Somebody is writing there.
    return True


def _file_key(file: str) -> str:
    return hashlib.sha256(file.encode()).hexdigest()[:16]


def _new_file(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _write(path: Path, content: bytes) -> None:
    with _new_file(path) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
