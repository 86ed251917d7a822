"""Renaming documents and their files (REST_CONTRACT 5.2)."""

from __future__ import annotations

from connector.file_reference import FileReference
from connector.nuxeo_gateway.documents import Document, document_path, parse_document, shape_headers
from connector.nuxeo_gateway.errors import NuxeoFailed
from connector.nuxeo_gateway.session import NuxeoSession, json_object


class Names:
    """Renames documents and files. Neither content nor place changes, so neither do ids."""

    def __init__(self, session: NuxeoSession) -> None:
        self._session = session

    def rename(
        self,
        reference: FileReference,
        read: Document,
        user: str,
        *,
        file_name: str | None = None,
        title: str | None = None,
    ) -> Document:
        """Give a file another name, its document another title, or both at once: one call.

        The name is a member of the blob and is set without touching its content, also in a list,
        whose other items stay.

        Args:
            reference: which file.
            read: its document as it was read just before; its change token guards the change.
            user: who renames.
            file_name: the name with its extension; ``None`` leaves it.
            title: of the document; ``None`` leaves it.

        Raises:
            NuxeoConflict: the document was changed since it was read.
            NuxeoForbidden: the user may not write it, or not now.
            GatewayError: Nuxeo did not answer as expected; it may be renamed all the same.
        """
        properties: dict[str, str] = {}
        if file_name is not None:
            properties[f"{reference.xpath}/name"] = file_name
        if title is not None:
            properties["dc:title"] = title
        response = self._session.call(
            "POST",
            f"{document_path(reference)}/@op/Document.Update",
            user=user,
            headers={**shape_headers(reference.xpath), "enrichers-document": "permissions"},
            data={"params": {"properties": properties, "changeToken": read.change_token}},
        )
        after = parse_document(json_object(response))
        blob = after.blob(reference.xpath)
        if file_name is not None and (blob is None or blob.name != file_name):
            raise NuxeoFailed(f"the file {reference.xpath} does not have the name that was sent")
        return after
