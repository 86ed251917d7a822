"""Zip archives that are the same bytes whenever they are made, of the same things by one zlib."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_MODE = 0o100644


def archive(files: Mapping[str, bytes]) -> bytes:
    """A zip archive.

    Args:
        files: by path. They keep their order, which matters to some readers.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, _LONG_AGO)
            entry.create_system = _UNIX
            entry.external_attr = _MODE << 16
            made.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def rewritten(content: bytes, instead: Mapping[str, bytes]) -> bytes:
    """An archive that something else made, always the same bytes.

    Args:
        content: the archive.
        instead: by path, files that differ from one time to the next, as they are to be.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as made:
        return archive({name: instead.get(name) or made.read(name) for name in made.namelist()})
