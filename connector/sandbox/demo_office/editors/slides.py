"""PowerPoint presentations: the text of the shapes on each slide."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any
from zipfile import BadZipFile

import pptx
from pptx.exc import PackageNotFoundError

from connector.sandbox.demo_office.editors.base import Block, DamagedFile, Editor


def _open(content: bytes) -> Any:
    try:
        return pptx.Presentation(io.BytesIO(content))
    except (PackageNotFoundError, BadZipFile, KeyError, ValueError) as error:
        raise DamagedFile("not a PowerPoint presentation") from error


def _save(show: Any) -> bytes:
    stream = io.BytesIO()
    show.save(stream)
    return stream.getvalue()


def _paragraphs(show: Any) -> Iterator[tuple[str, int, bool, Any]]:
    """Key, slide, whether it is in the title, and the paragraph."""
    for number, slide in enumerate(show.slides):
        title = slide.shapes.title
        for shape in slide.shapes:
            if shape.has_text_frame:
                is_title = title is not None and shape.shape_id == title.shape_id
                for index, paragraph in enumerate(shape.text_frame.paragraphs):
                    yield f"{number}.{shape.shape_id}.{index}", number, is_title, paragraph


def _text(paragraph: Any) -> str:
    return "".join(run.text for run in paragraph.runs)


def _read(content: bytes) -> list[Block]:
    return [
        Block(key, _text(paragraph), "title" if is_title else "text", f"Slide {number + 1}")
        for key, number, is_title, paragraph in _paragraphs(_open(content))
    ]


def _write(content: bytes, texts: Mapping[str, str]) -> bytes:
    show = _open(content)
    for key, _, _, paragraph in _paragraphs(show):
        text = texts.get(key)
        if text is not None and text != _text(paragraph):
            first, *others = paragraph.runs or [paragraph.add_run()]
            for run in others:
                run.text = ""
            first.text = text
    return _save(show)


def _empty() -> bytes:
    show = pptx.Presentation()
    show.slides.add_slide(show.slide_layouts[0])
    return _save(show)


EDITOR = Editor(_read, _write, _empty)
