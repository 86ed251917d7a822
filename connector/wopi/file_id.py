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
    return pack(f"{reference.repository}/{reference.document_id}/{reference.xpath}", instance)


def decode(file_id: str, instance: str = "") -> FileReference:
    """What ``file_id`` names. An id without an instance prefix is taken as ours.

    Raises:
        InvalidFileId: for anything that is no id, or another instance's.
    """
    parts = unpack(file_id, instance).split("/", 2)
    if len(parts) != 3:
        raise InvalidFileId("the file id does not name repository, document and xpath")
    try:
        return FileReference(*parts)
    except InvalidFileReference as error:
        raise InvalidFileId(f"the file id names {error}") from error


def pack(text: str, instance: str) -> str:
    """``text`` as an id of this installation; file ids and container ids differ in the text only.

    Raises:
        InvalidFileId: it would be too long.
    """
    encoded = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
    packed = f"{instance}.{encoded}" if instance else encoded
    if len(packed) > MAX_LENGTH:
        raise InvalidFileId("the id would be longer than office clients accept")
    return packed


def unpack(packed: str, instance: str) -> str:
    """The text that was packed.

    Raises:
        InvalidFileId: it is no id, or another installation's.
    """
    prefix, dot, encoded = packed.rpartition(".")
    if dot and prefix != instance:
        raise InvalidFileId("the id belongs to another installation")
    if len(packed) > MAX_LENGTH + 3:
        raise InvalidFileId("the id is too long")
    standard = encoded.rstrip("=").replace("-", "+").replace("_", "/")
    padded = standard + "=" * (-len(standard) % 4)
    try:
        return base64.b64decode(padded, validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise InvalidFileId("the id is not base64") from error
