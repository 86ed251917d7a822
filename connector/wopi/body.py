"""A request body on its way to become a file: received whole, or refused in the words of WOPI."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from connector.nuxeo_gateway.content import ContentTooLarge, ContentTruncated, Source, Spool
from connector.nuxeo_gateway.documents import Blob
from connector.wopi.errors import BadRequest, ServerError, TooLarge

_log = logging.getLogger(__name__)

_OFFICE_KINDS = (
    "doc docm docx dot dotm dotx odt ott rtf xls xlsb xlsm xlsx xlt xltm xltx ods ots ppt pptm pptx"
    " pot potm potx pps ppsm ppsx odp otp odg otg vsd vsdm vsdx pdf one"
)
_NEVER_EMPTY = frozenset(f".{kind}" for kind in _OFFICE_KINDS.split())
"""Kinds of files that no content at all can be one of; a text file may well be emptied."""


class Bodies:
    """Receives bodies.

    Args:
        spool_dir: where they are kept meanwhile.
        max_file_size: bytes accepted; 0 is any number.
    """

    def __init__(self, spool_dir: Path, max_file_size: int) -> None:
        self._spool_dir = spool_dir
        self._max_file_size = max_file_size

    @contextmanager
    def received(self, body: Source, announced: int | None) -> Iterator[Spool]:
        """The whole body, kept until the end of the ``with`` block.

        Args:
            body: the content.
            announced: how many bytes it was said to have, if it was.

        Raises:
            BadRequest: it broke off, or has not as many bytes as announced.
            TooLarge: it is larger than the limit.
            ServerError: it could not be kept.
        """
        with Spool(self._spool_dir) as content:
            try:
                content.fill(body, announced=announced, limit=self._max_file_size)
            except ContentTooLarge:
                raise TooLarge("the file is larger than nuxeo.wopi.maxFileSize") from None
            except ContentTruncated as error:
                raise BadRequest("the body broke off") from error
            except OSError as error:
                _log.error("a body could not be kept in %s: %s", self._spool_dir, error)
                raise ServerError("the connector could not keep the content") from error
            yield content


def refuse_to_empty(blob: Blob, content: Spool) -> None:
    """Let no body of no bytes take the place of an office document that has some.

    No office application writes a file of no bytes; a request that lost its body does.

    Raises:
        BadRequest: it would.
    """
    is_office_file = PurePosixPath(blob.name).suffix.lower() in _NEVER_EMPTY
    if content.length == 0 and blob.length != 0 and is_office_file:
        raise BadRequest("an empty body would empty the file")
