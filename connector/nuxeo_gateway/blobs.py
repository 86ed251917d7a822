"""Reading and writing the content of documents (REST_CONTRACT 3, 4, 5)."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from connector.file_reference import FileReference
from connector.nuxeo_gateway.content import DOWNLOAD_PIECE, Spool
from connector.nuxeo_gateway.documents import (
    Blob,
    Document,
    document_path,
    parse_blob,
    parse_document,
    shape_headers,
    value_at,
)
from connector.nuxeo_gateway.errors import BlobNotStored, NuxeoFailed, NuxeoUnavailable
from connector.nuxeo_gateway.session import NuxeoSession, json_object, segment

_UPLOAD = "api/v1/upload"


class BlobStream:
    """Content on its way out of Nuxeo. Must be closed, or a connection is lost to the pool.

    Attributes:
        length: in bytes; ``None`` if Nuxeo did not say.
        digest: from the ETag; ``None`` if there is none.
        mime_type: as stored in Nuxeo.
    """

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        length = response.headers.get("Content-Length")
        # A compressed transfer says how long the compressed bytes are.
        plain = not response.headers.get("Content-Encoding")
        self.length = int(length) if plain and length and length.isdecimal() else None
        etag = response.headers.get("ETag", "").removeprefix("W/").strip('"')
        self.digest = etag or None
        self.mime_type = response.headers.get("Content-Type", "application/octet-stream")

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
    """Content in a batch, waiting to become a document's."""

    batch_id: str

    @property
    def property_value(self) -> dict[str, str]:
        """How a property refers to it; the file id must be text (REST_CONTRACT 4)."""
        return {"upload-batch": self.batch_id, "upload-fileId": "0"}


class Blobs:
    """Reads and writes blobs."""

    def __init__(self, session: NuxeoSession) -> None:
        self._session = session

    def open(self, reference: FileReference, user: str) -> BlobStream:
        """The content of a blob: one call.

        Raises:
            NuxeoNotFound: no such document.
            NuxeoForbidden: the user may not read or not download it.
            NuxeoFailed: among other things, there is no blob: Nuxeo answers 500 then.
            GatewayError: Nuxeo did not answer as expected.
        """
        xpath = quote(reference.xpath, safe=":/")
        response = self._session.download(
            f"{document_path(reference)}/@blob/{xpath}",
            user=user,
            # Office files are compressed already, and the length must be the file's.
            headers={"Accept-Encoding": "identity"},
        )
        return BlobStream(response)

    def upload(self, content: Spool, like: Blob, user: str) -> UploadedBlob:
        """Send content into a batch, with the name and type of the blob it will replace: two calls.

        Raises:
            GatewayError: Nuxeo did not answer as expected.
        """
        batch_id = json_object(self._session.call("POST", _UPLOAD, user=user)).get("batchId")
        if not isinstance(batch_id, str):
            raise NuxeoFailed("Nuxeo made no batch for an upload")
        self._session.call(
            "POST",
            f"{_UPLOAD}/{segment(batch_id)}/0",
            user=user,
            headers={
                "Content-Type": "application/octet-stream",
                # Decoded as a form would be: a plus sign would become a space.
                "X-File-Name": quote(like.name, safe=""),
                "X-File-Type": like.mime_type,
                "X-File-Size": str(content.length),
            },
            data=content.body(),
            raw=True,
        )
        return UploadedBlob(batch_id)

    def replace(
        self,
        reference: FileReference,
        read: Document,
        content: Spool,
        uploaded: UploadedBlob,
        user: str,
    ) -> Document:
        """Make uploaded content the blob of ``reference``: one call, checked by its answer.

        Nuxeo answers 200 also when it changed nothing, so the answer must show the very content
        that was sent, and the document's other attachments as they were (REST_CONTRACT 5.1, 13.13).

        Args:
            reference: which blob.
            read: the document as it was read before; its change token guards the update.
            content: what was uploaded.
            uploaded: where it was uploaded to.
            user: who saves.

        Raises:
            NuxeoConflict: the document was changed since it was read.
            NuxeoForbidden: the user may not write it, or not now.
            BlobNotStored: Nuxeo says yes but holds something else.
            GatewayError: Nuxeo did not answer as expected.
        """
        root, value = _updated_property(read.properties, reference.xpath, uploaded)
        response = self._session.call(
            "PUT",
            document_path(reference),
            user=user,
            headers={**shape_headers(reference.xpath), "enrichers-document": "permissions"},
            data={
                "entity-type": "document",
                # Without the uid Nuxeo does not look at the change token.
                "uid": read.uid,
                "changeToken": read.change_token,
                "properties": {root: value},
            },
        )
        after = parse_document(json_object(response))
        stored = after.blob(reference.xpath)
        if stored is None or not _holds(stored, content):
            raise BlobNotStored(f"the blob {reference.xpath} is not what was sent")
        if _others(read.properties, reference.xpath) != _others(after.properties, reference.xpath):
            raise BlobNotStored("other attachments of the document changed with the save")
        return after


def _updated_property(
    properties: Mapping[str, Any], xpath: str, uploaded: UploadedBlob
) -> tuple[str, object]:
    """The top-level property to send: lists go whole, or the other attachments would be deleted."""
    root, *steps = xpath.split("/")
    if not steps:
        return root, uploaded.property_value
    value = copy.deepcopy(properties[root])
    parent = value
    for step in steps[:-1]:
        parent = parent[int(step) if isinstance(parent, list) else step]
    last = steps[-1]
    parent[int(last) if isinstance(parent, list) else last] = uploaded.property_value
    return root, value


def _holds(stored: Blob, content: Spool) -> bool:
    if stored.digest and stored.digest_algorithm and content.digest(stored.digest_algorithm):
        return content.is_content_of(stored)
    # Storage without a digest that could be computed here: the length is all there is to check.
    return stored.length == content.length


def _others(properties: Mapping[str, Any], xpath: str) -> list[object]:
    """Digest and name of each blob in the list that ``xpath`` goes through, but for its own."""
    root, *steps = xpath.split("/")
    items = properties.get(root)
    if not steps or not isinstance(items, list):
        return []
    return [
        (blob.name, blob.length, blob.digest) if blob else None
        for index in range(len(items))
        if str(index) != steps[0]
        for blob in [parse_blob(value_at(properties, "/".join([root, str(index), *steps[1:]])))]
    ]
