"""The tables of :mod:`connector.lock_store.sqlite`, also where an earlier release made them."""

from __future__ import annotations

import sqlite3

_TABLES = """
CREATE TABLE IF NOT EXISTS lock (
    file_id TEXT PRIMARY KEY,
    document_key TEXT NOT NULL,
    lock_id TEXT NOT NULL,
    user TEXT NOT NULL,
    expires_at REAL NOT NULL,
    content TEXT NOT NULL,
    file_name TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    client TEXT NOT NULL DEFAULT '',
    path TEXT NOT NULL DEFAULT '',
    session TEXT NOT NULL DEFAULT '',
    client_has TEXT NOT NULL DEFAULT '',
    writing TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS lock_document ON lock (document_key);
CREATE TABLE IF NOT EXISTS hold (
    document_key TEXT PRIMARY KEY,
    owner TEXT,
    pending TEXT,
    manual_owner TEXT,
    settles_at REAL NOT NULL,
    claimed_until REAL NOT NULL DEFAULT 0,
    opened_at REAL NOT NULL DEFAULT 0,
    saved_at REAL NOT NULL DEFAULT 0,
    saver TEXT,
    editors TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE IF NOT EXISTS content (
    file_id TEXT PRIMARY KEY,
    content TEXT NOT NULL,
    generation INTEGER NOT NULL,
    change_order INTEGER,
    former_content TEXT,
    former_generation INTEGER NOT NULL DEFAULT 0,
    changed TEXT
);
CREATE TABLE IF NOT EXISTS given (
    file_id TEXT NOT NULL,
    client TEXT NOT NULL,
    session TEXT NOT NULL,
    content TEXT NOT NULL,
    file_name TEXT NOT NULL,
    given_at REAL NOT NULL,
    read_at REAL NOT NULL DEFAULT 0,
    has_saved INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (file_id, client, session)
);
CREATE INDEX IF NOT EXISTS given_at ON given (given_at);
CREATE TABLE IF NOT EXISTS last_save (
    file_id TEXT PRIMARY KEY,
    users TEXT NOT NULL,
    names TEXT NOT NULL,
    content TEXT NOT NULL,
    at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS last_save_at ON last_save (at);
CREATE TABLE IF NOT EXISTS page (
    file_id TEXT NOT NULL,
    page TEXT NOT NULL,
    user TEXT NOT NULL,
    user_name TEXT NOT NULL,
    is_editing INTEGER NOT NULL,
    trouble TEXT NOT NULL DEFAULT '',
    seen_at REAL NOT NULL,
    PRIMARY KEY (file_id, page)
);
CREATE INDEX IF NOT EXISTS page_seen_at ON page (seen_at);
"""
_USER_INFO = """
CREATE TABLE IF NOT EXISTS user_info (
    user TEXT NOT NULL,
    client TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (user, client)
)
"""
_ADDED = (
    ("lock", "client", "TEXT NOT NULL DEFAULT ''"),
    ("lock", "path", "TEXT NOT NULL DEFAULT ''"),
    ("lock", "session", "TEXT NOT NULL DEFAULT ''"),
    ("lock", "client_has", "TEXT NOT NULL DEFAULT ''"),
    ("lock", "writing", "TEXT NOT NULL DEFAULT ''"),
    ("content", "changed", "TEXT"),
    ("hold", "opened_at", "REAL NOT NULL DEFAULT 0"),
    ("hold", "saved_at", "REAL NOT NULL DEFAULT 0"),
    ("hold", "saver", "TEXT"),
    ("hold", "editors", "TEXT NOT NULL DEFAULT '[]'"),
)
"""Columns that the first releases did not have: table, column, type."""


def make_or_upgrade(database: sqlite3.Connection) -> None:
    """Bring the tables to where this release needs them; several processes may do so at once.

    Args:
        database: in autocommit mode, with :class:`sqlite3.Row` as its row factory.

    Raises:
        sqlite3.Error: it cannot be used.
    """
    database.executescript(_TABLES + _USER_INFO)
    for table, column, kind in _ADDED:
        _add_column(database, table, column, kind)
    _part_user_info_by_client(database)


def _add_column(database: sqlite3.Connection, table: str, column: str, kind: str) -> None:
    if column in _columns(database, table):
        return
    try:
        database.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
    except sqlite3.OperationalError as error:
        # Another process was faster.
        if "duplicate column" not in str(error):
            raise


def _part_user_info_by_client(database: sqlite3.Connection) -> None:
    """Users' texts were once not kept apart by office client.

    They become those of the client that there is where none is named in the configuration.
    """
    if "client" in _columns(database, "user_info"):
        return
    database.execute("BEGIN IMMEDIATE")
    try:
        # Unless another process was faster.
        if "client" not in _columns(database, "user_info"):
            database.execute("ALTER TABLE user_info RENAME TO former_user_info")
            database.execute(_USER_INFO)
            database.execute(
                "INSERT INTO user_info SELECT user, 'office', text FROM former_user_info"
            )
            database.execute("DROP TABLE former_user_info")
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _columns(database: sqlite3.Connection, table: str) -> set[str]:
    return {row["name"] for row in database.execute(f"PRAGMA table_info({table})")}
