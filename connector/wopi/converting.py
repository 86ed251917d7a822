"""A conversion: PutRelativeFile with X-WOPI-FileConversion.

It is not another file but the same one in a form that can be edited. So it takes the place of what
was converted, on the same document and in the same list, with the new extension; what was converted
is kept as a version. The Java addon does the same. A document that keeps no versions gets the new
form as a file beside it, as WOPI has it where a host does nothing of its own.

Two users may have the same old file converted. Whoever comes second gets the file as it is by then,
with what was written in it since, and nothing is written: their conversion is of content that is
history. That is an answer also where WOPI wants none but 200, and what their office client opens
next is what everybody else sees.

Source: the pages PutRelativeFile and "Editing binary document formats".
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from connector.file_reference import MAIN_FILE_XPATH, DocumentReference, FileReference
from connector.lock_store.base import LockStore
from connector.nuxeo_gateway.content import Spool
from connector.nuxeo_gateway.documents import Document
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.wopi import filenames, targets
from connector.wopi.errors import LockMismatch, NotFound, ServerError
from connector.wopi.file_id import encode
from connector.wopi.free_names import free_name
from connector.wopi.new_files import UNKNOWN_TYPE, MadeFile, NewFiles, Wish
from connector.wopi.opened import OpenFile
from connector.wopi.overwriting import ChangedMeanwhile, Overwriting, may_be_replaced
from connector.wopi.targets import NameTaken, Target
from connector.wopi.versions import content_of

_log = logging.getLogger(__name__)

_ATTEMPTS = 4


class Converting:
    """Puts what was converted in the place of what it was made from.

    Args:
        gateway: Nuxeo.
        store: WOPI locks.
        new_files: makes files, and finds free names.
        overwriting: overwrites files.
        instance: the prefix of this installation's file ids.
    """

    def __init__(
        self,
        gateway: NuxeoGateway,
        store: LockStore,
        new_files: NewFiles,
        overwriting: Overwriting,
        instance: str,
    ) -> None:
        self._gateway = gateway
        self._store = store
        self._new_files = new_files
        self._overwriting = overwriting
        self._instance = instance

    def converted(self, file: OpenFile, document: Document, target: Target) -> MadeFile | None:
        """The file, if it has the form already that is asked for: no call to Nuxeo mostly.

        Raises:
            NotFound: no such file, or no right to write it.
            LockMismatch: it has, but not the name that it must have in specific mode.
            IllegalName: in specific mode.
            GatewayError: Nuxeo did not answer as expected.
        """
        self._overwriting.refuse_readers(file, document, _no_right())
        name = file.blob_in(document).name
        wanted = targets.file_name(target, name)
        form = filenames.extension(wanted).lower()
        if not form or filenames.extension(name).lower() != form:
            return None
        if target.is_exact and name != wanted:
            raise LockMismatch("", "the file was converted already, and has another name")
        _log.info("%s was converted already", file.reference.document_key)
        return MadeFile(file.reference, name)

    def convert(
        self,
        file: OpenFile,
        document: Document,
        target: Target,
        content: Spool,
        beside: Wish | None,
    ) -> MadeFile:
        """Put a conversion in its place: seven calls to Nuxeo. Within ``nuxeo_errors``.

        Two of them look for the name: before the upload, which the name goes with, and inside the
        folder's critical section, where nobody takes it any more.

        Args:
            file: what was converted, and who converts it.
            document: its document, as it was before the content came.
            target: what was asked for.
            content: the new form.
            beside: the file to make where the document keeps no versions; ``None`` if there can be
                none.

        Raises:
            LockMismatch: the file is locked, or not to be changed, or was changed meanwhile.
            NameTaken: in specific mode.
            NotFound: no such file, or no right to write it.
            BadRequest: no content would take the place of an office document's.
            ServerError: what came in between came too often.
            GatewayError: Nuxeo did not answer as expected.
        """
        converted_from = content_of(document, file.blob_in(document))
        for _ in range(_ATTEMPTS):
            made = self.converted(file, document, target)
            if made is not None:
                return made
            if content_of(document, file.blob_in(document)) != converted_from:
                raise LockMismatch("", "the file was changed in Nuxeo while it was converted")
            if not may_be_replaced(document, file.blob_in(document)):
                if beside is None:
                    raise LockMismatch("", "the document keeps no versions")
                return self._new_files.put(file.token, beside, content)
            name = self._name(file, document, target)
            try:
                self._replace(file, document, name, content)
            except ChangedMeanwhile as changed:
                document = changed.document
                _log.info("converting %s once more", file.reference.document_key)
                continue
            return MadeFile(file.reference, name)
        raise ServerError("the folder keeps changing in Nuxeo")

    def _replace(self, file: OpenFile, document: Document, name: str, content: Spool) -> None:
        source = file.blob_in(document)
        is_same_kind = filenames.extension(name) == filenames.extension(source.name)
        mime_type = source.mime_type if is_same_kind else UNKNOWN_TYPE

        def check(now: Document) -> None:
            blob = file.blob_in(now)
            if (blob.name, now.parent_uid, content_of(now, blob)) != (
                source.name,
                document.parent_uid,
                content_of(document, source),
            ) or self._is_others(file, now, name):
                raise ChangedMeanwhile(now)

        self._overwriting.overwrite(
            file,
            content,
            self._gateway.blobs.upload(content, name, mime_type, file.user),
            no_right=_no_right(),
            check=check,
            folder=_folder(file, document),
        )

    def _name(self, file: OpenFile, document: Document, target: Target) -> str:
        """The file's new name; a suggestion that would be another file's gives way.

        Raises:
            NameTaken: in specific mode.
        """
        wanted = targets.file_name(target, file.blob_in(document).name)
        folder = _folder(file, document)
        if folder is None:
            free, owner = _free_in_list(file, document, wanted)
        else:
            free, existing = self._new_files.free_name(folder, wanted, file.user)
            is_others = existing is not None and existing.uid != document.uid
            owner = _main_file(existing) if existing is not None and is_others else None
        if owner is None:
            return wanted
        if target.is_exact:
            current = self._store.get(encode(owner, self._instance))
            raise NameTaken(free, current.lock_id if current is not None else "")
        return free

    def _is_others(self, file: OpenFile, now: Document, name: str) -> bool:
        """Whether the name was taken meanwhile: one call for a main file."""
        folder = _folder(file, now)
        if folder is None:
            return _free_in_list(file, now, name)[1] is not None
        found = self._gateway.folders.files_named(folder, [name], file.user)
        return any(each.uid != now.uid for each in found)


def _no_right() -> NotFound:
    return NotFound("no permission to write the document")


def _folder(file: OpenFile, document: Document) -> DocumentReference | None:
    """The folder in which the file's name must be its own; ``None`` for an attachment."""
    if file.reference.xpath != MAIN_FILE_XPATH or document.parent_uid is None:
        return None
    return DocumentReference(document.repository, document.parent_uid)


def _main_file(document: Document) -> FileReference:
    return DocumentReference(document.repository, document.uid).file()


def _free_in_list(
    file: OpenFile, document: Document, name: str
) -> tuple[str, FileReference | None]:
    """A free name in the list of an attachment, and the other attachment that has ``name``."""
    place = file.reference
    others = {
        blob.name: xpath
        for xpath, blob in document.neighbours(place.xpath).items()
        if xpath != place.xpath
    }

    def taken(_: Sequence[str]) -> Collection[str]:
        return others

    xpath = others.get(name)
    owner = FileReference(place.repository, place.document_id, xpath) if xpath else None
    return free_name(name, taken), owner
