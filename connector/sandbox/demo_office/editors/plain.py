"""Plain text, the validator's files included."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping

from connector.sandbox.demo_office.editors.base import Block, Editor, Written
from connector.sandbox.demo_office.editors.pieces import spread

_BOM = "\ufeff"
_LINE_END = re.compile("\r\n|\r|\n")
_LINES = re.compile("[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_NOT_IN_TEXT = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")


def _decoded(content: bytes) -> tuple[str, str]:
    """The text and its encoding: UTF-8, or what Windows programs write."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        encoding = "utf-16-le" if content.startswith(BOM_UTF16_LE) else "utf-16-be"
        return content.decode(encoding), encoding
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        if _NOT_IN_TEXT.search(content):
            raise
        return content.decode("cp1252"), "cp1252"


def _shown(text: str) -> str:
    """With plain line ends, and without the last one: that is the file's, not a line's."""
    return _LINE_END.sub("\n", text.removeprefix(_BOM)).removesuffix("\n")


def _read(content: bytes) -> list[Block]:
    return [Block("0", _shown(_decoded(content)[0]), "plain")]


def _write(content: bytes, texts: Mapping[str, str]) -> Written:
    before, encoding = _decoded(content)
    after = _LINE_END.sub("\n", texts.get("0", _shown(before)))
    if after == _shown(before):
        return Written(content)
    lines = _LINES.findall(before.removeprefix(_BOM)) or [""]
    plain = [_LINE_END.sub("\n", line) for line in lines]
    if plain[-1].endswith("\n"):
        after += "\n"
    found = _LINE_END.search(before)
    end = found[0] if found else "\n"
    text = _BOM if before.startswith(_BOM) else ""
    for line, was, now in zip(lines, plain, spread(plain, after), strict=True):
        text += line if was == now else now.replace("\n", end)
    try:
        return Written(text.encode(encoding))
    except UnicodeEncodeError:
        # More than the old encoding has; lone halves of characters are in none.
        return Written(text.encode("utf-8", "replace"))


EDITOR = Editor("text", _read, _write, lambda: b"")
