"""Whether the lock store will do, before a command begins in earnest."""

from __future__ import annotations

from connector.cli_options import Usage
from connector.config import Settings


def check_lock_store(settings: Settings) -> list[str]:
    """Open once what the command, or every worker of it, will open.

    Returns:
        A line for each thing about it that works but is unwise.

    Raises:
        Usage: it cannot be used; one line, with the key that it is about.
    """
    from connector.app import make_store
    from connector.lock_store.base import LockStoreBusy, LockStoreUnusable

    key = "nuxeo.wopi.dataDir" if settings.redis_url is None else "nuxeo.wopi.redisURL"
    try:
        store = make_store(settings)
        try:
            return [f"{key}: {warning}" for warning in store.check()]
        finally:
            store.close()
    except (LockStoreUnusable, LockStoreBusy) as error:
        raise Usage(f"{key}: {error}") from error
