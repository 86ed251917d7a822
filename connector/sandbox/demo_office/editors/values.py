"""What cells hold, as text, and back: pure."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Any

_WHOLE = re.compile(r"-?(0|[1-9]\d{0,14})")
_DECIMAL = re.compile(r"-?(0|[1-9]\d*)\.\d+")
_PERCENT = re.compile(r"(-?\d+(?:\.\d+)?)\s*%")


def shown(value: Any, number_format: str = "General") -> str:
    """A value as people read and type it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        if number_format.endswith("%"):
            return f"{value * 100:.12g}%"
        return str(value) if isinstance(value, int) else f"{value:.15g}"
    if isinstance(value, datetime):
        whole_day = value.time() == time()
        return value.date().isoformat() if whole_day else value.isoformat(" ", "auto")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def typed(text: str, before: Any, number_format: str = "General") -> Any:
    """What was typed, as the kind of value that was there before, if it is one.

    Otherwise a number or a text. Numbers are only what people write as such: not ``007``, which
    is a name, nor ``1e3``, ``nan`` or ``inf``.
    """
    if not text:
        return None
    bare = text.strip()
    if number_format == "@":
        return text
    if isinstance(before, bool) and bare.upper() in ("TRUE", "FALSE"):
        return bare.upper() == "TRUE"
    if isinstance(before, datetime | date | time):
        moment = _moment(bare, before)
        if moment is not None:
            return moment
    percent = _PERCENT.fullmatch(bare)
    if percent and number_format.endswith("%"):
        return round(float(percent[1]) / 100, 15)
    if _WHOLE.fullmatch(bare):
        return int(bare) / 100 if number_format.endswith("%") else int(bare)
    return float(bare) if _DECIMAL.fullmatch(bare) else text


def _moment(text: str, before: datetime | date | time) -> datetime | date | time | None:
    kind = type(before)
    try:
        return kind.fromisoformat(text)
    except ValueError:
        return None
