"""What every lock store can do.

A store knows nothing of WOPI headers and nothing of Nuxeo. Each method that changes a lock is one
atomic compare-and-set over all processes that share the store: when two race, exactly one is told
``True``. A lock whose time is over is no lock for any of them, whether or not somebody has cleared
it away yet.

Holds and the order of contents are changed only inside the document's critical section.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

GIVEN_KEPT = 9 * 24 * 3600.0
"""Seconds for which a store knows what was given to whom: longer than a file can be open without
being given again, which is ``OPEN_FOR`` and the longest life of an access token."""

OPEN_FOR = 7 * 24 * 3600.0
"""Seconds for which a file can be open, by tokens that take each other's place."""


LAST_SAVE_KEPT = 90 * 24 * 3600.0
"""Seconds for which a store knows who saved a file last."""

PRESENT_KEPT = 150.0
"""Seconds after which a page that is not heard of is taken for closed. Browsers let pages in the
background speak once a minute at most."""

PRESENT_NOTED = 40.0
"""Seconds for which it is not noted again that a page is open: pages ask more often than that, and
each note is a write."""


class LockStoreUnusable(Exception):
    """The store as it is set up cannot be used; why, in one line, without anything secret."""


class LockStoreBusy(Exception):
    """The store, or a document's critical section, could not be had in time."""


class SectionLost(LockStoreBusy):
    """The caller is not alone any more in the critical section that it entered.

    Nothing was changed; and nothing else is to be, by what was read inside.
    """


@dataclass(frozen=True)
class StoredLock:
    """A WOPI lock on one file.

    Attributes:
        file_id: the file it is on.
        document_key: the document that the file belongs to.
        lock_id: what the office client presented.
        user: who took it.
        expires_at: when it ends unless refreshed, in seconds since the epoch.
        content: names the content that the file had when it was locked or last saved under this
            lock; anything else was written by somebody outside the session.
        file_name: the file's name at that moment.
        mime_type: the file's type at that moment.
        client: name of the office client that it is edited in; empty if that is not known.
        path: of the document at that moment; empty if that is not known. A document that is gone
            does not tell any more where it was.
        session: of the access token that took it: which opening of the file it is for.
        client_has: what the office client was last given or saved, where that is not ``content``:
            somebody else has written since. ``content`` itself where the client may have that or
            something older. Empty where it has it.
        writing: what is just being saved under it, or was when something broke off: it may be the
            file's content by now.
    """

    file_id: str
    document_key: str
    lock_id: str
    user: str
    expires_at: float
    content: str
    file_name: str
    mime_type: str
    client: str = ""
    path: str = ""
    session: str = ""
    client_has: str = ""
    writing: str = ""


@dataclass(frozen=True)
class Given:
    """What an office client was last given to edit, or saved.

    Attributes:
        session: of the access token with which it was: which opening of the file it was for; empty
            if that is not known.
        content: names the content.
        file_name: what the file was called.
        read_at: when it was last given for this opening, in seconds since the epoch; 0 for never.
            Noted by the store.
    """

    session: str
    content: str
    file_name: str
    read_at: float = field(default=0.0, compare=False)

    def is_of(self, session: str) -> bool:
        """Whether it was for this opening, and not for another one of the same client."""
        return bool(session) and session == self.session


@dataclass(frozen=True)
class Hold:
    """What the sessions on a document's files have: Nuxeo's lock, and saves in no version yet.

    The lock is noted before a call to Nuxeo is made and confirmed afterwards, so that whoever finds
    it after a crash or a lost answer knows whose lock may be a session's.

    Attributes:
        document_key: the document.
        owner: who has Nuxeo's lock for the sessions; ``None`` before it was taken.
        pending: to whom it is just being given, or was when something broke off.
        manual_owner: who had locked the document by hand before; that lock is put back in the end.
        settles_at: until when a call whose answer was lost may still take effect, in seconds since
            the epoch.
        opened_at: when the session began that is going on, in seconds since the epoch; 0 without
            one, or when its end has been told.
        saved_at: when the first of the saves was made that are in no version of the document yet,
            in seconds since the epoch; 0 without any.
        saver: who made the last of them.
        editors: login names of those who made them or wrote what they hold, in that order.
    """

    document_key: str
    owner: str | None
    pending: str | None = None
    manual_owner: str | None = None
    settles_at: float = 0.0
    opened_at: float = 0.0
    saved_at: float = 0.0
    saver: str | None = None
    editors: tuple[str, ...] = ()

    @property
    def owners(self) -> frozenset[str]:
        """The users in whose name Nuxeo's lock may be held for the sessions."""
        return frozenset(user for user in (self.owner, self.pending) if user is not None)


@dataclass(frozen=True)
class LastSave:
    """The last save of a file that went well.

    Attributes:
        users: login names of those who wrote what was saved, as far as the office client told;
            otherwise of who saved.
        names: their names for people.
        content: names the content that the file has had since.
        at: when, in seconds since the epoch.
    """

    users: tuple[str, ...]
    names: tuple[str, ...]
    content: str
    at: float


@dataclass(frozen=True)
class OpenPage:
    """A host page that somebody has a file open in.

    Attributes:
        page: names it.
        user: login name of who has it open.
        user_name: their name for people.
        is_editing: whether it was opened for editing.
        trouble: what the office client could not do on it, the last time something failed; empty if
            nothing has. Noted by :meth:`LockStore.note_trouble`.
    """

    page: str
    user: str
    user_name: str
    is_editing: bool
    trouble: str = ""


