"""Versions of edited documents: which saves are in none yet, and when one is made.

What was saved since the last version is noted in the document's hold: who saved first and last, and
who wrote. A version is made of a document that is checked out and of no other. One that is not is a
version already, whoever made it: the server by its own rules, a user, or an earlier try whose
answer was lost. So a session leaves one version of its last state and no second one, over all
processes, whatever broke off.

Everything here runs inside the document's critical section. A version that cannot be made fails
nothing else: the note stays, and :meth:`connector.wopi.sessions.Sessions.end_idle` tries again, for
a day.

Source: REST_CONTRACT 5.4 and 8; Nuxeo's operation ``Document.CheckIn``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from connector.events.events import NO_EVENTS, Event, EventKind, Events
from connector.file_reference import FileReference
from connector.lock_store.base import Hold, LockStore, LockStoreBusy, SectionLost
from connector.nuxeo_gateway.documents import Document, Documents
from connector.nuxeo_gateway.errors import GatewayError, NuxeoRefusal
from connector.version_policy import VersionPolicy, When
from connector.wopi.file_info import user_of_id

_log = logging.getLogger(__name__)

_MAX_EDITORS = 50
_GIVE_UP_AFTER = 24 * 3600.0


class Moment(Enum):
    """What has just happened to a document with saves that are in no version."""

    SAVED = auto()
    EXIT_SAVED = auto()
    SESSION_ENDED = auto()


@dataclass(frozen=True)
class VersionPolicies:
    """The rules of an installation: one for all documents, and others for those of some types."""

    usual: VersionPolicy = field(default_factory=VersionPolicy)
    by_type: Mapping[str, VersionPolicy] = field(default_factory=dict)

    def of(self, document_type: str) -> VersionPolicy:
        """The rule for a type of documents."""
        return self.by_type.get(document_type, self.usual)


def is_due(policy: VersionPolicy, moment: Moment, hold: Hold, now: float) -> bool:
    """Whether a version is to be made now."""
    if not hold.saved_at:
        return False
    match policy.when:
        case When.NEVER:
            return False
        case When.SAVE:
            return True
        case When.EVERY if moment is Moment.SAVED:
            return now - hold.saved_at >= policy.minutes * 60
        case _:
            return moment is not Moment.SAVED


def with_save(hold: Hold, user: str, editors: tuple[str, ...], now: float) -> Hold:
    """``hold`` with one more save noted.

    Args:
        hold: as it was.
        user: who saves.
        editors: UserIds of those who wrote, as the office client tells.
        now: seconds since the epoch.
    """
    names = dict.fromkeys((*hold.editors, user, *map(user_of_id, editors)))
    return replace(
        hold, saved_at=hold.saved_at or now, saver=user, editors=tuple(names)[:_MAX_EDITORS]
    )


def without_saves(hold: Hold) -> Hold:
    """``hold`` when everything is in a version."""
    return replace(hold, saved_at=0.0, saver=None, editors=())


def only_saves(hold: Hold) -> Hold:
    """What stays of a hold when Nuxeo's lock is no session's any more."""
    return Hold(
        hold.document_key,
        None,
        saved_at=hold.saved_at,
        saver=hold.saver,
        editors=hold.editors,
    )


def comment_of(editors: tuple[str, ...]) -> str:
    """What is written beside a version."""
    return f"Edited by {', '.join(editors)}"


class Versioning:
    """Notes saves and makes versions.

    Args:
        documents: of Nuxeo.
        store: has the holds.
        policies: when versions are made.
        quiet: whether the server is kept from making versions by its own rules between the saves
            that this connector makes one of.
        events: is told of versions.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        documents: Documents,
        store: LockStore,
        policies: VersionPolicies,
        *,
        quiet: bool = False,
        events: Events = NO_EVENTS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._documents = documents
        self._store = store
        self._policies = policies
        self._quiet = quiet
        self._events = events
        self._clock = clock

    def note_save(
        self, reference: FileReference, document: Document, user: str, editors: tuple[str, ...]
    ) -> Hold | None:
        """Note a save that is about to be written, so that nothing can come between.

        A save is worth more than a version: where it cannot be noted, it goes on.

        Returns:
            The hold as it was, for :meth:`take_back`.

        Raises:
            SectionLost: somebody else may be writing.
        """
        key = reference.document_key
        before = self._store.hold(key)
        if self._policies.of(document.type).when is not When.NEVER:
            noted = with_save(before or Hold(key, None), user, editors, self._clock())
            try:
                self._store.put_hold(noted)
            except SectionLost:
                raise
            except LockStoreBusy as error:
                _log.warning("%s may get no version: %s", key, error)
        return before

    def take_back(self, reference: FileReference, before: Hold | None) -> None:
        """The save was not written after all."""
        try:
            if before is None:
                self._store.drop_hold(reference.document_key)
            else:
                self._store.put_hold(before)
        except LockStoreBusy as error:
            _log.warning("%s may get a needless version: %s", reference.document_key, error)

    def option(self, before: Hold | None) -> str | None:
        """X-Versioning-Option of a save: ``None`` leaves it to the server's rules.

        Nuxeo's usual rule keeps the state before a save whenever somebody else saves. What is
        changed first is so kept; the states between, in which co-authors take turns, need not be.

        Args:
            before: the hold as it was before the save was noted.
        """
        return "NONE" if self._quiet and before is not None and before.saved_at else None

    def after_save(
        self, reference: FileReference, document: Document, user: str, moment: Moment
    ) -> None:
        """Make a version if the rule says so. Never raises: the save is done.

        Args:
            reference: a file of the document.
            document: as the save left it.
            user: who saved, and can write.
            moment: ``SAVED`` or ``EXIT_SAVED``.
        """
        try:
            hold = self._store.hold(reference.document_key)
            policy = self._policies.of(document.type)
            if hold is None or not is_due(policy, moment, hold, self._clock()):
                return
            if _can_have_version(document):
                self._check_in(reference, user, policy, hold)
            self._put(without_saves(hold))
        except Exception as error:  # noqa: BLE001 - whatever it is, the save is good
            _log.warning("a version of %s is tried again later: %s", reference.document_key, error)

    def at_session_end(
        self, reference: FileReference, hold: Hold, document: Document | None = None
    ) -> Hold:
        """Make a version if the rule says so; Nuxeo's lock is still held.

        Args:
            reference: a file of the document.
            hold: of the document.
            document: as it was read within this critical section, if it was.

        Returns:
            The hold, without the saves that need no version any more.
        """
        if not hold.saved_at:
            return hold
        try:
            return self._at_session_end(reference, hold, document)
        except NuxeoRefusal as error:
            _log.warning("no version of %s can be made: %s", hold.document_key, error)
            return without_saves(hold)
        except GatewayError as error:
            if self._clock() - hold.saved_at > _GIVE_UP_AFTER:
                _log.error("no version of %s could be made: %s", hold.document_key, error)
                return without_saves(hold)
            _log.warning("a version of %s is tried again later: %s", hold.document_key, error)
            return hold

    def _at_session_end(
        self, reference: FileReference, hold: Hold, document: Document | None
    ) -> Hold:
        reader = hold.owner or hold.pending or hold.saver
        assert reader is not None
        document = document or self._documents.get(reference, reader)
        policy = self._policies.of(document.type)
        is_wanted = is_due(policy, Moment.SESSION_ENDED, hold, self._clock())
        if not is_wanted or not _can_have_version(document):
            return without_saves(hold)
        owner = document.lock_owner
        if owner is not None and owner not in (*hold.owners, hold.saver):
            if self._clock() - hold.saved_at > _GIVE_UP_AFTER:
                _log.warning("no version of %s: it is locked by %s", hold.document_key, owner)
                return without_saves(hold)
            _log.info("a version of %s has to wait for %s", hold.document_key, owner)
            return hold
        self._check_in(reference, owner or hold.saver or reader, policy, hold)
        return without_saves(hold)

    def _check_in(
        self, reference: FileReference, user: str, policy: VersionPolicy, hold: Hold
    ) -> None:
        self._documents.check_in(
            reference, user, is_major=policy.is_major, comment=comment_of(hold.editors)
        )
        _log.info("a version of %s was made as %s", hold.document_key, user)
        self._events.emit(
            Event(
                EventKind.VERSION_CREATED,
                reference.repository,
                reference.document_id,
                None,
                user,
                self._clock(),
                {
                    "level": "major" if policy.is_major else "minor",
                    "editors": ", ".join(hold.editors),
                },
            )
        )

    def _put(self, hold: Hold) -> None:
        if hold == Hold(hold.document_key, None):
            self._store.drop_hold(hold.document_key)
        else:
            self._store.put_hold(hold)


def _can_have_version(document: Document) -> bool:
    """Whether there is something to make a version of that is none already."""
    return document.is_versionable and document.is_checked_out
