"""Putting a kept save back into Nuxeo, where nothing is lost by it.

It takes the file's place when the file still holds what the save was made from. Otherwise somebody
has written something else since, and the save becomes a document of its own beside it, unless it is
wanted in its place all the same: then what is there is kept as a version first. Beside it goes also
what cannot go in its place: the document was deleted, is locked or being edited, or may not be
written any more by whoever restores.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from connector.file_reference import FileReference, InvalidFileReference
from connector.lock_store.base import LockStore, LockStoreBusy, StoredLock
from connector.nuxeo_gateway.content import ContentTruncated, Spool
from connector.nuxeo_gateway.documents import Document
from connector.nuxeo_gateway.errors import (
    GatewayError,
    NuxeoConflict,
    NuxeoForbidden,
    NuxeoNotFound,
    NuxeoRefusedUser,
    NuxeoTooLarge,
)
from connector.nuxeo_gateway.folders import Folder
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.recovery.item import RecoveredSave
from connector.wopi import filenames
from connector.wopi.access_token import AccessToken, Grant
from connector.wopi.errors import WopiError
from connector.wopi.file_id import encode
from connector.wopi.new_files import NewFiles, Wish
from connector.wopi.places import place_of
from connector.wopi.rights import Rights
from connector.wopi.targets import Target
from connector.wopi.versions import Versions, content_of

_log = logging.getLogger(__name__)

_FILE = "File"


class NotRestored(Exception):
    """A kept save was not put back; the text says why, and what would help."""


class Outcome(Enum):
    """What became of a kept save."""

    IN_PLACE = "in place"
    OVER = "in place, what was there is kept as a version"
    BESIDE = "beside"
    THERE = "already there"


@dataclass(frozen=True)
class Restored:
    """Where a kept save is now.

    Attributes:
        outcome: how it came there.
        document: its path in Nuxeo, or its uid where the path is not known.
        file_name: of the file.
        why: why it is not in its place; empty where it is.
    """

    outcome: Outcome
    document: str
    file_name: str
    why: str = ""


@dataclass(frozen=True)
class _Found:
    """The file, as it is now."""

    document: Document
    place: FileReference
    is_changed: bool


class _Beside(Exception):
    """It cannot go into its place; the text says why.

    Attributes:
        document: the document, if there still is one.
    """

    def __init__(self, why: str, document: Document | None = None) -> None:
        super().__init__(why)
        self.document = document


class Restoring:
    """Puts kept saves back.

    Args:
        gateway: Nuxeo.
        store: WOPI locks, and critical sections.
        rights: who may write.
        versions: of contents.
        new_files: makes documents.
        spool_dir: where content is kept meanwhile.
        instance: the prefix of this installation's file ids.
    """

    def __init__(
        self,
        gateway: NuxeoGateway,
        store: LockStore,
        rights: Rights,
        versions: Versions,
        new_files: NewFiles,
        *,
        spool_dir: Path,
        instance: str,
    ) -> None:
        self._gateway = gateway
        self._store = store
        self._rights = rights
        self._versions = versions
        self._new_files = new_files
        self._spool_dir = spool_dir
        self._instance = instance

    def restore(
        self,
        save: RecoveredSave,
        content: BinaryIO,
        *,
        user: str,
        over: bool = False,
        folder: str | None = None,
    ) -> Restored:
        """Put a kept save back.

        Args:
            save: what is known of it.
            content: its bytes.
            user: login name of whoever writes it.
            over: whether it may take the place of something newer, which is kept as a version.
            folder: path of a folder to put it into as a document of its own.

        Raises:
            NotRestored: it was not put back.
        """
        with Spool(self._spool_dir) as spool, _told():
            _fill(spool, save, content)
            if folder is not None:
                target = self._folder_at(save.repository, folder, user)
                return self._beside(save, spool, user, target, save.file_name, "")
            try:
                return self._in_place(save, spool, user, over)
            except _Beside as beside:
                if over:
                    raise NotRestored(
                        f"{beside}; without --over it is put beside its old place"
                    ) from None
                document = beside.document
                blob = document.blob(save.xpath) if document else None
                name = blob.name if blob is not None and not save.path else save.file_name
                target = self._old_folder(save, document, user)
                return self._beside(save, spool, user, target, name, str(beside))

    def _in_place(self, save: RecoveredSave, content: Spool, user: str, over: bool) -> Restored:
        found = self._find(save, content, user, over)
        if isinstance(found, Restored):
            return found
        blob = found.document.blob(found.place.xpath)
        assert blob is not None
        uploaded = self._gateway.blobs.upload(content, blob.name, blob.mime_type, user)
        is_used = False
        try:
            with self._store.critical_section(found.place.document_key):
                now = self._find(save, content, user, over)
                if isinstance(now, Restored):
                    return now
                if now.is_changed:
                    self._gateway.documents.check_in(
                        now.place, user, comment="As it was before a failed save was restored"
                    )
                is_used = True
                after = self._gateway.blobs.replace(
                    now.place, now.document, content, uploaded, user, "Restored from a failed save"
                )
                self._note(now.place, after)
        finally:
            if not is_used:
                self._gateway.blobs.discard(uploaded, user)
        outcome = Outcome.OVER if now.is_changed else Outcome.IN_PLACE
        return Restored(outcome, now.document.path, blob.name)

    def _find(
        self, save: RecoveredSave, content: Spool, user: str, over: bool
    ) -> _Found | Restored:
        """The file, if the save may take its place; or that it has.

        Raises:
            _Beside: it may not.
        """
        try:
            reference = FileReference(save.repository, save.document_id, save.xpath)
            document = self._gateway.documents.get(reference, user, with_ancestors=True)
        except InvalidFileReference as error:
            raise NotRestored(f"its description is damaged: {error}") from error
        except NuxeoNotFound as error:
            raise _Beside("its document is gone") from error
        except NuxeoForbidden as error:
            raise _Beside(f"{user} may not read its document") from error
        if document.is_in_trash:
            raise _Beside("its document is in the trash", document)
        place = place_of(reference, document, _as_lock(save))
        blob = document.blob(place.xpath) if place else None
        if place is None or blob is None:
            raise _Beside("its file is not in the document any more", document)
        if content.is_content_of(blob):
            return Restored(Outcome.THERE, document.path, blob.name)
        if self._store.get(encode(reference, self._instance)) is not None:
            raise _Beside("the file is being edited", document)
        # A lock of a session is in the way here like any other.
        reason = self._rights.obstacle(reference, document, user, frozenset())
        if reason is not None:
            holder = f" by {document.lock_owner}" if document.lock_owner else ""
            raise _Beside(f"{reason.value}{holder}", document)
        is_changed = not save.stored or content_of(document, blob) != save.stored
        if is_changed and not over:
            raise _Beside("the file was changed since, or that is not known", document)
        if is_changed and not document.is_versionable:
            raise _Beside("the document keeps no versions", document)
        return _Found(document, place, is_changed)

    def _note(self, place: FileReference, after: Document) -> None:
        blob = after.blob(place.xpath)
        assert blob is not None
        try:
            self._versions.of_save(encode(place, self._instance), after, blob)
        except LockStoreBusy as error:
            _log.warning("restored, but not noted: %s", error)

    def _beside(
        self,
        save: RecoveredSave,
        content: Spool,
        user: str,
        folder: Folder,
        file_name: str,
        why: str,
    ) -> Restored:
        suffix = filenames.extension(file_name)
        day = time.strftime("%Y-%m-%d", time.localtime(save.at))
        mark = f" (recovered {day} {save.user})"
        stem = file_name.removesuffix(suffix)[: filenames.MAX_LENGTH - len(mark) - len(suffix)]
        wish = Wish(
            folder.reference,
            Target(f"{stem}{mark}{suffix}", is_exact=False),
            file_name,
            folder.file_type or _FILE,
            mime_type=save.mime_type,
        )
        caller = AccessToken("", user, user, Grant.EDIT, "", 0)
        made = self._new_files.put(caller, wish, content)
        document = self._gateway.documents.get(made.reference, user)
        return Restored(Outcome.BESIDE, document.path, made.name, why)

    def _old_folder(self, save: RecoveredSave, document: Document | None, user: str) -> Folder:
        """The folder in which the document is or was, or the nearest above it that there still is.

        Raises:
            NotRestored: there is none in which the user may make a document.
        """
        path = document.path if document else save.path
        if not path.startswith("/"):
            raise NotRestored(
                "its document is gone, and where it was is not known; name a folder with --folder"
            )
        for parent in PurePosixPath(path).parents:
            try:
                folder = self._gateway.folders.by_path(save.repository, str(parent), user)
            except NuxeoNotFound:
                continue
            except NuxeoForbidden as error:
                raise NotRestored(
                    f"{user} may not read {parent}; name a folder with --folder, or another user"
                    " with --as"
                ) from error
            if folder.document.is_in_trash:
                continue
            return _usable(folder, user)
        raise NotRestored("nothing is left of its path; name a folder with --folder")

    def _folder_at(self, repository: str, path: str, user: str) -> Folder:
        try:
            folder = self._gateway.folders.by_path(repository, path, user)
        except (NuxeoNotFound, NuxeoForbidden) as error:
            raise NotRestored(f"there is no folder {path} for {user}") from error
        if folder.document.is_in_trash:
            raise NotRestored(f"{path} is in the trash")
        return _usable(folder, user)


def _usable(folder: Folder, user: str) -> Folder:
    path = folder.document.path
    if not folder.document.is_folderish:
        raise NotRestored(f"{path} is no folder; name one with --folder")
    if "AddChildren" not in folder.document.permissions:
        raise NotRestored(
            f"{user} may not make a document in {path}; name another folder with --folder, or"
            " another user with --as"
        )
    if folder.file_type is None:
        raise NotRestored(f"{path} takes no documents with a file; name a folder with --folder")
    return folder


def _as_lock(save: RecoveredSave) -> StoredLock:
    """What is known of the file, in the form in which a moved file is looked for."""
    key = f"{save.repository}/{save.document_id}"
    return StoredLock("", key, "", save.user, 0.0, save.stored, save.file_name, save.mime_type)


def _fill(spool: Spool, save: RecoveredSave, content: BinaryIO) -> None:
    try:
        spool.fill(content, announced=save.length, limit=0)
    except ContentTruncated as error:
        raise NotRestored(f"{save.id} is damaged: its content is cut off") from error
    digest = hashlib.sha256()
    for piece in spool.pieces():
        digest.update(piece)
    if digest.hexdigest() != save.digest:
        raise NotRestored(f"{save.id} is damaged: its content is not what was kept")


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong, in a sentence."""
    try:
        yield
    except NuxeoRefusedUser as error:
        raise NotRestored("Nuxeo does not know the user; name another with --as") from error
    except NuxeoConflict as error:
        raise NotRestored("the document was changed at this very moment; try again") from error
    except NuxeoTooLarge as error:
        raise NotRestored("Nuxeo has no room for it: a quota, or a limit of a proxy") from error
    except GatewayError as error:
        raise NotRestored(f"Nuxeo: {error}") from error
    except LockStoreBusy as error:
        raise NotRestored(str(error)) from error
    except WopiError as error:
        raise NotRestored(error.reason) from error
    except OSError as error:
        raise NotRestored(f"the content could not be read or kept: {error}") from error
