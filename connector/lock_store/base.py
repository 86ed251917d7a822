"""What every lock store can do.

A store knows nothing of WOPI headers and nothing of Nuxeo. Each changing method is one atomic
compare-and-set over all processes that share the store: when two race, exactly one is told
``True``. A lock whose time is over is no lock for any of them, whether or not somebody has cleared
it away yet.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


class LockStoreBusy(Exception):
    """The store, or a document's critical section, could not be had in time."""


@dataclass(frozen=True)
class StoredLock:
    """A WOPI lock on one file.

    Attributes:
        file_id: the file it is on.
        document_key: the document that the file belongs to.
        lock_id: what the office client presented.
        nuxeo_owner: the user who holds Nuxeo's lock on the document for this session.
        manual_owner: the user who had locked the document by hand before the session, if any;
            that lock is to be there again afterwards.
        taken_at: when the session's lock was taken, in seconds since the epoch.
        expires_at: when it ends unless refreshed, in seconds since the epoch.
    """

    file_id: str
    document_key: str
    lock_id: str
    nuxeo_owner: str
    manual_owner: str | None
    taken_at: float
    expires_at: float


class LockStore(Protocol):
    """The contract of a lock store."""

    def get(self, file_id: str) -> StoredLock | None:
        """The live lock on a file."""

    def of_document(
        self, document_key: str, *, with_expired: bool = False
    ) -> tuple[StoredLock, ...]:
        """The locks on a document's files; on demand also those whose time is over."""

    def take(self, lock: StoredLock) -> bool:
        """Put ``lock`` on its file if the file has no live lock."""

    def replace(self, expected_lock_id: str, lock: StoredLock) -> bool:
        """Put ``lock`` in the place of the live lock with the expected id."""

    def release(self, file_id: str, expected_lock_id: str) -> bool:
        """Take the live lock with the expected id off a file."""

    def hand_over(self, document_key: str, nuxeo_owner: str) -> None:
        """Note that another user now holds Nuxeo's lock for all sessions on a document."""

    def forget_document(self, document_key: str) -> None:
        """Drop every lock on a document's files, live or not."""

    def claim_expired(self, lease: float) -> tuple[StoredLock, ...]:
        """Locks whose time is over, each given to one caller only for ``lease`` seconds."""

    def forget_expired(self, lock: StoredLock) -> bool:
        """Drop a lock whose time is over, unless it was taken anew in the meantime."""

    def critical_section(self, document_key: str) -> AbstractContextManager[None]:
        """One caller at a time per document, over all processes.

        Raises:
            LockStoreBusy: if it could not be entered in time.
        """

    def content_generation(self, file_id: str, content: str) -> int:
        """A number that grows whenever ``content`` (a digest) differs from the last call's."""

    def known_content(self, file_id: str) -> tuple[str, int] | None:
        """What ``content`` was last seen for a file, and its generation."""

    def new_content_generation(self, file_id: str, content: str) -> int:
        """A number greater than any given out for the file, now standing for ``content``."""

    def close(self) -> None:
        """Give back what the store holds open."""
