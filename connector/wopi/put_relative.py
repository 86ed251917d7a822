"""PutRelativeFile: "Save as", and the result of a conversion.

"Save as" makes a document beside the one that the file belongs to, of the same type; of that
document it takes nothing else over. So does "Save as" of an attachment: what WOPI calls a file in a
folder is a document's main file, and a further attachment would have no name of its own there.

A conversion (X-WOPI-FileConversion) is something else: :mod:`connector.wopi.converting`.
"""

from __future__ import annotations

from connector.file_reference import DocumentReference
from connector.nuxeo_gateway.content import Source
from connector.nuxeo_gateway.documents import Document
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.wopi.body import Bodies
from connector.wopi.converting import Converting
from connector.wopi.errors import BadRequest, NotFound
from connector.wopi.handout import Handout
from connector.wopi.new_files import NewFiles, Wish
from connector.wopi.opened import OpenFile
from connector.wopi.operations import nuxeo_errors
from connector.wopi.targets import Target

_USUAL_TYPE = "File"


class PutRelative:
    """PutRelativeFile.

    Args:
        gateway: Nuxeo.
        new_files: makes files.
        converting: puts conversions in their place.
        bodies: receives content.
        handout: makes URLs.
    """

    def __init__(
        self,
        gateway: NuxeoGateway,
        new_files: NewFiles,
        converting: Converting,
        bodies: Bodies,
        handout: Handout,
    ) -> None:
        self._gateway = gateway
        self._new_files = new_files
        self._converting = converting
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
        """PutRelativeFile: seven calls to Nuxeo, eight for a conversion,
        one for a conversion that another one came before.

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
            LockMismatch: the name is taken, or the file of that name is locked; or the file was
                changed while it was converted.
            NotImplementedOperation: the user may not overwrite the file of that name.
            NotFound: no such source, or no right to create anything beside it.
            TooLarge: the body is larger than the limit.
            ServerError: Nuxeo failed, or the body could not be kept.
        """
        if None not in (announced, size) and announced != size:
            raise BadRequest("X-WOPI-Size is not the length of the body")
        with nuxeo_errors():
            document = self._gateway.documents.get(file.reference, file.user, with_ancestors=True)
            if document.is_in_trash:
                raise NotFound("the document is in the trash")
            wish = self._wish(file, document, target)
            if wish is None and not is_conversion:
                raise NotFound("the document is in no folder that a file could be put in")
            # Refused before the body is waited for.
            if wish is not None:
                self._new_files.legal_name(wish, file.user)
            made = self._converting.converted(file, document, target) if is_conversion else None
            if made is not None:
                return self._handout.new_file(file.token, made.reference, made.name)
        with (
            self._bodies.received(body, size if announced is None else announced) as content,
            nuxeo_errors(),
        ):
            if is_conversion or wish is None:
                made = self._converting.convert(file, document, target, content, wish)
            else:
                made = self._new_files.put(file.token, wish, content)
        return self._handout.new_file(file.token, made.reference, made.name)

    @staticmethod
    def _wish(file: OpenFile, document: Document, target: Target) -> Wish | None:
        """A file beside the source; ``None`` where there can be none."""
        source = file.blob_in(document)
        if document.parent_uid is None:
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
