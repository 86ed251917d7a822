"""Word documents: their paragraphs."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

import docx
from docx.document import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from connector.sandbox.demo_office.editors.base import (
    Block,
    CannotChange,
    Editor,
    Written,
    clean,
    note,
)
from connector.sandbox.demo_office.editors.pieces import spread

_RUN, _LINK, _TEXT = qn("w:r"), qn("w:hyperlink"), qn("w:t")
_TEXTS = {qn(f"w:{name}") for name in ("t", "tab", "br", "cr", "noBreakHyphen", "ptab")}
_PICTURES = {qn(f"w:{name}") for name in ("drawing", "pict", "object")} | {
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
}
_MARKS = {
    qn(f"w:{name}")
    for name in (
        "pPr",
        "proofErr",
        "bookmarkStart",
        "bookmarkEnd",
        "commentRangeStart",
        "commentRangeEnd",
        "permStart",
        "permEnd",
    )
}
_FIELD = qn("w:fldChar")
_PARTS = re.compile("\t|\n|[^\t\n]+")
_LOCKED = "The paragraph above has fields or tracked changes, so it can only be read here."
_PICTURE = "A picture or drawing stands in the paragraph above; it is kept, but not shown here."


def _open(content: bytes) -> Document:
    return docx.Document(io.BytesIO(content))


def _save(document: Document) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _runs(paragraph: Any) -> Iterator[Any]:
    """The runs whose text is the paragraph's, those in links included."""
    for child in paragraph:
        if child.tag == _RUN:
            yield child
        elif child.tag == _LINK:
            yield from (each for each in child if each.tag == _RUN)


def _pieces(run: Any) -> Iterator[Any]:
    """The elements of a run that are text; a page break is none."""
    return (each for each in run if each.tag in _TEXTS and (each.tag == _TEXT or str(each)))


def _is_locked(paragraph: Any) -> bool:
    """Whether there is more in it than runs, whose texts mean what they say."""
    if any(child.tag not in _MARKS and child.tag not in (_RUN, _LINK) for child in paragraph):
        return True
    return any(each.tag == _FIELD for run in _runs(paragraph) for each in run)


def _read(content: bytes) -> list[Block]:
    document = _open(content)
    kinds = {style.style_id: _kind(style.name or "") for style in document.styles}
    blocks: list[Block] = []
    if any(_says_something(section) for section in document.sections):
        blocks.append(note("The header and the footer are kept, but not shown here."))
    number = 0
    for element in document.element.body:
        if element.tag == qn("w:p"):
            blocks.extend(_paragraph(str(number), element, kinds))
            number += 1
        elif element.tag == qn("w:tbl"):
            rows = tuple(tuple(map(_cell_text, row.tc_lst)) for row in element.tr_lst)
            blocks.append(Block("", "", "table", locked=True, rows=rows))
            blocks.append(note("The table above can only be read here."))
        elif element.tag != qn("w:sectPr"):
            blocks.append(note("A part that fills itself stands here; it is kept, but not shown."))
    return blocks


def _cell_text(cell: Any) -> str:
    return "\n".join(paragraph.text for paragraph in cell.p_lst)


def _says_something(section: Any) -> bool:
    return any(
        paragraph.text.strip()
        for part in (section.header, section.footer)
        if not part.is_linked_to_previous
        for paragraph in part.paragraphs
    )


def _kind(style: str) -> tuple[str, int]:
    name, _, level = style.rpartition(" ")
    if name == "Heading" and level.isdecimal():
        return "heading", int(level)
    if style in ("Title", "Subtitle"):
        return style.lower(), 0
    return ("point", 0) if style.startswith("List ") else ("text", 0)


def _paragraph(key: str, element: Any, kinds: Mapping[str, tuple[str, int]]) -> Iterator[Block]:
    kind, level = kinds.get(element.style, ("text", 0))
    if _is_locked(element):
        text = "".join(each.text or "" for each in element.iter(_TEXT))
        yield Block(key, text, kind, level=level, locked=True)
        yield note(_LOCKED)
        return
    runs = list(_runs(element))
    parts = [("".join(map(str, _pieces(run))), _looks(run)) for run in runs]
    text = "".join(part for part, _ in parts)
    spans = tuple(parts) if any(looks for _, looks in parts) else ()
    yield Block(key, text, kind, level=level, spans=spans)
    if any(each.tag in _PICTURES for run in runs for each in run):
        yield note(_PICTURE)


def _looks(run: Any) -> str:
    looks = ["link"] if run.getparent().tag == _LINK else []
    if run.rPr is not None:
        bold = run.rPr.b is not None and run.rPr.b.val
        italic = run.rPr.i is not None and run.rPr.i.val
        looks += ["bold"] if bold or run.style == "Strong" else []
        looks += ["italic"] if italic or run.style == "Emphasis" else []
    return " ".join(looks)


def _write(content: bytes, texts: Mapping[str, str]) -> Written:
    document = _open(content)
    paragraphs = document.element.body.p_lst
    changes = 0
    for key, text in texts.items():
        if key.isdecimal() and int(key) < len(paragraphs):
            changes += _set_text(paragraphs[int(key)], clean(text))
    keys: dict[str, str] = {}
    for key in sorted((key for key in texts if key.startswith("new-")), key=_number):
        document.add_paragraph(clean(texts[key]))
        keys[key] = str(len(paragraphs) + len(keys))
    return Written(_save(document) if changes or keys else content, keys)


def _set_text(paragraph: Any, text: str) -> bool:
    pieces = [piece for run in _runs(paragraph) for piece in _pieces(run)]
    before = list(map(str, pieces))
    if "".join(before) == text:
        return False
    if _is_locked(paragraph):
        raise CannotChange("a paragraph with fields or tracked changes can only be read here")
    if not pieces:
        run = next(_runs(paragraph), None)
        run = paragraph.add_r() if run is None else run
        run.extend(_elements(text))
        return True
    for piece, old, new in zip(pieces, before, spread(before, text), strict=True):
        if old != new:
            for element in reversed(_elements(new)):
                piece.addnext(element)
            piece.getparent().remove(piece)
    return True


def _elements(text: str) -> list[Any]:
    """What a text is in a run; an empty one leaves a place for the next."""
    made = []
    for part in _PARTS.findall(text) or [""]:
        element = OxmlElement({"\t": "w:tab", "\n": "w:br"}.get(part, "w:t"))
        if element.tag == _TEXT:
            element.text = part
            element.set(qn("xml:space"), "preserve")
        made.append(element)
    return made


def _number(key: str) -> int:
    return int(key.removeprefix("new-"))


EDITOR = Editor("a Word document", _read, _write, lambda: _save(docx.Document()), growing=True)
