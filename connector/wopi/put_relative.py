"""PutRelativeFile: "Save as", and the result of a conversion.

"Save as" makes a document beside the one that the file belongs to, of the same type; of that
document it takes nothing else over. So does "Save as" of an attachment: what WOPI calls a file in a
folder is a document's main file, and a further attachment would have no name of its own there.

A conversion (X-WOPI-FileConversion) is not another file but the same one in a form that can be
edited. So it takes the place of what was converted, on the same document and in the same list, with
the new extension; what was converted is kept as a version. The Java addon does the same.
"""

from __future__ import annotations

from connector.file_reference import MAIN_FILE_XPATH, DocumentReference
from connector.nuxeo_gateway.content import Source, Spool
from connector.nuxeo_gateway.documents import Document
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.wopi import filenames, targets
from connector.wopi.body import Bodies
from connector.wopi.errors import BadRequest, NotFound
from connector.wopi.handout import Handout
from connector.wopi.new_files import UNKNOWN_TYPE, MadeFile, NewFiles, Wish
from connector.wopi.opened import OpenFile
from connector.wopi.operations import nuxeo_errors
from connector.wopi.overwriting import Overwriting
from connector.wopi.targets import Target

_USUAL_TYPE = "File"


class PutRelative:
    """PutRelativeFile.

    Args:
        gateway: Nuxeo.
        new_files: makes files.
        overwriting: overwrites them.
        bodies: receives content.
        handout: makes URLs.
    """

    def __init__(
        self,
        gateway: NuxeoGateway,
        new_files: NewFiles,
        overwriting: Overwriting,
        bodies: Bodies,
        handout: Handout,
    ) -> None:
        self._gateway = gateway
        self._new_files = new_files
        self._overwriting = overwriting
        self._bodies = bodies
        self._handout = handout

    def put_relative_file(
        self,
        file: OpenFile,
        target: Target,
        body: Source,
        *,
        announced: int | None,
        size: int | None,
        is_conversion: bool,
    ) -> dict[str, str]:
        """PutRelativeFile: six calls to Nuxeo, seven to overwrite, seven for a conversion.

        The source need not be locked, and the session may have been opened for viewing: only the
        target is changed, by the rights that the user has there. To overwrite a file or to convert
        it takes a session for editing.

        Args:
            file: the source.
            target: what was asked for.
            body: the content.
            announced: Content-Length, if the request has one.
            size: X-WOPI-Size, if the request has it.
            is_conversion: X-WOPI-FileConversion.

        Returns:
            The answer, with a URL whose token is for the new file alone.

        Raises:
            BadRequest: an illegal name, or a body that broke off or is not of the announced size.
            LockMismatch: the name is taken, or the file of that name is locked.
            NotImplementedOperation: the user may not overwrite the file of that name.
            NotFound: no such source, or no right to create anything beside it.
            TooLarge: the body is larger than the limit.
            ServerError: Nuxeo failed, or the body could not be kept.
        """
        if None not in (announced, size) and announced != size:
            raise BadRequest("X-WOPI-Size is not the length of the body")
        with nuxeo_errors():
            document = self._gateway.documents.get(file.reference, file.user)
            wish = self._wish(file, document, target)
            if wish is None and not is_conversion:
                raise NotFound("the document is in no folder that a file could be put in")
            # Refused before the body is waited for.
            if wish is not None:
                self._new_files.legal_name(wish, file.user)
        with (
            self._bodies.received(body, size if announced is None else announced) as content,
            nuxeo_errors(),
        ):
            if is_conversion or wish is None:
                made = self._convert(file, document, target, content)
            else:
                made = self._new_files.put(file.token, wish, content)
        return self._handout.new_file(file.token, made.reference, made.name)

    @staticmethod
    def _wish(file: OpenFile, document: Document, target: Target) -> Wish | None:
        """A file beside the source; ``None`` where there can be none."""
        source = file.blob_in(document)
        if document.is_trashed or document.parent_uid is None:
            return None
        is_of_use = "file" in document.schemas and not document.is_folderish
        return Wish(
            parent=DocumentReference(document.repository, document.parent_uid),
            target=target,
            source=source.name,
            document_type=document.type if is_of_use else _USUAL_TYPE,
            mime_type=source.mime_type,
            # As after an import into Nuxeo.
            is_titled_by_name=document.title == source.name,
        )

    def _convert(
        self, file: OpenFile, document: Document, target: Target, content: Spool
    ) -> MadeFile:
        name, source = self._converted_name(file, document, target), file.blob_in(document)
        is_same_kind = filenames.extension(name) == filenames.extension(source.name)
        mime_type = source.mime_type if is_same_kind else UNKNOWN_TYPE
        uploaded = self._gateway.blobs.upload(content, name, mime_type, file.user)
        no_right = NotFound("no permission to write the document")
        self._overwriting.overwrite(file, content, uploaded, no_right=no_right)
        return MadeFile(file.reference, name)

    def _converted_name(self, file: OpenFile, document: Document, target: Target) -> str:
        """The file's new name; a suggestion that would be another file's gives way."""
        name = targets.file_name(target, file.blob_in(document).name)
        is_attachment = file.reference.xpath != MAIN_FILE_XPATH
        if target.is_exact or is_attachment or document.parent_uid is None:
            return name
        folder = DocumentReference(document.repository, document.parent_uid)
        free, existing = self._new_files.free_name(folder, name, file.user)
        return name if existing is None or existing.uid == document.uid else free
