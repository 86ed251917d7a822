"""Excel workbooks: the cells of each sheet."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook.workbook import Workbook

from connector.sandbox.demo_office.editors.base import Block, DamagedFile, Editor

_MAX_ROWS = 200
_MAX_COLUMNS = 26


def _open(content: bytes) -> Workbook:
    try:
        return openpyxl.load_workbook(io.BytesIO(content))
    except (InvalidFileException, BadZipFile, KeyError, ValueError) as error:
        raise DamagedFile("not an Excel workbook") from error


def _save(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _read(content: bytes) -> list[Block]:
    blocks = []
    for index, sheet in enumerate(_open(content).worksheets):
        for row in sheet.iter_rows(
            max_row=min(sheet.max_row, _MAX_ROWS), max_col=min(sheet.max_column, _MAX_COLUMNS)
        ):
            for cell in row:
                text = _text(cell.value)
                kind = "formula" if text.startswith("=") else "cell"
                key = f"{index}!{cell.coordinate}"
                blocks.append(Block(key, text, kind, sheet.title, cell.row or 0))
    return blocks


def _write(content: bytes, texts: Mapping[str, str]) -> bytes:
    book = _open(content)
    sheets = book.worksheets
    for key, text in texts.items():
        number, mark, coordinate = key.partition("!")
        if not mark or not number.isdecimal() or int(number) >= len(sheets):
            continue
        cell = sheets[int(number)][coordinate]
        if _text(cell.value) != text:
            cell.value = _value(text)
    return _save(book)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _value(text: str) -> int | float | str | None:
    """What was typed: nothing, a number, or text; formulas are text that begins with ``=``."""
    if not text:
        return None
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        # Not "007", "1e3" or "nan": only what looks the same when it is read again.
        return number if str(number) == text else text
    return text


EDITOR = Editor(_read, _write, lambda: _save(openpyxl.Workbook()))
