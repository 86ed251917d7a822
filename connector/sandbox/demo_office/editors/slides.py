"""PowerPoint presentations: the text of the shapes on each slide."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import pptx
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.oxml.ns import qn
from pptx.oxml.xmlchemy import OxmlElement

from connector.sandbox.demo_office.editors.base import (
    Block,
    CannotChange,
    Editor,
    Written,
    clean,
    note,
)
from connector.sandbox.demo_office.editors.pieces import spread

_RUN, _BREAK, _FIELD = qn("a:r"), qn("a:br"), qn("a:fld")
_KINDS = {
    PP_PLACEHOLDER.TITLE: "title",
    PP_PLACEHOLDER.CENTER_TITLE: "title",
    PP_PLACEHOLDER.SUBTITLE: "subtitle",
    PP_PLACEHOLDER.BODY: "point",
    PP_PLACEHOLDER.OBJECT: "point",
}


def _open(content: bytes) -> Any:
    return pptx.Presentation(io.BytesIO(content))


def _save(show: Any) -> bytes:
    stream = io.BytesIO()
    show.save(stream)
    return stream.getvalue()


def _shapes(shapes: Any) -> Iterator[Any]:
    """The shapes, with those in groups."""
    for shape in shapes:
        inner = getattr(shape, "shapes", None)
        if inner is None:
            yield shape
        else:
            yield from _shapes(inner)


def _read(content: bytes) -> list[Block]:
    blocks = []
    for number, slide in enumerate(_open(content).slides):
        group = f"Slide {number + 1}"
        others = 0
        for shape in _shapes(slide.shapes):
            if not shape.has_text_frame:
                others += 1
                continue
            for index, paragraph in enumerate(shape.text_frame.paragraphs):
                blocks.append(_block(f"{number}.{shape.shape_id}.{index}", group, shape, paragraph))
        if others:
            blocks.append(note(f"Pictures, tables and drawings here, not shown: {others}", group))
        if not blocks or blocks[-1].group != group:
            blocks.append(note("No text on this slide", group))
    return blocks


def _block(key: str, group: str, shape: Any, paragraph: Any) -> Block:
    kind = _KINDS.get(shape.placeholder_format.type, "text") if shape.is_placeholder else "text"
    children = list(paragraph._p.content_children)
    parts = [(_text(child), _looks(child)) for child in children]
    return Block(
        key,
        "".join(text for text, _ in parts),
        kind,
        group,
        level=paragraph.level,
        locked=_is_locked(children),
        spans=tuple(parts) if any(looks for _, looks in parts) else (),
    )


def _is_locked(children: list[Any]) -> bool:
    """Whether there is more in a paragraph than text: a date or a number that fills itself."""
    return any(child.tag == _FIELD for child in children)


def _text(child: Any) -> str:
    return "\n" if child.tag == _BREAK else str(child.text)


def _looks(child: Any) -> str:
    properties = child.find(qn("a:rPr"))
    if properties is None:
        return ""
    looks = [
        name
        for name, attribute in (("bold", "b"), ("italic", "i"))
        if properties.get(attribute) in ("1", "true")
    ]
    if properties.find(qn("a:hlinkClick")) is not None:
        looks.append("link")
    return " ".join(looks)


def _write(content: bytes, texts: Mapping[str, str]) -> Written:
    show = _open(content)
    changes = 0
    for number, slide in enumerate(show.slides):
        for shape in _shapes(slide.shapes):
            if shape.has_text_frame:
                for index, paragraph in enumerate(shape.text_frame.paragraphs):
                    text = texts.get(f"{number}.{shape.shape_id}.{index}")
                    changes += text is not None and _set_text(paragraph, clean(text))
    return Written(_save(show) if changes else content)


def _set_text(paragraph: Any, text: str) -> bool:
    children = list(paragraph._p.content_children)
    before = [_text(child) for child in children]
    if "".join(before) == text:
        return False
    if _is_locked(children):
        raise CannotChange("a date or number that fills itself can only be read here")
    if not children:
        children, before = [paragraph.add_run()._r], [""]
    for child, old, new in zip(children, before, spread(before, text), strict=True):
        if old != new:
            for element in reversed(_elements(child, new)):
                child.addnext(element)
            child.getparent().remove(child)
    return True


def _elements(child: Any, text: str) -> list[Any]:
    """What a text is in a paragraph: runs that look like ``child``, and breaks between them."""
    made = []
    for index, line in enumerate(text.split("\n")):
        if index:
            made.append(OxmlElement("a:br"))
        if line or not text:
            made.append(_run_like(child))
            made[-1].text = line
    return made


def _run_like(child: Any) -> Any:
    """A run that looks like this one, or, for a break, like the one beside it."""
    beside = (child, child.getprevious(), child.getnext())
    pattern = next((each for each in beside if each is not None and each.tag == _RUN), None)
    return child.getparent().add_r() if pattern is None else deepcopy(pattern)


def _empty() -> bytes:
    show = pptx.Presentation()
    show.slides.add_slide(show.slide_layouts[0])
    return _save(show)


EDITOR = Editor("a PowerPoint presentation", _read, _write, _empty)
