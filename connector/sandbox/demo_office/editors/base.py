"""What every editor has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


class DamagedFile(Exception):
    """Content that is not what its extension says."""


@dataclass(frozen=True)
class Block:
    """A piece of text on the page.

    Attributes:
        key: names it when it comes back; unique in the file.
        text: what it says.
        kind: how it looks: ``text``, ``heading``, ``cell``, ``formula``, ``title``.
        group: what it stands in, such as a sheet or a slide.
        row: the row it stands in, in a sheet.
    """

    key: str
    text: str
    kind: str = "text"
    group: str = ""
    row: int = 0


@dataclass(frozen=True)
class Editor:
    """How files of one kind are read and changed.

    Attributes:
        read: content to blocks; raises :class:`DamagedFile`.
        write: content and changed texts by key to new content.
        empty: the content of a new file.
        growing: whether blocks may be added: keys ``new-0``, ``new-1`` go to the end.
    """

    read: Callable[[bytes], list[Block]]
    write: Callable[[bytes, Mapping[str, str]], bytes]
    empty: Callable[[], bytes]
    growing: bool = False
