"""Making a file in a folder, or putting content in the place of one that is there.

What WOPI calls a file's name is that of a document's main file. Nuxeo would take any number of the
same, so whether a name is taken is looked up inside the critical section of the folder, and the
document is made before it is left: of two that want one name at the same time, one gets it.

The content goes into an upload batch first, where nothing sees it, so that a large file keeps
nobody waiting. Its name goes with it; when that was taken meanwhile, it is uploaded once more.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from connector.file_reference import MAIN_FILE_XPATH, DocumentReference, FileReference
from connector.lock_store.base import LockStore
from connector.nuxeo_gateway.blobs import UploadedBlob, holds
from connector.nuxeo_gateway.content import Spool
from connector.nuxeo_gateway.documents import Document
from connector.nuxeo_gateway.errors import GatewayError, NuxeoRefusal
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.wopi import filenames, targets
from connector.wopi.access_token import AccessToken
from connector.wopi.errors import NotFound, NotImplementedOperation, ServerError
from connector.wopi.file_id import encode
from connector.wopi.free_names import free_name
from connector.wopi.opened import OpenFile
from connector.wopi.overwriting import ChangedMeanwhile, Overwriting, may_be_replaced
from connector.wopi.targets import IllegalName, NameTaken, Target

_log = logging.getLogger(__name__)

_ATTEMPTS = 3
UNKNOWN_TYPE = "application/octet-stream"
"""Nuxeo then tells the type by name and content (REST_CONTRACT 5.4)."""


@dataclass(frozen=True)
class Wish:
    """What is to be made, and where.

    Attributes:
        parent: the folder.
        target: the name that was asked for.
        source: the name of the file that it is made from, for a mere extension.
        document_type: of the new document.
        mime_type: of the source; the new file's too if it has the same extension.
        may_empty: whether no content at all may take the place of an office document's.
        is_titled_by_name: whether the document's title is to be the name with its extension.
        is_quick: whether the content is so small that others may wait for its upload.
    """

    parent: DocumentReference
    target: Target
    source: str
    document_type: str
    mime_type: str = UNKNOWN_TYPE
    may_empty: bool = False
    is_titled_by_name: bool = False
    is_quick: bool = False

    def mime_type_of(self, name: str) -> str:
        """The type to store a file of this name with."""
        same = filenames.extension(name).lower() == filenames.extension(self.source).lower()
        return self.mime_type if same else UNKNOWN_TYPE


@dataclass(frozen=True)
class MadeFile:
    """A file that was made or overwritten, and its name."""

    reference: FileReference
    name: str


class _Again(Exception):
    """Something came in between: it is to be tried once more."""


class NewFiles:
    """Makes and overwrites files.

    Args:
        gateway: Nuxeo.
        store: for critical sections.
        overwriting: overwrites files.
        instance: the prefix of this installation's file ids.
    """

    def __init__(
        self, gateway: NuxeoGateway, store: LockStore, overwriting: Overwriting, instance: str
    ) -> None:
        self._gateway = gateway
        self._store = store
        self._overwriting = overwriting
        self._instance = instance

    def put(self, caller: AccessToken, wish: Wish, content: Spool) -> MadeFile:
        """Make a file: six calls to Nuxeo, also to overwrite one. Within ``nuxeo_errors``.

        One call less for a wish that ``is_quick``.

        Raises:
            NotFound: the folder is in the trash.
            IllegalName: in specific mode.
            NameTaken: in specific mode without overwriting.
            LockMismatch: the file to overwrite is locked, or not to be changed.
            NotImplementedOperation: the user may not overwrite it.
            BadRequest: no content would take the place of an office document's.
            ServerError: what came in between came too often.
            GatewayError: Nuxeo; ``NuxeoForbidden`` when the user may make nothing there.
        """
        wanted = self.legal_name(wish, caller.user)
        # Where many want one name, all but the first attempt have the folder for themselves; so has
        # the first of what takes no time to upload.
        first = self._make_alone if wish.is_quick else self._make
        for make in (first, *(self._make_alone,) * _ATTEMPTS):
            try:
                made = make(wish, content, wanted, caller.user)
                if isinstance(made, MadeFile):
                    return made
                if not wish.target.overwrite:
                    raise self._taken(wish, made, caller.user)
                return self._overwrite(caller, wish, content, made)
            except _Again as again:
                _log.info("making a file in %s once more: %s", wish.parent.document_key, again)
        raise ServerError("the folder keeps changing in Nuxeo")

    def legal_name(self, wish: Wish, user: str) -> str:
        """The name that is wished for, whether or not it is taken: no call to Nuxeo mostly.

        Raises:
            IllegalName: in specific mode; with a name that is legal and free.
        """
        try:
            return targets.file_name(wish.target, wish.source)
        except IllegalName as error:
            raise error.with_valid(self.free_name(wish.parent, error.legal, user)[0]) from None

    def free_name(
        self, parent: DocumentReference, name: str, user: str
    ) -> tuple[str, Document | None]:
        """``name`` or the next that is free, and the document that has ``name``: one call mostly.

        Raises:
            GatewayError: Nuxeo did not answer as expected.
        """
        by_name: dict[str, Document] = {}

        def taken(names: Sequence[str]) -> Collection[str]:
            for document in self._gateway.folders.files_named(parent, names, user):
                by_name.setdefault(_name_of(document), document)
            return by_name

        return free_name(name, taken), by_name.get(name)

    def _taken(self, wish: Wish, existing: Document, user: str) -> NameTaken:
        valid, _ = self.free_name(wish.parent, _name_of(existing), user)
        current = self._store.get(encode(_made(existing).reference, self._instance))
        return NameTaken(valid, current.lock_id if current is not None else "")

    def _make(self, wish: Wish, content: Spool, wanted: str, user: str) -> MadeFile | Document:
        """Make the file, or find the document that has its name in specific mode."""
        name, existing = self.free_name(wish.parent, wanted, user)
        if existing is not None and wish.target.is_exact:
            return existing
        uploaded = self._gateway.blobs.upload(content, name, wish.mime_type_of(name), user)
        is_used = False
        try:
            with self._store.critical_section(wish.parent.document_key):
                self._refuse_trash(wish.parent, user)
                if self._gateway.folders.files_named(wish.parent, [name], user):
                    raise _Again(f"{name} was taken in the meantime")
                is_used = True
                return self._create(wish, content, uploaded, user)
        finally:
            if not is_used:
                self._gateway.blobs.discard(uploaded, user)

    def _make_alone(
        self, wish: Wish, content: Spool, wanted: str, user: str
    ) -> MadeFile | Document:
        """As :meth:`_make`, while nobody else makes anything in the folder."""
        with self._store.critical_section(wish.parent.document_key):
            name, existing = self.free_name(wish.parent, wanted, user)
            if existing is not None and wish.target.is_exact:
                return existing
            self._refuse_trash(wish.parent, user)
            uploaded = self._gateway.blobs.upload(content, name, wish.mime_type_of(name), user)
            return self._create(wish, content, uploaded, user)

    def _refuse_trash(self, parent: DocumentReference, user: str) -> None:
        """Refuse a folder that was deleted meanwhile; inside its section nobody deletes it."""
        if self._gateway.folders.get(parent, user).document.is_in_trash:
            raise NotFound("the folder is in the trash")

    def _create(self, wish: Wish, content: Spool, uploaded: UploadedBlob, user: str) -> MadeFile:
        folders = self._gateway.folders
        title = uploaded.name if wish.is_titled_by_name else PurePosixPath(uploaded.name).stem
        try:
            document = folders.create_file(wish.parent, wish.document_type, title, uploaded, user)
        except NuxeoRefusal:
            raise
        except GatewayError:
            # Made or not? Only looking tells.
            for document in folders.files_named(wish.parent, [uploaded.name], user):
                if _holds(document, content):
                    return _made(document)
            raise
        if not _holds(document, content):
            # Nuxeo says 201 also when the upload had gone (REST_CONTRACT 13.13).
            folders.remove(DocumentReference(document.repository, document.uid), user)
            raise ServerError("Nuxeo made a document without its file, which was removed again")
        return _made(document)

    def _overwrite(
        self, caller: AccessToken, wish: Wish, content: Spool, existing: Document
    ) -> MadeFile:
        """Overwrite a file, with the folder's critical section left behind.

        What cannot be kept as a version is not overwritten: the name is taken then.
        """
        made, blob = _made(existing), existing.blob(MAIN_FILE_XPATH)
        assert blob is not None
        if not may_be_replaced(existing, blob):
            raise self._taken(wish, existing, caller.user)
        file = OpenFile(encode(made.reference, self._instance), made.reference, caller)
        uploaded = self._gateway.blobs.upload(content, made.name, blob.mime_type, file.user)

        def check(now: Document) -> None:
            if (_name_of(now), now.parent_uid, now.is_trashed) != (
                made.name,
                wish.parent.document_id,
                False,
            ):
                raise ChangedMeanwhile(now)

        try:
            self._overwriting.overwrite(
                file,
                content,
                uploaded,
                no_right=NotImplementedOperation("the user may not overwrite the file"),
                may_empty=wish.may_empty,
                check=check,
            )
        except ChangedMeanwhile as error:
            raise _Again(f"{made.name} is another file in the meantime") from error
        return made


def _made(document: Document) -> MadeFile:
    reference = DocumentReference(document.repository, document.uid).file()
    return MadeFile(reference, _name_of(document))


def _name_of(document: Document) -> str:
    blob = document.blob(MAIN_FILE_XPATH)
    return blob.name if blob is not None else ""


def _holds(document: Document, content: Spool) -> bool:
    blob = document.blob(MAIN_FILE_XPATH)
    return blob is not None and holds(blob, content)
