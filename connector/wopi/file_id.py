"""WOPI file ids: unpadded base64url of ``repository/document id/xpath``.

Reversible, so no table of ids is kept; and in the alphabet ``0-9 . a-z A-Z _ -`` and under 240
characters, because ONLYOFFICE makes its document key of a file id and replaces or cuts what does
not fit. The Java addon's ids (standard base64, padded) are understood as well.
"""

from __future__ import annotations

import base64
import binascii

from connector.file_reference import FileReference, InvalidFileReference

MAX_LENGTH = 239


class InvalidFileId(ValueError):
    """A file id that names no blob."""


def encode(reference: FileReference, instance: str = "") -> str:
    """The file id of ``reference``; ``instance`` keeps two installations' ids apart.

    Raises:
        InvalidFileId: if the id would be too long for every office client to keep whole.
    """
    text = f"{reference.repository}/{reference.document_id}/{reference.xpath}"
    encoded = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
    file_id = f"{instance}.{encoded}" if instance else encoded
    if len(file_id) > MAX_LENGTH:
        raise InvalidFileId("the file id would be longer than office clients accept")
    return file_id


def decode(file_id: str, instance: str = "") -> FileReference:
    """What ``file_id`` names. An id without an instance prefix is taken as ours.

    Raises:
        InvalidFileId: for anything that is no id, or another instance's.
    """
    prefix, dot, encoded = file_id.rpartition(".")
    if dot and prefix != instance:
        raise InvalidFileId("the file id belongs to another installation")
    if len(file_id) > MAX_LENGTH + 3:
        raise InvalidFileId("the file id is too long")
    standard = encoded.rstrip("=").replace("-", "+").replace("_", "/")
    padded = standard + "=" * (-len(standard) % 4)
    try:
        text = base64.b64decode(padded, validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise InvalidFileId("the file id is not base64") from error
    parts = text.split("/", 2)
    if len(parts) != 3:
        raise InvalidFileId("the file id does not name repository, document and xpath")
    try:
        return FileReference(*parts)
    except InvalidFileReference as error:
        raise InvalidFileId(f"the file id names {error}") from error
