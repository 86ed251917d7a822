"""Which lock store an installation has."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from connector.lock_store.base import LockStore, LockStoreUnusable
from connector.lock_store.redis import RedisLockStore
from connector.lock_store.sqlite import DATABASE, SqliteLockStore


def open_lock_store(
    directory: Path,
    redis_url: str | None,
    redis_prefix: str,
    ca_bundle: Path | None = None,
    clock: Callable[[], float] = time.time,
) -> LockStore:
    """The store of one machine, or, where there is a Redis, that of several.

    A Redis that is away does not matter before something is asked of it.

    Args:
        directory: for the store of one machine.
        redis_url: of a Redis; ``None`` for none.
        redis_prefix: how keys in it begin.
        ca_bundle: certificates to trust when Redis is reached by TLS; the system's if ``None``.
        clock: seconds since the epoch.

    Raises:
        LockStoreUnusable: the folder cannot be used.
    """
    if redis_url is not None:
        return RedisLockStore(redis_url, prefix=redis_prefix, ca_bundle=ca_bundle, clock=clock)
    try:
        return SqliteLockStore(directory, clock)
    except (OSError, sqlite3.Error) as error:
        raise LockStoreUnusable(f"the locks in {directory} cannot be used: {error}") from error


def left_in_sqlite(directory: Path) -> list[str]:
    """A line about what is left of the time before there was a Redis, if something is.

    Args:
        directory: of the store of one machine.
    """
    path = directory / DATABASE
    if not path.exists():
        return []
    try:
        database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            [(count,)] = database.execute("SELECT count(*) FROM hold")
        finally:
            database.close()
    except sqlite3.Error as error:
        return [f"{path} has the locks of the time before, and cannot be read: {error}"]
    if not count:
        return []
    return [
        f"{path} still has documents that may be locked in Nuxeo ({count}); run once more without"
        " this key to have them unlocked, or remove the file"
    ]
