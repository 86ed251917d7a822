"""Which Nuxeo document is meant, and which of its blobs."""

from __future__ import annotations

import re
from dataclasses import dataclass

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DOCUMENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*"
# One spelling of an index only, or two file ids would name the same blob.
_INDEX = r"(?:0|[1-9][0-9]{0,5})"
_XPATH = re.compile(rf"(?:{_NAME}:)?{_NAME}(?:/(?:{_INDEX}|{_NAME}))*")

MAIN_FILE_XPATH = "file:content"
"""The xpath of a document's main file."""


class InvalidFileReference(ValueError):
    """A repository name, document id or xpath that cannot name a blob in Nuxeo."""


@dataclass(frozen=True)
class DocumentReference:
    """One document, such as a folder: repository name and document uid.

    Raises:
        InvalidFileReference: if a part could not stand in a Nuxeo URL as it is.
    """

    repository: str
    document_id: str

    def __post_init__(self) -> None:
        _check_document(self.repository, self.document_id)

    @property
    def document_key(self) -> str:
        """Names the document."""
        return f"{self.repository}/{self.document_id}"

    def file(self, xpath: str = MAIN_FILE_XPATH) -> FileReference:
        """A blob of the document: the main file unless said otherwise."""
        return FileReference(self.repository, self.document_id, xpath)


@dataclass(frozen=True)
class FileReference:
    """One blob: repository name, document uid and the blob's xpath.

    The xpath is what Nuxeo's ``@blob`` adapter takes: ``file:content`` for the main file,
    ``files:files/0/file`` for the first attachment (REST_CONTRACT 3.1).

    Raises:
        InvalidFileReference: if a part could not stand in a Nuxeo URL as it is.
    """

    repository: str
    document_id: str
    xpath: str

    def __post_init__(self) -> None:
        _check_document(self.repository, self.document_id)
        if len(self.xpath) > 128 or not _XPATH.fullmatch(self.xpath):
            raise InvalidFileReference("not the xpath of a blob")

    @property
    def document_key(self) -> str:
        """Names the document, whichever of its blobs is meant: what Nuxeo's own lock is about."""
        return f"{self.repository}/{self.document_id}"


def _check_document(repository: str, document_id: str) -> None:
    if not _REPOSITORY.fullmatch(repository):
        raise InvalidFileReference("not a repository name")
    if not _DOCUMENT_ID.fullmatch(document_id):
        raise InvalidFileReference("not a document id")
