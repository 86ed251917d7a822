"""Reading and writing the content of documents (REST_CONTRACT 3, 4, 5)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import requests
from werkzeug.http import parse_options_header

from connector.file_reference import FileReference
from connector.nuxeo_gateway.content import DOWNLOAD_PIECE, Spool
from connector.nuxeo_gateway.documents import (
    Blob,
    Document,
    Documents,
    document_path,
    parse_document,
    shape_headers,
)
from connector.nuxeo_gateway.errors import (
    BlobNotStored,
    GatewayError,
    NuxeoFailed,
    NuxeoForbidden,
    NuxeoRefusal,
    NuxeoUnavailable,
)
from connector.nuxeo_gateway.session import NuxeoSession, json_object, segment

_log = logging.getLogger(__name__)

_UPLOAD = "api/v1/upload"


class BlobStream:
    """Content on its way out of Nuxeo. Must be closed, or a connection is lost to the pool.

    Attributes:
        length: in bytes; ``None`` if it was not said.
        digest: of the content, from Nuxeo's ETag; ``None`` for a storage's, which may mean
            something else.
        mime_type: as stored in Nuxeo.
        file_name: as stored in Nuxeo; empty if it was not said.
    """

    def __init__(self, response: requests.Response, *, from_storage: bool) -> None:
        self._response = response
        length = response.headers.get("Content-Length")
        # A compressed transfer says how long the compressed bytes are.
        plain = not response.headers.get("Content-Encoding")
        self.length = int(length) if plain and length and length.isdecimal() else None
        etag = response.headers.get("ETag", "").removeprefix("W/").strip('"')
        self.digest = etag if etag and not from_storage else None
        self.mime_type = response.headers.get("Content-Type", "application/octet-stream")
        _, said = parse_options_header(response.headers.get("Content-Disposition"))
        self.file_name = said.get("filename", "")

    def pieces(self) -> Iterator[bytes]:
        """The content, in pieces.

        Raises:
            NuxeoUnavailable: it broke off.
        """
        try:
            yield from self._response.iter_content(DOWNLOAD_PIECE)
        except requests.RequestException as error:
            raise NuxeoUnavailable(f"the content broke off: {type(error).__name__}") from error

    def close(self) -> None:
        """Let go of the connection."""
        self._response.close()


@dataclass(frozen=True)
class UploadedBlob:
    """Content in a batch, waiting to become a document's, with the name and type it will have."""

    batch_id: str
    name: str
    mime_type: str


