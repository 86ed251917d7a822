"""Plain text, the validator's files included."""

from __future__ import annotations

from collections.abc import Mapping

from connector.sandbox.demo_office.editors.base import Block, DamagedFile, Editor


def _read(content: bytes) -> list[Block]:
    try:
        return [Block("0", content.decode())]
    except UnicodeDecodeError as error:
        raise DamagedFile("not text in UTF-8") from error


def _write(content: bytes, texts: Mapping[str, str]) -> bytes:
    return texts["0"].encode() if "0" in texts else content


EDITOR = Editor(_read, _write, lambda: b"")
