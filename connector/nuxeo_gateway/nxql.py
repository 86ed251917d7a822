"""Nuxeo's query language, as far as the connector speaks it. Text only, no call."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

_LONGEST_QUERY = 4000
"""Percent-encoded characters of names in one query: servers take 8 KiB of request line."""


def in_one_query(names: Iterable[str]) -> list[str]:
    """As many of ``names`` from their beginning as one query can ask about, at least one."""
    chosen: list[str] = []
    length = 0
    for name in names:
        length += len(quote(literal(name), safe="")) + 6
        if chosen and length > _LONGEST_QUERY:
            break
        chosen.append(name)
    return chosen


def select(*conditions: str, order: str) -> str:
    """The query for documents that fulfil all conditions."""
    return " ".join(("SELECT * FROM Document WHERE", " AND ".join(conditions), "ORDER BY", order))


def literal(text: str) -> str:
    """``text`` as NXQL writes it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + escaped.replace("\n", "\\n").replace("\r", "\\r") + "'"