class Blobs:
    """Reads and writes blobs."""

    def __init__(self, session: NuxeoSession, documents: Documents) -> None:
        self._session = session
        self._documents = documents

    def open(self, reference: FileReference, user: str) -> BlobStream:
        """The content of a blob: one call.

        Raises:
            NuxeoNotFound: no such document.
            NuxeoForbidden: the user may not read or not download it.
            NuxeoFailed: among other things, there is no blob: Nuxeo answers 500 then.
            GatewayError: Nuxeo did not answer as expected.
        """
        xpath = quote(reference.xpath, safe=":/")
        response, from_storage = self._session.download(
            f"{document_path(reference)}/@blob/{xpath}",
            user=user,
            # Office files are compressed already, and the length must be the file's.
            headers={"Accept-Encoding": "identity"},
        )
        stream = BlobStream(response, from_storage=from_storage)
        if stream.digest is None and not from_storage:
            stream.close()
            # Nuxeo never leaves the ETag out (REST_CONTRACT 3.3); a page of a proxy has none.
            raise NuxeoFailed("the answer to a download is not a blob of Nuxeo's")
        return stream

    def may_download(self, reference: FileReference, name: str, user: str) -> bool:
        """Whether Nuxeo would let ``user`` have the content: one call, which leaves no trace.

        A server may have a policy of its own for downloads, which no permission shows
        (REST_CONTRACT 3.3). Only a clear no counts: what else may stand in the way of this call
        need not stand in the way of a download.
        """
        path = (
            f"nxfile/{segment(reference.repository)}/{segment(reference.document_id)}/"
            f"{quote(reference.xpath, safe=':/')}/{segment(name)}"
        )
        try:
            self._session.call("HEAD", path, user=user)
        except NuxeoForbidden:
            return False
        except GatewayError as error:
            _log.debug("whether %s may download was not told: %s", user, error)
        return True

    def upload(
        self, content: Spool, name: str, mime_type: str, user: str, *, tries: int = 2
    ) -> UploadedBlob:
        """Send content into a batch: two calls. Nothing sees it yet, so a failure is tried again.

        Raises:
            GatewayError: Nuxeo did not answer as expected.
        """
        for _ in range(tries - 1):
            try:
                return self._upload(content, name, mime_type, user)
            except NuxeoRefusal:
                raise
            except GatewayError as error:
                _log.warning("uploading again: %s", error)
        return self._upload(content, name, mime_type, user)

    def _upload(self, content: Spool, name: str, mime_type: str, user: str) -> UploadedBlob:
        batch_id = json_object(self._session.call("POST", _UPLOAD, user=user)).get("batchId")
        if not isinstance(batch_id, str):
            raise NuxeoFailed("Nuxeo made no batch for an upload")
        uploaded = UploadedBlob(batch_id, name, mime_type)
        try:
            answer = self._session.call(
                "POST",
                f"{_UPLOAD}/{segment(batch_id)}/0",
                user=user,
                headers={
                    "Content-Type": "application/octet-stream",
                    # Decoded as a form would be: a plus sign would become a space.
                    "X-File-Name": quote(name, safe=""),
                    "X-File-Type": mime_type,
                    "X-File-Size": str(content.length),
                },
                data=content.body(),
                raw=True,
            )
            # The Content-Length that reached Nuxeo; something between may have cut the body. The
            # digest is seen only when the content is the document's.
            arrived = json_object(answer).get("uploadedSize")
            if arrived not in (str(content.length), "-1", None):
                raise NuxeoFailed(f"of {content.length} bytes, {arrived} have arrived")
        except GatewayError:
            self.discard(uploaded, user)
            raise
        return uploaded

    def discard(self, uploaded: UploadedBlob, user: str) -> None:
        """Remove an upload that became nobody's. That it fails is no harm: Nuxeo clears it away."""
        try:
            self._session.call("DELETE", f"{_UPLOAD}/{segment(uploaded.batch_id)}", user=user)
        except GatewayError as error:
            _log.debug("an upload was left to Nuxeo to clear away: %s", error)

    def replace(
        self,
        reference: FileReference,
        read: Document,
        content: Spool,
        uploaded: UploadedBlob,
        user: str,
        comment: str | None = None,
    ) -> Document:
        """Make uploaded content the blob of ``reference``, and see that it is.

        One call for a main file, whose answer shows what is stored; two for a blob in a list, where
        only an operation writes the one item and leaves the others alone (REST_CONTRACT 5.2).
        Nuxeo answers 200 also when it changed nothing (REST_CONTRACT 13.13).

        Args:
            reference: which blob.
            read: the document as it was read just before; its change token guards the update.
            content: what was uploaded.
            uploaded: where it was uploaded to; gone afterwards, whatever happens.
            user: who saves.
            comment: for Nuxeo's audit; a list item has none.

        Raises:
            NuxeoConflict: the document was changed since it was read.
            NuxeoForbidden: the user may not write it, or not now.
            BlobNotStored: Nuxeo says yes but holds something else.
            GatewayError: Nuxeo did not answer as expected.
        """
        is_in_list = "/" in reference.xpath
        after = (
            self._attach(reference, read, uploaded, user)
            if is_in_list
            else self._put(reference, read, uploaded, user, comment)
        )
        stored = after.blob(reference.xpath)
        if stored is None or not holds(stored, content):
            raise BlobNotStored(f"the blob {reference.xpath} is not what was sent")
        return after

    def _put(
        self,
        reference: FileReference,
        read: Document,
        uploaded: UploadedBlob,
        user: str,
        comment: str | None,
    ) -> Document:
        # The file id must be text (REST_CONTRACT 4).
        blob = {"upload-batch": uploaded.batch_id, "upload-fileId": "0"}
        response = self._session.call(
            "PUT",
            document_path(reference),
            user=user,
            headers={
                **shape_headers(reference.xpath),
                "enrichers-document": "permissions",
                **({"Update-Comment": comment} if comment else {}),
            },
            data={
                "entity-type": "document",
                # Without the uid Nuxeo does not look at the change token.
                "uid": read.uid,
                "changeToken": read.change_token,
                "properties": {reference.xpath: blob},
            },
        )
        return parse_document(json_object(response))

    def _attach(
        self, reference: FileReference, read: Document, uploaded: UploadedBlob, user: str
    ) -> Document:
        document = {
            "entity-type": "document",
            "repository": reference.repository,
            "uid": read.uid,
            "changeToken": read.change_token,
        }
        self._session.call(
            "POST",
            f"{_UPLOAD}/{segment(uploaded.batch_id)}/0/execute/Blob.AttachOnDocument",
            user=user,
            headers={"X-NXVoidOperation": "true"},
            data={"params": {"document": document, "xpath": reference.xpath}},
        )
        return self._documents.get(reference, user)


def holds(stored: Blob, content: Spool) -> bool:
    """Whether ``stored`` is ``content``, as far as can be told.

    Where the storage has no digest that could be computed here, the length is all there is.
    """
    if stored.digest and stored.digest_algorithm and content.digest(stored.digest_algorithm):
        return content.is_content_of(stored)
    return stored.length == content.length
