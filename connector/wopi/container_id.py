"""WOPI container ids: as file ids (:mod:`connector.wopi.file_id`), of ``repository/document id``.

Without an xpath, so that no container id is ever a file's.
"""

from __future__ import annotations

from connector.file_reference import DocumentReference, InvalidFileReference
from connector.wopi.file_id import InvalidFileId, pack, unpack


class InvalidContainerId(ValueError):
    """A container id that names no document."""


def encode(reference: DocumentReference, instance: str = "") -> str:
    """The container id of ``reference``; ``instance`` keeps two installations' ids apart."""
    # 64 characters each at most: always short enough.
    return pack(f"{reference.repository}/{reference.document_id}", instance)


def decode(container_id: str, instance: str = "") -> DocumentReference:
    """What ``container_id`` names.

    Raises:
        InvalidContainerId: for anything that is no id, or another instance's.
    """
    try:
        repository, slash, document_id = unpack(container_id, instance).partition("/")
    except InvalidFileId as error:
        raise InvalidContainerId(str(error)) from error
    if not slash:
        raise InvalidContainerId("the container id does not name repository and document")
    try:
        return DocumentReference(repository, document_id)
    except InvalidFileReference as error:
        raise InvalidContainerId(f"the container id names {error}") from error
