"""``Version`` and X-WOPI-ItemVersion: change with the content, never repeat.

Nuxeo has nothing that does both: a digest repeats when old content comes back, the change token
does not move for writers that send none and moves for a change of title, the time of change moves
with every property. So the lock store keeps a number per file that grows whenever another digest is
seen, whoever brought it, and with each PutFile. Locks and metadata leave it alone.
"""

from __future__ import annotations

from connector.lock_store.base import LockStore
from connector.nuxeo_gateway.blobs import BlobStream
from connector.nuxeo_gateway.documents import Blob, Document

_NO_DIGEST = "~"


class Versions:
    """Gives files their version."""

    def __init__(self, store: LockStore) -> None:
        self._store = store

    def of_blob(self, file_id: str, document: Document, blob: Blob) -> str:
        """The version of a blob as Nuxeo describes it."""
        content = _content(document, blob)
        return _text(content, self._store.content_generation(file_id, content))

    def of_stream(self, file_id: str, stream: BlobStream) -> str | None:
        """The version of content that is being read; ``None`` if that cannot be told."""
        known = self._store.known_content(file_id)
        if known and known[0].startswith(_NO_DIGEST):
            # Nuxeo makes an ETag of its own for content whose digest it does not know.
            return _text(*known)
        if stream.digest is None:
            return None
        return _text(stream.digest, self._store.content_generation(file_id, stream.digest))

    def of_save(self, file_id: str, document: Document, blob: Blob) -> str:
        """The version that a PutFile made: a new one, also for the same bytes again."""
        content = _content(document, blob)
        return _text(content, self._store.new_content_generation(file_id, content))


def _content(document: Document, blob: Blob) -> str:
    return blob.digest or f"{_NO_DIGEST}{blob.length}-{document.last_modified}"


def _text(content: str, generation: int) -> str:
    # The digest shows at a glance in a log whether two versions are the same content.
    return f"{generation}-{content[:12]}" if content[0] != _NO_DIGEST else str(generation)
