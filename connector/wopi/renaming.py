"""RenameFile: what a user types into the office client's title bar becomes the name in Nuxeo.

In Nuxeo a document has a title and its main file a name; ``nuxeo.wopi.rename`` says which of the
two a user means. An attachment has a file name only. The extension stays, and so do uid and xpath,
so the file id does.

Source: the page RenameFile.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from enum import StrEnum

from connector.file_reference import MAIN_FILE_XPATH, DocumentReference, FileReference
from connector.lock_store.base import LockStore, LockStoreBusy, StoredLock
from connector.nuxeo_gateway.documents import Document
from connector.nuxeo_gateway.errors import NuxeoConflict, NuxeoForbidden
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.wopi import filenames
from connector.wopi.admission import Admitted, admit, take_over
from connector.wopi.errors import InvalidFileName, LockMismatch, NotFound
from connector.wopi.free_names import free_name
from connector.wopi.locks import LockOperation
from connector.wopi.opened import OpenFile
from connector.wopi.operations import nuxeo_errors
from connector.wopi.rights import Rights
from connector.wopi.sessions import Sessions

_log = logging.getLogger(__name__)

_ATTEMPTS = 4


class RenameMode(StrEnum):
    """What of a document RenameFile changes: ``nuxeo.wopi.rename``."""

    FILE_NAME = "fileName"
    TITLE = "title"
    BOTH = "both"


class _OtherFolder(Exception):
    """The name is to be looked for in a folder whose critical section was not entered."""

    def __init__(self, folder: DocumentReference) -> None:
        super().__init__(folder.document_key)
        self.folder = folder


class Renaming:
    """Renames files.

    Args:
        gateway: Nuxeo.
        store: WOPI locks.
        sessions: keeps them in step with Nuxeo's.
        rights: who may write.
        mode: what a rename changes.
    """

    def __init__(
        self,
        gateway: NuxeoGateway,
        store: LockStore,
        sessions: Sessions,
        rights: Rights,
        mode: RenameMode,
    ) -> None:
        self._gateway = gateway
        self._store = store
        self._sessions = sessions
        self._rights = rights
        self._mode = mode

    def rename_file(self, file: OpenFile, lock_id: str | None, requested: str) -> str:
        """RenameFile: four calls to Nuxeo; two for an attachment and in mode ``title``.

        A name in a folder is taken inside the folder's critical section, and the document is read
        once more there: only it tells which folder that is.

        Two more for a co-author, to whom Nuxeo's lock is handed over.

        Args:
            file: which file, and who renames it.
            lock_id: X-WOPI-Lock; ``None`` when the request has none.
            requested: the name without an extension, as the user typed it.

        Returns:
            The name that the file has now, without its extension.

        Raises:
            InvalidFileName: there is no legal name like it.
            LockMismatch: locked with another id, or not to be changed.
            NotFound: no such file any more, or no right to write it.
        """
        held, folder = "", None
        with nuxeo_errors():
            for _ in range(_ATTEMPTS):
                keys = [file.reference.document_key, *([folder.document_key] if folder else [])]
                with self._store.critical_section(*keys):
                    admitted = self._admit(file, lock_id)
                    held = admitted.lock_id
                    try:
                        return self._rename(file, admitted, requested, folder)
                    except _OtherFolder as other:
                        folder = other.folder
                    except NuxeoConflict:
                        _log.info("renaming %s once more", file.reference.document_key)
        raise LockMismatch(held, "the document keeps changing in Nuxeo")

    def _admit(self, file: OpenFile, lock_id: str | None) -> Admitted:
        """Judge the renaming by the document as it is at this moment."""
        document = self._gateway.documents.get(file.reference, file.user)
        if document.is_trashed:
            raise NotFound("the document was deleted")
        return admit(
            LockOperation.RENAME_FILE, file, document, lock_id, self._sessions, self._rights
        )

    def _rename(
        self,
        file: OpenFile,
        admitted: Admitted,
        requested: str,
        folder: DocumentReference | None,
    ) -> str:
        document, blob = admitted.document, admitted.blob
        suffix = filenames.extension(blob.name)
        stem = legal_stem(requested, suffix)
        place = admitted.place
        is_main_file = place.xpath == MAIN_FILE_XPATH
        file_name = title = None
        names_file = self._mode is not RenameMode.TITLE or not is_main_file
        if names_file and f"{stem}{suffix}" != blob.name:
            parent = _folder(place, document)
            if parent is not None and parent != folder:
                raise _OtherFolder(parent)
            file_name = free_name(
                f"{stem}{suffix}",
                lambda names: self._names_beside(place, document, names, file.user),
            )
            stem = file_name.removesuffix(suffix)
        if self._mode is not RenameMode.FILE_NAME and is_main_file:
            # Where the title is the file's name, as after an import, it stays that.
            wanted = f"{stem}{suffix}" if document.title == blob.name else stem
            title = wanted if wanted != document.title else None
        if file_name is None and title is None:
            # The answer to an earlier try may have been lost.
            self._note(admitted.lock, blob.name)
            return stem
        take_over(file, admitted, self._sessions)
        try:
            self._gateway.names.rename(place, document, file.user, file_name=file_name, title=title)
        except NuxeoForbidden as error:
            # Also what Nuxeo says of a lock or a hold that came in between.
            raise LockMismatch(admitted.lock_id, f"Nuxeo refused to rename: {error}") from error
        self._note(admitted.lock, file_name)
        return stem

    def _names_beside(
        self, place: FileReference, document: Document, wanted: Sequence[str], user: str
    ) -> frozenset[str]:
        """Names of other attachments, or those of ``wanted`` that other files in the folder have.

        Documents without a folder, or in one that the user may not read, have nothing beside them.
        """
        if place.xpath != MAIN_FILE_XPATH:
            others = document.neighbours(place.xpath)
            others.pop(place.xpath, None)
            return frozenset(blob.name for blob in others.values())
        folder = _folder(place, document)
        if folder is None:
            return frozenset()
        found = self._gateway.folders.files_named(folder, wanted, user)
        blobs = [item.blob(place.xpath) for item in found if item.uid != document.uid]
        return frozenset(blob.name for blob in blobs if blob is not None)

    def _note(self, lock: StoredLock | None, file_name: str | None) -> None:
        """Have the session know the file by its new name; nothing may make a failure of it."""
        if lock is None or file_name in (None, lock.file_name):
            return
        try:
            self._store.note_name(lock.file_id, file_name, lock.mime_type)
        except LockStoreBusy as error:
            _log.warning("renamed, but not noted: %s", error)


def _folder(place: FileReference, document: Document) -> DocumentReference | None:
    """The folder in which a main file has its name; ``None`` for one without, and attachments."""
    if place.xpath != MAIN_FILE_XPATH or document.parent_uid is None:
        return None
    return DocumentReference(place.repository, document.parent_uid)


def legal_stem(requested: str, suffix: str) -> str:
    """The legal name, without its extension, that is nearest to what a user typed.

    Some type the extension too; it is not taken twice.

    Raises:
        InvalidFileName: nothing of it can be part of a name.
    """
    typed = requested
    if suffix and typed.lower().endswith(suffix.lower()):
        typed = typed[: -len(suffix)]
    if not typed.strip(" ."):
        raise InvalidFileName("the name is empty")
    stem = filenames.legal(typed, otherwise="")[: filenames.MAX_LENGTH - len(suffix)].rstrip(" .")
    if not stem or (set(stem) == {"_"} and "_" not in typed):
        raise InvalidFileName("the name has no character that a file name may have")
    return stem
