"""Batch upload (REST_CONTRACT 4)."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from connector.sandbox.nuxeo_server.errors import not_found, server_error
from connector.sandbox.nuxeo_server.store import Store, blob_value, pieces_of


@dataclass
class UploadedFile:
    """A file in a batch."""

    name: str
    mime_type: str | None
    upload_type: str = "normal"
    digest: str = ""
    length: int = 0
    chunk_count: int = 0
    chunks: dict[int, tuple[str, int]] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether all of it has arrived."""
        return self.upload_type == "normal" or len(self.chunks) == self.chunk_count


class Batches:
    """The batches of a server. They are gone with it, as with a server whose store was cleared."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._mutex = threading.Lock()
        self._batches: dict[str, dict[str, UploadedFile]] = {}

    def create(self) -> str:
        """A new batch."""
        batch_id = f"batchId-{uuid.uuid4()}"
        with self._mutex:
            self._batches[batch_id] = {}
        return batch_id

    def files(self, batch_id: str) -> dict[str, UploadedFile]:
        """The files of a batch by their index.

        Raises:
            NuxeoError: 404.
        """
        with self._mutex:
            return dict(self._batch(batch_id))

    def drop(self, batch_id: str, index: str | None = None) -> None:
        """Remove a batch, or a file of it.

        Raises:
            NuxeoError: 404.
        """
        with self._mutex:
            batch = self._batch(batch_id)
            if index is not None and index not in batch:
                raise not_found(index)
            if index is None:
                del self._batches[batch_id]
            else:
                del batch[index]

    def discard(self, batch_id: str) -> None:
        """Remove a batch that may be gone already."""
        with self._mutex:
            self._batches.pop(batch_id, None)

    def put(
        self, batch_id: str, index: str, name: str, mime_type: str | None, body: Iterable[bytes]
    ) -> None:
        """Upload a file in one go; again overwrites."""
        self.files(batch_id)
        digest, length = self._store.write_blob(body)
        with self._mutex:
            self._batch(batch_id)[index] = UploadedFile(
                name, mime_type, digest=digest, length=length
            )

    def put_chunk(
        self,
        batch_id: str,
        index: str,
        name: str,
        mime_type: str | None,
        chunk: int,
        chunk_count: int,
        body: Iterable[bytes],
    ) -> UploadedFile:
        """Upload a part of a file; parts come in any order, but each only once.

        Raises:
            NuxeoError: 500 for a part that is there already.
        """
        self.files(batch_id)
        stored = self._store.write_blob(body)
        with self._mutex:
            batch = self._batch(batch_id)
            file = batch.get(index)
            if file is None or file.upload_type != "chunked":
                file = UploadedFile(name, mime_type, "chunked", chunk_count=chunk_count)
            if chunk in file.chunks:
                raise server_error()
            file = replace(file, chunks={**file.chunks, chunk: stored})
            if file.is_complete:
                file.digest, file.length = self._store.write_blob(
                    piece
                    for number in sorted(file.chunks)
                    for piece in pieces_of(self._store.blob_path(file.chunks[number][0]))
                )
            batch[index] = file
        return file

    def blob(self, batch_id: object, index: object) -> dict[str, Any] | None:
        """The blob of an uploaded file; ``None`` if there is none, as when a batch has expired."""
        # A number as index is read as absent by the server.
        if not isinstance(batch_id, str) or not isinstance(index, str):
            return None
        with self._mutex:
            file = self._batches.get(batch_id, {}).get(index)
        if file is None or not file.is_complete:
            return None
        return blob_value(file.name, file.mime_type, file.digest, file.length)

    def _batch(self, batch_id: str) -> dict[str, UploadedFile]:
        try:
            return self._batches[batch_id]
        except KeyError:
            raise not_found(batch_id) from None


def file_json(file: UploadedFile) -> dict[str, Any]:
    """What the server says of an uploaded file."""
    body: dict[str, Any] = {
        "name": file.name,
        "size": file.length,
        "uploadType": file.upload_type,
    }
    if file.upload_type == "chunked":
        body["uploadedChunkIds"] = sorted(file.chunks)
        body["chunkCount"] = file.chunk_count
    return body
