"""Content on its way: digests of what is received, pieces of what is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Protocol

from connector.nuxeo_gateway.documents import Blob

# Sizes by measurement: smaller pieces cost throughput, larger ones gain nothing more.
UPLOAD_PIECE = 1024 * 1024
DOWNLOAD_PIECE = 256 * 1024
_IN_MEMORY = 1024 * 1024


class ContentTooLarge(Exception):
    """More content than the configured limit."""


class ContentTruncated(Exception):
    """Less content than was announced, or a body that could not be read to its end."""


class Source(Protocol):
    """Where content comes from, such as a request body."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes, none at the end."""


class Spool:
    """Content received whole before anything is done with it.

    Up to 1 MiB stays in memory, more goes to an unnamed file that nobody else can open and that
    is gone when the process is.

    Args:
        directory: where that file is made.
    """

    def __init__(self, directory: Path) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY, dir=str(directory))  # noqa: SIM115
        self.length = 0
        self._digests: dict[str, str] = {}

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def fill(self, source: Source, *, announced: int | None, limit: int) -> None:
        """Receive everything from ``source``.

        Args:
            source: where the content comes from.
            announced: how many bytes it said it would send, if it did.
            limit: how many bytes are accepted; 0 is any number.

        Raises:
            ContentTooLarge: there are more than ``limit``.
            ContentTruncated: there are fewer than ``announced``, or ``source`` failed.
            OSError: they could not be kept, as on a full disk.
        """
        if limit and announced is not None and announced > limit:
            raise ContentTooLarge
        while piece := _read(source):
            self.length += len(piece)
            if limit and self.length > limit:
                raise ContentTooLarge
            self._file.write(piece)
            self._digests.clear()
        if announced is not None and self.length != announced:
            raise ContentTruncated

    def digest(self, algorithm: str) -> str | None:
        """The content's digest in hexadecimal; ``None`` for an algorithm not known here."""
        name = algorithm.replace("-", "").lower()
        if name not in hashlib.algorithms_available:
            return None
        if name not in self._digests:
            digest = hashlib.new(name, usedforsecurity=False)
            for piece in self.pieces():
                digest.update(piece)
            self._digests[name] = digest.hexdigest()
        return self._digests[name]

    def is_content_of(self, blob: Blob) -> bool:
        """Whether ``blob`` has this very content, as far as its length and digest tell."""
        if blob.length != self.length:
            return False
        if not blob.digest or not blob.digest_algorithm:
            return False
        return self.digest(blob.digest_algorithm) == blob.digest.lower()

    def pieces(self) -> Iterator[bytes]:
        """The content from its beginning."""
        self._file.seek(0)
        while piece := self._file.read(UPLOAD_PIECE):
            yield piece

    def body(self) -> SizedBody:
        """The content as the body of a request."""
        return SizedBody(self)


def _read(source: Source) -> bytes:
    try:
        return source.read(UPLOAD_PIECE)
    except Exception as error:
        # Whatever a WSGI server raises for a client that is gone or sends nonsense.
        raise ContentTruncated from error


class SizedBody:
    """A request body that is sent in large pieces and knows its length.

    An object with ``read`` would be sent in pieces of 16 KiB.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def __len__(self) -> int:
        return self._spool.length

    def __iter__(self) -> Iterator[bytes]:
        return self._spool.pieces()
