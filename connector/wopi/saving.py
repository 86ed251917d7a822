"""PutFile: from a request body to content in Nuxeo that has been seen to be there.

The body is received whole and uploaded into a batch, where nothing sees it yet. Only then, inside
the document's critical section, is the document read, the save judged by what is read, and the
upload made the file's content. So between judging and writing there is no time in which a slow
client or a large file could hide what others do.

Four calls to Nuxeo: two to upload, one to read, one to write, which is checked by its answer; a
file in a list takes one more to check. What is tried again, and how often and how long, is
bounded: an upload or a reading that failed, a document that changed in the moment between, an
answer that was lost.

What somebody outside the session wrote to the file since its office client was given it, or last
saved it, is first kept as a version: nothing is overwritten without a trace.

What cannot be saved in the end is kept by the connector (:mod:`connector.wopi.keeping`). So a body
is received also where it is clear before that the save will be refused.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connector.events.events import NO_EVENTS, Event, EventKind, Events
from connector.lock_store.base import (
    Given,
    Hold,
    LastSave,
    LockStore,
    LockStoreBusy,
    SectionLost,
)
from connector.nuxeo_gateway.blobs import UploadedBlob, holds
from connector.nuxeo_gateway.content import Source, Spool
from connector.nuxeo_gateway.documents import Blob, Document
from connector.nuxeo_gateway.errors import (
    GatewayError,
    NuxeoConflict,
    NuxeoForbidden,
    NuxeoNotFound,
    NuxeoRefusal,
)
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.wopi.admission import Admitted, admit, take_over
from connector.wopi.body import Bodies, refuse_to_empty
from connector.wopi.errors import (
    ChangedInStorage,
    LockMismatch,
    ServerError,
    WopiError,
    header_text,
)
from connector.wopi.file_info import user_of_id, wopi_time
from connector.wopi.keeping import Attempt, Keeping
from connector.wopi.locks import LockOperation
from connector.wopi.opened import OpenFile
from connector.wopi.operations import mismatch, nuxeo_errors, refuse_if_over
from connector.wopi.rights import Rights
from connector.wopi.saves import SaveNote
from connector.wopi.sessions import Sessions
from connector.wopi.versioning import Versioning
from connector.wopi.versions import Versions, content_of

_log = logging.getLogger(__name__)

_ATTEMPTS = 3
_PAUSE = 0.3
_UNKNOWN_TYPE = "application/octet-stream"
_KEPT_OUTSIDE = "changed outside the session; that is kept as a version"


@dataclass(frozen=True)
class Saved:
    """What a successful save says: the new version, and the time in WOPI's form.

    Each is ``None`` where it could not be told; the content is in Nuxeo all the same.
    """

    version: str | None
    last_modified: str | None


@dataclass(frozen=True)
class _Name:
    """What the content is to be called."""

    name: str
    mime_type: str


def _was_changed_outside(admitted: Admitted) -> bool:
    """Whether somebody outside the session has written what its office client does not have."""
    lock = admitted.lock
    if lock is None or _is_own_unnoted(admitted):
        return False
    return bool(lock.client_has) or content_of(admitted.document, admitted.blob) != lock.content


def _was_surely_changed_outside(admitted: Admitted) -> bool:
    """The same, but for a client of which it is only possible that it does not have it."""
    if not _was_changed_outside(admitted):
        return False
    lock = admitted.lock
    assert lock is not None
    is_only_possible = lock.client_has == lock.content
    return not is_only_possible or content_of(admitted.document, admitted.blob) != lock.content


def _is_own_unnoted(admitted: Admitted) -> bool:
    """Whether the file has what was being saved when something broke off, such as an answer."""
    if admitted.lock is None or not admitted.lock.writing:
        return False
    return content_of(admitted.document, admitted.blob).lower() == admitted.lock.writing


def _name_of(admitted: Admitted) -> _Name:
    """What the content is to be called: as now, or as before another file took its place."""
    if admitted.lock is not None and _was_changed_outside(admitted):
        return _Name(admitted.lock.file_name, admitted.lock.mime_type)
    return _Name(admitted.blob.name, admitted.blob.mime_type)


def _about_save(content: Spool, saved: Saved, note: SaveNote) -> dict[str, str | int]:
    why = "exit" if note.is_exit_save else "auto" if note.is_autosave else ""
    said = {"version": saved.version or "", "editors": ", ".join(note.editors), "why": why}
    return {"length": content.length, **{name: text for name, text in said.items() if text}}


def _is_unlocked(admitted: Admitted) -> bool:
    """Whether the file has content and no lock: then it is not to be written."""
    return admitted.lock is None and admitted.blob.length != 0


class _Again(Exception):
    """The save is to be tried once more, if that has not been done too often already."""

    def __init__(self, failure: WopiError, name: _Name | None = None) -> None:
        super().__init__(failure.reason)
        self.failure = failure
        self.name = name


class Saving:
    """Saves content.

    Args:
        gateway: Nuxeo.
        store: WOPI locks.
        sessions: keeps them in step with Nuxeo's.
        rights: who may write.
        versions: of contents.
        versioning: makes versions by the rules of the configuration.
        events: is told of saves and of what others changed meanwhile.
        keeping: keeps what cannot be saved.
        spool_dir: where bodies are kept while they are saved.
        max_file_size: bytes accepted; 0 is any number.
        keep_outside: whether what somebody outside the session wrote is kept as a version, and the
            save goes on; otherwise it is refused.
        save_timeout: seconds after which a save that failed is not tried once more.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        gateway: NuxeoGateway,
        store: LockStore,
        sessions: Sessions,
        rights: Rights,
        versions: Versions,
        versioning: Versioning,
        keeping: Keeping,
        *,
        spool_dir: Path,
        max_file_size: int,
        keep_outside: bool = True,
        save_timeout: float,
        events: Events = NO_EVENTS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._gateway = gateway
        self._store = store
        self._sessions = sessions
        self._rights = rights
        self._versions = versions
        self._versioning = versioning
        self._keeping = keeping
        self._bodies = Bodies(spool_dir, max_file_size)
        self._keep_outside = keep_outside
        self._save_timeout = save_timeout
        self._events = events
        self._clock = clock

    def put_file(
        self,
        file: OpenFile,
        lock_id: str | None,
        body: Source,
        announced: int | None,
        note: SaveNote,
    ) -> Saved:
        """PutFile.

        Args:
            file: which file, and who saves.
            lock_id: X-WOPI-Lock; ``None`` when the request has none.
            body: the content.
            announced: Content-Length, if the request has one.
            note: what the client says beside.

        Raises:
            ChangedInStorage: somebody outside the session has written to the file, and the client
                does not know.
            LockMismatch: not locked and not empty, locked with another id, or not to be changed.
            NotFound: no such file, or no right to write it.
            BadRequest: the body broke off, or is empty and would empty the file.
            TooLarge: the body is larger than the limit, or Nuxeo has no room for it.
            ServerError: Nuxeo failed, or the body could not be kept.
        """
        attempt = self._attempt(file, lock_id, note)
        refusal: WopiError | None = None
        name = _Name("", "")
        try:
            with nuxeo_errors():
                name = self._expected_name(file, lock_id, announced)
        except WopiError as error:
            if not self._keeping.wants(file, error):
                self._tell_refusal(file, error)
                raise
            refusal = error
        except Exception as error:
            refusal = ServerError("unexpected failure, see the connector's log")
            if not self._keeping.wants(file, refusal):
                raise
            _log.exception("judging a save failed unexpectedly: %s", type(error).__name__)
        with self._bodies.received(body, announced) as content:
            try:
                if refusal is not None:
                    raise refusal
                with nuxeo_errors():
                    saved = self._save(file, lock_id, content, name, note)
            except WopiError as error:
                self._tell_refusal(file, error)
                self._keeping.keep(attempt, content, error)
                raise
            except Exception:
                # The caller answers 500 to what nobody has thought of; the text stays.
                self._keeping.keep(attempt, content, ServerError("unexpected failure"))
                raise
            self._keeping.saved(attempt, content)
            return saved

    def _tell_refusal(self, file: OpenFile, error: WopiError) -> None:
        if isinstance(error, LockMismatch):
            self._tell(EventKind.CONFLICT, file, {"reason": error.reason})

    def _tell(self, kind: EventKind, file: OpenFile, details: Mapping[str, str | int]) -> None:
        reference = file.reference
        self._events.emit(
            Event(
                kind,
                reference.repository,
                reference.document_id,
                reference.xpath,
                file.user,
                self._clock(),
                details,
            )
        )

    def _attempt(self, file: OpenFile, lock_id: str | None, note: SaveNote) -> Attempt:
        """The save, with the lock that there is before anything is judged or forgotten."""
        began = self._clock()
        try:
            lock = self._store.get(file.file_id)
            given = self._store.given(file.file_id, file.token.client, file.token.session)
        except Exception as error:  # noqa: BLE001 - whatever it is, the text goes on to be received
            _log.warning("which lock is on %s is not known: %s", file.reference.document_key, error)
            lock = given = None
        read_at = given.read_at if given and given.is_of(file.token.session) else 0.0
        return Attempt(file, lock_id, note, began, lock, read_at)

    def _expected_name(self, file: OpenFile, lock_id: str | None, announced: int | None) -> _Name:
        """Refuse at once what will be refused anyway; what the content will most likely be called.

        A lock that matches is all that is looked at: the document is read when the body is here.
        Nor is a save refused already because Nuxeo does not answer just now.
        """
        current = self._store.get(file.file_id)
        refuse_if_over(file, current, lock_id)
        if current is not None and current.lock_id == lock_id and file.may_edit:
            return _Name(current.file_name, current.mime_type)
        with self._store.critical_section(file.reference.document_key):
            try:
                admitted = self._admit(file, lock_id)
            except _Again as again:
                _log.info("%s is looked at later: %s", file.reference.document_key, again)
                return _Name(file.reference.document_id, _UNKNOWN_TYPE)
        if _is_unlocked(admitted) and (lock_id is not None or admitted.blob.length != announced):
            raise mismatch(None)
        return _name_of(admitted)

    def _save(
        self, file: OpenFile, lock_id: str | None, content: Spool, name: _Name, note: SaveNote
    ) -> Saved:
        began = time.monotonic()
        attempt = 1
        while True:
            try:
                uploaded = self._upload(content, name, file.user)
                return self._commit(file, lock_id, content, uploaded, note)
            except _Again as again:
                if attempt == _ATTEMPTS or time.monotonic() - began >= self._save_timeout:
                    raise again.failure from again
                _log.info("saving %s once more: %s", file.reference.document_key, again)
                name = again.name or name
            # What failed at once would most likely fail at once again.
            time.sleep(_PAUSE * attempt)
            attempt += 1

    def _upload(self, content: Spool, name: _Name, user: str) -> UploadedBlob:
        try:
            return self._gateway.blobs.upload(content, name.name, name.mime_type, user, tries=1)
        except NuxeoNotFound as error:
            # Not the document is gone but the batch, as when Nuxeo was started anew.
            raise _Again(ServerError(str(error))) from error
        except NuxeoRefusal:
            raise
        except GatewayError as error:
            raise _Again(ServerError(str(error))) from error

    def _commit(
        self,
        file: OpenFile,
        lock_id: str | None,
        content: Spool,
        uploaded: UploadedBlob,
        note: SaveNote,
    ) -> Saved:
        """Make the upload the file's content, unless it is already or may not be."""
        with self._section(file):
            is_used = False
            try:
                admitted = self._admit(file, lock_id)
                if _is_unlocked(admitted) and lock_id is not None:
                    raise mismatch(None)
                if content.is_content_of(admitted.blob):
                    # Already there: the answer to an earlier try may have been lost.
                    return self._noted(file, admitted, admitted.document, content, note)
                if _is_unlocked(admitted):
                    raise mismatch(None)
                self._check(file, admitted, content, uploaded, note)
                self._prepare(file, admitted)
                # Noted before it is written, so that nothing that breaks off leaves it without a
                # version.
                before = self._versioning.note_save(
                    file.reference, admitted.document, file.user, note.editors
                )
                self._note_writing(file, admitted, content)
                is_used = True
                after = self._write(file, admitted, content, uploaded, note, before)
                if _was_changed_outside(admitted):
                    self._tell(EventKind.CONFLICT, file, {"reason": _KEPT_OUTSIDE})
                return self._noted(file, admitted, after, content, note)
            finally:
                if not is_used:
                    self._gateway.blobs.discard(uploaded, file.user)

    @contextmanager
    def _section(self, file: OpenFile) -> Iterator[None]:
        """The document's critical section; what was not done when it was lost is done anew."""
        try:
            with self._store.critical_section(file.reference.document_key):
                yield
        except SectionLost as error:
            raise _Again(ServerError(str(error))) from error

    def _admit(self, file: OpenFile, lock_id: str | None) -> Admitted:
        """Judge the save by the document as it is at this moment."""
        try:
            document = self._gateway.documents.get(file.reference, file.user)
        except NuxeoRefusal:
            raise
        except GatewayError as error:
            raise _Again(ServerError(str(error))) from error
        return admit(LockOperation.PUT_FILE, file, document, lock_id, self._sessions, self._rights)

    def _check(
        self,
        file: OpenFile,
        admitted: Admitted,
        content: Spool,
        uploaded: UploadedBlob,
        note: SaveNote,
    ) -> None:
        refuse_to_empty(admitted.blob, content)
        # Not only what was written in the session's time: a client may have been without a lock.
        changed = self._versions.changed(file.file_id, admitted.document, admitted.blob)
        if not note.knows(changed) and not _is_own_unnoted(admitted):
            raise ChangedInStorage(admitted.lock_id, "the file was changed in Nuxeo")
        if not self._keep_outside and _was_surely_changed_outside(admitted):
            raise LockMismatch(
                admitted.lock_id, "the file was changed in Nuxeo while it was being edited"
            )
        if _name_of(admitted) != _Name(uploaded.name, uploaded.mime_type):
            renamed = LockMismatch(admitted.lock_id, "the file keeps being renamed in Nuxeo")
            raise _Again(renamed, _name_of(admitted))

    def _prepare(self, file: OpenFile, admitted: Admitted) -> None:
        """Take Nuxeo's lock over, and keep what somebody outside the session has written."""
        take_over(file, admitted, self._sessions)
        if not _was_changed_outside(admitted):
            return
        if not admitted.document.is_versionable:
            raise LockMismatch(
                admitted.lock_id, "the file was changed in Nuxeo, and its type keeps no versions"
            )
        if not admitted.document.is_checked_out:
            return  # It is a version: somebody else made it, or an earlier try did.
        _log.warning(
            "%s was changed outside its session: kept as a version", file.reference.document_key
        )
        try:
            self._gateway.documents.check_in(
                file.reference, file.user, comment="As it was changed while it was being edited"
            )
        except NuxeoForbidden as error:
            raise LockMismatch(
                admitted.lock_id, "the file was changed in Nuxeo, and that could not be kept"
            ) from error
        except NuxeoRefusal:
            raise
        except GatewayError as error:
            raise _Again(ServerError(str(error))) from error

    def _note_writing(self, file: OpenFile, admitted: Admitted, content: Spool) -> None:
        """So that what is written is not taken for somebody else's when nobody hears of it."""
        algorithm = admitted.blob.digest_algorithm
        digest = content.digest(algorithm) if algorithm and admitted.lock else None
        if digest is None:
            return  # Nobody will recognise it.
        try:
            if _is_own_unnoted(admitted):
                self._note_saved(file, admitted, admitted.document, admitted.blob)
            self._store.note_writing(file.file_id, digest)
        except SectionLost:
            raise
        except LockStoreBusy as error:
            _log.warning("what is being saved could not be noted: %s", error)

    def _write(
        self,
        file: OpenFile,
        admitted: Admitted,
        content: Spool,
        uploaded: UploadedBlob,
        note: SaveNote,
        before: Hold | None,
    ) -> Document:
        place, document = admitted.place, admitted.document
        comment = header_text(note.comment) if note.comment else None
        try:
            return self._gateway.blobs.replace(
                place, document, content, uploaded, file.user, comment
            )
        except NuxeoConflict as error:
            self._versioning.take_back(file.reference, before)
            changing = LockMismatch(admitted.lock_id, "the document keeps changing in Nuxeo")
            raise _Again(changing) from error
        except NuxeoForbidden as error:
            # Also what Nuxeo says of a lock or a hold that came in between.
            self._versioning.take_back(file.reference, before)
            raise LockMismatch(admitted.lock_id, f"Nuxeo refused the save: {error}") from error
        except NuxeoRefusal:
            self._versioning.take_back(file.reference, before)
            raise
        except GatewayError as error:
            # Written or not? Only looking tells.
            after = self._gateway.documents.get(place, file.user)
            stored = after.blob(place.xpath)
            if stored is not None and holds(stored, content):
                return after
            raise _Again(ServerError(str(error))) from error

    def _note_saved(
        self, file: OpenFile, admitted: Admitted, after: Document, stored: Blob
    ) -> None:
        client, session = file.token.client, file.token.session
        now = Given(session, content_of(after, stored), stored.name)
        if admitted.lock is not None:
            self._store.note_saved(file.file_id, stored.mime_type, client, now)
        else:
            self._store.note_given(file.file_id, client, now)

    def _note_last_save(self, file: OpenFile, content: str, note: SaveNote) -> None:
        """Who wrote what was saved: Office saves in the name of any of those who edit together."""
        known = {page.user: page.user_name for page in self._store.pages(file.file_id)}
        known[file.user] = file.token.user_name
        users = tuple(dict.fromkeys(map(user_of_id, note.editors))) or (file.user,)
        names = tuple(known.get(user, user) for user in users)
        self._store.note_last_save(file.file_id, LastSave(users, names, content, self._clock()))

    def _noted(
        self, file: OpenFile, admitted: Admitted, after: Document, content: Spool, note: SaveNote
    ) -> Saved:
        """Note what the file holds now, and make a version if it is time for one.

        The save is done: nothing may make a failure of it.
        """
        stored = after.blob(admitted.place.xpath)
        assert stored is not None
        version = None
        try:
            self._note_saved(file, admitted, after, stored)
            version = self._versions.of_save(file.file_id, after, stored)
            self._note_last_save(file, content_of(after, stored), note)
        except LockStoreBusy as error:
            _log.warning("saved, but not noted: %s", error)
        saved = Saved(version, wopi_time(after.last_modified))
        # When it is there already, an earlier try was told of, unless it broke off before this.
        is_news = _is_own_unnoted(admitted) or _was_changed_outside(admitted)
        if after is not admitted.document or is_news:
            self._tell(EventKind.SAVED, file, _about_save(content, saved, note))
        self._versioning.after_save(
            file.reference, file.file_id, after, file.user, is_exit_save=note.is_exit_save
        )
        return saved
