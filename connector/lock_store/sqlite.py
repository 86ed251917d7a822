"""Locks in SQLite: for one machine, any number of processes.

One connection and one mutex per process: SQLite's own busy wait sleeps and is unfair, so the fewer
connections wait for each other, the shorter the tail. ``synchronous=FULL``, because a lock that was
acknowledged must outlive a power cut.

Critical sections are advisory file locks: the system gives them back when a process dies, however
it dies, so no lease has to run out first.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from connector.lock_store.base import (
    GIVEN_KEPT,
    LAST_SAVE_KEPT,
    PRESENT_KEPT,
    PRESENT_NOTED,
    Given,
    Hold,
    LastSave,
    LockStoreBusy,
    OpenPage,
    StoredLock,
)
from connector.lock_store.sqlite_schema import make_or_upgrade

DATABASE = "locks.sqlite"
"""Its name in the store's folder."""

_SECTION_FILES = 4096
_AT_ONCE = 100
_SECTION_WAIT = 30.0
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
        # Made here, so that it is private also in a folder that others may look into.
        (directory / DATABASE).touch(mode=0o600)
        self._clock = clock
        self._section_wait = section_wait
        # Entered again by what runs inside a transaction.
        self._mutex = threading.RLock()
        self._database = sqlite3.connect(
            directory / DATABASE,
            check_same_thread=False,
            isolation_level=None,
            timeout=_BUSY_WAIT,
        )
        self._database.row_factory = sqlite3.Row
        _use_wal(self._database)
        self._database.execute("PRAGMA synchronous=FULL")
        make_or_upgrade(self._database)

    def check(self) -> list[str]:
        """See :class:`connector.lock_store.base.LockStore`.

        That it could be opened says it all.
        """
        return []

    def get(self, file_id: str) -> StoredLock | None:
        """See :class:`connector.lock_store.base.LockStore`."""
        rows = self._execute(
            "SELECT * FROM lock WHERE file_id = ? AND expires_at > ?", file_id, self._clock()
        )
        return StoredLock(**rows[0]) if rows else None

    def of_document(self, document_key: str) -> tuple[StoredLock, ...]:
        """See :class:`connector.lock_store.base.LockStore`."""
        rows = self._execute(
            "SELECT * FROM lock WHERE document_key = ? AND expires_at > ?",
            document_key,
            self._clock(),
        )
        return tuple(StoredLock(**row) for row in rows)

    def take(self, lock: StoredLock) -> bool:
        """See :class:`connector.lock_store.base.LockStore`."""
        return self._changed_one(
            """INSERT INTO lock (file_id, document_key, lock_id, user, expires_at, content,
                file_name, mime_type, client, path, session, client_has, writing)
            VALUES (:file_id, :document_key, :lock_id, :user, :expires_at, :content,
                :file_name, :mime_type, :client, :path, :session, :client_has, :writing)
            ON CONFLICT (file_id) DO UPDATE SET
                document_key = excluded.document_key, lock_id = excluded.lock_id,
                user = excluded.user, expires_at = excluded.expires_at,
                content = excluded.content, file_name = excluded.file_name,
                mime_type = excluded.mime_type, client = excluded.client,
                path = excluded.path, session = excluded.session,
                client_has = excluded.client_has, writing = excluded.writing
            WHERE lock.expires_at <= :now""",
            **asdict(lock),
            now=self._clock(),
        )

    def refresh(self, file_id: str, expected_lock_id: str, lock_id: str, expires_at: float) -> bool:
        """See :class:`connector.lock_store.base.LockStore`."""
        return self._changed_one(
            """UPDATE lock SET lock_id = ?, expires_at = ?
            WHERE file_id = ? AND lock_id = ? AND expires_at > ?""",
            lock_id,
            expires_at,
            file_id,
            expected_lock_id,
            self._clock(),
        )

    def take_over(self, lock: StoredLock, expected_lock_id: str, ends_by: float) -> bool:
        """See :class:`connector.lock_store.base.LockStore`."""
        return self._changed_one(
            """UPDATE lock SET lock_id = :lock_id, user = :user, expires_at = :expires_at,
                content = :content, file_name = :file_name, mime_type = :mime_type,
                client = :client, path = :path, session = :session, client_has = :client_has,
                writing = :writing
            WHERE file_id = :file_id AND lock_id = :expected_lock_id
                AND expires_at > :now AND expires_at <= :ends_by""",
            **asdict(lock),
            expected_lock_id=expected_lock_id,
            ends_by=ends_by,
            now=self._clock(),
        )

    def note_name(self, file_id: str, file_name: str, mime_type: str) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._execute(
            "UPDATE lock SET file_name = ?, mime_type = ? WHERE file_id = ?",
            file_name,
            mime_type,
            file_id,
        )

    def note_writing(self, file_id: str, content: str) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._execute("UPDATE lock SET writing = ? WHERE file_id = ?", content, file_id)

    def note_saved(self, file_id: str, mime_type: str, client: str, saved: Given) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        now = self._clock()
        with self._transaction():
            self._execute(
                """UPDATE given SET content = ?, given_at = ? FROM lock
                WHERE given.file_id = ? AND given.client = ? AND lock.file_id = given.file_id
                    AND given.content IN (lock.content, lock.client_has) AND given_at > ?
                    AND lock.expires_at > ?""",
                saved.content,
                now,
                file_id,
                client,
                now - GIVEN_KEPT,
                now,
            )
            self._put_given(file_id, client, saved, has_saved=True)
            self._execute(
                """UPDATE lock SET content = ?, file_name = ?, mime_type = ?, client_has = '',
                    writing = ''
                WHERE file_id = ?""",
                saved.content,
                saved.file_name,
                mime_type,
                file_id,
            )

    def note_given(self, file_id: str, client: str, given: Given) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        with self._transaction():
            known = self._given(file_id, client, "session = ?", given.session)
            self._put_given(file_id, client, given, has_saved=False)
            self._execute(
                """UPDATE lock SET client_has = ?
                WHERE file_id = ? AND client = ? AND session = ? AND content = ?
                    AND client_has <> ''""",
                given.content if known else "",
                file_id,
                client,
                given.session,
                given.content,
            )

    def given(self, file_id: str, client: str, session: str) -> Given | None:
        """See :class:`connector.lock_store.base.LockStore`."""
        rows = self._given(
            file_id,
            client,
            "TRUE ORDER BY session = ? DESC, has_saved DESC, given_at DESC, session",
            session,
        )
        if not rows:
            return None
        row = rows[0]
        return Given(row["session"], row["content"], row["file_name"], row["read_at"])

    def release(self, file_id: str, expected_lock_id: str) -> bool:
        """See :class:`connector.lock_store.base.LockStore`."""
        return self._changed_one(
            "DELETE FROM lock WHERE file_id = ? AND lock_id = ? AND expires_at > ?",
            file_id,
            expected_lock_id,
            self._clock(),
        )

    def hold(self, document_key: str) -> Hold | None:
        """See :class:`connector.lock_store.base.LockStore`."""
        rows = self._execute("SELECT * FROM hold WHERE document_key = ?", document_key)
        return _hold(rows[0]) if rows else None

    def put_hold(self, hold: Hold) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._execute(
            """INSERT INTO hold (document_key, owner, pending, manual_owner, settles_at, opened_at,
                saved_at, saver, editors)
            VALUES (:document_key, :owner, :pending, :manual_owner, :settles_at, :opened_at,
                :saved_at, :saver, :editors)
            ON CONFLICT (document_key) DO UPDATE SET
                owner = excluded.owner, pending = excluded.pending,
                manual_owner = excluded.manual_owner, settles_at = excluded.settles_at,
                opened_at = excluded.opened_at, saved_at = excluded.saved_at,
                saver = excluded.saver, editors = excluded.editors""",
            **asdict(hold) | {"editors": json.dumps(hold.editors)},
        )

    def drop_hold(self, document_key: str) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._execute("DELETE FROM hold WHERE document_key = ?", document_key)

    def forget_document(self, document_key: str) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._execute("DELETE FROM lock WHERE document_key = ?", document_key)
        self.drop_hold(document_key)

    def claim_idle_holds(self, lease: float) -> tuple[Hold, ...]:
        """See :class:`connector.lock_store.base.LockStore`."""
        now = self._clock()
        self._execute("DELETE FROM lock WHERE expires_at <= ?", now)
        self._execute("DELETE FROM given WHERE given_at <= ?", now - GIVEN_KEPT)
        self._execute("DELETE FROM page WHERE seen_at <= ?", now - PRESENT_KEPT)
        self._execute("DELETE FROM last_save WHERE at <= ?", now - LAST_SAVE_KEPT)
        rows = self._execute(
            """UPDATE hold SET claimed_until = ?
            WHERE claimed_until <= ? AND NOT EXISTS (
                SELECT 1 FROM lock
                WHERE lock.document_key = hold.document_key AND lock.expires_at > ?)
            RETURNING *""",
            now + lease,
            now,
            now,
        )
        return tuple(map(_hold, rows))

    def defer_hold(self, document_key: str, seconds: float) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._execute(
            "UPDATE hold SET claimed_until = ? WHERE document_key = ?",
            self._clock() + seconds,
            document_key,
        )

    @contextmanager
    def critical_section(self, *document_keys: str) -> Iterator[None]:
        """See :class:`connector.lock_store.base.LockStore`.

        Documents share a fixed number of section files, so that none has to be cleared away; two
        documents that share one merely wait for each other. Several are entered by number, each
        file once: documents of one caller that share a file would wait for each other for ever.
        """
        numbers = {zlib.crc32(key.encode()) % _SECTION_FILES for key in document_keys}
        deadline = time.monotonic() + self._section_wait
        with ExitStack() as entered:
            for number in sorted(numbers):
                descriptor = os.open(
                    self._sections / f"{number:04d}", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600
                )
                entered.callback(os.close, descriptor)
                _lock_file(descriptor, deadline)
            yield

    def see_content(
        self, file_id: str, content: str, order: int | None, changed: str | None = None
    ) -> int:
        """See :class:`connector.lock_store.base.LockStore`."""
        rows = self._execute("SELECT * FROM content WHERE file_id = ?", file_id)
        if rows and rows[0]["content"] == content:
            return int(rows[0]["generation"])
        written = self._write_content(file_id, content, order, changed, only_news=True)
        return written if written is not None else self.known_generation(file_id, content) or 0

    def see_contents(self, seen: Sequence[tuple[str, str, int | None, str | None]]) -> list[int]:
        """See :class:`connector.lock_store.base.LockStore`.

        One transaction, and so one wait for the disk, for each hundred.
        """
        generations: list[int] = []
        for start in range(0, len(seen), _AT_ONCE):
            with self._transaction():
                generations += [self.see_content(*each) for each in seen[start : start + _AT_ONCE]]
        return generations

    def known_generation(self, file_id: str, content: str) -> int | None:
        """See :class:`connector.lock_store.base.LockStore`."""
        rows = self._execute("SELECT * FROM content WHERE file_id = ?", file_id)
        if not rows:
            return None
        if rows[0]["content"] == content:
            return int(rows[0]["generation"])
        return int(rows[0]["former_generation"]) if rows[0]["former_content"] == content else None

    def changed_with(self, file_id: str, content: str) -> str | None:
        """See :class:`connector.lock_store.base.LockStore`."""
        rows = self._execute(
            "SELECT changed FROM content WHERE file_id = ? AND content = ?", file_id, content
        )
        return str(rows[0]["changed"] or "") if rows else None

    def save_content(
        self, file_id: str, content: str, order: int | None, changed: str | None = None
    ) -> int:
        """See :class:`connector.lock_store.base.LockStore`."""
        generation = self._write_content(file_id, content, order, changed, only_news=False)
        assert generation is not None
        return generation

    def note_last_save(self, file_id: str, save: LastSave) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._execute(
            """INSERT OR REPLACE INTO last_save (file_id, users, names, content, at)
            VALUES (?, ?, ?, ?, ?)""",
            file_id,
            json.dumps(save.users),
            json.dumps(save.names),
            save.content,
            save.at,
        )

    def last_save(self, file_id: str) -> LastSave | None:
        """See :class:`connector.lock_store.base.LockStore`."""
        rows = self._execute(
            "SELECT * FROM last_save WHERE file_id = ? AND at > ?",
            file_id,
            self._clock() - LAST_SAVE_KEPT,
        )
        if not rows:
            return None
        users, names = (tuple(json.loads(rows[0][column])) for column in ("users", "names"))
        return LastSave(users, names, rows[0]["content"], rows[0]["at"])

    def see_page(self, file_id: str, page: OpenPage) -> tuple[OpenPage, ...]:
        """See :class:`connector.lock_store.base.LockStore`."""
        noted_at, pages = self._pages(file_id, page.page)
        if noted_at <= self._clock() - PRESENT_NOTED:
            self._put_page(file_id, page, "seen_at = excluded.seen_at")
            _, pages = self._pages(file_id, page.page)
        return pages

    def pages(self, file_id: str) -> tuple[OpenPage, ...]:
        """See :class:`connector.lock_store.base.LockStore`."""
        return self._pages(file_id, "")[1]

    def note_trouble(self, file_id: str, page: OpenPage) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._put_page(file_id, page, "trouble = excluded.trouble, seen_at = excluded.seen_at")

    def forget_trouble(self, file_id: str, page: str, beginning: str = "") -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._execute(
            """UPDATE page SET trouble = ''
            WHERE file_id = ? AND page = ? AND trouble <> '' AND substr(trouble, 1, ?) = ?""",
            file_id,
            page,
            len(beginning),
            beginning,
        )

    def forget_page(self, file_id: str, page: str) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._execute("DELETE FROM page WHERE file_id = ? AND page = ?", file_id, page)

    def user_info(self, user: str, client: str) -> str | None:
        """See :class:`connector.lock_store.base.LockStore`."""
        rows = self._execute(
            "SELECT text FROM user_info WHERE user = ? AND client = ?", user, client
        )
        return str(rows[0]["text"]) if rows else None

    def put_user_info(self, user: str, client: str, text: str) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._execute(
            """INSERT INTO user_info (user, client, text) VALUES (?, ?, ?)
            ON CONFLICT (user, client) DO UPDATE SET text = excluded.text""",
            user,
            client,
            text,
        )

    def close(self) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        with self._mutex:
            self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._mutex:
            self._execute("BEGIN IMMEDIATE")
            try:
                yield
                self._execute("COMMIT")
            except BaseException:
                # Some errors have ended it already.
                if self._database.in_transaction:
                    self._execute("ROLLBACK")
                raise

    def _given(self, file_id: str, client: str, which: str, *values: str) -> list[sqlite3.Row]:
        return self._execute(
            f"""SELECT * FROM given
            WHERE file_id = ? AND client = ? AND given_at > ? AND {which} LIMIT 1""",  # noqa: S608
            file_id,
            client,
            self._clock() - GIVEN_KEPT,
            *values,
        )

    def _put_given(self, file_id: str, client: str, given: Given, *, has_saved: bool) -> None:
        now = self._clock()
        self._execute(
            """INSERT INTO given
                (file_id, client, session, content, file_name, given_at, read_at, has_saved)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (file_id, client, session) DO UPDATE SET
                content = excluded.content, file_name = excluded.file_name,
                given_at = excluded.given_at, read_at = max(given.read_at, excluded.read_at),
                has_saved = max(given.has_saved, excluded.has_saved)""",
            file_id,
            client,
            given.session,
            given.content,
            given.file_name,
            now,
            0.0 if has_saved else now,
            has_saved,
        )

    def _pages(self, file_id: str, own: str) -> tuple[float, tuple[OpenPage, ...]]:
        """When one of a file's pages was noted last, and all that are open."""
        rows = self._execute(
            """SELECT page, user, user_name, is_editing, trouble, seen_at FROM page
            WHERE file_id = ? AND seen_at > ? ORDER BY page""",
            file_id,
            self._clock() - PRESENT_KEPT,
        )
        noted_at = max((row["seen_at"] for row in rows if row["page"] == own), default=-math.inf)
        return noted_at, tuple(
            OpenPage(
                row["page"], row["user"], row["user_name"], bool(row["is_editing"]), row["trouble"]
            )
            for row in rows
        )

    def _put_page(self, file_id: str, page: OpenPage, otherwise: str) -> None:
        """Note a page, and forget those of the file that are closed.

        Where it is known, nothing is changed but what ``otherwise`` says.
        """
        now = self._clock()
        with self._transaction():
            self._execute(
                "DELETE FROM page WHERE file_id = ? AND seen_at <= ?", file_id, now - PRESENT_KEPT
            )
            self._execute(
                f"""INSERT INTO page (file_id, page, user, user_name, is_editing, trouble, seen_at)
                VALUES (:file_id, :page, :user, :user_name, :is_editing, :trouble, :now)
                ON CONFLICT (file_id, page) DO UPDATE SET {otherwise}""",  # noqa: S608
                **asdict(page),
                file_id=file_id,
                now=now,
            )

    def _write_content(
        self,
        file_id: str,
        content: str,
        order: int | None,
        changed: str | None,
        *,
        only_news: bool,
    ) -> int | None:
        """Note content with the next generation; on demand only if it is other and not older."""
        rows = self._execute(
            """INSERT INTO content (file_id, content, generation, change_order, changed)
            VALUES (:file_id, :content, :generation, :change_order, :changed)
            ON CONFLICT (file_id) DO UPDATE SET
                former_content = content.content, former_generation = content.generation,
                content = excluded.content, change_order = excluded.change_order,
                changed = excluded.changed,
                generation = max(content.generation + 1, excluded.generation)
            WHERE NOT :only_news OR content.content <> excluded.content AND (
                excluded.change_order IS NULL OR content.change_order IS NULL
                OR content.change_order <= excluded.change_order)
            RETURNING generation""",
            file_id=file_id,
            content=content,
            # Milliseconds of the clock, so that numbers go on growing when the table was lost.
            generation=int(self._clock() * 1000),
            change_order=order,
            changed=changed,
            only_news=only_news,
        )
        return int(rows[0][0]) if rows else None

    def _changed_one(self, statement: str, *values: object, **named: object) -> bool:
        return self._run(statement, named or values)[1] == 1

    def _execute(self, statement: str, *values: object, **named: object) -> list[sqlite3.Row]:
        return self._run(statement, named or values)[0]

    def _run(
        self, statement: str, values: tuple[object, ...] | dict[str, object]
    ) -> tuple[list[sqlite3.Row], int]:
        try:
            with self._mutex:
                cursor = self._database.execute(statement, values)
                return cursor.fetchall(), cursor.rowcount
        except sqlite3.OperationalError as error:
            raise LockStoreBusy(f"the lock store did not answer: {error}") from error


def _use_wal(database: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; SQLite itself waits for nobody who does so just now."""
    deadline = time.monotonic() + _BUSY_WAIT
    while True:
        try:
            database.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.05)


def _hold(row: sqlite3.Row) -> Hold:
    values = dict(row)
    del values["claimed_until"]
    return Hold(**values | {"editors": tuple(json.loads(values["editors"]))})


def _lock_file(descriptor: int, deadline: float) -> None:
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
