"""Versions of edited documents: which saves are in none yet, and when one is made.

What was saved since the last version is noted in the document's hold: who saved first and last, and
who wrote. A version is made of a document that is checked out and of no other. One that is not is a
version already, whoever made it: the server by its own rules, a user, or an earlier try whose
answer was lost. So a session leaves one version of its last state and no second one, over all
processes, whatever broke off.

Everything here runs inside the document's critical section. A version that cannot be made fails
nothing else: the note stays, and :meth:`connector.wopi.sessions.Sessions.end_idle` tries again, as
long as Nuxeo is away, and otherwise for a day.

Source: REST_CONTRACT 5.4 and 8; Nuxeo's operation ``Document.CheckIn``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from connector.events.events import NO_EVENTS, Event, EventKind, Events
from connector.file_reference import FileReference
from connector.lock_store.base import Hold, LockStore, LockStoreBusy, SectionLost
from connector.nuxeo_gateway.documents import Document, Documents
from connector.nuxeo_gateway.errors import (
    GatewayError,
    NuxeoRefusal,
    NuxeoRefusedUser,
    NuxeoUnavailable,
)
from connector.version_policy import VersionPolicy, When
from connector.wopi.file_info import user_id, user_of_id

_log = logging.getLogger(__name__)

_MAX_EDITORS = 50
_MAX_NAME_LENGTH = 255
# Nuxeo's audit in a SQL database takes 1,024 characters.
_MAX_NAMES_LENGTH = 900
_GIVE_UP_AFTER = 24 * 3600.0
_REFUSED_AGAIN = 3600.0


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
        editors: UserIds of those who wrote, as the office client tells; what is none is left out.
        now: seconds since the epoch.
    """
    known = (user_of_id(editor) for editor in editors if _is_user_id(editor))
    names = dict.fromkeys((*hold.editors, user, *known))
    return replace(
        hold, saved_at=hold.saved_at or now, saver=user, editors=tuple(names)[:_MAX_EDITORS]
    )


def _is_user_id(text: str) -> bool:
    """Whether CheckFileInfo may have given this as somebody's UserId."""
    name = user_of_id(text)
    return user_id(name) == text and name.isprintable() and len(name) <= _MAX_NAME_LENGTH


def waits_for_version(hold: Hold, now: float) -> Hold:
    """``hold`` when a session ends: from now on its saves wait for a version, if there are any."""
    return replace(hold, saved_at=now) if hold.saved_at else hold


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
    """What is written beside a version: who edited, as far as there is room."""
    told: list[str] = []
    room = _MAX_NAMES_LENGTH
    for name in editors:
        room -= len(name) + len(", ")
        if told and room < 0:
            return f"Edited by {', '.join(told)} and {len(editors) - len(told)} more"
        told.append(name)
    return f"Edited by {', '.join(told)}"


