"""``Version`` and X-WOPI-ItemVersion: change with the content, never repeat.

Nuxeo has nothing that does both: a digest repeats when old content comes back, the change token
does not move for writers that send none and moves for a change of title, the time of change moves
with every property. So the lock store keeps a number per file that grows whenever another digest is
seen, whoever brought it, and with each PutFile. Locks and metadata leave it alone.

Two callers may see the same change at the same moment, and one may have read the document before
the other. Nuxeo's change token has a part that grows with every change, by which the store knows
what is older and lets it pass.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.lock_store.base import LockStore
from connector.nuxeo_gateway.documents import Blob, Document

_NO_DIGEST = "~"


class Versions:
    """Gives files their version."""

    def __init__(self, store: LockStore) -> None:
        self._store = store

    def of_blob(self, file_id: str, document: Document, blob: Blob) -> str:
        """The version of a blob as Nuxeo describes it."""
        content = content_of(document, blob)
        generation = self._store.see_content(
            file_id, content, document.change_order, document.last_modified
        )
        return _text(content, generation)

    def of_blobs(self, files: Sequence[tuple[str, Document, Blob]]) -> list[str]:
        """The versions of many files, given by id, document and blob: as :meth:`of_blob`."""
        contents = [content_of(document, blob) for _, document, blob in files]
        generations = self._store.see_contents(
            [
                (file_id, content, document.change_order, document.last_modified)
                for (file_id, document, _), content in zip(files, contents, strict=True)
            ]
        )
        return list(map(_text, contents, generations))

    def changed(self, file_id: str, document: Document, blob: Blob) -> str | None:
        """When a file's content was changed, in Nuxeo's form: as it was first seen, at the latest.

        ``None`` if that is not known. A later change of a property does not move it, as it does
        Nuxeo's own time of change.
        """
        noted = self._store.changed_with(file_id, content_of(document, blob))
        return document.last_modified if noted is None else noted or None

    def of_digest(self, file_id: str, digest: str | None) -> str | None:
        """The version of content that is being read; ``None`` if it cannot be told by its digest.

        Nothing is noted: the digest alone does not say whether it is news or history.
        """
        if digest is None:
            return None
        generation = self._store.known_generation(file_id, digest)
        return None if generation is None else _text(digest, generation)

    def of_save(self, file_id: str, document: Document, blob: Blob) -> str:
        """The version that a PutFile made: a new one, also for the same bytes again."""
        content = content_of(document, blob)
        generation = self._store.save_content(
            file_id, content, document.change_order, document.last_modified
        )
        return _text(content, generation)


def content_of(document: Document, blob: Blob) -> str:
    """What names the content of a blob: its digest, or the next best where the storage has none."""
    return blob.digest or f"{_NO_DIGEST}{blob.length}-{document.last_modified}"


def _text(content: str, generation: int) -> str:
    # The digest shows at a glance in a log whether two versions are the same content.
    return f"{generation}-{content[:12]}" if content[0] != _NO_DIGEST else str(generation)
