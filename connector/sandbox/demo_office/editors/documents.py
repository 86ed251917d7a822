"""Word documents: their paragraphs."""

from __future__ import annotations

import io
from collections.abc import Mapping
from zipfile import BadZipFile

import docx
from docx.document import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.text.paragraph import Paragraph

from connector.sandbox.demo_office.editors.base import Block, DamagedFile, Editor


def _open(content: bytes) -> Document:
    try:
        return docx.Document(io.BytesIO(content))
    except (PackageNotFoundError, BadZipFile, KeyError, ValueError) as error:
        raise DamagedFile("not a Word document") from error


def _save(document: Document) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _kind(paragraph: Paragraph) -> str:
    style = (paragraph.style.name if paragraph.style else "") or ""
    return "heading" if style.startswith(("Heading", "Title")) else "text"


def _read(content: bytes) -> list[Block]:
    paragraphs = _open(content).paragraphs
    return [
        Block(str(index), paragraph.text, _kind(paragraph))
        for index, paragraph in enumerate(paragraphs)
    ]


def _write(content: bytes, texts: Mapping[str, str]) -> bytes:
    document = _open(content)
    for index, paragraph in enumerate(document.paragraphs):
        text = texts.get(str(index))
        if text is not None and text != paragraph.text:
            _set_text(paragraph, text)
    for key in sorted((key for key in texts if key.startswith("new-")), key=_number):
        document.add_paragraph(texts[key])
    return _save(document)


def _set_text(paragraph: Paragraph, text: str) -> None:
    """Change the text and keep the looks: those of the first run go for all of it."""
    first, *others = paragraph.runs or [paragraph.add_run()]
    for run in others:
        run.text = ""
    first.text = text


def _number(key: str) -> int:
    return int(key.removeprefix("new-"))


EDITOR = Editor(_read, _write, lambda: _save(docx.Document()), growing=True)