class Versioning:
    """Notes saves and makes versions.

    Args:
        documents: of Nuxeo.
        store: has the holds.
        policies: when versions are made.
        events: is told of versions.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        documents: Documents,
        store: LockStore,
        policies: VersionPolicies,
        *,
        events: Events = NO_EVENTS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._documents = documents
        self._store = store
        self._policies = policies
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
            self._note(noted, "may get no version")
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

    def all_kept(self, reference: FileReference) -> None:
        """Note that a version was made for another reason, and whatever was saved is in it.

        Raises:
            SectionLost: somebody else may be writing.
        """
        hold = self._store.hold(reference.document_key)
        if hold is not None and hold.saved_at:
            self._note(without_saves(hold), "may get a needless version")

    def after_save(
        self,
        reference: FileReference,
        file_id: str,
        document: Document,
        user: str,
        *,
        is_exit_save: bool,
    ) -> None:
        """Make a version if the rule says so. Never raises: the save is done.

        Args:
            reference: the file.
            file_id: its id.
            document: as the save left it.
            user: who saved, and can write.
            is_exit_save: whether nobody edits the file any more.
        """
        key = reference.document_key
        try:
            hold = self._store.hold(key)
            policy = self._policies.of(document.type)
            # Others may be editing another file of the document.
            is_last = is_exit_save and all(
                lock.file_id == file_id for lock in self._store.of_document(key)
            )
            moment = Moment.EXIT_SAVED if is_last else Moment.SAVED
            if hold is None or not is_due(policy, moment, hold, self._clock()):
                return
            if _can_have_version(document):
                # Who saves what is there already has not taken Nuxeo's lock over.
                owner = document.lock_owner
                maker = owner if owner is not None and owner in hold.owners else user
                self._check_in(reference, maker, policy, hold)
            self._put(without_saves(hold))
        except Exception as error:  # noqa: BLE001 - whatever it is, the save is good
            _log.warning("a version of %s is tried again later: %s", key, error)

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
        except NuxeoRefusedUser as error:
            # No such account any more; or, for a time, two secrets or clocks that do not agree.
            if self._is_overdue(hold):
                return self._given_up(hold, error)
            _log.warning("a version of %s is tried again later: %s", hold.document_key, error)
            self._store.defer_hold(hold.document_key, _REFUSED_AGAIN)
            return hold
        except NuxeoRefusal as error:
            if hold.owners and hold.owners != {hold.saver} and not self._is_overdue(hold):
                # When Nuxeo's lock is gone, who saved last may still be allowed to.
                _log.info(
                    "a version of %s is tried as %s: %s", hold.document_key, hold.saver, error
                )
                return hold
            return self._given_up(hold, error)
        except GatewayError as error:
            if not isinstance(error, NuxeoUnavailable) and self._is_overdue(hold):
                return self._given_up(hold, error)
            _log.warning("a version of %s is tried again later: %s", hold.document_key, error)
            return hold

    def _given_up(self, hold: Hold, why: object) -> Hold:
        _log.warning("no version of %s can be made: %s", hold.document_key, why)
        return without_saves(hold)

    def _is_overdue(self, hold: Hold) -> bool:
        return self._clock() - hold.saved_at > _GIVE_UP_AFTER

    def _at_session_end(
        self, reference: FileReference, hold: Hold, document: Document | None
    ) -> Hold:
        document = document or self._read(reference, hold)
        policy = self._policies.of(document.type)
        is_wanted = is_due(policy, Moment.SESSION_ENDED, hold, self._clock())
        if not is_wanted or not _can_have_version(document):
            return without_saves(hold)
        owner = document.lock_owner
        if owner is not None and owner not in (*hold.owners, hold.saver):
            if self._is_overdue(hold):
                return self._given_up(hold, f"it is locked by {owner}")
            _log.info("a version of %s has to wait for %s", hold.document_key, owner)
            return hold
        user = owner or hold.saver
        assert user is not None
        self._check_in(reference, user, policy, hold)
        return without_saves(hold)

    def _read(self, reference: FileReference, hold: Hold) -> Document:
        """The document as one of those who may know of it."""
        first, *others = dict.fromkeys(filter(None, (hold.owner, hold.pending, hold.saver)))
        try:
            return self._documents.get(reference, first)
        except NuxeoRefusal:
            for user in others:
                with suppress(NuxeoRefusal):
                    return self._documents.get(reference, user)
            raise

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

    def _note(self, hold: Hold, otherwise: str) -> None:
        try:
            self._put(hold)
        except SectionLost:
            raise
        except LockStoreBusy as error:
            _log.warning("%s %s: %s", hold.document_key, otherwise, error)

    def _put(self, hold: Hold) -> None:
        if hold == Hold(hold.document_key, None):
            self._store.drop_hold(hold.document_key)
        else:
            self._store.put_hold(hold)


def _can_have_version(document: Document) -> bool:
    """Whether there is something to make a version of that is none already.

    Nuxeo makes none of a record, and it cannot be changed any more.
    """
    return document.is_versionable and document.is_checked_out and not document.is_record