class LockStore(Protocol):
    """The contract of a lock store."""

    def check(self) -> list[str]:
        """See whether the store will do, before anything is asked of it in earnest.

        Returns:
            A line for each thing about it that works but is unwise.

        Raises:
            LockStoreUnusable: why it will not do.
        """

    def get(self, file_id: str) -> StoredLock | None:
        """The live lock on a file."""

    def of_document(self, document_key: str) -> tuple[StoredLock, ...]:
        """The live locks on a document's files."""

    def take(self, lock: StoredLock) -> bool:
        """Put ``lock`` on its file if the file has no live lock."""

    def refresh(self, file_id: str, expected_lock_id: str, lock_id: str, expires_at: float) -> bool:
        """Give the live lock with the expected id another id and another end."""

    def take_over(self, lock: StoredLock, expected_lock_id: str, ends_by: float) -> bool:
        """Put ``lock`` in the place of the live one with the expected id, if that ends in time.

        Args:
            lock: the new one.
            expected_lock_id: of the one that the file has.
            ends_by: when that must end at the latest, in seconds since the epoch.
        """

    def note_name(self, file_id: str, file_name: str, mime_type: str) -> None:
        """Note what a locked file is called now; its lock's id and end are left as they are."""

    def note_writing(self, file_id: str, content: str) -> None:
        """Note what is about to be saved under a file's lock."""

    def note_saved(self, file_id: str, mime_type: str, client: str, saved: Given) -> None:
        """Note what was saved under a file's lock; its id and end are left as they are.

        It is what the office client has now, for everybody for whom it had what the lock was on
        before.
        """

    def note_given(self, file_id: str, client: str, given: Given) -> None:
        """Note what an office client was given to edit, or saved to a file without a lock.

        A lock that was taken for this opening, on this very content, has nothing more to catch up
        with; if something had been given for the opening before, it may.
        """

    def given(self, file_id: str, client: str, session: str) -> Given | None:
        """What an office client was last given or saved within ``GIVEN_KEPT``.

        For this opening of the file; if nothing was, then for whichever saved last; if none did,
        for whichever was given something last.
        """

    def release(self, file_id: str, expected_lock_id: str) -> bool:
        """Take the live lock with the expected id off a file."""

    def hold(self, document_key: str) -> Hold | None:
        """How the sessions on a document have Nuxeo's lock; ``None`` if they do not."""

    def put_hold(self, hold: Hold) -> None:
        """Note a hold in the place of the one that the document had."""

    def drop_hold(self, document_key: str) -> None:
        """Note that nothing of Nuxeo's lock is a session's any more."""

    def forget_document(self, document_key: str) -> None:
        """Drop every lock on a document's files, and its hold."""

    def claim_idle_holds(self, lease: float) -> tuple[Hold, ...]:
        """Holds of documents without a live lock, each given to one caller for ``lease`` seconds.

        Clears away locks whose time is over.
        """

    def defer_hold(self, document_key: str, seconds: float) -> None:
        """Have nobody claim a hold for a time."""

    def critical_section(self, *document_keys: str) -> AbstractContextManager[None]:
        """One caller at a time per document, over all processes; a thread's own affair.

        A section over several machines can be lost, to a process that stands still for too long or
        a server that forgets. From then on every call about locks, holds and contents that is made
        inside raises :class:`SectionLost`, and changes nothing. So whoever is about to change
        something elsewhere asks the store about the document first.

        Whoever needs several documents names them at once and never enters one section from within
        another: together they are entered in an order in which nobody waits for each other.

        Raises:
            LockStoreBusy: if it could not be entered in time.
        """

    def see_content(
        self, file_id: str, content: str, order: int | None, changed: str | None = None
    ) -> int:
        """The generation of a file's content: a number that grows with every other content.

        Args:
            file_id: the file.
            content: names the content, such as its digest.
            order: grows with every change of the document. What was read before something that
                was noted already, and so has a smaller one, changes nothing. ``None`` if unknown.
            changed: when the document was last changed, in Nuxeo's form.
        """

    def see_contents(self, seen: Sequence[tuple[str, str, int | None, str | None]]) -> list[int]:
        """:meth:`see_content` of many files at once, each given by its four arguments."""

    def changed_with(self, file_id: str, content: str) -> str | None:
        """When the document was last changed as ``content`` was noted; empty if not known.

        ``None`` when ``content`` is not what was noted last for the file.
        """

    def known_generation(self, file_id: str, content: str) -> int | None:
        """The generation of the content that a file has or had last, without noting anything."""

    def save_content(
        self, file_id: str, content: str, order: int | None, changed: str | None = None
    ) -> int:
        """A generation greater than any that the file had, now standing for ``content``."""

    def note_last_save(self, file_id: str, save: LastSave) -> None:
        """Keep a save in the place of the one before."""

    def last_save(self, file_id: str) -> LastSave | None:
        """The last save that was kept, of some months."""

    def see_page(self, file_id: str, page: OpenPage) -> tuple[OpenPage, ...]:
        """Note that a page is open, unless that was done just now; its trouble is left as it is.

        Returns:
            All pages in which the file is open, this one among them, by their names.
        """

    def pages(self, file_id: str) -> tuple[OpenPage, ...]:
        """All pages in which a file is open, by their names."""

    def note_trouble(self, file_id: str, page: OpenPage) -> None:
        """Note the trouble of a page, whether or not it has been seen, and that it is open."""

    def forget_trouble(self, file_id: str, page: str, beginning: str = "") -> None:
        """Note that a page has no trouble any more, if it began like this."""

    def forget_page(self, file_id: str, page: str) -> None:
        """Note that a page is closed."""

    def user_info(self, user: str, client: str) -> str | None:
        """What an office client has left for a user; ``None`` if nothing."""

    def put_user_info(self, user: str, client: str, text: str) -> None:
        """Keep what an office client leaves for a user, in the place of what it left before."""

    def close(self) -> None:
        """Give back what the store holds open."""
