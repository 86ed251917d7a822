"""Locks in SQLite: for one machine, any number of processes.

One connection and one mutex per process: SQLite's own busy wait sleeps and is unfair, so the fewer
connections wait for each other, the shorter the tail. ``synchronous=FULL``, because a lock that was
acknowledged must outlive a power cut.

Critical sections are advisory file locks: the system gives them back when a process dies, however
it dies, so no lease has to run out first.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.lock_store.base import LockStoreBusy, StoredLock

_SCHEMA = """
CREATE TABLE IF NOT EXISTS wopi_lock (
    file_id TEXT PRIMARY KEY,
    document_key TEXT NOT NULL,
    lock_id TEXT NOT NULL,
    nuxeo_owner TEXT NOT NULL,
    manual_owner TEXT,
    taken_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    claimed_until REAL NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS wopi_lock_document ON wopi_lock (document_key);
CREATE INDEX IF NOT EXISTS wopi_lock_expiry ON wopi_lock (expires_at);
CREATE TABLE IF NOT EXISTS content_generation (
    file_id TEXT PRIMARY KEY,
    content TEXT NOT NULL,
    generation INTEGER NOT NULL
);
"""
_STRIPES = 256
_SECTION_WAIT = 60.0
_BUSY_WAIT = 10.0


class SqliteLockStore:
    """The lock store of one machine.

    Args:
        directory: where the database and the section files live; made if missing.
        clock: seconds since the epoch.
        section_wait: seconds to wait for a critical section.
    """

    def __init__(
        self,
        directory: Path,
        clock: Callable[[], float] = time.time,
        section_wait: float = _SECTION_WAIT,
    ) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sections = directory / "sections"
        self._sections.mkdir(mode=0o700, exist_ok=True)
        self._clock = clock
        self._section_wait = section_wait
        self._mutex = threading.Lock()
        self._database = sqlite3.connect(
            directory / "locks.sqlite",
            check_same_thread=False,
            isolation_level=None,
            timeout=_BUSY_WAIT,
        )
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(_SCHEMA)

    def get(self, file_id: str) -> StoredLock | None:
        """See :class:`connector.lock_store.base.LockStore`."""
        rows = self._execute(
            "SELECT * FROM wopi_lock WHERE file_id = ? AND expires_at > ?", file_id, self._clock()
        )
        return _stored_lock(rows[0]) if rows else None

    def of_document(
        self, document_key: str, *, with_expired: bool = False
    ) -> tuple[StoredLock, ...]:
        """See :class:`connector.lock_store.base.LockStore`."""
        since = float("-inf") if with_expired else self._clock()
        rows = self._execute(
            "SELECT * FROM wopi_lock WHERE document_key = ? AND expires_at > ?",
            document_key,
            since,
        )
        return tuple(map(_stored_lock, rows))

    def take(self, lock: StoredLock) -> bool:
        """See :class:`connector.lock_store.base.LockStore`."""
        return self._changed_one(
            """INSERT INTO wopi_lock (file_id, document_key, lock_id, nuxeo_owner,
                manual_owner, taken_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (file_id) DO UPDATE SET
                document_key = excluded.document_key, lock_id = excluded.lock_id,
                nuxeo_owner = excluded.nuxeo_owner, manual_owner = excluded.manual_owner,
                taken_at = excluded.taken_at, expires_at = excluded.expires_at,
                claimed_until = 0
            WHERE wopi_lock.expires_at <= ?""",
            *_values(lock),
            self._clock(),
        )

    def replace(self, expected_lock_id: str, lock: StoredLock) -> bool:
        """See :class:`connector.lock_store.base.LockStore`."""
        return self._changed_one(
            """UPDATE wopi_lock SET lock_id = ?, expires_at = ?
            WHERE file_id = ? AND lock_id = ? AND expires_at > ?""",
            lock.lock_id,
            lock.expires_at,
            lock.file_id,
            expected_lock_id,
            self._clock(),
        )

    def release(self, file_id: str, expected_lock_id: str) -> bool:
        """See :class:`connector.lock_store.base.LockStore`."""
        return self._changed_one(
            "DELETE FROM wopi_lock WHERE file_id = ? AND lock_id = ? AND expires_at > ?",
            file_id,
            expected_lock_id,
            self._clock(),
        )

    def hand_over(self, document_key: str, nuxeo_owner: str) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._execute(
            "UPDATE wopi_lock SET nuxeo_owner = ? WHERE document_key = ?",
            nuxeo_owner,
            document_key,
        )

    def forget_document(self, document_key: str) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._execute("DELETE FROM wopi_lock WHERE document_key = ?", document_key)

    def claim_expired(self, lease: float) -> tuple[StoredLock, ...]:
        """See :class:`connector.lock_store.base.LockStore`."""
        now = self._clock()
        rows = self._execute(
            """UPDATE wopi_lock SET claimed_until = ?
            WHERE expires_at <= ? AND claimed_until <= ? RETURNING *""",
            now + lease,
            now,
            now,
        )
        return tuple(map(_stored_lock, rows))

    def forget_expired(self, lock: StoredLock) -> bool:
        """See :class:`connector.lock_store.base.LockStore`."""
        return self._changed_one(
            "DELETE FROM wopi_lock WHERE file_id = ? AND lock_id = ? AND expires_at <= ?",
            lock.file_id,
            lock.lock_id,
            self._clock(),
        )

    @contextmanager
    def critical_section(self, document_key: str) -> Iterator[None]:
        """See :class:`connector.lock_store.base.LockStore`.

        Documents share a fixed number of section files, so that none has to be cleared away; two
        documents that share one merely wait for each other.
        """
        stripe = zlib.crc32(document_key.encode()) % _STRIPES
        descriptor = os.open(
            self._sections / f"{stripe:03d}", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600
        )
        try:
            self._lock_file(descriptor)
            yield
        finally:
            os.close(descriptor)

    def content_generation(self, file_id: str, content: str) -> int:
        """See :class:`connector.lock_store.base.LockStore`."""
        known = self.known_content(file_id)
        if known and known[0] == content:
            return known[1]
        return self._next_generation(file_id, content, only_if_changed=True)

    def known_content(self, file_id: str) -> tuple[str, int] | None:
        """See :class:`connector.lock_store.base.LockStore`."""
        rows = self._execute(
            "SELECT content, generation FROM content_generation WHERE file_id = ?", file_id
        )
        return (rows[0]["content"], rows[0]["generation"]) if rows else None

    def new_content_generation(self, file_id: str, content: str) -> int:
        """See :class:`connector.lock_store.base.LockStore`."""
        return self._next_generation(file_id, content, only_if_changed=False)

    def close(self) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        with self._mutex:
            self._database.close()

    def _next_generation(self, file_id: str, content: str, *, only_if_changed: bool) -> int:
        # Milliseconds of the clock, so that numbers go on growing when the table was lost.
        rows = self._execute(
            """INSERT INTO content_generation (file_id, content, generation) VALUES (?, ?, ?)
            ON CONFLICT (file_id) DO UPDATE SET
                content = excluded.content,
                generation = CASE
                    WHEN ? AND content_generation.content = excluded.content
                    THEN content_generation.generation
                    ELSE max(content_generation.generation + 1, excluded.generation)
                END
            RETURNING generation""",
            file_id,
            content,
            int(self._clock() * 1000),
            only_if_changed,
        )
        return int(rows[0][0])

    def _lock_file(self, descriptor: int) -> None:
        deadline = time.monotonic() + self._section_wait
        pause = 0.002
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise LockStoreBusy("the document is busy with another save") from None
                time.sleep(pause)
                pause = min(pause * 2, 0.05)

    def _changed_one(self, statement: str, *values: object) -> bool:
        return self._run(statement, values)[1] == 1

    def _execute(self, statement: str, *values: object) -> list[sqlite3.Row]:
        return self._run(statement, values)[0]

    def _run(self, statement: str, values: tuple[object, ...]) -> tuple[list[sqlite3.Row], int]:
        try:
            with self._mutex:
                cursor = self._database.execute(statement, values)
                return cursor.fetchall(), cursor.rowcount
        except sqlite3.OperationalError as error:
            raise LockStoreBusy(f"the lock store did not answer: {error}") from error


def _values(lock: StoredLock) -> tuple[object, ...]:
    return (
        lock.file_id,
        lock.document_key,
        lock.lock_id,
        lock.nuxeo_owner,
        lock.manual_owner,
        lock.taken_at,
        lock.expires_at,
    )


def _stored_lock(row: sqlite3.Row) -> StoredLock:
    return StoredLock(
        file_id=row["file_id"],
        document_key=row["document_key"],
        lock_id=row["lock_id"],
        nuxeo_owner=row["nuxeo_owner"],
        manual_owner=row["manual_owner"],
        taken_at=row["taken_at"],
        expires_at=row["expires_at"],
    )
