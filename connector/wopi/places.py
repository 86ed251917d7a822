"""Where a locked file is at this moment: a file in a list may have moved since it was locked.

A file id names a place (``files:files/1/file``), and a list in Nuxeo may be changed by anybody at
any time. While a lock lives, the file is the one that was locked, wherever it is now; what stands
in its place meanwhile is another file, which nobody may take for it. Pure.
"""

from __future__ import annotations

from dataclasses import replace

from connector.file_reference import FileReference
from connector.lock_store.base import Given, StoredLock
from connector.nuxeo_gateway.documents import Document
from connector.wopi.versions import content_of


def place_of(
    reference: FileReference, document: Document, known: StoredLock | Given | None
) -> FileReference | None:
    """Where the file is; ``None`` if it is nowhere.

    Content tells more than a name: two files of a list may well be called the same.

    Args:
        reference: the place that the file id names.
        document: as it was just read.
        known: what is known of the file: the live lock on it, or what an office client was given.
    """
    here = document.blob(reference.xpath)
    neighbours = document.neighbours(reference.xpath)
    if known is None or not neighbours:
        return None if here is None else reference
    contents = {known.content}
    if isinstance(known, StoredLock) and known.writing:
        contents.add(known.writing)
    same = [x for x, blob in neighbours.items() if content_of(document, blob) in contents]
    named = [x for x, blob in neighbours.items() if blob.name == known.file_name]
    both = [xpath for xpath in same if xpath in named]
    for found in (both, same):
        if reference.xpath in found:
            return reference
    for found in (both, same, named):
        if len(found) == 1:
            return replace(reference, xpath=found[0])
    return None
