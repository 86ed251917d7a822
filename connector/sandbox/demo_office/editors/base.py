"""What every editor has in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

_NOT_IN_XML = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_ENDS = re.compile("\r\n|[\r\v]")


class DamagedFile(Exception):
    """Content that is not what its extension says."""


class CannotChange(Exception):
    """Why a change is not made, in words for people."""


@dataclass(frozen=True)
class Block:
    """A piece of text on the page.

    Attributes:
        key: names it when it comes back; unique in the file.
        text: what it says.
        kind: how it looks: ``text``, ``plain``, ``heading``, ``point``, ``title``, ``subtitle``,
            ``cell``, ``formula``, ``table``; or ``note``, which is not of the file but about it.
        group: what it stands in, such as a sheet or a slide.
        level: of a heading, from 1, or of a point, from 0.
        locked: whether it can only be read.
        spans: the text in parts with their looks (``bold``, ``italic``, ``link``), if it has any.
        shown: the result of a formula.
        numeric: whether it is, or results in, a number.
        place: row, column, and how many of both a cell takes.
        colors: of a cell: its background and its text, as CSS has them.
        rows: of a table: the texts of its cells.
    """

    key: str
    text: str
    kind: str = "text"
    group: str = ""
    level: int = 0
    locked: bool = False
    spans: tuple[tuple[str, str], ...] = ()
    shown: str = ""
    numeric: bool = False
    place: tuple[int, int, int, int] | None = None
    colors: tuple[str, str] | None = None
    rows: tuple[tuple[str, ...], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For the page: what is not as usual."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        usual = {each.name: each.default for each in fields(self)}
        return {name: value for name, value in values.items() if value != usual[name]}


def note(text: str, group: str = "") -> Block:
    """A line that says what is not shown."""
    return Block("", text, "note", group, locked=True)


@dataclass(frozen=True)
class Written:
    """What has become of changed texts.

    Attributes:
        content: the new file.
        keys: what added blocks are called from now on, by what they were called.
        blocks: those that look different now, other than by what was typed.
    """

    content: bytes
    keys: Mapping[str, str] = field(default_factory=dict)
    blocks: Sequence[Block] = ()


@dataclass(frozen=True)
class Editor:
    """How files of one kind are read and changed.

    Attributes:
        what: the kind, behind "not".
        reader: content to blocks.
        writer: content and changed texts by key to new content.
        empty: the content of a new file.
        growing: whether blocks may be added: keys ``new-0``, ``new-1`` go to the end.
    """

    what: str
    reader: Callable[[bytes], list[Block]]
    writer: Callable[[bytes, Mapping[str, str]], Written]
    empty: Callable[[], bytes]
    growing: bool = False

    def read(self, content: bytes) -> list[Block]:
        """The blocks of a file; of a new one if there is no content.

        Raises:
            DamagedFile: it is not what its extension says.
        """
        try:
            return self.reader(content or self.empty())
        except Exception as error:  # Whatever a library raises: nobody lists it.
            raise DamagedFile(f"not {self.what}") from error

    def write(self, content: bytes, texts: Mapping[str, str]) -> Written:
        """A file with changed texts; the same bytes if nothing is changed by them.

        Raises:
            CannotChange: not made, and why.
        """
        try:
            return self.writer(content or self.empty(), texts)
        except CannotChange:
            raise
        except Exception as error:  # Whatever a library raises: nobody lists it.
            raise CannotChange(
                f"the demo office cannot write this ({type(error).__name__})"
            ) from error


def clean(text: str) -> str:
    """Without what cannot stand in XML, such as control characters; line ends as ``\\n``."""
    return _NOT_IN_XML.sub("", _LINE_ENDS.sub("\n", text))
