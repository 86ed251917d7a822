"""Where a locked file is at this moment: a file in a list may have moved since it was locked.

A file id names a place (``files:files/1/file``), and a list in Nuxeo may be changed by anybody at
any time. While a lock lives, the file is the one that was locked, wherever it is now; what stands
in its place meanwhile is another file, which nobody may take for it. Pure.
"""

from __future__ import annotations

from dataclasses import replace

from connector.file_reference import FileReference
from connector.lock_store.base import StoredLock
from connector.nuxeo_gateway.documents import Blob, Document
from connector.wopi.versions import content_of


def place_of(
    reference: FileReference, document: Document, lock: StoredLock | None
) -> FileReference | None:
    """Where the file is; ``None`` if it is nowhere.

    Args:
        reference: the place that the file id names.
        document: as it was just read.
        lock: the live lock on the file, if there is one.
    """
    here = document.blob(reference.xpath)
    neighbours = document.neighbours(reference.xpath)
    if lock is None or not neighbours:
        return None if here is None else reference

    def is_content(blob: Blob) -> bool:
        return content_of(document, blob) == lock.content

    if here is not None and (is_content(here) or here.name == lock.file_name):
        return reference
    same = [xpath for xpath, blob in neighbours.items() if is_content(blob)]
    named = [xpath for xpath, blob in neighbours.items() if blob.name == lock.file_name]
    both = [xpath for xpath in same if xpath in named]
    for found in (both, same, named):
        if len(found) == 1:
            return replace(reference, xpath=found[0])
    return None
