"""Documents without content, of the kinds that people make anew, with the libraries of the demo."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

from connector.webui.archive import rewritten

MIME_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
"""By extension."""

_WIDESCREEN = 12_192_000  # EMU

# Neither who made it, which is nobody, nor when.
_PROPERTIES = {
    "docProps/core.xml": b"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<cp:coreProperties
 xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>
"""
}


class LibrariesMissing(Exception):
    """The libraries that make documents are not installed."""


def empty_documents() -> Mapping[str, bytes]:
    """A document of each kind, by extension; always the same bytes.

    Raises:
        LibrariesMissing: saying what to install.
    """
    makers: Mapping[str, Callable[[], Any]] = {"docx": _text, "xlsx": _table, "pptx": _slides}
    try:
        return {extension: _content(make()) for extension, make in makers.items()}
    except ImportError as error:
        raise LibrariesMissing(
            "empty documents are made with python-docx, openpyxl and python-pptx:"
            " install nuxeo-wopi-connector[demo] where the package is built"
        ) from error


def _content(document: Any) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return rewritten(buffer.getvalue(), _PROPERTIES)


def _text() -> Any:
    import docx

    return docx.Document()


def _table() -> Any:
    import openpyxl

    return openpyxl.Workbook()


def _slides() -> Any:
    """With a title slide. The library's template is for screens that nobody has any more."""
    import pptx
    from pptx.util import Emu

    slides = pptx.Presentation()
    stretch = _WIDESCREEN / slides.slide_width
    slides.slide_width = Emu(_WIDESCREEN)
    for page in (slides.slide_master, *slides.slide_layouts):
        for shape in page.placeholders:
            if shape.element.xpath(".//a:xfrm"):
                shape.left = Emu(int(shape.left * stretch))
                shape.width = Emu(int(shape.width * stretch))
    slides.slides.add_slide(slides.slide_layouts[0])
    return slides
