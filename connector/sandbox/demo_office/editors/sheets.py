"""Excel workbooks: the cells of each sheet."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from zipfile import ZipFile

import openpyxl
from openpyxl.cell.cell import MergedCell
from openpyxl.cell.rich_text import CellRichText
from openpyxl.formula.tokenizer import Token, Tokenizer, TokenizerError
from openpyxl.workbook.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from connector.sandbox.demo_office.editors.base import (
    Block,
    CannotChange,
    Editor,
    Written,
    clean,
    note,
)
from connector.sandbox.demo_office.editors.formulas import Results
from connector.sandbox.demo_office.editors.values import shown, typed

_MIN_ROWS, _MAX_ROWS = 12, 200
_MIN_COLUMNS, _MAX_COLUMNS = 6, 26
_KEPT = (
    "_rels/",
    "docProps/",
    "customXml/",
    "xl/_rels/",
    "xl/worksheets/",
    "xl/theme/",
    "xl/tables/",
    "xl/comments",
    "xl/printerSettings/",
    "xl/externalLinks/",
)
"""Folders of a workbook whose parts openpyxl writes again as they were, or nobody misses."""


def _open(content: bytes) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(content), rich_text=True)


def _save(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _would_lose(content: bytes) -> bool:
    """Whether there are parts in it that openpyxl does not write again as they were."""
    with ZipFile(io.BytesIO(content)) as parts:
        for name in parts.namelist():
            folder = name.rpartition("/")[0]
            if folder not in ("", "xl") and not name.startswith(_KEPT) and name[-4:] != ".vml":
                return True
            if name.startswith("xl/worksheets/") and b"<extLst" in parts.read(name):
                return True
    return False


def _read(content: bytes) -> list[Block]:
    locked = _would_lose(content)
    book = _open(content)
    kept = None
    blocks = []
    for index, sheet in enumerate(book.worksheets):
        if locked:
            text = "There are charts, pictures or the like in this workbook, which the demo office"
            blocks.append(note(f"{text} cannot keep. So it can only be read here.", sheet.title))
        for cell, block in _blocks(index, sheet):
            if cell.data_type == "f" and kept is None:
                # The same once more, with what Excel worked out last.
                kept = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
            if cell.data_type == "f" and kept is not None:
                result = kept.worksheets[index].cell(cell.row, cell.column).value
                if result is not None:
                    block = _with_result(block, result, cell.number_format)
            blocks.append(replace(block, locked=block.locked or locked))
        blocks += _rest(sheet)
    return blocks


def _blocks(index: int, sheet: Worksheet) -> Iterator[tuple[Any, Block]]:
    """The cells that are shown, row by row."""
    results = _results(sheet)
    sizes = {
        (area.min_row, area.min_col): (area.size["rows"], area.size["columns"])
        for area in sheet.merged_cells.ranges
    }
    for row in sheet.iter_rows(
        max_row=min(max(sheet.max_row, _MIN_ROWS), _MAX_ROWS),
        max_col=min(max(sheet.max_column, _MIN_COLUMNS), _MAX_COLUMNS),
    ):
        for cell in row:
            if not isinstance(cell, MergedCell):
                size = sizes.get((cell.row, cell.column), (1, 1))
                yield cell, _block(index, sheet, cell, size, results)


def _block(
    index: int, sheet: Worksheet, cell: Any, size: tuple[int, int], results: Results
) -> Block:
    value = cell.value
    block = Block(
        f"{index}!{cell.coordinate}",
        shown(value, cell.number_format),
        "cell",
        sheet.title,
        place=(cell.row, cell.column, *size),
        numeric=_is_right_aligned(value),
        colors=_colors(cell),
    )
    if cell.has_style and (cell.font.b or cell.font.i):
        looks = " ".join(["bold"] * bool(cell.font.b) + ["italic"] * bool(cell.font.i))
        block = replace(block, spans=((block.text, looks),))
    if isinstance(value, CellRichText):
        return replace(block, locked=True)
    if cell.data_type != "f":
        return block
    if not isinstance(value, str):  # Of several cells at once.
        return replace(
            block,
            text=f"={getattr(value, 'text', '') or ''}".replace("==", "="),
            locked=True,
            kind="formula",
        )
    return _with_result(replace(block, kind="formula"), results.of(value), cell.number_format)


def _with_result(block: Block, result: Any, number_format: str) -> Block:
    return replace(block, shown=shown(result, number_format), numeric=_is_right_aligned(result))


def _is_right_aligned(value: Any) -> bool:
    return not isinstance(value, bool | str | CellRichText) and value is not None


def _results(sheet: Worksheet) -> Results:
    def value(row: int, column: int) -> Any:
        # Not cell(), which would make cells that nobody filled.
        cell = sheet._cells.get((row, column))
        return None if cell is None else cell.value

    return Results(value)


def _colors(cell: Any) -> tuple[str, str] | None:
    """Its background, and a text colour that can be read on it."""
    fill = _rgb(cell.fill.fgColor) if cell.has_style and cell.fill.patternType == "solid" else None
    if fill is None:
        return None
    red, green, blue = (int(fill[place : place + 2], 16) for place in (0, 2, 4))
    ink = "000000" if red * 0.299 + green * 0.587 + blue * 0.114 > 140 else "ffffff"
    return f"#{fill}", f"#{ink}"


def _rgb(color: Any) -> str | None:
    return color.rgb[-6:] if color is not None and color.type == "rgb" else None


def _rest(sheet: Worksheet) -> Iterator[Block]:
    more = {"rows": sheet.max_row - _MAX_ROWS, "columns": sheet.max_column - _MAX_COLUMNS}
    told = " and ".join(f"{number} more {what}" for what, number in more.items() if number > 0)
    if told:
        yield note(f"Not shown here, but kept: {told}", sheet.title)


def _write(content: bytes, texts: Mapping[str, str]) -> Written:
    book = _open(content)
    sheets = book.worksheets
    changed = set()
    for key, text in texts.items():
        number, mark, coordinate = key.partition("!")
        if mark and number.isdecimal() and int(number) < len(sheets):
            cell = sheets[int(number)][coordinate]
            if shown(cell.value, cell.number_format) != clean(text):
                _set_value(cell, clean(text))
                changed.add(key)
    if not changed:
        return Written(content)
    if _would_lose(content):
        raise CannotChange("this workbook can only be read here")
    blocks = [
        block
        for index, sheet in enumerate(sheets)
        for cell, block in _blocks(index, sheet)
        if block.key in changed or cell.data_type == "f"
    ]
    return Written(_save(book), blocks=blocks)


def _set_value(cell: Any, text: str) -> None:
    if isinstance(cell, MergedCell):
        raise CannotChange("a cell that was merged with another can only be read here")
    if isinstance(cell.value, CellRichText) or (
        cell.data_type == "f" and not isinstance(cell.value, str)
    ):
        raise CannotChange("this cell can only be read here")
    value = typed(text, cell.value, cell.number_format)
    cell.value = value
    if cell.data_type == "f" and not _is_formula(text):
        # Excel would call the whole file damaged.
        cell.data_type = "s"


def _is_formula(text: str) -> bool:
    try:
        kinds = [item.subtype for item in Tokenizer(text).items]
    except TokenizerError:
        return False
    return bool(kinds) and kinds.count(Token.OPEN) == kinds.count(Token.CLOSE)


EDITOR = Editor("an Excel workbook", _read, _write, lambda: _save(openpyxl.Workbook()))
