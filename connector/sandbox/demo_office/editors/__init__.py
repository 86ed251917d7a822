"""What the demo office can show and change of a file.

An editor turns content into a list of blocks for the page, and writes changed texts back: a block
has a key, a text and a kind for its looks, and the page sends back what changed by its key.
Everything else in the file stays as it is.
"""

from __future__ import annotations

from connector.sandbox.demo_office.editors import documents, plain, sheets, slides
from connector.sandbox.demo_office.editors.base import (
    Block,
    CannotChange,
    DamagedFile,
    Editor,
    Written,
)

_EDITORS: dict[str, Editor] = {
    "docx": documents.EDITOR,
    "xlsx": sheets.EDITOR,
    "pptx": slides.EDITOR,
    "txt": plain.EDITOR,
    "wopitest": plain.EDITOR,
    "wopitestx": plain.EDITOR,
}


def editor_for(extension: str) -> Editor | None:
    """The editor of files with this extension (any case, no dot)."""
    return _EDITORS.get(extension.lower())


__all__ = ["Block", "CannotChange", "DamagedFile", "Editor", "Written", "editor_for"]
